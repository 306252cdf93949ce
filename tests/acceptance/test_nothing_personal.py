"""Real processes that log all they can: nothing of a person stands in what they write, count or answer."""

import json
from pathlib import Path

from iwmo_gateway.settings import Settings
from tests.acceptance.processes import bearer, run, running, serving, until
from tests.conftest import SECRET
from tests.integration.test_http_builders import AANBIEDER, BSN, GEMEENTE, PERSONAL, allocation, lone_start, start
from tests.integration.test_http_refusals import UNREADABLE

NOT_TOLD = (*PERSONAL, "Bsn>", "xmlns")


def test_serve_and_worker_write_and_answer_nothing_personal(settings: Settings, tmp_path: Path) -> None:
    on = {
        "IWMO_DATABASE_URL": settings.database_url,
        "IWMO_SECRET_KEY": SECRET,
        "IWMO_RECEIVERS": "any",
        "IWMO_LOG_LEVEL": "DEBUG",
    }
    tokens = {who: made(tmp_path, on, "--party", who) for who in (GEMEENTE, AANBIEDER)}
    tokens["operator"] = made(tmp_path, on, "--role", "operator")
    told = []
    with serving(tmp_path, **on) as (server, client), running(tmp_path, "worker", **on) as worker:

        def call(who: str, method: str, path: str, **how: object) -> str:
            answer = client.request(method, path, headers={**bearer(tokens[who]), **how.pop("headers", {})}, **how)  # type: ignore[arg-type, dict-item]
            told.append(f"{answer.status_code} {answer.headers} {answer.text}")
            return answer.text

        sent = [(GEMEENTE, allocation()), (AANBIEDER, start()), (AANBIEDER, lone_start("S2", Geslacht=BSN))]
        sent += [(AANBIEDER, lone_start("S3", Achternaam="Proefstra" * 40)), (GEMEENTE, lone_start("S4"))]
        sent += [(AANBIEDER, unreadable()) for _, unreadable, *_ in UNREADABLE]
        for nr, (who, body) in enumerate(sent):
            prefer = {"Prefer": "respond-async"} if nr % 2 else {}
            call(who, "POST", "/v1/berichten", content=body, headers={"Content-Type": "application/xml", **prefer})
        waiting = "/v1/berichten?status=received"
        until("What waits is judged", lambda: not json.loads(call("operator", "GET", waiting))["berichten"], server)
        for each in json.loads(call("operator", "GET", "/v1/berichten"))["berichten"]:
            for path in ("", "/bevindingen", "/oordelen"):
                call("operator", "GET", f"/v1/berichten/{each['id']}{path}")
        for path in (f"/v1/berichten/{BSN}", f"/v1/berichten?tekst={BSN}", f"/v1/{BSN}?x={BSN}"):
            client.get(path, headers=bearer(tokens["operator"]))
        told.append(client.get("/metrics").text)
        written = {"serve": server.said, "worker": worker.said, "answers": "\n".join(told)}
    assert "taken_up" in written["worker"] + written["serve"]
    for where, text in written.items():
        assert not [value for value in NOT_TOLD if value in text], where


def made(folder: Path, on: dict[str, str], *options: str) -> str:
    """A token."""
    done = run(folder, "token", "create", "--label", "test", *options, **on)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()
