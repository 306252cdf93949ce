"""What may go: messages that are through, and the end of the allocations that they belong to. Taking bytes away."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, CompoundSelect, Select, and_, func, insert, or_, select, union, update

from iwmo_gateway.store.database import Transaction
from iwmo_gateway.store.messages import COMPLETE, Status
from iwmo_gateway.store.tables import (
    antwoorden,
    events,
    messages,
    numbers,
    toewijzing_versies,
    toewijzingen,
    verzoeken,
)

THROUGH: Final = sorted(status.value for status in COMPLETE | {Status.REJECTED, Status.INVALID})
"""What waits for anything is never taken away."""
_AT_ONCE: Final = 500


@dataclass(frozen=True, slots=True)
class Old:
    """A message that may be old enough."""

    id: str
    domain: str
    soort: str
    afzender: str
    ontvanger: str | None
    status: str
    received_at: datetime
    size: int
    answers: str | None
    own: bool
    forgotten_at: datetime | None

    @property
    def subject(self) -> str:
        """What says to which allocations it belongs: a return message belongs to those of what it answers."""
        return self.answers or self.id

    @property
    def lane(self) -> tuple[str, str, str]:
        """Domain, municipality and provider: what is judged one after another."""
        sides = (self.afzender, self.ontvanger or "")
        return (self.domain, *(sides if len(self.afzender) == 4 else sides[::-1]))

    @property
    def through(self) -> bool:
        """Whether it waits for nothing that its status tells of."""
        return self.status in THROUGH


@dataclass(frozen=True, slots=True)
class Ends:
    """Of the allocations of a message the earliest last day and the latest; `endless` if one of them has none yet."""

    first: date | None
    last: date | None
    endless: bool


OLD: Final = [messages.c[name] for name in Old.__slots__]
Belongs = Callable[[ColumnElement[Any], ColumnElement[Any]], ColumnElement[bool]]
"""A condition on the id of an allocation and that of a message."""


def some(
    transaction: Transaction, before: datetime | None, after: str | None, *, facts: bool, at_once: int = _AT_ONCE
) -> list[Old]:
    """The next messages received before a moment that still have their bytes, or their `facts`, oldest first.

    Our return messages are not among them: they go with what they answer.
    """
    gone = messages.c.forgotten_at if facts else messages.c.purged_at
    query = select(*OLD).where(messages.c.own.is_(False), gone.is_(None))
    if before is not None:
        query = query.where(messages.c.received_at < before)
    if after is not None:
        query = query.where(messages.c.id > after)
    return [Old(*row) for row in transaction.execute(query.order_by(messages.c.id).limit(at_once))]


def belonging(which: Belongs) -> CompoundSelect[Any]:
    """Which messages belong to which allocations (columns toewijzing, message): as they name them, by the reference of
    a request or its answer, or as what made them.
    """
    columns = (toewijzingen.c.id.label("toewijzing"),)
    named = (
        select(*columns, numbers.c.message)
        .join_from(toewijzingen, numbers, numbers.c.toewijzing_nummer == toewijzingen.c.nummer)
        .join(
            messages,
            and_(
                messages.c.id == numbers.c.message,
                messages.c.domain == toewijzingen.c.domain,
                toewijzingen.c.gemeente.in_([messages.c.afzender, messages.c.ontvanger]),
            ),
        )
        .where(which(toewijzingen.c.id, numbers.c.message))
    )
    made = select(toewijzing_versies.c.toewijzing, toewijzing_versies.c.message).where(
        which(toewijzing_versies.c.toewijzing, toewijzing_versies.c.message)
    )
    asked = (
        select(*columns, table.c.message)
        .join_from(toewijzingen, toewijzing_versies)
        .join(
            table,
            and_(
                table.c.domain == toewijzingen.c.domain,
                table.c.gemeente == toewijzingen.c.gemeente,
                table.c.aanbieder == toewijzing_versies.c.aanbieder,
                table.c.referentie == toewijzing_versies.c.referentie_aanbieder,
            ),
        )
        .where(which(toewijzingen.c.id, table.c.message))
        for table in (verzoeken, antwoorden)
    )
    return union(named, made, *asked)


def newest_ends(which: ColumnElement[bool]) -> Select[Any]:
    """The last day of allocations (columns toewijzing, einddatum), as their newest version tells it."""
    versions = toewijzing_versies.c
    newest_first = (versions.toewijzingsdatum.desc(), versions.toewijzingstijd.desc(), versions.nr)
    age = func.row_number().over(partition_by=versions.toewijzing, order_by=newest_first).label("age")
    aged = select(versions.toewijzing, versions.einddatum, age).where(which).subquery()
    return select(aged.c.toewijzing, aged.c.einddatum).where(aged.c.age == 1)


def ends_of(transaction: Transaction, ids: Sequence[str]) -> dict[str, Ends]:
    """The last days of the allocations that each message belongs to; one that belongs to none is left out."""
    belongs = belonging(lambda _, message: message.in_(ids)).cte("belongs")
    theirs = toewijzing_versies.c.toewijzing.in_(select(belongs.c.toewijzing))
    newest = newest_ends(theirs).subquery("newest")
    ends = newest.c.einddatum
    rows = transaction.execute(
        select(belongs.c.message, func.min(ends), func.max(ends), func.count() - func.count(ends))
        .join_from(belongs, newest, newest.c.toewijzing == belongs.c.toewijzing)
        .group_by(belongs.c.message)
    )
    return {message: Ends(first, last, bool(endless)) for message, first, last, endless in rows}


def purge(transaction: Transaction, ids: Sequence[str], actor: str, now: datetime) -> None:
    """Take the bytes of these messages and of our answers to them away, for good, and note that."""
    gone = transaction.scalars(
        update(messages)
        .where(
            or_(messages.c.id.in_(ids), and_(messages.c.own, messages.c.answers.in_(ids))),
            messages.c.purged_at.is_(None),
            messages.c.status.in_(THROUGH),
        )
        .values(xml=b"", purged_at=now)
        .returning(messages.c.id)
    ).all()
    note(transaction, gone, "purged", actor, now)


def note(transaction: Transaction, ids: Sequence[str], event: str, actor: str, now: datetime) -> None:
    """Keep with each of these messages what happened to it."""
    rows = [{"message": message, "at": now, "event": event, "actor": actor} for message in ids]
    if rows:
        transaction.execute(insert(events), rows)
