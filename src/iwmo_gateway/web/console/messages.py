"""The list of messages: found as one would ask for them."""

from typing import Annotated, Final

from fastapi import APIRouter, Depends, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import Field, ValidationError

from iwmo_gateway.gateway import results
from iwmo_gateway.gateway.context import Gateway
from iwmo_gateway.store.audit import Action
from iwmo_gateway.web.access import Reader, the_gateway
from iwmo_gateway.web.console.page import ThePage
from iwmo_gateway.web.models import UUID_PATTERN, FilterModel
from iwmo_gateway.web.session import CONSOLE
from iwmo_gateway.web.trail import TheCall, tells

router = APIRouter(prefix=CONSOLE, include_in_schema=False)

_PAGE: Final = 50


class Asked(FilterModel):
    """What the form asks for; what is left empty does not count."""

    before: str | None = Field(None, pattern=UUID_PATTERN)


async def what_is_asked(request: Request) -> Asked:
    """The fields that were filled in."""
    given = {name: value.strip() for name, value in request.query_params.items() if value.strip()}
    try:
        return Asked.model_validate(given)
    except ValidationError as error:
        raise RequestValidationError(error.errors(include_input=False, include_context=False)) from None


@router.get("/berichten", openapi_extra=tells(Action.SEARCH))
def get_messages(
    page: ThePage,
    caller: Reader,
    call: TheCall,
    gateway: Annotated[Gateway, Depends(the_gateway)],
    asked: Annotated[Asked, Depends(what_is_asked)],
) -> Response:
    """Messages that match, newest first, a page at a time."""
    found = results.search(gateway, caller, asked.search, before=asked.before, limit=_PAGE + 1)
    shown, more = found[:_PAGE], len(found) > _PAGE
    call.shows(result.message.id for result in shown)
    filled = asked.model_dump(mode="json", exclude_none=True)
    following = filled | {"before": shown[-1].message.id} if more else None
    return page.show("berichten.html", results=shown, asked=filled, following=following)
