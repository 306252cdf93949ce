"""Level 2: what one message alone can tell. Any fault refuses the whole message with 0001.

`docs/decisions/002` says how each sentence of the standard is read.
"""

import re
from collections.abc import Callable, Hashable, Iterable, Iterator
from datetime import date
from typing import Final, TypeVar

from iwmo_gateway.rules.engine import HIDDEN, Fault, Faults, Level
from iwmo_gateway.rules.periods import Coverage, open_ended
from iwmo_gateway.standard.berichten import (
    Bericht,
    Startbericht,
    ToegewezenProduct,
    Toewijzingsbericht,
)
from iwmo_gateway.standard.declaraties import Declaratiebericht, Factuurbericht
from iwmo_gateway.standard.klassen import Geboortedatum, Klasse

content: Final = Level("content", frozenset({2}))

K = TypeVar("K", bound=Klasse)

_LAST_OF_2020: Final = date(2020, 12, 31)
_POSTCODE_NL: Final = re.compile(r"[1-9][0-9]{3}[A-Z]{2}")


@content.rule("TR002", berichten="301 305 303")
def geboortedatum_niet_te_oud(bericht: Bericht) -> Faults:
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


@content.rule("TR006", berichten="301")
def contact_is_bereikbaar(bericht: Toewijzingsbericht) -> Faults:
    """Een contact heeft een telefoonnummer, of een adres met huis en postcode."""
    for contact in bericht.contacten():
        adres = contact.adres
        if not contact.telefoon and not (adres and adres.huis and adres.postcode):
            yield Fault(contact, "Telefoon, of Huis en Postcode", "geen van beide")


@content.rule("TR061", berichten="301")
def client_heeft_vast_adres(bericht: Toewijzingsbericht) -> Faults:
    """De client heeft minstens één BRP-adres (01), correspondentieadres (02) of verblijfadres (03)."""
    contacten = bericht.client.contactgegevens
    if not any(contact.adres and contact.soort in {"01", "02", "03"} for contact in contacten):
        found = ", ".join(sorted({contact.soort for contact in contacten if contact.adres}))
        yield Fault(
            bericht.client,
            "een Adres met Soort 01, 02 of 03",
            (found and f"alleen Soort {found}") or "geen Adres",
        )


@content.rule("TR101", berichten="301 305 323 303")
def geen_dubbele_regels(bericht: Bericht) -> Faults:
    """Binnen een bericht komt iedere logische sleutel één keer voor."""
    if isinstance(bericht, Declaratiebericht | Factuurbericht):
        yield from _repeated(bericht.clienten, lambda client: client.bsn, "een andere Bsn: één Client per persoon")
        for client in bericht.clienten:
            yield from _repeated(
                client.prestaties,
                lambda prestatie: (prestatie.referentie, prestatie.vorige),
                "een andere combinatie van ReferentieNummer en VorigReferentieNummer",
            )
        return
    if isinstance(bericht, Startbericht):
        yield from _repeated(
            bericht.start_producten,
            lambda start: (
                start.toewijzing_nummer,
                start.product and (start.product.categorie, start.product.code),
                start.begindatum,
            ),
            "een andere combinatie van ToewijzingNummer, Product en Begindatum",
        )
        return
    yield from _repeated(bericht.client.contactgegevens, lambda contact: contact.soort, "een andere Soort")
    yield from _repeated(bericht.client.relaties, lambda relatie: relatie.nummer, "een ander Nummer")
    numbered = [product for product in bericht.toegewezen_producten if product.toewijzing_nummer is not None]
    yield from _repeated(numbered, lambda product: product.toewijzing_nummer, "een ander ToewijzingNummer")


@content.rule("TR134", berichten="301 305 323 303")
def datum_niet_na_dagtekening(bericht: Bericht) -> Faults:
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


@content.rule("TR302", berichten="301")
def producten_overlappen_niet(bericht: Toewijzingsbericht) -> Faults:
    """Een product komt alleen vaker in een toewijzing voor als de perioden elkaar niet overlappen."""
    # Periods by what they cover: one code, a whole category (None as code), or everything (None, None).
    covered: dict[tuple[str | None, str | None], Coverage] = {}
    within_category: dict[str | None, Coverage] = {}
    everything = Coverage()
    for product in bericht.toegewezen_producten:
        categorie = product.product.categorie if product.product else None
        code = product.product.code if product.product else None
        lapsed = product.reden_wijziging in {"01", "13"} and product.einddatum == product.ingangsdatum
        if lapsed or categorie in bericht.soort.domain.overlapping:
            continue
        period = open_ended(product.ingangsdatum, product.einddatum)
        if categorie is None:
            others = [everything]
        elif code is None:
            others = [
                within_category.setdefault(categorie, Coverage()),
                covered.setdefault((None, None), Coverage()),
            ]
        else:
            others = [
                covered.setdefault(key, Coverage()) for key in ((categorie, code), (categorie, None), (None, None))
            ]
        if period[0] <= period[1] and any(other.overlaps(period) for other in others):
            yield Fault(product, "een periode zonder overlap met een eerder genoemd product", _period_text(product))
        covered.setdefault((categorie, code), Coverage()).add(period)
        within_category.setdefault(categorie, Coverage()).add(period)
        everything.add(period)


@content.rule("CD005", berichten="301")
def landcode_bij_postcode(bericht: Toewijzingsbericht) -> Faults:
    """LandCode is gevuld als Postcode gevuld is, en anders leeg."""
    for contact in bericht.contacten():
        adres = contact.adres
        if adres and bool(adres.postcode) is not bool(adres.land_code):
            yield _filled(contact, "LandCode", wanted=bool(adres.postcode))


@content.rule("CD007", berichten="301")
def taal_bij_tolk(bericht: Toewijzingsbericht) -> Faults:
    """Taal is gevuld als Vorm van de communicatie 1 (tolk taal) is, en anders leeg."""
    communicatie = bericht.client.communicatie
    if communicatie and (communicatie.vorm == "1") is not bool(communicatie.taal):
        yield _filled(bericht.client, "Taal", wanted=communicatie.vorm == "1")


@content.rule("CD009", berichten="301")
def periode_alleen_bij_tijdelijk_adres(bericht: Toewijzingsbericht) -> Faults:
    """Periode staat alleen bij een tijdelijk verblijfadres (Soort 04)."""
    for contact in bericht.contacten():
        if contact.periode and contact.soort != "04":
            yield Fault(contact, "Periode leeg bij deze Soort", f"Periode gevuld bij Soort {contact.soort}")


@content.rule("CD025", berichten="301")
def huis_bij_nederlands_adres(bericht: Toewijzingsbericht) -> Faults:
    """Huis is gevuld bij een adres in Nederland (LandCode NL)."""
    for contact in bericht.contacten():
        if contact.adres and contact.adres.land_code == "NL" and not contact.adres.huis:
            yield _filled(contact, "Huis", wanted=True)


@content.rule("CD034", berichten="301")
def postcode_bij_brp_en_verblijfadres(bericht: Toewijzingsbericht) -> Faults:
    """Postcode is gevuld bij een BRP-adres (01) en een verblijfadres (03)."""
    for contact in bericht.contacten():
        if contact.soort in {"01", "03"} and not (contact.adres and contact.adres.postcode):
            yield _filled(contact, "Postcode", wanted=True)


@content.rule("CD041", berichten="301")
def omvang_bij_productcode(bericht: Toewijzingsbericht) -> Faults:
    """Omvang is gevuld als het product een Code heeft."""
    for product in bericht.toegewezen_producten:
        if product.product and product.product.code and not product.omvang:
            yield _filled(product, "Omvang", wanted=True)


@content.rule("CD075", berichten="301")
def einddatum_bij_budget(bericht: Toewijzingsbericht) -> Faults:
    """Einddatum is gevuld als Budget gevuld is."""
    for product in bericht.toegewezen_producten:
        if product.budget is not None and not product.einddatum:
            yield _filled(product, "Einddatum", wanted=True)


@content.rule("CD076", berichten="301")
def einddatum_bij_frequentie_per_week(bericht: Toewijzingsbericht) -> Faults:
    """Einddatum is gevuld als de omvang per week geldt (Frequentie 2)."""
    for product in bericht.toegewezen_producten:
        if product.omvang and product.omvang.frequentie == "2" and not product.einddatum:
            yield _filled(product, "Einddatum", wanted=True)


@content.rule("CD077", berichten="301")
def geen_omvang_bij_budget(bericht: Toewijzingsbericht) -> Faults:
    """Omvang is leeg als Budget gevuld is."""
    for product in bericht.toegewezen_producten:
        if product.budget is not None and product.omvang:
            yield _filled(product, "Omvang", wanted=False)


@content.rule("CD078", berichten="301")
def geen_budget_bij_omvang(bericht: Toewijzingsbericht) -> Faults:
    """Budget is leeg als Omvang gevuld is."""
    for product in bericht.toegewezen_producten:
        if product.omvang and product.budget is not None:
            yield _filled(product, "Budget", wanted=False)


@content.rule("CD079", berichten="301")
def product_zonder_budget(bericht: Toewijzingsbericht) -> Faults:
    """Product is gevuld als Budget leeg is."""
    for product in bericht.toegewezen_producten:
        if product.budget is None and not product.product:
            yield _filled(product, "Product", wanted=True)


@content.rule("CD080", berichten="301")
def geen_omvang_zonder_productcode(bericht: Toewijzingsbericht) -> Faults:
    """Omvang is leeg als het product geen Code heeft en de toewijzing na 2020 eindigt of open is."""
    for product in bericht.toegewezen_producten:
        if _runs_after_2020(product) and product.omvang and not (product.product and product.product.code):
            yield _filled(product, "Omvang", wanted=False)


@content.rule("CS002", berichten="301 305 323 303")
def bsn_voldoet_aan_elfproef(bericht: Bericht) -> Faults:
    """Het BSN voldoet aan de 11-proef."""
    for client in bericht.clienten:
        if not _passes_11_check(client.bsn):
            yield Fault(client, "een Bsn dat aan de 11-proef voldoet", HIDDEN)


@content.rule("CS003", berichten="301 303")
def einde_niet_voor_begin(bericht: Toewijzingsbericht | Factuurbericht) -> Faults:
    """De einddatum van een periode ligt op of na de begin- of ingangsdatum."""
    if isinstance(bericht, Factuurbericht):
        yield from _ends_early(bericht.header, *bericht.header.declaratie_periode.days)
        for prestatie in bericht.prestaties:
            yield from _ends_early(prestatie, *prestatie.product_periode.days)
        return
    for contact in bericht.contacten():
        if contact.periode:
            yield from _ends_early(contact, contact.periode.begindatum, contact.periode.einddatum, hidden=True)
    if bericht.client.beschikking:
        decision = bericht.client.beschikking
        yield from _ends_early(decision, decision.ingangsdatum, decision.einddatum)
    for product in bericht.toegewezen_producten:
        yield from _ends_early(product, product.ingangsdatum, product.einddatum)


@content.rule("CS050", berichten="301")
def naamgebruik_past_bij_partnernaam(bericht: Toewijzingsbericht) -> Faults:
    """NaamGebruik is 1, 2, 3 of 4 als Partnernaam gevuld is, en anders 1 of 6."""
    for persoon in bericht.personen:
        allowed = "1234" if persoon.naam.partnernaam else "16"
        if (persoon.naam.naam_gebruik or "") not in allowed:
            yield Fault(persoon, f"NaamGebruik {' of '.join(allowed)}", f"NaamGebruik {persoon.naam.naam_gebruik}")


@content.rule("CS058", berichten="305")
def alleen_eerste_of_verwijderende_aanlevering(bericht: Startbericht) -> Faults:
    """StatusAanlevering is 1 (eerste aanlevering) of 3 (verwijderen aanlevering)."""
    for start in bericht.start_producten:
        if start.status_aanlevering not in {"1", "3"}:
            yield Fault(start, "StatusAanlevering 1 of 3", f"StatusAanlevering {start.status_aanlevering}")


@content.rule("CS089", berichten="301")
def nederlandse_postcode(bericht: Toewijzingsbericht) -> Faults:
    """Een postcode in Nederland bestaat uit vier cijfers en twee hoofdletters."""
    for contact in bericht.contacten():
        adres = contact.adres
        if adres and adres.land_code == "NL" and adres.postcode and not _POSTCODE_NL.fullmatch(adres.postcode):
            yield Fault(contact, "een postcode als 1234AB, zonder spatie", HIDDEN)


@content.rule("CS139", berichten="301 305 303")
def geboortedatum_past_bij_datumgebruik(bericht: Bericht) -> Faults:
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


@content.rule("CS318", berichten="301")
def client_is_natuurlijk_persoon(bericht: Toewijzingsbericht) -> Faults:
    """NaamGebruik van de client is niet 6 (niet-natuurlijk persoon)."""
    if bericht.client.naam.naam_gebruik == "6":
        yield Fault(bericht.client, "een andere waarde dan 6", "NaamGebruik 6")


@content.rule("CS335", berichten="301")
def verwijderen_met_einde_op_ingangsdatum(bericht: Toewijzingsbericht) -> Faults:
    """RedenWijziging 13 (verwijderd) mag alleen als de einddatum gelijk is aan de ingangsdatum."""
    for product in bericht.toegewezen_producten:
        if product.reden_wijziging == "13" and not product.removes:
            yield Fault(product, f"Einddatum {product.ingangsdatum}", f"Einddatum {product.einddatum or 'leeg'}")


@content.rule("CS336", berichten="301")
def vervallen_reden_niet_gebruikt(bericht: Toewijzingsbericht) -> Faults:
    """RedenWijziging 01 is vervallen en wordt niet meer gebruikt."""
    for product in bericht.toegewezen_producten:
        if product.reden_wijziging == "01":
            yield Fault(
                product,
                "een andere RedenWijziging, zoals 14 (administratieve correctie)",
                "RedenWijziging 01",
            )


@content.rule("CS338", berichten="301")
def frequentie_past_bij_eenheid(bericht: Toewijzingsbericht) -> Faults:
    """Eenheid 14, 16, 83 of 84 gaat per week, per maand of in totaal als de toewijzing na 2020 eindigt of open is."""
    for product in bericht.toegewezen_producten:
        omvang = product.omvang
        if (
            omvang
            and omvang.eenheid in {"14", "16", "83", "84"}
            and omvang.frequentie not in {"2", "4", "6"}
            and _runs_after_2020(product)
        ):
            yield Fault(
                product,
                f"Frequentie 2, 4 of 6 bij Eenheid {omvang.eenheid}",
                f"Frequentie {omvang.frequentie}",
            )


def _geboortedata(bericht: Bericht) -> Iterator[tuple[Klasse, Geboortedatum]]:
    for persoon in bericht.clienten if isinstance(bericht, Declaratiebericht | Factuurbericht) else bericht.personen:
        if persoon.geboortedatum:
            yield persoon, persoon.geboortedatum


def _repeated(klassen: Iterable[K], key: Callable[[K], Hashable], expected: str) -> Faults:
    """Every class whose key an earlier one has."""
    seen: set[Hashable] = set()
    for klasse in klassen:
        if (found := key(klasse)) in seen:
            yield Fault(klasse, expected, "dezelfde logische sleutel als een eerdere regel")
        seen.add(found)


def _filled(klasse: Klasse, element: str, *, wanted: bool) -> Fault:
    return Fault(
        klasse,
        *((f"{element} gevuld", f"{element} leeg") if wanted else (f"{element} leeg", f"{element} gevuld")),
    )


def _ends_early(klasse: Klasse, begin: date | None, end: date | None, *, hidden: bool = False) -> Faults:
    if begin and end and end < begin:
        shown = (HIDDEN, HIDDEN) if hidden else (str(begin), str(end))
        yield Fault(klasse, f"Einddatum op of na {shown[0]}", f"Einddatum {shown[1]}")


def _runs_after_2020(product: ToegewezenProduct) -> bool:
    return product.einddatum is None or product.einddatum > _LAST_OF_2020


def _period_text(product: ToegewezenProduct) -> str:
    return f"{product.ingangsdatum} t/m {product.einddatum or 'open'}"


def _passes_11_check(bsn: str) -> bool:
    digits = [int(digit) for digit in bsn]
    return sum(weight * digit for weight, digit in zip((9, 8, 7, 6, 5, 4, 3, 2, -1), digits, strict=True)) % 11 == 0
