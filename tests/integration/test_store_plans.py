"""A claim is not judged by walking through all that was ever claimed: its questions go by an index."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from typing import Any

from sqlalchemy import event

from tests.claims import AANBIEDER, GEMEENTE, Line, Terms, allocation, claim
from tests.conftest import TODAY, Callers
from tests.integration.test_http_builders import day

WALKS = (
    "SCAN prestaties",
    "SCAN credit",
    "SCAN debit",
    "INTEGER PRIMARY KEY (rowid<?)",
    "INTEGER PRIMARY KEY (rowid>?)",
)


@contextmanager
def selects(call: Callers) -> Iterator[list[tuple[str, Any]]]:
    """What is asked meanwhile about the lines of claims, with its parameters."""
    asked: list[tuple[str, Any]] = []

    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        if statement.startswith("SELECT") and "prestaties" in statement:
            asked.append((statement, parameters))

    event.listen(call.gateway.database.engine, "before_cursor_execute", note)
    yield asked
    event.remove(call.gateway.database.engine, "before_cursor_execute", note)


def walks(call: Callers, asked: list[tuple[str, Any]]) -> list[str]:
    """The steps by which SQLite would go through a whole table; PostgreSQL decides by how much there is."""
    if not call.gateway.database.embedded:
        return []
    found = []
    with call.gateway.database.reading() as transaction:
        for statement, parameters in asked:
            plan = transaction.connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
            found += [f"{step[-1]}: {statement}" for step in plan if any(walk in step[-1] for walk in WALKS)]
    return found


def test_a_claim_is_judged_by_indexes(call: Callers) -> None:
    assert call.send(GEMEENTE, allocation(Terms())).json()["status"] == "accepted"
    assert call.send(AANBIEDER, claim(Line()), TODAY).json()["status"] == "accepted"
    taken_back = claim(
        Line("C1", vorige="R1"), Line("R2", volume=2), identificatie="B02", nummer="D02", dagtekening=date(2023, 3, 2)
    )
    with selects(call) as asked:
        assert call.send(AANBIEDER, taken_back, day("2023-03-06")).json()["status"] == "accepted"
    assert len(asked) > 1
    assert walks(call, asked) == []
