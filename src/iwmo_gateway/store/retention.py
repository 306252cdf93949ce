"""What may go: messages that are through, when they came in, and the end of the allocations that they belong to."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from sqlalchemy import and_, func, insert, or_, select, update

from iwmo_gateway.store.database import Transaction
from iwmo_gateway.store.messages import COMPLETE, Status
from iwmo_gateway.store.tables import events, messages, numbers, toewijzing_versies, toewijzingen

_THROUGH: Final = sorted(status.value for status in COMPLETE | {Status.REJECTED, Status.INVALID})
"""What waits for anything is never purged."""
_AT_ONCE: Final = 500


@dataclass(frozen=True, slots=True)
class Old:
    """A message that may be old enough."""

    id: str
    soort: str
    status: str
    received_at: datetime
    size: int


def received_before(transaction: Transaction, moment: datetime, after: str | None) -> list[Old]:
    """The next messages from before a moment that are through and still have their bytes, oldest first.

    Our return messages are not among them: they go with what they answer.
    """
    query = select(*(messages.c[name] for name in Old.__slots__)).where(
        messages.c.own.is_(False),
        messages.c.purged_at.is_(None),
        messages.c.status.in_(_THROUGH),
        messages.c.received_at < moment,
    )
    query = query.where(messages.c.id > after) if after else query
    return [Old(*row) for row in transaction.execute(query.order_by(messages.c.id).limit(_AT_ONCE))]


def ends_of(transaction: Transaction, ids: Sequence[str]) -> dict[str, date | None]:
    """The last day of the allocations that each message belongs to; None where one has no end yet.

    A message that belongs to none that is known is left out.
    """
    belongs = (
        select(numbers.c.message, toewijzingen.c.id.label("toewijzing"))
        .join_from(numbers, messages, messages.c.id == numbers.c.message)
        .join(
            toewijzingen,
            and_(
                toewijzingen.c.domain == messages.c.domain,
                toewijzingen.c.gemeente.in_([messages.c.afzender, messages.c.ontvanger]),
                toewijzingen.c.nummer == numbers.c.toewijzing_nummer,
            ),
        )
        .where(numbers.c.message.in_(ids))
        .subquery()
    )
    newest_first = (toewijzing_versies.c.toewijzingsdatum.desc(), toewijzing_versies.c.toewijzingstijd.desc())
    versions = (
        select(
            belongs.c.message,
            toewijzing_versies.c.einddatum,
            func.row_number()
            .over(partition_by=(belongs.c.message, belongs.c.toewijzing), order_by=newest_first)
            .label("age"),
        )
        .join_from(belongs, toewijzing_versies, toewijzing_versies.c.toewijzing == belongs.c.toewijzing)
        .subquery()
    )
    ends = versions.c.einddatum
    rows = transaction.execute(
        select(versions.c.message, func.max(ends), func.count() - func.count(ends))
        .where(versions.c.age == 1)
        .group_by(versions.c.message)
    )
    return {message: None if endless else end for message, end, endless in rows}


def purge(transaction: Transaction, ids: Sequence[str], actor: str, now: datetime) -> None:
    """Take the bytes of these messages and of our answers to them away, for good, and note that."""
    gone = transaction.scalars(
        update(messages)
        .where(
            or_(messages.c.id.in_(ids), and_(messages.c.own, messages.c.answers.in_(ids))),
            messages.c.purged_at.is_(None),
            messages.c.status.in_(_THROUGH),
        )
        .values(xml=b"", purged_at=now)
        .returning(messages.c.id)
    )
    rows = [{"message": message, "at": now, "event": "purged", "actor": actor} for message in gone]
    if rows:
        transaction.execute(insert(events), rows)
