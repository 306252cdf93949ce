"""The worker: takes up what waits, be it left by a process that died or meant for later."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime

import structlog

from iwmo_gateway.errors import GatewayError, StoreError
from iwmo_gateway.gateway.context import Gateway
from iwmo_gateway.gateway.waiting import judge_next

log = structlog.get_logger(__name__)

POLL_SECONDS = 1.0
"""How long the worker rests when nothing waits."""


def work(gateway: Gateway, stop: threading.Event, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
    """Judge what waits, oldest first, until told to stop. What is in hand then is finished first."""
    while not stop.is_set():
        try:
            found = judge_next(gateway, now())
        except StoreError as error:
            log.error("store_not_available", error=str(error))
            found = None
        except GatewayError as error:
            log.error("worker_fault", error=str(error))
            found = None
        if found is None:
            stop.wait(POLL_SECONDS)
        else:
            log.info("taken_up", message=found.message.id, status=found.message.status)
