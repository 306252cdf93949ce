"""The audit trail: rows in and out. They are only ever added; triggers of the database refuse anything else."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import ColumnElement, exists, func, insert, literal_column, or_, select, type_coerce
from sqlalchemy.dialects.postgresql import JSONB

from iwmo_gateway.store.database import Transaction, values_of
from iwmo_gateway.store.prepared import Prepared
from iwmo_gateway.store.tables import audit


class Action(StrEnum):
    """What somebody does; every call and every command that looks at or changes something is one of these."""

    SEND = "send"
    VALIDATE = "validate"
    SEARCH = "search"
    READ = "read"
    FETCH = "fetch"
    ACKNOWLEDGE = "acknowledge"
    DECIDE = "decide"
    REPLAY = "replay"
    LOAD = "load"
    REPORT = "report"
    ADMINISTER = "administer"
    AUDIT = "audit"
    SIGN_IN = "sign_in"


class Outcome(StrEnum):
    """How it ended: done, not allowed or not possible as asked, or prevented by a fault of ours."""

    OK = "ok"
    REFUSED = "refused"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Deed:
    """Something that somebody did or looked at. Never holds anything of a message but its id.

    `message` is the one that it was about; `messages` where there are several.
    """

    id: int | None = None
    at: datetime
    actor: str
    token: str | None = None
    party: str | None = None
    action: Action
    what: str
    message: str | None = None
    messages: tuple[str, ...] | None = None
    outcome: Outcome = Outcome.OK
    problem: str | None = None
    request: str | None = None
    address: str | None = None


@dataclass(frozen=True, slots=True)
class Wanted:
    """What may be asked of the trail; everything that is given must hold."""

    message: str | None = None
    actor: str | None = None
    since: datetime | None = None
    until: datetime | None = None


# Made once: it stands in the path of every message. Its id is not asked back.
_INSERT: Final = Prepared(insert(audit).inline())
_COLUMNS: Final = [audit.c[name] for name in Deed.__slots__]


def add(transaction: Transaction, deed: Deed) -> None:
    """Write down a deed; it gets the next number."""
    values = values_of(deed) | {"messages": list(deed.messages) if deed.messages else None}
    del values["id"]
    transaction.execute(_INSERT, values)


def find(transaction: Transaction, wanted: Wanted, *, after: int, limit: int) -> list[Deed]:
    """Deeds that match, oldest first, behind number `after`."""
    return _deeds(transaction, audit.c.id > after, *_conditions(transaction, wanted), limit=limit)


def latest(transaction: Transaction, wanted: Wanted, *, before: int | None, limit: int) -> list[Deed]:
    """Deeds that match, newest first, those with a number below `before`."""
    older = [] if before is None else [audit.c.id < before]
    return _deeds(transaction, *older, *_conditions(transaction, wanted), limit=limit, newest_first=True)


def between(transaction: Transaction, after: int | None, last: int, limit: int | None = None) -> list[Deed]:
    """The deeds up to number `last`, behind number `after` or from the very first, in the order of their numbers."""
    behind = [] if after is None else [audit.c.id > after]
    return _deeds(transaction, *behind, audit.c.id <= last, limit=limit)


def newest(transaction: Transaction) -> int | None:
    """The highest number that is there; None in an empty trail."""
    highest: int | None = transaction.scalar(select(func.max(audit.c.id)))
    return highest


def behind(transaction: Transaction, after: int | None) -> tuple[int, datetime | None]:
    """How many deeds have a number behind this one, and the moment of the oldest."""
    query = select(func.count(), func.min(audit.c.at))
    count, oldest = transaction.execute(query if after is None else query.where(audit.c.id > after)).one()
    return count, oldest


def _conditions(transaction: Transaction, wanted: Wanted) -> Iterator[ColumnElement[bool]]:
    if wanted.message is not None:
        yield or_(audit.c.message == wanted.message, _among_them(transaction, wanted.message))
    if wanted.actor is not None:
        yield audit.c.actor == wanted.actor
    if wanted.since is not None:
        yield audit.c.at >= wanted.since
    if wanted.until is not None:
        yield audit.c.at < wanted.until


def _among_them(transaction: Transaction, message_id: str) -> ColumnElement[bool]:
    if transaction.dialect.name == "postgresql":
        return type_coerce(audit.c.messages, JSONB).contains([message_id])
    ids = func.json_each(audit.c.messages).table_valued("value")
    return exists(select(literal_column("1")).select_from(ids).where(ids.c.value == message_id))


def _deeds(
    transaction: Transaction, *conditions: ColumnElement[bool], limit: int | None, newest_first: bool = False
) -> list[Deed]:
    order = audit.c.id.desc() if newest_first else audit.c.id
    query = select(*_COLUMNS).where(*conditions).order_by(order).limit(limit)
    return [_deed(row._mapping) for row in transaction.execute(query)]


def _deed(row: Any) -> Deed:
    messages = row["messages"]
    return Deed(
        **dict(row)
        | {
            "action": Action(row["action"]),
            "outcome": Outcome(row["outcome"]),
            "messages": tuple(messages) if messages is not None else None,
        }
    )
