"""Replays: choosing messages, seeing what would differ, judging them again with progress, and holding that up."""

import json
import signal
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from threading import Event
from typing import Annotated, Any, Final

import typer
from pydantic import ValidationError
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.prompt import Prompt
from typer.core import TyperGroup

from iwmo_gateway.commands.environment import migrated, named, out, recorded, stop, the_gateway
from iwmo_gateway.commands.replaytables import listing, messages, print_account, selection
from iwmo_gateway.gateway import replay as replays
from iwmo_gateway.gateway.access import Caller
from iwmo_gateway.gateway.context import Gateway, is_id
from iwmo_gateway.gateway.replay import Account, Action, Wish
from iwmo_gateway.gateway.replaying import replay_next
from iwmo_gateway.standard.days import AMSTERDAM
from iwmo_gateway.store import audit
from iwmo_gateway.store.parties import TokenRole
from iwmo_gateway.store.replays import Outcome, ReplayStatus
from iwmo_gateway.web import replaymodels
from iwmo_gateway.web.models import FilterModel

_REFRESH_SECONDS: Final = 0.5
_INTERRUPTED: Final = 130
_SHORTEST_REASON: Final = 3
_LONGEST_REASON: Final = 500
_ENDED: Final = frozenset({ReplayStatus.FINISHED, ReplayStatus.CANCELLED, ReplayStatus.EXPIRED})
_err: Final = Console(stderr=True, highlight=False)


class _OrRun(TyperGroup):
    """A group of commands of which `run` is meant where none is named."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if args and args[0] not in {*self.commands, "--help"}:
            args = ["run", *args]
        return super().parse_args(ctx, args)


replay: Final = typer.Typer(
    cls=_OrRun,
    no_args_is_help=True,
    help="Judge kept messages again, by id or by what a search finds. `replay ID…` and `replay --status failed` are "
    "short for `replay run`.",
)

ReplayId = Annotated[str, typer.Argument(metavar="ID", help="Id of the replay, from `replay list`.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print it as JSON, with all its messages.")]


@replay.command("run")
def replay_run(  # noqa: PLR0913, PLR0917 - each is an option of the command
    reason: Annotated[str, typer.Option(help="Why; kept with the replay.")],
    ids: Annotated[list[str] | None, typer.Argument(help="Ids of messages to judge again.")] = None,
    status: Annotated[str | None, typer.Option(help="Only messages of this status, such as failed.")] = None,
    kind: Annotated[str | None, typer.Option(help="Only messages of this kind, such as WMO305.")] = None,
    party: Annotated[str | None, typer.Option(help="Only what this party sent or was sent.")] = None,
    received_from: Annotated[
        datetime | None, typer.Option("--from", help="Only what was received from then on (Europe/Amsterdam).")
    ] = None,
    received_until: Annotated[
        datetime | None, typer.Option("--until", help="Only what was received before then (Europe/Amsterdam).")
    ] = None,
    rule: Annotated[str | None, typer.Option(help="Only what has a finding of this rule, such as TR019.")] = None,
    code: Annotated[str | None, typer.Option(help="Only what has a finding with this return code.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show what would differ.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Also where the answer was fetched already.")] = False,
    concurrency: Annotated[
        int, typer.Option(min=1, max=16, help="How many are in hand at the same time, over all processes.")
    ] = replays.CONCURRENCY,
    yes_count: Annotated[
        int | None, typer.Option("--yes-count", help="Do not ask, if exactly so many messages are found.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Judge kept messages again, oldest first, by their own moment of receipt: these ids, or what all options find.

    What is found is shown and confirmed first. Ctrl-C pauses; other processes go on with what is left when it resumes.
    """
    asked = {
        "status": status,
        "soort": kind,
        "partij": party,
        "ontvangen_vanaf": received_from and received_from.replace(tzinfo=received_from.tzinfo or AMSTERDAM),
        "ontvangen_tot": received_until and received_until.replace(tzinfo=received_until.tzinfo or AMSTERDAM),
        "regel": rule,
        "retourcode": code,
    }
    asked = {name: value for name, value in asked.items() if value is not None}
    if bool(ids) is bool(asked):
        stop("Give either ids of messages, or options that find them, such as --status failed")
    if not _SHORTEST_REASON <= len(reason.strip()) <= _LONGEST_REASON:
        stop(f"--reason: say why in {_SHORTEST_REASON} to {_LONGEST_REASON} characters; it is kept with the replay")
    if wrong := [one for one in ids or () if not is_id(one)]:
        stop(f"{wrong[0]!r} is no id of a message; an id is shown with every result")
    wish = Wish(reason, dry_run, force, concurrency)
    wanted = _filter(asked) if asked else None
    with _working_gateway(audit.Action.REPLAY, "replay run", ids or ()) as gateway:
        if wanted is None:
            made = replays.by_ids(gateway, _operator(), ids or (), wish)
        else:
            made = _previewed(gateway, wanted, wish, yes_count)
        _follow(gateway, made, as_json=as_json)


@replay.command("list")
def replay_list(
    limit: Annotated[int, typer.Option(min=1, max=1000, help="How many at most.")] = 20,
    as_json: Annotated[bool, typer.Option("--json", help="Print them as JSON.")] = False,
) -> None:
    """Show replays, newest first: who, when, why, and how far each is."""
    with _working_gateway(audit.Action.SEARCH, "replay list") as gateway:
        found = replays.listed(gateway, datetime.now(UTC), before=None, limit=limit)
    if as_json:
        told = [replaymodels.summary(one).model_dump(mode="json") for one in found]
        sys.stdout.write(json.dumps(told, indent=2, ensure_ascii=False) + "\n")
    else:
        out.print(listing(found))


@replay.command("show")
def replay_show(replay_id: ReplayId, as_json: AsJson = False) -> None:
    """Show a replay: how far it is, what came of its messages, and of a dry run what would differ."""
    with _working_gateway(audit.Action.READ, f"replay show {named(replay_id)}") as gateway:
        _known(gateway, replay_id)
        _print(gateway, replay_id, as_json=as_json)


@replay.command("pause")
def replay_pause(replay_id: ReplayId) -> None:
    """Pause a replay, wherever it runs. What is in hand is finished."""
    with _working_gateway(audit.Action.REPLAY, f"replay pause {named(replay_id)}") as gateway:
        _say(_changed(gateway, replay_id, Action.PAUSE))
        _tell_how_to_go_on(replay_id)


@replay.command("resume")
def replay_resume(replay_id: ReplayId, as_json: AsJson = False) -> None:
    """Go on with a replay that was paused, or start a preview, and follow it."""
    with _working_gateway(audit.Action.REPLAY, f"replay resume {named(replay_id)}") as gateway:
        status = _known(gateway, replay_id)
        if status is not ReplayStatus.RUNNING:
            _changed(gateway, replay_id, Action.START if status is ReplayStatus.PREVIEW else Action.RESUME)
        _follow(gateway, replay_id, as_json=as_json)


@replay.command("cancel")
def replay_cancel(replay_id: ReplayId) -> None:
    """End a replay: what was not judged yet stays as it is."""
    with _working_gateway(audit.Action.REPLAY, f"replay cancel {named(replay_id)}") as gateway:
        _say(_changed(gateway, replay_id, Action.CANCEL))


@contextmanager
def _working_gateway(action: audit.Action, what: str, messages: Iterable[str] = ()) -> Iterator[Gateway]:
    with the_gateway() as gateway:
        migrated(gateway)
        gateway.warm_up()
        with recorded(gateway, action, what, messages):
            yield gateway


def _operator() -> Caller:
    return Caller(TokenRole.OPERATOR, None, "operator:command line", datetime.now(UTC))


def _filter(asked: dict[str, Any]) -> FilterModel:
    try:
        return FilterModel(**asked)
    except ValidationError as error:
        fault = error.errors(include_input=False, include_url=False)[0]
        stop(f"{fault['loc'][0]}: {fault['msg']}")


def _previewed(gateway: Gateway, wanted: FilterModel, wish: Wish, yes_count: int | None) -> str:
    """A replay of what a filter finds, started once its count was confirmed. A dry run needs no confirmation."""
    asked = wanted.model_dump(mode="json", exclude_none=True)
    made = replays.preview(gateway, _operator(), wanted.search, asked, wish)
    found = replays.progress(gateway, made, datetime.now(UTC)).replay
    _err.print(selection(found))
    if found.more:
        _err.print(f"There are more: one replay holds {replays.MOST}, and these are the oldest.")
    if not wish.dry_run and not _confirmed(found.total, yes_count):
        _changed(gateway, made, Action.CANCEL)
        stop("Nothing was judged")
    _changed(gateway, made, Action.START)
    return made


def _confirmed(count: int, yes_count: int | None) -> bool:
    if yes_count is not None:
        if yes_count != count:
            _err.print(f"Found were {messages(count)}, and not {yes_count}.")
        return yes_count == count
    if count == 0:
        return True
    if not sys.stdin.isatty():
        _err.print(f"Without a terminal to ask at, confirm with --yes-count {count}.")
        return False
    try:
        return Prompt.ask(f"Type {count} to replay {messages(count)}", console=_err).strip() == str(count)
    except (EOFError, KeyboardInterrupt):
        return False


def _follow(gateway: Gateway, replay_id: str, *, as_json: bool) -> None:
    """Judge beside whatever else works, show how far it is, and in the end what came of it. Ctrl-C pauses."""
    with _interruptible() as interrupted:
        status = _judge(gateway, replay_id, interrupted.is_set, interrupted.wait)
        if interrupted.is_set() and status is ReplayStatus.RUNNING:
            status = _changed(gateway, replay_id, Action.PAUSE)
    if status not in _ENDED:
        _err.print(f"The replay is {status}.")
        _tell_how_to_go_on(replay_id)
        raise typer.Exit(_INTERRUPTED)
    said = _print(gateway, replay_id, as_json=as_json)
    if said.progress.outcomes.keys() & {Outcome.FAILED, Outcome.MISSING}:
        raise typer.Exit(1)


def _judge(
    gateway: Gateway, replay_id: str, interrupted: Callable[[], bool], rest: Callable[[float], object]
) -> ReplayStatus:
    bar = Progress(
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(),
        console=_err, disable=not _err.is_terminal,
    )  # fmt: skip
    with bar:
        task, next_look = bar.add_task("replay"), 0.0
        while True:
            worked = not interrupted() and replay_next(gateway, lambda: datetime.now(UTC), only=replay_id)
            if worked and time.monotonic() < next_look:
                continue
            told = replays.progress(gateway, replay_id, datetime.now(UTC))
            bar.update(task, total=told.replay.total, completed=told.done)
            if interrupted() or told.replay.status is not ReplayStatus.RUNNING:
                return told.replay.status
            next_look = time.monotonic() + _REFRESH_SECONDS
            if not worked:
                rest(_REFRESH_SECONDS)


@contextmanager
def _interruptible() -> Iterator[Event]:
    """An event that Ctrl-C and SIGTERM set, so that what is in hand is finished."""
    event = Event()
    before = {number: signal.signal(number, lambda *_: event.set()) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield event
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _changed(gateway: Gateway, replay_id: str, action: Action) -> ReplayStatus:
    _known(gateway, replay_id)
    changed = replays.change(gateway, _operator(), replay_id, action)
    if changed is None or not changed[1]:
        status = changed[0].replay.status if changed else "gone"
        stop(f"Replay {replay_id} is {status}: {action} is not possible")
    return changed[0].replay.status


def _known(gateway: Gateway, replay_id: str) -> ReplayStatus:
    found = replays.find(gateway, replay_id, datetime.now(UTC), limit=0) if is_id(replay_id) else None
    if found is None:
        stop(f"There is no replay with id {replay_id}; see `iwmo-gateway replay list`")
    return found.progress.replay.status


def _say(status: ReplayStatus) -> None:
    out.print(f"The replay is {status}.")


def _tell_how_to_go_on(replay_id: str) -> None:
    _err.print(f"Go on:            iwmo-gateway replay resume {replay_id}", soft_wrap=True)
    _err.print(f"End it for good: iwmo-gateway replay cancel {replay_id}", soft_wrap=True)


def _print(gateway: Gateway, replay_id: str, *, as_json: bool) -> Account:
    total = replays.progress(gateway, replay_id, datetime.now(UTC)).replay.total
    found = replays.find(gateway, replay_id, datetime.now(UTC), limit=total if as_json else 0)
    if found is None:
        stop(f"There is no replay with id {replay_id}")
    if as_json:
        sys.stdout.write(replaymodels.account(found, total).model_dump_json(indent=2) + "\n")
    else:
        print_account(out, gateway, found)
    return found
