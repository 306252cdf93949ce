"""Searches in stores that are small and large, on PostgreSQL, without HTTP, whose cost would hide a difference.

Messages of twenty parties, a tenth of them refused with two findings, each about an allocation, and lines of claims
beside them: all by COPY. What is asked is as a clerk does it: a number of any kind in one field, a party's newest of
one status, what a rule refused. Each search finds as much in either store.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, Final

from bench.goals import Row, by_turns, timed
from bench.lines import GEMEENTE
from bench.stores import a_message, earlier_lines, fill
from bench.traffic import AANBIEDERS, GEMEENTEN
from iwmo_gateway.gateway import results
from iwmo_gateway.gateway.access import Caller
from iwmo_gateway.gateway.context import Gateway, new_id
from iwmo_gateway.store.messages import Status
from iwmo_gateway.store.parties import TokenRole
from iwmo_gateway.store.search import Search
from iwmo_gateway.store.tables import findings, judgements, messages, numbers, prestaties

_SENT_AT: Final = datetime(2024, 1, 1, tzinfo=UTC)
_PAGE: Final = 51
_LOOKS: Final = 20
_RULES: Final = ("TR019", "TR018", "TR056", "TR134", "TR302")


def measure(stores: Sequence[Gateway], *, quick: bool, told: Callable[[str], None]) -> Iterator[Row]:
    """Each search by turns in both; `stores` are two empty databases."""
    few, many = (1_000, 5_000) if quick else (10_000, 1_000_000)
    for store, amount in zip(stores, (few, many), strict=True):
        told(f"searches: a store of {amount:,} messages")
        _filled(store, amount)
    operator = Caller(TokenRole.OPERATOR, None, "operator:bench", _SENT_AT)
    party = Caller(TokenRole.PARTY, GEMEENTE, GEMEENTE, _SENT_AT)
    codes = (*GEMEENTEN, *AANBIEDERS)
    known = f"M{len(codes) * 20 + codes.index(GEMEENTE)}"
    asked = {
        "a number of any kind, by an operator": (operator, Search(number=known), 1),
        "a number of any kind, by a party": (party, Search(number=known), 1),
        "an allocation's number, by a party": (party, Search(number="500000100"), None),
        "a number that is nowhere, by an operator": (operator, Search(number="NERGENS"), 0),
        "the newest of a party": (party, Search(), None),
        "the newest of a party with a status": (party, Search(status=Status.REJECTED), None),
        "what a rule refused, by an operator": (operator, Search(regel="TR019"), None),
        "a kind and status of some hours": (
            operator,
            Search(
                soort="WMO305",
                status=Status.ACCEPTED,
                received_from=_SENT_AT,
                received_until=_SENT_AT + timedelta(hours=4),
            ),
            _PAGE,
        ),
    }
    told("searches")
    for what, (caller, wanted, expected) in asked.items():

        def look(
            which: int, caller: Caller = caller, wanted: Search = wanted, expected: int | None = expected
        ) -> float:
            return timed(partial(_looked, stores[which], caller, wanted, expected)) / _LOOKS

        pairs = by_turns(2 if quick else 7, partial(look, 1), partial(look, 0))
        yield Row.of_pairs(f"{what}, {many:,} messages in store against {few:,}, ms", pairs, at_most=2, scale=1e3)


def _looked(store: Gateway, caller: Caller, wanted: Search, expected: int | None) -> None:
    for _ in range(_LOOKS):
        found = results.search(store, caller, wanted, before=None, limit=_PAGE)
        if expected is not None and len(found) != expected:
            raise SystemExit(f"{len(found)} messages found, not {expected}: {wanted}")


def _filled(store: Gateway, amount: int) -> None:
    codes = (*GEMEENTEN, *AANBIEDERS)
    ids = [new_id(_SENT_AT + timedelta(seconds=30 * number)) for number in range(amount)]
    fill(store, messages, (_made(number, ids[number], codes) for number in range(amount)))
    fill(store, judgements, (_judged(number, ids[number]) for number in range(amount)))
    fill(store, findings, (row for number in range(0, amount, 10) for row in _found(number, ids[number])))
    fill(
        store,
        numbers,
        ({"message": ids[number], "toewijzing_nummer": 500_000_000 + number // 3} for number in range(amount)),
    )
    fill(store, prestaties, earlier_lines(amount // 2))


def _made(number: int, message: str, codes: Sequence[str]) -> Mapping[str, Any]:
    return {
        **a_message(number, message, codes),
        "soort": ("WMO305", "WMO307", "WMO323", "WMO315")[number % 7 % 4],
        "received_at": _SENT_AT + timedelta(seconds=30 * number),
        "status": _status(number),
    }


def _status(number: int) -> Status:
    return Status.ACCEPTED if number % 10 else Status.REJECTED


def _judged(number: int, message: str) -> Mapping[str, Any]:
    at = _SENT_AT + timedelta(seconds=30 * number)
    return {
        "message": message,
        "nr": 1,
        "at": at,
        "received_at": at,
        "status": _status(number),
        "xsd": "iwmo-3.2/1.0.0",
        "regels": "0.1.0",
        "contract": "[]",
        "bevindingen": 0 if number % 10 else 2,
        "more": False,
    }


def _found(number: int, message: str) -> Iterator[Mapping[str, Any]]:
    for nr in range(2):
        yield {
            "message": message,
            "judgement": 1,
            "nr": nr,
            "regel": _RULES[(number // 10 + nr) % len(_RULES)],
            "niveau": 3,
            "retourcode": "9019",
            "klasse": "StartProduct",
            "pad": "/Bericht/Client/StartProducten/StartProduct[1]",
            "regelnummer": 33,
            "tekst": "De start hoort bij een geldige toewijzing.",
            "actie": "reject",
        }
