"""The calls of /v1/tokens: who is let in, to do what, until when. The answer that makes a token has its text."""

from datetime import date, datetime, timedelta
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Query, Request, Response

from iwmo_gateway.errors import ConfigurationError, Unfit
from iwmo_gateway.gateway import access
from iwmo_gateway.gateway.access import DAYS
from iwmo_gateway.gateway.context import Gateway, new_id
from iwmo_gateway.store.parties import RIGHTS, Right, Token
from iwmo_gateway.web import adminmodels, answers
from iwmo_gateway.web.access import AccessReader, Administrator
from iwmo_gateway.web.adminmodels import NOT_HERE, TOKEN_FAULTS, RotationRequest, TokenRequest, TokensQuery
from iwmo_gateway.web.api import TheGateway
from iwmo_gateway.web.calls import documented_body, json_body
from iwmo_gateway.web.models import LinksModel
from iwmo_gateway.web.paging import page_of
from iwmo_gateway.web.problems import ProblemError, documented
from iwmo_gateway.web.trail import TheCall

router = APIRouter(prefix="/v1/tokens", tags=["beheer"])

_LIMIT: Final = 4 * 1024


async def _token_body(request: Request, caller: Administrator) -> TokenRequest:
    return await json_body(request, TokenRequest, _LIMIT)


async def _rotation_body(request: Request, caller: Administrator) -> RotationRequest:
    return await json_body(request, RotationRequest, _LIMIT)


@router.get(
    "",
    response_model=adminmodels.TokensModel,
    responses=documented("token", "IB008", "parameters"),
)
def get_tokens(gateway: TheGateway, caller: AccessReader, asked: Annotated[TokensQuery, Query()]) -> Response:
    """The tokens without their texts, newest first, those that ended too."""
    found = access.find_tokens(gateway, asked.search, caller.at, before=asked.before, limit=asked.limit + 1)
    page, link = page_of("/v1/tokens", asked, found, before=lambda one: one.id)
    told = [adminmodels.token(one) for one in page]
    return answers.as_json(adminmodels.TokensModel(tokens=told, links=LinksModel(next=link)))


@router.post(
    "",
    response_model=adminmodels.IssuedModel,
    status_code=201,
    responses=documented("token", "IB008", "IB012", "parameters"),
    openapi_extra=documented_body(TokenRequest),
)
def post_token(
    gateway: TheGateway,
    caller: Administrator,
    call: TheCall,
    wanted: Annotated[TokenRequest, Depends(_token_body)],
) -> Response:
    """Make a token. Its text is in this answer alone; a party that is not known yet becomes so."""
    rights = set(RIGHTS[wanted.rol] - {Right.ADMINISTER} if wanted.rechten is None else wanted.rechten)
    if Right.ADMINISTER in rights:
        raise ProblemError("IB008", NOT_HERE)
    try:
        token = Token(
            id=new_id(caller.at),
            role=wanted.rol,
            party=wanted.partij,
            label=wanted.label,
            created_at=caller.at,
            expires_at=_end(caller.at, wanted.tot_en_met),
            rights=frozenset(rights),
            domains=frozenset(wanted.domeinen),
            subject=wanted.subject,
        )
        made = access.issue_token(gateway, token)
    except Unfit as error:
        raise adminmodels.unfit(error, TOKEN_FAULTS) from None
    call.what = f"token create {made.token.party or made.token.role} {made.token.id}"
    return answers.as_json(adminmodels.issued(made), 201)


@router.post(
    "/{token_id}/opvolger",
    response_model=adminmodels.IssuedModel,
    status_code=201,
    responses=documented("token", "IB008", "IB012", "niet-gevonden", "parameters"),
    openapi_extra=documented_body(RotationRequest),
)
def post_successor(
    token_id: str,
    gateway: TheGateway,
    caller: Administrator,
    call: TheCall,
    wanted: Annotated[RotationRequest, Depends(_rotation_body)],
) -> Response:
    """Make a token in the place of another, alike but for its end; the other one ends after the overlap."""
    given_here(known(gateway, token_id))
    try:
        made = access.rotate_token(
            gateway,
            token_id,
            caller.at,
            expires_at=_end(caller.at, wanted.tot_en_met),
            overlap=timedelta(days=wanted.overlap),
        )
    except Unfit as error:
        raise adminmodels.unfit(error, TOKEN_FAULTS) from None
    except ConfigurationError:
        raise ended() from None
    if made is None:
        raise ProblemError("niet-gevonden")
    call.what = f"token rotate {token_id} {made.token.id}"
    return answers.as_json(adminmodels.issued(made), 201)


@router.delete(
    "/{token_id}",
    response_model=adminmodels.TokenModel,
    responses=documented("token", "IB008", "niet-gevonden"),
)
def delete_token(token_id: str, gateway: TheGateway, caller: Administrator, call: TheCall) -> Response:
    """Revoke a token at once, in every process; it stays in the list. Harmless to repeat."""
    revoked = access.revoke_token(gateway, token_id, caller.at)
    if revoked is None:
        raise ProblemError("niet-gevonden")
    call.what = f"token revoke {revoked.id} {revoked.party or revoked.role}"
    return answers.as_json(adminmodels.token(revoked))


def known(gateway: Gateway, token_id: str) -> Token:
    """The token with this id; 404 for none."""
    token = access.token_of(gateway, token_id)
    if token is None:
        raise ProblemError("niet-gevonden")
    return token


def given_here(token: Token) -> None:
    """Refuses (403) to make another one of a token that itself makes tokens: only the command line does."""
    if Right.ADMINISTER in token.rights:
        raise ProblemError("IB008", NOT_HERE)


def ended() -> ProblemError:
    """What is said of a token that nothing can take the place of."""
    told = "Dit token geldt niet meer, of is van een kenmerk en heeft geen tekst: maak een nieuw."
    return ProblemError("parameters", told)


def _end(now: datetime, last: date | None) -> datetime:
    return now + timedelta(days=DAYS) if last is None else access.end_of(last)
