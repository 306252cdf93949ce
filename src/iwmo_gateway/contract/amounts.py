"""Amounts: what a volume at a tariff comes to. Whole euro cents, integers throughout, rounded half up and once.

Amounts are never negative here: DebetCredit says which way they go. Percentages are in hundredths: 2100 is 21 %.
"""

from typing import Final

_MINUUT: Final = "01"


def half_up(numerator: int, denominator: int) -> int:
    """The fraction rounded to a whole number, a half upwards. Numerator not negative, denominator positive."""
    return (2 * numerator + denominator) // (2 * denominator)


def per_minute(hour_tariff: int) -> int:
    """The ProductTarief, in euro cents a minute, of care agreed by the hour and claimed in minutes (TR418)."""
    return half_up(hour_tariff, 60)


def follows(eenheid: str, tarief: int, hour_tariff: int | None) -> int | None:
    """The contract's hour tariff in euro cents, if the ProductTarief of a line in minutes (01) follows from it."""
    if eenheid == _MINUUT and hour_tariff is not None and per_minute(hour_tariff) == tarief:
        return hour_tariff
    return None


def is_right_amount(
    amount: int,
    volume: int,
    eenheid: str,
    tarief: int,
    *,
    verrekenpercentage: int | None = None,
    hour_tariff: int | None = None,
) -> bool:
    """Whether a line's amount is GeleverdVolume × ProductTarief (TR346; in a 303 × Verrekenpercentage).

    In minutes (01) it is hour tariff × minutes / 60. `hour_tariff`, the contract's, counts if ProductTarief follows
    from it; otherwise any will do that gives both this ProductTarief and this amount. A tariff agreed by the minute is
    an hour tariff of sixty times as much. A Verrekenpercentage up to 100 is right as hundredths and as whole percents.
    Not for unit 83, which has no tariff: there the amount is the volume (CS339).
    """
    lowest, highest, units = _tariffs(eenheid, tarief, hour_tariff)
    return any(
        _some_tariff_gives(amount, lowest, highest, volume * part, units * whole)
        for part, whole in _readings(verrekenpercentage)
    )


def expected_amount(
    volume: int,
    eenheid: str,
    tarief: int,
    *,
    verrekenpercentage: int | None = None,
    hour_tariff: int | None = None,
) -> int:
    """The one amount to tell a provider whose own is not right, by the terms of `is_right_amount`.

    Without a known hour tariff it is the plain product, and a Verrekenpercentage up to 100 is taken as whole percents.
    """
    hours = follows(eenheid, tarief, hour_tariff)
    price, units = (tarief, 1) if hours is None else (hours, 60)
    part, whole = _readings(verrekenpercentage)[-1]
    return half_up(volume * price * part, units * whole)


def btw_of(amount: int, percentage: int) -> frozenset[int]:
    """The right BtwBedrag of a 303's DeclaratieFactuurBedrag: included in it, as in a 304, or on top of it."""
    return frozenset({half_up(amount * percentage, 10_000 + percentage), half_up(amount * percentage, 10_000)})


def euro(cents: int) -> str:
    """Euro cents in Dutch notation, for texts: 123456789 is "1.234.567,89"."""
    whole, rest = divmod(abs(cents), 100)
    return f"{'-' if cents < 0 else ''}{whole:,}".replace(",", ".") + f",{rest:02}"


def _tariffs(eenheid: str, tarief: int, hour_tariff: int | None) -> tuple[int, int, int]:
    """The lowest and the highest tariff that may lie behind ProductTarief, and the units that it is for."""
    if eenheid != _MINUUT:
        return tarief, tarief, 1
    hours = follows(eenheid, tarief, hour_tariff)
    if hours is not None:
        return hours, hours, 60
    # Those that round to this minute tariff: from half a cent a minute below it to just under half a cent above.
    return max(0, 60 * tarief - 30), 60 * tarief + 29, 60


def _some_tariff_gives(amount: int, lowest: int, highest: int, times: int, parts: int) -> bool:
    """Whether a whole tariff from lowest to highest, times `times` / `parts`, rounds to the amount."""
    if times == 0:
        return amount == 0
    # half_up(tariff × times, parts) is the amount from parts × (2 × amount - 1) / 2 on, and below the next one's.
    fewest = -(-parts * (2 * amount - 1) // (2 * times))
    beyond = -(-parts * (2 * amount + 1) // (2 * times))
    return max(lowest, fewest) < min(highest + 1, beyond)


def _readings(verrekenpercentage: int | None) -> tuple[tuple[int, int], ...]:
    """The fractions that a Verrekenpercentage may stand for; the published 303 has 100 for all of it."""
    if verrekenpercentage is None:
        return ((1, 1),)
    if verrekenpercentage > 100:
        return ((verrekenpercentage, 10_000),)
    return (verrekenpercentage, 10_000), (verrekenpercentage, 100)
