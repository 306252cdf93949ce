"""The audit trail: sealing it, and verifying that nothing of it was changed."""

import json
import re
import sys
from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Final

import typer
from rich.console import Console
from rich.progress import Progress

from iwmo_gateway.commands.environment import migrated, out, recorded, stop, the_gateway
from iwmo_gateway.errors import ConfigurationError
from iwmo_gateway.gateway import sealing
from iwmo_gateway.gateway.context import Gateway
from iwmo_gateway.gateway.sealing import Fault, Verified
from iwmo_gateway.store.audit import Action

_HASH: Final = re.compile(r"[0-9a-fA-F]{64}")
trail: Final = typer.Typer(no_args_is_help=True, help="The audit trail: who looked at or did what.")


@trail.command("seal")
def audit_seal() -> None:
    """Seal what was written since the last seal. Workers do it every minute, and `serve` on SQLite."""
    with the_gateway() as gateway:
        migrated(gateway)
        gateway.warm_up()
        with recorded(gateway, Action.AUDIT, "audit seal") as caller:
            sealed = sealing.seal(gateway, caller.at)
    out.print(f"Rows sealed: {sealed}")


@trail.command("head")
def audit_head() -> None:
    """Print the hash of the newest seal, to keep where nobody can change both."""
    with the_gateway() as gateway:
        migrated(gateway)
        with recorded(gateway, Action.AUDIT, "audit head"):
            head = sealing.head(gateway)
    if head is None:
        stop("Nothing is sealed yet; run `iwmo-gateway audit seal`")
    sys.stdout.write(f"{head.hash.hex()}\n")


@trail.command("verify")
def audit_verify(
    head: Annotated[str | None, typer.Option(metavar="HASH", help="A hash from `audit head`: must be there.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Find rows that were changed, removed or added since they were sealed; ends with 1 if there are any."""
    expected = _hash(head)
    with the_gateway() as gateway:
        migrated(gateway)
        gateway.warm_up()
        with recorded(gateway, Action.AUDIT, "audit verify"):
            found = _verified(gateway, expected)
    if as_json:
        sys.stdout.write(json.dumps(asdict(found), default=datetime.isoformat, indent=2) + "\n")
    else:
        for line in _told(found):
            sys.stdout.write(f"{line}\n")
    if found.faults:
        raise typer.Exit(1)


def _hash(text: str | None) -> bytes | None:
    if text is not None and not _HASH.fullmatch(text):
        raise ConfigurationError(
            "--head: expected a hash as `iwmo-gateway audit head` prints it: 64 hexadecimal digits"
        )
    return None if text is None else bytes.fromhex(text)


def _verified(gateway: Gateway, expected: bytes | None) -> Verified:
    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task("rows", total=None)
        return sealing.verify(
            gateway, expected, lambda done, total: progress.update(task, completed=done, total=max(done, total))
        )


def _told(found: Verified) -> list[str]:
    told = [_fault(fault) for fault in found.faults]
    if found.late:
        told.append(
            f"{len(found.late)} seal(s), the first of them {found.late[0]}, made over a day after their oldest row: "
            "no worker ran, or the chain was made anew"
        )
    since = f", the oldest of {found.oldest_unsealed:%Y-%m-%d %H:%M} UTC" if found.oldest_unsealed else ""
    told.append(f"{found.seals} seal(s), {found.rows} row(s), {len(found.faults)} fault(s)")
    told.append(f"{found.unsealed} row(s) not sealed yet{since}")
    return told


def _fault(fault: Fault) -> str:
    rows = [
        f"{name} {', '.join(f'{first}' if first == last else f'{first}-{last}' for first, last in ranges)}"
        for name, ranges in (("changed", fault.changed), ("missing", fault.missing), ("added", fault.added))
        if ranges
    ]
    return f"seal {fault.seal}: {fault.told}{': ' + '; '.join(rows) if rows else ''}"
