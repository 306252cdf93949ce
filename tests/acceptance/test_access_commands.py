"""Tokens, parties and mandates on the command line, and what they let in over HTTP."""

import re
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from iwmo_gateway.settings import Settings
from tests.acceptance.processes import bearer, run, run_each, serving
from tests.conftest import SECRET
from tests.integration.test_http_builders import AANBIEDER, GEMEENTE, lone_start

BUREAU = "98000001"
ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@pytest.fixture
def on(settings: Settings) -> dict[str, str]:
    """The variables by which a process finds the test's database."""
    return {"IWMO_DATABASE_URL": settings.database_url, "IWMO_SECRET_KEY": SECRET}


def said(done: CompletedProcess[str]) -> str:
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.strip()


def made(folder: Path, on: dict[str, str], *options: str) -> str:
    return said(run(folder, "token", "create", "--label", "test", *options, **on))


def ids(folder: Path, on: dict[str, str], group: str) -> list[str]:
    """The ids in the first column of a list, oldest first."""
    return re.findall(rf"^│ ({ID.pattern}) │", said(run(folder, group, "list", **on)), re.MULTILINE)


def test_a_token_is_rotated_and_both_are_listed(on: dict[str, str], tmp_path: Path) -> None:
    old = made(tmp_path, on, "--party", AANBIEDER, "--rights", "read", "--domains", "jw", "--expires", "2099-12-31")
    (first,) = ids(tmp_path, on, "token")
    new = said(run(tmp_path, "token", "rotate", first, "--overlap", "3", **on))
    assert re.fullmatch(r"\S{40,}", new)
    listed = said(run(tmp_path, "token", "list", **on))
    assert new not in listed
    assert "…" not in listed, "nothing is cut off where no terminal bounds it"
    _, second = ids(tmp_path, on, "token")
    assert first != second
    assert listed.count("read") == listed.count(" jw ") == 2
    assert "2099-12-31" not in listed  # the old one ends sooner now
    with serving(tmp_path, **on) as (_, client):
        for token in (old, new):
            assert client.get("/v1/mailbox", headers=bearer(token)).status_code == 200
        headers = bearer(new) | {"Content-Type": "application/xml"}
        assert client.post("/v1/berichten", content=lone_start(), headers=headers).json()["code"] == "IB008"
        assert said(run(tmp_path, "token", "rotate", second, "--overlap", "0", **on))
        answer = client.get("/v1/mailbox", headers=bearer(new))
        assert (answer.status_code, answer.json()["code"]) == (401, "token-verlopen")


def test_what_a_token_cannot_be_is_refused_in_one_line(tmp_path: Path) -> None:
    url = {"IWMO_DATABASE_URL": f"sqlite:///{tmp_path / 'iwmo.db'}"}
    wrong = {
        "--party 0340 --rights lezen": "lezen",
        "--party 0340 --rights operate": "send",
        "--party 0340 --domains wlz": "wlz",
        "--party 0340 --expires 2020-01-01": "later than now",
        "--role auditor --domains jw": "both",
    }
    asked = [["token", "create", "--label", "x", *options.split()] for options in wrong]
    for text, done in zip(wrong.values(), run_each(tmp_path, asked, **url), strict=True):
        assert done.returncode == 2
        assert text in done.stderr
        assert len(done.stderr.splitlines()) == 1
    (done,) = run_each(tmp_path, [["token", "rotate", "x"]], **url)
    assert (done.returncode, "token list" in done.stderr) == (2, True)


def test_a_token_of_a_subject_is_told_by_its_id_and_made_once(tmp_path: Path) -> None:
    url = {"IWMO_DATABASE_URL": f"sqlite:///{tmp_path / 'iwmo.db'}"}
    asked = ["token", "create", "--role", "auditor", "--label", "A. Jansen", "--subject", "sub-1"]
    first, again = (run(tmp_path, *asked, **url) for _ in range(2))
    assert said(first) == ids(tmp_path, url, "token")[0]
    assert (again.returncode, "revoke it first" in again.stderr) == (2, True)


def test_a_mandate_lets_a_bureau_in_until_it_is_revoked(on: dict[str, str], tmp_path: Path) -> None:
    headers = bearer(made(tmp_path, on, "--party", BUREAU)) | {"Content-Type": "application/xml"}
    assert f"{GEMEENTE}: known" in said(run(tmp_path, "party", "add", GEMEENTE, **on))
    created = said(run(tmp_path, "mandate", "create", "--party", AANBIEDER, "--bureau", BUREAU, **on))
    (mandate,) = ids(tmp_path, on, "mandate")
    assert created.startswith(f"{mandate}: {BUREAU} acts for {AANBIEDER} from ")
    with serving(tmp_path, **on) as (_, client):
        sent = client.post("/v1/berichten", content=lone_start(), headers=headers)
        assert (sent.status_code, sent.json()["afzender"]) == (201, AANBIEDER)
        revoked = run(tmp_path, "mandate", "revoke", mandate, **on)
        assert BUREAU in said(revoked)
        assert AANBIEDER in revoked.stdout
        answer = client.post("/v1/berichten", content=lone_start("START02"), headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (403, "IB009")
    assert "operator:command line" in said(run(tmp_path, "mandate", "list", **on))


def test_a_mandate_that_makes_no_sense_is_refused_in_one_line(tmp_path: Path) -> None:
    url = {"IWMO_DATABASE_URL": f"sqlite:///{tmp_path / 'iwmo.db'}"}
    wrong = {
        f"create --party {AANBIEDER} --bureau {AANBIEDER}": "itself",
        f"create --party {AANBIEDER} --bureau 12": "12",
        f"create --party {AANBIEDER} --bureau {BUREAU} --from 2026-02-01 --until 2026-01-31": "ends",
        "revoke x": "mandate list",
    }
    for text, done in zip(
        wrong.values(), run_each(tmp_path, [["mandate", *one.split()] for one in wrong], **url), strict=True
    ):
        assert done.returncode == 2
        assert text in done.stderr
        assert len(done.stderr.splitlines()) == 1


def test_a_party_takes_part_where_it_is_said_to(on: dict[str, str], tmp_path: Path) -> None:
    token = made(tmp_path, on, "--party", AANBIEDER)
    assert "jw from now on" in said(run(tmp_path, "party", "set", AANBIEDER, "--domains", "jw", **on))
    assert re.search(rf"│ {AANBIEDER} .* jw +│", said(run(tmp_path, "party", "list", **on)))
    with serving(tmp_path, **on) as (_, client):
        headers = bearer(token) | {"Content-Type": "application/xml"}
        assert client.post("/v1/berichten", content=lone_start(), headers=headers).json()["code"] == "IB008"
    (done,) = run_each(tmp_path, [["party", "set", AANBIEDER, "--domains", "wlz"]], **on)
    assert (done.returncode, "wlz" in done.stderr) == (2, True)
