"""What was claimed in a year of care, by provider and product: the sums of a production account."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import BigInteger, Select, and_, case, func, select

from iwmo_gateway.store.database import Transaction
from iwmo_gateway.store.tables import prestaties


@dataclass(frozen=True, slots=True)
class Production:
    """One product of one provider in a year.

    `volume` and `toegekend` are of approved debits less what credits took back, `afgekeurd` of refused debits; amounts
    in euro cents. `clienten` counts those of whom anything approved is left.
    """

    aanbieder: str
    categorie: str
    code: str
    eenheid: str
    volume: int
    toegekend: int
    afgekeurd: int
    clienten: int


def productions(
    transaction: Transaction, domain: str, gemeente: str, year: int, aanbieders: Iterable[str] | None
) -> list[Production]:
    """The products of a year, of these providers or of all; a line belongs to the year in which its period begins.

    The lines of one client are summed first, so that a client whose lines were all credited is not counted.
    """
    sign = case((prestaties.c.credit, -1), else_=1)
    approved = case((prestaties.c.approved, sign), else_=0)
    refused = and_(~prestaties.c.approved, ~prestaties.c.credit)
    by = [prestaties.c[name] for name in ("aanbieder", "categorie", "code", "eenheid")]
    of_client = (
        select(
            *by,
            func.sum(approved * prestaties.c.volume).label("volume"),
            func.sum(approved * prestaties.c.bedrag).label("toegekend"),
            func.sum(case((refused, prestaties.c.bedrag), else_=0)).label("afgekeurd"),
        )
        .where(
            prestaties.c.domain == domain,
            prestaties.c.gemeente == gemeente,
            prestaties.c.begindatum >= date(year, 1, 1),
            prestaties.c.begindatum <= date(year, 12, 31),
        )
        .group_by(*by, prestaties.c.client)
    )
    if aanbieders is not None:
        of_client = of_client.where(prestaties.c.aanbieder.in_(list(aanbieders)))
    one = of_client.subquery()
    own = [one.c[column.name] for column in by]
    query: Select[Any] = (
        select(
            *own,
            func.sum(one.c.volume).cast(BigInteger),
            func.sum(one.c.toegekend).cast(BigInteger),
            func.sum(one.c.afgekeurd).cast(BigInteger),
            func.sum(case((one.c.volume > 0, 1), else_=0)),
        )
        .group_by(*own)
        .order_by(*own)
    )
    return [Production(*row) for row in transaction.execute(query)]
