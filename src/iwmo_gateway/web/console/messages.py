"""The list of messages: found as one would ask for them, kept as a filter, taken along as a spreadsheet."""

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Depends, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field, ValidationError, ValidationInfo, field_validator

from iwmo_gateway.contract.regels import REGELS
from iwmo_gateway.gateway import filters, overview, results
from iwmo_gateway.gateway.access import Caller, is_party_code
from iwmo_gateway.gateway.context import Gateway
from iwmo_gateway.rules.engine import Actie
from iwmo_gateway.rules.rulebook import rulebook
from iwmo_gateway.standard.days import AMSTERDAM, day_of
from iwmo_gateway.standard.kinds import SOORTEN, answered_by
from iwmo_gateway.store.answering import Answered
from iwmo_gateway.store.audit import Action
from iwmo_gateway.store.messages import Status
from iwmo_gateway.store.search import Search
from iwmo_gateway.web import answers
from iwmo_gateway.web.access import Reader, the_gateway
from iwmo_gateway.web.console.files import file
from iwmo_gateway.web.console.forms import TheForm, text_of
from iwmo_gateway.web.console.page import Page, ThePage
from iwmo_gateway.web.models import UUID_PATTERN, Day, Text
from iwmo_gateway.web.session import CONSOLE
from iwmo_gateway.web.trail import TheCall, tells

router = APIRouter(prefix=CONSOLE, include_in_schema=False)

_PAGE: Final = 50
_RULES: Final = {code.lower(): code for code in (*rulebook(), *REGELS, "XSD")}
"""Codes of rules as they are written, by what is typed."""
_LONGEST_NAME: Final = 60
_SHEET: Final = 1000
"""How many messages one spreadsheet holds."""
KEPT: Final = (
    *("soort", "retour", "status", "partij", "van", "tot", "regel", "retourcode", "tekst"),
    *("fout", "opgehaald", "antwoord"),
)
"""What a filter is made of: no number, for that is of one message, and nothing of a person."""
_WORDS: Final = {
    "301": "toewijzing",
    "303": "declaratie of factuur",
    "305": "start zorg",
    "307": "stop zorg",
    "315": "verzoek om toewijzing",
    "317": "verzoek om wijziging",
    "319": "antwoord op verzoek",
    "323": "declaratie",
}
KINDS: Final = {
    soort.code: _WORDS.get(soort.code[-3:]) or f"retour op {answered_by(soort).code[-3:]}"
    for soort in sorted(SOORTEN.values(), key=lambda soort: soort.code)
}
"""What each kind of message is, in words."""
ANSWERED: Final = {
    Answered.IN_TIME: "op tijd",
    Answered.LATE: "te laat",
    Answered.OPEN: "nog niet, binnen de termijn",
    Answered.OVERDUE: "nog niet, te laat",
}
"""What became of the answer to a message, in words."""
_MOST_DAYS: Final = 31
"""Of how many days at most one may ask what became of the answers."""
_WRONG: Final = {
    "zoek": "Een nummer of kenmerk heeft ten hoogste 36 tekens.",
    "soort": "Kies een soort bericht uit de lijst.",
    "retour": "Kies of u retourberichten ziet.",
    "status": "Kies een status uit de lijst.",
    "partij": "Vul de code van een gemeente (4 cijfers) of aanbieder (8 cijfers) in.",
    "opgehaald": "Kies of u alleen ziet wat nog niet is opgehaald.",
    "van": "Vul een dag in als 2023-02-01.",
    "tot": "Vul een dag in als 2023-02-28, niet voor de eerste dag.",
    "regel": "Vul de code van een regel in, zoals TR019.",
    "retourcode": "Een retourcode heeft vier cijfers, zoals 9019.",
    "tekst": "Vul 3 tot 100 tekens in van de tekst van een bevinding.",
    "fout": "Vul ook een regel, retourcode of tekst in: daarvan ziet u dan alleen de fouten.",
    "antwoord": f"Vul ook in van welke dagen, van en tot en met; het mogen er {_MOST_DAYS} zijn.",
}
"""What is said at a field that was not filled in well."""


_Period = Annotated[Day, Field(ge=date(2000, 1, 1), le=date(2099, 12, 31))]


class Asked(BaseModel):
    """What the form asks for; what is left empty does not count."""

    model_config = ConfigDict(extra="forbid")

    zoek: Text | None = Field(None, max_length=36)
    soort: Text | None = Field(None, max_length=6)
    retour: bool | None = None
    status: Status | None = None
    partij: Text | None = None
    van: _Period | None = None
    tot: _Period | None = None
    regel: Text | None = Field(None, max_length=40)
    retourcode: Text | None = Field(None, pattern="^[0-9]{4}$")
    tekst: Text | None = Field(None, min_length=3, max_length=100)
    opgehaald: Literal["nee"] | None = None
    fout: Literal["true"] | None = None
    antwoord: Answered | None = None
    before: str | None = Field(None, pattern=UUID_PATTERN)
    formaat: Literal["csv", "xlsx"] | None = None
    gedaan: Literal["bewaard", "vergeten"] | None = None

    @field_validator("soort")
    @classmethod
    def _in_capitals(cls, value: str | None) -> str | None:
        return value.upper() if value else value

    @field_validator("regel")
    @classmethod
    def _as_it_is_written(cls, value: str | None) -> str | None:
        return value and _RULES.get(value.lower(), value)

    @field_validator("soort")
    @classmethod
    def _a_kind(cls, value: str | None) -> str | None:
        if value is not None and value not in KINDS:
            raise ValueError("no kind of message")
        return value

    @field_validator("partij")
    @classmethod
    def _a_party(cls, value: str | None) -> str | None:
        if value is not None and not is_party_code(value):
            raise ValueError("no code of a party")
        return value

    @field_validator("tot")
    @classmethod
    def _in_order(cls, value: Any, info: ValidationInfo) -> Any:
        van = info.data.get("van")
        if value is not None and van is not None and value < van:
            raise ValueError("before the first day")
        return value

    @field_validator("fout")
    @classmethod
    def _of_something(cls, value: Any, info: ValidationInfo) -> Any:
        if value is not None and not any(info.data.get(name) for name in ("regel", "retourcode", "tekst")):
            raise ValueError("of nothing in particular")
        return value

    @field_validator("antwoord")
    @classmethod
    def _of_some_days(cls, value: Any, info: ValidationInfo) -> Any:
        van, tot = info.data.get("van"), info.data.get("tot")
        if value is not None and (van is None or tot is None or (tot - van).days >= _MOST_DAYS):
            raise ValueError("not of some days")
        return value

    def search(self, today: date) -> Search:
        """The search that this asks for: a period is of whole days in the Netherlands."""
        answering = None
        if self.antwoord is not None and self.van is not None and self.tot is not None:
            answering = overview.answering(self.van, self.tot, today, self.antwoord)
        return Search(
            soort=self.soort,
            status=self.status,
            party=self.partij,
            received_from=None if self.van is None else start_of(self.van),
            received_until=None if self.tot is None else start_of(self.tot + timedelta(days=1)),
            regel=self.regel,
            retourcode=self.retourcode,
            text=self.tekst,
            actie=Actie.REJECT.value if self.fout else None,
            number=self.zoek,
            unfetched=self.opgehaald is not None,
            answers=self.retour,
            answering=answering,
        )

    @property
    def again(self) -> dict[str, str] | None:
        """The same as the form of a replay asks it; None where that cannot."""
        names = self.filled.keys()
        if not names or names & {"zoek", "retour", "fout", "opgehaald", "antwoord"}:
            return None
        same = {name: text for name, text in self.filled.items() if name not in {"van", "tot"}}
        begins = None if self.van is None else start_of(self.van)
        ends = None if self.tot is None else start_of(self.tot + timedelta(days=1))
        moments = {"ontvangen_vanaf": begins, "ontvangen_tot": ends}
        return same | {name: moment.isoformat() for name, moment in moments.items() if moment is not None}

    @property
    def filled(self) -> dict[str, str]:
        """What was filled in, as it stands in a link."""
        told = self.model_dump(mode="json", exclude_none=True, exclude={"before", "formaat", "gedaan"})
        return {name: str(value).lower() if isinstance(value, bool) else value for name, value in told.items()}


@router.get("/berichten", openapi_extra=tells(Action.SEARCH))
def get_messages(
    request: Request,
    page: ThePage,
    caller: Reader,
    call: TheCall,
    gateway: Annotated[Gateway, Depends(the_gateway)],
) -> Response:
    """Messages that match, newest first, a page at a time; or all of them as a spreadsheet, as far as that goes."""
    given = {name: value.strip() for name, value in request.query_params.items() if value.strip()}
    asked, wrong = _read(given)
    if asked is None:
        call.problem = "parameters"
        return _page(page, gateway, caller, given, 400, wrong=wrong)
    most = _PAGE if asked.formaat is None else _SHEET
    found = results.search(gateway, caller, asked.search(day_of(caller.at)), before=asked.before, limit=most + 1)
    shown = found[:most]
    call.shows(result.message.id for result in shown)
    following = asked.filled | {"before": shown[-1].message.id} if len(found) > most else None
    if asked.formaat is not None:
        return file(asked.formaat, "berichten", answers.ROW_NAMES, map(answers.row, shown))
    return _page(page, gateway, caller, asked.filled, results=shown, following=following, asked=asked)


@router.post("/filters", openapi_extra=tells(Action.SEARCH))
def post_filter(
    page: ThePage,
    caller: Reader,
    call: TheCall,
    gateway: Annotated[Gateway, Depends(the_gateway)],
    form: TheForm,
) -> Response:
    """Keep a filter under a name, in the place of an earlier one of that name."""
    name = " ".join(text_of(form, "naam").split())
    given = {field: text for field in KEPT if (text := text_of(form, field))}
    asked, wrong = _read(given)
    if not 0 < len(name) <= _LONGEST_NAME or "\0" in name:
        wrong["naam"] = f"Geef het filter een naam van ten hoogste {_LONGEST_NAME} tekens."
    elif asked is not None and not filters.save(gateway, caller, name, asked.filled):
        wrong["naam"] = f"Er zijn al {filters.MOST} filters bewaard. Verwijder er eerst een."
    if asked is None or wrong:
        call.problem = "parameters"
        return _page(page, gateway, caller, given, 400, wrong=wrong, naam=name)
    return page.go("/berichten", **asked.filled, gedaan="bewaard")


@router.post("/filters/vergeten", openapi_extra=tells(Action.SEARCH))
def post_forget(
    page: ThePage, caller: Reader, gateway: Annotated[Gateway, Depends(the_gateway)], form: TheForm
) -> Response:
    """Forget a filter."""
    filters.forget(gateway, caller, text_of(form, "naam"))
    return page.go("/berichten", gedaan="vergeten")


def start_of(day: date) -> datetime:
    """The moment at which a day begins in the Netherlands."""
    return datetime.combine(day, time(), AMSTERDAM)


def _read(given: Mapping[str, str]) -> tuple[Asked | None, dict[str, str]]:
    """What is asked, or what is wrong with it by field. Raises RequestValidationError for what no form of ours says."""
    try:
        return Asked.model_validate(given), {}
    except ValidationError as error:
        wrong = {str(one["loc"][0]) for one in error.errors()}
        if not wrong <= _WRONG.keys():
            raise RequestValidationError(error.errors(include_input=False, include_context=False)) from None
        return None, {field: text for field, text in _WRONG.items() if field in wrong}


def _page(
    page: Page, gateway: Gateway, caller: Caller, filled: Mapping[str, str], status: int = 200, **values: Any
) -> Response:
    """The list, or what is wrong with what was asked, above what was filled in."""
    chosen = {name: value for name, value in filled.items() if name in KEPT}
    shown = {"results": None, "following": None, "asked": None, "wrong": {}, "naam": ""} | values
    saved = filters.saved(gateway, caller)
    return page.show(
        "berichten.html", status, filled=filled, chosen=chosen, saved=saved, kinds=KINDS, answered=ANSWERED, **shown
    )
