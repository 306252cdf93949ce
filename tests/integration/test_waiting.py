"""What waits is taken up, tried a bounded number of times, and never judged with another key."""

from dataclasses import replace
from datetime import timedelta
from threading import Event

import pytest
from structlog.testing import capture_logs

from iwmo_gateway import worker
from iwmo_gateway.errors import ConfigurationError
from iwmo_gateway.gateway.access import Caller
from iwmo_gateway.gateway.context import Gateway
from iwmo_gateway.gateway.keyring import Keyring
from iwmo_gateway.gateway.receive import Taken, receive
from iwmo_gateway.gateway.waiting import judge_next
from iwmo_gateway.store import messages
from iwmo_gateway.store.messages import Status
from iwmo_gateway.store.parties import TokenRole
from tests.cases import FIXTURES
from tests.conftest import TODAY

ALLOCATION = (FIXTURES / "vooraf" / "toewijzing-3.2.xml").read_bytes()
CALLER = Caller(TokenRole.PARTY, "0384", "0384", TODAY)


def kept(gateway: Gateway) -> str:
    """The id of a message that was kept and left for a worker."""
    taken = receive(gateway, CALLER, ALLOCATION, TODAY, later=True)
    assert isinstance(taken, Taken)
    return taken.result.message.id


def status_of(gateway: Gateway, message_id: str) -> tuple[Status, int]:
    with gateway.database.reading() as transaction:
        message = messages.by_id(transaction, message_id)
    assert message is not None
    return message.status, message.attempts


def test_what_was_left_for_later_is_judged_once(gateway: Gateway) -> None:
    identity = kept(gateway)
    result = judge_next(gateway, TODAY)
    assert result is not None
    assert (result.message.id, result.message.status) == (identity, Status.ACCEPTED)
    assert judge_next(gateway, TODAY + timedelta(days=1)) is None


def test_a_message_whose_processes_die_is_failed_in_the_end(gateway: Gateway) -> None:
    identity = kept(gateway)
    moment = TODAY
    for attempt in range(1, gateway.settings.max_attempts + 1):
        # A process takes it in hand and is never heard of again.
        with gateway.database.writing() as transaction:
            assert messages.take_waiting(transaction, moment, gateway.lease, timedelta(hours=1)) is not None
        assert status_of(gateway, identity) == (Status.RECEIVED, attempt)
        assert judge_next(gateway, moment) is None
        moment += gateway.lease
    result = judge_next(gateway, moment)
    assert result is not None
    assert result.message.status is Status.FAILED
    assert status_of(gateway, identity)[0] is Status.FAILED
    assert judge_next(gateway, moment + timedelta(days=1)) is None


def test_what_failed_still_holds_its_identification(gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    identity = kept(gateway)
    with gateway.database.writing() as transaction:
        message = messages.by_id(transaction, identity)
        assert message is not None
        messages.note_fault(transaction, message, "broken", attempts=3, retry_at=None)
    other = receive(gateway, CALLER, ALLOCATION.replace(b"700001", b"700009"), TODAY)
    assert isinstance(other, Taken)
    assert [finding.retourcode for finding in other.result.findings] == ["9056"]


def test_another_key_than_before_is_refused(gateway: Gateway) -> None:
    gateway.warm_up()
    gateway.warm_up()
    with pytest.raises(ConfigurationError, match="IWMO_SECRET_KEY"):
        replace(gateway, keyring=Keyring(lambda: {1: b"x" * 32})).warm_up()


def test_an_unforeseen_error_does_not_end_the_worker_nor_is_its_text_told(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    stop, calls = Event(), []

    def breaks(*_: object) -> None:
        calls.append(1)
        if len(calls) == 2:
            stop.set()
        raise ValueError("999900006")

    monkeypatch.setattr(worker, "judge_next", breaks)
    monkeypatch.setattr(worker, "POLL_SECONDS", 0)
    with capture_logs() as logs:
        worker.work(gateway, stop)
    assert [entry["error"] for entry in logs] == ["ValueError", "ValueError"]
