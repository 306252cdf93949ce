"""What goes wrong with the gateway or its database costs no message: it is kept, judged once, and answered once."""

import asyncio
import secrets
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from threading import Event
from typing import Any

import pytest
from sqlalchemy import event, select, text, update

from iwmo_gateway import worker
from iwmo_gateway.errors import RuleCrashed, StoreUnavailable
from iwmo_gateway.gateway import faults, judging
from iwmo_gateway.gateway.access import Caller
from iwmo_gateway.gateway.context import Gateway
from iwmo_gateway.gateway.keyring import Keyring
from iwmo_gateway.gateway.receive import Taken, receive
from iwmo_gateway.gateway.results import Result
from iwmo_gateway.gateway.waiting import judge_next
from iwmo_gateway.store import mailbox, messages
from iwmo_gateway.store.database import Database, Transaction
from iwmo_gateway.store.messages import Status
from iwmo_gateway.store.parties import TokenRole
from iwmo_gateway.store.tables import messages as table
from iwmo_gateway.web.app import EveryAnswer
from tests.conftest import TODAY, Callers
from tests.integration.test_http_builders import (
    AANBIEDER,
    GEMEENTE,
    LATER,
    Standing,
    lone_start,
    standing,
)

DAY = timedelta(days=1)
AHEAD = 2 * faults.LONGEST
"""Further ahead than this no lease holds."""


# --- the connection -------------------------------------------------------------------------------------------------


def test_a_message_whose_connection_is_lost_before_it_is_kept_is_refused_and_taken_when_it_is_repeated(
    call: Callers, monkeypatch: pytest.MonkeyPatch
) -> None:
    with cut_at(monkeypatch, call.gateway, messages, "insert_events"):
        answer = call.send(AANBIEDER, lone_start())
    assert (answer.status_code, answer.json()["code"]) == (503, "niet-beschikbaar")
    assert int(answer.headers["retry-after"]) > 0
    again = call.send(AANBIEDER, lone_start())
    assert (again.status_code, again.json()["status"]) == (201, "accepted")
    assert_judged_once(call)


@pytest.mark.parametrize("place", ["insert_judgement", "deliver"])
def test_a_message_whose_connection_is_lost_while_it_is_judged_is_judged_by_a_worker(
    call: Callers, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    with cut_at(monkeypatch, call.gateway, mailbox if place == "deliver" else messages, place):
        answer = call.send(AANBIEDER, lone_start())
    assert (answer.status_code, answer.json()["status"]) == (202, "received")
    assert "StoreUnavailable" in str(fout(call, answer.json()["id"]))
    assert_judged_by_a_worker(call, answer.json()["id"])


def test_a_message_that_was_kept_though_the_answer_of_the_database_was_lost_is_one_message(
    call: Callers, monkeypatch: pytest.MonkeyPatch
) -> None:
    call.headers(AANBIEDER)
    with losing_the_commit(monkeypatch, call.gateway, 1):
        assert call.send(AANBIEDER, lone_start()).status_code == 503
    again = call.send(AANBIEDER, lone_start())
    assert (again.status_code, again.json()["status"]) == (200, "received")
    assert_judged_by_a_worker(call, again.json()["id"])
    assert call.send(AANBIEDER, lone_start()).json()["status"] == "accepted"


def test_a_judgement_that_was_kept_though_the_answer_of_the_database_was_lost_is_the_result(
    call: Callers, monkeypatch: pytest.MonkeyPatch
) -> None:
    call.headers(AANBIEDER)
    with losing_the_commit(monkeypatch, call.gateway, 2):
        answer = call.send(AANBIEDER, lone_start())
    assert (answer.status_code, answer.json()["status"]) == (201, "accepted")
    assert_judged_once(call)


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_server_that_may_not_be_written_to_any_more_is_left(call: Callers) -> None:
    """As after a fail-over, when a connection still leads to the former primary."""
    database = call.gateway.database
    call.headers(AANBIEDER)
    with database.reading() as transaction:
        transaction.execute(text("SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY"))
    assert call.send(AANBIEDER, lone_start()).status_code == 503
    assert call.send(AANBIEDER, lone_start()).json()["status"] == "accepted"
    assert_judged_once(call)


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
@pytest.mark.parametrize(
    ("setting", "value"), [("lock_timeout", "5s"), ("idle_in_transaction_session_timeout", "5min")]
)
def test_a_process_that_stands_still_does_not_hold_up_the_others_for_ever(
    gateway: Gateway, setting: str, value: str
) -> None:
    with gateway.database.reading() as transaction:
        assert transaction.scalar(text(f"SHOW {setting}")) == value


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_what_the_url_says_of_a_connection_goes_before_what_the_gateway_asks(database_url: str) -> None:
    url = f"{database_url}&options=-c%20lock_timeout%3D7s"
    with closing(Database(url)) as database, database.reading() as transaction:
        assert transaction.scalar(text("SHOW lock_timeout")) == "7s"


# --- the disk -------------------------------------------------------------------------------------------------------


def test_a_full_disk_loses_nothing_and_readyz_tells_it(call: Callers, monkeypatch: pytest.MonkeyPatch) -> None:
    # Kept bytes are compressed; of these little is left out.
    large = lone_start() + f"<!-- {secrets.token_hex(100_000)} -->".encode()
    call.headers(AANBIEDER)
    with full_disk(call.gateway, "messages"):
        answer = call.send(AANBIEDER, large)
        assert (answer.status_code, answer.json()["code"]) == (503, "niet-beschikbaar")
        said = call.client.get("/readyz")
        assert (said.status_code, said.json()) == (503, {"status": "database full"})
    assert call.send(AANBIEDER, large).json()["status"] == "accepted"
    monkeypatch.setattr(Database, "full", property(lambda _: False))  # as half a minute later
    assert call.client.get("/readyz").status_code == 200


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_an_outage_uses_up_no_tries_however_long_it_lasts(gateway: Gateway) -> None:
    moment, identity = TODAY, kept(gateway)
    with full_disk(gateway, "judgements"):
        for _ in range(3 * gateway.settings.max_attempts):
            result = judge_next(gateway, moment)
            assert result is not None
            assert result.message.status is Status.RECEIVED
            assert state_of(gateway, identity).attempts == 0
            assert judge_next(gateway, moment) is None
            moment += faults.LONGEST
    result = judge_next(gateway, moment)
    assert result is not None
    assert result.message.status is Status.ACCEPTED


def test_nor_does_one_in_which_nothing_can_be_written_down(gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    moment, identity = TODAY, kept(gateway)
    assess = judging.assess
    for _ in range(3 * gateway.settings.max_attempts):

        def and_then_it_is_gone(*arguments: Any) -> Any:
            monkeypatch.setattr(gateway.database, "writing", away)
            return assess(*arguments)

        with monkeypatch.context() as patched:
            patched.setattr(judging, "assess", and_then_it_is_gone)
            result = judge_next(gateway, moment)
        assert result is not None
        assert result.message.status is Status.RECEIVED
        with pytest.raises(StoreUnavailable):
            judge_next(gateway, moment)
        monkeypatch.delattr(gateway.database, "writing")
        moment += faults.LONGEST + gateway.lease
    judge_next(gateway, moment)
    result = judge_next(gateway, moment + faults.LONGEST)
    assert state_of(gateway, identity).status is Status.ACCEPTED
    assert state_of(gateway, identity).attempts == 1
    assert not gateway.unkept


def test_the_worker_outlives_an_outage(gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    identity = kept(gateway)
    rests: list[float | None] = []

    class Stop(Event):
        def wait(self, timeout: float | None = None) -> bool:
            rests.append(timeout)
            if len(rests) == 6:
                monkeypatch.delattr(gateway.database, "writing")
            if state_of(gateway, identity).status is not Status.RECEIVED:
                self.set()
            return self.is_set()

    stop = Stop()
    monkeypatch.setattr(gateway.database, "writing", away)
    worker.work(gateway, stop, lambda: LATER)
    assert state_of(gateway, identity).status is Status.ACCEPTED
    during = rests[:6]
    assert all(0.5 * 2**nr <= (rest or 0) <= 2**nr for nr, rest in enumerate(during[:5]))
    assert all(rest is not None and rest <= worker.LONGEST_REST_SECONDS for rest in during)


# --- poison ---------------------------------------------------------------------------------------------------------


def test_a_rule_that_crashes_fails_its_message_at_once_and_only_that(
    call: Callers, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(judging, "assess", raising(RuleCrashed("TR019 crashed")))
        answer = call.send(AANBIEDER, lone_start())
    identity = answer.json()["id"]
    assert (answer.status_code, answer.json()["status"], answer.json()["fout"]) == (202, "failed", None)
    assert fout(call, identity) == "RuleCrashed: TR019 crashed"
    assert call.get(AANBIEDER, f"/v1/berichten/{identity}").json()["fout"] is None
    assert judge_next(call.gateway, LATER) is None
    assert call.send(AANBIEDER, lone_start("START02")).json()["status"] == "accepted"
    assert 'iwmo_faults_total{kind="RuleCrashed",status="failed"}' in call.client.get("/metrics").text


def test_a_message_that_always_goes_wrong_is_tried_ever_later_and_failed_in_the_end_and_holds_up_no_other(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    poison, other = kept(gateway, "START01", TODAY - DAY), kept(gateway, "START02")
    assess = judging.assess

    def assess_or_die(known: Gateway, document: Any) -> Any:
        if document.kop.identificatie == "START01":
            raise MemoryError
        return assess(known, document)

    monkeypatch.setattr(judging, "assess", assess_or_die)
    waits, moment = [], TODAY
    for _ in range(gateway.settings.max_attempts):
        result = judge_next(gateway, moment)
        assert result is not None
        assert (result.message.id, result.message.error) == (poison, "MemoryError")
        second = judge_next(gateway, moment)
        assert second is None or second.message.id == other
        again_at = lease_of(gateway, poison)
        waits.append(again_at - moment if again_at else None)
        moment = again_at or moment
    assert state_of(gateway, other).status is Status.ACCEPTED
    assert state_of(gateway, poison).status is Status.FAILED
    assert waits[-1] is None
    for nr, wait in enumerate(waits[:-1]):
        assert wait is not None
        assert faults.delay(nr, 1) <= wait <= faults.delay(nr, 0)
    assert judge_next(gateway, moment + DAY) is None


# --- clocks ---------------------------------------------------------------------------------------------------------


def test_a_message_that_a_clock_far_ahead_has_leased_does_not_wait_for_that_day(gateway: Gateway) -> None:
    identity = kept(gateway)
    with gateway.database.writing() as transaction:
        assert messages.take_waiting(transaction, TODAY + DAY, gateway.lease, AHEAD) is not None
    result = judge_next(gateway, TODAY)
    assert result is not None
    assert (result.message.id, result.message.status) == (identity, Status.ACCEPTED)


def test_a_lease_holds_where_clocks_differ_a_little(gateway: Gateway) -> None:
    kept(gateway)
    with gateway.database.writing() as transaction:
        assert messages.take_waiting(transaction, TODAY + timedelta(minutes=1), gateway.lease, AHEAD) is not None
    assert judge_next(gateway, TODAY) is None


@pytest.mark.parametrize("jump", [-DAY, DAY])
def test_a_worker_whose_clock_is_wrong_doubles_nothing(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch, jump: timedelta
) -> None:
    """It takes up what another has in hand: both judge, and one verdict counts."""
    identity, assess = kept(gateway), judging.assess
    others: list[Result | None] = []

    def meanwhile(*arguments: Any) -> Any:
        monkeypatch.setattr(judging, "assess", assess)
        others.append(judge_next(gateway, TODAY + jump))
        return assess(*arguments)

    monkeypatch.setattr(judging, "assess", meanwhile)
    result = judge_next(gateway, TODAY)
    assert result is not None
    assert [other and other.judgement for other in others] == [result.judgement]
    assert state_of(gateway, identity).judgements == 1


def test_a_verdict_that_comes_after_its_message_was_given_up_counts(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    identity, assess = kept(gateway), judging.assess

    def meanwhile(*arguments: Any) -> Any:
        with gateway.database.writing() as transaction:
            transaction.execute(update(table).values(attempts=gateway.settings.max_attempts))
        given_up = judge_next(gateway, TODAY + DAY)
        assert given_up is not None
        assert given_up.message.status is Status.FAILED
        return assess(*arguments)

    monkeypatch.setattr(judging, "assess", meanwhile)
    result = judge_next(gateway, TODAY)
    assert result is not None
    assert result.message.status is Status.ACCEPTED
    assert state_of(gateway, identity).error is None


def test_a_fault_of_a_process_that_is_too_late_leaves_the_lease_of_the_one_that_took_over(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    identity = kept(gateway)

    def meanwhile(*_: Any) -> Any:
        with gateway.database.writing() as transaction:
            assert messages.take_waiting(transaction, TODAY + DAY, gateway.lease, AHEAD) is not None
        raise MemoryError

    monkeypatch.setattr(judging, "assess", meanwhile)
    judge_next(gateway, TODAY)
    assert lease_of(gateway, identity) == TODAY + DAY + gateway.lease
    assert state_of(gateway, identity).attempts == 2


# --- readyz ---------------------------------------------------------------------------------------------------------


def test_readyz_tells_a_database_that_cannot_be_written_to(call: Callers, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(call.gateway.database, "writing", away)
    answer = call.client.get("/readyz")
    assert (answer.status_code, answer.json()) == (503, {"status": "database not available"})


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_readyz_tells_a_database_that_only_reads(call: Callers) -> None:
    engine = call.gateway.database.engine

    @event.listens_for(engine, "checkout")
    def only_reading(connection: Any, *_: Any) -> None:
        connection.execute("SET default_transaction_read_only = on")

    assert call.client.get("/readyz").json() == {"status": "database not available"}
    event.remove(engine, "checkout", only_reading)
    assert call.client.get("/readyz").json() == {"status": "ok"}


def test_readyz_tells_another_key(call: Callers) -> None:
    call.gateway.warm_up()
    assert call.client.get("/readyz").status_code == 200
    other = replace(call.gateway, keyring=Keyring(lambda: {1: b"x" * 32}))
    call.client.app.state.gateway = other  # type: ignore[attr-defined]
    answer = call.client.get("/readyz")
    assert (answer.status_code, answer.json()["status"]) == (503, "another key than the database was filled with")


def test_a_process_that_stops_says_so_and_holds_no_call_that_waits(
    call: Callers, monkeypatch: pytest.MonkeyPatch
) -> None:
    call.client.app.state.stopping.set()  # type: ignore[attr-defined]
    answer = call.client.get("/readyz")
    assert (answer.status_code, answer.json()) == (503, {"status": "shutting down"})
    monkeypatch.setattr(asyncio, "sleep", raising(AssertionError("it waits")))
    assert call.get(GEMEENTE, "/v1/mailbox?wait=30").json()["berichten"] == []
    assert call.send(AANBIEDER, lone_start()).status_code == 201


def test_a_call_that_the_end_of_its_server_cuts_off_is_told_to_come_again() -> None:
    sent: list[Any] = []

    async def cut_off(*_: Any) -> None:
        raise asyncio.CancelledError

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "POST", "path": "/v1/berichten", "headers": [], "scheme": "http"}
    with pytest.raises(asyncio.CancelledError):
        asyncio.run(EveryAnswer(cut_off)(scope, cut_off, send))
    assert sent[0]["status"] == 503
    assert b"retry-after" in dict(sent[0]["headers"])


# --- what these tests share -----------------------------------------------------------------------------------------


def kept(gateway: Gateway, identificatie: str = "START01", at: datetime = TODAY) -> str:
    """The id of a message that was kept and left for a worker."""
    caller = Caller(TokenRole.PARTY, AANBIEDER, AANBIEDER, at)
    taken = receive(gateway, caller, lone_start(identificatie), TODAY, later=True)
    assert isinstance(taken, Taken)
    return taken.result.message.id


def state_of(gateway: Gateway, identity: str) -> messages.Message:
    with gateway.database.reading() as transaction:
        message = messages.by_id(transaction, identity)
    assert message is not None
    return message


def lease_of(gateway: Gateway, identity: str) -> datetime | None:
    with gateway.database.reading() as transaction:
        return transaction.scalar(select(table.c.lease_until).where(table.c.id == identity))


def fout(call: Callers, identity: str) -> object:
    """What an operator is told to be wrong."""
    return call.get("operator", f"/v1/berichten/{identity}").json()["fout"]


def assert_judged_by_a_worker(call: Callers, identity: str) -> None:
    assert judge_next(call.gateway, LATER) is not None
    assert state_of(call.gateway, identity).status is Status.ACCEPTED
    assert fout(call, identity) is None
    assert_judged_once(call)


def assert_judged_once(call: Callers) -> None:
    """There is one message of the provider, with one judgement, in both mailboxes once."""
    left: Standing = standing(call)
    assert [(status, nr) for _, status, nr in left.berichten if nr] == [("accepted", 1)]
    assert sorted(party for party, _, _ in left.mailboxes) == sorted([GEMEENTE, AANBIEDER])


def raising(error: Exception) -> Callable[..., Any]:
    def broken(*_: Any, **__: Any) -> Any:
        raise error

    return broken


@contextmanager
def away() -> Iterator[Transaction]:
    """In place of a transaction while there is no database."""
    raise StoreUnavailable("The database is away")
    yield


@contextmanager
def cut_at(monkeypatch: pytest.MonkeyPatch, gateway: Gateway, module: object, name: str) -> Iterator[None]:
    """When the gateway comes by here, its connection is lost: on PostgreSQL really, and all others as well."""
    real = getattr(module, name)

    def cut(transaction: Transaction, *arguments: Any) -> Any:
        if gateway.database.embedded:
            raise StoreUnavailable("cut")
        with closing(Database(gateway.settings.database_url)) as database, database.reading() as other:
            other.execute(
                text(
                    "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
                    " WHERE datname = current_database() AND pid <> pg_backend_pid()"
                )
            )
        return real(transaction, *arguments)

    with monkeypatch.context() as patched:
        patched.setattr(module, name, cut)
        yield


@contextmanager
def losing_the_commit(monkeypatch: pytest.MonkeyPatch, gateway: Gateway, number: int) -> Iterator[None]:
    """The transaction of this number that writes is committed, and nobody is told."""
    writing, count = gateway.database.writing, 0

    @contextmanager
    def lost() -> Iterator[Transaction]:
        nonlocal count
        count += 1
        mine = count
        with writing() as transaction:
            yield transaction
        if mine == number:
            raise StoreUnavailable("The connection was lost")

    with monkeypatch.context() as patched:
        patched.setattr(gateway.database, "writing", lost)
        yield


@contextmanager
def full_disk(gateway: Gateway, name: str) -> Iterator[None]:
    """No row can be added to this table: SQLite gets no page more, PostgreSQL says what it says of a full disk."""
    if gateway.database.embedded:

        @event.listens_for(gateway.database.engine, "begin")
        def no_page_more(connection: Any) -> None:
            connection.exec_driver_sql("PRAGMA max_page_count = 1")

        yield
        event.remove(gateway.database.engine, "begin", no_page_more)
        with gateway.database.reading() as transaction:
            transaction.connection.exec_driver_sql("PRAGMA max_page_count = 1073741823")
        return
    with gateway.database.writing() as transaction:
        transaction.connection.exec_driver_sql(
            "CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql"
            " AS $$ BEGIN RAISE EXCEPTION USING ERRCODE = 'disk_full'; END $$"
        )
        transaction.connection.exec_driver_sql(
            f"CREATE TRIGGER full_disk BEFORE INSERT ON {name} FOR EACH ROW EXECUTE FUNCTION full_disk()"
        )
    yield
    with gateway.database.writing() as transaction:
        transaction.connection.exec_driver_sql("DROP FUNCTION full_disk CASCADE")
