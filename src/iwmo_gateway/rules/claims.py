"""Level 2 of claims: what a 323 or 303 alone can tell of its lines and sums.

`docs/decisions/007` says how each sentence of the standard is read.
"""

import calendar
from datetime import date
from typing import Final

from iwmo_gateway.contract.amounts import euro
from iwmo_gateway.rules.content import content
from iwmo_gateway.rules.engine import Fault, Faults
from iwmo_gateway.standard.declaraties import (
    BedragMetDC,
    Claim,
    Declaratie,
    Declaratiebericht,
    Factuurbericht,
    FactuurHeader,
    GeslotenPeriode,
    Prestatie,
    TotaalBedragMetDC,
)
from iwmo_gateway.standard.klassen import Klasse
from iwmo_gateway.standard.retouren import DeclaratieAntwoord, DeclaratieAntwoordbericht

_FIRST_DAY_OF_323: Final = date(2021, 1, 1)
EURO: Final = "83"
"""The unit (Eenheid) in which a volume is an amount: euro cents, without a tariff."""


@content.rule("TR137", berichten="323")
def declaratie_gedagtekend_na_begin_van_periode(bericht: Declaratiebericht) -> Faults:
    """De declaratiedagtekening ligt niet voor het begin van de declaratieperiode en niet na de dagtekening."""
    declaratie = bericht.declaratie
    first, day, last = (
        declaratie.declaratie_periode.begindatum,
        declaratie.declaratie_dagtekening,
        bericht.header.dagtekening,
    )
    if not first <= day <= last:
        yield Fault(declaratie, f"DeclaratieDagtekening van {first} t/m {last}", f"DeclaratieDagtekening {day}")


@content.rule("TR315", berichten="323 303")
def een_regel_wordt_een_keer_gecrediteerd(bericht: Claim) -> Faults:
    """Een VorigReferentieNummer komt in een bericht één keer voor."""
    seen: set[str] = set()
    for prestatie in bericht.prestaties:
        if prestatie.vorige in seen:
            yield Fault(
                prestatie,
                "een VorigReferentieNummer dat nog niet in het bericht staat",
                f"VorigReferentieNummer {prestatie.vorige}, voor de tweede keer",
            )
        if prestatie.vorige is not None:
            seen.add(prestatie.vorige)


@content.rule("TR316", berichten="323 303")
def debet_en_eigen_credit_niet_in_een_bericht(bericht: Claim) -> Faults:
    """Een regel wordt niet gecrediteerd in het bericht waarin hij zelf staat."""
    own = {prestatie.referentie for prestatie in bericht.prestaties}
    for prestatie in bericht.prestaties:
        if prestatie.vorige in own:
            yield Fault(
                prestatie,
                "het ReferentieNummer van een regel uit een eerder bericht",
                f"VorigReferentieNummer {prestatie.vorige}, dat in dit bericht staat",
            )


@content.rule("TR335", berichten="323 303")
def levering_niet_ouder_dan_vijf_jaar(bericht: Claim) -> Faults:
    """De geleverde periode eindigt niet meer dan vijf jaar voor de dagtekening van de declaratie."""
    day = bericht.declaratie.declaratie_dagtekening
    for prestatie in bericht.debetregels:
        end = prestatie.product_periode.einddatum
        if (end.year + 5, end.month, end.day) < (day.year, day.month, day.day):
            yield Fault(prestatie, f"Einddatum niet meer dan vijf jaar voor {day}", f"Einddatum {end}")


@content.rule("TR358", berichten="323 303")
def totaal_is_som_van_regels(bericht: Claim) -> Faults:
    """Het totaal van de declaratie is de som van de bedragen van de regels; credit telt negatief."""
    yield from sum_fault(
        bericht.declaratie,
        bericht.declaratie.totaal_ingediend_bedrag,
        sum(prestatie.ingediend.signed for prestatie in bericht.prestaties),
        "TotaalIngediendBedrag" if isinstance(bericht, Declaratiebericht) else "DeclaratieFactuurTotaalBedrag",
    )


@content.rule("TR416", berichten="323")
def debet_komt_een_keer_voor(bericht: Declaratiebericht) -> Faults:
    """Voor een toewijzing, product en periode staat er één debetregel in een bericht."""
    seen: set[tuple[object, ...]] = set()
    for prestatie in bericht.debetregels:
        period = prestatie.product_periode
        key = (
            prestatie.toewijzing_nummer,
            prestatie.product_categorie,
            prestatie.product_code,
            period.begindatum,
            period.einddatum,
        )
        if key in seen:
            yield Fault(
                prestatie,
                "een andere toewijzing, product of periode dan een eerdere debetregel",
                f"ToewijzingNummer {prestatie.toewijzing_nummer}, {prestatie.product_code}, "
                f"{prestatie.product_periode}: voor de tweede keer",
            )
        seen.add(key)


@content.rule("CD060", berichten="323 303 325")
def vorige_referentie_bij_credit(bericht: Claim | DeclaratieAntwoordbericht) -> Faults:
    """VorigReferentieNummer is gevuld in een creditregel, en leeg in een debetregel."""
    for prestatie in bericht.prestaties:
        if prestatie.is_credit is not (prestatie.vorige is not None):
            said = ("gevuld", "leeg") if prestatie.is_credit else ("leeg", "gevuld")
            kind = "credit" if prestatie.is_credit else "debet"
            expected, found = (f"VorigReferentieNummer {how} in een {kind}regel" for how in said)
            yield Fault(prestatie, expected, found)


@content.rule("CD087", berichten="323")
def tarief_tenzij_in_euros(bericht: Declaratiebericht) -> Faults:
    """ProductTarief is gevuld, maar bij Eenheid 83 (euro's) leeg."""
    for prestatie in bericht.prestaties:
        if (prestatie.eenheid == EURO) is (prestatie.product_tarief is not None):
            said = ("leeg", "gevuld") if prestatie.eenheid == EURO else ("gevuld", "leeg")
            expected, found = (f"ProductTarief {how} bij Eenheid {prestatie.eenheid}" for how in said)
            yield Fault(prestatie, expected, found)


@content.rule("CS100", berichten="323")
def periode_vanaf_2021(bericht: Declaratiebericht) -> Faults:
    """Declaratieperiode en productperiode liggen op of na 2021-01-01."""
    first, declaratie = _FIRST_DAY_OF_323, bericht.declaratie
    periods: list[tuple[Klasse, GeslotenPeriode]] = [(declaratie, declaratie.declaratie_periode)]
    periods += [(prestatie, prestatie.product_periode) for prestatie in bericht.prestaties]
    for klasse, period in periods:
        if period.begindatum < first or period.einddatum < first:
            yield Fault(klasse, f"een periode vanaf {first}", str(period))


@content.rule("CS325", berichten="323 303 325")
def nul_is_debet(bericht: Claim | DeclaratieAntwoordbericht) -> Faults:
    """Bij een bedrag van 0 is DebetCredit D."""
    declaratie, totals = _totals(bericht)
    if declaratie is not None and any(total.totaal_bedrag == 0 and total.debet_credit == "C" for total in totals):
        yield Fault(declaratie, "DebetCredit D bij een totaal van 0", "DebetCredit C")
    for prestatie in bericht.prestaties:
        for amount in amounts(prestatie):
            if amount.bedrag == 0 and amount.debet_credit == "C":
                yield Fault(prestatie, "DebetCredit D bij een bedrag van 0", "DebetCredit C")
                break


@content.rule("CS337", berichten="323")
def productperiode_binnen_een_maand(bericht: Declaratiebericht) -> Faults:
    """De productperiode begint en eindigt in dezelfde kalendermaand."""
    for prestatie in bericht.prestaties:
        begin, end = prestatie.product_periode.days
        if begin.month != end.month or begin.year != end.year:
            yield Fault(prestatie, f"Einddatum in {begin:%Y-%m}", f"Einddatum {end}")


@content.rule("CS339", berichten="323 303")
def bedrag_is_volume_in_euros(bericht: Claim) -> Faults:
    """Bij Eenheid 83 (euro's) is het bedrag gelijk aan het geleverde volume, in eurocenten."""
    for prestatie in bericht.prestaties:
        if prestatie.eenheid == EURO and prestatie.ingediend.bedrag != prestatie.geleverd_volume:
            yield Fault(
                prestatie,
                f"een bedrag van {prestatie.geleverd_volume} ({euro(prestatie.geleverd_volume)} euro)",
                f"{prestatie.ingediend.bedrag} ({euro(prestatie.ingediend.bedrag)} euro)",
            )


@content.rule("CS340", berichten="323")
def declaratieperiode_is_een_maand(bericht: Declaratiebericht) -> Faults:
    """De declaratieperiode is precies één kalendermaand."""
    period = bericht.declaratie.declaratie_periode
    first = period.begindatum.replace(day=1)
    last = first.replace(day=calendar.monthrange(first.year, first.month)[1])
    if period.days != (first, last):
        yield Fault(bericht.declaratie, f"{first} t/m {last}", str(period))


def _totals(
    bericht: Claim | DeclaratieAntwoordbericht,
) -> tuple[Declaratie | FactuurHeader | DeclaratieAntwoord | None, list[TotaalBedragMetDC]]:
    """The class in which the totals of a message stand, and these."""
    if isinstance(bericht, DeclaratieAntwoordbericht):
        antwoord = bericht.declaratie_antwoord
        return antwoord, [antwoord.totaal_ingediend_bedrag, antwoord.totaal_toegekend_bedrag] if antwoord else []
    totals = [bericht.declaratie.totaal_ingediend_bedrag]
    if isinstance(bericht, Factuurbericht) and bericht.header.btw_totaal_bedrag:
        totals.append(bericht.header.btw_totaal_bedrag)
    return bericht.declaratie, totals


def amounts(prestatie: Prestatie) -> tuple[BedragMetDC, ...]:
    """Every amount with DebetCredit of a line."""
    found = (
        prestatie.ingediend_bedrag,
        prestatie.berekend_bedrag,
        prestatie.btw_bedrag,
        prestatie.declaratie_factuur_bedrag,
    )
    return tuple([amount for amount in found if amount is not None])


def sum_fault(klasse: Klasse, told: TotaalBedragMetDC | None, summed: int, element: str) -> Faults:
    """A total that is not the sum of its parts, in euro cents; one that is not told counts as 0."""
    said = told.signed if told else 0
    if said != summed:
        yield Fault(
            klasse,
            f"{element} {_with_sign(summed)}: de som van de regels",
            f"{element} {_with_sign(said)}" if told else f"{element} leeg",
        )


def _with_sign(cents: int) -> str:
    return f"{abs(cents)} {'C' if cents < 0 else 'D'} ({euro(abs(cents))} euro)"
