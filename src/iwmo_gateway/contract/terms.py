"""Terms: the working days of the Netherlands, and by when what must be answered or told.

Working days exclude weekends and the days of the Algemene termijnenwet, article 3. Past 2100 no holiday is known.
"""

import calendar
from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from typing import Final

import holidays

_DAY: Final = timedelta(days=1)
_SATURDAY: Final = 5
_HIGHEST: Final = timedelta(weeks=9)
"""More than any term lasts: dates that close to an end of the calendar are not counted with."""


def is_working_day(day: date) -> bool:
    """No Saturday, Sunday, or day of the Algemene termijnenwet, article 3."""
    return day.weekday() < _SATURDAY and day not in _free_days(day.year)


def add_working_days(day: date, number: int) -> date:
    """The working day that comes so many working days after a day, itself not counted.

    A day that is too close to the end of the calendar gives the calendar's last day.
    """
    left = number
    while left and day < date.max:
        day += _DAY
        left -= is_working_day(day)
    return day


def working_days_between(first: date, last: date) -> int:
    """How many working days lie after `first`, up to and with `last`; below zero where `last` comes first."""
    if last < first:
        return -working_days_between(last, first)
    weeks, rest = divmod((last - first).days, 7)
    days = weeks * 5 + sum((first.weekday() + nr) % 7 < _SATURDAY for nr in range(1, rest + 1))
    return days - sum(
        bisect_right(free, last) - bisect_left(free, first + _DAY)
        for free in map(_free_days, range(first.year, last.year + 1))
        if first < last
    )


@dataclass(frozen=True, slots=True)
class Term:
    """How long something may take: so many working days, or days of any kind. `tekst` says it in Dutch."""

    days: int
    tekst: str
    working: bool = True

    def due(self, since: date) -> date:
        """The last day on which it is in time. A later `since` never gives an earlier day."""
        if self.working:
            return add_working_days(since, self.days)
        return since + timedelta(days=self.days) if since < date.max - _HIGHEST else date.max

    def latest(self, due: date) -> date:
        """The latest `since` whose term ends on or before a day."""
        if not self.working:
            return due - timedelta(days=self.days) if due > date.min + _HIGHEST else date.min
        since = due
        while since > date.min and self.due(since) > due:
            since -= _DAY
        return since


# Source of the lengths: the processes of iWmo and iJw 3.2. START counts from receipt too: what is not known cannot be
# told. FETCH is ours, for the standard has none: as long as a return message may take.
RETURN: Final = Term(3, "3 werkdagen na ontvangst")
CLAIM: Final = Term(10, "10 werkdagen na ontvangst")
REQUEST: Final = Term(5, "5 werkdagen na ontvangst")
INVESTIGATION: Final = Term(56, "8 weken na dagtekening", working=False)
START: Final = Term(5, "5 werkdagen na ingangsdatum of ontvangst")
STOP: Final = Term(5, "5 werkdagen na einddatum")
FETCH: Final = Term(3, "3 werkdagen na het antwoord")


@cache
def _free_days(year: int) -> list[date]:
    """The days of the Algemene termijnenwet in a year that fall on Monday to Friday, in order.

    The library knows two kinds: Good Friday and, out of lustrum years, 5 May are no public holidays, but in this law.
    """
    known = holidays.country_holidays("NL", years=year, categories=(holidays.PUBLIC, holidays.OPTIONAL))
    return sorted(day for day in known if day.weekday() < _SATURDAY)


def end_of_month(day: date, later: int = 0) -> date:
    """The last day of the calendar month of a day, or of the month so many months later."""
    months = day.year * 12 + day.month - 1 + later
    year, month = divmod(months, 12)
    if year > date.max.year:
        return date.max
    return date(year, month + 1, calendar.monthrange(year, month + 1)[1])
