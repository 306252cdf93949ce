"""The worker: takes up what waits, be it left by a process that died or meant for later."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import structlog
from prometheus_client import CollectorRegistry, start_http_server

from iwmo_gateway.errors import ConfigurationError, GatewayError
from iwmo_gateway.gateway.context import Gateway
from iwmo_gateway.gateway.metrics import OfProcess, looked_for_work
from iwmo_gateway.gateway.waiting import judge_next

log = structlog.get_logger(__name__)

POLL_SECONDS = 1.0
"""How long the worker rests when nothing waits."""


def work(gateway: Gateway, stop: threading.Event, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
    """Judge what waits, oldest first, until told to stop. What is in hand then is finished first."""
    while not stop.is_set():
        looked_for_work(now())
        try:
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
            message = found.message
            log.info("taken_up", message=message.id, status=message.status, request=message.request)


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


@contextmanager
def published(gateway: Gateway) -> Iterator[None]:
    """Let Prometheus read what this process counts, on a port of its own, if the settings name one.

    Raises ConfigurationError for a port that cannot be had.
    """
    settings = gateway.settings
    if settings.worker_metrics_port is None:
        yield
        return
    registry = CollectorRegistry()
    registry.register(OfProcess(gateway))
    try:
        server, thread = start_http_server(settings.worker_metrics_port, settings.host, registry)
    except OSError as error:
        raise ConfigurationError(f"IWMO_WORKER_METRICS_PORT: {error.strerror}") from None
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
