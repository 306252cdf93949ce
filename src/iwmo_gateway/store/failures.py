"""What the drivers of the databases raise, as errors of ours."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import psycopg
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from iwmo_gateway.errors import StoreBusy, StoreConflict, StoreError, StoreFull, StoreUnavailable

READ_ONLY: Final = "25006"
"""What a server says that may not be written to."""
_LOCK_NOT_AVAILABLE: Final = {"55P03", "40001", "40P01", sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
_UNIQUE_VIOLATION: Final = {"23505", sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY}
_FULL: Final = {"53100", sqlite3.SQLITE_FULL}
_AWAY: Final = ("08", "53", "57", "58")
"""Classes of what PostgreSQL says of itself: connection, resources, being stopped or started, its disk."""
_AWAY_EMBEDDED: Final = {sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY}


@contextmanager
def translated() -> Iterator[None]:
    """Errors of SQLAlchemy and of the driver as ours.

    Their texts hold parameters, which may be personal: only the kind goes along.
    """
    try:
        yield
    except DBAPIError as error:
        raise _as_ours(error.orig, unreachable=isinstance(error, OperationalError | InterfaceError)) from None
    except psycopg.Error as error:
        unreachable = isinstance(error, psycopg.OperationalError | psycopg.InterfaceError)
        raise _as_ours(error, unreachable=unreachable) from None
    except PoolTimeout:
        raise StoreBusy("Every connection to the database is in use") from None


def _as_ours(error: BaseException | None, *, unreachable: bool) -> StoreError:
    """A driver's error as ours; `unreachable` if one that says no more means that there is no database."""
    state = getattr(error, "sqlstate", None) or getattr(error, "sqlite_errorcode", None)
    kind = type(error).__name__
    if state in _UNIQUE_VIOLATION:
        return StoreConflict("Another message was first to use the same number")
    plain = state & 0xFF if isinstance(state, int) else state
    if plain in _LOCK_NOT_AVAILABLE:
        return StoreBusy(f"A lock was not to be had in time: {kind}")
    if plain in _FULL:
        return StoreFull("The disk of the database is full")
    if plain == READ_ONLY or plain in _AWAY_EMBEDDED or (isinstance(plain, str) and plain.startswith(_AWAY)):
        return StoreUnavailable(
            f"The database cannot be used now: {kind} {getattr(error, 'sqlstate', None) or ''}".strip()
        )
    if unreachable and state is None:
        return StoreUnavailable("The database of IWMO_DATABASE_URL cannot be reached or used")
    return StoreError(f"The database refused or failed: {kind} {getattr(error, 'sqlstate', None) or ''}".strip())
