"""`contract check`, `load` and `show` as an officer meets them: the installed command, its words and how it ends."""

from pathlib import Path
from subprocess import CompletedProcess

import pytest
from typer.testing import CliRunner

from iwmo_gateway.cli import app
from iwmo_gateway.contract.amounts import euro
from iwmo_gateway.contract.profile import Profiel, parse_profiel
from iwmo_gateway.gateway.contracts import shipped_names
from iwmo_gateway.settings import Settings
from iwmo_gateway.shipped import shipped
from tests.acceptance.processes import run, run_each
from tests.conftest import SECRET

RHENEN = (shipped("contracts") / "rhenen-wmo-2023.toml").read_text(encoding="utf-8")
PROMISES = {
    "contract": "Contract profiles: what municipalities and providers agreed on",
    "contract check": "Check profiles, without a database",
    "contract load": "Load a profile as the next version of its name",
    "contract show": "List the profiles that are loaded, or explain one in Dutch",
    "contract index": "Propose the next year's tariffs as the next version of a profile",
}


@pytest.fixture
def on(settings: Settings) -> dict[str, str]:
    """The variables by which a process finds the test's database."""
    return {"IWMO_DATABASE_URL": settings.database_url, "IWMO_SECRET_KEY": SECRET}


def kept(folder: Path, name: str, *edits: tuple[str, str]) -> str:
    """Rhenen's profile with other words in a file; returns its name."""
    text = RHENEN
    for old, new in edits:
        assert old in text
        text = text.replace(old, new)
    (folder / name).write_text(text, encoding="utf-8")
    return name


def words(text: str) -> str:
    """Text without its line ends."""
    return " ".join(text.split())


def cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip("│").split("│")]


def one_line_of(done: CompletedProcess[str]) -> str:
    """What a command that could not do its work said about it, which is one line."""
    assert (done.returncode, done.stdout) == (2, ""), done.stderr[-500:]
    (line,) = done.stderr.splitlines()
    assert line.startswith("iwmo-gateway: ")
    return line


@pytest.mark.parametrize("name", PROMISES)
def test_help_of_a_command_says_how_it_is_called_and_what_it_does(name: str) -> None:
    done = CliRunner().invoke(app, [*name.split(), "--help"], prog_name="iwmo-gateway", env={"COLUMNS": "80"})
    assert done.exit_code == 0
    assert f"Usage: iwmo-gateway {name} " in words(done.output)
    assert PROMISES[name] in words(done.output)


# --- check ----------------------------------------------------------------------------------------------------------


def test_check_explains_a_right_profile_without_a_database(tmp_path: Path) -> None:
    done = run(tmp_path, "contract", "check", "rhenen-wmo-2023", IWMO_DATABASE_URL="sqlite:////nowhere/at/all.db")
    assert (done.returncode, done.stderr) == (0, "")
    for said in ("gemeente 0340", "2023-01-01 tot en met 2023-12-31", "iedere aanbieder is toegelaten", "vrijgesteld"):
        assert said in words(done.stdout)
    profiel = parse_profiel(RHENEN, "rhenen-wmo-2023")
    assert isinstance(profiel, Profiel)
    lines = {cells(line)[0]: cells(line) for line in done.stdout.splitlines() if line.startswith("│")}
    for product in profiel.producten:
        shown = lines[product.code]
        assert shown[2] == product.naam
        assert shown[3].startswith(product.eenheid)
        assert shown[4] == euro(product.tarieven[0].cents)
        assert shown[7] == str(product.functieniveau or "–")
    assert list(tmp_path.iterdir()) == []


def test_check_takes_files_and_names_together(tmp_path: Path) -> None:
    other = kept(tmp_path, "ander.toml", ("gemeente Rhenen", "gemeente [b]Elders[/b]"))
    done = run(tmp_path, "contract", "check", *shipped_names(), other)
    assert (done.returncode, done.stderr) == (0, "")
    for name in (*shipped_names(), "ander"):
        assert f"({name})" in words(done.stdout)
    assert "gemeente [b]Elders[/b]" in done.stdout


def test_check_tells_every_fault_with_file_and_line_and_ends_with_1(tmp_path: Path) -> None:
    wrong = kept(tmp_path, "fout.toml", ('"0340"', '"340"'), ("euro = 60.00", "euro = 60.005"), ("btw =", "vat ="))
    unread = kept(tmp_path, "los.toml", ("euro = 79.20", "euro = 79,20"))
    done = run(tmp_path, "contract", "check", wrong, "rhenen-wmo-2023", unread)
    assert (done.returncode, done.stderr) == (1, "")
    told = [line for line in done.stdout.splitlines() if ".toml:" in line]
    lines = RHENEN.splitlines()
    at = {
        part: next(i for i, line in enumerate(lines, 1) if part in line) for part in ('"0340"', "60.00", "btw", "79.20")
    }
    assert [line.split(": ")[0] for line in told] == [
        f"fout.toml:{at[chr(34) + '0340' + chr(34)]}",
        f"fout.toml:{at['btw']}",
        f"fout.toml:{at['60.00']}",
        f"los.toml:{at['79.20']}",
    ]
    assert 'gevonden "340"' in told[0]
    assert "vat is hier geen sleutel" in told[1]
    assert "gevonden 60.005" in told[2]
    assert "een punt en geen komma" in told[3]
    # The right one among them is explained all the same.
    assert "(rhenen-wmo-2023)" in done.stdout


def test_what_is_no_profile_at_all_is_told_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "map.toml").mkdir()
    calls = [["contract", *call.split()] for call in ("check x", "load x.toml", "check map.toml")]
    unknown, missing, folder = (one_line_of(done) for done in run_each(tmp_path, calls))
    assert unknown.endswith(f"meegeleverd zijn: {', '.join(shipped_names())}")
    assert missing.endswith("x.toml bestaat niet")
    assert "map.toml kan niet worden gelezen" in folder
    assert [path.name for path in tmp_path.iterdir()] == ["map.toml"]


# --- load and show --------------------------------------------------------------------------------------------------


def test_a_profile_is_loaded_once_changed_and_shown_in_every_version(on: dict[str, str], tmp_path: Path) -> None:
    said = [run(tmp_path, "contract", "load", "rhenen-wmo-2023", **on) for _ in range(2)]
    changed = kept(tmp_path, "rhenen-wmo-2023.toml", ("euro = 60.00", "euro = 61.20"))
    said.append(run(tmp_path, "contract", "load", changed, **on))
    assert [(done.returncode, done.stderr, done.stdout) for done in said] == [
        (0, "", "rhenen-wmo-2023/1 is geladen\n"),
        (0, "", "rhenen-wmo-2023/1 heeft deze inhoud al; er is niets veranderd\n"),
        (0, "", "rhenen-wmo-2023/2 is geladen\n"),
    ]

    shows = ([], ["rhenen-wmo-2023"], ["rhenen-wmo-2023/1"], ["rhenen-wmo-2023/1", "--toml"])
    shown = run_each(tmp_path, [["contract", "show", *more] for more in shows], **on)
    assert [done.returncode for done in shown] == [0, 0, 0, 0]
    listed, newest, first, text = (done.stdout for done in shown)
    rows = [cells(line) for line in listed.splitlines() if line.startswith("│")]
    assert [row[:5] for row in rows] == [
        [f"rhenen-wmo-2023/{version}", "wmo", "0340", "2023-01-01", "2023-12-31"] for version in (1, 2)
    ]
    assert all(name in listed.rpartition("│")[2] for name in shipped_names())
    assert ("61,20" in newest, "60,00" in newest) == (True, False)
    assert ("61,20" in first, "60,00" in first) == (False, True)
    assert "(rhenen-wmo-2023/2)" in newest
    assert text == RHENEN


def test_a_concept_is_told_first(on: dict[str, str], tmp_path: Path) -> None:
    checked, loaded = (
        run(tmp_path, "contract", verb, "midden-limburg-2024", **on).stdout for verb in ("check", "load")
    )
    assert checked.startswith("CONCEPT: ")
    assert words(loaded) == "CONCEPT: deze overeenkomst staat nog niet vast. midden-limburg-2024/1 is geladen"
    told = words(checked)
    assert "- Perceel 5: 045KV Wat verder wordt beoordeeld: - Percelen: Een client heeft in dezelfde tijd" in told
    assert "Wat aan een bericht niet te zien is, en dus niet wordt beoordeeld: - De grondslag en het perceel" in told


def test_in_an_empty_folder_what_cannot_be_loaded_is_refused_with_the_reason(tmp_path: Path) -> None:
    empty = run(tmp_path, "contract", "show")
    assert (empty.returncode, empty.stderr) == (0, "")
    assert all(name in empty.stdout for name in shipped_names())

    assert run(tmp_path, "contract", "load", "rhenen-wmo-2023").returncode == 0
    other, wrong = kept(tmp_path, "rhenen-anders.toml"), kept(tmp_path, "fout.toml", ('"0340"', '"340"'))
    calls = [["contract", *call.split()] for call in (f"load {other}", f"load {wrong}", "show fout")]
    second, faulty, unknown = run_each(tmp_path, calls)
    for said in ("rhenen-anders", "rhenen-wmo-2023/1", "0340", "2023-01-01 t/m 2023-12-31"):
        assert said in one_line_of(second)
    assert (faulty.returncode, faulty.stderr) == (1, "")
    assert faulty.stdout.startswith("fout.toml:8: gemeenten: verwacht")
    assert one_line_of(unknown).endswith("noemt wat dat wel is")


# --- index ----------------------------------------------------------------------------------------------------------


def test_index_proposes_a_next_version_that_check_takes_and_loads_nothing(tmp_path: Path) -> None:
    (tmp_path / "voorstel").mkdir()
    wanted = ("contract", "index", "rhenen-wmo-2023", "--cpi", "3.4", "--from", "2024-01-01")
    written = run(
        tmp_path, *wanted, "--output", "voorstel/rhenen-wmo-2023.toml", IWMO_DATABASE_URL="sqlite:////nowhere.db"
    )
    assert (written.returncode, written.stderr) == (0, "")
    table = {cells(line)[0]: cells(line)[2:] for line in written.stdout.splitlines() if line.startswith("│")}
    assert table["02A16"] == ["60,00", "61,80", "+1,80", "+3,00", "60 cent"]
    assert "telt nog niet" in words(written.stdout)

    printed = run(tmp_path, *wanted)
    assert printed.stdout == (tmp_path / "voorstel" / "rhenen-wmo-2023.toml").read_text(encoding="utf-8")
    assert "61,80" in printed.stderr
    assert run(tmp_path, "contract", "check", "voorstel/rhenen-wmo-2023.toml").returncode == 0
    assert [path.name for path in tmp_path.iterdir()] == ["voorstel"]


def test_index_overwrites_no_file_and_keeps_the_name(tmp_path: Path) -> None:
    mine = kept(tmp_path, "rhenen-wmo-2023.toml")
    wrong = kept(tmp_path, "fout.toml", ('"0340"', '"340"'))
    rest = ["--cpi", "3.4", "--from", "2024-01-01"]
    calls = [
        ["contract", "index", mine, *rest, "--output", mine],
        ["contract", "index", mine, *rest, "--output", "rhenen-wmo-2024.toml"],
        ["contract", "index", mine, *rest, "--output", "weg/rhenen-wmo-2023.toml"],
        ["contract", "index", mine, "--cpi", "3,4", "--from", "2024-01-01"],
        ["contract", "index", wrong, *rest],
    ]
    there, renamed, nowhere, comma, faulty = run_each(tmp_path, calls)
    assert "bestaat al" in one_line_of(there)
    assert "heet dan rhenen-wmo-2023.toml" in one_line_of(renamed)
    assert "kan niet worden geschreven" in one_line_of(nowhere)
    assert "zoals 3.4; gevonden 3,4" in one_line_of(comma)
    assert (faulty.returncode, faulty.stdout.startswith("fout.toml:8: gemeenten")) == (1, True)
    assert (tmp_path / mine).read_text(encoding="utf-8") == RHENEN
