"""What is counted and timed, for an operator's questions. No label ever holds a value of a message."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from iwmo_gateway.gateway.context import Gateway
from iwmo_gateway.gateway.faults import Fault
from iwmo_gateway.rules.engine import Finding
from iwmo_gateway.standard.days import day_of
from iwmo_gateway.store import messages, reviews
from iwmo_gateway.store.messages import Message

REGISTRY: Final = CollectorRegistry()

_JUDGED: Final = Counter(
    "iwmo_messages_judged", "Messages judged, by kind and outcome", ["soort", "status"], registry=REGISTRY
)
_FINDINGS: Final = Counter("iwmo_findings", "Findings, by rule and what they do", ["regel", "actie"], registry=REGISTRY)
_FAILED: Final = Counter("iwmo_failed_authentications", "Calls with a token that is not good", registry=REGISTRY)
_LIMITED: Final = Counter("iwmo_calls_limited", "Calls beyond the limit of their token", registry=REGISTRY)
_SECONDS: Final = Histogram(
    "iwmo_judging_seconds",
    "Time from having the bytes kept to having the answer stored",
    ["soort"],
    registry=REGISTRY,
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5, 30),
)
_FAULTS: Final = Counter(
    "iwmo_faults", "Faults of ours while judging, by kind and what becomes of the message", ["kind", "status"],
    registry=REGISTRY,
)  # fmt: skip


def count_fault(fault: Fault) -> None:
    """One fault of ours."""
    _FAULTS.labels(fault.kind, fault.status).inc()


def count(message: Message, found: Iterable[Finding], seconds: float) -> None:
    """One judging of one message."""
    _JUDGED.labels(message.soort, message.status).inc()
    _SECONDS.labels(message.soort).observe(seconds)
    for finding in found:
        _FINDINGS.labels(finding.regel, finding.actie).inc()


def count_failed_authentication() -> None:
    """One call with a token that nobody holds, or that is not good any more."""
    _FAILED.inc()


def count_limited() -> None:
    """One call that was refused because there were too many with its token."""
    _LIMITED.inc()


def exposition(gateway: Gateway, now: datetime) -> bytes:
    """All of it in Prometheus' text format, with what waits in the store at this moment."""
    waiting = CollectorRegistry()
    waiting.register(_Waiting(gateway, now))
    return generate_latest(REGISTRY) + generate_latest(waiting)


class _Waiting(Collector):
    def __init__(self, gateway: Gateway, now: datetime) -> None:
        self._gateway = gateway
        self._now = now

    def collect(self) -> Iterator[Metric]:
        with self._gateway.database.reading() as transaction:
            waiting = messages.waiting(transaction)
            in_time, overdue = reviews.counted(transaction, day_of(self._now))
        amount = GaugeMetricFamily("iwmo_messages_waiting", "Messages that wait, by status", labels=["status"])
        oldest = GaugeMetricFamily("iwmo_oldest_waiting_seconds", "Age of the oldest that waits", labels=["status"])
        for status in sorted(messages.WAITS):
            number, since = waiting.get(status, (0, self._now))
            amount.add_metric([status], number)
            oldest.add_metric([status], max(0.0, (self._now - since).total_seconds()))
        held = GaugeMetricFamily(
            "iwmo_reviews_waiting", "Claim lines that wait for their municipality", labels=["overdue"]
        )
        held.add_metric(["false"], in_time)
        held.add_metric(["true"], overdue)
        yield amount
        yield oldest
        yield held
