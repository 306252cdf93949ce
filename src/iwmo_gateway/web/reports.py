"""The calls of /v1/reports, as JSON for software and as CSV for spreadsheets."""

from datetime import datetime
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Query, Request, Response

from iwmo_gateway.gateway import overview, payments, production, reclaims
from iwmo_gateway.gateway.context import Gateway
from iwmo_gateway.gateway.openstaand import Asked, position_of, waiting
from iwmo_gateway.standard.days import day_of
from iwmo_gateway.web import answers
from iwmo_gateway.web.access import Reader, the_gateway
from iwmo_gateway.web.calls import received_at
from iwmo_gateway.web.models import LinksModel
from iwmo_gateway.web.overviewmodels import OverzichtModel, OverzichtQuery, overzicht, period_of
from iwmo_gateway.web.paging import link, page_of
from iwmo_gateway.web.paymentmodels import BetalingenModel, BetalingenQuery, BetalingModel, payment
from iwmo_gateway.web.problems import ProblemError, documented
from iwmo_gateway.web.productionmodels import ROW_NAMES, ProductieModel, ProductieQuery, accounts_of, rows_of
from iwmo_gateway.web.reclaimmodels import (
    TerugvorderingenModel,
    TerugvorderingenQuery,
    TerugvorderingModel,
    reclaim,
    row_of,
)
from iwmo_gateway.web.reportmodels import OpenstaandListModel, OpenstaandModel, OpenstaandQuery
from iwmo_gateway.web.sheets import MEDIA_TYPES, sheet, wanted_format
from iwmo_gateway.web.trail import TheCall

_SHEETS: Final = {media: {"schema": {"type": "string"}} for media in MEDIA_TYPES}
_RESPONSES: Final[dict[int | str, dict[str, Any]]] = {
    200: {"content": _SHEETS},
    **documented("token", "parameters", "ontvangst-moment"),
}

router = APIRouter(prefix="/v1/reports", tags=["rapporten"])


@router.get("/openstaand", response_model=OpenstaandListModel, responses=_RESPONSES)
def get_openstaand(
    request: Request,
    gateway: Annotated[Gateway, Depends(the_gateway)],
    caller: Reader,
    call: TheCall,
    moment: Annotated[datetime, Depends(received_at)],
    wanted: Annotated[OpenstaandQuery, Query()],
) -> Response:
    """What waits, by when it must be done and by whom, the longest overdue first.

    A party sees what it has to do and what it waits for. As CSV with `Accept: text/csv` or `formaat=csv`; then the next
    page stands in the `Link` header.
    """
    today = day_of(moment)
    asked = Asked(wanted.soort, wanted.partij, wanted.aan_zet, wanted.domein, wanted.te_laat)
    after = position_of(wanted.after) if wanted.after is not None else None
    found, following = waiting(gateway, caller, asked, today, after=after, limit=wanted.limit)
    page = [OpenstaandModel.model_validate(entry) for entry in found]
    call.shows(entry.bericht for entry in page)
    more = None if following is None else link("/v1/reports/openstaand", wanted, after=following)
    kind = wanted_format(request, wanted.formaat)
    if kind != "json":
        rows = (entry.model_dump(mode="json").values() for entry in page)
        return sheet(kind, f"openstaand-{today}", [*OpenstaandModel.model_fields], [[*row] for row in rows], more)
    told = OpenstaandListModel(peildatum=today, openstaand=page, links=LinksModel(next=more))
    return answers.as_json(told)


@router.get(
    "/overzicht", response_model=OverzichtModel, responses=documented("token", "parameters", "ontvangst-moment")
)
def get_overzicht(
    gateway: Annotated[Gateway, Depends(the_gateway)],
    caller: Reader,
    moment: Annotated[datetime, Depends(received_at)],
    wanted: Annotated[OverzichtQuery, Query()],
) -> Response:
    """What came in over some days by kind and outcome, what refused it, whether it was answered in time; what waits.

    A party is told of what it sees, an operator of all.
    """
    today = day_of(moment)
    told = overview.period(gateway, caller, *period_of(wanted, today), today)
    return answers.as_json(overzicht(told, overview.now(gateway, caller, moment), today))


@router.get(
    "/productieverantwoording",
    response_model=ProductieModel,
    responses={200: {"content": _SHEETS}, **documented("token", "parameters", "IB008")},
)
def get_productie(
    request: Request,
    gateway: Annotated[Gateway, Depends(the_gateway)],
    caller: Reader,
    wanted: Annotated[ProductieQuery, Query()],
) -> Response:
    """The production account of a year of care, by provider and product, and what the contract asks of each provider.

    A municipality sees every provider, a provider only itself. A line belongs to the year in which its period begins.
    """
    gemeente = wanted.gemeente or (caller.party if len(caller.party or "") == 4 else None)
    if gemeente is None:
        raise ProblemError("parameters", "Zeg van welke gemeente.", verwacht="gemeente=0340")
    found = production.accounts(gateway, caller, wanted.domein, gemeente, wanted.jaar)
    told = ProductieModel(jaar=wanted.jaar, gemeente=gemeente, domein=wanted.domein, aanbieders=accounts_of(found))
    kind = wanted_format(request, wanted.formaat)
    if kind == "json":
        return answers.as_json(told)
    return sheet(kind, f"productieverantwoording-{gemeente}-{wanted.jaar}", ROW_NAMES, rows_of(told))


@router.get("/betalingen", response_model=BetalingenModel, responses=_RESPONSES)
def get_betalingen(
    request: Request,
    gateway: Annotated[Gateway, Depends(the_gateway)],
    caller: Reader,
    call: TheCall,
    wanted: Annotated[BetalingenQuery, Query()],
) -> Response:
    """What is to be paid of each claim, and by when the contract wants it, in the order in which claims were booked.

    As CSV or XLSX the next page stands in the `Link` header.
    """
    found = payments.due(gateway, caller, _asked(wanted), after=wanted.after, limit=wanted.limit + 1)
    some, more = page_of("/v1/reports/betalingen", wanted, found, after=lambda one: one.claim.id)
    page = [payment(one) for one in some]
    call.shows(one.bericht for one in page)
    kind = wanted_format(request, wanted.formaat)
    if kind == "json":
        return answers.as_json(BetalingenModel(betalingen=page, links=LinksModel(next=more)))
    rows = ([*one.model_dump(mode="json").values()] for one in page)
    return sheet(kind, "betalingen", [*BetalingModel.model_fields], rows, more)


@router.get("/terugvorderingen", response_model=TerugvorderingenModel, responses=_RESPONSES)
def get_terugvorderingen(
    request: Request,
    gateway: Annotated[Gateway, Depends(the_gateway)],
    caller: Reader,
    call: TheCall,
    moment: Annotated[datetime, Depends(received_at)],
    wanted: Annotated[TerugvorderingenQuery, Query()],
) -> Response:
    """What is to be paid back: each credit of a line that was approved before, with the interest of its contract.

    In the order in which credits were booked. As CSV or XLSX the next page stands in the `Link` header.
    """
    tot = wanted.tot or day_of(moment)
    wanted = wanted.model_copy(update={"tot": tot})  # the next page is asked for the same day
    found = reclaims.due(gateway, caller, _asked(wanted), tot, after=wanted.after, limit=wanted.limit + 1)
    some, more = page_of("/v1/reports/terugvorderingen", wanted, found, after=lambda one: one.credit.id)
    page = [reclaim(one) for one in some]
    call.shows(one.bericht for one in page)
    kind = wanted_format(request, wanted.formaat)
    if kind == "json":
        return answers.as_json(TerugvorderingenModel(terugvorderingen=page, links=LinksModel(next=more)))
    return sheet(kind, "terugvorderingen", [*TerugvorderingModel.model_fields], map(row_of, page), more)


def _asked(wanted: BetalingenQuery) -> payments.Asked:
    return payments.Asked(
        wanted.gemeente, wanted.aanbieder, wanted.domein, wanted.ontvangen_vanaf, wanted.ontvangen_tot
    )
