"""Finding messages: what a search may ask for, and what a party sees."""

import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, CompoundSelect, Select, and_, or_, select, true, union, union_all

from iwmo_gateway.store.database import Transaction
from iwmo_gateway.store.messages import COLUMNS, Message, message_of
from iwmo_gateway.store.tables import (
    antwoorden,
    findings,
    messages,
    numbers,
    prestaties,
    toewijzing_versies,
    verzoeken,
)

_UUID: Final = re.compile("[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}")
_TOEWIJZING_NUMMER: Final = re.compile("[0-9]{1,9}")


@dataclass(frozen=True, slots=True)
class Search:
    """What a search may ask for; everything that is given must hold. `seen_by` is the party that searches.

    `domains` are the only ones that it may see. `number` is one of any kind: see `_numbered`.
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
    number: str | None = None


def find_messages(transaction: Transaction, wanted: Search, *, before: str | None, limit: int) -> list[Message]:
    """Messages that match, newest first, those older than the one with id `before`."""
    query = select(*COLUMNS).where(messages.c.id.in_(_page(wanted, before, limit))).order_by(messages.c.id.desc())
    return [message_of(row) for row in transaction.execute(query)]


def _page(wanted: Search, before: str | None, limit: int) -> Select[tuple[str]]:
    """The ids of the newest that match: of each way to look the newest by an index, and of those the newest.

    No database reads the newest of "sent or received by" from two indexes by itself.
    """
    pages = []
    for side, rest in _sides(wanted):
        if found := list(_of_finding(wanted)):
            # From the findings on, which their index has in the order of the messages too.
            identity = findings.c.message
            query = select(identity).join_from(findings, messages, _newest).where(*found, *_of_message(rest), *side)
            query = query.group_by(identity)
        else:
            identity = messages.c.id
            query = select(identity).where(*_of_message(rest), *side)
        older = [identity < before] if before else []
        pages.append(select(query.where(*older).order_by(identity.desc()).limit(limit).subquery()))
    if len(pages) == 1:
        return pages[0]
    both = union_all(*pages).subquery()
    return select(both.c[0]).order_by(both.c[0].desc()).limit(limit)


def _sides(wanted: Search) -> Iterator[tuple[list[ColumnElement[bool]], Search]]:
    """Ways to look that each go by an index, with what must hold besides: what a party sent, and what it was sent."""
    me = wanted.seen_by or wanted.party
    sharp = (wanted.number, wanted.identificatie, wanted.declaratie_nummer, wanted.toewijzing_nummer)
    if me is None or any(value is not None for value in sharp):
        yield [], wanted
        return
    rest = replace(wanted, seen_by=None, party=None)
    sees = _visible_to(me) if wanted.seen_by else (true(), true())
    other = wanted.party if wanted.seen_by and wanted.party != me else None
    columns = (messages.c.afzender, messages.c.ontvanger)
    for mine, theirs, visible in zip(columns, reversed(columns), sees, strict=True):
        yield [mine == me, visible, *([theirs == other] if other else [])], rest


def seen_by(party: str) -> ColumnElement[bool]:
    """What a party sees: what it sent, and what was forwarded to it; of our answers, what was addressed to it."""
    sent, received = _visible_to(party)
    return or_(and_(messages.c.afzender == party, sent), and_(messages.c.ontvanger == party, received))


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
    if wanted.regel is not None:
        yield findings.c.regel == wanted.regel
    if wanted.retourcode is not None:
        yield findings.c.retourcode == wanted.retourcode
    if wanted.text is not None:
        yield findings.c.tekst.icontains(wanted.text, autoescape=True)


def _of_message(wanted: Search) -> Iterator[ColumnElement[bool]]:
    """What must hold of the message itself."""
    equal: dict[str, Any] = {
        "soort": wanted.soort,
        "status": wanted.status,
        "identificatie": wanted.identificatie,
        "declaratie_nummer": wanted.declaratie_nummer,
    }
    yield from (messages.c[name] == value for name, value in equal.items() if value is not None)
    if wanted.seen_by is not None:
        yield seen_by(wanted.seen_by)
    if wanted.domains is not None:
        yield messages.c.domain.in_(wanted.domains)
    if wanted.party is not None:
        yield or_(messages.c.afzender == wanted.party, messages.c.ontvanger == wanted.party)
    if wanted.received_from is not None:
        yield messages.c.received_at >= wanted.received_from
    if wanted.received_until is not None:
        yield messages.c.received_at < wanted.received_until
    if wanted.toewijzing_nummer is not None:
        about_it = select(numbers.c.message).where(numbers.c.toewijzing_nummer == wanted.toewijzing_nummer)
        yield messages.c.id.in_(about_it)
    if wanted.number is not None:
        yield messages.c.id.in_(_numbered(wanted.number))


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
