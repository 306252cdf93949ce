"""The worker: takes up what waits, be it left by a process that died or meant for later; seals the audit trail."""

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


def work(gateway: Gateway, stop: threading.Event, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
    """Judge what waits, oldest first, until told to stop. What is in hand then is finished first."""
    seal_at = now()
    while not stop.is_set():
        try:
            if now() >= seal_at:
                seal_at = now() + SEAL_EVERY
                seal(gateway, now())
            found = judge_next(gateway, now())
        except Exception as error:
            # An attempt is counted before it is made, so that no message can hold up the others for ever. The text
            # of an unforeseen error may hold values of a message.
            said = f"{type(error).__name__}: {error}" if isinstance(error, GatewayError) else type(error).__name__
            log.error("worker_fault", error=said)
            found = None
        if found is None:
            stop.wait(POLL_SECONDS)
        else:
            log.info("taken_up", message=found.message.id, status=found.message.status)


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
