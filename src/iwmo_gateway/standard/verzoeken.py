"""Typed requests: the 315 (for an allocation), the 317 (to change some), and the municipality's answer, the 319."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Final

from iwmo_gateway.standard.kinds import Soort
from iwmo_gateway.standard.klassen import Geboortedatum, Header, Klasse, Naam, Omvang, Product

REFUSED: Final = "1"
"""VerzoekAntwoord: the request is refused."""
IN_INVESTIGATION: Final = "2"
"""VerzoekAntwoord: the request is looked into, which may be said once."""


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Verwijzer(Klasse):
    """Who referred the client; ZorgverlenerCode (an AGB code) is of 3.x."""

    type: str
    naam: str | None = None
    zorgverlener_code: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class AangevraagdProduct(Klasse):
    """AangevraagdeProducten/AangevraagdProduct (1..n): one request. `budget` in euro cents (3.x)."""

    referentie_aanbieder: str
    beschikking_nummer: int | None = None
    product: Product | None = None
    beschikking_ingangsdatum: date | None = None
    toewijzing_ingangsdatum: date
    toewijzing_einddatum: date | None = None
    omvang: Omvang | None = None
    budget: int | None = None
    verwijzer: Verwijzer
    raamcontract: str | None = None
    commentaar: str | None = None

    @property
    def begin(self) -> date:
        """The first day that is asked for."""
        return self.toewijzing_ingangsdatum

    @property
    def end(self) -> date | None:
        """The last day that is asked for."""
        return self.toewijzing_einddatum


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class AanvraagClient(Klasse):
    """/Bericht/Client (1) of a 315; `gezagsdrager_bekend` is iJw's."""

    bsn: str
    geboortedatum: Geboortedatum
    geslacht: str
    naam: Naam
    gezagsdrager_bekend: str | None = None
    commentaar: str | None = None
    aangevraagde_producten: tuple[AangevraagdProduct, ...]


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Aanvraagbericht(Klasse):
    """A 315: requests for allocations (VOT) for one client."""

    soort: Soort
    header: Header
    client: AanvraagClient

    @property
    def clienten(self) -> tuple[AanvraagClient]:
        """The client."""
        return (self.client,)

    @property
    def personen(self) -> tuple[AanvraagClient]:
        """The client."""
        return (self.client,)

    @property
    def producten(self) -> tuple[AangevraagdProduct, ...]:
        """The classes that name a Product."""
        return self.client.aangevraagde_producten

    @property
    def referenties(self) -> tuple[str, ...]:
        """ReferentieAanbieder of every request in it."""
        return tuple(product.referentie_aanbieder for product in self.producten)

    @property
    def toewijzing_nummers(self) -> Iterator[int]:
        """It is about no allocation that exists."""
        return iter(())


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class OngewijzigdProduct(Klasse):
    """OngewijzigdeProducten/OngewijzigdProduct (1..n): an allocation that stays as it is."""

    toewijzing_nummer: int


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class TeWijzigenProduct(Klasse):
    """TeWijzigenProducten/TeWijzigenProduct (1..n): an allocation, as it should become. `budget` in euro cents."""

    toewijzing_nummer: int
    gewenste_ingangsdatum: date
    einddatum: date | None = None
    omvang: Omvang | None = None
    budget: int | None = None

    @property
    def begin(self) -> date:
        """The first day that is asked for."""
        return self.gewenste_ingangsdatum

    @property
    def end(self) -> date | None:
        """The last day that is asked for."""
        return self.einddatum


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class NieuwProduct(Klasse):
    """NieuweProducten/NieuwProduct (1..n): an allocation that should be added. `budget` in euro cents."""

    product: Product | None = None
    gewenste_ingangsdatum: date
    einddatum: date | None = None
    omvang: Omvang | None = None
    budget: int | None = None

    @property
    def begin(self) -> date:
        """The first day that is asked for."""
        return self.gewenste_ingangsdatum

    @property
    def end(self) -> date | None:
        """The last day that is asked for."""
        return self.einddatum


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Verzoek(Klasse):
    """Client/Verzoek (1) of a 317: what becomes of all the client's allocations with this provider."""

    referentie_aanbieder: str
    reden_verzoek: str
    ongewijzigde_producten: tuple[OngewijzigdProduct, ...] = ()
    te_wijzigen_producten: tuple[TeWijzigenProduct, ...] = ()
    nieuwe_producten: tuple[NieuwProduct, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class WijzigingClient(Klasse):
    """/Bericht/Client (1) of a 317."""

    bsn: str
    verzoek: Verzoek


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Wijzigingsbericht(Klasse):
    """A 317: a request to change the allocations (VOW) of one client."""

    soort: Soort
    header: Header
    client: WijzigingClient

    @property
    def verzoek(self) -> Verzoek:
        """The request."""
        return self.client.verzoek

    @property
    def clienten(self) -> tuple[WijzigingClient]:
        """The client."""
        return (self.client,)

    @property
    def producten(self) -> tuple[NieuwProduct, ...]:
        """The classes that name a Product."""
        return self.client.verzoek.nieuwe_producten

    @property
    def referenties(self) -> tuple[str]:
        """ReferentieAanbieder of the request."""
        return (self.client.verzoek.referentie_aanbieder,)

    @property
    def toewijzing_nummers(self) -> Iterator[int]:
        """The allocations that it is about."""
        verzoek = self.client.verzoek
        yield from (product.toewijzing_nummer for product in verzoek.ongewijzigde_producten)
        yield from (product.toewijzing_nummer for product in verzoek.te_wijzigen_producten)


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Woonplaatsbeginsel(Klasse):
    """Antwoord/Woonplaatsbeginsel (0..1, iJw): the municipality that is responsible instead."""

    gemeente: str


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Antwoord(Klasse):
    """/Bericht/Antwoord (1) of a 319."""

    referentie_aanbieder: str
    verzoek_antwoord: str
    reden_afwijzing_verzoek: str | None = None
    woonplaatsbeginsel: Woonplaatsbeginsel | None = None


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Antwoordbericht(Klasse):
    """A 319: what a municipality answers to a request."""

    soort: Soort
    header: Header
    antwoord: Antwoord

    @property
    def clienten(self) -> tuple[()]:
        """It names no client: the request that it answers does."""
        return ()

    @property
    def toewijzing_nummers(self) -> Iterator[int]:
        """It is about no allocation."""
        return iter(())
