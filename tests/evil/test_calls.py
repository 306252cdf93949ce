"""Nasty values wherever a call takes one: each is an answer that was foreseen, and nothing is changed by it."""

import re
from typing import Any, Final

import pytest
from httpx2 import Response

from tests.conftest import Callers
from tests.evil.conftest import HEADERS, SECRET_TEXT
from tests.integration.test_http_builders import AANBIEDER, GEMEENTE, allocation, lone_start, standing, start
from tests.integration.test_http_guards import operations
from tests.integration.test_http_refusals import is_problem

NASTY: Final = (
    "", " ", "'", "' OR '1'='1", "1; DROP TABLE messages; --", '"; DELETE FROM tokens; --', "'||pg_sleep(9)||'",
    "') UNION SELECT digest FROM tokens --", "%", "_", "\\", "%' ESCAPE '", "{{7*7}}",
    "${jndi:ldap://127.0.0.1/x}", "$(id)",
    "../../etc/passwd", "<script>alert(1)</script>", "\x00", "a\x00b", "\r\nX-Evil: 1", "\ud800", "\u202e\u0301😀",
    "١٢٣", "９９", "²", "-1", "1e400", "NaN",
    "0x10", "1_000", "9" * 30, "9" * 5000, "2147483648", "9223372036854775807",
    "18446744073709551616",
    "true", "null", "[]",
    "2023-02-30", "0000-01-01", "9999-12-31", "9999-12-31T23:59:59+00:00", "0001-01-01T00:00:00+14:00",
    "2023-01-01T00:00:00", "2023-W01-1", "20230101", "1-1-1-1", "0-0", "999999999999999999-999999999999999999",
    "1-2147483648", "0001-01-01_0", "2023-01-01_9223372036854775807", "999912008", "Proefstra", "x" * 3000,
)  # fmt: skip
NUMBERS: Final = tuple(value for value in NASTY if re.search(r"\d", value) or len(value) < 2 or value == "true")
"""Those that may pass for a number or a day; where no text is taken, the others are all refused by the same line."""
CHANGING: Final = {"post", "put", "patch", "delete"}


def quoted(value: str) -> str:
    """A value as it stands in a URL, even what is no text at all."""
    return "".join(f"%{byte:02X}" for byte in value.encode("utf-8", "surrogatepass"))


def is_text(schema: dict[str, Any]) -> bool:
    """Whether a parameter takes any text."""
    kinds = schema.get("anyOf", [schema])
    return any(kind.get("type") == "string" and not {"format", "enum"} & kind.keys() for kind in kinds)


def foreseen(answer: Response) -> None:
    """No fault of ours, a problem where it is a refusal, and without anything that was sent."""
    assert answer.status_code < 500, answer.text
    assert HEADERS.items() <= dict(answer.headers).items()
    assert "x-evil" not in answer.headers
    if answer.status_code >= 400:
        is_problem(answer, answer.status_code, answer.json()["code"])
        assert not SECRET_TEXT.search(answer.text)


@pytest.fixture
def filled(call: Callers) -> Callers:
    """Callers of a gateway that holds something."""
    call.send(GEMEENTE, allocation())
    call.send(AANBIEDER, start())
    call.send(AANBIEDER, lone_start("ALLEEN"))
    return call


def test_no_value_of_a_parameter_is_more_than_a_value(filled: Callers) -> None:
    before = standing(filled)
    known = before.berichten[0][0]
    document: dict[str, Any] = filled.client.get("/v1/openapi.json").json()
    tried = 0
    for path, method, operation in operations(document):
        if method in CHANGING:
            continue
        who = AANBIEDER if path.startswith("/v1/mailbox") else "operator"
        needed = "&".join(f"{name}={value}" for name, value in _NEEDED.get(path, {}).items())
        for parameter in operation.get("parameters", ()):
            if parameter["in"] not in {"query", "path"} or parameter["name"] == "wait":
                continue
            for value in NASTY if is_text(parameter["schema"]) else NUMBERS:
                tried += 1
                if parameter["in"] == "query":
                    target = f"{path.format(message_id=known, nr=1)}?{parameter['name']}={quoted(value)}&{needed}"
                else:
                    target = path.replace(f"{{{parameter['name']}}}", quoted(value)).replace("{versie}", "1")
                foreseen(filled.get(who, target))
    assert tried > 2000
    assert standing(filled) == before


_NEEDED: Final = {
    "/v1/reports/rente": {"bedrag": "1", "vanaf": "2023-01-01", "tot": "2023-02-01"},
    "/v1/reports/productieverantwoording": {"jaar": "2023", "gemeente": "0340"},
}


@pytest.mark.parametrize("text", ["' OR '1'='1", "%%%", "___", "x' OR 1=1 --"])
def test_what_is_searched_for_is_text(filled: Callers, text: str) -> None:
    assert filled.get("operator", f"/v1/berichten?tekst={quoted(text)}").json()["berichten"] == []


def test_a_parameter_that_there_is_not_is_told_shortly_and_without_what_it_could_be(call: Callers) -> None:
    answer = call.get("operator", f"/v1/berichten?a999912008={'x' * 500}&{'y' * 5000}=1")
    foreseen(answer)
    assert answer.status_code == 400
    assert max(len(fault["veld"]) for fault in answer.json()["errors"]) <= 80
    many = "&".join(f"p{number}=1" for number in range(500))
    assert len(call.get("operator", f"/v1/berichten?{many}").json()["errors"]) == 100


@pytest.mark.parametrize(
    ("mediatype", "status"),
    [
        ("application/xml; charset=utf-7", 201),
        ('application/xml; charset="', 201),
        ("APPLICATION/XML", 201),
        ("text/xml;;;;", 201),
        ("application/xml, text/html", 415),
        ("application/soap+xml", 415),
        ("application/x-www-form-urlencoded", 415),
        ("multipart/form-data; boundary=x", 415),
        ("application/json", 415),
        ("", 415),
        ("x" * 5000, 415),
    ],
)
def test_the_media_type_is_taken_at_its_word(call: Callers, mediatype: str, status: int) -> None:
    answer = call.send(AANBIEDER, lone_start(), **{"Content-Type": mediatype})
    foreseen(answer)
    assert answer.status_code == status
    assert len(answer.content) < 2000


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br", "GZIP, gzip", "x" * 500])
def test_nothing_compressed_is_unpacked(call: Callers, coding: str) -> None:
    answer = call.send(AANBIEDER, lone_start(), **{"Content-Encoding": coding})
    is_problem(answer, 415, "mediatype")
    assert call.send(AANBIEDER, lone_start(), **{"Content-Encoding": "identity"}).status_code == 201


def test_a_token_counts_in_its_header_alone(call: Callers) -> None:
    token = call.headers(AANBIEDER)["Authorization"].removeprefix("Bearer ")
    places = (
        (f"/v1/mailbox?token={token}", {}),
        (f"/v1/mailbox?access_token={token}&authorization=Bearer%20{token}", {}),
        (f"/v1/mailbox/{token}", {}),
        ("/v1/mailbox", {"Cookie": f"token={token}; Authorization=Bearer {token}"}),
        ("/v1/mailbox", {"Authorization": f"Basic {token}"}),
        ("/v1/mailbox", {"Authorization": token}),
        ("/v1/mailbox", {"Authorization": f"Bearer {token} "[:-2]}),
        ("/v1/mailbox", {"Authorization": f"Bearer {token}, Bearer x"}),
        ("/v1/mailbox", {"Authorization": "Bearer ' OR '1'='1"}),
        ("/v1/mailbox", {"Authorization": "Bearer \xff\xfe"}),
        ("/v1/mailbox", {"Authorization": "Bearer"}),
        ("/v1/mailbox", {"X-Forwarded-User": AANBIEDER, "X-Original-Authorization": f"Bearer {token}"}),
    )
    for path, headers in places:
        raw = {name.encode(): value.encode("latin-1") for name, value in headers.items()}
        is_problem(call.client.get(path, headers=raw), 401, "token")


@pytest.mark.parametrize("name", ["X-Received-At", "Prefer", "Accept", "Content-Length", "Range", "If-Match", "Host"])
def test_no_header_is_more_than_a_header(filled: Callers, name: str) -> None:
    before = standing(filled)
    for value in NASTY:
        if "\r" in value or "\x00" in value:
            continue
        raw = {name.encode(): value.encode("utf-8", "surrogatepass")}
        headers = {key.encode(): told.encode() for key, told in filled.headers(AANBIEDER).items()}
        foreseen(filled.client.get("/v1/berichten?limit=1", headers={**headers, **raw}))
        content = {b"Content-Type": b"application/xml", **headers, **raw}
        foreseen(filled.client.post("/v1/validations", content=lone_start(), headers=content))
    assert standing(filled) == before


def test_a_scheme_that_a_proxy_tells_of_is_kept_to(call: Callers) -> None:
    """Only over TLS is a browser told to stay there."""
    assert "strict-transport-security" not in call.client.get("/healthz").headers
    over_tls = call.client.get("https://testserver/healthz")
    assert over_tls.headers["strict-transport-security"] == "max-age=31536000"
