"""Connections, transactions and locks on SQLite and PostgreSQL; migrating."""

import hashlib
import sqlite3
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from itertools import chain, islice
from pathlib import Path
from typing import Any, Final, cast

import psycopg
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from psycopg import sql
from sqlalchemy import (
    JSON,
    ColumnElement,
    Connection,
    Engine,
    FromClause,
    LargeBinary,
    Table,
    any_,
    bindparam,
    create_engine,
    event,
    func,
    insert,
    literal_column,
    select,
    text,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.dialects.sqlite.base import SQLiteCompiler
from sqlalchemy.engine import URL, ExceptionContext, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.types import TypeEngine

from iwmo_gateway.errors import (
    ConfigurationError,
    StoreBusy,
    StoreConflict,
    StoreError,
    StoreFull,
    StoreUnavailable,
)
from iwmo_gateway.shipped import shipped


def values_of(row: Any) -> dict[str, Any]:
    """The fields of a dataclass with slots, by name; unlike `asdict` without a copy of each."""
    return {name: getattr(row, name) for name in row.__slots__}


def inserting(table: Table, finish: Callable[[Any], Any]) -> Mapping[str, Any]:
    """An INSERT for each kind of database, made once: SQLAlchemy keeps what it worked out for a constant statement."""
    return {name: finish(dialect.insert(table)) for name, dialect in _DIALECTS.items()}


def bulk_insert(transaction: "Transaction", table: Table, rows: Iterable[Mapping[str, Any]]) -> None:
    """Add many rows that all have the same columns: one COPY on PostgreSQL, prepared INSERTs on SQLite.

    They are asked for as they are written: a generator never has all of them. Raises StoreConflict where a unique index
    refuses one of them.
    """
    rows = iter(rows)
    if transaction.dialect.name == "sqlite":
        while batch := list(islice(rows, _BATCH)):
            transaction.execute(insert(table), batch)
        return
    first = next(rows, None)
    if first is None:
        return
    names = list(first)
    columns = sql.SQL(", ").join(sql.Identifier(name) for name in names)
    statement = sql.SQL("COPY {} ({}) FROM STDIN").format(sql.Identifier(table.name), columns)
    cursor = cast("psycopg.Connection[Any]", transaction.connection.driver_connection).cursor()
    try:
        with cursor.copy(statement) as copy:
            for row in chain([first], rows):
                copy.write_row([row[name] for name in names])
    except psycopg.Error as error:
        raise _as_ours(
            error, unreachable=isinstance(error, psycopg.OperationalError | psycopg.InterfaceError)
        ) from None


def among(column: ColumnElement[Any], name: str) -> Mapping[str, ColumnElement[bool]]:
    """The condition that a column has one of the values in the list parameter `name`, for each kind of database.

    One statement with one parameter whatever the length of the list; `listed` makes its value.
    """
    value: ColumnElement[Any] = literal_column("value")
    if isinstance(column.type, LargeBinary):
        value = func.from_hex(value)  # a list is JSON on SQLite, which holds no bytes
    return {
        "postgresql": column == any_(bindparam(name, type_=postgresql.ARRAY(column.type))),
        "sqlite": column.in_(select(value).select_from(func.json_each(bindparam(name, type_=JSON)))),
    }


def each(name: str, of: TypeEngine[Any]) -> Mapping[str, FromClause]:
    """The values in the list parameter `name` as rows with one column `value`, for each kind of database."""
    return {
        "postgresql": select(func.unnest(bindparam(name, type_=postgresql.ARRAY(of))).label("value")).subquery(),
        "sqlite": func.json_each(bindparam(name, type_=JSON)).table_valued("value"),
    }


def listed(transaction: "Transaction", values: Iterable[Any]) -> list[Any]:
    """Values for the list parameter of `among` and `each`."""
    if transaction.dialect.name == "sqlite":
        return [value.hex() if isinstance(value, bytes) else value for value in values]
    return list(values)


_BATCH: Final = 5_000
"""How many rows one statement adds on SQLite, which wants them all in memory."""
_DIALECTS: Final = {"postgresql": postgresql, "sqlite": sqlite}

Transaction = Connection
"""What a unit of work is handed; it is committed by the `with` that made it, and nowhere else."""

LOCK_SECONDS: Final = 5
_LOCK_NOT_AVAILABLE: Final = {"55P03", "40001", "40P01", sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
_UNIQUE_VIOLATION: Final = {"23505", sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY}
_FULL: Final = {"53100", sqlite3.SQLITE_FULL}
_READ_ONLY: Final = "25006"
_AWAY: Final = ("08", "53", "57", "58")
"""Classes of what PostgreSQL says of itself: connection, resources, being stopped or started, its disk."""
_AWAY_EMBEDDED: Final = {sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY}
_FULL_SECONDS: Final = 30
"""How long a disk is said to be full after it was found so."""
_CONNECTING: Final = {
    # A server that is gone without a word is noticed in seconds; the system's own limits are hours.
    "connect_timeout": 5,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 20_000,
    # And a process that is gone without a word, or stands still, neither keeps its locks nor holds up the others.
    "options": "-c tcp_keepalives_idle=10 -c tcp_keepalives_interval=5 -c tcp_keepalives_count=3"
    f" -c idle_in_transaction_session_timeout=300s -c lock_timeout={LOCK_SECONDS}s",
}
"""What a connection to PostgreSQL asks for, unless the URL asks for something else."""


class Database:
    """One database, reached by its URL. Safe to share between threads. `path` is the file of an embedded one."""

    def __init__(self, url: str) -> None:
        """Raises ConfigurationError for a URL that is neither SQLite's nor PostgreSQL's."""
        try:
            parsed = make_url(url)
        except ArgumentError:
            raise ConfigurationError("IWMO_DATABASE_URL is no URL; use sqlite:///… or postgresql://…") from None
        backend = parsed.get_backend_name()
        if backend == "postgresql":
            parsed = parsed.set(drivername="postgresql+psycopg")
            self.engine = _postgresql(parsed)
        elif backend == "sqlite":
            _own_file(Path(parsed.database or "iwmo.db"))
            self.engine = create_engine(parsed, pool_size=50, connect_args={"check_same_thread": False})
            _prepare_sqlite(self.engine)
        else:
            raise ConfigurationError(f"IWMO_DATABASE_URL is for {backend}; use sqlite:/// or postgresql://")
        self.embedded = backend == "sqlite"
        self._one_writer = threading.Lock()
        self._full_since: float | None = None
        self.path = Path(parsed.database or "iwmo.db")

    @contextmanager
    def writing(self) -> Iterator[Transaction]:
        """A transaction that may write, committed at the end.

        Raises StoreBusy where a lock was not to be had in time, StoreUnavailable where there is no database to write
        to, StoreConflict where another message was first (a unique index), and StoreError for anything else that the
        database refuses. After StoreUnavailable it is not known whether the transaction was committed.
        """
        with self._noticing(), _translated(), self._turn(), self.engine.connect() as connection:
            connection.execution_options(writes=True)
            with connection.begin():
                yield connection

    @contextmanager
    def reading(self) -> Iterator[Transaction]:
        """A transaction that only reads."""
        with _translated(), self.engine.connect() as connection, connection.begin():
            yield connection

    @property
    def full(self) -> bool:
        """Whether its disk was found full a moment ago. A small write may still fit then, where a message does not."""
        return self._full_since is not None and time.monotonic() - self._full_since < _FULL_SECONDS

    @contextmanager
    def _noticing(self) -> Iterator[None]:
        try:
            yield
        except StoreFull:
            self._full_since = time.monotonic()
            raise

    @contextmanager
    def _turn(self) -> Iterator[None]:
        """SQLite lets one write at a time. Waiting in line here is fair, where its own waiting is by chance."""
        if not self.embedded:
            yield
            return
        if not self._one_writer.acquire(timeout=LOCK_SECONDS):
            raise StoreBusy("Another thread of this process writes for too long")
        try:
            yield
        finally:
            self._one_writer.release()

    def lock(self, transaction: Transaction, *key: str) -> None:
        """Hold everyone else with the same key back until this transaction ends; on SQLite writers wait anyway."""
        if self.embedded:
            return
        number = _number(*key)
        transaction.execute(
            text("SELECT set_config('lock_timeout', :wait, true), pg_advisory_xact_lock(:number)"),
            {"wait": f"{LOCK_SECONDS}s", "number": number},
        )

    def migrate(self) -> str:
        """Bring the schema to the newest revision, and return its name. A process that is at it already is waited for.

        Raises ConfigurationError for a database of a newer version than this one.
        """
        with self.writing() as connection:
            if not self.embedded:
                connection.execute(
                    text("SELECT set_config('lock_timeout', '0', true), pg_advisory_xact_lock(:number)"),
                    {"number": _number("migrate")},
                )
            try:
                command.upgrade(_alembic(connection), "head")
            except CommandError as error:
                raise ConfigurationError(f"The database was made by a newer version of the gateway: {error}") from None
        return self.newest_revision

    @property
    def newest_revision(self) -> str:
        """The revision that this version of the gateway works with."""
        return ScriptDirectory.from_config(_alembic(None)).get_current_head() or ""

    @property
    def current_revision(self) -> str | None:
        """The revision that the database is at; None if it was never migrated."""
        with self.reading() as connection:
            return MigrationContext.configure(connection).get_current_revision()

    def write_again(self) -> None:
        """Write what is there already, and commit it.

        Raises StoreUnavailable if there is no database to write to, and StoreBusy while it is being migrated.
        """
        with self.writing() as connection:
            connection.execute(text("UPDATE alembic_version SET version_num = version_num"))

    def compact(self) -> None:
        """Write an embedded database anew, without what was replaced or deleted; any other does that by itself.

        Raises StoreBusy where another process uses it.
        """
        if self.embedded:
            with _translated(), self._turn(), self.engine.connect() as connection:
                for statement in ("VACUUM", "PRAGMA wal_checkpoint(TRUNCATE)"):
                    connection.connection.driver_connection.execute(statement)  # type: ignore[union-attr]

    def close(self) -> None:
        """Give every connection back."""
        self.engine.dispose()


def _number(*key: str) -> int:
    """The number by which PostgreSQL knows a lock."""
    return int.from_bytes(hashlib.sha256("|".join(key).encode()).digest()[:8], "big", signed=True)


def _postgresql(url: URL) -> Engine:
    """Connections to PostgreSQL that notice when it is gone, and leave a server that may not be written to."""
    wanted = {name: value for name, value in _CONNECTING.items() if name not in url.query}
    engine = create_engine(url, pool_size=20, max_overflow=30, pool_pre_ping=True, connect_args=wanted)

    @event.listens_for(engine, "handle_error")
    def moved(context: ExceptionContext) -> None:
        # After a fail-over a connection may still lead to the former server, which answers and refuses every write.
        if getattr(context.original_exception, "sqlstate", None) == _READ_ONLY:
            context.is_disconnect = True

    return engine


def _own_file(path: Path) -> None:
    """The file of an embedded database, made so that its owner alone can read it: it holds every message."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        path.touch(mode=0o600)


def _alembic(connection: Connection | None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(shipped("migrations")).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config


class _SQLiteCompiler(SQLiteCompiler):
    """Asks for a true column by its name alone: of `credit = 1` SQLite does not see that an index has it."""

    def visit_is_true_unary_operator(self, element: Any, operator: Any, **kw: Any) -> str:
        return self.process(element.element, **kw)


def _prepare_sqlite(engine: Engine) -> None:
    """WAL, foreign keys, and transactions that begin when we say so: the driver's own habit breaks the locking."""
    engine.dialect.statement_compiler = _SQLiteCompiler

    @event.listens_for(engine, "connect")
    def connect(connection: Any, _: Any) -> None:
        connection.isolation_level = None
        connection.create_function("from_hex", 1, bytes.fromhex, deterministic=True)
        for pragma in (f"busy_timeout={LOCK_SECONDS}000", "journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        writes = connection.get_execution_options().get("writes", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


@contextmanager
def _translated() -> Iterator[None]:
    """SQLAlchemy's errors as ours. Their texts hold parameters, which may be personal: only the kind goes along."""
    try:
        yield
    except DBAPIError as error:
        raise _as_ours(error.orig, unreachable=isinstance(error, OperationalError | InterfaceError)) from None
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
    if plain == _READ_ONLY or plain in _AWAY_EMBEDDED or (isinstance(plain, str) and plain.startswith(_AWAY)):
        return StoreUnavailable(
            f"The database cannot be used now: {kind} {getattr(error, 'sqlstate', None) or ''}".strip()
        )
    if unreachable and state is None:
        return StoreUnavailable("The database of IWMO_DATABASE_URL cannot be reached or used")
    return StoreError(f"The database refused or failed: {kind} {getattr(error, 'sqlstate', None) or ''}".strip())
