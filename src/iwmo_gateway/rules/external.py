"""Level 4: what only an outside source can tell: the day of receipt, the municipalities, the product codes."""

from typing import Final

from iwmo_gateway.rules.engine import Fault, Faults, Level
from iwmo_gateway.rules.historie import Bronnen, Historie
from iwmo_gateway.standard.berichten import Bericht, StartProduct, Toewijzingsbericht

external: Final = Level("external", frozenset({4}))


@external.rule("TR135", berichten="WMO301 WMO305")
def dagtekening_niet_in_toekomst(bericht: Bericht, historie: Historie, bronnen: Bronnen) -> Faults:
    """De dagtekening ligt niet na de dag van ontvangst."""
    dagtekening = bericht.header.bericht_identificatie.dagtekening
    if dagtekening > bronnen.ontvangen:
        yield Fault(bericht.header, f"Dagtekening op of voor {bronnen.ontvangen}", f"Dagtekening {dagtekening}")


@external.rule("TR378", berichten="WMO301 WMO305")
def gemeente_bestaat(bericht: Bericht, historie: Historie, bronnen: Bronnen) -> Faults:
    """De gemeentecode bestaat volgens het CBS, nu of op de ingangsdatum van een toewijzing in het bericht."""
    if isinstance(bericht, Toewijzingsbericht):
        gemeente = bericht.header.afzender
        days = [product.ingangsdatum for product in bericht.toegewezen_producten]
    else:
        gemeente = bericht.header.ontvanger
        days = [start.toewijzing_ingangsdatum for start in bericht.start_producten if start.toewijzing_ingangsdatum]
    if not bronnen.codelists.gemeente_existed(gemeente, days):
        yield Fault(bericht.header, "een gemeentecode van het CBS", gemeente)


@external.rule("TR381", berichten="WMO301 WMO305")
def productcode_past_bij_categorie(bericht: Bericht, historie: Historie, bronnen: Bronnen) -> Faults:
    """De productcode staat op de productcodelijst, onder de opgegeven productcategorie."""
    for klasse in bericht.producten:
        # Nothing of the kind is asked of a deletion (TR063): it repeats what was sent.
        product = None if isinstance(klasse, StartProduct) and klasse.deletes else klasse.product
        if (
            product
            and product.code
            and not bronnen.codelists.product_fits(bericht.soort.domain, product.categorie, product.code)
        ):
            yield Fault(klasse, f"een code van de productcodelijst in categorie {product.categorie}", product.code)
