"""On SQLite a large message is judged by a process of its own, beside the one that serves."""

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from iwmo_gateway.gateway.access import create_token
from iwmo_gateway.gateway.context import open_gateway
from iwmo_gateway.settings import Settings
from iwmo_gateway.store.parties import TokenRole
from tests.acceptance.processes import bearer, running, serving, until
from tests.conftest import SECRET
from tests.integration.test_http_builders import AANBIEDER, GEMEENTE, allocation

on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def told(settings: Settings) -> dict[str, str]:
    return {
        "IWMO_DATABASE_URL": settings.database_url,
        "IWMO_SECRET_KEY": SECRET,
        "IWMO_SYNC_LIMIT_BYTES": str(len(allocation()) + 100),
    }


@pytest.fixture
def sender(settings: Settings) -> dict[str, str]:
    gateway = open_gateway(settings)
    now = datetime.now(UTC)
    tokens = [create_token(gateway, TokenRole.PARTY, party, "test", now) for party in (GEMEENTE, AANBIEDER)]
    gateway.close()
    return {"Content-Type": "application/xml", **bearer(tokens[0])}


@on_sqlite
def test_a_large_message_is_judged_beside_the_server_and_a_small_one_in_it(
    told: dict[str, str], sender: dict[str, str], tmp_path: Path
) -> None:
    with serving(tmp_path, **told) as (server, client):

        def judged(path: str) -> bool:
            said: dict[str, Any] = client.get(path, headers=sender).json()
            return bool(said["status"] == "accepted")

        small = client.post("/v1/berichten", content=allocation(), headers={**sender, "Prefer": "respond-async"})
        until("The small one is judged", lambda: judged(small.headers["location"]), server)
        assert "worker_started" not in server.said

        body = allocation("LARGE", 720001, 720002) + b"\n" * 200
        large = client.post("/v1/berichten", content=body, headers=sender)
        assert (small.status_code, large.status_code) == (202, 202)
        until("The large one is judged", lambda: judged(large.headers["location"]), server)
        until("The process ended", lambda: "worker_ended" in server.said, server)
        (code,) = re.findall(r'"code": (-?\d+), "event": "worker_ended"', server.said)
        assert code == "0"
        server.terminate()
        assert server.ended() == 0


def test_a_worker_may_stop_when_nothing_waits(told: dict[str, str], tmp_path: Path) -> None:
    with running(tmp_path, "worker", "--until-idle", **told) as worker:
        assert worker.ended() == 0
