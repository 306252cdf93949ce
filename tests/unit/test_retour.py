"""The return message: filled as the standard says, valid for every verdict in both releases."""

from collections.abc import Sequence
from datetime import date
from pathlib import Path

import pytest
from lxml import etree

from iwmo_gateway.retour.answers import retourbericht
from iwmo_gateway.retour.building import AnswerShape
from iwmo_gateway.rules.engine import Actie, Finding
from iwmo_gateway.rules.verdict import Verdict
from iwmo_gateway.shipped import shipped
from iwmo_gateway.standard.kinds import answer_to
from iwmo_gateway.standard.schemas import Schemas
from iwmo_gateway.standard.xml import Document, local_name, read, serialise
from tests.cases import FIXTURES, Case, cases

SCHEMAS = Schemas(shipped("xsd"))
WHOLE = sorted(
    path
    for folder, names in (("heel", "goed-*.xml"), ("vooraf", "*.xml"))
    for path in (FIXTURES / folder).glob(names)
    if "303" not in path.name and "323" not in path.name and not path.name.startswith("declaratie-")
)


def document_of(body: bytes) -> Document:
    document = read(body)
    assert isinstance(document, Document)
    return document


def finding(pad: str, retourcode: str | None, niveau: int = 3) -> Finding:
    action = Actie.REJECT if retourcode else Actie.SIGNAL
    klasse = pad.rpartition("/")[2].partition("[")[0]
    return Finding("TR019", niveau, retourcode, klasse, pad, 1, "Tekst.", None, None, action)


def answered(document: Document, *found: Finding) -> etree._Element:
    """The return message, after it was found valid."""
    soort = answer_to(document.soort)
    versions = SCHEMAS.versions(soort)
    shape = AnswerShape(
        classes=frozenset(path for path, facts in SCHEMAS.classes(soort).items() if facts.retour_codes),
        xsd_versie=(versions.basisschema, versions.bericht) if versions else None,
    )
    root = retourbericht(document, Verdict(found), shape, identificatie="RET123456789", dagtekening=date(2023, 3, 1))
    check = SCHEMAS.check_xml(soort, root)
    assert check.ok, check.faults
    return root


def codes_of(root: etree._Element) -> list[tuple[str, Sequence[str | None]]]:
    """Every class with return codes: its name, and its codes."""
    return [
        (local_name(parent), [code.text for code in holder])
        for parent in root.iter("{*}*")
        for holder in parent.iterfind("{*}RetourCodes")
    ]


def deepest_class(document: Document) -> str:
    """A class with return codes that no other such class lies above but the client (or the Antwoord itself)."""
    holder = {
        "301": "ToegewezenProducten", "305": "StartProducten", "307": "StopProducten", "315": "AangevraagdeProducten",
    }.get(document.soort.code[-3:])  # fmt: skip
    if document.soort.code.endswith("317"):
        return "/Bericht/Client/Verzoek"
    if holder is None:
        return "/Bericht/Antwoord"
    first = next(document.root.iter(f"{{*}}{holder}"))[0]
    above = [local_name(one) for one in first.iterancestors()][::-1]
    return f"/{'/'.join(above)}/{local_name(first)}[1]"


def texts_of(element: etree._Element, *leave_out: str) -> list[tuple[str, str | None]]:
    return [
        (local_name(leaf), leaf.text)
        for leaf in element.iter("{*}*")
        if len(leaf) == 0 and local_name(leaf) not in leave_out
    ]


@pytest.mark.parametrize("path", WHOLE, ids=lambda path: path.stem)
def test_all_right_is_a_header_alone_without_return_codes(path: Path) -> None:
    document = document_of(path.read_bytes())
    root = answered(document)
    assert [local_name(child) for child in root] == ["Header"]
    assert codes_of(root) == []
    header, original = root[0], document.root[0]
    ours = ("BerichtCode", "IdentificatieRetour", "DagtekeningRetour", "XsdVersieRetour")
    copied = [child for child in header if local_name(child) not in ours]
    assert [texts_of(child) for child in copied] == [texts_of(child) for child in original[1:]]
    assert header.findtext("{*}BerichtCode") == answer_to(document.soort).bericht_codes[0]
    assert header.findtext("{*}IdentificatieRetour") == "RET123456789"
    assert header.findtext("{*}DagtekeningRetour") == "2023-03-01"
    versions = SCHEMAS.versions(answer_to(document.soort))
    assert [leaf.text for leaf in header.iterfind("{*}XsdVersieRetour/{*}*")] == (
        [versions.basisschema, versions.bericht] if versions else []
    )


@pytest.mark.parametrize("path", WHOLE, ids=lambda path: path.stem)
def test_a_level_2_fault_says_0001_and_no_more(path: Path) -> None:
    document = document_of(path.read_bytes())
    root = answered(
        document, finding("/Bericht/Client", "0001", niveau=2), finding("/Bericht/Client", "0001", niveau=2)
    )
    assert codes_of(root) == [("Header", ["0001"])]
    assert [local_name(child) for child in root] == ["Header"]


@pytest.mark.parametrize("path", WHOLE, ids=lambda path: path.stem)
def test_a_fault_in_the_header_stands_in_the_header_alone(path: Path) -> None:
    document = document_of(path.read_bytes())
    root = answered(document, finding("/Bericht/Header", "9056"), finding("/Bericht/Header", "8848", 4))
    assert codes_of(root) == [("Header", ["9056", "8848"])]
    assert [local_name(child) for child in root] == ["Header"]


@pytest.mark.parametrize("path", WHOLE, ids=lambda path: path.stem)
def test_a_fault_in_a_product_copies_the_client_with_a_code_for_every_class(path: Path) -> None:
    document = document_of(path.read_bytes())
    pad = deepest_class(document)
    kind = pad.rpartition("/")[2].partition("[")[0]
    root = answered(document, finding(pad, "9019"), finding(pad, "9019"), finding(pad, "S329", 4))
    codes = codes_of(root)
    assert codes[0] == ("Header", ["0200"])
    assert next(found for name, found in codes if name == kind) == ["9019", "S329"]
    assert {code for name, found in codes for code in found} <= {"0200", "0233", "9019", "S329"}
    assert texts_of(root[1], "RetourCode") == texts_of(document.root[1])


def test_below_a_class_at_fault_nothing_is_judged() -> None:
    document = document_of((FIXTURES / "vooraf" / "toewijzing-3.2.xml").read_bytes())
    root = answered(document, finding("/Bericht/Client", "8187"))
    codes = dict(codes_of(root))
    assert codes["Header"] == ["0200"]
    assert codes["Client"] == ["8187"]
    assert codes["ToegewezenProduct"] == codes["Contact"] == ["0233"]


def test_a_signal_is_not_told_in_the_return_message() -> None:
    document = document_of((FIXTURES / "vooraf" / "toewijzing-2.3.xml").read_bytes())
    pad = "/Bericht/Client/Beschikking/ToegewezenProducten/ToegewezenProduct[1]"
    assert codes_of(answered(document, finding(pad, None))) == []


def test_the_return_message_keeps_every_character() -> None:
    body = (FIXTURES / "vooraf" / "toewijzing-3.2.xml").read_text(encoding="utf-8")
    name = "D&#233;j&#224; &lt;vu&gt; &amp; &#x1F600;"
    before, _, after = body.partition("<iwmo:Achternaam>")
    document = document_of(f"{before}<iwmo:Achternaam>{name}{after[after.index('</iwmo:Achternaam>') :]}".encode())
    pad = "/Bericht/Client/ToegewezenProducten/ToegewezenProduct[1]"
    again = document_of(serialise(answered(document, finding(pad, "9332"))))
    assert texts_of(again.root[1], "RetourCode") == texts_of(document.root[1])
    assert SCHEMAS.check(again).ok


BAD = [
    case
    for case in cases()
    if case.status == "rejected" and case.bedragen is None and not document_of(case.body).soort.is_answer
]


@pytest.mark.parametrize("case", BAD, ids=lambda case: case.name)
def test_the_answer_to_every_bad_fixture_is_valid(case: Case) -> None:
    document = document_of(case.body)
    found = [finding(pad, code, niveau) for _, niveau, code, _, pad, _ in case.findings]
    answered(document, *found)
