"""iJw is judged by the same rules as iWmo, but for what is iWmo's alone."""

import pytest

from iwmo_gateway.contract.volumes import ToegewezenOmvang, most_in
from iwmo_gateway.rules.verdict import LEVELS
from iwmo_gateway.standard.kinds import Domain
from tests.bookkeeping import judged
from tests.cases import Case
from tests.jw import as_jw, shared_cases


@pytest.mark.parametrize("case", shared_cases(), ids=lambda case: case.name)
def test_a_message_of_ijw_is_judged_as_its_twin_of_iwmo(case: Case) -> None:
    bericht, verdict = judged(case, as_jw)
    assert bericht.soort.domain is Domain.JW
    found = [(f.regel, f.niveau, f.retourcode, f.klasse, f.pad, f.actie) for f in verdict.findings]
    assert sorted(found, key=str) == sorted(case.findings, key=str)
    assert verdict.outcome == case.status


def test_every_rule_serves_both_domains_where_it_is_published_for_both() -> None:
    for level in LEVELS:
        for rule in level.rules.values():
            twins = {kind.replace("WMO", "JW") for kind in rule.berichten if kind.startswith("WMO")}
            assert twins & rule.published.berichten <= rule.berichten


@pytest.mark.parametrize(("domain", "most"), [(Domain.WMO, 24), (Domain.JW, 20)])
def test_six_week_volumes_in_a_month_are_of_iwmo_alone(domain: Domain, most: int) -> None:
    from datetime import date

    begin, end = date(2023, 3, 1), date(2023, 3, 31)
    omvang = ToegewezenOmvang(4, "04", "2", begin, end, "01", domain)
    assert most_in(omvang, (begin, end)) == most
