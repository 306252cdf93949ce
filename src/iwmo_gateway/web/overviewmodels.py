"""The shapes of the overview, with examples for the documentation."""

from datetime import date, datetime, timedelta
from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from iwmo_gateway.gateway import overview
from iwmo_gateway.gateway.openstaand import Zaak
from iwmo_gateway.gateway.overview import MOST, Now, Period
from iwmo_gateway.standard.days import AMSTERDAM
from iwmo_gateway.web.models import Day

FIRST_DAY: Final = date(2000, 2, 1)
LAST_DAY: Final = date(2099, 12, 31)
LONGEST: Final = 31
"""How many days are counted at most."""
_EXAMPLE: Final[dict[str, JsonValue]] = {
    "van": "2023-02-01",
    "tot": "2023-02-14",
    "ontvangen": [{"dag": "2023-02-06", "soort": "WMO305", "status": "rejected", "aantal": 3}],
    "geweigerd": [{"regel": "TR019", "aantal": 2}],
    "antwoorden": [{"dag": "2023-02-06", "antwoord": "op_tijd", "aantal": 3}],
    "wacht": [{"status": "failed", "aantal": 1, "oudste": "2023-02-13T16:02:11+01:00"}],
    "niet_opgehaald": [{"leeftijd": "dag", "aantal": 4, "oudste": "2023-02-14T08:10:00+01:00"}],
    "beoordelingen": {"te_laat": 0, "binnenkort": 2, "later": 7},
    "te_laat": [{"soort": "start", "aantal": 1}],
}


class OverzichtQuery(BaseModel):
    """Of which days: so many, up to and with `tot`, or today."""

    model_config = ConfigDict(extra="forbid")

    dagen: int = Field(14, ge=1, le=LONGEST)
    tot: Annotated[Day, Field(ge=FIRST_DAY, le=LAST_DAY)] | None = Field(
        None, description="The last day; today if left out"
    )


class OntvangenModel(BaseModel):
    """Messages of a day; return messages do not count."""

    dag: date
    soort: str
    status: str
    aantal: int


class GeweigerdModel(BaseModel):
    """How many messages of these days a rule refused."""

    regel: str
    aantal: int


class AntwoordenModel(BaseModel):
    """Messages of a day by their answer."""

    dag: date
    antwoord: Literal["op_tijd", "te_laat", "nog_niet", "nog_niet_te_laat"]
    aantal: int


class WachtModel(BaseModel):
    """Messages that wait with us now."""

    status: str
    aantal: int
    oudste: datetime


class NietOpgehaaldModel(BaseModel):
    """What lies in mailboxes now and nobody fetched: for less than a day, less than a week, or longer."""

    leeftijd: Literal["dag", "week", "ouder"]
    aantal: int
    oudste: datetime


class BeoordelingenModel(BaseModel):
    """Claim lines that wait for a decision now: overdue, due by the next working day, or later."""

    te_laat: int
    binnenkort: int
    later: int


class TeLaatModel(BaseModel):
    """What is overdue now, as at /v1/reports/openstaand."""

    soort: Zaak
    aantal: int = Field(description=f"Counted up to {MOST}")


class OverzichtModel(BaseModel):
    """What came in over some days and what became of it, and what waits now."""

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})

    van: date
    tot: date
    ontvangen: list[OntvangenModel]
    geweigerd: list[GeweigerdModel] = Field(description="The ten rules that refused most")
    antwoorden: list[AntwoordenModel]
    wacht: list[WachtModel]
    niet_opgehaald: list[NietOpgehaaldModel] = Field(description="Of the caller, or of all for an operator")
    beoordelingen: BeoordelingenModel | None = Field(description="null for a provider, who decides on none")
    te_laat: list[TeLaatModel]


def overzicht(told: Period, now: Now, today: date) -> OverzichtModel:
    """The overview as it is told."""
    counted = overview.answers_of(told)
    waits = {
        status: [one for one in now.unjudged if one.status == status] for status in {o.status for o in now.unjudged}
    }
    ages = {age: [each for (_, is_), each in now.unfetched.items() if is_ == age] for _, age in now.unfetched}
    return OverzichtModel(
        van=told.days[0],
        tot=told.days[-1],
        ontvangen=[
            OntvangenModel(dag=told.days[one.day], soort=one.soort, status=one.status, aantal=one.number)
            for one in sorted(told.received, key=lambda one: (one.day, one.soort, one.status))
        ],
        geweigerd=[GeweigerdModel(regel=regel, aantal=number) for regel, number in told.refusals],
        antwoorden=[
            AntwoordenModel.model_validate({"dag": day, "antwoord": became, "aantal": number})
            for (day, became), number in sorted(counted.items())
        ],
        wacht=[
            WachtModel(
                status=status,
                aantal=sum(one.number for one in found),
                oudste=min(one.oldest for one in found).astimezone(AMSTERDAM),
            )
            for status, found in sorted(waits.items())
        ],
        niet_opgehaald=[
            NietOpgehaaldModel.model_validate(
                {
                    "leeftijd": _AGES[age],
                    "aantal": sum(one.number for one in found),
                    "oudste": min(one.oldest for one in found).astimezone(AMSTERDAM),
                }
            )
            for age, found in ages.items()
        ],
        beoordelingen=None if now.reviews is None else _beoordelingen(now),
        te_laat=[TeLaatModel(soort=zaak, aantal=number) for zaak, number in now.overdue.items()],
    )


def period_of(asked: OverzichtQuery, today: date) -> tuple[date, date]:
    """The first and last of the days that are asked for."""
    last = asked.tot or today
    return last - timedelta(days=asked.dagen - 1), last


_AGES: Final = {"day": "dag", "week": "week", "older": "ouder"}


def _beoordelingen(now: Now) -> BeoordelingenModel:
    held = now.reviews or {}
    return BeoordelingenModel(te_laat=held.get("late", 0), binnenkort=held.get("soon", 0), later=held.get("later", 0))
