"""Covered days against a plain set of days."""

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from iwmo_gateway.rules.periods import Coverage, open_ended

FIRST = date(2023, 1, 1)
DAYS = st.integers(0, 40).map(lambda number: FIRST + timedelta(days=number))
PERIODS = st.tuples(DAYS, DAYS)


def days_of(period: tuple[date, date]) -> set[date]:
    begin, end = period
    return {begin + timedelta(days=number) for number in range((end - begin).days + 1)}


@given(st.lists(PERIODS), PERIODS)
def test_a_period_overlaps_exactly_if_a_day_of_it_is_covered(
    added: list[tuple[date, date]], asked: tuple[date, date]
) -> None:
    coverage, covered = Coverage(), set[date]()
    for period in added:
        coverage.add(period)
        covered |= days_of(period)
    if asked[0] <= asked[1]:
        assert coverage.overlaps(asked) is bool(covered & days_of(asked))


def test_an_open_end_reaches_every_later_day() -> None:
    coverage = Coverage()
    coverage.add(open_ended(FIRST, None))
    assert coverage.overlaps((date(9999, 12, 31), date(9999, 12, 31)))
    assert not coverage.overlaps((date(2022, 12, 30), date(2022, 12, 31)))
