"""Statutory interest on what is paid too late or was paid wrongly: the rates by date, and the sum.

A day counts for one part in as many as its calendar year has days (365 or 366). After each year, counted from the first
day, the interest is added to the amount (article 6:119 paragraph 2 BW). Exact throughout, rounded once at the end.
"""

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from functools import cache
from importlib.resources import files
from itertools import pairwise
from typing import Final

from iwmo_gateway.contract.amounts import euro, half_up


class Rentesoort(StrEnum):
    """Which rate: that of any debt, or that of payment for delivery between companies or by a public body.

    What was wrongly paid and is claimed back is no payment for delivery: it bears the first (Rhenen, annex 8, 8.11).
    """

    WETTELIJK = "wettelijk"
    HANDEL = "handel"


@dataclass(frozen=True, slots=True)
class Percentage:
    """A rate a year in percent, from a day on until the next one, and where it comes from."""

    vanaf: date
    procent: Decimal
    bron: str


@dataclass(frozen=True, slots=True)
class Rentetabel:
    """The rates of one kind, oldest first, and the last day of which the rate is known."""

    soort: Rentesoort
    artikel: str
    percentages: tuple[Percentage, ...]
    bekend_tot_en_met: date

    def on(self, day: date) -> Percentage | None:
        """The rate of a day; None where it is not known."""
        if day > self.bekend_tot_en_met:
            return None
        return next((one for one in reversed(self.percentages) if one.vanaf <= day), None)


@dataclass(frozen=True, slots=True)
class Rentedeel:
    """A stretch of days with one rate, one amount and years of one length. Amounts are exact euro cents."""

    vanaf: date
    tot: date
    procent: Decimal
    hoofdsom: Fraction
    dagen_per_jaar: int

    @property
    def dagen(self) -> int:
        """How many days it has; `tot` is not one of them."""
        return (self.tot - self.vanaf).days

    @property
    def rente(self) -> Fraction:
        """The interest over it, not rounded."""
        return self.hoofdsom * Fraction(self.procent) / 100 * self.dagen / self.dagen_per_jaar


@dataclass(frozen=True, slots=True)
class Rente:
    """Interest in whole euro cents, and the stretches that it is the sum of."""

    soort: Rentesoort
    artikel: str
    cents: int
    delen: tuple[Rentedeel, ...]


@dataclass(frozen=True, slots=True)
class RenteOnbekend:
    """No interest can be told: the first day of which the rate is not known."""

    soort: Rentesoort
    dag: date

    @property
    def tekst(self) -> str:
        """The same in Dutch."""
        return f"Het percentage van de {_NAMEN[self.soort]} op {self.dag} is hier niet bekend."


_NAMEN: Final = {Rentesoort.WETTELIJK: "wettelijke rente", Rentesoort.HANDEL: "wettelijke handelsrente"}


@cache
def rentetabel(soort: Rentesoort) -> Rentetabel:
    """The rates of a kind, as `rente.toml` has them."""
    text = files(__package__).joinpath("rente.toml").read_text(encoding="utf-8")
    said = tomllib.loads(text, parse_float=Decimal)[soort]
    return Rentetabel(
        soort=soort,
        artikel=said["artikel"],
        percentages=tuple(
            Percentage(one["vanaf"], Decimal(one["procent"]), one["bron"]) for one in said["percentages"]
        ),
        bekend_tot_en_met=said["bekend_tot_en_met"],
    )


def interest(cents: int, vanaf: date, tot: date, tabel: Rentetabel) -> Rente | RenteOnbekend:
    """The interest on so many euro cents from a day, which counts, to a day, which does not.

    Raises ValueError for an amount below zero, and for days in the wrong order.
    """
    if cents < 0 or tot < vanaf:
        raise ValueError(f"no interest on {cents} cents from {vanaf} to {tot}")
    parts: list[Rentedeel] = []
    principal, owed = Fraction(cents), Fraction(0)
    years = set(_anniversaries(vanaf, tot))
    for begin, end in pairwise(sorted({vanaf, tot, *years, *_changes(vanaf, tot, tabel)})):
        if begin in years:
            principal, owed = principal + owed, Fraction(0)
        rate = tabel.on(begin)
        if rate is None:
            return RenteOnbekend(tabel.soort, begin)
        parts.append(Rentedeel(begin, end, rate.procent, principal, _days_in(begin.year)))
        owed += parts[-1].rente
    total = principal + owed - cents
    return Rente(tabel.soort, tabel.artikel, half_up(total.numerator, total.denominator), tuple(parts))


def uitleg(rente: Rente) -> Iterator[str]:
    """The sum in Dutch, a line for each stretch; amounts in it are rounded to be read."""
    for part in rente.delen:
        days = "1 dag" if part.dagen == 1 else f"{part.dagen} dagen"
        yield (
            f"{part.vanaf} t/m {part.tot - timedelta(days=1)}: € {_rounded(part.hoofdsom)} × "
            f"{_dutch(part.procent)} % × {days} / {part.dagen_per_jaar} = € {_rounded(part.rente)}"
        )
    yield f"{_NAMEN[rente.soort].capitalize()} ({rente.artikel}), eenmaal afgerond: € {euro(rente.cents)}"


def _changes(vanaf: date, tot: date, tabel: Rentetabel) -> Iterator[date]:
    """The days within on which the rate changes or is known no longer, or the number of days in a year changes."""
    rates = [*(one.vanaf for one in tabel.percentages), tabel.bekend_tot_en_met + timedelta(days=1)]
    yield from (day for day in rates if vanaf < day < tot)
    for year in range(vanaf.year + 1, tot.year + 1):
        if date(year, 1, 1) < tot and _days_in(year) != _days_in(year - 1):
            yield date(year, 1, 1)


def _anniversaries(vanaf: date, tot: date) -> Iterator[date]:
    """The days within on which another year begins; for 29 February 1 March where there is none."""
    for year in range(vanaf.year + 1, tot.year + 1):
        leap = (vanaf.month, vanaf.day) == (2, 29) and _days_in(year) == 365
        day = date(year, 3, 1) if leap else vanaf.replace(year=year)
        if day < tot:
            yield day


def _days_in(year: int) -> int:
    return (date(year, 12, 31) - date(year, 1, 1)).days + 1


def _rounded(cents: Fraction) -> str:
    return euro(half_up(cents.numerator, cents.denominator))


def _dutch(procent: Decimal) -> str:
    return f"{procent.normalize():f}".replace(".", ",")
