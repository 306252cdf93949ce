"""Reading: what is a message, and why anything else is none."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iwmo_gateway.standard.kinds import RELEASES, SOORTEN, Domain, Role, answer_to, soort_of
from iwmo_gateway.standard.reading import to_date, to_time
from iwmo_gateway.standard.xml import Document, Unreadable, XmlProblem, read, serialise
from tests.cases import FIXTURES

GOOD = (FIXTURES / "vooraf" / "start-3.2.xml").read_text(encoding="utf-8")
DECLARED = '<?xml version="1.0" encoding="UTF-8"?>'


def problem(body: bytes) -> XmlProblem | None:
    read_as = read(body)
    return read_as.problem if isinstance(read_as, Unreadable) else None


def with_attributes(count: int) -> bytes:
    attributes = " ".join(f'x{number}="y"' for number in range(count))
    return f"<Bericht><a {attributes}/></Bericht>".encode()


@pytest.mark.parametrize(
    "body",
    [
        GOOD.encode(),
        b"\xef\xbb\xbf" + GOOD.encode(),
        GOOD.replace("UTF-8", "UTF-16").encode("utf-16"),
        GOOD.replace("UTF-8", "UTF-16").encode("utf-16-be"),
        GOOD.replace("UTF-8", "ISO-8859-1").encode("iso-8859-1"),
        GOOD.replace(DECLARED, "").lstrip().encode(),
        GOOD.replace("wmo305:", "anders:").replace("xmlns:wmo305", "xmlns:anders").encode(),
        GOOD.replace("<wmo305:", "<").replace("</wmo305:", "</").replace("xmlns:wmo305", "xmlns").encode(),
    ],
)
def test_a_message_is_known_by_its_namespace_whatever_its_encoding_and_prefix(body: bytes) -> None:
    document = read(body)
    assert isinstance(document, Document)
    assert str(document.soort) == "WMO305 3.2"
    assert document.kop.identificatie is not None


def test_the_code_in_the_header_does_not_say_what_a_message_is() -> None:
    document = read(GOOD.replace(">418<", ">414<").encode())
    assert isinstance(document, Document)
    assert document.soort.code == "WMO305"


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"", XmlProblem.EMPTY),
        (b" \r\n\t", XmlProblem.EMPTY),
        (b"\xef\xbb\xbf", XmlProblem.EMPTY),
        (b"hallo", XmlProblem.NOT_XML),
        (b'{"json": true}', XmlProblem.NOT_XML),
        (GOOD.encode()[:-40], XmlProblem.NOT_XML),
        (GOOD.encode() + b"<meer/>", XmlProblem.NOT_XML),
        (GOOD.replace("</wmo305:Client>", "").encode(), XmlProblem.NOT_XML),
        (b"PK\x03\x04zip", XmlProblem.NOT_XML),
        (GOOD.encode().replace(b"</wmo305:Geslacht>", b"\xe9</wmo305:Geslacht>"), XmlProblem.ENCODING),
        (b'<?xml version="1.0" encoding="windows-1252"?><a/>', XmlProblem.ENCODING),
        (b'<?xml version="1.0" encoding="bestaat-niet"?><a/>', XmlProblem.ENCODING),
        (b"<!DOCTYPE a><a/>", XmlProblem.DTD),
        (b'<!DOCTYPE a SYSTEM "file:///etc/hostname"><a/>', XmlProblem.DTD),
        (b'<!DOCTYPE a [<!ENTITY e SYSTEM "file:///etc/hostname">]><a>&e;</a>', XmlProblem.DTD),
        (b"<a>&onbekend;</a>", XmlProblem.DTD),
        (b"<a>" * 65 + b"</a>" * 65, XmlProblem.TOO_DEEP),
        (b"<a>" * 100_000, XmlProblem.TOO_DEEP),
        (with_attributes(65), XmlProblem.TOO_MANY_ATTRIBUTES),
        (with_attributes(64), XmlProblem.UNKNOWN_KIND),
        (b"<Bericht/>", XmlProblem.UNKNOWN_KIND),
        (GOOD.replace("3_2/wmo305", "3_9/wmo305").encode(), XmlProblem.UNKNOWN_KIND),
        (GOOD.replace("wmo305:Bericht", "wmo305:Envelop").encode(), XmlProblem.UNKNOWN_KIND),
    ],
)
def test_anything_else_is_refused_by_its_own_problem(body: bytes, expected: XmlProblem) -> None:
    assert problem(body) is expected


def test_too_large_is_refused_before_it_is_parsed() -> None:
    assert isinstance(too_large := read(b"<" * 11, max_bytes=10), Unreadable)
    assert too_large.problem is XmlProblem.TOO_LARGE
    assert too_large.verwacht == "ten hoogste 10 bytes"


def test_expanding_entities_costs_nothing() -> None:
    levels = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 12))
    assert problem(f'<!DOCTYPE a [<!ENTITY e0 "x">{levels}]><a>&e11;</a>'.encode()) is XmlProblem.DTD


@given(st.binary(max_size=400))
def test_no_bytes_make_reading_raise(body: bytes) -> None:
    read(body)


@given(st.integers(0, len(GOOD) - 1), st.binary(min_size=1, max_size=8))
def test_no_damage_makes_reading_raise(place: int, noise: bytes) -> None:
    body = GOOD.encode()
    read(body[:place] + noise + body[place + len(noise) :])


def test_the_refusal_of_an_unknown_kind_does_not_repeat_long_names() -> None:
    refused = read(f'<a xmlns="{"x" * 5000}"/>'.encode())
    assert isinstance(refused, Unreadable)
    assert len(refused.tekst) < 400


def test_what_goes_out_is_utf_8_with_lines_ended_by_cr_lf() -> None:
    document = read(GOOD.encode())
    assert isinstance(document, Document)
    out = serialise(document.root)
    assert out.startswith(b"<?xml")
    assert out.count(b"\n") == out.count(b"\r\n") > 30
    assert isinstance(again := read(out), Document)
    assert again.kop == document.kop


def test_the_catalogue() -> None:
    counted = Counter(soort.release for soort in SOORTEN.values())
    assert (counted["2.3"], counted["3.2"]) == (20, 28)
    for soort in SOORTEN.values():
        assert soort_of(soort.namespace) is soort
        if soort.answer:
            answer = answer_to(soort)
            assert (answer.domain, answer.release) == (soort.domain, soort.release)
            assert {answer.sender, soort.sender} == set(Role)
            assert len(answer.bericht_codes) == len(soort.bericht_codes)
    assert soort_of("http://www.istandaarden.nl/iwmo/3_2/basisschema/schema") is None
    assert {(s.domain, s.release) for s in SOORTEN.values()} == {(d, r) for d in Domain for r in RELEASES}
    assert SOORTEN["WMO301", "3.2"].sender is Role.GEMEENTE


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2023-05-31", "2023-05-31"),
        (" 2023-05-31\n", "2023-05-31"),
        ("12023-01-01", "9999-12-31"),
        ("-0044-03-15", "0001-01-01"),
    ],
)
def test_every_date_that_the_schema_allows_has_a_day(text: str, expected: str) -> None:
    assert to_date(text).isoformat() == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("12:34:56", "12:34:56"),
        ("24:00:00", "00:00:00"),
        ("12:34:56.123456789", "12:34:56.123456"),
        ("12:34:56.5", "12:34:56.500000"),
    ],
)
def test_every_time_that_the_schema_allows_has_a_moment(text: str, expected: str) -> None:
    assert to_time(text).isoformat() == expected


@pytest.mark.parametrize(
    ("body", "line"),
    [(b"<a>\n<b>\n<c/>\n</a>", 2), (b"<a>\n<b>\n</c></b>\n</a>", 2), (b"<Bsn999990019>\n</a>", 1)],
)
def test_an_element_that_is_not_closed_is_told_by_its_line_and_not_by_its_name(body: bytes, line: int) -> None:
    found = read(body)
    assert isinstance(found, Unreadable)
    assert f"op regel {line} begint" in found.tekst
    assert "999990019" not in found.tekst
    assert "afgebroken" not in found.tekst
