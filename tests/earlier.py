"""Databases as earlier versions of the gateway left them: at a revision of then, with rows in every table of then."""

import hashlib
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory

from iwmo_gateway.gateway.clients import hashed_birth
from iwmo_gateway.gateway.context import Gateway
from iwmo_gateway.shipped import shipped
from iwmo_gateway.store.database import Database, Transaction
from iwmo_gateway.store.messages import Sealed, Status
from iwmo_gateway.store.parties import TokenRole
from iwmo_gateway.store.tables import metadata

Row = dict[str, Any]
ENCRYPTED: Final = "0011"
"""The first revision with encrypted messages, and with clients that facts know by chance."""
_BEGAN: Final = datetime(2023, 3, 1, 12, tzinfo=UTC)
_WORDS: Final[Mapping[tuple[str, str] | str, Sequence[Any]]] = {
    "domain": ("wmo", "jw"),
    "soort": ("WMO323", "WMO305", "WMO301", "WMO307"),
    "release": ("3.2", "2.3"),
    "gemeente": ("0384", "0340"),
    "aanbieder": ("42420001", "65656055"),
    "afzender": ("0384", "42420001", "65656055", "0340"),
    "ontvanger": ("42420001", "0384", "0340", None),
    "categorie": ("01", "02"),
    "code": ("01A03",),
    "eenheid": ("14",),
    "actie": ("reject",),
    "outcome": ("unchanged", "judged", None),
    "regel": ("TR056", "CS002"),
    "niveau": (2, 3),
    "xml": (b"<bericht/>",),
    "key_version": (0,),
    "purged_at": (None,),
    "answers": (None,),
    "lease_until": (None,),
    "deleted_by": (None,),
    "codelijsten": (None, ["WMO021/2.0"]),
    "contract": ([],),
    "bevindingen": (2,),
    ("messages", "status"): tuple(Status),
    ("judgements", "status"): ("accepted", "rejected", "invalid"),
    ("replays", "status"): ("finished", "cancelled"),
    ("replays", "finished_at"): (_BEGAN, None),
    ("replays", "filter"): (None,),
    ("replays", "selection"): ([],),
    ("replays", "history"): ([],),
    ("findings", "judgement"): (1,),
    ("reviews", "bevindingen"): ([],),
    ("tokens", "role"): tuple(TokenRole),
    ("tokens", "rights"): ("read",),
    ("tokens", "domains"): ("wmo",),
    ("parties", "domains"): ("jw,wmo",),
    ("parties", "kind"): ("aanbieder",),
    ("contracts", "domain"): ("wmo",),
    ("audit", "action"): ("read", "send"),
    ("audit", "outcome"): ("ok", "refused"),
    ("audit", "messages"): (None,),
    ("audit", "actor"): ("operator:night shift", "0384"),
}
"""What stands in columns of this name, in turns; the key names the table too where it has words of its own."""


def revisions() -> list[str]:
    """Every revision, the first one first."""
    script = ScriptDirectory.from_config(_config())
    return [one.revision for one in script.walk_revisions()][::-1]


def revise(database: Database, revision: str) -> None:
    """Bring the database forward to a revision."""
    with database.writing() as transaction:
        config = _config()
        config.attributes["connection"] = transaction.connection
        command.upgrade(config, revision)


def reflected(database: Database) -> sa.MetaData:
    """The tables that are there, as the database itself tells them."""
    found = sa.MetaData()
    with database.reading() as transaction:
        found.reflect(transaction.connection)
    return found


def fill(database: Database, rows: int) -> None:
    """Add so many rows to every table, that fit together."""
    then = reflected(database)
    new_clients = "clienten" in then.tables
    with database.writing() as transaction:
        made: dict[str, Sequence[Any]] = {}
        for table in [*_first(then), *_others(then)]:
            of_key = sa.select(*table.primary_key).order_by(*table.primary_key)
            there = set(transaction.execute(of_key).all())
            values = [_row(table, nr, made, 16 if new_clients else 32) for nr in range(rows)]
            for start in range(0, rows, 2_000):
                transaction.execute(sa.insert(table), values[start : start + 2_000])
            keys = [key for key in transaction.execute(of_key) if key not in there]
            made[table.name] = [row[0] for row in keys] if len(table.primary_key) == 1 else keys


def copy(gateway: Gateway, database: Database, revision: str) -> None:
    """Every row of a gateway of today into a database of an earlier revision, as that version would have kept it."""
    then = reflected(database)
    with gateway.database.reading() as source, database.writing() as target:
        for table in metadata.sorted_tables:
            if table.name not in then.tables:
                continue
            names = [name for name in then.tables[table.name].columns.keys() if name in table.columns]  # noqa: SIM118
            rows = [row._asdict() for row in source.execute(sa.select(table))]
            if revision < ENCRYPTED:
                rows = [_before_encryption(gateway, table.name, row) for row in rows]
            bare = sa.Table(table.name, sa.MetaData(), *(table.columns[name]._copy() for name in names))
            if rows:
                target.execute(sa.insert(bare), [{name: row[name] for name in names} for row in rows])
        if "keys" in then.tables:
            target.execute(sa.insert(then.tables["keys"]), [{"name": "client", "proof": gateway.keyring.proof(1)}])
        if not database.embedded:
            for table in then.tables.values():
                _count_on(target, table)


def _before_encryption(gateway: Gateway, table: str, row: Row) -> Row:
    """Known by the keyed hash of the Bsn, and readable."""
    keyring = gateway.keyring
    if table == "messages":
        row["xml"] = keyring.open_xml(row["id"], Sealed(row["key_version"], bytes(row["xml"])))
    if "client" in row:
        bsn = _bsn_of(gateway, row["client"])
        if row.get("geboortedatum") is not None:
            row["geboortedatum"] = hashed_birth(keyring, bsn, keyring.open_birth(row["client"], row["geboortedatum"]))
        row["client"] = keyring.hashes(bsn)[1]
    return row


def _bsn_of(gateway: Gateway, client: bytes) -> str:
    table = metadata.tables["clienten"]
    with gateway.database.reading() as transaction:
        sealed = transaction.execute(sa.select(table.c.bsn).where(table.c.client == client)).scalar_one()
    return gateway.keyring.open_bsn(client, bytes(sealed))


def _count_on(transaction: Transaction, table: sa.Table) -> None:
    """PostgreSQL counts up from what is there, which it does not notice by itself."""
    if "id" in table.c and isinstance(table.c.id.type, sa.Integer):
        last = sa.select(sa.func.max(table.c.id)).scalar_subquery()
        transaction.execute(sa.select(sa.func.setval(sa.func.pg_get_serial_sequence(table.name, "id"), last)))


def _first(then: sa.MetaData) -> Iterator[sa.Table]:
    """What nearly every row names."""
    yield then.tables["messages"]


def _others(then: sa.MetaData) -> Iterator[sa.Table]:
    done_elsewhere = {"messages", "keys", "encryption_keys", "audit_seals", "alembic_version"}
    return (table for table in then.sorted_tables if table.name not in done_elsewhere)


def _row(table: sa.Table, nr: int, made: Mapping[str, Sequence[Any]], client: int) -> Row:
    row = {
        column.name: _value(table.name, column, nr, made, client)
        for column in table.columns
        if not (column.name == "id" and isinstance(column.type, sa.Integer))
    }
    for key in table.foreign_key_constraints:
        parent = made[key.referred_table.name]
        found = parent[nr % len(parent)]
        values = found if len(key.columns) > 1 else (found,)
        row |= dict(zip(key.column_keys, values, strict=True))
    return row


def _value(table: str, column: sa.Column[Any], nr: int, made: Mapping[str, Sequence[Any]], client: int) -> Any:
    """What stands in this column of the row of this number; another value for each number, but for words."""
    words = _WORDS.get((table, column.name), () if column.primary_key else _WORDS.get(column.name, ()))
    if words:
        return words[nr % len(words)]
    if column.name in {"message", "retour"} and table != "audit":
        return made["messages"][nr % len(made["messages"])]
    if column.name == "client":
        of = nr if table == "clienten" else nr // 3
        return _bytes("client", of)[:client]
    if isinstance(column.type, sa.CHAR | sa.Uuid):
        identity = uuid.UUID(bytes=_bytes(f"{table} {column.name}", nr)[:16])
        return identity.hex if isinstance(column.type, sa.CHAR) else identity
    for kind, make in _MADE.items():
        if isinstance(column.type, kind):
            return make(f"{table} {column.name}", nr, column.type)
    raise AssertionError(f"Nobody said what stands in {table}.{column.name}: {column.type}")


def _bytes(name: str, nr: int) -> bytes:
    return hashlib.sha256(f"{name} {nr}".encode()).digest()


def _text(name: str, nr: int, kind: Any) -> str:
    length = kind.length or 40
    return f"{nr:08}"[-length:] if length < 12 else f"{name[: length - 8]}{nr:08}"


_MADE: Final[Mapping[type[Any], Callable[[str, int, Any], Any]]] = {
    sa.Boolean: lambda name, nr, _: name == "messages holds_identification" or nr % 5 == 0,
    sa.String: _text,
    sa.DateTime: lambda _, nr, kind: (_BEGAN + timedelta(minutes=nr % 50_000)).replace(
        tzinfo=UTC if kind.timezone else None
    ),
    sa.Date: lambda _, nr, __: date(2023, 1, 1) + timedelta(days=nr % 300),
    sa.Time: lambda _, nr, __: time(nr % 24, nr % 60),
    sa.LargeBinary: lambda name, nr, _: _bytes(name, nr),
    sa.Integer: lambda _, nr, __: nr + 1,
    sa.JSON: lambda _, nr, __: {"nr": nr},
}


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(shipped("migrations")).replace("%", "%%"))
    return config
