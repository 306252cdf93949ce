"""The lines that wait for their municipality: by due day, the decision on one or many, the answer before it goes."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Annotated, Any, Final
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import AfterValidator, BaseModel, Field, ValidationError
from starlette.datastructures import FormData

from iwmo_gateway.contract.terms import working_days_between
from iwmo_gateway.contract.volumes import unit_name
from iwmo_gateway.gateway import review, states
from iwmo_gateway.gateway.access import Caller
from iwmo_gateway.gateway.context import Gateway
from iwmo_gateway.gateway.review import Foreseen, Uitkomst
from iwmo_gateway.standard.days import day_of
from iwmo_gateway.store.audit import Action
from iwmo_gateway.store.parties import Right
from iwmo_gateway.store.reviews import Besluit, Decision, Review, Wanted
from iwmo_gateway.store.states_of_claims import WantedRegels, read_regels
from iwmo_gateway.web.access import Decider, Reader, the_gateway
from iwmo_gateway.web.console.forms import TheForm, text_of
from iwmo_gateway.web.console.page import Page, ThePage
from iwmo_gateway.web.models import UUID_PATTERN, Text
from iwmo_gateway.web.reviewmodels import place_of
from iwmo_gateway.web.session import CONSOLE
from iwmo_gateway.web.statemodels import PlaceInside
from iwmo_gateway.web.trail import Call, TheCall, tells

router = APIRouter(prefix=CONSOLE, include_in_schema=False)

AT_ONCE: Final = 500
"""How many lines one form decides on."""
_PAGE: Final = 50
_REASON: Final = (3, 500)
_LINES: Final = 100
"""How many refused lines of an answer are shown before it goes."""
_XML: Final = 100_000
"""How many characters of its XML."""
_PROVIDER_DIGITS: Final = 8
_MOST: Final = 2**63 - 1

TheGateway = Annotated[Gateway, Depends(the_gateway)]


def _a_place(text: str) -> str:
    place_of(text)
    return text


class Asked(BaseModel):
    """What the list is asked for."""

    aanbieder: Text | None = Field(None, max_length=8)
    declaratie_nummer: Text | None = Field(None, max_length=12)
    te_laat: bool | None = None
    after: Annotated[str, AfterValidator(_a_place)] | None = None
    na: PlaceInside | None = None
    alle: bool = False


class Chosen(BaseModel):
    """Which lines to decide on: by number, or all that wait of one claim."""

    regel: list[Annotated[int, Field(ge=1, le=_MOST)]] = Field([], max_length=AT_ONCE)
    eerder: list[Annotated[int, Field(ge=1, le=_MOST)]] = Field([], max_length=AT_ONCE)
    bericht: str | None = Field(None, pattern=UUID_PATTERN)


@dataclass(frozen=True, slots=True)
class Filled:
    """What a form of a decision says, and what is wrong with it, by field."""

    besluit: str = ""
    reason: str = ""
    codes: Mapping[str, str] = field(default_factory=dict)
    errors: Mapping[str, str] = field(default_factory=dict)

    def decisions(self, lines: Iterable[Review]) -> list[Decision]:
        """The same for every line, with the code of its kind of claim."""
        besluit = Besluit(self.besluit)
        code = self.codes if besluit is Besluit.REFUSE else {}
        return [Decision(line.id, besluit, code.get(_field_of(line)), self.reason or None) for line in lines]


async def what_is_asked(request: Request) -> Asked:
    """The fields of the search that were filled in."""
    given = {name: value.strip() for name, value in request.query_params.items() if value.strip()}
    try:
        return Asked.model_validate(given)
    except ValidationError as error:
        raise RequestValidationError(error.errors(include_input=False, include_context=False)) from None


@router.get("/beoordelingen", openapi_extra=tells(Action.SEARCH))
def get_reviews(
    page: ThePage, caller: Reader, call: TheCall, gateway: TheGateway, asked: Annotated[Asked, Depends(what_is_asked)]
) -> Response:
    """The lines that wait, the nearest due day first; for a provider those of its own claims."""
    if caller.party is not None and len(caller.party) == _PROVIDER_DIGITS:
        return _held(page, caller, call, gateway, asked)
    today = day_of(caller.at)
    wanted = Wanted(aanbieder=asked.aanbieder, declaratie_nummer=asked.declaratie_nummer, te_laat=asked.te_laat)
    after = None if asked.after is None else place_of(asked.after)
    found = review.waiting(gateway, caller, wanted, today, after=after, limit=_PAGE + 1)
    shown, more = found[:_PAGE], len(found) > _PAGE
    call.shows(line.message for line in shown)
    filled = asked.model_dump(mode="json", exclude_none=True, exclude={"after", "na", "alle"})
    following = filled | {"after": "{}_{}".format(*shown[-1].place)} if more else None
    here = filled | {"after": asked.after}
    return page.show(
        "beoordelingen.html",
        lines=shown,
        asked=filled,
        following=following,
        here=here,
        everything=asked.alle,
        decides=caller.may(Right.DECIDE),
        **_words(today),
    )


@router.get("/beoordelingen/besluit", openapi_extra=tells(Action.SEARCH))
def get_decision(
    page: ThePage, caller: Decider, call: TheCall, gateway: TheGateway, chosen: Annotated[Chosen, Query()]
) -> Response:
    """The lines that were chosen, and the form to decide on them."""
    if chosen.bericht is not None:
        wanted = Wanted(message=chosen.bericht)
        found = review.waiting(gateway, caller, wanted, day_of(caller.at), after=None, limit=AT_ONCE)
    else:
        found = review.found(gateway, caller, chosen.regel)
    call.shows(line.message for line in found)
    return _form(page, gateway, found, Filled())


@router.post("/beoordelingen/voorbeeld", openapi_extra=tells(Action.READ))
def post_preview(page: ThePage, caller: Decider, call: TheCall, gateway: TheGateway, form: TheForm) -> Response:
    """What a decision would do, and the answer that would go out. Nothing is kept."""
    lines, filled = _filled(gateway, caller, form)
    call.shows(line.message for line in lines)
    if filled.errors or not lines:
        return _form(page, gateway, lines, filled)
    return _form(page, gateway, lines, filled, _foreseen(gateway, caller, lines, filled))


@router.post("/beoordelingen/besluit", openapi_extra=tells(Action.DECIDE))
def post_decision(page: ThePage, caller: Decider, call: TheCall, gateway: TheGateway, form: TheForm) -> Response:
    """Decide as was shown before; if that is not how it would go any more, it is shown again and nothing is kept."""
    lines, filled = _filled(gateway, caller, form)
    call.shows(line.message for line in lines)
    if filled.errors or not lines:
        return _form(page, gateway, lines, filled)
    foreseen = _foreseen(gateway, caller, lines, filled)
    if _gist(foreseen) != text_of(form, "gezien"):
        return _form(page, gateway, lines, filled, foreseen, changed=True)
    done = review.decide(gateway, caller, filled.decisions(lines), day_of(caller.at))
    told = {
        "regel": [one.asked.review for one in done if one.uitkomst is Uitkomst.BESLOTEN],
        "eerder": [one.asked.review for one in done if one.uitkomst is not Uitkomst.BESLOTEN],
    }
    return page.go(f"/beoordelingen/besloten?{urlencode(told, doseq=True)}")


@router.get("/beoordelingen/besloten", openapi_extra=tells(Action.READ))
def get_decided(
    page: ThePage, caller: Decider, call: TheCall, gateway: TheGateway, chosen: Annotated[Chosen, Query()]
) -> Response:
    """What came of decisions: each claim with its lines, and the answer if it went out."""
    lines = [one for one in review.found(gateway, caller, chosen.regel + chosen.eerder) if one.decided_at is not None]
    call.shows(line.message for line in lines)
    came = review.stands(gateway, lines)
    return page.show(
        "besloten.html",
        claims=[(claim, [line for line in lines if line.message == claim.message.id]) for claim in came],
        eerder=set(chosen.eerder),
        **_words(day_of(caller.at)),
    )


def _held(page: Page, caller: Caller, call: Call, gateway: Gateway, asked: Asked) -> Response:
    """To a provider: which lines of its claims are held."""
    key = None if asked.na is None else tuple(map(int, asked.na.split("-")))
    wanted = WantedRegels(staat="aangehouden")
    found = states.find(gateway, caller, read_regels, wanted, after=key, limit=_PAGE)
    call.shows(source.id for fact in found.facts for source in fact.berichten)
    following = {"na": "-".join(map(str, found.following))} if found.following else None
    return page.show("aangehouden.html", lines=found.facts, following=following, **_words(day_of(caller.at)))


def _filled(gateway: Gateway, caller: Caller, form: FormData) -> tuple[list[Review], Filled]:
    """The lines that a form is about, and what it says of them."""
    texts = [value for value in form.getlist("regel") if isinstance(value, str)]
    numbers = [int(text) for text in texts if text.isascii() and text.isdigit() and int(text) <= _MOST]
    lines = review.found(gateway, caller, numbers[:AT_ONCE])
    besluit, reason = text_of(form, "besluit"), text_of(form, "reden").replace("\r\n", "\n")
    codes = {name: text_of(form, name) for name in map(_field_of, lines)}
    errors: dict[str, str] = {}
    if besluit not in set(Besluit):
        errors["besluit"] = "Kies of u de regels goedkeurt of afkeurt."
    if besluit == Besluit.REFUSE:
        for name, (_, offered) in _offered(gateway, lines).items():
            if codes[name] not in offered:
                errors[name] = "Kies wat er niet klopt: deze retourcode krijgt de aanbieder."
        if not reason:
            errors["reden"] = "Vul een reden in: de aanbieder krijgt die te lezen."
    if reason and not _REASON[0] <= len(reason) <= _REASON[1]:
        errors["reden"] = f"Een reden telt {_REASON[0]} tot en met {_REASON[1]} tekens; deze telt er {len(reason)}."
    elif "\x00" in reason:
        errors["reden"] = "De reden bevat een teken dat niet bewaard kan worden."
    return lines, Filled(besluit, reason, codes, errors)


def _foreseen(gateway: Gateway, caller: Caller, lines: Sequence[Review], filled: Filled) -> list[Foreseen]:
    return review.foresee(gateway, caller, filled.decisions(lines), day_of(caller.at))


def _gist(foreseen: Iterable[Foreseen]) -> str:
    return "".join(one.gist for one in foreseen)


def _form(
    page: Page,
    gateway: Gateway,
    lines: Sequence[Review],
    filled: Filled,
    foreseen: Sequence[Foreseen] | None = None,
    *,
    changed: bool = False,
) -> Response:
    """The form about these lines; with what was foreseen also the button that decides."""
    if filled.errors:
        page.request.state.call.problem = "parameters"
    waits = [line for line in lines if line.decided_at is None]
    return page.show(
        "besluit.html",
        422 if filled.errors else 200,
        lines=waits,
        late=[line for line in lines if line.decided_at is not None],
        offered=_offered(gateway, waits),
        filled=filled,
        foreseen=foreseen,
        gezien=_gist(foreseen or ()),
        changed=changed,
        most_lines=_LINES,
        most_xml=_XML,
        **_words(day_of(page.now)),
    )


def _field_of(line: Review) -> str:
    """The field with the return code for lines of this kind of claim."""
    return f"retourcode-{line.soort}-{line.release}"


def _offered(gateway: Gateway, lines: Iterable[Review]) -> dict[str, tuple[str, Mapping[str, str]]]:
    """By field: the kind of claim, and the return codes with their meaning."""
    kinds = {_field_of(line): line for line in lines}
    return {
        name: (f"{line.soort} {line.release}", review.refusals(gateway, line)) for name, line in sorted(kinds.items())
    }


def _words(today: date) -> dict[str, Any]:
    """What every page of lines says of days and units."""
    return {"today": today, "unit": unit_name, "left": lambda day: working_days_between(today, day)}
