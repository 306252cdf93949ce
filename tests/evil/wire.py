"""What is sent over a bare connection to break the reading of HTTP itself, each with the statuses that answer it."""

from dataclasses import dataclass
from typing import Final

_PATH: Final = b"/v1/validations"
_GET: Final = b"GET /healthz HTTP/1.1\r\nHost: x\r\n"
_LAST: Final = b"Connection: close\r\n"


@dataclass(frozen=True)
class Wire:
    """Bytes for a connection. `{token}` in them becomes a token; `statuses` are those of all answers, in order."""

    name: str
    sent: bytes
    statuses: tuple[int, ...]
    cut: bool = False
    """Whether the sender says that nothing more will come."""


def post(headers: bytes, body: bytes = b"", path: bytes = _PATH) -> bytes:
    """A POST with these headers, and whatever comes behind them."""
    return (
        b"POST "
        + path
        + b" HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\nContent-Type: application/xml\r\n"
        + headers
        + b"\r\n"
        + body
    )


def get(target: bytes, headers: bytes = b"", method: bytes = b"GET") -> bytes:
    """A call of this target, the last on its connection."""
    return (
        method
        + b" "
        + target
        + b" HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n"
        + _LAST
        + headers
        + b"\r\n"
    )


_SMUGGLED: Final = get(b"/v1/mailbox")

LENGTHS: Final = (
    *(
        Wire(f"Content-Length {value!r}", post(b"Content-Length: " + value + b"\r\n", b"abcde"), (400,))
        for value in (b"-1", b"abc", b"+5", b"0x5", b"5, 6", b"5 5", b"9" * 30, b"", b"\xd9\xa5", b"5;5", b"5\x00")
    ),
    Wire("two lengths", post(b"Content-Length: 5\r\nContent-Length: 6\r\n", b"abcde"), (400,)),
    Wire("one length twice", post(b"Content-Length: 5\r\nContent-Length: 5\r\n" + _LAST, b"abcde"), (400,)),
    Wire(
        "a length beside chunks",
        post(b"Content-Length: 6\r\nTransfer-Encoding: chunked\r\n", b"0\r\n\r\n" + _SMUGGLED),
        (400,),
    ),
    Wire(
        "chunks beside a length",
        post(b"Transfer-Encoding: chunked\r\nContent-Length: 4\r\n", b"5c\r\n" + _SMUGGLED),
        (400,),
    ),
    Wire("a length too long", post(b"Content-Length: 1000\r\n", b"abcde"), (), cut=True),
    Wire("a length too short", post(b"Content-Length: 3\r\n", b"abcde\r\n\r\n"), (400, 400)),
    Wire("no length", post(_LAST, b""), (400,)),
    Wire("a length past the limit", post(b"Content-Length: 99999999\r\n" + _LAST), (413,)),
    Wire(
        "a length past the limit, expecting",
        post(b"Expect: 100-continue\r\nContent-Length: 99999999\r\n" + _LAST),
        (413,),
    ),
    Wire(
        "chunks past the limit",
        post(b"Transfer-Encoding: chunked\r\n" + _LAST, b"1900001\r\n" + b"x" * 0x1900001 + b"\r\n0\r\n\r\n"),
        (413,),
    ),
)
"""Lengths that are wrong, or told in two ways, so that a proxy and we could differ on where a call ends."""

CHUNKS: Final = (
    *(
        Wire(f"Transfer-Encoding {value!r}", post(b"Transfer-Encoding: " + value + b"\r\n", b"0\r\n\r\n"), (400,))
        for value in (b"xchunked", b"chunked, identity", b"identity", b"gzip, chunked", b"chunked\x0b", b"")
    ),
    *(
        Wire(
            f"a chunk of {value[:20]!r}",
            post(b"Transfer-Encoding: chunked\r\n" + _LAST, value + b"\r\nabcde\r\n0\r\n\r\n"),
            (400,),
        )
        for value in (b"zz", b"-1", b"F" * 30, b"5;" + b"x" * 70_000, b"0x5", b" 5", b"")
    ),
    Wire("two encodings", post(b"Transfer-Encoding: chunked\r\nTransfer-Encoding: x\r\n", b"0\r\n\r\n"), (400,)),
    Wire("an encoding behind a blank", post(b"Transfer-Encoding : chunked\r\n", b"0\r\n\r\n"), (400,)),
    Wire("a chunk without an end", post(b"Transfer-Encoding: chunked\r\n", b"5\r\nabcdefgh0\r\n\r\n"), (400,)),
    Wire("a chunk cut off", post(b"Transfer-Encoding: chunked\r\n", b"5\r\nabc"), (), cut=True),
    Wire(
        "a header behind the chunks",
        post(b"Transfer-Encoding: chunked\r\n" + _LAST, b"0\r\nAuthorization: Bearer x\r\n\r\n"),
        (400,),
    ),
)
"""Chunks that are none."""

HEADS: Final = (
    Wire("no HTTP", b"\x00\xff\x01 hallo\r\n\r\n", (400,)),
    Wire("TLS", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 200 + b"\r\n\r\n", (400,)),
    Wire("HTTP/2", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", (400,)),
    Wire("HTTP/0.9", b"GET /healthz\r\n\r\n", (400,)),
    Wire("HTTP/3.7", b"GET /healthz HTTP/3.7\r\nHost: x\r\n\r\n", (400,)),
    Wire("no host", b"GET /healthz HTTP/1.1\r\n\r\n", (400,)),
    Wire("two hosts", b"GET /healthz HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", (400,)),
    Wire("a null byte in a header", _GET + b"X: b\x00c\r\n\r\n", (400,)),
    Wire("a bare CR in a header", _GET + b"X: b\rc\r\n\r\n", (400,)),
    Wire("a blank in a name", _GET + b"X Y: b\r\n\r\n", (400,)),
    Wire("a folded header", _GET + _LAST + b"X: b\r\n c\r\n\r\n", (200,)),
    Wire("lines ended by LF", (_GET + _LAST + b"\r\n").replace(b"\r\n", b"\n"), (200,)),
    Wire("letters past ASCII in a header", _GET + _LAST + b"X: \xe9\r\n\r\n", (200,)),
    Wire("letters past ASCII in the line", b"GET /\xe9 HTTP/1.1\r\nHost: x\r\n\r\n", (400,)),
    Wire("a line of 100,000 bytes", get(b"/" + b"a" * 100_000), (400,)),
    Wire("a line of 20,000 bytes", get(b"/" + b"a" * 20_000), (404,)),
    Wire("a query of 20,000 bytes", get(b"/v1/berichten?tekst=" + b"a" * 20_000), (400,)),
    Wire("a header of 1 MB", _GET + b"X: " + b"a" * 1_000_000 + b"\r\n\r\n", (400,)),
    Wire("10,000 headers", _GET + b"".join(b"X%d: a\r\n" % n for n in range(10_000)) + b"\r\n", (400,)),
    Wire("2,000 headers", _GET + _LAST + b"".join(b"X%d: a\r\n" % n for n in range(2_000)) + b"\r\n", (200,)),
    Wire(
        "a token of 30,000 bytes",
        _GET.replace(b"/healthz", b"/v1/mailbox") + _LAST + b"Authorization: Bearer " + b"a" * 30_000 + b"\r\n\r\n",
        (401,),
    ),
    Wire("a method that there is not", get(b"/v1/mailbox", method=b"BREW"), (405,)),
    Wire("TRACE", get(b"/v1/mailbox", method=b"TRACE"), (405,)),
    Wire("CONNECT", get(b"example.org:80", method=b"CONNECT"), (404,)),
    Wire("OPTIONS of all", get(b"*", method=b"OPTIONS"), (404,)),
    Wire("another machine", get(b"http://example.org/v1/mailbox"), (404,)),
    Wire("an upgrade", get(b"/v1/mailbox", b"Upgrade: websocket\r\n").replace(b": close", b": Upgrade, close"), (200,)),
    Wire(
        "an upgrade to HTTP/2",
        get(b"/v1/mailbox", b"Upgrade: h2c\r\n").replace(b": close", b": Upgrade, close"),
        (200,),
    ),
    Wire("two calls at once", _GET + b"\r\n" + _GET + _LAST + b"\r\n", (200, 200)),
    Wire("a thousand calls at once", (_GET + b"\r\n") * 999 + _GET + _LAST + b"\r\n", (200,) * 1000),
)
"""Heads that are no HTTP, or more of it than anybody needs."""

_CLIMBS: Final = (
    b"/v1/berichten/../../../../etc/passwd",
    b"/v1/berichten/%2e%2e%2f%2e%2e%2f%2e%2e%2fetc%2fpasswd",
    b"/v1/berichten/..%5c..%5cetc%5cpasswd",
    b"/v1/berichten/%c0%ae%c0%ae/xml",
    b"/v1/berichten/%00",
    b"/v1/berichten/01970000-0000-7000-8000-000000000000%00/xml",
    b"/v1/berichten/01970000-0000-7000-8000-000000000000%0a",
    b"/v1/berichten/01970000-0000-7000-8000-000000000000;x",
    b"/v1/berichten/%EF%BC%90%EF%BC%91970000-0000-7000-8000-000000000000",
    b"/v1/berichten/01970000-0000-7000-8000-00000000000A/retour",
    b"/v1/berichten/%zz%",
    b"/v1/berichten/%ff%fe",
    b"/v1/berichten//xml",
    b"//etc/passwd",
    b"/v1/problems/..%2f..%2fREADME.md",
    b"/v1/problems/__class__",
    b"/v1/berichten/%27%20OR%20%271%27=%271",
)
CLIMBS: Final = tuple(Wire(f"GET {path.decode()}", get(path), (404,)) for path in _CLIMBS)
"""Paths that try to lead out of what there is."""
