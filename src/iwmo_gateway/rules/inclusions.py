"""What one product of a contract includes of others: told on the lines that claim it beside it.

A line is held against the lines of the same message for the same client whose period shares a day with it. What other
messages claimed is not looked into: a care period of a client is claimed in one, and a line that came earlier was told
of then. No rule here touches a credit.
"""

from collections.abc import Iterable
from typing import Final

from iwmo_gateway.contract.afspraken import Product, included_text
from iwmo_gateway.contract.volumes import comparable, quantity
from iwmo_gateway.rules.engine import Fault, Faults, Level
from iwmo_gateway.rules.historie import Bronnen, Historie
from iwmo_gateway.standard.declaraties import Claim, Prestatie

inclusions: Final = Level("inclusions", frozenset({4}))


@inclusions.rule("contract-inbegrepen", berichten="323 303")
def niet_al_inbegrepen(bericht: Claim, historie: Historie, bronnen: Bronnen) -> Faults:
    """Wat volgens het contract bij een ander product is inbegrepen, is niet nog eens gedeclareerd."""
    for client in bericht.clienten:
        claimed = [prestatie for prestatie in client.prestaties if not prestatie.is_credit]
        for prestatie in claimed:
            profiel = bronnen.profiel_on(prestatie.product_periode.begindatum)
            regel = profiel.regel("contract-inbegrepen") if profiel is not None else None
            if profiel is None or regel is None or prestatie.product_code not in regel.bij:
                continue
            for product in map(profiel.product, regel.producten):
                units = _claimed(product, claimed, prestatie)
                if product is not None and units:
                    yield Fault(
                        prestatie,
                        f"niet wat al is inbegrepen: {_told(units, product.eenheid)} {product.code}: "
                        f"{included_text(regel, units)} inbegrepen",
                        f"{_told(prestatie.geleverd_volume, prestatie.eenheid)} {prestatie.product_code}",
                        regel,
                    )
                    break


def _claimed(product: Product | None, claimed: Iterable[Prestatie], beside: Prestatie) -> int:
    """How many units of a product are claimed on a day of a line; what is claimed in another unit tells no number."""
    if product is None:
        return 0
    own = (product.code, product.eenheid)
    return sum(one.geleverd_volume for one in claimed if (one.product_code, one.eenheid) == own and _meet(one, beside))


def _meet(one: Prestatie, other: Prestatie) -> bool:
    """Whether two lines share a day."""
    (begin, end), (other_begin, other_end) = one.product_periode.days, other.product_periode.days
    return max(begin, other_begin) <= min(end, other_end)


def _told(volume: int, unit: str) -> str:
    return quantity(comparable(unit, unit, volume), unit)
