"""What is told of replays in tables."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from rich.console import Console
from rich.table import Table

from iwmo_gateway.commands.environment import id_column
from iwmo_gateway.gateway import replay as replays
from iwmo_gateway.gateway.context import Gateway
from iwmo_gateway.gateway.replay import Progress
from iwmo_gateway.store.differences import Difference
from iwmo_gateway.store.replays import Item, Outcome, Replay

SHOWN: Final = 100
"""How many messages a table holds."""


def print_account(console: Console, gateway: Gateway, told: replays.Account) -> None:
    """A replay: its messages, or of many those that matter most, and what came of it in all."""
    replay = told.progress.replay
    wanted = None if replay.total <= SHOWN else Outcome.SHOWN if replay.dry_run else Outcome.FAILED
    listed = replays.items(gateway, replay.id, after=-1, limit=SHOWN, outcome=wanted) or []
    count = replay.total if wanted is None else told.progress.outcomes.get(wanted, 0)
    if listed:
        console.print(_items(listed))
    if count > len(listed):
        console.print(f"These are the first {len(listed)} of {count} ({wanted}); --json shows all.")
    outcomes = _counted(told.progress.outcomes) or "none yet"
    console.print(f"{replay.status}: {told.progress.done} of {replay.total}, {outcomes}", soft_wrap=True)
    for before, after, number in told.statuses:
        if before != after:
            console.print(f"{before} → {after}: {number}")
    if told.difference is not None:
        _print_difference(console, told.difference)


def listing(found: Iterable[Progress]) -> Table:
    """Replays: who, when, why, and how far each is."""
    table = Table(id_column("replay"), "gemaakt (UTC)", "wie", "waarom", "status", "gedaan", "uitkomsten")
    for one in found:
        replay, done = one.replay, f"{one.done}/{one.replay.total}"
        reason = f"{replay.reason} (dry run)" if replay.dry_run else replay.reason
        made = f"{replay.created_at:%Y-%m-%d %H:%M}"
        table.add_row(replay.id, made, replay.actor, reason, replay.status, done, _counted(one.outcomes))
    return table


def selection(replay: Replay) -> Table:
    """What was selected, counted by kind and status."""
    table = Table("soort", "status", "aantal", title=messages(replay.total))
    for one in replay.selection:
        table.add_row(one["soort"], one["status"], str(one["count"]))
    return table


def messages(count: int) -> str:
    """So many messages, in words."""
    return f"{count} message{'' if count == 1 else 's'}"


def _items(listed: Iterable[Item]) -> Table:
    table = Table(id_column("bericht"), "uitkomst", "was", "is", "bijzonderheden")
    for one in listed:
        detail = _detail(one.detail) if one.detail else ""
        table.add_row(one.message, one.outcome or "", one.status_before, one.status_after, detail)
    return table


def _detail(detail: Mapping[str, Any]) -> str:
    """What came of a message in one line; of a dry run what goes (−) and what comes (+)."""
    if said := next((detail[name] for name in ("reden", "fout", "toelichting") if detail.get(name)), None):
        return str(said)
    told = [_ways(detail.get("per_regel") or {})]
    if (amounts := detail.get("bedragen")) and amounts["was"] != amounts["wordt"]:
        told.append(f"toegekend {_euro(amounts['was']['toegekend'])} → {_euro(amounts['wordt']['toegekend'])}")
    if (retour := detail.get("retour")) and retour["anders"]:
        kinds = [retour[name] or "geen" for name in ("was", "wordt")]
        kind = kinds[0] if kinds[0] == kinds[1] else " → ".join(kinds)
        told.append(f"retour {kind} {_ways(retour['retourcodes'] or {})}".strip())
    return "; ".join(one for one in told if one)


def _ways(ways: Mapping[str, Mapping[str, int]]) -> str:
    signs = (("−", "vervallen"), ("+", "nieuw"))
    return " ".join(
        f"{sign}{name}" if count == 1 else f"{sign}{count}×{name}"
        for sign, way in signs
        for name, count in ways.get(way, {}).items()
    )


def _print_difference(console: Console, found: Difference) -> None:
    findings = _ways({"vervallen": found.vervallen, "nieuw": found.nieuw}) or "none"
    console.print(f"Findings that would go (−) and come (+): {findings}", soft_wrap=True)
    if any((*found.ingediend, *found.toegekend)):
        submitted, approved = (" → ".join(map(_euro, both)) for both in (found.ingediend, found.toegekend))
        console.print(f"Claims together: submitted {submitted}, approved {approved}", soft_wrap=True)
    console.print(f"Return messages that would differ: {found.retour}")


def _counted(outcomes: Mapping[Outcome, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in sorted(outcomes.items()))


def _euro(cents: int | None) -> str:
    return "–" if cents is None else f"€ {cents / 100:.2f}"
