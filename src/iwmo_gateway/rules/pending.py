"""Level 3 of requests: the 315, 317 and 319 against allocations and against the requests before them.

`docs/decisions/009` says how each sentence of the standard is read.
"""

from collections.abc import Iterator
from datetime import date
from typing import Final

from iwmo_gateway.rules.engine import Fault, Faults, Level
from iwmo_gateway.rules.historie import Historie, Toewijzing
from iwmo_gateway.rules.periods import Period, open_ended
from iwmo_gateway.rules.products import overlaps, runs_after_2020
from iwmo_gateway.standard.berichten import Verzoekbericht
from iwmo_gateway.standard.klassen import Klasse, Product
from iwmo_gateway.standard.verzoeken import (
    IN_INVESTIGATION,
    Aanvraagbericht,
    Antwoordbericht,
    OngewijzigdProduct,
    TeWijzigenProduct,
    Wijzigingsbericht,
)

pending: Final = Level("pending", frozenset({3}))

_TOTAL: Final = "6"
"""Frequentie: in total over the allocation."""


@pending.rule("TR347", berichten="315 317")
def referentie_niet_eerder_gebruikt(bericht: Verzoekbericht, historie: Historie) -> Faults:
    """ReferentieAanbieder is nog niet gebruikt voor een ander verzoek."""
    klassen = bericht.producten if isinstance(bericht, Aanvraagbericht) else (bericht.verzoek,)
    for klasse in klassen:
        if klasse.referentie_aanbieder in historie.verzoeken:
            yield Fault(klasse, "een nieuwe ReferentieAanbieder", f"ReferentieAanbieder {klasse.referentie_aanbieder}")


@pending.rule("TR374", berichten="315 317")
def geen_verzoek_onderhanden(bericht: Verzoekbericht, historie: Historie) -> Faults:
    """Er is nog geen verzoek van de aanbieder voor deze client onderhanden."""
    if historie.open_verzoeken:
        found = f"een verzoek onderhanden met ReferentieAanbieder {', '.join(sorted(historie.open_verzoeken))}"
        yield Fault(bericht.client, "eerst een toewijzing of afwijzing van het onderhanden verzoek", found)


@pending.rule("TR349", berichten="317")
def verzoek_noemt_alle_toewijzingen(bericht: Wijzigingsbericht, historie: Historie) -> Faults:
    """Een verzoek om wijziging noemt alle actuele toewijzingen van de client aan de aanbieder."""
    missing = set(_current(bericht, historie)) - set(bericht.toewijzing_nummers)
    if missing:
        yield Fault(
            bericht.verzoek,
            "ook als OngewijzigdProduct of TeWijzigenProduct: ToewijzingNummer " + ", ".join(map(str, sorted(missing))),
            f"{len(missing)} actuele toewijzing(en) niet genoemd",
        )


@pending.rule("TR350", berichten="317")
def ongewijzigd_product_is_toegewezen(bericht: Wijzigingsbericht, historie: Historie) -> Faults:
    """Een ongewijzigd product is een actuele toewijzing van de client aan de aanbieder."""
    yield from _unknown(bericht, historie, bericht.verzoek.ongewijzigde_producten)


@pending.rule("TR351", berichten="317")
def te_wijzigen_product_is_toegewezen(bericht: Wijzigingsbericht, historie: Historie) -> Faults:
    """Een te wijzigen product is een actuele toewijzing van de client aan de aanbieder."""
    yield from _unknown(bericht, historie, bericht.verzoek.te_wijzigen_producten)


@pending.rule("TR357", berichten="317")
def wijziging_gaat_later_of_helemaal_in(bericht: Wijzigingsbericht, historie: Historie) -> Faults:
    """Een wijziging gaat na de dagtekening in, of op de ingangsdatum van de toewijzing."""
    day = bericht.header.dagtekening
    for product, toewijzing in _changed(bericht, historie):
        if product.gewenste_ingangsdatum <= day and product.gewenste_ingangsdatum != toewijzing.ingangsdatum:
            yield Fault(
                product,
                f"GewensteIngangsdatum na {day}, of {toewijzing.ingangsdatum}",
                f"GewensteIngangsdatum {product.gewenste_ingangsdatum}",
            )


@pending.rule("TR361", berichten="317")
def gevraagde_producten_overlappen_niet(bericht: Wijzigingsbericht, historie: Historie) -> Faults:
    """Een product komt alleen vaker in een verzoek om wijziging voor als de perioden elkaar niet overlappen."""
    yield from overlaps(bericht.soort.domain, _asked_periods(bericht, historie))


@pending.rule("TR373", berichten="317")
def budget_of_totaal_gaat_helemaal_in(bericht: Wijzigingsbericht, historie: Historie) -> Faults:
    """Een ander budget of een ander totaal geldt vanaf de ingangsdatum van de toewijzing."""
    for product, toewijzing in _changed(bericht, historie):
        frequencies = {toewijzing.frequentie, product.omvang.frequentie if product.omvang else None}
        volume = product.omvang.volume if product.omvang else None
        other_total = _TOTAL in frequencies and volume != toewijzing.volume
        if product.gewenste_ingangsdatum != toewijzing.ingangsdatum and (
            product.budget != toewijzing.budget or other_total
        ):
            yield Fault(
                product,
                f"GewensteIngangsdatum {toewijzing.ingangsdatum} bij een ander budget of totaal",
                f"GewensteIngangsdatum {product.gewenste_ingangsdatum}",
            )


@pending.rule("TR375", berichten="317")
def geen_omvang_zonder_product(bericht: Wijzigingsbericht, historie: Historie) -> Faults:
    """Omvang is leeg als de toewijzing geen product noemt en na 2020 eindigt of open is."""
    for product, toewijzing in _changed(bericht, historie):
        if toewijzing.categorie is None and runs_after_2020(toewijzing.einddatum) and product.omvang:
            yield Fault(product, "Omvang leeg: de toewijzing noemt geen product", "Omvang gevuld")


@pending.rule("TR411", berichten="317")
def omvang_bij_code(bericht: Wijzigingsbericht, historie: Historie) -> Faults:
    """Omvang is gevuld als het product van de toewijzing een code heeft."""
    for product, toewijzing in _changed(bericht, historie):
        if toewijzing.code is not None and not product.omvang:
            yield Fault(product, f"Omvang gevuld: de toewijzing noemt {toewijzing.code}", "Omvang leeg")


@pending.rule("TR412", berichten="317")
def geen_omvang_zonder_code(bericht: Wijzigingsbericht, historie: Historie) -> Faults:
    """Omvang is leeg als het product van de toewijzing geen code heeft, en zij na 2020 eindigt of open is."""
    for product, toewijzing in _changed(bericht, historie):
        category_only = toewijzing.categorie is not None and toewijzing.code is None
        if category_only and runs_after_2020(toewijzing.einddatum) and product.omvang:
            yield Fault(product, "Omvang leeg: de toewijzing noemt geen productcode", "Omvang gevuld")


@pending.rule("TR355", berichten="319")
def antwoord_hoort_bij_verzoek(bericht: Antwoordbericht, historie: Historie) -> Faults:
    """ReferentieAanbieder is die van een verzoek van de aanbieder aan deze gemeente."""
    reference = bericht.antwoord.referentie_aanbieder
    known = historie.verzoeken.get(reference)
    if known is None or known.gemeente != bericht.header.afzender:
        yield Fault(
            bericht.antwoord,
            "de ReferentieAanbieder van een ontvangen verzoek van deze aanbieder",
            f"ReferentieAanbieder {reference}",
        )


@pending.rule("TR359", berichten="319")
def verzoek_niet_toegewezen(bericht: Antwoordbericht, historie: Historie) -> Faults:
    """Er is nog geen toewijzing met deze ReferentieAanbieder gestuurd."""
    known = historie.verzoeken.get(bericht.antwoord.referentie_aanbieder)
    if known is not None and known.toegewezen:
        yield Fault(
            bericht.antwoord,
            "een verzoek dat niet is toegewezen",
            f"een toewijzing met ReferentieAanbieder {known.referentie}",
        )


@pending.rule("TR360", berichten="319")
def een_keer_in_onderzoek(bericht: Antwoordbericht, historie: Historie) -> Faults:
    """Antwoord 2 (in onderzoek) komt niet na een eerder antwoord op hetzelfde verzoek."""
    known = historie.verzoeken.get(bericht.antwoord.referentie_aanbieder)
    if bericht.antwoord.verzoek_antwoord == IN_INVESTIGATION and known is not None and known.antwoorden:
        yield Fault(
            bericht.antwoord, "een toewijzing, of VerzoekAntwoord 1", "VerzoekAntwoord 2 na een eerder antwoord"
        )


@pending.rule("TR365", berichten="319")
def eerder_antwoord_was_in_onderzoek(bericht: Antwoordbericht, historie: Historie) -> Faults:
    """Een eerder antwoord op hetzelfde verzoek was 2 (in onderzoek)."""
    known = historie.verzoeken.get(bericht.antwoord.referentie_aanbieder)
    if known is not None and any(answer != IN_INVESTIGATION for answer in known.antwoorden):
        yield Fault(bericht.antwoord, "een verzoek dat niet is afgewezen", "een verzoek dat al is afgewezen")


def _current(bericht: Wijzigingsbericht, historie: Historie) -> dict[int, Toewijzing]:
    """The allocations of the client to the provider that still run, or will; lapsed ones do not."""
    client, day = historie.clienten[bericht.client.bsn], bericht.header.dagtekening
    return {
        number: newest
        for number, newest in historie.newest.items()
        if (newest.client, newest.aanbieder) == (client, bericht.header.afzender)
        and not newest.lapsed
        and (newest.einddatum or date.max) >= day
    }


def _unknown(
    bericht: Wijzigingsbericht,
    historie: Historie,
    products: tuple[OngewijzigdProduct, ...] | tuple[TeWijzigenProduct, ...],
) -> Faults:
    current = _current(bericht, historie)
    for product in products:
        if product.toewijzing_nummer not in current:
            yield Fault(
                product,
                "het ToewijzingNummer van een actuele toewijzing van deze gemeente aan u voor deze client",
                f"ToewijzingNummer {product.toewijzing_nummer}",
            )


def _changed(bericht: Wijzigingsbericht, historie: Historie) -> Iterator[tuple[TeWijzigenProduct, Toewijzing]]:
    """What should change, each with the allocation as it is; one that is not found is TR351's."""
    current = _current(bericht, historie)
    for product in bericht.verzoek.te_wijzigen_producten:
        if product.toewijzing_nummer in current:
            yield product, current[product.toewijzing_nummer]


def _asked_periods(bericht: Wijzigingsbericht, historie: Historie) -> Iterator[tuple[Klasse, Product | None, Period]]:
    current = _current(bericht, historie)
    for kept in bericht.verzoek.ongewijzigde_producten:
        if (toewijzing := current.get(kept.toewijzing_nummer)) is not None:
            yield kept, _product(kept, toewijzing), open_ended(toewijzing.ingangsdatum, toewijzing.einddatum)
    for changed, toewijzing in _changed(bericht, historie):
        yield changed, _product(changed, toewijzing), open_ended(changed.begin, changed.end)


def _product(klasse: Klasse, toewijzing: Toewijzing) -> Product | None:
    if toewijzing.categorie is None:
        return None
    return Product(pad=klasse.pad, regelnummer=klasse.regelnummer, categorie=toewijzing.categorie, code=toewijzing.code)
