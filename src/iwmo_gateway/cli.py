"""The command line: serve, worker, migrate, demo, validate, party, token, contract, codelists, replay and rules."""

import json
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, date, datetime
from pathlib import Path
from threading import Event
from typing import Annotated, NoReturn

import structlog
import typer
import uvicorn
from pydantic import ValidationError
from rich.console import Console
from rich.markup import escape
from rich.table import Column, Table

from iwmo_gateway import __version__, demo
from iwmo_gateway.contract.profile import Profiel
from iwmo_gateway.contract.prose import COLUMNS, explained, notes, rows
from iwmo_gateway.errors import ConfigurationError, GatewayError
from iwmo_gateway.gateway import contracts
from iwmo_gateway.gateway import replay as replaying
from iwmo_gateway.gateway.access import Caller, create_token, list_parties, list_tokens, revoke_token, set_answering
from iwmo_gateway.gateway.context import Gateway, is_id, open_gateway
from iwmo_gateway.gateway.offline import FileReport, judge_file
from iwmo_gateway.rules.engine import Actie, Finding
from iwmo_gateway.rules.table import rules_table
from iwmo_gateway.settings import Settings
from iwmo_gateway.shipped import shipped
from iwmo_gateway.standard.codelistfiles import check_codelists, load_codelists
from iwmo_gateway.standard.codelists import Codelists, Lijstsoort
from iwmo_gateway.standard.days import day_of
from iwmo_gateway.standard.kinds import RELEASES, Domain
from iwmo_gateway.standard.schemas import Schemas
from iwmo_gateway.store.parties import TokenRole
from iwmo_gateway.web.app import create_app
from iwmo_gateway.worker import work, working_beside

app = typer.Typer(
    no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, help="Gateway for iWmo messages."
)
tokens = typer.Typer(no_args_is_help=True, help="Tokens of parties, operators and auditors.")
app.add_typer(tokens, name="token")
parties = typer.Typer(no_args_is_help=True, help="Parties: municipalities and providers.")
app.add_typer(parties, name="party")
contract = typer.Typer(no_args_is_help=True, help="Contract profiles: what municipalities and providers agreed on.")
app.add_typer(contract, name="contract")
out = Console(highlight=False, width=None if sys.stdout.isatty() else 160)


@app.callback(invoke_without_command=True)
def main(version: Annotated[bool, typer.Option("--version", help="Show the version and stop.")] = False) -> None:
    """Settings come from the environment (IWMO_DATABASE_URL and so on) and from .env; docs/operators.md lists them."""
    if version:
        out.print(__version__)
        raise typer.Exit


@app.command()
def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on, instead of IWMO_HOST.")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on, instead of IWMO_PORT.")] = None,
) -> None:
    """Serve the HTTP interface. An embedded (SQLite) database is migrated first."""
    with _gateway() as gateway:
        if gateway.database.embedded:
            gateway.database.migrate()
        _migrated(gateway)
        gateway.warm_up()
        settings = gateway.settings
        if settings.sandbox:
            structlog.get_logger(__name__).warning("sandbox", told="X-Received-At is obeyed: never in production")
        for number in (signal.SIGTERM, signal.SIGINT):
            # uvicorn stops gracefully on these, and then raises them again: by now there is nothing left to end.
            signal.signal(number, lambda *_: None)
        with working_beside(gateway):
            uvicorn.run(
                create_app(gateway),
                host=host or settings.host,
                port=settings.port if port is None else port,
                log_config=None,
                access_log=False,
                server_header=False,
                timeout_graceful_shutdown=settings.lease_seconds,
            )


@app.command()
def worker() -> None:
    """Take up messages that wait: left by a process that died, or too large to be judged at once."""
    stop = Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    with _gateway() as gateway:
        _migrated(gateway)
        gateway.warm_up()
        work(gateway, stop)


@app.command()
def migrate() -> None:
    """Bring the database to the revision that this version works with."""
    with _gateway() as gateway:
        before = gateway.database.current_revision or "empty"
        after = gateway.database.migrate()
        out.print(f"Database migrated: {before} -> {after}" if before != after else f"Database is at {after}")


@app.command(name="demo")
def run_demo(
    port: Annotated[int, typer.Option(help="Port to serve on; 0 takes any.")] = 8080,
    folder: Annotated[Path, typer.Option(help="Where the demo keeps its database.")] = Path("var/demo"),
) -> None:
    """Send a story over HTTP to a gateway of its own, show each answer, and keep serving until Ctrl-C."""
    demo.run(out, folder, port)


@app.command()
def validate(
    files: Annotated[list[Path], typer.Argument(help="XML messages to judge.", exists=True, dir_okay=False)],
    received: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Judge as if received on this day.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object for all files.")] = False,
) -> None:
    """Judge files without a store: levels 1 and 2, and what of level 4 needs no earlier message.

    Prints file:line: code text, and ends with 1 if there is any finding that refuses a message.
    """
    settings = _settings()
    schemas = Schemas(settings.schemas or shipped("xsd"))
    lists = load_codelists(settings.codelists or shipped("codelists"))
    day: date = received.date() if received else day_of(datetime.now(UTC))
    reports = [judge_file(path, schemas, lists, day) for path in files]
    if as_json:
        sys.stdout.write(json.dumps([asdict(report) for report in reports], ensure_ascii=False, indent=2) + "\n")
    else:
        for report in reports:
            _print_report(report)
    if any(report.refused for report in reports):
        raise typer.Exit(1)


@app.command()
def rules(
    domain: Annotated[Domain | None, typer.Option(help="Only those of iWmo (wmo) or iJw (jw).")] = None,
    release: Annotated[str | None, typer.Option(help="Only those of this release, such as 3.2.")] = None,
) -> None:
    """Show every rule, per domain and release: for which messages it is implemented, or why it is not."""
    if release is not None and release not in RELEASES:
        _stop(f"{release!r} is no release that is known here; these are: {', '.join(RELEASES)}")
    for one in [domain] if domain else Domain:
        for edition in [release] if release else RELEASES:
            table = Table(
                "regel", "niveau", "retourcode", "beoordeeld voor", "verder", title=f"{one.standard} {edition}"
            )
            for row in rules_table(one, edition):
                table.add_row(row.code, str(row.niveau), row.retourcode, row.implemented or "-", row.reason)
            out.print(table)


@app.command()
def codelists(
    folder: Annotated[
        Path | None, typer.Option(help="Folder to check, instead of IWMO_CODELISTS.", exists=True, file_okay=False)
    ] = None,
) -> None:
    """Check the code lists, without a database, and show their versions, validity and source.

    Prints file: key: text for everything that is wrong, and ends with 1 if there is anything.
    """
    checked = check_codelists(folder or _settings().codelists or shipped("codelists"))
    for fault in checked.faults:
        sys.stdout.write(f"{fault}\n")
    if checked.faults:
        raise typer.Exit(1)
    _print_codelists(checked.codelists)


@app.command()
def replay(
    ids: Annotated[list[str], typer.Argument(help="Ids of messages to judge again.")],
    reason: Annotated[str, typer.Option(help="Why; kept with the replay.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show what would differ.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Also where the answer was fetched already.")] = False,
) -> None:
    """Judge kept messages again, oldest first, by their own moment of receipt."""
    if wrong := [one for one in ids if not is_id(one)]:
        _stop(f"{wrong[0]!r} is no id of a message; an id is shown with every result")
    with _gateway() as gateway:
        _migrated(gateway)
        gateway.warm_up()
        caller = Caller(TokenRole.OPERATOR, None, "operator:command line", datetime.now(UTC))
        done = replaying.replay(gateway, caller, ids, reason=reason, dry_run=dry_run, force=force)
    table = Table(_id_column("bericht"), "uitkomst", "was", "is", "bijzonderheden")
    for item in done.items:
        detail = json.dumps(item.detail, ensure_ascii=False) if item.detail else ""
        table.add_row(item.message, item.outcome, item.status_before, item.status_after, detail)
    out.print(table)
    if any(item.outcome in {"failed", "missing"} for item in done.items):
        raise typer.Exit(1)


@parties.command("list")
def party_list() -> None:
    """Show every party, and who answers what it receives."""
    table = Table("code", "soort", "antwoordt")
    with _gateway() as gateway:
        _migrate_embedded(gateway)
        for party in list_parties(gateway):
            table.add_row(party.code, party.kind, "zelf" if party.answers_itself else "de gateway")
    out.print(table)


@parties.command("set")
def party_set(
    code: Annotated[str, typer.Argument(help="CBS code of a municipality or AGB code of a provider.")],
    itself: Annotated[
        bool,
        typer.Option(
            "--answers-itself/--gateway-answers",
            help="Who sends the return messages to what it receives, from now on.",
        ),
    ],
) -> None:
    """Say whether a party sends return messages (302, 306, 325 and so on) itself, or the gateway does."""
    with _gateway() as gateway:
        _migrate_embedded(gateway)
        set_answering(gateway, code, datetime.now(UTC), itself=itself)
    who = "party itself answers" if itself else "gateway answers"
    out.print(f"{code}: the {who} what it receives from now on")


@tokens.command("create")
def token_create(
    label: Annotated[str, typer.Option(help="What it is for; shown in lists.", min=1)],
    party: Annotated[str | None, typer.Option(help="CBS code of a municipality or AGB code of a provider.")] = None,
    role: Annotated[TokenRole, typer.Option(help="What it may do.")] = TokenRole.PARTY,
) -> None:
    """Make a token, and print it alone. It is kept nowhere: note it now."""
    with _gateway() as gateway:
        _migrate_embedded(gateway)
        sys.stdout.write(create_token(gateway, role, party, label, datetime.now(UTC)) + "\n")


@tokens.command("list")
def token_list() -> None:
    """Show every token, without the token itself."""
    table = Table(_id_column("id"), "rol", "partij", "label", "gemaakt (UTC)", "ingetrokken (UTC)")
    with _gateway() as gateway:
        _migrate_embedded(gateway)
        for token in list_tokens(gateway):
            revoked = f"{token.revoked_at:%Y-%m-%d %H:%M}" if token.revoked_at else ""
            made = f"{token.created_at:%Y-%m-%d %H:%M}"
            table.add_row(token.id, token.role, token.party or "", token.label, made, revoked)
    out.print(table)


@tokens.command("revoke")
def token_revoke(token_id: Annotated[str, typer.Argument(help="Id of the token, from `token list`.")]) -> None:
    """Revoke a token, at once."""
    with _gateway() as gateway:
        token = revoke_token(gateway, token_id, datetime.now(UTC))
    if token is None:
        _stop(f"There is no token with id {token_id}; see `iwmo-gateway token list`")
    out.print(f"Revoked: {token.label} ({token.party or token.role})")


@contract.command("check")
def contract_check(
    profiles: Annotated[list[str], typer.Argument(metavar="FILE|NAME", help="TOML files, or shipped profiles.")],
) -> None:
    """Check profiles, without a database, and explain them in Dutch.

    Prints file:line: text for everything that is wrong, and ends with 1 if there is anything.
    """
    right = [_checked(wanted) for wanted in profiles]
    for checked in right:
        if checked.profiel is not None:
            _print_profile(checked.profiel)
    if any(checked.faults for checked in right):
        raise typer.Exit(1)


@contract.command("load")
def contract_load(
    profile: Annotated[str, typer.Argument(metavar="FILE|NAME", help="A TOML file, or a shipped profile.")],
) -> None:
    """Load a profile as the next version of its name; messages are judged by it from then on."""
    checked = _checked(profile)
    if checked.faults:
        raise typer.Exit(1)
    with _gateway() as gateway:
        _migrate_embedded(gateway)
        caller = Caller(TokenRole.OPERATOR, None, "operator:command line", datetime.now(UTC))
        loaded, new = contracts.load(gateway, caller, checked)
    out.print(f"{loaded.identity} {'is geladen' if new else 'heeft deze inhoud al; er is niets veranderd'}")


@contract.command("show")
def contract_show(
    profile: Annotated[
        str | None, typer.Argument(metavar="NAME[/VERSION]", help="A loaded profile; its newest version if not told.")
    ] = None,
    toml: Annotated[bool, typer.Option("--toml", help="The text as it was loaded.")] = False,
) -> None:
    """List the profiles that are loaded, or explain one in Dutch."""
    with _gateway() as gateway:
        _migrate_embedded(gateway)
        if profile is None:
            _print_profiles(gateway)
        elif toml:
            sys.stdout.write(contracts.shown_text(gateway, profile))
        else:
            _print_profile(contracts.shown(gateway, profile))


def run() -> None:
    """The entry of the installed command: a gateway that cannot work says why in one line."""
    try:
        app()
    except GatewayError as error:
        _stop(str(error))


def _settings() -> Settings:
    try:
        return Settings()
    except ValidationError as error:
        wrong = "; ".join(f"IWMO_{str(fault['loc'][0]).upper()}: {fault['msg']}" for fault in error.errors())
        raise ConfigurationError(f"Settings: {wrong}") from None


@contextmanager
def _gateway() -> Iterator[Gateway]:
    settings = _settings()
    _log_to_stderr(settings.log_level)
    gateway = open_gateway(settings)
    try:
        yield gateway
    finally:
        gateway.close()


def _migrate_embedded(gateway: Gateway) -> None:
    if gateway.database.embedded:
        gateway.database.migrate()
    _migrated(gateway)


def _migrated(gateway: Gateway) -> None:
    current, newest = gateway.database.current_revision, gateway.database.newest_revision
    if current != newest:
        raise ConfigurationError(f"The database is at {current or 'nothing'}, not {newest}: run `iwmo-gateway migrate`")


def _log_to_stderr(level: str) -> None:
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )


def _print_report(report: FileReport) -> None:
    for finding in report.findings:
        sys.stdout.write(f"{report.file}:{finding.regelnummer}: {_told(finding)}\n")
    sys.stdout.write(f"{report.file}: {report.summary}\n")


def _told(finding: Finding) -> str:
    code = f"{finding.regel}{f' [{finding.retourcode}]' if finding.retourcode else ''}"
    signal = " (signaal)" if finding.actie is Actie.SIGNAL else ""
    more = {"verwacht": finding.verwacht, "gevonden": finding.gevonden}
    told = "; ".join(f"{name}: {value}" for name, value in more.items() if value)
    return f"{code}{signal} {finding.tekst}{f' ({told})' if told else ''}"


def _checked(wanted: str) -> contracts.Checked:
    """A profile from a file, with its faults told."""
    path = contracts.file_of(wanted)
    checked = contracts.check_file(path)
    for fault in checked.faults:
        sys.stdout.write(f"{path}:{fault.regelnummer}: {fault.tekst}\n")
    return checked


def _print_codelists(lists: Codelists) -> None:
    table = Table(
        Column("lijst", no_wrap=True), "soort", "domein", "van", "t/m", Column("codes", justify="right"), "bron"
    )
    for one in sorted(lists.editions, key=lambda one: (one.soort, one.domein or "", one.geldig.vanaf or date.min)):
        validity = (str(one.geldig.vanaf or ""), str(one.geldig.tot_en_met or ""))
        table.add_row(one.identity, one.soort, one.domein, *validity, str(len(one.codes)), escape(one.bron))
    out.print(table)
    for domain in Domain:
        if not any((one.soort, one.domein) == (Lijstsoort.PRODUCTCODES, domain) for one in lists.editions):
            out.print(
                f"Voor {domain} is er geen lijst van productcodes: die worden daar alleen tegen een contract gehouden."
            )
    if not any(one.soort is Lijstsoort.AANBIEDERS for one in lists.editions):
        out.print("Er is geen lijst van aanbieders: van een AGB-code wordt alleen de vorm gecontroleerd.")


def _print_profile(profiel: Profiel) -> None:
    for sentence in explained(profiel):
        out.print(escape(sentence))
    right = {"tarief (€)", "functieniveau"}
    table = Table(*(Column(name, justify="right" if name in right else "left") for name in COLUMNS))
    for row in rows(profiel):
        table.add_row(*(escape(cell) for cell in row))
    out.print(table)
    for note in notes(profiel):
        out.print(escape(note))


def _print_profiles(gateway: Gateway) -> None:
    table = Table(Column("profiel", no_wrap=True), "domein", "gemeenten", "van", "t/m", "geladen (UTC)", "door")
    for loaded, gemeenten in contracts.listed(gateway):
        made = f"{loaded.loaded_at:%Y-%m-%d %H:%M}"
        validity = (str(loaded.vanaf), str(loaded.tot_en_met))
        table.add_row(loaded.identity, loaded.domain, ", ".join(gemeenten), *validity, made, escape(loaded.loaded_by))
    out.print(table)
    out.print("Van elk profiel telt de hoogste versie.")
    out.print(f"Meegeleverd (`contract load NAAM`): {', '.join(contracts.shipped_names())}")


def _id_column(header: str) -> Column:
    """A column that is never cut off: an id is there to be copied."""
    return Column(header, no_wrap=True, min_width=36)


def _stop(text: str) -> NoReturn:
    sys.stderr.write(f"iwmo-gateway: {text}\n")
    raise SystemExit(2)
