"""The shapes of the production account."""

from collections.abc import Iterable, Iterator
from datetime import date
from typing import Final

from pydantic import BaseModel, ConfigDict, Field

from iwmo_gateway.gateway.production import Account
from iwmo_gateway.standard.kinds import Domain
from iwmo_gateway.web.models import Text
from iwmo_gateway.web.sheets import Cell, Format

ROW_NAMES: Final = (
    "aanbieder", "product_categorie", "product_code", "eenheid", "volume", "toegekend", "afgekeurd", "clienten",
    "wat", "uiterlijk", "artikel",
)  # fmt: skip


class ProductieQuery(BaseModel):
    """What the production account may be asked for."""

    model_config = ConfigDict(extra="forbid")

    jaar: int = Field(ge=2015, le=2100, description="The year of care", examples=[2023])
    gemeente: Text | None = Field(None, description="Needed but for a municipality, which is itself", examples=["0340"])
    domein: Domain = Domain.WMO
    formaat: Format | None = Field(None, description="As `Accept`, for where no header can be given")


class ProductieRegelModel(BaseModel):
    """One product of one provider. Amounts in euro cents, credits taken off."""

    product_categorie: str
    product_code: str
    eenheid: str
    volume: int
    toegekend: int
    afgekeurd: int = Field(description="Of refused debits")
    clienten: int = Field(description="Those of whom anything approved is left")


class VerantwoordingModel(BaseModel):
    """The account of one provider, and what the contract asks of it; `wat` is null where it asks nothing."""

    aanbieder: str
    toegekend: int
    afgekeurd: int
    wat: str | None
    uiterlijk: list[date]
    artikel: str | None
    producten: list[ProductieRegelModel]


class ProductieModel(BaseModel):
    """The production account of a year of care towards one municipality."""

    jaar: int
    gemeente: str
    domein: Domain
    aanbieders: list[VerantwoordingModel]


def accounts_of(found: Iterable[Account]) -> list[VerantwoordingModel]:
    """The accounts as they are told."""
    return [
        VerantwoordingModel(
            aanbieder=account.aanbieder,
            toegekend=account.toegekend,
            afgekeurd=account.afgekeurd,
            wat=account.wat,
            uiterlijk=list(account.uiterlijk),
            artikel=account.artikel,
            producten=[
                ProductieRegelModel(
                    product_categorie=product.categorie,
                    product_code=product.code,
                    eenheid=product.eenheid,
                    volume=product.volume,
                    toegekend=product.toegekend,
                    afgekeurd=product.afgekeurd,
                    clienten=product.clienten,
                )
                for product in account.producten
            ],
        )
        for account in found
    ]


def rows_of(told: ProductieModel) -> Iterator[list[Cell]]:
    """The products as rows under `ROW_NAMES`."""
    for account in told.aanbieders:
        due = ", ".join(str(day) for day in account.uiterlijk)
        for product in account.producten:
            cells = product.model_dump().values()
            yield [account.aanbieder, *cells, account.wat, due, account.artikel]
