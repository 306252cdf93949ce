"""A contract profile: what municipalities and providers agreed on for one domain and period.

An officer writes it as TOML; every key and what belongs there is a field below, whose description is also the text of
the fault. Amounts are euros with at most two decimals in the file and whole euro cents here. Periods include both days.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from functools import cached_property
from typing import Annotated, Any, Final, Literal, TypeVar, get_args

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from iwmo_gateway.contract.regels import REGELS, Actie, misused
from iwmo_gateway.contract.source import KeyPath, ProfielFault, Source, read_source
from iwmo_gateway.contract.volumes import comparable, quantity
from iwmo_gateway.shipped import shipped
from iwmo_gateway.standard.kinds import RELEASES, Domain
from iwmo_gateway.standard.schemafiles import retour_codes

NAME: Final = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
MAX_NAME: Final = 60

Eenheid = Literal["01", "04", "14", "16", "21", "81", "82", "83", "84"]
"""The units of the standard's own list, both releases together."""

_EURO: Final = "83"
_MOST: Final = Decimal("999999.99")
"""The most euros that ProductTarief holds."""

_SHOWN: Final = 80
"""How much of a wrong value is told."""

T = TypeVar("T")


def _in_cents(euro: Any) -> int:
    """Euros as the file has them, in cents. Raises ValueError for what is not an amount that a tariff can be."""
    exact = Decimal(euro) if type(euro) in (int, Decimal) else Decimal("NaN")
    # The number of decimals goes first: arithmetic on a number of a thousand digits would round it to fit.
    if not exact.is_finite() or int(exact.as_tuple().exponent) < -2 or not 0 < exact <= _MOST:
        raise ValueError
    return int(exact * 100)


def _whole_euros(euro: Any) -> int:
    """Whole euros as the file has them, in cents. Raises ValueError for anything else."""
    if type(euro) is not int or not 0 <= euro <= _MOST * 1000:
        raise ValueError
    return euro * 100


class _Part(BaseModel):
    """A part of a profile: exactly these keys, of exactly these types, never changed."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


# TOML has lists where a profile has tuples; everything in them stays strict.
_List = Annotated[tuple[T, ...], Field(strict=False)]
_Line = Annotated[str, Field(pattern=r"^[^\p{Cc}\p{Z}]([^\p{Cc}]*[^\p{Cc}\p{Z}])?$", max_length=200)]
_Text = Annotated[str, Field(pattern=r"\S", max_length=4000)]
_Day = "een datum zonder aanhalingstekens, zoals 2023-01-31"


class Tarief(_Part):
    """What one unit of a product costs in a period. `cents` is `euro` in the file."""

    vanaf: date = Field(description=f"de eerste dag: {_Day}")
    tot_en_met: date = Field(description=f"de laatste dag: {_Day}")
    cents: Annotated[int, BeforeValidator(_in_cents)] = Field(
        alias="euro", description="een bedrag boven 0 met hoogstens twee decimalen en een punt, zoals 46.46"
    )


class Product(_Part):
    """A product as agreed."""

    code: str = Field(pattern=r"^[0-9A-Z]{5}$", description='een productcode van vijf tekens, zoals "02A03"')
    categorie: str = Field(pattern=r"^[0-9]{2}$", description='een productcategorie van twee cijfers, zoals "02"')
    naam: _Line = Field(description="de naam van het product, op één regel")
    eenheid: Eenheid = Field(description=f"een eenheid van de standaard: {', '.join(get_args(Eenheid))}")
    functieniveau: int | None = Field(
        None, ge=1, le=8, description="het laagste functieniveau van wie het levert: een getal van 1 tot en met 8"
    )
    tarieven: _List[Tarief] = Field(
        (), description="een lijst van { vanaf = …, tot_en_met = …, euro = … }, die elkaar niet overlappen"
    )
    perceel: int | None = Field(None, ge=1, le=99, description="het perceel waarin het is ingekocht: een getal vanaf 1")
    grondslag: _Line | None = Field(None, description="de grondslag waarvoor het is, op één regel")
    artikel: _Line | None = Field(None, description="waar het staat, op één regel")
    toelichting: _Text | None = Field(None, description="wat er verder over is afgesproken, in woorden")

    def tarief_on(self, day: date) -> int | None:
        """The tariff in euro cents on a day; None if none was agreed for it."""
        return next((tarief.cents for tarief in self.tarieven if tarief.vanaf <= day <= tarief.tot_en_met), None)


class Schorsing(_Part):
    """A time in which an admission does not hold."""

    vanaf: date = Field(description=f"de eerste dag: {_Day}")
    tot_en_met: date | None = Field(None, description=f"de laatste dag: {_Day}; zonder deze sleutel zonder einde")
    artikel: _Line | None = Field(None, description="waar het staat, op één regel")


class Toelating(_Part):
    """A provider that is admitted, for a period or, without one, as long as the profile holds."""

    agb: str = Field(pattern=r"^[0-9]{8}$", description='de AGB-code van een aanbieder, acht cijfers: "65656055"')
    naam: _Line | None = Field(None, description="de naam van de aanbieder, op één regel")
    vanaf: date | None = Field(None, description=f"de eerste dag: {_Day}")
    tot_en_met: date | None = Field(None, description=f"de laatste dag: {_Day}")
    geschorst: _List[Schorsing] = Field((), description="een lijst van { vanaf = …, tot_en_met = … }")

    def holds_on(self, day: date) -> bool:
        """Whether the admission holds on a day."""
        suspended = any(one.vanaf <= day <= (one.tot_en_met or day) for one in self.geschorst)
        return (self.vanaf or day) <= day <= (self.tot_en_met or day) and not suspended


class Combinatie(_Part):
    """A consortium: its lead provider claims for its members, once the municipality approved of it in writing."""

    penvoerder: str = Field(pattern=r"^[0-9]{8}$", description="de AGB-code van de penvoerder, acht cijfers")
    leden: _List[Annotated[str, Field(pattern=r"^[0-9]{8}$")]] = Field(
        min_length=1, description='een lijst van AGB-codes van de andere leden: ["42420001"]'
    )
    goedgekeurd: date = Field(description=f"de dag van de schriftelijke goedkeuring: {_Day}")
    tot_en_met: date | None = Field(None, description=f"de laatste dag: {_Day}")
    artikel: _Line = Field(description="waar het staat, op één regel")

    def holds_on(self, day: date) -> bool:
        """Whether the consortium may deliver on a day."""
        return self.goedgekeurd <= day <= (self.tot_en_met or day)


class Bezwaar(_Part):
    """A provider that objects to a change of the agreement: the former version goes on for it until a day."""

    agb: str = Field(pattern=r"^[0-9]{8}$", description="de AGB-code van de aanbieder, acht cijfers")
    versie: int = Field(ge=1, description="de eerdere versie van dit profiel die voor hem blijft gelden: 1")
    tot_en_met: date = Field(description=f"de laatste dag daarvan: {_Day}")
    artikel: _Line = Field(description="waar het staat, op één regel")


class Aanbieders(_Part):
    """Who may deliver; everyone while no list is given."""

    toegelaten: _List[Toelating] | None = Field(
        None,
        min_length=1,
        description='een lijst van { agb = "…" }, met een vanaf en tot_en_met waar dat nodig is; '
        "zonder lijst is iedereen toegelaten, en een lege lijst zou niemand toelaten",
    )
    combinaties: _List[Combinatie] = Field(
        (), description="een lijst van { penvoerder = …, leden = […], goedgekeurd = …, artikel = … }"
    )
    bezwaren: _List[Bezwaar] = Field(
        (), description="een lijst van { agb = …, versie = …, tot_en_met = …, artikel = … }"
    )


class Betaling(_Part):
    """By when the municipality pays what is right in a claim."""

    dagen: int = Field(ge=1, le=365, description="een aantal kalenderdagen na ontvangst van 1 tot en met 365")
    artikel: _Line = Field(description="waar het staat, op één regel")


class Inbegrepen(_Part):
    """What one unit of a product includes of others: so much, in a unit of theirs."""

    eenheid: Eenheid = Field(description=f"een eenheid van de standaard: {', '.join(get_args(Eenheid))}")
    volume: int = Field(ge=1, le=999, description="een aantal vanaf 1")


class Omzetklasse(_Part):
    """What a provider must account for from a yearly turnover on. `cents` is `vanaf_euro` in the file."""

    cents: Annotated[int, BeforeValidator(_whole_euros)] = Field(
        alias="vanaf_euro", description="een omzet per jaar in hele euro's vanaf 0: 125000"
    )
    wat: _Line = Field(description="wat er dan wordt verlangd, op één regel")
    uiterlijk: _List[Annotated[str, Field(pattern=r"^(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$")]] = Field(
        (), description='een lijst van dagen van het volgende jaar, als maand-dag: ["03-01"]'
    )


class Verantwoording(_Part):
    """The production account: by turnover, what is due and when."""

    artikel: _Line = Field(description="waar het staat, op één regel")
    klassen: _List[Omzetklasse] = Field(
        min_length=1, description='een lijst van { vanaf_euro = 25000, wat = "…", uiterlijk = ["03-01"] }'
    )

    def klasse_of(self, cents: int) -> Omzetklasse | None:
        """The class of a yearly turnover in euro cents; None below the lowest."""
        reached = [klasse for klasse in self.klassen if cents >= klasse.cents]
        return max(reached, key=lambda klasse: klasse.cents, default=None)


class Contractregel(_Part):
    """A rule of the contract: with which terms it holds, from which article, and what a fault does (`actie`)."""

    regel: str = Field(description=f"een van {', '.join(REGELS)}")
    actie: Actie = Field(
        description='"reject" (keurt af, met retourcodes), "signal" (meldt) of "review" (houdt een declaratieregel aan)'
    )
    artikel: _Line = Field(description="waar het staat, op één regel; een bevinding noemt het")
    retourcodes: Mapping[str, str] | None = Field(
        None, description='wat een afkeuring in het retourbericht zegt, per release: { "3.2" = "9321" }'
    )
    maanden: int | None = Field(None, ge=1, le=12, description="een aantal maanden van 1 tot en met 12")
    weken: int | None = Field(None, ge=1, le=52, description="een aantal weken van 1 tot en met 52")
    eenheden: _List[Eenheid] = Field((), description='een lijst van eenheden: ["04"]')
    producten: _List[str] = Field((), description='een lijst van productcodes uit dit profiel: ["08A03"]')
    bij: _List[str] = Field((), description='een lijst van productcodes uit dit profiel: ["07A11"]')
    inbegrepen: _List[Inbegrepen] = Field((), description='een lijst van { eenheid = "16", volume = 2 }')

    @property
    def zin(self) -> str:
        """The rule in Dutch, with its terms."""
        soort = REGELS[self.regel]
        return self._filled(" ".join((soort.zin, *(more for term, more in soort.mag.items() if getattr(self, term)))))

    @property
    def blind(self) -> str | None:
        """What of it no message shows, in Dutch."""
        told = REGELS[self.regel].blind
        return told and self._filled(told)

    def _filled(self, text: str) -> str:
        lists = {name: _either(getattr(self, name)) for name in ("producten", "bij", "eenheden")}
        included = included_text(self, 1)
        term = "1 maand" if self.maanden == 1 else f"{self.maanden} maanden"
        return text.format(termijn=term, maanden=self.maanden, weken=self.weken, inbegrepen=included, **lists)

    def retourcode(self, release: str) -> str | None:
        """The return code of a fault in a release; None where it is not refused."""
        return (self.retourcodes or {}).get(release)


class Veelvoud(_Part):
    """Products whose tariff becomes the nearest multiple of an amount when it is indexed."""

    producten: _List[str] = Field(min_length=1, description='een lijst van productcodes uit dit profiel: ["02A16"]')
    cent: int = Field(ge=2, le=100_00, description="een heel aantal centen van 2 tot en met 10000")


class Indexering(_Part):
    """What was agreed on indexing the tariffs; it never happens by itself."""

    artikel: _Line = Field(description="waar het staat, op één regel")
    bron: _Line = Field(description="het prijsindexcijfer dat telt, op één regel")
    veelvouden: _List[Veelvoud] = Field((), description="een lijst van { producten = […], cent = 60 }")


def included_text(regel: Contractregel, times: int) -> str:
    """What so many units of a product include, in Dutch: "6 dagdelen en 3 uur"."""
    return " en ".join(
        quantity(comparable(one.eenheid, one.eenheid, times * one.volume), one.eenheid) for one in regel.inbegrepen
    )


class Afspraken(_Part):
    """What the file says, key by key."""

    naam: _Line = Field(description="de naam van de overeenkomst, op één regel")
    domein: Annotated[Domain, Field(strict=False)] = Field(description='het domein: "wmo" of "jw"')
    gemeenten: _List[Annotated[str, Field(pattern=r"^[0-9]{4}$")]] = Field(
        min_length=1, description='een lijst van CBS-codes van gemeenten, elk vier cijfers: ["0340"]'
    )
    vanaf: date = Field(description=f"de eerste dag waarvoor het profiel geldt: {_Day}")
    tot_en_met: date = Field(description=f"de laatste dag waarvoor het profiel geldt: {_Day}")
    bron: _Text = Field(description="waar de afspraken staan, met de artikelen")
    declareren: Literal["declaratie", "factuur"] | None = Field(
        None, description='wat een 303 hoort te zijn: "declaratie" of "factuur"; zonder deze sleutel mag het allebei'
    )
    btw: Literal["vrijgesteld", "belast"] | None = Field(None, description='"vrijgesteld" of "belast"')
    concept: bool = Field(
        False,
        description="true zolang de overeenkomst nog niet vaststaat, en anders false; een concept mag zonder tarieven",
    )
    aanbieders: Aanbieders = Field(Aanbieders(), description="een tabel onder de kop [aanbieders]")
    producten: _List[Product] = Field(min_length=1, description="tabellen, elk onder een eigen kop [[producten]]")
    regels: _List[Contractregel] = Field((), description="tabellen, elk onder een eigen kop [[regels]]")
    betaling: Betaling | None = Field(None, description="een tabel onder de kop [betaling]")
    verantwoording: Verantwoording | None = Field(None, description="een tabel onder de kop [verantwoording]")
    indexering: Indexering | None = Field(None, description="een tabel onder de kop [indexering]")


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
        return next((regel for regel in self.regels if regel.regel == name), None)

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
    faults = [*_wrong_name(name), *_contradictions(source)]
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
        return tuple(sorted(dict.fromkeys(faults), key=lambda fault: fault.regelnummer))
    # Everything in it was validated a moment ago; doing so again would take the cents for euros.
    return Profiel.model_construct(name=name, version=version, **dict(said))


def _wrong_name(name: str) -> Iterator[ProfielFault]:
    if not NAME.fullmatch(name) or len(name) > MAX_NAME:
        yield ProfielFault(
            1,
            "een profiel heet naar zijn bestand: verwacht kleine letters, cijfers en losse streepjes, "
            f"hoogstens {MAX_NAME} tekens, gevonden {name!r}",
        )


_PARTS: Final[Mapping[tuple[str, ...], type[_Part]]] = {
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


# What no single field tells. It works on what was read rather than on the typed profile, so that a profile with a wrong
# code hears of its overlapping tariffs at once; whatever does not have the right form is passed over here.


def _contradictions(source: Source) -> Iterator[ProfielFault]:
    values = source.values
    whole = _period(values)
    yield from _backwards(source, (), values)
    yield from _repeated(source, "gemeente", [(("gemeenten", i), one) for i, one in _of_type(values, "gemeenten", str)])
    products = [(("producten", i), product) for i, product in _of_type(values, "producten", dict)]
    codes = [((*place, "code"), product.get("code")) for place, product in products]
    yield from _repeated(source, "product", codes)
    for place, product in products:
        yield from _wrong_tariffs(source, place, product, whole)
    known = {code for _, code in codes if isinstance(code, str)}
    yield from _wrong_rules(source, known)
    yield from _wrong_multiples(source, known)
    yield from _lots_missing(source)
    for i, toelating in _of_type(values.get("aanbieders"), "toegelaten", dict):
        yield from _backwards(source, ("aanbieders", "toegelaten", i), toelating)


def _wrong_rules(source: Source, known: set[str]) -> Iterator[ProfielFault]:
    """Rules that do not say what they need, or speak of what is not in the profile."""
    rules = [(("regels", i), rule) for i, rule in _of_type(source.values, "regels", dict)]
    yield from _repeated(source, "regel", [((*place, "regel"), rule.get("regel")) for place, rule in rules])
    domain = next((one for one in Domain if one == source.values.get("domein")), Domain.WMO)
    codes = {release: retour_codes(shipped("xsd"), domain, release) for release in RELEASES}
    for place, rule in rules:
        if isinstance(rule.get("regel"), str) and rule["regel"] not in REGELS:
            line = source.line_of((*place, "regel"))
            yield ProfielFault(line, f"regel: {rule['regel']} is geen regel; verwacht een van {', '.join(REGELS)}")
        for key, told in misused(rule, codes):
            yield ProfielFault(source.line_of((*place, key)), told)
        for key in ("producten", "bij"):
            for i, code in _of_type(rule, key, str):
                if code not in known:
                    yield ProfielFault(source.line_of((*place, key, i)), f"{code} is geen product van dit profiel")


def _wrong_multiples(source: Source, known: set[str]) -> Iterator[ProfielFault]:
    """Products that are indexed to a multiple and are not in the profile, or to two."""
    named = [
        (("indexering", "veelvouden", i, "producten", j), code)
        for i, multiple in _of_type(source.values.get("indexering"), "veelvouden", dict)
        for j, code in _of_type(multiple, "producten", str)
    ]
    yield from _repeated(source, "product", named)
    for place, code in named:
        if code not in known:
            yield ProfielFault(source.line_of(place), f"{code} is geen product van dit profiel")


def _lots_missing(source: Source) -> Iterator[ProfielFault]:
    """A rule about lots where no product has one, which would never say anything."""
    if any("perceel" in product for _, product in _of_type(source.values, "producten", dict)):
        return
    for i, rule in _of_type(source.values, "regels", dict):
        if rule.get("regel") == "contract-perceel":
            yield ProfielFault(source.line_of(("regels", i, "regel")), "geen product van dit profiel heeft een perceel")


def _wrong_tariffs(
    source: Source, place: KeyPath, product: Mapping[str, Any], whole: tuple[date, date] | None
) -> Iterator[ProfielFault]:
    code, unit = product.get("code"), product.get("eenheid")
    which = f"product {code}" if isinstance(code, str) else "dit product"
    if unit == _EURO and product.get("tarieven"):
        line = source.line_of((*place, "tarieven"))
        yield ProfielFault(line, f"{which} heeft eenheid {_EURO} (euro) en dan geen tarief; gevonden een tarief")
    elif unit != _EURO and product.get("tarieven", []) == [] and source.values.get("concept") is not True:
        told = f"{which} heeft geen tarief; alleen bij eenheid {_EURO} en in een concept hoort er geen"
        yield ProfielFault(source.line_of(place), told)
    earlier: list[tuple[date, date]] = []
    for i, tarief in _of_type(product, "tarieven", dict):
        here = (*place, "tarieven", i)
        yield from _backwards(source, here, tarief)
        period = _period(tarief)
        if period is None:
            continue
        told = f"{which}: het tarief van {_told(period)}"
        if whole and not whole[0] <= period[0] <= period[1] <= whole[1]:
            line = source.line_of(here)
            yield ProfielFault(line, f"{told} valt buiten de geldigheid van het profiel, {_told(whole)}")
        other = next((one for one in earlier if period[0] <= one[1] and one[0] <= period[1]), None)
        if other is not None:  # the first will do: of thousands that all overlap, each pair would be millions of faults
            yield ProfielFault(source.line_of(here), f"{told} overlapt dat van {_told(other)}")
        earlier.append(period)


def _repeated(source: Source, what: str, named: Sequence[tuple[KeyPath, Any]]) -> Iterator[ProfielFault]:
    first: dict[str, int] = {}
    for place, name in named:
        if not isinstance(name, str):
            continue
        line = source.line_of(place)
        if name in first:
            yield ProfielFault(line, f"{what} {name} staat er meer dan eens, het eerst op regel {first[name]}")
        first.setdefault(name, line)


def _backwards(source: Source, place: KeyPath, part: Mapping[str, Any]) -> Iterator[ProfielFault]:
    begin, end = part.get("vanaf"), part.get("tot_en_met")
    if type(begin) is type(end) is date and end < begin:
        line = source.line_of((*place, "tot_en_met"))
        yield ProfielFault(line, f"tot_en_met: verwacht een datum vanaf {begin}; gevonden {end}")


def _period(part: Mapping[str, Any]) -> tuple[date, date] | None:
    """The period of a part that has a right one."""
    begin, end = part.get("vanaf"), part.get("tot_en_met")
    return (begin, end) if type(begin) is type(end) is date and begin <= end else None


def _of_type(part: Any, key: str, kind: type[T]) -> list[tuple[int, T]]:
    """The elements of a list that are of a kind, with their positions; none where there is no list."""
    elements = part.get(key) if isinstance(part, dict) else None
    return [(i, one) for i, one in enumerate(elements) if isinstance(one, kind)] if isinstance(elements, list) else []


def _either(codes: Sequence[str]) -> str:
    """Codes as one reads them aloud: "07A11, 07A12 of 07A13"."""
    *most, last = codes or ("",)
    return f"{', '.join(most)} of {last}" if most else last


def _told(period: tuple[date, date]) -> str:
    return f"{period[0]} t/m {period[1]}"
