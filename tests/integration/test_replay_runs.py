"""Running a replay when things go wrong: processes that die, messages that crash, bytes that are gone, many at once."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from threading import Event
from typing import Any

import pytest
from sqlalchemy import update
from structlog.testing import capture_logs

from iwmo_gateway import worker
from iwmo_gateway.errors import StoreBusy, StoreError
from iwmo_gateway.gateway import judging
from iwmo_gateway.gateway.replaying import replay_next
from iwmo_gateway.store import replays
from iwmo_gateway.store.replays import Taken
from iwmo_gateway.store.tables import messages
from tests.conftest import TODAY, Callers
from tests.integration.test_http_builders import (
    AANBIEDER,
    ANDERE_AANBIEDER,
    GEMEENTE,
    Json,
    allocation,
    day,
    lone_start,
    mailbox,
    served,
    standing,
    start,
)
from tests.integration.test_http_replay_filters import acted, early_starts, previewed, told, worked
from tests.integration.test_http_replays import outcomes, replayed


def running(call: Callers, **how: Any) -> str:
    """A replay of the rejected starts that was started."""
    made: str = previewed(call, **how)["id"]
    acted(call, made, "start")
    return made


def taken(call: Callers, replay_id: str, now: datetime) -> Taken | None:
    """What a process takes in hand, that is never heard of again."""
    with call.gateway.database.writing() as transaction:
        return replays.take(transaction, replay_id, now, call.gateway.lease, 1024 * 1024)


def elsewhere(call: Callers, count: int = 2) -> list[str]:
    """Starts of another provider that were refused, and still would be."""
    made = (start(f"ELDERS{nr}", 799990 + nr, Afzender=ANDERE_AANBIEDER) for nr in range(count))
    return [call.send(ANDERE_AANBIEDER, body, day("2023-02-08")).json()["id"] for body in made]


def judgements(call: Callers, identity: str) -> int:
    count: int = call.get("operator", f"/v1/berichten/{identity}").json()["oordelen"]
    return count


def test_what_a_process_had_in_hand_when_it_died_is_taken_up_when_its_lease_runs_out(call: Callers) -> None:
    early = early_starts(call)
    made = running(call)
    in_hand = taken(call, made, TODAY)
    assert in_hand is not None
    assert in_hand.message == early[0]
    assert worked(call, TODAY) == []
    assert worked(call, TODAY + call.gateway.lease) == early
    said = told(call, made)
    assert (said["status"], said["outcomes"]) == ("finished", {"judged": 3})
    assert [judgements(call, identity) for identity in early] == [2, 2, 2]


def test_what_was_judged_but_not_noted_is_not_judged_again(call: Callers, monkeypatch: pytest.MonkeyPatch) -> None:
    """The process dies between the commit of the judgement and that of the outcome."""
    early = early_starts(call, 2)
    made = running(call)

    class Died(BaseException):
        pass

    def die(*_: Any) -> None:
        raise Died

    with monkeypatch.context() as broken:
        broken.setattr(replays, "settle", die)
        with pytest.raises(Died):
            replay_next(call.gateway, lambda: TODAY)
    before = standing(call)
    assert told(call, made)["done"] == 0
    assert worked(call, TODAY + call.gateway.lease, limit=1) == early[:1]
    assert standing(call) == before
    first = told(call, made)["berichten"][0]
    assert (first["outcome"], first["status_before"], first["status_after"]) == ("judged", "rejected", "accepted")
    assert "genoteerd" in first["detail"]["toelichting"]
    assert worked(call, TODAY + call.gateway.lease) == early[1:]
    assert told(call, made)["status"] == "finished"
    assert [judgements(call, identity) for identity in early] == [2, 2]


def test_a_process_that_was_only_slow_does_not_undo_what_another_noted(call: Callers) -> None:
    early = early_starts(call, 2)
    made = running(call)
    slow = taken(call, made, TODAY)
    assert slow is not None
    assert worked(call, TODAY + call.gateway.lease, limit=1) == early[:1]
    with call.gateway.database.writing() as transaction:
        replays.settle(transaction, slow, replays.Settled(replays.Outcome.FAILED), TODAY)
    assert outcomes(told(call, made))[0] == (early[0], "judged", "rejected", "accepted")
    assert worked(call, TODAY + call.gateway.lease) == early[1:]


def test_a_lane_that_another_has_in_hand_by_now_stays_in_its_hands(call: Callers) -> None:
    early = early_starts(call, 2)
    made, later = running(call, concurrency=16), TODAY + call.gateway.lease
    slow, other = taken(call, made, TODAY), taken(call, made, later)
    assert slow is not None
    assert other is not None
    for one, free in ((slow, None), (other, early[1])):
        with call.gateway.database.writing() as transaction:
            replays.settle(transaction, one, replays.Settled(replays.Outcome.UNCHANGED), later)
        following = taken(call, made, later)
        assert (following and following.message) == free


def test_a_message_that_ends_every_process_is_failed_and_the_rest_goes_on(call: Callers) -> None:
    early = early_starts(call)
    made, moment = running(call), TODAY
    for _ in range(call.gateway.settings.max_attempts):
        in_hand = taken(call, made, moment)
        assert in_hand is not None
        assert in_hand.message == early[0]
        moment += call.gateway.lease
    assert worked(call, moment) == early
    said = told(call, made)
    assert [item["outcome"] for item in said["berichten"]] == ["failed", "judged", "judged"]
    assert "Opgegeven" in said["berichten"][0]["detail"]["fout"]
    assert said["status"] == "finished"
    assert judgements(call, early[0]) == 1


def test_what_the_database_refused_is_tried_again_and_holds_up_its_own_lane_only(
    call: Callers, monkeypatch: pytest.MonkeyPatch
) -> None:
    early = early_starts(call, 2)
    others = elsewhere(call)
    made = running(call)
    settle = judging._settle

    def busy(gateway: Any, message: Any, *rest: Any) -> Any:
        if message.id == early[0]:
            raise StoreBusy("A lock was not to be had in time")
        return settle(gateway, message, *rest)

    with monkeypatch.context() as locked:
        locked.setattr(judging, "_settle", busy)
        assert worked(call, TODAY) == [early[0], *others]
    assert worked(call, TODAY) == []
    assert worked(call, TODAY + call.gateway.lease) == early
    assert told(call, made)["outcomes"] == {"judged": 2, "unchanged": 2}


def test_what_the_database_always_refuses_is_failed_in_the_end(call: Callers, monkeypatch: pytest.MonkeyPatch) -> None:
    early = early_starts(call, 2)
    made, moment = running(call), TODAY

    def broken(*_: Any) -> None:
        raise StoreError("The database refused or failed")

    with monkeypatch.context() as refusing:
        refusing.setattr(judging, "_settle", broken)
        for _ in range(call.gateway.settings.max_attempts):
            assert worked(call, moment, limit=1) == early[:1]
            moment += call.gateway.lease
    assert worked(call, moment) == early[1:]
    assert told(call, made)["outcomes"] == {"failed": 1, "judged": 1}


def test_no_more_are_in_hand_than_was_asked_and_of_one_lane_only_one(call: Callers) -> None:
    early, others = early_starts(call, 2), elsewhere(call, 2)
    alone = running(call, concurrency=1)
    assert taken(call, alone, TODAY) is not None
    assert taken(call, alone, TODAY) is None
    acted(call, alone, "cancel")

    made = running(call, concurrency=3)
    in_hand = [taken(call, made, TODAY) for _ in range(3)]
    assert [one and one.message for one in in_hand] == [early[0], others[0], None]


def test_a_large_message_is_lent_for_longer(call: Callers) -> None:
    early_starts(call, 1)
    made = running(call)
    with call.gateway.database.writing() as transaction:
        transaction.execute(update(messages).values(size=5 * 1024 * 1024))
    in_hand = taken(call, made, TODAY)
    assert in_hand is not None
    assert in_hand.until == TODAY + 6 * call.gateway.lease


def test_the_oldest_replay_goes_first_and_a_held_up_one_holds_up_no_other(call: Callers) -> None:
    early = early_starts(call, 2)
    first, second = running(call, dry_run=True, concurrency=1), running(call, dry_run=True)
    assert taken(call, first, TODAY) is not None
    assert worked(call, TODAY) == early
    assert told(call, second)["status"] == "finished"
    assert worked(call, TODAY + call.gateway.lease) == early
    assert told(call, first)["status"] == "finished"


@pytest.mark.parametrize("how", [{}, {"dry_run": True}, {"force": True}], ids=["plain", "dry run", "force"])
def test_a_message_that_was_purged_says_so(call: Callers, how: Json) -> None:
    early = early_starts(call, 2)
    with call.gateway.database.writing() as transaction:
        transaction.execute(update(messages).where(messages.c.id == early[0]).values(xml=b""))
    said = replayed(call, *early, **how)
    assert [item["outcome"] for item in said["berichten"]] == ["purged", "shown" if how.get("dry_run") else "judged"]
    assert "opgeruimd" in said["berichten"][0]["detail"]["reden"]
    assert judgements(call, early[0]) == 1


def test_a_dry_run_beside_an_answer_that_was_purged_tells_its_kind(call: Callers) -> None:
    (early,) = early_starts(call, 1)
    with call.gateway.database.writing() as transaction:
        transaction.execute(update(messages).where(messages.c.own).values(xml=b""))
    detail = replayed(call, early, dry_run=True)["berichten"][0]["detail"]
    assert detail["retour"] == {"was": "WMO306", "wordt": "WMO306", "anders": False, "retourcodes": None}


def test_live_traffic_goes_first(call: Callers, monkeypatch: pytest.MonkeyPatch) -> None:
    early = early_starts(call)
    made = running(call)
    live: list[str] = []

    def send_another(*asked: Any, **named: Any) -> Any:
        """A message comes in while each one of the replay is in hand."""
        done = replay_next(*asked, **named)
        if done is None:
            stop.set()
        elif len(live) < len(early):
            sent = call.send(AANBIEDER, lone_start(f"LIVE{len(live)}"), Prefer="respond-async")
            live.append(sent.json()["id"])
        return done

    stop = Event()
    monkeypatch.setattr(worker, "replay_next", send_another)
    with capture_logs() as logs:
        worker.work(call.gateway, stop)
    seen = [one["message"] for one in logs if one["event"] in {"taken_up", "replayed"}]
    assert seen == [early[0], live[0], early[1], live[1], early[2], live[2]]
    assert told(call, made)["status"] == "finished"


def test_processes_share_a_replay_and_no_message_is_judged_twice(call: Callers) -> None:
    """Many work at the same time: each message gets one new judgement, each lane in its own order."""
    early = early_starts(call, 6)
    others = elsewhere(call, 6)
    came = allocation("LATER", 799993, 799003, Ontvanger=ANDERE_AANBIEDER)
    assert call.send(GEMEENTE, came, day("2023-02-09")).json()["status"] == "accepted"
    made = running(call, concurrency=4)

    def work(_: int) -> list[str]:
        found = []
        while told(call, made)["status"] == "running":
            if done := replay_next(call.gateway, lambda: TODAY):
                found.append(done.message)
        return found

    with ThreadPoolExecutor(4) as threads:
        seen = [identity for found in threads.map(work, range(4)) for identity in found]
    assert sorted(seen) == sorted([*early, *others])
    said = told(call, made)
    assert (said["status"], said["outcomes"]) == ("finished", {"judged": 7, "unchanged": 5})
    assert [judgements(call, identity) for identity in early] == [2] * 6
    assert [judgements(call, identity) for identity in others] == [1, 1, 1, 2, 1, 1]
    answers = [one["antwoord_op"] for one in mailbox(call, AANBIEDER) if one["soort"] == "WMO306"]
    assert sorted(answers) == early


def test_a_call_that_others_hold_up_is_answered_in_the_end(call: Callers, monkeypatch: pytest.MonkeyPatch) -> None:
    """A process died with a message of it in hand: the call does not wait for its lease, and says that it goes on."""
    early = early_starts(call, 1)
    make_ready = replays.make_ready

    def die_with_it(transaction: Any, replay_id: str, **named: Any) -> None:
        make_ready(transaction, replay_id, **named)
        replays.take(transaction, replay_id, TODAY + timedelta(days=36500), call.gateway.lease, 1)

    monkeypatch.setattr(replays, "make_ready", die_with_it)
    with served(call, lease_seconds=1) as impatient:
        answer = impatient.post("operator", "/v1/replays", {"ids": early, "reason": "waarom niet"})
    assert (answer.status_code, answer.json()["status"]) == (202, "running")


def test_a_return_message_alone_may_differ(call: Callers) -> None:
    """The answer was made by a version that gave another code; its identification and day never count."""
    rejected = call.send(AANBIEDER, start("START02", 799999), day("2023-02-08")).json()
    assert replayed(call, rejected["id"], dry_run=True)["outcomes"] == {"unchanged": 1}
    answer = call.get("operator", f"/v1/berichten/{rejected['id']}/retour").content
    with call.gateway.database.writing() as transaction:
        changed = answer.replace(b">9019<", b">9018<")
        transaction.execute(
            update(messages).where(messages.c.id == rejected["retour"]["id"]).values(xml=changed, key_version=0)
        )
    said = replayed(call, rejected["id"], dry_run=True)
    detail = said["berichten"][0]["detail"]
    assert (said["outcomes"], detail["vervallen"], detail["nieuw"]) == ({"shown": 1}, [], [])
    assert detail["retour"] == {
        "was": "WMO306",
        "wordt": "WMO306",
        "anders": True,
        "retourcodes": {"vervallen": {"9018": 1}, "nieuw": {"9019": 1}},
    }
