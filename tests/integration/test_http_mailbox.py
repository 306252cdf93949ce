"""The mailbox: everything arrives once and in order, reading consumes nothing, and nobody reads another's."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any

import pytest

from iwmo_gateway.gateway import mailbox as mailboxes
from iwmo_gateway.store import messages
from tests.conftest import Callers
from tests.integration.test_http_builders import (
    AANBIEDER,
    ANDERE_AANBIEDER,
    ANDERE_GEMEENTE,
    GEMEENTE,
    OTHER_BSN,
    Json,
    allocation,
    day,
    lone_start,
    mailbox,
    start,
)
from tests.integration.test_http_refusals import is_problem


def story(call: Callers) -> list[Json]:
    """The results of an allocation and two starts, one of them refused."""
    return [
        call.send(GEMEENTE, allocation(), day("2023-02-05")).json(),
        call.send(AANBIEDER, start("START01"), day("2023-02-08")).json(),
        call.send(AANBIEDER, start("START02", 799999), day("2023-02-09")).json(),
    ]


def numbers(entries: list[Json]) -> list[int]:
    return [entry["nr"] for entry in entries]


def test_what_waits_stands_in_order_of_arrival_and_says_what_it_is(call: Callers) -> None:
    toewijzing, accepted, rejected = story(call)
    for_aanbieder, for_gemeente = mailbox(call, AANBIEDER), mailbox(call, GEMEENTE)
    assert [(entry["nr"], entry["soort"], entry["afzender"], entry["antwoord_op"]) for entry in for_aanbieder] == [
        (1, "WMO301", GEMEENTE, None),
        (2, "WMO306", GEMEENTE, accepted["id"]),
        (3, "WMO306", GEMEENTE, rejected["id"]),
    ]
    assert [(entry["nr"], entry["soort"], entry["afzender"], entry["antwoord_op"]) for entry in for_gemeente] == [
        (1, "WMO302", AANBIEDER, toewijzing["id"]),
        (2, "WMO305", AANBIEDER, None),
    ]
    assert [entry["id"] for entry in for_aanbieder] == [
        toewijzing["id"], accepted["retour"]["id"], rejected["retour"]["id"],
    ]  # fmt: skip
    assert for_aanbieder[0]["received_at"] == "2023-02-05T12:00:00+01:00"
    assert {entry["vervangt"] for entry in for_aanbieder + for_gemeente} == {None}


def test_the_list_is_read_page_by_page(call: Callers) -> None:
    story(call)
    page = call.get(AANBIEDER, "/v1/mailbox?limit=2").json()
    assert numbers(page["berichten"]) == [1, 2]
    last = call.get(AANBIEDER, page["links"]["next"]).json()
    assert (numbers(last["berichten"]), last["links"]["next"]) == ([3], None)
    assert call.get(AANBIEDER, "/v1/mailbox?limit=3").json()["links"]["next"] is None
    assert numbers(call.get(AANBIEDER, "/v1/mailbox?after=1").json()["berichten"]) == [2, 3]
    assert call.get(AANBIEDER, "/v1/mailbox?after=3").json() == {"berichten": [], "links": {"next": None}}
    assert call.get(ANDERE_AANBIEDER, "/v1/mailbox").json() == {"berichten": [], "links": {"next": None}}


def test_reading_never_consumes(call: Callers) -> None:
    story(call)
    before = mailbox(call, AANBIEDER)
    for entry in before:
        first = call.get(AANBIEDER, f"/v1/mailbox/{entry['nr']}")
        assert first.status_code == 200
        assert first.headers["content-type"] == "application/xml"
        assert first.headers["content-location"] == f"/v1/berichten/{entry['id']}/xml"
        assert call.get(AANBIEDER, f"/v1/mailbox/{entry['nr']}").content == first.content
        assert call.get(AANBIEDER, f"/v1/berichten/{entry['id']}/xml").content == first.content
    assert call.get(AANBIEDER, "/v1/mailbox/1").content == allocation()
    assert mailbox(call, AANBIEDER) == before


def test_what_was_acknowledged_waits_no_longer_and_acknowledging_again_is_harmless(call: Callers) -> None:
    story(call)
    for _ in range(2):
        answer = call.put(AANBIEDER, "/v1/mailbox/2/acknowledged")
        assert (answer.status_code, answer.content) == (204, b"")
        assert numbers(mailbox(call, AANBIEDER)) == [1, 3]
    assert call.get(AANBIEDER, "/v1/mailbox/2").status_code == 200
    assert numbers(mailbox(call, GEMEENTE)) == [1, 2]
    call.send(AANBIEDER, lone_start("START03"), day("2023-03-01"))
    assert numbers(mailbox(call, AANBIEDER)) == [1, 3, 4]


def test_another_partys_number_is_not_found(call: Callers) -> None:
    story(call)
    for who, nr in ((GEMEENTE, "3"), (ANDERE_AANBIEDER, "1"), (AANBIEDER, "4"), (AANBIEDER, "0"), (AANBIEDER, "-1")):
        is_problem(call.get(who, f"/v1/mailbox/{nr}"), 404, "niet-gevonden")
        is_problem(call.put(who, f"/v1/mailbox/{nr}/acknowledged"), 404, "niet-gevonden")
    assert len(mailbox(call, AANBIEDER)) == 3


@pytest.mark.parametrize("nr", [2**63, 10**30])
def test_a_number_beyond_all_counting_is_answered_like_any_other(call: Callers, nr: int) -> None:
    assert call.get(AANBIEDER, f"/v1/mailbox/{nr}").status_code in {400, 404}
    assert call.put(AANBIEDER, f"/v1/mailbox/{nr}/acknowledged").status_code in {400, 404}
    assert call.get(AANBIEDER, f"/v1/mailbox?after={nr}").status_code in {200, 400}
    found = call.send(AANBIEDER, start("START02", 799999)).json()["id"]
    assert call.get(AANBIEDER, f"/v1/berichten/{found}/bevindingen?after={nr}").status_code in {200, 400}


def test_a_wrong_parameter_is_a_problem(call: Callers) -> None:
    for path in ("?after=-1", "?after=x", "?limit=0", "?limit=101", "?wait=31", "?wait=-1", "?wait=1.5", "/x"):
        is_problem(call.get(AANBIEDER, f"/v1/mailbox{path}"), 400, "parameters")


def test_who_is_no_party_has_no_mailbox(call: Callers) -> None:
    for who in ("operator", "auditor"):
        for answer in (
            call.get(who, "/v1/mailbox"),
            call.get(who, "/v1/mailbox/1"),
            call.put(who, "/v1/mailbox/1/acknowledged"),
        ):
            assert is_problem(answer, 403, "IB008")["gevonden"] == who


def test_waiting_ends_at_once_when_something_is_there(call: Callers, monkeypatch: pytest.MonkeyPatch) -> None:
    story(call)

    async def asleep(_: float) -> None:
        raise AssertionError("nothing is to be waited for")

    monkeypatch.setattr("iwmo_gateway.web.api.asyncio.sleep", asleep)
    assert numbers(call.get(AANBIEDER, "/v1/mailbox?wait=30").json()["berichten"]) == [1, 2, 3]
    assert numbers(call.get(AANBIEDER, "/v1/mailbox?wait=30&after=2").json()["berichten"]) == [3]
    assert call.get(AANBIEDER, "/v1/mailbox?wait=0&after=3").json()["berichten"] == []


def test_waiting_ends_when_something_arrives(call: Callers, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("iwmo_gateway.web.api.POLL_SECONDS", 0.02)
    polled = threading.Event()
    looked = mailboxes.waiting

    def looking(*asked: Any, **more: Any) -> Any:
        found = looked(*asked, **more)
        polled.set()
        return found

    monkeypatch.setattr("iwmo_gateway.web.api.mailbox.waiting", looking)
    call.headers(AANBIEDER), call.headers(GEMEENTE)
    with ThreadPoolExecutor(1) as threads:
        waiting = threads.submit(call.get, GEMEENTE, "/v1/mailbox?wait=30")
        assert polled.wait(10)
        said = call.send(AANBIEDER, lone_start()).json()
        found = waiting.result(20).json()["berichten"]
    assert [entry["id"] for entry in found] == [said["id"]]


def test_waiting_for_nothing_ends_with_an_empty_list(call: Callers, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("iwmo_gateway.web.api.POLL_SECONDS", 0.2)
    answer = call.get(AANBIEDER, "/v1/mailbox?wait=1")
    assert (answer.status_code, answer.json()["berichten"]) == (200, [])


def test_numbers_grow_without_gaps_under_many_senders_at_once(call: Callers) -> None:
    """Starts of several clients to two municipalities, by two providers, all at the same time."""
    bodies = []
    for nr in range(8):
        for who in (AANBIEDER, ANDERE_AANBIEDER):
            to = (GEMEENTE, ANDERE_GEMEENTE)[nr % 2]
            bsn = ("999912008", OTHER_BSN)[nr // 2 % 2]
            values = {"Afzender": who, "Ontvanger": to, "Bsn": bsn, "Begindatum": f"2023-02-{10 + nr}"}
            bodies.append((who, lone_start(f"START{nr}", **values)))
    for who in (AANBIEDER, ANDERE_AANBIEDER, GEMEENTE, ANDERE_GEMEENTE):
        call.headers(who)
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda each: call.send(*each), bodies))
    assert {answer.status_code for answer in answers} == {201}
    results = [answer.json() for answer in answers]
    for who in (AANBIEDER, ANDERE_AANBIEDER):
        waits = mailbox(call, who)
        assert numbers(waits) == list(range(1, 9))
        assert {entry["antwoord_op"] for entry in waits} == {r["id"] for r in results if r["afzender"] == who}
    for to in (GEMEENTE, ANDERE_GEMEENTE):
        waits = mailbox(call, to)
        accepted = {r["id"] for r in results if r["ontvanger"] == to and r["status"] == "accepted"}
        assert numbers(waits) == list(range(1, len(accepted) + 1))
        assert {entry["id"] for entry in waits} == accepted
        assert accepted


def test_an_answer_is_not_handed_out_while_it_is_taken_back(call: Callers, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was handed out is known to be: the answer that follows says that it replaces it."""
    early = call.send(AANBIEDER, start(), day("2023-02-08")).json()
    (answer,) = mailbox(call, AANBIEDER)
    call.send(GEMEENTE, allocation(), day("2023-02-09"))
    again: list[threading.Thread] = []
    read = messages.xml_of

    def meanwhile(transaction: Any, message_id: str) -> bytes:
        body = read(transaction, message_id)
        if message_id == answer["id"] and not again:
            moment: datetime = day("2023-02-10")
            again.append(threading.Thread(target=call.send, args=(AANBIEDER, start(), moment)))
            again[0].start()
            again[0].join(0.5)
        return body

    monkeypatch.setattr("iwmo_gateway.gateway.mailbox.messages.xml_of", meanwhile)
    fetched = call.get(AANBIEDER, f"/v1/mailbox/{answer['nr']}")
    again[0].join(20)
    result = call.get(AANBIEDER, f"/v1/berichten/{early['id']}").json()
    assert result["status"] == "accepted"
    waits = {entry["id"]: entry for entry in mailbox(call, AANBIEDER)}
    expected = answer["id"] if fetched.status_code == 200 else None
    assert waits[result["retour"]["id"]]["vervangt"] == expected
