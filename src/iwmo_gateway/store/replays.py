"""Replays: who judged what again, why, and what came of it."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import insert, select, update

from iwmo_gateway.store.database import Transaction
from iwmo_gateway.store.tables import replay_items, replays


@dataclass(frozen=True, slots=True)
class Item:
    """One message of a replay. Without an outcome it still waits."""

    message: str
    outcome: str | None = None
    status_before: str | None = None
    status_after: str | None = None
    detail: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Replay:
    """One replay, of exactly these messages in this order."""

    id: str
    created_at: datetime
    actor: str
    reason: str
    dry_run: bool
    force: bool
    finished_at: datetime | None
    items: tuple[Item, ...]


def insert_replay(transaction: Transaction, replay: Replay) -> None:
    """Keep what was asked for, before anything is done."""
    values = {name: getattr(replay, name) for name in Replay.__slots__ if name != "items"}
    transaction.execute(insert(replays).values(**values))
    transaction.execute(
        insert(replay_items),
        [{"replay": replay.id, "nr": nr, **asdict(item)} for nr, item in enumerate(replay.items)],
    )


def settle_item(transaction: Transaction, replay_id: str, nr: int, item: Item) -> None:
    """Keep what came of one message."""
    transaction.execute(
        update(replay_items).where(replay_items.c.replay == replay_id, replay_items.c.nr == nr).values(**asdict(item))
    )


def finish(transaction: Transaction, replay_id: str, now: datetime) -> None:
    """All of it is done."""
    transaction.execute(update(replays).where(replays.c.id == replay_id).values(finished_at=now))


def by_id(transaction: Transaction, replay_id: str) -> Replay | None:
    """The replay with this id."""
    columns: Sequence[Any] = [replays.c[name] for name in Replay.__slots__ if name != "items"]
    row = transaction.execute(select(*columns).where(replays.c.id == replay_id)).first()
    if row is None:
        return None
    query = select(*(replay_items.c[name] for name in Item.__slots__)).where(replay_items.c.replay == replay_id)
    items = tuple(Item(*item) for item in transaction.execute(query.order_by(replay_items.c.nr)))
    return Replay(**row._mapping, items=items)
