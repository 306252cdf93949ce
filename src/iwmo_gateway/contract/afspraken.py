"""What stands in a contract profile, key by key: the description of a field is also the text of its fault.

Amounts are euros in the file and whole euro cents here. Periods include both days.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Final, Literal, TypeVar, get_args

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from iwmo_gateway.contract.interest import Rentesoort
from iwmo_gateway.contract.regels import REGELS, Actie
from iwmo_gateway.contract.terms import add_working_days
from iwmo_gateway.contract.volumes import comparable, quantity
from iwmo_gateway.standard.kinds import Domain

Eenheid = Literal["01", "04", "14", "16", "21", "81", "82", "83", "84"]
"""The units of the standard's own list, both releases together."""

EURO: Final = "83"
_MOST: Final = Decimal("999999.99")
"""The most euros that ProductTarief holds."""


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


class Part(BaseModel):
    """A part of a profile: exactly these keys, of exactly these types, never changed."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


# TOML has lists where a profile has tuples; everything in them stays strict.
_List = Annotated[tuple[T, ...], Field(strict=False)]
_Line = Annotated[str, Field(pattern=r"^[^\p{Cc}\p{Z}]([^\p{Cc}]*[^\p{Cc}\p{Z}])?$", max_length=200)]
_Text = Annotated[str, Field(pattern=r"\S", max_length=4000)]
_Day = "een datum zonder aanhalingstekens, zoals 2023-01-31"


class Tarief(Part):
    """What one unit of a product costs in a period. `cents` is `euro` in the file."""

    vanaf: date = Field(description=f"de eerste dag: {_Day}")
    tot_en_met: date = Field(description=f"de laatste dag: {_Day}")
    cents: Annotated[int, BeforeValidator(_in_cents)] = Field(
        alias="euro", description="een bedrag boven 0 met hoogstens twee decimalen en een punt, zoals 46.46"
    )


class Product(Part):
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


class Schorsing(Part):
    """A time in which an admission does not hold."""

    vanaf: date = Field(description=f"de eerste dag: {_Day}")
    tot_en_met: date | None = Field(None, description=f"de laatste dag: {_Day}; zonder deze sleutel zonder einde")
    artikel: _Line | None = Field(None, description="waar het staat, op één regel")


class Toelating(Part):
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


class Combinatie(Part):
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


class Bezwaar(Part):
    """A provider that objects to a change of the agreement: the former version goes on for it until a day."""

    agb: str = Field(pattern=r"^[0-9]{8}$", description="de AGB-code van de aanbieder, acht cijfers")
    versie: int = Field(ge=1, description="de eerdere versie van dit profiel die voor hem blijft gelden: 1")
    tot_en_met: date = Field(description=f"de laatste dag daarvan: {_Day}")
    artikel: _Line = Field(description="waar het staat, op één regel")


class Aanbieders(Part):
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


class Betaling(Part):
    """By when the municipality pays what is right in a claim."""

    dagen: int = Field(ge=1, le=365, description="een aantal kalenderdagen na ontvangst van 1 tot en met 365")
    artikel: _Line = Field(description="waar het staat, op één regel")


class Beoordeling(Part):
    """By when the municipality decides on what is held, if sooner than the standard's term for a claim."""

    werkdagen: int = Field(ge=1, le=10, description="een aantal werkdagen na ontvangst van 1 tot en met 10")
    artikel: _Line = Field(description="waar het staat, op één regel")

    def due(self, received: date) -> date:
        """The last day on which a decision is in time."""
        return add_working_days(received, self.werkdagen)


class Terugvordering(Part):
    """With which interest the municipality claims back what it paid of a line that was credited since."""

    artikel: _Line = Field(description="waar het staat, op één regel")
    rente: Annotated[Rentesoort, Field(strict=False)] = Field(
        Rentesoort.WETTELIJK, description='de rente: "wettelijk" of "handel"; zonder deze sleutel "wettelijk"'
    )


class Inbegrepen(Part):
    """What one unit of a product includes of others: so much, in a unit of theirs."""

    eenheid: Eenheid = Field(description=f"een eenheid van de standaard: {', '.join(get_args(Eenheid))}")
    volume: int = Field(ge=1, le=999, description="een aantal vanaf 1")


class Omzetklasse(Part):
    """What a provider must account for from a yearly turnover on. `cents` is `vanaf_euro` in the file."""

    cents: Annotated[int, BeforeValidator(_whole_euros)] = Field(
        alias="vanaf_euro", description="een omzet per jaar in hele euro's vanaf 0: 125000"
    )
    wat: _Line = Field(description="wat er dan wordt verlangd, op één regel")
    uiterlijk: _List[Annotated[str, Field(pattern=r"^(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$")]] = Field(
        (), description='een lijst van dagen van het volgende jaar, als maand-dag: ["03-01"]'
    )


class Verantwoording(Part):
    """The production account: by turnover, what is due and when."""

    artikel: _Line = Field(description="waar het staat, op één regel")
    klassen: _List[Omzetklasse] = Field(
        min_length=1, description='een lijst van { vanaf_euro = 25000, wat = "…", uiterlijk = ["03-01"] }'
    )

    def klasse_of(self, cents: int) -> Omzetklasse | None:
        """The class of a yearly turnover in euro cents; None below the lowest."""
        reached = [klasse for klasse in self.klassen if cents >= klasse.cents]
        return max(reached, key=lambda klasse: klasse.cents, default=None)


class Contractregel(Part):
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


class Veelvoud(Part):
    """Products whose tariff becomes the nearest multiple of an amount when it is indexed."""

    producten: _List[str] = Field(min_length=1, description='een lijst van productcodes uit dit profiel: ["02A16"]')
    cent: int = Field(ge=2, le=100_00, description="een heel aantal centen van 2 tot en met 10000")


class Indexering(Part):
    """What was agreed on indexing the tariffs; it never happens by itself."""

    artikel: _Line = Field(description="waar het staat, op één regel")
    bron: _Line = Field(description="het prijsindexcijfer dat telt, op één regel")
    veelvouden: _List[Veelvoud] = Field((), description="een lijst van { producten = […], cent = 60 }")


def included_text(regel: Contractregel, times: int) -> str:
    """What so many units of a product include, in Dutch: "6 dagdelen en 3 uur"."""
    return " en ".join(
        quantity(comparable(one.eenheid, one.eenheid, times * one.volume), one.eenheid) for one in regel.inbegrepen
    )


class Afspraken(Part):
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
    beoordeling: Beoordeling | None = Field(None, description="een tabel onder de kop [beoordeling]")
    terugvordering: Terugvordering | None = Field(None, description="een tabel onder de kop [terugvordering]")
    verantwoording: Verantwoording | None = Field(None, description="een tabel onder de kop [verantwoording]")
    indexering: Indexering | None = Field(None, description="een tabel onder de kop [indexering]")


def _either(codes: Sequence[str]) -> str:
    """Codes as one reads them aloud: "07A11, 07A12 of 07A13"."""
    *most, last = codes or ("",)
    return f"{', '.join(most)} of {last}" if most else last
