"""Facts of messages that count as sent: loading what a message must be judged against, and adding what it makes."""

from collections.abc import Iterable
from dataclasses import asdict, fields
from typing import Any, Final

from sqlalchemy import bindparam, insert, or_, select, update

from iwmo_gateway.errors import StoreConflict
from iwmo_gateway.rules.historie import Historie, Levering, Toewijzing, levering_of, toewijzingen_of
from iwmo_gateway.standard.berichten import Bericht, Startbericht, Toewijzingsbericht
from iwmo_gateway.store.database import Transaction
from iwmo_gateway.store.messages import Message
from iwmo_gateway.store.tables import starts, toewijzing_versies, toewijzingen

_VERSION: Final = [field.name for field in fields(Toewijzing) if field.name != "nummer"]
_NUMBERS_AT_ONCE: Final = 500

# Made once: building a statement anew for every message costs more than running it.
_VERSIONS: Final = (
    select(toewijzingen.c.nummer, *(toewijzing_versies.c[name] for name in _VERSION))
    .join_from(toewijzingen, toewijzing_versies)
    .where(
        toewijzingen.c.domain == bindparam("domain"),
        toewijzingen.c.gemeente == bindparam("gemeente"),
        toewijzingen.c.nummer.in_(bindparam("nummers", expanding=True)),
        toewijzing_versies.c.message != bindparam("id"),
    )
    .order_by(toewijzing_versies.c.nr)
)
_STARTS: Final = select(starts.c.toewijzing_nummer, starts.c.categorie, starts.c.code, starts.c.begindatum).where(
    *(starts.c[name] == bindparam(name) for name in ("client", "gemeente", "aanbieder", "domain")),
    starts.c.message != bindparam("id"),
    or_(starts.c.deleted_by.is_(None), starts.c.deleted_by == bindparam("id")),
)
_INSERT_VERSIONS: Final = insert(toewijzing_versies)
_INSERT_STARTS: Final = insert(starts)


def load_historie(
    transaction: Transaction, message: Message, bericht: Bericht, client: bytes, *, identificatie_used: bool
) -> Historie:
    """What earlier messages left that this one can touch, in one or two queries whatever its size.

    `client` is the keyed hash of its Bsn. What the message itself left, if it was accepted before, is not in it: so
    it can be judged again as if it came now.
    """
    numbers = {product.toewijzing_nummer for product in bericht.producten if product.toewijzing_nummer is not None}
    return Historie(
        client=client.hex(),
        identificatie_used=identificatie_used,
        toewijzingen=_versions(transaction, message, numbers),
        starts=_starts(transaction, message, client) if isinstance(bericht, Startbericht) else frozenset(),
    )


def add_facts(transaction: Transaction, message: Message, bericht: Bericht, historie: Historie) -> None:
    """Keep what an accepted message makes.

    Raises StoreConflict if another message changed one of these allocations since `historie` was loaded.
    """
    if isinstance(bericht, Toewijzingsbericht):
        _add_versions(transaction, message, toewijzingen_of(bericht, historie.client), historie)
    else:
        _add_starts(transaction, message, bericht, bytes.fromhex(historie.client))


def _versions(transaction: Transaction, message: Message, numbers: Iterable[int]) -> dict[int, tuple[Toewijzing, ...]]:
    found: dict[int, list[Toewijzing]] = {}
    ordered = sorted(numbers)
    for first in range(0, len(ordered), _NUMBERS_AT_ONCE):
        numbers_here = ordered[first : first + _NUMBERS_AT_ONCE]
        for row in transaction.execute(_VERSIONS, _key(message) | {"nummers": numbers_here}):
            values = dict(row._mapping)
            values["client"] = bytes(values["client"]).hex()
            found.setdefault(values["nummer"], []).append(Toewijzing(**values))
    return {number: tuple(versions) for number, versions in found.items()}


def _starts(transaction: Transaction, message: Message, client: bytes) -> frozenset[Levering]:
    return frozenset(Levering(*row) for row in transaction.execute(_STARTS, _key(message) | {"client": client}))


def _key(message: Message) -> dict[str, Any]:
    """What the facts that a message can touch have in common with it."""
    return {
        "id": message.id,
        "domain": message.domain,
        "gemeente": message.gemeente,
        "aanbieder": message.aanbieder,
    }


def _add_versions(
    transaction: Transaction, message: Message, versions: tuple[Toewijzing, ...], historie: Historie
) -> None:
    known = {number: len(earlier) for number, earlier in historie.toewijzingen.items()}
    # A resend brings a version that is here already: nothing new.
    made = [version for version in versions if version not in historie.toewijzingen.get(version.nummer, ())]
    new = [version.nummer for version in made if version.nummer not in known]
    ids: dict[int, int] = {}
    key = {"domain": message.domain, "gemeente": message.gemeente}
    if new:
        rows = [{**key, "nummer": number, "versions": 1} for number in new]
        added = transaction.execute(insert(toewijzingen).returning(toewijzingen.c.nummer, toewijzingen.c.id), rows)
        ids = {row.nummer: row.id for row in added}
    for number in (version.nummer for version in made if version.nummer in known):
        grown = transaction.execute(
            update(toewijzingen)
            .where(
                toewijzingen.c.domain == message.domain,
                toewijzingen.c.gemeente == message.gemeente,
                toewijzingen.c.nummer == number,
                toewijzingen.c.versions == known[number],
            )
            .values(versions=known[number] + 1)
            .returning(toewijzingen.c.id)
        ).scalar()
        if grown is None:
            raise StoreConflict("Another message changed the same allocation")
        ids[number] = grown
    if made:
        transaction.execute(
            _INSERT_VERSIONS,
            [
                {
                    "toewijzing": ids[version.nummer],
                    "nr": known.get(version.nummer, 0) + 1,
                    "message": message.id,
                    **{name: value for name, value in asdict(version).items() if name in _VERSION},
                    "client": bytes.fromhex(version.client),
                }
                for version in made
            ],
        )


def _add_starts(transaction: Transaction, message: Message, bericht: Startbericht, client: bytes) -> None:
    key = {
        "client": client,
        "gemeente": message.gemeente,
        "aanbieder": message.aanbieder,
        "domain": message.domain,
    }
    deleted = [levering_of(start) for start in bericht.start_producten if start.deletes]
    for levering in deleted:
        same = (starts.c[name].is_not_distinct_from(value) for name, value in asdict(levering).items())
        transaction.execute(
            update(starts)
            .where(*(starts.c[name] == value for name, value in key.items()), starts.c.deleted_by.is_(None), *same)
            .values(deleted_by=message.id)
        )
    added = [
        {**key, **asdict(levering_of(start)), "message": message.id}
        for start in bericht.start_producten
        if start.status_aanlevering == "1"
    ]
    if added:
        transaction.execute(_INSERT_STARTS, added)
