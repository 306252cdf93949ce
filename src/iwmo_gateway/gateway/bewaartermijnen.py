"""How long what is kept: terms by kind and status, read from a file. First the bytes of a message go, facts later."""

import calendar
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Final

from iwmo_gateway.errors import ConfigurationError
from iwmo_gateway.standard.kinds import SOORTEN
from iwmo_gateway.store.messages import Status

_KEYS: Final = {"soorten", "statussen", "maanden"}
_TABLES: Final = {"termijn", "feiten"}


@dataclass(frozen=True, slots=True)
class Termijn:
    """How many months messages are kept; of every kind or status where none is named. Kinds without domain: 301."""

    maanden: int
    soorten: frozenset[str] = frozenset()
    statussen: frozenset[str] = frozenset()

    def fits(self, soort: str, status: str) -> bool:
        """Whether it is about messages of this kind and status."""
        kind = not self.soorten or soort[-3:] in self.soorten
        return kind and (not self.statussen or status in self.statussen)


WETTELIJK: Final = Termijn(15 * 12)
"""How long facts are kept where the file says nothing: Wmo 2015, article 5.3.4."""


@dataclass(frozen=True, slots=True)
class Termijnen:
    """The terms of the bytes and of the facts; of each the first that fits counts. One of facts always does."""

    inhoud: tuple[Termijn, ...]
    feiten: tuple[Termijn, ...] = (WETTELIJK,)


def until(terms: Iterable[Termijn], soort: str, status: str, day: date) -> date | None:
    """The first day on which what is kept from `day` on goes; None where no term fits."""
    term = next((term for term in terms if term.fits(soort, status)), None)
    return None if term is None else _after(day, term.maanden)


def shortest(terms: Iterable[Termijn], today: date) -> date:
    """The last day from which a term can be over today."""
    return _before(today, min(term.maanden for term in terms))


def termijnen(path: Path | None) -> Termijnen:
    """The terms in a file.

    Raises ConfigurationError where there is none, or it cannot be used.
    """
    if path is None:
        raise ConfigurationError("Set IWMO_RETENTION to a file of terms: without it everything is kept")
    try:
        told = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ConfigurationError(f"IWMO_RETENTION: {path} cannot be read: {type(error).__name__}") from None
    if told.keys() - _TABLES:
        raise ConfigurationError(f"IWMO_RETENTION: {path} has something else than [[termijn]] and [[feiten]]")
    inhoud, feiten = (_listed(path, told, name) for name in ("termijn", "feiten"))
    if not inhoud:
        raise ConfigurationError(f"IWMO_RETENTION: {path} has no [[termijn]]")
    found = Termijnen(inhoud, (*feiten, WETTELIJK))
    _in_order(path, found)
    return found


def _listed(path: Path, told: dict[str, Any], name: str) -> tuple[Termijn, ...]:
    entries = told.get(name, [])
    if not isinstance(entries, list):
        raise ConfigurationError(f"IWMO_RETENTION: {path} has no [[{name}]]")
    return tuple(_termijn(f"IWMO_RETENTION: {path}: {name} {nr} ", entry) for nr, entry in enumerate(entries, 1))


def _termijn(wrong: str, entry: Any) -> Termijn:
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


def _in_order(path: Path, terms: Termijnen) -> None:
    """Raises ConfigurationError where facts would go before the bytes that they come from."""
    for soort in sorted({code[-3:] for code, _ in SOORTEN}):
        for status in Status:
            first, later = (
                next((term.maanden for term in each if term.fits(soort, status)), 0)
                for each in (terms.inhoud, terms.feiten)
            )
            if later < first:
                raise ConfigurationError(
                    f"IWMO_RETENTION: {path}: the facts of a {soort} that is {status} go after {later} months, before "
                    f"its bytes ({first}): give [[feiten]] a longer term"
                )


def _before(day: date, months: int) -> date:
    """The same day so many months ago, or the last of that month."""
    years, month = divmod(day.year * 12 + day.month - 1 - months, 12)
    return date(years, month + 1, min(day.day, calendar.monthrange(years, month + 1)[1]))


def _after(day: date, months: int) -> date:
    """The same day so many months later, or the first after that month if it has no such day."""
    years, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    if years >= date.max.year:
        return date.max
    last = calendar.monthrange(years, month + 1)[1]
    return date(years, month + 1, min(day.day, last)) + timedelta(days=int(day.day > last))
