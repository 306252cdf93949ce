"""The call that counts statutory interest, for who claims back or pays too late."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Annotated, Final, Self

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, ConfigDict, Field, JsonValue, model_validator

from iwmo_gateway.contract.interest import Rente, RenteOnbekend, Rentesoort, interest, rentetabel, uitleg
from iwmo_gateway.web import answers
from iwmo_gateway.web.access import Reader
from iwmo_gateway.web.models import Day
from iwmo_gateway.web.problems import documented, problem

_MOST: Final = 10**12
"""Ten thousand million euros, in cents."""

_EXAMPLE: Final[dict[str, JsonValue]] = {
    "soort": "wettelijk",
    "artikel": "artikel 6:119 BW",
    "bedrag": 1000000,
    "vanaf": "2023-06-01",
    "tot": "2023-08-01",
    "rente": 8384,
    "totaal": 1008384,
    "delen": [
        {"vanaf": "2023-06-01", "tot_en_met": "2023-06-30", "dagen": 30, "dagen_per_jaar": 365, "procent": "4.00"},
        {"vanaf": "2023-07-01", "tot_en_met": "2023-07-31", "dagen": 31, "dagen_per_jaar": 365, "procent": "6.00"},
    ],
    "uitleg": [
        "2023-06-01 t/m 2023-06-30: € 10.000,00 × 4 % × 30 dagen / 365 = € 32,88",
        "2023-07-01 t/m 2023-07-31: € 10.000,00 × 6 % × 31 dagen / 365 = € 50,96",
        "Wettelijke rente (artikel 6:119 BW), eenmaal afgerond: € 83,84",
    ],
}

router = APIRouter(prefix="/v1/reports", tags=["rapporten"])


class RenteQuery(BaseModel):
    """Interest on what, from when to when, at which rate."""

    model_config = ConfigDict(extra="forbid")

    bedrag: int = Field(ge=0, le=_MOST, description="The amount in euro cents", examples=[1000000])
    vanaf: Day = Field(description="The first day that counts: that of the payment which was wrong, or late since")
    tot: Day = Field(description="The day of payment, which does not count")
    soort: Rentesoort = Field(
        Rentesoort.WETTELIJK, description="`wettelijk` to claim back; `handel` of a claim that is paid late"
    )

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.tot < self.vanaf:
            raise ValueError("tot: verwacht een dag vanaf de eerste dag")
        return self


class RentedeelModel(BaseModel):
    """A stretch of days with one rate, one amount and years of one length."""

    vanaf: date
    tot_en_met: date
    dagen: int
    dagen_per_jaar: int
    procent: Decimal


class RenteModel(BaseModel):
    """Statutory interest in euro cents, with the sum behind it."""

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})

    soort: Rentesoort
    artikel: str
    bedrag: int
    vanaf: date
    tot: date
    rente: int
    totaal: int = Field(description="The amount with its interest")
    delen: list[RentedeelModel]
    uitleg: list[str] = Field(description="The sum in Dutch, a line for each of `delen` and the total")


@router.get("/rente", response_model=RenteModel, responses=documented("token", "parameters", "rente-onbekend"))
def get_rente(caller: Reader, asked: Annotated[RenteQuery, Query()]) -> Response:
    """Statutory interest on an amount, from day to day. Nothing is kept."""
    found = interest(asked.bedrag, asked.vanaf, asked.tot, rentetabel(asked.soort))
    if isinstance(found, RenteOnbekend):
        return problem("rente-onbekend", found.tekst)
    return answers.as_json(_told(asked, found))


def _told(asked: RenteQuery, found: Rente) -> RenteModel:
    parts = [
        RentedeelModel(
            vanaf=part.vanaf,
            tot_en_met=part.tot - timedelta(days=1),
            dagen=part.dagen,
            dagen_per_jaar=part.dagen_per_jaar,
            procent=part.procent,
        )
        for part in found.delen
    ]
    return RenteModel(
        soort=found.soort,
        artikel=found.artikel,
        bedrag=asked.bedrag,
        vanaf=asked.vanaf,
        tot=asked.tot,
        rente=found.cents,
        totaal=asked.bedrag + found.cents,
        delen=parts,
        uitleg=list(uitleg(found)),
    )
