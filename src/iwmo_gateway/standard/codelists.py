"""The code lists that live outside the schemas: municipalities, product codes and providers, each with its validity.

A list may have several editions, each a file of its own: the edition that holds on the day that counts is asked. On a
day on which no edition holds nothing is known, and nothing is wrong.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from iwmo_gateway.standard.kinds import Domain


class Lijstsoort(StrEnum):
    """What a list is of. Its codes stand in the table of this name."""

    GEMEENTEN = "gemeenten"
    PRODUCTCODES = "productcodes"
    AANBIEDERS = "aanbieders"


@dataclass(frozen=True, slots=True)
class Geldigheid:
    """The days on which something holds, both ends included; an end that is None is open."""

    vanaf: date | None = None
    tot_en_met: date | None = None

    def holds_on(self, day: date) -> bool:
        """Whether the day is one of them."""
        return (self.vanaf or day) <= day <= (self.tot_en_met or day)

    def meets(self, other: "Geldigheid") -> bool:
        """Whether they share a day."""
        return (self.vanaf or date.min) <= (other.tot_en_met or date.max) and (
            (other.vanaf or date.min) <= (self.tot_en_met or date.max)
        )


@dataclass(frozen=True, slots=True)
class Regel:
    """What a list says of a code for a time: the name, or of a product code its category."""

    naam: str
    geldig: Geldigheid = Geldigheid()


@dataclass(frozen=True, slots=True)
class Codelist:
    """One edition of one list, as a file tells it. Only a list of product codes is of one domain."""

    bestand: str
    soort: Lijstsoort
    domein: Domain | None
    lijst: str
    versie: str
    bron: str
    geldig: Geldigheid
    codes: Mapping[str, tuple[Regel, ...]]

    @property
    def identity(self) -> str:
        """How a judgement names it: `WMO021/2.0`."""
        return f"{self.lijst}/{self.versie}"

    def on(self, code: str, day: date) -> Regel | None:
        """What it says of a code on a day; None if the code is not on it then."""
        return next((regel for regel in self.codes.get(code, ()) if regel.geldig.holds_on(day)), None)


@dataclass(frozen=True, slots=True)
class Codelists:
    """Every edition of every list."""

    editions: tuple[Codelist, ...]
    _newest_first: Mapping[tuple[Lijstsoort, Domain | None], tuple[Codelist, ...]] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        found: dict[tuple[Lijstsoort, Domain | None], tuple[Codelist, ...]] = {}
        for one in sorted(self.editions, key=lambda one: one.geldig.vanaf or date.min, reverse=True):
            found[one.soort, one.domein] = (*found.get((one.soort, one.domein), ()), one)
        object.__setattr__(self, "_newest_first", found)

    def on(self, soort: Lijstsoort, day: date, domein: Domain | None = None) -> Codelist | None:
        """The edition that holds on a day: the last one that began, unless it ended. None where none does."""
        for edition in self._newest_first.get((soort, domein), ()):
            if (edition.geldig.vanaf or day) <= day:
                return edition if edition.geldig.holds_on(day) else None
        return None

    def knows_gemeente(self, code: str, days: Iterable[date]) -> bool:
        """Whether the municipality existed on one of these days, or that cannot be known (TR378)."""
        return any(self._has(Lijstsoort.GEMEENTEN, code, day) for day in days)

    def knows_aanbieder(self, agb: str, days: Iterable[date]) -> bool:
        """Whether the provider is on the list on one of these days, or that cannot be known."""
        return any(self._has(Lijstsoort.AANBIEDERS, agb, day) for day in days)

    def knows_product(self, domein: Domain, categorie: str, code: str, days: Iterable[date]) -> bool:
        """Whether the list has the code under this category on one of these days, or that cannot be known (TR381)."""
        for day in days:
            edition = self.on(Lijstsoort.PRODUCTCODES, day, domein)
            regel = edition.on(code, day) if edition else None
            if edition is None or (regel is not None and regel.naam == categorie):
                return True
        return False

    def _has(self, soort: Lijstsoort, code: str, day: date) -> bool:
        edition = self.on(soort, day)
        return edition is None or edition.on(code, day) is not None
