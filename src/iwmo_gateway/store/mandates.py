"""Mandates: which service bureau may act for which party, from which day until which, and who said so."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from sqlalchemy import insert, or_, select, update

from iwmo_gateway.store.database import Transaction, values_of
from iwmo_gateway.store.tables import mandates


@dataclass(frozen=True, slots=True)
class Mandate:
    """`bureau` acts for `party`, from `vanaf` up to and including `tot_en_met`, days in Europe/Amsterdam."""

    id: str
    party: str
    bureau: str
    vanaf: date
    tot_en_met: date | None
    created_at: datetime
    created_by: str
    revoked_at: datetime | None = None
    revoked_by: str | None = None


_COLUMNS: Final = [mandates.c[name] for name in Mandate.__slots__]


def add(transaction: Transaction, mandate: Mandate) -> None:
    """Keep a mandate."""
    transaction.execute(insert(mandates), values_of(mandate))


def all_mandates(transaction: Transaction) -> list[Mandate]:
    """Every mandate, oldest first."""
    return [Mandate(*row) for row in transaction.execute(select(*_COLUMNS).order_by(mandates.c.id))]


def some(transaction: Transaction, party: str | None, *, before: str | None, limit: int) -> list[Mandate]:
    """Mandates that this party gave or has, newest first, those older than the one with id `before`."""
    query = select(*_COLUMNS).order_by(mandates.c.id.desc()).limit(limit)
    if before is not None:
        query = query.where(mandates.c.id < before)
    if party is not None:
        query = query.where(or_(mandates.c.party == party, mandates.c.bureau == party))
    return [Mandate(*row) for row in transaction.execute(query)]


def by_id(transaction: Transaction, mandate_id: str) -> Mandate | None:
    """The mandate with this id."""
    row = transaction.execute(select(*_COLUMNS).where(mandates.c.id == mandate_id)).first()
    return None if row is None else Mandate(*row)


def revoke(transaction: Transaction, mandate_id: str, actor: str, now: datetime) -> Mandate | None:
    """Revoke a mandate; None if there is none with this id. Revoking twice keeps the first."""
    transaction.execute(
        update(mandates)
        .where(mandates.c.id == mandate_id, mandates.c.revoked_at.is_(None))
        .values(revoked_at=now, revoked_by=actor)
    )
    return by_id(transaction, mandate_id)
