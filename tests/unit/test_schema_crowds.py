"""Level 1 of many faults and large messages: every fault told, the work bounded, the tree left as it was."""

import re

import pytest
from lxml import etree

from iwmo_gateway.standard.refusals import MAX_FAULTS
from iwmo_gateway.standard.schemas import SchemaCheck
from iwmo_gateway.standard.xml import Document
from tests.unit.test_schemas import (
    BASIS_3_2,
    CLIENT,
    PRESTATIE,
    PRODUCT_2,
    SCHEMAS,
    START,
    WMO323,
    XSI,
    check,
    claim,
    document,
    lines,
)


def test_a_hundred_faults_and_that_there_are_more() -> None:
    exactly, over = check(claim(lines(MAX_FAULTS, "x"))), check(claim(lines(MAX_FAULTS + 1, "x")))
    assert (len(exactly.faults), exactly.more) == (MAX_FAULTS, False)
    assert (len(over.faults), over.more) == (MAX_FAULTS, True)


@pytest.mark.parametrize(
    ("wrong", "expected"),
    [
        ([], []),
        ([1999], [("Client[1]", "Prestatie[2000]")]),
        ([0, 199, 200, 777], [("Client[1]", f"Prestatie[{n}]") for n in (1, 200, 201, 778)]),
    ],
)
def test_crowds_are_judged_in_batches_like_in_one_go(wrong: list[int], expected: list[tuple[str, str]]) -> None:
    crowd = "".join(PRESTATIE.format(number=n, volume="x" if n in wrong else "1") for n in range(2000))
    found, doc = _unchanged(claim(crowd, lines(1)))
    assert [tuple(fault.pad.split("/")[4:7:2]) for fault in found.faults] == expected
    assert [fault.regelnummer for fault in found.faults] == [
        element.sourceline for element in doc.root.iter("{*}GeleverdVolume") if element.text == "x"
    ]


def test_what_follows_a_structural_fault_is_told_too() -> None:
    text = START.replace("    <w:Geslacht>2</w:Geslacht>\n", "").replace(
        "<w:Begindatum>2023-05-02<", "<w:Begindatum>2023-02-30<"
    )
    found, _ = _unchanged(re.sub(r"    <w:Naam>.*</w:Naam>\n", "", text, flags=re.DOTALL))
    assert [(fault.pad, fault.tekst) for fault in found.faults] == [
        (CLIENT, "In Client ontbreekt element Geslacht."),
        (CLIENT, "In Client ontbreekt element Naam."),
        (f"{PRODUCT_2}/Begindatum", "De datum in Begindatum (in StartProduct) bestaat niet."),
    ]


def test_an_element_in_the_wrong_place_is_told_once_and_what_follows_it_too() -> None:
    geslacht = "    <w:Geslacht>2</w:Geslacht>\n"
    text = START.replace(geslacht, "").replace("    </w:Naam>\n", f"    </w:Naam>\n{geslacht}")
    found, _ = _unchanged(text.replace("<w:ToewijzingNummer>12<", "<w:ToewijzingNummer>x<"))
    assert [(fault.pad, fault.tekst) for fault in found.faults] == [
        (f"{CLIENT}/Naam", "Element Naam (in Client) staat niet op de juiste plaats."),
        (f"{PRODUCT_2}/ToewijzingNummer", "De waarde van ToewijzingNummer (in StartProduct) is geen geheel getal."),
    ]


@pytest.mark.parametrize("name", ["Bsn", "Geslacht", "Naam", "StartProducten"])
def test_a_missing_element_hides_no_other(name: str) -> None:
    text = re.sub(rf"    <w:{name}>.*</w:{name}>\n", "", START, flags=re.DOTALL).replace(
        "<w:Afzender>1", "<w:Afzender>x"
    )
    found, _ = _unchanged(text)
    assert [fault.pad for fault in found.faults] == ["/Bericht/Header/Afzender", CLIENT]
    assert found.faults[1].verwacht == f"element {name}"


def test_crowds_in_crowds_next_to_crowds() -> None:
    good, crowd = lines(1), lines(450) + lines(1, "x")
    found, _ = _unchanged(claim(*[good] * 210, crowd, *[good] * 250, crowd, "<w:Foo/>"))
    assert [fault.pad.removeprefix("/Bericht/Declaratie/Clienten/") for fault in found.faults] == [
        "Client[211]/Prestaties/Prestatie[451]/GeleverdVolume",
        "Client[462]/Prestaties/Prestatie[451]/GeleverdVolume",
        "Client[463]/Prestaties/Foo",
    ]


def test_a_crowd_of_faults_stops_early_and_leaves_the_tree_whole() -> None:
    found, _ = _unchanged(claim(lines(3000, "x")))
    assert (len(found.faults), found.more) == (MAX_FAULTS, True)


def test_a_crowd_with_prefixes_and_types_of_its_own_is_valid() -> None:
    namespaces = f'xmlns:z="{WMO323.namespace}" xmlns:y="{BASIS_3_2}" xmlns:x="{XSI}"'
    own = f'<z:Prestatie {namespaces}><z:ProductReferentie x:type="y:CDT_Referentie">'
    crowd = lines(500).replace("<w:Prestatie>", own).replace("</w:Prestatie>", "</z:Prestatie>")
    crowd = crowd.replace("<w:ProductReferentie>", "").replace("</w:ProductReferentie>", "</z:ProductReferentie>")
    assert _unchanged(claim(crowd))[0].ok


@pytest.mark.parametrize(
    "clients",
    [[lines(1)] * 450, [lines(450)], [lines(1), lines(450), lines(1), lines(450)], [lines(450), *[lines(1)] * 450]],
)
def test_right_crowds_stay_where_they_are(clients: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("iwmo_gateway.standard.refusals._judge_in_batches", _never)
    assert _unchanged(claim(*clients))[0].ok


@pytest.mark.parametrize(
    ("right", "wrong", "pad"),
    [
        ("</w:Prestatie>", "</w:Prestatie>tekst", "/Bericht/Declaratie/Clienten/Client/Prestaties"),
        ("</w:Client>", "</w:Client>tekst", "/Bericht/Declaratie/Clienten"),
        ("<w:Clienten>", "<w:Clienten>tekst", "/Bericht/Declaratie/Clienten"),
        ("</w:Clienten>", "</w:Clienten>tekst", "/Bericht/Declaratie"),
        ("<w:Prestaties>", '<w:Prestaties soort="a">', "/Bericht/Declaratie/Clienten/Client/Prestaties"),
        ("<w:Clienten>", '<w:Clienten soort="a">', "/Bericht/Declaratie/Clienten"),
        ("</w:Clienten>", "<w:Foo/></w:Clienten>", "/Bericht/Declaratie/Clienten/Foo"),
        ("<w:Clienten>", "<w:Foo/><w:Clienten>", "/Bericht/Declaratie/Foo"),
    ],
)
@pytest.mark.parametrize("clients", [[lines(1)] * 450, [lines(450)]])
def test_what_stands_around_a_crowd_is_judged_too(right: str, wrong: str, pad: str, clients: list[str]) -> None:
    text = claim(*clients)
    for damaged_text in (text.replace(right, wrong, 1), wrong.join(text.rsplit(right, 1))):
        found, _ = _unchanged(damaged_text)
        assert [re.sub(r"\[\d+\]", "", fault.pad) for fault in found.faults] == [pad]


def test_a_crowd_of_strangers_is_no_reason_to_hide_any_of_them() -> None:
    found, _ = _unchanged(claim("<w:Foo/>" * 500))
    (fault,) = found.faults
    assert fault.verwacht == "element Prestatie"


def _never(*_: object) -> None:
    pytest.fail("A right tree is taken apart")


def _unchanged(text: str) -> tuple[SchemaCheck, Document]:
    """Checks, and sees to it that the tree is afterwards as it was."""
    doc = document(text)
    before = [(element, element.sourceline, element.getparent(), element.tail) for element in doc.root.iter()]
    serialised = etree.tostring(doc.root)
    found = SCHEMAS.check(doc)
    assert [(element, element.sourceline, element.getparent(), element.tail) for element in doc.root.iter()] == before
    assert etree.tostring(doc.root) == serialised
    return found, doc
