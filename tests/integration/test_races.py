"""What many do at once ends as if each had come after the other."""

import secrets
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as NotYet
from contextlib import ExitStack, closing, contextmanager, suppress
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from threading import Barrier, BrokenBarrierError, Event
from typing import Any, TypeVar

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import ColumnElement, Table, func, select, text

from iwmo_gateway.gateway import judging, replay, replaying
from iwmo_gateway.gateway import mailbox as mailboxes
from iwmo_gateway.gateway import results as kept_results
from iwmo_gateway.gateway.access import Caller
from iwmo_gateway.gateway.context import Gateway, open_gateway
from iwmo_gateway.gateway.receive import Taken, receive
from iwmo_gateway.gateway.replay import Wish
from iwmo_gateway.gateway.results import Result
from iwmo_gateway.gateway.waiting import judge_next
from iwmo_gateway.settings import Settings
from iwmo_gateway.store import database as databases
from iwmo_gateway.store import facts
from iwmo_gateway.store import mailbox as stored_mailbox
from iwmo_gateway.store import messages as stored
from iwmo_gateway.store.database import Database
from iwmo_gateway.store.messages import Status
from iwmo_gateway.store.parties import TokenRole
from iwmo_gateway.store.replays import Replay
from iwmo_gateway.store.tables import judgements, mailbox, messages, starts, toewijzing_versies
from iwmo_gateway.web.app import create_app
from tests.cases import FIXTURES, noon
from tests.conftest import TODAY, Callers

T = TypeVar("T")

GEMEENTE, AANBIEDER, ANDERE_AANBIEDER = "0384", "42420001", "65656055"
TOEWIJZING = (FIXTURES / "vooraf" / "toewijzing-3.2.xml").read_bytes()
START = (FIXTURES / "vooraf" / "start-3.2.xml").read_bytes()
MANY = 8
PATIENCE = 60
LATER = TODAY + timedelta(hours=1)


# --- one message, many times ----------------------------------------------------------------------------------------


def test_the_same_bytes_sent_by_many_at_once_are_one_message_judged_and_answered_once(
    gateway: Gateway,
) -> None:
    taken = at_once(MANY, lambda _: send(gateway, GEMEENTE, TOEWIJZING))

    assert [one.repeated for one in taken].count(False) == 1
    assert len({one.result.message.id for one in taken}) == 1
    assert {one.result.message.status for one in taken} <= {Status.RECEIVED, Status.ACCEPTED}
    again = send(gateway, GEMEENTE, TOEWIJZING)
    assert (again.repeated, again.result.message.status) == (True, Status.ACCEPTED)
    assert made(gateway) == {"messages": 1, "judgements": 1, "answers": 1, "delivered": 2}
    assert count(gateway, toewijzing_versies) == 2


def test_the_same_bytes_under_a_used_identification_are_one_message_too(gateway: Gateway) -> None:
    send(gateway, GEMEENTE, TOEWIJZING)
    other = TOEWIJZING.replace(b"7000", b"7100")
    taken = at_once(MANY, lambda _: send(gateway, GEMEENTE, other))

    assert len({one.result.message.id for one in taken}) == 1
    found = results(gateway, GEMEENTE, taken)
    assert {result.message.status for result in found} == {Status.REJECTED}
    assert made(gateway) == {"messages": 2, "judgements": 2, "answers": 2, "delivered": 3}


def test_a_refused_message_repeated_by_many_at_once_once_it_is_right_is_accepted_once(gateway: Gateway) -> None:
    assert send(gateway, AANBIEDER, START).result.message.status is Status.REJECTED
    assert send(gateway, GEMEENTE, TOEWIJZING).result.message.status is Status.ACCEPTED
    taken = at_once(MANY, lambda _: send(gateway, AANBIEDER, START))

    assert {one.result.message.status for one in taken} == {Status.ACCEPTED}
    assert {one.result.judgement.nr for one in taken if one.result.judgement} == {2}
    assert made(gateway) == {"messages": 2, "judgements": 3, "answers": 3, "delivered": 5}
    assert count(gateway, starts) == 1


def replayed(gateway: Gateway, message_id: str, *, force: bool = False) -> Replay:
    """A message, judged again by an operator."""
    operator = Caller(TokenRole.OPERATOR, None, "operator:test", TODAY)
    made = replay.by_ids(gateway, operator, [message_id], Wish("een wedloop", force=force))
    replaying.run(gateway, made, lambda: TODAY)
    return replay.progress(gateway, made, TODAY).replay


def test_an_approval_is_not_taken_back_by_a_replay_that_began_before_it(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The replay judges by the first moment of receipt, at which the message was dated in the future (TR135)."""
    send(gateway, GEMEENTE, TOEWIJZING, at=noon(date(2023, 1, 26)))
    refused = send(gateway, AANBIEDER, START, at=noon(date(2023, 2, 1))).result
    assert codes(refused) == {"8848"}

    def repeated_meanwhile(*arguments: Any) -> Result:
        assert send(gateway, AANBIEDER, START).result.message.status is Status.ACCEPTED
        return judging.process(*arguments)

    monkeypatch.setattr(replaying, "process", repeated_meanwhile)
    replayed(gateway, refused.message.id, force=True)

    (now,) = results(gateway, AANBIEDER, [Taken(refused, repeated=True)])
    assert (now.message.status, now.message.judgements, now.message.forwarded) == (Status.ACCEPTED, 2, True)
    assert count(gateway, starts) == 1
    assert kinds_waiting(gateway, AANBIEDER) == ["WMO301", "WMO306"]


# --- one number, many messages --------------------------------------------------------------------------------------


def test_of_many_different_messages_with_one_identification_one_counts(gateway: Gateway) -> None:
    bodies = [TOEWIJZING.replace(b"7000", b"71%02d" % nr) for nr in range(MANY)]
    taken = at_once(MANY, lambda nr: send(gateway, GEMEENTE, bodies[nr]))

    assert len({one.result.message.id for one in taken}) == MANY
    found = results(gateway, GEMEENTE, taken)
    assert sorted(result.message.status for result in found) == ["accepted"] + ["rejected"] * (MANY - 1)
    assert [codes(result) for result in found if result.message.status is Status.REJECTED] == [{"9056"}] * (MANY - 1)
    assert made(gateway) == {"messages": MANY, "judgements": MANY, "answers": MANY, "delivered": MANY + 1}
    assert count(gateway, toewijzing_versies) == 2


def test_of_two_allocations_with_one_number_to_two_providers_one_counts(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = TOEWIJZING.replace(b"V32-01", b"V32-91").replace(AANBIEDER.encode(), ANDERE_AANBIEDER.encode())
    both_come_to(monkeypatch, facts, "load_historie")
    taken = at_once(2, lambda nr: send(gateway, GEMEENTE, (TOEWIJZING, other)[nr]))

    won, lost = sorted(results(gateway, GEMEENTE, taken), key=lambda result: result.message.status)
    assert (won.message.status, lost.message.status) == (Status.ACCEPTED, Status.REJECTED)
    assert codes(lost) == {"9332"}
    assert made(gateway) == {"messages": 2, "judgements": 2, "answers": 2, "delivered": 3}
    assert count(gateway, toewijzing_versies) == 2
    assert kinds_waiting(gateway, won.message.ontvanger or "") == ["WMO301"]
    assert kinds_waiting(gateway, lost.message.ontvanger or "") == []


@pytest.mark.parametrize(("begindatum", "expected"), [(b"2023-02-13", {"9326"}), (b"2023-02-06", {"9074", "9326"})])
def test_of_two_starts_of_one_allocation_one_counts(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch, begindatum: bytes, expected: set[str]
) -> None:
    send(gateway, GEMEENTE, TOEWIJZING)
    other = START.replace(b"V32-03", b"V32-93").replace(b"2023-02-06", begindatum)
    both_come_to(monkeypatch, judging, "assess")
    taken = at_once(2, lambda nr: send(gateway, AANBIEDER, (START, other)[nr]))

    won, lost = sorted(results(gateway, AANBIEDER, taken), key=lambda result: result.message.status)
    assert (won.message.status, lost.message.status) == (Status.ACCEPTED, Status.REJECTED)
    assert codes(lost) == expected
    assert count(gateway, starts) == 1
    assert kinds_waiting(gateway, GEMEENTE) == ["WMO302", "WMO305"]


def test_no_number_appears_in_a_mailbox_behind_one_that_was_already_there(gateway: Gateway) -> None:
    at_once(MANY, lambda nr: send(gateway, GEMEENTE, allocation(nr)))

    for party in (GEMEENTE, AANBIEDER):
        entries = mailboxes.waiting(gateway, party, after=0, limit=100)
        assert [entry.nr for entry in entries] == list(range(1, MANY + 1))
        assert len({entry.message for entry in entries}) == MANY


def test_a_number_in_a_mailbox_is_given_out_only_when_the_one_before_it_can_be_read(gateway: Gateway) -> None:
    kept = [send(gateway, GEMEENTE, allocation(nr), later=True).result.message.id for nr in range(2)]

    def numbers() -> list[int]:
        return [entry.nr for entry in mailboxes.waiting(gateway, AANBIEDER, after=0, limit=100)]

    def second() -> None:
        with gateway.database.writing() as transaction:
            stored_mailbox.deliver(transaction, [(AANBIEDER, kept[1], None)], TODAY)

    with ThreadPoolExecutor(1) as thread:
        with gateway.database.writing() as transaction:
            stored_mailbox.deliver(transaction, [(AANBIEDER, kept[0], None)], TODAY)
            other = thread.submit(second)
            with pytest.raises(NotYet):
                other.result(timeout=0.5)
            assert numbers() == []
        other.result(PATIENCE)
    assert numbers() == [1, 2]


# --- workers --------------------------------------------------------------------------------------------------------


def test_workers_side_by_side_judge_everything_that_waits_and_nothing_twice(gateway: Gateway) -> None:
    waits = [send(gateway, GEMEENTE, allocation(nr), later=True).result.message.id for nr in range(12)]
    by_worker = at_once(4, lambda _: list(iter(lambda: judge_next(gateway, LATER), None)))
    judged = [result for one in by_worker for result in one if result is not None]

    assert sorted(result.message.id for result in judged) == sorted(waits)
    assert {result.message.status for result in judged} == {Status.ACCEPTED}
    assert made(gateway) == {"messages": 12, "judgements": 12, "answers": 12, "delivered": 24}


def test_a_worker_that_took_longer_than_its_lease_gets_the_judgement_of_the_one_that_took_over(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    send(gateway, GEMEENTE, TOEWIJZING, later=True)
    in_hand, go_on, assess = Event(), Event(), judging.assess

    def slow(*arguments: Any) -> Any:
        monkeypatch.setattr(judging, "assess", assess)
        in_hand.set()
        assert go_on.wait(PATIENCE)
        return assess(*arguments)

    monkeypatch.setattr(judging, "assess", slow)
    with in_a_thread(lambda: judge_next(gateway, LATER)) as slow_worker:
        assert in_hand.wait(PATIENCE)
        assert judge_next(gateway, LATER) is None
        taken_over = judge_next(gateway, LATER + gateway.lease + timedelta(seconds=1))
        go_on.set()

    assert taken_over is not None
    assert taken_over.message.status is Status.ACCEPTED
    too_late = slow_worker.result(PATIENCE)
    assert too_late is not None
    assert too_late.judgement == taken_over.judgement
    assert made(gateway) == {"messages": 1, "judgements": 1, "answers": 1, "delivered": 2}


def test_a_message_whose_lock_is_not_to_be_had_is_kept_and_judged_by_a_worker_afterwards(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(databases, "LOCK_SECONDS", 1)
    with ExitStack() as stack:
        gateway = stack.enter_context(closing(open_gateway(settings)))
        other = stack.enter_context(closing(Database(settings.database_url)))
        client = stack.enter_context(TestClient(create_app(gateway), raise_server_exceptions=False))
        call = Callers(gateway, client)
        call.headers(GEMEENTE)

        with ExitStack() as another, monkeypatch.context() as patched:
            assess = judging.assess

            def assess_while_another_takes_the_lock(*arguments: Any) -> Any:
                transaction = another.enter_context(other.writing())
                other.lock(transaction, "wmo", GEMEENTE, AANBIEDER)
                transaction.scalar(text("SELECT 1"))  # which waits until the lock is there
                return assess(*arguments)

            patched.setattr(judging, "assess", assess_while_another_takes_the_lock)
            answer = call.send(GEMEENTE, TOEWIJZING)
        assert (answer.status_code, answer.json()["status"]) == (202, "received")
        assert made(gateway) == {"messages": 1, "judgements": 0, "answers": 0, "delivered": 0}

        judged = judge_next(gateway, datetime.now(UTC) + 2 * gateway.lease)
        assert judged is not None
        assert (judged.message.id, judged.message.status) == (answer.json()["id"], Status.ACCEPTED)
        assert made(gateway) == {"messages": 1, "judgements": 1, "answers": 1, "delivered": 2}


# --- answers --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("way", ["mailbox", "message", "retour"])
def test_an_answer_that_was_read_while_it_was_being_replaced_is_not_taken_back_unnoticed(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    refused = send(gateway, AANBIEDER, START).result
    assert refused.judgement is not None
    old = refused.judgement.retour or ""
    send(gateway, GEMEENTE, TOEWIJZING)
    reader = Caller(TokenRole.PARTY, AANBIEDER, AANBIEDER, TODAY)
    read: dict[str, Callable[[], object]] = {
        "mailbox": lambda: mailboxes.fetch(gateway, reader, AANBIEDER, 1),
        "message": lambda: kept_results.xml(gateway, reader, old),
        "retour": lambda: kept_results.retour_xml(gateway, reader, refused.message.id),
    }
    xml_of = stored.xml_of
    with ThreadPoolExecutor(1) as thread:
        replays: list[Future[Any]] = []

        def replayed_meanwhile(*arguments: Any) -> bytes:
            body = xml_of(*arguments)
            if not replays:
                replays.append(thread.submit(replayed, gateway, refused.message.id))
                with suppress(NotYet):
                    replays[0].result(timeout=1)
            return body

        monkeypatch.setattr(stored, "xml_of", replayed_meanwhile)
        handed_out = read[way]()
    assert replays[0].result().finished_at is not None

    newer = [entry for entry in mailboxes.waiting(gateway, AANBIEDER, after=1, limit=100) if entry.soort == "WMO306"]
    if handed_out is not None and newer:
        assert [entry.replaces for entry in newer] == [old]


def test_only_the_newest_answer_waits_even_where_the_clocks_of_two_servers_differ(gateway: Gateway) -> None:
    """A start without an allocation, received before its own date (TR135) or after it (TR019), by turns."""
    too_early, in_time = noon(date(2023, 2, 1)), noon(date(2023, 2, 8))
    said = []
    for received_at, seconds in ((in_time, 0), (too_early, 10), (in_time, 5), (too_early, 20)):
        caller = Caller(TokenRole.PARTY, AANBIEDER, AANBIEDER, TODAY + timedelta(seconds=seconds))
        taken = receive(gateway, caller, START, received_at)
        assert isinstance(taken, Taken)
        said.append(codes(taken.result))

    assert said == [{"9019"}, {"8848"}, {"9019"}, {"8848"}]
    assert kinds_waiting(gateway, AANBIEDER) == ["WMO306"]


# --- processes ------------------------------------------------------------------------------------------------------


def test_two_processes_that_start_at_once_beside_a_new_embedded_database_use_one_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = Settings(_env_file=None, database_url=f"sqlite:///{tmp_path / 'iwmo.db'}")
    token_bytes = secrets.token_bytes
    keys: list[bytes] = []

    def while_another_starts(number: int) -> bytes:
        monkeypatch.setattr(secrets, "token_bytes", token_bytes)
        with closing(open_gateway(settings)) as other:
            keys.append(other.keyring.proof(1))
        return token_bytes(number)

    monkeypatch.setattr(secrets, "token_bytes", while_another_starts)
    with closing(open_gateway(settings)) as gateway:
        keys.append(gateway.keyring.proof(1))
    assert len(keys) == 2
    assert len(set(keys)) == 1


# --- what these tests share -----------------------------------------------------------------------------------------


def send(gateway: Gateway, party: str, body: bytes, at: datetime = TODAY, *, later: bool = False) -> Taken:
    """What the gateway makes of a message from this party."""
    taken = receive(gateway, Caller(TokenRole.PARTY, party, party, at), body, at, later=later)
    assert isinstance(taken, Taken)
    return taken


def allocation(nr: int) -> bytes:
    """One of many allocations that have nothing to do with each other."""
    return TOEWIJZING.replace(b"V32-01", b"V32-1%02d" % nr).replace(b"7000", b"71%02d" % nr)


def at_once(number: int, call: Callable[[int], T]) -> list[T]:
    """Call it in so many threads, which all begin together; what each of them got, in their order."""
    start = Barrier(number)

    def begin(nr: int) -> T:
        start.wait(PATIENCE)
        return call(nr)

    with ThreadPoolExecutor(number) as threads:
        return list(threads.map(begin, range(number)))


def both_come_to(monkeypatch: pytest.MonkeyPatch, module: object, name: str) -> None:
    """Two threads get to the end of this function before either goes on, if the database lets them."""
    meet, real = Barrier(2), getattr(module, name)

    def and_meet(*arguments: Any, **named: Any) -> Any:
        found = real(*arguments, **named)
        with suppress(BrokenBarrierError):
            meet.wait(0.5)
        return found

    monkeypatch.setattr(module, name, and_meet)


@contextmanager
def in_a_thread(call: Callable[[], T]) -> Iterator["Future[T]"]:
    """Call it beside the block."""
    with ThreadPoolExecutor(1) as thread:
        yield thread.submit(call)


def results(gateway: Gateway, party: str, taken: Sequence[Taken]) -> list[Result]:
    """The results as they are now."""
    caller = Caller(TokenRole.PARTY, party, party, TODAY)
    found = [kept_results.find(gateway, caller, one.result.message.id) for one in taken]
    return [result for result in found if result is not None]


def codes(result: Result) -> set[str | None]:
    return {finding.retourcode for finding in result.findings}


def kinds_waiting(gateway: Gateway, party: str) -> list[str]:
    return [entry.soort for entry in mailboxes.waiting(gateway, party, after=0, limit=100)]


def made(gateway: Gateway) -> dict[str, int]:
    """How many messages came in, and what judging has made of them."""
    return {
        "messages": count(gateway, messages, messages.c.own.is_(False)),
        "judgements": count(gateway, judgements),
        "answers": count(gateway, messages, messages.c.own),
        "delivered": count(gateway, mailbox),
    }


def count(gateway: Gateway, table: Table, *conditions: ColumnElement[bool]) -> int:
    with gateway.database.reading() as transaction:
        return transaction.execute(select(func.count()).select_from(table).where(*conditions)).scalar_one()
