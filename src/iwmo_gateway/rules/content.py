"""Level 2: what one message alone can tell. Any fault refuses the whole message with 0001.

`docs/decisions/002` says how each sentence of the standard is read.
"""

from collections.abc import Callable, Hashable, Iterable, Iterator
from datetime import date
from typing import Final, TypeVar

from iwmo_gateway.rules.engine import HIDDEN, Fault, Faults, Level
from iwmo_gateway.standard.berichten import Bericht, Leveringsbericht, Toewijzingsbericht, Verzoekbericht
from iwmo_gateway.standard.declaraties import Claim, Declaratiebericht, Factuurbericht
from iwmo_gateway.standard.klassen import Geboortedatum, Klasse
from iwmo_gateway.standard.leveringen import Startbericht, StartProduct, Stopbericht, StopProduct
from iwmo_gateway.standard.retouren import DeclaratieAntwoordbericht
from iwmo_gateway.standard.verzoeken import Aanvraagbericht, Wijzigingsbericht

content: Final = Level("content", frozenset({2}))

K = TypeVar("K", bound=Klasse)

Personal = Toewijzingsbericht | Leveringsbericht | Aanvraagbericht | Claim
"""Messages that may tell a birth date."""


@content.rule("TR002", berichten="301 303 305 307 315")
def geboortedatum_niet_te_oud(bericht: Personal) -> Faults:
    """De geboortedatum ligt niet meer dan 120 jaar voor de dagtekening, tenzij hij onbekend is."""
    dagtekening = bericht.header.dagtekening
    for persoon, geboortedatum in _geboortedata(bericht):
        day = geboortedatum.datum
        if not geboortedatum.unknown and (day.year + 120, day.month, day.day) < (
            dagtekening.year,
            dagtekening.month,
            dagtekening.day,
        ):
            yield Fault(persoon, f"niet meer dan 120 jaar voor {dagtekening}", HIDDEN)


@content.rule("TR018", berichten="307")
def stop_niet_voor_begin(bericht: Stopbericht) -> Faults:
    """De einddatum ligt op of na de begindatum."""
    for stop in bericht.stop_producten:
        if not stop.deletes:
            yield from _ends_early(stop, stop.begindatum, stop.einddatum)


@content.rule("TR101", berichten="301 303 305 307 315 317 323 325")
def geen_dubbele_regels(bericht: Bericht | DeclaratieAntwoordbericht) -> Faults:
    """Binnen een bericht komt iedere logische sleutel één keer voor."""
    if isinstance(bericht, Toewijzingsbericht):
        yield from repeated(bericht.client.contactgegevens, lambda contact: contact.soort, "een andere Soort")
        yield from repeated(bericht.client.relaties, lambda relatie: relatie.nummer, "een ander Nummer")
        numbered = [product for product in bericht.toegewezen_producten if product.toewijzing_nummer is not None]
        yield from repeated(numbered, lambda product: product.toewijzing_nummer, "een ander ToewijzingNummer")
    elif isinstance(bericht, Startbericht):
        other = "een andere combinatie van ToewijzingNummer, Product en Begindatum"
        yield from repeated(bericht.start_producten, delivery_key, other)
    elif isinstance(bericht, Stopbericht):
        other = "een andere combinatie van ToewijzingNummer, Product, Begindatum, RedenBeeindiging en Einddatum"
        yield from repeated(
            bericht.stop_producten, lambda stop: (*delivery_key(stop), stop.reden_beeindiging, stop.einddatum), other
        )
    elif isinstance(bericht, Aanvraagbericht):
        other = "een andere ReferentieAanbieder"
        yield from repeated(bericht.producten, lambda product: product.referentie_aanbieder, other)
    elif isinstance(bericht, Wijzigingsbericht):
        verzoek = bericht.verzoek
        number = "een ander ToewijzingNummer"
        yield from repeated(verzoek.ongewijzigde_producten, lambda product: product.toewijzing_nummer, number)
        yield from repeated(verzoek.te_wijzigen_producten, lambda product: product.toewijzing_nummer, number)
        yield from repeated(
            verzoek.nieuwe_producten,
            lambda product: (product.product and (product.product.categorie, product.product.code), product.begin),
            "een andere combinatie van Product en GewensteIngangsdatum",
        )
    elif isinstance(bericht, Declaratiebericht | Factuurbericht | DeclaratieAntwoordbericht):
        yield from repeated(bericht.clienten, lambda client: client.bsn, "een andere Bsn: één Client per persoon")
        for client in bericht.clienten:
            yield from repeated(
                client.prestaties,
                lambda prestatie: (prestatie.referentie, prestatie.vorige),
                "een andere combinatie van ReferentieNummer en VorigReferentieNummer",
            )


@content.rule("TR134", berichten="301 303 305 307 315 323")
def datum_niet_na_dagtekening(bericht: Personal) -> Faults:
    """Geboortedatum, toewijzingsdatum en declaratiedagtekening liggen niet na de dagtekening van het bericht."""
    dagtekening = bericht.header.dagtekening
    if isinstance(bericht, Declaratiebericht) and bericht.declaratie.declaratie_dagtekening > dagtekening:
        yield Fault(
            bericht.declaratie,
            f"DeclaratieDagtekening op of voor {dagtekening}",
            str(bericht.declaratie.declaratie_dagtekening),
        )
    for persoon, geboortedatum in _geboortedata(bericht):
        if geboortedatum.datum > dagtekening:
            yield Fault(persoon, f"Geboortedatum op of voor {dagtekening}", HIDDEN)
    if isinstance(bericht, Toewijzingsbericht):
        for product in bericht.toegewezen_producten:
            if product.toewijzingsdatum > dagtekening:
                yield Fault(product, f"Toewijzingsdatum op of voor {dagtekening}", str(product.toewijzingsdatum))


@content.rule("CS002", berichten="301 303 305 307 315 317 323 325")
def bsn_voldoet_aan_elfproef(bericht: Bericht | DeclaratieAntwoordbericht) -> Faults:
    """Het BSN voldoet aan de 11-proef."""
    for client in bericht.clienten:
        if not _passes_11_check(client.bsn):
            yield Fault(client, "een Bsn dat aan de 11-proef voldoet", HIDDEN)


@content.rule("CS003", berichten="301 303 315 317")
def einde_niet_voor_begin(bericht: Toewijzingsbericht | Verzoekbericht | Factuurbericht) -> Faults:
    """De einddatum van een periode ligt op of na de begin- of ingangsdatum."""
    if isinstance(bericht, Factuurbericht):
        yield from _ends_early(bericht.header, *bericht.header.declaratie_periode.days)
        for prestatie in bericht.prestaties:
            yield from _ends_early(prestatie, *prestatie.product_periode.days)
        return
    if isinstance(bericht, Toewijzingsbericht):
        for contact in bericht.contacten():
            if contact.periode:
                yield from _ends_early(contact, contact.periode.begindatum, contact.periode.einddatum, hidden=True)
        if bericht.client.beschikking:
            decision = bericht.client.beschikking
            yield from _ends_early(decision, decision.ingangsdatum, decision.einddatum)
    elif isinstance(bericht, Wijzigingsbericht):
        for changed in bericht.verzoek.te_wijzigen_producten:
            yield from _ends_early(changed, changed.begin, changed.end)
    for product in bericht.producten:
        yield from _ends_early(product, product.begin, product.end)


@content.rule("CS058", berichten="305 307")
def alleen_eerste_of_verwijderende_aanlevering(bericht: Leveringsbericht) -> Faults:
    """StatusAanlevering is 1 (eerste aanlevering) of 3 (verwijderen aanlevering)."""
    for start in bericht.producten:
        if start.status_aanlevering not in {"1", "3"}:
            yield Fault(start, "StatusAanlevering 1 of 3", f"StatusAanlevering {start.status_aanlevering}")


@content.rule("CS139", berichten="301 303 305 307 315")
def geboortedatum_past_bij_datumgebruik(bericht: Personal) -> Faults:
    """Wat volgens DatumGebruik onbekend is, staat in de geboortedatum op 01 (dag, maand) of 1900 (jaar)."""
    for persoon, geboortedatum in _geboortedata(bericht):
        day, use = geboortedatum.datum, geboortedatum.datum_gebruik
        expected = {
            "1": (day.replace(day=1), "dag 01"),
            "2": (day.replace(month=1, day=1), "dag en maand 01-01"),
            "3": (date(1900, 1, 1), "1900-01-01"),
        }.get(use or "")
        if expected and day != expected[0]:
            yield Fault(persoon, f"{expected[1]} bij DatumGebruik {use}", HIDDEN)


def _geboortedata(bericht: Personal) -> Iterator[tuple[Klasse, Geboortedatum]]:
    persons = bericht.personen if isinstance(bericht, Toewijzingsbericht) else bericht.clienten
    for persoon in persons:
        if persoon.geboortedatum:
            yield persoon, persoon.geboortedatum


def repeated(klassen: Iterable[K], key: Callable[[K], Hashable], expected: str) -> Faults:
    """Every class whose key an earlier one has."""
    seen: set[Hashable] = set()
    for klasse in klassen:
        if (found := key(klasse)) in seen:
            yield Fault(klasse, expected, "dezelfde logische sleutel als een eerdere regel")
        seen.add(found)


def filled(klasse: Klasse, element: str, *, wanted: bool) -> Fault:
    """An element that is not filled where it should be, or is where it should not."""
    return Fault(
        klasse,
        *((f"{element} gevuld", f"{element} leeg") if wanted else (f"{element} leeg", f"{element} gevuld")),
    )


def _ends_early(klasse: Klasse, begin: date | None, end: date | None, *, hidden: bool = False) -> Faults:
    if begin and end and end < begin:
        shown = (HIDDEN, HIDDEN) if hidden else (str(begin), str(end))
        yield Fault(klasse, f"Einddatum op of na {shown[0]}", f"Einddatum {shown[1]}")


def _passes_11_check(bsn: str) -> bool:
    digits = [int(digit) for digit in bsn]
    return sum(weight * digit for weight, digit in zip((9, 8, 7, 6, 5, 4, 3, 2, -1), digits, strict=True)) % 11 == 0


def delivery_key(product: StartProduct | StopProduct) -> tuple[int | None, tuple[str, str | None] | None, date]:
    """What a start and a stop of one delivery have in common: ToewijzingNummer, Product and Begindatum."""
    named = (product.product.categorie, product.product.code) if product.product else None
    return product.toewijzing_nummer, named, product.begindatum
