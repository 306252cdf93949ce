"""A person's own data."""

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Final, TextIO

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from iwmo_gateway.commands.environment import migrate_embedded, recorded, stop, the_gateway
from iwmo_gateway.errors import ConfigurationError
from iwmo_gateway.gateway import person
from iwmo_gateway.gateway.keysources import take_keys
from iwmo_gateway.store.audit import Action

app: Final = typer.Typer(no_args_is_help=True, help="What is kept about a person (AVG).")


@app.callback()
def group() -> None:
    """A group even with one command."""


@app.command("export")
def person_export(
    to: Annotated[Path, typer.Option(help="File to write; it must not be there yet, and its owner alone can read it.")],
    bsn_from_stdin: Annotated[
        bool, typer.Option("--bsn-from-stdin", help="Read the Bsn from standard input: nowhere else may it stand.")
    ] = False,
) -> None:
    """Write all that is kept about a person into one JSON file. Every message is opened: it takes its time."""
    if not bsn_from_stdin:
        stop("Give the Bsn on standard input, with --bsn-from-stdin: an argument can be seen by others")
    bsn = sys.stdin.readline().strip()
    if not (bsn.isascii() and bsn.isdigit() and len(bsn) == 9):
        stop("What came on standard input is no Bsn: nine digits")
    told = Console(stderr=True)
    with the_gateway() as gateway, _made(to) as file:
        migrate_embedded(gateway)
        take_keys(gateway.settings, gateway.database, gateway.keyring)
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        with Progress(*columns, console=told) as progress:
            task = progress.add_task("berichten", total=person.count(gateway))
            found = person.export(gateway, bsn, lambda some: progress.advance(task, some))
        with recorded(gateway, Action.FETCH, "person export", [one["id"] for one in found["berichten"]]):
            json.dump(found, file, ensure_ascii=False, indent=2, default=str)
    told.print(f"{len(found['berichten'])} messages and {sum(map(len, found['feiten'].values()))} facts are in {to}")


@contextmanager
def _made(to: Path) -> Iterator[TextIO]:
    """The file, before anything is looked for; it goes again where it is not filled.

    Raises ConfigurationError where it cannot be written, or is there already.
    """
    try:
        with os.fdopen(os.open(to, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
            try:
                yield file
                file.flush()
            except BaseException:
                to.unlink()
                raise
    except OSError as error:
        raise ConfigurationError(f"{to} cannot be written: {error.strerror}") from None
