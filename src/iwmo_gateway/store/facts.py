"""Facts of messages that count as sent: loading what a message must be judged against, and adding what it makes."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, fields, replace
from typing import Any, Final

from sqlalchemy import bindparam, insert, or_, select, update

from iwmo_gateway.errors import StoreConflict
from iwmo_gateway.rules.historie import Historie, Levering, Toewijzing, levering_of, toewijzingen_of
from iwmo_gateway.rules.settlement import Settlement
from iwmo_gateway.standard.berichten import Bericht, Toewijzingsbericht
from iwmo_gateway.standard.leveringen import Startbericht
from iwmo_gateway.store import claims
from iwmo_gateway.store.database import Transaction, among, listed
from iwmo_gateway.store.messages import Message
from iwmo_gateway.store.tables import starts, toewijzing_versies, toewijzingen

_VERSION: Final = [field.name for field in fields(Toewijzing) if field.name != "nummer"]

# Made once: building a statement anew for every message costs more than running it.
_VERSIONS: Final = {
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
_KNOWN: Final = {
    dialect: select(toewijzing_versies.c.client, toewijzing_versies.c.geboortedatum)
    .join_from(toewijzing_versies, toewijzingen)
    .where(
        toewijzingen.c.domain == bindparam("domain"),
        toewijzingen.c.gemeente == bindparam("gemeente"),
        toewijzing_versies.c.aanbieder == bindparam("aanbieder"),
        one_of_them,
    )
    .order_by(toewijzing_versies.c.toewijzingsdatum, toewijzing_versies.c.toewijzingstijd)
    for dialect, one_of_them in among(toewijzing_versies.c.client, "clienten").items()
}
_STARTS: Final = select(starts.c.toewijzing_nummer, starts.c.categorie, starts.c.code, starts.c.begindatum).where(
    *(starts.c[name] == bindparam(name) for name in ("client", "gemeente", "aanbieder", "domain")),
    starts.c.message != bindparam("id"),
    or_(starts.c.deleted_by.is_(None), starts.c.deleted_by == bindparam("id")),
)
_CLIENT: Final = _VERSION.index("client")
_INSERT_VERSIONS: Final = insert(toewijzing_versies)
_INSERT_STARTS: Final = insert(starts)


def load_historie(transaction: Transaction, message: Message, bericht: Bericht, known: Historie) -> Historie:
    """What earlier messages left that this one can touch, in a few queries whatever its size.

    `known` is what the gateway knows without them: the hashes of clients, and whether the identification is used. What
    the message itself left, if it counted before, is not in it: so it can be judged again as if it came now.
    """
    key = _key(message)
    if isinstance(bericht, Startbericht):
        versions = _versions(transaction, key, bericht.toewijzing_nummers)
        client = bytes.fromhex(known.clienten[bericht.client.bsn])
        return replace(known, toewijzingen=versions, starts=_starts(transaction, key, client))
    if isinstance(bericht, Toewijzingsbericht):
        versions = _versions(transaction, key, bericht.toewijzing_nummers)
        removed = [
            product.toewijzing_nummer
            for product in bericht.toegewezen_producten
            if product.reden_wijziging == "13" and product.toewijzing_nummer is not None
        ]
        return replace(known, toewijzingen=versions, goedgekeurde_regels=claims.open_lines(transaction, key, removed))
    return replace(
        known,
        toewijzingen=_versions(transaction, key, bericht.toewijzing_nummers),
        bekend=_known_clients(transaction, key, known.clienten.values()),
        declaraties=claims.load(transaction, key, bericht),
    )


def add_facts(
    transaction: Transaction, message: Message, bericht: Bericht, historie: Historie, settlement: Settlement | None
) -> None:
    """Keep what a message that counts makes; `settlement` is what became of a claim.

    Raises StoreConflict if another message changed one of these allocations since `historie` was loaded, or was first
    to use a number.
    """
    if isinstance(bericht, Toewijzingsbericht):
        _add_versions(transaction, message, bericht, historie)
    elif isinstance(bericht, Startbericht):
        _add_starts(transaction, message, bericht, bytes.fromhex(historie.clienten[bericht.client.bsn]))
    elif settlement is not None:
        claims.add(transaction, _key(message), bericht, historie, settlement)


def _versions(
    transaction: Transaction, key: Mapping[str, Any], numbers: Iterable[int]
) -> dict[int, tuple[Toewijzing, ...]]:
    wanted = sorted(set(numbers))
    found: dict[int, list[Toewijzing]] = {}
    if wanted:
        values = {**key, "nummers": listed(transaction, wanted)}
        for nummer, *version in transaction.execute(_VERSIONS[transaction.dialect.name], values):
            version[_CLIENT] = bytes(version[_CLIENT]).hex()
            found.setdefault(nummer, []).append(Toewijzing(nummer, *version))
    return {number: tuple(versions) for number, versions in found.items()}


def _known_clients(transaction: Transaction, key: Mapping[str, Any], clients: Iterable[str]) -> dict[str, str | None]:
    """The clients for whom this municipality allocated anything to this provider, each with its newest birth date."""
    values = {**key, "clienten": listed(transaction, sorted(bytes.fromhex(client) for client in clients))}
    return {
        bytes(client).hex(): bytes(birth).hex() if birth else None
        for client, birth in transaction.execute(_KNOWN[transaction.dialect.name], values)
    }


def _starts(transaction: Transaction, key: Mapping[str, Any], client: bytes) -> frozenset[Levering]:
    return frozenset(Levering(*row) for row in transaction.execute(_STARTS, {**key, "client": client}))


def _key(message: Message) -> dict[str, Any]:
    """What the facts that a message can touch have in common with it."""
    return {
        "id": message.id,
        "domain": message.domain,
        "soort": message.soort,
        "gemeente": message.gemeente,
        "aanbieder": message.aanbieder,
    }


def _add_versions(transaction: Transaction, message: Message, bericht: Toewijzingsbericht, historie: Historie) -> None:
    bsn = bericht.client.bsn
    versions = toewijzingen_of(bericht, historie.clienten[bsn])
    birth = historie.geboortedata.get(bsn)
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
                    "geboortedatum": bytes.fromhex(birth) if birth else None,
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
