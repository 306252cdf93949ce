"""A contract profile: what municipalities and providers agreed on for one domain and period.

An officer writes it as TOML; every key and what belongs there is a field below, whose description is also the text of
the fault. Amounts are euros with at most two decimals in the file and whole euro cents here. Periods include both days.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import date
from functools import cached_property
from typing import Any, Final

from pydantic import ConfigDict, ValidationError

from iwmo_gateway.contract.afspraken import (
    Aanbieders,
    Afspraken,
    Beoordeling,
    Betaling,
    Bezwaar,
    Combinatie,
    Contractregel,
    Inbegrepen,
    Indexering,
    Omzetklasse,
    Part,
    Product,
    Schorsing,
    Tarief,
    Terugvordering,
    Toelating,
    Veelvoud,
    Verantwoording,
)
from iwmo_gateway.contract.contradictions import contradictions
from iwmo_gateway.contract.source import KeyPath, ProfielFault, Source, read_source

NAME: Final = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
MAX_NAME: Final = 60

_SHOWN: Final = 80
"""How much of a wrong value is told."""


class Profiel(Afspraken):
    """One version of a contract profile. `name` is that of its file, `version` 0 for one that was not loaded."""

    model_config = ConfigDict(ignored_types=(cached_property,))  # or they would be taken for private fields

    name: str
    version: int

    @property
    def identity(self) -> str:
        """How a judgement names it: `rhenen-wmo-2023/1`."""
        return f"{self.name}/{self.version}"

    def holds_on(self, day: date) -> bool:
        """Whether this is the contract of a day."""
        return self.vanaf <= day <= self.tot_en_met

    def product(self, code: str) -> Product | None:
        """The product with this code, on whichever day it was agreed."""
        return self._products.get(code)

    def offers(self, categorie: str, code: str, day: date) -> bool:
        """Whether the product stands on the contract's list in this category on a day (TR381).

        That it does where it has a tariff; without any, with unit 83 or in a concept, as long as the profile holds.
        """
        product = self._products.get(code)
        if product is None or product.categorie != categorie or not self.holds_on(day):
            return False
        return not product.tarieven or product.tarief_on(day) is not None

    def admits(self, agb: str, day: date) -> bool:
        """Whether the provider with this AGB code may deliver on a day."""
        if self._admitted is None:
            return True
        leads = any(one.penvoerder == agb and one.holds_on(day) for one in self.aanbieders.combinaties)
        return leads or any(toelating.holds_on(day) for toelating in self._admitted.get(agb, ()))

    def penvoerder_of(self, agb: str, day: date) -> str | None:
        """Who claims for a member of a consortium on a day."""
        held = (one for one in self.aanbieders.combinaties if agb in one.leden and one.holds_on(day))
        return next((one.penvoerder for one in held), None)

    def regel(self, name: str) -> Contractregel | None:
        """The rule of this name, if the contract has it."""
        return self._regels.get(name)

    @cached_property
    def _regels(self) -> Mapping[str, Contractregel]:
        return {regel.regel: regel for regel in reversed(self.regels)}

    @cached_property
    def _products(self) -> Mapping[str, Product]:
        return {product.code: product for product in self.producten}

    @cached_property
    def _admitted(self) -> Mapping[str, tuple[Toelating, ...]] | None:
        given = self.aanbieders.toegelaten
        if given is None:
            return None
        found: dict[str, tuple[Toelating, ...]] = {}
        for one in given:
            found[one.agb] = (*found.get(one.agb, ()), one)
        return found


def parse_profiel(text: str, name: str, version: int = 0) -> Profiel | tuple[ProfielFault, ...]:
    """The profile in a TOML text, or everything that is wrong with it, in the order of the lines.

    Text that is no TOML at all has one fault, the first: what follows it cannot be told apart.
    """
    source = read_source(text)
    if isinstance(source, ProfielFault):
        return (source,)
    faults = [*_wrong_name(name), *contradictions(source)]
    try:
        said = Afspraken.model_validate(source.values)
    except ValidationError as error:
        # A list with nothing right in it is too short for pydantic; to us its elements are wrong, and only they.
        faults += (
            _misfit(source, fault["loc"], fault["type"], fault["input"])
            for fault in error.errors()
            if fault["type"] != "too_short" or not fault["input"]
        )
    if faults:
        return tuple(sorted(source.with_articles(dict.fromkeys(faults)), key=lambda fault: fault.regelnummer))
    # Everything in it was validated a moment ago; doing so again would take the cents for euros.
    return Profiel.model_construct(name=name, version=version, **dict(said))


def _wrong_name(name: str) -> Iterator[ProfielFault]:
    if not NAME.fullmatch(name) or len(name) > MAX_NAME:
        yield ProfielFault(
            1,
            "een profiel heet naar zijn bestand: verwacht kleine letters, cijfers en losse streepjes, "
            f"hoogstens {MAX_NAME} tekens, gevonden {name!r}",
        )


_PARTS: Final[Mapping[tuple[str, ...], type[Part]]] = {
    (): Afspraken,
    ("producten",): Product,
    ("producten", "tarieven"): Tarief,
    ("aanbieders",): Aanbieders,
    ("aanbieders", "toegelaten"): Toelating,
    ("aanbieders", "toegelaten", "geschorst"): Schorsing,
    ("aanbieders", "combinaties"): Combinatie,
    ("aanbieders", "bezwaren"): Bezwaar,
    ("regels",): Contractregel,
    ("betaling",): Betaling,
    ("beoordeling",): Beoordeling,
    ("terugvordering",): Terugvordering,
    ("regels", "inbegrepen"): Inbegrepen,
    ("verantwoording",): Verantwoording,
    ("verantwoording", "klassen"): Omzetklasse,
    ("indexering",): Indexering,
    ("indexering", "veelvouden"): Veelvoud,
}


def _misfit(source: Source, loc: KeyPath, kind: str, found: Any) -> ProfielFault:
    """What pydantic found at a place, told by the description of the field there."""
    *above, key = (step for step in loc if isinstance(step, str))
    known = {field.alias or name: field.description for name, field in _PARTS[tuple(above)].model_fields.items()}
    if kind == "extra_forbidden":
        return ProfielFault(source.line_of(loc), f"{key} is hier geen sleutel; verwacht {', '.join(known)}")
    if kind == "missing":
        return ProfielFault(source.line_of(loc[:-1]), f"{key} ontbreekt; verwacht {known[key]}")
    return ProfielFault(source.line_of(loc), f"{key}: verwacht {known[key]}; gevonden {_as_written(found)}")


def _as_written(value: Any) -> str:
    """A value more or less as TOML has it."""
    match value:
        case bool():
            return str(value).lower()
        case []:
            return "een lege lijst"
        case list():
            return "een lijst"
        case dict():
            return "een tabel"
    text = str(value)
    told = text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
    return f'"{told}"' if isinstance(value, str) else told
