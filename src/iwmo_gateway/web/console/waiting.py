"""What waits: for whom, by when, the overdue first."""

from typing import Annotated, Final

from fastapi import APIRouter, Depends, Request, Response

from iwmo_gateway.gateway import openstaand
from iwmo_gateway.gateway.context import Gateway
from iwmo_gateway.gateway.openstaand import Asked, Zaak, position_of
from iwmo_gateway.standard.days import day_of
from iwmo_gateway.store.audit import Action
from iwmo_gateway.web.access import Reader, the_gateway
from iwmo_gateway.web.console.asking import FILE, PAGE, question
from iwmo_gateway.web.console.files import file
from iwmo_gateway.web.console.page import ThePage
from iwmo_gateway.web.reportmodels import OpenstaandModel, OpenstaandQuery
from iwmo_gateway.web.session import CONSOLE
from iwmo_gateway.web.trail import TheCall, tells

router = APIRouter(prefix=CONSOLE, include_in_schema=False)

_SOORTEN: Final = {
    Zaak.ANTWOORD: "antwoord op een bericht",
    Zaak.VERZOEK: "besluit op een verzoek",
    Zaak.START: "startbericht",
    Zaak.STOP: "stopbericht",
    Zaak.OPHALEN: "antwoord ophalen",
}
_TEXTS: Final = {
    "soort": "Kies een van de soorten.",
    "partij": "Vul de code van een gemeente (vier cijfers) of van een aanbieder (acht cijfers) in.",
    "aan_zet": "Kies wie aan zet is.",
    "domein": "Kies Wmo of Jeugdwet.",
    "te_laat": "Kies of u ziet wat te laat is.",
}


@router.get("/openstaand", openapi_extra=tells(Action.REPORT))
def get_waiting(
    request: Request, page: ThePage, caller: Reader, call: TheCall, gateway: Annotated[Gateway, Depends(the_gateway)]
) -> Response:
    """What waits, the longest overdue first, a page at a time; or as a file, with `formaat`."""
    asks = question(request, OpenstaandQuery, _TEXTS)
    if asks.asked is None:
        call.problem = "parameters"
        return page.show("openstaand.html", asks.status, asks=asks, found=(), following=None, soorten=_SOORTEN)
    wanted, kind = asks.asked, asks.asked.formaat or "json"
    today = day_of(caller.at)
    asked = Asked(wanted.soort, wanted.partij, wanted.aan_zet, wanted.domein, wanted.te_laat)
    after = position_of(wanted.after) if wanted.after is not None else None
    limit = PAGE if kind == "json" else FILE
    found, following = openstaand.waiting(gateway, caller, asked, today, after=after, limit=limit)
    call.shows(entry.bericht for entry in found)
    if kind != "json":
        rows = (OpenstaandModel.model_validate(one).model_dump(mode="json").values() for one in found)
        return file(kind, f"openstaand-{today}", [*OpenstaandModel.model_fields], [[*row] for row in rows])
    return page.show("openstaand.html", asks=asks, found=found, following=asks.following(following), soorten=_SOORTEN)
