"""All that is kept about one person: facts by client, and every message in turn for whoever looks into it."""

from collections.abc import Iterator
from typing import Any, Final

from sqlalchemy import LargeBinary, exists, func, or_, select, union

from iwmo_gateway.store.database import Transaction
from iwmo_gateway.store.messages import COLUMNS, Message, Sealed, message_of
from iwmo_gateway.store.tables import (
    antwoorden,
    messages,
    prestaties,
    replay_items,
    replays,
    reviews,
    starts,
    stops,
    toewijzing_versies,
    toewijzingen,
    verzoeken,
)

_FACTS: Final = (toewijzing_versies, starts, stops, verzoeken, prestaties)
_TOLD_OF: Final = (
    (antwoorden, verzoeken, ("domain", "gemeente", "aanbieder", "referentie")),
    (reviews, prestaties, ("domain", "soort", "aanbieder", "referentie_nummer")),
)
"""What tells of a client by a fact: by which columns."""
_PURGED: Final = [
    messages.c[name]
    for name in ("id", "soort", "afzender", "ontvanger", "identificatie", "received_at", "status", "purged_at")
]
_AT_ONCE: Final = 50


def facts_of(transaction: Transaction, client: bytes) -> dict[str, list[dict[str, Any]]]:
    """The rows about a client, by table; what is encrypted in them is left out."""
    found = {}
    for table in _FACTS:
        columns = [column for column in table.c if not isinstance(column.type, LargeBinary)]
        query = select(*columns).where(table.c.client == client)
        if table is toewijzing_versies:
            own = [toewijzingen.c[name] for name in ("domain", "gemeente", "nummer")]
            query = select(*own, *columns).where(table.c.client == client).join(toewijzingen)
        found[table.name] = [dict(row._mapping) for row in transaction.execute(query)]
    for table, to, names in _TOLD_OF:
        of_theirs = exists().where(to.c.client == client, *(to.c[name] == table.c[name] for name in names))
        found[table.name] = [dict(row._mapping) for row in transaction.execute(select(table).where(of_theirs))]
    return found


def births_of(transaction: Transaction, client: bytes) -> set[bytes]:
    """The birth dates that were told of a client, as they are kept."""
    query = select(toewijzing_versies.c.geboortedatum).where(toewijzing_versies.c.client == client).distinct()
    return {bytes(birth) for birth in transaction.scalars(query) if birth is not None}


def purged_about(transaction: Transaction, client: bytes) -> list[dict[str, Any]]:
    """The messages that left a fact about a client, and the answers to them, of which the bytes were purged."""
    about = union(*(select(table.c.message).where(table.c.client == client) for table in _FACTS)).subquery()
    theirs = select(about.c.message)
    query = select(*_PURGED).where(
        messages.c.purged_at.is_not(None), or_(messages.c.id.in_(theirs), messages.c.answers.in_(theirs))
    )
    return [dict(row._mapping) for row in transaction.execute(query.order_by(messages.c.id))]


def count_purged(transaction: Transaction) -> int:
    """Of how many messages the bytes were purged, whoever they were about."""
    return transaction.scalar(select(func.count()).where(messages.c.purged_at.is_not(None))) or 0


def some_messages(transaction: Transaction, after: str | None) -> Iterator[tuple[Message, Sealed]]:
    """The next messages with their bytes, oldest first."""
    query = select(*COLUMNS, messages.c.key_version, messages.c.xml).order_by(messages.c.id).limit(_AT_ONCE)
    query = query.where(messages.c.id > after) if after else query
    for row in transaction.execute(query):
        yield message_of(row[:-2]), Sealed(row[-2], bytes(row[-1]))


def replays_of(transaction: Transaction, message_id: str) -> list[dict[str, Any]]:
    """When and why a message was judged again, by whom, and what came of it."""
    asked = [replays.c[name] for name in ("created_at", "actor", "reason", "dry_run")]
    came = [replay_items.c[name] for name in ("outcome", "status_before", "status_after")]
    query = select(*asked, *came).join_from(replays, replay_items).where(replay_items.c.message == message_id)
    return [dict(row._mapping) for row in transaction.execute(query.order_by(replays.c.id))]


def count_messages(transaction: Transaction) -> int:
    """How many messages there are."""
    return transaction.scalar(select(func.count()).select_from(messages)) or 0
