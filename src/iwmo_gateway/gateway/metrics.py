"""What this process counts and times, for an operator's questions. No label ever holds a value of a message."""

from collections.abc import Iterable, Iterator
from datetime import date, datetime
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Histogram, disable_created_metrics
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector

from iwmo_gateway import __version__
from iwmo_gateway.contract import terms
from iwmo_gateway.gateway.context import Gateway
from iwmo_gateway.gateway.faults import Fault
from iwmo_gateway.rules.engine import Finding
from iwmo_gateway.standard.days import day_of
from iwmo_gateway.standard.kinds import SOORTEN
from iwmo_gateway.store.messages import Message

# When each series began would be one series more of each, and the start of the process tells it well enough.
disable_created_metrics()  # type: ignore[no-untyped-call]
REGISTRY: Final = CollectorRegistry()
CLAIMS: Final = frozenset({"303", "323"})
"""The kinds of message that are answered within the term of a claim; all others within that of a return message."""

_RECEIVED: Final = Counter(
    "iwmo_messages_received", "Messages taken, by kind: new, or the same bytes again", ["soort", "copy"],
    registry=REGISTRY,
)  # fmt: skip
_JUDGED: Final = Counter(
    "iwmo_messages_judged", "Messages judged, by kind and outcome", ["soort", "status"], registry=REGISTRY
)
_FINDINGS: Final = Counter(
    "iwmo_findings", "Findings, by kind of message, rule and what they do", ["soort", "regel", "actie"],
    registry=REGISTRY,
)  # fmt: skip
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
_TERM_USED: Final = Histogram(
    "iwmo_answer_term_used_ratio",
    "Working days from receipt to answer against those of its term, by kind of message; above 1 is late",
    ["soort"],
    registry=REGISTRY,
    buckets=(0, 0.25, 0.5, 0.75, 1, 1.5, 2),
)
_PROBLEMS: Final = Counter(
    "iwmo_http_problems", "Problems given as an answer, by their code", ["code"], registry=REGISTRY
)
_CALLS: Final = Counter(
    "iwmo_http_requests", "HTTP calls, by route and status", ["method", "route", "status"], registry=REGISTRY
)
_CALL_SECONDS: Final = Histogram(
    "iwmo_http_request_seconds",
    "Duration of HTTP calls, by route",
    ["method", "route"],
    registry=REGISTRY,
    buckets=(0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5, 30),
)
ProcessCollector(registry=REGISTRY)
for _soort in {soort.code for soort in SOORTEN.values() if not soort.is_answer}:
    # There from the start: of a series that begins with 1 Prometheus does not see that it grew.
    _TERM_USED.labels(_soort)

_looked: dict[str, float] = {}


def count_received(message: Message, *, repeated: bool) -> None:
    """One message that was taken."""
    _RECEIVED.labels(message.soort, "repeated" if repeated else "new").inc()


def count_fault(fault: Fault) -> None:
    """One fault of ours."""
    _FAULTS.labels(fault.kind, fault.status).inc()


def count(message: Message, found: Iterable[Finding], seconds: float) -> None:
    """One judging of one message."""
    _JUDGED.labels(message.soort, message.status).inc()
    _SECONDS.labels(message.soort).observe(seconds)
    for finding in found:
        _FINDINGS.labels(message.soort, finding.regel, finding.actie).inc()


def count_answer(message: Message, answered_on: date) -> None:
    """One return message, ours or its receiver's, to a message."""
    term = terms.CLAIM if message.soort[-3:] in CLAIMS else terms.RETURN
    took = terms.working_days_between(day_of(message.received_at), answered_on)
    _TERM_USED.labels(message.soort).observe(took / term.days)


def count_failed_authentication() -> None:
    """One call with a token that nobody holds, or that is not good any more."""
    _FAILED.inc()


def count_limited() -> None:
    """One call that was refused because there were too many with its token."""
    _LIMITED.inc()


def count_problem(code: str) -> None:
    """One call, or one message of several in a call, that ended in a problem."""
    _PROBLEMS.labels(code).inc()


def count_call(method: str, route: str, status: str, seconds: float) -> None:
    """One HTTP call. `route` is the path as it is documented, never as it was called."""
    _CALLS.labels(method, route, status).inc()
    _CALL_SECONDS.labels(method, route).observe(seconds)


def looked_for_work(now: datetime) -> None:
    """The worker in this process is alive, and looks for what waits."""
    _looked["at"] = now.timestamp()


class OfProcess(Collector):
    """All that one process knows by itself, without asking the database."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway

    def collect(self) -> Iterator[Metric]:
        """Everything that was counted since the start, and the connections of this moment."""
        yield from REGISTRY.collect()
        build = GaugeMetricFamily("iwmo_build_info", "The version that runs", labels=["version"])
        build.add_metric([__version__], 1)
        errors = CounterMetricFamily("iwmo_database_errors", "What the database refused or failed", labels=["kind"])
        for kind, number in self._gateway.database.errors.items():
            errors.add_metric([kind], number)
        connections = GaugeMetricFamily("iwmo_database_connections", "Connections of this process", labels=["state"])
        for state, number in self._gateway.database.connections.items():
            connections.add_metric([state], number)
        yield build
        yield errors
        yield connections
        if "at" in _looked:
            yield GaugeMetricFamily(
                "iwmo_worker_last_look_timestamp_seconds", "When the worker last looked for work", _looked["at"]
            )
