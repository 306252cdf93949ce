"""Working days and terms: a calendar made by hand, and what must hold of every day."""

from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iwmo_gateway.contract import terms
from iwmo_gateway.contract.terms import Term, add_working_days, is_working_day, working_days_between

DAYS = st.dates(date(1990, 1, 1), date(2090, 12, 31))
ANY_DAY = st.dates()
TERMS = st.sampled_from([found for found in vars(terms).values() if isinstance(found, Term)])
DAY = timedelta(days=1)

FREE = {
    2021: "01-01 04-02 04-05 04-27 05-05 05-13 05-24",  # Christmas fell in a weekend
    2023: "04-07 04-10 04-27 05-05 05-18 05-29 12-25 12-26",
    2024: "01-01 03-29 04-01 05-09 05-20 12-25 12-26",  # King's Day on Saturday, 5 May on Sunday
    2025: "01-01 04-18 04-21 05-05 05-29 06-09 12-25 12-26",  # King's Day on Saturday the 26th
    2026: "01-01 04-03 04-06 04-27 05-05 05-14 05-25 12-25",
}
"""What the law excludes on Monday to Friday, by the printed calendars of these years."""


@pytest.mark.parametrize("year", FREE)
def test_a_year_has_these_days_off(year: int) -> None:
    days = (date(year, 1, 1) + timedelta(days=nr) for nr in range(365))
    off = [f"{day:%m-%d}" for day in days if day.weekday() < 5 and not is_working_day(day)]
    assert off == FREE[year].split()


def test_5_may_is_off_in_every_year_and_a_sunday_is_never_kings_day() -> None:
    for year in range(2015, 2041):
        assert not is_working_day(date(year, 5, 5))
        assert not is_working_day(date(year, 4, 27) if date(year, 4, 27).weekday() < 6 else date(year, 4, 26))


@pytest.mark.parametrize(
    ("day", "number", "expected"),
    [
        ("2023-02-01", 0, "2023-02-01"),
        ("2023-02-04", 0, "2023-02-04"),
        ("2023-02-01", 3, "2023-02-06"),
        ("2023-02-03", 1, "2023-02-06"),
        ("2023-02-04", 1, "2023-02-06"),
        ("2023-04-05", 3, "2023-04-12"),  # Good Friday and Easter Monday lie between
        ("2023-04-24", 5, "2023-05-02"),  # King's Day
        ("2023-04-26", 5, "2023-05-04"),
        ("2023-04-28", 5, "2023-05-08"),  # 5 May, no lustrum
        ("2025-04-24", 1, "2025-04-25"),
        ("2025-04-25", 1, "2025-04-28"),
        ("2023-12-20", 5, "2023-12-29"),
        ("2023-12-22", 10, "2024-01-10"),
    ],
)
def test_working_days_are_added(day: str, number: int, expected: str) -> None:
    assert add_working_days(date.fromisoformat(day), number) == date.fromisoformat(expected)


def test_the_terms_are_those_of_the_standard() -> None:
    received = date(2023, 4, 26)
    due = {name: getattr(terms, name).due(received).isoformat() for name in ("RETURN", "CLAIM", "REQUEST", "START")}
    assert due == {"RETURN": "2023-05-02", "CLAIM": "2023-05-12", "REQUEST": "2023-05-04", "START": "2023-05-04"}
    assert (terms.STOP.due(received), terms.FETCH.due(received)) == (date(2023, 5, 4), date(2023, 5, 2))
    assert terms.INVESTIGATION.due(received) == date(2023, 6, 21)


@given(DAYS, st.integers(1, 30))
def test_the_last_of_the_added_days_is_a_working_day_and_they_count_up(day: date, number: int) -> None:
    added = add_working_days(day, number)
    assert is_working_day(added)
    assert working_days_between(day, added) == number
    assert add_working_days(add_working_days(day, number - 1), 1) == added


@given(DAYS, st.integers(-800, 800))
def test_working_days_between_are_counted_one_by_one(first: date, apart: int) -> None:
    last = first + timedelta(days=apart)
    low, high = min(first, last), max(first, last)
    counted = sum(is_working_day(low + timedelta(days=nr)) for nr in range(1, (high - low).days + 1))
    assert working_days_between(first, last) == (counted if last >= first else -counted)


@given(TERMS, DAYS)
def test_a_later_begin_never_gives_an_earlier_due_date_and_latest_is_its_inverse(term: Term, day: date) -> None:
    assert term.due(day) <= term.due(day + DAY)
    latest = term.latest(day)
    assert term.due(latest) <= day < term.due(latest + DAY)


@settings(deadline=None)  # the calendars of many years are made the first time
@given(TERMS, ANY_DAY, ANY_DAY)
def test_the_ends_of_the_calendar_are_no_fault(term: Term, day: date, other: date) -> None:
    assert term.due(day) >= day
    assert term.latest(day) <= day
    assert working_days_between(day, other) == -working_days_between(other, day)
