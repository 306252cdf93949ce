"""Which faults are tried again, which tries count, and how long a message waits for the next one."""

import itertools
from datetime import UTC, datetime, timedelta
from random import Random

import pytest

from iwmo_gateway import worker
from iwmo_gateway.errors import (
    GatewayError,
    KeptUnreadable,
    RetourInvalid,
    RuleCrashed,
    StoreBusy,
    StoreConflict,
    StoreError,
    StoreFull,
    StoreUnavailable,
)
from iwmo_gateway.gateway.faults import FIRST, LONGEST, delay, fault_of
from iwmo_gateway.store.messages import Message, Status

NOW = datetime(2023, 3, 1, 12, tzinfo=UTC)
MOST = 5


def message(attempts: int) -> Message:
    return Message(
        id="01970000-0000-7000-8000-000000000000",
        domain="wmo",
        soort="WMO305",
        release="3.2",
        afzender="42420001",
        ontvanger="0384",
        identificatie="START01",
        dagtekening=None,
        digest=b"",
        size=0,
        received_at=NOW,
        status=Status.RECEIVED,
        attempts=attempts,
    )


@pytest.mark.parametrize("error", [RuleCrashed("TR019"), RetourInvalid("WMO306"), KeptUnreadable("x")])
def test_what_will_always_go_wrong_is_not_tried_again(error: GatewayError) -> None:
    assert fault_of(message(0), error, NOW, MOST).status is Status.FAILED


@pytest.mark.parametrize("error", [StoreUnavailable("away"), StoreFull("full"), StoreBusy("locked")])
def test_what_the_database_lacks_is_never_held_against_the_message(error: GatewayError) -> None:
    fault = fault_of(message(10 * MOST), error, NOW, MOST)
    assert (fault.status, fault.blameless) == (Status.RECEIVED, True)


@pytest.mark.parametrize("error", [StoreError("refused"), StoreConflict("another"), MemoryError(), ValueError("x")])
def test_what_may_be_the_doing_of_the_message_is_tried_a_bounded_number_of_times(error: Exception) -> None:
    said = [fault_of(message(attempts), error, NOW, MOST) for attempts in range(MOST + 1)]
    assert [fault.status for fault in said] == [Status.RECEIVED] * MOST + [Status.FAILED]
    assert not any(fault.blameless for fault in said)


def test_the_text_of_an_unforeseen_error_is_not_told() -> None:
    fault = fault_of(message(0), ValueError("999900006"), NOW, MOST)
    assert (fault.kind, fault.error) == ("ValueError", "ValueError")


def test_the_wait_doubles_up_to_its_longest() -> None:
    waits = [delay(faults, 0) for faults in range(12)]
    assert waits[0] == FIRST
    assert all(after == min(LONGEST, 2 * before) for before, after in itertools.pairwise(waits))
    assert waits[-1] == delay(10_000, 0) == LONGEST


def test_jitter_takes_off_up_to_a_half() -> None:
    chance = Random(6)  # noqa: S311
    waits = [delay(3, chance.random()) for _ in range(100)]
    assert FIRST * 4 <= min(waits) < FIRST * 5
    assert FIRST * 7 < max(waits) <= FIRST * 8
    assert delay(3, 0.5) == timedelta(seconds=12)


def test_a_worker_that_cannot_work_rests_longer_each_time() -> None:
    rests = [worker._rest(faults, 0) for faults in range(8)]
    assert rests == [1, 2, 4, 8, 16, 30, 30, 30]
    assert worker._rest(2, 1) == 2
