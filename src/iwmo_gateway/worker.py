"""The worker: takes up what waits, be it left by a process that died or meant for later; seals the audit trail."""

import gc
import os
import random
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Final

import structlog
from prometheus_client import CollectorRegistry, start_http_server

from iwmo_gateway.errors import ConfigurationError, GatewayError
from iwmo_gateway.gateway.context import Gateway
from iwmo_gateway.gateway.metrics import OfProcess, looked_for_work
from iwmo_gateway.gateway.replaying import replay_next
from iwmo_gateway.gateway.results import Result
from iwmo_gateway.gateway.sealing import SEAL_EVERY, seal
from iwmo_gateway.gateway.waiting import judge_next, large_waits

log = structlog.get_logger(__name__)

POLL_SECONDS = 1.0
"""How long the worker rests when nothing waits."""
LONGEST_REST_SECONDS = 30.0
"""How long it rests at most when it cannot work, as during an outage of the database."""
_ALL_THAT_WAITS: Final = (sys.executable, "-c", "from iwmo_gateway.cli import run; run()", "worker", "--until-idle")
_WATCH_SECONDS: Final = 0.2
_LIVE: Final = 50_000
"""How many objects are made before the garbage collector looks: a message of 30,000 lines is no garbage."""


def spare_collector() -> None:
    """Have the garbage collector look less often, and never at what the process started with."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(_LIVE, 20, 50)


def work(
    gateway: Gateway,
    stop: threading.Event,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
    *,
    until_idle: bool = False,
    judge: Callable[[Gateway, datetime], Result | None] | None = None,
) -> None:
    """Judge what waits, oldest first, until told to stop; with `until_idle` until nothing waits.

    What is in hand then is finished first. As long as it cannot, it looks less and less often.
    """
    faults, seal_at = 0, now()
    while not stop.is_set():
        looked_for_work(now())
        try:
            if now() >= seal_at:
                gateway.follow_keys()
                seal_at = now() + SEAL_EVERY
                seal(gateway, now())
            found = (judge or judge_next)(gateway, now())
            replayed = replay_next(gateway, now) if found is None else None
            faults = 0
        except Exception as error:
            # An attempt is counted before it is made, so that no message can hold up the others for ever. The text
            # of an unforeseen error may hold values of a message.
            said = f"{type(error).__name__}: {error}" if isinstance(error, GatewayError) else type(error).__name__
            log.error("worker_fault", error=said)
            stop.wait(_rest(faults, random.random()))  # noqa: S311 spreads workers, guards nothing
            faults += 1
            continue
        if found is not None:
            message = found.message
            log.info("taken_up", message=message.id, status=message.status, request=message.request)
        elif replayed is not None:
            log.info("replayed", replay=replayed.replay, message=replayed.message, outcome=replayed.outcome)
        elif until_idle:
            return
        else:
            stop.wait(POLL_SECONDS)


def _rest(faults: int, jitter: float) -> float:
    """Seconds to rest after so many faults in a row before: they double, less up to a half of them by `jitter`."""
    doubled: int = 2 ** min(faults, 10)
    return min(LONGEST_REST_SECONDS, POLL_SECONDS * doubled) * (1 - jitter / 2)


@contextmanager
def working_beside(gateway: Gateway) -> Iterator[None]:
    """On an embedded database the serving process works by itself: small messages in a thread of its own."""
    stop = threading.Event()

    def judge(gateway: Gateway, now: datetime) -> Result | None:
        if large_waits(gateway, now):
            _judge_beside(gateway, stop)
        # What such a process could not do is done here.
        return judge_next(gateway, now)

    thread = threading.Thread(target=work, args=(gateway, stop), kwargs={"judge": judge}, name="worker", daemon=True)
    if gateway.database.embedded:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        if thread.is_alive():
            thread.join(gateway.settings.lease_seconds)


def _judge_beside(gateway: Gateway, stop: threading.Event) -> None:
    """Have a process of its own judge what waits, and wait for it.

    Neither its Python nor its memory is in the way of calls, and it ends by itself, also where this process is killed.
    """
    process = subprocess.Popen(  # noqa: S603 this program itself
        _ALL_THAT_WAITS, env=os.environ | gateway.settings.as_environment(), stdin=subprocess.DEVNULL
    )
    log.info("worker_started", pid=process.pid)
    while process.poll() is None:
        if stop.wait(_WATCH_SECONDS):
            process.terminate()
            process.wait()
    log.info("worker_ended", pid=process.pid, code=process.returncode)


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
