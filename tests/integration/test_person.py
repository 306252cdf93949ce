"""What is kept about a person is found and given, whatever became of the messages, and nothing of anybody else."""

import json
from pathlib import Path
from subprocess import run as run_process

from iwmo_gateway.gateway import person
from iwmo_gateway.settings import Settings
from tests.acceptance.processes import command, environment
from tests.cases import FIXTURES
from tests.conftest import SECRET, Callers
from tests.integration.test_http_builders import (
    AANBIEDER,
    BSN,
    GEMEENTE,
    OTHER_BSN,
    allocation,
    day,
    document_of,
    lone_start,
    start,
)


def test_everything_about_a_person_is_given_and_nothing_about_another(call: Callers) -> None:
    mine = [
        call.send(GEMEENTE, allocation()).json(),
        call.send(AANBIEDER, start(), day("2023-02-08")).json(),
        call.send(AANBIEDER, lone_start("ONJUIST", Code="99X99"), day("2023-02-08")).json(),
        call.send(AANBIEDER, lone_start("SCHEMA", Geslacht="7"), day("2023-02-08")).json(),
    ]
    theirs = call.send(AANBIEDER, lone_start("ANDER", Bsn=OTHER_BSN, Achternaam="Anderman")).json()
    body = (FIXTURES / "vooraf" / "declaratie-twee-clienten-3.2.xml").read_bytes()
    both = call.send(document_of(body).kop.afzender or "", body, day("2023-03-02")).json()
    looked: list[int] = []
    given = person.export(call.gateway, BSN, looked.append)

    ids = {one["id"] for one in given["berichten"]}
    assert {one["id"] for one in mine} <= ids
    assert mine[2]["retour"]["id"] in ids, "the return message that names the client"
    assert theirs["id"] not in ids
    assert sum(looked) == person.count(call.gateway)
    assert {name: len(rows) for name, rows in given["feiten"].items() if rows}.items() >= {
        "toewijzing_versies": 2,
        "starts": 1,
    }.items()
    assert given["geboortedata"] == ["1951-04-17"]
    text = json.dumps(given, default=str)
    assert "Proefstra" in text
    assert OTHER_BSN not in text
    assert "Anderman" not in text
    shared = [one for one in given["berichten"] if one["id"] == both["id"]]
    assert all(part.count("Bsn>") == 2 for one in shared for part in one["over_u"])
    assert person.export(call.gateway, "999990019", looked.append)["berichten"] == []


def test_a_bsn_is_found_however_it_is_written(call: Callers) -> None:
    written = (
        f"<wmo305:Bsn>&#57;{BSN[1:]}</wmo305:Bsn>",
        f"<wmo305:Bsn>{BSN[:4]}<!-- -->{BSN[4:]}</wmo305:Bsn>",
        f"<wmo305:BSN>{BSN}</wmo305:BSN>",
        f"</wmo305:Client><wmo305:Bsn>{BSN}</wmo305:Bsn><wmo305:Client>",
    )
    for nr, how in enumerate(written):
        body = lone_start(f"S{nr}").decode().replace(f"<wmo305:Bsn>{BSN}</wmo305:Bsn>", how)
        assert call.send(AANBIEDER, body.encode()).status_code in {201, 422}, how
    number = start("NUMMER", int(BSN), Bsn=OTHER_BSN)
    assert call.send(AANBIEDER, number).status_code == 201
    given = person.export(call.gateway, BSN, lambda some: None)["berichten"]
    sent = [one["identificatie"] for one in given if one["soort"] == "WMO305"]
    assert sent == ["S0", "S1", "S2", "S3"], "a number of something else is no Bsn"


def test_the_bsn_comes_on_standard_input_alone(call: Callers, settings: Settings, tmp_path: Path) -> None:
    call.send(AANBIEDER, lone_start())
    on = environment(IWMO_DATABASE_URL=settings.database_url, IWMO_SECRET_KEY=SECRET)

    def export(said: str, *options: str) -> tuple[int, str]:
        done = run_process(
            [*command(), "person", "export", "--to", "ik.json", *options],
            cwd=tmp_path, env=on, input=said, capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        assert BSN not in done.stdout + done.stderr
        assert "Traceback" not in done.stderr
        return done.returncode, done.stderr

    assert export(BSN)[0] == 2
    assert export("12345", "--bsn-from-stdin")[0] == 2
    assert not (tmp_path / "ik.json").exists()
    assert export(BSN, "--bsn-from-stdin")[0] == 0
    file = tmp_path / "ik.json"
    assert file.stat().st_mode & 0o077 == 0
    assert json.loads(file.read_text(encoding="utf-8"))["bsn"] == BSN
    refused, told = export(BSN, "--bsn-from-stdin")
    assert (refused, told.count("\n")) == (2, 1), "before minutes were spent on looking"
    assert "cannot be written" in told
    assert json.loads(file.read_text(encoding="utf-8"))["bsn"] == BSN
