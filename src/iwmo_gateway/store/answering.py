"""Whether what came in was answered by its last day: given for each day of receipt, for claims and for the rest."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import ColumnElement, Date, and_, case, literal, not_, or_, select

from iwmo_gateway.standard.kinds import SOORTEN
from iwmo_gateway.store.messages import Status
from iwmo_gateway.store.tables import Moment, judgements, messages

ASKS: Final = sorted({code for (code, _), soort in SOORTEN.items() if not soort.is_answer})
"""The kinds of message that are answered by another one."""
_CLAIMS: Final = [code for code in ASKS if code[-3:] in {"303", "323"}]


class Answered(StrEnum):
    """What became of the answer to a message: it was there in time, or late; or not yet, in time or too late by now."""

    IN_TIME = "op_tijd"
    LATE = "te_laat"
    OPEN = "nog_niet"
    OVERDUE = "nog_niet_te_laat"


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
class Answering:
    """What is asked of messages of consecutive days: what became of their answers by now, `today`."""

    days: Sequence[Day]
    today: date
    answered: Answered


_answer: Final = messages.alias("answer")


def answered(days: Sequence[Day], today: date) -> ColumnElement[str | None]:
    """What became of the answer to a message that came in on one of these days.

    None for what asks for none: an answer itself, and what fails its schema.
    """
    claim = messages.c.soort.in_(_CLAIMS)

    def due(of_claims: Sequence[Any], of_others: Sequence[Any], kind: Any) -> ColumnElement[Any]:
        return case((claim, by_day(days, of_claims, kind)), else_=by_day(days, of_others, kind))

    last = due([day.claim_due for day in days], [day.other_due for day in days], Date())
    ends = due([day.claim_due_ends for day in days], [day.other_due_ends for day in days], Moment())
    newest = and_(judgements.c.message == messages.c.id, judgements.c.nr == messages.c.judgements)
    its = select(_answer.c.id).join(judgements, judgements.c.retour == _answer.c.id).where(newest).correlate(messages)
    # Ours is dated by the day that counts; another party's counts when it came.
    in_time = case((_answer.c.own, _answer.c.dagtekening <= last), else_=_answer.c.received_at < ends)
    return case(
        (or_(not_(messages.c.soort.in_(ASKS)), messages.c.status == Status.INVALID.value), None),
        (its.where(in_time).exists(), Answered.IN_TIME.value),
        (its.exists(), Answered.LATE.value),
        (last < literal(today, Date()), Answered.OVERDUE.value),
        else_=Answered.OPEN.value,
    )


def by_day(days: Sequence[Day], values: Sequence[Any], kind: Any = None) -> ColumnElement[Any]:
    """For each message the value of the day on which it came in."""
    told = [literal(value, kind) for value in values]
    if len(told) == 1:
        return told[0]
    ends = (messages.c.received_at < day.ends for day in days[:-1])
    return case(*zip(ends, told[:-1], strict=True), else_=told[-1])
