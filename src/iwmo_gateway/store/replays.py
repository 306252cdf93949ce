"""Replays: which messages are judged again, by whom and why, how far it is, and what came of each.

The messages of one domain, municipality and provider are a lane: judged one after another, in the order in which they
came. A process takes a lane in hand for one message at a time; lanes go side by side.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import ColumnElement, bindparam, case, delete, func, insert, literal, null, select, update

from iwmo_gateway.store.database import Transaction, values_of
from iwmo_gateway.store.search import Search, conditions
from iwmo_gateway.store.tables import messages, replay_items, replay_lanes, replays


class ReplayStatus(StrEnum):
    """Where a replay is in its life. `expired` is a preview that nobody started in time."""

    PREVIEW = "preview"
    RUNNING = "running"
    PAUSED = "paused"
    FINISHED = "finished"
    CANCELLED = "cancelled"
    EXPIRED = "expired"


class Outcome(StrEnum):
    """What came of one message of a replay."""

    JUDGED = "judged"
    UNCHANGED = "unchanged"
    SHOWN = "shown"
    REFUSED = "refused"
    FAILED = "failed"
    MISSING = "missing"
    PURGED = "purged"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Replay:
    """One replay: of exactly `total` messages, in a fixed order.

    `more` if its filter finds more than a replay holds; `selection` counts them by kind and status as they were then;
    `history` tells who did what with it, and when.
    """

    id: str
    created_at: datetime
    actor: str
    reason: str
    dry_run: bool
    force: bool
    status: ReplayStatus
    concurrency: int
    filter: Mapping[str, Any] | None = None
    finished_at: datetime | None = None
    total: int = 0
    more: bool = False
    selection: Sequence[Mapping[str, Any]] = ()
    history: Sequence[Mapping[str, Any]] = ()


@dataclass(frozen=True, slots=True)
class Item:
    """One message of a replay. Without an outcome it still waits."""

    nr: int
    message: str
    outcome: Outcome | None = None
    status_before: str | None = None
    status_after: str | None = None
    detail: Mapping[str, Any] | None = None
    soort: str | None = None
    afzender: str | None = None
    ontvanger: str | None = None
    identificatie: str | None = None


@dataclass(frozen=True, slots=True)
class Settled:
    """What came of a message, as it is kept."""

    outcome: Outcome
    status_before: str | None = None
    status_after: str | None = None
    detail: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Taken:
    """One message in hand, until a moment. `judgements` is how many it had when it was first taken, `attempts` times
    ago.
    """

    replay: Replay
    lane: str
    nr: int
    message: str
    status_before: str | None
    attempts: int
    judgements: int | None
    until: datetime


_REPLAY: Final = [replays.c[name] for name in Replay.__slots__]
_BY_ID: Final = select(*_REPLAY).where(replays.c.id == bindparam("id"))
_RUNNING: Final = select(replays.c.id).where(replays.c.status == ReplayStatus.RUNNING).order_by(replays.c.id)
_ITEM: Final = [
    *(replay_items.c[name] for name in ("nr", "message", "outcome", "status_before", "status_after", "detail")),
    *(messages.c[name] for name in ("soort", "afzender", "ontvanger", "identificatie")),
]
_BEHIND: Final = select(*_ITEM).join_from(replay_items, messages, messages.c.id == replay_items.c.message, isouter=True)
_OPEN: Final = (replay_lanes.c.replay == bindparam("id"), replay_lanes.c.next_nr.is_not(None))
_IN_HAND: Final = select(func.count()).where(*_OPEN, replay_lanes.c.lease_until > bindparam("now"))
_LEFT: Final = select(func.count()).where(*_OPEN)
_FREE: Final = (
    select(replay_lanes.c.lane, replay_lanes.c.next_nr, replay_lanes.c.attempts, replay_lanes.c.judgements)
    .where(*_OPEN, replay_lanes.c.lease_until.is_(None) | (replay_lanes.c.lease_until <= bindparam("now")))
    .order_by(replay_lanes.c.next_nr)
    .limit(1)
    .with_for_update(skip_locked=True)
)
_NEXT: Final = (
    select(
        replay_items.c.message, replay_items.c.status_before, messages.c.judgements, func.coalesce(messages.c.size, 0)
    )
    .join_from(replay_items, messages, messages.c.id == replay_items.c.message, isouter=True)
    .where(replay_items.c.replay == bindparam("id"), replay_items.c.nr == bindparam("nr"))
)
_LANE: Final = (replay_lanes.c.replay == bindparam("id"), replay_lanes.c.lane == bindparam("its_lane"))
_TAKE: Final = update(replay_lanes).where(*_LANE)
_SETTLE: Final = update(replay_items).where(
    replay_items.c.replay == bindparam("id"),
    replay_items.c.nr == bindparam("its_nr"),
    replay_items.c.outcome.is_(None) | (replay_items.c.outcome == Outcome.CANCELLED),
)
_later: Final = select(func.min(replay_items.c.nr)).where(
    replay_items.c.replay == bindparam("id"),
    replay_items.c.lane == bindparam("its_lane"),
    replay_items.c.outcome.is_(None),
)
_ADVANCE: Final = (
    update(replay_lanes)
    .where(*_LANE, replay_lanes.c.next_nr == bindparam("its_nr"), replay_lanes.c.lease_until == bindparam("until"))
    .values(next_nr=_later.scalar_subquery(), lease_until=null(), attempts=0, judgements=null())
    .returning(replay_lanes.c.next_nr)
)


def insert_replay(transaction: Transaction, replay: Replay) -> None:
    """Keep what was asked for, before its messages are chosen."""
    transaction.execute(insert(replays).values(**values_of(replay)))


def choose_found(transaction: Transaction, replay_id: str, wanted: Search, most: int) -> bool:
    """Choose the oldest `most` messages that a search finds, but for our own return messages. True if it finds more."""
    found = (
        select(messages.c.id, messages.c.status, _lane().label("lane"))
        .where(*conditions(wanted), messages.c.own.is_(False))
        .order_by(messages.c.id)
        .limit(most + 1)
        .subquery()
    )
    numbered = func.row_number().over(order_by=found.c.id) - 1
    chosen = select(literal(replay_id, replays.c.id.type), numbered, found.c.id, found.c.status, found.c.lane)
    columns = ["replay", "nr", "message", "status_before", "lane"]
    transaction.execute(insert(replay_items).from_select(columns, chosen))
    beyond = delete(replay_items).where(replay_items.c.replay == replay_id, replay_items.c.nr == most)
    return bool(transaction.execute(beyond).rowcount)


def choose_ids(transaction: Transaction, replay_id: str, ids: Iterable[str]) -> None:
    """Choose the messages with these ids, there or not, oldest first."""
    rows = [{"replay": replay_id, "nr": nr, "message": identity} for nr, identity in enumerate(sorted(set(ids)))]
    transaction.execute(insert(replay_items), rows)
    of_message = messages.c.id == replay_items.c.message
    lane = select(_lane()).where(of_message).scalar_subquery()
    status = select(messages.c.status).where(of_message).scalar_subquery()
    known = func.coalesce(lane, "-")
    mine = replay_items.c.replay == replay_id
    transaction.execute(update(replay_items).where(mine).values(lane=known, status_before=status))


def choose_same(transaction: Transaction, replay_id: str, other: str) -> None:
    """Choose exactly the messages of another replay, as they are now."""
    items = replay_items.c
    status = select(messages.c.status).where(messages.c.id == items.message).scalar_subquery()
    chosen = select(literal(replay_id, replays.c.id.type), items.nr, items.message, status, items.lane)
    columns = ["replay", "nr", "message", "status_before", "lane"]
    transaction.execute(insert(replay_items).from_select(columns, chosen.where(items.replay == other)))


def make_ready(transaction: Transaction, replay_id: str, *, more: bool) -> None:
    """Count what was chosen, and lay it out in lanes."""
    items = replay_items.c
    chosen = select(items.replay, items.lane, func.min(items.nr)).where(items.replay == replay_id)
    lanes = chosen.group_by(items.replay, items.lane)
    transaction.execute(insert(replay_lanes).from_select(["replay", "lane", "next_nr"], lanes))
    counted = (
        select(messages.c.soort, items.status_before, func.count())
        .join_from(replay_items, messages, messages.c.id == items.message)
        .where(items.replay == replay_id)
        .group_by(messages.c.soort, items.status_before)
        .order_by(messages.c.soort, items.status_before)
    )
    selection = [
        {"soort": soort, "status": status, "count": count} for soort, status, count in transaction.execute(counted)
    ]
    total = select(func.count()).where(items.replay == replay_id).scalar_subquery()
    values = {"total": total, "more": more, "selection": selection}
    transaction.execute(update(replays).where(replays.c.id == replay_id).values(values))


def by_id(transaction: Transaction, replay_id: str, *, lock: bool = False) -> Replay | None:
    """The replay with this id."""
    row = transaction.execute(_BY_ID.with_for_update() if lock else _BY_ID, {"id": replay_id}).first()
    return None if row is None else _replay(row)


def newest(transaction: Transaction, *, before: str | None, limit: int) -> list[Replay]:
    """Replays, newest first, those older than the one with id `before`."""
    older = [replays.c.id < before] if before else []
    query = select(*_REPLAY).where(*older).order_by(replays.c.id.desc()).limit(limit)
    return [_replay(row) for row in transaction.execute(query)]


def items_of(
    transaction: Transaction, replay_id: str, *, after: int, limit: int, outcome: Outcome | None = None
) -> list[Item]:
    """Messages of a replay in their order, from the one after number `after`."""
    which: list[ColumnElement[bool]] = [replay_items.c.replay == replay_id, replay_items.c.nr > after]
    if outcome is not None:
        which.append(replay_items.c.outcome == outcome)
    query = _BEHIND.where(*which).order_by(replay_items.c.nr).limit(limit)
    items = [Item(*row) for row in transaction.execute(query)]
    return [replace(one, outcome=Outcome(one.outcome)) if one.outcome else one for one in items]


def outcomes_of(transaction: Transaction, ids: Sequence[str]) -> dict[str, dict[Outcome, int]]:
    """How many messages of each of these replays had which outcome; what waits has none."""
    items = replay_items.c
    query = select(items.replay, items.outcome, func.count()).where(items.replay.in_(ids), items.outcome.is_not(None))
    found: dict[str, dict[Outcome, int]] = {identity: {} for identity in ids}
    for replay_id, outcome, count in transaction.execute(query.group_by(items.replay, items.outcome)):
        found[replay_id][Outcome(outcome)] = count
    return found


def change(
    transaction: Transaction,
    replay: Replay,
    status: ReplayStatus,
    entry: Mapping[str, Any],
    finished_at: datetime | None,
) -> None:
    """Give a replay that is locked another status, and keep who did so. A cancelled one leaves the rest undone."""
    values = {"status": status, "history": [*replay.history, entry], "finished_at": finished_at}
    transaction.execute(update(replays).where(replays.c.id == replay.id).values(values))
    if status is ReplayStatus.CANCELLED:
        waits = (replay_items.c.replay == replay.id, replay_items.c.outcome.is_(None))
        transaction.execute(update(replay_items).where(*waits).values(outcome=Outcome.CANCELLED))
        transaction.execute(update(replay_lanes).where(replay_lanes.c.replay == replay.id).values(next_nr=None))


def running(transaction: Transaction) -> list[str]:
    """The replays that run, oldest first."""
    return list(transaction.scalars(_RUNNING))


def take(transaction: Transaction, replay_id: str, now: datetime, lease: timedelta, sync_limit: int) -> Taken | None:
    """The oldest message of a running replay whose lane nobody has in hand; None if there is none to be had now.

    Taking it counts as an attempt before it is made. The lease grows with the message: it lasts once more for every
    `sync_limit` bytes. A replay of which nothing is left is finished.
    """
    replay = by_id(transaction, replay_id, lock=True)
    if replay is None or replay.status is not ReplayStatus.RUNNING:
        return None
    moment = {"id": replay_id, "now": now}
    if transaction.execute(_IN_HAND, moment).scalar_one() >= replay.concurrency:
        return None
    free = transaction.execute(_FREE, moment).first()
    if free is None:
        _finish(transaction, replay_id, now)
        return None
    lane, nr, attempts, noted = free
    message, status_before, judgements, size = transaction.execute(_NEXT, {"id": replay_id, "nr": nr}).one()
    until = now + lease * (1 + size // sync_limit)
    noted = noted if attempts else judgements
    values = {"lease_until": until, "attempts": attempts + 1, "judgements": noted}
    transaction.execute(_TAKE, {"id": replay_id, "its_lane": lane} | values)
    return Taken(replay, lane, nr, message, status_before, attempts + 1, noted, until)


def settle(transaction: Transaction, taken: Taken, settled: Settled, now: datetime) -> None:
    """Keep what came of a message, and let its lane go on.

    Where the lease ran out and another process has it in hand, the first one to come tells the outcome, and the other
    lets the lane go on.
    """
    its = {"id": taken.replay.id, "its_nr": taken.nr}
    transaction.execute(_SETTLE, its | values_of(settled))
    advanced = transaction.execute(_ADVANCE, its | {"its_lane": taken.lane, "until": taken.until}).first()
    if advanced is not None and advanced.next_nr is None:
        # Under its lock: of two processes that end the last two lanes the second one sees that both have ended.
        by_id(transaction, taken.replay.id, lock=True)
        _finish(transaction, taken.replay.id, now)


def _finish(transaction: Transaction, replay_id: str, now: datetime) -> None:
    if not transaction.execute(_LEFT, {"id": replay_id}).scalar_one():
        ends = (replays.c.id == replay_id, replays.c.status.in_([ReplayStatus.RUNNING, ReplayStatus.PAUSED]))
        transaction.execute(update(replays).where(*ends).values(status=ReplayStatus.FINISHED, finished_at=now))


def _replay(row: Any) -> Replay:
    replay = Replay(**row._mapping)
    selection, history = replay.selection or (), replay.history or ()
    return replace(replay, status=ReplayStatus(replay.status), selection=selection, history=history)


def _lane() -> ColumnElement[str]:
    """Domain, municipality and provider of a message, as `Message.gemeente` and `Message.aanbieder` tell them."""
    sender, receiver = messages.c.afzender, func.coalesce(messages.c.ontvanger, "")
    municipal = func.length(sender) == 4
    gemeente, aanbieder = case((municipal, sender), else_=receiver), case((municipal, receiver), else_=sender)
    return messages.c.domain + "/" + gemeente + "/" + aanbieder
