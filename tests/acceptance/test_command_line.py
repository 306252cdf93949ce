"""The command line as a user meets it: the installed command in an empty folder, what it prints and how it ends."""

import json
import re
import socket
from collections.abc import Iterable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from subprocess import CompletedProcess

import pytest
from lxml import etree
from typer.testing import CliRunner

from iwmo_gateway import __version__
from iwmo_gateway.cli import app
from iwmo_gateway.gateway.access import Caller
from iwmo_gateway.gateway.context import Gateway
from iwmo_gateway.gateway.receive import Taken, receive
from iwmo_gateway.rules.rulebook import rulebook
from iwmo_gateway.settings import Settings
from iwmo_gateway.store.parties import TokenRole
from tests.acceptance.processes import bearer, run, run_each, running, serving
from tests.cases import FIXTURES, cases
from tests.conftest import SECRET

GOOD = FIXTURES / "verhaal" / "1-toewijzing.xml"
BAD = FIXTURES / "CD005" / "fout-301-land-zonder-postcode.xml"
UNFIT = FIXTURES / "verhaal" / "4-verkeerd-formaat.xml"
UNREADABLE = FIXTURES / "niet-xml" / "truncated.xml"
TOEWIJZING = (FIXTURES / "vooraf" / "toewijzing-3.2.xml").read_bytes()
START = (FIXTURES / "vooraf" / "start-3.2.xml").read_bytes()
GEMEENTE, AANBIEDER = "0384", "42420001"

PROMISES = {
    "serve": "Serve the HTTP interface",
    "worker": "Take up messages that wait",
    "migrate": "Bring the database to the revision that this version works with",
    "demo": "Send a story over HTTP to a gateway of its own",
    "validate": "Judge files without a store",
    "rules": "Show every rule, per domain and release",
    "replay": "Judge kept messages again",
    "token": "Tokens of parties, operators and auditors",
    "token create": "Make a token, and print it alone",
    "token list": "Show every token, without the token itself",
    "token rotate": "Make a token in the place of another, alike but for its end",
    "token revoke": "Revoke a token, at once",
    "party": "Parties: municipalities and providers",
    "party list": "Show every party: who answers what it receives, where it takes part",
    "party add": "Make a party known, so that messages can be sent to it",
    "party set": "Say whether a party sends return messages (302, 306, 325 and so on) itself",
    "mandate": "Mandates: which service bureau acts for which party",
    "mandate create": "Let a service bureau send, read and decide for a party",
    "mandate list": "Show every mandate, those that ended too",
    "mandate revoke": "End a mandate, at once",
}


@pytest.fixture
def on(settings: Settings) -> dict[str, str]:
    """The variables by which a process finds the test's database."""
    return {"IWMO_DATABASE_URL": settings.database_url, "IWMO_SECRET_KEY": SECRET}


# --- help and version -----------------------------------------------------------------------------------------------


def test_help_says_what_each_command_does(tmp_path: Path) -> None:
    told = run_each(tmp_path, [["--help"], ["token", "--help"], ["party", "--help"], ["mandate", "--help"]])
    assert [(done.returncode, done.stderr) for done in told] == [(0, "")] * 4
    overview, of_tokens, of_parties, of_mandates = (words(done.stdout) for done in told)
    for name, promise in PROMISES.items():
        group, _, command = name.partition(" ")
        page = {"token": of_tokens, "party": of_parties, "mandate": of_mandates}[group] if command else overview
        assert promise in page, name
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", PROMISES)
def test_help_of_a_command_says_how_it_is_called_and_what_it_does(name: str) -> None:
    done = CliRunner().invoke(app, [*name.split(), "--help"], prog_name="iwmo-gateway", env={"COLUMNS": "80"})
    assert done.exit_code == 0
    assert f"Usage: iwmo-gateway {name} ".replace("  ", " ") in words(done.output)
    assert PROMISES[name] in words(done.output)


def test_version_prints_the_version_alone(tmp_path: Path) -> None:
    done = run(tmp_path, "--version")
    assert (done.returncode, done.stdout, done.stderr) == (0, f"{__version__}\n", "")


# --- tokens ---------------------------------------------------------------------------------------------------------


def test_a_token_is_printed_alone_works_at_once_is_never_shown_again_and_can_be_revoked(
    on: dict[str, str], tmp_path: Path
) -> None:
    made = run(tmp_path, "token", "create", "--party", "0340", "--label", "koppeling", **on)
    assert (made.returncode, made.stderr) == (0, "")
    assert made.stdout.count("\n") == 1
    token = made.stdout.removesuffix("\n")
    assert re.fullmatch(r"\S{40,}", token)

    listed = run(tmp_path, "token", "list", **on)
    assert listed.returncode == 0
    assert "koppeling" in listed.stdout
    assert "0340" in listed.stdout
    assert token not in listed.stdout + listed.stderr
    found = re.search(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", listed.stdout)
    assert found, f"The list does not show the id that `token revoke` asks for:\n{listed.stdout}"

    with serving(tmp_path, **on) as (_, client):
        assert client.get("/v1/mailbox", headers=bearer(token)).json() == {"berichten": [], "links": {"next": None}}
        revoked = run(tmp_path, "token", "revoke", found.group(), **on)
        assert (revoked.returncode, revoked.stderr) == (0, "")
        assert "koppeling" in revoked.stdout
        assert client.get("/v1/mailbox", headers=bearer(token)).status_code == 401


def test_a_token_for_nobody_is_refused(tmp_path: Path) -> None:
    wrong = {
        "--label x --party 340": "340",
        "--label x": "party",
        "--label x --role operator --party 0340": "party",
        "--label= --party 0340": "label",
        f"--label {'x' * 81} --party 0340": "label",
    }
    for said, done in zip(wrong.values(), refused_tokens(tmp_path, wrong), strict=True):
        assert said in one_line_of(done).lower()


def test_a_token_that_is_asked_for_in_the_wrong_way_is_refused_with_the_option_that_is_wrong(tmp_path: Path) -> None:
    wrong = {"--label x --role chef": "--role", "--party 0340": "--label"}
    for said, done in zip(wrong.values(), refused_tokens(tmp_path, wrong), strict=True):
        assert (done.returncode, done.stdout) == (2, "")
        assert said in done.stderr
        assert "Traceback" not in done.stderr


def test_revoking_a_token_that_is_not_there_says_so(on: dict[str, str], tmp_path: Path) -> None:
    unknown = ["0186c000-0000-7000-8000-000000000000", "geen-id"]
    told = run_each(tmp_path, [["token", "revoke", token_id] for token_id in unknown], **on)
    for token_id, done in zip(unknown, told, strict=True):
        said = one_line_of(done)
        assert token_id in said
        assert "token list" in said


# --- validate -------------------------------------------------------------------------------------------------------


def test_validate_of_a_good_message_says_that_it_is_good_and_what_was_not_judged(tmp_path: Path) -> None:
    done = run(tmp_path, "validate", str(GOOD))
    assert (done.returncode, done.stderr) == (0, "")
    (line,) = done.stdout.splitlines()
    assert line.startswith(f"{GOOD}: WMO301 3.2: goed")
    assert "niveau 3 vraagt eerdere berichten" in line
    assert list(tmp_path.iterdir()) == []


def test_validate_prints_faults_as_a_compiler_does_and_exits_1(tmp_path: Path) -> None:
    expected = {
        BAD: ("CD005 [0001]", "WMO301 3.2: afgekeurd"),
        UNFIT: ("XSD", "voldoet niet aan het schema"),
        UNREADABLE: ("XML", "geen bericht"),
    }
    told = run_each(tmp_path, [["validate", str(file)] for file in expected])
    for (file, (code, verdict)), done in zip(expected.items(), told, strict=True):
        assert (done.returncode, done.stderr) == (1, "")
        *faults, summary = done.stdout.splitlines()
        assert faults
        for fault in faults:
            assert re.fullmatch(rf"{re.escape(str(file))}:[1-9]\d*: {re.escape(code)} \S.*", fault), fault
        assert summary.startswith(f"{file}: ")
        assert verdict in summary
    (line,) = re.findall(r":(\d+): CD005 ", told[0].stdout)
    assert int(line) == line_of_the_fault(BAD)


def test_validate_received_judges_by_that_day(tmp_path: Path) -> None:
    days = ["2023-01-24", "2023-01-25", "25-01-2023"]
    early, in_time, wrong = run_each(tmp_path, [["validate", "--received", day, str(GOOD)] for day in days])
    assert (early.returncode, "TR135 [8848]" in early.stdout) == (1, True)
    assert in_time.returncode == 0
    assert wrong.returncode == 2
    assert "25-01-2023" in wrong.stderr


def test_validate_json_is_one_document_for_all_files(tmp_path: Path) -> None:
    files = [GOOD, BAD, UNFIT, UNREADABLE]
    done = run(tmp_path, "validate", "--json", *map(str, files))
    assert (done.returncode, done.stderr) == (1, "")
    reports = json.loads(done.stdout)
    assert [report["file"] for report in reports] == [str(file) for file in files]
    assert [report["soort"] for report in reports] == ["WMO301 3.2", "WMO301 3.2", "WMO305 3.2", None]
    assert [report["refused"] for report in reports] == [False, True, True, True]
    assert [{finding["regel"] for finding in report["findings"]} for report in reports] == [
        set(),
        {"CD005"},
        {"XSD"},
        {"XML"},
    ]


def test_validate_of_a_file_that_is_not_there_names_it(tmp_path: Path) -> None:
    done = run(tmp_path, "validate", "weg.xml")
    assert (done.returncode, done.stdout) == (2, "")
    assert "weg.xml" in done.stderr


# --- rules ----------------------------------------------------------------------------------------------------------


def test_rules_prints_a_row_for_each_rule_in_every_domain_and_release(tmp_path: Path) -> None:
    whole, one, unknown = run_each(
        tmp_path, [["rules"], ["rules", "--domain", "jw", "--release", "3.2"], ["rules", "--release", "9.9"]]
    )
    for done, titles in ((whole, ["iwmo 2.3", "iwmo 3.2", "ijw 2.3", "ijw 3.2"]), (one, ["ijw 3.2"])):
        assert (done.returncode, done.stderr) == (0, "")
        assert re.findall(r"^ *(i\w+ \d\.\d) *$", done.stdout, re.MULTILINE) == titles
        rows = re.findall(r"^│ (\S+) +│", done.stdout, re.MULTILINE)
        assert rows == [*rulebook()] * len(titles)
    assert unknown.returncode != 0
    assert "9.9" in unknown.stderr


# --- parties --------------------------------------------------------------------------------------------------------


def test_a_party_is_set_to_answer_for_itself_and_back_and_is_listed(on: dict[str, str], tmp_path: Path) -> None:
    def listed() -> list[tuple[str, ...]]:
        done = run(tmp_path, "party", "list", **on)
        assert (done.returncode, done.stderr) == (0, "")
        return re.findall(r"^│ (\S+) +│ (\S+) +│ (\S.*?) +│ jw, wmo │", done.stdout, re.MULTILINE)

    assert listed() == []
    assert run(tmp_path, "token", "create", "--party", AANBIEDER, "--label", "koppeling", **on).returncode == 0
    done = run(tmp_path, "party", "set", GEMEENTE, "--answers-itself", **on)
    assert (done.returncode, done.stderr) == (0, "")
    assert GEMEENTE in done.stdout
    assert listed() == [(GEMEENTE, "gemeente", "zelf"), (AANBIEDER, "aanbieder", "de gateway")]
    assert run(tmp_path, "party", "set", GEMEENTE, "--gateway-answers", **on).returncode == 0
    assert listed() == [(GEMEENTE, "gemeente", "de gateway"), (AANBIEDER, "aanbieder", "de gateway")]


def test_a_party_without_a_code_or_a_choice_is_refused(on: dict[str, str], tmp_path: Path) -> None:
    asked = [["party", "set", "12345", "--answers-itself"], ["party", "set", GEMEENTE], ["party", "set"]]
    wrong, undecided, nobody = run_each(tmp_path, asked, **on)
    assert wrong.returncode != 0
    assert "12345" in wrong.stderr
    assert "Traceback" not in wrong.stderr
    assert undecided.returncode == nobody.returncode == 2
    assert run(tmp_path, "party", "list", **on).stdout.count(GEMEENTE) == 0


# --- replay ---------------------------------------------------------------------------------------------------------


def test_replay_shows_what_would_differ_and_then_judges_again(
    gateway: Gateway, on: dict[str, str], tmp_path: Path
) -> None:
    identity = kept(gateway, AANBIEDER, START)
    kept(gateway, GEMEENTE, TOEWIJZING)

    shown = run(tmp_path, "replay", identity, "--reason", "toewijzing kwam later", "--dry-run", **on)
    assert (shown.returncode, shown.stderr) == (0, "")
    assert identity in shown.stdout
    assert "shown" in shown.stdout
    assert "TR019" in shown.stdout

    done = run(tmp_path, "replay", identity, "--reason", "toewijzing kwam later", **on)
    assert (done.returncode, done.stderr) == (0, "")
    assert row_of(identity, done.stdout)[:3] == ["judged", "rejected", "accepted"]


def test_replay_of_what_is_not_there_says_so(on: dict[str, str], tmp_path: Path) -> None:
    unknown = "0186c000-0000-7000-8000-000000000000"
    calls = [["replay", identity, "--reason", "fault mended"] for identity in (unknown, "geen-id")]
    done, mistyped = run_each(tmp_path, calls, **on)
    assert (done.returncode, done.stderr) == (1, "")
    assert row_of(unknown, done.stdout)[0] == "missing"
    assert mistyped.returncode in {1, 2}
    assert "geen-id" in mistyped.stdout + mistyped.stderr
    assert "Traceback" not in mistyped.stderr


# --- settings -------------------------------------------------------------------------------------------------------


def test_a_setting_that_cannot_be_used_is_named_without_what_is_secret_in_it(tmp_path: Path) -> None:
    wrong = [
        ("IWMO_SECRET_KEY", "geheim"),
        ("IWMO_DATABASE_URL", "geheim"),
        ("IWMO_DATABASE_URL", "mysql://gebruiker:geheim@host/iwmo"),
    ]
    each = [{"IWMO_SECRET_KEY": SECRET} | {variable: value} for variable, value in wrong]
    told = run_each(tmp_path, [["worker"]] * len(wrong), *each)
    for (variable, _), done in zip(wrong, told, strict=True):
        said = one_line_of(done)
        assert variable in said
        assert "geheim" not in said


def test_every_setting_that_is_wrong_is_named_at_once(tmp_path: Path) -> None:
    said = one_line_of(run(tmp_path, "serve", IWMO_PORT="abc", IWMO_LOG_LEVEL="LOUD"))
    assert "IWMO_PORT" in said
    assert "IWMO_LOG_LEVEL" in said


def test_a_database_that_cannot_be_reached_is_said_to_be_so(tmp_path: Path) -> None:
    url = "postgresql://gebruiker:geheim@127.0.0.1:1/iwmo"
    said = one_line_of(run(tmp_path, "worker", IWMO_DATABASE_URL=url, IWMO_SECRET_KEY=SECRET))
    assert "IWMO_DATABASE_URL" in said
    assert "geheim" not in said


def test_settings_are_read_from_a_file_too(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("IWMO_PORT=abc\n", encoding="utf-8")
    assert "IWMO_PORT" in one_line_of(run(tmp_path, "serve"))


def test_postgresql_asks_for_a_key(tmp_path: Path) -> None:
    assert "IWMO_SECRET_KEY" in one_line_of(run(tmp_path, "serve", IWMO_DATABASE_URL="postgresql://127.0.0.1:1/iwmo"))


def test_a_folder_without_what_should_be_in_it_says_which_file_is_missing(tmp_path: Path) -> None:
    (tmp_path / "leeg").mkdir()
    empty = [{"IWMO_SCHEMAS": "leeg"}, {"IWMO_SCHEMAS": "leeg"}, {"IWMO_CODELISTS": "leeg"}]
    served, *validated = run_each(tmp_path, [["serve"], ["validate", str(GOOD)], ["validate", str(GOOD)]], *empty)
    assert re.search(r"leeg/iwmo/\d\.\d/\w+\.xsd", one_line_of(served))
    assert re.search(r"leeg/iwmo/\d\.\d/\w+\.xsd", one_line_of(validated[0]))
    assert re.search(r"leeg/\w+\.toml", one_line_of(validated[1]))


# --- serve and demo -------------------------------------------------------------------------------------------------


@pytest.fixture
def taken_port() -> Iterator[int]:
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        yield listener.getsockname()[1]


@pytest.mark.parametrize("command", ["serve", "demo"])
def test_a_port_that_is_taken_is_named(tmp_path: Path, taken_port: int, command: str) -> None:
    with running(tmp_path, command, "--port", str(taken_port)) as process:
        assert process.ended() == 2
        assert str(taken_port) in process.said
        if command == "serve":
            assert re.findall(r"^[^{].*", process.said, re.M) == [process.said.splitlines()[-1]]
            assert "IWMO_PORT" in process.said
        assert "Traceback" not in process.said


def test_serve_in_an_empty_folder_makes_a_database_of_its_own(tmp_path: Path) -> None:
    with serving(tmp_path) as (process, client):
        assert client.get("/readyz").json() == {"status": "ok"}
        process.terminate()
        assert process.ended() == 0
    assert (tmp_path / "var" / "iwmo.db").exists()
    assert (tmp_path / "var" / "iwmo.key").stat().st_mode & 0o077 == 0


def test_the_demo_tells_its_story_every_time(tmp_path: Path) -> None:
    for _ in range(2):
        done = run(tmp_path, "demo", "--port", "0", DEMO_EXIT="1")
        assert (done.returncode, done.stderr) == (0, "")
        told = words(done.stdout)
        in_order = [
            "rhenen-wmo-2023/1 is geladen",
            "HTTP 201 WMO301 accepted",
            "Retourbericht WMO302",
            "HTTP 201 WMO305 accepted",
            "Retourbericht WMO306",
            "HTTP 201 WMO305 rejected",
            "TR019 9019",
            "HTTP 422 IB014",
            "HTTP 200 WMO301 accepted (het eerste resultaat nog eens)",
            "HTTP 201 WMO323 accepted",
            "1.518,84 euro ingediend, 1.518,84 euro toegekend",
            "8001",
            "HTTP 201 WMO323 partly_accepted",
            "1.764,41 euro ingediend, 605,41 euro toegekend",
            "TR418 0611",
            "HTTP 201 WMO323 refused",
            "11.400,00 euro ingediend, 0,00 euro toegekend",
            "contract-marge 9321",
            "48 weken × 4 uur = 192 uur, waarvan 16 uur al gedeclareerd",
            "9322 zie de bevinding",
            "-960,00 credit van 2302-01",
            "HTTP 201 WMO323 accepted",
            "1.260,00 euro ingediend, 1.260,00 euro toegekend",
            "8001",
            "HTTP 201 WMO323 rejected",
            "1.532,27 euro ingediend, 0,00 euro toegekend",
            "TR358 0001",
            "0001 bericht afgekeurd, zie de bevinding /Header",
            "HTTP 201 WMO315 accepted",
            "Retourbericht WMO316",
            "HTTP 201 WMO319 accepted",
            "Retourbericht WMO320",
            "HTTP 201 WMO301 accepted",
            "Retourbericht WMO302",
            "HTTP 201 WMO307 accepted",
            "Retourbericht WMO308",
            "Mailbox van 0340",
            "Mailbox van 65656055",
        ]
        rest = told
        for part in in_order:
            assert part in rest, part
            rest = rest.partition(part)[2]
        gemeente, aanbieder = told.split("Mailbox van 0340")[1].split("Mailbox van 65656055")
        requested, answered = ["WMO315", "WMO320", "WMO302", "WMO307"], ["WMO316", "WMO319", "WMO301", "WMO308"]
        assert re.findall(r"WMO\d{3}", gemeente) == ["WMO302", "WMO305", *["WMO323"] * 4, *requested]
        assert re.findall(r"WMO\d{3}", aanbieder) == ["WMO301", "WMO306", "WMO306", *["WMO325"] * 5, *answered]


# --- what these tests share -----------------------------------------------------------------------------------------


def words(text: str) -> str:
    """Text without its line ends and frames."""
    return " ".join(re.sub(r"[│┃╭╮╰╯─━┏┓┗┛┡┩└┘├┤┳┴╇]", " ", text).split())


def one_line_of(done: CompletedProcess[str]) -> str:
    """What a command that could not do its work said about it, which is one line."""
    assert (done.returncode, done.stdout) == (2, ""), done.stderr[-500:]
    (line,) = done.stderr.splitlines()
    assert line.startswith("iwmo-gateway: ")
    return line


def row_of(identity: str, table: str) -> list[str]:
    """The cells behind an id in a table."""
    (row,) = [line for line in table.splitlines() if identity in line]
    return [cell.strip() for cell in row.split("│")[2:]]


def line_of_the_fault(file: Path) -> int:
    """The line on which the object begins that a fixture's one finding is about."""
    (finding,) = next(case.findings for case in cases() if case.path == file)
    steps = re.findall(r"/(\w+)(\[\d+\])?", finding[4])
    path = "".join(f"/*[local-name() = '{name}']{index}" for name, index in steps)
    element = etree.parse(file).xpath(path)[0]
    line: int = element.sourceline
    return line


def refused_tokens(folder: Path, wrong: Iterable[str]) -> list[CompletedProcess[str]]:
    """`token create` with each of these options."""
    return run_each(folder, [["token", "create", *options.split()] for options in wrong])


def kept(gateway: Gateway, party: str, body: bytes) -> str:
    """Have a message received, and return its id."""
    now = datetime.now(UTC)
    taken = receive(gateway, Caller(TokenRole.PARTY, party, party, now), body, now)
    assert isinstance(taken, Taken)
    return taken.result.message.id
