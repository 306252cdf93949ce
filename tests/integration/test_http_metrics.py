"""What Prometheus reads answers an operator's questions, costs the database little, and is there without it."""

import re
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime, timedelta
from typing import Any
from urllib.request import urlopen

import pytest
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import event

from iwmo_gateway.errors import ConfigurationError, StoreBusy
from iwmo_gateway.gateway import standing
from iwmo_gateway.gateway.context import Gateway, open_gateway
from iwmo_gateway.gateway.metrics import looked_for_work
from iwmo_gateway.gateway.parties import set_answering
from iwmo_gateway.gateway.sealing import seal
from iwmo_gateway.gateway.standing import Exposition
from iwmo_gateway.gateway.waiting import judge_next
from iwmo_gateway.settings import Settings
from iwmo_gateway.store.tables import replays
from iwmo_gateway.worker import published
from tests.acceptance.processes import free_port
from tests.answers import answer
from tests.claims import Line, Terms, claim
from tests.claims import allocation as allocated
from tests.conftest import SECRET, TODAY, Callers
from tests.integration.test_http_builders import AANBIEDER, GEMEENTE, LATER, allocation, day, lone_start, start

WALKS = ("SCAN messages", "SCAN mailbox", "SCAN reviews", "SCAN audit")
"""Steps by which SQLite would go through all that was ever kept."""

LIMITS = ("0.0", "0.5", "1.0", "+Inf")
Values = dict[tuple[str, frozenset[tuple[str, str]]], float]


@pytest.fixture(autouse=True)
def of_this_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(standing, "FRESH", timedelta())


def values(gateway: Gateway, now: datetime = TODAY) -> Values:
    """Every value that is told, by name and labels."""
    return parsed(Exposition(gateway).text(now).decode())


def parsed(told: str) -> Values:
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(told)
        for sample in family.samples
    }


def value(told: Values, name: str, **labels: str) -> float:
    return told.get((name, frozenset(labels.items())), 0.0)


def test_what_is_taken_is_counted_by_kind_and_what_is_not_by_its_problem(call: Callers) -> None:
    before = values(call.gateway)
    call.send(AANBIEDER, lone_start())
    call.send(AANBIEDER, lone_start())
    refused = call.send(AANBIEDER, b"no XML")
    call.client.get("/v1/mailbox")
    after = values(call.gateway)

    def more(name: str, **labels: str) -> float:
        return value(after, name, **labels) - value(before, name, **labels)

    assert more("iwmo_messages_received_total", soort="WMO305", copy="new") == 1
    assert more("iwmo_messages_received_total", soort="WMO305", copy="repeated") == 1
    assert more("iwmo_http_problems_total", code=refused.json()["code"]) == 1
    assert more("iwmo_http_problems_total", code="token") == 1
    assert more("iwmo_http_requests_total", method="POST", route="/v1/berichten", status="201") == 1
    assert more("iwmo_http_requests_total", method="POST", route="/v1/berichten", status="400") == 1
    assert more("iwmo_http_request_seconds_count", method="POST", route="/v1/berichten") == 3


def test_a_call_is_counted_by_its_route_and_never_by_its_path(call: Callers) -> None:
    for path in ("/v1/berichten/01970000-0000-7000-8000-000000000000", "/v1/mailbox/17", "/v1/nergens/999912008"):
        call.get(AANBIEDER, path)
    call.client.request("BREW", "/v1/mailbox", headers=call.headers(AANBIEDER))
    told = values(call.gateway)
    routes = {dict(labels)["route"] for name, labels in told if name == "iwmo_http_requests_total"}
    assert routes >= {"/v1/berichten/{message_id}", "/v1/mailbox/{nr}", "other"}
    assert not [route for route in routes if re.search(r"\d{2}", route)]
    assert "BREW" not in {dict(labels).get("method") for _, labels in told}


def test_an_answer_is_held_against_its_term(call: Callers) -> None:
    """A claim has ten working days, all else three; a party's own answer counts as ours."""

    def used() -> dict[str, list[float]]:
        told = values(call.gateway)
        return {
            soort: [value(told, "iwmo_answer_term_used_ratio_bucket", soort=soort, le=le) for le in LIMITS]
            for soort in ("WMO301", "WMO323")
        }

    before = used()
    set_answering(call.gateway, GEMEENTE, TODAY, itself=True)
    given = call.send(GEMEENTE, allocated(Terms())).json()
    assert given["status"] == "accepted"
    claimed = claim(Line())
    assert call.send(AANBIEDER, claimed).json()["retour"] is None
    # Five of ten working days later; and by a worker that comes years too late.
    said = call.send(GEMEENTE, answer(call.gateway, claimed), day("2023-03-08"))
    assert said.json()["status"] == "accepted", said.text
    call.send(GEMEENTE, allocated(Terms(nummer=700009), identificatie="LATER"), TODAY, Prefer="respond-async")
    assert judge_next(call.gateway, LATER) is not None
    grown = {soort: [now - then for now, then in zip(used()[soort], before[soort], strict=True)] for soort in before}
    assert grown == {"WMO301": [1, 1, 1, 2], "WMO323": [0, 1, 1, 1]}


def test_what_waits_is_told_by_status_and_size(call: Callers) -> None:
    call.send(AANBIEDER, lone_start(), TODAY, Prefer="respond-async")
    told = values(call.gateway, TODAY + timedelta(minutes=10))
    assert value(told, "iwmo_messages_waiting", status="received", size="small") == 1
    assert value(told, "iwmo_messages_waiting", status="received", size="large") == 0
    assert value(told, "iwmo_oldest_waiting_seconds", status="received", size="small") == 600
    assert ("iwmo_messages_waiting", frozenset({("status", "failed"), ("size", "large")})) in told


def test_mailboxes_tell_how_long_nobody_fetched(call: Callers) -> None:
    call.send(AANBIEDER, lone_start())
    now = datetime.now(TODAY.tzinfo)

    def unfetched(later: timedelta) -> dict[str, list[float]]:
        told = values(call.gateway, now + later)
        return {
            party: [value(told, "iwmo_mailbox_unfetched", party=party, age=age) for age in ("day", "week", "older")]
            for party in ("gemeente", "aanbieder")
        }

    assert unfetched(timedelta(hours=1)) == {"gemeente": [1, 0, 0], "aanbieder": [1, 0, 0]}
    assert unfetched(timedelta(days=2)) == {"gemeente": [0, 1, 0], "aanbieder": [0, 1, 0]}
    assert call.get(AANBIEDER, "/v1/mailbox/1").status_code == 200
    assert unfetched(timedelta(days=8)) == {"gemeente": [0, 0, 1], "aanbieder": [0, 0, 0]}
    call.put(GEMEENTE, "/v1/mailbox/1/acknowledged")
    assert unfetched(timedelta(days=8)) == {"gemeente": [0, 0, 0], "aanbieder": [0, 0, 0]}
    told = values(call.gateway, now + timedelta(days=8))
    assert value(told, "iwmo_mailbox_oldest_unfetched_seconds", party="gemeente") == 0


def test_answers_that_we_owe_are_told_by_their_term(call: Callers) -> None:
    call.send(AANBIEDER, claim(Line()), TODAY, Prefer="respond-async")
    call.send(AANBIEDER, lone_start(), TODAY, Prefer="respond-async")

    def owed(on: str) -> dict[str, list[float]]:
        told = values(call.gateway, day(on))
        return {
            kind: [value(told, "iwmo_answers_owed", kind=kind, due=due) for due in ("later", "soon", "late")]
            for kind in ("claim", "other")
        }

    # Received on Wednesday 1 March: three working days end on Monday the 6th, ten on Wednesday the 15th.
    later, soon, late = [1, 0, 0], [0, 1, 0], [0, 0, 1]
    assert owed("2023-03-02") == {"claim": later, "other": later}
    assert owed("2023-03-03") == {"claim": later, "other": soon}
    assert owed("2023-03-06") == {"claim": later, "other": soon}
    assert owed("2023-03-07") == {"claim": later, "other": late}
    assert owed("2023-03-13") == {"claim": later, "other": late}
    assert owed("2023-03-14") == {"claim": soon, "other": late}
    assert owed("2023-03-16") == {"claim": late, "other": late}


def test_a_replay_that_runs_is_told(call: Callers) -> None:
    row = {"id": "01970000-0000-7000-8000-000000000000", "created_at": TODAY, "actor": "x", "reason": "x"}
    with call.gateway.database.writing() as transaction:
        transaction.execute(replays.insert().values(**row, dry_run=False, force=False, status="running"))
    assert value(values(call.gateway), "iwmo_replays_running") == 1


def test_a_trail_that_is_not_sealed_is_told(call: Callers) -> None:
    call.get(AANBIEDER, "/v1/mailbox")
    now = datetime.now(TODAY.tzinfo) + timedelta(minutes=20)
    assert value(values(call.gateway, now), "iwmo_audit_oldest_unsealed_seconds") > 900
    seal(call.gateway, now)
    assert value(values(call.gateway, now), "iwmo_audit_oldest_unsealed_seconds") == 0


@pytest.fixture
def without_tables(tmp_path: Any) -> Iterator[Gateway]:
    settings = Settings(_env_file=None, database_url=f"sqlite:///{tmp_path / 'none.db'}", secret_key=SECRET)
    with closing(open_gateway(settings)) as gateway:
        yield gateway


def test_without_a_database_the_rest_is_told(without_tables: Gateway) -> None:
    told = values(without_tables)
    assert value(told, "iwmo_database_up") == 0
    assert ("iwmo_replays_running", frozenset()) not in told
    assert value(told, "iwmo_database_errors_total", kind="error") == 1
    assert value(told, "process_start_time_seconds") > 0


def test_errors_and_connections_of_the_database_are_told(gateway: Gateway) -> None:
    with pytest.raises(StoreBusy), gateway.database.writing():
        raise StoreBusy("A lock was not to be had in time")
    with gateway.database.reading():
        told = values(gateway)
    assert value(told, "iwmo_database_errors_total", kind="busy") == 1
    assert value(told, "iwmo_database_up") == 1
    assert value(told, "iwmo_database_connections", state="in_use") == 1


def test_however_often_it_is_read_the_database_is_asked_seldom(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(standing, "FRESH", timedelta(seconds=5))
    asked: list[str] = []
    event.listen(gateway.database.engine, "before_cursor_execute", lambda *about: asked.append(about[2]))
    exposition = Exposition(gateway)
    for seconds in (0, 1, 4.9):
        exposition.text(TODAY + timedelta(seconds=seconds))
    once = len(asked)
    assert 0 < once <= 8
    exposition.text(TODAY + timedelta(seconds=5))
    exposition.text(TODAY)  # the clock was set back
    assert len(asked) == 3 * once


def test_what_waits_is_found_by_indexes(call: Callers) -> None:
    """PostgreSQL decides by how much there is; docs/decisions/019 tells what it chooses among a million."""
    if not call.gateway.database.embedded:
        return
    asked: list[tuple[str, Any]] = []

    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        if statement.startswith("SELECT"):
            asked.append((statement, parameters))

    event.listen(call.gateway.database.engine, "before_cursor_execute", note)
    values(call.gateway)
    event.remove(call.gateway.database.engine, "before_cursor_execute", note)
    with call.gateway.database.reading() as transaction:
        steps = [
            step[-1]
            for statement, parameters in asked
            for step in transaction.connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
        ]
    assert len(asked) == 5
    assert [step for step in steps if step in WALKS] == []


def test_a_worker_tells_what_it_counts_on_a_port_of_its_own(settings: Settings) -> None:
    port = free_port()
    with closing(open_gateway(settings.model_copy(update={"worker_metrics_port": port}))) as gateway:
        with published(gateway):
            looked_for_work(TODAY)
            with urlopen(f"http://127.0.0.1:{port}/metrics") as page:
                told = page.read().decode()
            with pytest.raises(ConfigurationError, match="IWMO_WORKER_METRICS_PORT"), published(gateway):
                pass
        assert value(parsed(told), "iwmo_worker_last_look_timestamp_seconds") == TODAY.timestamp()
        assert "iwmo_judging_seconds" in told
        # What every process would tell alike is told by those that serve.
        assert "iwmo_messages_waiting" not in told
    with closing(open_gateway(settings)) as gateway, published(gateway):
        pass


def test_the_counters_name_kind_and_rule(call: Callers) -> None:
    labels = {"soort": "WMO305", "regel": "TR019", "actie": "reject"}
    before = value(values(call.gateway), "iwmo_findings_total", **labels)
    call.send(GEMEENTE, allocation())
    call.send(AANBIEDER, start(nummer=799999))
    assert value(values(call.gateway), "iwmo_findings_total", **labels) == before + 1
