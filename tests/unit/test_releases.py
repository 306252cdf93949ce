"""What holds for every release that there is, so that a new one is tested by being there."""

import tomllib
from datetime import date
from functools import partial
from importlib.resources import files
from itertools import product
from typing import get_args

import pytest
from lxml import etree
from scripts.read_schemas import facts_of

from iwmo_gateway.contract.afspraken import Eenheid
from iwmo_gateway.contract.volumes import ToegewezenOmvang, explained, most_in, unit_name
from iwmo_gateway.retour.building import APPROVED, NO_REMARK, NOT_JUDGED, REJECTED
from iwmo_gateway.rules.rulebook import rulebook
from iwmo_gateway.shipped import shipped
from iwmo_gateway.standard import kinds
from iwmo_gateway.standard.kinds import RELEASES, SOORTEN, Domain, Soort, answer_to, releases
from iwmo_gateway.standard.schemas import Schemas
from iwmo_gateway.standard.xml import Document, read
from tests.bookkeeping import judged
from tests.cases import Case
from tests.releases import as_release, in_later_releases

SCHEMAS = Schemas(shipped("xsd"))
XS = "{http://www.w3.org/2001/XMLSchema}"


def test_releases_run_from_one_up_to_and_including_another(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kinds, "RELEASES", ("2.3", "3.2", "3.10"))
    assert releases() == ("2.3", "3.2", "3.10")
    assert releases(sinds="3.2") == ("3.2", "3.10")
    assert releases(sinds="3.3", tot="3.10") == ("3.10",)
    assert releases(tot="2.3") == ("2.3",)
    assert releases(tot="2.2") == ()


def listed(domain: Domain, release: str, simple_type: str) -> set[str]:
    """The values of a code list of a release."""
    base = etree.parse(shipped("xsd") / domain.standard / release / "basisschema.xsd")
    path = f"{XS}simpleType[@name='{simple_type}']/{XS}restriction/{XS}enumeration"
    return {code.get("value", "") for code in base.iterfind(path)}


@pytest.mark.parametrize("soort", SOORTEN.values(), ids=str)
def test_the_schema_asks_for_the_code_and_version_of_the_catalogue(soort: Soort) -> None:
    header = facts_of(shipped("xsd") / soort.schema_path)["complexTypes"]["Header"]
    asked = {each["name"]: set("|".join(each["inline"]["patterns"]).split("|")) for each in header if "inline" in each}
    major, minor = soort.release.split(".")
    assert asked["BerichtCode"] == set(soort.bericht_codes)
    assert (asked["BerichtVersie"], asked["BerichtSubversie"]) == ({major}, {minor})


@pytest.mark.parametrize("release", RELEASES)
@pytest.mark.parametrize("domain", Domain)
def test_every_unit_and_frequency_can_be_counted(domain: Domain, release: str) -> None:
    units, frequencies = listed(domain, release, "LDT_Eenheid"), listed(domain, release, "LDT_Frequentie")
    assert units
    assert frequencies
    period = date(2023, 3, 1), date(2023, 3, 31)
    for unit, frequency in product(units, frequencies):
        omvang = ToegewezenOmvang(10, unit, frequency, *period, None, domain)
        assert (most_in(omvang, period) is None) is (unit == "81"), (unit, frequency)
        assert explained(omvang, period)
        assert unit_name(unit)
    assert units <= set(get_args(Eenheid))


COPIED = [soort for soort in SOORTEN.values() if not soort.is_answer and soort.code[-3:] != "303"]
"""A 304 puts the lines of a 303 in classes of its own."""


@pytest.mark.parametrize("soort", COPIED, ids=str)
def test_the_answer_has_a_place_for_all_that_is_copied_into_it(soort: Soort) -> None:
    theirs, ours = SCHEMAS.classes(soort), SCHEMAS.classes(answer_to(soort))
    if soort.code[-3:] == "323":  # only the clients with refused lines
        clients = {path[2:] for path in theirs if path[1:3] == ("Declaratie", "Clienten")}
        assert clients <= {path[2:] for path in ours if path[1:3] == ("DeclaratieAntwoord", "Clienten")}
    else:
        assert set(theirs) <= set(ours)


@pytest.mark.parametrize("release", RELEASES)
@pytest.mark.parametrize("domain", Domain)
def test_every_return_code_stands_in_the_list_of_its_release(domain: Domain, release: str) -> None:
    known = listed(domain, release, "LDT_RetourCode")
    mine = {code for code, kind_release in SOORTEN if kind_release == release and code.startswith(domain.value.upper())}
    told = {
        code: rule.retourcode(release)
        for code, rule in rulebook().items()
        if rule.holds_in(release) and rule.berichten & mine and rule.retourcode(release)
    }
    assert {code: retourcode for code, retourcode in told.items() if retourcode not in known} == {}
    assert {REJECTED, NO_REMARK, NOT_JUDGED, APPROVED} <= known


def test_the_rulebook_has_no_key_that_nothing_reads() -> None:
    text = files("iwmo_gateway.rules").joinpath("rulebook.toml").read_text(encoding="utf-8")
    keys = {"niveau", "retourcode", "sinds", "tot", "berichten", "ook", "zonder", "eigen", "door"}
    keys |= {f"retourcode_{release.replace('.', '_')}" for release in RELEASES}
    assert {(code, key) for code, entry in tomllib.loads(text).items() for key in set(entry) - keys} == set()


@pytest.mark.parametrize(("case", "release"), in_later_releases(), ids=lambda value: getattr(value, "name", value))
def test_a_message_is_judged_alike_in_later_releases(case: Case, release: str) -> None:
    for path in (case.path, *(path for path, _ in case.vooraf)):
        document = read(as_release(path.read_bytes(), release))
        assert isinstance(document, Document)
        assert SCHEMAS.check(document).faults == ()
    bericht, verdict = judged(case, partial(as_release, release=release))
    assert bericht.soort.release == release
    found = [(f.regel, f.niveau, f.retourcode, f.klasse, f.pad, f.actie) for f in verdict.findings]
    assert sorted(found, key=str) == sorted(case.findings, key=str)
    assert verdict.outcome == case.status
