"""Claims by chance, judged by the rules alone: held against a plain ledger that counts days one by one."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from iwmo_gateway.rules.engine import Actie
from iwmo_gateway.rules.verdict import Outcome, Verdict
from tests.bookkeeping import Books
from tests.claims import (
    AANBIEDER,
    ANDERE_AANBIEDER,
    BSN,
    FEBRUARI,
    JANUARI,
    MAART,
    OTHER_BSN,
    Line,
    Terms,
    allocation,
    by_client,
    claim,
    invoice,
    period,
)
from tests.ledger import Ledger, allocated, days_of, month_of, most, take, within_the_most

DATED = date(2024, 5, 31)
MONTHS = [JANUARI, FEBRUARI, MAART, date(2023, 4, 1), date(2023, 5, 1)]
CODES = {"01": ("01A03", "01A04"), "02": ("02A16", "02A03")}
TARIEF = 100


def refusals(verdict: Verdict, lines: Sequence[Line]) -> list[set[str]]:
    """The rules that refuse each line of a 323, in the order of the message."""
    paths = [
        f"/Bericht/Declaratie/Clienten/Client[{number}]/Prestaties/Prestatie[{nr}]"
        for number, (_, own) in enumerate(by_client(lines), 1)
        for nr in range(1, len(own) + 1)
    ]
    found: dict[str, set[str]] = {path: set() for path in paths}
    for finding in verdict.findings:
        assert finding.actie is Actie.REJECT
        found[finding.pad].add(finding.regel)
    return list(found.values())


# --- what comes by chance -------------------------------------------------------------------------------------------


SIZES = [
    *[(unit, often) for unit in ("01", "04") for often in "1246"],
    *[(unit, often) for unit in ("82", "83") for often in "2246" if (unit, often) != ("83", "1")],
    *[(unit, often) for unit in ("14", "16", "84") for often in "24"],
]
"""Unit and frequency of an allocation."""


@st.composite
def terms_by_chance(draw: st.DrawFn, nummer: int = 810001, bsn: str = BSN) -> Terms:
    """An allocation of some weeks in the first half of 2023: by volume, by budget, or without either."""
    begin = JANUARI + timedelta(days=draw(st.integers(0, 45)))
    end = begin + timedelta(days=draw(st.one_of(st.integers(0, 100), st.sampled_from([-begin.weekday() % 7 + 6, 3]))))
    categorie = draw(st.sampled_from(["02", "02", "01"]))
    terms = Terms(nummer, bsn, categorie, None, begin, end, None)
    kind = draw(st.sampled_from(["volume"] * 6 + ["budget", "budget", "vrij"]))
    if kind == "budget":
        return replace(terms, budget=draw(st.integers(0, 3000)))
    if kind == "vrij":
        return terms
    eenheid, frequentie = draw(st.sampled_from(SIZES))
    return replace(
        terms,
        code=CODES[categorie][0],
        volume=draw(st.integers(0, 5)),
        eenheid=eenheid,
        frequentie=frequentie,
        end=end if frequentie == "2" or draw(st.booleans()) else None,
    )


def debit_by_chance(draw: Any, ledger: Ledger, referentie: str, last: date) -> Line:
    """A debit for a month of an allocation, not after this one, that takes about what is left."""
    terms = ledger.terms[draw(st.sampled_from(sorted(ledger.terms)))]
    nummer = int(str(terms.nummer))
    within = [first for first in MONTHS if first <= last and any(day.replace(day=1) == first for day in days_of(terms))]
    first = draw(st.sampled_from(within or [terms.begin.replace(day=1)]))
    unit = draw(st.sampled_from(["04", "01"])) if terms.eenheid == "04" else terms.eenheid
    room = [left for left in (ledger.left(nummer, first), ledger.left(nummer, None)) if left is not None]
    if terms.budget is not None:
        room = [
            (terms.budget - sum(line.cents for line in ledger.claimed(nummer))) * (60 if unit == "04" else 1) // TARIEF
        ]
    about = max(0, min(room, default=10)) // (60 if unit == "04" else 1)
    volume = max(0, draw(st.sampled_from([0, 0, 1, -1, -about // 2, 5])) + about)
    begin, end = period(terms, first)
    tarief = None if unit == "83" else TARIEF
    wrong = tarief is not None and draw(st.integers(0, 9)) == 0
    return Line(
        referentie, nummer, begin, end, volume, unit, tarief,
        bedrag=volume * (TARIEF + 1) + 1 if wrong else None,
        bsn=terms.bsn,
        categorie=terms.categorie,
        code=terms.code or draw(st.sampled_from(CODES[terms.categorie])),
    )  # fmt: skip


def credit_by_chance(draw: Any, ledger: Ledger, referentie: str) -> Line | None:
    """A credit of some earlier line, right or wrong."""
    some = sorted(ref for ref, line in ledger.lines.items() if line.cents)
    if not some:
        return None
    of = ledger.lines[draw(st.sampled_from(some))]
    volume = int(str(of.volume)) + (draw(st.integers(0, 7)) == 0)
    bedrag = volume if of.tarief is None else of.cents
    return replace(of, referentie=referentie, vorige=of.referentie, volume=volume, bedrag=bedrag, dc="C")


def claim_by_chance(draw: Any, ledger: Ledger, nr: int, last: date) -> list[Line]:
    """The lines of one message: no two debits for the same, no two credits of one."""
    lines: dict[object, Line] = {}
    for number in range(draw(st.integers(1, 4))):
        referentie = f"R{nr}-{number}"
        if ledger.lines and draw(st.integers(0, 14)) == 0:
            referentie = draw(st.sampled_from(sorted(ledger.lines)))
        credit = credit_by_chance(draw, ledger, referentie) if draw(st.integers(0, 3)) == 0 else None
        line = credit or debit_by_chance(draw, ledger, referentie, last)
        lines.setdefault(line.vorige or (line.nummer, line.code, line.begin, line.end), line)
    by_number = {line.referentie: line for line in lines.values() if line.referentie != line.vorige}
    kept = [line for line in by_number.values() if line.vorige not in by_number]
    return draw(st.permutations(kept)) if kept else []


def revised(draw: Any, terms: Terms, nr: int) -> Terms:
    """A newer version of an allocation: longer or shorter, more or less."""
    end = terms.end and max(terms.begin, terms.end + timedelta(days=draw(st.integers(-40, 40))))
    changed = replace(terms, made_at=terms.made_at + timedelta(days=nr + 1), end=end)
    if terms.budget is not None:
        return replace(changed, budget=draw(st.integers(0, 3000)))
    if terms.volume is None:
        return changed
    unit = draw(st.sampled_from(["01", "04"])) if terms.eenheid in {"01", "04"} else terms.eenheid
    return replace(changed, volume=draw(st.integers(0, 5)), eenheid=unit)


@settings(deadline=None, max_examples=250)
@given(st.data())
def test_a_line_is_approved_exactly_if_it_fits_by_a_count_of_days(data: st.DataObject) -> None:
    """Whatever comes: months, units, frequencies, minutes against hours, credits, wrong lines, newer allocations."""
    draw = data.draw
    terms = [draw(terms_by_chance(810001, BSN)), draw(terms_by_chance(810002, OTHER_BSN))]
    ledger = Ledger({int(str(one.nummer)): one for one in terms})
    books = allocated(*terms)
    last = 0
    for nr in range(draw(st.integers(1, 5))):
        if draw(st.integers(0, 2)) == 0:
            nummer = draw(st.sampled_from(sorted(ledger.terms)))
            ledger.terms[nummer] = revised(draw, ledger.terms[nummer], nr)
            assert take(books, allocation(ledger.terms[nummer], identificatie=f"V{nr}")).findings == ()
        last = draw(st.integers(last, len(MONTHS) - 1))
        lines = claim_by_chance(draw, ledger, nr, MONTHS[last])
        lines = [line for line in lines if line.vorige or month_of(line) <= MONTHS[last]]
        if not lines:
            continue
        body = claim(*lines, identificatie=f"B{nr}", nummer=f"D{nr}", maand=MONTHS[last], dagtekening=DATED)
        verdict = take(books, body)
        assert verdict.settlement is not None
        assert verdict.settlement.judged
        assert refusals(verdict, lines) == ledger.settle(lines)
        within_the_most(ledger, lines)


@settings(deadline=None, max_examples=150)
@given(terms_by_chance().filter(lambda terms: terms.volume))
def test_the_very_most_of_a_month_is_approved_and_one_more_is_not(terms: Terms) -> None:
    books, ledger = allocated(terms), Ledger({810001: terms})
    units = [(terms.eenheid, 60 if terms.eenheid == "04" else 1), *([("01", 1)] if terms.eenheid == "04" else [])]
    unit, of_unit = units[-1] if terms.begin.day % 2 else units[0]
    for first in [first for first in MONTHS if any(day.replace(day=1) == first for day in days_of(terms))]:
        left = min(room for room in (ledger.left(810001, first), ledger.left(810001, None)) if room is not None)
        begin, end = period(terms, first)
        line = Line("", 810001, begin, end, 0, unit, None if unit == "83" else TARIEF, code=str(terms.code))
        for more in (1, 0):
            name = f"{first:%m}{more}"
            asked = replace(line, referentie=name, volume=left // of_unit + more, categorie=terms.categorie)
            body = claim(asked, identificatie=name, nummer=name, maand=first, dagtekening=DATED)
            assert take(books, body).outcome is (Outcome.REFUSED if more else Outcome.ACCEPTED)
        ledger.settle([asked])


@settings(deadline=None, max_examples=40)
@given(st.integers(1, 9), st.sampled_from([("04", "01"), ("01", "04")]), st.integers(-90, 90))
def test_what_was_claimed_before_counts_in_the_unit_of_a_newer_version(
    hours: int, units: tuple[str, str], rest: int
) -> None:
    """A total in hours that becomes one in minutes, or the other way round, and half of it claimed before."""
    before, after = (Terms(volume=2 * hours * (60 if unit == "01" else 1), eenheid=unit) for unit in units)
    before, after = (replace(terms, frequentie="6", categorie="02") for terms in (before, after))
    books = allocated(before)
    first = Line("A", volume=hours * (60 if units[0] == "01" else 1), eenheid=units[0], tarief=TARIEF)
    assert take(books, claim(first, dagtekening=DATED)).outcome is Outcome.ACCEPTED
    newer = replace(after, made_at=after.made_at + timedelta(days=1))
    assert take(books, allocation(newer, identificatie="V")).findings == ()
    begin, end = period(after, MAART)
    minutes = max(0, hours * 60 + rest)
    body = claim(
        Line("B", 810001, begin, end, minutes, "01", TARIEF),
        identificatie="C",
        nummer="C",
        maand=MAART,
        dagtekening=DATED,
    )
    assert take(books, body).outcome is (Outcome.ACCEPTED if rest <= 0 else Outcome.REFUSED)


# --- credits --------------------------------------------------------------------------------------------------------


def claimed(books: Books) -> dict[object, tuple[int, int, int]]:
    """What is claimed: volume, amount and lines by allocation, product, period and unit."""
    found: Counter[tuple[object, str]] = Counter()
    for number, lines in books.claimed(books.counted, AANBIEDER).items():
        for one in lines:
            key = (number, one.categorie, one.code, one.begindatum, one.einddatum, one.eenheid)
            found.update({(key, "volume"): one.volume, (key, "bedrag"): one.bedrag, (key, "regels"): one.regels})
    return {
        key: (found[key, "volume"], found[key, "bedrag"], found[key, "regels"])
        for key, _ in found
        if found[key, "regels"]
    }


@settings(deadline=None, max_examples=60)
@given(st.data(), st.sampled_from([claim, invoice]))
def test_a_credit_gives_back_exactly_what_its_debit_took(data: st.DataObject, made: Any) -> None:
    terms = data.draw(terms_by_chance().filter(lambda one: one.volume and (made is claim or one.eenheid != "84")))
    books, ledger = allocated(terms), Ledger({810001: terms})
    sent = 0

    def send(*lines: Line) -> tuple[Outcome, dict[object, tuple[int, int, int]]]:
        nonlocal sent
        sent += 1
        named = {"identificatie": f"B{sent}"} | ({"nummer": f"D{sent}"} if made is claim else {})
        return take(books, made(*lines, maand=MONTHS[-1], dagtekening=DATED, **named)).outcome, claimed(books)

    lines = []
    months = [first for first in MONTHS if any(day.replace(day=1) == first for day in days_of(terms))]
    for nr, first in enumerate(data.draw(st.permutations(months))[:3]):
        left = [room for room in (ledger.left(810001, first), ledger.left(810001, None)) if room is not None]
        unit, of_unit = ("01", 1) if data.draw(st.booleans()) and terms.eenheid == "04" else (terms.eenheid, 60)
        full = min(left) // (of_unit if terms.eenheid == "04" else 1)
        volume = full if nr == len(months[:3]) - 1 else data.draw(st.integers(0, full))
        begin, end = period(terms, first)
        tarief = None if unit == "83" else TARIEF
        line = Line(f"R{nr}", 810001, begin, end, volume, unit, tarief, categorie=terms.categorie, code=str(terms.code))
        ledger.settle([line])
        lines.append(line)
    *others, line = lines
    if not line.cents:
        return
    _, before = send(*others) if others else (None, {})
    outcome, after = send(line)
    assert (outcome, after == before) == (Outcome.ACCEPTED, False)
    assert send(replace(line, referentie="X")) == (Outcome.REFUSED, after)
    assert send(replace(line, referentie="C", vorige=line.referentie)) == (Outcome.ACCEPTED, before)
    assert send(replace(line, referentie="C2", vorige=line.referentie)) == (Outcome.REFUSED, before)
    assert send(replace(line, referentie="N")) == (Outcome.ACCEPTED, after)
    both = [replace(line, referentie="N2"), replace(line, referentie="C3", vorige="N")]
    assert send(*data.draw(st.permutations(both))) == (Outcome.ACCEPTED, after)


# --- order ----------------------------------------------------------------------------------------------------------


@settings(deadline=None, max_examples=60)
@given(st.data())
def test_the_order_of_messages_about_other_allocations_changes_nothing(data: st.DataObject) -> None:
    """Claims of one provider keep the order of their months (TR318), those of one allocation their own."""
    owners = {810001: (BSN, AANBIEDER), 810002: (OTHER_BSN, AANBIEDER), 810003: (BSN, ANDERE_AANBIEDER)}
    terms = {nummer: data.draw(terms_by_chance(nummer, bsn)) for nummer, (bsn, _) in owners.items()}
    claims: list[tuple[str, date, Line]] = []
    for nummer, (bsn, aanbieder) in owners.items():
        own = terms[nummer]
        for first in [first for first in MONTHS if any(day.replace(day=1) == first for day in days_of(own))]:
            about = (most(own, first) or 10) // (60 if own.eenheid == "04" else 1)
            volume = data.draw(st.integers(0, about + 1))
            begin, end = period(own, first)
            tarief = None if own.eenheid == "83" else TARIEF
            line = Line(f"R{nummer}-{first:%m}", nummer, begin, end, volume, own.eenheid, tarief, bsn=bsn)
            line = replace(line, categorie=own.categorie, code=own.code or CODES[own.categorie][0])
            claims.append((aanbieder, first, line))

    def approved(order: Sequence[tuple[str, date, Line]]) -> tuple[set[str], int]:
        books, total, right = Books(), 0, set()
        for nummer, (_, aanbieder) in owners.items():
            take(books, allocation(terms[nummer], identificatie=f"T{nummer}", aanbieder=aanbieder))
        for aanbieder, first, line in order:
            number = line.referentie[-6:].replace("-", "")
            body = claim(line, identificatie=number, nummer=number, maand=first, dagtekening=DATED, aanbieder=aanbieder)
            verdict = take(books, body)
            assert verdict.settlement is not None
            assert verdict.settlement.judged
            total += verdict.settlement.toegekend
            right |= {line.referentie} if verdict.settlement.approved_lines else set()
        return right, total

    by_month = sorted(claims, key=lambda one: one[1])
    mixed = data.draw(st.permutations(claims))
    queues = {who: iter([one for one in sorted(mixed, key=lambda one: one[1]) if one[0] == who]) for who, *_ in claims}
    assert approved([next(queues[who]) for who, *_ in mixed]) == approved(by_month)


@settings(deadline=None, max_examples=60)
@given(st.data())
def test_what_fits_together_fits_in_any_order_and_however_it_is_divided(data: st.DataObject) -> None:
    terms = [data.draw(terms_by_chance(810001, BSN)), data.draw(terms_by_chance(810002, OTHER_BSN))]
    ledger, lines = Ledger({int(str(one.nummer)): one for one in terms}), []
    for nr in range(data.draw(st.integers(1, 8))):
        line = debit_by_chance(data.draw, ledger, f"R{nr}", MONTHS[-1])
        if line.cents and ledger.settle([line]) == [set()]:
            lines.append(line)
    books = allocated(*terms)
    lines = data.draw(st.permutations(lines))
    cuts = sorted(data.draw(st.sets(st.integers(1, max(1, len(lines) - 1)))))
    for nr, (begin, end) in enumerate(zip([0, *cuts], [*cuts, len(lines)], strict=True)):
        if part := lines[begin:end]:
            body = claim(*part, identificatie=f"B{nr}", nummer=f"D{nr}", maand=MONTHS[-1], dagtekening=DATED)
            assert take(books, body).outcome is Outcome.ACCEPTED
