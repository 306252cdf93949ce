"""The tables are made by migrations, on an empty database as on one that is in use; nothing works without them."""

import uuid
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path
from subprocess import TimeoutExpired
from typing import Any

import psycopg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from fastapi.testclient import TestClient
from sqlalchemy import event, inspect, make_url, text

from iwmo_gateway.gateway.context import open_gateway
from iwmo_gateway.settings import Settings
from iwmo_gateway.shipped import shipped
from iwmo_gateway.store.database import Database
from iwmo_gateway.store.tables import metadata
from iwmo_gateway.web.app import create_app
from tests.acceptance.processes import Running, free_port, run, run_each, running
from tests.conftest import SECRET


@pytest.fixture
def empty_postgresql(postgresql: str) -> Iterator[str]:
    """The URL of a PostgreSQL database without a table."""
    name = f"empty_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(postgresql, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}" TEMPLATE template0')
    yield make_url(postgresql).set(database=name).render_as_string(hide_password=False)
    with psycopg.connect(postgresql, autocommit=True) as connection:
        connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a database without a table, of either kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'empty.db'}"
    url: str = request.getfixturevalue("empty_postgresql")
    return url


@pytest.fixture
def empty(empty_url: str) -> Iterator[Database]:
    with closing(Database(empty_url)) as database:
        yield database


def test_migrating_an_empty_database_makes_every_table_and_migrating_again_changes_nothing(empty: Database) -> None:
    assert empty.current_revision is None
    assert empty.migrate() == empty.newest_revision == empty.current_revision
    tables = schema_of(empty)
    assert set(tables) == set(metadata.tables) | {"alembic_version"}

    with empty.writing() as transaction:
        transaction.execute(
            text("INSERT INTO parties (code, kind, created_at) VALUES ('0384', 'gemeente', '2023-03-01 11:00:00')")
        )
    assert empty.migrate() == empty.newest_revision
    assert schema_of(empty) == tables
    with empty.reading() as transaction:
        assert transaction.execute(text("SELECT code, mailbox_nr FROM parties")).all() == [("0384", 0)]


def test_the_migrations_make_what_the_models_say(empty: Database) -> None:
    empty.migrate()
    with empty.reading() as transaction:
        context = MigrationContext.configure(
            transaction.connection,
            opts={"compare_type": True, "compare_server_default": True, "target_metadata": metadata},
        )
        assert compare_metadata(context, metadata) == []


def test_a_process_that_migrates_while_another_does_waits_for_it(
    empty: Database, empty_url: str, tmp_path: Path
) -> None:
    with ExitStack() as stack:
        processes: list[Running] = []

        def begin_another(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
            if "CREATE TABLE parties" in statement and not processes:
                other = running(tmp_path, "migrate", IWMO_DATABASE_URL=empty_url, IWMO_SECRET_KEY=SECRET)
                processes.append(stack.enter_context(other))
                with suppress(TimeoutExpired):
                    processes[0].process.wait(3)

        event.listen(empty.engine, "after_cursor_execute", begin_another)
        empty.migrate()
        assert processes[0].ended() == 0, processes[0].said
    assert empty.current_revision == empty.newest_revision


def test_the_revisions_form_one_line() -> None:
    config = Config()
    config.set_main_option("script_location", str(shipped("migrations")).replace("%", "%%"))
    scripts = ScriptDirectory.from_config(config)
    line = list(scripts.walk_revisions())
    assert len(scripts.get_bases()) == 1
    assert len(scripts.get_heads()) == 1
    assert not any(script.is_branch_point or script.is_merge_point for script in line)
    assert len(line) == len(list((shipped("migrations") / "versions").glob("*.py")))


@pytest.mark.parametrize("before", ["empty", "newest"])
def test_migrate_says_what_it_did(tmp_path: Path, before: str) -> None:
    with closing(Database(f"sqlite:///{tmp_path / 'iwmo.db'}")) as database:
        newest = database.newest_revision
        if before == "newest":
            database.migrate()
    said = {"empty": f"Database migrated: empty -> {newest}\n", "newest": f"Database is at {newest}\n"}
    done = run(tmp_path, "migrate", IWMO_DATABASE_URL=f"sqlite:///{tmp_path / 'iwmo.db'}")
    assert (done.returncode, done.stdout) == (0, said[before])


def test_what_needs_the_tables_refuses_a_database_that_was_not_migrated(empty_postgresql: str, tmp_path: Path) -> None:
    calls = [["serve", "--port", str(free_port())], ["worker"], ["token", "list"]]
    for done in run_each(tmp_path, calls, IWMO_DATABASE_URL=empty_postgresql, IWMO_SECRET_KEY=SECRET):
        assert (done.returncode, done.stdout) == (2, "")
        assert "run `iwmo-gateway migrate`" in done.stderr
        assert len(done.stderr.splitlines()) == 1


def test_a_gateway_on_a_database_that_was_not_migrated_is_alive_but_not_ready(empty_url: str) -> None:
    with serving_in_process(empty_url) as client:
        assert client.get("/healthz").status_code == 200
        answer = client.get("/readyz")
        assert answer.status_code == 503
        assert answer.json()["status"] == "database not migrated"
        refused = client.get("/v1/mailbox", headers={"Authorization": "Bearer iwmo_x"})
        assert (refused.status_code, refused.json()["code"]) == (503, "niet-beschikbaar")
        with closing(Database(empty_url)) as database:
            database.migrate()
        assert client.get("/readyz").status_code == 200


def test_a_database_of_a_newer_version_is_left_alone(empty: Database, empty_url: str, tmp_path: Path) -> None:
    empty.migrate()
    with empty.writing() as transaction:
        transaction.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    tables = schema_of(empty)

    with serving_in_process(empty_url) as client:
        assert client.get("/readyz").status_code == 503
    calls = [["migrate"], ["serve", "--port", str(free_port())], ["worker"]]
    for done in run_each(tmp_path, calls, IWMO_DATABASE_URL=empty_url, IWMO_SECRET_KEY=SECRET):
        assert done.returncode == 2, done.stderr[-300:]
        assert len(done.stderr.splitlines()) == 1
        assert "9999" in done.stderr
    assert schema_of(empty) == tables


@contextmanager
def serving_in_process(url: str) -> Iterator[TestClient]:
    gateway = open_gateway(Settings(_env_file=None, database_url=url, secret_key=SECRET))
    with closing(gateway), TestClient(create_app(gateway), raise_server_exceptions=False) as client:
        yield client


def schema_of(database: Database) -> dict[str, Any]:
    """Every table with its columns and indexes, as the database has them."""
    inspector = inspect(database.engine)
    return {
        table: (
            [column["name"] for column in inspector.get_columns(table)],
            sorted(str(index["name"]) for index in inspector.get_indexes(table)),
        )
        for table in sorted(inspector.get_table_names())
    }
