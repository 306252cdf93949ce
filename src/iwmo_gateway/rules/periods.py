"""Periods of whole days, both ends included."""

from bisect import bisect_left, insort
from dataclasses import dataclass, field
from datetime import date

Period = tuple[date, date]


def open_ended(begin: date, end: date | None) -> Period:
    """A period whose missing end lies beyond every other."""
    return begin, end or date.max


@dataclass(slots=True)
class Coverage:
    """The days that the periods added so far cover, as disjoint periods in order: a look costs no walk over all."""

    _covered: list[Period] = field(default_factory=list)

    def overlaps(self, period: Period) -> bool:
        """Whether a day of the period is covered."""
        first = self._first_reaching(period[0])
        return first < len(self._covered) and self._covered[first][0] <= period[1]

    def add(self, period: Period) -> None:
        """Cover the days of a period; one that ends before it begins covers none."""
        begin, end = period
        if end < begin:
            return
        first = self._first_reaching(begin)
        last = first
        while last < len(self._covered) and self._covered[last][0] <= end:
            begin, end = min(begin, self._covered[last][0]), max(end, self._covered[last][1])
            last += 1
        del self._covered[first:last]
        insort(self._covered, (begin, end))

    def _first_reaching(self, day: date) -> int:
        """The index of the first covered period that does not end before the day."""
        return bisect_left(self._covered, day, key=lambda period: period[1])
