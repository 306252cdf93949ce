"""What a message asks of the database: its statements and transactions, as SQLAlchemy sends them, and COPYs."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from unittest.mock import patch

import psycopg
from sqlalchemy import Connection, event

from bench.traffic import Traffic
from iwmo_gateway.gateway.access import caller_of
from iwmo_gateway.gateway.context import Gateway


@dataclass(frozen=True, slots=True)
class Asked:
    """What was asked of the database, in order; BEGIN and COMMIT are not among the statements."""

    statements: list[str] = field(default_factory=list)
    rows: list[int] = field(default_factory=list)
    """Of each statement that adds many rows at once, how many."""
    transactions: list[bool] = field(default_factory=list)
    """Of each transaction, whether it may write."""


def measure(traffic: Traffic) -> dict[str, Asked]:
    """A 301 and a 305 with their token, after others of their kind (so that nothing is asked for the first time)."""
    for _ in range(3):
        for pair in traffic.starts([0]):
            traffic.send(pair.aanbieder, pair.start)
    asked: dict[str, Asked] = {}
    pair = traffic.pair()
    for name, party, body in (("301", pair.gemeente, pair.toewijzing), ("305", pair.aanbieder, pair.start)):
        token = traffic.token(party)
        with watched(traffic.gateway) as asked[name]:
            caller_of(traffic.gateway, token, datetime.now(UTC))
            traffic.send(party, body)
    return asked


@contextmanager
def watched(gateway: Gateway) -> Iterator[Asked]:
    """What is asked of the gateway's database in the meantime."""
    asked = Asked()
    copy = psycopg.Cursor.copy

    def statement(_connection: Any, _cursor: Any, text: str, values: Any, _context: Any, many: bool) -> None:
        if not text.startswith("BEGIN"):
            asked.statements.append(text)
        if many:
            asked.rows.append(len(values))

    @contextmanager
    def copied(cursor: Any, *arguments: Any) -> Iterator[Any]:
        asked.statements.append("COPY")  # around SQLAlchemy, which does not know it
        with copy(cursor, *arguments) as copying:
            yield copying
        asked.rows.append(cursor.rowcount)

    def begin(connection: Connection) -> None:
        asked.transactions.append(bool(connection.get_execution_options().get("writes")))

    listeners = (("before_cursor_execute", statement), ("begin", begin))
    for name, listener in listeners:
        event.listen(gateway.database.engine, name, listener)
    try:
        with patch("psycopg.Cursor.copy", copied):
            yield asked
    finally:
        for name, listener in listeners:
            event.remove(gateway.database.engine, name, listener)
