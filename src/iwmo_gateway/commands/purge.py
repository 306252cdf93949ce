"""Taking away what was kept for its term."""

import json
import sys
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated, Final

import typer
from rich.table import Table

from iwmo_gateway.commands.environment import migrate_embedded, out, recorded, stop, the_gateway
from iwmo_gateway.gateway import retention
from iwmo_gateway.gateway.retention import Purged
from iwmo_gateway.store.audit import Action

app: Final = typer.Typer()


@app.command()
def purge(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only tell what would go.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask first.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Tell it as JSON.")] = False,
) -> None:
    """Take the bytes of messages away that were kept for their term (IWMO_RETENTION); facts and findings stay."""
    now = datetime.now(UTC)
    with the_gateway() as gateway:
        migrate_embedded(gateway)
        with recorded(gateway, Action.ADMINISTER, "purge --dry-run" if dry_run else "purge") as caller:
            found: dict[tuple[str, str], Purged] = {}
            if dry_run or not yes:
                found = retention.purge(gateway, caller.actor, now, dry_run=True)
            if not dry_run:
                amount = sum(each.berichten for each in found.values())
                if not yes and not (
                    sys.stdin.isatty() and typer.confirm(f"Purge {amount} messages, for good?", err=True)
                ):
                    stop(f"{amount} messages would go for good: say --yes, or --dry-run to see which")
                found = retention.purge(gateway, caller.actor, now, dry_run=False)
    if as_json:
        rows = [{"soort": soort, "status": status, **asdict(each)} for (soort, status), each in sorted(found.items())]
        sys.stdout.write(json.dumps({"dry_run": dry_run, "at": now, "opgeruimd": rows}, default=str) + "\n")
        return
    table = Table("soort", "status", "berichten", "bytes", "oudste")
    for (soort, status), each in sorted(found.items()):
        table.add_row(soort, status, str(each.berichten), str(each.bytes), str(each.oudste))
    out.print(table)
