"""The margin over consecutive months, against every division of the year that there is."""

from collections.abc import Iterator, Sequence
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iwmo_gateway.contract.margins import best_run, least_excess

YEAR = st.integers(1, 7).flatmap(
    lambda size: st.tuples(
        st.lists(st.integers(-3, 25), min_size=size, max_size=size),
        st.lists(st.integers(0, 12), min_size=size, max_size=size),
        st.integers(0, size - 1),
    )
)


def divisions(size: int, longest: int) -> Iterator[list[int]]:
    """The ends of the runs of every division, 0 first."""
    if size == 0:
        yield [0]
    for last in range(1, min(longest, size) + 1):
        for rest in divisions(size - last, longest):
            yield [*rest, size]


def excess_by_force(claimed: Sequence[int], shares: Sequence[int], longest: int) -> int:
    return min(
        sum(max(0, sum(claimed[a:b]) - sum(shares[a:b])) for a, b in pairwise(division))
        for division in divisions(len(shares), longest)
    )


def within(claimed: Sequence[int], month: int, volume: int, shares: Sequence[int]) -> bool:
    more = [*claimed]
    more[month] += volume
    return excess_by_force(more, shares, 3) <= excess_by_force(claimed, shares, 3)


@given(YEAR)
def test_the_least_excess_is_that_of_the_best_of_all_divisions(year: tuple[list[int], list[int], int]) -> None:
    claimed, shares, _ = year
    assert least_excess(claimed, shares, 3) == excess_by_force(claimed, shares, 3)


@given(YEAR)
def test_the_room_of_a_month_is_all_that_fits_in_it_and_no_more(year: tuple[list[int], list[int], int]) -> None:
    claimed, shares, month = year
    run = best_run(claimed, shares, 3, month)
    assert run.room >= 0
    assert run.first <= month <= run.last < run.first + 3
    assert within(claimed, month, run.room, shares)
    assert not within(claimed, month, run.room + 1, shares)


@pytest.mark.parametrize(
    ("claimed", "month", "room"),
    [
        ([0] * 12, 0, 30),
        ([12, 8, 0] + [0] * 9, 2, 10 + 20),
        ([12, 12, 0] + [0] * 9, 2, 6),
        ([12, 12, 6] + [0] * 9, 3, 30),
        ([10] * 11 + [0], 11, 10),
        ([10] * 9 + [0, 0, 0], 11, 30),
        ([10] * 10 + [12, 0], 11, 8),
    ],
)
def test_ten_hours_a_month(claimed: list[int], month: int, room: int) -> None:
    assert best_run(claimed, [10] * 12, 3, month).room == room


def test_an_allocation_that_was_cut_afterwards_refuses_only_what_makes_it_worse() -> None:
    assert least_excess([12, 12, 0], [5, 5, 5], 3) == 9
    assert best_run([12, 12, 0], [5, 5, 5], 3, 2).room == 0
    assert best_run([12, -3, 0, 0], [5, 5, 5, 5], 3, 1).room == 6
