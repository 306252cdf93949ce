"""The command line: what serves, works, migrates, judges and replays, and what administers who may do what."""

import signal
from pathlib import Path
from threading import Event
from typing import Annotated

import structlog
import typer

from iwmo_gateway import __version__
from iwmo_gateway.commands import audit, contracts, keys, parties, person, purge, replay, standard, tokens
from iwmo_gateway.commands.environment import migrated, out, recorded, stop, the_gateway
from iwmo_gateway.errors import ConfigurationError, GatewayError
from iwmo_gateway.store.audit import Action
from iwmo_gateway.worker import published, spare_collector, work, working_beside

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
    from iwmo_gateway.web.server import server_of  # noqa: PLC0415 - the other commands start in half the time without it

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
        spare_collector()
        with working_beside(gateway):
            server = server_of(gateway, host or settings.host, settings.port if port is None else port)
            try:
                server.run()
            except SystemExit as ended:
                raise ConfigurationError(f"IWMO_HOST, IWMO_PORT: {ended.__context__}") from None


@app.command()
def worker(
    until_idle: Annotated[bool, typer.Option("--until-idle", help="Stop when nothing waits any more.")] = False,
) -> None:
    """Take up messages that wait: left by a process that died, or too large to be judged at once."""
    stop = Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    with the_gateway() as gateway:
        migrated(gateway)
        gateway.warm_up()
        spare_collector()
        with published(gateway):
            work(gateway, stop, until_idle=until_idle)


@app.command()
def migrate() -> None:
    """Bring the database to the revision that this version works with."""
    with the_gateway() as gateway:
        before = gateway.database.current_revision or "empty"
        after = gateway.database.migrate()
        with recorded(gateway, Action.ADMINISTER, f"migrate {before} -> {after}"):
            pass
        out.print(f"Database migrated: {before} -> {after}" if before != after else f"Database is at {after}")


@app.command(name="demo")
def run_demo(
    port: Annotated[int, typer.Option(help="Port to serve on; 0 takes any.")] = 8080,
    folder: Annotated[Path, typer.Option(help="Where the demo keeps its database.")] = Path("var/demo"),
) -> None:
    """Send a story over HTTP to a gateway of its own, show each answer, and keep serving until Ctrl-C."""
    from iwmo_gateway import demo  # noqa: PLC0415 - as above

    demo.run(out, folder, port)


# One after another, as `--help` lists them.
app.add_typer(standard.app)
app.add_typer(parties.parties, name="party")
app.add_typer(parties.mandates, name="mandate")
app.add_typer(tokens.tokens, name="token")
app.add_typer(contracts.contract, name="contract")
app.add_typer(replay.replay, name="replay")
app.add_typer(keys.app, name="keys")
app.add_typer(person.app, name="person")
app.add_typer(audit.trail, name="audit")
app.add_typer(purge.app)


def run() -> None:
    """The entry of the installed command: a gateway that cannot work says why in one line."""
    try:
        app()
    except GatewayError as error:
        stop(str(error))
