"""What lies on the disk: no file of SQLite and no table of PostgreSQL has who it is about, or a piece of XML."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing

import psycopg
import pytest
from lxml import etree
from psycopg import sql

from iwmo_gateway.gateway.context import Gateway
from tests.cases import FIXTURES, cases
from tests.conftest import Callers
from tests.integration.test_http_builders import PERSONAL, document_of, everything, lone_start

NAMED = frozenset(
    {"Bsn", "Achternaam", "Voornamen", "Voorletters", "Straatnaam", "Huisnummer", "Postcode", "Plaatsnaam"}
)
"""Elements of which no value may lie anywhere, if it is long enough not to be found by chance."""
XML = (b"<?xml", b"Bericht>", b":Bsn>", b"xmlns:")


def personal(body: bytes) -> set[str]:
    """What a message tells of persons: names, numbers, where they live and, of clients, when they were born."""
    found = set()
    for element in etree.fromstring(body).iter("{*}*"):
        above, text = element.getparent(), (element.text or "").strip()
        holder = etree.QName(above).localname if above is not None else ""
        # A birth date that is wrong on purpose may be a day of something else.
        born = holder == "Geboortedatum" and "1901" < text < "2000"
        if len(text) > 4 and (born or etree.QName(element).localname in NAMED):
            found.add(text)
    return found


def on_disk(gateway: Gateway) -> Iterator[tuple[str, bytes]]:
    """Everything that the database has kept, by file or by table, as bytes."""
    if gateway.database.embedded:
        path = gateway.database.path
        for file in sorted(path.parent.glob(f"{path.name}*")):
            yield file.name, file.read_bytes()
        return
    with psycopg.connect(gateway.settings.database_url) as connection:
        tables = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
        for (table,) in tables:
            # Values as text, and what is binary as it is: both are what a dump holds.
            rows = connection.execute(sql.SQL("SELECT t::text FROM {} t").format(sql.Identifier(table)))
            yield table, "\n".join(row[0] for row in rows).encode()
            for binary in _binary(connection, table):
                yield f"{table}, binary", binary


def _binary(connection: "psycopg.Connection[tuple[object, ...]]", table: str) -> Iterator[bytes]:
    for row in connection.execute(sql.SQL("SELECT * FROM {}").format(sql.Identifier(table))):
        yield b"\n".join(bytes(value) for value in row if isinstance(value, bytes))


def nothing_of(gateway: Gateway, values: set[str]) -> None:
    looked_at = 0
    for where, kept in on_disk(gateway):
        looked_at += len(kept)
        shown = [piece for piece in XML if piece in kept]
        assert not shown, (where, shown)
        found = [value for value in values if value.encode() in kept]
        assert not found, (where, found)
    assert looked_at > 1000


def test_nothing_of_a_person_lies_in_the_database_whatever_was_sent(call: Callers) -> None:
    """Some of the fixtures, right and wrong and of every kind, each behind those that go before it."""
    values: set[str] = set()
    sent = set()
    for case in sorted(cases(), key=lambda case: case.path)[::9]:
        for path in (*(path for path, _ in case.vooraf), case.path):
            body = path.read_bytes()
            if path in sent or len(body) > 100_000:
                continue
            sent.add(path)
            document = document_of(body)
            answer = call.send(document.kop.afzender or document.kop.ontvanger or "", body)
            assert answer.status_code < 500, answer.text
            values |= personal(body)
    assert len(sent) > 50
    assert len(values) > 5
    nothing_of(call.gateway, values)


def test_faults_leave_nothing_of_a_person_either(call: Callers, monkeypatch: pytest.MonkeyPatch) -> None:
    def crash(*_: object, **__: object) -> None:
        raise ValueError(f"Bsn {PERSONAL[0]} of {PERSONAL[4]} {PERSONAL[3]}")

    with monkeypatch.context() as broken:
        broken.setattr("iwmo_gateway.gateway.judging.retourbericht", crash)
        said = call.send("42420001", lone_start()).json()
    assert said["status"] == "received"
    call.post("operator", "/v1/replays", {"ids": [said["id"]], "reason": "hersteld"})
    assert everything(call)[0]["status"] == "accepted"
    nothing_of(call.gateway, set(PERSONAL))


def test_what_is_looked_for_would_be_found(gateway: Gateway) -> None:
    """The search itself: a payload that lies there as it came is seen."""
    body = (FIXTURES / "vooraf" / "toewijzing-3.2.xml").read_bytes()
    if gateway.database.embedded:
        with closing(sqlite3.connect(gateway.database.path)) as connection:
            connection.execute("CREATE TABLE clear (xml BLOB)")
            connection.execute("INSERT INTO clear VALUES (?)", (body,))
            connection.commit()
    else:
        with psycopg.connect(gateway.settings.database_url) as connection:
            connection.execute("CREATE TABLE clear (xml BYTEA)")
            connection.execute("INSERT INTO clear VALUES (%s)", (body,))
    try:
        with pytest.raises(AssertionError, match="xmlns"):
            nothing_of(gateway, personal(body))
    finally:
        if not gateway.database.embedded:
            with psycopg.connect(gateway.settings.database_url) as connection:
                connection.execute("DROP TABLE clear")
