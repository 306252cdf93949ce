"""What goes on, on one page: what waits now, and what came of what came in. Each number leads to its list."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Depends, Request, Response
from markupsafe import Markup
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from iwmo_gateway.gateway import overview
from iwmo_gateway.gateway.context import Gateway
from iwmo_gateway.gateway.openstaand import Zaak
from iwmo_gateway.gateway.overview import MOST, Now, Period
from iwmo_gateway.standard.days import day_of
from iwmo_gateway.store.audit import Action
from iwmo_gateway.store.messages import Status
from iwmo_gateway.web.access import Reader, the_gateway
from iwmo_gateway.web.console.charts import bars
from iwmo_gateway.web.console.messages import ANSWERED, KINDS
from iwmo_gateway.web.console.page import STATUS, ThePage
from iwmo_gateway.web.models import Day
from iwmo_gateway.web.overviewmodels import FIRST_DAY, LAST_DAY
from iwmo_gateway.web.session import CONSOLE
from iwmo_gateway.web.trail import TheCall, tells

router = APIRouter(prefix=CONSOLE, include_in_schema=False)

_ORDER: Final = (
    *(Status.ACCEPTED, Status.PARTLY_ACCEPTED, Status.REFUSED, Status.REJECTED, Status.INVALID),
    *(Status.IN_REVIEW, Status.RECEIVED, Status.FAILED),
)
"""Outcomes from good to bad, and what waits last."""
_OVERDUE: Final = {
    Zaak.ANTWOORD: ("antwoord op een bericht", "antwoorden op berichten"),
    Zaak.VERZOEK: ("besluit op een verzoek", "besluiten op verzoeken"),
    Zaak.START: ("startbericht", "startberichten"),
    Zaak.STOP: ("stopbericht", "stopberichten"),
    Zaak.OPHALEN: ("antwoord om op te halen", "antwoorden om op te halen"),
}
_WRONG: Final = {
    "dagen": "Kies 7, 14 of 30 dagen.",
    "tot": "Vul een dag in als 2023-02-28.",
}


class Asked(BaseModel):
    """Which days are shown: so many, up to and with `tot`, or today."""

    model_config = ConfigDict(extra="ignore")

    dagen: Literal["7", "14", "30"] = "14"
    tot: Annotated[Day, Field(ge=FIRST_DAY, le=LAST_DAY)] | None = None


@router.get("/", openapi_extra=tells(Action.REPORT))
def get_overview(
    request: Request, page: ThePage, caller: Reader, call: TheCall, gateway: Annotated[Gateway, Depends(the_gateway)]
) -> Response:
    """What waits now, and what came of what came in over some days."""
    given = {name: value.strip() for name, value in request.query_params.items() if value.strip()}
    asked, wrong = Asked(), {}
    try:
        asked = Asked.model_validate(given)
    except ValidationError as error:
        wrong = {name: text for name, text in _WRONG.items() if name in {one["loc"][0] for one in error.errors()}}
        call.problem = "parameters"
    today = day_of(caller.at)
    last = asked.tot or today
    told = overview.period(gateway, caller, last - timedelta(days=int(asked.dagen) - 1), last, today)
    return page.show(
        "overzicht.html",
        400 if wrong else 200,
        wrong=wrong,
        filled={"dagen": asked.dagen, "tot": given.get("tot", "")},
        today=today,
        days=told.days,
        newest=told.newest,
        kinds=KINDS,
        **_now(overview.now(gateway, caller, caller.at)),
        **_received(told),
        **_refused(told),
        **_answered(told),
    )


def _now(now: Now) -> dict[str, Any]:
    waits = {status: [one for one in now.unjudged if one.status == status] for status in ("received", "failed")}
    ages = {age: sum(waiting.number for (_, is_), waiting in now.unfetched.items() if is_ == age) for age in _AGES}
    return {
        "waiting": {
            status: (sum(one.number for one in found), min((one.oldest for one in found), default=None))
            for status, found in waits.items()
        },
        "owed": Counter({due: sum(one.number for one in now.unjudged if one.due == due) for due in ("late", "soon")}),
        "unfetched": ages,
        "oldest_unfetched": min((waiting.oldest for waiting in now.unfetched.values()), default=None),
        "held": now.reviews,
        "overdue": [
            (zaak, one if now.overdue[zaak] == 1 else more, now.overdue[zaak]) for zaak, (one, more) in _OVERDUE.items()
        ],
        "most": MOST,
    }


_AGES: Final = ("day", "week", "older")


def _received(told: Period) -> dict[str, Any]:
    """What came in by day and by kind, each by outcome."""
    outcomes = _occurring(one.status for one in told.received)
    by_day: Counter[tuple[date, str]] = Counter()
    by_kind: Counter[tuple[str, str]] = Counter()
    for one in told.received:
        by_day[told.days[one.day], one.status] += one.number
        by_kind[one.soort, one.status] += one.number
    series = {STATUS[outcome]: [by_day[day, outcome] for day in told.days] for outcome in outcomes}
    return {
        "outcomes": outcomes,
        "by_day": by_day,
        "busy": sorted({day for day, _ in by_day}, reverse=True),
        "by_kind": by_kind,
        "kinds_found": sorted({one.soort for one in told.received}),
        "received_chart": _chart("Berichten per dag naar uitkomst", told.days, series),
    }


def _refused(told: Period) -> dict[str, Any]:
    rules = [regel for regel, _ in told.refusals]
    numbers = {"berichten": [number for _, number in told.refusals]}
    return {
        "refusals": told.refusals,
        "refusals_chart": bars("Geweigerde berichten per regel", rules, numbers) if rules else None,
    }


def _answered(told: Period) -> dict[str, Any]:
    """By day, whether what came in was answered in time."""
    number = overview.answers_of(told)
    series = {words: [number[day, outcome] for day in told.days] for outcome, words in ANSWERED.items()}
    shown = {words: values for words, values in series.items() if any(values)}
    return {
        "answered": number,
        "answered_words": {outcome: words for outcome, words in ANSWERED.items() if words in shown},
        "answered_chart": _chart("Berichten per dag naar antwoord", told.days, shown),
    }


def _occurring(statuses: Iterable[str]) -> list[Status]:
    found = set(statuses)
    return [status for status in _ORDER if status in found]


def _chart(title: str, days: Sequence[date], series: Mapping[str, Sequence[int]]) -> Markup | None:
    return bars(title, [f"{day:%d-%m}" for day in days], series, stacked=True) if series else None
