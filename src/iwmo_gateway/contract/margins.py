"""The margin of a contract: months that may make up for one another, when they stand in one run of a calendar year.

A provider may claim more in one month and less in the next: a year is within its margin when its months can be
divided into runs of at most so many consecutive months, so that what is claimed in each run, credits taken off, stays
within the sum of the shares of its months. A month that is not claimed yet leaves its share open.

Everything is counted in the unit of the allocation; months are positions in the year, from 0.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from operator import le, sub


@dataclass(frozen=True, slots=True)
class Run:
    """Consecutive months, both included, in which a month has most room; `room` is what may still be claimed in it."""

    first: int
    last: int
    room: int


def least_excess(claimed: Sequence[int], shares: Sequence[int], longest: int) -> int:
    """By how much a year exceeds its shares, divided in the way that makes it least; 0 where a division fits."""
    return _until(claimed, shares, longest)[-1]


def best_run(claimed: Sequence[int], shares: Sequence[int], longest: int, month: int) -> Run:
    """The run that leaves a month most room: so much more may be claimed in it before the least excess grows.

    Where no division fits any more, because an allocation was cut afterwards, what is claimed already stays within
    reach: only what makes the excess larger is too much.
    """
    size = len(shares)
    before = _until(claimed, shares, longest)
    after = _until([*claimed][::-1], [*shares][::-1], longest)[::-1]
    least, balance = before[-1], _balance(claimed, shares)
    # Of runs with as much room the shortest explains it best, and of these the first.
    room, _, first, last = max(
        (balance[first] - balance[last + 1] + spare, first - last, -first, last)
        for first in range(max(0, month - longest + 1), month + 1)
        for last in range(month, min(size, first + longest))
        if (spare := least - before[first] - after[last + 1]) >= 0
    )
    return Run(-first, last, room)


def _until(claimed: Sequence[int], shares: Sequence[int], longest: int) -> list[int]:
    """The least excess of the first 0, 1, 2 … months."""
    least = [0]
    if all(map(le, claimed, shares)):
        # Nearly always: each month fits by itself.
        return least * (len(shares) + 1)
    balance = _balance(claimed, shares)
    for end in range(1, len(balance)):
        least.append(
            min(least[begin] + max(0, balance[end] - balance[begin]) for begin in range(max(0, end - longest), end))
        )
    return least


def _balance(claimed: Sequence[int], shares: Sequence[int]) -> list[int]:
    """What is claimed in the first 0, 1, 2 … months beyond their shares."""
    return [0, *accumulate(map(sub, claimed, shares))]
