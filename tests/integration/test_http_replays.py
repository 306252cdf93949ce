"""Replays: kept messages judged again by their own moment of receipt, and nothing approved ever taken back."""

from typing import Any

import pytest

from iwmo_gateway.gateway.context import Gateway
from iwmo_gateway.gateway.waiting import judge_next
from iwmo_gateway.standard.faults import SchemaFault
from iwmo_gateway.standard.schemas import SchemaCheck, Schemas
from tests.conftest import Callers
from tests.integration.test_http_builders import (
    AANBIEDER,
    BSN,
    GEMEENTE,
    LATER,
    Json,
    allocation,
    crowded_start,
    day,
    lone_start,
    made_by,
    mailbox,
    standing,
    start,
)
from tests.integration.test_http_refusals import is_problem

UNKNOWN = "01970000-0000-7000-8000-000000000000"
REASON = "de 301 kwam na de 305"


def replayed(call: Callers, *ids: str, **how: bool) -> Json:
    """A replay of these messages, as it is told at once and afterwards."""
    answer = call.post("operator", "/v1/replays", {"ids": list(ids), "reason": REASON, **how})
    assert answer.status_code == 201
    said: Json = answer.json()
    assert answer.headers["location"] == f"/v1/replays/{said['id']}"
    for who in ("operator", "auditor"):
        assert call.get(who, answer.headers["location"]).json() == said
    assert (said["actor"], said["reason"]) == ("operator:test", REASON)
    assert (said["dry_run"], said["force"]) == (how.get("dry_run", False), how.get("force", False))
    assert said["finished_at"] is not None
    return said


def outcomes(said: Json) -> list[tuple[str, str, str | None, str | None]]:
    return [(item["id"], item["outcome"], item["status_before"], item["status_after"]) for item in said["berichten"]]


def too_early(call: Callers) -> tuple[Json, Json]:
    """A start that was refused for want of its allocation, which has come since; and its entry in the mailbox."""
    said = call.send(AANBIEDER, start(), day("2023-02-08")).json()
    (entry,) = mailbox(call, AANBIEDER)
    assert call.send(GEMEENTE, allocation(), day("2023-02-09")).json()["status"] == "accepted"
    return said, entry


def removal(identificatie: str = "TOEWIJZING02") -> bytes:
    """The 301 that removes both allocations."""
    body = allocation(identificatie, Toewijzingstijd="11:00:00", Einddatum="2023-02-01").decode()
    return body.replace("<wmo301:Omvang>", "<wmo301:RedenWijziging>13</wmo301:RedenWijziging><wmo301:Omvang>").encode()


def test_a_dry_run_shows_the_difference_and_changes_nothing(call: Callers) -> None:
    early, _ = too_early(call)
    before = standing(call), call.get("operator", f"/v1/berichten/{early['id']}/oordelen").json()
    said = replayed(call, early["id"], dry_run=True)
    assert outcomes(said) == [(early["id"], "shown", "rejected", "accepted")]
    (item,) = said["berichten"]
    path = "/Bericht/Client/StartProducten/StartProduct[1]"
    assert item["detail"] == {
        "vervallen": [{"regel": "TR019", "retourcode": "9019", "pad": path}],
        "nieuw": [],
        "per_regel": {"vervallen": {"TR019": 1}, "nieuw": {}},
        "retour": {
            "was": "WMO306",
            "wordt": "WMO306",
            "anders": True,
            "retourcodes": {"vervallen": {"0200": 2, "9019": 1}, "nieuw": {}},
        },
    }
    assert said["difference"] == {
        "vervallen": {"TR019": 1},
        "nieuw": {},
        "bedragen": {"was": {"ingediend": 0, "toegekend": 0}, "wordt": {"ingediend": 0, "toegekend": 0}},
        "retour_anders": 1,
    }
    assert said["changes"] == [{"status_before": "rejected", "status_after": "accepted", "count": 1}]
    assert (standing(call), call.get("operator", f"/v1/berichten/{early['id']}/oordelen").json()) == before


def test_a_rejected_message_is_judged_again_and_its_unfetched_answer_withdrawn(call: Callers) -> None:
    early, entry = too_early(call)
    assert outcomes(replayed(call, early["id"])) == [(early["id"], "judged", "rejected", "accepted")]
    result = call.get(AANBIEDER, f"/v1/berichten/{early['id']}").json()
    assert (result["status"], result["oordelen"], result["bevindingen"]) == ("accepted", 2, [])
    assert result["received_at"] == early["received_at"]
    waits = {one["id"]: one for one in mailbox(call, AANBIEDER)}
    assert entry["id"] not in waits
    assert waits[result["retour"]["id"]]["vervangt"] is None
    is_problem(call.get(AANBIEDER, f"/v1/mailbox/{entry['nr']}"), 404, "niet-gevonden")
    assert early["id"] in [one["id"] for one in mailbox(call, GEMEENTE)]
    assert early["id"] in made_by(call)


def test_judgements_are_added_and_the_story_names_who_had_them_made(call: Callers) -> None:
    early, entry = too_early(call)
    replayed(call, early["id"])
    story = call.get(AANBIEDER, f"/v1/berichten/{early['id']}/oordelen").json()
    first, second = story["oordelen"]
    assert (first["nr"], first["status"], first["bevindingen_totaal"]) == (1, "rejected", 1)
    assert (second["nr"], second["status"], second["bevindingen_totaal"]) == (2, "accepted", 0)
    assert first["retour"]["id"] == entry["id"] != second["retour"]["id"]
    assert first["received_at"] == second["received_at"] == "2023-02-08T12:00:00+01:00"
    assert first["versies"] == second["versies"]
    told = [(event["event"], event["actor"]) for event in story["gebeurtenissen"]]
    assert told == [
        ("received", AANBIEDER),
        ("judged", AANBIEDER),
        ("answered", "gateway"),
        ("judged", "operator:test"),
        ("answered", "gateway"),
        ("forwarded", "gateway"),
    ]


def test_an_answer_that_was_fetched_is_replaced_with_force_only(call: Callers) -> None:
    early, entry = too_early(call)
    assert call.get(AANBIEDER, f"/v1/mailbox/{entry['nr']}").status_code == 200
    before = standing(call)
    refused = replayed(call, early["id"])
    assert outcomes(refused) == [(early["id"], "refused", "rejected", "rejected")]
    assert "opgehaald" in refused["berichten"][0]["detail"]["reden"]
    assert standing(call) == before

    forced = replayed(call, early["id"], force=True)
    assert outcomes(forced) == [(early["id"], "judged", "rejected", "accepted")]
    retour = call.get(AANBIEDER, f"/v1/berichten/{early['id']}").json()["retour"]["id"]
    waits = {one["id"]: one["vervangt"] for one in mailbox(call, AANBIEDER)}
    assert waits[retour] == entry["id"]
    assert entry["id"] in waits


def test_an_accepted_message_is_never_taken_back(call: Callers) -> None:
    call.send(GEMEENTE, allocation(), day("2023-02-05"))
    accepted = call.send(AANBIEDER, start(), day("2023-02-08")).json()
    assert call.send(GEMEENTE, removal(), day("2023-02-20")).json()["status"] == "accepted"
    before = standing(call)
    refused = replayed(call, accepted["id"])
    assert outcomes(refused) == [(accepted["id"], "refused", "accepted", "accepted")]
    assert "force" in refused["berichten"][0]["detail"]["reden"]
    for how in ({"force": True}, {"dry_run": True}, {"force": True, "dry_run": True}):
        shown = replayed(call, accepted["id"], **how)
        assert outcomes(shown) == [(accepted["id"], "shown", "accepted", "rejected")]
        assert [finding["regel"] for finding in shown["berichten"][0]["detail"]["nieuw"]] == ["TR019"]
    assert standing(call) == before
    assert call.get(AANBIEDER, f"/v1/berichten/{accepted['id']}").json() == accepted


def test_an_accepted_message_that_would_be_accepted_again_is_unchanged(call: Callers) -> None:
    accepted = call.send(AANBIEDER, lone_start()).json()
    shown = replayed(call, accepted["id"], force=True)
    assert outcomes(shown) == [(accepted["id"], "unchanged", "accepted", "accepted")]
    detail = shown["berichten"][0]["detail"]
    assert (detail["vervallen"], detail["nieuw"], detail["retour"]["anders"]) == ([], [], False)


def test_what_would_be_said_again_is_not_answered_again(call: Callers) -> None:
    rejected = call.send(AANBIEDER, start("START02", 799999), day("2023-02-08")).json()
    invalid = call.send(AANBIEDER, lone_start(StatusAanlevering="7")).json()
    before = standing(call)
    said = replayed(call, rejected["id"], invalid["id"])
    assert outcomes(said) == [
        (rejected["id"], "unchanged", "rejected", "rejected"),
        (invalid["id"], "unchanged", "invalid", "invalid"),
    ]
    assert outcomes(replayed(call, invalid["id"], dry_run=True)) == [(invalid["id"], "unchanged", "invalid", "invalid")]
    assert standing(call) == before


def test_a_message_is_judged_by_the_day_on_which_it_was_received(call: Callers) -> None:
    """It is dated after its receipt: refused then, and now that the day is long past, by its own receipt still."""
    early = call.send(AANBIEDER, lone_start(Dagtekening="2023-03-01"), day("2023-02-28")).json()
    assert [finding["regel"] for finding in early["bevindingen"]] == ["TR135"]
    assert outcomes(replayed(call, early["id"])) == [(early["id"], "unchanged", "rejected", "rejected")]
    assert call.send(AANBIEDER, lone_start(Dagtekening="2023-03-01"), day("2023-03-01")).json()["status"] == "accepted"


def test_an_approval_that_came_meanwhile_is_not_taken_back(call: Callers, monkeypatch: pytest.MonkeyPatch) -> None:
    """While a replay has a refused message in hand, its sender has it accepted by sending it again."""
    body = lone_start(Dagtekening="2023-03-01")
    early = call.send(AANBIEDER, body, day("2023-02-28")).json()
    assert early["status"] == "rejected"
    again: list[Json] = []

    kept_document = Gateway.kept_document

    def meanwhile(*asked: Any) -> Any:
        monkeypatch.setattr(Gateway, "kept_document", kept_document)
        again.append(call.send(AANBIEDER, body, day("2023-03-01")).json())
        return kept_document(*asked)

    monkeypatch.setattr(Gateway, "kept_document", meanwhile)
    said = replayed(call, early["id"])
    assert [one["status"] for one in again] == ["accepted"]
    assert outcomes(said)[0][3] == "accepted"
    assert call.get(AANBIEDER, f"/v1/berichten/{early['id']}").json() == again[0]
    assert [entry["id"] for entry in mailbox(call, AANBIEDER)] == [again[0]["retour"]["id"]]
    assert [entry["id"] for entry in mailbox(call, GEMEENTE)] == [early["id"]]


def test_findings_behind_the_first_hundred_count_too(call: Callers) -> None:
    many = call.send(AANBIEDER, crowded_start(130), day("2023-02-08")).json()
    assert many["bevindingen_totaal"] == 130
    assert outcomes(replayed(call, many["id"], dry_run=True)) == [(many["id"], "unchanged", "rejected", "rejected")]
    fitting = allocation(nummer=790120)
    assert call.send(GEMEENTE, fitting, day("2023-02-09")).json()["status"] == "accepted"
    shown = replayed(call, many["id"], dry_run=True)
    assert outcomes(shown) == [(many["id"], "shown", "rejected", "rejected")]
    gone = [finding["pad"] for finding in shown["berichten"][0]["detail"]["vervallen"]]
    assert gone == ["/Bericht/Client/StartProducten/StartProduct[120]"]
    assert outcomes(replayed(call, many["id"])) == [(many["id"], "judged", "rejected", "rejected")]
    assert call.get(AANBIEDER, f"/v1/berichten/{many['id']}").json()["bevindingen_totaal"] == 129


def test_messages_are_judged_oldest_first_whatever_the_order_asked(call: Callers) -> None:
    """Two starts of one delivery wait for its allocation: the one that came first gets it."""
    first = call.send(AANBIEDER, start("START01"), day("2023-02-08")).json()
    second = call.send(AANBIEDER, start("START02"), day("2023-02-08")).json()
    call.send(GEMEENTE, allocation(), day("2023-02-09"))
    said = replayed(call, second["id"], first["id"], second["id"])
    assert [outcome[:2] + outcome[3:] for outcome in outcomes(said)] == [
        (first["id"], "judged", "accepted"),
        (second["id"], "judged", "rejected"),
    ]


def test_a_message_that_is_not_there_does_not_stop_the_others(call: Callers) -> None:
    early, _ = too_early(call)
    said = replayed(call, UNKNOWN, early["id"])
    assert outcomes(said) == [(UNKNOWN, "missing", None, None), (early["id"], "judged", "rejected", "accepted")]


@pytest.mark.parametrize("how", [{}, {"force": True}, {"dry_run": True}], ids=["plain", "force", "dry run"])
def test_a_return_message_is_not_judged(call: Callers, how: dict[str, bool]) -> None:
    accepted = call.send(AANBIEDER, lone_start()).json()
    before = standing(call)
    said = replayed(call, accepted["retour"]["id"], **how)
    assert [outcome[1] for outcome in outcomes(said)] == ["refused"]
    assert "etourbericht" in said["berichten"][0]["detail"]["reden"]
    assert standing(call) == before


def test_what_still_waits_for_a_worker_can_be_judged_now(call: Callers) -> None:
    kept = call.send(AANBIEDER, lone_start(), Prefer="respond-async").json()
    assert outcomes(replayed(call, kept["id"], dry_run=True)) == [(kept["id"], "shown", "received", "accepted")]
    assert outcomes(replayed(call, kept["id"])) == [(kept["id"], "judged", "received", "accepted")]
    assert judge_next(call.gateway, LATER) is None
    assert call.get(AANBIEDER, f"/v1/berichten/{kept['id']}").json()["oordelen"] == 1
    assert len(mailbox(call, AANBIEDER)) == 1


def test_one_message_that_crashes_does_not_stop_the_others(call: Callers, monkeypatch: pytest.MonkeyPatch) -> None:
    """A fault of ours in the return message: told of that message by its kind alone, and the replay is finished."""
    early, _ = too_early(call)
    mended = call.send(AANBIEDER, lone_start(StatusAanlevering="7")).json()

    def crash(*_: Any, **__: Any) -> None:
        raise KeyError(BSN)

    with monkeypatch.context() as broken:
        broken.setattr("iwmo_gateway.gateway.judging.retourbericht", crash)
        said = replayed(call, early["id"], mended["id"])
    assert [outcome[1] for outcome in outcomes(said)] == ["failed", "unchanged"]
    assert "KeyError" in str(said["berichten"][0]["detail"])
    assert BSN not in str(said)
    assert call.get(AANBIEDER, f"/v1/berichten/{early['id']}").json() == early
    assert outcomes(replayed(call, early["id"])) == [(early["id"], "judged", "rejected", "accepted")]


def test_only_an_operator_replays_and_no_party_reads_of_it(call: Callers) -> None:
    early, _ = too_early(call)
    before = standing(call)
    for who in (AANBIEDER, GEMEENTE, "auditor"):
        answer = call.post(who, "/v1/replays", {"ids": [early["id"]], "reason": REASON})
        is_problem(answer, 403, "IB008")
    assert standing(call) == before
    said = replayed(call, early["id"], dry_run=True)
    for who in (AANBIEDER, GEMEENTE):
        is_problem(call.get(who, f"/v1/replays/{said['id']}"), 403, "IB008")
    for unknown in (UNKNOWN, "1", early["id"]):
        is_problem(call.get("operator", f"/v1/replays/{unknown}"), 404, "niet-gevonden")


def test_a_replay_that_is_asked_for_wrongly_is_a_problem_and_leaves_nothing(call: Callers) -> None:
    early, _ = too_early(call)
    ids, before = [early["id"]], standing(call)
    wrong: dict[str, object] = {
        "no ids": {"ids": [], "reason": REASON},
        "too many ids": {"ids": ids * 101, "reason": REASON},
        "no reason": {"ids": ids},
        "a short reason": {"ids": ids, "reason": "x"},
        "a reason that cannot be kept": {"ids": ids, "reason": "kwam\0later"},
        "an unknown field": {"ids": ids, "reason": REASON, "forced": True},
        "no object": ids,
    }
    answers = {name: call.post("operator", "/v1/replays", body) for name, body in wrong.items()}
    assert {name: answer.status_code for name, answer in answers.items()} == dict.fromkeys(wrong, 400)
    for answer in answers.values():
        assert is_problem(answer, 400, "parameters")["errors"]
    assert standing(call) == before


def test_a_body_that_is_no_json_is_a_problem(call: Callers) -> None:
    headers = {**call.headers("operator"), "Content-Type": "application/json"}
    for body in (b"", b"{", b'{"reason": "\xff"}', b"\xff\xfe{"):
        is_problem(call.client.post("/v1/replays", content=body, headers=headers), 400, "parameters")


def test_what_no_longer_fits_its_schema_takes_its_unfetched_answer_back(
    call: Callers, monkeypatch: pytest.MonkeyPatch
) -> None:
    early, _ = too_early(call)
    fault = SchemaFault(1, "/Bericht", "Een ander schema.", "iets anders", None)
    monkeypatch.setattr(Schemas, "check", lambda *_: SchemaCheck((fault,), more=False))
    said = replayed(call, early["id"])
    assert outcomes(said) == [(early["id"], "judged", "rejected", "invalid")]
    assert [entry["soort"] for entry in mailbox(call, AANBIEDER)] == ["WMO301"]
