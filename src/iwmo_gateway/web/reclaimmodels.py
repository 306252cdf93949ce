"""The shapes of what is to be paid back."""

from datetime import date
from typing import Final

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from iwmo_gateway.gateway.reclaims import Reclaim
from iwmo_gateway.standard.kinds import Domain
from iwmo_gateway.web.models import LinksModel
from iwmo_gateway.web.paymentmodels import BetalingenQuery
from iwmo_gateway.web.sheets import Cell

_EXAMPLE: Final[dict[str, JsonValue]] = {
    "bericht": "01a201e5-25dc-77f3-bd2a-5ede3406f4f2",
    "soort": "WMO323",
    "domein": "wmo",
    "gemeente": "0340",
    "aanbieder": "65656055",
    "declaratie_nummer": "D2305",
    "referentie_nummer": "C2302-1",
    "vorig_referentie_nummer": "R2302-1",
    "gecrediteerd_bericht": "01a201e1-e1c1-7f4a-b621-334263bd167a",
    "gecrediteerd_declaratie_nummer": "D2302",
    "bedrag": 60000,
    "ontvangen": "2023-05-04",
    "vanaf": "2023-04-02",
    "tot": "2023-06-01",
    "rente": 395,
    "totaal": 60395,
    "artikel": "bijlage 8, 8.11",
    "uitleg": [
        "2023-04-02 t/m 2023-05-31: € 600,00 × 4 % × 60 dagen / 365 = € 3,95",
        "Wettelijke rente (artikel 6:119 BW), eenmaal afgerond: € 3,95",
    ],
}


class TerugvorderingenQuery(BetalingenQuery):
    """What may be asked of what is to be paid back; `ontvangen_vanaf` and `ontvangen_tot` are of credits."""

    tot: date | None = Field(
        None, description="The day of repayment, which bears no interest; today if left out", examples=["2023-06-01"]
    )


class TerugvorderingModel(BaseModel):
    """A credit of a line that was approved before, with statutory interest. Amounts in euro cents."""

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})

    bericht: str = Field(description="The id of the claim that credits")
    soort: str
    domein: Domain
    gemeente: str
    aanbieder: str
    declaratie_nummer: str
    referentie_nummer: str = Field(description="Of the credit")
    vorig_referentie_nummer: str | None = Field(description="Of the debit that it takes back")
    gecrediteerd_bericht: str | None = Field(description="The id of the claim that holds the debit, where it is known")
    gecrediteerd_declaratie_nummer: str | None
    bedrag: int = Field(description="What is to be paid back, without interest")
    ontvangen: date = Field(description="The day of the credit")
    vanaf: date | None = Field(
        description="The day from which interest counts: the last one on which the contract wanted the claim of the "
        "debit paid. The gateway does not know when it was paid"
    )
    tot: date = Field(description="The day of repayment, which bears no interest")
    rente: int | None = Field(description="Null where it cannot be told: `uitleg` says why")
    totaal: int | None
    artikel: str | None = Field(description="Where the contract says with which interest it is claimed back")
    uitleg: list[str] = Field(description="The sum in Dutch, or why there is none")


class TerugvorderingenModel(BaseModel):
    """A page of what is to be paid back."""

    terugvorderingen: list[TerugvorderingModel]
    links: LinksModel


def reclaim(one: Reclaim) -> TerugvorderingModel:
    """What is to be paid back, as it is told."""
    credit = one.credit
    return TerugvorderingModel(
        bericht=credit.bericht,
        soort=credit.soort,
        domein=Domain(credit.domein),
        gemeente=credit.gemeente,
        aanbieder=credit.aanbieder,
        declaratie_nummer=credit.declaratie_nummer,
        referentie_nummer=credit.referentie_nummer,
        vorig_referentie_nummer=credit.vorig_referentie_nummer,
        gecrediteerd_bericht=credit.debet_bericht,
        gecrediteerd_declaratie_nummer=credit.debet_declaratie_nummer,
        bedrag=credit.bedrag,
        ontvangen=one.ontvangen,
        vanaf=one.vanaf,
        tot=one.tot,
        rente=one.rente,
        totaal=None if one.rente is None else credit.bedrag + one.rente,
        artikel=one.artikel,
        uitleg=list(one.uitleg),
    )


def row_of(told: TerugvorderingModel) -> list[Cell]:
    """The same as a row of a spreadsheet: the sum in one cell."""
    return [*(told.model_dump(mode="json") | {"uitleg": "; ".join(told.uitleg)}).values()]
