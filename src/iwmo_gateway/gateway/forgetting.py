"""Forgetting: the later part of retention, of allocations with all that belongs to them, and of what has none."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial
from typing import Final

from iwmo_gateway.errors import StoreBusy
from iwmo_gateway.gateway.bewaartermijnen import shortest, until
from iwmo_gateway.gateway.purging import Part, Round, Stage
from iwmo_gateway.gateway.replay import PREVIEW_HOLDS
from iwmo_gateway.standard.days import day_of
from iwmo_gateway.store import forgetting, retention
from iwmo_gateway.store.database import Transaction
from iwmo_gateway.store.messages import COUNTS
from iwmo_gateway.store.retention import Old

# How many go in one transaction.
_ALLOCATIONS: Final = 50
_MESSAGES: Final = 200
_CLIENTS: Final = 500


@dataclass(frozen=True, slots=True)
class _Due:
    """What goes in one transaction: allocations, and messages that belong to them or to none. `seen` was looked at."""

    allocations: Sequence[int]
    messages: Mapping[str, Old]
    seen: Sequence[Old] = ()


def forget_allocations(going: Round, stage: Stage) -> tuple[int, set[str]]:
    """Forget the allocations whose term is over, each with all that belongs to it: how many, and which messages.

    A message that belongs to another allocation too loses its bytes with the first one; its facts of the other stay.
    """
    with going.gateway.database.reading() as transaction:
        ended = forgetting.ended(transaction, shortest(going.terms.feiten, going.today))
    amount, told = 0, set[str]()
    for start in range(0, len(ended), _ALLOCATIONS):
        some = ended[start : start + _ALLOCATIONS]
        due, gone = _forgotten(going, partial(_due_allocations, going, some))
        amount += len(due.allocations)
        for one in gone:
            if one.id not in told:
                told.add(one.id)
                stage.goes(one)
        going.told("toewijzingen", len(some))
    return amount, told


def forget_messages(going: Round, stage: Stage, told: set[str]) -> None:
    """Forget the messages that belong to no allocation and whose term is over. `told` went with their allocation."""
    before, after = going.received_before(Part.FEITEN), None
    while True:
        due, gone = _forgotten(going, partial(_due_alone, going, before, after))
        if not due.seen:
            return
        after = due.seen[-1].id
        for one in gone:
            if one.id not in told:
                stage.goes(one)
        if going.dry_run:
            _tell_kept(going, stage, [one for one in due.seen if one.id not in told and one.id not in due.messages])
        going.told("berichten", len(due.seen))


def forget_clients(going: Round) -> int | None:
    """Forget who the clients are that no fact is about: how many. None where others were in the way: the next time."""
    amount, database = 0, going.gateway.database
    try:
        with database.writing() as transaction:
            last = forgetting.last_line(transaction)
        with database.reading() as transaction:
            found = forgetting.clients_without_facts(transaction)
        for start in range(0, len(found), _CLIENTS):
            with database.writing() as transaction:
                amount += forgetting.forget_clients(transaction, found[start : start + _CLIENTS], last)
    except StoreBusy:
        return None
    return amount


def _forgotten(going: Round, look: Callable[[Transaction], _Due]) -> tuple[_Due, list[Old]]:
    """What was found due, and the messages that were forgotten; our return messages are not counted."""
    with going.step() as transaction:
        due = look(transaction)
        if going.dry_run:
            return due, [one for one in due.messages.values() if one.forgotten_at is None]
        if not due.messages:
            return due, []
        for lane in sorted({one.lane for one in due.messages.values()}):
            going.gateway.database.lock(transaction, *lane)
        # Nobody judges in these lanes now: what was judged meanwhile may have changed what is due.
        due = look(transaction)
        gone = forgetting.forget(transaction, due.allocations, list(due.messages), going.actor, going.now)
        return due, [one for one in gone if not one.own]


def _due_allocations(going: Round, some: Sequence[int], transaction: Transaction) -> _Due:
    """Those of which every message that counts is due by itself; other messages about them may stay behind."""
    ends = forgetting.ends(transaction, some)
    theirs = forgetting.messages_of(transaction, some)
    busy = _busy(going, transaction, {one.id for found in theirs.values() for one in found})
    allocations, gone = [], dict[str, Old]()
    for toewijzing, found in theirs.items():
        end = ends.get(toewijzing)
        if end is None:
            continue
        due = {one.id: one for one in found if one.id not in busy and _due(going, one, end)}
        if all(one.id in due for one in found if one.status in COUNTS):
            allocations.append(toewijzing)
            gone |= due
    return _Due(allocations, gone)


def _due_alone(going: Round, before: datetime | None, after: str | None, transaction: Transaction) -> _Due:
    some = retention.some(transaction, before, after, facts=True, at_once=_MESSAGES)
    ends = retention.ends_of(transaction, [one.subject for one in some])
    due = [one for one in some if one.subject not in ends and _due(going, one, date.min)]
    busy = _busy(going, transaction, {one.id for one in due})
    return _Due((), {one.id: one for one in due if one.id not in busy}, some)


def _due(going: Round, old: Old, end: date) -> bool:
    day = until(going.terms.feiten, old.soort, old.status, max(day_of(old.received_at), end))
    return old.through and day is not None and day <= going.today


def _busy(going: Round, transaction: Transaction, ids: set[str]) -> set[str]:
    return forgetting.busy(transaction, sorted(ids), going.now - PREVIEW_HOLDS) if ids else set()


def _tell_kept(going: Round, stage: Stage, kept: Sequence[Old]) -> None:
    with going.step() as transaction:
        ends = retention.ends_of(transaction, [one.subject for one in kept])
        busy = _busy(going, transaction, {one.id for one in kept})
    for one in kept:
        its = ends.get(one.subject)
        first = None if its is None else its.first
        endless = its is not None and first is None
        day = max(day_of(one.received_at), first or date.min)
        tot = None if endless else until(going.terms.feiten, one.soort, one.status, day)
        stage.stays(one, tot, waits=not one.through or one.id in busy, endless=endless)
