"""Mailboxes: what waits for a party, numbered without gaps that could fill later."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, insert, select, update

from iwmo_gateway.store.database import Transaction, inserting
from iwmo_gateway.store.messages import Message
from iwmo_gateway.store.prepared import Prepared
from iwmo_gateway.store.tables import mailbox, messages, parties


@dataclass(frozen=True, slots=True)
class Entry:
    """One message in a mailbox."""

    nr: int
    message: str
    soort: str
    afzender: str
    received_at: datetime
    answers: str | None
    replaces: str | None
    fetched_at: datetime | None
    acknowledged_at: datetime | None
    request: str | None = None
    identificatie: str | None = None


def _counting(new: Any) -> Any:
    """Adds to a party's counter, or begins it, and tells what it is then."""
    counter = parties.c.mailbox_nr + new.excluded.mailbox_nr
    return new.on_conflict_do_update(index_elements=["code"], set_={"mailbox_nr": counter}).returning(
        parties.c.code, parties.c.mailbox_nr
    )


_COUNT: Final = Prepared(inserting(parties, _counting))
_INSERT_ENTRIES: Final = Prepared(insert(mailbox))


def deliver(transaction: Transaction, deliveries: Sequence[tuple[str, str, str | None]], now: datetime) -> None:
    """Put messages into mailboxes: (party, message, the answer that it replaces).

    To be called last in a transaction: the counters are taken in the order of the codes and held until the commit, so
    that no number appears behind one that was read already. A party that was never heard of gets a mailbox.
    """
    wanted = sorted(deliveries, key=lambda delivery: delivery[0])
    codes = sorted({party for party, _, _ in wanted})
    if not codes:
        return
    amounts = {code: sum(party == code for party, _, _ in wanted) for code in codes}
    rows = [{"code": code, "kind": kind_of(code), "mailbox_nr": amounts[code], "created_at": now} for code in codes]
    counted = transaction.execute(_COUNT, rows)
    next_nr = {code: last - amounts[code] + 1 for code, last in counted}
    entries = []
    for party, message, replaces in wanted:
        entries.append(
            {"party": party, "nr": next_nr[party], "message": message, "replaces": replaces, "created_at": now}
        )
        next_nr[party] += 1
    transaction.execute(_INSERT_ENTRIES, entries)


def kind_of(code: str) -> str:
    """A municipality has a code of four digits, a provider one of eight."""
    return "gemeente" if len(code) == 4 else "aanbieder"


def waiting_for(
    transaction: Transaction, party: str, domains: Collection[str] | None, *, after: int, limit: int
) -> list[Entry]:
    """What the party has not acknowledged of these domains, oldest first, from the entry after number `after`."""
    query = (
        _entries(domains)
        .where(
            mailbox.c.party == party,
            mailbox.c.nr > after,
            mailbox.c.acknowledged_at.is_(None),
            mailbox.c.withdrawn_at.is_(None),
        )
        .order_by(mailbox.c.nr)
        .limit(limit)
    )
    return [Entry(*row) for row in transaction.execute(query)]


def entry(transaction: Transaction, party: str, nr: int, domains: Collection[str] | None) -> Entry | None:
    """One entry of these domains, acknowledged or not; None if there is none or it was withdrawn."""
    query = _entries(domains).where(mailbox.c.party == party, mailbox.c.nr == nr, mailbox.c.withdrawn_at.is_(None))
    row = transaction.execute(query).first()
    return None if row is None else Entry(*row)


def entry_of_message(transaction: Transaction, party: str, message_id: str) -> Entry | None:
    """The party's entry for a message, unless it was withdrawn."""
    query = _entries().where(
        mailbox.c.party == party, mailbox.c.message == message_id, mailbox.c.withdrawn_at.is_(None)
    )
    row = transaction.execute(query).first()
    return None if row is None else Entry(*row)


def mark_fetched(transaction: Transaction, party: str, message_id: str, now: datetime) -> None:
    """The party has read the message."""
    _mark(transaction, party, mailbox.c.message == message_id, "fetched_at", now)


def mark_acknowledged(transaction: Transaction, party: str, nr: int, now: datetime) -> None:
    """The party has it in hand; once is as good as twice."""
    _mark(transaction, party, mailbox.c.nr == nr, "acknowledged_at", now)


def withdraw(transaction: Transaction, answer: Message, now: datetime) -> tuple[bool, str | None]:
    """Take an answer back that its addressee has not fetched, and what it replaced itself; (False, None) if it has."""
    statement = (
        update(mailbox)
        .where(
            mailbox.c.message == answer.id,
            mailbox.c.party == answer.ontvanger,
            mailbox.c.fetched_at.is_(None),
            mailbox.c.acknowledged_at.is_(None),
        )
        .values(withdrawn_at=now)
        .returning(mailbox.c.replaces)
    )
    row = transaction.execute(statement).first()
    return row is not None, row.replaces if row is not None else None


def _mark(transaction: Transaction, party: str, which: ColumnElement[bool], column: str, now: datetime) -> None:
    transaction.execute(
        update(mailbox)
        .where(mailbox.c.party == party, which, mailbox.c[column].is_(None), mailbox.c.withdrawn_at.is_(None))
        .values({column: now})
    )


def _entries(domains: Collection[str] | None = None) -> Select[Any]:
    query = select(
        mailbox.c.nr,
        mailbox.c.message,
        messages.c.soort,
        messages.c.afzender,
        messages.c.received_at,
        messages.c.answers,
        mailbox.c.replaces,
        mailbox.c.fetched_at,
        mailbox.c.acknowledged_at,
        messages.c.request,
        messages.c.identificatie,
    ).join(messages, messages.c.id == mailbox.c.message)
    return query if domains is None else query.where(messages.c.domain.in_(domains))
