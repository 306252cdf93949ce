"""Administration: how the gateway is, and what all pages of the administration share."""

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Response

from iwmo_gateway.gateway import health
from iwmo_gateway.gateway.access import is_party_code
from iwmo_gateway.gateway.context import Gateway
from iwmo_gateway.gateway.readiness import why_not_ready
from iwmo_gateway.store.audit import Action
from iwmo_gateway.web.access import Watcher, the_gateway
from iwmo_gateway.web.console.page import ThePage
from iwmo_gateway.web.problems import ProblemError
from iwmo_gateway.web.session import CONSOLE
from iwmo_gateway.web.trail import Call, tells

router = APIRouter(prefix=f"{CONSOLE}/beheer", include_in_schema=False)

PAGE: Final = 50
TheGateway = Annotated[Gateway, Depends(the_gateway)]
_NOT_READY: Final = {
    "database not migrated": "De database is nog niet bijgewerkt tot wat deze versie nodig heeft.",
    "database full": "De schijf van de database is vol.",
    "database busy": "De database is bezet: een schrijfactie kreeg zijn beurt niet.",
    "database not available": "De database is niet bereikbaar, of er kan niet in worden geschreven.",
    "another key than the database was filled with": "De sleutel is een andere dan waarmee de database is gevuld.",
}


@router.get("", openapi_extra=tells(Action.REPORT))
def get_health(page: ThePage, caller: Watcher, gateway: TheGateway) -> Response:
    """Whether the gateway takes messages, what waits, and the versions that it works with."""
    found = why_not_ready(gateway)
    reason = None if found is None else _NOT_READY.get(found["status"] or "", found["status"])
    waits, versions = health.waiting(gateway, page.now), health.versions(gateway)
    return page.show("beheer.html", reason=reason, waits=waits, versions=versions)


def code_of(text: str) -> str:
    """The code of a party in a path; what cannot be one is not found, without a look."""
    if not is_party_code(text):
        raise ProblemError("niet-gevonden")
    return text


def day_in(text: str, name: str, errors: dict[str, str]) -> date | None:
    """The day that was filled in; None for none, and for one that is wrong, which `errors` then tells."""
    if not text:
        return None
    try:
        day = date.fromisoformat(text)
    except ValueError:
        day = date.min
    # The first and last days of the calendar have no place in another zone.
    if date.min.year < day.year < date.max.year:
        return day
    errors[name] = "Vul een dag in als 2027-01-31."
    return None


def wrong(call: Call, faults: Mapping[str, str], told: Mapping[str, tuple[str, str]]) -> dict[str, str]:
    """What is shown at which field of the form, of what the gateway found wrong. The call was refused."""
    call.problem = "parameters"
    return {told[name][0]: told[name][1] for name in faults}
