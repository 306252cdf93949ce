"""What one product of a contract includes of others: told on the lines that claim it beside it.

A line is held against the lines of the same message for the same client whose period shares a day with it. What other
messages claimed is not looked into: a care period of a client is claimed in one, and a line that came earlier was told
of then. No rule here touches a credit.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from typing import Final

from iwmo_gateway.contract.afspraken import included_text
from iwmo_gateway.contract.volumes import Period, comparable, quantity
from iwmo_gateway.rules.engine import Fault, Faults, Level
from iwmo_gateway.rules.historie import Bronnen, Historie
from iwmo_gateway.standard.declaraties import Claim, Prestatie

inclusions: Final = Level("inclusions", frozenset({4}))


@inclusions.rule("contract-inbegrepen", berichten="323 303")
def niet_al_inbegrepen(bericht: Claim, historie: Historie, bronnen: Bronnen) -> Faults:
    """Wat volgens het contract bij een ander product is inbegrepen, is niet nog eens gedeclareerd."""
    for client in bericht.clienten:
        claimed = [prestatie for prestatie in client.prestaties if not prestatie.is_credit]
        volumes = _volumes(claimed)
        for prestatie in claimed:
            profiel = bronnen.profiel_on(prestatie.product_periode.begindatum)
            regel = profiel.regel("contract-inbegrepen") if profiel is not None else None
            if profiel is None or regel is None or prestatie.product_code not in regel.bij:
                continue
            for product in map(profiel.product, regel.producten):
                # What is claimed in another unit than the contract's tells no number.
                units = product and _meeting(volumes[product.code, product.eenheid], prestatie.product_periode.days)
                if product is not None and units:
                    yield Fault(
                        prestatie,
                        f"niet wat al is inbegrepen: {_told(units, product.eenheid)} {product.code}: "
                        f"{included_text(regel, units)} inbegrepen",
                        f"{_told(prestatie.geleverd_volume, prestatie.eenheid)} {prestatie.product_code}",
                        regel,
                    )
                    break


def _volumes(claimed: Iterable[Prestatie]) -> Mapping[tuple[str, str], Mapping[Period, int]]:
    """What a client's lines claim, by product and unit and then by period."""
    found: defaultdict[tuple[str, str], Counter[Period]] = defaultdict(Counter)
    for prestatie in claimed:
        found[prestatie.product_code, prestatie.eenheid][prestatie.product_periode.days] += prestatie.geleverd_volume
    return found


def _meeting(volumes: Mapping[Period, int], period: Period) -> int:
    """What is claimed for periods that share a day with this one."""
    return sum(volume for (begin, end), volume in volumes.items() if max(begin, period[0]) <= min(end, period[1]))


def _told(volume: int, unit: str) -> str:
    return quantity(comparable(unit, unit, volume), unit)
