"""The contract's margin over consecutive months, which takes the place of the volume for each month (TR321).

How a year is divided stands in `contract/margins`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Final

from iwmo_gateway.contract.afspraken import Contractregel
from iwmo_gateway.contract.margins import Run, best_run
from iwmo_gateway.contract.terms import end_of_month
from iwmo_gateway.contract.volumes import Period, ToegewezenOmvang, comparable, judged_period, most_in, quantity

MARGE: Final = "contract-marge"
_PER_MONTH: Final = frozenset({"1", "2", "3", "4"})
"""Frequencies of which a month has a share of its own: not those per year or in total."""
_MONTHS: Final = (
    "januari", "februari", "maart", "april", "mei", "juni",
    "juli", "augustus", "september", "oktober", "november", "december",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Margin:
    """A line against the months that may make up for its own, all in what volumes under its allocation compare in.

    `indicated` and `claimed` are of the run of months that leaves it most room.
    """

    regel: Contractregel
    year: int
    run: Run
    indicated: int
    claimed: int
    asked: int
    unit: str

    @property
    def exceeded(self) -> bool:
        """The line does not fit any more. One that asks nothing always fits."""
        return self.asked > max(self.run.room, 0)

    def texts(self) -> tuple[str, str]:
        """Expected and found, in Dutch, with the sum behind them."""
        room, indicated, claimed, asked, over = (
            quantity(amount, self.unit)
            for amount in (self.run.room, self.indicated, self.claimed, self.asked, self.asked - self.run.room)
        )
        first, last = _MONTHS[self.run.first], _MONTHS[self.run.last]
        count = self.run.last - self.run.first + 1
        months = first if count == 1 else f"{count} maanden {first} t/m {last}"
        return (
            f"ten hoogste {room}: over {months} {self.year} toegewezen {indicated}, gedeclareerd {claimed}",
            f"{asked}: {over} te veel",
        )


def margin_of(
    regel: Contractregel, omvang: ToegewezenOmvang, volumes: Mapping[Period, int], day: date, asked: int
) -> Margin | None:
    """Hold `asked` in the month of a day against the margin; None where the allocation has no volume for each month.

    `volumes` are what is claimed of the allocation by the period of the lines, each in the month in which it begins.
    """
    if omvang.eenheid not in regel.eenheden or omvang.frequentie not in _PER_MONTH:
        return None
    shares = _shares(omvang, day.year)
    claimed = [0] * 12
    for (begin, _), volume in volumes.items():
        if begin.year == day.year:
            claimed[begin.month - 1] += volume
    run = best_run(claimed, shares, regel.maanden or 1, day.month - 1)
    months = slice(run.first, run.last + 1)
    return Margin(regel, day.year, run, sum(shares[months]), sum(claimed[months]), asked, omvang.eenheid)


@lru_cache(1024)
def _shares(omvang: ToegewezenOmvang, year: int) -> tuple[int, ...]:
    """What is allocated for each calendar month of a year: the same for every line of one allocation."""
    return tuple(_share(omvang, date(year, month, 1)) for month in range(1, 13))


def _share(omvang: ToegewezenOmvang, first: date) -> int:
    """What is allocated for a calendar month."""
    most = most_in(omvang, judged_period(omvang, first, end_of_month(first)))
    return comparable(omvang.eenheid, omvang.eenheid, most or 0)
