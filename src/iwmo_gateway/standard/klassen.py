"""Classes that several messages share: one frozen dataclass for each, named and spelled as in the schema.

A field is the element of the same name (`toewijzing_nummer` is ToewijzingNummer); a tuple is the element that holds
the repeated ones (`relaties` is Relaties/Relatie). One class serves both releases: what only one of them knows is None
in the other. No class shows its values when printed, so that no person can end up in a log line or a traceback.
"""

from dataclasses import dataclass
from datetime import date


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

    @property
    def identificatie(self) -> str:
        """The sender's own number of the message."""
        return self.bericht_identificatie.identificatie

    @property
    def dagtekening(self) -> date:
        """The day that the message is dated."""
        return self.bericht_identificatie.dagtekening


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
