"""Typed return messages: what their rules look at, beside the codes that stand in them.

A 302, 306, 308, 316, 318 or 320 repeats what it answers, so that only its Header is typed. The answers to claims (325,
304) hold refused lines, in the classes of the claim itself.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from iwmo_gateway.standard.declaraties import DeclaratieClient, FactuurKop, Prestatie, TotaalBedragMetDC
from iwmo_gateway.standard.kinds import Soort
from iwmo_gateway.standard.klassen import BerichtIdentificatie, Header, Klasse, XsdVersie


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class RetourHeader(Header):
    """/Bericht/Header of a return message that repeats the header of what it answers."""

    identificatie_retour: str
    dagtekening_retour: date

    @property
    def antwoord_op(self) -> str:
        """The number of the message that it answers."""
        return self.identificatie

    @property
    def antwoord_op_dag(self) -> date:
        """The Dagtekening of the message that it answers."""
        return self.dagtekening


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Retourbericht(Klasse):
    """A 302, 306, 308, 316, 318 or 320."""

    soort: Soort
    header: RetourHeader


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class DeclaratieAntwoordHeader(Header):
    """/Bericht/Header of a 325, which is the municipality's own."""

    declaratie_identificatie: BerichtIdentificatie
    xsd_versie_declaratie: XsdVersie

    @property
    def identificatie_retour(self) -> str:
        """Its own number."""
        return self.identificatie

    @property
    def antwoord_op(self) -> str:
        """The number of the 323 that it answers."""
        return self.declaratie_identificatie.identificatie

    @property
    def antwoord_op_dag(self) -> date:
        """The Dagtekening of the 323 that it answers."""
        return self.declaratie_identificatie.dagtekening


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class DeclaratieAntwoord(Klasse):
    """/Bericht/DeclaratieAntwoord (0..1) of a 325: totals, and the refused lines."""

    declaratie_nummer: str
    totaal_ingediend_bedrag: TotaalBedragMetDC
    totaal_toegekend_bedrag: TotaalBedragMetDC
    clienten: tuple[DeclaratieClient, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class DeclaratieAntwoordbericht(Klasse):
    """A 325: what a municipality answers to a 323."""

    soort: Soort
    header: DeclaratieAntwoordHeader
    declaratie_antwoord: DeclaratieAntwoord | None = None

    @property
    def clienten(self) -> tuple[DeclaratieClient, ...]:
        """The clients with refused lines."""
        return self.declaratie_antwoord.clienten if self.declaratie_antwoord else ()

    @property
    def prestaties(self) -> Iterator[Prestatie]:
        """The refused lines."""
        return (prestatie for client in self.clienten for prestatie in client.prestaties)


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class FactuurRetourHeader(FactuurKop):
    """/Bericht/Header of a 304: that of the 303 without its amounts, and what the municipality adds to it."""

    gemeente_referentie_nummer: str
    retour_dagtekening: date
    ingediend_totaal_bedrag: TotaalBedragMetDC
    toegekend_totaal_bedrag: TotaalBedragMetDC

    @property
    def antwoord_op(self) -> str:
        """The number of the 303 that it answers."""
        return self.declarant_factuur_nummer

    @property
    def antwoord_op_dag(self) -> date:
        """The FactuurDagtekening of the 303 that it answers."""
        return self.factuur_dagtekening

    @property
    def identificatie_retour(self) -> str:
        """Its own number."""
        return self.gemeente_referentie_nummer

    @property
    def dagtekening_retour(self) -> date:
        """The day of answering."""
        return self.retour_dagtekening


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Factuurretourbericht(Klasse):
    """A 304: what a municipality answers to a 303."""

    soort: Soort
    header: FactuurRetourHeader
    clienten: tuple[DeclaratieClient, ...] = ()

    @property
    def prestaties(self) -> Iterator[Prestatie]:
        """The lines that are refused, or not paid in full."""
        return (prestatie for client in self.clienten for prestatie in client.prestaties)


ClaimAntwoord = DeclaratieAntwoordbericht | Factuurretourbericht
Retour = Retourbericht | ClaimAntwoord
