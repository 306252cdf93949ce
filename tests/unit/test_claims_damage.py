"""Claims with whatever a schema lets through: never an exception, and always an answer that fits its own schema."""

from dataclasses import replace
from datetime import date, datetime
from typing import Any

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from iwmo_gateway.rules.verdict import Outcome
from tests.bookkeeping import Books
from tests.cases import profile
from tests.claims import (
    ANDERE_GEMEENTE,
    BSN,
    FEBRUARI,
    GEMEENTE,
    MAART,
    OTHER_BSN,
    Line,
    Month,
    Terms,
    Value,
    allocation,
    claim,
    invoice,
    month,
)
from tests.ledger import take

RHENEN = profile("rhenen-wmo-2023")
NUMBERS = ("0", "-0", "+3", " 4 ", "007", "59", "99999999", "0000000099999999")
PERCENTAGES = ("0", "1", "50", "100", "2100", "9999")
TOTALS = ("0", "-0", "1", "999999999999")
DAYS = (
    "0001-01-01", "-0044-03-15", "2020-12-31", "2021-01-01", "2023-01-31", "2023-02-01", "2023-02-10", "2023-02-28",
    "2023-03-31", "2024-02-29", "9999-12-01", "9999-12-31", "12023-01-01",
)  # fmt: skip
REFERENTIES = ("R1", "R2", "R3", "R4", "R5", "R1 ", " ", "é😀\t<&>")
EENHEDEN = {"323": ("01", "04", "14", "16", "82", "83", "84"), "303": ("01", "04", "14", "16", "21", "81", "82", "83")}
NUMMERS = ("810001", "810002", "810003", "810004", "810005", "000810001", "0", "999999999")


def allocations() -> list[bytes]:
    """Allocations of every kind: by the week, by budget, for ages and too much, removed."""
    first, last = date.min, date.max
    later = datetime(2023, 2, 20)  # noqa: DTZ001 the standard's moments have no zone
    terms = [
        Terms(810001),
        Terms(810002, OTHER_BSN, code=None, volume=None, budget=99_999_999),
        Terms(810003, begin=first, end=last, volume=99_999_999, frequentie="2"),
        Terms(810004, begin=first, end=last, volume=99_999_999, eenheid="82", frequentie="2"),
        Terms(810005),
        Terms(810005, end=FEBRUARI.replace(month=1), reden="13", made_at=later),
    ]
    return [
        allocation(one, identificatie=f"T{nr}", gemeente=gemeente)
        for gemeente in (GEMEENTE, ANDERE_GEMEENTE)
        for nr, one in enumerate(terms)
    ]


def accepted() -> Books:
    books = Books((RHENEN,))
    for body in allocations():
        assert take(books, body).findings == ()
    return books


EARLIER = accepted().counted


def mostly(draw: Any, usual: Value, *odd: Value) -> Any:
    """The usual value, and one in twelve times an odd one."""
    return draw(st.sampled_from(odd)) if draw(st.integers(0, 11)) == 11 else usual


@st.composite
def lines_by_chance(draw: st.DrawFn, soort: str) -> Line:
    """A line that is often right."""
    begin, end = month(draw(st.sampled_from([FEBRUARI, MAART])))
    usual = draw(st.sampled_from([BSN, BSN, OTHER_BSN]))
    line = Line(
        referentie=draw(st.sampled_from(REFERENTIES)),
        nummer=mostly(draw, "810002" if usual == OTHER_BSN else "810001", *NUMMERS),
        begin=mostly(draw, begin, *DAYS),
        end=mostly(draw, end, *DAYS),
        volume=mostly(draw, draw(st.integers(0, 9)), *NUMBERS),
        eenheid=mostly(draw, "04", *EENHEDEN[soort]),
        tarief=mostly(draw, 6000, None, *NUMBERS),
        vorige=draw(st.sampled_from([None, None, *REFERENTIES])),
        bsn=mostly(draw, usual, BSN, "999912009"),
        categorie=mostly(draw, "02", "01", "15"),
        code=mostly(draw, "02A16", "02A03", "ABCDE", "é"),
    )
    if soort == "303":
        line = replace(
            line,
            verrekenpercentage=mostly(draw, None, *PERCENTAGES, "99999"),
            berekend=mostly(draw, None, *NUMBERS),
            btw_vrij=mostly(draw, None, "1", "2"),
            btw_percentage=mostly(draw, None, *PERCENTAGES),
            btw=mostly(draw, None, *NUMBERS),
        )
    if line.eenheid == "83" and draw(st.booleans()):
        line = replace(line, tarief=None)
    return replace(line, bedrag=mostly(draw, min(line.cents, 99_999_999), *NUMBERS), dc=mostly(draw, None, "C", "D"))


def period_by_chance(draw: Any) -> Month:
    begin, end = month(draw(st.sampled_from([FEBRUARI, MAART])))
    return mostly(draw, begin, *DAYS), mostly(draw, end, *DAYS)


def claim_by_chance(draw: Any) -> bytes:
    lines = draw(st.lists(lines_by_chance("323"), min_size=1, max_size=4))
    return claim(
        *lines,
        identificatie=draw(st.sampled_from(["B1", "B2", "B3", " B1"])),
        nummer=draw(st.sampled_from(["D1", "D2", "D3"])),
        maand=period_by_chance(draw),
        dagtekening=mostly(draw, date(2023, 4, 3), *DAYS),
        gemeente=mostly(draw, draw(st.sampled_from([GEMEENTE, ANDERE_GEMEENTE])), "9999"),
        totaal=mostly(draw, None, *TOTALS),
        dc=mostly(draw, None, "C", "D"),
    )


def invoice_by_chance(draw: Any) -> bytes:
    lines = draw(st.lists(lines_by_chance("303"), min_size=1, max_size=4))
    btw = sum(int(str(line.btw or 0)) * (-1 if line.debet_credit == "C" else 1) for line in lines)
    made = invoice(
        *lines,
        identificatie=draw(st.sampled_from(["F1", "F2", "F3"])),
        bericht_code=draw(st.sampled_from(["416", "448"])),
        maand=period_by_chance(draw),
        dagtekening=mostly(draw, date(2023, 4, 3), *DAYS),
        gemeente=mostly(draw, draw(st.sampled_from([GEMEENTE, ANDERE_GEMEENTE])), "9999"),
        totaal=mostly(draw, None, *TOTALS),
        dc=mostly(draw, None, "C", "D"),
        btw_totaal=mostly(draw, btw or None, 0, 999_999_999_999),
    )
    return made.replace(b"1951-04-17", str(mostly(draw, "1951-04-17", "1951-04-18", *DAYS)).encode())


@settings(deadline=None, max_examples=300)
@given(st.data())
def test_whatever_the_schema_lets_through_is_judged_and_answered(data: st.DataObject) -> None:
    books = Books((RHENEN,), [*EARLIER])
    for _ in range(data.draw(st.integers(1, 4))):
        made = data.draw(st.sampled_from([claim_by_chance, invoice_by_chance]))
        verdict = take(books, made(data.draw))
        event(f"{made.__name__}: {verdict.outcome}")


@pytest.mark.parametrize("made", [claim, invoice])
@pytest.mark.parametrize("volume", [0, 99_999_999])
def test_the_least_and_the_most_that_a_line_can_hold_are_answered(made: Any, volume: int) -> None:
    """At the contract's tariff the most comes to more than a line of a 304 can tell."""
    books = Books((RHENEN,), [*EARLIER])
    line = Line(volume=volume, tarief=1)
    assert take(books, made(line, gemeente=ANDERE_GEMEENTE)).outcome is Outcome.REFUSED
    many = [replace(line, referentie=f"R{nr}", vorige=f"V{nr}") for nr in range(9)] if volume else []
    named = {"identificatie": "X2"} | ({"nummer": "X2"} if made is claim else {})
    assert take(books, made(replace(line, referentie="M"), *many, gemeente=ANDERE_GEMEENTE, **named)).outcome is (
        Outcome.REFUSED
    )
