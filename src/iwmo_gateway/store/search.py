"""Finding messages: what a search may ask for, and what a party sees."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, or_, select

from iwmo_gateway.store.database import Transaction
from iwmo_gateway.store.messages import COLUMNS, Message, message_of
from iwmo_gateway.store.tables import findings, messages, numbers


@dataclass(frozen=True, slots=True)
class Search:
    """What a search may ask for; everything that is given must hold. `seen_by` is the party that searches.

    `domains` are the only ones that it may see.
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


def find_messages(transaction: Transaction, wanted: Search, *, before: str | None, limit: int) -> list[Message]:
    """Messages that match, newest first, those older than the one with id `before`."""
    older = [messages.c.id < before] if before else []
    query = select(*COLUMNS).where(*conditions(wanted), *older).order_by(messages.c.id.desc()).limit(limit)
    return [message_of(row) for row in transaction.execute(query)]


def seen_by(party: str) -> ColumnElement[bool]:
    """What a party sees: what it sent, and what was forwarded to it; of our answers, what was addressed to it."""
    return or_(
        and_(messages.c.afzender == party, or_(messages.c.own.is_(False), messages.c.forwarded)),
        and_(messages.c.ontvanger == party, or_(messages.c.own, messages.c.forwarded)),
    )


def conditions(wanted: Search) -> Iterable[ColumnElement[bool]]:
    """What must hold of a message that a search finds."""
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
    about = [
        findings.c[name] == value
        for name, value in (("regel", wanted.regel), ("retourcode", wanted.retourcode))
        if value is not None
    ]
    if wanted.text is not None:
        about.append(findings.c.tekst.icontains(wanted.text, autoescape=True))
    if about:
        newest = findings.c.judgement == messages.c.judgements
        yield select(findings.c.nr).where(findings.c.message == messages.c.id, newest, *about).exists()
