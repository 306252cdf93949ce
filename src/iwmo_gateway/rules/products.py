"""Level 2 of what is allocated (301) and asked for (315, 317): products, sizes, budgets and their periods."""

from collections.abc import Iterable
from datetime import date
from typing import Final

from iwmo_gateway.rules.content import filled
from iwmo_gateway.rules.engine import Fault, Faults, Level
from iwmo_gateway.rules.periods import Coverage, Period, open_ended
from iwmo_gateway.standard.berichten import ToegewezenProduct, Toewijzingsbericht, Verzoekbericht
from iwmo_gateway.standard.kinds import Domain
from iwmo_gateway.standard.klassen import Klasse, Product
from iwmo_gateway.standard.verzoeken import (
    AangevraagdProduct,
    Aanvraagbericht,
    NieuwProduct,
    TeWijzigenProduct,
    Wijzigingsbericht,
)

products: Final = Level("products", frozenset({2}))

_LAST_OF_2020: Final = date(2020, 12, 31)
_SPARING: Final = frozenset({"14", "16", "83", "84"})
"""Units that go per week, per month or in total only."""

Asking = Toewijzingsbericht | Verzoekbericht
Asked = ToegewezenProduct | AangevraagdProduct | NieuwProduct | TeWijzigenProduct


@products.rule("TR302", berichten="301")
def producten_overlappen_niet(bericht: Toewijzingsbericht) -> Faults:
    """Een product komt alleen vaker in een toewijzing voor als de perioden elkaar niet overlappen."""
    yield from overlaps(
        bericht.soort.domain,
        (
            (product, product.product, open_ended(product.begin, product.end))
            for product in bericht.toegewezen_producten
            if not (product.reden_wijziging in {"01", "13"} and product.einddatum == product.ingangsdatum)
        ),
    )


@products.rule("TR386", berichten="315")
def aangevraagde_producten_overlappen_niet(bericht: Aanvraagbericht) -> Faults:
    """Een product komt alleen vaker in een verzoek om toewijzing voor als de perioden elkaar niet overlappen."""
    yield from overlaps(bericht.soort.domain, _periods(bericht.producten))


@products.rule("TR410", berichten="317")
def nieuwe_producten_overlappen_niet(bericht: Wijzigingsbericht) -> Faults:
    """Een nieuw product komt alleen vaker in een verzoek om wijziging voor als de perioden elkaar niet overlappen."""
    yield from overlaps(bericht.soort.domain, _periods(bericht.producten))


@products.rule("CD041", berichten="301 315 317")
def omvang_bij_productcode(bericht: Asking) -> Faults:
    """Omvang is gevuld als het product een Code heeft."""
    for product in bericht.producten:
        if product.product and product.product.code and not product.omvang:
            yield filled(product, "Omvang", wanted=True)


@products.rule("CD075", berichten="301 315 317")
def einddatum_bij_budget(bericht: Asking) -> Faults:
    """De einddatum is gevuld als Budget gevuld is."""
    for product in asked(bericht):
        if product.budget is not None and not product.end:
            yield filled(product, _end_of(product), wanted=True)


@products.rule("CD076", berichten="301 315 317")
def einddatum_bij_frequentie_per_week(bericht: Asking) -> Faults:
    """De einddatum is gevuld als de omvang per week geldt (Frequentie 2)."""
    for product in asked(bericht):
        if product.omvang and product.omvang.frequentie == "2" and not product.end:
            yield filled(product, _end_of(product), wanted=True)


@products.rule("CD077", berichten="301 315 317")
def geen_omvang_bij_budget(bericht: Asking) -> Faults:
    """Omvang is leeg als Budget gevuld is."""
    for product in asked(bericht):
        if product.budget is not None and product.omvang:
            yield filled(product, "Omvang", wanted=False)


@products.rule("CD078", berichten="301 315 317")
def geen_budget_bij_omvang(bericht: Asking) -> Faults:
    """Budget is leeg als Omvang gevuld is."""
    for product in asked(bericht):
        if product.omvang and product.budget is not None:
            yield filled(product, "Budget", wanted=False)


@products.rule("CD079", berichten="301 315 317")
def product_zonder_budget(bericht: Asking) -> Faults:
    """Product is gevuld als Budget leeg is."""
    for product in bericht.producten:
        if product.budget is None and not product.product:
            yield filled(product, "Product", wanted=True)


@products.rule("CD080", berichten="301")
def geen_omvang_zonder_productcode(bericht: Toewijzingsbericht) -> Faults:
    """Omvang is leeg als het product geen Code heeft en de toewijzing na 2020 eindigt of open is."""
    yield from _sized_without_code(bericht.toegewezen_producten)


@products.rule("CD095", berichten="315")
def geen_omvang_aangevraagd_zonder_productcode(bericht: Aanvraagbericht) -> Faults:
    """Omvang is leeg als het aangevraagde product geen Code heeft en na 2020 eindigt of open is."""
    yield from _sized_without_code(bericht.producten)


@products.rule("CD096", berichten="317")
def geen_omvang_nieuw_zonder_productcode(bericht: Wijzigingsbericht) -> Faults:
    """Omvang is leeg als het nieuwe product geen Code heeft en na 2020 eindigt of open is."""
    yield from _sized_without_code(bericht.producten)


@products.rule("CS335", berichten="301")
def verwijderen_met_einde_op_ingangsdatum(bericht: Toewijzingsbericht) -> Faults:
    """RedenWijziging 13 (verwijderd) mag alleen als de einddatum gelijk is aan de ingangsdatum."""
    for product in bericht.toegewezen_producten:
        if product.reden_wijziging == "13" and not product.removes:
            yield Fault(product, f"Einddatum {product.ingangsdatum}", f"Einddatum {product.einddatum or 'leeg'}")


@products.rule("CS336", berichten="301")
def vervallen_reden_niet_gebruikt(bericht: Toewijzingsbericht) -> Faults:
    """RedenWijziging 01 is vervallen en wordt niet meer gebruikt."""
    for product in bericht.toegewezen_producten:
        if product.reden_wijziging == "01":
            yield Fault(
                product,
                "een andere RedenWijziging, zoals 14 (administratieve correctie)",
                "RedenWijziging 01",
            )


@products.rule("CS338", berichten="301 317")
def frequentie_past_bij_eenheid(bericht: Toewijzingsbericht | Wijzigingsbericht) -> Faults:
    """Eenheid 14, 16, 83 of 84 gaat per week, per maand of in totaal als de toewijzing na 2020 eindigt of open is."""
    yield from _too_often(asked(bericht))


@products.rule("CS343", berichten="315")
def aangevraagde_frequentie_past_bij_eenheid(bericht: Aanvraagbericht) -> Faults:
    """Eenheid 14, 16, 83 of 84 gaat per week, per maand of in totaal als het verzoek na 2020 eindigt of open is."""
    yield from _too_often(asked(bericht))


def asked(bericht: Asking) -> tuple[Asked, ...]:
    """What is allocated or asked for, in the order of the document; the allocations that stay as they are left out."""
    if isinstance(bericht, Wijzigingsbericht):
        return (*bericht.verzoek.te_wijzigen_producten, *bericht.verzoek.nieuwe_producten)
    return bericht.producten


def overlaps(domain: Domain, subjects: Iterable[tuple[Klasse, Product | None, Period]]) -> Faults:
    """Every class whose product and period overlap those of an earlier one.

    One without a code overlaps any of its category, one without a product any at all; categories that may overlap
    never do.
    """
    # Periods by what they cover: one code, a whole category (None as code), or everything (None, None).
    covered: dict[tuple[str | None, str | None], Coverage] = {}
    within_category: dict[str | None, Coverage] = {}
    everything = Coverage()
    for klasse, product, period in subjects:
        categorie, code = (product.categorie, product.code) if product else (None, None)
        if categorie in domain.overlapping:
            continue
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
            found = f"{period[0]} t/m {'open' if period[1] == date.max else period[1]}"
            yield Fault(klasse, "een periode zonder overlap met een eerder genoemd product", found)
        covered.setdefault((categorie, code), Coverage()).add(period)
        within_category.setdefault(categorie, Coverage()).add(period)
        everything.add(period)


def runs_after_2020(end: date | None) -> bool:
    """It ends after 2020, or is open: the rules of 3.x hold for it."""
    return end is None or end > _LAST_OF_2020


def _periods(
    products: Iterable[AangevraagdProduct | NieuwProduct],
) -> Iterable[tuple[Klasse, Product | None, Period]]:
    return ((product, product.product, open_ended(product.begin, product.end)) for product in products)


def _sized_without_code(products: Iterable[ToegewezenProduct | AangevraagdProduct | NieuwProduct]) -> Faults:
    for product in products:
        if runs_after_2020(product.end) and product.omvang and not (product.product and product.product.code):
            yield filled(product, "Omvang", wanted=False)


def _too_often(products: Iterable[Asked]) -> Faults:
    for product in products:
        omvang = product.omvang
        if (
            omvang
            and omvang.eenheid in _SPARING
            and omvang.frequentie not in {"2", "4", "6"}
            and runs_after_2020(product.end)
        ):
            yield Fault(
                product, f"Frequentie 2, 4 of 6 bij Eenheid {omvang.eenheid}", f"Frequentie {omvang.frequentie}"
            )


def _end_of(product: Asked) -> str:
    return "ToewijzingEinddatum" if isinstance(product, AangevraagdProduct) else "Einddatum"
