"""Replays by filter: previewed as an exact list, started, paused, resumed and cancelled, and looked at."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from httpx2 import Response

from iwmo_gateway.errors import RuleCrashed
from iwmo_gateway.gateway import replay
from iwmo_gateway.gateway.access import Caller
from iwmo_gateway.gateway.context import Gateway
from iwmo_gateway.gateway.replay import Action
from iwmo_gateway.gateway.replaying import replay_next
from iwmo_gateway.store.parties import TokenRole
from iwmo_gateway.store.replays import ReplayStatus
from tests.conftest import Callers
from tests.integration.test_http_builders import (
    AANBIEDER,
    GEMEENTE,
    LATER,
    Json,
    allocation,
    day,
    lone_start,
    standing,
    start,
)
from tests.integration.test_http_refusals import is_problem
from tests.integration.test_http_replays import REASON, UNKNOWN, outcomes

REJECTED = {"status": "rejected", "soort": "WMO305"}


def early_starts(call: Callers, count: int = 3) -> list[str]:
    """The ids of starts that were rejected for want of their allocations, which have come since; oldest first."""
    found = []
    for nr in range(count):
        said = call.send(AANBIEDER, start(f"VROEG{nr}", 700001 + 10 * nr), day("2023-02-08")).json()
        assert said["status"] == "rejected"
        found.append(said["id"])
    for nr in range(count):
        came = allocation(f"TOEWIJZING{nr}", 700001 + 10 * nr, 700002 + 10 * nr)
        assert call.send(GEMEENTE, came, day("2023-02-09")).json()["status"] == "accepted"
    return found


def previewed(call: Callers, asked: Json | None = None, **how: Any) -> Json:
    answer = call.post("operator", "/v1/replays", {"filter": asked or REJECTED, "reason": REASON, **how})
    assert answer.status_code == 201, answer.text
    said: Json = answer.json()
    assert answer.headers["location"] == f"/v1/replays/{said['id']}"
    assert call.get("auditor", answer.headers["location"]).json() == said
    return said


def act(call: Callers, replay_id: str, action: str, who: str = "operator") -> Response:
    return call.client.patch(f"/v1/replays/{replay_id}", json={"action": action}, headers=call.headers(who))


def acted(call: Callers, replay_id: str, action: str) -> Json:
    answer = act(call, replay_id, action)
    assert answer.status_code == 200, answer.text
    said: Json = answer.json()
    assert call.get("operator", f"/v1/replays/{replay_id}").json() == said
    return said


def worked(call: Callers, now: datetime = LATER, limit: int = 100) -> list[str]:
    """A process works until nothing is to be had: the messages that it took, in their order."""
    found = []
    while len(found) < limit and (done := replay_next(call.gateway, lambda: now)):
        found.append(done.message)
    return found


def told(call: Callers, replay_id: str) -> Json:
    said: Json = call.get("operator", f"/v1/replays/{replay_id}").json()
    return said


def operator(at: datetime) -> Caller:
    return Caller(TokenRole.OPERATOR, None, "operator:test", at)


def test_a_filter_is_previewed_and_nothing_is_judged(call: Callers) -> None:
    early = early_starts(call)
    call.send(AANBIEDER, lone_start("ANDERS"))
    before = standing(call)
    said = previewed(call)
    assert (said["status"], said["total"], said["done"], said["more"]) == ("preview", 3, 0, False)
    assert said["selection"] == [{"soort": "WMO305", "status": "rejected", "count": 3}]
    assert outcomes(said) == [(identity, None, "rejected", None) for identity in early]
    assert (said["filter"], said["reason"], said["actor"]) == (REJECTED, REASON, "operator:test")
    assert (said["finished_at"], said["links"]["next"]) == (None, None)
    assert worked(call) == []
    assert replay_next(call.gateway, lambda: LATER, only=said["id"]) is None
    assert standing(call) == before


def test_what_was_previewed_is_judged_and_nothing_else(call: Callers) -> None:
    early = early_starts(call)
    made = previewed(call)["id"]
    late = call.send(AANBIEDER, start("LATER", 799999), day("2023-02-08")).json()
    assert acted(call, made, "start")["status"] == "running"
    assert worked(call) == early
    said = told(call, made)
    assert (said["status"], said["done"], said["outcomes"]) == ("finished", 3, {"judged": 3})
    assert said["changes"] == [{"status_before": "rejected", "status_after": "accepted", "count": 3}]
    assert said["finished_at"] is not None
    assert call.get(AANBIEDER, f"/v1/berichten/{late['id']}").json() == late
    story = call.get("operator", f"/v1/berichten/{early[0]}/oordelen").json()
    assert [one["status"] for one in story["oordelen"]] == ["rejected", "accepted"]
    assert ("judged", "operator:test") in [(one["event"], one["actor"]) for one in story["gebeurtenissen"]]


@pytest.mark.parametrize(
    "asked",
    [
        {"status": "accepted"},
        {"soort": "WMO301"},
        {"partij": AANBIEDER},
        {"ontvangen_vanaf": "2023-02-09T00:00:00+01:00"},
        {"ontvangen_tot": "2023-02-09T00:00:00+01:00"},
        {"identificatie": "VROEG1"},
        {"declaratie_nummer": "D1"},
        {"toewijzing_nummer": 700001},
        {"regel": "TR019"},
        {"retourcode": "9019"},
        {"tekst": "toewijzing"},
        {"regel": "TR019", "toewijzing_nummer": 700011},
    ],
    ids=str,
)
def test_a_filter_finds_what_the_search_finds_oldest_first_but_our_own(call: Callers, asked: Json) -> None:
    early_starts(call, 2)
    found = call.get("operator", "/v1/berichten?" + "&".join(f"{k}={v}" for k, v in asked.items()).replace("+", "%2B"))
    wanted = [one["id"] for one in found.json()["berichten"] if one["soort"] in {"WMO301", "WMO305"}]
    said = previewed(call, asked)
    assert [item["id"] for item in said["berichten"]] == wanted[::-1]
    assert said["total"] == len(wanted)
    assert said["filter"].keys() == asked.keys()


def test_more_than_a_replay_holds_is_told_and_the_oldest_are_taken(
    call: Callers, monkeypatch: pytest.MonkeyPatch
) -> None:
    early = early_starts(call)
    monkeypatch.setattr(replay, "MOST", 2)
    said = previewed(call)
    assert (said["total"], said["more"]) == (2, True)
    assert [item["id"] for item in said["berichten"]] == early[:2]
    monkeypatch.setattr(replay, "MOST", 3)
    assert previewed(call)["more"] is False


@pytest.mark.parametrize(
    "body",
    [
        {"filter": {}},
        {"filter": {"status": "gone"}},
        {"filter": {"limit": 1, **REJECTED}},
        {"filter": {"ontvangen_vanaf": "2023-02-09T00:00:00"}},
        {"filter": REJECTED, "ids": [UNKNOWN]},
        {"filter": REJECTED, "concurrency": 0},
        {"filter": REJECTED, "concurrency": 17},
        {},
    ],
    ids=str,
)
def test_a_filter_that_is_asked_for_wrongly_is_a_problem(call: Callers, body: Json) -> None:
    answer = call.post("operator", "/v1/replays", {"reason": REASON, **body})
    assert is_problem(answer, 400, "parameters")["errors"]
    assert call.get("operator", "/v1/replays").json()["replays"] == []


LIVES = {
    "preview": (),
    "running": ("start",),
    "paused": ("start", "pause"),
    "cancelled": ("cancel",),
}
ALLOWED = {
    "preview": {"start", "cancel"},
    "running": {"pause", "cancel"},
    "paused": {"resume", "cancel"},
    "finished": set(),
    "cancelled": set(),
}


@pytest.mark.parametrize("status", ALLOWED)
def test_only_what_a_status_lets_is_done(call: Callers, status: str) -> None:
    early_starts(call, 1)
    for action in Action:
        made = previewed(call)["id"]
        for earlier in LIVES.get(status, ("start",)):
            acted(call, made, earlier)
        if status == "finished":
            worked(call)
        before = told(call, made)
        assert before["status"] == status
        answer = act(call, made, action)
        if action in ALLOWED[status]:
            assert answer.status_code == 200
            assert [one["action"] for one in answer.json()["history"]][-1] == action
        else:
            problem = is_problem(answer, 409, "replay-status")
            assert (problem["gevonden"], status in problem["detail"]) == (status, True)
            assert told(call, made) == before


def test_a_preview_ends_by_itself(call: Callers) -> None:
    early_starts(call, 1)
    now = datetime.now(UTC)
    made = previewed(call)["id"]
    late = now + replay.PREVIEW_HOLDS + timedelta(minutes=1)
    changed = replay.change(call.gateway, operator(late), made, Action.START)
    assert changed is not None
    assert (changed[0].replay.status, changed[1]) == (ReplayStatus.EXPIRED, False)
    assert [one.replay.status for one in replay.listed(call.gateway, late, before=None, limit=9)] == ["expired"]
    assert worked(call) == []
    assert acted(call, made, "start")["status"] == "running"


def test_a_replay_is_paused_and_goes_on(call: Callers) -> None:
    early = early_starts(call)
    made = previewed(call)["id"]
    acted(call, made, "start")
    assert worked(call, limit=1) == early[:1]
    said = acted(call, made, "pause")
    assert (said["status"], said["done"], said["total"]) == ("paused", 1, 3)
    assert worked(call) == []
    assert replay_next(call.gateway, lambda: LATER, only=made) is None
    acted(call, made, "resume")
    assert worked(call) == early[1:]
    said = told(call, made)
    assert said["status"] == "finished"
    assert [(one["action"], one["actor"]) for one in said["history"]] == [
        (action, "operator:test") for action in ("start", "pause", "resume")
    ]


def test_what_a_cancelled_replay_has_not_done_stays_undone_and_says_so(call: Callers) -> None:
    early = early_starts(call)
    made = previewed(call)["id"]
    acted(call, made, "start")
    worked(call, limit=1)
    before = standing(call)
    said = acted(call, made, "cancel")
    assert (said["status"], said["outcomes"]) == ("cancelled", {"cancelled": 2, "judged": 1})
    assert outcomes(said)[1:] == [(identity, "cancelled", "rejected", None) for identity in early[1:]]
    assert said["finished_at"] is not None
    assert worked(call) == []
    assert standing(call) == before


@pytest.mark.parametrize(
    ("action", "status", "rest"), [("cancel", "cancelled", "cancelled"), ("pause", "paused", None)]
)
def test_what_is_in_hand_is_finished(
    call: Callers, monkeypatch: pytest.MonkeyPatch, action: str, status: str, rest: str | None
) -> None:
    early = early_starts(call)
    made = previewed(call)["id"]
    acted(call, made, "start")
    kept_document = Gateway.kept_document

    def meanwhile(*asked: Any) -> Any:
        monkeypatch.setattr(Gateway, "kept_document", kept_document)
        acted(call, made, action)
        return kept_document(*asked)

    monkeypatch.setattr(Gateway, "kept_document", meanwhile)
    assert worked(call) == early[:1]
    said = told(call, made)
    assert said["status"] == status
    assert [item["outcome"] for item in said["berichten"]] == ["judged", rest, rest]
    assert call.get(AANBIEDER, f"/v1/berichten/{early[0]}").json()["status"] == "accepted"


def test_a_dry_run_of_many_adds_up_what_would_differ(call: Callers) -> None:
    early_starts(call)
    call.send(AANBIEDER, start("ANDERS", 799999), day("2023-02-08"))
    made = previewed(call, dry_run=True)["id"]
    before = standing(call)
    acted(call, made, "start")
    worked(call)
    said = told(call, made)
    assert said["outcomes"] == {"shown": 3, "unchanged": 1}
    difference = said["difference"]
    assert (difference["vervallen"], difference["nieuw"], difference["retour_anders"]) == ({"TR019": 3}, {}, 3)
    assert [(one["status_before"], one["status_after"], one["count"]) for one in said["changes"]] == [
        ("rejected", "accepted", 3),
        ("rejected", "rejected", 1),
    ]
    assert standing(call) == before
    assert previewed(call)["difference"] is None


def test_an_allocation_comes_before_its_start(call: Callers, monkeypatch: pytest.MonkeyPatch) -> None:
    """A fault of ours kept the allocation from being judged, and so its start was refused."""

    def crash(*_: Any) -> None:
        raise RuleCrashed("TR001")

    with monkeypatch.context() as broken:
        broken.setattr("iwmo_gateway.gateway.judging.assess", crash)
        assert call.send(GEMEENTE, allocation(), day("2023-02-08")).json()["status"] == "failed"
    assert call.send(AANBIEDER, start(), day("2023-02-08")).json()["status"] == "rejected"
    made = previewed(call, {"partij": AANBIEDER}, concurrency=16)["id"]
    acted(call, made, "start")
    worked(call)
    assert [outcome[1:] for outcome in outcomes(told(call, made))] == [
        ("judged", "failed", "accepted"),
        ("judged", "rejected", "accepted"),
    ]


def test_an_empty_preview_is_finished_when_it_starts(call: Callers) -> None:
    made = previewed(call)
    assert (made["total"], made["berichten"], made["selection"]) == (0, [], [])
    acted(call, made["id"], "start")
    assert worked(call) == []
    assert told(call, made["id"])["status"] == "finished"


def test_ids_may_be_left_to_whatever_process_works(call: Callers) -> None:
    early = early_starts(call, 1)
    answer = call.client.post(
        "/v1/replays",
        json={"ids": [*early, UNKNOWN], "reason": REASON},
        headers={**call.headers("operator"), "Prefer": "respond-async"},
    )
    assert (answer.status_code, answer.json()["status"], answer.json()["done"]) == (202, "running", 0)
    worked(call)
    assert sorted(outcome[1] for outcome in outcomes(told(call, answer.json()["id"]))) == ["judged", "missing"]


def test_messages_and_replays_are_paged(call: Callers) -> None:
    early = early_starts(call)
    made = previewed(call)["id"]
    acted(call, made, "start")
    worked(call, limit=1)
    acted(call, made, "cancel")
    path, found = f"/v1/replays/{made}/items?limit=2", []
    while path:
        page = call.get("auditor", path).json()
        found += page["berichten"]
        path = page["links"]["next"]
    assert [(item["id"], item["nr"]) for item in found] == [(identity, nr) for nr, identity in enumerate(early)]
    undone = call.get("auditor", f"/v1/replays/{made}/items?outcome=cancelled").json()
    assert [item["id"] for item in undone["berichten"]] == early[1:]
    is_problem(call.get("operator", f"/v1/replays/{made}/items?outcome=x"), 400, "parameters")
    is_problem(call.get("operator", f"/v1/replays/{UNKNOWN}/items"), 404, "niet-gevonden")

    others = [previewed(call)["id"] for _ in range(2)]
    first = call.get("auditor", "/v1/replays?limit=2").json()
    second = call.get("auditor", first["links"]["next"]).json()
    assert [one["id"] for one in first["replays"] + second["replays"]] == [*others[::-1], made]
    assert second["links"]["next"] is None
    (cancelled,) = second["replays"]
    assert (cancelled["status"], cancelled["outcomes"]) == ("cancelled", {"cancelled": 2, "judged": 1})


def test_only_operators_act_and_auditors_look(call: Callers) -> None:
    early_starts(call, 1)
    made = previewed(call)["id"]
    for who in (AANBIEDER, GEMEENTE):
        for path in ("/v1/replays", f"/v1/replays/{made}", f"/v1/replays/{made}/items"):
            is_problem(call.get(who, path), 403, "IB008")
    for who in (AANBIEDER, GEMEENTE, "auditor"):
        is_problem(act(call, made, "start", who), 403, "IB008")
    for path in ("/v1/replays", f"/v1/replays/{made}", f"/v1/replays/{made}/items"):
        assert call.get("auditor", path).status_code == 200
    assert told(call, made)["status"] == "preview"
    is_problem(act(call, UNKNOWN, "start"), 404, "niet-gevonden")
    is_problem(act(call, made, "begin"), 400, "parameters")
