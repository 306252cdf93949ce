"""What may go: messages that are through, and the end of the allocations that they belong to. Taking bytes away."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    ScalarSelect,
    Select,
    and_,
    case,
    func,
    insert,
    or_,
    select,
    union,
    update,
)

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
SIDE: Final = case((func.length(messages.c.afzender) == 4, messages.c.afzender), else_=messages.c.ontvanger)
"""The municipality's side of a message, as `Message.gemeente` tells it."""
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


def made_or_asked(which: Belongs) -> Iterable[Select[Any]]:
    """Which messages belong to which allocations (columns toewijzing, message): what made them, and by its reference a
    request or the answer to one.
    """
    yield select(toewijzing_versies.c.toewijzing, toewijzing_versies.c.message).where(
        which(toewijzing_versies.c.toewijzing, toewijzing_versies.c.message)
    )
    for table in (verzoeken, antwoorden):
        yield (
            select(toewijzingen.c.id, table.c.message)
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
        )


def newest_end(toewijzing: ColumnElement[int]) -> ScalarSelect[date | None]:
    """The last day of an allocation, as its newest version tells it."""
    versions = toewijzing_versies.alias("newest").c
    newest_first = (versions.toewijzingsdatum.desc(), versions.toewijzingstijd.desc(), versions.nr)
    of_it = versions.toewijzing == toewijzing
    return select(versions.einddatum).where(of_it).order_by(*newest_first).limit(1).scalar_subquery()


def ends_of(transaction: Transaction, ids: Sequence[str]) -> dict[str, Ends]:
    """The last days of the allocations that each message belongs to; one that belongs to none is left out."""
    # Asked for one by one: a database without statistics would begin with every allocation of the municipality.
    named = (
        select(toewijzingen.c.id)
        .where(
            toewijzingen.c.domain == messages.c.domain,
            toewijzingen.c.gemeente == SIDE,
            toewijzingen.c.nummer == numbers.c.toewijzing_nummer,
        )
        .scalar_subquery()
        .label("toewijzing")
    )
    by_number = (
        select(named, numbers.c.message)
        .join_from(numbers, messages, messages.c.id == numbers.c.message)
        .where(numbers.c.message.in_(ids))
    )
    belongs = union(by_number, *made_or_asked(lambda _, message: message.in_(ids))).subquery("belongs")
    ended = (
        select(belongs.c.message, newest_end(belongs.c.toewijzing).label("end"))
        .where(belongs.c.toewijzing.is_not(None))
        .subquery()
    )
    end = ended.c.end
    rows = transaction.execute(
        select(ended.c.message, func.min(end), func.max(end), func.count() - func.count(end)).group_by(ended.c.message)
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
    )
    note(transaction, gone, "purged", actor, now)


def note(transaction: Transaction, ids: Sequence[str], event: str, actor: str, now: datetime) -> None:
    """Keep with each of these messages what happened to it."""
    rows = [{"message": message, "at": now, "event": event, "actor": actor} for message in ids]
    if rows:
        transaction.execute(insert(events), rows)
