"""Signing in and out, and the party that a service bureau works for."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.concurrency import run_in_threadpool

from iwmo_gateway.gateway.access import Caller, caller_of, signed_in
from iwmo_gateway.gateway.context import Gateway
from iwmo_gateway.store.audit import Action
from iwmo_gateway.web import session as sessions
from iwmo_gateway.web.access import count_failure, the_gateway
from iwmo_gateway.web.console.forms import TheForm, read_form, text_of
from iwmo_gateway.web.console.page import AnOpenPage, Page, ThePage
from iwmo_gateway.web.openid import FAULTS
from iwmo_gateway.web.problems import ProblemError
from iwmo_gateway.web.session import CONSOLE, Session
from iwmo_gateway.web.trail import TheCall, tells

router = APIRouter(prefix=CONSOLE, include_in_schema=False)

_LONGEST: Final = 4096

Next = Annotated[str, Query(max_length=2000)]


@router.get("/aanmelden")
def sign_in_page(page: AnOpenPage, naar: Next = "", waarom: str = "") -> Response:
    """The form to sign in with a token."""
    return sign_in_form(page, naar=inside(naar), waarom=waarom)


@router.post("/aanmelden", openapi_extra=tells(Action.SIGN_IN))
async def sign_in(
    request: Request, page: AnOpenPage, call: TheCall, gateway: Annotated[Gateway, Depends(the_gateway)]
) -> Response:
    """Sign in with a token, and go on where it was needed."""
    form = await read_form(request, _LONGEST)
    naar, token = inside(text_of(form, "naar")), text_of(form, "token")
    known = await run_in_threadpool(caller_of, gateway, token, datetime.now(UTC))
    call.named = True
    if isinstance(known, Caller) and known.token is not None:
        call.by(known)
        response = page.go(naar)
        sessions.keep(response, request, Session.begun(known.token, known.at), known.at)
        return response
    call.problem = "token" if known is None else "token-verlopen"
    try:
        count_failure(request)
    except ProblemError as error:
        call.problem = error.code
    return sign_in_form(page, 403, naar=naar, fout=call.problem)


@router.post("/sessie", openapi_extra=tells(Action.SIGN_IN))
def stay_signed_in(page: ThePage, form: TheForm) -> Response:
    """Go on with the session, from a page that stays as it is."""
    return page.kept(Response(status_code=204))


@router.post("/afmelden", openapi_extra=tells(Action.SIGN_IN))
def sign_out(page: ThePage, form: TheForm) -> Response:
    """Sign out."""
    response = page.go("/aanmelden", waarom="afgemeld")
    sessions.end(response)
    return response


@router.post("/namens", openapi_extra=tells(Action.SIGN_IN))
def work_for(
    request: Request, page: ThePage, form: TheForm, gateway: Annotated[Gateway, Depends(the_gateway)]
) -> Response:
    """From now on work for the party that gave a mandate, or for oneself again."""
    party = text_of(form, "partij") or None
    if page.session is None or page.caller is None:
        raise ProblemError("token")
    known = signed_in(gateway, page.session.token, page.now)
    if party is not None and not (isinstance(known, Caller) and known.acting_for(party)):
        raise ProblemError("IB009", "Deze partij gaf u geen machtiging, of die is beëindigd.")
    response = page.go("/")
    sessions.keep(response, request, replace(page.session, namens=party), page.now)
    return response


def sign_in_form(
    page: Page, status: int = 200, *, naar: str, waarom: str = "", fout: str | None = None, kenmerk: str | None = None
) -> Response:
    """The form, and what went wrong before: the code of a problem, or a word for it."""
    words = {"openid_words": FAULTS, "fout": fout, "kenmerk": kenmerk}
    return page.show("aanmelden.html", status, naar=naar, waarom=waarom, **words)


def inside(path: str) -> str:
    """The page of the console to go on to: never one of somebody else."""
    inside = path.removeprefix(CONSOLE)
    return inside if inside.startswith("/") and not inside.startswith(("//", "/\\", "/aanmelden")) else ""
