"""Faults of ours: nothing personal leaves a message, nothing is half stored, and a replay mends it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import pytest
from lxml import etree
from structlog.testing import capture_logs

from iwmo_gateway.gateway.context import Gateway
from iwmo_gateway.gateway.faults import LONGEST
from iwmo_gateway.gateway.waiting import judge_next
from iwmo_gateway.retour.answers import retourbericht
from iwmo_gateway.retour.building import AnswerShape
from iwmo_gateway.rules.content import content
from iwmo_gateway.rules.deliveries import deliveries
from iwmo_gateway.rules.engine import Level
from iwmo_gateway.rules.external import external
from tests.conftest import Callers
from tests.integration.test_http_builders import (
    AANBIEDER,
    BSN,
    GEMEENTE,
    LATER,
    PERSONAL,
    WRONG_BSN,
    Json,
    allocation,
    day,
    everything,
    lone_start,
    made_by,
    mailbox,
    standing,
    start,
)
from tests.integration.test_http_refusals import UNREADABLE, is_problem

RULES: tuple[tuple[Level, str], ...] = ((content, "CS002"), (deliveries, "TR019"), (external, "TR135"))
"""A rule of each level."""


@dataclass
class Told:
    """What the gateway told anybody outside of a message: answers, log entries, and what it printed."""

    answers: list[str]
    logged: list[Any]

    def add(self, answer: Any) -> Json:
        self.answers.append(f"{answer.text} {answer.headers}")
        said: Json = answer.json()
        return said


@pytest.fixture
def told(capfd: pytest.CaptureFixture[str]) -> Iterator[Told]:
    """What is told during a test, and after it the proof that none of it is personal."""
    with capture_logs() as logged:
        kept = Told([], logged)
        yield kept
    printed = capfd.readouterr()
    everywhere = {"answers": kept.answers, "log": kept.logged, "printed": [printed.out, printed.err]}
    for where, texts in everywhere.items():
        assert not [(where, value, text) for text in texts for value in PERSONAL if value in str(text)]
    assert kept.logged


def crash(*_: object, **__: object) -> Any:
    raise ValueError(f"Bsn {BSN} of Fenna Proefstra, born on 1951-04-17")


def break_rule(monkeypatch: pytest.MonkeyPatch, level: Level, code: str, check: Callable[..., Any] = crash) -> None:
    monkeypatch.setitem(level.rules, code, replace(level.rules[code], check=check))


def outcomes(call: Callers, *ids: str, **how: bool) -> list[tuple[str, str]]:
    answer = call.post("operator", "/v1/replays", {"ids": list(ids), "reason": "de regel is hersteld", **how})
    assert answer.status_code == 201
    assert not [value for value in PERSONAL if value in answer.text]
    return [(item["outcome"], item["status_after"]) for item in answer.json()["berichten"]]


def test_good_and_bad_messages_leave_nothing_personal_in_logs_and_answers(call: Callers, told: Told) -> None:
    told.add(call.send(GEMEENTE, allocation()))
    for _, unreadable, *_ in UNREADABLE:
        told.add(call.send(AANBIEDER, unreadable()))
    everything_personal = {"Bsn": f"{BSN}0", "Achternaam": "Proefstra" * 40, "Geslacht": BSN, "Voorletters": BSN}
    for body in (
        start("GOED"),
        lone_start("GOED"),
        start("REGEL", 799999),
        lone_start("ELFPROEF", Bsn=WRONG_BSN),
        lone_start("SCHEMA", **everything_personal),
        lone_start("PRODUCT", Code="01A99"),
    ):
        said = told.add(call.send(AANBIEDER, body))
        for path in ("", "/bevindingen", "/oordelen"):
            told.add(call.get(AANBIEDER, f"/v1/berichten/{said['id']}{path}"))
    told.add(call.send(AANBIEDER, allocation("VREEMD")))
    for who in (AANBIEDER, GEMEENTE):
        told.add(call.get(who, "/v1/mailbox"))
    told.add(call.get("operator", f"/v1/berichten?tekst={BSN}"))
    told.add(call.get("operator", f"/v1/berichten?limit={BSN}"))
    told.add(call.post("operator", "/v1/replays", {"ids": [], "reason": BSN}))


@pytest.mark.parametrize(("level", "code"), RULES, ids=[code for _, code in RULES])
def test_a_rule_that_crashes_makes_the_message_failed_and_names_the_rule_alone(
    call: Callers, told: Told, monkeypatch: pytest.MonkeyPatch, level: Level, code: str
) -> None:
    told.add(call.send(GEMEENTE, allocation(), day("2023-02-05")))
    before = standing(call)
    with monkeypatch.context() as broken:
        break_rule(broken, level, code)
        answer = call.send(AANBIEDER, start(), day("2023-02-08"))
        said = told.add(answer)
        assert (answer.status_code, said["status"], said["retour"], said["oordelen"]) == (202, "failed", None, 0)
        assert said["toelichting"]
        path = answer.headers["location"]
        assert told.add(call.get(AANBIEDER, path)) == said
        is_problem(call.get(AANBIEDER, f"{path}/retour"), 404, "niet-gevonden")
        is_problem(call.get(GEMEENTE, path), 404, "niet-gevonden")
        story = told.add(call.get("operator", f"{path}/oordelen"))
        assert story["oordelen"] == []
        (fault,) = [event for event in story["gebeurtenissen"] if event["event"] == "fault"]
        assert fault["detail"] == {"error": f"RuleCrashed: Rule {code} raised ValueError"}
        # Nothing of it counts, and it is not tried again by itself: while the rule is broken that cannot help.
        after = standing(call)
        assert (after.mailboxes, after.facts) == (before.mailboxes, before.facts)
        assert judge_next(call.gateway, LATER) is None
        assert told.add(call.send(AANBIEDER, start(), day("2023-02-09"))) == said
        assert outcomes(call, said["id"]) == [("failed", "failed")]
        assert outcomes(call, said["id"], dry_run=True) == [("failed", "failed")]
        # Its identification is held meanwhile.
        other = told.add(call.send(AANBIEDER, lone_start("START01", Begindatum="2023-02-03"), day("2023-02-08")))
        assert other["status"] in {"rejected", "failed"}

    assert outcomes(call, said["id"]) == [("judged", "accepted")]
    result = told.add(call.get(AANBIEDER, path))
    assert (result["status"], result["received_at"]) == ("accepted", "2023-02-08T12:00:00+01:00")
    assert said["id"] in made_by(call)
    assert result["retour"]["id"] in [entry["id"] for entry in mailbox(call, AANBIEDER)]
    assert f"Rule {code} raised ValueError" in str(told.logged)


def test_validation_with_a_rule_that_crashes_is_a_problem_that_names_nothing(
    call: Callers, told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    break_rule(monkeypatch, content, "CS002")
    answer = call.send(AANBIEDER, lone_start(), path="/v1/validations")
    told.add(answer)
    is_problem(answer, 500, "fout")
    assert standing(call).berichten == ()


def test_a_crash_outside_the_rules_is_tried_again_some_times_and_then_failed(
    call: Callers, told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as broken:
        broken.setattr("iwmo_gateway.gateway.judging.retourbericht", crash)
        answer = call.send(AANBIEDER, lone_start())
        said = told.add(answer)
        assert (answer.status_code, said["status"], said["oordelen"]) == (202, "received", 0)
        most = call.gateway.settings.max_attempts
        tried = [judge_next(call.gateway, LATER + nr * LONGEST) for nr in range(most + 1)]
        assert [result and str(result.message.status) for result in tried] == ["received"] * (most - 1) + [
            "failed",
            None,
        ]
    path = answer.headers["location"]
    story = told.add(call.get("operator", f"{path}/oordelen"))
    faults = [event["detail"] for event in story["gebeurtenissen"] if event["event"] == "fault"]
    assert faults == [{"error": "ValueError"}] * (1 + most)  # the call that brought it, and the worker
    assert told.add(call.get(AANBIEDER, path))["status"] == "failed"
    assert (mailbox(call, AANBIEDER), mailbox(call, GEMEENTE)) == ([], [])
    assert outcomes(call, said["id"]) == [("judged", "accepted")]


def test_a_crash_while_judging_again_leaves_the_first_judgement(
    call: Callers, told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = told.add(call.send(AANBIEDER, start(), day("2023-02-08")))
    told.add(call.send(GEMEENTE, allocation(), day("2023-02-09")))
    before = standing(call)
    with monkeypatch.context() as broken:
        break_rule(broken, deliveries, "TR019")
        answer = call.send(AANBIEDER, start(), day("2023-02-10"))
        told.add(answer)
        is_problem(answer, 500, "fout")
        assert outcomes(call, first["id"]) == [("failed", "rejected")]
        assert outcomes(call, first["id"], dry_run=True) == [("failed", "rejected")]
    assert standing(call) == before
    assert told.add(call.get(AANBIEDER, f"/v1/berichten/{first['id']}")) == first
    assert outcomes(call, first["id"]) == [("judged", "accepted")]


def test_a_call_that_crashes_tells_its_kind_alone(call: Callers, told: Told, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as broken:
        broken.setattr("iwmo_gateway.web.api.receive", crash)
        answer = call.send(AANBIEDER, lone_start())
        told.add(answer)
    is_problem(answer, 500, "fout")
    assert {"error": "ValueError"}.items() <= next(e for e in told.logged if e["event"] == "call_failed").items()
    assert standing(call).berichten == ()


def test_a_bsn_in_a_path_is_not_logged(call: Callers, told: Told) -> None:
    """Somebody looks for a client where only ids belong."""
    for path in (f"/v1/berichten/{BSN}", f"/v1/mailbox/{BSN}", f"/v1/clienten/{BSN}", f"/v1/berichten?tekst={BSN}"):
        told.add(call.get(AANBIEDER, path))


def a_wrong_header(*asked: Any, **more: Any) -> "etree._Element":
    root = retourbericht(*asked, **more)
    header = root[0]
    header.remove(header[0])
    return root


def without_version(gateway: Gateway, soort: Any) -> AnswerShape:
    return AnswerShape(frozenset(), None)


@pytest.mark.parametrize(
    ("target", "wrong"),
    [
        ("iwmo_gateway.gateway.judging.retourbericht", a_wrong_header),
        ("iwmo_gateway.gateway.context.Gateway.answer_shape", without_version),
    ],
    ids=["message", "shape"],
)
def test_a_return_message_that_would_be_invalid_is_never_sent(
    call: Callers, told: Told, monkeypatch: pytest.MonkeyPatch, target: str, wrong: Callable[..., Any]
) -> None:
    bodies = ((GEMEENTE, allocation()), (AANBIEDER, lone_start()), (AANBIEDER, start("REGEL", 799999)))
    with monkeypatch.context() as broken:
        broken.setattr(target, wrong)
        results = [told.add(call.send(who, body)) for who, body in bodies]
        assert [(said["status"], said["retour"], said["oordelen"]) for said in results] == [("failed", None, 0)] * 3
    now = standing(call)
    assert {kept[0] for kept in now.berichten} == {said["id"] for said in results}
    assert (now.mailboxes, now.facts) == ((), ())
    for said, soort in zip(results, ("WMO302", "WMO306", "WMO306"), strict=True):
        story = told.add(call.get("operator", f"/v1/berichten/{said['id']}/oordelen"))
        assert [event["event"] for event in story["gebeurtenissen"]] == ["received", "fault"]
        error = story["gebeurtenissen"][1]["detail"]["error"]
        assert error == f"RetourInvalid: The {soort} 3.2 to message {said['id']} does not satisfy its schema"

    replayed = outcomes(call, *(said["id"] for said in results))
    assert replayed == [("judged", "accepted"), ("judged", "accepted"), ("judged", "rejected")]
    assert len(made_by(call)) == 1
    assert len(everything(call)) == 6


def test_a_crash_in_the_midst_of_storing_leaves_nothing_half_stored(
    call: Callers, told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as broken:
        broken.setattr("iwmo_gateway.gateway.judging.messages.insert_judgement", crash)
        said = told.add(call.send(AANBIEDER, lone_start()))
    assert said["status"] == "received"
    assert [kept[0] for kept in standing(call).berichten] == [said["id"]]
    assert standing(call).mailboxes == ()
    assert told.add(call.get("operator", f"/v1/berichten/{said['id']}"))["oordelen"] == 0
    assert outcomes(call, said["id"]) == [("judged", "accepted")]
