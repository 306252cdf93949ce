"""The keys of what is kept: listing, making and adding them, putting everything under the newest, retiring old ones."""

import sys
from datetime import UTC, datetime
from typing import Annotated, Final

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from iwmo_gateway.commands.environment import migrate_embedded, out, recorded, the_gateway
from iwmo_gateway.gateway import keys
from iwmo_gateway.gateway.keys import Version
from iwmo_gateway.store.audit import Action

app: Final = typer.Typer(no_args_is_help=True, help="Keys by which what is kept is encrypted, and clients are found.")


@app.command("list")
def keys_list() -> None:
    """Show every version of the keys, and how much is under each."""
    table = Table("sleutel", "stand", "in gebruik sinds (UTC)", "berichten", "clienten", "geboortedata")
    with the_gateway() as gateway:
        migrate_embedded(gateway)
        with recorded(gateway, Action.ADMINISTER, "keys list"):
            for each in keys.versions(gateway):
                since = f"{each.key.added_at:%Y-%m-%d %H:%M}" if each.key else ""
                counts = (each.counts.messages, each.counts.clienten, each.counts.births)
                table.add_row(str(each.version) if each.version else "geen", _state(each), since, *map(str, counts))
    out.print(table)


@app.command("new")
def keys_new() -> None:
    """Make a key: into the file of keys, or printed alone, for IWMO_ENCRYPTION_KEYS. Nothing uses it yet."""
    with the_gateway() as gateway:
        migrate_embedded(gateway)
        with recorded(gateway, Action.ADMINISTER, "keys new"):
            version, text, file = keys.make(gateway)
    if file is None:
        sys.stdout.write(f"{text}\n")
    else:
        out.print(f"Key {version} is in {file}")


@app.command("add")
def keys_add() -> None:
    """Have every process encrypt with the newest key of the settings; those that run take it up within a minute."""
    with the_gateway() as gateway:
        migrate_embedded(gateway)
        with recorded(gateway, Action.ADMINISTER, "keys add"):
            version = keys.add(gateway, datetime.now(UTC))
    out.print(
        f"Key {version} encrypts from now on, and is taken up within a minute: then run `iwmo-gateway keys rotate`"
    )


@app.command("rotate")
def keys_rotate() -> None:
    """Put everything under the newest key, while serve and worker go on. Run it again where it was stopped."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with the_gateway() as gateway:
        migrate_embedded(gateway)
        with recorded(gateway, Action.ADMINISTER, "keys rotate"):
            total = keys.to_rotate(gateway)
            with Progress(*columns, console=out) as progress:
                task = progress.add_task("rijen", total=total)
                for done in keys.rotate(gateway):
                    progress.advance(task, done)
            left = keys.to_rotate(gateway)
            tidied = not total or keys.tidy(gateway)
    if left:
        out.print(f"{left} rows are not under the newest key: in hand elsewhere, or kept meanwhile. Run it again")
        raise typer.Exit(1)
    out.print("Everything is under the newest key")
    if not tidied:
        out.print("The file of the database still has what was replaced: stop serve and run it again")


@app.command("retire")
def keys_retire(version: Annotated[int, typer.Argument(help="Version of the key, from `keys list`.")]) -> None:
    """Have no process need a key any more; refused while anything is under it, or may be put under it."""
    with the_gateway() as gateway:
        migrate_embedded(gateway)
        with recorded(gateway, Action.ADMINISTER, f"keys retire {version}"):
            keys.retire(gateway, version, datetime.now(UTC))
    out.print(f"Key {version} is retired: take it out of the settings, and keep it as long as backups need it")


def _state(each: Version) -> str:
    if each.version == 0:
        return "niet versleuteld"
    if each.key is None:
        return "nog niet in gebruik"
    if each.key.retired_at is not None:
        return f"vervallen {each.key.retired_at:%Y-%m-%d}"
    if not each.here:
        return "ontbreekt hier"
    return "versleutelt" if each.encrypts else "leest"
