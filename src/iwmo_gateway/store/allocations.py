"""Facts of allocations: every version that a 301 made."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, fields
from datetime import date
from typing import Any, Final

from sqlalchemy import bindparam, delete, func, insert, select, update

from iwmo_gateway.errors import StoreConflict
from iwmo_gateway.rules.historie import Historie, Toewijzing, toewijzingen_of
from iwmo_gateway.standard.berichten import Toewijzingsbericht
from iwmo_gateway.standard.days import day_of
from iwmo_gateway.store.database import Transaction, among, listed
from iwmo_gateway.store.prepared import Prepared
from iwmo_gateway.store.tables import messages, toewijzing_versies, toewijzingen

_VERSION: Final = [field.name for field in fields(Toewijzing) if field.name != "nummer"]

# Made once: building a statement anew for every message costs more than running it.
_VERSIONS: Final = Prepared(
    {
        dialect: select(toewijzingen.c.nummer, *(toewijzing_versies.c[name] for name in _VERSION))
        .join_from(toewijzingen, toewijzing_versies)
        .where(
            toewijzingen.c.domain == bindparam("domain"),
            toewijzingen.c.gemeente == bindparam("gemeente"),
            numbered,
            toewijzing_versies.c.message != bindparam("id"),
        )
        .order_by(toewijzing_versies.c.nr)
        for dialect, numbered in among(toewijzingen.c.nummer, "nummers").items()
    }
)
_KNOWN: Final = Prepared(
    {
        dialect: select(toewijzing_versies.c.client, toewijzing_versies.c.geboortedatum)
        .join_from(toewijzing_versies, toewijzingen)
        .where(
            toewijzingen.c.domain == bindparam("domain"),
            toewijzingen.c.gemeente == bindparam("gemeente"),
            toewijzing_versies.c.aanbieder == bindparam("aanbieder"),
            one_of_them,
        )
        .order_by(
            toewijzing_versies.c.toewijzingsdatum, toewijzing_versies.c.toewijzingstijd, toewijzing_versies.c.message
        )
        for dialect, one_of_them in among(toewijzing_versies.c.client, "clienten").items()
    }
)
_OF_CLIENT: Final = Prepared(
    select(toewijzingen.c.nummer)
    .join_from(toewijzing_versies, toewijzingen)
    .where(
        toewijzingen.c.domain == bindparam("domain"),
        toewijzingen.c.gemeente == bindparam("gemeente"),
        *(toewijzing_versies.c[name] == bindparam(name) for name in ("client", "aanbieder")),
    )
    .distinct()
)
_own = toewijzing_versies.alias("own")
_ALL_OF_CLIENT: Final = Prepared(
    select(toewijzingen.c.nummer, *(toewijzing_versies.c[name] for name in _VERSION))
    .join_from(toewijzingen, toewijzing_versies)
    .where(
        toewijzingen.c.domain == bindparam("domain"),
        toewijzingen.c.gemeente == bindparam("gemeente"),
        toewijzingen.c.id.in_(select(_own.c.toewijzing).where(_own.c.client == bindparam("client"))),
        toewijzing_versies.c.message != bindparam("id"),
    )
    .order_by(toewijzingen.c.nummer, toewijzing_versies.c.nr)
)
_RECEIVED: Final = Prepared(
    {
        dialect: select(
            toewijzingen.c.nummer,
            toewijzing_versies.c.client,
            toewijzing_versies.c.ingangsdatum,
            func.min(messages.c.received_at),
        )
        .join_from(toewijzingen, toewijzing_versies)
        .join(messages, messages.c.id == toewijzing_versies.c.message)
        .where(toewijzingen.c.domain == bindparam("domain"), toewijzingen.c.gemeente == bindparam("gemeente"), numbered)
        .group_by(toewijzingen.c.nummer, toewijzing_versies.c.client, toewijzing_versies.c.ingangsdatum)
        for dialect, numbered in among(toewijzingen.c.nummer, "nummers").items()
    }
)
_CLIENT: Final = _VERSION.index("client")
_INSERT_VERSIONS: Final = Prepared(insert(toewijzing_versies))


def versions_of(
    transaction: Transaction, key: Mapping[str, Any], numbers: Iterable[int]
) -> dict[int, tuple[Toewijzing, ...]]:
    """All versions of these allocations, by number."""
    wanted = sorted(set(numbers))
    found: dict[int, list[Toewijzing]] = {}
    if wanted:
        values = {**key, "nummers": listed(transaction, wanted)}
        for nummer, *version in transaction.execute(_VERSIONS, values):
            version[_CLIENT] = bytes(version[_CLIENT]).hex()
            found.setdefault(nummer, []).append(Toewijzing(nummer, *version))
    return {number: tuple(versions) for number, versions in found.items()}


def known_clients(transaction: Transaction, key: Mapping[str, Any], clients: Iterable[str]) -> dict[str, str | None]:
    """The clients for whom this municipality allocated anything to this provider, each with its newest birth date.

    The birth date is as it is kept: encrypted, as hexadecimal digits.
    """
    values = {**key, "clienten": listed(transaction, sorted(bytes.fromhex(client) for client in clients))}
    return {
        bytes(client).hex(): bytes(birth).hex() if birth else None
        for client, birth in transaction.execute(_KNOWN, values)
    }


def numbers_of(transaction: Transaction, key: Mapping[str, Any], client: bytes) -> list[int]:
    """The allocations of this municipality to this provider for a client, whatever became of them."""
    return list(transaction.scalars(_OF_CLIENT, {**key, "client": client}))


def newest_of_client(transaction: Transaction, key: Mapping[str, Any], client: bytes) -> tuple[Toewijzing, ...]:
    """The newest version of each allocation of this municipality that is the client's, whoever the provider is."""
    newest: dict[int, Toewijzing] = {}
    for nummer, *version in transaction.execute(_ALL_OF_CLIENT, {**key, "client": client}):
        version[_CLIENT] = bytes(version[_CLIENT]).hex()
        found = Toewijzing(nummer, *version)
        if nummer not in newest or newest[nummer].made_at < found.made_at:
            newest[nummer] = found
    return tuple(one for one in newest.values() if one.client == client.hex())


def first_received(
    transaction: Transaction, key: Mapping[str, Any], numbers: Iterable[int]
) -> dict[tuple[int, str, date], date]:
    """The day on which the first version of each of these allocations was received, by `Toewijzing.identity`."""
    values = {**key, "nummers": listed(transaction, sorted(set(numbers)))}
    return {
        (nummer, bytes(client).hex(), ingangsdatum): day_of(received)
        for nummer, client, ingangsdatum, received in transaction.execute(_RECEIVED, values)
    }


def add(
    transaction: Transaction,
    key: Mapping[str, Any],
    bericht: Toewijzingsbericht,
    historie: Historie,
    birth: bytes | None,
) -> None:
    """Keep the versions that a 301 makes; `birth` is the encrypted birth date of its client, if it is known.

    Raises StoreConflict if another message changed one of these allocations since `historie` was loaded.
    """
    bsn, own = bericht.client.bsn, {"domain": key["domain"], "gemeente": key["gemeente"]}
    versions = toewijzingen_of(bericht, historie.clienten[bsn])
    known = {number: len(earlier) for number, earlier in historie.toewijzingen.items()}
    # A resend brings a version that is here already: nothing new, but perhaps a birth date that was mended.
    made = [version for version in versions if version not in historie.toewijzingen.get(version.nummer, ())]
    if birth is not None and len(made) < len(versions):
        _mend_birth(transaction, own, [version for version in versions if version not in made], birth)
    if not made:
        return
    new = [version.nummer for version in made if version.nummer not in known]
    ids = _begun(transaction, own, new)
    for number in (version.nummer for version in made if version.nummer in known):
        ids[number] = _grown(transaction, own, number, known[number])
    rows = [
        {
            "toewijzing": ids[version.nummer],
            "nr": known.get(version.nummer, 0) + 1,
            "message": key["id"],
            **{name: value for name, value in asdict(version).items() if name in _VERSION},
            "client": bytes.fromhex(version.client),
            "geboortedatum": birth,
        }
        for version in made
    ]
    transaction.execute(_INSERT_VERSIONS, rows)


def _begun(transaction: Transaction, own: Mapping[str, Any], numbers: Iterable[int]) -> dict[int, int]:
    """The ids of new allocations."""
    rows = [{**own, "nummer": number, "versions": 1} for number in numbers]
    if not rows:
        return {}
    added = transaction.execute(insert(toewijzingen).returning(toewijzingen.c.nummer, toewijzingen.c.id), rows)
    return {row.nummer: row.id for row in added}


def _grown(transaction: Transaction, own: Mapping[str, Any], number: int, versions: int) -> int:
    """The id of an allocation that gets one more version than these."""
    grown = transaction.execute(
        update(toewijzingen)
        .where(
            *(toewijzingen.c[name] == value for name, value in own.items()),
            toewijzingen.c.nummer == number,
            toewijzingen.c.versions == versions,
        )
        .values(versions=versions + 1)
        .returning(toewijzingen.c.id)
    ).scalar()
    if grown is None:
        raise StoreConflict("Another message changed the same allocation")
    return int(grown)


def _mend_birth(transaction: Transaction, own: Mapping[str, Any], versions: Iterable[Toewijzing], birth: bytes) -> None:
    """Versions that were sent again are told with the birth date of the newest message."""
    for version in versions:
        of_it = select(toewijzingen.c.id).where(
            *(toewijzingen.c[name] == value for name, value in own.items()), toewijzingen.c.nummer == version.nummer
        )
        transaction.execute(
            update(toewijzing_versies)
            .where(
                toewijzing_versies.c.toewijzing.in_(of_it),
                toewijzing_versies.c.client == bytes.fromhex(version.client),
                toewijzing_versies.c.toewijzingsdatum == version.toewijzingsdatum,
                toewijzing_versies.c.toewijzingstijd == version.toewijzingstijd,
            )
            .values(geboortedatum=birth)
        )


def take_back(transaction: Transaction, message_id: str) -> None:
    """Undo the versions that a 301 made; those that came after them move up, an allocation without any is gone."""
    versions = toewijzing_versies
    touched = select(versions.c.toewijzing).where(versions.c.message == message_id)
    numbers = sorted(transaction.scalars(touched.distinct()))
    transaction.execute(delete(versions).where(versions.c.message == message_id))
    for number in numbers:
        of_it = versions.c.toewijzing == number
        left = list(transaction.scalars(select(versions.c.nr).where(of_it).order_by(versions.c.nr)))
        for nr, was in enumerate(left, 1):
            transaction.execute(update(versions).where(of_it, versions.c.nr == was).values(nr=nr))
        its_row = toewijzingen.c.id == number
        counted = update(toewijzingen).where(its_row).values(versions=len(left))
        transaction.execute(counted if left else delete(toewijzingen).where(its_row))
