"""The seals of the audit trail, and which of its rows are final."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from sqlalchemy import insert, select, text

from iwmo_gateway.store.database import Transaction, values_of
from iwmo_gateway.store.tables import audit_seals

Ranges = tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class Seal:
    """A batch of rows of the trail, chained to the one before it.

    `last` is the number up to which everything is sealed, `ids` the rows, `digests` 8 bytes for each of them.
    """

    nr: int
    sealed_at: datetime
    last: int
    ids: Ranges
    digests: bytes
    key: str
    previous: bytes
    hash: bytes


_COLUMNS: Final = [audit_seals.c[name] for name in Seal.__slots__]
_WRITERS: Final = text(
    "SELECT virtualtransaction FROM pg_locks WHERE locktype = 'relation' AND relation = 'audit'::regclass"
    " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
    " AND mode = 'RowExclusiveLock' AND granted AND pid IS DISTINCT FROM pg_backend_pid()"
)


def writers(transaction: Transaction) -> set[str]:
    """The transactions that may have written to the trail and go on; none on SQLite, where one writes at a time.

    A row gets its number under a lock on the table that is held until the commit: once these transactions are gone,
    every number up to the highest that was there before is committed or will never be used.
    """
    if transaction.dialect.name == "sqlite":
        return set()
    return set(transaction.execute(_WRITERS).scalars())


def add(transaction: Transaction, seal: Seal) -> None:
    """Keep a seal. Raises StoreConflict where another process was first to make the one of this number."""
    transaction.execute(insert(audit_seals), values_of(seal) | {"ids": [list(one) for one in seal.ids]})


def newest(transaction: Transaction) -> Seal | None:
    """The last one that was made."""
    return _one(transaction, select(*_COLUMNS).order_by(audit_seals.c.nr.desc()).limit(1))


def following(transaction: Transaction, nr: int) -> Seal | None:
    """The first seal behind this number."""
    return _one(transaction, select(*_COLUMNS).where(audit_seals.c.nr > nr).order_by(audit_seals.c.nr).limit(1))


def _one(transaction: Transaction, query: object) -> Seal | None:
    row = transaction.execute(query).first()  # type: ignore[call-overload]
    if row is None:
        return None
    seal = Seal(*row)
    ids = tuple((first, last) for first, last in seal.ids)
    return replace(seal, ids=ids, digests=bytes(seal.digests), previous=bytes(seal.previous), hash=bytes(seal.hash))
