"""What an operator follows: one id through the logs of all processes, and what a worker counts."""

import json
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx2

from iwmo_gateway.gateway.access import create_token
from iwmo_gateway.gateway.context import open_gateway
from iwmo_gateway.settings import Settings
from iwmo_gateway.store.parties import TokenRole
from tests.acceptance.processes import Running, bearer, free_port, running, serving, until
from tests.conftest import SECRET
from tests.integration.test_http_builders import AANBIEDER, PERSONAL, lone_start

GIVEN = "their-call-0001"


def logged(*processes: Running) -> list[dict[str, Any]]:
    """The lines of all processes, as far as they are whole."""
    lines = [line for process in processes for line in process.said.splitlines() if line.endswith("}")]
    return [json.loads(line) for line in lines]


def test_one_search_in_the_logs_finds_the_whole_way_of_a_message(settings: Settings, tmp_path: Path) -> None:
    gateway = open_gateway(settings)
    headers = bearer(create_token(gateway, TokenRole.PARTY, AANBIEDER, "test", datetime.now(UTC)))
    embedded = gateway.database.embedded
    gateway.close()
    port = free_port()
    told = {
        "IWMO_DATABASE_URL": settings.database_url,
        "IWMO_SECRET_KEY": SECRET,
        "IWMO_RECEIVERS": "any",
        "IWMO_WORKER_METRICS_PORT": str(port),
    }
    with ExitStack() as stack:
        server, client = stack.enter_context(serving(tmp_path, **told))
        processes = [server]
        if not embedded:
            processes.append(stack.enter_context(running(tmp_path, "worker", **told)))
        asked = {"Content-Type": "application/xml", "Prefer": "respond-async", "X-Request-Id": GIVEN, **headers}
        answer = client.post("/v1/berichten", content=lone_start(), headers=asked)
        assert (answer.status_code, answer.headers["x-request-id"]) == (202, GIVEN)
        until("The answer came", lambda: client.get("/v1/mailbox", headers=headers).json()["berichten"], *processes)
        assert client.get("/v1/mailbox/1", headers=headers).status_code == 200

        def found() -> set[str]:
            lines = logged(*processes)
            return {str(line["event"]) for line in lines if GIVEN in (line.get("request"), line.get("origin"))}

        whole = {"kept_for_later", "call", "judged", "taken_up", "fetched"}
        until("Every line was written", lambda: found() == whole, *processes)
        said = " ".join(process.said for process in processes)
        assert not [value for value in PERSONAL if value in said]

        counted = httpx2.get(f"http://127.0.0.1:{port}/metrics").text if not embedded else client.get("/metrics").text
        assert 'iwmo_messages_judged_total{soort="WMO305",status="accepted"} 1.0' in counted
        assert "iwmo_worker_last_look_timestamp_seconds " in counted
        for process in processes:
            process.terminate()
            assert process.ended() in {0, -15}
