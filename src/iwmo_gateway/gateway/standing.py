"""What waits, as the database has it: the same from every process on one database."""

import threading
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from itertools import product
from typing import Final

from prometheus_client import generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from iwmo_gateway.contract import terms
from iwmo_gateway.contract.terms import Term
from iwmo_gateway.errors import StoreError
from iwmo_gateway.gateway.context import Gateway
from iwmo_gateway.gateway.metrics import OfProcess
from iwmo_gateway.standard.days import AMSTERDAM, day_of
from iwmo_gateway.store import reviews, watching
from iwmo_gateway.store.database import Transaction
from iwmo_gateway.store.messages import WAITS
from iwmo_gateway.store.watching import Amount, Limits, Unjudged

FRESH = timedelta(seconds=5)
"""How long what the database said is said again: however often anyone asks, the database is asked this seldom."""
_DAY: Final = timedelta(days=1)
_DUE: Final = ("late", "soon", "later")


class Exposition:
    """What a gateway tells Prometheus: what this process counts, and what waits in the database."""

    def __init__(self, gateway: Gateway) -> None:
        self._of_process = OfProcess(gateway)
        self._standing = _Standing(gateway)

    def text(self, now: datetime) -> bytes:
        """All of it in Prometheus' text format; what waits is at most some seconds old."""
        self._standing.refresh(now)
        return generate_latest(self._of_process) + generate_latest(self._standing)


class _Standing(Collector):
    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._lock = threading.Lock()
        self._asked_at = datetime.min.replace(tzinfo=UTC)
        self._said: tuple[Metric, ...] = ()

    def refresh(self, now: datetime) -> None:
        """Ask the database again, if that is long enough ago; a caller who comes meanwhile waits for the answer."""
        with self._lock:
            if timedelta() <= now - self._asked_at < FRESH:
                return
            try:
                with self._gateway.database.reading() as transaction:
                    said = [*self._ask(transaction, now)]
                up = 1
            except StoreError:
                said, up = [], 0
            told = GaugeMetricFamily("iwmo_database_up", "Whether the database could tell what waits", up)
            self._said, self._asked_at = (told, *said), now

    def collect(self) -> Iterator[Metric]:
        yield from self._said

    def _ask(self, transaction: Transaction, now: datetime) -> Iterator[Metric]:
        today = day_of(now)
        tomorrow = terms.add_working_days(today, 1)
        limits = {term: limits_of(term, today, tomorrow) for term in (terms.CLAIM, terms.RETURN)}
        large = self._gateway.settings.sync_limit_bytes
        yield from _unjudged(watching.unjudged(transaction, large, limits[terms.CLAIM], limits[terms.RETURN]), now)
        yield from _unfetched(watching.unfetched(transaction, now - _DAY, now - 7 * _DAY), now)
        lines = reviews.counted(transaction, today, tomorrow)
        held = GaugeMetricFamily("iwmo_reviews_waiting", "Claim lines that wait for their municipality", labels=["due"])
        for due in _DUE:
            held.add_metric([due], lines.get(due, 0))
        yield held
        unsealed = watching.oldest_unsealed(transaction)
        yield GaugeMetricFamily(
            "iwmo_audit_oldest_unsealed_seconds",
            "Age of the oldest row of the audit trail that is not sealed",
            _age(unsealed, now) if unsealed else 0,
        )
        running = watching.running_replays(transaction)
        yield GaugeMetricFamily("iwmo_replays_running", "Replays that run", running)


def limits_of(term: Term, today: date, tomorrow: date) -> Limits:
    """Before which moments a message came whose term is over, or ends today or on the next working day."""
    return Limits(late=_end_of(term.latest(today - _DAY)), soon=_end_of(term.latest(tomorrow)))


def _unjudged(found: Sequence[Unjudged], now: datetime) -> Iterator[Metric]:
    labels = ["status", "size"]
    amount = GaugeMetricFamily("iwmo_messages_waiting", "Messages that wait with us, by status and size", labels=labels)
    oldest = GaugeMetricFamily("iwmo_oldest_waiting_seconds", "Age of the oldest that waits with us", labels=labels)
    for status, size in product(sorted(WAITS), ("large", "small")):
        these = [one for one in found if (one.status, one.volume) == (status, size)]
        amount.add_metric([status, size], sum(one.number for one in these))
        oldest.add_metric([status, size], max((_age(one.oldest, now) for one in these), default=0))
    owed = GaugeMetricFamily(
        "iwmo_answers_owed",
        "Messages that wait with us by the term of their answer: over, ending by the next working day, or later",
        labels=["kind", "due"],
    )
    for kind, due in product(("claim", "other"), _DUE):
        owed.add_metric([kind, due], sum(one.number for one in found if (one.kind, one.due) == (kind, due)))
    yield amount
    yield oldest
    yield owed


def _unfetched(found: Mapping[tuple[str, str], Amount], now: datetime) -> Iterator[Metric]:
    amount = GaugeMetricFamily(
        "iwmo_mailbox_unfetched", "Messages in mailboxes that nobody fetched, by age", labels=["party", "age"]
    )
    oldest = GaugeMetricFamily(
        "iwmo_mailbox_oldest_unfetched_seconds", "Age of the oldest message that nobody fetched", labels=["party"]
    )
    for party in ("aanbieder", "gemeente"):
        by_age = {age: found.get((party, age), Amount(0, now)) for age in ("day", "week", "older")}
        for age, waits in by_age.items():
            amount.add_metric([party, age], waits.number)
        oldest.add_metric([party], max(_age(waits.oldest, now) for waits in by_age.values()))
    yield amount
    yield oldest


def _end_of(day: date) -> datetime:
    return datetime.combine(day + _DAY, time(), AMSTERDAM)


def _age(oldest: datetime, now: datetime) -> float:
    return max(0.0, (now - oldest).total_seconds())
