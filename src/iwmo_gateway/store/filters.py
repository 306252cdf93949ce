"""Filters that users of the console keep under a name: rows in and out."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, select

from iwmo_gateway.store.database import Transaction, inserting, values_of
from iwmo_gateway.store.tables import saved_filters


@dataclass(frozen=True, slots=True)
class SavedFilter:
    """A filter under its name; `filter` holds fields of the search form."""

    owner: str
    name: str
    filter: Mapping[str, str]
    saved_at: datetime


_KEEP = inserting(
    saved_filters,
    lambda new: new.on_conflict_do_update(
        index_elements=["owner", "name"],
        set_={"filter": new.excluded.filter, "saved_at": new.excluded.saved_at},
    ),
)


def of(transaction: Transaction, owner: str) -> list[SavedFilter]:
    """The filters of one owner, by name."""
    query = select(saved_filters).where(saved_filters.c.owner == owner).order_by(saved_filters.c.name)
    return [SavedFilter(*row) for row in transaction.execute(query)]


def keep(transaction: Transaction, saved: SavedFilter) -> None:
    """Keep a filter, in the place of an earlier one of that name."""
    transaction.execute(_KEEP[transaction.dialect.name], values_of(saved) | {"filter": dict(saved.filter)})


def drop(transaction: Transaction, owner: str, name: str) -> None:
    """Forget a filter, if it is there."""
    transaction.execute(delete(saved_filters).where(saved_filters.c.owner == owner, saved_filters.c.name == name))
