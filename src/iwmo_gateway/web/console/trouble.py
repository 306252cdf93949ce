"""What went wrong, as a page that says what to do."""

from datetime import UTC, datetime
from typing import Final

from fastapi import Request, Response

from iwmo_gateway.web.console.page import Page
from iwmo_gateway.web.problems import CATALOGUE, ProblemError
from iwmo_gateway.web.session import CONSOLE
from iwmo_gateway.web.trail import Call

_SIGN_IN: Final = frozenset({"token", "token-verlopen"})


def problem_page(request: Request, error: ProblemError) -> Response:
    """The page of a problem; who is not signed in, or not any more, is asked to."""
    call: Call = request.state.call
    call.problem = error.code
    session = getattr(request.state, "session", None)
    page = Page(request, session, call.caller, call.caller.at if call.caller else datetime.now(UTC))
    if error.code in _SIGN_IN:
        return _to_sign_in(page, error)
    kind = CATALOGUE[error.code]
    told = page.show("fout.html", kind.status, kind=kind, detail=error.detail, more=error.more)
    told.headers.update(error.headers or {})
    return told


def _to_sign_in(page: Page, error: ProblemError) -> Response:
    """To the form, and from there back to what was asked for; what a form held is lost, and it says so."""
    asks = page.request.method == "GET"
    url = page.request.url
    back = url.path.removeprefix(CONSOLE) + (f"?{url.query}" if url.query else "")
    why = "" if page.session is None and asks else "verlopen" if asks else "formulier-verlopen"
    if error.code == "token-verlopen":
        why = error.code
    return page.go("/aanmelden", naar=back if asks else "", waarom=why)
