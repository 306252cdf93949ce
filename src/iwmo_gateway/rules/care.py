"""The contract's rules for starts of care: when they are told, and how soon after the allocation care begins.

The contract that counts is that of the start's own Begindatum.
"""

from collections.abc import Iterator
from datetime import timedelta
from typing import Final

from iwmo_gateway.contract.afspraken import Contractregel
from iwmo_gateway.rules.engine import Fault, Faults, Level
from iwmo_gateway.rules.historie import Bronnen, Historie, Toewijzing, levering_of
from iwmo_gateway.standard.leveringen import Startbericht, StartProduct

care: Final = Level("care", frozenset({4}))


@care.rule("contract-startmelding", berichten="305")
def start_is_vooraf_gemeld(bericht: Startbericht, historie: Historie, bronnen: Bronnen) -> Faults:
    """De start is volgens het contract gemeld voor de dag waarop de zorg begint."""
    for start, regel in _under(bericht, bronnen, "contract-startmelding"):
        if bronnen.ontvangen >= start.begindatum:
            yield Fault(start, f"ontvangen voor {start.begindatum}", f"ontvangen op {bronnen.ontvangen}", regel)


@care.rule("contract-levering", berichten="305")
def zorg_begint_op_tijd(bericht: Startbericht, historie: Historie, bronnen: Bronnen) -> Faults:
    """De zorg begint binnen de termijn van het contract na de toewijzing."""
    deleted = {levering_of(start) for start in bericht.start_producten if start.deletes}
    begun = {levering.toewijzing_nummer for levering in historie.starts - deleted}
    for start, regel in _under(bericht, bronnen, "contract-levering"):
        toewijzing = _allocation(bericht, start, historie)
        # Care that goes on after an interruption began before.
        if toewijzing is None or start.toewijzing_nummer in begun:
            continue
        received = historie.toegewezen_op.get(toewijzing.identity)
        if received is None:
            continue
        last = max(toewijzing.ingangsdatum, received) + timedelta(weeks=regel.weken or 0)
        if start.begindatum > last:
            since = f"ingangsdatum {toewijzing.ingangsdatum}, toewijzing ontvangen op {received}"
            yield Fault(
                start,
                f"Begindatum op of voor {last}: {regel.weken} weken na de laatste van {since}",
                f"Begindatum {start.begindatum}",
                regel,
            )


def _under(bericht: Startbericht, bronnen: Bronnen, name: str) -> Iterator[tuple[StartProduct, Contractregel]]:
    """The first deliveries of a start to which a rule of the contract of their day applies."""
    for start in bericht.start_producten:
        profiel = bronnen.profiel_on(start.begindatum)
        if not start.deletes and profiel is not None and (regel := profiel.regel(name)) is not None:
            yield start, regel


def _allocation(bericht: Startbericht, start: StartProduct, historie: Historie) -> Toewijzing | None:
    """The allocation that a start is on, where it is this client's and this provider's."""
    if start.toewijzing_nummer is None:
        return None
    current = historie.current(start.toewijzing_nummer)
    parties = historie.clienten[bericht.client.bsn], bericht.header.afzender
    return current if current is not None and (current.client, current.aanbieder) == parties else None
