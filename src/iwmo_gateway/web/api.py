"""The calls of /v1: each reads what it is asked, has the gateway do it, and words the answer."""

import asyncio
from functools import partial
from typing import Annotated, Any, Final, TypeVar

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from fastapi.concurrency import run_in_threadpool

from iwmo_gateway.gateway import mailbox, results
from iwmo_gateway.gateway.context import Gateway
from iwmo_gateway.gateway.receive import Refused, receive, validate
from iwmo_gateway.gateway.results import SHOWN
from iwmo_gateway.web import answers, models
from iwmo_gateway.web.access import Reader, Sender, gateway_of, the_gateway, the_party
from iwmo_gateway.web.calls import (
    Sent,
    is_zip,
    later,
    message_id,
    sent,
    shown,
    stopping,
    wants_xml,
)
from iwmo_gateway.web.paging import page_of
from iwmo_gateway.web.problems import CATALOGUE, ProblemError, documented, refusal
from iwmo_gateway.web.sending import outcome, zip_results
from iwmo_gateway.web.sheets import MEDIA_TYPES, sheet, wanted_format
from iwmo_gateway.web.straight import Straight
from iwmo_gateway.web.trail import TheCall, call_of

T = TypeVar("T")
TheGateway = Annotated[Gateway, Depends(the_gateway)]
TheParty = Annotated[str, Depends(the_party)]
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

_XML_OR_ZIP: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "content": _XML_BODY["requestBody"]["content"]
        | {"application/zip": {"schema": {"type": "string", "format": "binary"}}},
    }
}

_UNTAKEN: Final = (
    "token", "IB008", "IB009", "IB010", "IB011", "te-traag", "IB012", "mediatype", "leeg", "geen-xml", "tekencodering",
    "dtd", "te-diep", "attributen", "ontvangst-moment", "IB004",
)  # fmt: skip
_SENDING: Final = documented(*_UNTAKEN, "IB014", "IB019", "IB901", "IB902", "IB903", "IB904", "IB905")

router = APIRouter(prefix="/v1")
sending = APIRouter(prefix="/v1", route_class=Straight)


@sending.post(
    "/berichten",
    status_code=201,
    response_model=models.ResultModel,
    responses={
        **_SENDING,
        200: {
            "model": models.ResultModel | models.ZipModel,
            "description": "An exact repeat: the first result, or what it is now; of a ZIP: what came of each file",
        },
        202: {"model": models.ResultModel, "description": "Kept; the judgement comes later"},
    },
    openapi_extra=_XML_OR_ZIP,
    tags=["berichten"],
)
def post_bericht(request: Request, sent: Annotated[Sent, Depends(sent)]) -> Response:
    """Send a message, or a ZIP of messages. The result says what is wrong, where, by which rule, and what was expected.

    With `Accept: application/xml` the answer is the return message itself, if there is one; not for a ZIP.
    """
    gateway, caller, body, moment = gateway_of(request), sent.caller, sent.body, sent.moment
    if is_zip(request):
        return answers.as_json(zip_results(gateway, caller, body, moment, later=later(request)))
    deferred = later(request) or len(body) > gateway.settings.sync_limit_bytes
    taken = receive(gateway, caller, body, moment, later=deferred)
    call_of(request).noted = not isinstance(taken, Refused)
    said = outcome(taken)
    if isinstance(said, ProblemError):
        return said.response()
    status, result = said
    if wants_xml(request) and result.judgement is not None and result.judgement.retour is not None:
        found = results.retour_xml(gateway, caller, result.message.id)
        return _xml(found[1] if found else None, status, answers.where(result))
    return answers.as_json(answers.full(result), status, answers.where(result))


@router.post(
    "/validations",
    response_model=models.ValidationModel,
    responses=documented(*_UNTAKEN),
    openapi_extra=_XML_BODY,
    tags=["berichten"],
)
def post_validation(gateway: TheGateway, sent: Annotated[Sent, Depends(shown)]) -> Response:
    """Hear what the gateway would say of a message, at all four levels. Nothing is kept."""
    said = validate(gateway, sent.caller, sent.body, sent.moment)
    return refusal(said).response() if isinstance(said, Refused) else answers.as_json(answers.validation(said))


@router.get(
    "/berichten",
    response_model=models.SummariesModel,
    responses={
        200: {"content": {media: {"schema": {"type": "string"}} for media in MEDIA_TYPES}},
        **documented("token", "parameters"),
    },
    tags=["berichten"],
)
def get_berichten(
    request: Request,
    gateway: TheGateway,
    caller: Reader,
    call: TheCall,
    wanted: Annotated[models.SearchModel, Query()],
) -> Response:
    """Find messages, newest first. Everything that is asked must hold.

    As CSV or XLSX the next page stands in the `Link` header.
    """
    found = results.search(gateway, caller, wanted.search, before=wanted.before, limit=wanted.limit + 1)
    page, following = page_of("/v1/berichten", wanted, found, before=lambda result: result.message.id)
    call.shows(result.message.id for result in page)
    kind = wanted_format(request, wanted.formaat)
    if kind != "json":
        return sheet(kind, "berichten", answers.ROW_NAMES, map(answers.row, page), following)
    listed = [answers.summary(result) for result in page]
    return answers.as_json(models.SummariesModel(berichten=listed, links=models.LinksModel(next=following)))


@router.get(
    "/berichten/{message_id}",
    response_model=models.ResultModel,
    responses=documented("token", "niet-gevonden"),
    tags=["berichten"],
)
def get_bericht(gateway: TheGateway, caller: Reader, identity: MessageId) -> Response:
    """The result of a message."""
    result = _found(results.find(gateway, caller, identity))
    told = answers.full(result, operator=caller.party is None)
    return answers.as_json(told, headers=answers.patience(result))


@router.get(
    "/berichten/{message_id}/bevindingen",
    response_model=models.FindingsModel,
    responses=documented("token", "niet-gevonden", "parameters"),
    tags=["berichten"],
)
def get_bevindingen(
    gateway: TheGateway,
    caller: Reader,
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
def get_oordelen(gateway: TheGateway, caller: Reader, identity: MessageId) -> Response:
    """Every judgement of a message and all that happened to it."""
    judged, happened = _found(results.judgements(gateway, caller, identity))
    return answers.as_json(answers.story(judged, happened))


@router.get(
    "/berichten/{message_id}/xml",
    response_class=Response,
    responses={**documented("token", "niet-gevonden"), 200: {"content": {"application/xml": {}}}},
    tags=["berichten"],
)
def get_xml(gateway: TheGateway, caller: Reader, identity: MessageId) -> Response:
    """The bytes of a message as they came in or went out."""
    return _xml(results.xml(gateway, caller, identity))


@router.get(
    "/berichten/{message_id}/retour",
    response_class=Response,
    responses={**documented("token", "niet-gevonden"), 200: {"content": {"application/xml": {}}}},
    tags=["berichten"],
)
def get_retour(gateway: TheGateway, caller: Reader, call: TheCall, identity: MessageId) -> Response:
    """The return message to a message."""
    retour, body = _found(results.retour_xml(gateway, caller, identity))
    call.shows([retour])
    return _xml(body, headers={"Content-Location": f"/v1/berichten/{retour}/xml"})


@router.get(
    "/mailbox",
    response_model=models.MailboxModel,
    responses=documented("token", "IB008", "parameters"),
    tags=["mailbox"],
)
async def get_mailbox(
    request: Request,
    gateway: TheGateway,
    caller: Reader,
    call: TheCall,
    party: TheParty,
    after: Annotated[int, Query(ge=0, le=MOST, description="Only what has a higher number")] = 0,
    limit: Limit = 100,
    wait: Annotated[int, Query(ge=0, le=30, description="Seconds to wait for something to arrive")] = 0,
) -> Response:
    """What waits for the calling party and was not acknowledged, oldest first. Reading never consumes."""
    until = asyncio.get_running_loop().time() + wait
    look = partial(mailbox.waiting, gateway, party, after=after, limit=limit + 1, domains=caller.limited_to)
    while True:
        found = await run_in_threadpool(look)
        left = until - asyncio.get_running_loop().time()
        if found or left <= 0 or stopping(request) or await request.is_disconnected():
            break
        await asyncio.sleep(min(POLL_SECONDS, left))
    call.shows(waits.message for waits in found[:limit])
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
def get_mailbox_entry(nr: Number, gateway: TheGateway, caller: Reader, call: TheCall, party: TheParty) -> Response:
    """The XML of what waits under this number. It stays until it is acknowledged."""
    entry, body = _found(mailbox.fetch(gateway, caller, party, nr))
    call.shows([entry.message])
    return _xml(body, headers={"Content-Location": f"/v1/berichten/{entry.message}/xml"})


@router.put(
    "/mailbox/{nr}/acknowledged",
    status_code=204,
    responses=documented("token", "IB008", "niet-gevonden", "parameters"),
    tags=["mailbox"],
)
def put_acknowledged(nr: Number, gateway: TheGateway, caller: Sender, call: TheCall, party: TheParty) -> Response:
    """Tell that it is in hand: it no longer waits. Harmless to repeat."""
    call.shows([_found(mailbox.acknowledge(gateway, caller, party, nr))])
    return Response(status_code=204)


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


def _xml(body: bytes | None, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    if _found(body) == b"":
        raise ProblemError("opgeruimd")
    return Response(body, status, headers, media_type="application/xml")
