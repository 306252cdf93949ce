"""A claim of four hundred lines asks as little of the database as one of ten."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from typing import Any

import psycopg
import pytest
from sqlalchemy import event

from iwmo_gateway.gateway.context import Gateway
from iwmo_gateway.standard.codelists import Lijstsoort
from tests.bookkeeping import CODELISTS
from tests.claims import AANBIEDER, BSN, GEMEENTE, OTHER_BSN, Line, Terms, allocation, claim, invoice
from tests.claims import month as days_of
from tests.conftest import Callers
from tests.integration.test_http_builders import Json

CODES = sorted(
    code
    for edition in CODELISTS.editions
    for code, (regel, *_) in edition.codes.items()
    if edition.soort is Lijstsoort.PRODUCTCODES and regel.naam == "02"
)
SIZES = {"A": 10, "B": 400}
FREE = Terms(code=None, volume=None, begin=date(2022, 1, 1))
"""An allocation of a whole category, without a size: any code in it may be claimed for any month."""


@contextmanager
def statements(gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """What is asked of the database meanwhile; COPY too, which does not pass through SQLAlchemy."""
    asked: list[str] = []
    copy = psycopg.Cursor.copy

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        asked.append(statement)

    def note_copy(cursor: Any, statement: Any, *rest: Any, **named: Any) -> Any:
        asked.append(statement.as_string())
        return copy(cursor, statement, *rest, **named)

    event.listen(gateway.database.engine, "before_cursor_execute", note)
    with monkeypatch.context() as patched:
        patched.setattr(psycopg.Cursor, "copy", note_copy)
        yield asked
    event.remove(gateway.database.engine, "before_cursor_execute", note)


def gist(asked: list[str]) -> set[str]:
    """The first words of each statement, and of each addition in one; COPY is how PostgreSQL inserts many rows."""
    told: set[str] = set()
    for statement in asked:
        words = statement.replace('"', "").replace("COPY", "INSERT INTO")
        parts = re.findall(r"INSERT INTO \w+", words) or [" ".join(words.split()[:3])]
        told.update(parts)
    return told


def lines(number: int, prefix: str, **said: Any) -> list[Line]:
    """So many lines for two clients: each a product and a month of its own, and other ones for each prefix."""
    months = [date(2022, nr, 1) for nr in range(1, 13)][ord(prefix) % 2 :: 2]
    places = [(bsn, nummer, code, first) for first in months for code in CODES for bsn, nummer in CLIENTS.items()]
    return [
        replace(Line(f"{prefix}{nr}", nummer, *days_of(first), bsn=bsn, code=code), **said)
        for nr, (bsn, nummer, code, first) in enumerate(places[:number])
    ]


CLIENTS = {BSN: 810001, OTHER_BSN: 810002}
KINDS: dict[str, tuple[Json, Json, str, int]] = {
    "accepted": ({}, {}, "accepted", 0),
    "refused": ({"bedrag": 1}, {"nummer": 799999}, "refused", 1),
    "content": ({"tarief": None}, {"btw_percentage": 2100}, "rejected", 1),
    "schema": ({"eenheid": "99"}, {"eenheid": "99"}, "invalid", 1),
}
"""What the lines of a 323 and of a 303 say otherwise, what becomes of it, and how many findings a line has."""


@pytest.mark.parametrize("made", [claim, invoice])
@pytest.mark.parametrize("kind", [*sorted(KINDS), "credits", "used numbers"])
def test_the_number_of_statements_does_not_grow_with_the_lines(
    call: Callers, monkeypatch: pytest.MonkeyPatch, kind: str, made: Any
) -> None:
    of_323, of_303, status, findings = KINDS.get(kind) or ({}, {}, "accepted", 0)
    if kind == "used numbers":
        status, findings = "refused", 1
    for bsn, nummer in CLIENTS.items():
        terms = replace(FREE, nummer=nummer, bsn=bsn)
        assert call.send(GEMEENTE, allocation(terms, identificatie=f"T{nummer}")).json()["status"] == "accepted"
    if kind in {"credits", "used numbers"}:
        every = [line for prefix, number in SIZES.items() for line in lines(number, prefix)]
        assert call.send(AANBIEDER, made(*every, identificatie="EERDER")).json()["status"] == "accepted"
    call.headers(AANBIEDER)
    asked: dict[str, list[str]] = {}
    for prefix, number in SIZES.items():
        sent = lines(number, prefix, **(of_323 if made is claim else of_303))
        if kind == "credits":
            sent = [replace(line, referentie=f"C{line.referentie}", vorige=line.referentie) for line in sent]
        named = {"identificatie": prefix} | ({"nummer": prefix} if made is claim else {})
        body = made(*sent, **named)
        with statements(call.gateway, monkeypatch) as asked[prefix]:
            answer = call.send(AANBIEDER, body)
        if status == "invalid":
            assert answer.status_code == 422
        else:
            said = answer.json()
            assert (said["status"], said["bevindingen_totaal"]) == (status, findings * number)
    few, many = (gist(asked[prefix]) for prefix in SIZES)
    assert few == many
    # A COPY goes by itself, where a few rows go along with other additions.
    assert 5 < len(asked["B"]) <= len(asked["A"]) + 2 < 40
