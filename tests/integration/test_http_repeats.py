"""The same message again, the same number again, a start that came too early, and answers in other forms."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from iwmo_gateway.gateway.waiting import judge_next
from iwmo_gateway.standard.xml import local_name
from tests.conftest import Callers
from tests.integration.test_http_builders import (
    AANBIEDER,
    ANDERE_AANBIEDER,
    GEMEENTE,
    LATER,
    OTHER_BSN,
    Json,
    allocation,
    codes_of,
    crowded_start,
    day,
    document_of,
    everything,
    lone_start,
    made_by,
    mailbox,
    served,
    standing,
    start,
)
from tests.integration.test_http_refusals import is_problem

ASYNC = {"Prefer": "respond-async"}
AS_XML = {"Accept": "application/xml"}


def retour_of(call: Callers, identity: str, who: str = "operator") -> bytes:
    """The return message to a message."""
    answer = call.get(who, f"/v1/berichten/{identity}/retour")
    assert answer.status_code == 200
    content: bytes = answer.content
    return content


def oordelen(call: Callers, identity: str) -> Json:
    """What happened to a message."""
    said: Json = call.get("operator", f"/v1/berichten/{identity}/oordelen").json()
    return said


def test_an_accepted_message_again_gives_the_first_result_and_nothing_new(call: Callers) -> None:
    first = call.send(AANBIEDER, lone_start(), day("2023-03-01"))
    before = standing(call)
    again = call.send(AANBIEDER, lone_start(), day("2023-03-09"))
    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json() == first.json()
    assert again.headers["location"] == first.headers["location"] == f"/v1/berichten/{first.json()['id']}"
    assert standing(call) == before
    happened = [event["event"] for event in oordelen(call, first.json()["id"])["gebeurtenissen"]]
    assert happened == ["received", "judged", "answered", "forwarded", "repeated"]


def test_a_rejected_message_again_with_the_same_findings_gives_the_first_result(call: Callers) -> None:
    first = call.send(AANBIEDER, start(), day("2023-03-01"))
    before = standing(call)
    again = call.send(AANBIEDER, start(), day("2023-03-09"))
    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json() == first.json()
    assert (again.json()["status"], again.json()["oordelen"]) == ("rejected", 1)
    assert standing(call) == before


def test_one_message_sent_by_many_at_once_is_kept_and_answered_once(call: Callers) -> None:
    call.headers(AANBIEDER)
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda _: call.send(AANBIEDER, lone_start()), range(8)))
    assert sorted(answer.status_code for answer in answers) == [200] * 7 + [201]
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert {answer.json()["status"] for answer in answers} <= {"accepted", "received"}
    assert [entry["soort"] for entry in mailbox(call, AANBIEDER)] == ["WMO306"]
    assert [entry["soort"] for entry in mailbox(call, GEMEENTE)] == ["WMO305"]


def test_other_content_under_a_used_identification_is_refused_in_the_header(call: Callers) -> None:
    first = call.send(AANBIEDER, lone_start("START01"))
    before = call.get("operator", f"/v1/berichten/{first.json()['id']}").json()
    second = call.send(AANBIEDER, lone_start("START01", Bsn=OTHER_BSN))
    said = second.json()
    assert (second.status_code, said["status"]) == (201, "rejected")
    (finding,) = said["bevindingen"]
    assert (finding["regel"], finding["retourcode"], finding["klasse"]) == ("TR056", "9056", "Header")
    assert finding["gevonden"] == "Identificatie START01"
    retour = retour_of(call, said["id"])
    assert codes_of(retour) == {"Header": ["9056"]}
    assert [local_name(child) for child in document_of(retour).root] == ["Header"]
    assert call.get("operator", f"/v1/berichten/{first.json()['id']}").json() == before
    assert [entry["id"] for entry in mailbox(call, GEMEENTE)] == [first.json()["id"]]
    # Under a number of its own it is a new message.
    assert call.send(AANBIEDER, lone_start("START02", Bsn=OTHER_BSN)).json()["status"] == "accepted"


def test_an_identification_belongs_to_its_sender_and_its_kind(call: Callers) -> None:
    assert call.send(AANBIEDER, lone_start("EEN")).json()["status"] == "accepted"
    assert call.send(ANDERE_AANBIEDER, lone_start("EEN", Afzender=ANDERE_AANBIEDER)).json()["status"] == "accepted"
    assert call.send(GEMEENTE, allocation("EEN")).json()["status"] == "accepted"


def test_of_two_messages_with_one_identification_at_once_one_is_accepted(call: Callers) -> None:
    call.headers(AANBIEDER)
    bodies = [lone_start("EEN", Begindatum=f"2023-02-{number}") for number in range(10, 16)]
    with ThreadPoolExecutor(6) as threads:
        answers = list(threads.map(lambda body: call.send(AANBIEDER, body).json(), bodies))
    assert sorted(said["status"] for said in answers) == ["accepted"] + ["rejected"] * 5
    refused = [finding["retourcode"] for said in answers for finding in said["bevindingen"]]
    assert refused == ["9056"] * 5
    assert len(mailbox(call, GEMEENTE)) == 1


def test_the_number_of_a_rejected_message_is_free(call: Callers) -> None:
    assert call.send(AANBIEDER, start("START01")).json()["status"] == "rejected"
    assert call.send(AANBIEDER, lone_start("START01")).json()["status"] == "accepted"
    # And the rejected one, sent again, now finds its number in use.
    again = call.send(AANBIEDER, start("START01")).json()
    assert [finding["retourcode"] for finding in again["bevindingen"]] == ["9056"]


def too_early(call: Callers) -> dict[str, Any]:
    """A start that came before its allocation: the result."""
    said: dict[str, Any] = call.send(AANBIEDER, start(), day("2023-02-08")).json()
    (finding,) = said["bevindingen"]
    assert (said["status"], finding["regel"], finding["retourcode"]) == ("rejected", "TR019", "9019")
    assert made_by(call) == []
    assert mailbox(call, GEMEENTE) == []
    return said


def test_a_start_before_its_allocation_is_accepted_when_the_same_bytes_come_after_it(call: Callers) -> None:
    first = too_early(call)
    (answer,) = mailbox(call, AANBIEDER)
    assert answer["antwoord_op"] == first["id"]
    call.send(GEMEENTE, allocation(), day("2023-02-09"))

    again = call.send(AANBIEDER, start(), day("2023-02-10"))
    said = again.json()
    assert (again.status_code, said["id"], said["status"], said["oordelen"]) == (200, first["id"], "accepted", 2)
    assert said["bevindingen"] == []
    assert said["received_at"] == "2023-02-10T12:00:00+01:00"
    assert said["retour"]["id"] != first["retour"]["id"]
    assert codes_of(retour_of(call, said["id"])) == {}

    # The answer that nobody had fetched is gone; the new one replaces nothing that the provider knows of.
    waits = {entry["id"]: entry for entry in mailbox(call, AANBIEDER)}
    assert first["retour"]["id"] not in waits
    assert waits[said["retour"]["id"]]["vervangt"] is None
    is_problem(call.get(AANBIEDER, f"/v1/mailbox/{answer['nr']}"), 404, "niet-gevonden")
    assert first["id"] in [entry["id"] for entry in mailbox(call, GEMEENTE)]
    assert first["id"] in made_by(call)

    story = oordelen(call, first["id"])
    assert [(one["nr"], one["status"], one["bevindingen_totaal"]) for one in story["oordelen"]] == [
        (1, "rejected", 1),
        (2, "accepted", 0),
    ]


@pytest.mark.parametrize("fetched_by", ["mailbox", "retour", "bytes", "accept", "acknowledged"])
def test_an_answer_that_was_fetched_is_replaced_and_the_new_one_says_so(call: Callers, fetched_by: str) -> None:
    if fetched_by == "accept":
        assert call.send(AANBIEDER, start(), day("2023-02-08"), **AS_XML).status_code == 201
    else:
        too_early(call)
    (answer,) = mailbox(call, AANBIEDER)
    fetching = {
        "mailbox": f"/v1/mailbox/{answer['nr']}",
        "retour": f"/v1/berichten/{answer['antwoord_op']}/retour",
        "bytes": f"/v1/berichten/{answer['id']}/xml",
    }
    if fetched_by in fetching:
        assert call.get(AANBIEDER, fetching[fetched_by]).status_code == 200
    elif fetched_by == "acknowledged":
        assert call.put(AANBIEDER, f"/v1/mailbox/{answer['nr']}/acknowledged").status_code == 204
    call.send(GEMEENTE, allocation(), day("2023-02-09"))

    said = call.send(AANBIEDER, start(), day("2023-02-10")).json()
    assert said["status"] == "accepted"
    waits = {entry["id"]: entry for entry in mailbox(call, AANBIEDER)}
    assert waits[said["retour"]["id"]]["vervangt"] == answer["id"]
    assert (answer["id"] in waits) is (fetched_by != "acknowledged")


def test_an_answer_replaces_the_last_one_that_was_fetched_though_another_came_between(call: Callers) -> None:
    """Two starts, whose allocations come one by one: of the three answers, the second was never fetched."""
    body = crowded_start(2)
    first = call.send(AANBIEDER, body, day("2023-02-08")).json()
    assert first["bevindingen_totaal"] == 2
    assert call.get(AANBIEDER, f"/v1/berichten/{first['id']}/retour").status_code == 200

    call.send(GEMEENTE, allocation("TOEWIJZING01", 790001, 799998), day("2023-02-09"))
    second = call.send(AANBIEDER, body, day("2023-02-10")).json()
    assert second["bevindingen_totaal"] == 1
    waits = {entry["id"]: entry["vervangt"] for entry in mailbox(call, AANBIEDER)}
    assert waits[second["retour"]["id"]] == first["retour"]["id"]

    call.send(GEMEENTE, allocation("TOEWIJZING02", 790002, 799999), day("2023-02-11"))
    third = call.send(AANBIEDER, body, day("2023-02-12")).json()
    assert third["status"] == "accepted"
    waits = {entry["id"]: entry["vervangt"] for entry in mailbox(call, AANBIEDER)}
    assert second["retour"]["id"] not in waits
    assert waits[third["retour"]["id"]] == first["retour"]["id"]


def test_reading_by_others_or_by_list_does_not_count_as_fetching(call: Callers) -> None:
    first = too_early(call)
    call.get(AANBIEDER, f"/v1/berichten/{first['id']}")
    for who in ("operator", "auditor"):
        assert call.get(who, f"/v1/berichten/{first['retour']['id']}/xml").status_code == 200
        assert call.get(who, f"/v1/berichten/{first['id']}/retour").status_code == 200
    call.send(GEMEENTE, allocation(), day("2023-02-09"))
    said = call.send(AANBIEDER, start(), day("2023-02-10")).json()
    waits = {entry["id"]: entry for entry in mailbox(call, AANBIEDER)}
    assert first["retour"]["id"] not in waits
    assert waits[said["retour"]["id"]]["vervangt"] is None


def test_accept_xml_gives_the_return_message_itself(call: Callers) -> None:
    for body, codes in (
        (lone_start(), {}),
        (start("TEVROEG"), {"Header": ["0200"], "Client": ["0200"], "StartProduct": ["9019"]}),
    ):
        for status in (201, 200):
            answer = call.send(AANBIEDER, body, **AS_XML)
            assert answer.status_code == status
            assert answer.headers["content-type"] == "application/xml"
            assert codes_of(answer.content) == codes
            identity = answer.headers["location"].rpartition("/")[2]
            assert answer.content == retour_of(call, identity)
            retour = document_of(answer.content)
            assert (retour.soort.code, retour.kop.afzender, retour.kop.ontvanger) == ("WMO306", GEMEENTE, AANBIEDER)


def test_accept_xml_without_a_return_message_gives_the_problem_or_the_result(call: Callers) -> None:
    is_problem(call.send(AANBIEDER, lone_start(StatusAanlevering="7"), **AS_XML), 422, "IB014")
    answer = call.send(AANBIEDER, lone_start(), **AS_XML, **ASYNC)
    assert (answer.status_code, answer.json()["status"]) == (202, "received")


def test_who_would_rather_not_wait_hears_that_it_is_kept_and_a_worker_judges_it(call: Callers) -> None:
    answer = call.send(AANBIEDER, lone_start(), day("2023-03-01"), **ASYNC)
    said = answer.json()
    assert (answer.status_code, said["status"], said["oordelen"]) == (202, "received", 0)
    assert (said["bevindingen"], said["retour"], said["versies"]) == ([], None, None)
    assert said["toelichting"]
    path = answer.headers["location"]
    assert call.get(AANBIEDER, path).json() == said
    is_problem(call.get(AANBIEDER, f"{path}/retour"), 404, "niet-gevonden")
    is_problem(call.get(GEMEENTE, path), 404, "niet-gevonden")
    again = call.send(AANBIEDER, lone_start(), day("2023-03-01"))
    assert (again.status_code, again.json()) == (200, said)
    # Its number is held meanwhile.
    other = call.send(AANBIEDER, lone_start(Begindatum="2023-02-20")).json()
    assert [finding["retourcode"] for finding in other["bevindingen"]] == ["9056"]

    judged = judge_next(call.gateway, LATER)
    assert judged is not None
    assert judge_next(call.gateway, LATER) is None
    result = call.get(AANBIEDER, path).json()
    assert (result["status"], result["oordelen"], result["received_at"]) == ("accepted", 1, said["received_at"])
    assert result["retour"]["id"] in [entry["id"] for entry in mailbox(call, AANBIEDER)]
    assert [entry["id"] for entry in mailbox(call, GEMEENTE)] == [said["id"]]


def test_what_is_kept_for_later_is_judged_oldest_first_whatever_comes_of_it(call: Callers) -> None:
    bodies = [allocation(), start("START01"), lone_start("START02", StatusAanlevering="7"), start("START03", 799999)]
    senders = [GEMEENTE, AANBIEDER, AANBIEDER, AANBIEDER]
    kept = [call.send(who, body, **ASYNC).json()["id"] for who, body in zip(senders, bodies, strict=True)]
    judged = []
    while (result := judge_next(call.gateway, LATER)) is not None:
        judged.append((result.message.id, str(result.message.status)))
    # The rejected start on an allocation that never came is told by its code, the invalid one by its errors.
    assert judged == list(zip(kept, ["accepted", "accepted", "invalid", "rejected"], strict=True))
    invalid = call.get(AANBIEDER, f"/v1/berichten/{kept[2]}").json()
    assert [finding["regel"] for finding in invalid["bevindingen"]] == ["XSD"]
    assert {found["id"] for found in everything(call, AANBIEDER)} >= set(kept)


def test_a_message_larger_than_the_synchronous_limit_is_answered_later(call: Callers) -> None:
    with served(call, sync_limit_bytes=len(lone_start()) - 1) as small:
        answer = small.send(AANBIEDER, lone_start())
        assert (answer.status_code, answer.json()["status"]) == (202, "received")
    assert judge_next(call.gateway, LATER) is not None
    assert call.get(AANBIEDER, answer.headers["location"]).json()["status"] == "accepted"
