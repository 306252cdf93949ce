"""Taking away what was kept for its term."""

import json
import sys
from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated, Any, Final

import typer
from rich.console import Console
from rich.progress import Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from iwmo_gateway.commands.environment import migrate_embedded, out, recorded, stop, the_gateway
from iwmo_gateway.gateway import keys, retention
from iwmo_gateway.gateway.context import Gateway
from iwmo_gateway.gateway.purging import Report
from iwmo_gateway.store.audit import Action

app: Final = typer.Typer()


@app.command()
def purge(
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only tell what would go, and until when the rest is kept.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask first.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Tell it as JSON.")] = False,
) -> None:
    """Take away what was kept for its term (IWMO_RETENTION): the bytes of messages, later what is left of persons."""
    now = datetime.now(UTC)
    with the_gateway() as gateway:
        migrate_embedded(gateway)
        with recorded(gateway, Action.ADMINISTER, "purge --dry-run" if dry_run else "purge") as caller:
            if dry_run or not yes:
                report = _round(gateway, caller.actor, now, dry_run=True)
            if not dry_run:
                if not yes:
                    _ask(report)
                report = _round(gateway, caller.actor, now, dry_run=False)
        if not dry_run and _went(report) and not keys.tidy(gateway):
            sys.stderr.write("The file of the database still has the room of what went: it is in use elsewhere\n")
    if as_json:
        sys.stdout.write(json.dumps({"dry_run": dry_run, "at": now, **_told(report)}, default=str) + "\n")
    else:
        _print(report)


def _round(gateway: Gateway, actor: str, now: datetime, *, dry_run: bool) -> Report:
    columns = (TextColumn("{task.description}"), TextColumn("{task.completed}"), TimeElapsedColumn())
    console = Console(stderr=True)
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        tasks = {}

        def told(what: str, amount: int) -> None:
            if what not in tasks:
                tasks[what] = progress.add_task(f"{what} {'bekeken' if dry_run else 'verwerkt'}", total=None)
            progress.advance(tasks[what], amount)

        return retention.purge(gateway, actor, now, dry_run=dry_run, told=told)


def _ask(report: Report) -> None:
    inhoud, feiten = (sum(gone.berichten for gone in stage.gaat.values()) for stage in report.delen.values())
    amount = f"the bytes of {inhoud} messages, and what is left of persons of {feiten} messages and "
    amount += f"{report.toewijzingen} allocations"
    if not (sys.stdin.isatty() and typer.confirm(f"Purge {amount}, for good?", err=True)):
        stop(f"{amount} would go for good: say --yes, or --dry-run to see which")


def _went(report: Report) -> bool:
    return bool(report.toewijzingen or report.clienten or any(stage.gaat for stage in report.delen.values()))


def _rows(report: Report) -> Iterator[dict[str, Any]]:
    for part, stage in report.delen.items():
        for soort, status in sorted({*stage.gaat, *stage.blijft}):
            gaat, blijft = stage.gaat.get((soort, status)), stage.blijft.get((soort, status))
            yield {
                "deel": part.value,
                "soort": soort,
                "status": status,
                **(asdict(gaat) if gaat else {"berichten": 0, "bytes": 0, "oudste": None}),
                "blijft": asdict(blijft) if blijft else None,
            }


def _told(report: Report) -> dict[str, Any]:
    return {
        "opgeruimd": list(_rows(report)),
        "toewijzingen": report.toewijzingen,
        "clienten": report.clienten,
        "proefselecties": report.proefselecties,
    }


def _print(report: Report) -> None:
    kept = ("blijft", "oudste", "tot", "wacht", "zonder einde")
    table = Table("deel", "soort", "status", "gaat", "bytes", "oudste", *kept)
    for row in _rows(report):
        blijft = (row.pop("blijft") or {}).values()
        table.add_row(*("" if value is None else str(value) for value in (*row.values(), *blijft)))
    out.print(table)
    out.print(f"toewijzingen: {report.toewijzingen}")
    if report.clienten is not None:
        out.print(f"clienten: {report.clienten}")
    out.print(f"verlopen selecties van replays: {report.proefselecties}")
