"""The versions of the keys that this database knows; never a key itself."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import insert, select, update

from iwmo_gateway.store.database import Transaction
from iwmo_gateway.store.tables import encryption_keys


@dataclass(frozen=True, slots=True)
class Key:
    """One version. `proof` tells whether a process has the same key, without telling it."""

    version: int
    proof: bytes
    added_at: datetime
    retired_at: datetime | None = None


def registered(transaction: Transaction) -> dict[int, Key]:
    """Every version that was ever in use here, by number."""
    rows = transaction.execute(
        select(*(encryption_keys.c[name] for name in Key.__slots__)).order_by(encryption_keys.c.version)
    )
    return {version: Key(version, bytes(proof), *moments) for version, proof, *moments in rows}


def register(transaction: Transaction, proofs: Mapping[int, bytes], now: datetime) -> None:
    """From now on these versions are in use.

    Raises StoreConflict if another process registers one of them at the same moment.
    """
    transaction.execute(
        insert(encryption_keys),
        [{"version": version, "proof": proof, "added_at": now} for version, proof in proofs.items()],
    )


def retire(transaction: Transaction, version: int, now: datetime) -> None:
    """From now on this version is not in use."""
    transaction.execute(update(encryption_keys).where(encryption_keys.c.version == version).values(retired_at=now))
