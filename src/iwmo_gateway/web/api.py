"""The calls of /v1: each reads what it is asked, has the gateway do it, and words the answer."""

import asyncio
from datetime import datetime
from typing import Annotated, Any, Final, TypeVar

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from fastapi.concurrency import run_in_threadpool

from iwmo_gateway.gateway import mailbox, replay, results
from iwmo_gateway.gateway.access import Caller
from iwmo_gateway.gateway.context import Gateway
from iwmo_gateway.gateway.receive import Refused, receive, validate
from iwmo_gateway.gateway.results import SHOWN, Result
from iwmo_gateway.rules.answers import ANSWERED_ONCE
from iwmo_gateway.store.messages import WAITS, Status
from iwmo_gateway.store.parties import TokenRole
from iwmo_gateway.store.search import Search
from iwmo_gateway.web import answers, models
from iwmo_gateway.web.calls import (
    an_operator,
    later,
    message_body,
    message_id,
    received_at,
    replay_request,
    the_caller,
    the_gateway,
    the_party,
    wants_xml,
)
from iwmo_gateway.web.problems import CATALOGUE, ProblemError, documented, problem, refusal

T = TypeVar("T")
TheGateway = Annotated[Gateway, Depends(the_gateway)]
TheCaller = Annotated[Caller, Depends(the_caller)]
MessageId = Annotated[str, Depends(message_id)]
MOST: Final = 2**63 - 1
"""The highest number that a database counts to."""
MOST_FINDINGS: Final = 2**31 - 1
"""The highest number that a database counts the findings of one message to."""
Number = Annotated[int, Path(le=MOST)]
Limit = Annotated[int, Query(ge=1, le=100, description="How many at most")]

POLL_SECONDS: Final = 0.5

_EXAMPLE: Final = """<wmo305:Bericht xmlns:wmo305="http://www.istandaarden.nl/iwmo/3_2/wmo305/schema"
    xmlns:iwmo="http://www.istandaarden.nl/iwmo/3_2/basisschema/schema">…</wmo305:Bericht>"""
_XML_BODY: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "content": {"application/xml": {"schema": {"type": "string"}, "example": _EXAMPLE}},
    }
}


_UNTAKEN: Final = (
    "token", "IB009", "IB012", "mediatype", "leeg", "geen-xml", "tekencodering", "dtd", "te-diep", "attributen",
    "ontvangst-moment", "IB004",
)  # fmt: skip
_SENDING: Final = documented(*_UNTAKEN, "IB008", "IB014", "IB019")

router = APIRouter(prefix="/v1")


@router.post(
    "/berichten",
    status_code=201,
    response_model=models.ResultModel,
    responses={
        **_SENDING,
        200: {"model": models.ResultModel, "description": "An exact repeat: the first result, or what it is now"},
        202: {"model": models.ResultModel, "description": "Kept; the judgement comes later"},
    },
    openapi_extra=_XML_BODY,
    tags=["berichten"],
)
def post_bericht(
    request: Request,
    gateway: TheGateway,
    caller: TheCaller,
    moment: Annotated[datetime, Depends(received_at)],
    body: Annotated[bytes, Depends(message_body)],
) -> Response:
    """Send a message. The result says what is wrong, where, by which rule, and what was expected.

    With `Accept: application/xml` the answer is the return message itself, if there is one.
    """
    deferred = later(request) or len(body) > gateway.settings.sync_limit_bytes
    taken = receive(gateway, caller, body, moment, later=deferred)
    if isinstance(taken, Refused):
        return refusal(taken)
    result = taken.result
    where = {"Location": f"/v1/berichten/{result.message.id}"}
    if result.message.status is Status.INVALID:
        return _schema_problem(result, where)
    if any(finding.regel == ANSWERED_ONCE for finding in result.findings):
        return problem("IB019", "Op dit bericht is al een retourbericht verzonden.", where, id=result.message.id)
    status = 202 if result.message.status in WAITS else 200 if taken.repeated else 201
    if wants_xml(request) and result.judgement is not None and result.judgement.retour is not None:
        return _xml(results.retour_xml(gateway, caller, result.message.id), status, where)
    return answers.as_json(answers.full(result), 200 if taken.repeated else status, where)


@router.post(
    "/validations",
    response_model=models.ValidationModel,
    responses=documented(*_UNTAKEN),
    openapi_extra=_XML_BODY,
    tags=["berichten"],
)
def post_validation(
    gateway: TheGateway,
    caller: TheCaller,
    moment: Annotated[datetime, Depends(received_at)],
    body: Annotated[bytes, Depends(message_body)],
) -> Response:
    """Hear what the gateway would say of a message, at all four levels. Nothing is kept."""
    said = validate(gateway, caller, body, moment)
    return refusal(said) if isinstance(said, Refused) else answers.as_json(answers.validation(said))


@router.get(
    "/berichten", response_model=models.SummariesModel, responses=documented("token", "parameters"), tags=["berichten"]
)
def get_berichten(
    gateway: TheGateway,
    caller: TheCaller,
    wanted: Annotated[models.SearchModel, Query()],
) -> Response:
    """Find messages, newest first. Everything that is asked must hold."""
    search = Search(
        soort=wanted.soort,
        status=wanted.status,
        party=wanted.partij,
        received_from=wanted.ontvangen_vanaf,
        received_until=wanted.ontvangen_tot,
        identificatie=wanted.identificatie,
        declaratie_nummer=wanted.declaratie_nummer,
        toewijzing_nummer=wanted.toewijzing_nummer,
        regel=wanted.regel,
        retourcode=wanted.retourcode,
        text=wanted.tekst,
    )
    found = results.search(gateway, caller, search, before=wanted.before, limit=wanted.limit + 1)
    page, more = found[: wanted.limit], len(found) > wanted.limit
    following = None
    if more:
        asked = wanted.model_dump(mode="json", exclude_none=True) | {"before": page[-1].message.id}
        following = f"/v1/berichten?{answers.query(asked)}"
    listed = [answers.summary(result) for result in page]
    return answers.as_json(models.SummariesModel(berichten=listed, links=models.LinksModel(next=following)))


@router.get(
    "/berichten/{message_id}",
    response_model=models.ResultModel,
    responses=documented("token", "niet-gevonden"),
    tags=["berichten"],
)
def get_bericht(gateway: TheGateway, caller: TheCaller, identity: MessageId) -> Response:
    """The result of a message."""
    result = results.find(gateway, caller, identity)
    return answers.as_json(answers.full(_found(result)))


@router.get(
    "/berichten/{message_id}/bevindingen",
    response_model=models.FindingsModel,
    responses=documented("token", "niet-gevonden", "parameters"),
    tags=["berichten"],
)
def get_bevindingen(
    gateway: TheGateway,
    caller: TheCaller,
    identity: MessageId,
    after: Annotated[int, Query(ge=0, le=MOST_FINDINGS, description="How many were read already")] = 0,
    limit: Limit = SHOWN,
) -> Response:
    """All findings of the newest judgement, page by page."""
    found = _found(results.findings(gateway, caller, identity, after=after - 1, limit=limit + 1))
    more = len(found) > limit
    following = f"/v1/berichten/{identity}/bevindingen?after={after + limit}&limit={limit}" if more else None
    return answers.as_json(
        models.FindingsModel(bevindingen=answers.findings(found[:limit]), links=models.LinksModel(next=following))
    )


@router.get(
    "/berichten/{message_id}/oordelen",
    response_model=models.StoryModel,
    responses=documented("token", "niet-gevonden"),
    tags=["berichten"],
)
def get_oordelen(gateway: TheGateway, caller: TheCaller, identity: MessageId) -> Response:
    """Every judgement of a message and all that happened to it."""
    judged, happened = _found(results.judgements(gateway, caller, identity))
    return answers.as_json(answers.story(judged, happened))


@router.get(
    "/berichten/{message_id}/xml",
    response_class=Response,
    responses={**documented("token", "niet-gevonden"), 200: {"content": {"application/xml": {}}}},
    tags=["berichten"],
)
def get_xml(gateway: TheGateway, caller: TheCaller, identity: MessageId) -> Response:
    """The bytes of a message as they came in or went out."""
    return _xml(results.xml(gateway, caller, identity))


@router.get(
    "/berichten/{message_id}/retour",
    response_class=Response,
    responses={**documented("token", "niet-gevonden"), 200: {"content": {"application/xml": {}}}},
    tags=["berichten"],
)
def get_retour(gateway: TheGateway, caller: TheCaller, identity: MessageId) -> Response:
    """The return message to a message."""
    return _xml(results.retour_xml(gateway, caller, identity))


@router.get(
    "/mailbox",
    response_model=models.MailboxModel,
    responses=documented("token", "IB008", "parameters"),
    tags=["mailbox"],
)
async def get_mailbox(
    request: Request,
    gateway: TheGateway,
    party: Annotated[str, Depends(the_party)],
    after: Annotated[int, Query(ge=0, le=MOST, description="Only what has a higher number")] = 0,
    limit: Limit = 100,
    wait: Annotated[int, Query(ge=0, le=30, description="Seconds to wait for something to arrive")] = 0,
) -> Response:
    """What waits for the calling party and was not acknowledged, oldest first. Reading never consumes."""
    until = asyncio.get_running_loop().time() + wait
    while True:
        found = await run_in_threadpool(mailbox.waiting, gateway, party, after=after, limit=limit + 1)
        left = until - asyncio.get_running_loop().time()
        if found or left <= 0 or await request.is_disconnected():
            break
        await asyncio.sleep(min(POLL_SECONDS, left))
    page = [answers.entry(waits) for waits in found[:limit]]
    following = f"/v1/mailbox?after={page[-1].nr}&limit={limit}" if len(found) > limit else None
    return answers.as_json(models.MailboxModel(berichten=page, links=models.LinksModel(next=following)))


@router.get(
    "/mailbox/{nr}",
    response_class=Response,
    responses={
        **documented("token", "IB008", "niet-gevonden", "parameters"),
        200: {"content": {"application/xml": {}}},
    },
    tags=["mailbox"],
)
def get_mailbox_entry(
    nr: Number, gateway: TheGateway, caller: TheCaller, party: Annotated[str, Depends(the_party)]
) -> Response:
    """The XML of what waits under this number. It stays until it is acknowledged."""
    entry, body = _found(mailbox.fetch(gateway, caller, party, nr))
    return _xml(body, headers={"Content-Location": f"/v1/berichten/{entry.message}/xml"})


@router.put(
    "/mailbox/{nr}/acknowledged",
    status_code=204,
    responses=documented("token", "IB008", "niet-gevonden", "parameters"),
    tags=["mailbox"],
)
def put_acknowledged(
    nr: Number, gateway: TheGateway, caller: TheCaller, party: Annotated[str, Depends(the_party)]
) -> Response:
    """Tell that it is in hand: it no longer waits. Harmless to repeat."""
    if not mailbox.acknowledge(gateway, caller, party, nr):
        raise ProblemError("niet-gevonden")
    return Response(status_code=204)


@router.post(
    "/replays",
    status_code=201,
    response_model=models.ReplayModel,
    responses=documented("token", "IB008", "parameters"),
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": models.ReplayRequest.model_json_schema()}},
        }
    },
    tags=["operators"],
)
def post_replay(
    wanted: Annotated[models.ReplayRequest, Depends(replay_request)],
    gateway: TheGateway,
    caller: Annotated[Caller, Depends(an_operator)],
) -> Response:
    """Judge kept messages again, oldest first, by their own moment of receipt. `dry_run` only shows the difference."""
    done = replay.replay(
        gateway,
        caller,
        wanted.ids,
        reason=wanted.reason,
        dry_run=wanted.dry_run,
        force=wanted.force,
    )
    return answers.as_json(answers.replay(done), 201, {"Location": f"/v1/replays/{done.id}"})


@router.get(
    "/replays/{message_id}",
    response_model=models.ReplayModel,
    responses=documented("token", "IB008", "niet-gevonden"),
    tags=["operators"],
)
def get_replay(gateway: TheGateway, caller: TheCaller, identity: MessageId) -> Response:
    """A replay: who, when, why, and what came of each message."""
    if caller.role is TokenRole.PARTY:
        raise ProblemError("IB008", verwacht="een token van een beheerder of auditor", gevonden=caller.role)
    return answers.as_json(answers.replay(_found(replay.find(gateway, identity))))


@router.get("/problems/{code}", tags=["documentatie"], responses=documented("niet-gevonden"))
def get_problem(code: str) -> dict[str, str | int]:
    """What a problem code means and what to do about it. Needs no token."""
    kind = CATALOGUE.get(code)
    if kind is None:
        raise ProblemError("niet-gevonden")
    return {"code": kind.code, "status": kind.status, "title": kind.title, "remedie": kind.remedy}


def _found(value: T | None) -> T:
    if value is None:
        raise ProblemError("niet-gevonden")
    return value


def _schema_problem(result: Result, headers: dict[str, str]) -> Response:
    judgement = result.judgement
    return problem(
        "IB014",
        f"Het bericht voldoet op {len(result.findings)} plaats(en) niet aan het schema van {result.message.soort} "
        f"{result.message.release}" + (", en op nog meer." if judgement and judgement.more else "."),
        headers,
        id=result.message.id,
        errors=[
            {
                "regelnummer": finding.regelnummer,
                "pad": finding.pad,
                "tekst": finding.tekst,
                "verwacht": finding.verwacht,
                "gevonden": finding.gevonden,
            }
            for finding in result.findings
        ],
        meer=judgement.more if judgement else False,
    )


def _xml(body: bytes | None, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    return Response(_found(body), status, headers, media_type="application/xml")
