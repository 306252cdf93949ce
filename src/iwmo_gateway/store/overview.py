"""What came in over some days, counted: by an index over those days, however much there is besides."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Date, and_, case, func, literal, select

from iwmo_gateway.rules.engine import Actie
from iwmo_gateway.store.database import Transaction
from iwmo_gateway.store.messages import Status
from iwmo_gateway.store.search import ASKS, Search, besides, find_messages, seen_by
from iwmo_gateway.store.tables import Moment, findings, judgements, messages


@dataclass(frozen=True, slots=True)
class Day:
    """A day on which messages came in, and the last day on which they are answered in time: claims, and others."""

    begins: datetime
    ends: datetime
    claim_due: date
    claim_due_ends: datetime
    other_due: date
    other_due_ends: datetime


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which messages to count: those of consecutive days, that a party sees or anybody, of some domains or all."""

    days: Sequence[Day]
    seen_by: str | None = None
    domains: Collection[str] | None = None


@dataclass(frozen=True, slots=True)
class Received:
    """How many messages of a kind came in on a day (from 0), by what became of them."""

    day: int
    soort: str
    status: str
    number: int


@dataclass(frozen=True, slots=True)
class Answered:
    """How many messages of a day (from 0) are answered `in_time` or `late`, or not yet (`open`)."""

    day: int
    claim: bool
    outcome: str
    number: int


_answer: Final = messages.alias("answer")
_CLAIMS: Final = [code for code in ASKS if code[-3:] in {"303", "323"}]


def received(transaction: Transaction, wanted: Wanted) -> list[Received]:
    """What came in, by day, kind and status; without return messages."""
    day = _by_day(wanted, range(len(wanted.days))).label("day")
    query = select(day, messages.c.soort, messages.c.status, func.count()).where(*_came_in(wanted))
    rows = transaction.execute(query.group_by("day", messages.c.soort, messages.c.status))
    return [Received(*row) for row in rows]


def refusals(transaction: Transaction, wanted: Wanted, limit: int) -> list[tuple[str, int]]:
    """The rules that refused most messages of what came in, and how many each refused in its newest judgement."""
    number = func.count(messages.c.id.distinct())
    query = (
        select(findings.c.regel, number)
        .join_from(
            messages, findings, and_(findings.c.message == messages.c.id, findings.c.judgement == messages.c.judgements)
        )
        .where(*_came_in(wanted), findings.c.actie == Actie.REJECT.value)
        .group_by(findings.c.regel)
        .order_by(number.desc(), findings.c.regel)
        .limit(limit)
    )
    return [(regel, times) for regel, times in transaction.execute(query)]


def answered(transaction: Transaction, wanted: Wanted) -> list[Answered]:
    """Whether what came in was answered by its last day, by day; without what fails its schema, which has no answer."""
    claim = besides("soort").in_(_CLAIMS)
    due = case(
        (claim, _by_day(wanted, [day.claim_due for day in wanted.days], Date())),
        else_=_by_day(wanted, [day.other_due for day in wanted.days], Date()),
    )
    due_ends = case(
        (claim, _by_day(wanted, [day.claim_due_ends for day in wanted.days], Moment())),
        else_=_by_day(wanted, [day.other_due_ends for day in wanted.days], Moment()),
    )
    # Ours is dated by the day that counts; another party's counts when it came.
    in_time = case((_answer.c.own, _answer.c.dagtekening <= due), else_=_answer.c.received_at < due_ends)
    outcome = case((_answer.c.id.is_(None), "open"), (in_time, "in_time"), else_="late").label("outcome")
    day = _by_day(wanted, range(len(wanted.days))).label("day")
    query = (
        select(day, case((claim, 1), else_=0).label("claim"), outcome, func.count())
        .outerjoin_from(
            messages, judgements, and_(judgements.c.message == messages.c.id, judgements.c.nr == messages.c.judgements)
        )
        .outerjoin(_answer, _answer.c.id == judgements.c.retour)
        .where(*_came_in(wanted), besides("status") != Status.INVALID.value)
    )
    rows = transaction.execute(query.group_by("day", "claim", "outcome"))
    return [Answered(day, bool(of_claim), what, number) for day, of_claim, what, number in rows]


def newest(transaction: Transaction, party: str | None, domains: Collection[str] | None) -> datetime | None:
    """When the newest message that a party sees came in; None if it sees none."""
    wanted = Search(seen_by=party, domains=domains, answers=False)
    return next((one.received_at for one in find_messages(transaction, wanted, before=None, limit=1)), None)


def _came_in(wanted: Wanted) -> Iterator[ColumnElement[bool]]:
    """By the index over the moments of receipt, whatever else must hold."""
    yield messages.c.received_at >= wanted.days[0].begins
    yield messages.c.received_at < wanted.days[-1].ends
    yield besides("soort").in_(ASKS)
    if wanted.seen_by is not None:
        yield seen_by(wanted.seen_by, besides)
    if wanted.domains is not None:
        yield messages.c.domain.in_(wanted.domains)


def _by_day(wanted: Wanted, values: Sequence[Any], kind: Any = None) -> ColumnElement[Any]:
    """For each message the value of the day on which it came in."""
    told = [literal(value, kind) for value in values]
    if len(told) == 1:
        return told[0]
    ends = (messages.c.received_at < day.ends for day in wanted.days[:-1])
    return case(*zip(ends, told[:-1], strict=True), else_=told[-1])
