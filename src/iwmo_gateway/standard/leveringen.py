"""Typed deliveries: the 305 (start of care) and the 307 (stop)."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Final

from iwmo_gateway.standard.kinds import Soort
from iwmo_gateway.standard.klassen import Geboortedatum, Header, Klasse, Naam, Product

TEMPORARY: Final = "20"
"""RedenBeeindiging of a stop for a while: care may start again."""


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class StartProduct(Klasse):
    """StartProducten/StartProduct (1..n)."""

    beschikking_nummer: int | None = None
    toewijzing_nummer: int | None = None
    product: Product | None = None
    toewijzing_ingangsdatum: date | None = None
    begindatum: date
    status_aanlevering: str

    @property
    def deletes(self) -> bool:
        """StatusAanlevering 3: it takes back an earlier start with the same key."""
        return self.status_aanlevering == "3"


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class StartClient(Klasse):
    """/Bericht/Client (1) of a 305; its own StatusAanlevering is of 2.3."""

    bsn: str
    geboortedatum: Geboortedatum
    geslacht: str
    naam: Naam
    status_aanlevering: str | None = None
    start_producten: tuple[StartProduct, ...]


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class StopProduct(Klasse):
    """StopProducten/StopProduct (1..n)."""

    beschikking_nummer: int | None = None
    toewijzing_nummer: int | None = None
    product: Product | None = None
    toewijzing_ingangsdatum: date | None = None
    begindatum: date
    reden_beeindiging: str
    einddatum: date
    status_aanlevering: str

    @property
    def deletes(self) -> bool:
        """StatusAanlevering 3: it takes back an earlier stop with the same key."""
        return self.status_aanlevering == "3"


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class StopClient(Klasse):
    """/Bericht/Client (1) of a 307; its own StatusAanlevering is of 2.3."""

    bsn: str
    geboortedatum: Geboortedatum
    geslacht: str
    naam: Naam
    status_aanlevering: str | None = None
    stop_producten: tuple[StopProduct, ...]


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Startbericht(Klasse):
    """A 305: starts of care for one client, or their deletion."""

    soort: Soort
    header: Header
    client: StartClient

    @property
    def start_producten(self) -> tuple[StartProduct, ...]:
        """The starts."""
        return self.client.start_producten

    @property
    def producten(self) -> tuple[StartProduct, ...]:
        """The classes that name a Product."""
        return self.client.start_producten

    @property
    def clienten(self) -> tuple[StartClient]:
        """The client."""
        return (self.client,)

    @property
    def personen(self) -> tuple[StartClient]:
        """The client."""
        return (self.client,)

    @property
    def toewijzing_nummers(self) -> Iterator[int]:
        """The allocations that it is about, as far as they are numbered."""
        return (start.toewijzing_nummer for start in self.start_producten if start.toewijzing_nummer is not None)


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Stopbericht(Klasse):
    """A 307: stops of care for one client, or their deletion."""

    soort: Soort
    header: Header
    client: StopClient

    @property
    def stop_producten(self) -> tuple[StopProduct, ...]:
        """The stops."""
        return self.client.stop_producten

    @property
    def producten(self) -> tuple[StopProduct, ...]:
        """The classes that name a Product."""
        return self.client.stop_producten

    @property
    def clienten(self) -> tuple[StopClient]:
        """The client."""
        return (self.client,)

    @property
    def personen(self) -> tuple[StopClient]:
        """The client."""
        return (self.client,)

    @property
    def toewijzing_nummers(self) -> Iterator[int]:
        """The allocations that it is about, as far as they are numbered."""
        return (stop.toewijzing_nummer for stop in self.stop_producten if stop.toewijzing_nummer is not None)
