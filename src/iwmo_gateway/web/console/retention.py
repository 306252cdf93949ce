"""How long messages are kept, and what would go now. Taking away is done on the command line."""

from fastapi import APIRouter, Response

from iwmo_gateway.errors import ConfigurationError
from iwmo_gateway.gateway import retention
from iwmo_gateway.gateway.bewaartermijnen import Termijnen, termijnen
from iwmo_gateway.gateway.purging import Part, Report
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
    wrong: str | None = None
    terms: Termijnen | None = None
    report: Report | None = None
    try:
        terms = termijnen(gateway.settings.retention)
        if berekenen:
            report = retention.purge(gateway, caller.actor, page.now, dry_run=True)
    except ConfigurationError:
        # Its text is for who has the settings, and in English; where it lies is all that is needed here.
        wrong = "niet-leesbaar" if gateway.settings.retention else "niet-gezet"
    return page.show("beheer_bewaren.html", terms=terms, report=report, wrong=wrong, parts=Part)
