"""The shapes of the reports, with examples for the documentation."""

from datetime import date
from typing import Annotated, Final

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, JsonValue

from iwmo_gateway.gateway.openstaand import Zaak, position_of
from iwmo_gateway.standard.kinds import Domain
from iwmo_gateway.web.models import LinksModel, Text
from iwmo_gateway.web.sheets import Format

_OPEN: Final[dict[str, JsonValue]] = {
    "soort": "start",
    "wat": "WMO305 sturen",
    "aan_zet": "65656055",
    "wederpartij": "0340",
    "domein": "wmo",
    "bericht": "0197a3c2-5e10-7b1e-9d8e-0c5a6a1f2b3c",
    "berichtsoort": "WMO301",
    "identificatie": "ZA2302060001",
    "toewijzing_nummer": 650101,
    "referentie_aanbieder": None,
    "sinds": "2023-04-05",
    "termijn": "5 werkdagen na ingangsdatum of ontvangst",
    "uiterlijk": "2023-04-14",
    "te_laat": True,
    "werkdagen_over": -1,
}


def _a_position(text: str) -> str:
    """Refuses what no link of ours says."""
    position_of(text)
    return text


class OpenstaandQuery(BaseModel):
    """What the report may be asked for; everything that is given must hold."""

    model_config = ConfigDict(extra="forbid")

    soort: Zaak | None = None
    partij: Text | None = Field(None, description="What this party has to do or waits for", examples=["65656055"])
    aan_zet: Text | None = Field(None, description="Who has to act: a party, or `gateway`", examples=["0340"])
    domein: Domain | None = None
    te_laat: bool | None = Field(None, description="Only what is overdue, or only what is not")
    formaat: Format | None = Field(None, description="As `Accept`, for where no header can be given")
    after: Annotated[str, AfterValidator(_a_position)] | None = Field(None, description="As in `links.next`")
    limit: int = Field(100, ge=1, le=1000)


class OpenstaandModel(BaseModel):
    """One thing that waits."""

    model_config = ConfigDict(from_attributes=True, json_schema_extra={"examples": [_OPEN]})

    soort: Zaak
    wat: str = Field(description="What there is to do")
    aan_zet: str = Field(description="Who has to do it: a party, or `gateway`")
    wederpartij: str = Field(description="Who waits for it")
    domein: Domain
    bericht: str = Field(description="The message that it is about, at /v1/berichten/{id}")
    berichtsoort: str
    identificatie: str | None
    toewijzing_nummer: int | None
    referentie_aanbieder: str | None
    sinds: date = Field(description="The day from which the term runs")
    termijn: str
    uiterlijk: date = Field(description="The last day on which it is in time")
    te_laat: bool
    werkdagen_over: int = Field(description="Working days until `uiterlijk`; below zero since then")


class OpenstaandListModel(BaseModel):
    """A page of what waits on a day (`peildatum`), the longest overdue first."""

    peildatum: date
    openstaand: list[OpenstaandModel]
    links: LinksModel
