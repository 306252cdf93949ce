"""Every rule against its good and bad messages; the table of rules against the published codes."""

import json
import os
from collections import defaultdict
from dataclasses import replace
from pathlib import Path

import pytest

from iwmo_gateway.rules.historie import (
    Bronnen,
    Historie,
    Levering,
    levering_of,
    toewijzingen_of,
)
from iwmo_gateway.rules.rulebook import rulebook
from iwmo_gateway.rules.verdict import LEVELS, judge
from iwmo_gateway.shipped import shipped
from iwmo_gateway.standard.berichten import Bericht, Startbericht, Toewijzingsbericht
from iwmo_gateway.standard.codelists import load_codelists
from iwmo_gateway.standard.reading import HANDLED, to_bericht
from iwmo_gateway.standard.xml import Document, read
from tests.cases import Case, cases

CASES = list(cases())
CODELISTS = load_codelists(shipped("codelists"))


def typed(path: Path) -> Bericht:
    document = read(path.read_bytes())
    assert isinstance(document, Document)
    return to_bericht(document)


def identity(bericht: Bericht) -> tuple[str, str, str]:
    header = bericht.header
    return bericht.soort.code, header.afzender, header.bericht_identificatie.identificatie


def gemeente_of(bericht: Bericht) -> str:
    return bericht.header.afzender if isinstance(bericht, Toewijzingsbericht) else bericht.header.ontvanger


def aanbieder_of(bericht: Bericht) -> str:
    return bericht.header.ontvanger if isinstance(bericht, Toewijzingsbericht) else bericht.header.afzender


def starts_after(bericht: Startbericht, starts: frozenset[Levering]) -> frozenset[Levering]:
    """The starts that count once this 305 does too: its deletions are taken first, then its first deliveries."""
    deleted = {levering_of(start) for start in bericht.start_producten if start.status_aanlevering == "3"}
    added = {levering_of(start) for start in bericht.start_producten if start.status_aanlevering == "1"}
    return (starts - deleted) | added


def historie_of(case: Case, bericht: Bericht) -> Historie:
    """What the messages before it left, by plain bookkeeping."""
    bsn = bericht.client.bsn
    before = [typed(path) for path in case.vooraf]
    historie = Historie(client=bsn)
    versions = defaultdict(list)
    for earlier in before:
        if gemeente_of(earlier) != gemeente_of(bericht):
            continue
        if isinstance(earlier, Toewijzingsbericht):
            for version in toewijzingen_of(earlier, earlier.client.bsn):
                versions[version.nummer].append(version)
        elif (earlier.client.bsn, aanbieder_of(earlier)) == (bsn, aanbieder_of(bericht)):
            historie = replace(historie, starts=starts_after(earlier, historie.starts))
    stops = [
        Levering(s.get("toewijzing_nummer"), s.get("categorie"), s.get("code"), s["begindatum"])
        for s in case.facts.get("stops", ())
    ]
    return replace(
        historie,
        identificatie_used=identity(bericht) in map(identity, before),
        toewijzingen={number: tuple(found) for number, found in versions.items()},
        stops=frozenset(stops),
        verzoeken=frozenset(v["referentie_aanbieder"] for v in case.facts.get("verzoeken", ())),
        goedgekeurde_regels={r["toewijzing_nummer"]: 1 for r in case.facts.get("goedgekeurde_regels", ())},
    )


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_fixture_is_judged_as_it_says(case: Case) -> None:
    bericht = typed(case.path)
    verdict = judge(bericht, historie_of(case, bericht), Bronnen(case.ontvangen, CODELISTS))
    found = [(f.regel, f.niveau, f.retourcode, f.klasse, f.pad, f.actie) for f in verdict.findings]
    assert sorted(found, key=str) == sorted(case.findings, key=str)
    assert ("rejected" if verdict.rejected else "accepted") == case.status


@pytest.mark.parametrize("case", [case for case in CASES if case.findings], ids=lambda case: case.name)
def test_findings_explain_themselves_without_showing_the_person(case: Case) -> None:
    bericht = typed(case.path)
    verdict = judge(bericht, historie_of(case, bericht), Bronnen(case.ontvangen, CODELISTS))
    secret = {bericht.client.bsn, bericht.client.naam.geslachtsnaam.achternaam}
    for finding in verdict.findings:
        assert finding.verwacht
        assert finding.gevonden
        assert finding.regelnummer > 1
        shown = f"{finding.tekst} {finding.verwacht} {finding.gevonden}"
        assert not any(word in shown for word in secret)


RULES = [(code, kind) for level in LEVELS for code, rule in level.rules.items() for kind in sorted(rule.berichten)]


@pytest.mark.parametrize(("code", "kind"), RULES)
def test_every_rule_has_a_good_and_a_bad_message_of_every_kind(code: str, kind: str) -> None:
    mine = [case for case in CASES if case.path.parent.name == code and typed(case.path).soort.code == kind]
    assert any(code not in {finding[0] for finding in case.findings} for case in mine)
    assert any(code in {finding[0] for finding in case.findings} for case in mine)


def test_every_published_rule_of_a_handled_kind_is_implemented_or_says_what_checks_it() -> None:
    implemented = {(code, kind) for code, kind in RULES}
    for code, published in rulebook().items():
        for kind in published.berichten & HANDLED:
            assert (code, kind) in implemented or published.door, f"{code} for {kind}"


@pytest.mark.skipif("IWMO_REFERENCE" not in os.environ, reason="IWMO_REFERENCE names no reference")
def test_the_rulebook_holds_exactly_the_published_rules() -> None:
    folder = Path(os.environ["IWMO_REFERENCE"]) / "rules"
    published: dict[str, tuple[int | None, str | None, set[str]]] = {}
    for path in [*folder.glob("*-technical-rules.json"), *folder.glob("*-conditions-constraints.json")]:
        for entry in json.loads(path.read_text(encoding="utf-8")):
            kinds = set(entry.get("messages") or {name.split(".")[0] for name in entry["elements"]})
            niveau, retourcode, known = published.get(entry["code"], (None, None, set()))
            code = entry.get("retourcode")
            published[entry["code"]] = (
                entry.get("level") or niveau,
                retourcode or (None if code == "n.v.t." else code),
                known | kinds,
            )
    assert {
        code: (rule.niveau, rule.retourcode("3.2"), set(rule.berichten)) for code, rule in rulebook().items()
    } == published
