"""Claims that come at once end as if each had come after the other: nothing is claimed, used or credited twice."""

from contextlib import suppress
from dataclasses import replace
from datetime import date
from threading import Barrier, BrokenBarrierError
from typing import Any

import pytest

from iwmo_gateway.gateway import judging, replaying
from iwmo_gateway.gateway.context import Gateway
from iwmo_gateway.gateway.results import Result
from iwmo_gateway.gateway.waiting import judge_next
from iwmo_gateway.store import claims, facts
from iwmo_gateway.store.messages import Status
from iwmo_gateway.store.tables import declaraties, prestaties
from tests.cases import noon
from tests.claims import (
    AANBIEDER,
    ANDERE_GEMEENTE,
    FEBRUARI,
    GEMEENTE,
    JANUARI,
    Line,
    Terms,
    allocation,
    claim,
    invoice,
    month,
)
from tests.integration.test_races import (
    LATER,
    MANY,
    at_once,
    both_come_to,
    codes,
    count,
    kinds_waiting,
    made,
    replayed,
    results,
    send,
)

TOTAL = Terms(volume=20, frequentie="6", begin=date(2022, 1, 1))
"""Twenty hours in all, of which months of 2022 and 2023 take."""


@pytest.fixture(autouse=True)
def allocated(gateway: Gateway) -> None:
    for gemeente in (GEMEENTE, ANDERE_GEMEENTE):
        taken = send(gateway, gemeente, allocation(TOTAL, gemeente=gemeente))
        assert taken.result.message.status is Status.ACCEPTED


def numbered(nr: int, line: Line, **said: Any) -> bytes:
    """A claim of this line with numbers of its own."""
    return claim(line, **{"identificatie": f"B{nr}", "nummer": f"D{nr}", **said})


def hours(nr: int, volume: int) -> Line:
    """A line for a month of its own."""
    begin, end = month(date(2022, 1 + nr, 1))
    return Line(f"R{nr}", begin=begin, end=end, volume=volume)


def both(gateway: Gateway, *bodies: bytes) -> list[Result]:
    """What becomes of messages that are sent at once: the better one first."""
    taken = at_once(len(bodies), lambda nr: send(gateway, AANBIEDER, bodies[nr]))
    return sorted(results(gateway, AANBIEDER, taken), key=lambda result: result.message.status)


def approved(gateway: Gateway) -> int:
    return count(gateway, prestaties, prestaties.c.approved)


AT = pytest.mark.parametrize(
    ("module", "name"), [(judging, "assess"), (facts, "load_historie")], ids=["before", "within"]
)
"""Where both are before either goes on, if the database lets them: before the lock, or behind what was loaded."""


@AT
@pytest.mark.parametrize("made_by", [claim, invoice])
def test_two_claims_that_together_are_too_much_are_never_both_approved(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch, module: object, name: str, made_by: Any
) -> None:
    second = {"identificatie": "B1"} | ({"nummer": "D1"} if made_by is claim else {})
    bodies = made_by(hours(0, 12)), made_by(hours(1, 12), **second)
    both_come_to(monkeypatch, module, name)
    won, lost = both(gateway, *bodies)
    assert (won.message.status, lost.message.status) == (Status.ACCEPTED, Status.REFUSED)
    assert codes(lost) == {"9322"}
    assert (approved(gateway), count(gateway, prestaties)) == (1, 2)


def test_of_a_323_and_a_303_that_together_are_too_much_one_is_approved(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    both_come_to(monkeypatch, facts, "load_historie")
    won, lost = both(gateway, numbered(0, hours(0, 12)), invoice(hours(1, 12)))
    assert (won.message.status, lost.message.status) == (Status.ACCEPTED, Status.REFUSED)
    assert codes(lost) == {"9322"}


@pytest.mark.parametrize("later", [False, True], ids=["sent", "taken up"])
def test_many_claims_at_once_take_no_more_than_there_is(gateway: Gateway, later: bool) -> None:
    """Six hours each of twenty: three of them, whoever they are."""
    bodies = [numbered(nr, hours(nr, 6)) for nr in range(MANY)]
    if later:
        taken = [send(gateway, AANBIEDER, body, later=True) for body in bodies]
        at_once(4, lambda _: list(iter(lambda: judge_next(gateway, LATER), None)))
    else:
        taken = at_once(MANY, lambda nr: send(gateway, AANBIEDER, bodies[nr]))
    found = results(gateway, AANBIEDER, taken)
    assert sorted(result.message.status for result in found) == ["accepted"] * 3 + ["refused"] * (MANY - 3)
    assert approved(gateway) == 3


def test_of_many_claims_for_one_period_one_is_approved(gateway: Gateway) -> None:
    bodies = [numbered(nr, Line(f"R{nr}")) for nr in range(MANY)]
    found = both(gateway, *bodies)
    assert [result.message.status for result in found] == ["accepted"] + ["refused"] * (MANY - 1)
    assert [codes(result) for result in found[1:]] == [{"9389"}] * (MANY - 1)


@AT
def test_a_line_number_used_for_two_municipalities_at_once_is_held_by_one(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch, module: object, name: str
) -> None:
    bodies = numbered(0, Line("R")), numbered(1, Line("R"), gemeente=ANDERE_GEMEENTE)
    both_come_to(monkeypatch, module, name)
    won, lost = both(gateway, *bodies)
    assert (won.message.status, lost.message.status) == (Status.ACCEPTED, Status.REFUSED)
    assert codes(lost) == {"8021"}
    assert (approved(gateway), count(gateway, prestaties, prestaties.c.holds_reference)) == (1, 1)
    # The right lines of a claim with such a number are approved.
    third = claim(Line("R"), hours(0, 1), identificatie="B2", nummer="D2", gemeente=lost.message.ontvanger)
    said = send(gateway, AANBIEDER, third).result
    assert (said.message.status, codes(said)) == (Status.PARTLY_ACCEPTED, {"8021"})


@AT
def test_a_declaration_number_used_for_two_municipalities_at_once_is_one_claim(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch, module: object, name: str
) -> None:
    bodies = numbered(0, Line("R0"), nummer="D"), numbered(1, Line("R1"), nummer="D", gemeente=ANDERE_GEMEENTE)
    both_come_to(monkeypatch, module, name)
    won, lost = both(gateway, *bodies)
    assert (won.message.status, lost.message.status) == (Status.ACCEPTED, Status.REJECTED)
    assert codes(lost) == {"9333"}
    assert (count(gateway, declaraties), count(gateway, prestaties)) == (1, 1)
    assert kinds_waiting(gateway, lost.message.ontvanger or "") == ["WMO302"]


def test_the_same_line_numbers_in_another_order_at_once_keep_nobody_waiting(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two claims to two municipalities that use each other's numbers do not each wait for what the other has."""
    meet, bulk_insert = Barrier(2), claims.bulk_insert

    def in_two_parts(transaction: Any, table: Any, rows: Any) -> None:
        first, *others = rows
        bulk_insert(transaction, table, [first])
        with suppress(BrokenBarrierError):
            meet.wait(0.5)
        bulk_insert(transaction, table, others)

    monkeypatch.setattr(claims, "bulk_insert", in_two_parts)
    lines = [replace(hours(0, 1), referentie="R0"), replace(hours(1, 1), referentie="R1")]
    bodies = claim(*lines), claim(*lines[::-1], identificatie="B2", nummer="D2", gemeente=ANDERE_GEMEENTE)
    won, lost = both(gateway, *bodies)
    assert (won.message.status, lost.message.status) == (Status.ACCEPTED, Status.REFUSED)
    assert (approved(gateway), count(gateway, prestaties, prestaties.c.holds_reference)) == (2, 2)


def test_of_many_claims_with_one_declaration_number_one_counts(gateway: Gateway) -> None:
    found = both(gateway, *(numbered(nr, hours(nr, 1), nummer="D") for nr in range(MANY)))
    assert [result.message.status for result in found] == ["accepted"] + ["rejected"] * (MANY - 1)
    assert [codes(result) for result in found[1:]] == [{"9333"}] * (MANY - 1)
    assert (count(gateway, declaraties), count(gateway, prestaties)) == (1, 1)


def test_of_many_invoices_with_one_number_one_counts(gateway: Gateway) -> None:
    found = both(gateway, *(invoice(hours(nr, 1)) for nr in range(MANY)))
    assert [result.message.status for result in found] == ["accepted"] + ["rejected"] * (MANY - 1)
    assert [codes(result) for result in found[1:]] == [{"0030"}] * (MANY - 1)


@AT
def test_a_line_that_is_credited_by_two_at_once_is_credited_once(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch, module: object, name: str
) -> None:
    send(gateway, AANBIEDER, numbered(0, Line("R")))
    both_come_to(monkeypatch, module, name)
    won, lost = both(gateway, *(numbered(nr, Line(f"C{nr}", vorige="R")) for nr in (1, 2)))
    assert (won.message.status, lost.message.status) == (Status.ACCEPTED, Status.REFUSED)
    assert codes(lost) == {"9390"}
    assert approved(gateway) == 2


@AT
def test_an_allocation_is_not_removed_while_it_is_claimed(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch, module: object, name: str
) -> None:
    """Either the removal comes first and the line is refused, or the line and the removal is."""
    removed = Terms(begin=TOTAL.begin, end=TOTAL.begin, reden="13", made_at=TOTAL.made_at.replace(day=2))
    removal = allocation(removed, identificatie="T2")
    both_come_to(monkeypatch, module, name)
    taken = at_once(2, lambda nr: send(gateway, *((GEMEENTE, removal), (AANBIEDER, numbered(0, Line())))[nr]))
    gone, line = (one.result for one in taken)
    told = (str(gone.message.status), codes(gone), str(line.message.status), codes(line))
    assert told in (("accepted", set(), "refused", {"9384"}), ("rejected", {"9385"}, "accepted", set()))


def test_the_same_claim_sent_by_many_at_once_is_booked_and_answered_once(gateway: Gateway) -> None:
    before = made(gateway)
    body = claim(Line("R1"), hours(0, 1), Line("R2", begin=JANUARI, end=month(JANUARI)[1]), maand=FEBRUARI)
    taken = at_once(MANY, lambda _: send(gateway, AANBIEDER, body))
    assert [one.repeated for one in taken].count(False) == 1
    assert {one.result.message.id for one in taken} == {taken[0].result.message.id}
    assert {result.message.status for result in results(gateway, AANBIEDER, taken)} == {Status.ACCEPTED}
    assert (count(gateway, declaraties), approved(gateway)) == (1, 3)
    added = {name: number - before[name] for name, number in made(gateway).items()}
    assert added == {"messages": 1, "judgements": 1, "answers": 1, "delivered": 2}


def test_a_rejected_claim_repeated_by_many_at_once_once_it_is_right_is_booked_once(gateway: Gateway) -> None:
    early = send(gateway, AANBIEDER, claim(Line()), noon(date(2023, 2, 28))).result
    assert (early.message.status, codes(early)) == (Status.REJECTED, {"8848"})
    taken = at_once(MANY, lambda _: send(gateway, AANBIEDER, claim(Line())))
    assert {one.result.message.status for one in taken} == {Status.ACCEPTED}
    assert {one.result.judgement.nr for one in taken if one.result.judgement} == {2}
    assert (count(gateway, declaraties), approved(gateway)) == (1, 1)
    assert kinds_waiting(gateway, GEMEENTE) == ["WMO302", "WMO323"]


def test_an_approved_claim_is_not_taken_back_by_a_replay_that_began_before_it(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The replay judges by the first moment of receipt, at which the claim was dated in the future (TR135)."""
    early = send(gateway, AANBIEDER, claim(Line()), noon(date(2023, 2, 28)))

    def repeated_meanwhile(*arguments: Any) -> Result:
        assert send(gateway, AANBIEDER, claim(Line())).result.message.status is Status.ACCEPTED
        return judging.process(*arguments)

    monkeypatch.setattr(replaying, "process", repeated_meanwhile)
    replayed(gateway, early.result.message.id, force=True)
    (now,) = results(gateway, AANBIEDER, [early])
    assert (now.message.status, now.message.judgements, now.message.forwarded) == (Status.ACCEPTED, 2, True)
    assert (count(gateway, declaraties), approved(gateway)) == (1, 1)
    assert kinds_waiting(gateway, GEMEENTE) == ["WMO302", "WMO323"]
