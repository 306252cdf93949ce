"""Credits that count, each with the debit that it takes back and the claim of that debit."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from sqlalchemy import Select, and_, not_, or_, select

from iwmo_gateway.store.database import Transaction
from iwmo_gateway.store.tables import declaraties, messages, prestaties


@dataclass(frozen=True, slots=True)
class Credit:
    """An approved credit, `bedrag` in euro cents without sign.

    What begins with `debet` is of the claim that holds the debit: None where that is not known.
    """

    id: int
    bericht: str
    soort: str
    domein: str
    gemeente: str
    aanbieder: str
    declaratie_nummer: str
    referentie_nummer: str
    vorig_referentie_nummer: str | None
    begindatum: date
    bedrag: int
    received_at: datetime
    debet_bericht: str | None
    debet_declaratie_nummer: str | None
    debet_begindatum: date | None
    debet_received_at: datetime | None


_debit: Final = prestaties.alias("debit_line")
_claimed: Final = declaraties.alias("debit_claim")
_received: Final = messages.alias("debit_message")
# Of a debit that was not approved nothing was paid. None stands in the claim of its credit (TR316).
_PAID: Final = and_(_debit.c.approved, not_(_debit.c.credit))
_CREDITS: Final[Select[Any]] = (
    select(
        prestaties.c.id,
        prestaties.c.message,
        prestaties.c.soort,
        prestaties.c.domain,
        prestaties.c.gemeente,
        prestaties.c.aanbieder,
        declaraties.c.declaratie_nummer,
        prestaties.c.referentie_nummer,
        prestaties.c.vorig_referentie_nummer,
        prestaties.c.begindatum,
        prestaties.c.bedrag,
        messages.c.received_at,
        _claimed.c.message,
        _claimed.c.declaratie_nummer,
        _claimed.c.begindatum,
        _received.c.received_at,
    )
    .join_from(prestaties, declaraties, declaraties.c.message == prestaties.c.message)
    .join(messages, messages.c.id == prestaties.c.message)
    .outerjoin(
        _debit,
        and_(
            *(_debit.c[name] == prestaties.c[name] for name in ("domain", "soort", "gemeente", "aanbieder")),
            _debit.c.referentie_nummer == prestaties.c.vorig_referentie_nummer,
            _debit.c.holds_reference,
        ),
    )
    .outerjoin(_claimed, _claimed.c.message == _debit.c.message)
    .outerjoin(_received, _received.c.id == _debit.c.message)
    .where(prestaties.c.credit, prestaties.c.approved, or_(_debit.c.id.is_(None), _PAID))
    .order_by(prestaties.c.id)
)


def credited(
    transaction: Transaction,
    equal: Mapping[str, str],
    domains: Collection[str] | None,
    received_from: datetime | None,
    received_until: datetime | None,
    *,
    after: int,
    limit: int,
) -> list[Credit]:
    """Credits in the order in which they were booked, behind number `after`; `equal` are columns of a line.

    `domains` are the only ones that may be seen.
    """
    query = _CREDITS.where(*(prestaties.c[name] == value for name, value in equal.items()), prestaties.c.id > after)
    if domains is not None:
        query = query.where(prestaties.c.domain.in_(domains))
    if received_from is not None:
        query = query.where(messages.c.received_at >= received_from)
    if received_until is not None:
        query = query.where(messages.c.received_at < received_until)
    return [Credit(*row) for row in transaction.execute(query.limit(limit))]
