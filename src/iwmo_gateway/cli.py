"""The command line: serve, worker, migrate, demo, validate, party, token, contract, codelists, replay and rules."""

import json
import signal
from datetime import UTC, datetime
from pathlib import Path
from threading import Event
from typing import Annotated

import structlog
import typer
from rich.table import Table

from iwmo_gateway import __version__, demo
from iwmo_gateway.commands import contracts, parties, standard
from iwmo_gateway.commands.environment import id_column, migrated, out, stop, the_gateway
from iwmo_gateway.errors import GatewayError
from iwmo_gateway.gateway import replay as replaying
from iwmo_gateway.gateway.access import Caller
from iwmo_gateway.gateway.context import is_id
from iwmo_gateway.store.parties import TokenRole
from iwmo_gateway.web.server import server_of
from iwmo_gateway.worker import work, working_beside

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Gateway for iWmo and iJw messages.",
)


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
    with the_gateway() as gateway:
        if gateway.database.embedded:
            gateway.database.migrate()
        migrated(gateway)
        gateway.warm_up()
        settings = gateway.settings
        if settings.sandbox:
            structlog.get_logger(__name__).warning("sandbox", told="X-Received-At is obeyed: never in production")
        for number in (signal.SIGTERM, signal.SIGINT):
            # uvicorn stops gracefully on these, and then raises them again: by now there is nothing left to end.
            signal.signal(number, lambda *_: None)
        with working_beside(gateway):
            server_of(gateway, host or settings.host, settings.port if port is None else port).run()


@app.command()
def worker() -> None:
    """Take up messages that wait: left by a process that died, or too large to be judged at once."""
    stop = Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    with the_gateway() as gateway:
        migrated(gateway)
        gateway.warm_up()
        work(gateway, stop)


@app.command()
def migrate() -> None:
    """Bring the database to the revision that this version works with."""
    with the_gateway() as gateway:
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
def replay(
    ids: Annotated[list[str], typer.Argument(help="Ids of messages to judge again.")],
    reason: Annotated[str, typer.Option(help="Why; kept with the replay.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show what would differ.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Also where the answer was fetched already.")] = False,
) -> None:
    """Judge kept messages again, oldest first, by their own moment of receipt."""
    if wrong := [one for one in ids if not is_id(one)]:
        stop(f"{wrong[0]!r} is no id of a message; an id is shown with every result")
    with the_gateway() as gateway:
        migrated(gateway)
        gateway.warm_up()
        caller = Caller(TokenRole.OPERATOR, None, "operator:command line", datetime.now(UTC))
        done = replaying.replay(gateway, caller, ids, reason=reason, dry_run=dry_run, force=force)
    table = Table(id_column("bericht"), "uitkomst", "was", "is", "bijzonderheden")
    for item in done.items:
        detail = json.dumps(item.detail, ensure_ascii=False) if item.detail else ""
        table.add_row(item.message, item.outcome, item.status_before, item.status_after, detail)
    out.print(table)
    if any(item.outcome in {"failed", "missing"} for item in done.items):
        raise typer.Exit(1)


# One after another, as `--help` lists them.
app.add_typer(standard.app)
app.add_typer(parties.parties, name="party")
app.add_typer(parties.tokens, name="token")
app.add_typer(contracts.contract, name="contract")


def run() -> None:
    """The entry of the installed command: a gateway that cannot work says why in one line."""
    try:
        app()
    except GatewayError as error:
        stop(str(error))
