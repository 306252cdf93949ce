"""Facts of deliveries: starts and stops, and which of them were deleted."""

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any, Final

from sqlalchemy import Table, bindparam, delete, insert, or_, select, update

from iwmo_gateway.rules.historie import Levering, Stop, levering_of, stop_of
from iwmo_gateway.standard.leveringen import Startbericht, Stopbericht
from iwmo_gateway.store.database import Transaction, among, listed, values_of
from iwmo_gateway.store.prepared import Prepared
from iwmo_gateway.store.tables import starts, stops

_PARTIES: Final = ("client", "gemeente", "aanbieder", "domain")
_LEVERING: Final = ("toewijzing_nummer", "categorie", "code", "begindatum")


def _counting(table: Table, *more: str) -> Any:
    """The starts or stops of one client that were not deleted, but for what the message itself did."""
    return (
        select(*(table.c[name] for name in (*_LEVERING, *more)))
        .where(
            *(table.c[name] == bindparam(name) for name in _PARTIES),
            table.c.message != bindparam("id"),
            or_(table.c.deleted_by.is_(None), table.c.deleted_by == bindparam("id")),
        )
        .order_by(table.c.id)
    )


# Made once: building a statement anew for every message costs more than running it.
_STARTS: Final = Prepared(_counting(starts))
_STOPS: Final = Prepared(_counting(stops, "reden", "einddatum"))


def _counting_of_clients(table: Table, *more: str) -> dict[str, Any]:
    """The same of several clients, as far as they are on an allocation."""
    return {
        dialect: select(*(table.c[name] for name in (*_LEVERING, *more)))
        .where(
            *(table.c[name] == bindparam(name) for name in ("gemeente", "aanbieder", "domain")),
            one_of_them,
            table.c.toewijzing_nummer.is_not(None),
            table.c.deleted_by.is_(None),
        )
        .order_by(table.c.id)
        for dialect, one_of_them in among(table.c.client, "clienten").items()
    }


_STARTS_OF: Final = Prepared(_counting_of_clients(starts))
_STOPS_OF: Final = Prepared(_counting_of_clients(stops, "reden", "einddatum"))
_INSERT_STARTS: Final = Prepared(insert(starts))
_INSERT_STOPS: Final = Prepared(insert(stops))


def asked(
    transaction: Transaction, key: Mapping[str, Any], client: bytes
) -> Callable[[], tuple[frozenset[Levering], tuple[Stop, ...]]]:
    """Ask for the starts and stops of a client that count; what is returned waits for them."""
    values = {**key, "client": client}
    return partial(_told, transaction.execute(_STARTS, values), transaction.execute(_STOPS, values))


def load_all(
    transaction: Transaction, key: Mapping[str, Any], clients: Iterable[str]
) -> tuple[frozenset[Levering], tuple[Stop, ...]]:
    """The starts and stops on allocations of these clients (keyed hashes) that count: two queries for all of them."""
    values = {**key, "clienten": listed(transaction, sorted(bytes.fromhex(client) for client in clients))}
    return _told(transaction.execute(_STARTS_OF, values), transaction.execute(_STOPS_OF, values))


def _told(begun: Iterable[Any], ended: Iterable[Any]) -> tuple[frozenset[Levering], tuple[Stop, ...]]:
    return (
        frozenset(Levering(*row) for row in begun),
        tuple(Stop(Levering(*levering), reden, einddatum) for *levering, reden, einddatum in ended),
    )


def add_starts(transaction: Transaction, key: Mapping[str, Any], bericht: Startbericht, client: bytes) -> None:
    """Keep the starts of a 305, and mark those that it deletes."""
    own = {**{name: key[name] for name in ("gemeente", "aanbieder", "domain")}, "client": client}
    for start in bericht.start_producten:
        if start.deletes:
            _delete(transaction, starts, own, values_of(levering_of(start)), key["id"])
    first = [levering_of(start) for start in bericht.start_producten if start.status_aanlevering == "1"]
    if first:
        transaction.execute(_INSERT_STARTS, [{**own, **values_of(one), "message": key["id"]} for one in first])


def add_stops(transaction: Transaction, key: Mapping[str, Any], bericht: Stopbericht, client: bytes) -> None:
    """Keep the stops of a 307, and mark those that it deletes."""
    own = {**{name: key[name] for name in ("gemeente", "aanbieder", "domain")}, "client": client}
    for stop in bericht.stop_producten:
        if stop.deletes:
            _delete(transaction, stops, own, _as_row(stop_of(stop)), key["id"])
    first = [stop_of(stop) for stop in bericht.stop_producten if stop.status_aanlevering == "1"]
    if first:
        transaction.execute(_INSERT_STOPS, [{**own, **_as_row(one), "message": key["id"]} for one in first])


def _as_row(stop: Stop) -> dict[str, Any]:
    return {**values_of(stop.levering), "reden": stop.reden, "einddatum": stop.einddatum}


def _delete(
    transaction: Transaction, table: Table, own: Mapping[str, Any], wanted: Mapping[str, Any], message_id: str
) -> None:
    same = (table.c[name].is_not_distinct_from(value) for name, value in wanted.items())
    transaction.execute(
        update(table)
        .where(*(table.c[name] == value for name, value in own.items()), table.c.deleted_by.is_(None), *same)
        .values(deleted_by=message_id)
    )


def take_back(transaction: Transaction, message_id: str) -> None:
    """Undo what a 305 or 307 left: its own starts or stops, and its deletions of others."""
    for table in (starts, stops):
        transaction.execute(delete(table).where(table.c.message == message_id))
        undone = update(table).where(table.c.deleted_by == message_id)
        transaction.execute(undone.values(deleted_by=None))
