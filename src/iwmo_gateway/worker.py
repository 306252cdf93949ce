"""The worker: takes up what waits, be it left by a process that died or meant for later; seals the audit trail."""

import random
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import structlog

from iwmo_gateway.errors import GatewayError
from iwmo_gateway.gateway.context import Gateway
from iwmo_gateway.gateway.sealing import SEAL_EVERY, seal
from iwmo_gateway.gateway.waiting import judge_next

log = structlog.get_logger(__name__)

POLL_SECONDS = 1.0
"""How long the worker rests when nothing waits."""
LONGEST_REST_SECONDS = 30.0
"""How long it rests at most when it cannot work, as during an outage of the database."""


def work(gateway: Gateway, stop: threading.Event, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
    """Judge what waits, oldest first, until told to stop. What is in hand then is finished first.

    As long as it cannot, it looks less and less often.
    """
    faults, seal_at = 0, now()
    while not stop.is_set():
        try:
            if now() >= seal_at:
                seal_at = now() + SEAL_EVERY
                seal(gateway, now())
            found = judge_next(gateway, now())
            faults = 0
        except Exception as error:
            # An attempt is counted before it is made, so that no message can hold up the others for ever. The text
            # of an unforeseen error may hold values of a message.
            said = f"{type(error).__name__}: {error}" if isinstance(error, GatewayError) else type(error).__name__
            log.error("worker_fault", error=said)
            stop.wait(_rest(faults, random.random()))  # noqa: S311 spreads workers, guards nothing
            faults += 1
            continue
        if found is None:
            stop.wait(POLL_SECONDS)
        else:
            log.info("taken_up", message=found.message.id, status=found.message.status)


def _rest(faults: int, jitter: float) -> float:
    """Seconds to rest after so many faults in a row before: they double, less up to a half of them by `jitter`."""
    doubled: int = 2 ** min(faults, 10)
    return min(LONGEST_REST_SECONDS, POLL_SECONDS * doubled) * (1 - jitter / 2)


@contextmanager
def working_beside(gateway: Gateway) -> Iterator[None]:
    """On an embedded database the serving process works by itself: no other may write to it at the same time."""
    stop = threading.Event()
    thread = threading.Thread(target=work, args=(gateway, stop), name="worker", daemon=True)
    if gateway.database.embedded:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        if thread.is_alive():
            thread.join(gateway.settings.lease_seconds)
