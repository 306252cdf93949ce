"""Limits: so many in a period for each key, filling up again evenly."""

import pytest

from iwmo_gateway.web.limits import Limit


@pytest.mark.parametrize(("rate", "amount", "each"), [("3/second", 3, 1 / 3), ("60/minute", 60, 1), ("6/hour", 6, 600)])
def test_so_many_at_once_and_then_one_more_for_each_part_of_the_period(rate: str, amount: int, each: float) -> None:
    limit = Limit(rate)
    assert [limit.wait("a", 1000.0) for _ in range(amount)] == [0] * amount
    assert limit.wait("a", 1000.0) == max(1, each)
    assert limit.wait("b", 1000.0) == 0
    assert limit.wait("a", 1000.0 + each * 0.9) > 0
    assert limit.wait("a", 1000.0 + each) == 0
    assert limit.wait("a", 1000.0 + each) > 0
    assert [limit.wait("a", 9000.0) for _ in range(amount)] == [0] * amount


def test_who_calls_within_the_limit_is_never_held_up() -> None:
    limit = Limit("600/minute")
    assert not any(limit.wait("a", 5.0 + nr / 10) for nr in range(5000))


def test_what_is_refused_does_not_count() -> None:
    limit = Limit("1/minute")
    assert [limit.wait("a", second) for second in (0.0, 30.0, 59.0, 60.0)] == [0, 30, 1, 0]


def test_keys_that_do_not_count_any_more_are_forgotten() -> None:
    limit = Limit("10/minute")
    for number in range(1000):
        limit.wait(number, 0.0)
    limit.wait("later", 61.0)
    assert list(limit._full) == ["later"]
