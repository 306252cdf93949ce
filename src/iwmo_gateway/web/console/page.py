"""A page: its template, who looks at it, and what every page has."""

import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from importlib.resources import files
from typing import Annotated, Any, Final, TypeVar
from urllib.parse import urlencode

from fastapi import Depends, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from markupsafe import Markup

from iwmo_gateway import __version__
from iwmo_gateway.gateway.access import Caller
from iwmo_gateway.gateway.context import Gateway
from iwmo_gateway.standard.days import AMSTERDAM
from iwmo_gateway.store.messages import Status
from iwmo_gateway.store.parties import Right
from iwmo_gateway.web import session as sessions
from iwmo_gateway.web.access import the_caller
from iwmo_gateway.web.console import words
from iwmo_gateway.web.session import CONSOLE, Session, TheSession
from iwmo_gateway.web.trail import LIVE

STATUS: Final = {
    Status.RECEIVED: "ontvangen",
    Status.INVALID: "schemafout",
    Status.REJECTED: "afgekeurd",
    Status.IN_REVIEW: "in beoordeling",
    Status.REFUSED: "afgewezen",
    Status.PARTLY_ACCEPTED: "deels toegekend",
    Status.ACCEPTED: "akkoord",
    Status.FAILED: "mislukt",
}
"""The word for each status of a message."""
_PLACES: Final = frozenset({"before", "after", "voor", "na"})
"""What addresses call the place in a list behind which their page begins."""
_ONCE: Final = frozenset({"gedaan", "alle"})
"""What an address says of one look at its page."""
ResponseT = TypeVar("ResponseT", bound=Response)
_POLICY: Final = (
    "default-src 'none'; style-src 'self' 'nonce-{nonce}'; script-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)


@dataclass(frozen=True, slots=True)
class Page:
    """What a page is made from: the call, and who signed in, if anybody did."""

    request: Request
    session: Session | None
    caller: Caller | None
    now: datetime

    def show(self, template: str, status: int = 200, **values: Any) -> HTMLResponse:
        """The page of this template."""
        nonce = secrets.token_urlsafe(12)
        text = _TEMPLATES.get_template(template).render(
            values
            | {
                "caller": self.caller,
                "session": self.session,
                "now": self.now,
                "path": self.request.url.path,
                "first_page": self._first_page(),
                "seconds_left": self._seconds_left(),
                "nonce": nonce,
                "may": self._may,
                "form_key": self._form_key,
                "openid": self.request.app.state.openid is not None,
            }
        )
        # With no referrer at all a browser would not say either from which page a form comes.
        headers = {"Content-Security-Policy": _POLICY.format(nonce=nonce), "Referrer-Policy": "same-origin"}
        return self.kept(HTMLResponse(text, status, headers))

    def go(self, path: str, **query: str) -> RedirectResponse:
        """On to another page, after something was done."""
        return self.kept(RedirectResponse(f"{CONSOLE}{path}{_question(query)}", 303))

    def kept(self, response: ResponseT) -> ResponseT:
        """An answer that goes on with the session."""
        if self.session is not None and self.caller is not None and LIVE not in self.request.headers:
            sessions.keep(response, self.request, self.session, self.now)
        return response

    def _form_key(self) -> Markup:
        """The field by which a form of this page is known as ours."""
        return Markup('<input type="hidden" name="form_key" value="{}">').format(
            self.session.form_key if self.session else ""
        )

    def _seconds_left(self) -> int:
        """How long this session lasts for who leaves it alone; 0 where nobody is signed in."""
        if self.session is None or self.caller is None:
            return 0
        gateway: Gateway = self.request.app.state.gateway
        idle = timedelta(minutes=gateway.settings.console_minutes)
        return int(self.session.left(self.now, idle).total_seconds())

    def _first_page(self) -> dict[str, str] | None:
        """What the address asks without the place in the list; None where that is its first page."""
        asked = self.request.query_params
        if _PLACES.isdisjoint(asked):
            return None
        return {name: value for name, value in asked.items() if name not in _PLACES | _ONCE}

    def _may(self, *rights: str) -> bool:
        return self.caller is not None and self.caller.may(*map(Right, rights))


async def the_page(request: Request, session: TheSession, caller: Annotated[Caller, Depends(the_caller)]) -> Page:
    """A page for who signed in."""
    return Page(request, session, caller, caller.at)


async def an_open_page(request: Request, session: TheSession) -> Page:
    """A page that anybody may see."""
    return Page(request, session, None, datetime.now(UTC))


ThePage = Annotated[Page, Depends(the_page)]
AnOpenPage = Annotated[Page, Depends(an_open_page)]


def _moment(value: datetime | None) -> str:
    """A moment in the Netherlands, to the minute."""
    return "" if value is None else f"{value.astimezone(AMSTERDAM):%d-%m-%Y %H:%M}"


def _day(value: date | None) -> str:
    return "" if value is None else f"{value:%d-%m-%Y}"


def _euro(cents: int | None) -> str:
    """Euro cents as the Dutch write euros."""
    if cents is None:
        return ""
    sign = "-" if cents < 0 else ""
    return f"{sign}€ {_number(abs(cents) // 100)},{abs(cents) % 100:02}"


def _number(value: float | None) -> str:
    """A number with a dot for each thousand."""
    return "" if value is None else f"{value:,}".replace(",", "_").replace(".", ",").replace("_", ".")


def _duration(seconds: float) -> str:
    """How long, in the unit that one would say it in."""
    for size, one, more in ((86400, "dag", "dagen"), (3600, "uur", "uur"), (60, "minuut", "minuten")):
        if seconds >= size:
            amount = int(seconds // size)
            return f"{amount} {one if amount == 1 else more}"
    return f"{int(seconds)} s"


def _question(values: Mapping[str, Any]) -> str:
    """Values as the query of a link; those that are not given are left out."""
    given = {name: value for name, value in values.items() if value not in {None, ""}}
    return f"?{urlencode(given)}" if given else ""


def _fingerprint() -> str:
    """What the addresses of style and script end in, so that a browser keeps them for as long as they are the same."""
    digest = hashlib.sha256()
    for file in sorted(files(__package__).joinpath("static").iterdir(), key=lambda one: one.name):
        digest.update(file.read_bytes())
    return digest.hexdigest()[:12]


def _templates() -> Environment:
    made = Environment(
        loader=PackageLoader("iwmo_gateway.web.console"),
        autoescape=select_autoescape(),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {
        "moment": _moment,
        "day": _day,
        "euro": _euro,
        "number": _number,
        "duration": _duration,
        "question": _question,
    }
    made.filters |= words.FILTERS
    made.globals |= {"staten": words.STATEN, "rollen": words.ROLLEN}
    made.globals |= {"status_words": STATUS, "version": __version__, "fingerprint": _fingerprint(), "console": CONSOLE}
    return made


_TEMPLATES: Final = _templates()
