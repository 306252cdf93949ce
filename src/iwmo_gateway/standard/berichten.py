"""Typed, frozen messages: one dataclass per class of the standard, named and spelled as in the schema.

A field is the element of the same name (`toewijzing_nummer` is ToewijzingNummer); a tuple is the element that holds
the repeated ones (`relaties` is Relaties/Relatie). One class serves both releases: what only one of them knows is None
in the other. No class shows its values when printed, so that no person can end up in a log line or a traceback.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, time

from iwmo_gateway.standard.kinds import Soort


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Klasse:
    """Where a class or a composed element stands: XPath by local names, and the line of its start tag."""

    pad: str
    regelnummer: int

    @property
    def klasse(self) -> str:
        """The element's name: `StartProduct` for /Bericht/Client/StartProducten/StartProduct[2]."""
        return self.pad.rpartition("/")[2].partition("[")[0]


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class BerichtIdentificatie(Klasse):
    """Header/BerichtIdentificatie."""

    identificatie: str
    dagtekening: date


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class XsdVersie(Klasse):
    """Header/XsdVersie, of 3.x only."""

    basisschema_xsd_versie: str
    bericht_xsd_versie: str


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Header(Klasse):
    """/Bericht/Header of every message but the 303 and 304."""

    bericht_code: str
    bericht_versie: int
    bericht_subversie: int
    afzender: str
    ontvanger: str
    bericht_identificatie: BerichtIdentificatie
    xsd_versie: XsdVersie | None = None


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Geboortedatum(Klasse):
    """A birth date; `datum_gebruik` says which part of it is unknown (1 day, 2 day and month, 3 all)."""

    datum: date
    datum_gebruik: str | None = None

    @property
    def unknown(self) -> bool:
        """Nothing of it is known (TR002)."""
        return self.datum_gebruik == "3" and self.datum == date(1900, 1, 1)


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Achternaam(Klasse):
    """A surname with what stands before it."""

    achternaam: str
    voorvoegsel: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Naam(Klasse):
    """CDT_VolledigeNaam, or CDT_VerkorteNaam, which has no Partnernaam and no NaamGebruik."""

    geslachtsnaam: Achternaam
    partnernaam: Achternaam | None = None
    voornamen: str | None = None
    voorletters: str | None = None
    naam_gebruik: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Communicatie(Klasse):
    """How to talk with the client."""

    vorm: str
    taal: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Huis(Klasse):
    """The house of an address."""

    huisnummer: int
    huisletter: str | None = None
    huisnummer_toevoeging: str | None = None
    aanduiding_woonadres: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Adres(Klasse):
    """An address, each part of it optional in the schema."""

    huis: Huis | None = None
    postcode: str | None = None
    straatnaam: str | None = None
    plaatsnaam: str | None = None
    land_code: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Telefoon(Klasse):
    """One telephone number."""

    telefoonnummer: str
    landnummer: str


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Telefoonnummers(Klasse):
    """One or two telephone numbers."""

    telefoon01: Telefoon
    telefoon02: Telefoon | None = None


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class OpenPeriode(Klasse):
    """A period with either end possibly open; both days belong to it."""

    begindatum: date | None = None
    einddatum: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Contact(Klasse):
    """Contactgegevens/Contact (1..n) of the client, or Relatie/Contact (1)."""

    soort: str
    adres: Adres | None = None
    organisatie: str | None = None
    telefoon: Telefoonnummers | None = None
    emailadres: str | None = None
    periode: OpenPeriode | None = None


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Relatie(Klasse):
    """Relaties/Relatie (1..n)."""

    nummer: str
    volgorde: int | None = None
    soort: str
    geboortedatum: Geboortedatum | None = None
    geslacht: str | None = None
    naam: Naam
    contact: Contact


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Product(Klasse):
    """A product: its category, and its code where it was allocated by code."""

    categorie: str
    code: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Omvang(Klasse):
    """How much: a volume in a unit (Eenheid) per period (Frequentie)."""

    volume: int
    eenheid: str
    frequentie: str


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
    def personen(self) -> tuple["ToewijzingClient | Relatie", ...]:
        """The client and the relations."""
        return (self.client, *self.client.relaties)

    def contacten(self) -> Iterator[Contact]:
        """Every Contact: of the client first, then of the relations."""
        yield from self.client.contactgegevens
        yield from (relatie.contact for relatie in self.client.relaties)


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
    def personen(self) -> tuple[StartClient]:
        """The client."""
        return (self.client,)


Bericht = Toewijzingsbericht | Startbericht
