"""Who takes part: parties, where they do and who answers for them, and mandates."""

from typing import Annotated, Final

from fastapi import APIRouter, Query, Response

from iwmo_gateway.errors import Unfit
from iwmo_gateway.gateway import parties
from iwmo_gateway.gateway.access import find_tokens
from iwmo_gateway.standard.kinds import Domain
from iwmo_gateway.store.audit import Action
from iwmo_gateway.store.parties import TokenSearch
from iwmo_gateway.web.access import AccessReader, Administrator
from iwmo_gateway.web.adminmodels import MANDATE_FAULTS, PARTY_FAULTS
from iwmo_gateway.web.console.administration import PAGE, TheGateway, code_of, day_in, wrong
from iwmo_gateway.web.console.forms import TheForm, text_of
from iwmo_gateway.web.console.page import ThePage
from iwmo_gateway.web.models import UUID_PATTERN
from iwmo_gateway.web.problems import ProblemError
from iwmo_gateway.web.session import CONSOLE
from iwmo_gateway.web.trail import TheCall, tells

router = APIRouter(prefix=f"{CONSOLE}/beheer", include_in_schema=False)

_MOST: Final = 100
"""Tokens and mandates on the page of one party; more are on pages of their own."""
Code = Annotated[str, Query(max_length=8, pattern="^[0-9]*$")]


@router.get("/partijen", openapi_extra=tells(Action.SEARCH))
def get_parties(page: ThePage, caller: AccessReader, gateway: TheGateway, code: Code = "", na: Code = "") -> Response:
    """The parties, by their codes, a page at a time."""
    found = parties.find_parties(gateway, code, after=na, limit=PAGE + 1)
    following = {"code": code, "na": found[PAGE - 1].code} if len(found) > PAGE else None
    return page.show("beheer_partijen.html", parties=found[:PAGE], code=code, following=following)


@router.get("/partijen/nieuw", openapi_extra=tells(Action.ADMINISTER))
def get_new_party(page: ThePage, caller: Administrator) -> Response:
    """The form to make a party known."""
    return page.show("beheer_partij_nieuw.html", code="", errors={})


@router.post("/partijen/nieuw", openapi_extra=tells(Action.ADMINISTER))
def add_party(page: ThePage, caller: Administrator, call: TheCall, gateway: TheGateway, form: TheForm) -> Response:
    """Make a party known."""
    code = text_of(form, "code")
    try:
        parties.add_party(gateway, code, page.now)
    except Unfit as error:
        errors = wrong(call, error.faults, PARTY_FAULTS)
        return page.show("beheer_partij_nieuw.html", 400, code=code, errors=errors)
    call.what = f"party add {code}"
    return page.go(f"/beheer/partijen/{code}", gedaan="bekend")


@router.get("/partijen/{code}", openapi_extra=tells(Action.READ))
def get_party(page: ThePage, caller: AccessReader, gateway: TheGateway, code: str, gedaan: str = "") -> Response:
    """A party: where it takes part, who answers for it, its tokens and its mandates."""
    return _party_page(page, gateway, code_of(code), gedaan)


@router.post("/partijen/{code}", openapi_extra=tells(Action.ADMINISTER))
def change_party(
    page: ThePage, caller: Administrator, call: TheCall, gateway: TheGateway, form: TheForm, code: str
) -> Response:
    """Say where a party takes part, and who answers what it receives."""
    party = parties.party_of(gateway, code_of(code))
    if party is None:
        raise ProblemError("niet-gevonden")
    domains = {domain for domain in Domain if domain in form.getlist("domeinen")}
    itself = text_of(form, "antwoordt") == "zelf"
    try:
        parties.set_party(gateway, code, page.now, domains=domains, itself=itself)
    except Unfit as error:
        return _party_page(page, gateway, code, "", wrong(call, error.faults, PARTY_FAULTS), itself=itself)
    answers = "--answers-itself" if itself else "--gateway-answers"
    call.what = f"party set {code} --domains {','.join(sorted(domains))} {answers}"
    return page.go(f"/beheer/partijen/{code}", gedaan="gewijzigd")


@router.get("/machtigingen", openapi_extra=tells(Action.SEARCH))
def get_mandates(
    page: ThePage,
    caller: AccessReader,
    gateway: TheGateway,
    partij: Code = "",
    voor: Annotated[str | None, Query(pattern=UUID_PATTERN)] = None,
    gedaan: str = "",
) -> Response:
    """The mandates, newest first, a page at a time."""
    found = parties.find_mandates(gateway, partij or None, before=voor, limit=PAGE + 1)
    following = {"partij": partij, "voor": found[PAGE - 1].id} if len(found) > PAGE else None
    return page.show(
        "beheer_machtigingen.html", mandates=found[:PAGE], partij=partij, following=following, gedaan=gedaan
    )


@router.get("/machtigingen/nieuw", openapi_extra=tells(Action.ADMINISTER))
def get_new_mandate(page: ThePage, caller: Administrator, partij: Code = "") -> Response:
    """The form to let a bureau act for a party."""
    filled = {"partij": partij, "bureau": "", "vanaf": "", "tot_en_met": ""}
    return page.show("beheer_machtiging_nieuw.html", filled=filled, errors={})


@router.post("/machtigingen/nieuw", openapi_extra=tells(Action.ADMINISTER))
def create_mandate(page: ThePage, caller: Administrator, call: TheCall, gateway: TheGateway, form: TheForm) -> Response:
    """Let a bureau act for a party."""
    filled = {name: text_of(form, name) for name in ("partij", "bureau", "vanaf", "tot_en_met")}
    errors: dict[str, str] = {}
    days = {name: day_in(filled[name], name, errors) for name in ("vanaf", "tot_en_met")}
    if not errors:
        try:
            made = parties.create_mandate(
                gateway, caller.actor, page.now, party=filled["partij"], bureau=filled["bureau"], **days
            )
        except Unfit as error:
            errors = wrong(call, error.faults, MANDATE_FAULTS)
        else:
            call.what = f"mandate create {made.party} {made.bureau} {made.id}"
            return page.go("/beheer/machtigingen", gedaan="gemaakt")
    call.problem = "parameters"
    return page.show("beheer_machtiging_nieuw.html", 400, filled=filled, errors=errors)


@router.get("/machtigingen/{mandate_id}/intrekken", openapi_extra=tells(Action.READ))
def ask_to_revoke_mandate(page: ThePage, caller: Administrator, gateway: TheGateway, mandate_id: str) -> Response:
    """Ask whether a mandate is to end."""
    mandate = parties.mandate_of(gateway, mandate_id)
    if mandate is None:
        raise ProblemError("niet-gevonden")
    return page.show("beheer_machtiging_intrekken.html", mandate=mandate)


@router.post("/machtigingen/{mandate_id}/intrekken", openapi_extra=tells(Action.ADMINISTER))
def revoke_mandate(
    page: ThePage, caller: Administrator, call: TheCall, gateway: TheGateway, form: TheForm, mandate_id: str
) -> Response:
    """End a mandate at once."""
    ended = parties.revoke_mandate(gateway, caller.actor, mandate_id, page.now)
    if ended is None:
        raise ProblemError("niet-gevonden")
    call.what = f"mandate revoke {ended.id} {ended.party} {ended.bureau}"
    return page.go("/beheer/machtigingen", gedaan="ingetrokken")


def _party_page(
    page: ThePage,
    gateway: TheGateway,
    code: str,
    gedaan: str,
    errors: dict[str, str] | None = None,
    *,
    itself: bool | None = None,
) -> Response:
    party = parties.party_of(gateway, code)
    if party is None:
        raise ProblemError("niet-gevonden", f"Partij {code} is hier niet bekend.")
    return page.show(
        "beheer_partij.html",
        400 if errors else 200,
        party=party,
        itself=party.answers_itself if itself is None else itself,
        tokens=find_tokens(gateway, TokenSearch(party=code), page.now, before=None, limit=_MOST),
        mandates=parties.find_mandates(gateway, code, before=None, limit=_MOST),
        gedaan=gedaan,
        errors=errors or {},
    )
