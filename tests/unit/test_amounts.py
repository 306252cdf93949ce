"""Amounts: integers against exact fractions, and closed forms against trying everything."""

from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iwmo_gateway.contract.amounts import btw_of, euro, expected_amount, half_up, is_right_amount, per_minute

AMOUNTS = st.integers(0, 99_999_999)
PERCENTAGES = st.integers(0, 99_999)
OTHER_UNITS = st.sampled_from(["04", "14", "16", "21", "82", "84"])


def rounded(exact: Fraction) -> int:
    whole = exact.numerator // exact.denominator
    return whole + (exact - whole >= Fraction(1, 2))


@pytest.mark.parametrize(
    ("numerator", "denominator", "result"),
    [(0, 60, 0), (29, 60, 0), (30, 60, 1), (31, 60, 1), (89, 60, 1), (90, 60, 2), (1, 3, 0), (2, 3, 1), (7, 1, 7)],
)
def test_a_half_goes_up(numerator: int, denominator: int, result: int) -> None:
    assert half_up(numerator, denominator) == result


@given(st.integers(0, 10**15), st.sampled_from([1, 2, 4, 5, 8, 10, 100, 10_000]))
def test_rounding_is_that_of_decimal(numerator: int, denominator: int) -> None:
    assert half_up(numerator, denominator) == int(
        (Decimal(numerator) / denominator).quantize(Decimal(1), ROUND_HALF_UP)
    )


@given(st.integers(0, 10**20), st.integers(1, 10**9))
def test_rounding_is_that_of_exact_fractions(numerator: int, denominator: int) -> None:
    assert half_up(numerator, denominator) == rounded(Fraction(numerator, denominator))


@pytest.mark.parametrize(
    ("hour", "minute"),
    [(0, 0), (29, 0), (30, 1), (4646, 77), (6000, 100), (7920, 132), (6029, 100), (6030, 101), (5970, 100), (5969, 99)],
)
def test_a_minute_is_a_sixtieth_of_an_hour(hour: int, minute: int) -> None:
    assert per_minute(hour) == minute
    assert minute == rounded(Fraction(hour, 60))


# Not in minutes.


@pytest.mark.parametrize(
    ("amount", "volume", "tarief", "right"),
    [(18_000, 3, 6000, True), (18_001, 3, 6000, False), (17_999, 3, 6000, False), (0, 0, 6000, True), (0, 3, 0, True)],
)
def test_the_amount_is_volume_times_tariff(amount: int, volume: int, tarief: int, right: bool) -> None:
    assert is_right_amount(amount, volume, "04", tarief) is right
    assert is_right_amount(amount, volume, "04", tarief, hour_tariff=9999) is right


@given(AMOUNTS, AMOUNTS, OTHER_UNITS, st.integers(-3, 3))
def test_no_other_amount_than_volume_times_tariff(volume: int, tarief: int, eenheid: str, off: int) -> None:
    assert is_right_amount(volume * tarief + off, volume, eenheid, tarief) is (off == 0)
    assert expected_amount(volume, eenheid, tarief) == volume * tarief


# In minutes.


@pytest.mark.parametrize(
    ("amount", "right"),
    [
        (7743, True),  # 4646 × 100 / 60 = 7743.33
        (7700, False),  # 77 × 100: the rounded tariff
        (7744, False),
    ],
)
def test_minutes_by_a_known_hour_tariff(amount: int, right: bool) -> None:
    assert is_right_amount(amount, 100, "01", 77, hour_tariff=4646) is right


def test_the_expected_amount_in_minutes_follows_the_hour_tariff() -> None:
    assert expected_amount(100, "01", 77, hour_tariff=4646) == 7743
    assert expected_amount(100, "01", 77) == 7700


def test_a_known_hour_tariff_counts_only_if_the_product_tariff_follows_from_it() -> None:
    assert is_right_amount(7743, 100, "01", 77, hour_tariff=6000)
    assert expected_amount(100, "01", 77, hour_tariff=6000) == 7700


def test_a_tariff_agreed_by_the_minute_is_sixty_times_as_much_an_hour() -> None:
    assert is_right_amount(7700, 100, "01", 77, hour_tariff=60 * 77)
    assert not is_right_amount(7743, 100, "01", 77, hour_tariff=60 * 77)


@given(AMOUNTS, AMOUNTS, st.integers(-3, 3))
def test_minutes_by_a_known_hour_tariff_against_fractions(hour_tariff: int, minutes: int, off: int) -> None:
    exact = rounded(Fraction(hour_tariff * minutes, 60))
    minute_tariff = rounded(Fraction(hour_tariff, 60))
    assert expected_amount(minutes, "01", minute_tariff, hour_tariff=hour_tariff) == exact
    if exact + off >= 0:
        assert is_right_amount(exact + off, minutes, "01", minute_tariff, hour_tariff=hour_tariff) is (off == 0)


@given(AMOUNTS, AMOUNTS)
def test_what_a_real_hour_tariff_gives_is_right_without_knowing_it(hour_tariff: int, minutes: int) -> None:
    assert is_right_amount(half_up(hour_tariff * minutes, 60), minutes, "01", per_minute(hour_tariff))
    assert is_right_amount(minutes * per_minute(hour_tariff), minutes, "01", per_minute(hour_tariff))


def some_hour_tariff(amount: int, minutes: int, minute_tariff: int, part: Fraction = Fraction(1)) -> bool:
    """Tries every hour tariff anywhere near."""
    return any(
        rounded(Fraction(hour, 60)) == minute_tariff and rounded(hour * minutes * part / 60) == amount
        for hour in range(max(0, 60 * minute_tariff - 60), 60 * minute_tariff + 61)
    )


@given(st.integers(0, 300), st.integers(0, 400), st.data())
def test_some_hour_tariff_against_trying_all(minute_tariff: int, minutes: int, data: st.DataObject) -> None:
    # About as far from the plain product as half a cent a minute can carry, and a little beyond.
    amount = max(0, minute_tariff * minutes + data.draw(st.integers(-minutes // 2 - 3, minutes // 2 + 3)))
    assert is_right_amount(amount, minutes, "01", minute_tariff) is some_hour_tariff(amount, minutes, minute_tariff)


def test_few_minutes_at_a_low_tariff_exhaustively() -> None:
    for minute_tariff in range(3):
        for minutes in (0, 1, 2, 7, 59, 60, 61, 80):
            for amount in range(minutes * 3 + 3):
                right = some_hour_tariff(amount, minutes, minute_tariff)
                assert is_right_amount(amount, minutes, "01", minute_tariff) is right


# With a Verrekenpercentage.


@pytest.mark.parametrize(
    ("amount", "percentage", "right"),
    [
        (18_000, 100, True),  # whole percents: all of it
        (180, 100, True),  # hundredths: one percent
        (18_000, 10_000, True),
        (9000, 5000, True),
        (9000, 50, True),
        (90, 50, True),
        (9000, 10_000, False),
        (18_180, 101, False),  # above 100 in hundredths only
        (182, 101, True),  # 181.8
        (27_000, 15_000, True),
        (0, 0, True),
        (1, 0, False),
    ],
)
def test_a_percentage_in_either_reading(amount: int, percentage: int, right: bool) -> None:
    assert is_right_amount(amount, 3, "04", 6000, verrekenpercentage=percentage) is right


@pytest.mark.parametrize(("percentage", "amount"), [(None, 18_000), (100, 18_000), (50, 9000), (101, 182), (0, 0)])
def test_the_expected_amount_takes_a_low_percentage_as_whole_percents(percentage: int | None, amount: int) -> None:
    assert expected_amount(3, "04", 6000, verrekenpercentage=percentage) == amount
    assert is_right_amount(amount, 3, "04", 6000, verrekenpercentage=percentage)


@given(st.integers(0, 10_000), AMOUNTS, PERCENTAGES, OTHER_UNITS, st.integers(-1, 1))
def test_a_percentage_against_fractions(volume: int, tarief: int, percentage: int, eenheid: str, off: int) -> None:
    right = {rounded(Fraction(volume * tarief * percentage, 10_000))}
    if percentage <= 100:
        right.add(rounded(Fraction(volume * tarief * percentage, 100)))
    for amount in {max(0, one + off) for one in right}:
        assert is_right_amount(amount, volume, eenheid, tarief, verrekenpercentage=percentage) is (amount in right)


@given(
    st.integers(0, 120),
    st.integers(0, 400),
    st.one_of(st.integers(0, 100), st.integers(101, 20_000)),
    st.data(),
)
def test_a_percentage_of_minutes_against_trying_all(
    minute_tariff: int, minutes: int, percentage: int, data: st.DataObject
) -> None:
    readings = [Fraction(percentage, 10_000)] + ([Fraction(percentage, 100)] if percentage <= 100 else [])
    around = int(minute_tariff * minutes * data.draw(st.sampled_from(readings)))
    amount = max(0, around + data.draw(st.integers(-minutes // 2 - 3, minutes // 2 + 3)))
    assert is_right_amount(amount, minutes, "01", minute_tariff, verrekenpercentage=percentage) is any(
        some_hour_tariff(amount, minutes, minute_tariff, reading) for reading in readings
    )


@given(AMOUNTS, AMOUNTS, PERCENTAGES)
def test_a_percentage_of_minutes_by_a_known_hour_tariff_is_rounded_once(
    hour_tariff: int, minutes: int, percentage: int
) -> None:
    exact = rounded(Fraction(hour_tariff * minutes * percentage, 60 * (100 if percentage <= 100 else 10_000)))
    terms = {"verrekenpercentage": percentage, "hour_tariff": hour_tariff}
    assert expected_amount(minutes, "01", per_minute(hour_tariff), **terms) == exact
    assert is_right_amount(exact, minutes, "01", per_minute(hour_tariff), **terms)


@given(
    AMOUNTS,
    st.sampled_from(["01", "04"]),
    AMOUNTS,
    st.one_of(st.none(), PERCENTAGES),
    st.one_of(st.none(), AMOUNTS),
)
def test_the_expected_amount_is_always_a_right_one(
    volume: int, eenheid: str, tarief: int, percentage: int | None, hour_tariff: int | None
) -> None:
    amount = expected_amount(volume, eenheid, tarief, verrekenpercentage=percentage, hour_tariff=hour_tariff)
    assert is_right_amount(amount, volume, eenheid, tarief, verrekenpercentage=percentage, hour_tariff=hour_tariff)


# VAT.


@pytest.mark.parametrize(
    ("amount", "percentage", "right"),
    [
        (12_100, 2100, {2100, 2541}),
        (10_000, 2100, {1736, 2100}),  # 1735.54 included
        (10_600, 600, {600, 636}),
        (5, 1000, {0, 1}),  # 0.4545 included, 0.5 on top
        (10_000, 0, {0}),
        (0, 2100, {0}),
    ],
)
def test_vat_is_included_or_on_top(amount: int, percentage: int, right: set[int]) -> None:
    assert btw_of(amount, percentage) == right


@given(AMOUNTS, PERCENTAGES)
def test_vat_against_fractions(amount: int, percentage: int) -> None:
    rate = Fraction(percentage, 10_000)
    assert btw_of(amount, percentage) == {rounded(amount * rate), rounded(amount * rate / (1 + rate))}


# Texts.


@pytest.mark.parametrize(
    ("cents", "text"),
    [
        (0, "0,00"),
        (5, "0,05"),
        (-5, "-0,05"),
        (100, "1,00"),
        (6000, "60,00"),
        (99_999, "999,99"),
        (100_000, "1.000,00"),
        (123_456_789, "1.234.567,89"),
        (-123_456_789, "-1.234.567,89"),
    ],
)
def test_dutch_notation(cents: int, text: str) -> None:
    assert euro(cents) == text
