"""The settlement of a claim: what it asks, which lines are refused, and what is approved. Signed euro cents."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from iwmo_gateway.contract.amounts import expected_amount, per_minute
from iwmo_gateway.rules.agreement import agreed, hour_tariff
from iwmo_gateway.rules.engine import Actie, Finding
from iwmo_gateway.rules.historie import Bronnen
from iwmo_gateway.standard.declaraties import Claim, Factuurbericht, Prestatie

_MOST: Final = 99_999_999
"""The highest amount that a line of a 304 can tell, in euro cents."""


@dataclass(frozen=True, slots=True)
class Settlement:
    """What became of a claim.

    `ingediend` is the total that it asks, `toegekend` the sum of its approved lines: the refused ones are always the
    difference, together with those that are held. `refused` are the paths of refused lines, `held` those of lines that
    wait for the municipality; `berekend` is, by path, what the municipality calculates for
    each of them (304: GemeenteBerekendBedrag). `judged` is False where the claim counts as not sent. `contract` names
    the versions of the contracts that its lines were held against.
    """

    ingediend: int
    toegekend: int = 0
    judged: bool = False
    approved_lines: int = 0
    refused: frozenset[str] = frozenset()
    held: frozenset[str] = frozenset()
    berekend: Mapping[str, int] = field(default_factory=dict)
    contract: tuple[str, ...] = ()


def nothing_of(bericht: Claim, bronnen: Bronnen | None = None) -> Settlement:
    """Nothing is approved, and no line counts as judged; `bronnen` if levels 3 and 4 were asked."""
    contract = _contracts(bericht, bronnen) if bronnen else ()
    return Settlement(bericht.declaratie.totaal_ingediend_bedrag.signed, contract=contract)


def settled(bericht: Claim, found: Iterable[Finding], bronnen: Bronnen) -> Settlement:
    """What is approved beside these findings: every line that neither is at fault nor stands in a client at fault.

    A line that is not refused, but that the contract wants the municipality to look at, is held.
    """
    found = list(found)
    at_fault = {finding.pad for finding in found if finding.actie is Actie.REJECT}
    refused = {
        prestatie.pad: prestatie
        for client in bericht.clienten
        for prestatie in client.prestaties
        if client.pad in at_fault or prestatie.pad in at_fault
    }
    wait = {finding.pad for finding in found if finding.actie is Actie.REVIEW}
    held = {
        prestatie.pad: prestatie
        for prestatie in bericht.prestaties
        if prestatie.pad in wait and prestatie.pad not in refused
    }
    lines = sum(len(client.prestaties) for client in bericht.clienten)
    ingediend = bericht.declaratie.totaal_ingediend_bedrag.signed
    return Settlement(
        ingediend=ingediend,
        toegekend=ingediend - sum(prestatie.ingediend.signed for prestatie in (*refused.values(), *held.values())),
        judged=True,
        approved_lines=lines - len(refused) - len(held),
        refused=frozenset(refused),
        held=frozenset(held),
        berekend={
            pad: (-1 if prestatie.is_credit else 1) * _calculated(prestatie, bronnen)
            for pad, prestatie in refused.items()
        }
        if isinstance(bericht, Factuurbericht)
        else {},
        contract=_contracts(bericht, bronnen),
    )


def _contracts(bericht: Claim, bronnen: Bronnen) -> tuple[str, ...]:
    days = {prestatie.product_periode.begindatum for prestatie in bericht.debetregels}
    if isinstance(bericht, Factuurbericht):
        days.add(bericht.header.declaratie_periode.begindatum)
    held = {profiel.identity for day in days if (profiel := bronnen.profiel_on(day)) is not None}
    return tuple(sorted(held))


def _calculated(prestatie: Prestatie, bronnen: Bronnen) -> int:
    """The volume at the contract's tariff or else at the line's own, without sign; without either the line's amount."""
    day = prestatie.product_periode.begindatum
    product, hours, tariff = agreed(prestatie, bronnen), hour_tariff(prestatie, bronnen), prestatie.product_tarief
    if hours is not None:
        tariff = per_minute(hours)
    elif product is not None and product.eenheid == prestatie.eenheid:
        tariff = product.tarief_on(day)
    if tariff is None:
        return prestatie.ingediend.bedrag
    calculated = expected_amount(
        prestatie.geleverd_volume,
        prestatie.eenheid,
        tariff,
        verrekenpercentage=prestatie.verrekenpercentage,
        hour_tariff=hours,
    )
    return min(calculated, _MOST)
