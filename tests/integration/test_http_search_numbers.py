"""One field for a number of any kind: every kind is found, by an index, by who may see the message alone."""

import csv
import io
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from openpyxl import load_workbook
from sqlalchemy import event

from tests import stories
from tests.claims import AANBIEDER, ANDERE_AANBIEDER, ANDERE_GEMEENTE, GEMEENTE
from tests.conftest import Callers
from tests.integration.test_http_builders import day, everything
from tests.integration.test_http_refusals import is_problem

STORY = {
    "verzoek": (AANBIEDER, stories.verzoek("VERZOEK-1", op="2023-02-20"), "2023-02-20"),
    "onderzoek": (GEMEENTE, stories.antwoord("VERZOEK-1", stories.IN_ONDERZOEK, op="2023-02-21"), "2023-02-21"),
    "toewijzing": (GEMEENTE, stories.toewijzing(verzoek="VERZOEK-1"), "2023-02-22"),
    "declaratie": (AANBIEDER, stories.declaratie(stories.regel("REGEL-1")), "2023-03-01"),
    "credit": (AANBIEDER, stories.declaratie(stories.regel("REGEL-2", credit_van="REGEL-1")), "2023-03-02"),
}


@pytest.fixture
def ids(call: Callers) -> dict[str, str]:
    """A request that is looked into and allocated, and a claim that is taken back: the ids of the messages, by name."""
    made = {}
    for name, (who, body, on) in STORY.items():
        own = body.replace(b">B01<", b">B02<").replace(b">D01<", b">D02<") if name == "credit" else body
        said = call.send(who, own, day(on)).json()
        assert said["status"] in {"accepted", "partly_accepted"}, said
        made[name] = said["id"]
    return made


def names(call: Callers, ids: dict[str, str], who: str, number: str) -> set[str]:
    """What is found by a number, by name; return messages of ours left out."""
    by_id = {identity: name for name, identity in ids.items()}
    return {by_id[found["id"]] for found in everything(call, who, f"zoek={number}") if found["id"] in by_id}


def test_a_number_of_any_kind_is_found(call: Callers, ids: dict[str, str]) -> None:
    wanted = {
        "B01": {"declaratie"},
        "b01": {"declaratie"},
        "D02": {"credit"},
        "VERZOEK-1": {"verzoek", "onderzoek", "toewijzing"},
        "1": {"toewijzing", "declaratie", "credit"},
        "REGEL-1": {"declaratie", "credit"},
        "REGEL-2": {"credit"},
        ids["verzoek"]: {"verzoek"},
        ids["verzoek"].upper(): {"verzoek"},
        "REGEL": set(),
        "VERZOEK-2": set(),
        "999999999999999999": set(),
        "%25": set(),
    }
    assert {number: names(call, ids, "operator", number) for number in wanted} == wanted
    assert {number: names(call, ids, AANBIEDER, number) for number in wanted} == wanted


def test_who_may_not_see_a_message_does_not_find_it(call: Callers, ids: dict[str, str]) -> None:
    for number in ("B01", "VERZOEK-1", "1", "REGEL-1", ids["verzoek"]):
        for who in (ANDERE_AANBIEDER, ANDERE_GEMEENTE):
            assert everything(call, who, f"zoek={number}") == []


def test_it_goes_together_with_what_else_is_asked(call: Callers, ids: dict[str, str]) -> None:
    found = everything(call, AANBIEDER, "zoek=VERZOEK-1&soort=WMO319")
    assert [one["id"] for one in found] == [ids["onderzoek"]]
    assert everything(call, AANBIEDER, f"zoek=VERZOEK-1&partij={ANDERE_GEMEENTE}") == []


@pytest.mark.parametrize("query", [f"zoek={'1' * 37}", "zoek=%00"])
def test_what_can_be_no_number_is_a_problem(call: Callers, query: str) -> None:
    is_problem(call.get("operator", f"/v1/berichten?{query}"), 400, "parameters")


def test_return_messages_alone_or_left_out(call: Callers, ids: dict[str, str]) -> None:
    for who in ("operator", AANBIEDER):
        found = {one["id"]: one["soort"] for one in everything(call, who)}
        asks = {one["id"] for one in everything(call, who, "retour=false")}
        answers = {one["id"]: one["soort"] for one in everything(call, who, "retour=true")}
        assert asks == set(ids.values())
        assert answers == {identity: soort for identity, soort in found.items() if identity not in asks}
        assert set(answers.values()) == {"WMO302", "WMO316", "WMO320", "WMO325"}


def test_what_is_found_is_a_spreadsheet_too(call: Callers, ids: dict[str, str]) -> None:
    answer = call.get(AANBIEDER, "/v1/berichten?soort=WMO323&limit=1", Accept="text/csv")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    (found,) = csv.DictReader(io.StringIO(answer.text), delimiter=";")
    assert (found["id"], found["status"], found["ingediend"], found["retour"]) == (
        ids["credit"], "accepted", "-60000", "WMO325",
    )  # fmt: skip
    following = answer.links["next"]["url"]
    (found,) = csv.DictReader(io.StringIO(call.get(AANBIEDER, following, Accept="text/csv").text), delimiter=";")
    assert found["id"] == ids["declaratie"]
    book = call.get(AANBIEDER, "/v1/berichten?soort=WMO323&formaat=xlsx")
    page = load_workbook(io.BytesIO(book.content)).active
    assert page is not None
    assert [row[0].value for row in page.iter_rows()] == ["id", ids["credit"], ids["declaratie"]]


@contextmanager
def selects(call: Callers) -> Iterator[list[tuple[str, Any]]]:
    """The searches that are made meanwhile, with their parameters."""
    asked: list[tuple[str, Any]] = []

    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        if statement.startswith("SELECT messages.id, messages.domain"):
            asked.append((statement, parameters))

    event.listen(call.gateway.database.engine, "before_cursor_execute", note)
    yield asked
    event.remove(call.gateway.database.engine, "before_cursor_execute", note)


@pytest.mark.parametrize("who", ["operator", AANBIEDER])
@pytest.mark.parametrize(
    "query",
    [
        "zoek=123456",
        "soort=WMO305",
        "status=failed",
        "status=rejected",
        "status=rejected&before=01970000-0000-7000-8000-000000000000",
        "partij=0340",
        "soort=WMO305&ontvangen_vanaf=2023-02-01T00:00:00Z&ontvangen_tot=2023-02-02T00:00:00Z",
        "regel=TR019&soort=WMO305",
        "retourcode=9019",
    ],
)
def test_no_search_walks_through_a_table(call: Callers, who: str, query: str) -> None:
    """As SQLite does it; PostgreSQL decides by how much there is."""
    with selects(call) as asked:
        assert call.get(who, f"/v1/berichten?{query}").status_code == 200
    ((statement, parameters),) = asked
    if not call.gateway.database.embedded:
        return
    with call.gateway.database.reading() as transaction:
        plan = [
            step[-1] for step in transaction.connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
        ]
    tables = ("messages", "findings", "numbers", "verzoeken", "antwoorden", "toewijzing_versies", "prestaties")
    assert [step for step in plan if step.startswith("SCAN") and step.split()[1] in tables] == [], plan
    if "zoek" in query:
        # Not by all that a party sent or was sent, to see which of it has the number.
        assert [step for step in plan if "(afzender=" in step or "(ontvanger=" in step] == [], plan
