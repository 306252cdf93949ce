"""Who may deliver under a contract, and by which version: leave, suspension, consortia, objections to a change."""

from datetime import date
from typing import Any

import pytest

from iwmo_gateway.contract.profile import Profiel, parse_profiel
from iwmo_gateway.contract.prose import explained
from iwmo_gateway.errors import ConfigurationError
from iwmo_gateway.gateway import contracts
from iwmo_gateway.gateway.access import Caller
from iwmo_gateway.store.parties import TokenRole
from tests.cases import noon
from tests.claims import Line, Terms, allocation, claim
from tests.conftest import TODAY, Callers

OFFICER = Caller(TokenRole.OPERATOR, None, "operator:test", TODAY)
LEAD, MEMBER, OTHER = "65656055", "42420001", "98000001"
PROFILE = """naam = "Proef"
domein = "wmo"
gemeenten = ["0340"]
vanaf = 2023-01-01
tot_en_met = 2023-12-31
bron = "een proef"
[aanbieders]
{parties}
[[producten]]
code = "02A16"
categorie = "02"
naam = "Begeleiding"
eenheid = "04"
tarieven = [ {{ vanaf = 2023-01-01, tot_en_met = 2023-12-31, euro = {euro} }} ]
"""
LIST = f"""toegelaten = [
  {{ agb = "{OTHER}", geschorst = [ {{ vanaf = 2023-03-01, tot_en_met = 2023-03-31, artikel = "5.4" }} ] }},
]
combinaties = [
  {{ penvoerder = "{LEAD}", leden = ["{MEMBER}"], goedgekeurd = 2023-02-01, artikel = "6.15" }},
]"""


@pytest.mark.parametrize(
    ("agb", "day", "admitted"),
    [
        (OTHER, "2023-02-28", True), (OTHER, "2023-03-01", False), (OTHER, "2023-03-31", False),
        (OTHER, "2023-04-01", True), (LEAD, "2023-01-31", False), (LEAD, "2023-02-01", True),
        (MEMBER, "2023-02-01", False),
    ],
)  # fmt: skip
def test_suspension_and_written_approval_go_by_date(agb: str, day: str, *, admitted: bool) -> None:
    profiel = parse_profiel(PROFILE.format(parties=LIST, euro="60.00"), "proef")
    assert isinstance(profiel, Profiel), profiel
    assert profiel.admits(agb, date.fromisoformat(day)) is admitted


def test_who_may_deliver_is_explained() -> None:
    parties = f'{LIST}\nbezwaren = [ {{ agb = "{OTHER}", versie = 1, tot_en_met = 2023-09-30, artikel = "13.3" }} ]'
    profiel = parse_profiel(PROFILE.format(parties=parties, euro="60.00"), "proef")
    assert isinstance(profiel, Profiel), profiel
    told = list(explained(profiel))
    assert f"  {OTHER}; geschorst (5.4) vanaf 2023-03-01 tot en met 2023-03-31" in told
    assert (
        f"Combinatie (6.15): {LEAD} is penvoerder en declareert ook voor {MEMBER}; "
        "schriftelijk goedgekeurd op 2023-02-01, en geldig vanaf die dag." in told
    )
    assert f"Bezwaar (13.3): voor {OTHER} geldt versie 1 van dit profiel tot en met 2023-09-30." in told


def test_a_member_of_a_consortium_hears_who_claims_for_it(call: Callers) -> None:
    load(call, PROFILE.format(parties=LIST, euro="60.00"))
    said = claimed(call, MEMBER, date(2023, 2, 1), 6000)
    (finding,) = [one for one in said["bevindingen"] if one["regel"] == "contract-aanbieder"]
    assert LEAD in finding["verwacht"]
    assert [one["regel"] for one in claimed(call, LEAD, date(2023, 2, 1), 6000)["bevindingen"]] == []


def test_who_objects_to_a_change_keeps_the_former_version_until_a_day(call: Callers) -> None:
    """Article 13.3: the tariff goes down in version 2, but not yet for the provider that objected."""
    load(call, PROFILE.format(parties="", euro="60.00"))
    objects = f'bezwaren = [ {{ agb = "{OTHER}", versie = 1, tot_en_met = 2023-02-28, artikel = "artikel 13.3" }} ]'
    load(call, PROFILE.format(parties=objects, euro="55.00"))
    for month, right, version in ((2, 6000, "proef/1"), (3, 5500, "proef/2")):
        said = claimed(call, OTHER, date(2023, month, 1), right)
        assert (said["status"], said["versies"]["contract"]) == ("accepted", [version])
    said = claimed(call, LEAD, date(2023, 2, 1), 5500)
    assert (said["status"], said["versies"]["contract"]) == ("accepted", ["proef/2"])


def test_an_objection_keeps_a_version_that_there_is(call: Callers) -> None:
    objects = f'bezwaren = [ {{ agb = "{OTHER}", versie = 1, tot_en_met = 2023-02-28, artikel = "artikel 13.3" }} ]'
    with pytest.raises(ConfigurationError, match="houdt versie 1, maar proef heeft er 0"):
        load(call, PROFILE.format(parties=objects, euro="55.00"))


def load(call: Callers, text: str) -> None:
    contracts.load(call.gateway, OFFICER, contracts.check("proef", text.encode()))


def claimed(call: Callers, provider: str, month: date, tarief: int) -> dict[str, Any]:
    nummer = int(provider[:2]) * 10000 + month.month
    terms = Terms(nummer, begin=month)
    sent = allocation(terms, identificatie=f"T{nummer}", gemeente="0340", aanbieder=provider)
    assert call.send("0340", sent, noon(date(2023, 1, 5))).json()["status"] == "accepted"
    end = date(2023, month.month, 28)
    line = Line(f"R{nummer}", nummer, month, date(2023, 3, 31) if month.month == 3 else end, 4, tarief=tarief)
    body = claim(
        line, identificatie=f"D{nummer}", nummer=f"D{nummer}", maand=month, dagtekening=end,
        gemeente="0340", aanbieder=provider,
    )  # fmt: skip
    said: dict[str, Any] = call.send(provider, body, noon(end)).json()
    return said
