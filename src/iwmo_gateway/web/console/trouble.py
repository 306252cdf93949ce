"""What went wrong, as a page that says what to do."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Final
from urllib.parse import urlsplit

from fastapi import Request, Response

from iwmo_gateway.web.access import signed_in_at
from iwmo_gateway.web.console.page import Page
from iwmo_gateway.web.problems import CATALOGUE, Kind, ProblemError
from iwmo_gateway.web.session import CONSOLE
from iwmo_gateway.web.trail import Call

_SIGN_IN: Final = frozenset({"token", "token-verlopen"})
NEVER_A_PAGE: Final = _SIGN_IN | {
    *("IB004", "IB014", "IB901", "IB902", "IB903", "IB904", "IB905", "IB010", "IB011", "IB019"),
    *("mediatype", "geen-http", "leeg", "geen-xml", "tekencodering", "dtd", "te-diep", "attributen", "te-traag"),
    *("aanmelden", "ontvangst-moment", "contract-onjuist", "al-besloten"),
}
"""Of the API, or told on the page of the form where it is found."""
_LONGEST: Final = 1000
_NO_ROUTE: Final = frozenset({"niet-gevonden", "methode"})
_TOLD: Final[Mapping[str, tuple[str | None, str]]] = {
    "niet-gevonden": (
        None,
        "Controleer het adres of het nummer, of zoek het op onder Berichten. Wat van een ander is, is hier niet te "
        "zien.",
    ),
    "methode": (
        "Deze pagina opent alleen met een knop",
        "Dit adres werkt niet als koppeling of bladwijzer. Ga terug en gebruik de knop nog eens, of begin opnieuw in "
        "het menu.",
    ),
    "parameters": (
        "In het adres van deze pagina staat iets dat niet kan",
        "Er is niets gedaan. Open de pagina opnieuw vanuit het menu.",
    ),
    "IB008": (
        "Dit mag u hier niet",
        "Hebt u het nodig, vraag de beheerder dan om een token dat dit mag en meld u daarmee aan.",
    ),
    "IB009": (None, "Kies rechtsboven voor wie u werkt, of vraag die partij om een machtiging."),
    "te-vaak": ("U vraagt te veel pagina's achter elkaar", "Wacht een minuut en laad de pagina dan opnieuw."),
    "IB012": ("Wat u stuurt is te groot", "Er is niets bewaard. Kies een kleiner bestand; verwacht zegt hoe groot."),
    "replay-status": (
        None,
        "Open de replay opnieuw om te zien hoe het ervoor staat. Wat geëindigd is, begint u opnieuw.",
    ),
    "fout": (
        None,
        "Probeer het opnieuw. Gebeurt het weer, geef de beheerder dan het kenmerk dat hieronder staat.",
    ),
}
"""A title and what to do, where those of the API are for software; the title only where that one is too."""


def problem_page(request: Request, error: ProblemError) -> Response:
    """The page of a problem; who is not signed in, or not any more, is asked to."""
    call: Call = request.state.call
    call.problem = error.code
    caller = call.caller
    if caller is None and error.code in _NO_ROUTE:
        caller = signed_in_at(request)
    session = getattr(request.state, "session", None)
    page = Page(request, session, caller, caller.at if caller else datetime.now(UTC))
    if error.code in _SIGN_IN:
        return _to_sign_in(page, error)
    kind = told_as(CATALOGUE[error.code])
    told = page.show("fout.html", kind.status, kind=kind, error=error, request=call.origin.request)
    told.headers.update(error.headers or {})
    return told


def told_as(kind: Kind) -> Kind:
    """A kind of problem in the words of a page."""
    title, remedy = _TOLD.get(kind.code, (None, kind.remedy))
    return replace(kind, title=title or kind.title, remedy=remedy)


def _to_sign_in(page: Page, error: ProblemError) -> Response:
    """To the form, and from there back to what was asked for, or to where a form stood: what it held is lost.

    The page of a form warns before that.
    """
    asks = page.request.method == "GET"
    why = "" if page.session is None and asks else "verlopen" if asks else "formulier-verlopen"
    if error.code == "token-verlopen":
        why = error.code
    return page.go("/aanmelden", naar=_asked(page.request) if asks else _came_from(page.request), waarom=why)


def _asked(request: Request) -> str:
    return request.url.path.removeprefix(CONSOLE) + (f"?{request.url.query}" if request.url.query else "")


def _came_from(request: Request) -> str:
    """The page of ours on which a form stood; empty where that is not known."""
    page = urlsplit(request.headers.get("referer", ""))
    ours = page.netloc == request.headers.get("host") and page.path.startswith(f"{CONSOLE}/")
    told = page.path.removeprefix(CONSOLE) + (f"?{page.query}" if page.query else "")
    return told if ours and len(told) <= _LONGEST else ""
