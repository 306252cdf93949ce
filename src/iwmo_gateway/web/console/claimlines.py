"""Claim lines: found, and each as a page of what was decided on it and why."""

from typing import Annotated, Final

from fastapi import APIRouter, Depends, Path, Request, Response

from iwmo_gateway.gateway import care, states
from iwmo_gateway.gateway.context import Gateway
from iwmo_gateway.store.audit import Action
from iwmo_gateway.store.states_of_claims import WantedRegels, read_regels
from iwmo_gateway.web import statemodels
from iwmo_gateway.web.access import Reader, the_gateway
from iwmo_gateway.web.console.allocations import chart
from iwmo_gateway.web.console.asking import FILE, PAGE, place, question
from iwmo_gateway.web.console.files import file
from iwmo_gateway.web.console.page import ThePage
from iwmo_gateway.web.problems import ProblemError
from iwmo_gateway.web.session import CONSOLE
from iwmo_gateway.web.statemodels import AskedRegelsModel
from iwmo_gateway.web.trail import TheCall, tells

router = APIRouter(prefix=CONSOLE, include_in_schema=False)

_LABELS: Final = {
    "referentie_nummer": "Referentienummer",
    "toewijzing_nummer": "Toewijzingsnummer",
    "gemeente": "Gemeente",
    "aanbieder": "Aanbieder",
    "product_code": "Productcode",
    "staat": "Staat",
    "domein": "Domein",
}
_TEXTS: Final = {
    "referentie_nummer": "Vul een referentienummer in.",
    "toewijzing_nummer": "Vul een nummer van hoogstens negen cijfers in.",
    "gemeente": "Vul de vier cijfers van een gemeente in.",
    "aanbieder": "Vul de acht cijfers van een aanbieder in.",
    "product_code": "Vul een code van vijf tekens in.",
    "staat": "Kies een van de staten.",
    "domein": "Kies Wmo of Jeugdwet.",
}


@router.get("/declaratieregels", openapi_extra=tells(Action.SEARCH))
def get_lines(
    request: Request, page: ThePage, caller: Reader, call: TheCall, gateway: Annotated[Gateway, Depends(the_gateway)]
) -> Response:
    """Claim lines that match, in the order in which they were booked, a page at a time; or a file, with `formaat`."""
    asks = question(request, AskedRegelsModel, _TEXTS)
    if asks.asked is None:
        call.problem = "parameters"
        return page.show("declaratieregels.html", asks.status, asks=asks, found=(), following=None, labels=_LABELS)
    kind = asks.asked.formaat or "json"
    wanted = WantedRegels(**asks.asked.model_dump(exclude={"after", "limit", "formaat"}))
    limit = PAGE if kind == "json" else FILE
    found = states.find(gateway, caller, read_regels, wanted, after=place(asks.asked.after), limit=limit)
    call.shows(source.id for fact in found.facts for source in fact.berichten)
    if kind != "json":
        rows = ([*statemodels.regel_row(statemodels.regel(fact)).values()] for fact in found.facts)
        return file(kind, "declaratieregels", statemodels.REGEL_COLUMNS, rows)
    following = asks.following(found.following and "-".join(map(str, found.following)))
    return page.show("declaratieregels.html", asks=asks, found=found.facts, following=following, labels=_LABELS)


@router.get("/declaratieregels/{nr}", openapi_extra=tells(Action.READ))
def get_line(
    page: ThePage,
    caller: Reader,
    call: TheCall,
    gateway: Annotated[Gateway, Depends(the_gateway)],
    nr: Annotated[int, Path(ge=0, lt=10**18)],
) -> Response:
    """A claim line: what was asked, what was decided on it and why, and how its allocation stands in its year."""
    regel = care.line(gateway, caller, nr)
    if regel is None:
        raise ProblemError("niet-gevonden", "Deze declaratieregel is er niet, of is niet van u.")
    call.shows(source.id for source in regel.feit.berichten)
    return page.show(
        "declaratieregel.html",
        regel=regel,
        chart=chart(regel.verloop) if regel.verloop else None,
        productcategorieen=care.meanings(gateway, regel.feit.domein, "301", "Categorie"),
    )
