"""What goes on, on one page."""

from fastapi import APIRouter, Response

from iwmo_gateway.store.audit import Action
from iwmo_gateway.web.access import Reader
from iwmo_gateway.web.console.page import ThePage
from iwmo_gateway.web.session import CONSOLE
from iwmo_gateway.web.trail import tells

router = APIRouter(prefix=CONSOLE, include_in_schema=False)


@router.get("/", openapi_extra=tells(Action.REPORT))
def get_overview(page: ThePage, caller: Reader) -> Response:
    """What goes on."""
    return page.show("overzicht.html")
