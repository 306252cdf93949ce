"""Tokens: who is let in, to do what, until when. The text of a token is shown once, where it is made."""

from datetime import timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Query, Response

from iwmo_gateway.errors import ConfigurationError, Unfit
from iwmo_gateway.gateway import access
from iwmo_gateway.gateway.access import DAYS, OVERLAP_DAYS, Issued
from iwmo_gateway.standard.days import day_of
from iwmo_gateway.standard.kinds import Domain
from iwmo_gateway.store.audit import Action
from iwmo_gateway.store.parties import DOMAINS, RIGHTS, Right, TokenRole, TokenSearch
from iwmo_gateway.web.access import AccessReader, Administrator
from iwmo_gateway.web.adminmodels import LONGEST_OVERLAP, TOKEN_FAULTS
from iwmo_gateway.web.console.administration import PAGE, TheGateway, day_in, wrong
from iwmo_gateway.web.console.forms import TheForm, text_of
from iwmo_gateway.web.console.page import ThePage
from iwmo_gateway.web.console.parties import Code
from iwmo_gateway.web.models import UUID_PATTERN
from iwmo_gateway.web.problems import ProblemError
from iwmo_gateway.web.session import CONSOLE
from iwmo_gateway.web.tokens import ended, given_here, known
from iwmo_gateway.web.trail import TheCall, tells

router = APIRouter(prefix=f"{CONSOLE}/beheer/tokens", include_in_schema=False)


@router.get("", openapi_extra=tells(Action.SEARCH))
def get_tokens(
    page: ThePage,
    caller: AccessReader,
    gateway: TheGateway,
    partij: Code = "",
    rol: Annotated[str, Query(max_length=8)] = "",
    stand: Annotated[str, Query(pattern="^(geldig|geeindigd|)$")] = "",
    voor: Annotated[str | None, Query(pattern=UUID_PATTERN)] = None,
) -> Response:
    """The tokens, newest first, a page at a time."""
    good = {"geldig": True, "geeindigd": False}.get(stand)
    role = TokenRole(rol) if rol in set(TokenRole) else None
    wanted = TokenSearch(partij or None, role, good)
    found = access.find_tokens(gateway, wanted, page.now, before=voor, limit=PAGE + 1)
    asked = {"partij": partij, "rol": rol, "stand": stand}
    following = asked | {"voor": found[PAGE - 1].id} if len(found) > PAGE else None
    return page.show("beheer_tokens.html", tokens=found[:PAGE], asked=asked, following=following)


@router.get("/nieuw", openapi_extra=tells(Action.ADMINISTER))
def get_new_token(page: ThePage, caller: Administrator, partij: Code = "") -> Response:
    """The form to make a token."""
    last = day_of(page.now) + timedelta(days=DAYS)
    filled = {
        "rol": "party", "partij": partij, "label": "", "tot_en_met": f"{last}",
        "rechten": sorted(RIGHTS[TokenRole.PARTY]), "domeinen": sorted(DOMAINS),
    }  # fmt: skip
    return page.show("beheer_token_nieuw.html", filled=filled, errors={})


@router.post("/nieuw", openapi_extra=tells(Action.ADMINISTER))
def create_token(page: ThePage, caller: Administrator, call: TheCall, gateway: TheGateway, form: TheForm) -> Response:
    """Make a token, and show its text this once."""
    filled: dict[str, Any] = {name: text_of(form, name) for name in ("rol", "partij", "label", "tot_en_met")}
    filled |= {"rechten": form.getlist("rechten"), "domeinen": form.getlist("domeinen")}
    errors: dict[str, str] = {}
    last = day_in(filled["tot_en_met"], "tot_en_met", errors)
    if last is None and not errors:
        errors["tot_en_met"] = "Zeg tot en met welke dag dit token geldt."
    if filled["rol"] not in set(TokenRole):
        errors["rol"] = "Kies van wie het token is."
    if not errors and last is not None:
        role = TokenRole(filled["rol"])
        try:
            made = access.issue_token(
                gateway,
                role,
                filled["partij"] or None,
                filled["label"],
                page.now,
                expires_at=access.end_of(last),
                # Of a role with boxes of its own alone: the others have all that may be given here.
                rights={right for right in Right if right in filled["rechten"]} if role is TokenRole.PARTY
                else RIGHTS[role] - {Right.ADMINISTER},
                domains={domain for domain in Domain if domain in filled["domeinen"]} if role is TokenRole.PARTY
                else DOMAINS,
            )  # fmt: skip
        except Unfit as error:
            errors = wrong(call, error.faults, TOKEN_FAULTS)
        else:
            call.what = f"token create {made.token.party or made.token.role} {made.token.id}"
            return _shown_once(page, made)
    call.problem = "parameters"
    return page.show("beheer_token_nieuw.html", 400, filled=filled, errors=errors)


@router.get("/{token_id}", openapi_extra=tells(Action.READ))
def get_token(page: ThePage, caller: AccessReader, gateway: TheGateway, token_id: str, gedaan: str = "") -> Response:
    """A token, without its text, which is kept nowhere."""
    token = known(gateway, token_id)
    return page.show(
        "beheer_token.html", token=token, gedaan=gedaan, overlap=OVERLAP_DAYS, errors={}, filled=_new(page)
    )


@router.post("/{token_id}/vervangen", openapi_extra=tells(Action.ADMINISTER))
def rotate_token(
    page: ThePage, caller: Administrator, call: TheCall, gateway: TheGateway, form: TheForm, token_id: str
) -> Response:
    """Make a token in the place of another, which ends after some days, and show its text this once."""
    token = known(gateway, token_id)
    given_here(token)
    filled = {name: text_of(form, name) for name in ("tot_en_met", "overlap")}
    errors: dict[str, str] = {}
    last = day_in(filled["tot_en_met"], "tot_en_met", errors)
    overlap = int(filled["overlap"]) if filled["overlap"].isascii() and filled["overlap"].isdigit() else -1
    if not 0 <= overlap <= LONGEST_OVERLAP:
        errors["overlap"] = f"Vul een aantal dagen in van 0 tot en met {LONGEST_OVERLAP}."
    if last is None:
        errors.setdefault("tot_en_met", "Zeg tot en met welke dag het nieuwe token geldt.")
    elif not errors:
        try:
            made = access.rotate_token(
                gateway, token_id, page.now, expires_at=access.end_of(last), overlap=timedelta(days=overlap)
            )
        except Unfit as error:
            errors = wrong(call, error.faults, TOKEN_FAULTS)
        except ConfigurationError:
            raise ended() from None
        else:
            if made is None:
                raise ProblemError("niet-gevonden")
            call.what = f"token rotate {token_id} {made.token.id}"
            return _shown_once(page, made)
    call.problem = "parameters"
    return page.show(
        "beheer_token.html", 400, token=token, gedaan="", overlap=OVERLAP_DAYS, errors=errors, filled=filled
    )


@router.get("/{token_id}/intrekken", openapi_extra=tells(Action.READ))
def ask_to_revoke(page: ThePage, caller: Administrator, gateway: TheGateway, token_id: str) -> Response:
    """Ask whether a token is to be revoked."""
    return page.show("beheer_token_intrekken.html", token=known(gateway, token_id), own=caller.token == token_id)


@router.post("/{token_id}/intrekken", openapi_extra=tells(Action.ADMINISTER))
def revoke_token(
    page: ThePage, caller: Administrator, call: TheCall, gateway: TheGateway, form: TheForm, token_id: str
) -> Response:
    """Revoke a token at once, in every process."""
    token = access.revoke_token(gateway, token_id, page.now)
    if token is None:
        raise ProblemError("niet-gevonden")
    call.what = f"token revoke {token.id} {token.party or token.role}"
    return page.go(f"/beheer/tokens/{token.id}", gedaan="ingetrokken")


def _new(page: ThePage) -> dict[str, str]:
    return {"tot_en_met": f"{day_of(page.now) + timedelta(days=DAYS)}", "overlap": f"{OVERLAP_DAYS}"}


def _shown_once(page: ThePage, made: Issued) -> Response:
    """The text of a token on the page that answers the form, and nowhere else: not kept, in no address."""
    return page.show("beheer_token_gemaakt.html", 201, token=made.token, text=made.text)
