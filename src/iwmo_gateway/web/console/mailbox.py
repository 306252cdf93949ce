"""The mailbox of who signed in: what waits, its bytes, and telling that it is in hand."""

from typing import Annotated, Final

from fastapi import APIRouter, Depends, Path, Query, Response

from iwmo_gateway.gateway import mailbox
from iwmo_gateway.gateway.context import Gateway
from iwmo_gateway.store.audit import Action
from iwmo_gateway.store.parties import Right
from iwmo_gateway.web.access import Reader, Sender, the_gateway, the_party
from iwmo_gateway.web.console.forms import TheForm
from iwmo_gateway.web.console.page import ThePage
from iwmo_gateway.web.problems import ProblemError
from iwmo_gateway.web.session import CONSOLE
from iwmo_gateway.web.trail import TheCall, tells

router = APIRouter(prefix=CONSOLE, include_in_schema=False)

_PAGE: Final = 50
_MOST: Final = 2**63 - 1

TheGateway = Annotated[Gateway, Depends(the_gateway)]
TheParty = Annotated[str, Depends(the_party)]
Number = Annotated[int, Query(ge=0, le=_MOST)]


@router.get("/postvak", openapi_extra=tells(Action.SEARCH))
def get_mailbox(
    page: ThePage,
    caller: Reader,
    call: TheCall,
    gateway: TheGateway,
    party: TheParty,
    na: Number = 0,
    alle: bool = False,
    afgehandeld: Number = 0,
) -> Response:
    """What waits, oldest first. Looking takes nothing away."""
    found = mailbox.waiting(gateway, party, after=na, limit=_PAGE + 1, domains=caller.limited_to)
    shown, more = found[:_PAGE], len(found) > _PAGE
    call.shows(entry.message for entry in shown)
    return page.show(
        "postvak.html",
        entries=shown,
        na=na,
        following={"na": shown[-1].nr} if more else None,
        everything=alle,
        done=afgehandeld,
        acknowledges=caller.may(Right.SEND),
    )


@router.get("/postvak/{nr}/xml", openapi_extra=tells(Action.FETCH))
def get_entry(
    nr: Annotated[int, Path(le=_MOST)], gateway: TheGateway, caller: Reader, call: TheCall, party: TheParty
) -> Response:
    """The message as a file. From now on it counts as fetched."""
    found = mailbox.fetch(gateway, caller, party, nr)
    if found is None:
        raise ProblemError("niet-gevonden")
    entry, body = found
    call.shows([entry.message])
    if body == b"":
        raise ProblemError("opgeruimd")
    name = f"{entry.soort}-{entry.message}.xml"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(body, headers=headers, media_type="application/xml")


@router.post("/postvak", openapi_extra=tells(Action.ACKNOWLEDGE))
def post_acknowledged(
    page: ThePage, caller: Sender, call: TheCall, gateway: TheGateway, party: TheParty, form: TheForm
) -> Response:
    """Tell that messages are in hand: they no longer wait."""
    numbers = [text for text in form.getlist("nr") if isinstance(text, str) and text.isascii() and text.isdigit()]
    done = [mailbox.acknowledge(gateway, caller, party, int(text)) for text in numbers if int(text) <= _MOST]
    known = [message for message in done if message is not None]
    call.shows(known)
    return page.go("/postvak", afgehandeld=str(len(known)))
