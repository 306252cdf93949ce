"""What is kept is never lost and never answered twice, whatever happens to the process that has it in hand."""

import sys
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx2
import pytest
from sqlalchemy import Select, func, select

from iwmo_gateway.gateway.access import Caller, create_token
from iwmo_gateway.gateway.context import open_gateway
from iwmo_gateway.gateway.receive import Taken, receive
from iwmo_gateway.settings import Settings
from iwmo_gateway.store.database import Database
from iwmo_gateway.store.parties import TokenRole
from iwmo_gateway.store.tables import judgements, mailbox, messages, toewijzing_versies
from tests.acceptance import stuck
from tests.acceptance.processes import bearer, running, serving, until
from tests.cases import FIXTURES
from tests.conftest import SECRET

GEMEENTE, AANBIEDER = "0384", "42420001"
TOEWIJZING = (FIXTURES / "vooraf" / "toewijzing-3.2.xml").read_bytes()
NOTHING = {"judgements": 0, "answers": 0, "delivered": 0, "toewijzingen": 0}
EVERYTHING_ONCE = {"judgements": 1, "answers": 1, "delivered": 2, "toewijzingen": 2}


@dataclass(frozen=True)
class Store:
    """The database that the processes share, seen from outside, and the tokens that they know."""

    url: str
    tokens: dict[str, str]

    @property
    def embedded(self) -> bool:
        return self.url.startswith("sqlite")

    def settings(self, lease: int = 1) -> dict[str, str]:
        """What a process must be told to work on it."""
        return {"IWMO_DATABASE_URL": self.url, "IWMO_SECRET_KEY": SECRET, "IWMO_LEASE_SECONDS": str(lease)}

    def statuses(self) -> list[str]:
        """The status of each message that came in, in the order in which they did."""
        query = select(messages.c.status).where(messages.c.own.is_(False)).order_by(messages.c.id)
        return [status for (status,) in self._rows(query)]

    def made(self) -> dict[str, int]:
        """How much judging has left."""
        queries = {
            "judgements": select(func.count()).select_from(judgements),
            "answers": select(func.count()).select_from(messages).where(messages.c.own),
            "delivered": select(func.count()).select_from(mailbox),
            "toewijzingen": select(func.count()).select_from(toewijzing_versies),
        }
        return {name: self._rows(query)[0][0] for name, query in queries.items()}

    def _rows(self, query: Select[Any]) -> list[Any]:
        database = Database(self.url)
        try:
            with database.reading() as transaction:
                return list(transaction.execute(query))
        finally:
            database.close()


@pytest.fixture
def store(settings: Settings) -> Store:
    gateway = open_gateway(settings)
    now = datetime.now(UTC)
    tokens = {party: create_token(gateway, TokenRole.PARTY, party, "test", now) for party in (GEMEENTE, AANBIEDER)}
    gateway.close()
    return Store(settings.database_url, tokens)


def test_the_places_to_get_stuck_at_are_where_the_gateway_comes_by() -> None:
    assert all(callable(getattr(module, name)) for module, name in stuck.PLACES.values())


@pytest.mark.parametrize("place", ["judging", "delivering"])
def test_a_message_whose_process_is_killed_is_kept_and_judged_exactly_once_afterwards(
    store: Store, tmp_path: Path, place: str
) -> None:
    with serving(tmp_path, getting_stuck(place, tmp_path), **store.settings()) as (process, client):
        with sending(client, store) as answer:
            until(f"The process is stuck ({place})", (tmp_path / "stuck").exists, process)
            process.kill()
        with pytest.raises(httpx2.TransportError):
            answer.result()

    assert store.statuses() == ["received"]
    assert store.made() == NOTHING

    with ExitStack() as stack:
        processes = []
        if not store.embedded:
            processes.append(stack.enter_context(running(tmp_path, "worker", **store.settings())))
        server, client = stack.enter_context(serving(tmp_path, **store.settings()))
        processes.append(server)
        until("The message is judged", lambda: store.statuses() == ["accepted"], *processes)
        assert store.made() == EVERYTHING_ONCE

        again = client.post("/v1/berichten", content=TOEWIJZING, headers=sender(store))
        assert (again.status_code, again.json()["status"]) == (200, "accepted")
        assert store.made() == EVERYTHING_ONCE
        assert waiting_for(client, store, GEMEENTE) == [("WMO302", again.json()["id"])]
        assert waiting_for(client, store, AANBIEDER) == [("WMO301", None)]

        for process in processes:
            process.terminate()
        assert [process.ended() for process in processes] == [0 for _ in processes]


def test_a_server_that_is_told_to_stop_first_answers_what_it_has_in_hand(store: Store, tmp_path: Path) -> None:
    with (
        serving(tmp_path, getting_stuck("judging", tmp_path), **store.settings(lease=60)) as (process, client),
        sending(client, store) as answer,
    ):
        until("The process is stuck", (tmp_path / "stuck").exists, process)
        process.terminate()
        until("The server says that it stops", lambda: client.get("/readyz").status_code == 503, process)
        assert client.get("/readyz").json() == {"status": "shutting down"}
        assert client.get("/v1/mailbox", headers=bearer(store.tokens[GEMEENTE])).status_code == 200
        until("The server takes no new calls", lambda: refuses_calls(client), process)
        (tmp_path / "go").touch()
        said = answer.result()
        assert (said.status_code, said.json()["status"]) == (201, "accepted")
        assert process.ended() == 0

    assert store.made() == EVERYTHING_ONCE


def test_a_worker_that_is_told_to_stop_first_finishes_what_it_has_in_hand(
    store: Store, settings: Settings, tmp_path: Path
) -> None:
    leave_for_later(settings, TOEWIJZING)
    leave_for_later(settings, TOEWIJZING.replace(b"V32-01", b"V32-02"))
    program = getting_stuck("judging", tmp_path)
    with running(tmp_path, "worker", program=program, **store.settings(lease=60)) as process:
        until("The worker is stuck", (tmp_path / "stuck").exists, process)
        process.terminate()
        (tmp_path / "go").touch()
        assert process.ended() == 0

    assert store.statuses() == ["accepted", "received"]
    assert store.made() == EVERYTHING_ONCE


def getting_stuck(place: str, folder: Path) -> list[str]:
    """The command, but it gets stuck at `place`."""
    return [sys.executable, stuck.__file__, place, str(folder)]


@contextmanager
def sending(client: httpx2.Client, store: Store) -> Iterator["Future[httpx2.Response]"]:
    """Send the allocation from another thread, which has ended when the block has."""
    with ThreadPoolExecutor(1) as thread:
        yield thread.submit(client.post, "/v1/berichten", content=TOEWIJZING, headers=sender(store))


def sender(store: Store) -> dict[str, str]:
    return {"Content-Type": "application/xml", **bearer(store.tokens[GEMEENTE])}


def waiting_for(client: httpx2.Client, store: Store, party: str) -> list[tuple[str, str | None]]:
    """What is in a mailbox: kind, and which message it answers."""
    said = client.get("/v1/mailbox", headers=bearer(store.tokens[party])).json()
    return [(entry["soort"], entry["antwoord_op"]) for entry in said["berichten"]]


def refuses_calls(client: httpx2.Client) -> bool:
    try:
        httpx2.get(client.base_url.join("/healthz"))
    except httpx2.TransportError:
        return True
    return False


def leave_for_later(settings: Settings, body: bytes) -> None:
    """Keep a message without judging it."""
    now = datetime.now(UTC)
    gateway = open_gateway(settings)
    try:
        kept = receive(gateway, Caller(TokenRole.PARTY, GEMEENTE, GEMEENTE, now), body, now, later=True)
    finally:
        gateway.close()
    assert isinstance(kept, Taken)
