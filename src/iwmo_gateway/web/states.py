"""The calls of /v1 that tell what messages come to: the state of what was allocated, delivered, asked and claimed."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response

from iwmo_gateway.gateway import states
from iwmo_gateway.gateway.states import Page
from iwmo_gateway.store.states import Key
from iwmo_gateway.store.states_of_care import (
    WantedLeveringen,
    WantedToewijzingen,
    read_leveringen,
    read_toewijzingen,
)
from iwmo_gateway.store.states_of_claims import WantedDeclaraties, WantedRegels, read_declaraties, read_regels
from iwmo_gateway.store.states_of_requests import WantedVerzoeken, read_verzoeken
from iwmo_gateway.web import answers, statemodels
from iwmo_gateway.web.access import Reader
from iwmo_gateway.web.api import TheGateway
from iwmo_gateway.web.models import LinksModel
from iwmo_gateway.web.paging import link
from iwmo_gateway.web.problems import documented
from iwmo_gateway.web.sheets import MEDIA_TYPES, sheet, wanted_format
from iwmo_gateway.web.statemodels import AskedModel
from iwmo_gateway.web.trail import TheCall

router = APIRouter(prefix="/v1", tags=["feiten"], responses=documented("token", "parameters"))


@router.get("/toewijzingen", response_model=statemodels.ToewijzingenModel)
def get_toewijzingen(
    gateway: TheGateway, caller: Reader, call: TheCall, asked: Annotated[statemodels.AskedToewijzingenModel, Query()]
) -> Response:
    """The allocations as they stand, each with the messages that made it so. Without `staat` those that count."""
    wanted = WantedToewijzingen(**_wanted(asked))
    page = states.find(gateway, caller, read_toewijzingen, wanted, after=_key(asked.after), limit=asked.limit)
    call.shows(source.id for fact in page.facts for source in fact.berichten)
    found = [statemodels.toewijzing(fact) for fact in page.facts]
    return answers.as_json(statemodels.ToewijzingenModel(toewijzingen=found, links=_links("toewijzingen", asked, page)))


@router.get("/leveringen", response_model=statemodels.LeveringenModel)
def get_leveringen(
    gateway: TheGateway, caller: Reader, call: TheCall, asked: Annotated[statemodels.AskedLeveringenModel, Query()]
) -> Response:
    """The deliveries as they stand, each with the messages that made it so. Without `staat` all but the deleted."""
    wanted = WantedLeveringen(**_wanted(asked))
    page = states.find(gateway, caller, read_leveringen, wanted, after=_key(asked.after), limit=asked.limit)
    call.shows(source.id for fact in page.facts for source in fact.berichten)
    found = [statemodels.levering(fact) for fact in page.facts]
    return answers.as_json(statemodels.LeveringenModel(leveringen=found, links=_links("leveringen", asked, page)))


@router.get("/verzoeken", response_model=statemodels.VerzoekenModel)
def get_verzoeken(
    gateway: TheGateway, caller: Reader, call: TheCall, asked: Annotated[statemodels.AskedVerzoekenModel, Query()]
) -> Response:
    """The requests as they stand, each with the messages that made it so."""
    wanted = WantedVerzoeken(**_wanted(asked))
    page = states.find(gateway, caller, read_verzoeken, wanted, after=_key(asked.after), limit=asked.limit)
    call.shows(source.id for fact in page.facts for source in fact.berichten)
    found = [statemodels.verzoek(fact) for fact in page.facts]
    return answers.as_json(statemodels.VerzoekenModel(verzoeken=found, links=_links("verzoeken", asked, page)))


@router.get("/declaraties", response_model=statemodels.DeclaratiesModel)
def get_declaraties(
    gateway: TheGateway, caller: Reader, call: TheCall, asked: Annotated[statemodels.AskedDeclaratiesModel, Query()]
) -> Response:
    """The claims that count as sent, with what was asked, what was approved, and their lines by state."""
    wanted = WantedDeclaraties(**_wanted(asked))
    page = states.find(gateway, caller, read_declaraties, wanted, after=_key(asked.after), limit=asked.limit)
    call.shows(source.id for fact in page.facts for source in fact.berichten)
    found = [statemodels.declaratie(fact) for fact in page.facts]
    return answers.as_json(statemodels.DeclaratiesModel(declaraties=found, links=_links("declaraties", asked, page)))


@router.get(
    "/declaraties/regels",
    response_model=statemodels.RegelsPageModel,
    responses={200: {"content": {media: {"schema": {"type": "string"}} for media in MEDIA_TYPES}}},
)
def get_regels(
    request: Request,
    gateway: TheGateway,
    caller: Reader,
    call: TheCall,
    asked: Annotated[statemodels.AskedRegelsModel, Query()],
) -> Response:
    """The claim lines as they stand: approved, refused, held, or credited since; each with the reason and the messages.

    As CSV or XLSX the next page stands in the `Link` header.
    """
    wanted = WantedRegels(**_wanted(asked))
    page = states.find(gateway, caller, read_regels, wanted, after=_key(asked.after), limit=asked.limit)
    call.shows(source.id for fact in page.facts for source in fact.berichten)
    found = [statemodels.regel(fact) for fact in page.facts]
    links = _links("declaraties/regels", asked, page)
    kind = wanted_format(request, asked.formaat)
    if kind == "json":
        return answers.as_json(statemodels.RegelsPageModel(regels=found, links=links))
    rows = [statemodels.regel_row(line) for line in found]
    return sheet(kind, "declaratieregels", statemodels.REGEL_COLUMNS, [[*row.values()] for row in rows], links.next)


def _wanted(asked: AskedModel) -> dict[str, Any]:
    """What is asked, but for the page."""
    return asked.model_dump(exclude={"after", "limit", "formaat"})


def _key(after: str | None) -> Key | None:
    return None if after is None else tuple(map(int, after.split("-")))


def _links(path: str, asked: AskedModel, page: Page[Any]) -> LinksModel:
    """The next page: the same question, behind the last fact of this one."""
    if page.following is None:
        return LinksModel(next=None)
    return LinksModel(next=link(f"/v1/{path}", asked, after="-".join(map(str, page.following))))
