"""The calls of /v1/reviews: the claim lines that are held, and the decisions of their municipality."""

from datetime import datetime
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Path, Query, Request, Response

from iwmo_gateway.gateway.context import Gateway
from iwmo_gateway.gateway.review import decide, waiting
from iwmo_gateway.standard.days import day_of
from iwmo_gateway.store.reviews import Wanted
from iwmo_gateway.web import answers, reviewmodels
from iwmo_gateway.web.access import Decider, Reader, the_gateway
from iwmo_gateway.web.calls import documented_body, json_body, received_at
from iwmo_gateway.web.models import LinksModel
from iwmo_gateway.web.paging import page_of
from iwmo_gateway.web.problems import ProblemError, documented
from iwmo_gateway.web.reviewmodels import DecisionRequest, DecisionsRequest, ReviewsQuery
from iwmo_gateway.web.trail import TheCall

_LIMIT: Final = 4 * 1024
_LIMIT_OF_MANY: Final = 1024 * 1024

TheGateway = Annotated[Gateway, Depends(the_gateway)]
Moment = Annotated[datetime, Depends(received_at)]

router = APIRouter(prefix="/v1", tags=["besluiten"])


async def one_decision(request: Request, caller: Decider) -> DecisionRequest:
    """What is decided of one line; only a party decides."""
    return await json_body(request, DecisionRequest, _LIMIT)


async def many_decisions(request: Request, caller: Decider) -> DecisionsRequest:
    """What is decided of many lines; only a party decides."""
    return await json_body(request, DecisionsRequest, _LIMIT_OF_MANY)


@router.get(
    "/reviews",
    response_model=reviewmodels.ReviewsModel,
    responses=documented("token", "parameters", "ontvangst-moment"),
)
def get_reviews(
    gateway: TheGateway, caller: Reader, call: TheCall, moment: Moment, asked: Annotated[ReviewsQuery, Query()]
) -> Response:
    """The claim lines that wait for their municipality, the nearest due day first."""
    today = day_of(moment)
    wanted = Wanted(asked.gemeente, asked.aanbieder, asked.bericht, asked.declaratie_nummer, asked.te_laat)
    after = None if asked.after is None else reviewmodels.place_of(asked.after)
    found = waiting(gateway, caller, wanted, today, after=after, limit=asked.limit + 1)
    page, link = page_of("/v1/reviews", asked, found, after=lambda one: "{}_{}".format(*one.place))
    call.shows(line.message for line in page)
    listed = [reviewmodels.review(line, today) for line in page]
    return answers.as_json(reviewmodels.ReviewsModel(peildatum=today, reviews=listed, links=LinksModel(next=link)))


@router.post(
    "/reviews",
    response_model=reviewmodels.OutcomesModel,
    responses=documented("token", "IB008", "IB012", "parameters", "ontvangst-moment"),
    openapi_extra=documented_body(DecisionsRequest),
)
def post_reviews(
    gateway: TheGateway,
    caller: Decider,
    call: TheCall,
    wanted: Annotated[DecisionsRequest, Depends(many_decisions)],
    moment: Moment,
) -> Response:
    """Decide on many lines at once. Each has an outcome of its own: one that is wrong leaves the others as they are."""
    asked = [one.decision(one.id) for one in wanted.besluiten]
    done = decide(gateway, caller, asked, day_of(moment))
    call.shows(one.review.message for one in done if one.review is not None)
    return answers.as_json(reviewmodels.OutcomesModel(besluiten=[reviewmodels.outcome(one) for one in done]))


@router.post(
    "/reviews/{nr}",
    response_model=reviewmodels.DecidedModel,
    responses=documented("token", "IB008", "IB012", "niet-gevonden", "al-besloten", "parameters", "ontvangst-moment"),
    openapi_extra=documented_body(DecisionRequest),
)
def post_review(
    nr: Annotated[int, Path(ge=0, le=2**63 - 1)],
    gateway: TheGateway,
    caller: Decider,
    call: TheCall,
    wanted: Annotated[DecisionRequest, Depends(one_decision)],
    moment: Moment,
) -> Response:
    """Decide on a line that is held for the calling municipality. The last decision on a claim sends its answer."""
    (done,) = decide(gateway, caller, [wanted.decision(nr)], day_of(moment))
    call.shows([done.review.message] if done.review is not None else [])
    kept = reviewmodels.decided(done)
    if kept is None:
        code, detail = reviewmodels.PROBLEMS[done.uitkomst]
        raise ProblemError(code, detail)
    return answers.as_json(kept)
