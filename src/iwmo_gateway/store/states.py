"""What every kind of fact has in common when it is read: who may see it, its messages, and what changed since.

A state is worked out when it is asked for, from facts that do not depend on the order in which messages came. Filters
on it are the database's, so that a page is always full. `states_of_care` and `states_of_claims` hold the kinds.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final, Protocol

from sqlalchemy import ColumnElement, CompoundSelect, Select, or_, select

from iwmo_gateway.store.database import Transaction
from iwmo_gateway.store.search import seen_by
from iwmo_gateway.store.tables import judgements, messages

ALLE: Final = "alle"
"""Instead of a state: every one."""


class Columns(Protocol):
    """Columns by name."""

    def __getitem__(self, name: str, /) -> ColumnElement[Any]:
        """One of them."""


Key = tuple[int, ...]
"""What pages of facts are cut by, in the order in which facts came; that of a fact never changes."""
Condition = Callable[[ColumnElement[Any], ColumnElement[Any]], ColumnElement[bool]]
Links = Callable[[Condition], Select[Any] | CompoundSelect[Any]]
"""Which messages made which facts (columns fact, row, message, rol), where a condition on fact and message holds."""


@dataclass(frozen=True, slots=True)
class Source:
    """A message that made a fact: `rol` says what it did, `bepalend` whether the present state follows from it."""

    id: str
    soort: str
    identificatie: str | None
    received_at: datetime
    rol: str
    bepalend: bool = False


@dataclass(frozen=True, slots=True)
class Linked:
    """A message that made a fact, and the row that it left."""

    row: int
    source: Source


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What may be asked of every kind of fact; everything that is given must hold. `seen_by` is the party that asks.

    `domains` are the only ones that it may see.
    """

    seen_by: str | None = None
    domains: Collection[str] | None = None
    gemeente: str | None = None
    aanbieder: str | None = None
    domein: str | None = None
    gewijzigd_sinds: datetime | None = None


def links_of(
    transaction: Transaction,
    links: Links,
    facts: Iterable[int],
    party: str | None,
    *,
    by: tuple[str, ...] = ("fact",),
    newest: tuple[str, ...] = (),
) -> dict[tuple[Any, ...], list[Linked]]:
    """The messages of these facts that the party may see, by the columns `by` of their links.

    Newest first: by the columns `newest` of the links, then by receipt.
    """
    wanted = list(facts)
    made = links(lambda fact, _: fact.in_(wanted)).subquery("made")
    query = (
        select(
            *(made.c[name] for name in (*by, "row")),
            *(messages.c[name] for name in ("id", "soort", "identificatie", "received_at")),
            made.c.rol,
        )
        .join_from(made, messages, messages.c.id == made.c.message)
        .order_by(
            *(made.c[name].desc() for name in newest), messages.c.received_at.desc(), messages.c.id.desc(), made.c.rol
        )
    )
    if party is not None:
        query = query.where(seen_by(party))
    found: dict[tuple[Any, ...], list[Linked]] = {}
    for row in transaction.execute(query):
        key, (number, *source) = tuple(row[: len(by)]), row[len(by) :]
        found.setdefault(key, []).append(Linked(number, Source(*source)))
    return found


def sources(links: Iterable[Linked], rol: str, row: int | None = None) -> tuple[Source, ...]:
    """The messages, each once for all that it did alike; the state follows from what did `rol`, and made this row."""
    told: dict[Source, None] = {}
    for one in links:
        decides = one.source.rol == rol and row in {None, one.row}
        told[replace(one.source, bepalend=decides)] = None
    return tuple(told)


def changed_since(links: Links, moment: datetime) -> Select[Any]:
    """The facts that a message made or changed which was judged at this moment or later."""
    recent = select(judgements.c.message).where(judgements.c.at >= moment)
    return select(links(lambda _, message: message.in_(recent)).subquery().c.fact)


def of_parties(wanted: Wanted, columns: Columns) -> list[ColumnElement[bool]]:
    """The conditions on `gemeente`, `aanbieder` and `domain` of a fact: what is asked, and what the party may see."""
    asked = {"gemeente": wanted.gemeente, "aanbieder": wanted.aanbieder, "domain": wanted.domein}
    conditions = equal(columns, asked)
    if wanted.domains is not None:
        conditions.append(columns["domain"].in_(wanted.domains))
    if wanted.seen_by is not None:
        # A municipality's code has four digits, a provider's eight.
        conditions.append(columns["gemeente" if len(wanted.seen_by) == 4 else "aanbieder"] == wanted.seen_by)
    return conditions


def equal(columns: Columns, asked: Mapping[str, Any]) -> list[ColumnElement[bool]]:
    """The conditions that columns have what is asked, as far as anything is."""
    return [columns[name] == value for name, value in asked.items() if value is not None]


def behind(after: Key | None, first: ColumnElement[int], *second: ColumnElement[int]) -> list[ColumnElement[bool]]:
    """The conditions that the key (first) or (first, second) comes after this one."""
    if after is None:
        return []
    if not second:
        return [first > after[0]]
    # Not one condition on the pair: of two columns of two tables an index would be of no use.
    return [first >= after[0], or_(first > after[0], second[0] > after[1])]
