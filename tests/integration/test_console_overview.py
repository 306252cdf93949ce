"""The overview: it counts what its reader may see, as the lists behind its numbers do, and by indexes."""

import re
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from lxml import html
from sqlalchemy import event

from iwmo_gateway.gateway import contracts, overview
from iwmo_gateway.gateway.access import Caller
from iwmo_gateway.gateway.overview import Period
from iwmo_gateway.shipped import shipped
from iwmo_gateway.standard.days import day_of
from iwmo_gateway.store.parties import TokenRole
from tests import stories
from tests.cases import profile_path
from tests.claims import AANBIEDER as CLAIMANT
from tests.claims import GEMEENTE as PAYER
from tests.conftest import TODAY, Callers
from tests.integration.test_console_messages import Visitor, listed
from tests.integration.test_fixtures import OFFICER
from tests.integration.test_http_builders import (
    AANBIEDER,
    ANDERE_AANBIEDER,
    GEMEENTE,
    allocation,
    day,
    lone_start,
    start,
)
from tests.integration.test_http_refusals import is_problem


def caller_of(who: str) -> Caller:
    if who in {"operator", "auditor"}:
        return Caller(TokenRole(who), None, f"{who}:test", TODAY)
    return Caller(TokenRole.PARTY, who, who, TODAY)


@pytest.fixture
def told(call: Callers) -> None:
    """A February of messages of every outcome, one of them of somebody else, and one in January."""
    call.send(GEMEENTE, allocation(), day("2023-02-05"))
    call.send(AANBIEDER, start("START01"), day("2023-02-08"))
    call.send(AANBIEDER, start("START02", 799999), day("2023-02-08"))
    call.send(AANBIEDER, lone_start("START03", StatusAanlevering="7"), day("2023-02-10"))
    call.send(ANDERE_AANBIEDER, start("ANDER", 799999, Afzender=ANDERE_AANBIEDER), day("2023-02-12"))
    call.send(AANBIEDER, start("TEVROEG"), day("2023-01-12"))


def period(call: Callers, who: str, days: int = 30) -> Period:
    last = day_of(TODAY)
    return overview.period(call.gateway, caller_of(who), last - timedelta(days=days - 1), last, last)


def received(call: Callers, who: str) -> Counter[tuple[str, str, str]]:
    """Day, kind and status of what came in."""
    found = period(call, who)
    return Counter({(f"{found.days[one.day]}", one.soort, one.status): one.number for one in found.received})


@pytest.mark.usefixtures("told")
def test_each_sees_what_came_in_of_its_own(call: Callers) -> None:
    mine = {
        ("2023-02-05", "WMO301", "accepted"): 1,
        ("2023-02-08", "WMO305", "accepted"): 1,
        ("2023-02-08", "WMO305", "rejected"): 1,
        ("2023-02-10", "WMO305", "invalid"): 1,
    }
    foreign = {("2023-02-12", "WMO305", "rejected"): 1}
    everything = received(call, "operator")
    assert everything.total() == 5
    assert received(call, AANBIEDER) == mine
    assert {key: number for key, number in everything.items() if key not in mine} == foreign
    assert received(call, ANDERE_AANBIEDER) == foreign
    # What was rejected is not forwarded: its receiver knows nothing of it.
    assert received(call, GEMEENTE) == {key: 1 for key in mine if key[2] == "accepted"}


@pytest.mark.usefixtures("told")
def test_refusals_are_counted_by_message_and_rule(call: Callers) -> None:
    assert dict(period(call, AANBIEDER).refusals)["TR019"] == 1
    assert dict(period(call, "operator").refusals)["TR019"] == 2
    assert period(call, GEMEENTE).refusals == []


@pytest.mark.usefixtures("told")
@pytest.mark.parametrize("who", ["operator", AANBIEDER, GEMEENTE])
def test_each_number_is_that_of_the_list_behind_it(call: Callers, who: str) -> None:
    visitor = Visitor(call, who)
    page = visitor.get("/", dagen="30", tot="2023-03-01")
    links = html.fromstring(page.content).xpath("//*[@id='ontvangen']//td/a")
    assert len(links) >= 4
    for link in links:
        assert len(listed(visitor.client.get(link.get("href")))) == int(link.text_content()), link.get("href")


def test_no_number_leads_to_a_list_of_another_length(call: Callers) -> None:
    call.send(GEMEENTE, allocation(), day("2023-02-08"))
    call.send(AANBIEDER, start("START01"), day("2023-02-08"))
    call.send(AANBIEDER, start("START02"), day("2023-02-08"), Prefer="respond-async")
    visitor = Visitor(call, "operator")
    page = html.fromstring(visitor.get("/", dagen="30", tot="2023-03-01").content)
    for link in page.xpath("//*[@id='ontvangen']//td/a"):
        assert len(listed(visitor.client.get(link.get("href")))) == int(link.text_content()), link.get("href")
    in_time, not_yet = page.xpath("//section[@aria-labelledby='beantwoord']//td/a")
    assert (in_time.text_content(), not_yet.text_content()) == ("2", "1")


def test_the_list_behind_a_refusal_holds_no_signals(call: Callers) -> None:
    contracts.load(call.gateway, OFFICER, contracts.check_file(profile_path("rhenen-wmo-2023")))
    story = shipped("fixtures") / "verhaal"
    for name, sender, at in (("1-toewijzing", "0340", "2023-01-25"), ("2-start", "65656055", "2023-02-03")):
        call.send(sender, (story / f"{name}.xml").read_bytes(), day(at))
    said = call.get("operator", "/v1/berichten?regel=contract-startmelding").json()["berichten"]
    assert len(said) == 1
    visitor = Visitor(call, "operator")
    assert len(listed(visitor.get("/berichten", regel="contract-startmelding"))) == 1
    assert listed(visitor.get("/berichten", regel="contract-startmelding", fout="true")) == []
    assert "Vul ook een regel" in visitor.get("/berichten", fout="true").text


def test_an_answer_is_in_time_late_or_not_there(call: Callers) -> None:
    call.send(PAYER, stories.toewijzing(), day("2023-02-06"))
    call.send(CLAIMANT, stories.declaratie(stories.regel("R1")), day("2023-02-28"))
    call.send(CLAIMANT, lone_start("KAPOT", StatusAanlevering="7", Afzender=CLAIMANT), day("2023-02-07"))
    call.send(CLAIMANT, stories.start(begin="2023-02-10"), day("2023-02-10"), Prefer="respond-async")
    told = period(call, "operator")
    assert {(f"{told.days[day]}", became): number for day, became, number in told.answers} == {
        ("2023-02-06", "op_tijd"): 1,
        ("2023-02-28", "op_tijd"): 1,
        ("2023-02-10", "nog_niet_te_laat"): 1,
    }
    with call.gateway.database.writing() as transaction:
        transaction.connection.exec_driver_sql("UPDATE messages SET dagtekening = '2023-02-10' WHERE soort = 'WMO302'")
        transaction.connection.exec_driver_sql("UPDATE messages SET dagtekening = '2023-03-14' WHERE soort = 'WMO325'")
    told = period(call, "operator")
    assert {(f"{told.days[day]}", became): number for day, became, number in told.answers} == {
        ("2023-02-06", "te_laat"): 1,  # three working days from Monday the sixth end on Thursday
        ("2023-02-28", "op_tijd"): 1,  # ten from Tuesday the 28th end on the fourteenth
        ("2023-02-10", "nog_niet_te_laat"): 1,
    }
    visitor = Visitor(call, "operator")
    page = html.fromstring(visitor.get("/", dagen="30", tot="2023-03-01").content)
    assert "nog niet, te laat" in page.text_content()
    links = page.xpath("//section[@aria-labelledby='beantwoord']//td/a/@href")
    lists = [listed(visitor.client.get(link)) for link in links]
    assert [len(one) for one in lists] == [1, 1, 1]
    assert len({one[0] for one in lists}) == 3
    assert visitor.get("/berichten", antwoord="te_laat").status_code == 400
    assert visitor.get("/berichten", antwoord="te_laat", van="2023-01-01", tot="2023-02-28").status_code == 400


def test_what_waits_is_counted_for_who_sees_it(call: Callers) -> None:
    call.send(GEMEENTE, allocation(), day("2023-02-05"))
    call.send(AANBIEDER, start(), day("2023-02-08"), Prefer="respond-async")
    now = {
        who: overview.now(call.gateway, caller_of(who), datetime.now(UTC))
        for who in ("operator", AANBIEDER, ANDERE_AANBIEDER, GEMEENTE)
    }
    assert {who: sum(one.number for one in each.unjudged) for who, each in now.items()} == {
        "operator": 1, AANBIEDER: 1, ANDERE_AANBIEDER: 0, GEMEENTE: 0,
    }  # fmt: skip
    assert {who: sum(one.number for one in each.unfetched.values()) for who, each in now.items()} == {
        "operator": 2, AANBIEDER: 1, ANDERE_AANBIEDER: 0, GEMEENTE: 1,
    }  # fmt: skip
    assert {who: each.reviews for who, each in now.items()} == {
        "operator": {}, AANBIEDER: None, ANDERE_AANBIEDER: None, GEMEENTE: {},
    }  # fmt: skip
    for who, number in (("operator", 2), (AANBIEDER, 1), (GEMEENTE, 1), (ANDERE_AANBIEDER, 0)):
        visitor = Visitor(call, who)
        found = html.fromstring(visitor.get("/").content).xpath("//a[contains(@href, 'opgehaald')]")
        assert [one.text_content() for one in found] == ([str(number)] if number else [])
        assert len(listed(visitor.get("/berichten", opgehaald="nee"))) == number
    page = html.fromstring(Visitor(call, "operator").get("/").content)
    assert page.xpath("//a[@href='/console/berichten?status=received']/text()") == ["1"]


@pytest.mark.usefixtures("told")
def test_the_api_tells_the_same(call: Callers) -> None:
    told = call.get(AANBIEDER, "/v1/reports/overzicht?dagen=30&tot=2023-03-01").json()
    assert (told["van"], told["tot"]) == ("2023-01-31", "2023-03-01")
    assert Counter({(one["dag"], one["soort"], one["status"]): one["aantal"] for one in told["ontvangen"]}) == received(
        call, AANBIEDER
    )
    assert {"regel": "TR019", "aantal": 1} in told["geweigerd"]
    assert {"dag": "2023-02-08", "antwoord": "op_tijd", "aantal": 2} in told["antwoorden"]
    assert told["beoordelingen"] is None
    assert [(one["leeftijd"], one["aantal"]) for one in told["niet_opgehaald"]] == [("dag", 4)]
    assert call.get(GEMEENTE, "/v1/reports/overzicht").json()["ontvangen"] == []
    call.send(AANBIEDER, start("WACHT"), day("2023-02-28"), Prefer="respond-async")
    (waits,) = call.get(AANBIEDER, "/v1/reports/overzicht").json()["wacht"]
    assert (waits["status"], waits["aantal"], waits["oudste"]) == ("received", 1, "2023-02-28T12:00:00+01:00")
    for wrong in ("dagen=0", "dagen=32", "tot=gisteren", "tot=9999-12-31", "van=2023-01-01"):
        is_problem(call.get("operator", f"/v1/reports/overzicht?{wrong}"), 400, "parameters")


@pytest.mark.parametrize("asked", [{"dagen": "15"}, {"tot": "gisteren"}, {"tot": "1999-01-01"}, {"tot": "9999-12-31"}])
def test_a_wrong_period_is_told(call: Callers, asked: dict[str, str]) -> None:
    answer = Visitor(call, "operator").get("/", **asked)
    assert answer.status_code == 400
    assert html.fromstring(answer.content).xpath("//*[@role='alert']//a/@href") == [f"#{next(iter(asked))}"]


@contextmanager
def statements(call: Callers) -> Iterator[list[tuple[str, Any]]]:
    """What is asked meanwhile, with its parameters."""
    asked: list[tuple[str, Any]] = []

    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        asked.append((statement, parameters))

    event.listen(call.gateway.database.engine, "before_cursor_execute", note)
    yield asked
    event.remove(call.gateway.database.engine, "before_cursor_execute", note)


@pytest.mark.usefixtures("told")
@pytest.mark.parametrize("who", ["operator", AANBIEDER])
def test_nothing_is_counted_but_the_days_that_are_shown(call: Callers, who: str) -> None:
    """As SQLite does it; PostgreSQL decides by how much there is."""
    with statements(call) as asked:
        period(call, who)
    asked = [one for one in asked if one[0].startswith("SELECT")]
    assert len(asked) == 3
    if not call.gateway.database.embedded:
        return
    with call.gateway.database.reading() as transaction:
        for statement, parameters in asked:
            plan = [
                step[-1]
                for step in transaction.connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
            ]
            led = [step for step in plan if re.match("(SEARCH|SCAN)", step)]
            assert "ix_messages_received_at (received_at>? AND received_at<?)" in led[0], plan
            assert not [step for step in led if step.startswith("SCAN")], plan
