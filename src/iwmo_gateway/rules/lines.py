"""Level 3 of claims: the claim against earlier ones, and each debit line against its allocation.

A line whose allocation is not found (TR338), or was removed (TR384), is not compared with it further.
"""

import calendar
from collections.abc import Iterator
from datetime import date

from iwmo_gateway.rules.engine import HIDDEN, Fault, Faults
from iwmo_gateway.rules.historie import Historie, Toewijzing
from iwmo_gateway.rules.history import history
from iwmo_gateway.standard.declaraties import Claim, Declaratiebericht, Factuurbericht, Prestatie
from iwmo_gateway.standard.verzoeken import Wijzigingsbericht


@history.rule("TR333", berichten="323 303")
def declaratie_nummer_is_uniek(bericht: Claim, historie: Historie) -> Faults:
    """Het nummer van de declaratie is nog niet gebruikt voor een andere declaratie."""
    is_323 = isinstance(bericht, Declaratiebericht)
    if historie.declaraties.nummer_used if is_323 else historie.identificatie_used:
        element = "DeclaratieNummer" if is_323 else "DeclarantFactuurNummer"
        yield Fault(bericht.declaratie, f"een nieuw {element}", f"{element} {bericht.declaratie.declaratie_nummer}")


@history.rule("TR318", berichten="323 303")
def declaratieperiode_niet_voor_de_laatste(bericht: Claim, historie: Historie) -> Faults:
    """De declaratieperiode ligt niet voor die van de laatste declaratie van de aanbieder aan deze gemeente."""
    latest = historie.declaraties.latest
    begin = bericht.declaratie.declaratie_periode.begindatum
    if latest is not None and begin < latest:
        yield Fault(bericht.declaratie, f"een DeclaratiePeriode vanaf {latest}", f"een DeclaratiePeriode vanaf {begin}")


@history.rule("TR304", berichten="303 317 323")
def client_heeft_toewijzing(bericht: Claim | Wijzigingsbericht, historie: Historie) -> Faults:
    """Het bericht gaat over een client voor wie deze gemeente de aanbieder iets heeft toegewezen."""
    for client in bericht.clienten:
        if historie.clienten[client.bsn] not in historie.bekend:
            yield Fault(client, "het Bsn van een client voor wie deze gemeente u iets heeft toegewezen", HIDDEN)


@history.rule("RC8004", berichten="303")
def geboortedatum_is_die_van_de_toewijzing(bericht: Factuurbericht, historie: Historie) -> Faults:
    """De geboortedatum van de client is die van de toewijzing."""
    for client in bericht.clienten:
        known = historie.bekend.get(historie.clienten[client.bsn])
        told = historie.geboortedata.get(client.bsn)
        if known and told and known != told:
            yield Fault(client, "de Geboortedatum uit de toewijzing", HIDDEN)


@history.rule("TR319", berichten="323 303")
def productperiode_niet_na_declaratieperiode(bericht: Claim, historie: Historie) -> Faults:
    """De productperiode valt in de declaratieperiode of in een eerdere."""
    last = bericht.declaratie.declaratie_periode.einddatum
    for prestatie in bericht.debetregels:
        if prestatie.product_periode.einddatum > last:
            yield Fault(prestatie, f"Einddatum op of voor {last}", f"Einddatum {prestatie.product_periode.einddatum}")


@history.rule("TR338", berichten="323 303")
def prestatie_hoort_bij_toewijzing(bericht: Claim, historie: Historie) -> Faults:
    """De prestatie hoort bij een toewijzing van deze gemeente aan de aanbieder voor deze client."""
    for prestatie, toewijzing in _with_allocation(bericht, historie):
        if toewijzing is None:
            number = prestatie.toewijzing_nummer
            yield Fault(
                prestatie,
                "het ToewijzingNummer van een toewijzing van deze gemeente aan u voor deze client",
                f"ToewijzingNummer {'leeg' if number is None else number}",
            )


@history.rule("TR384", berichten="323")
def toewijzing_niet_verwijderd(bericht: Declaratiebericht, historie: Historie) -> Faults:
    """Er wordt niet gedeclareerd op een verwijderde toewijzing (RedenWijziging 13)."""
    for prestatie, toewijzing in _with_allocation(bericht, historie):
        if toewijzing is not None and toewijzing.removed:
            yield Fault(
                prestatie,
                "een toewijzing die niet verwijderd is",
                f"ToewijzingNummer {toewijzing.nummer}, verwijderd op {toewijzing.toewijzingsdatum}",
            )


@history.rule("TR307", berichten="323 303")
def begin_niet_voor_toewijzing(bericht: Claim, historie: Historie) -> Faults:
    """De productperiode begint niet voor de ingangsdatum van de toewijzing (2.3: en niet na de einddatum)."""
    for prestatie, toewijzing in linked(bericht, historie):
        begin = prestatie.product_periode.begindatum
        late = isinstance(bericht, Factuurbericht) and begin > (toewijzing.einddatum or date.max)
        if begin < toewijzing.ingangsdatum or late:
            yield Fault(prestatie, f"Begindatum in de toewijzing: {_period_text(toewijzing)}", f"Begindatum {begin}")


@history.rule("TR308", berichten="323 303")
def einde_niet_na_toewijzing(bericht: Claim, historie: Historie) -> Faults:
    """De productperiode eindigt niet na de einddatum van de toewijzing."""
    for prestatie, toewijzing in linked(bericht, historie):
        end = prestatie.product_periode.einddatum
        if toewijzing.einddatum is not None and end > toewijzing.einddatum:
            yield Fault(prestatie, f"Einddatum in de toewijzing: {_period_text(toewijzing)}", f"Einddatum {end}")


@history.rule("TR387", berichten="323")
def begin_is_eerste_van_de_maand(bericht: Declaratiebericht, historie: Historie) -> Faults:
    """De productperiode begint op de eerste van de maand, of op de ingangsdatum als die later in de maand ligt."""
    for prestatie, toewijzing in linked(bericht, historie):
        begin = prestatie.product_periode.begindatum
        first = begin.replace(day=1)
        if (toewijzing.ingangsdatum.year, toewijzing.ingangsdatum.month) == (begin.year, begin.month):
            first = toewijzing.ingangsdatum
        if begin != first:
            yield Fault(prestatie, f"Begindatum {first}", f"Begindatum {begin}")


@history.rule("TR388", berichten="323")
def einde_is_laatste_van_de_maand(bericht: Declaratiebericht, historie: Historie) -> Faults:
    """De productperiode eindigt op de laatste van de maand, of op de einddatum als die eerder in de maand ligt."""
    for prestatie, toewijzing in linked(bericht, historie):
        end = prestatie.product_periode.einddatum
        last = end.replace(day=calendar.monthrange(end.year, end.month)[1])
        closes = toewijzing.einddatum
        if closes is not None and (closes.year, closes.month) == (end.year, end.month):
            last = closes
        if end != last:
            yield Fault(prestatie, f"Einddatum {last}", f"Einddatum {end}")


@history.rule("TR339", berichten="323 303")
def categorie_is_toegewezen(bericht: Claim, historie: Historie) -> Faults:
    """De productcategorie is die van de toewijzing, als de toewijzing er een noemt."""
    for prestatie, toewijzing in linked(bericht, historie):
        if toewijzing.categorie not in {None, prestatie.product_categorie}:
            yield Fault(
                prestatie,
                f"ProductCategorie {toewijzing.categorie}",
                f"ProductCategorie {prestatie.product_categorie}",
            )


@history.rule("TR340", berichten="323 303")
def code_is_toegewezen(bericht: Claim, historie: Historie) -> Faults:
    """De productcode is die van de toewijzing, als de toewijzing er een noemt."""
    for prestatie, toewijzing in linked(bericht, historie):
        if toewijzing.code not in {None, prestatie.product_code}:
            yield Fault(prestatie, f"ProductCode {toewijzing.code}", f"ProductCode {prestatie.product_code}")


def linked(bericht: Claim, historie: Historie) -> Iterator[tuple[Prestatie, Toewijzing]]:
    """The debit lines that can be compared with their allocation, in the order of the document."""
    return (
        (prestatie, toewijzing)
        for prestatie, toewijzing in _with_allocation(bericht, historie)
        if toewijzing is not None and not toewijzing.removed
    )


def _with_allocation(bericht: Claim, historie: Historie) -> Iterator[tuple[Prestatie, Toewijzing | None]]:
    """Each debit line with the newest version of its allocation; None where it has none that is its own.

    For a 303 a removed allocation is none: 2.3 does not know the removal.
    """
    aanbieder, is_303 = bericht.header.afzender, isinstance(bericht, Factuurbericht)
    for client in bericht.clienten:
        key = historie.clienten[client.bsn]
        for prestatie in client.prestaties:
            if prestatie.is_credit:
                continue
            newest = historie.newest.get(-1 if prestatie.toewijzing_nummer is None else prestatie.toewijzing_nummer)
            if newest is not None and (
                newest.client != key or newest.aanbieder != aanbieder or (is_303 and newest.removed)
            ):
                newest = None
            yield prestatie, newest


def _period_text(toewijzing: Toewijzing) -> str:
    return f"{toewijzing.ingangsdatum} t/m {toewijzing.einddatum or 'open'}"
