"""Code lists over HTTP: a judgement names those that it rests on, and the contract is asked only where they say no."""

from dataclasses import replace
from datetime import date

import pytest
from fastapi.testclient import TestClient

from iwmo_gateway.gateway import contracts
from iwmo_gateway.gateway.access import Caller
from iwmo_gateway.standard.codelists import Codelist, Codelists, Geldigheid, Lijstsoort
from iwmo_gateway.standard.kinds import Domain
from iwmo_gateway.store.parties import TokenRole
from iwmo_gateway.web.app import create_app
from tests.cases import FIXTURES, noon
from tests.conftest import TODAY, Callers
from tests.integration.test_claim_statements import gist, statements
from tests.integration.test_http_builders import AANBIEDER, GEMEENTE

OFFICER = Caller(TokenRole.OPERATOR, None, "operator:test", TODAY)
BOTH = ["WMO021/2.0", "gemeenten/2026"]
DAY = noon(date(2023, 3, 2))


def body_of(name: str) -> bytes:
    return (FIXTURES / f"{name}.xml").read_bytes()


def test_a_judgement_names_the_lists_that_the_message_was_held_against(call: Callers) -> None:
    right = call.send(GEMEENTE, body_of("TR381/goed-301"), DAY).json()
    assert (right["versies"]["codelijsten"], right["versies"]["contract"]) == (BOTH, [])
    (kept,) = call.get(GEMEENTE, f"/v1/berichten/{right['id']}/oordelen").json()["oordelen"]
    assert kept["versies"] == right["versies"]
    refused = call.send(GEMEENTE, body_of("TR381/fout-301-onbekende-code"), DAY).json()
    assert (refused["status"], refused["versies"]["codelijsten"]) == ("rejected", BOTH)
    without_code = call.send(AANBIEDER, body_of("TR381/goed-315-zonder-code"), DAY).json()
    assert without_code["versies"]["codelijsten"] == ["gemeenten/2026"]


def test_what_never_came_to_level_4_names_none(call: Callers) -> None:
    said = call.send(AANBIEDER, body_of("CS002/fout-305-2.3-cijfer-verkeerd"), DAY).json()
    assert (said["status"], said["bevindingen"][0]["niveau"]) == ("rejected", 2)
    assert said["versies"]["codelijsten"] == []


def test_a_code_of_the_contract_alone_is_right_and_the_judgement_names_the_contract(call: Callers) -> None:
    body = body_of("TR381/goed-301-contractcode")
    said = call.send(GEMEENTE, body, DAY).json()
    assert (said["status"], said["versies"]["contract"]) == ("rejected", [])
    contracts.load(call.gateway, OFFICER, contracts.check_file(FIXTURES / "vooraf" / "eigen-codes.toml"))
    said = call.send(GEMEENTE, body, DAY).json()
    assert (said["status"], said["versies"]["contract"]) == ("accepted", ["eigen-codes/1"])


@pytest.mark.parametrize(
    ("name", "asks"),
    [("goed-301", 1), ("goed-301-zonder-code", 1), ("goed-315-zonder-code", 0), ("fout-301-onbekende-code", 1)],
)
def test_contracts_are_asked_for_once_and_only_where_they_may_have_a_say(
    call: Callers, monkeypatch: pytest.MonkeyPatch, name: str, asks: int
) -> None:
    sender = GEMEENTE if "301" in name else AANBIEDER
    call.headers(sender)
    with statements(call.gateway, monkeypatch) as asked:
        assert call.send(sender, body_of(f"TR381/{name}"), DAY).status_code == 201
    assert sum("contract_gemeenten" in statement for statement in asked) == asks
    assert len(gist(asked)) > 5


def test_another_edition_judges_only_what_begins_under_it(call: Callers) -> None:
    begins = Geldigheid(date(2023, 3, 7))
    other = Codelist("x.toml", Lijstsoort.PRODUCTCODES, Domain.WMO, "L", "9", "test", begins, {})
    gateway = replace(call.gateway, codelists=Codelists((*call.gateway.codelists.editions, other)))
    call = Callers(gateway, TestClient(create_app(gateway)))
    body = body_of("TR381/goed-301")
    said = call.send(GEMEENTE, body, DAY).json()
    assert (said["status"], said["versies"]["codelijsten"]) == ("accepted", BOTH)
    later = body.replace(b"Ingangsdatum>2023-03-06", b"Ingangsdatum>2023-03-07").replace(b"TR381-01", b"TR381-99")
    said = call.send(GEMEENTE, later, DAY).json()
    assert {finding["regel"] for finding in said["bevindingen"]} >= {"TR381"}
    assert said["versies"]["codelijsten"] == ["L/9", "gemeenten/2026"]
