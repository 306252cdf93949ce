"""A claim of 500 lines, and a look into a mailbox, against stores that are small and large, on PostgreSQL.

Both stores have the same allocations and get the same claims by turns. They differ in what else is there: lines of
earlier claims on other allocations (a sixteenth of them by the same provider, all at the same municipality), or
messages in the mailboxes of twenty parties. Rows go in by COPY; PostgreSQL gathers its statistics before measuring.
"""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import Any, Final

from sqlalchemy import Table, func, insert, select, text

from bench.goals import Row, by_turns, timed
from bench.lines import CLAIMED_AT, GEMEENTE, Provider, load_contract
from bench.traffic import AANBIEDERS, GEMEENTEN
from iwmo_gateway.gateway import mailbox as mailboxes
from iwmo_gateway.gateway.context import Gateway, new_id
from iwmo_gateway.gateway.receive import Taken, receive
from iwmo_gateway.store.database import bulk_insert
from iwmo_gateway.store.mailbox import kind_of
from iwmo_gateway.store.messages import Status
from iwmo_gateway.store.tables import mailbox, messages, parties, prestaties

_A_CLAIM: Final = 500
"""Lines of one of the claims that are there already."""
_WAITING: Final = 20
"""How many entries the party that looks has not acknowledged, in either store."""
_LOOKS: Final = 100
"""In a round."""
_PAGE: Final = 101
"""What the endpoint asks for at most, by default, and one more."""
_SENT_AT: Final = datetime(2024, 1, 1, tzinfo=UTC)


def measure(stores: Sequence[Gateway], *, quick: bool, told: Callable[[str], None]) -> Iterator[Row]:
    """A claim; `stores` are two empty databases."""
    few, many = (1_000, 5_000) if quick else (10_000, 1_000_000)
    provider, warming = Provider(0, 50), Provider(1, 1)
    for store, lines in zip(stores, (few, many), strict=True):
        told(f"a claim of {provider.lines} lines: a store of {lines:,} lines")
        load_contract(store)
        for each in (provider, warming):
            each.allocate(store)
        fill(store, prestaties, earlier_lines(lines))
        if _count(store, prestaties) < lines:
            raise SystemExit("The store is not filled")
    told(f"a claim of {provider.lines} lines")
    rounds = 2 if quick else 10
    numbers = [iter(range(rounds + 1)) for _ in stores]

    def claim(which: int) -> float:
        body = provider.claim(next(numbers[which]), refused=False)
        return timed(lambda: _accepted(stores[which], provider, body))

    pairs = by_turns(rounds, lambda: claim(1), lambda: claim(0))
    what = f"a claim of {provider.lines} lines, {many:,} lines in store against {few:,}, ms"
    yield Row.of_pairs(what, pairs, at_most=1.2, scale=1e3)


def measure_mailbox(stores: Sequence[Gateway], *, quick: bool, told: Callable[[str], None]) -> Iterator[Row]:
    """A look into a mailbox, without HTTP; `stores` are two empty databases."""
    few, many = (1_000, 5_000) if quick else (1_000, 1_000_000)
    for store, amount in zip(stores, (few, many), strict=True):
        told(f"a mailbox: a store of {amount:,} messages")
        _fill_mailboxes(store, amount)

    def look(which: int) -> float:
        return timed(partial(_looked, stores[which], _LOOKS)) / _LOOKS

    told("a mailbox")
    pairs = by_turns(2 if quick else 10, partial(look, 1), partial(look, 0))
    what = f"a look into a mailbox, {many:,} messages in store against {few:,}, ms"
    yield Row.of_pairs(what, pairs, at_most=1.5, scale=1e3)


def _accepted(store: Gateway, provider: Provider, body: bytes) -> None:
    taken = receive(store, provider.caller, body, CLAIMED_AT)
    if not isinstance(taken, Taken) or taken.result.message.status is not Status.ACCEPTED:
        raise SystemExit(f"A claim should be accepted: {taken}")


def _looked(store: Gateway, times: int) -> None:
    for _ in range(times):
        found = mailboxes.waiting(store, GEMEENTE, after=0, limit=_PAGE)
        if len(found) != _WAITING:
            raise SystemExit(f"{len(found)} messages wait, not {_WAITING}")


def earlier_lines(amount: int) -> Iterator[Mapping[str, Any]]:
    """Lines as earlier claims left them, each claim for one month and by another provider than the one before."""
    for number in range(amount):
        claim, line = divmod(number, _A_CLAIM)
        if line == 0:
            message = new_id(_SENT_AT + timedelta(minutes=claim))
            begin = date(2021 + claim // 12 % 2, claim % 12 + 1, 1)
        if line % 10 == 0:
            client = os.urandom(16)
        yield {
            "message": message,
            "domain": "wmo",
            "soort": "WMO323",
            "gemeente": GEMEENTE,
            "aanbieder": AANBIEDERS[claim % len(AANBIEDERS)],
            "client": client,
            "referentie_nummer": f"E{claim}-{line}",
            "toewijzing_nummer": 500_000_000 + number // 3,
            "categorie": "02",
            "code": "02A03",
            "begindatum": begin,
            "einddatum": begin.replace(day=28),
            "volume": 600,
            "eenheid": "01",
            "tarief": 77,
            "bedrag": 46_460,
            "btw": 0,
            "credit": False,
            "approved": line % 20 != 0,
            "held": False,
            "holds_reference": True,
            "client_nr": line // 10 + 1,
            "regel_nr": line % 10 + 1,
        }


def _fill_mailboxes(store: Gateway, amount: int) -> None:
    """Messages of some KB to twenty parties; all but the last ones to the party that looks are acknowledged."""
    codes = (*GEMEENTEN, *AANBIEDERS)
    ids = [new_id(_SENT_AT + timedelta(seconds=number)) for number in range(amount)]
    with store.database.writing() as transaction:
        transaction.execute(
            insert(parties),
            [{"code": code, "kind": kind_of(code), "mailbox_nr": amount, "created_at": _SENT_AT} for code in codes],
        )
    fill(store, messages, (a_message(number, ids[number], codes) for number in range(amount)))
    fill(store, mailbox, _entries(ids, codes))


def a_message(number: int, message: str, codes: Sequence[str]) -> Mapping[str, Any]:
    return {
        "id": message,
        "domain": "wmo",
        "soort": "WMO305",
        "release": "3.2",
        "afzender": AANBIEDERS[number % len(AANBIEDERS)],
        "ontvanger": codes[number % len(codes)],
        "identificatie": f"M{number}",
        "dagtekening": _SENT_AT.date(),
        "digest": os.urandom(32),
        "size": 2_000,
        "received_at": _SENT_AT + timedelta(seconds=number),
        "status": Status.ACCEPTED,
        "judgements": 1,
        "holds_identification": True,
        "forwarded": True,
        "own": False,
        "xml": os.urandom(700),
    }


def _entries(ids: Sequence[str], codes: Sequence[str]) -> Iterator[Mapping[str, Any]]:
    own = [number for number in range(len(ids)) if codes[number % len(codes)] == GEMEENTE]
    waiting = set(own[-_WAITING:])
    for number, message in enumerate(ids):
        done = None if number in waiting else _SENT_AT + timedelta(days=1, seconds=number)
        yield {
            "party": codes[number % len(codes)],
            "nr": number // len(codes) + 1,
            "message": message,
            "created_at": _SENT_AT + timedelta(seconds=number),
            "fetched_at": done,
            "acknowledged_at": done,
        }


def fill(store: Gateway, table: Table, rows: Iterator[Mapping[str, Any]]) -> None:
    with store.database.writing() as transaction:
        bulk_insert(transaction, table, rows)
    with store.database.writing() as transaction:
        transaction.execute(text(f"ANALYZE {table.name}"))


def _count(store: Gateway, table: Table) -> int:
    with store.database.reading() as transaction:
        return transaction.scalar(select(func.count()).select_from(table)) or 0
