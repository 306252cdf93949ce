"""Finding messages: what a search may ask for, and what a party sees."""

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    CompoundSelect,
    Select,
    and_,
    literal,
    not_,
    or_,
    select,
    true,
    tuple_,
    type_coerce,
    union,
    union_all,
)
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from iwmo_gateway.store.answering import ASKS, Answering, answered
from iwmo_gateway.store.database import Transaction
from iwmo_gateway.store.messages import COLUMNS, WAITS, Message, message_of
from iwmo_gateway.store.tables import (
    antwoorden,
    findings,
    mailbox,
    messages,
    numbers,
    prestaties,
    toewijzing_versies,
    verzoeken,
)

_Column = Callable[[str], ColumnElement[Any]]
"""A column of a message by its name, as a condition is to use it."""

_SIDES: Final = ("afzender", "ontvanger")
_UUID: Final = re.compile("[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}")
_TOEWIJZING_NUMMER: Final = re.compile("[0-9]{1,9}")


@dataclass(frozen=True, slots=True)
class Search:
    """What a search may ask for; everything that is given must hold. `seen_by` is the party that searches.

    `domains` are the only ones that it may see. `number` is one of any kind: see `_numbered`;
    `answers` are return messages, alone or left out. `actie` is what a finding does that has `regel`, `retourcode` or
    `text`; without any of those it is not asked. `unfetched`: it lies in a mailbox, that of `seen_by` if anybody's, and
    was never fetched.
    """

    seen_by: str | None = None
    domains: Collection[str] | None = None
    soort: str | None = None
    status: str | None = None
    party: str | None = None
    received_from: datetime | None = None
    received_until: datetime | None = None
    identificatie: str | None = None
    declaratie_nummer: str | None = None
    toewijzing_nummer: int | None = None
    regel: str | None = None
    retourcode: str | None = None
    text: str | None = None
    actie: str | None = None
    number: str | None = None
    answers: bool | None = None
    unfetched: bool = False
    answering: Answering | None = None


class _Besides(FunctionElement[Any]):
    """A column that is only looked at, where another one leads to the row.

    SQLite knows too little of its tables to choose between indexes; PostgreSQL chooses by itself.
    """

    inherit_cache = True


@compiles(_Besides)
def _as_it_is(element: _Besides, compiler: SQLCompiler, **options: Any) -> str:
    return compiler.process(element.clauses, **options)


@compiles(_Besides, "sqlite")
def _without_index(element: _Besides, compiler: SQLCompiler, **options: Any) -> str:
    return f"+{compiler.process(element.clauses, **options)}"


def _leading(name: str) -> ColumnElement[Any]:
    return messages.c[name]


def besides(name: str) -> ColumnElement[Any]:
    """A column of a message that is only looked at."""
    return type_coerce(_Besides(messages.c[name]), messages.c[name].type)


def find_messages(transaction: Transaction, wanted: Search, *, before: str | None, limit: int) -> list[Message]:
    """Messages that match, newest first, those older than the one with id `before`."""
    query = select(*COLUMNS).where(messages.c.id.in_(_page(wanted, before, limit))).order_by(messages.c.id.desc())
    return [message_of(row) for row in transaction.execute(query)]


def _page(wanted: Search, before: str | None, limit: int) -> Select[tuple[str]]:
    """The ids of the newest that match."""
    me = wanted.seen_by or wanted.party
    if found := [*_of_finding(wanted)]:
        # From the findings on, which their index has in the order of the messages too.
        identity = findings.c.message
        ours = [*found, *_of_message(wanted, besides)]
        query = select(identity).join_from(findings, messages, _newest).where(*ours).group_by(identity)
        return _newest_of(query, [identity], before, limit)
    leads = _leads(wanted)
    if me is not None and leads is None:
        return _of_both_sides(wanted, me, before, limit)

    def column(name: str) -> ColumnElement[Any]:
        return messages.c[name] if leads is None or name in leads else besides(name)

    return _newest_of(select(messages.c.id).where(*_of_message(wanted, column)), [messages.c.id], before, limit)


def _leads(wanted: Search) -> frozenset[str] | None:
    """The column that leads to few messages, whosever they are, besides those of numbers; None if there is none."""
    numbers_of = (wanted.number, wanted.identificatie, wanted.declaratie_nummer, wanted.toewijzing_nummer)
    if wanted.unfetched or any(number is not None for number in numbers_of):
        return frozenset()
    if wanted.status in WAITS:
        return frozenset({"status"})
    within = wanted.received_from is not None or wanted.received_until is not None
    return frozenset({"received_at"}) if within or wanted.answering is not None else None


def _of_both_sides(wanted: Search, me: str, before: str | None, limit: int) -> Select[tuple[str]]:
    """The newest of what a party sent and the newest of what it was sent, each by its index, and of those the newest.

    No database does so by itself. One that is told the order of the whole index does not walk through all messages of
    everybody instead, where a party has few that match.
    """
    rest = [*_of_message(replace(wanted, seen_by=None, party=None, status=None), besides)]
    sees = _visible_to(me) if wanted.seen_by else (true(), true())
    other = wanted.party if wanted.seen_by and wanted.party != me else None
    pages = []
    for mine, theirs, visible in zip(_SIDES, reversed(_SIDES), sees, strict=True):
        with_other = [besides(theirs) == other] if other else []
        query = select(messages.c.id).where(visible, *with_other, *rest)
        leading = {mine: me} if wanted.status is None else {mine: me, "status": wanted.status}
        order = [*(messages.c[name] for name in leading), messages.c.id]
        pages.append(select(_newest_of(query, order, before, limit, *leading.values()).subquery()))
    both = union_all(*pages).subquery()
    return select(both.c[0]).order_by(both.c[0].desc()).limit(limit)


def _newest_of(
    query: Select[tuple[str]], order: Sequence[ColumnElement[Any]], before: str | None, limit: int, *values: str
) -> Select[tuple[str]]:
    """The last of a query in the order of an index, before a place in it; its first columns have these values, if any.

    They are bounds and not equal to the values: what is equal is of no order to PostgreSQL, and then any index will do.
    """

    def place(*bound: str) -> tuple[ColumnElement[Any], ColumnElement[Any]]:
        columns = order[: len(bound)]
        return tuple_(*columns), tuple_(*(literal(value, of.type) for value, of in zip(bound, columns, strict=True)))

    if values:
        these, first = place(*values)
        query = query.where(these >= first)
        if before is None:
            query = query.where(these <= first)
    if before is not None:
        these, last = place(*values, before)
        query = query.where(these < last)
    return query.order_by(*(column.desc() for column in order)).limit(limit)


def seen_by(party: str, column: _Column = _leading) -> ColumnElement[bool]:
    """What a party sees: what it sent, and what was forwarded to it; of our answers, what was addressed to it."""
    mine = zip(_SIDES, _visible_to(party), strict=True)
    return or_(*(and_(column(side) == party, visible) for side, visible in mine))


def _visible_to(party: str) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    """What a party sees of the messages in its name, and of those to it."""
    return or_(messages.c.own.is_(False), messages.c.forwarded), or_(messages.c.own, messages.c.forwarded)


def conditions(wanted: Search) -> Iterable[ColumnElement[bool]]:
    """What must hold of a message that a search finds."""
    yield from _of_message(wanted)
    if found := list(_of_finding(wanted)):
        yield select(findings.c.nr).where(_newest, *found).exists()


_newest: Final = and_(findings.c.message == messages.c.id, findings.c.judgement == messages.c.judgements)


def _of_finding(wanted: Search) -> Iterator[ColumnElement[bool]]:
    """What must hold of one finding of its newest judgement."""
    if wanted.actie is not None and not wanted.regel is wanted.retourcode is wanted.text is None:
        yield findings.c.actie == wanted.actie
    if wanted.regel is not None:
        yield findings.c.regel == wanted.regel
    if wanted.retourcode is not None:
        yield findings.c.retourcode == wanted.retourcode
    if wanted.text is not None:
        yield findings.c.tekst.icontains(wanted.text, autoescape=True)


def _of_message(wanted: Search, column: _Column = _leading) -> Iterator[ColumnElement[bool]]:
    """What must hold of the message itself; its numbers always lead to it, the rest as `column` says."""
    if wanted.identificatie is not None:
        yield messages.c.identificatie == wanted.identificatie
    if wanted.declaratie_nummer is not None:
        yield messages.c.declaratie_nummer == wanted.declaratie_nummer
    if wanted.soort is not None:
        yield column("soort") == wanted.soort
    if wanted.status is not None:
        yield column("status") == wanted.status
    if wanted.answers is not None:
        asks = besides("soort").in_(ASKS)
        yield not_(asks) if wanted.answers else asks
    if wanted.seen_by is not None:
        yield seen_by(wanted.seen_by, column)
    if wanted.domains is not None:
        yield messages.c.domain.in_(wanted.domains)
    if wanted.party is not None:
        yield or_(*(column(side) == wanted.party for side in _SIDES))
    yield from _within(wanted, column("received_at"))
    if wanted.toewijzing_nummer is not None:
        about_it = select(numbers.c.message).where(numbers.c.toewijzing_nummer == wanted.toewijzing_nummer)
        yield messages.c.id.in_(about_it)
    if wanted.number is not None:
        yield messages.c.id.in_(_numbered(wanted.number))
    if wanted.answering is not None:
        of = wanted.answering
        yield and_(column("received_at") >= of.days[0].begins, column("received_at") < of.days[-1].ends)
        yield answered(of.days, of.today) == of.answered.value
    if wanted.unfetched:
        yield messages.c.id.in_(_unfetched(wanted.seen_by))


def _within(wanted: Search, received_at: ColumnElement[Any]) -> Iterator[ColumnElement[bool]]:
    """The period."""
    if wanted.received_from is not None:
        yield received_at >= wanted.received_from
    if wanted.received_until is not None:
        yield received_at < wanted.received_until


def _unfetched(party: str | None) -> Select[tuple[str]]:
    """The ids of what lies in mailboxes, or in that of a party, and was never fetched."""
    untouched = (mailbox.c[name].is_(None) for name in ("fetched_at", "acknowledged_at", "withdrawn_at"))
    lies = select(mailbox.c.message).where(*untouched)
    return lies if party is None else lies.where(mailbox.c.party == party)


def _numbered(text: str) -> CompoundSelect[tuple[str]]:
    """The ids of the messages that have this number, of whatever kind: each kind is looked up by its own index.

    An identification, the number of a claim, of an allocation, a reference of a request, its answers or allocations, or
    of a claim line, or the id of the message itself; written in capitals too. A reference is known of what counts as
    sent.
    """
    written = {text, text.upper()}
    places = (
        (messages.c.id, messages.c.identificatie),
        (messages.c.id, messages.c.declaratie_nummer),
        (verzoeken.c.message, verzoeken.c.referentie),
        (antwoorden.c.message, antwoorden.c.referentie),
        (toewijzing_versies.c.message, toewijzing_versies.c.referentie_aanbieder),
        (prestaties.c.message, prestaties.c.referentie_nummer),
        (prestaties.c.message, prestaties.c.vorig_referentie_nummer),
    )
    ways = [select(message).where(column.in_(written)) for message, column in places]
    if _TOEWIJZING_NUMMER.fullmatch(text):
        ways.append(select(numbers.c.message).where(numbers.c.toewijzing_nummer == int(text)))
    if _UUID.fullmatch(text.lower()):
        ways.append(select(messages.c.id).where(messages.c.id == text.lower()))
    return union(*ways)
