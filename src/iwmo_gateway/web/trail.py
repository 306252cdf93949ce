"""Every call of /v1 in the audit trail: no look leaves without its row. Here alone is told which call is what."""

import json
import re
from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from threading import Lock
from time import monotonic
from typing import Annotated, Any, Final

import structlog
from fastapi import Depends, Request, Response
from fastapi.concurrency import run_in_threadpool
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.types import Message as ASGIMessage

from iwmo_gateway.errors import StoreError
from iwmo_gateway.gateway import audit
from iwmo_gateway.gateway.access import Caller, Origin
from iwmo_gateway.gateway.context import Gateway, is_id
from iwmo_gateway.store.audit import Action, Deed, Outcome
from iwmo_gateway.web.problems import ProblemError

log = structlog.get_logger(__name__)

ACTIONS: Final = {
    "POST /v1/berichten": Action.SEND,
    "POST /v1/validations": Action.VALIDATE,
    "GET /v1/berichten": Action.SEARCH,
    "GET /v1/berichten/{message_id}": Action.READ,
    "GET /v1/berichten/{message_id}/bevindingen": Action.READ,
    "GET /v1/berichten/{message_id}/oordelen": Action.READ,
    "GET /v1/berichten/{message_id}/xml": Action.FETCH,
    "GET /v1/berichten/{message_id}/retour": Action.FETCH,
    "GET /v1/mailbox": Action.SEARCH,
    "GET /v1/mailbox/{nr}": Action.FETCH,
    "PUT /v1/mailbox/{nr}/acknowledged": Action.ACKNOWLEDGE,
    "GET /v1/toewijzingen": Action.SEARCH,
    "GET /v1/leveringen": Action.SEARCH,
    "GET /v1/verzoeken": Action.SEARCH,
    "GET /v1/declaraties": Action.SEARCH,
    "GET /v1/declaraties/regels": Action.SEARCH,
    "GET /v1/reviews": Action.SEARCH,
    "POST /v1/reviews": Action.DECIDE,
    "POST /v1/reviews/{nr}": Action.DECIDE,
    "GET /v1/reports/openstaand": Action.REPORT,
    "GET /v1/reports/overzicht": Action.REPORT,
    "GET /v1/reports/productieverantwoording": Action.REPORT,
    "GET /v1/reports/betalingen": Action.REPORT,
    "GET /v1/reports/terugvorderingen": Action.REPORT,
    "GET /v1/reports/rente": Action.REPORT,
    "POST /v1/replays": Action.REPLAY,
    "GET /v1/replays": Action.SEARCH,
    "GET /v1/replays/{message_id}": Action.READ,
    "PATCH /v1/replays/{message_id}": Action.REPLAY,
    "GET /v1/replays/{message_id}/items": Action.READ,
    "GET /v1/contracts": Action.SEARCH,
    "GET /v1/contracts/{name}": Action.READ,
    "GET /v1/contracts/{name}/versies/{versie}": Action.READ,
    "PUT /v1/contracts/{name}": Action.LOAD,
    "GET /v1/audit": Action.AUDIT,
    "GET /v1/audit/verification": Action.AUDIT,
    "GET /v1/parties": Action.SEARCH,
    "PUT /v1/parties/{code}": Action.ADMINISTER,
    "GET /v1/mandates": Action.SEARCH,
    "POST /v1/mandates": Action.ADMINISTER,
    "DELETE /v1/mandates/{mandate_id}": Action.ADMINISTER,
    "GET /v1/tokens": Action.SEARCH,
    "POST /v1/tokens": Action.ADMINISTER,
    "POST /v1/tokens/{token_id}/opvolger": Action.ADMINISTER,
    "DELETE /v1/tokens/{token_id}": Action.ADMINISTER,
}
"""What each call is. The others show nothing of anybody: probes and documentation."""
_TOO_OFTEN: Final = "te-vaak"
_MESSAGE: Final = ("/v1/berichten/{message_id}", "/console/berichten/{message_id}")
_NO_FREE_TEXT: Final = re.compile(r"\d{1,8}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
"""What may be told of a path that nothing was found at: it may hold anything, a Bsn too."""


LIVE: Final = "x-live"
"""Header of a page that asks for itself again: that is nobody who uses it."""
_SAME_LOOK: Final = 900
"""For so many seconds a page that asks for itself and shows the same again is the look that was written down."""
_MOST_LOOKS: Final = 10_000
_OF_A_LOOK: Final = frozenset({Action.READ, Action.SEARCH, Action.REPORT})


@dataclass(slots=True)
class Call:
    """One call, with what becomes known of it on the way: who calls, and which messages it shows or changes.

    `named` if there is a token, be it a wrong one; `noted` if it was written down where it was done, in the same
    transaction; `problem` is the code of the problem that it ends in, where the answer is a page. `what` is told
    rather than the path of a call that was done, where that says too little.
    """

    origin: Origin
    named: bool = False
    caller: Caller | None = None
    messages: list[str] = field(default_factory=list)
    noted: bool = False
    problem: str | None = None
    what: str | None = None

    def by(self, caller: Caller) -> Caller:
        """It turns out to be this caller's: from here."""
        self.caller = replace(caller, origin=self.origin)
        return self.caller

    def shows(self, message_ids: Iterable[str]) -> None:
        """It shows or changes something of these messages."""
        self.messages.extend(message_ids)


def call_of(request: Request) -> Call:
    """This call, to tell which messages it shows or changes."""
    call: Call = request.state.call
    return call


async def the_call(request: Request) -> Call:
    """As `call_of`, for an endpoint."""
    return call_of(request)


TheCall = Annotated[Call, Depends(the_call)]


class Looks:
    """What pages of the console showed to each session of late, in this process.

    Each look is written down. A page that asks for itself every ten seconds is not another look, until it shows other
    messages: the trail would be full of somebody who had gone home.
    """

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._written: OrderedDict[tuple[Any, ...], float] = OrderedDict()
        self._lock = Lock()

    def same(self, scope: Scope, deed: Deed) -> bool:
        """Whether a page asks for itself, and this session was shown this before."""
        place = _look(scope, deed)
        if place is None or LIVE.encode() not in dict(scope["headers"]):
            return False
        with self._lock:
            written = self._written.get(place)
        return written is not None and self._clock() - written < _SAME_LOOK

    def written(self, scope: Scope, deed: Deed) -> None:
        """It was written down."""
        place = _look(scope, deed)
        if place is None:
            return
        with self._lock:
            self._written[place] = self._clock()
            self._written.move_to_end(place)
            if len(self._written) > _MOST_LOOKS:
                self._written.popitem(last=False)


class Trail:
    """Holds back every answer until its row in the audit trail is committed."""

    def __init__(self, app: ASGIApp, gateway: Gateway, refusal: Callable[[Scope, ProblemError], Response]) -> None:
        self.app = app
        self.gateway = gateway
        self.refusal = refusal
        self.looks = Looks()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One call."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        address = scope["client"][0][:100] if scope.get("client") else None
        state = scope.setdefault("state", {})
        state["call"] = call = Call(Origin(state.get("request"), address))
        held: ASGIMessage | None = None
        replaced = False

        async def once_noted(message: ASGIMessage) -> None:
            nonlocal held, replaced
            if message["type"] == "http.response.start":
                held = message
                return
            if held is not None:
                start, held = held, None
                if not await self._noted(scope, call, start, message.get("body", b"")):
                    replaced = True
                    refused = ProblemError("niet-beschikbaar", None, {"Retry-After": "5"})
                    await self.refusal(scope, refused)(scope, receive, send)
                    return
                await send(start)
            if not replaced:
                await send(message)

        try:
            await self.app(scope, receive, once_noted)
        except Exception:
            await self._noted(scope, call, {"status": 500}, b'{"code": "fout"}')
            raise

    async def _noted(self, scope: Scope, call: Call, start: ASGIMessage, body: bytes) -> bool:
        """Whether the answer may leave: its row is there, or it shows nothing."""
        deed = _deed(scope, call, start, body)
        if deed is None or self.looks.same(scope, deed):
            return True
        try:
            await run_in_threadpool(audit.record, self.gateway, deed)
            self.looks.written(scope, deed)
        except StoreError as error:
            log.error("audit_failed", action=deed.action, what=deed.what, outcome=deed.outcome, error=str(error))
            return deed.outcome is not Outcome.OK
        return True


def tells(action: Action) -> dict[str, Any]:
    """What a page of the console is, said where it is made: for the route's `openapi_extra`."""
    return {"x-action": action}


def action_of(route: Any) -> Action | None:
    """What a page of the console is; None for any other, and for one that shows nothing of anybody."""
    action: Action | None = (getattr(route, "openapi_extra", None) or {}).get("x-action")
    return action


def _look(scope: Scope, deed: Deed) -> tuple[Any, ...] | None:
    """What a session saw where; None for what is no look at a page of the console, or was not let in."""
    session = scope["state"].get("session")
    if session is None or scope["method"] != "GET" or deed.action not in _OF_A_LOOK or deed.outcome is not Outcome.OK:
        return None
    return session.form_key, deed.party, scope["path"], scope["query_string"], deed.message, deed.messages


def _deed(scope: Scope, call: Call, start: ASGIMessage, body: bytes) -> Deed | None:
    """What is written down of a call; None for one that is not, or was already.

    A flood fills no trail: neither calls without a token nor those above a limit, which show nothing, stand in it.
    """
    path = getattr(scope.get("route"), "path", "")
    action = ACTIONS.get(f"{scope['method']} {path}") or action_of(scope.get("route"))
    if action is None or not call.named or (call.noted and start["status"] < 500):
        return None
    outcome, code = _outcome(call, start, body)
    if code == _TOO_OFTEN:
        return None
    params: dict[str, Any] = scope.get("path_params", {})
    about = params.get("message_id") if path.startswith(_MESSAGE) else None
    messages = [about] if about and is_id(about) else []
    done = outcome is Outcome.OK
    what = call.what if done and call.what is not None else _what(path, params, start, found=done)
    if call.caller is None:
        return Deed(
            at=datetime.now(UTC),
            actor=audit.UNKNOWN,
            action=action,
            what=what,
            message=messages[0] if messages else None,
            outcome=outcome,
            problem=code,
            request=call.origin.request,
            address=call.origin.address,
        )
    messages += call.messages
    return audit.deed_of(call.caller, action, what, messages=messages, outcome=outcome, problem=code)


def _outcome(call: Call, start: ASGIMessage, body: bytes) -> tuple[Outcome, str | None]:
    if start["status"] < 400:
        return Outcome.OK, None
    code = call.problem or json.loads(body)["code"]
    return Outcome.FAILED if start["status"] >= 500 else Outcome.REFUSED, code


def _what(path: str, params: dict[str, Any], start: ASGIMessage, *, found: bool) -> str:
    """The path below /v1: the id of a message left open, other names filled in where they are ours."""
    headers: dict[bytes, bytes] = dict(start.get("headers", ()))
    made = headers.get(b"location", b"").decode()
    if made and path.startswith("/v1/"):
        return made.removeprefix("/v1/")
    for name, value in params.items():
        text = str(value)
        if not path.startswith(_MESSAGE) and (found or _NO_FREE_TEXT.fullmatch(text)):
            path = path.replace(f"{{{name}}}", text)
    return path.removeprefix("/v1/").removeprefix("/").replace("{message_id}", "{id}")
