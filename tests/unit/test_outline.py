"""A message as it is read: every element once, in parts, under the paths and lines that findings have."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from itertools import pairwise

import pytest
from lxml import etree

from iwmo_gateway.gateway.context import Gateway, open_gateway
from iwmo_gateway.rules.engine import Actie, Finding
from iwmo_gateway.settings import Settings
from iwmo_gateway.standard import outline
from iwmo_gateway.standard.outline import Element, part_at, part_of, parts_of
from iwmo_gateway.standard.schemas import Schemas
from iwmo_gateway.standard.xml import Document, read
from iwmo_gateway.web.console.reading import Interpreter, lines_of, numbered
from tests.cases import Case, cases
from tests.claims import Line, claim
from tests.conftest import SECRET
from tests.integration.test_http_builders import BSN, PERSONAL, start


def document_of(body: bytes) -> Document:
    found = read(body)
    assert isinstance(found, Document)
    return found


def elements(document: Document, schemas: Schemas) -> Iterator[Element]:
    """All elements, part by part."""
    facts = schemas.classes(document.soort)
    for nr in range(1, parts_of(document) + 1):
        yield from (one for one in part_of(document, facts, nr).bericht.walk() if one.begins)


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Parts of a few elements."""
    monkeypatch.setattr(outline, "PART", 7)


@pytest.fixture
def gateway(schemas: Schemas) -> Iterator[Gateway]:
    """A gateway of which nothing but schemas and code lists is used."""
    opened = open_gateway(Settings(_env_file=None, database_url="sqlite://", secret_key=SECRET))
    yield replace(opened, schemas=schemas)
    opened.close()


@pytest.mark.parametrize("case", list(cases()), ids=lambda case: case.name)
def test_every_finding_of_the_fixtures_has_its_place(case: Case, schemas: Schemas) -> None:
    document = document_of(case.body)
    pads = {element.pad for element in elements(document, schemas)}
    assert {finding[4] for finding in case.findings} <= pads


@pytest.mark.usefixtures("small")
def test_parts_have_every_element_once_in_its_order(schemas: Schemas) -> None:
    document = document_of(claim(*(Line(referentie=f"R{nr}", bsn=BSN) for nr in range(40))))
    found = list(elements(document, schemas))
    assert parts_of(document) > 40
    assert [one.nr for one in found] == list(range(len(list(document.root.iter()))))
    assert [one.regelnummer for one in found] == [element.sourceline for element in document.root.iter()]


@pytest.mark.usefixtures("small")
def test_what_stands_at_a_place_is_in_the_part_that_it_leads_to(schemas: Schemas) -> None:
    document = document_of(claim(*(Line(referentie=f"R{nr}") for nr in range(40))))
    facts = schemas.classes(document.soort)
    for element in list(elements(document, schemas)):
        by_path = part_of(document, facts, part_at(document, facts, element.pad, 0))
        assert element.nr in {one.nr for one in by_path.bericht.walk() if one.begins}
    assert part_at(document, facts, "/Bericht/Nergens[3]", 10**6) == parts_of(document)


def test_what_no_schema_knows_is_hidden_like_what_is_personal(gateway: Gateway) -> None:
    body = start().replace(b"</wmo305:Client>", b'<BSN soort="999912008">999912008</BSN></wmo305:Client>')
    document = document_of(body)
    reader = Interpreter(gateway, document, lines_of(body), date(2023, 3, 1))
    told = [row.text + str(row.attributes) for row in reader.reading(reader.part(1), ()).rows]
    assert not [value for value in PERSONAL if any(value in text for text in told)]
    opened = Interpreter(gateway, document, lines_of(body), date(2023, 3, 1), opened=True)
    assert any(BSN in row.text for row in opened.reading(opened.part(1), ()).rows)


def test_every_line_of_a_message_that_is_written_out_has_its_number(gateway: Gateway) -> None:
    body = etree.tostring(etree.fromstring(start()), pretty_print=True)
    reader = Interpreter(gateway, document_of(body), lines_of(body), date(2023, 3, 1))
    rows = reader.reading(reader.part(1), ()).rows
    lines = [row.line for row in rows]
    assert all(line is not None for line in lines)
    assert all(after == before + 1 for before, after in pairwise(filter(None, lines)))
    assert lines[-1] == lines_of(body)


def test_a_message_on_one_line_is_read_too(gateway: Gateway) -> None:
    root = etree.fromstring(start(), etree.XMLParser(remove_blank_text=True))
    body = etree.tostring(root)
    reader = Interpreter(gateway, document_of(body), lines_of(body), date(2023, 3, 1))
    rows = reader.reading(reader.part(1), ()).rows
    assert {row.line for row in rows} == {1, None}


def test_what_was_found_at_no_place_is_told_beside(gateway: Gateway) -> None:
    finding = Finding("TR019", 3, "9019", "X", "/Bericht/X", 1, "x", None, None, Actie.REJECT)
    body = start()
    reader = Interpreter(gateway, document_of(body), lines_of(body), date(2023, 3, 1))
    reading = reader.reading(reader.part(1), numbered([finding], "3.2"))
    assert [one.nr for one in reading.loose] == [1]
    assert list(reading.told) == []
