"""What came in over some days, counted: by an index over those days, however much there is besides."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import ColumnElement, and_, func, select

from iwmo_gateway.rules.engine import Actie
from iwmo_gateway.store.answering import ASKS, Answered, Day, answered, by_day
from iwmo_gateway.store.database import Transaction
from iwmo_gateway.store.search import Search, besides, find_messages, seen_by
from iwmo_gateway.store.tables import findings, messages


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


def received(transaction: Transaction, wanted: Wanted) -> list[Received]:
    """What came in, by day, kind and status; without return messages."""
    day = by_day(wanted.days, range(len(wanted.days))).label("day")
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


def answers(transaction: Transaction, wanted: Wanted, today: date) -> list[tuple[int, Answered, int]]:
    """By day (from 0) what became of the answers to what came in, and how many these are."""
    day = by_day(wanted.days, range(len(wanted.days))).label("day")
    became = answered(wanted.days, today).label("answered")
    query = select(day, became, func.count()).where(*_came_in(wanted)).group_by("day", "answered")
    return [(day, Answered(what), number) for day, what, number in transaction.execute(query) if what is not None]


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
