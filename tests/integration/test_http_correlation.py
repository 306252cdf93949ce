"""One id ties what follows from a call to it: header, log lines, events, the worker, the return message."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
import structlog
from structlog.contextvars import merge_contextvars
from structlog.testing import LogCapture

from iwmo_gateway.gateway.waiting import judge_next
from tests.conftest import TODAY, Callers
from tests.integration.test_http_builders import AANBIEDER, BSN, GEMEENTE, LATER, allocation, lone_start, start

GIVEN = "their-call-0001"
WHOLE = ("received", "judged", "answered", "forwarded")
"""What happens to a message that is right."""


@pytest.fixture
def lines() -> Iterator[list[Any]]:
    """The log lines of a test as they are written: with what belongs to the call."""
    capture = LogCapture()
    processors = structlog.get_config()["processors"]
    before = processors.copy()
    processors[:] = [merge_contextvars, capture]
    yield capture.entries
    processors[:] = before


def told(lines: list[Any], request: str) -> list[str]:
    """What the log tells of a call: the events of all lines that name its id, in their order."""
    return [line["event"] for line in lines if request in (line.get("request"), line.get("origin"))]


def events(call: Callers, message: str) -> list[tuple[str, str | None]]:
    story = call.get("operator", f"/v1/berichten/{message}/oordelen").json()
    return [(event["event"], (event["detail"] or {}).get("request")) for event in story["gebeurtenissen"]]


def fetched(call: Callers, who: str, nr: int, lines: list[Any]) -> dict[str, Any]:
    """Fetch an entry of a mailbox, and return the log line of it."""
    assert call.get(who, f"/v1/mailbox/{nr}").status_code == 200
    line: dict[str, Any] = [line for line in lines if line["event"] == "fetched"][-1]
    return line


def test_an_id_is_made_for_every_call_and_told_in_its_answer(call: Callers, lines: list[Any]) -> None:
    answers = [call.client.get("/healthz"), call.client.get("/v1/mailbox"), call.send(AANBIEDER, lone_start())]
    ids = [answer.headers["x-request-id"] for answer in answers]
    assert len(set(ids)) == 3
    assert all(re.fullmatch(r"[0-9a-f]{16}", request) for request in ids)
    assert [line["request"] for line in lines if line["event"] == "call"] == ids
    assert all("request" in line for line in lines)


@pytest.mark.parametrize("unfit", ["", "x" * 65, "with blank", f"client-{BSN}", "kœur"])
def test_the_id_of_a_caller_is_taken_over_if_it_may_be_logged(call: Callers, lines: list[Any], unfit: str) -> None:
    assert call.client.get("/healthz", headers={"X-Request-Id": GIVEN}).headers["x-request-id"] == GIVEN
    other = call.client.get("/healthz", headers={"X-Request-Id": unfit.encode("latin-1", "replace")})
    assert re.fullmatch(r"[0-9a-f]{16}", other.headers["x-request-id"])
    assert BSN not in str(lines)


def test_one_id_leads_from_the_call_to_the_fetch_of_the_answer(call: Callers, lines: list[Any]) -> None:
    call.send(GEMEENTE, allocation())
    answer = call.send(AANBIEDER, start(), TODAY, **{"X-Request-Id": GIVEN})
    said = answer.json()
    assert said["status"] == "accepted"
    assert events(call, said["id"]) == [(event, GIVEN) for event in WHOLE]

    # The 302 came first; the 306 is the provider's second entry, and the start the municipality's own second one.
    call.put(AANBIEDER, "/v1/mailbox/2/acknowledged")
    line = fetched(call, AANBIEDER, 2, lines)
    assert (line["message"], line["answers"], line["origin"]) == (said["retour"]["id"], said["id"], GIVEN)
    assert line["request"] != GIVEN
    line = fetched(call, GEMEENTE, 2, lines)
    assert (line["message"], line["answers"], line["origin"]) == (said["id"], None, GIVEN)
    assert told(lines, GIVEN) == ["judged", "call", "acknowledged", "fetched", "fetched"]


def test_a_worker_works_under_the_id_of_the_call_that_brought_the_message(call: Callers, lines: list[Any]) -> None:
    said = call.send(AANBIEDER, lone_start(), TODAY, Prefer="respond-async", **{"X-Request-Id": GIVEN}).json()
    assert told(lines, GIVEN) == ["kept_for_later", "call"]
    lines.clear()
    assert judge_next(call.gateway, LATER) is not None
    assert [(line["event"], line["request"], line["message"]) for line in lines] == [("judged", GIVEN, said["id"])]
    assert events(call, said["id"]) == [
        ("received", GIVEN),
        ("judged", GIVEN),
        ("answered", GIVEN),
        ("forwarded", GIVEN),
    ]
    assert fetched(call, AANBIEDER, 1, lines)["origin"] == GIVEN


def test_a_fault_of_ours_is_told_under_the_id_of_the_call(
    call: Callers, lines: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any, **__: Any) -> None:
        raise ValueError(BSN)

    monkeypatch.setattr("iwmo_gateway.gateway.judging.complete", broken)
    call.send(AANBIEDER, lone_start(), TODAY, **{"X-Request-Id": GIVEN})
    assert told(lines, GIVEN) == ["judging_failed", "not_judged_anew", "call"]
    assert BSN not in str(lines)


def test_a_replay_has_an_id_of_its_own_and_names_the_first(call: Callers, lines: list[Any]) -> None:
    said = call.send(AANBIEDER, start(), TODAY, **{"X-Request-Id": GIVEN}).json()
    assert said["status"] == "rejected"
    call.send(GEMEENTE, allocation())
    lines.clear()
    done = call.client.post(
        "/v1/replays",
        json={"ids": [said["id"]], "reason": "the allocation came"},
        headers={**call.headers("operator"), "X-Request-Id": "replay-1"},
    )
    assert done.json()["berichten"][0]["outcome"] == "judged"
    (line,) = [line for line in lines if line["event"] == "judged"]
    assert (line["request"], line["origin"], line["message"]) == ("replay-1", GIVEN, said["id"])
    assert events(call, said["id"])[-1] == ("forwarded", "replay-1")
