"""What a contract says of allocations, starts and stops over HTTP, on both databases: told to both, and by whom."""

from dataclasses import replace
from datetime import date

import pytest

from iwmo_gateway.gateway import contracts
from iwmo_gateway.gateway.access import Caller
from iwmo_gateway.store.parties import TokenRole
from tests.cases import noon, profile_path
from tests.claims import AANBIEDER, ANDERE_AANBIEDER, BSN, OTHER_BSN, Line, Terms, allocation, claim, month
from tests.conftest import TODAY, Callers
from tests.integration.test_claim_statements import gist, statements
from tests.integration.test_http_builders import Json, with_values
from tests.stories import DAGBESTEDING, TIJDELIJK, VERVOER, product, start, stop

RHENEN, ROERDALEN = "0340", "1669"
OFFICER = Caller(TokenRole.OPERATOR, None, "operator:test", TODAY)


@pytest.fixture
def agreed(call: Callers) -> Callers:
    """A gateway with both shipped contracts."""
    for name in ("rhenen-wmo-2023", "midden-limburg-2024"):
        contracts.load(call.gateway, OFFICER, contracts.check_file(profile_path(name)))
    return call


def granted(call: Callers, nr: str, *terms: Terms, op: str, aanbieder: str = AANBIEDER, gemeente: str = RHENEN) -> Json:
    body = allocation(*terms, identificatie=nr, gemeente=gemeente, aanbieder=aanbieder)
    said: Json = call.send(gemeente, body, noon(date.fromisoformat(op))).json()
    assert said["status"] == "accepted", said
    return said


def sent(call: Callers, nr: str, body: bytes, op: str, aanbieder: str = AANBIEDER) -> Json:
    """A 305 or 307 to Rhenen."""
    values = {"Afzender": aanbieder, "Ontvanger": RHENEN, "Identificatie": nr, "Dagtekening": op}
    said: Json = call.send(aanbieder, with_values(body.decode(), values), noon(date.fromisoformat(op))).json()
    assert said["status"] == "accepted", said
    return said


def claimed(call: Callers, nr: str, *lines: Line, maand: str, op: str) -> Json:
    body = claim(
        *lines,
        identificatie=nr,
        nummer=nr,
        maand=date.fromisoformat(f"{maand}-01"),
        dagtekening=date.fromisoformat(op),
        gemeente=RHENEN,
    )
    said: Json = call.send(AANBIEDER, body, noon(date.fromisoformat(op))).json()
    return said


def rules_of(said: Json) -> list[str]:
    return [finding["regel"] for finding in said["bevindingen"]]


def test_transport_beside_day_care_of_another_provider_is_right(agreed: Callers) -> None:
    granted(agreed, "T1", product(1, DAGBESTEDING), op="2023-01-02", aanbieder=ANDERE_AANBIEDER)
    assert rules_of(granted(agreed, "T2", product(2, VERVOER), op="2023-01-03")) == []


def test_transport_alone_is_told_to_both_parties_and_refused_by_none(agreed: Callers) -> None:
    said = granted(agreed, "T1", product(2, VERVOER), op="2023-01-03")
    assert said["versies"]["contract"] == ["rhenen-wmo-2023/1"]
    for party in (RHENEN, AANBIEDER):
        (finding,) = agreed.get(party, f"/v1/berichten/{said['id']}").json()["bevindingen"]
        assert (finding["regel"], finding["niveau"], finding["actie"]) == ("contract-samen", 4, "signal")
        assert finding["retourcode"] is None
    codes = agreed.get(RHENEN, f"/v1/berichten/{said['id']}/retour").text
    assert "<wmo302:Client>" not in codes


def test_day_care_for_another_client_or_in_another_municipality_does_not_count(agreed: Callers) -> None:
    granted(agreed, "T1", product(1, DAGBESTEDING, bsn=OTHER_BSN), op="2023-01-02")
    granted(agreed, "T2", product(1, DAGBESTEDING), op="2023-01-02", gemeente="0384")
    assert rules_of(granted(agreed, "T3", product(2, VERVOER), op="2023-01-03")) == ["contract-samen"]


def test_a_second_lot_is_told_without_naming_what_another_provider_was_allocated(agreed: Callers) -> None:
    lot = replace(product(1), code="021VG", begin=date(2024, 2, 1), end=date(2024, 12, 31))
    said = granted(agreed, "T1", lot, op="2024-01-08", aanbieder=ANDERE_AANBIEDER, gemeente=ROERDALEN)
    assert (rules_of(said), said["versies"]["contract"]) == ([], ["midden-limburg-2024/1"])
    other = replace(lot, nummer=2, code="022VG")
    (finding,) = granted(agreed, "T2", other, op="2024-01-08", gemeente=ROERDALEN)["bevindingen"]
    assert finding["regel"] == "contract-perceel"
    assert "021VG" not in str(finding)
    assert ANDERE_AANBIEDER not in str(finding)


def test_the_term_of_a_start_counts_from_the_first_version_of_its_allocation(agreed: Callers) -> None:
    granted(agreed, "T1", product(), op="2023-01-02")
    granted(agreed, "T2", product(op="2023-03-01", volume=5), op="2023-03-02")
    said = sent(agreed, "S1", start(begin="2023-03-10"), "2023-03-06")
    assert said["versies"]["contract"] == ["rhenen-wmo-2023/1"]
    (finding,) = said["bevindingen"]
    assert finding["regel"] == "contract-levering"
    assert finding["verwacht"].startswith("Begindatum op of voor 2023-01-16: 2 weken")
    assert "ontvangen op 2023-01-02" in finding["verwacht"]


def test_a_start_is_right_two_weeks_after_a_late_allocation_and_reported_before(agreed: Callers) -> None:
    granted(agreed, "T1", product(), op="2023-02-20")
    assert rules_of(sent(agreed, "S1", start(begin="2023-03-06"), "2023-03-05")) == []


def test_a_start_of_another_year_asks_no_contract(agreed: Callers) -> None:
    granted(agreed, "T1", product(begin="2022-11-01", op="2022-10-01"), op="2022-10-20")
    said = sent(agreed, "S1", start(begin="2022-12-20"), "2022-12-22")
    assert (rules_of(said), said["versies"]["contract"]) == ([], [])


@pytest.mark.parametrize(
    ("status", "messages"),
    [
        ("accepted", ()),
        ("in_review", ("stop",)),
        ("accepted", ("stop", "deleted")),
        ("accepted", ("pause", "again")),
        ("in_review", ("pause",)),
    ],
)
def test_a_month_after_the_last_one_waits_for_the_municipality(
    agreed: Callers, status: str, messages: tuple[str, ...]
) -> None:
    granted(agreed, "T1", product(), op="2023-01-02")
    sent(agreed, "S1", start(begin="2023-01-10"), "2023-01-09")
    ended = {"begin": "2023-01-10", "eind": "2023-02-20"}
    bodies = {
        "stop": stop(**ended),
        "deleted": stop(**ended, status="3"),
        "pause": stop(**ended, reden=TIJDELIJK),
        "again": start(begin="2023-04-12"),
    }
    for nr, name in enumerate(messages):
        sent(agreed, f"M{nr}", bodies[name], f"2023-02-{21 + nr}")
    march = claimed(agreed, "D3", Line("R1", 1, *month(date(2023, 3, 1)), 8), maand="2023-03", op="2023-04-04")
    assert (march["status"], rules_of(march)) == ("accepted", [])
    april = claimed(agreed, "D4", Line("R2", 1, *month(date(2023, 4, 1)), 8), maand="2023-04", op="2023-05-04")
    assert april["status"] == status
    assert rules_of(april) == (["contract-opzegging"] if status == "in_review" else [])


def test_a_stop_of_another_provider_says_nothing_of_a_line(agreed: Callers) -> None:
    granted(agreed, "T1", product(), op="2023-01-02")
    granted(agreed, "T2", product(2), op="2023-01-02", aanbieder=ANDERE_AANBIEDER)
    sent(agreed, "S1", start(2, begin="2023-01-10"), "2023-01-09", ANDERE_AANBIEDER)
    sent(agreed, "S2", stop(2, begin="2023-01-10", eind="2023-01-20"), "2023-01-21", ANDERE_AANBIEDER)
    said = claimed(agreed, "D4", Line("R2", 1, *month(date(2023, 4, 1)), 8), maand="2023-04", op="2023-05-04")
    assert (said["status"], rules_of(said)) == ("accepted", [])


def test_a_claim_asks_for_stops_twice_however_many_clients_it_has(
    agreed: Callers, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: dict[int, list[str]] = {}
    agreed.headers(AANBIEDER)
    for nr, bsns in enumerate([(BSN,), (BSN, OTHER_BSN)]):
        for place, bsn in enumerate(bsns):
            nummer = 10 * nr + place + 1
            granted(agreed, f"T{nummer}", product(nummer, bsn=bsn), op="2023-01-02")
        lines = [
            Line(f"R{nr}-{place}", 10 * nr + place + 1, *month(date(2023, 3, 1)), 8, bsn=bsn)
            for place, bsn in enumerate(bsns)
        ]
        with statements(agreed.gateway, monkeypatch) as asked[nr]:
            assert claimed(agreed, f"D{nr}", *lines, maand="2023-03", op="2023-04-04")["status"] == "accepted"
    assert gist(asked[0]) == gist(asked[1])
    for table in ("FROM starts", "FROM stops", "contract_gemeenten"):
        assert sum(table in statement for statement in asked[1]) == 1, table


def test_facts_that_only_a_contract_asks_for_are_not_loaded_without_one(
    call: Callers, monkeypatch: pytest.MonkeyPatch
) -> None:
    with statements(call.gateway, monkeypatch) as asked:
        granted(call, "T1", product(), op="2023-01-02")
        assert claimed(call, "D1", Line("R1", 1, *month(date(2023, 3, 1)), 8), maand="2023-03", op="2023-04-04")
        first = len(asked)
        sent(call, "S1", start(begin="2023-01-10"), "2023-01-09")
    assert not [statement for statement in asked[:first] if "FROM starts" in statement or "FROM stops" in statement]
    only_for_contracts = ("min(messages.received_at)", "toewijzing_versies AS own")
    assert not [statement for statement in asked if any(part in statement for part in only_for_contracts)]
