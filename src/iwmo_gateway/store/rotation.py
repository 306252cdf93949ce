"""What is encrypted with which key, and putting it under another one: some rows at a time, the oldest first."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from sqlalchemy import ColumnElement, LargeBinary, bindparam, case, cast, func, or_, select, true, tuple_, update

from iwmo_gateway.store.database import Transaction, inserting
from iwmo_gateway.store.messages import PLAIN, Sealed
from iwmo_gateway.store.tables import client_hashes, clienten, messages, toewijzing_versies

HASHED: Final = 32
"""The length of a birth date from before encryption: a keyed hash of Bsn and date. Nothing encrypted is as short."""
_ROWS: Final = 200
"""How many rows of one kind are put under another key in one transaction."""
_BYTES: Final = 4 * 1024 * 1024
"""How much of messages, unless one alone is larger."""

_births = toewijzing_versies.c
_REPLACE_XML: Final = (
    update(messages)
    .where(messages.c.id == bindparam("was_id"), messages.c.key_version == bindparam("was"))
    .values(xml=bindparam("xml"), key_version=bindparam("key_version"))
)
_REPLACE_BSN: Final = (
    update(clienten)
    .where(clienten.c.client == bindparam("of"), clienten.c.key_version == bindparam("was"))
    .values(bsn=bindparam("bsn"), key_version=bindparam("key_version"))
)
_REPLACE_BIRTH: Final = (
    update(toewijzing_versies)
    .where(_births.client == bindparam("of"), _births.geboortedatum == bindparam("was"))
    .values(geboortedatum=bindparam("birth"))
)
_INSERT_HASH: Final = inserting(client_hashes, lambda new: new.on_conflict_do_nothing())


@dataclass(slots=True)
class Counts:
    """What is under one version of a key. `alone` counts clients that are found by a hash of this version alone."""

    messages: int = 0
    clienten: int = 0
    births: int = 0
    alone: int = 0

    @property
    def nothing(self) -> bool:
        """Whether the key is not needed for anything."""
        return not (self.messages or self.clienten or self.births or self.alone)


class KeptMessage(NamedTuple):
    """A message with its bytes as they are kept."""

    id: str
    status: str
    sealed: Sealed


class KeptClient(NamedTuple):
    """A client with the Bsn as it is kept."""

    client: bytes
    bsn: bytes
    key_version: int


class KeptBirth(NamedTuple):
    """A birth date as it is kept, with its place among all of them."""

    place: tuple[int, int]
    client: bytes
    geboortedatum: bytes


def counts(transaction: Transaction, newest: int) -> dict[int, Counts]:
    """What is under each version; under 0 what is not encrypted yet, and clients whose Bsn is not known."""
    found: dict[int, Counts] = {}
    by_version = (
        ("messages", select(messages.c.key_version, func.count()).group_by(messages.c.key_version)),
        ("clienten", select(clienten.c.key_version, func.count()).group_by(clienten.c.key_version)),
        (
            "alone",
            select(client_hashes.c.key_version, func.count())
            .where(_without_hash(client_hashes.c.client, newest))
            .group_by(client_hashes.c.key_version),
        ),
    )
    for name, query in by_version:
        for version, count in transaction.execute(query):
            setattr(found.setdefault(version, Counts()), name, count)
    told = case((func.length(_births.geboortedatum) == HASHED, None), else_=_prefix())
    query = select(told, func.count()).where(_births.geboortedatum.is_not(None)).group_by(told)
    for prefix, count in transaction.execute(query):
        version = PLAIN if prefix is None else int.from_bytes(bytes(prefix), "big")
        found.setdefault(version, Counts()).births += count
    return found


def messages_under_others(
    transaction: Transaction, newest: int, after: str | None
) -> tuple[list[KeptMessage], str | None]:
    """The next messages that are not under this version, oldest first, and the id of the last one; None at the end.

    One that is in hand elsewhere is left out: waiting for it could make both wait for ever.
    """
    query = select(messages.c.id, messages.c.size).where(messages.c.key_version != newest)
    query = query.where(messages.c.id > after) if after else query
    some: list[str] = []
    held = 0
    for identity, size in transaction.execute(query.order_by(messages.c.id).limit(_ROWS)):
        held += size
        if some and held > _BYTES:
            break
        some.append(identity)
    rows = transaction.execute(
        select(messages.c.id, messages.c.status, messages.c.key_version, messages.c.xml)
        .where(messages.c.id.in_(some), messages.c.key_version != newest)
        .order_by(messages.c.id)
        .with_for_update(skip_locked=True)
    )
    found = [KeptMessage(identity, status, Sealed(version, bytes(xml))) for identity, status, version, xml in rows]
    return found, some[-1] if some else None


def replace_xml(transaction: Transaction, replaced: Iterable[tuple[KeptMessage, Sealed]]) -> None:
    """Keep the bytes of these messages anew."""
    rows = [{"was_id": kept.id, "was": kept.sealed.key_version, **sealed._asdict()} for kept, sealed in replaced]
    if rows:
        transaction.execute(_REPLACE_XML, rows)


def clients_under_others(transaction: Transaction, newest: int, after: bytes) -> list[KeptClient]:
    """The next clients whose Bsn is not under this version, or that have no hash of it."""
    rows = transaction.execute(
        select(clienten.c.client, clienten.c.bsn, clienten.c.key_version)
        .where(
            clienten.c.client > after,
            clienten.c.bsn.is_not(None),
            or_(clienten.c.key_version != newest, _without_hash(clienten.c.client, newest)),
        )
        .order_by(clienten.c.client)
        .limit(_ROWS)
    )
    return [KeptClient(bytes(client), bytes(bsn), version) for client, bsn, version in rows]


def replace_bsns(
    transaction: Transaction, replaced: Sequence[tuple[KeptClient, bytes, bytes]], key_version: int
) -> None:
    """Keep the Bsns of these clients anew, and the hash by which each is found too from now on."""
    if not replaced:
        return
    transaction.execute(
        _REPLACE_BSN,
        [
            {"of": kept.client, "was": kept.key_version, "bsn": bsn, "key_version": key_version}
            for kept, bsn, _ in replaced
        ],
    )
    hashes = [
        {"hash": hashed, "client": kept.client, "key_version": key_version}
        for kept, _, hashed in sorted(replaced, key=lambda one: one[2])
    ]
    transaction.execute(_INSERT_HASH[transaction.dialect.name], hashes)


def fill_bsns(transaction: Transaction, bsns: Mapping[bytes, bytes], key_version: int) -> None:
    """Keep the encrypted Bsns of clients that had none."""
    if bsns:
        transaction.execute(
            _REPLACE_BSN,
            [
                {"of": client, "was": PLAIN, "bsn": bsn, "key_version": key_version}
                for client, bsn in sorted(bsns.items())
            ],
        )


def births_under_others(transaction: Transaction, prefix: bytes, after: tuple[int, int]) -> list[KeptBirth]:
    """The next encrypted birth dates that do not begin with this prefix."""
    place = tuple_(_births.toewijzing, _births.nr)
    rows = transaction.execute(
        select(_births.toewijzing, _births.nr, _births.client, _births.geboortedatum)
        .where(place > after, func.length(_births.geboortedatum) != HASHED, _prefix() != prefix)
        .order_by(_births.toewijzing, _births.nr)
        .limit(_ROWS)
    )
    return [KeptBirth((number, nr), bytes(client), bytes(birth)) for number, nr, client, birth in rows]


def replace_births(transaction: Transaction, replaced: Iterable[tuple[bytes, bytes, bytes]]) -> None:
    """Keep birth dates anew: (client, as it was kept, as it is to be kept)."""
    rows = [{"of": client, "was": was, "birth": birth} for client, was, birth in replaced]
    if rows:
        transaction.execute(_REPLACE_BIRTH, rows)


def drop_hashes(transaction: Transaction, version: int) -> None:
    """Clients are not found by hashes of this version any more."""
    transaction.execute(client_hashes.delete().where(client_hashes.c.key_version == version))


def _prefix() -> ColumnElement[bytes]:
    return cast(func.substr(_births.geboortedatum, 1, 2), LargeBinary)


def _without_hash(client: ColumnElement[Any], version: int) -> ColumnElement[bool]:
    newest = client_hashes.alias("newest")
    return ~select(true()).where(newest.c.client == client, newest.c.key_version == version).exists()
