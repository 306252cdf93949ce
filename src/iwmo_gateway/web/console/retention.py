"""How long messages are kept, and what would go now. Taking away is done on the command line."""

from fastapi import APIRouter, Response

from iwmo_gateway.errors import ConfigurationError
from iwmo_gateway.gateway import retention
from iwmo_gateway.gateway.bewaartermijnen import termijnen
from iwmo_gateway.store.audit import Action
from iwmo_gateway.web.access import Overseer
from iwmo_gateway.web.console.administration import TheGateway
from iwmo_gateway.web.console.page import ThePage
from iwmo_gateway.web.session import CONSOLE
from iwmo_gateway.web.trail import tells

router = APIRouter(prefix=f"{CONSOLE}/beheer/bewaren", include_in_schema=False)


@router.get("", openapi_extra=tells(Action.REPORT))
def get_retention(page: ThePage, caller: Overseer, gateway: TheGateway, berekenen: bool = False) -> Response:
    """The terms, and on request what would go by them today."""
    try:
        terms = termijnen(gateway.settings.retention)
    except ConfigurationError:
        # Its text is English and names a file of the server; the command tells it to who can mend it.
        return page.show("beheer_bewaren.html", terms=None, given=gateway.settings.retention is not None, report=None)
    report = retention.purge(gateway, caller.actor, page.now, dry_run=True) if berekenen else None
    return page.show("beheer_bewaren.html", terms=terms, given=True, report=report)
