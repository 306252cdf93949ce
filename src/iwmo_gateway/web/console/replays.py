"""Judging kept messages again: choosing them, seeing what would differ, confirming, following, and what came of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import ValidationError
from starlette.datastructures import FormData

from iwmo_gateway.gateway import replay, results
from iwmo_gateway.gateway.context import Gateway, is_id
from iwmo_gateway.gateway.replay import AT_ONCE, Wish
from iwmo_gateway.standard.days import AMSTERDAM
from iwmo_gateway.standard.kinds import SOORTEN
from iwmo_gateway.store.audit import Action
from iwmo_gateway.store.messages import Status
from iwmo_gateway.store.parties import Right
from iwmo_gateway.store.replays import Outcome, ReplayStatus
from iwmo_gateway.web.access import Operator, Overseer, the_gateway
from iwmo_gateway.web.calls import message_id
from iwmo_gateway.web.console.forms import TheForm, text_of
from iwmo_gateway.web.console.page import STATUS, Page, ThePage
from iwmo_gateway.web.models import UUID_PATTERN, FilterModel
from iwmo_gateway.web.problems import ProblemError
from iwmo_gateway.web.session import CONSOLE
from iwmo_gateway.web.trail import Call, TheCall, tells

router = APIRouter(prefix=CONSOLE, include_in_schema=False)

REPLAY: Final = {
    ReplayStatus.PREVIEW: "klaar om te starten",
    ReplayStatus.RUNNING: "loopt",
    ReplayStatus.PAUSED: "gepauzeerd",
    ReplayStatus.FINISHED: "klaar",
    ReplayStatus.CANCELLED: "geannuleerd",
    ReplayStatus.EXPIRED: "verlopen",
}
"""The word for each status of a replay."""
OUTCOME: Final = {
    Outcome.JUDGED: "opnieuw beoordeeld",
    Outcome.UNCHANGED: "zelfde uitkomst",
    Outcome.SHOWN: "verschil getoond",
    Outcome.REFUSED: "mag niet opnieuw",
    Outcome.FAILED: "mislukt",
    Outcome.MISSING: "bestaat niet",
    Outcome.PURGED: "opgeruimd",
    Outcome.CANCELLED: "niet gedaan",
}
"""The word for each outcome of a message of a replay."""
DONE: Final = {
    replay.Action.START: "gestart",
    replay.Action.PAUSE: "gepauzeerd",
    replay.Action.RESUME: "hervat",
    replay.Action.CANCEL: "geannuleerd",
}
"""What somebody did with a replay."""
FIELDS: Final = {
    "soort": "Soort",
    "status": "Status",
    "partij": "Partij",
    "ontvangen_vanaf": "Ontvangen vanaf",
    "ontvangen_tot": "Ontvangen tot",
    "identificatie": "Identificatie",
    "declaratie_nummer": "Declaratienummer",
    "toewijzing_nummer": "Toewijzingnummer",
    "regel": "Regel",
    "retourcode": "Retourcode",
    "tekst": "Tekst in een bevinding",
}
"""What messages can be chosen by: the fields of the search, as they are called on the page."""
_MOMENTS: Final = frozenset({"ontvangen_vanaf", "ontvangen_tot"})
_FAULTS: Final = {
    "status": "Kies een status uit de lijst.",
    "ontvangen_vanaf": "Vul een dag en een tijd in.",
    "ontvangen_tot": "Vul een dag en een tijd in.",
    "identificatie": "Een identificatie telt ten hoogste 12 tekens.",
    "declaratie_nummer": "Een declaratienummer telt ten hoogste 12 tekens.",
    "toewijzing_nummer": "Een toewijzingnummer is een getal van ten hoogste negen cijfers.",
    "tekst": "Vul 3 tot en met 100 tekens in.",
}
_KINDS: Final = [(code, code) for code in sorted({code for code, _ in SOORTEN})]
_REASON: Final = (3, 500)
_PAGE: Final = 20
_ITEMS: Final = 50

TheGateway = Annotated[Gateway, Depends(the_gateway)]
ReplayId = Annotated[str, Depends(message_id)]
Older = Annotated[str | None, Query(pattern=UUID_PATTERN)]


@dataclass(frozen=True, slots=True)
class Filled:
    """What the form of a new replay says, and what is wrong with it, by field; `ids` or else `asked` chooses."""

    ids: Sequence[str] = ()
    asked: Mapping[str, str] = field(default_factory=dict)
    reason: str = ""
    force: bool = False
    errors: Mapping[str, str] = field(default_factory=dict)


@router.get("/replays", openapi_extra=tells(Action.SEARCH))
def get_replays(page: ThePage, caller: Overseer, gateway: TheGateway, voor: Older = None) -> Response:
    """Every replay, newest first."""
    found = replay.listed(gateway, caller.at, before=voor, limit=_PAGE + 1)
    shown, more = found[:_PAGE], len(found) > _PAGE
    following = {"voor": shown[-1].replay.id} if more else None
    return page.show("replays.html", found=shown, following=following, **_words())


@router.get("/replays/nieuw", openapi_extra=tells(Action.SEARCH))
def get_new(request: Request, page: ThePage, caller: Operator, gateway: TheGateway) -> Response:
    """The form that chooses messages: filled in by the list or the page that it was asked from."""
    query = request.query_params
    ids = [one for text in query.getlist("ids") for one in text.split(",") if is_id(one)][:AT_ONCE]
    asked = {name: _local(name, query[name]) for name in FIELDS if query.get(name)}
    return _form(page, gateway, Filled(ids, asked))


@router.post("/replays", openapi_extra=tells(Action.REPLAY))
def post_replay(page: ThePage, caller: Operator, call: TheCall, gateway: TheGateway, form: TheForm) -> Response:
    """Choose the messages: to be counted first, or as a dry run that begins at once."""
    filled, model = _filled(form)
    if filled.errors:
        return _form(page, gateway, filled)
    dry = text_of(form, "hoe") == "proef"
    wish = Wish(filled.reason, dry_run=dry, force=filled.force)
    if model is None:
        made = replay.by_ids(gateway, caller, filled.ids, wish, ReplayStatus.PREVIEW)
    else:
        made = replay.preview(gateway, caller, model.search, model.model_dump(mode="json", exclude_none=True), wish)
    if dry:
        replay.change(gateway, caller, made, replay.Action.START)
    return _to(page, call, gateway, made)


@router.get("/replays/{message_id}", openapi_extra=tells(Action.READ))
def get_replay(
    page: ThePage,
    caller: Overseer,
    call: TheCall,
    gateway: TheGateway,
    identity: ReplayId,
    na: Annotated[int, Query(ge=-1, le=2**31 - 1)] = -1,
    uitkomst: Outcome | None = None,
) -> Response:
    """A replay: what was chosen, how far it is, what differs or came of it, and its messages a page at a time."""
    return _shown(page, call, gateway, identity, na=na, uitkomst=uitkomst)


@router.post("/replays/{message_id}", openapi_extra=tells(Action.REPLAY))
def post_change(
    page: ThePage, caller: Operator, call: TheCall, gateway: TheGateway, identity: ReplayId, form: TheForm
) -> Response:
    """Start, pause, resume or cancel a replay."""
    try:
        action = replay.Action(text_of(form, "doe"))
    except ValueError:
        raise ProblemError("parameters") from None
    changed = replay.change(gateway, caller, identity, action)
    if changed is None:
        raise ProblemError("niet-gevonden")
    told, done = changed
    if not done:
        raise ProblemError("replay-status", f"De replay is {REPLAY[told.replay.status]}; dat kan nu niet.")
    return _to(page, call, gateway, identity)


@router.post("/replays/{message_id}/uitvoeren", openapi_extra=tells(Action.REPLAY))
def post_again(
    page: ThePage, caller: Operator, call: TheCall, gateway: TheGateway, identity: ReplayId, form: TheForm
) -> Response:
    """After a dry run: judge exactly the messages that it showed."""
    reason = text_of(form, "reden").replace("\r\n", "\n")
    if fault := _fault_of(reason):
        call.problem = "parameters"
        return _shown(page, call, gateway, identity, reason=reason, fault=fault)
    found = replay.find(gateway, identity, caller.at, limit=0)
    if found is None or not found.progress.replay.dry_run:
        raise ProblemError("niet-gevonden")
    made = replay.again(gateway, caller, identity, Wish(reason, force=found.progress.replay.force))
    return _to(page, call, gateway, made or identity)


def _to(page: Page, call: Call, gateway: Gateway, identity: str) -> Response:
    """On to a replay; what was done concerns its messages, of which the trail names the first."""
    chosen = replay.items(gateway, identity, after=-1, limit=results.SHOWN)
    call.shows(one.message for one in chosen or ())
    return page.go(f"/replays/{identity}")


def _shown(
    page: Page,
    call: Call,
    gateway: Gateway,
    identity: str,
    *,
    na: int = -1,
    uitkomst: Outcome | None = None,
    reason: str | None = None,
    fault: str | None = None,
) -> Response:
    found = replay.find(gateway, identity, page.now, limit=0)
    listed = replay.items(gateway, identity, after=na, limit=_ITEMS + 1, outcome=uitkomst)
    if found is None or listed is None:
        raise ProblemError("niet-gevonden")
    shown, more = listed[:_ITEMS], len(listed) > _ITEMS
    call.shows(one.message for one in shown)
    told = found.progress.replay
    return page.show(
        "replay.html",
        422 if fault else 200,
        found=found,
        replay=told,
        items=shown,
        na=na,
        uitkomst=uitkomst,
        following={"na": shown[-1].nr, "uitkomst": uitkomst} if more else None,
        history=[{**one, "at": datetime.fromisoformat(one["at"])} for one in told.history],
        again=dict(told.filter or {}),
        chosen=[(FIELDS[name], _said(name, value)) for name, value in (told.filter or {}).items()],
        reason=told.reason if reason is None else reason,
        fault=fault,
        live=told.status in {ReplayStatus.RUNNING, ReplayStatus.PAUSED},
        until=told.created_at + replay.PREVIEW_HOLDS,
        operates=page.caller is not None and page.caller.may(Right.OPERATE),
        most=replay.MOST,
        **_words(),
    )


def _filled(form: FormData) -> tuple[Filled, FilterModel | None]:
    """What the form says, and the filter where it has no ids."""
    given = [value for value in form.getlist("ids") if isinstance(value, str)]
    ids = [one for one in given if is_id(one)][:AT_ONCE]
    asked = {name: text for name in FIELDS if (text := text_of(form, name))}
    reason, force = text_of(form, "reden").replace("\r\n", "\n"), text_of(form, "force") == "ja"
    errors: dict[str, str] = {}
    model = None
    if not ids:
        model, errors = _model(asked)
        if not asked:
            errors["welke"] = "Vul ten minste één veld in; alle berichten tegelijk kan niet."
    if fault := _fault_of(reason):
        errors["reden"] = fault
    return Filled(ids, asked, reason, force, errors), model


def _model(asked: Mapping[str, str]) -> tuple[FilterModel | None, dict[str, str]]:
    try:
        return FilterModel.model_validate({name: _zoned(name, text) for name, text in asked.items()}), {}
    except ValidationError as error:
        names = [str(fault["loc"][0]) for fault in error.errors(include_input=False)]
        return None, {name: _FAULTS.get(name, "Deze waarde kan niet.") for name in names}


def _fault_of(reason: str) -> str | None:
    """What is wrong with a reason; None if nothing is."""
    least, most = _REASON
    if not least <= len(reason) <= most or "\x00" in reason:
        return f"Vul in waarom, in {least} tot en met {most} tekens: het blijft bij de replay staan."
    return None


def _zoned(name: str, text: str) -> str:
    """A moment as the field holds it, which is one in the Netherlands, with its zone."""
    if name not in _MOMENTS:
        return text
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return text
    return text if moment.tzinfo else moment.replace(tzinfo=AMSTERDAM).isoformat()


def _local(name: str, text: str) -> str:
    """A moment as its field shows it."""
    if name not in _MOMENTS:
        return text
    try:
        moment = datetime.fromisoformat(text)
        local = moment.astimezone(AMSTERDAM) if moment.tzinfo else moment
    except (ValueError, OverflowError):
        return text
    return local.replace(tzinfo=None).isoformat(timespec="seconds" if local.second else "minutes")


def _said(name: str, value: Any) -> str:
    """A value of a filter in words."""
    if name in _MOMENTS:
        return f"{datetime.fromisoformat(value).astimezone(AMSTERDAM):%d-%m-%Y %H:%M}"
    return STATUS[Status(value)] if name == "status" else str(value)


def _form(page: Page, gateway: Gateway, filled: Filled) -> Response:
    """The form of a new replay."""
    if filled.errors:
        page.request.state.call.problem = "parameters"
    caller = page.caller
    named = [(one, results.find(gateway, caller, one)) for one in filled.ids] if caller is not None else []
    page.request.state.call.shows(one for one, found in named if found is not None)
    return page.show(
        "replay_nieuw.html",
        422 if filled.errors else 200,
        filled=filled,
        named=named,
        moments=_MOMENTS,
        fields=FIELDS,
        kinds=_KINDS,
    )


def _words() -> dict[str, Any]:
    return {
        "replay_words": REPLAY,
        "outcome_words": OUTCOME,
        "action_words": DONE,
    }
