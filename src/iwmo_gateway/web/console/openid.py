"""Signing in with OpenID Connect: to the provider and back."""

import binascii
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import astuple
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import RedirectResponse

from iwmo_gateway.errors import GatewayError
from iwmo_gateway.gateway.access import Caller, vouched_for
from iwmo_gateway.gateway.context import Gateway
from iwmo_gateway.store.audit import Action
from iwmo_gateway.web import session as sessions
from iwmo_gateway.web.access import the_gateway
from iwmo_gateway.web.console.page import AnOpenPage
from iwmo_gateway.web.console.signing_in import Next, inside, sign_in_form
from iwmo_gateway.web.openid import LASTS, Fault, OpenIDError, Provider, Started
from iwmo_gateway.web.problems import ProblemError
from iwmo_gateway.web.session import CONSOLE, Session
from iwmo_gateway.web.trail import TheCall, tells

router = APIRouter(prefix=f"{CONSOLE}/aanmelden/openid", include_in_schema=False)

_COOKIE: Final = "iwmo_openid"
_PLACE: Final = "signing in with OpenID Connect"
Text = Annotated[str, Query(max_length=4096)]


async def the_provider(request: Request) -> Provider:
    """The provider of the settings; 404 where there is none."""
    provider: Provider | None = request.app.state.openid
    if provider is None:
        raise ProblemError("niet-gevonden")
    return provider


TheProvider = Annotated[Provider, Depends(the_provider)]
TheGateway = Annotated[Gateway, Depends(the_gateway)]


@router.get("", openapi_extra=tells(Action.SIGN_IN))
def begin(page: AnOpenPage, provider: TheProvider, gateway: TheGateway, naar: Next = "") -> Response:
    """On to the provider; what only this browser knows goes along in a cookie."""
    started = Started.now(inside(naar), page.now)
    try:
        address = provider.address(started, _redirect_uri(page.request))
    except OpenIDError as error:
        return sign_in_form(page, 503, naar=started.naar, fout=error.fault)
    response = RedirectResponse(address, 303)
    sealed = gateway.keyring.seal(_PLACE, json.dumps(astuple(started)).encode())
    response.set_cookie(
        _COOKIE,
        urlsafe_b64encode(sealed).decode(),
        max_age=int(LASTS.total_seconds()),
        path=router.prefix,
        secure=page.request.url.scheme == "https",
        httponly=True,
        samesite="lax",  # one comes back from another site
    )
    return response


@router.get("/terug", openapi_extra=tells(Action.SIGN_IN))
def come_back(
    page: AnOpenPage,
    call: TheCall,
    provider: TheProvider,
    gateway: TheGateway,
    code: Text = "",
    state: Text = "",
    iss: Text = "",
) -> Response:
    """Back from the provider: signed in as the subject that it vouches for, if that has a token here."""
    started = _started(gateway, page.request)
    if started is None or not started.fits(state, page.now) or iss not in {"", provider.issuer}:
        return _failed(page, "", Fault.STALE)
    if not code:
        return _failed(page, started.naar, Fault.REFUSED)
    call.named = True
    call.problem = "aanmelden"
    try:
        subject = provider.subject(code, started, _redirect_uri(page.request), page.now)
    except OpenIDError as error:
        return _failed(page, started.naar, error.fault)
    known = vouched_for(gateway, subject, page.now)
    if known is None:
        return _failed(page, started.naar, Fault.UNKNOWN, subject)
    if not isinstance(known, Caller) or known.token is None:
        call.problem = "token-verlopen"
        return _failed(page, started.naar, "token-verlopen")
    call.problem = None
    call.by(known)
    response = page.go(started.naar)
    sessions.keep(response, page.request, Session.begun(known.token, known.at), known.at)
    return _without_cookie(response)


def _failed(page: AnOpenPage, naar: str, fault: str, subject: str | None = None) -> Response:
    return _without_cookie(sign_in_form(page, 403, naar=naar, fout=fault, kenmerk=subject))


def _without_cookie(response: Response) -> Response:
    """What was begun is used once."""
    response.delete_cookie(_COOKIE, path=router.prefix, httponly=True, samesite="lax")
    return response


def _redirect_uri(request: Request) -> str:
    """Where the provider sends who signed in; it must know this address, whatever a header says."""
    return f"{request.url.scheme}://{request.url.netloc}{router.prefix}/terug"


def _started(gateway: Gateway, request: Request) -> Started | None:
    try:
        plain = gateway.keyring.open(_PLACE, urlsafe_b64decode(request.cookies.get(_COOKIE, "").encode()))
    except (GatewayError, binascii.Error, ValueError):
        return None
    return Started(*json.loads(plain))
