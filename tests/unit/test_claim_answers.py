"""The answers to claims: 325 and 304, valid and filled as the standard says, for every claim among the fixtures."""

from datetime import date
from typing import Any

import pytest
from lxml import etree

from iwmo_gateway.retour.answers import retourbericht
from iwmo_gateway.retour.building import AnswerShape
from iwmo_gateway.rules.engine import Actie
from iwmo_gateway.rules.verdict import Outcome
from iwmo_gateway.shipped import shipped
from iwmo_gateway.standard.kinds import answer_to
from iwmo_gateway.standard.schemas import Schemas
from iwmo_gateway.standard.xml import Document, local_name, read, text_at
from tests.bookkeeping import judged
from tests.cases import Case, cases

SCHEMAS = Schemas(shipped("xsd"))
# What is held gets its answer with the last decision.
CLAIMS = [case for case in cases() if case.path.stem.split("-")[1] in {"323", "303"} and case.status != "in_review"]
ANSWERED_ON = date(2024, 2, 29)


def answer(case: Case) -> tuple[Document, etree._Element]:
    """The answer to a case's claim, after it was found valid."""
    document = read(case.body)
    assert isinstance(document, Document)
    soort = answer_to(document.soort)
    versions = SCHEMAS.versions(soort)
    shape = AnswerShape(frozenset(), (versions.basisschema, versions.bericht) if versions else None)
    _, verdict = judged(case)
    root = retourbericht(document, verdict, shape, identificatie="RET123456789", dagtekening=ANSWERED_ON)
    check = SCHEMAS.check_xml(soort, root)
    assert check.ok, check.faults
    return document, root


def classes_of(element: etree._Element, pad: str = "/Bericht") -> dict[str, etree._Element]:
    """Every class of an answer that has RetourCodes, by its path."""
    found = {}
    for index, child in enumerate(element, 1):
        name = local_name(child)
        here = f"{pad}/{name}[{index}]" if name in {"Client", "Prestatie"} else f"{pad}/{name}"
        if child.find("{*}RetourCodes") is not None:
            found[here] = child
        found |= classes_of(child, here)
    return found


def codes_of(element: etree._Element) -> list[str]:
    return [code.text or "" for code in element.iterfind("{*}RetourCodes/{*}RetourCode")]


def signed(element: etree._Element | None) -> int:
    assert element is not None
    amount = text_at(element, "Bedrag") or text_at(element, "TotaalBedrag")
    return int(amount or "") * (-1 if text_at(element, "DebetCredit") == "C" else 1)


def amount_in(element: etree._Element, *path: str) -> int:
    return signed(element.find("/".join(f"{{*}}{name}" for name in path)))


@pytest.mark.parametrize("case", CLAIMS, ids=lambda case: case.name)
def test_the_refused_lines_are_what_was_submitted_less_what_is_approved(case: Case) -> None:
    document, root = answer(case)
    is_323 = document.soort.code.endswith("323")
    assert case.bedragen is not None
    judged_lines = list(root.iter("{*}Prestatie"))
    path = ("IngediendBedrag",) if is_323 else ("IngediendeBedragPrestatie", "DeclaratieFactuurBedrag")
    refused = sum(amount_in(line, *path) for line in judged_lines)
    if case.status != "rejected":
        assert refused == case.bedragen["ingediend"] - case.bedragen["toegekend"]
    holder = root.find("{*}DeclaratieAntwoord") if is_323 else root.find("{*}Header/{*}RetourBedragen")
    if holder is not None:
        ingediend, toegekend = (
            ("TotaalIngediendBedrag", "TotaalToegekendBedrag")
            if is_323
            else ("IngediendTotaalBedrag", "ToegekendTotaalBedrag")
        )
        assert {"ingediend": amount_in(holder, ingediend), "toegekend": amount_in(holder, toegekend)} == case.bedragen


@pytest.mark.parametrize("case", CLAIMS, ids=lambda case: case.name)
def test_the_codes_tell_the_outcome(case: Case) -> None:
    _, root = answer(case)
    _, verdict = judged(case)
    classes = classes_of(root)
    header = codes_of(classes["/Bericht/Header"])
    refusing = {f.retourcode for f in verdict.findings if f.actie is Actie.REJECT}
    told = {code for element in classes.values() for code in codes_of(element)}
    top = classes.get("/Bericht/DeclaratieAntwoord", classes["/Bericht/Header"])
    lines = {pad for pad in classes if "/Prestatie[" in pad}
    if verdict.outcome is Outcome.ACCEPTED:
        assert codes_of(top) == ["8001"]
        assert not lines
    elif verdict.about_content:
        assert (header, set(classes)) == (["0001"], {"/Bericht/Header"})
    elif verdict.outcome is Outcome.REJECTED:
        assert refusing == set(codes_of(top))
        assert not lines
    else:
        assert codes_of(top) == ["0200"]
        assert lines
        for pad, element in classes.items():
            if pad.endswith("Client[1]") and set(codes_of(element)) - {"0200"}:
                assert all(codes_of(classes[line]) == ["0233"] for line in lines if line.startswith(pad))
    assert told <= refusing | {"0001", "0200", "0233", "8001"}


@pytest.mark.parametrize("case", [case for case in CLAIMS if case.antwoord], ids=lambda case: case.name)
def test_the_answer_is_the_one_that_the_fixture_writes_out(case: Case) -> None:
    _, root = answer(case)
    classes = classes_of(root)
    assert {entry["pad"]: sorted(entry["codes"]) for entry in case.antwoord} == {
        pad: sorted(codes_of(element)) for pad, element in classes.items()
    }
    for entry in case.antwoord:
        amounts(entry, classes[entry["pad"]])


def amounts(entry: dict[str, Any], element: etree._Element) -> None:
    """What a 304's Header and lines tell of amounts, as the fixture writes it."""
    if "berekend" in entry:
        assert abs(amount_in(element, "ToegekendeBedragPrestatie", "GemeenteBerekendBedrag")) == entry["berekend"]
        assert amount_in(element, "ToegekendeBedragPrestatie", "ToegekendBedrag") == entry["toegekend"]
    elif "ingediend" in entry:
        holder = "RetourBedragen"
        assert amount_in(element, holder, "IngediendTotaalBedrag") == entry["ingediend"]
        assert amount_in(element, holder, "ToegekendTotaalBedrag") == entry["toegekend"]


def test_a_325_has_a_header_of_its_own_that_repeats_the_identification_of_the_claim() -> None:
    document, root = answer(next(case for case in CLAIMS if "-323-" in case.path.name and case.status == "accepted"))
    claimed, header = document.root[0], root[0]
    assert text_at(header, "Afzender") == text_at(claimed, "Ontvanger")
    assert text_at(header, "Ontvanger") == text_at(claimed, "Afzender")
    assert text_at(header, "BerichtIdentificatie", "Identificatie") == "RET123456789"
    assert text_at(header, "BerichtIdentificatie", "Dagtekening") == ANSWERED_ON.isoformat()
    for name in ("Identificatie", "Dagtekening"):
        assert text_at(header, "DeclaratieIdentificatie", name) == text_at(claimed, "BerichtIdentificatie", name)
    for name in ("BasisschemaXsdVersie", "BerichtXsdVersie"):
        assert text_at(header, "XsdVersieDeclaratie", name) == text_at(claimed, "XsdVersie", name)


@pytest.mark.parametrize(("code", "answered"), [("416", "417"), ("448", "449")])
def test_a_304_answers_declarations_and_invoices_in_their_own_kind(code: str, answered: str) -> None:
    case = next(case for case in CLAIMS if f"BerichtCode>{code}<".encode() in case.body)
    document, root = answer(case)
    assert text_at(root[0], "BerichtCode") == answered
    for name in ("Gemeente", "Aanbieder", "BetalingAanID"):
        assert text_at(root[0], name) == text_at(document.root[0], name)
