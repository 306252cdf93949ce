"""What is to be paid back: each credit of what was approved before, with the interest that the contract asks."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from iwmo_gateway.contract.afspraken import Terugvordering
from iwmo_gateway.contract.interest import Rente, RenteOnbekend, interest, rentetabel, uitleg
from iwmo_gateway.contract.profile import Profiel
from iwmo_gateway.gateway.access import Caller
from iwmo_gateway.gateway.context import Gateway
from iwmo_gateway.gateway.payments import Asked, profielen_between, term_of, within_sight
from iwmo_gateway.standard.days import day_of
from iwmo_gateway.store import reclaims
from iwmo_gateway.store.reclaims import Credit

_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Reclaim:
    """What is to be paid back for a credit on the day `tot`.

    Interest counts from `vanaf`, the last day on which the contract wanted the debit paid. `rente` is in euro cents,
    None where it cannot be told; `uitleg` says why, or is the sum. `artikel` is the contract's.
    """

    credit: Credit
    ontvangen: date
    vanaf: date | None
    tot: date
    rente: int | None
    artikel: str | None
    uitleg: tuple[str, ...]


def due(gateway: Gateway, caller: Caller, asked: Asked, tot: date, *, after: int, limit: int) -> list[Reclaim]:
    """What is to be paid back, in the order in which credits were booked, behind number `after`.

    A party sees what it gets or pays back.
    """
    equal = within_sight(caller, asked)
    if equal is None:
        return []
    with gateway.database.reading() as transaction:
        found = reclaims.credited(
            transaction,
            equal,
            caller.limited_to,
            asked.received_from,
            asked.received_until,
            after=after,
            limit=limit,
        )
        held = profielen_between(transaction, {(one.domein, one.gemeente, one.aanbieder) for one in found})
    return [_reclaim(one, tot, held[one.domein, one.gemeente, one.aanbieder]) for one in found]


def _reclaim(credit: Credit, tot: date, profielen: tuple[Profiel, ...]) -> Reclaim:
    received = day_of(credit.received_at)
    profiel = next((one for one in profielen if one.holds_on(credit.begindatum)), None)
    agreed = profiel.terugvordering if profiel else None
    since = None
    if credit.debet_begindatum is not None and credit.debet_received_at is not None:
        term = term_of(profielen, credit.debet_begindatum, day_of(credit.debet_received_at))
        since = term and term[0]
    cents, told = _interest(credit, received, since, tot, agreed)
    return Reclaim(credit, received, since, tot, cents, agreed.artikel if agreed else None, told)


def _interest(
    credit: Credit, received: date, since: date | None, tot: date, agreed: Terugvordering | None
) -> tuple[int | None, tuple[str, ...]]:
    """Euro cents and the sum; None and the reason where they cannot be told."""
    if agreed is None:
        return None, ("Het contract zegt niet met welke rente wordt teruggevorderd.",)
    if credit.debet_bericht is None:
        return None, ("De gecrediteerde regel is hier niet bekend.",)
    if since is None:
        return None, ("Het contract zegt niet wanneer de gecrediteerde regel uiterlijk was betaald.",)
    for done, on in (("Gecrediteerd", received), ("Terugbetaald", tot)):
        if on <= since:
            return 0, (f"{done} op {on}, toen de betaaltermijn tot en met {since} nog liep: geen rente.",)
    found = _counted(credit.bedrag, since, tot, agreed)
    if isinstance(found, RenteOnbekend):
        return None, (found.tekst,)
    return found.cents, tuple(uitleg(found))


def _counted(cents: int, since: date, tot: date, agreed: Terugvordering) -> Rente | RenteOnbekend:
    tabel = rentetabel(agreed.rente)
    if tot - _DAY > tabel.bekend_tot_en_met:
        # Told at once: a page of lines, each up to a day far off, would take long to find the same.
        return RenteOnbekend(tabel.soort, max(since, tabel.bekend_tot_en_met + _DAY))
    return interest(cents, since, tot, tabel)
