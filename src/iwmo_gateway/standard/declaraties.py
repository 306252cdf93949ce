"""Typed claims: the 323 of release 3.2, and the 303 (declaration or invoice) of release 2.3.

Both are made of clients with lines (Prestatie). One class serves both releases; what 2.3 puts in a holder of its own
(IngediendeBedragPrestatie) are fields of the class itself here. Every amount is in euro cents.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import cast

from iwmo_gateway.standard.kinds import Soort
from iwmo_gateway.standard.klassen import Geboortedatum, Header, Klasse, Naam


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class GeslotenPeriode(Klasse):
    """A period with both ends; both days belong to it."""

    begindatum: date
    einddatum: date

    @property
    def days(self) -> tuple[date, date]:
        """Its first and last day."""
        return self.begindatum, self.einddatum

    def __str__(self) -> str:
        return f"{self.begindatum} t/m {self.einddatum}"


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Referentie(Klasse):
    """ProductReferentie: the provider's own number of a line, and in a credit that of the debit it takes back."""

    referentie_nummer: str
    vorig_referentie_nummer: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class BedragMetDC(Klasse):
    """An amount in euro cents, with D (debit) or C (credit)."""

    bedrag: int
    debet_credit: str

    @property
    def signed(self) -> int:
        """Euro cents, a credit below zero."""
        return -self.bedrag if self.debet_credit == "C" else self.bedrag


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class TotaalBedragMetDC(Klasse):
    """A total in euro cents, with D (debit) or C (credit)."""

    totaal_bedrag: int
    debet_credit: str

    @property
    def signed(self) -> int:
        """Euro cents, a credit below zero."""
        return -self.totaal_bedrag if self.debet_credit == "C" else self.totaal_bedrag


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Prestatie(Klasse):
    """Prestaties/Prestatie (1..n): one line of a claim.

    `geleverd_volume` counts in `eenheid`, `product_tarief` is for one of it. Percentages are in hundredths.
    The amount claimed is IngediendBedrag in a 323, DeclaratieFactuurBedrag in a 303; `toegekend_bedrag` is of a 304.
    """

    product_referentie: Referentie
    beschikking_nummer: int | None = None
    toewijzing_nummer: int | None = None
    product_categorie: str
    product_code: str
    product_periode: GeslotenPeriode
    geleverd_volume: int
    eenheid: str
    verrekenpercentage: int | None = None
    product_tarief: int | None = None
    berekend_bedrag: BedragMetDC | None = None
    btw_vrijstelling_indicatie: str | None = None
    btw_percentage: int | None = None
    btw_bedrag: BedragMetDC | None = None
    declaratie_factuur_bedrag: BedragMetDC | None = None
    ingediend_bedrag: BedragMetDC | None = None
    toegekend_bedrag: BedragMetDC | None = None
    commentaar: str | None = None

    @property
    def ingediend(self) -> BedragMetDC:
        """The amount claimed; the schema of either release has one of the two."""
        return cast("BedragMetDC", self.ingediend_bedrag or self.declaratie_factuur_bedrag)

    @property
    def is_credit(self) -> bool:
        """It takes back an earlier debit."""
        amount = self.ingediend_bedrag or self.declaratie_factuur_bedrag
        return amount is not None and amount.debet_credit == "C"

    @property
    def referentie(self) -> str:
        """ReferentieNummer."""
        return self.product_referentie.referentie_nummer

    @property
    def vorige(self) -> str | None:
        """VorigReferentieNummer."""
        return self.product_referentie.vorig_referentie_nummer

    @property
    def btw(self) -> int:
        """VAT in euro cents, a credit below zero; 0 without BtwBedrag."""
        return self.btw_bedrag.signed if self.btw_bedrag else 0


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class DeclaratieClient(Klasse):
    """Clienten/Client (1..n) of a claim; all but the Bsn and the lines is of 2.3."""

    bsn: str
    geboortedatum: Geboortedatum | None = None
    geslacht: str | None = None
    naam: Naam | None = None
    commentaar: str | None = None
    prestaties: tuple[Prestatie, ...]


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Declaratie(Klasse):
    """/Bericht/Declaratie (1) of a 323."""

    declaratie_nummer: str
    declaratie_periode: GeslotenPeriode
    declaratie_dagtekening: date
    totaal_ingediend_bedrag: TotaalBedragMetDC
    clienten: tuple[DeclaratieClient, ...]


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class FactuurKop(Klasse):
    """What the Header of a 303 tells, and that of a 304 repeats."""

    bericht_code: str
    bericht_versie: int
    bericht_subversie: int
    gemeente: str
    servicebureau: str | None = None
    aanbieder: str
    betaling_aan_id: str
    declaratie_periode: GeslotenPeriode
    declarant_factuur_nummer: str
    factuur_dagtekening: date
    btw_id_nummer: str | None = None
    valuta_code: str


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class FactuurHeader(FactuurKop):
    """/Bericht/Header of a 303, which also says what Declaratie says in a 323."""

    declaratie_factuur_totaal_bedrag: TotaalBedragMetDC
    btw_totaal_bedrag: TotaalBedragMetDC | None = None

    @property
    def afzender(self) -> str:
        """The provider, by whom the claim is made even if a service bureau sends it."""
        return self.aanbieder

    @property
    def ontvanger(self) -> str:
        """The municipality."""
        return self.gemeente

    @property
    def identificatie(self) -> str:
        """DeclarantFactuurNummer, which identifies the message."""
        return self.declarant_factuur_nummer

    @property
    def dagtekening(self) -> date:
        """FactuurDagtekening."""
        return self.factuur_dagtekening

    @property
    def declaratie_nummer(self) -> str:
        """DeclarantFactuurNummer."""
        return self.declarant_factuur_nummer

    @property
    def declaratie_dagtekening(self) -> date:
        """FactuurDagtekening."""
        return self.factuur_dagtekening

    @property
    def totaal_ingediend_bedrag(self) -> TotaalBedragMetDC:
        """DeclaratieFactuurTotaalBedrag."""
        return self.declaratie_factuur_totaal_bedrag


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Declaratiebericht(Klasse):
    """A 323: a claim of 3.2."""

    soort: Soort
    header: Header
    declaratie: Declaratie
    prestaties: tuple[Prestatie, ...] = field(init=False, compare=False)
    """Every line, in the order of the document."""
    debetregels: tuple[Prestatie, ...] = field(init=False, compare=False)
    """Those of the lines that claim something."""

    def __post_init__(self) -> None:
        _put_in_a_row(self)

    @property
    def clienten(self) -> tuple[DeclaratieClient, ...]:
        """The clients."""
        return self.declaratie.clienten

    @property
    def toewijzing_nummers(self) -> Iterator[int]:
        """The allocations that it is about, as far as they are numbered."""
        numbers = (prestatie.toewijzing_nummer for prestatie in self.prestaties)
        return (number for number in numbers if number is not None)


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Factuurbericht(Klasse):
    """A 303: a claim of 2.3, declaration or invoice by its BerichtCode."""

    soort: Soort
    header: FactuurHeader
    clienten: tuple[DeclaratieClient, ...]
    prestaties: tuple[Prestatie, ...] = field(init=False, compare=False)
    """Every line, in the order of the document."""
    debetregels: tuple[Prestatie, ...] = field(init=False, compare=False)
    """Those of the lines that claim something."""

    def __post_init__(self) -> None:
        _put_in_a_row(self)

    @property
    def declaratie(self) -> FactuurHeader:
        """What says here what Declaratie says in a 323: the Header."""
        return self.header

    @property
    def toewijzing_nummers(self) -> Iterator[int]:
        """The allocations that it is about, as far as they are numbered."""
        numbers = (prestatie.toewijzing_nummer for prestatie in self.prestaties)
        return (number for number in numbers if number is not None)

    @property
    def is_invoice(self) -> bool:
        """An invoice (factuur), not a declaration."""
        return self.header.bericht_code == self.soort.bericht_codes[1]


Claim = Declaratiebericht | Factuurbericht


def _put_in_a_row(bericht: Claim) -> None:
    """Nearly every rule asks for the lines of all clients."""
    lines = tuple(prestatie for client in bericht.clienten for prestatie in client.prestaties)
    object.__setattr__(bericht, "prestaties", lines)
    object.__setattr__(bericht, "debetregels", tuple(line for line in lines if not line.is_credit))
