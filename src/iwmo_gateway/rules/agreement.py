"""The contract: unit, tariff, amount and provider as agreed for the day on which a line's ProductPeriode begins.

A municipality without a profile is judged without one. No rule here touches a credit.
"""

from typing import Final

from iwmo_gateway.contract.afspraken import Product
from iwmo_gateway.contract.amounts import euro, expected_amount, follows, is_right_amount, per_minute
from iwmo_gateway.contract.volumes import fits, per_unit, unit_name
from iwmo_gateway.rules.claims import EURO
from iwmo_gateway.rules.engine import Fault, Faults, Level
from iwmo_gateway.rules.historie import Bronnen, Historie
from iwmo_gateway.rules.lines import linked
from iwmo_gateway.standard.declaraties import Claim, Declaratiebericht, Factuurbericht, Prestatie

agreement: Final = Level("agreement", frozenset({3, 4}))

_UUR, _MINUUT = "04", "01"


@agreement.rule("TR341", berichten="323 303")
def eenheid_past_bij_toewijzing(bericht: Claim, historie: Historie, bronnen: Bronnen) -> Faults:
    """De eenheid is die van de toewijzing of anders die van het contract; uren mogen ook in minuten."""
    for prestatie, toewijzing in linked(bericht, historie):
        unit, where, artikel = toewijzing.eenheid, "de toewijzing", None
        if unit is None and (product := agreed(prestatie, bronnen)):
            unit, where, artikel = product.eenheid, "het contract", product.artikel
        if unit is not None and not fits(unit, prestatie.eenheid):
            also = f" of {_MINUUT} (minuten)" if unit == _UUR else ""
            yield Fault(
                prestatie,
                f"Eenheid {unit} ({unit_name(unit)}){also}, volgens {where}",
                f"Eenheid {prestatie.eenheid} ({unit_name(prestatie.eenheid)})",
                artikel=artikel,
            )


@agreement.rule("TR418", berichten="323 303")
def tarief_is_afgesproken(bericht: Claim, historie: Historie, bronnen: Bronnen) -> Faults:
    """Het tarief is dat van het contract voor het product op de begindatum van de productperiode."""
    for prestatie in bericht.debetregels:
        product = agreed(prestatie, bronnen)
        tariff = product.tarief_on(prestatie.product_periode.begindatum) if product else None
        if product is None or tariff is None or prestatie.eenheid == EURO:
            continue
        in_minutes = (product.eenheid, prestatie.eenheid) == (_UUR, _MINUUT)
        right, found = per_minute(tariff) if in_minutes else tariff, prestatie.product_tarief
        if found != right or not fits(product.eenheid, prestatie.eenheid):
            yield Fault(prestatie, *_tariffs(prestatie, product, tariff, right), artikel=product.artikel)


@agreement.rule("TR346", berichten="323")
def bedrag_is_volume_maal_tarief(bericht: Declaratiebericht, historie: Historie, bronnen: Bronnen) -> Faults:
    """Het bedrag is GeleverdVolume maal ProductTarief; in minuten het uurtarief maal de minuten, gedeeld door 60."""
    for prestatie in bericht.debetregels:
        if prestatie.eenheid == EURO or prestatie.product_tarief is None:
            continue
        volume, unit, tariff = prestatie.geleverd_volume, prestatie.eenheid, prestatie.product_tarief
        hours = follows(unit, tariff, hour_tariff(prestatie, bronnen))
        amount = prestatie.ingediend.bedrag
        if not is_right_amount(amount, volume, unit, tariff, hour_tariff=hours):
            right = expected_amount(volume, unit, tariff, hour_tariff=hours)
            of_tariff = f"{volume} × ProductTarief {tariff}"
            how = of_tariff if hours is None else f"{volume} minuten × {euro(hours)} euro / 60"
            yield Fault(prestatie, f"{right} ({euro(right)} euro): {how}", f"{amount} ({euro(amount)} euro)")


@agreement.rule("contract-aanbieder", berichten="323 303")
def aanbieder_is_gecontracteerd(bericht: Claim, historie: Historie, bronnen: Bronnen) -> Faults:
    """De aanbieder is volgens het contract toegelaten op de begindatum van de productperiode."""
    for prestatie in bericht.debetregels:
        day = prestatie.product_periode.begindatum
        profiel = bronnen.profiel_on(day)
        if profiel is not None and not profiel.admits(bericht.header.afzender, day):
            lead = profiel.penvoerder_of(bericht.header.afzender, day)
            who = f"penvoerder {lead}, die declareert voor de combinatie" if lead else "een aanbieder die"
            yield Fault(
                prestatie,
                f"{who} op {day} is toegelaten tot {profiel.naam}" if lead is None else who,
                f"aanbieder {bericht.header.afzender}",
            )


@agreement.rule("RC8855", berichten="303")
def geen_declaratie_waar_factuur_verwacht(bericht: Factuurbericht, historie: Historie, bronnen: Bronnen) -> Faults:
    """Waar het contract facturen vraagt, is het bericht geen declaratie."""
    profiel = bronnen.profiel_on(bericht.header.declaratie_periode.begindatum)
    if profiel is not None and profiel.declareren == "factuur" and not bericht.is_invoice:
        yield Fault(bericht.header, *_kinds(bericht, 1))


@agreement.rule("RC8856", berichten="303")
def geen_factuur_waar_declaratie_verwacht(bericht: Factuurbericht, historie: Historie, bronnen: Bronnen) -> Faults:
    """Waar het contract declaraties vraagt, is het bericht geen factuur."""
    profiel = bronnen.profiel_on(bericht.header.declaratie_periode.begindatum)
    if profiel is not None and profiel.declareren == "declaratie" and bericht.is_invoice:
        yield Fault(bericht.header, *_kinds(bericht, 0))


def agreed(prestatie: Prestatie, bronnen: Bronnen) -> Product | None:
    """The product as the contract has it; None without a contract, or if it is not on its list that day."""
    day = prestatie.product_periode.begindatum
    profiel = bronnen.profiel_on(day)
    if profiel is None or not profiel.offers(prestatie.product_categorie, prestatie.product_code, day):
        return None
    return profiel.product(prestatie.product_code)


def hour_tariff(prestatie: Prestatie, bronnen: Bronnen) -> int | None:
    """The contract's hour tariff in euro cents, for a line in minutes."""
    product = agreed(prestatie, bronnen) if prestatie.eenheid == _MINUUT else None
    if product is None or product.eenheid != _UUR:
        return None
    return product.tarief_on(prestatie.product_periode.begindatum)


def _tariffs(prestatie: Prestatie, product: Product, tariff: int, right: int) -> tuple[str, str]:
    """The tariff as expected and as found: bare cents where the units are the same, else with what they are for."""
    found = prestatie.product_tarief
    if found is None or product.eenheid == prestatie.eenheid:
        return str(right), "leeg" if found is None else str(found)
    shared = f"{euro(tariff)} euro {per_unit(product.eenheid)}"
    how = f"{shared}, per minuut 1/60 daarvan" if right != tariff else shared
    return f"{right} ({how})", f"{found} ({euro(found)} euro {per_unit(prestatie.eenheid)})"


def _kinds(bericht: Factuurbericht, wanted: int) -> tuple[str, str]:
    codes, names = bericht.soort.bericht_codes, ("declaratie", "factuur")
    return (
        f"BerichtCode {codes[wanted]} ({names[wanted]})",
        f"BerichtCode {bericht.header.bericht_code} ({names[1 - wanted]})",
    )
