"""Retention: how long the bytes of messages are kept after the care that they are about, and taking them away."""

import calendar
import tomllib
from dataclasses import dataclass
from datetime import date, datetime, time
from pathlib import Path
from typing import Any, Final

from iwmo_gateway.errors import ConfigurationError
from iwmo_gateway.gateway.context import Gateway
from iwmo_gateway.standard.days import AMSTERDAM, day_of
from iwmo_gateway.store import retention
from iwmo_gateway.store.messages import Status
from iwmo_gateway.store.retention import Old

_KEYS: Final = {"soorten", "statussen", "maanden"}


@dataclass(frozen=True, slots=True)
class Termijn:
    """How many months messages are kept; of every kind or status where none is named. Kinds without domain: 301."""

    maanden: int
    soorten: frozenset[str] = frozenset()
    statussen: frozenset[str] = frozenset()

    def fits(self, old: Old) -> bool:
        """Whether it is about this message."""
        kind = not self.soorten or old.soort[-3:] in self.soorten
        return kind and (not self.statussen or old.status in self.statussen)


@dataclass(slots=True)
class Purged:
    """What went, or would go, of one kind and status."""

    berichten: int
    bytes: int
    oudste: date


def termijnen(path: Path | None) -> tuple[Termijn, ...]:
    """The terms in a file, the first that fits counts.

    Raises ConfigurationError where there is none, or it cannot be used.
    """
    if path is None:
        raise ConfigurationError("Set IWMO_RETENTION to a file of terms: without it everything is kept")
    try:
        entries = tomllib.loads(path.read_text(encoding="utf-8")).get("termijn", [])
    except (OSError, ValueError) as error:
        raise ConfigurationError(f"IWMO_RETENTION: {path} cannot be read: {type(error).__name__}") from None
    if not isinstance(entries, list) or not entries:
        raise ConfigurationError(f"IWMO_RETENTION: {path} has no [[termijn]]")
    return tuple(_termijn(path, nr, entry) for nr, entry in enumerate(entries, 1))


def purge(gateway: Gateway, actor: str, now: datetime, *, dry_run: bool) -> dict[tuple[str, str], Purged]:
    """Take away what was kept for its term, oldest first, some at a time: what went, by kind and status.

    The term begins with the last day of the allocations that a message belongs to, or with its receipt if that is
    later. What belongs to an allocation without an end stays.
    """
    terms = termijnen(gateway.settings.retention)
    today = day_of(now)
    shortest = _before(today, min(term.maanden for term in terms))
    first_kept = datetime.combine(shortest, time.max, AMSTERDAM)
    found: dict[tuple[str, str], Purged] = {}
    after: str | None = None
    while True:
        with gateway.database.writing() if not dry_run else gateway.database.reading() as transaction:
            old = retention.received_before(transaction, first_kept, after)
            ends = retention.ends_of(transaction, [one.id for one in old])
            due = [one for one in old if _due(terms, one, ends.get(one.id, date.min), today)]
            if due and not dry_run:
                retention.purge(transaction, [one.id for one in due], actor, now)
        if not old:
            return found
        after = old[-1].id
        for one in due:
            _count(found, one)


def _due(terms: tuple[Termijn, ...], old: Old, end: date | None, today: date) -> bool:
    term = next((term for term in terms if term.fits(old)), None)
    return term is not None and end is not None and max(day_of(old.received_at), end) <= _before(today, term.maanden)


def _count(found: dict[tuple[str, str], Purged], old: Old) -> None:
    day = day_of(old.received_at)
    sums = found.setdefault((old.soort, old.status), Purged(0, 0, day))
    sums.berichten, sums.bytes, sums.oudste = sums.berichten + 1, sums.bytes + old.size, min(sums.oudste, day)


def _before(day: date, months: int) -> date:
    """The same day so many months ago, or the last of that month."""
    years, month = divmod(day.year * 12 + day.month - 1 - months, 12)
    return date(years, month + 1, min(day.day, calendar.monthrange(years, month + 1)[1]))


def _termijn(path: Path, nr: int, entry: Any) -> Termijn:
    wrong = f"IWMO_RETENTION: {path}: termijn {nr} "
    if not isinstance(entry, dict) or entry.keys() - _KEYS:
        raise ConfigurationError(f"{wrong}has something else than soorten, statussen and maanden")
    months = entry.get("maanden")
    if not isinstance(months, int) or isinstance(months, bool) or not 1 <= months <= 1200:
        raise ConfigurationError(f"{wrong}needs maanden: a whole number from 1 to 1200")
    kinds, statuses = (entry.get(name, []) for name in ("soorten", "statussen"))
    if not isinstance(kinds, list) or not all(isinstance(kind, str) and kind.isdigit() for kind in kinds):
        raise ConfigurationError(f'{wrong}has soorten that are no list of kinds such as "301"')
    if not isinstance(statuses, list) or not set(statuses) <= {status.value for status in Status}:
        raise ConfigurationError(f"{wrong}has statussen that are no list of statuses")
    return Termijn(months, frozenset(kinds), frozenset(statuses))
