"""The keys on the command line: a new one is made, added, everything is put under it, and the old one goes."""

import re
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import update

from iwmo_gateway.gateway.context import open_gateway
from iwmo_gateway.gateway.receive import receive
from iwmo_gateway.settings import Settings
from iwmo_gateway.store.database import Database
from iwmo_gateway.store.tables import encryption_keys
from tests.acceptance.processes import run
from tests.conftest import SECRET, TODAY
from tests.integration.test_http_builders import allocation
from tests.integration.test_waiting import CALLER


def filled(settings: Settings) -> None:
    """Keep an allocation and its answer under the first key."""
    gateway = open_gateway(settings)
    gateway.warm_up()
    receive(gateway, CALLER, allocation(), TODAY)
    gateway.close()


def test_a_key_is_replaced_by_a_newer_one(settings: Settings, tmp_path: Path) -> None:
    filled(settings)
    on = {"IWMO_DATABASE_URL": settings.database_url, "IWMO_SECRET_KEY": SECRET}
    made = run(tmp_path, "keys", "new", **on)
    assert made.returncode == 0, made.stderr
    if settings.database_url.startswith("sqlite"):
        file = Path(settings.database_url.removeprefix("sqlite:///")).with_suffix(".keys")
        assert made.stdout.split() == ["Key", "2", "is", "in", str(file)]
        assert re.fullmatch(r"2:[0-9a-f]{64}\n", file.read_text(encoding="ascii"))
        assert file.stat().st_mode & 0o077 == 0
    else:
        assert re.fullmatch(r"2:[0-9a-f]{64}\n", made.stdout)
        early = run(tmp_path, "keys", "add", **on)
        assert (early.returncode, early.stderr.count("\n")) == (2, 1)
        on["IWMO_ENCRYPTION_KEYS"] = made.stdout.strip()

    assert states(tmp_path, on) == {"1": ("versleutelt", "2", "1"), "2": ("nog niet in gebruik", "0", "0")}
    assert "Key 2 encrypts" in run(tmp_path, "keys", "add", **on).stdout
    refused = run(tmp_path, "keys", "retire", "1", **on)
    assert (refused.returncode, refused.stdout) == (2, "")
    assert "keys rotate" in refused.stderr
    rotated = run(tmp_path, "keys", "rotate", **on)
    assert rotated.returncode == 0, rotated.stderr
    assert "5/5" in rotated.stdout
    assert "Everything is under the newest key" in rotated.stdout
    assert "0/0" in run(tmp_path, "keys", "rotate", **on).stdout
    early = run(tmp_path, "keys", "retire", "1", **on)
    assert (early.returncode, early.stderr.count("\n")) == (2, 1)
    assert "Retire it after" in early.stderr
    with closing(Database(settings.database_url)) as database, database.writing() as transaction:
        transaction.execute(update(encryption_keys).values(added_at=TODAY))
    assert run(tmp_path, "keys", "retire", "1", **on).returncode == 0
    assert states(tmp_path, on)["1"][0].startswith("vervallen")
    # The first key may go now, and what is kept opens.
    del on["IWMO_SECRET_KEY"]
    assert states(tmp_path, on)["2"] == ("versleutelt", "2", "1")


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_key_that_is_not_there_is_not_retired(settings: Settings, tmp_path: Path) -> None:
    filled(settings)
    on = {"IWMO_DATABASE_URL": settings.database_url, "IWMO_SECRET_KEY": SECRET}
    for version in ("1", "7"):
        done = run(tmp_path, "keys", "retire", version, **on)
        assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)


def states(folder: Path, on: dict[str, str]) -> dict[str, tuple[str, str, str]]:
    """State, messages and clients of every version, as `keys list` shows them."""
    done = run(folder, "keys", "list", **on)
    assert done.returncode == 0, done.stderr
    rows = [[cell.strip() for cell in line.split("│")[1:-1]] for line in done.stdout.splitlines() if "│" in line]
    return {version: (state, messages, clients) for version, state, _, messages, clients, _ in rows}
