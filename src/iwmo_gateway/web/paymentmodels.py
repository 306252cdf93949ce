"""The shapes of payments due."""

from datetime import date
from typing import Final

from pydantic import BaseModel, ConfigDict, Field

from iwmo_gateway.gateway.payments import Payment
from iwmo_gateway.standard.kinds import Domain
from iwmo_gateway.web.models import LinksModel, Moment, Text
from iwmo_gateway.web.sheets import Format

MOST: Final = 2**63 - 1


class BetalingenQuery(BaseModel):
    """What may be asked of payments; everything that is given must hold."""

    model_config = ConfigDict(extra="forbid")

    gemeente: Text | None = Field(None, examples=["0340"])
    aanbieder: Text | None = Field(None, examples=["65656055"])
    domein: Domain | None = None
    ontvangen_vanaf: Moment | None = Field(None, examples=["2023-02-01T00:00:00+01:00"])
    ontvangen_tot: Moment | None = None
    formaat: Format | None = Field(None, description="As `Accept`, for where no header can be given")
    after: int = Field(0, ge=0, le=MOST, description="As in `links.next`")
    limit: int = Field(100, ge=1, le=1000)


class BetalingModel(BaseModel):
    """What is to be paid of one claim. Amounts in euro cents, below zero where credits outweigh debits."""

    bericht: str = Field(description="The id of the claim")
    soort: str
    domein: Domain
    gemeente: str
    aanbieder: str
    declaratie_nummer: str
    ontvangen: date
    ingediend: int
    toegekend: int
    afgekeurd: int
    aangehouden: int = Field(description="Waits for the municipality")
    te_betalen: int = Field(description="What is approved so far; below zero it is to be paid back")
    uiterlijk: date | None = Field(description="By when, where the contract says so")
    artikel: str | None


class BetalingenModel(BaseModel):
    """A page of payments."""

    betalingen: list[BetalingModel]
    links: LinksModel


def payment(one: Payment) -> BetalingModel:
    """A payment as it is told."""
    claim = one.claim
    return BetalingModel(
        bericht=claim.bericht,
        soort=claim.soort,
        domein=Domain(claim.domein),
        gemeente=claim.gemeente,
        aanbieder=claim.aanbieder,
        declaratie_nummer=claim.declaratie_nummer,
        ontvangen=one.ontvangen,
        ingediend=claim.ingediend,
        toegekend=claim.toegekend,
        afgekeurd=one.afgekeurd,
        aangehouden=claim.aangehouden,
        te_betalen=claim.toegekend,
        uiterlijk=one.uiterlijk,
        artikel=one.artikel,
    )
