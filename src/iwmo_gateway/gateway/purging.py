"""One purge: what is taken away by which terms, and the report of it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, time
from enum import StrEnum

from iwmo_gateway.gateway.bewaartermijnen import Termijnen, shortest
from iwmo_gateway.gateway.context import Gateway
from iwmo_gateway.standard.days import AMSTERDAM, day_of
from iwmo_gateway.store.database import Transaction
from iwmo_gateway.store.retention import Old


class Part(StrEnum):
    """What goes at a time: the bytes of messages, then the facts."""

    INHOUD = "inhoud"
    FEITEN = "feiten"


@dataclass(slots=True)
class Gone:
    """What went, or would go, of one kind and status."""

    berichten: int
    bytes: int
    oudste: date


@dataclass(slots=True)
class Kept:
    """What stays of one kind and status, and the first day on which some of it may go (none: that is not known yet).

    Some of it waits for something, or belongs to an allocation without an end.
    """

    berichten: int
    oudste: date
    tot: date | None = None
    wacht: int = 0
    zonder_einde: int = 0


@dataclass(slots=True)
class Stage:
    """One part, by kind and status. What stays is told of a dry run alone."""

    gaat: dict[tuple[str, str], Gone] = field(default_factory=dict)
    blijft: dict[tuple[str, str], Kept] = field(default_factory=dict)

    def goes(self, old: Old) -> None:
        """Count a message that goes."""
        day = day_of(old.received_at)
        sums = self.gaat.setdefault((old.soort, old.status), Gone(0, 0, day))
        sums.berichten, sums.bytes, sums.oudste = sums.berichten + 1, sums.bytes + old.size, min(sums.oudste, day)

    def stays(self, old: Old, tot: date | None, *, waits: bool, endless: bool) -> None:
        """Count a message that stays."""
        day = day_of(old.received_at)
        sums = self.blijft.setdefault((old.soort, old.status), Kept(0, day))
        sums.berichten, sums.oudste = sums.berichten + 1, min(sums.oudste, day)
        sums.wacht, sums.zonder_einde = sums.wacht + waits, sums.zonder_einde + (endless and not waits)
        if tot is not None and not waits:
            sums.tot = min(sums.tot or tot, tot)


@dataclass(slots=True)
class Report:
    """What went, or would go. Clients are known after it alone: none where others were in the way, or of a dry run."""

    delen: dict[Part, Stage] = field(default_factory=lambda: {part: Stage() for part in Part})
    toewijzingen: int = 0
    clienten: int | None = None
    proefselecties: int = 0


Told = Callable[[str, int], None]
"""Hears of which part how many more were looked at."""


@dataclass(frozen=True, slots=True)
class Round:
    """One time that things are taken away, or looked at only."""

    gateway: Gateway
    actor: str
    now: datetime
    dry_run: bool
    terms: Termijnen
    told: Told

    @property
    def today(self) -> date:
        """The day by which terms are over."""
        return day_of(self.now)

    @contextmanager
    def step(self) -> Iterator[Transaction]:
        """A transaction for some of it."""
        database = self.gateway.database
        with database.reading() if self.dry_run else database.writing() as transaction:
            yield transaction

    def received_before(self, part: Part) -> datetime | None:
        """What came later than this moment cannot go; none where all is looked at."""
        terms = self.terms.inhoud if part is Part.INHOUD else self.terms.feiten
        last = shortest(terms, self.today)
        return None if self.dry_run else datetime.combine(last, time.max, AMSTERDAM)
