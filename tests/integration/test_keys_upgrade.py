"""A database from before encryption: it works as it is, and `keys rotate` encrypts it without losing anybody."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from typing import Any

import pytest
from alembic import command
from alembic.config import Config
from fastapi.testclient import TestClient
from sqlalchemy import Integer, MetaData, Table, func, insert, select

from iwmo_gateway.gateway import keys
from iwmo_gateway.gateway.clients import hashed_birth
from iwmo_gateway.gateway.context import Gateway, open_gateway
from iwmo_gateway.shipped import shipped
from iwmo_gateway.store.database import Database
from iwmo_gateway.store.messages import Sealed
from iwmo_gateway.store.tables import clienten, metadata
from iwmo_gateway.web.app import create_app
from tests.conftest import Callers
from tests.integration.test_http_at_rest import nothing_of, on_disk, personal
from tests.integration.test_http_builders import AANBIEDER, BSN, GEMEENTE, allocation, day, start
from tests.integration.test_keys import payloads, taken, under
from tests.integration.test_store_migrations import empty_postgresql, empty_url

__all__ = ["empty_postgresql", "empty_url"]

BEFORE = "0005"
"""The last revision without encryption."""


@pytest.fixture
def earlier(call: Callers, empty_url: str) -> Iterator[Callers]:
    """A gateway on a migrated database that was filled, as it was then, by the version before encryption."""
    call.gateway.warm_up()
    assert call.send(GEMEENTE, allocation()).json()["status"] == "accepted"
    assert taken(call, "toewijzing-2.3")["status"] == "accepted"
    assert call.send(AANBIEDER, start(), day("2023-02-08")).json()["status"] == "accepted"
    with closing(Database(empty_url)) as database:
        _revise(database, BEFORE)
        _copy(call.gateway, database)
        database.migrate()
    settings = call.gateway.settings.model_copy(update={"database_url": empty_url})
    with closing(open_gateway(settings)) as opened:
        gateway = replace(opened, schemas=call.gateway.schemas)
        gateway.warm_up()
        with TestClient(create_app(gateway), raise_server_exceptions=False) as client:
            yield Callers(gateway, client)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_it_works_as_it_is_and_everything_is_encrypted_by_rotating(call: Callers, earlier: Callers) -> None:
    before = payloads(call)
    assert payloads(earlier) == before
    assert under(earlier.gateway) == {0: (len(before), 1, 4)}
    assert any(BSN.encode() in kept for _, kept in on_disk(earlier.gateway))

    # New messages find the client of old facts, and an old birth date is compared.
    assert earlier.send(AANBIEDER, start("NOGMAALS", 700002), day("2023-02-08")).json()["status"] == "accepted"
    assert "RC8004" in wrong_birth(earlier, "D1")

    assert sum(keys.rotate(earlier.gateway)) == len(before)
    assert keys.tidy(earlier.gateway)
    assert under(earlier.gateway) == {1: (len(payloads(earlier)), 1, 4)}
    assert payloads(earlier).items() >= before.items()
    with earlier.gateway.database.reading() as transaction:
        (client,) = transaction.execute(select(clienten.c.client, clienten.c.bsn)).all()
        assert earlier.gateway.keyring.open_bsn(bytes(client.client), bytes(client.bsn)) == BSN
    nothing_of(earlier.gateway, {value for body in before.values() for value in personal(body)})

    # Nobody is another person now.
    again = earlier.send(AANBIEDER, start("ALWEER", 700002), day("2023-02-08")).json()
    assert again["status"] == "rejected"
    assert "RC8004" in wrong_birth(earlier, "D2")
    assert under(earlier.gateway)[1][1] == 1


def wrong_birth(call: Callers, number: str) -> set[str]:
    """The rules that a claim breaks which tells another birth date."""
    said = taken(call, "declaratie-juli-2.3", Datum="1951-04-18", DeclarantFactuurNummer=number)
    return {finding["regel"] for finding in said["bevindingen"]}


def _revise(database: Database, revision: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(shipped("migrations")))
    with database.writing() as connection:
        config.attributes["connection"] = connection.connection
        command.upgrade(config, revision)


def _copy(gateway: Gateway, database: Database) -> None:
    """Every row of a gateway into a database of the earlier revision, as that version would have kept it."""
    then = MetaData()
    then.reflect(database.engine)
    with gateway.database.reading() as source, database.writing() as target:
        for table in metadata.sorted_tables:
            if table.name not in then.tables:
                continue
            # By the types of today, as far as there was such a column.
            names = [name for name in then.tables[table.name].c.keys() if name in table.c]  # noqa: SIM118
            rows = [_as_then(gateway, table, row._asdict()) for row in source.execute(select(table))]
            if rows:
                columns = {name: table.c[name] for name in names}
                bare = Table(table.name, MetaData(), *(column._copy() for column in columns.values()))
                target.execute(insert(bare), [{name: row[name] for name in names} for row in rows])
        if not database.embedded:
            for name, table in then.tables.items():
                if "id" in table.c and isinstance(table.c.id.type, Integer):
                    target.execute(select(func.setval(func.pg_get_serial_sequence(name, "id"), func.max(table.c.id))))
        proof = gateway.keyring.proof(1)
        target.execute(insert(then.tables["keys"]), [{"name": "client", "proof": proof}])


def _as_then(gateway: Gateway, table: Table, row: dict[str, Any]) -> dict[str, Any]:
    keyring = gateway.keyring
    if table.name == "messages":
        row["xml"] = keyring.open_xml(row["id"], Sealed(row["key_version"], bytes(row["xml"])))
    if row.get("geboortedatum") is not None:
        row["geboortedatum"] = hashed_birth(keyring, BSN, keyring.open_birth(row["client"], row["geboortedatum"]))
    if "client" in row:
        row["client"] = keyring.hashes(BSN)[1]
    return row
