"""A replay as an operator meets it: a process that is killed, a command that is interrupted, a question to answer."""

import json
import os
import pty
import re
import signal
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from subprocess import PIPE, Popen

import pytest

from iwmo_gateway.gateway import replay
from iwmo_gateway.gateway.access import Caller
from iwmo_gateway.gateway.context import Gateway
from iwmo_gateway.gateway.receive import Taken, receive
from iwmo_gateway.gateway.replay import Action, Wish
from iwmo_gateway.gateway.results import find
from iwmo_gateway.store.messages import Status
from iwmo_gateway.store.parties import TokenRole
from iwmo_gateway.store.search import Search
from tests.acceptance import stuck
from tests.acceptance.processes import PATIENCE, command, environment, run, run_each, running, until
from tests.conftest import SECRET
from tests.integration.test_http_builders import AANBIEDER, GEMEENTE, allocation, day, start

REASON = "de 301 kwam na de 305"


ON_ONE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
"""What the command says and asks does not hang on the database."""


@dataclass(frozen=True)
class Early:
    """Starts that were refused for want of their allocations, which have come since."""

    gateway: Gateway
    ids: Sequence[str]

    @property
    def settings(self) -> dict[str, str]:
        url = self.gateway.settings.database_url
        return {"IWMO_DATABASE_URL": url, "IWMO_SECRET_KEY": SECRET, "IWMO_LEASE_SECONDS": "1"}

    def judged(self) -> list[tuple[str, int]]:
        """The status of each, and how often it was judged."""
        operator = Caller(TokenRole.OPERATOR, None, "operator:test", datetime.now(UTC))
        found = [find(self.gateway, operator, identity) for identity in self.ids]
        return [(one.message.status, one.message.judgements) for one in found if one is not None]


@pytest.fixture
def early(gateway: Gateway) -> Early:
    ids = [sent(gateway, AANBIEDER, start(f"VROEG{nr}", 700001 + 10 * nr), "2023-02-08") for nr in range(3)]
    for nr in range(3):
        sent(gateway, GEMEENTE, allocation(f"TOEWIJZING{nr}", 700001 + 10 * nr, 700002 + 10 * nr), "2023-02-09")
    return Early(gateway, ids)


def sent(gateway: Gateway, party: str, body: bytes, received: str) -> str:
    caller = Caller(TokenRole.PARTY, party, party, datetime.now(UTC))
    taken = receive(gateway, caller, body, day(received))
    assert isinstance(taken, Taken)
    return taken.result.message.id


@pytest.mark.parametrize("place", ["judging", "delivering"])
def test_a_replay_whose_process_is_killed_goes_on_by_itself(early: Early, tmp_path: Path, place: str) -> None:
    now = datetime.now(UTC)
    operator = Caller(TokenRole.OPERATOR, None, "operator:test", now)
    made = replay.preview(early.gateway, operator, Search(status=Status.REJECTED), {}, Wish(REASON))
    assert replay.change(early.gateway, operator, made, Action.START)
    program = [sys.executable, stuck.__file__, place, str(tmp_path)]
    works = ["serve", "--port", "0"] if early.gateway.database.embedded else ["worker"]
    with running(tmp_path, *works, program=program, **early.settings) as process:
        until("The process is stuck", (tmp_path / "stuck").exists, process)
        process.kill()
    assert early.judged() == [("rejected", 1)] * 3

    with running(tmp_path, *works, **early.settings) as process:
        until("It is finished", lambda: replay.progress(early.gateway, made, now).replay.status == "finished", process)
    assert early.judged() == [("accepted", 2)] * 3
    assert replay.progress(early.gateway, made, now).outcomes == {"judged": 3}


def test_a_command_that_is_interrupted_pauses_and_says_how_to_go_on(early: Early, tmp_path: Path) -> None:
    program = [sys.executable, stuck.__file__, "judging", str(tmp_path)]
    asked = ("replay", "--status", "rejected", "--reason", REASON, "--yes-count", "3")
    with running(tmp_path, *asked, program=program, **early.settings) as process:
        until("The process is stuck", (tmp_path / "stuck").exists, process)
        process.process.send_signal(signal.SIGINT)
        (tmp_path / "go").touch()
        assert process.ended() == 130
        said = process.said
    assert early.judged() == [("accepted", 2), ("rejected", 1), ("rejected", 1)]
    (resume,) = re.findall(r"iwmo-gateway (replay resume \S+)", said)
    (cancel,) = re.findall(r"iwmo-gateway (replay cancel \S+)", said)

    done = run(tmp_path, *resume.split(), "--json", **early.settings)
    assert (done.returncode, done.stderr) == (0, "")
    told = json.loads(done.stdout)
    assert (told["status"], told["outcomes"]) == ("finished", {"judged": 3})
    assert [(one["action"], one["actor"]) for one in told["history"]] == [
        (action, "operator:command line") for action in ("start", "pause", "resume")
    ]
    assert early.judged() == [("accepted", 2)] * 3
    late = run(tmp_path, *cancel.split(), **early.settings)
    assert late.returncode == 2
    assert "finished" in late.stderr


@ON_ONE
def test_a_count_that_is_not_confirmed_is_not_judged(early: Early, tmp_path: Path) -> None:
    asked = ("replay", "--status", "rejected", "--from", "2023-02-01", "--until", "2023-02-09", "--reason", REASON)
    calls = [[*asked, *wrong] for wrong in ((), ("--yes-count", "4"))]
    for done in run_each(tmp_path, calls, **early.settings):
        assert (done.returncode, done.stdout) == (2, "")
        assert "3 messages" in done.stderr
        assert "Nothing was judged" in done.stderr
    for reason in ("", "  ", "x" * 501):
        done = run(tmp_path, "replay", "--status", "rejected", "--yes-count", "3", "--reason", reason, **early.settings)
        assert (done.returncode, done.stderr.count("\n")) == (2, 1), reason
        assert "--reason" in done.stderr
    code, said = at_a_terminal(tmp_path, asked, b"yes\r", early)
    assert (code, "Type 3 to replay 3 messages" in said) == (2, True)
    assert early.judged() == [("rejected", 1)] * 3
    code, said = at_a_terminal(tmp_path, asked, b"3\r", early)
    assert (code, "3/3" in said) == (0, True)
    assert early.judged() == [("accepted", 2)] * 3


@ON_ONE
def test_replays_are_listed_shown_paused_and_cancelled(early: Early, tmp_path: Path) -> None:
    shown = run(tmp_path, "replay", "--rule", "TR019", "--reason", REASON, "--dry-run", **early.settings)
    assert shown.returncode == 0
    assert "−3×TR019" in shown.stdout
    assert early.judged() == [("rejected", 1)] * 3
    operator = Caller(TokenRole.OPERATOR, None, "operator:test", datetime.now(UTC))
    made = replay.preview(early.gateway, operator, Search(status=Status.REJECTED), {}, Wish(REASON))
    assert replay.change(early.gateway, operator, made, Action.START)
    calls = {
        "pause": f"replay pause {made}",
        "list": "replay list --json",
        "cancel": f"replay cancel {made}",
        "show": f"replay show {made} --json",
        "unknown": f"replay show {early.ids[0]}",
        "neither": f"replay --reason {made}",
    }
    told = {name: run(tmp_path, *line.split(), **early.settings) for name, line in calls.items()}
    assert {name: done.returncode for name, done in told.items()} == dict.fromkeys(calls, 0) | {
        "unknown": 2,
        "neither": 2,
    }
    assert f"replay resume {made}" in told["pause"].stderr
    newest = json.loads(told["list"].stdout)[0]
    assert (newest["id"], newest["status"]) == (made, "paused")
    assert json.loads(told["show"].stdout)["outcomes"] == {"cancelled": 3}
    assert early.judged() == [("rejected", 1)] * 3


def at_a_terminal(folder: Path, asked: Sequence[str], answer: bytes, early: Early) -> tuple[int, str]:
    """Run the command where somebody can be asked, who answers this: its exit code, and what it asked and showed."""
    keyboard, terminal = pty.openpty()
    settings = environment(**early.settings, COLUMNS="120")
    process = Popen([*command(), *asked], cwd=folder, env=settings, stdin=terminal, stdout=PIPE, stderr=terminal)
    os.close(terminal)
    os.write(keyboard, answer)
    said = b""
    while True:
        try:
            piece = os.read(keyboard, 4096)
        except OSError:  # on Linux the end of a terminal
            break
        said += piece
    process.communicate(timeout=PATIENCE)
    os.close(keyboard)
    return process.returncode, said.decode()
