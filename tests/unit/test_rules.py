"""Every rule against its good and bad messages; the table of rules against the published codes."""

import json
import os
import tomllib
from importlib.resources import files
from pathlib import Path

import pytest

from iwmo_gateway.rules.rulebook import rulebook
from iwmo_gateway.rules.table import rules_table
from iwmo_gateway.rules.verdict import LEVELS
from iwmo_gateway.standard.berichten import Leveringsbericht, Toewijzingsbericht
from iwmo_gateway.standard.kinds import RELEASES, SOORTEN, Domain
from iwmo_gateway.standard.retouren import Retourbericht
from tests.bookkeeping import judged, typed
from tests.cases import Case, cases

CASES = list(cases())


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_fixture_is_judged_as_it_says(case: Case) -> None:
    _, verdict = judged(case)
    found = [(f.regel, f.niveau, f.retourcode, f.klasse, f.pad, f.actie) for f in verdict.findings]
    assert sorted(found, key=str) == sorted(case.findings, key=str)
    assert verdict.outcome == case.status
    told = verdict.settlement
    assert (told and {"ingediend": told.ingediend, "toegekend": told.toegekend}) == case.bedragen


@pytest.mark.parametrize("case", [case for case in CASES if case.findings], ids=lambda case: case.name)
def test_findings_explain_themselves_without_showing_the_person(case: Case) -> None:
    bericht, verdict = judged(case)
    secret = set() if isinstance(bericht, Retourbericht) else {client.bsn for client in bericht.clienten}
    if isinstance(bericht, Leveringsbericht | Toewijzingsbericht):
        secret.add(bericht.client.naam.geslachtsnaam.achternaam)
    for finding in verdict.findings:
        assert finding.verwacht
        assert finding.gevonden
        assert finding.regelnummer > 1
        shown = f"{finding.tekst} {finding.verwacht} {finding.gevonden}"
        assert not any(word in shown for word in secret)


RULES = [(code, kind) for level in LEVELS for code, rule in level.rules.items() for kind in sorted(rule.berichten)]
# iJw is held to the messages of iWmo by test_jw; what is published for iJw alone has messages of its own.
OWN = [(code, kind) for code, kind in RULES if kind.startswith("WMO") or (code, kind.replace("JW", "WMO")) not in RULES]


@pytest.mark.parametrize(("code", "kind"), OWN)
def test_every_rule_has_a_good_and_a_bad_message_of_every_kind(code: str, kind: str) -> None:
    mine = [case for case in CASES if case.path.parent.name == code and typed(case.path).soort.code == kind]
    assert any(code not in {finding[0] for finding in case.findings} for case in mine)
    assert any(code in {finding[0] for finding in case.findings} for case in mine)


def test_every_rule_is_implemented_for_every_kind_or_says_what_checks_it() -> None:
    implemented = set(RULES)
    for code, published in rulebook().items():
        for kind in published.berichten - published.zonder:
            assert (code, kind) in implemented or published.door, f"{code} for {kind}"
        for kind in published.zonder:
            assert kind in published.berichten, f"{code} for {kind}"
            assert (code, kind) not in implemented, f"{code} for {kind}"


@pytest.mark.parametrize("domain", Domain)
@pytest.mark.parametrize("release", RELEASES)
def test_the_table_passes_over_no_rule_and_no_kind_in_silence(domain: Domain, release: str) -> None:
    rows = rules_table(domain, release)
    assert [row.code for row in rows] == [*rulebook()]
    for row in rows:
        published = rulebook()[row.code]
        assert row.implemented or row.reason, row.code
        if not published.holds_in(release):
            assert not row.implemented, row.code
            continue
        here = {SOORTEN[kind, release] for kind in published.berichten if (kind, release) in SOORTEN}
        numbers = {soort.code[-3:] for soort in here if soort.domain is domain}
        assert set(row.implemented.split()) <= numbers, row.code
        unsaid = {number for number in numbers - set(row.implemented.split()) if number not in row.reason}
        assert not unsaid or published.door, row.code


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
    # `ook` names kinds for which a rule is not published, but holds.
    ours = tomllib.loads(files("iwmo_gateway.rules").joinpath("rulebook.toml").read_text(encoding="utf-8"))
    assert {
        code: (rule.niveau, rule.retourcode("3.2"), set(ours[code].get("berichten", "").split()))
        for code, rule in rulebook().items()
        if not rule.eigen and rule.holds_in("3.2")
    } == published
