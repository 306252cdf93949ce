"""What came of the messages of a replay, added up: statuses, findings, amounts and return messages."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import BigInteger, Integer, Select, bindparam, case, cast, func, select, true
from sqlalchemy.sql.selectable import TableValuedAlias

from iwmo_gateway.store.database import Transaction
from iwmo_gateway.store.tables import replay_items


@dataclass(frozen=True, slots=True)
class Difference:
    """What a dry run shows of all its messages together. Amounts in signed euro cents: before, after."""

    vervallen: Mapping[str, int]
    nieuw: Mapping[str, int]
    ingediend: tuple[int, int]
    toegekend: tuple[int, int]
    retour: int


_detail: Final = replay_items.c.detail
_MINE: Final = replay_items.c.replay == bindparam("id")
_STATUSES: Final = (
    select(replay_items.c.status_before, replay_items.c.status_after, func.count())
    .where(_MINE, replay_items.c.status_after.is_not(None))
    .group_by(replay_items.c.status_before, replay_items.c.status_after)
    .order_by(replay_items.c.status_before, replay_items.c.status_after)
)


def _total(when: str, which: str) -> Any:
    return func.coalesce(func.sum(cast(_detail[("bedragen", when, which)].as_string(), BigInteger)), 0)


_AMOUNTS: Final = select(
    *(cast(_total(when, which), BigInteger) for which in ("ingediend", "toegekend") for when in ("was", "wordt")),
    func.coalesce(func.sum(case((_detail[("retour", "anders")].as_boolean(), 1), else_=0)), 0),
).where(_MINE)


def _per_regel(pairs: TableValuedAlias) -> Select[Any]:
    return (
        select(pairs.c.key, cast(func.sum(cast(pairs.c.value, Integer)), BigInteger))
        .select_from(replay_items.join(pairs, true()))
        .where(_MINE)
        .group_by(pairs.c.key)
        .order_by(pairs.c.key)
    )


_PER_REGEL: Final = {
    "postgresql": {
        way: _per_regel(func.json_each_text(_detail[("per_regel", way)]).table_valued("key", "value"))
        for way in ("vervallen", "nieuw")
    },
    "sqlite": {
        way: _per_regel(func.json_each(_detail, f"$.per_regel.{way}").table_valued("key", "value"))
        for way in ("vervallen", "nieuw")
    },
}


def statuses_of(transaction: Transaction, replay_id: str) -> list[tuple[str, str, int]]:
    """How many messages went, or would go, from which status to which."""
    return [(before, after, count) for before, after, count in transaction.execute(_STATUSES, {"id": replay_id})]


def difference_of(transaction: Transaction, replay_id: str) -> Difference:
    """What a dry run has found so far, over all its messages."""
    its = {"id": replay_id}
    findings = {
        way: {row.key: row[1] for row in transaction.execute(statement, its)}
        for way, statement in _PER_REGEL[transaction.dialect.name].items()
    }
    sums = transaction.execute(_AMOUNTS, its).one()
    return Difference(**findings, ingediend=(sums[0], sums[1]), toegekend=(sums[2], sums[3]), retour=sums[4])
