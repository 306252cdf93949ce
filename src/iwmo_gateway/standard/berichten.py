"""Typed allocations: the 301; and every typed message that there is."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, time

from iwmo_gateway.standard.declaraties import Claim
from iwmo_gateway.standard.kinds import Soort
from iwmo_gateway.standard.klassen import (
    Communicatie,
    Contact,
    Geboortedatum,
    Header,
    Klasse,
    Naam,
    Omvang,
    Product,
    Relatie,
)
from iwmo_gateway.standard.leveringen import Startbericht, Stopbericht
from iwmo_gateway.standard.verzoeken import Aanvraagbericht, Antwoordbericht, Wijzigingsbericht


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class ToegewezenProduct(Klasse):
    """ToegewezenProducten/ToegewezenProduct (1..n): one version of one allocation. `budget` in euro cents (3.x)."""

    toewijzing_nummer: int | None = None
    referentie_aanbieder: str | None = None
    product: Product | None = None
    toewijzingsdatum: date
    toewijzingstijd: time
    ingangsdatum: date
    einddatum: date | None = None
    reden_wijziging: str | None = None
    omvang: Omvang | None = None
    budget: int | None = None
    commentaar: str | None = None

    @property
    def removes(self) -> bool:
        """RedenWijziging 13 with the end on the first day: the allocation counts as not sent."""
        return self.reden_wijziging == "13" and self.einddatum == self.ingangsdatum

    @property
    def begin(self) -> date:
        """The first day that is allocated."""
        return self.ingangsdatum

    @property
    def end(self) -> date | None:
        """The last day that is allocated."""
        return self.einddatum


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Grondslagen(Klasse):
    """The grounds of a decision (2.3)."""

    grondslag01: str
    grondslag02: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class BeperkingScore(Klasse):
    """BeperkingScores/BeperkingScore (1..n, 2.3)."""

    vraag: str
    score: str
    commentaar: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Beperking(Klasse):
    """Beperkingen/Beperking (1..n, 2.3)."""

    categorie: str
    duur: str | None = None
    commentaar: str | None = None
    beperking_scores: tuple[BeperkingScore, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Beschikking(Klasse):
    """Client/Beschikking (1, 2.3): the decision that the products are allocated under."""

    beschikking_nummer: int
    grondslagen: Grondslagen | None = None
    afgiftedatum: date
    ingangsdatum: date
    einddatum: date | None = None
    commentaar: str | None = None
    beperkingen: tuple[Beperking, ...] = ()
    toegewezen_producten: tuple[ToegewezenProduct, ...]


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class ToewijzingClient(Klasse):
    """/Bericht/Client (1) of a 301."""

    bsn: str
    geboortedatum: Geboortedatum
    geslacht: str
    naam: Naam
    communicatie: Communicatie | None = None
    juridische_status: str | None = None
    wettelijke_vertegenwoordiging: str | None = None
    commentaar: str | None = None
    relaties: tuple[Relatie, ...] = ()
    contactgegevens: tuple[Contact, ...]
    toegewezen_producten: tuple[ToegewezenProduct, ...] = ()
    beschikking: Beschikking | None = None


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Toewijzingsbericht(Klasse):
    """A 301: allocations of products for one client to one provider."""

    soort: Soort
    header: Header
    client: ToewijzingClient

    @property
    def toegewezen_producten(self) -> tuple[ToegewezenProduct, ...]:
        """The allocated products, which 2.3 puts below Beschikking."""
        decision = self.client.beschikking
        return decision.toegewezen_producten if decision else self.client.toegewezen_producten

    @property
    def producten(self) -> tuple[ToegewezenProduct, ...]:
        """The classes that name a Product."""
        return self.toegewezen_producten

    @property
    def clienten(self) -> tuple[ToewijzingClient]:
        """The client."""
        return (self.client,)

    @property
    def personen(self) -> tuple["ToewijzingClient | Relatie", ...]:
        """The client and the relations."""
        return (self.client, *self.client.relaties)

    @property
    def toewijzing_nummers(self) -> Iterator[int]:
        """The allocations that it is about, as far as they are numbered."""
        numbers = (product.toewijzing_nummer for product in self.toegewezen_producten)
        return (number for number in numbers if number is not None)

    def contacten(self) -> Iterator[Contact]:
        """Every Contact: of the client first, then of the relations."""
        yield from self.client.contactgegevens
        yield from (relatie.contact for relatie in self.client.relaties)


Leveringsbericht = Startbericht | Stopbericht
Verzoekbericht = Aanvraagbericht | Wijzigingsbericht
Bericht = Toewijzingsbericht | Leveringsbericht | Verzoekbericht | Antwoordbericht | Claim
"""Every message that is judged beyond its schema."""
