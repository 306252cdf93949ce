"""Level 2 of the 303: the sums that hold inside it. None is published for 3.2; each bears the name of its element."""

from typing import Final

from iwmo_gateway.contract.amounts import btw_of, euro, expected_amount, is_right_amount
from iwmo_gateway.rules.claims import amounts, sum_fault
from iwmo_gateway.rules.engine import Fault, Faults, Level
from iwmo_gateway.standard.declaraties import Factuurbericht, Prestatie

invoices: Final = Level("invoices", frozenset({2}))

_EXEMPT: Final = "1"
"""BtwVrijstellingIndicatie: exempt from VAT."""


@invoices.rule("303-DebetCredit", berichten="303")
def bedragen_zijn_alle_debet_of_credit(bericht: Factuurbericht) -> Faults:
    """De bedragen van een regel zijn allemaal debet, of allemaal credit."""
    for prestatie in bericht.prestaties:
        kinds = {amount.debet_credit for amount in amounts(prestatie) if amount.bedrag}
        if len(kinds) > 1:
            yield Fault(prestatie, "één DebetCredit voor alle bedragen van de regel", "D en C")


@invoices.rule("303-BerekendBedrag", berichten="303")
def berekend_bedrag_klopt(bericht: Factuurbericht) -> Faults:
    """BerekendBedrag is GeleverdVolume maal ProductTarief, maal het Verrekenpercentage als dat er is."""
    for prestatie in bericht.prestaties:
        if prestatie.berekend_bedrag is not None:
            yield from _wrong_product(prestatie, prestatie.berekend_bedrag.bedrag, "BerekendBedrag")


@invoices.rule("303-DeclaratieFactuurBedrag", berichten="303")
def declaratiebedrag_is_berekend_bedrag(bericht: Factuurbericht) -> Faults:
    """DeclaratieFactuurBedrag is het berekende bedrag."""
    for prestatie in bericht.prestaties:
        claimed = prestatie.ingediend.bedrag
        if prestatie.berekend_bedrag is None:
            yield from _wrong_product(prestatie, claimed, "DeclaratieFactuurBedrag")
        elif claimed != prestatie.berekend_bedrag.bedrag:
            yield Fault(
                prestatie,
                f"DeclaratieFactuurBedrag {prestatie.berekend_bedrag.bedrag}, gelijk aan BerekendBedrag",
                f"DeclaratieFactuurBedrag {claimed}",
            )


@invoices.rule("303-BtwBedrag", berichten="303")
def btw_klopt(bericht: Factuurbericht) -> Faults:
    """BtwBedrag past bij BtwPercentage en bij de btw-vrijstelling."""
    for prestatie in bericht.prestaties:
        percentage = prestatie.btw_percentage
        amount = prestatie.btw_bedrag.bedrag if prestatie.btw_bedrag else None
        if prestatie.btw_vrijstelling_indicatie == _EXEMPT:
            if percentage or amount:
                yield Fault(prestatie, "geen btw bij BtwVrijstellingIndicatie 1", _btw_text(percentage, amount))
        elif (percentage is None) is not (amount is None):
            both = "BtwPercentage en BtwBedrag beide gevuld of beide leeg"
            yield Fault(prestatie, both, _btw_text(percentage, amount))
        elif percentage is not None and amount not in (right := btw_of(prestatie.ingediend.bedrag, percentage)):
            wanted = " of ".join(str(cents) for cents in sorted(right))
            how = f"BtwBedrag {wanted}: {euro(percentage)}% in of over het bedrag"
            yield Fault(prestatie, how, _btw_text(percentage, amount))


@invoices.rule("303-BtwTotaalBedrag", berichten="303")
def btw_totaal_is_som_van_regels(bericht: Factuurbericht) -> Faults:
    """BtwTotaalBedrag is de som van de btw-bedragen van de regels; credit telt negatief."""
    total = sum(prestatie.btw for prestatie in bericht.prestaties)
    yield from sum_fault(bericht.header, bericht.header.btw_totaal_bedrag, total, "BtwTotaalBedrag")


def _wrong_product(prestatie: Prestatie, amount: int, element: str) -> Faults:
    """An amount that is not volume × tariff × percentage; nothing to say without a tariff."""
    volume, tarief, percentage = prestatie.geleverd_volume, prestatie.product_tarief, prestatie.verrekenpercentage
    if tarief is None or is_right_amount(amount, volume, prestatie.eenheid, tarief, verrekenpercentage=percentage):
        return
    right = expected_amount(volume, prestatie.eenheid, tarief, verrekenpercentage=percentage)
    how = f"{volume} × {tarief}" + ("" if percentage is None else f" × Verrekenpercentage {percentage}")
    yield Fault(prestatie, f"{element} {right}: {how}", f"{element} {amount}")


def _btw_text(percentage: int | None, amount: int | None) -> str:
    return ", ".join(
        f"{element} {'leeg' if value is None else value}"
        for element, value in (("BtwPercentage", percentage), ("BtwBedrag", amount))
    )
