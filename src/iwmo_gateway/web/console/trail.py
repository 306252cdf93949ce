"""The audit trail: who looked at or did what, and whether anything of it was changed."""

from datetime import datetime, time, timedelta
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, Field

from iwmo_gateway.gateway import audit, sealing
from iwmo_gateway.gateway.context import is_id
from iwmo_gateway.gateway.sealing import Fault, Wrong
from iwmo_gateway.standard.days import AMSTERDAM
from iwmo_gateway.store.audit import Action, Outcome, Wanted
from iwmo_gateway.web.access import Overseer
from iwmo_gateway.web.api import MOST
from iwmo_gateway.web.audit import DeedModel, row_of, told
from iwmo_gateway.web.console.administration import PAGE, TheGateway, day_in
from iwmo_gateway.web.console.files import file
from iwmo_gateway.web.console.forms import TheForm, text_of
from iwmo_gateway.web.console.page import ThePage
from iwmo_gateway.web.session import CONSOLE
from iwmo_gateway.web.trail import TheCall, tells

router = APIRouter(prefix=f"{CONSOLE}/beheer/audit", include_in_schema=False)

_MOST: Final = 10_000
"""Rows of one file."""
_HASH: Final = 64
"""Hexadecimal digits of the hash of a seal."""
_ACTIONS: Final = {
    Action.SEND: "zenden",
    Action.VALIDATE: "proberen",
    Action.SEARCH: "zoeken",
    Action.READ: "bekijken",
    Action.FETCH: "ophalen",
    Action.ACKNOWLEDGE: "bevestigen",
    Action.DECIDE: "besluiten",
    Action.REPLAY: "replay",
    Action.LOAD: "contract laden",
    Action.REPORT: "overzicht",
    Action.ADMINISTER: "beheren",
    Action.AUDIT: "audit",
    Action.SIGN_IN: "aanmelden",
}
_OUTCOMES: Final = {Outcome.OK: "gedaan", Outcome.REFUSED: "geweigerd", Outcome.FAILED: "mislukt"}
_FAULTS: Final = {
    Wrong.MISSING: "Dit zegel ontbreekt.",
    Wrong.NO_KEY: "Dit zegel is gemaakt met een sleutel die deze gateway niet heeft, of het is veranderd.",
    Wrong.SEAL_CHANGED: "Het zegel zelf is veranderd.",
    Wrong.ROWS: "Regels passen niet bij hun zegel.",
    Wrong.CHAIN: "Dit zegel volgt niet op het zegel ervoor.",
    Wrong.NOT_EXPECTED: "Geen zegel heeft de hash die u opgaf: het einde is eraf gehaald, of alles is opnieuw gemaakt.",
}
_WORDS: Final[dict[str, Any]] = {"actions": _ACTIONS, "outcomes": _OUTCOMES}
_FILTERS: Final = ("bericht", "actor", "vanaf", "tot_en_met")
Words = Annotated[str, Field(max_length=120)]


class TrailQuery(BaseModel):
    """What the form asks for; what is left empty does not count."""

    bericht: Words = ""
    actor: Words = ""
    vanaf: Words = ""
    tot_en_met: Words = ""
    voor: int | None = Field(None, ge=1, le=MOST)
    formaat: Literal["", "csv", "xlsx"] = ""


@router.get("", openapi_extra=tells(Action.AUDIT))
def get_trail(
    page: ThePage, caller: Overseer, call: TheCall, gateway: TheGateway, query: Annotated[TrailQuery, Query()]
) -> Response:
    """What was looked at or done, newest first, a page at a time, or as a file. This look is written down too."""
    asked = {name: getattr(query, name).strip() for name in _FILTERS}
    wanted, errors = _wanted(asked)
    if wanted is None:
        call.problem = "parameters"
        return page.show("beheer_audit.html", 400, asked=asked, errors=errors, deeds=[], following=None, **_WORDS)
    if wanted.message is not None:
        call.shows([wanted.message])
    if query.formaat:
        rows = audit.latest(gateway, wanted, before=None, limit=_MOST)
        return file(query.formaat, "audit", [*DeedModel.model_fields], ([*row_of(told(one)).values()] for one in rows))
    found = audit.latest(gateway, wanted, before=query.voor, limit=PAGE + 1)
    following = asked | {"voor": found[PAGE - 1].id} if len(found) > PAGE else None
    return page.show("beheer_audit.html", asked=asked, errors={}, deeds=found[:PAGE], following=following, **_WORDS)


@router.get("/zegels", openapi_extra=tells(Action.AUDIT))
def get_seals(page: ThePage, caller: Overseer, gateway: TheGateway) -> Response:
    """The newest seal, and the form to verify them all."""
    return page.show("beheer_zegels.html", head=sealing.head(gateway), found=None, asked="", errors={})


@router.post("/zegels", openapi_extra=tells(Action.AUDIT))
def verify(page: ThePage, caller: Overseer, call: TheCall, gateway: TheGateway, form: TheForm) -> Response:
    """Hold every row against its seal, and say what was found."""
    asked = text_of(form, "hash").lower()
    if asked and (len(asked) != _HASH or not set(asked) <= set("0123456789abcdef")):
        call.problem = "parameters"
        errors = {"hash": f"Een hash bestaat uit {_HASH} cijfers en letters a tot en met f; laat het anders leeg."}
        head = sealing.head(gateway)
        return page.show("beheer_zegels.html", 400, head=head, found=None, asked=asked, errors=errors)
    found = sealing.verify(gateway, bytes.fromhex(asked) if asked else None, lambda done, total: None)
    call.what = "audit verify"
    return page.show(
        "beheer_zegels.html",
        head=sealing.head(gateway),
        found=found,
        faults=[(fault, _dutch(fault)) for fault in found.faults],
        asked=asked,
        errors={},
    )


def _wanted(asked: dict[str, str]) -> tuple[Wanted | None, dict[str, str]]:
    errors: dict[str, str] = {}
    first, last = (day_in(asked[name], name, errors) for name in ("vanaf", "tot_en_met"))
    if asked["bericht"] and not is_id(asked["bericht"]):
        errors["bericht"] = "Plak het kenmerk van een bericht; het staat in het adres van zijn pagina."
    if errors:
        return None, errors
    since = datetime.combine(first, time(), AMSTERDAM) if first else None
    until = datetime.combine(last + timedelta(days=1), time(), AMSTERDAM) if last else None
    return Wanted(asked["bericht"] or None, asked["actor"] or None, since, until), errors


def _dutch(fault: Fault) -> str:
    """What is wrong at a seal."""
    return next(told for wrong, told in _FAULTS.items() if fault.told.startswith(wrong))
