"""Clients: by which hashes of the Bsn each is found, and the Bsn itself, encrypted."""

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import insert, select

from iwmo_gateway.store.database import Transaction, among, bulk_insert, listed
from iwmo_gateway.store.prepared import Prepared
from iwmo_gateway.store.tables import client_hashes, clienten

_FIND: Final = Prepared(
    {
        dialect: select(client_hashes.c.hash, client_hashes.c.client).where(one_of_them)
        for dialect, one_of_them in among(client_hashes.c.hash, "hashes").items()
    }
)
_INSERT: Final = Prepared(insert(clienten))
_INSERT_HASHES: Final = Prepared(insert(client_hashes))
_MANY: Final = 50
"""From how many rows on they are added in bulk."""


@dataclass(frozen=True, slots=True)
class NewClient:
    """A client that was not here before. `hashes` of the Bsn are by the version of their key."""

    client: bytes
    bsn: bytes
    key_version: int
    hashes: Mapping[int, bytes]


def find(transaction: Transaction, hashes: Sequence[bytes]) -> dict[bytes, bytes]:
    """The clients that are known, by any of these hashes."""
    return asked(transaction, hashes)()


def asked(transaction: Transaction, hashes: Sequence[bytes]) -> Callable[[], dict[bytes, bytes]]:
    """Ask for the clients that are known by any of these hashes; what is returned waits for them."""
    rows = transaction.execute(_FIND, {"hashes": listed(transaction, hashes)}) if hashes else ()
    return lambda: {bytes(hashed): bytes(client) for hashed, client in rows}


def new() -> bytes:
    """What facts will know a new client by: it tells nothing, so that it stays when keys change."""
    return secrets.token_bytes(16)


def add(transaction: Transaction, clients: Sequence[NewClient]) -> None:
    """Keep clients that were not here before.

    Raises StoreConflict if another message was first to bring one of them.
    """
    if not clients:
        return
    rows = [{"client": one.client, "bsn": one.bsn, "key_version": one.key_version} for one in clients]
    by_hash = [(hashed, version, one.client) for one in clients for version, hashed in one.hashes.items()]
    # In one order everywhere: two messages that bring each other's clients would each wait for the other.
    hashes = [{"hash": hashed, "client": client, "key_version": version} for hashed, version, client in sorted(by_hash)]
    if len(hashes) > _MANY:
        bulk_insert(transaction, clienten, rows)
        bulk_insert(transaction, client_hashes, hashes)
    else:
        transaction.execute(_INSERT, rows)
        transaction.execute(_INSERT_HASHES, hashes)
