"""What is around a message: answers to it, messages of the same number, its allocations, mailboxes and replays."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import bindparam, select

from iwmo_gateway.store.database import Transaction
from iwmo_gateway.store.messages import COLUMNS, Message, message_of
from iwmo_gateway.store.search import seen_by
from iwmo_gateway.store.tables import mailbox, messages, numbers, replay_items, replays

SHOWN: Final = 50
"""How many of each are read at most."""


@dataclass(frozen=True, slots=True)
class Stay:
    """A message in somebody's mailbox, and what became of it there."""

    party: str
    nr: int
    message: str
    created_at: datetime
    fetched_at: datetime | None
    acknowledged_at: datetime | None
    withdrawn_at: datetime | None


@dataclass(frozen=True, slots=True)
class Replayed:
    """A replay that a message is or was in."""

    replay: str
    created_at: datetime
    reason: str
    dry_run: bool
    outcome: str | None


_NUMBERS: Final = (
    select(numbers.c.toewijzing_nummer)
    .where(numbers.c.message == bindparam("message"))
    .order_by(numbers.c.toewijzing_nummer)
    .limit(SHOWN + 1)
)
_REPLAYS: Final = (
    select(replays.c.id, replays.c.created_at, replays.c.reason, replays.c.dry_run, replay_items.c.outcome)
    .join_from(replay_items, replays, replays.c.id == replay_items.c.replay)
    .where(replay_items.c.message == bindparam("message"))
    .order_by(replays.c.id.desc())
    .limit(SHOWN)
)


def answers_to(transaction: Transaction, message_id: str, party: str | None) -> list[Message]:
    """The return messages to a message that a party may see, newest first; None sees all of them."""
    query = select(*COLUMNS).where(messages.c.answers == message_id).order_by(messages.c.id.desc()).limit(SHOWN)
    if party is not None:
        query = query.where(seen_by(party))
    return [message_of(row) for row in transaction.execute(query)]


def namesakes(transaction: Transaction, message: Message, party: str | None) -> list[Message]:
    """Other messages of the same kind and sender with the same identification, newest first."""
    if message.identificatie is None:
        return []
    same = [messages.c[name] == getattr(message, name) for name in ("domain", "soort", "afzender", "identificatie")]
    query = select(*COLUMNS).where(*same, messages.c.id != message.id).order_by(messages.c.id.desc()).limit(SHOWN)
    if party is not None:
        query = query.where(seen_by(party))
    return [message_of(row) for row in transaction.execute(query)]


def toewijzing_nummers(transaction: Transaction, message_id: str) -> list[int]:
    """The allocations that a message is about, lowest first: one more than are shown where there are more."""
    return list(transaction.scalars(_NUMBERS, {"message": message_id}))


def stays(transaction: Transaction, ids: Sequence[str], party: str | None) -> list[Stay]:
    """Where these messages were delivered, as far as a party may see: its own mailbox. None sees all of them."""
    columns = [mailbox.c[name] for name in Stay.__slots__]
    query = select(*columns).where(mailbox.c.message.in_(ids)).order_by(mailbox.c.created_at, mailbox.c.nr)
    if party is not None:
        query = query.where(mailbox.c.party == party)
    return [Stay(*row) for row in transaction.execute(query)]


def replays_of(transaction: Transaction, message_id: str) -> list[Replayed]:
    """The replays that a message is or was in, newest first."""
    return [Replayed(*row) for row in transaction.execute(_REPLAYS, {"message": message_id})]
