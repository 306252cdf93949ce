"""What is to be paid of each claim: the sums of its lines, and when it was received."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from sqlalchemy import BigInteger, Select, case, func, select

from iwmo_gateway.store.database import Transaction
from iwmo_gateway.store.tables import declaraties, messages, prestaties


@dataclass(frozen=True, slots=True)
class Claimed:
    """A claim that counts, with what is asked, approved and held of it. Amounts in signed euro cents."""

    id: int
    bericht: str
    soort: str
    domein: str
    gemeente: str
    aanbieder: str
    declaratie_nummer: str
    begindatum: date
    received_at: datetime
    ingediend: int
    toegekend: int
    aangehouden: int


_SIGN: Final = case((prestaties.c.credit, -1), else_=1)
_HELD: Final = (
    select(func.coalesce(func.sum(_SIGN * prestaties.c.bedrag), 0).cast(BigInteger))
    .where(prestaties.c.message == declaraties.c.message, prestaties.c.held)
    .scalar_subquery()
)
_CLAIMS: Final[Select[Any]] = select(
    declaraties.c.id,
    declaraties.c.message,
    declaraties.c.soort,
    declaraties.c.domain,
    declaraties.c.gemeente,
    declaraties.c.aanbieder,
    declaraties.c.declaratie_nummer,
    declaraties.c.begindatum,
    messages.c.received_at,
    declaraties.c.ingediend,
    declaraties.c.toegekend,
    _HELD,
).join(messages, messages.c.id == declaraties.c.message)


def claimed(
    transaction: Transaction,
    equal: Mapping[str, str],
    domains: Collection[str] | None,
    received_from: datetime | None,
    received_until: datetime | None,
    *,
    after: int,
    limit: int,
) -> list[Claimed]:
    """Claims in the order in which they were booked, behind number `after`; `equal` are columns of a claim.

    `domains` are the only ones that may be seen.
    """
    query = _CLAIMS.where(*(declaraties.c[name] == value for name, value in equal.items()), declaraties.c.id > after)
    if domains is not None:
        query = query.where(declaraties.c.domain.in_(domains))
    if received_from is not None:
        query = query.where(messages.c.received_at >= received_from)
    if received_until is not None:
        query = query.where(messages.c.received_at < received_until)
    return [Claimed(*row) for row in transaction.execute(query.order_by(declaraties.c.id).limit(limit))]
