"""Every revision forward to the newest, on a database that was filled: nothing is lost, and the gateway goes on."""

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from fastapi.testclient import TestClient

from iwmo_gateway.gateway.context import Gateway, open_gateway
from iwmo_gateway.settings import Settings
from iwmo_gateway.standard.schemas import Schemas
from iwmo_gateway.store.database import Database
from iwmo_gateway.store.tables import metadata
from iwmo_gateway.store.watched import Watched
from iwmo_gateway.web.app import create_app
from tests.acceptance.processes import run_each, running, until
from tests.conftest import SECRET, Callers
from tests.earlier import copy, fill, reflected, revise, revisions
from tests.integration.test_http_builders import AANBIEDER, GEMEENTE, allocation, day, everything, start
from tests.integration.test_store_migrations import empty, empty_postgresql, empty_url

__all__ = ["empty", "empty_postgresql", "empty_url"]

ROWS = 120
FIRST, *_, BEFORE, NEWEST = revisions()
FACTS = ("toewijzing_versies", "starts", "stops", "verzoeken", "prestaties")

Contents = dict[str, tuple[list[str], list[tuple[Any, ...]]]]
"""Columns and rows of every table."""
Undo = Callable[[Any, Mapping[bytes, bytes]], Any]
"""What stood in a column before a migration, by what stands there now and the clients' hashes."""

CHANGED: dict[str, dict[tuple[str, str], Undo]] = {
    "0010": {("replay_items", "outcome"): lambda now, _: None if now == "cancelled" else now},
    "0011": {(table, "client"): lambda now, hashes: hashes.get(now) for table in FACTS},
}
"""All that a migration changes of what was there, and how it was."""
MOVED = {"0011": "keys"}
"""A table whose rows stand in another one now: the key of then must be known still, or the gateway does not open."""


@pytest.fixture(scope="module")
def of_today(
    tmp_path_factory: pytest.TempPathFactory, templates: Callable[[str], str], schemas: Schemas
) -> Iterator[Gateway]:
    """A gateway with an allocation, a start that was accepted and one that was refused for want of its allocation."""
    path = tmp_path_factory.mktemp("of_today") / "iwmo.db"
    path.write_bytes(Path(templates("sqlite").removeprefix("sqlite:///")).read_bytes())
    url = f"sqlite:///{path}"
    settings = Settings(_env_file=None, database_url=url, secret_key=SECRET, sandbox=True, receivers="any")
    with closing(open_gateway(settings)) as made, opened(replace(made, schemas=schemas), url) as call:
        assert call.send(AANBIEDER, start("VROEG"), day("2023-02-07")).json()["status"] == "rejected"
        assert call.send(GEMEENTE, allocation()).json()["status"] == "accepted"
        assert call.send(AANBIEDER, start(), day("2023-02-08")).json()["status"] == "accepted"
        yield call.gateway


@pytest.fixture
def filled(empty: Database, of_today: Gateway) -> Callable[[str], Database]:
    """The database, as the version of a revision left it."""

    def fill_it(revision: str) -> Database:
        revise(empty, revision)
        copy(of_today, empty, revision)
        fill(empty, ROWS)
        return empty

    return fill_it


@pytest.mark.parametrize("revision", revisions())
def test_nothing_is_lost_and_the_gateway_goes_on(
    filled: Callable[[str], Database], of_today: Gateway, empty_url: str, revision: str
) -> None:
    database = filled(revision)
    before = contents(database)
    assert {table for table, (_, rows) in before.items() if len(rows) < ROWS} <= {
        "alembic_version", "audit_seals", "encryption_keys", "keys",
    }  # fmt: skip
    if revision != NEWEST:
        with breaking(database), pytest.raises(Broken):
            database.migrate()
        assert contents(database) == before

    assert database.migrate() == NEWEST
    after = contents(database)
    assert as_it_was(after, before, revision) == {
        table: kept for table, kept in before.items() if table not in {"alembic_version", *since(MOVED, revision)}
    }
    assert (differences(database), orphans(database)) == ([], [])
    goes_on(empty_url, of_today)


def test_what_a_migration_changes_is_told_of_migrations_that_are_there() -> None:
    assert {*CHANGED, *MOVED} <= set(revisions())


def test_a_process_that_is_killed_while_it_migrates_leaves_the_database_as_it_was(
    filled: Callable[[str], Database], empty_url: str, tmp_path: Path
) -> None:
    database = filled(FIRST)
    before = contents(database)
    program = [sys.executable, "-c", STUCK, str(tmp_path / "stuck")]
    with running(tmp_path, "migrate", program=program, IWMO_DATABASE_URL=empty_url, IWMO_SECRET_KEY=SECRET) as one:
        until("It is at its end", (tmp_path / "stuck").exists, one)
        one.kill()
    assert contents(database) == before
    calls = [["migrate"], ["migrate"]]
    done = run_each(tmp_path, calls, IWMO_DATABASE_URL=empty_url, IWMO_SECRET_KEY=SECRET)
    assert [one.returncode for one in done] == [0, 0], [one.stderr[-300:] for one in done]
    assert as_it_was(contents(database), before, FIRST).keys() == before.keys() - {"keys", "alembic_version"}
    assert differences(database) == []


STUCK = f"""
import pathlib, sys, time
from sqlalchemy import Engine, event
path = pathlib.Path(sys.argv.pop(1))
@event.listens_for(Engine, "after_cursor_execute")
def stop(connection, cursor, statement, parameters, *rest):
    if statement.startswith("UPDATE alembic_version") and {NEWEST!r} in str((statement, parameters)):
        path.touch()
        time.sleep(600)
sys.argv[0] = "iwmo-gateway"
from iwmo_gateway.cli import run
run()
"""
"""The command, but it gets stuck when all is done, and nothing is committed."""


class Broken(Exception):
    pass


@contextmanager
def breaking(database: Database) -> Iterator[None]:
    """Whatever migrates breaks off when the first migration has done its work."""

    def stop(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if statement.startswith("UPDATE alembic_version"):
            raise Broken

    sa.event.listen(database.engine, "before_cursor_execute", stop)
    try:
        yield
    finally:
        sa.event.remove(database.engine, "before_cursor_execute", stop)


def contents(database: Database) -> Contents:
    """Everything that a database holds."""
    tables = reflected(database).tables
    with database.reading() as transaction:
        return {
            name: (
                [column.name for column in table.columns],
                sorted((tuple(row) for row in transaction.execute(sa.select(table))), key=repr),
            )
            for name, table in tables.items()
        }


def as_it_was(after: Contents, before: Contents, revision: str) -> Contents:
    """The contents of tables and columns that there were, with what migrations say that they change taken back."""
    hashes: dict[bytes, bytes] = {}
    if "client_hashes" in after:
        columns, rows = after["client_hashes"]
        hashes = {row[columns.index("client")]: row[columns.index("hash")] for row in rows}
    undone = {column: undo for changes in since(CHANGED, revision) for column, undo in changes.items()}
    was = {}
    for table in before.keys() & after.keys() - {"alembic_version"}:
        columns, rows = after[table]
        names = before[table][0]
        at = [(columns.index(name), undone.get((table, name))) for name in names]
        told = [tuple(undo(row[nr], hashes) if undo else row[nr] for nr, undo in at) for row in rows]
        was[table] = (names, sorted(told, key=repr))
    return was


def since(told: Mapping[str, Any], revision: str) -> list[Any]:
    """What is told of the migrations after this revision."""
    return [what for name, what in told.items() if name > revision]


def differences(database: Database) -> list[Any]:
    """How the schema differs from the models."""
    with database.reading() as connection:
        options = {"compare_type": True, "compare_server_default": True, "target_metadata": metadata}
        return list(compare_metadata(MigrationContext.configure(connection.connection, opts=options), metadata))


def orphans(database: Database) -> list[Any]:
    """Rows that name a row which is not there, or constraints that were not looked at."""
    query = "PRAGMA foreign_key_check" if database.embedded else "SELECT * FROM pg_constraint WHERE NOT convalidated"
    with database.reading() as connection:
        return [tuple(row) for row in connection.execute(sa.text(query))]


def goes_on(url: str, of_today: Gateway) -> None:
    """A gateway opens on it, shows and finds a message, judges another one of its client, reports and replays."""
    with opened(of_today, url) as call:
        found = everything(call, query="identificatie=TOEWIJZING01")
        assert [(one["soort"], one["status"]) for one in found] == [("WMO301", "accepted")]
        shown = call.get(GEMEENTE, f"/v1/berichten/{found[0]['id']}/xml")
        assert (shown.status_code, shown.content) == (200, allocation())
        assert len(everything(call)) > ROWS

        # The client is known still: without the allocation of then this one were refused.
        assert call.send(AANBIEDER, start("NIEUW", 700002), day("2023-02-09")).json()["status"] == "accepted"
        assert call.send(GEMEENTE, allocation()).status_code == 200
        (early,) = everything(call, query="identificatie=VROEG")
        asked = {"ids": [early["id"]], "reason": "migrated", "dry_run": True}
        replayed = call.post("operator", "/v1/replays", asked)
        assert [one["outcome"] for one in replayed.json()["berichten"]] == ["shown"]
        for path in LISTS:
            assert call.get("operator", path).status_code == 200, path


LISTS = (
    "/v1/reports/openstaand", "/v1/toewijzingen", "/v1/leveringen", "/v1/verzoeken", "/v1/declaraties", "/v1/reviews",
    "/v1/contracts", "/v1/replays", "/v1/audit", "/metrics",
)  # fmt: skip


@contextmanager
def opened(gateway: Gateway, url: str) -> Iterator[Callers]:
    """A gateway like this one on another database, and callers of it."""
    settings = gateway.settings.model_copy(update={"database_url": url})
    with closing(replace(gateway, settings=settings, database=Watched(url))) as ready:
        ready.warm_up()
        with TestClient(create_app(ready), raise_server_exceptions=False) as client:
            yield Callers(ready, client)
