"""The calls of /v1/replays: judging kept messages again, following it, and holding it up."""

from datetime import UTC, datetime
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Query, Request, Response

from iwmo_gateway.gateway import replay
from iwmo_gateway.gateway.access import Caller
from iwmo_gateway.gateway.context import Gateway
from iwmo_gateway.gateway.replaying import run
from iwmo_gateway.gateway.results import SHOWN
from iwmo_gateway.web import answers, replaymodels
from iwmo_gateway.web.access import Operator, Overseer, the_gateway
from iwmo_gateway.web.calls import documented_body, json_body, later, message_id
from iwmo_gateway.web.models import LinksModel
from iwmo_gateway.web.paging import page_of
from iwmo_gateway.web.problems import ProblemError, documented
from iwmo_gateway.web.replaymodels import ReplayChange, ReplayItemsQuery, ReplayRequest, ReplaysQuery
from iwmo_gateway.web.trail import Call, TheCall

_LIMIT: Final = 64 * 1024

TheGateway = Annotated[Gateway, Depends(the_gateway)]
ReplayId = Annotated[str, Depends(message_id)]

router = APIRouter(prefix="/v1", tags=["operators"])


async def replay_request(request: Request, caller: Operator) -> ReplayRequest:
    """What is to be judged again; only an operator asks."""
    return await json_body(request, ReplayRequest, _LIMIT)


async def replay_change(request: Request, caller: Operator) -> ReplayChange:
    """What is to be done with a replay; only an operator decides."""
    return await json_body(request, ReplayChange, _LIMIT)


@router.post(
    "/replays",
    status_code=201,
    response_model=replaymodels.ReplayModel,
    responses={
        **documented("token", "IB008", "IB012", "parameters"),
        202: {"model": replaymodels.ReplayModel, "description": "It runs; follow it at its Location"},
    },
    openapi_extra=documented_body(ReplayRequest),
)
def post_replay(
    request: Request,
    wanted: Annotated[ReplayRequest, Depends(replay_request)],
    gateway: TheGateway,
    caller: Operator,
    call: TheCall,
) -> Response:
    """Judge kept messages again, oldest first, by their own moment of receipt. `dry_run` only shows the difference.

    A filter makes a preview: exactly the messages that it finds now, of which nothing is judged until it is started.
    Up to 100 ids are judged at once, or with `Prefer: respond-async` by whatever process works.
    """
    wish = replay.Wish(wanted.reason, wanted.dry_run, wanted.force, wanted.concurrency)
    status = 201
    if wanted.filter is not None:
        asked = wanted.filter.model_dump(mode="json", exclude_none=True)
        made = replay.preview(gateway, caller, wanted.filter.search, asked, wish)
    else:
        made = replay.by_ids(gateway, caller, wanted.ids or (), wish)
        if later(request) or not run(gateway, made, lambda: datetime.now(UTC)):
            status = 202
    return _told(gateway, caller, call, made, status)


@router.get(
    "/replays",
    response_model=replaymodels.ReplaysModel,
    responses=documented("token", "IB008", "parameters"),
)
def get_replays(gateway: TheGateway, caller: Overseer, asked: Annotated[ReplaysQuery, Query()]) -> Response:
    """Every replay, newest first: who, when, why, and how far it is."""
    found = replay.listed(gateway, caller.at, before=asked.before, limit=asked.limit + 1)
    page, link = page_of("/v1/replays", asked, found, before=lambda one: one.replay.id)
    listed = [replaymodels.summary(one) for one in page]
    return answers.as_json(replaymodels.ReplaysModel(replays=listed, links=LinksModel(next=link)))


@router.get(
    "/replays/{message_id}",
    response_model=replaymodels.ReplayModel,
    responses=documented("token", "IB008", "niet-gevonden"),
)
def get_replay(gateway: TheGateway, caller: Overseer, call: TheCall, identity: ReplayId) -> Response:
    """A replay: who, when, why, how far it is, what came of it, and of a dry run what would differ in all."""
    return _told(gateway, caller, call, identity)


@router.patch(
    "/replays/{message_id}",
    response_model=replaymodels.ReplayModel,
    responses=documented("token", "IB008", "IB012", "niet-gevonden", "replay-status", "parameters"),
    openapi_extra=documented_body(ReplayChange),
)
def patch_replay(
    gateway: TheGateway,
    caller: Operator,
    call: TheCall,
    identity: ReplayId,
    wanted: Annotated[ReplayChange, Depends(replay_change)],
) -> Response:
    """Start a preview, pause or resume what runs, or cancel it: what was not judged yet then stays as it is."""
    changed = replay.change(gateway, caller, identity, wanted.action)
    if changed is None:
        raise ProblemError("niet-gevonden")
    told, done = changed
    if not done:
        status = told.replay.status
        raise ProblemError(
            "replay-status",
            f"De replay is {status}; {wanted.action} kan dan niet.",
            verwacht=" of ".join(sorted(replay.allowed(wanted.action))),
            gevonden=status,
        )
    return _told(gateway, caller, call, identity)


@router.get(
    "/replays/{message_id}/items",
    response_model=replaymodels.ReplayItemsModel,
    responses=documented("token", "IB008", "niet-gevonden", "parameters"),
)
def get_replay_items(
    gateway: TheGateway,
    caller: Overseer,
    call: TheCall,
    identity: ReplayId,
    asked: Annotated[ReplayItemsQuery, Query()],
) -> Response:
    """The messages of a replay in the order in which they are judged, and what came of each."""
    found = replay.items(gateway, identity, after=asked.after, limit=asked.limit + 1, outcome=asked.outcome)
    if found is None:
        raise ProblemError("niet-gevonden")
    page, link = page_of(f"/v1/replays/{identity}/items", asked, found, after=lambda one: one.nr)
    call.shows(one.message for one in page)
    listed = [replaymodels.item(one) for one in page]
    return answers.as_json(replaymodels.ReplayItemsModel(berichten=listed, links=LinksModel(next=link)))


def _told(gateway: Gateway, caller: Caller, call: Call, identity: str, status: int = 200) -> Response:
    found = replay.find(gateway, identity, caller.at, limit=SHOWN + 1)
    if found is None:
        raise ProblemError("niet-gevonden")
    call.shows(one.message for one in found.items[:SHOWN])
    made = status in {201, 202}
    headers = {"Location": f"/v1/replays/{identity}"} if made else None
    return answers.as_json(replaymodels.account(found, SHOWN), status, headers)
