"""Payments due: what of each claim is to be paid, and by when the contract wants it."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from iwmo_gateway.contract.profile import Profiel
from iwmo_gateway.gateway.access import Caller
from iwmo_gateway.gateway.context import Gateway
from iwmo_gateway.standard.days import day_of
from iwmo_gateway.standard.kinds import Domain
from iwmo_gateway.store import contracts, payments
from iwmo_gateway.store.payments import Claimed


@dataclass(frozen=True, slots=True)
class Payment:
    """What is to be paid of one claim: its approved lines, less its approved credits; below zero to be paid back.

    `uiterlijk` and `artikel` are the contract's, None where none says by when. Amounts in signed euro cents.
    """

    claim: Claimed
    ontvangen: date
    uiterlijk: date | None
    artikel: str | None

    @property
    def afgekeurd(self) -> int:
        """What is refused."""
        return self.claim.ingediend - self.claim.toegekend - self.claim.aangehouden


@dataclass(frozen=True, slots=True)
class Asked:
    """What may be asked of payments; everything that is given must hold. Moments of receipt, the last one excluded."""

    gemeente: str | None
    aanbieder: str | None
    domein: Domain | None
    received_from: datetime | None
    received_until: datetime | None


def due(gateway: Gateway, caller: Caller, asked: Asked, *, after: int, limit: int) -> list[Payment]:
    """Payments in the order in which the claims were booked, behind number `after`.

    A party sees those that it makes or gets.
    """
    wanted = {"gemeente": asked.gemeente, "aanbieder": asked.aanbieder, "domain": asked.domein}
    if caller.party is not None:
        side = "gemeente" if len(caller.party) == 4 else "aanbieder"
        if wanted[side] not in {None, caller.party}:
            return []
        wanted[side] = caller.party
    equal = {name: value for name, value in wanted.items() if value is not None}
    with gateway.database.reading() as transaction:
        found = payments.claimed(
            transaction, equal, asked.received_from, asked.received_until, after=after, limit=limit
        )
        held = {
            (domain, gemeente): contracts.profielen_for(transaction, domain, gemeente)
            for domain, gemeente in sorted({(one.domein, one.gemeente) for one in found})
        }
    return [_payment(one, held[one.domein, one.gemeente]) for one in found]


def _payment(claim: Claimed, profielen: tuple[Profiel, ...]) -> Payment:
    received = day_of(claim.received_at)
    profiel = next((one for one in profielen if one.holds_on(claim.begindatum)), None)
    terms = profiel.betaling if profiel else None
    if terms is None:
        return Payment(claim, received, None, None)
    return Payment(claim, received, received + timedelta(days=terms.dagen), terms.artikel)
