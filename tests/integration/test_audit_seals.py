"""The seals of the audit trail: what was changed, removed or added afterwards is found, whoever did it."""

# ruff: noqa: S608  who tampers writes SQL by hand

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from sqlalchemy import Table, func, insert, select, text

from iwmo_gateway.errors import StoreError
from iwmo_gateway.gateway import audit, sealing
from iwmo_gateway.gateway.context import Gateway, open_gateway
from iwmo_gateway.gateway.keyring import Keyring
from iwmo_gateway.gateway.sealing import Fault, Verified
from iwmo_gateway.settings import Settings
from iwmo_gateway.store import audit as stored
from iwmo_gateway.store import seals
from iwmo_gateway.store.audit import Action, Deed
from iwmo_gateway.store.database import Transaction
from iwmo_gateway.store.tables import audit as rows
from iwmo_gateway.store.tables import audit_seals
from tests.conftest import SECRET, TODAY

PATIENCE = 60
MESSAGES = [f"01970000-0000-7000-8000-{nr:012d}" for nr in range(3)]


def deed(nr: int) -> Deed:
    """One of many deeds that differ; some of several messages."""
    return Deed(
        at=TODAY + timedelta(seconds=nr, microseconds=nr),
        actor=f"party {nr}",
        action=Action.SEARCH,
        what="berichten",
        messages=tuple(MESSAGES) if nr % 2 else None,
        request=f"é{nr}",
    )


def fill(gateway: Gateway, number: int, first: int = 0) -> None:
    for nr in range(first, first + number):
        audit.record(gateway, deed(nr))


def verified(gateway: Gateway, head: bytes | None = None) -> Verified:
    return sealing.verify(gateway, head, lambda *_: None)


def ids(gateway: Gateway) -> list[int]:
    with gateway.database.reading() as transaction:
        return list(transaction.scalars(select(rows.c.id).order_by(rows.c.id)))


def head_of(gateway: Gateway) -> bytes:
    head = sealing.head(gateway)
    assert head is not None
    return head.hash


def tamper(gateway: Gateway, *statements: str) -> None:
    """As who may do anything with the database, but has not the key."""
    off, on = "ALTER TABLE {} DISABLE TRIGGER USER", "ALTER TABLE {} ENABLE TRIGGER USER"
    with gateway.database.writing() as transaction:
        for table in ("audit", "audit_seals"):
            if gateway.database.embedded:
                for kind in ("update", "delete"):
                    transaction.execute(text(f"DROP TRIGGER IF EXISTS {table}_refuses_{kind}"))
            else:
                transaction.execute(text(off.format(table)))
        for statement in statements:
            transaction.execute(text(statement))
        if not gateway.database.embedded:
            for table in ("audit", "audit_seals"):
                transaction.execute(text(on.format(table)))


@pytest.fixture
def sealed(gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> Gateway:
    """A gateway whose trail holds three seals of three rows each."""
    monkeypatch.setattr(sealing, "BATCH", 3)
    fill(gateway, 9)
    assert sealing.seal(gateway, TODAY) == 9
    return gateway


def test_what_was_not_touched_verifies(sealed: Gateway) -> None:
    heard: list[tuple[int, int]] = []
    found = sealing.verify(sealed, head_of(sealed), lambda done, total: heard.append((done, total)))
    assert (found.seals, found.rows, found.faults, found.late, found.unsealed) == (3, 9, [], [], 0)
    assert found.head == head_of(sealed).hex()
    assert heard == [(3, 9), (6, 9), (9, 9)]


def test_nothing_is_sealed_twice_and_what_comes_later_is_not_sealed_yet(sealed: Gateway) -> None:
    assert sealing.seal(sealed, TODAY) == 0
    fill(sealed, 2, first=9)
    found = verified(sealed)
    assert (found.seals, found.faults, found.unsealed) == (3, [], 2)
    assert found.oldest_unsealed == deed(9).at
    assert sealing.seal(sealed, TODAY) == 2
    assert (verified(sealed).seals, verified(sealed).unsealed) == (4, 0)


def test_an_empty_trail_verifies_and_has_no_head(gateway: Gateway) -> None:
    assert sealing.seal(gateway, TODAY) == 0
    assert sealing.head(gateway) is None
    assert verified(gateway) == Verified()


@pytest.mark.parametrize("column", ["actor", "what", "action", "request"])
def test_a_changed_row_is_found(sealed: Gateway, column: str) -> None:
    fifth = ids(sealed)[4]
    tamper(sealed, f"UPDATE audit SET {column} = 'send' WHERE id = {fifth}")
    assert verified(sealed).faults == [Fault(2, "rows do not fit", changed=((fifth, fifth),))]


def test_a_row_that_is_about_other_messages_afterwards_is_found(sealed: Gateway) -> None:
    second = ids(sealed)[1]
    tamper(sealed, f"UPDATE audit SET messages = NULL, message = '{MESSAGES[0]}' WHERE id = {second}")
    assert verified(sealed).faults == [Fault(1, "rows do not fit", changed=((second, second),))]


def test_a_removed_row_is_found(sealed: Gateway) -> None:
    numbers = ids(sealed)
    tamper(sealed, f"DELETE FROM audit WHERE id IN ({numbers[3]}, {numbers[4]})")
    assert verified(sealed).faults == [Fault(2, "rows do not fit", missing=((numbers[3], numbers[4]),))]


def test_rows_that_changed_places_are_found(sealed: Gateway) -> None:
    first, last = ids(sealed)[0], ids(sealed)[8]
    tamper(
        sealed,
        f"UPDATE audit SET id = -1 WHERE id = {first}",
        f"UPDATE audit SET id = {first} WHERE id = {last}",
        f"UPDATE audit SET id = {last} WHERE id = -1",
    )
    assert verified(sealed).faults == [
        Fault(1, "rows do not fit", changed=((first, first),)),
        Fault(3, "rows do not fit", changed=((last, last),)),
    ]


@pytest.mark.parametrize("place", ["before the first", "in a gap"])
def test_an_added_row_is_found(gateway: Gateway, place: str) -> None:
    fill(gateway, 1)
    with suppress(RuntimeError), gateway.database.writing() as transaction:
        stored.add(transaction, deed(1))
        raise RuntimeError
    fill(gateway, 1, first=2)
    # SQLite gives the number of a row that was rolled back to the next one: there a gap is made by hand.
    tamper(gateway, f"UPDATE audit SET id = {ids(gateway)[0] + 2} WHERE id = {ids(gateway)[1]}")
    sealing.seal(gateway, TODAY)
    assert verified(gateway).faults == []
    number = -7 if place == "before the first" else ids(gateway)[0] + 1
    with gateway.database.writing() as transaction:
        transaction.execute(
            insert(rows), {"id": number, "at": TODAY, "actor": "x", "action": "read", "what": "x", "outcome": "ok"}
        )
    assert verified(gateway).faults == [Fault(1, "rows do not fit", added=((number, number),))]


@pytest.mark.parametrize(
    ("change", "faults"),
    [
        ("UPDATE audit_seals SET last = last + 1 WHERE nr = 3", [Fault(3, "the seal itself was changed")]),
        ("UPDATE audit_seals SET ids = '[[1, 2]]' WHERE nr = 2", [Fault(2, "the seal itself was changed")]),
        ("DELETE FROM audit_seals WHERE nr = 2", [Fault(2, "missing, up to seal 3")]),
        ("DELETE FROM audit_seals WHERE nr < 3", [Fault(1, "missing, up to seal 3")]),
        (
            "UPDATE audit_seals SET key = 'another' WHERE nr = 1",
            [Fault(1, "made with a key that this gateway does not have, or changed")],
        ),
        (
            "UPDATE audit_seals SET previous = (SELECT hash FROM audit_seals WHERE nr = 1) WHERE nr = 3",
            [Fault(3, "the seal itself was changed"), Fault(3, "does not follow the seal before it")],
        ),
    ],
)
def test_a_changed_or_missing_seal_is_found(sealed: Gateway, change: str, faults: list[Fault]) -> None:
    tamper(sealed, change)
    assert verified(sealed).faults == faults


def test_who_has_no_key_cannot_seal(sealed: Gateway) -> None:
    """A row is changed, and its seal and all behind it are made anew, with everything but the key."""
    fourth = ids(sealed)[3]
    tamper(sealed, f"UPDATE audit SET actor = 'x' WHERE id = {fourth}", "DELETE FROM audit_seals WHERE nr > 1")
    forger = replace(sealed, keyring=Keyring(lambda: {1: b"x" * 32}))
    sealing.seal(forger, TODAY)
    unknown = "made with a key that this gateway does not have, or changed"
    assert verified(sealed).faults == [Fault(nr, unknown) for nr in (2, 3)]
    name = sealing._name(sealed.keyring.audit_keys[sealed.keyring.newest])
    tamper(sealed, f"UPDATE audit_seals SET key = '{name}'")
    assert [fault.seal for fault in verified(sealed).faults] == [2, 3]


def test_a_trail_that_was_sealed_with_an_older_key_verifies_as_long_as_that_key_is_here(sealed: Gateway) -> None:
    (first,) = sealed.keyring._read().values()
    keys = {1: first, 2: b"y" * 32}
    rotated = replace(sealed, keyring=Keyring(lambda: keys))
    fill(rotated, 1, first=9)
    assert sealing.seal(rotated, TODAY) == 1
    rotated.keyring.use(2, frozenset({1}))
    found = verified(rotated)
    assert (found.seals, found.faults) == (4, [])
    gone = replace(sealed, keyring=Keyring(lambda: {2: b"y" * 32}))
    assert [fault.seal for fault in verified(gone).faults] == [1, 2, 3]


@pytest.mark.parametrize("sealed_again", [False, True])
def test_a_cut_tail_is_found_by_a_head_that_was_kept_elsewhere(sealed: Gateway, sealed_again: bool) -> None:
    head, numbers = head_of(sealed), ids(sealed)
    tamper(sealed, f"DELETE FROM audit WHERE id >= {numbers[6]}", "DELETE FROM audit_seals WHERE nr = 3")
    if sealed_again:
        fill(sealed, 3, first=20)
        sealing.seal(sealed, TODAY)
    assert verified(sealed).faults == []
    (fault,) = verified(sealed, head).faults
    assert fault.told == "no seal has the expected hash: the chain was cut off, or made anew"


def test_an_older_head_is_in_the_chain_too(sealed: Gateway) -> None:
    head = head_of(sealed)
    fill(sealed, 3, first=9)
    sealing.seal(sealed, TODAY)
    assert head != head_of(sealed)
    assert verified(sealed, head).faults == []


def test_a_chain_that_was_made_anew_much_later_says_so(sealed: Gateway) -> None:
    tamper(sealed, "DELETE FROM audit_seals WHERE nr > 1")
    sealing.seal(sealed, TODAY + timedelta(days=2))
    assert (verified(sealed).faults, verified(sealed).late) == ([], [2, 3])


@pytest.mark.parametrize("table", ["audit", "audit_seals"])
@pytest.mark.parametrize("statement", ["UPDATE {} SET {} = {}", "DELETE FROM {}", "TRUNCATE {}"])
def test_the_database_itself_refuses_to_change_or_remove(sealed: Gateway, table: str, statement: str) -> None:
    if sealed.database.embedded and statement.startswith("TRUNCATE"):
        pytest.skip("SQLite has no TRUNCATE")
    column = "id" if table == "audit" else "nr"
    with pytest.raises(StoreError), sealed.database.writing() as transaction:
        transaction.execute(text(statement.format(table, column, column)))
    assert (len(ids(sealed)), verified(sealed).faults) == (9, [])


# --- at once --------------------------------------------------------------------------------------------------------


@contextmanager
def a_late_writer(gateway: Gateway, nr: int) -> Iterator[Event]:
    """Another transaction that has written a row, and commits when it is told to."""
    if gateway.database.embedded:
        pytest.skip("On SQLite one transaction writes at a time")
    wrote, go_on = Event(), Event()

    def write() -> None:
        with gateway.database.writing() as transaction:
            stored.add(transaction, deed(nr))
            transaction.execute(text("SELECT 1"))  # with which it is sent
            wrote.set()
            assert go_on.wait(PATIENCE)

    with ThreadPoolExecutor(1) as thread:
        done = thread.submit(write)
        try:
            assert wrote.wait(PATIENCE)
            yield go_on
        finally:
            go_on.set()
            done.result(PATIENCE)


def test_a_row_that_is_committed_behind_later_ones_is_waited_for(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(gateway, 1)
    looked, writers = Event(), seals.writers

    def looking(transaction: Transaction) -> set[str]:
        found = writers(transaction)
        looked.set()
        return found

    with ThreadPoolExecutor(1) as thread, a_late_writer(gateway, 1) as go_on:
        fill(gateway, 2, first=2)  # writers do not wait for each other
        monkeypatch.setattr(seals, "writers", looking)
        sealing_ = thread.submit(sealing.seal, gateway, TODAY)
        assert looked.wait(PATIENCE)
        fill(gateway, 1, first=4)  # nor for the sealer
        assert not sealing_.done()
        go_on.set()
        assert sealing_.result(PATIENCE) == 4
    assert sealing.seal(gateway, TODAY) == 1
    found = verified(gateway)
    assert (found.seals, found.rows, found.faults) == (2, 5, [])


def test_a_writer_that_goes_on_for_too_long_is_left_for_the_next_time(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sealing, "_LOOKS", 2)
    with a_late_writer(gateway, 0):
        fill(gateway, 2, first=1)
        assert sealing.seal(gateway, TODAY) == 0
        assert (verified(gateway).seals, verified(gateway).unsealed) == (0, 2)
    assert sealing.seal(gateway, TODAY) == 3
    assert verified(gateway).faults == []


def test_many_writers_and_sealers_at_once_make_one_chain(gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sealing, "BATCH", 7)

    def writing(first: int) -> None:
        fill(gateway, 20, first=first)

    def sealing_(_: int) -> None:
        for _ in range(5):
            sealing.seal(gateway, TODAY)

    with ThreadPoolExecutor(6) as threads:
        under_way = [threads.submit(work, 100 * nr) for nr in range(3) for work in (writing, sealing_)]
        for done in under_way:
            done.result(PATIENCE)
    sealing.seal(gateway, TODAY)
    found = verified(gateway)
    assert (found.rows, found.faults, found.unsealed) == (60, [], 0)


def test_a_sealer_that_is_killed_leaves_nothing_behind(gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(gateway, 3)
    add: Callable[..., None] = seals.add

    def killed(*arguments: Any) -> None:
        add(*arguments)
        raise SystemExit

    with monkeypatch.context() as patched:
        patched.setattr(seals, "add", killed)
        with pytest.raises(SystemExit):
            sealing.seal(gateway, TODAY)
    assert verified(gateway).seals == 0
    assert sealing.seal(gateway, TODAY) == 3
    assert verified(gateway).faults == []


# --- elsewhere ------------------------------------------------------------------------------------------------------


def copied(source: Gateway, target: Gateway, tables: Sequence[Table]) -> None:
    for table in tables:
        with source.database.reading() as transaction:
            found = [dict(row._mapping) for row in transaction.execute(select(table))]
        with target.database.writing() as transaction:
            transaction.execute(insert(table), found)


def test_a_copy_in_another_database_verifies_and_goes_on(sealed: Gateway, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'copy.db'}"
    copy = open_gateway(Settings(_env_file=None, database_url=url, secret_key=SECRET))
    try:
        copy.database.migrate()
        copied(sealed, copy, [rows, audit_seals])
        assert (verified(copy, head_of(sealed)).rows, verified(copy).faults) == (9, [])
        fill(copy, 2, first=9)
        assert sealing.seal(copy, TODAY) == 2
        assert (verified(copy, head_of(sealed)).rows, verified(copy).faults) == (11, [])
        with copy.database.reading() as transaction:
            assert transaction.scalar(select(func.count()).select_from(audit_seals)) == 4
    finally:
        copy.close()
