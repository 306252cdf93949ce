"""Payments due: what of each claim is to be paid, and by when the contract wants it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from iwmo_gateway.contract.profile import Profiel
from iwmo_gateway.gateway.access import Caller
from iwmo_gateway.gateway.context import Gateway
from iwmo_gateway.standard.days import day_of
from iwmo_gateway.standard.kinds import Domain
from iwmo_gateway.store import contracts, payments
from iwmo_gateway.store.database import Transaction
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
    equal = within_sight(caller, asked)
    if equal is None:
        return []
    with gateway.database.reading() as transaction:
        found = payments.claimed(
            transaction,
            equal,
            caller.limited_to,
            asked.received_from,
            asked.received_until,
            after=after,
            limit=limit,
        )
        held = profielen_between(transaction, {(one.domein, one.gemeente, one.aanbieder) for one in found})
    return [_payment(one, held[one.domein, one.gemeente, one.aanbieder]) for one in found]


def within_sight(caller: Caller, asked: Asked) -> dict[str, str] | None:
    """The columns that must have these values for what is asked and what the caller may see; None if nothing can."""
    wanted = {"gemeente": asked.gemeente, "aanbieder": asked.aanbieder, "domain": asked.domein}
    if caller.party is not None:
        side = "gemeente" if len(caller.party) == 4 else "aanbieder"
        if wanted[side] not in {None, caller.party}:
            return None
        wanted[side] = caller.party
    return {name: value for name, value in wanted.items() if value is not None}


def profielen_between(
    transaction: Transaction, parties: Iterable[tuple[str, str, str]]
) -> dict[tuple[str, str, str], tuple[Profiel, ...]]:
    """The profiles that count between each of these (domain, municipality, provider)."""
    return {between: contracts.profielen_of(transaction, *between) for between in sorted(parties)}


def term_of(profielen: Iterable[Profiel], begindatum: date, received: date) -> tuple[date, str] | None:
    """The last day on which the contract wants a claim paid, and where it says so.

    `begindatum` is that of its DeclaratiePeriode. None where no contract says so.
    """
    profiel = next((one for one in profielen if one.holds_on(begindatum)), None)
    terms = profiel.betaling if profiel else None
    return None if terms is None else (received + timedelta(days=terms.dagen), terms.artikel)


def _payment(claim: Claimed, profielen: tuple[Profiel, ...]) -> Payment:
    received = day_of(claim.received_at)
    return Payment(claim, received, *(term_of(profielen, claim.begindatum, received) or (None, None)))
