"""The calls of /v1/parties and /v1/mandates: who takes part, where, and who acts for whom."""

from typing import Annotated, Final

from fastapi import APIRouter, Depends, Query, Request, Response

from iwmo_gateway.errors import Unfit
from iwmo_gateway.gateway import parties
from iwmo_gateway.gateway.access import is_party_code
from iwmo_gateway.web import adminmodels, answers
from iwmo_gateway.web.access import AccessReader, Administrator
from iwmo_gateway.web.adminmodels import (
    MANDATE_FAULTS,
    PARTY_FAULTS,
    MandateRequest,
    MandatesQuery,
    PartiesQuery,
    PartyRequest,
)
from iwmo_gateway.web.api import TheGateway
from iwmo_gateway.web.calls import documented_body, json_body
from iwmo_gateway.web.models import LinksModel
from iwmo_gateway.web.paging import page_of
from iwmo_gateway.web.problems import ProblemError, documented
from iwmo_gateway.web.trail import TheCall

router = APIRouter(prefix="/v1", tags=["beheer"])

_LIMIT: Final = 4 * 1024


async def _party_body(request: Request, caller: Administrator) -> PartyRequest:
    return await json_body(request, PartyRequest, _LIMIT)


async def _mandate_body(request: Request, caller: Administrator) -> MandateRequest:
    return await json_body(request, MandateRequest, _LIMIT)


@router.get(
    "/parties",
    response_model=adminmodels.PartiesModel,
    responses=documented("token", "IB008", "parameters"),
)
def get_parties(gateway: TheGateway, caller: AccessReader, asked: Annotated[PartiesQuery, Query()]) -> Response:
    """The parties, in the order of their codes."""
    found = parties.find_parties(gateway, asked.code or "", after=asked.after or "", limit=asked.limit + 1)
    page, link = page_of("/v1/parties", asked, found, after=lambda one: one.code)
    told = [adminmodels.party(one) for one in page]
    return answers.as_json(adminmodels.PartiesModel(partijen=told, links=LinksModel(next=link)))


@router.put(
    "/parties/{code}",
    response_model=adminmodels.PartyModel,
    responses=documented("token", "IB008", "IB012", "parameters"),
    openapi_extra=documented_body(PartyRequest),
)
def put_party(
    code: str,
    gateway: TheGateway,
    caller: Administrator,
    call: TheCall,
    wanted: Annotated[PartyRequest, Depends(_party_body)],
) -> Response:
    """Make a party known, and say where it takes part and who answers what it receives. Harmless to repeat."""
    try:
        if not is_party_code(code):
            raise Unfit({"code": code})
        parties.add_party(gateway, code, caller.at)
        if wanted.domeinen is not None:
            parties.set_domains(gateway, code, caller.at, wanted.domeinen)
        if wanted.antwoordt_zelf is not None:
            parties.set_answering(gateway, code, caller.at, itself=wanted.antwoordt_zelf)
    except Unfit as error:
        raise adminmodels.unfit(error, PARTY_FAULTS) from None
    kept = parties.party_of(gateway, code)
    if kept is None:
        raise ProblemError("niet-gevonden")
    return answers.as_json(adminmodels.party(kept))


@router.get(
    "/mandates",
    response_model=adminmodels.MandatesModel,
    responses=documented("token", "IB008", "parameters"),
)
def get_mandates(gateway: TheGateway, caller: AccessReader, asked: Annotated[MandatesQuery, Query()]) -> Response:
    """The mandates, newest first, those that ended too."""
    found = parties.find_mandates(gateway, asked.partij, before=asked.before, limit=asked.limit + 1)
    page, link = page_of("/v1/mandates", asked, found, before=lambda one: one.id)
    told = [adminmodels.mandate(one) for one in page]
    return answers.as_json(adminmodels.MandatesModel(machtigingen=told, links=LinksModel(next=link)))


@router.post(
    "/mandates",
    response_model=adminmodels.MandateModel,
    status_code=201,
    responses=documented("token", "IB008", "IB012", "parameters"),
    openapi_extra=documented_body(MandateRequest),
)
def post_mandate(
    gateway: TheGateway,
    caller: Administrator,
    call: TheCall,
    wanted: Annotated[MandateRequest, Depends(_mandate_body)],
) -> Response:
    """Let a bureau act for a party, as far as the rights of its own tokens go."""
    try:
        made = parties.create_mandate(
            gateway,
            caller.actor,
            caller.at,
            party=wanted.partij,
            bureau=wanted.bureau,
            vanaf=wanted.vanaf,
            tot_en_met=wanted.tot_en_met,
        )
    except Unfit as error:
        raise adminmodels.unfit(error, MANDATE_FAULTS) from None
    call.what = f"mandate create {made.party} {made.bureau} {made.id}"
    return answers.as_json(adminmodels.mandate(made), 201)


@router.delete(
    "/mandates/{mandate_id}",
    response_model=adminmodels.MandateModel,
    responses=documented("token", "IB008", "niet-gevonden"),
)
def delete_mandate(mandate_id: str, gateway: TheGateway, caller: Administrator, call: TheCall) -> Response:
    """End a mandate at once; it stays in the list. Harmless to repeat."""
    ended = parties.revoke_mandate(gateway, caller.actor, mandate_id, caller.at)
    if ended is None:
        raise ProblemError("niet-gevonden")
    call.what = f"mandate revoke {ended.id} {ended.party} {ended.bureau}"
    return answers.as_json(adminmodels.mandate(ended))
