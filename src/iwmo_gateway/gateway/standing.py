"""What waits, as the database has it: the same from every process on one database."""

import threading
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, time, timedelta
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
from iwmo_gateway.store import openstaand, reviews, watching
from iwmo_gateway.store.database import Transaction
from iwmo_gateway.store.messages import WAITS
from iwmo_gateway.store.openstaand import Stream
from iwmo_gateway.store.watching import Amount

FRESH = timedelta(seconds=5)
"""How long what the database said is said again: however often anyone asks, the database is asked this seldom."""
_DAY: Final = timedelta(days=1)
_LOOKED_BACK: Final = timedelta(days=60)
"""What is open for longer is for the report of what waits; it would make this question dearer every day."""
_STREAMS: Final[Mapping[Stream, tuple[str, Term]]] = {
    Stream.DECLARATIE_BEOORDELING: ("claim", terms.CLAIM),
    Stream.DECLARATIE_ANTWOORD: ("claim", terms.CLAIM),
    Stream.BEOORDELING: ("other", terms.RETURN),
    Stream.ANTWOORD: ("other", terms.RETURN),
}


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
        yield from _unjudged(watching.unjudged(transaction, self._gateway.settings.sync_limit_bytes), now)
        yield from _unfetched(watching.unfetched(transaction, now - _DAY, now - 7 * _DAY), now)
        yield _unanswered(transaction, now)
        in_time, overdue = reviews.counted(transaction, day_of(now))
        held = GaugeMetricFamily(
            "iwmo_reviews_waiting", "Claim lines that wait for their municipality", labels=["overdue"]
        )
        held.add_metric(["false"], in_time)
        held.add_metric(["true"], overdue)
        yield held
        running = watching.running_replays(transaction)
        yield GaugeMetricFamily("iwmo_replays_running", "Replays that are not finished", running)


def _unjudged(found: Mapping[tuple[str, str], Amount], now: datetime) -> Iterator[Metric]:
    labels = ["status", "size"]
    amount = GaugeMetricFamily("iwmo_messages_waiting", "Messages that wait with us, by status and size", labels=labels)
    oldest = GaugeMetricFamily("iwmo_oldest_waiting_seconds", "Age of the oldest that waits with us", labels=labels)
    for key in ((status, size) for status in sorted(WAITS) for size in ("large", "small")):
        waits = found.get(key, Amount(0, now))
        amount.add_metric([*key], waits.number)
        oldest.add_metric([*key], _age(waits, now))
    yield amount
    yield oldest


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
        oldest.add_metric([party], max(_age(waits, now) for waits in by_age.values()))
    yield amount
    yield oldest


def _unanswered(transaction: Transaction, now: datetime) -> Metric:
    """Messages of the last two months without an answer: who has to act, and whether their term ends."""
    today = day_of(now)
    counts = {
        (kind, turn, due): 0
        for kind in ("claim", "other")
        for turn in ("gateway", "party")
        for due in ("later", "soon", "late")
    }
    for stream, (kind, term) in _STREAMS.items():
        late, soon = term.latest(today - _DAY), term.latest(terms.add_working_days(today, 1))
        found = openstaand.counted(
            transaction, stream, today, first=now - _LOOKED_BACK, late=_end_of(late), soon=_end_of(soon)
        )
        for (turn, due), number in found.items():
            counts[kind, turn, due] += number
    told = GaugeMetricFamily(
        "iwmo_messages_unanswered",
        "Messages of the last 60 days without an answer: late, due today or on the next working day, or later",
        labels=["kind", "turn", "due"],
    )
    for labels, number in counts.items():
        told.add_metric([*labels], number)
    return told


def _end_of(day: date) -> datetime:
    return datetime.combine(day + _DAY, time(), AMSTERDAM)


def _age(waits: Amount, now: datetime) -> float:
    return max(0.0, (now - waits.oldest).total_seconds())
