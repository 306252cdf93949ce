"""The statements that go past SQLAlchemy on PostgreSQL: nothing half done is kept, and no dead connection is met."""

# ruff: noqa: PT012 an error comes where a statement is waited for, not where it is asked

from collections.abc import Iterator
from contextlib import closing, contextmanager
from itertools import pairwise

import psycopg
import pytest
from sqlalchemy import event, func, insert, select, text

from iwmo_gateway.errors import StoreConflict, StoreError, StoreUnavailable
from iwmo_gateway.store import engines, messages
from iwmo_gateway.store.database import Database, Transaction
from iwmo_gateway.store.messages import Event, Message, Sealed, Status
from iwmo_gateway.store.prepared import Prepared
from iwmo_gateway.store.tables import events, mailbox, parties
from iwmo_gateway.store.tables import messages as table
from tests.conftest import TODAY

pytestmark = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)

ID, OTHER = "0197a000-0000-7000-8000-000000000001", "0197a000-0000-7000-8000-000000000002"
ENTRY = Prepared(insert(mailbox))
PARTY = Prepared(insert(parties))
HOW_MANY = Prepared(select(func.count()).select_from(table))
PID = Prepared(select(func.pg_backend_pid()))


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    with closing(Database(database_url)) as opened:
        yield opened


# --- what is under way ----------------------------------------------------------------------------------------------


def test_additions_go_together_with_what_comes_next(database: Database) -> None:
    with asked(database) as said, database.writing() as transaction:
        add(transaction, ID)
        happen(transaction, ID, "one", "two")
        assert said == []
        assert messages.by_id(transaction, ID) is not None
        assert [statement.count("INSERT INTO") for statement in said] == [2, 0]
        happen(transaction, ID, "three")
    assert [statement.count("INSERT INTO") for statement in said] == [2, 0, 1]
    assert what_happened(database) == ["one", "two", "three"]


def test_additions_to_one_table_are_numbered_in_their_order(database: Database) -> None:
    names = [f"event {nr}" for nr in range(40)]
    with asked(database) as said, database.writing() as transaction:
        add(transaction, ID)
        for first, second in zip(names[::2], names[1::2], strict=True):
            happen(transaction, ID, first, second)
        happen(transaction, ID, *names)
    # Within one statement PostgreSQL promises no order.
    assert max(statement.count("INSERT INTO events") for statement in said) == 1
    assert what_happened(database) == names * 2
    with database.reading() as transaction:
        numbers = transaction.scalars(select(events.c.id).order_by(events.c.id))
    assert all(former < later for former, later in pairwise(numbers))


@pytest.mark.parametrize("read", [True, False])
def test_an_error_in_the_middle_leaves_nothing_and_costs_no_connection(database: Database, *, read: bool) -> None:
    before = pid(database)
    with pytest.raises(StoreError) as told, database.writing() as transaction:
        add(transaction, ID)
        transaction.execute(ENTRY, entry(OTHER))
        if read:
            transaction.scalar(HOW_MANY)
        happen(transaction, ID, "never")
    assert "ForeignKeyViolation" in str(told.value)
    assert (how_many(database), what_happened(database)) == (0, [])
    with database.writing() as transaction:
        add(transaction, ID)
    assert (how_many(database), pid(database)) == (1, before)


@pytest.mark.parametrize("first", ["prepared", "by SQLAlchemy", "by the driver"])
def test_what_is_broken_off_leaves_nothing_however_it_began(database: Database, first: str) -> None:
    with pytest.raises(ZeroDivisionError), database.writing() as transaction:
        if first == "by SQLAlchemy":
            transaction.execute(insert(parties).values(code="0001", kind="gemeente", created_at=TODAY))
        elif first == "by the driver":
            transaction.driver.execute("DELETE FROM alembic_version")
        add(transaction, ID)
        transaction.scalar(HOW_MANY)
        happen(transaction, ID, "sent, but not committed")
        raise ZeroDivisionError
    with database.reading() as transaction:
        left = [transaction.scalar(select(func.count()).select_from(one)) for one in (table, parties, events)]
        assert left == [0, 0, 0]
    assert database.current_revision == database.newest_revision


def test_both_ways_of_asking_are_one_transaction(database: Database) -> None:
    with database.writing() as transaction, closing(Database(url(database))) as other:
        add(transaction, ID)
        assert transaction.scalar(select(func.count()).select_from(table)) == 1
        add(transaction, OTHER)
        assert transaction.scalar(HOW_MANY) == 2
        assert how_many(other) == 0
    assert how_many(database) == 2


def test_a_number_that_another_message_was_first_to_use_is_a_conflict(database: Database) -> None:
    with database.writing() as transaction:
        add(transaction, ID)
    with pytest.raises(StoreConflict), database.writing() as transaction:
        transaction.execute(PARTY, {"code": "0001", "kind": "gemeente", "created_at": TODAY})
        add(transaction, ID)
        happen(transaction, ID, "never")
    assert what_happened(database) == []


# --- the connection -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("rested", [True, False])
def test_a_connection_that_died_in_the_pool_is_not_met(
    database: Database, monkeypatch: pytest.MonkeyPatch, *, rested: bool
) -> None:
    """After a rest it is tried; within it the server's good-bye is seen."""
    monkeypatch.setattr(engines, "_REST_SECONDS", -1 if rested else 3600)
    if rested:
        monkeypatch.setattr(engines, "_speaks", lambda _: False)  # as after a fall that nobody was told of
    before = pid(database)
    cut(database, before)
    with database.writing() as transaction:
        add(transaction, ID)
    assert pid(database) != before


def test_a_connection_that_is_used_again_at_once_is_not_tried(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engines, "_REST_SECONDS", 3600)
    before = pid(database)
    monkeypatch.setattr(database.engine.dialect, "do_ping", None)
    assert [pid(database) for _ in range(3)] == [before] * 3


@pytest.mark.parametrize("read", [True, False])
def test_a_connection_that_dies_while_it_is_used_is_not_used_again(database: Database, *, read: bool) -> None:
    with pytest.raises(StoreUnavailable), database.writing() as transaction:
        add(transaction, ID)
        before = transaction.scalar(PID)
        cut(database, before)
        happen(transaction, ID, "never")
        if read:
            transaction.scalar(HOW_MANY)
    assert pid(database) != before
    assert how_many(database) == 0


def test_one_server_that_may_not_be_written_to_takes_all_connections_to_it_along(database: Database) -> None:
    """As after a fail-over: whoever comes next finds the new server."""
    read_only = text("SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY")
    with database.reading() as one, database.reading() as another:
        one.execute(read_only)
        another.execute(read_only)
    with pytest.raises(StoreUnavailable), database.writing() as transaction:
        add(transaction, ID)
    with database.writing() as transaction:
        add(transaction, ID)
    assert how_many(database) == 1


# --- what these tests share -----------------------------------------------------------------------------------------


def add(transaction: Transaction, identity: str) -> None:
    """Keep a message of ours."""
    message = Message(
        id=identity,
        domain="wmo",
        soort="WMO306",
        release="3.2",
        afzender="0340",
        ontvanger="65656055",
        identificatie=identity[-12:],
        dagtekening=TODAY.date(),
        digest=identity.encode()[-32:],
        size=1,
        received_at=TODAY,
        status=Status.ACCEPTED,
    )
    messages.insert_answer(transaction, message, Sealed(0, b"<x/>"))


def happen(transaction: Transaction, identity: str, *names: str) -> None:
    messages.insert_events(transaction, identity, [Event(TODAY, name, "gateway") for name in names])


def entry(message: str) -> dict[str, object]:
    """Of a party that there is not."""
    return {"party": "0001", "nr": 1, "message": message, "created_at": TODAY}


@contextmanager
def asked(database: Database) -> Iterator[list[str]]:
    """What is sent to the database in the meantime."""
    said: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        said.append(statement)

    event.listen(database.engine, "before_cursor_execute", note)
    yield said
    event.remove(database.engine, "before_cursor_execute", note)


def what_happened(database: Database) -> list[str]:
    with database.reading() as transaction:
        return [one.event for one in messages.events_of(transaction, ID)]


def how_many(database: Database) -> int:
    with database.reading() as transaction:
        return int(transaction.scalar(HOW_MANY))


def pid(database: Database) -> int:
    """The process of the server behind the connection that is used next."""
    with database.reading() as transaction:
        return int(transaction.scalar(PID))


def url(database: Database) -> str:
    return database.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)


def cut(database: Database, process: int) -> None:
    """End a process of the server, and wait until it is gone."""
    with psycopg.connect(url(database), autocommit=True) as connection:
        connection.execute("SELECT pg_terminate_backend(%s, 5000)", (process,))
