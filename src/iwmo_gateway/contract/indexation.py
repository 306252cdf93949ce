"""Indexation: the next year's tariffs, proposed as the text of the next version of a profile.

Nothing here makes a tariff count. Euro cents and whole numbers throughout; a percentage is an exact Decimal.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Final

from iwmo_gateway.contract.afspraken import Tarief
from iwmo_gateway.contract.amounts import euro, half_up
from iwmo_gateway.contract.profile import Profiel
from iwmo_gateway.contract.source import KeyPath, ProfielFault, Source, read_source
from iwmo_gateway.errors import ConfigurationError

COLUMNS: Final = ("code", "product", "oud (€)", "nieuw (€)", "verschil (€)", "verschil (%)", "afgerond op")

_ALONE: Final = re.compile(r",[ \t]*(#[^\n]*)?\n")
"""What follows a list's element that has a line of its own."""


@dataclass(frozen=True, slots=True)
class Wijziging:
    """What one product's tariff would become, in euro cents, and the multiple that it is rounded to."""

    code: str
    naam: str
    oud: int
    nieuw: int
    veelvoud: int


@dataclass(frozen=True, slots=True)
class Voorstel:
    """A proposal: the text of the next version, the tariffs that it has from a day on, and the products left alone."""

    tekst: str
    wijzigingen: tuple[Wijziging, ...]
    ongewijzigd: tuple[str, ...]


def indexed(cents: int, percentage: Decimal, veelvoud: int = 1) -> int:
    """A tariff after indexation, rounded once, half up, to a multiple of so many cents.

    Raises ValueError for a percentage of -100 or less.
    """
    factor = 1 + Fraction(percentage) / 100
    if factor <= 0:
        raise ValueError(percentage)
    return half_up(cents * factor.numerator, factor.denominator * veelvoud) * veelvoud


def propose(text: str, profiel: Profiel, percentage: Decimal, vanaf: date) -> Voorstel:
    """The next version of a profile, of this text, with indexed tariffs for a year from a day on.

    Each is that of the day before. Everything else in the text stays as it is written, comments too.
    Raises ConfigurationError where no indexation was agreed, no product has a tariff to index, or one has a new one.
    """
    agreed, source = profiel.indexering, read_source(text)
    if agreed is None:
        raise ConfigurationError(
            f"{profiel.name} heeft geen [indexering]: er is geen indexering van tarieven afgesproken"
        )
    if isinstance(source, ProfielFault):
        raise ConfigurationError(f"regel {source.regelnummer}: {source.tekst}")
    multiples = {code: one.cent for one in agreed.veelvouden for code in one.producten}
    until = _a_year_from(vanaf)
    edits = _Edits(text, source)
    changes: list[Wijziging] = []
    for i, j, tarief in _indexable(profiel, vanaf, until):
        product = profiel.producten[i]
        multiple = multiples.get(product.code, 1)
        changes.append(
            Wijziging(product.code, product.naam, tarief.cents, indexed(tarief.cents, percentage, multiple), multiple)
        )
        said = {"vanaf": str(vanaf), "tot_en_met": str(until), "euro": _as_written(changes[-1].nieuw)}
        edits.follow(("producten", i, "tarieven", j), said)
    if not changes:
        raise ConfigurationError(f"{profiel.name} heeft op {vanaf - timedelta(days=1)} geen tarief om te indexeren")
    if profiel.tot_en_met < until:
        edits.replace(("tot_en_met",), str(until))
    done = {change.code for change in changes}
    head = (
        f"# VOORSTEL, nog niet vastgesteld: tarieven vanaf {vanaf}, geïndexeerd met {_dutch(percentage)} % "
        f"({agreed.artikel}).\n# Lees ook de naam, de bron, de toelating van aanbieders en andere data na; "
        "alleen tarieven en tot_en_met zijn aangepast.\n\n"
    )
    untouched = tuple(product.code for product in profiel.producten if product.code not in done)
    return Voorstel(head + edits.made(), tuple(changes), untouched)


def rows(voorstel: Voorstel) -> Iterator[tuple[str, ...]]:
    """The difference as cells under `COLUMNS`."""
    for one in voorstel.wijzigingen:
        sign = "-" if one.nieuw < one.oud else "+" if one.nieuw > one.oud else ""
        hundredths = half_up(abs(one.nieuw - one.oud) * 100_00, one.oud)
        rounding = "1 cent" if one.veelvoud == 1 else f"{one.veelvoud} cent"
        difference = f"{sign}{euro(abs(one.nieuw - one.oud))}"
        yield one.code, one.naam, euro(one.oud), euro(one.nieuw), difference, f"{sign}{euro(hundredths)}", rounding


def _indexable(profiel: Profiel, vanaf: date, until: date) -> Iterator[tuple[int, int, Tarief]]:
    """The tariffs of the day before: the position of the product, that of the tariff in it, and the tariff."""
    before = vanaf - timedelta(days=1)
    for i, product in enumerate(profiel.producten):
        held = [(j, one) for j, one in enumerate(product.tarieven) if one.vanaf <= before <= one.tot_en_met]
        later = [one for one in product.tarieven if one.vanaf <= until and one.tot_en_met >= vanaf]
        if held and later:
            raise ConfigurationError(
                f"product {product.code} heeft al een tarief van {later[0].vanaf} t/m {later[0].tot_en_met}; "
                f"laat dat eerst vóór {vanaf} eindigen, of kies een latere dag"
            )
        yield from ((i, j, one) for j, one in held)


class _Edits:
    """Changes of a text at the places of its values, made all at once."""

    def __init__(self, text: str, source: Source) -> None:
        self._text = text
        self._spans: Mapping[KeyPath, tuple[int, int]] = source.spans
        self._wanted: list[tuple[int, int, str]] = []

    def replace(self, path: KeyPath, said: str) -> None:
        """Write something else for a value."""
        self._wanted.append((*self._spans[path], said))

    def follow(self, path: KeyPath, said: Mapping[str, str]) -> None:
        """Put another table after one in a list, laid out as that one is, with these values."""
        if path not in self._spans:
            self._follow_heading(path, said)
            return
        begin, end = self._spans[path]
        copy = _Edits(self._text, Source({}, {}, self._spans))
        for key, value in said.items():
            copy.replace((*path, key), value)
        made = copy._between(begin, end)
        line = self._text.rfind("\n", 0, begin) + 1
        indent = self._text[line:begin]
        alone = None if indent.strip() else _ALONE.match(self._text, end)
        if alone:
            self._wanted.append((alone.end(), alone.end(), f"{indent}{made},\n"))
        else:
            self._wanted.append((end, end, f", {made}" if indent.strip() else f",\n{indent}{made}"))

    def made(self) -> str:
        """The changed text."""
        return self._between(0, len(self._text))

    def _follow_heading(self, path: KeyPath, said: Mapping[str, str]) -> None:
        """The same for a table under a heading of its own: each key of it has a line."""
        last = max(self._spans[*path, key][1] for key in said)
        end = self._text.find("\n", last)
        heading = ".".join(step for step in path if isinstance(step, str))
        pairs = "".join(f"\n{key} = {value}" for key, value in said.items())
        place = len(self._text) if end < 0 else end
        self._wanted.append((place, place, f"\n\n[[{heading}]]{pairs}"))

    def _between(self, begin: int, end: int) -> str:
        parts, at = [], begin
        for first, last, said in sorted(self._wanted):
            parts += [self._text[at:first], said]
            at = last
        return "".join([*parts, self._text[at:end]])


def _a_year_from(day: date) -> date:
    """The last day of the year that begins on a day."""
    leap = (day.month, day.day) == (2, 29)
    return (date(day.year + 1, 3, 1) if leap else day.replace(year=day.year + 1)) - timedelta(days=1)


def _as_written(cents: int) -> str:
    return f"{cents // 100}.{cents % 100:02}"


def _dutch(percentage: Decimal) -> str:
    return f"{percentage:f}".replace(".", ",")
