"""Replay: choosing kept messages to be judged again, and who starts, pauses, resumes or cancels that."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from iwmo_gateway.gateway.access import Caller
from iwmo_gateway.gateway.context import Gateway, new_id
from iwmo_gateway.store import differences, replays
from iwmo_gateway.store.database import Transaction
from iwmo_gateway.store.differences import Difference
from iwmo_gateway.store.replays import Item, Outcome, Replay, ReplayStatus
from iwmo_gateway.store.search import Search

AT_ONCE: Final = 100
"""How many messages one call by ids may name."""
MOST: Final = 100_000
"""How many messages one replay by filter holds at most."""
CONCURRENCY: Final = 2
"""How many messages of one replay are in hand at the same time, if nothing else is asked."""
PREVIEW_HOLDS: Final = timedelta(days=1)
"""How long a preview can be started."""


class Action(StrEnum):
    """What may be done with a replay."""

    START = "start"
    PAUSE = "pause"
    RESUME = "resume"
    CANCEL = "cancel"


_LEADS_TO: Final[dict[tuple[Action, ReplayStatus], ReplayStatus]] = {
    (Action.START, ReplayStatus.PREVIEW): ReplayStatus.RUNNING,
    (Action.PAUSE, ReplayStatus.RUNNING): ReplayStatus.PAUSED,
    (Action.RESUME, ReplayStatus.PAUSED): ReplayStatus.RUNNING,
    **{
        (Action.CANCEL, status): ReplayStatus.CANCELLED
        for status in (ReplayStatus.PREVIEW, ReplayStatus.RUNNING, ReplayStatus.PAUSED)
    },
}


@dataclass(frozen=True, slots=True)
class Wish:
    """Why messages are judged again, and how."""

    reason: str
    dry_run: bool = False
    force: bool = False
    concurrency: int = CONCURRENCY


@dataclass(frozen=True, slots=True)
class Progress:
    """A replay and how far it is. `outcomes` leaves out what waits."""

    replay: Replay
    outcomes: Mapping[Outcome, int]

    @property
    def done(self) -> int:
        """How many messages it is through with; what was cancelled is not done."""
        return sum(count for outcome, count in self.outcomes.items() if outcome is not Outcome.CANCELLED)


@dataclass(frozen=True, slots=True)
class Account:
    """All that is told of a replay: `statuses` counts from which status to which, `difference` is of a dry run."""

    progress: Progress
    statuses: Sequence[tuple[str, str, int]]
    difference: Difference | None
    items: Sequence[Item]


def preview(gateway: Gateway, caller: Caller, wanted: Search, asked: Mapping[str, Any], wish: Wish) -> str:
    """Choose what a search finds now, at most `MOST` and the oldest of it; nothing is judged until it is started.

    `asked` is the search as its asker put it. Returns the id of the replay.
    """
    with gateway.database.writing() as transaction:
        made = _insert(transaction, caller, wish, ReplayStatus.PREVIEW, asked)
        more = replays.choose_found(transaction, made.id, wanted, MOST)
        replays.make_ready(transaction, made.id, more=more)
    return made.id


def by_ids(
    gateway: Gateway, caller: Caller, ids: Iterable[str], wish: Wish, status: ReplayStatus = ReplayStatus.RUNNING
) -> str:
    """Choose these messages, and have them judged at once by whatever process works, or as a preview once started.

    Returns the id of the replay.
    """
    with gateway.database.writing() as transaction:
        made = _insert(transaction, caller, wish, status, None)
        replays.choose_ids(transaction, made.id, ids)
        replays.make_ready(transaction, made.id, more=False)
    return made.id


def again(gateway: Gateway, caller: Caller, replay_id: str, wish: Wish) -> str | None:
    """Have exactly the messages of another replay judged, as after a dry run. Returns the id; None if it is not there.

    What its filter finds by now does not count: only what was looked at is judged.
    """
    with gateway.database.writing() as transaction:
        other = replays.by_id(transaction, replay_id)
        if other is None:
            return None
        made = _insert(transaction, caller, wish, ReplayStatus.RUNNING, other.filter)
        replays.choose_same(transaction, made.id, replay_id)
        replays.make_ready(transaction, made.id, more=other.more)
    return made.id


def change(gateway: Gateway, caller: Caller, replay_id: str, action: Action) -> tuple[Progress, bool] | None:
    """Start, pause, resume or cancel a replay: how it is then, and whether its status let it; None if there is none.

    What is in hand is finished. What a cancelled replay has not done stays undone.
    """
    with gateway.database.writing() as transaction:
        found = replays.by_id(transaction, replay_id, lock=True)
        if found is None:
            return None
        before = _as_of(found, caller.at)
        after = _LEADS_TO.get((action, before.status))
        if after is not None:
            entry = {"at": caller.at.isoformat(), "action": action.value, "actor": caller.actor}
            ended = caller.at if after is ReplayStatus.CANCELLED else None
            replays.change(transaction, before, after, entry, ended)
        return _progress(transaction, replay_id, caller.at), after is not None


def allowed(action: Action) -> frozenset[ReplayStatus]:
    """The statuses in which something may be done with a replay."""
    return frozenset(before for one, before in _LEADS_TO if one is action)


def progress(gateway: Gateway, replay_id: str, now: datetime) -> Progress:
    """How far a replay is that is there."""
    with gateway.database.reading() as transaction:
        return _progress(transaction, replay_id, now)


def find(gateway: Gateway, replay_id: str, now: datetime, *, limit: int) -> Account | None:
    """All that is told of a replay, with its first messages."""
    with gateway.database.reading() as transaction:
        if replays.by_id(transaction, replay_id) is None:
            return None
        told = _progress(transaction, replay_id, now)
        dry_run = told.replay.dry_run
        return Account(
            told,
            differences.statuses_of(transaction, replay_id),
            differences.difference_of(transaction, replay_id) if dry_run else None,
            replays.items_of(transaction, replay_id, after=-1, limit=limit),
        )


def items(
    gateway: Gateway, replay_id: str, *, after: int, limit: int, outcome: Outcome | None = None
) -> list[Item] | None:
    """A page of the messages of a replay; None if there is no such replay."""
    with gateway.database.reading() as transaction:
        if replays.by_id(transaction, replay_id) is None:
            return None
        return replays.items_of(transaction, replay_id, after=after, limit=limit, outcome=outcome)


def listed(gateway: Gateway, now: datetime, *, before: str | None, limit: int) -> list[Progress]:
    """Replays, newest first."""
    with gateway.database.reading() as transaction:
        found = replays.newest(transaction, before=before, limit=limit)
        outcomes = replays.outcomes_of(transaction, [one.id for one in found])
        return [Progress(_as_of(one, now), outcomes[one.id]) for one in found]


def _insert(
    transaction: Transaction, caller: Caller, wish: Wish, status: ReplayStatus, asked: Mapping[str, Any] | None
) -> Replay:
    made = Replay(
        id=new_id(caller.at),
        created_at=caller.at,
        actor=caller.actor,
        reason=wish.reason,
        dry_run=wish.dry_run,
        force=wish.force,
        status=status,
        concurrency=wish.concurrency,
        filter=asked,
    )
    replays.insert_replay(transaction, made)
    return made


def _progress(transaction: Transaction, replay_id: str, now: datetime) -> Progress:
    found = replays.by_id(transaction, replay_id)
    if found is None:
        raise LookupError(f"There is no replay {replay_id}")
    return Progress(_as_of(found, now), replays.outcomes_of(transaction, [replay_id])[replay_id])


def _as_of(found: Replay, now: datetime) -> Replay:
    """A preview ends by itself."""
    late = found.status is ReplayStatus.PREVIEW and now >= found.created_at + PREVIEW_HOLDS
    return replace(found, status=ReplayStatus.EXPIRED) if late else found
