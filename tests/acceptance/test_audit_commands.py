"""The audit trail on the command line: what commands do stands in it, and verifying finds what somebody did to it."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
import typer.main

from iwmo_gateway.cli import app
from tests.acceptance.processes import bearer, run, serving, until
from tests.unit.test_docs import commands

WRITTEN_DOWN = {
    "audit head",
    "audit seal",
    "audit verify",
    "contract load",
    "contract show",
    "keys add",
    "keys list",
    "keys new",
    "keys retire",
    "keys rotate",
    "mandate create",
    "mandate list",
    "mandate revoke",
    "migrate",
    "party add",
    "party list",
    "party set",
    "person export",
    "purge",
    "replay cancel",
    "replay list",
    "replay pause",
    "replay resume",
    "replay run",
    "replay show",
    "token create",
    "token list",
    "token revoke",
    "token rotate",
}
NOT = {"serve", "worker", "demo", "validate", "rules", "codelists", "contract check", "contract index"}
"""They run a gateway, or have no database."""


def rows(folder: Path, what: str = "action, what, outcome") -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(folder / "var" / "iwmo.db")) as connection:
        return connection.execute(f"SELECT {what} FROM audit ORDER BY id").fetchall()  # noqa: S608


def tampered(folder: Path, statement: str) -> None:
    with closing(sqlite3.connect(folder / "var" / "iwmo.db")) as connection, connection:
        for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            connection.execute(f"DROP TRIGGER {name}")
        connection.execute(statement)


def test_every_command_is_written_down_or_shows_nothing_of_anybody() -> None:
    assert set(commands(typer.main.get_group(app))) == WRITTEN_DOWN | NOT


def test_what_an_operator_does_is_written_down_with_who_is_logged_in_where(tmp_path: Path) -> None:
    token = "01970000-0000-7000-8000-000000000000"
    run(tmp_path, "token", "create", "--party", "65656055", "--label", "x")
    run(tmp_path, "token", "create", "--party", "999912008", "--label", "x")
    run(tmp_path, "party", "set", "0340", "--answers-itself")
    run(tmp_path, "token", "revoke", token)
    assert run(tmp_path, "replay", token, "--reason", "fault mended").returncode == 1
    assert rows(tmp_path) == [
        ("administer", "token create 65656055", "ok"),
        ("administer", "token create …", "refused"),
        ("administer", "party set 0340", "ok"),
        ("administer", f"token revoke {token}", "ok"),
        ("replay", "replay run", "ok"),
    ]
    (who,) = set(rows(tmp_path, "actor, request"))
    assert who == ("operator:command line", None)
    (where,) = set(rows(tmp_path, "address"))
    assert "@" in str(where[0])


def test_a_fault_is_told_with_its_rows_and_ends_with_1(tmp_path: Path) -> None:
    for label in ("a", "b", "c"):
        run(tmp_path, "token", "create", "--role", "operator", "--label", label)
    assert run(tmp_path, "audit", "head").returncode == 2
    assert run(tmp_path, "audit", "seal").stdout == "Rows sealed: 4\n"
    head = run(tmp_path, "audit", "head").stdout.strip()
    right = run(tmp_path, "audit", "verify", "--head", head)
    assert (right.returncode, right.stderr) == (0, "")
    assert right.stdout.startswith("1 seal(s), 4 row(s), 0 fault(s)\n2 row(s) not sealed yet, the oldest of ")

    wrong = run(tmp_path, "audit", "verify", "--head", "00" * 32)
    assert (wrong.returncode, wrong.stdout.splitlines()[0]) == (
        1,
        "seal 1: no seal has the expected hash: the chain was cut off, or made anew",
    )
    for damaged in ("x", head[:-2], ""):
        refused = run(tmp_path, "audit", "verify", "--head", damaged)
        assert (refused.returncode, refused.stdout) == (2, ""), "no false alarm that the chain was cut off"

    tampered(tmp_path, "DELETE FROM audit WHERE id = 2")
    tampered(tmp_path, "UPDATE audit SET actor = 'operator:somebody else' WHERE id = 3")
    found = run(tmp_path, "audit", "verify")
    assert found.returncode == 1
    assert found.stdout.splitlines()[0] == "seal 1: rows do not fit: changed 3; missing 2"
    told = run(tmp_path, "audit", "verify", "--json")
    assert told.returncode == 1
    (fault,) = json.loads(told.stdout)["faults"]
    assert fault == {"seal": 1, "told": "rows do not fit", "changed": [[3, 3]], "missing": [[2, 2]], "added": []}


def test_a_gateway_seals_by_itself(tmp_path: Path) -> None:
    token = run(tmp_path, "token", "create", "--role", "auditor", "--label", "x").stdout.strip()
    with serving(tmp_path) as (process, client):
        assert client.get("/v1/audit", headers=bearer(token)).json()["audit"][0]["wat"] == "token create auditor"
        until("The trail is sealed", lambda: "audit_sealed" in process.said, process)
    assert run(tmp_path, "audit", "verify").stdout.startswith("1 seal(s)")


@pytest.mark.parametrize("command", ["seal", "verify"])
def test_another_key_than_that_of_the_database_is_refused(tmp_path: Path, command: str) -> None:
    run(tmp_path, "migrate")
    assert run(tmp_path, "audit", command).returncode == 0
    (tmp_path / "var" / "iwmo.key").unlink()
    refused = run(tmp_path, "audit", command)
    assert (refused.returncode, len(refused.stderr.splitlines())) == (2, 1)
