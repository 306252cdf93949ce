"""Connections, transactions and locks on SQLite and PostgreSQL; migrating."""

import hashlib
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from itertools import chain, islice
from pathlib import Path
from typing import Any, Final, cast, overload

import psycopg
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from psycopg import sql
from psycopg.pq import TransactionStatus
from sqlalchemy import (
    JSON,
    BigInteger,
    ColumnElement,
    Connection,
    CursorResult,
    Dialect,
    Executable,
    FromClause,
    LargeBinary,
    Table,
    any_,
    bindparam,
    func,
    insert,
    literal_column,
    select,
    text,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.types import TypeEngine

from iwmo_gateway.errors import ConfigurationError, StoreBusy, StoreFull
from iwmo_gateway.shipped import shipped
from iwmo_gateway.store.engines import LOCK_SECONDS, Trust, postgresql_engine, sqlite_engine
from iwmo_gateway.store.failures import READ_ONLY, translated
from iwmo_gateway.store.prepared import Additions, Bound, Cursor, Prepared, Rows, Text

Values = Mapping[str, Any] | Sequence[Mapping[str, Any]] | None


class Transaction:
    """What a unit of work is handed; it is committed by the `with` that made it, and nowhere else."""

    __slots__ = ("_additions", "_begins", "_connection", "_leaving")

    def __init__(self, connection: Connection, *, begins: bool) -> None:
        """Without `begins` it does not begin a transaction itself, nor send anything without waiting for it."""
        self._connection = connection
        self._begins = begins
        self._additions = Additions()
        self._leaving: AbstractContextManager[Any] | None = None

    @property
    def dialect(self) -> Dialect:
        """Which kind of database it is on."""
        return self._connection.dialect

    @property
    def connection(self) -> Connection:
        """SQLAlchemy's connection, in the transaction, with nothing under way."""
        self._leave()
        if self._begins and self._raw.info.transaction_status is TransactionStatus.IDLE:
            self._raw.execute("BEGIN")
        return self._connection

    @property
    def driver(self) -> psycopg.Connection[tuple[Any, ...]]:
        """PostgreSQL's own connection, likewise."""
        return cast("psycopg.Connection[tuple[Any, ...]]", self.connection.connection.driver_connection)

    @overload
    def execute(self, statement: Prepared, values: Values = None) -> Rows | CursorResult[*tuple[Any, ...]]: ...
    @overload
    def execute(self, statement: Executable, values: Values = None) -> CursorResult[*tuple[Any, ...]]: ...
    def execute(self, statement: Prepared | Executable, values: Values = None) -> Rows | CursorResult[*tuple[Any, ...]]:
        """What a statement gives.

        A prepared one is waited for when its rows are read, or at the end of the transaction.
        """
        if isinstance(statement, Prepared):
            if self.dialect.name == "postgresql":
                return self._asked(statement, values)
            statement = statement.of(self.dialect.name)
        return self.connection.execute(statement, values)

    def scalar(self, statement: Prepared | Executable, values: Values = None) -> Any:
        """The first value of the first row, None if there is none."""
        return self.execute(statement, values).scalar()

    def scalars(self, statement: Prepared | Executable, values: Values = None) -> list[Any]:
        """The first value of every row."""
        return [row[0] for row in self.execute(statement, values)]

    def commit(self) -> None:
        """Send and keep everything; only for who made the transaction."""
        self._send_additions()
        if self._leaving is not None:
            self._raw.execute("COMMIT", prepare=False)  # goes along with what is under way
            self._leave()

    def abandon(self) -> None:
        """Wait for what is under way, whatever comes of it; only for who made the transaction."""
        self._additions = Additions()
        with suppress(psycopg.Error):
            self._leave()

    def leads_nowhere(self, error: psycopg.Error) -> bool:
        """Whether its connection is gone, or leads to a server that may not be written to."""
        return self._raw.closed or error.sqlstate == READ_ONLY

    @property
    def _raw(self) -> psycopg.Connection[tuple[Any, ...]]:
        return cast("psycopg.Connection[tuple[Any, ...]]", self._connection.connection.driver_connection)

    def _asked(self, statement: Prepared, values: Values) -> Rows:
        """Send what gives rows at once; additions are gathered, to go together with what comes next."""
        sent: list[tuple[Cursor, Text]] = []
        for one, bound in statement.filled([values] if isinstance(values, Mapping) else values or [{}]):
            if self._begins and one.addition is not None:
                if self._additions.adds_to(one.addition):
                    self._send_additions()
                self._additions.add(one, bound)
            else:
                self._send_additions()
                sent.append((self._send(one.sql, one.query, bound), one))
        return Rows(sent)

    def _send_additions(self) -> None:
        if self._additions:
            self._send(*self._additions.taken())

    def _send(self, sql: str, query: bytes, bound: Bound) -> Cursor:
        raw = self._raw
        if self._begins and self._leaving is None:
            begun = raw.info.transaction_status is not TransactionStatus.IDLE
            self._leaving = raw.pipeline()
            self._leaving.__enter__()
            if not begun:
                raw.execute("BEGIN", prepare=False)
        # As SQLAlchemy does: who counts or times statements sees these as well.
        told, cursor = self._connection.engine.dispatch, psycopg.RawCursor(raw)
        told.before_cursor_execute(self._connection, cursor, sql, bound, None, False)
        cursor.execute(query, bound)
        told.after_cursor_execute(self._connection, cursor, sql, bound, None, False)
        return cursor

    def _leave(self) -> None:
        """Send what is gathered, and wait for everything that is under way."""
        self._send_additions()
        if self._leaving is not None:
            leaving, self._leaving = self._leaving, None
            leaving.__exit__(None, None, None)


def values_of(row: Any) -> dict[str, Any]:
    """The fields of a dataclass with slots, by name; unlike `asdict` without a copy of each."""
    return {name: getattr(row, name) for name in row.__slots__}


def inserting(table: Table, finish: Callable[[Any], Any]) -> Mapping[str, Any]:
    """An INSERT for each kind of database, made once: SQLAlchemy keeps what it worked out for a constant statement."""
    return {name: finish(dialect.insert(table)) for name, dialect in _DIALECTS.items()}


def bulk_insert(transaction: Transaction, table: Table, rows: Iterable[Mapping[str, Any]]) -> None:
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
    with transaction.driver.cursor().copy(statement) as copy:
        for row in chain([first], rows):
            copy.write_row([row[name] for name in names])


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


def listed(transaction: Transaction, values: Iterable[Any]) -> list[Any]:
    """Values for the list parameter of `among` and `each`."""
    if transaction.dialect.name == "sqlite":
        return [value.hex() if isinstance(value, bytes) else value for value in values]
    return list(values)


_BATCH: Final = 5_000
"""How many rows one statement adds on SQLite, which wants them all in memory."""
_DIALECTS: Final = {"postgresql": postgresql, "sqlite": sqlite}

_LOCK: Final = Prepared(select(func.pg_advisory_xact_lock(bindparam("number", type_=BigInteger()))))
_FULL_SECONDS: Final = 30
"""How long a disk is said to be full after it was found so."""


class Database:
    """One database, reached by its URL. Safe to share between threads. `path` is the file of an embedded one."""

    def __init__(self, url: str) -> None:
        """Raises ConfigurationError for a URL that is neither SQLite's nor PostgreSQL's."""
        try:
            parsed = make_url(url)
        except ArgumentError:
            raise ConfigurationError("IWMO_DATABASE_URL is no URL; use sqlite:///… or postgresql://…") from None
        self._trust = Trust()
        backend = parsed.get_backend_name()
        if backend == "postgresql":
            self.engine = postgresql_engine(parsed.set(drivername="postgresql+psycopg"), self._trust)
        elif backend == "sqlite":
            self.engine = sqlite_engine(parsed)
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
        with self._noticing(), translated(), self._turn(), self.engine.connect() as connection:
            connection.execution_options(writes=True)
            with connection.begin(), self._transaction(connection, begins=not self.embedded) as transaction:
                yield transaction

    @contextmanager
    def reading(self) -> Iterator[Transaction]:
        """A transaction that only reads; on PostgreSQL each statement sees what is committed by then."""
        with (
            translated(),
            self.engine.connect() as connection,
            self._transaction(connection, begins=False) as transaction,
        ):
            yield transaction

    @contextmanager
    def _transaction(self, connection: Connection, *, begins: bool) -> Iterator[Transaction]:
        transaction = Transaction(connection, begins=begins)
        try:
            yield transaction
            transaction.commit()
        except BaseException as error:
            transaction.abandon()
            if isinstance(error, psycopg.Error) and transaction.leads_nowhere(error):
                self._trust.lose()
            raise

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
        transaction.execute(_LOCK, {"number": number})

    def migrate(self) -> str:
        """Bring the schema to the newest revision, and return its name. A process that is at it already is waited for.

        Raises ConfigurationError for a database of a newer version than this one.
        """
        with self.writing() as transaction:
            if not self.embedded:
                transaction.execute(
                    text("SELECT set_config('lock_timeout', '0', true), pg_advisory_xact_lock(:number)"),
                    {"number": _number("migrate")},
                )
            try:
                command.upgrade(_alembic(transaction.connection), "head")
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
        with self.reading() as transaction:
            return MigrationContext.configure(transaction.connection).get_current_revision()

    def write_again(self) -> None:
        """Write what is there already, and commit it.

        Raises StoreUnavailable if there is no database to write to, and StoreBusy while it is being migrated.
        """
        with self.writing() as transaction:
            transaction.execute(text("UPDATE alembic_version SET version_num = version_num"))

    def compact(self) -> None:
        """Write an embedded database anew, without what was replaced or deleted; any other does that by itself.

        Raises StoreBusy where another process uses it.
        """
        if self.embedded:
            with translated(), self._turn(), self.engine.connect() as connection:
                for statement in ("VACUUM", "PRAGMA wal_checkpoint(TRUNCATE)"):
                    connection.connection.driver_connection.execute(statement)  # type: ignore[union-attr]

    def close(self) -> None:
        """Give every connection back."""
        self.engine.dispose()


def _number(*key: str) -> int:
    """The number by which PostgreSQL knows a lock."""
    return int.from_bytes(hashlib.sha256("|".join(key).encode()).digest()[:8], "big", signed=True)


def _alembic(connection: Connection | None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(shipped("migrations")).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config
