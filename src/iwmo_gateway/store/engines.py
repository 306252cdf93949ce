"""Connections to each kind of database, as SQLAlchemy makes, keeps and tries them."""

import select
import time
from pathlib import Path
from typing import Any, Final

import psycopg
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.dialects.sqlite.base import SQLiteCompiler
from sqlalchemy.engine import URL, ExceptionContext
from sqlalchemy.exc import InvalidatePoolError

from iwmo_gateway.store.failures import READ_ONLY

LOCK_SECONDS: Final = 5
_REST_SECONDS: Final = 1.0
"""A connection that nobody used for so long is tried before it is used."""
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


class Trust:
    """Whether the connections of a pool are worth using: SQLAlchemy sees only the errors of its own statements."""

    def __init__(self) -> None:
        self._lost = False

    def lose(self) -> None:
        """A connection turned out to lead nowhere, or to a server that may not be written to: so may the others."""
        self._lost = True

    def check(self, engine: Engine, connection: Any, record: Any) -> None:
        """Try a connection before it is used, but only where it may be gone: always would be a round trip each time.

        Raises InvalidatePoolError where no connection that was made before now is to be used.
        """
        rests_since = record.info.get("rests_since")
        if rests_since is None:
            return  # it was made just now
        if self._lost:
            self._lost = False
            raise InvalidatePoolError
        # Who is asked nothing has nothing to say, but that it goes.
        if time.monotonic() - rests_since < _REST_SECONDS and not _speaks(connection):
            return
        try:
            engine.dialect.do_ping(connection)
        except psycopg.Error:
            raise InvalidatePoolError from None


def postgresql_engine(url: URL, trust: Trust) -> Engine:
    """Connections to PostgreSQL that notice when it is gone, and leave a server that may not be written to."""
    wanted = {name: value for name, value in _CONNECTING.items() if name not in url.query}
    # Who writes begins a transaction himself (`Transaction`), and need not wait for that; who reads needs none.
    # The connection that was used last is used next: few of them then have all statements prepared, and stay warm.
    engine = create_engine(
        url,
        pool_size=20,
        max_overflow=30,
        pool_use_lifo=True,
        connect_args=wanted,
        isolation_level="AUTOCOMMIT",
    )

    @event.listens_for(engine, "handle_error")
    def moved(context: ExceptionContext) -> None:
        # After a fail-over a connection may still lead to the former server, which answers and refuses every write.
        if getattr(context.original_exception, "sqlstate", None) == READ_ONLY:
            context.is_disconnect = True

    @event.listens_for(engine, "checkin")
    def rests(_: Any, record: Any) -> None:
        record.info["rests_since"] = time.monotonic()

    @event.listens_for(engine, "checkout")
    def is_used(connection: Any, record: Any, _: Any) -> None:
        trust.check(engine, connection, record)

    return engine


def _speaks(connection: psycopg.Connection[Any]) -> bool:
    """Whether the server sent something that nobody read yet, or hung up."""
    if connection.closed:
        return True
    poll = select.poll()
    poll.register(connection.fileno(), select.POLLIN)
    return bool(poll.poll(0))


def sqlite_engine(url: URL) -> Engine:
    """WAL, foreign keys, and transactions that begin when we say so: the driver's own habit breaks the locking."""
    _own_file(Path(url.database or "iwmo.db"))
    engine = create_engine(url, pool_size=50, connect_args={"check_same_thread": False})
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

    return engine


def _own_file(path: Path) -> None:
    """The file of an embedded database, made so that its owner alone can read it: it holds every message."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        path.touch(mode=0o600)


class _SQLiteCompiler(SQLiteCompiler):
    """Asks for a true column by its name alone: of `credit = 1` SQLite does not see that an index has it."""

    def visit_is_true_unary_operator(self, element: Any, operator: Any, **kw: Any) -> str:
        return self.process(element.element, **kw)
