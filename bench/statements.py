"""What one accepted message asks of the database: its statements and transactions, as SQLAlchemy sends them."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, event

from bench.traffic import Traffic
from iwmo_gateway.gateway.access import caller_of
from iwmo_gateway.gateway.context import Gateway


@dataclass(frozen=True, slots=True)
class Asked:
    """What was asked of the database, in order; BEGIN and COMMIT are not among the statements."""

    statements: list[str] = field(default_factory=list)
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
        with _watched(traffic.gateway) as asked[name]:
            caller_of(traffic.gateway, token, datetime.now(UTC))
            traffic.send(party, body)
    return asked


@contextmanager
def _watched(gateway: Gateway) -> Iterator[Asked]:
    asked = Asked()

    def statement(_connection: Any, _cursor: Any, text: str, *_: Any) -> None:
        if not text.startswith("BEGIN"):
            asked.statements.append(text)

    def begin(connection: Connection) -> None:
        asked.transactions.append(bool(connection.get_execution_options().get("writes")))

    listeners = (("before_cursor_execute", statement), ("begin", begin))
    for name, listener in listeners:
        event.listen(gateway.database.engine, name, listener)
    try:
        yield asked
    finally:
        for name, listener in listeners:
            event.remove(gateway.database.engine, name, listener)
