"""What is judged later can be followed: how far it is, whose hand it is in, and how long a body may take."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import uvicorn

from iwmo_gateway.gateway.progress import Hold, Telling, in_hand
from iwmo_gateway.gateway.waiting import judge_next, large_waits
from iwmo_gateway.store import messages, progress
from iwmo_gateway.store.messages import Message
from iwmo_gateway.store.progress import Fase
from iwmo_gateway.web.app import create_app
from tests.claims import Line, claim
from tests.conftest import TODAY, Callers
from tests.integration.test_http_builders import AANBIEDER, LATER, Json, lone_start, served

LATELY = {"Prefer": "respond-async"}


def followed(call: Callers, path: str) -> Json:
    said: Json = call.get(AANBIEDER, path).json()
    return said


def taken_up(call: Callers, now: datetime) -> Message | None:
    with call.gateway.database.writing() as transaction:
        return messages.take_waiting(transaction, now, call.gateway.lease, timedelta(days=1))


def in_the_hand_of(call: Callers, now: datetime) -> Hold:
    """The message that waits, as a process has it in hand."""
    message = taken_up(call, now)
    assert message is not None
    return Hold(call.gateway, message, now + call.gateway.lease)


# --- the answer, and what is told while it waits ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("prefer", "status"),
    [
        (["Respond-Async, wait=10"], 202),
        (["wait=10", "respond-async; x=1"], 202),
        (["wait=10"], 201),
        (['x="respond-async-not"'], 201),
    ],
)
def test_a_preference_is_read_as_its_standard_says(call: Callers, prefer: list[str], status: int) -> None:
    headers = [
        *call.headers(AANBIEDER).items(),
        ("Content-Type", "application/xml"),
        *(("Prefer", one) for one in prefer),
    ]
    assert call.client.post("/v1/berichten", content=lone_start(), headers=headers).status_code == status


def test_what_is_judged_later_is_answered_at_once_with_where_to_follow_it(call: Callers) -> None:
    sent = call.send(AANBIEDER, lone_start(), **LATELY)
    assert sent.status_code == 202
    assert sent.headers["location"] == f"/v1/berichten/{sent.json()['id']}"
    assert int(sent.headers["retry-after"]) >= 1
    assert sent.json()["voortgang"] == {"fase": "wacht", "regels": None, "gedaan": 0}

    waiting = call.get(AANBIEDER, sent.headers["location"])
    assert (waiting.status_code, waiting.json()["status"]) == (200, "received")
    assert waiting.json()["voortgang"] == {"fase": "wacht", "regels": None, "gedaan": 0}
    assert waiting.headers["retry-after"] == sent.headers["retry-after"]

    assert judge_next(call.gateway, LATER) is not None
    judged = call.get(AANBIEDER, sent.headers["location"])
    assert (judged.json()["status"], judged.json()["voortgang"]) == ("accepted", None)
    assert "retry-after" not in judged.headers


def test_a_larger_message_is_to_be_asked_for_less_often(call: Callers) -> None:
    small = call.send(AANBIEDER, lone_start("START01"), **LATELY)
    large = call.send(AANBIEDER, lone_start("START02") + b"\n" * 9_000_000)
    assert (small.status_code, large.status_code) == (202, 202)
    assert int(large.headers["retry-after"]) > int(small.headers["retry-after"])


def test_progress_is_seen_from_outside_while_a_message_is_in_hand_and_not_afterwards(call: Callers) -> None:
    path = call.send(AANBIEDER, lone_start(), **LATELY).headers["location"]
    now = datetime.now(UTC)
    hold = in_the_hand_of(call, now)
    assert followed(call, path)["voortgang"]["fase"] == "wacht"
    assert hold.beat(now)
    assert followed(call, path)["voortgang"] == {"fase": "leest", "regels": None, "gedaan": 0}
    hold.telling.at(Fase.BEOORDEELT)
    hold.telling.regels = 30_000
    hold.telling.judged(2, 5)
    assert hold.beat(now)
    assert followed(call, path)["voortgang"] == {"fase": "beoordeelt", "regels": 30_000, "gedaan": 12_000}
    hold.release()
    assert followed(call, path)["voortgang"]["fase"] == "wacht"


def test_what_a_process_told_that_died_since_is_not_told_any_more(call: Callers) -> None:
    path = call.send(AANBIEDER, lone_start(), **LATELY).headers["location"]
    long_ago = datetime.now(UTC) - call.gateway.lease
    hold = in_the_hand_of(call, datetime.now(UTC))
    assert hold.beat(long_ago)
    assert followed(call, path)["voortgang"]["fase"] == "wacht"


def test_what_was_judged_meanwhile_gets_no_progress(call: Callers) -> None:
    sent = call.send(AANBIEDER, lone_start(), **LATELY).json()
    hold = in_the_hand_of(call, LATER)
    assert judge_next(call.gateway, LATER + 2 * call.gateway.lease) is not None
    assert hold.beat(LATER)
    with call.gateway.database.reading() as transaction:
        assert progress.of(transaction, sent["id"]) is None


def test_a_claim_tells_its_lines_and_every_phase_in_turn(call: Callers, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[tuple[str, int | None, int]] = []

    def noted(name: str) -> None:
        real = getattr(Telling, name)

        def noting(telling: Telling, *values: Any) -> None:
            real(telling, *values)
            told.append((telling.fase, telling.regels, telling.gedaan))

        monkeypatch.setattr(Telling, name, noting)

    body = claim(*(Line(f"R{nr}", nummer=810001 + nr) for nr in range(40)))
    assert call.send(AANBIEDER, body, **LATELY).status_code == 202
    noted("at")
    noted("judged")
    assert judge_next(call.gateway, LATER) is not None
    assert list(dict.fromkeys(fase for fase, _, _ in told)) == ["controleert", "beoordeelt", "boekt"]
    done = [gedaan for fase, regels, gedaan in told if fase == "beoordeelt" and regels == 40]
    assert done == sorted(done)
    assert len(set(done)) > 5
    assert 0 < done[-1] < 40


def test_a_process_that_judges_beats_by_itself_and_leaves_nothing(
    call: Callers, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent = call.send(AANBIEDER, lone_start(), **LATELY)
    message = taken_up(call, datetime.now(UTC))
    assert message is not None
    beaten = threading.Event()
    real = Hold.beat

    def beats(hold: Hold, now: datetime) -> bool:
        mine = real(hold, now)
        beaten.set()
        return mine

    monkeypatch.setattr(Hold, "beat", beats)
    monkeypatch.setattr("iwmo_gateway.gateway.progress.EVERY_SECONDS", 0.01)
    with in_hand(call.gateway, message, datetime.now(UTC)) as telling:
        telling.at(Fase.CONTROLEERT)
        assert beaten.wait(30)
        assert followed(call, sent.headers["location"])["voortgang"]["fase"] in {"leest", "controleert"}
    with call.gateway.database.reading() as transaction:
        assert progress.of(transaction, message.id) is None


# --- the lease -------------------------------------------------------------------------------------------------------


def test_a_message_in_hand_is_not_taken_up_by_another_however_long_it_takes(call: Callers) -> None:
    call.send(AANBIEDER, lone_start(), **LATELY)
    lease, now = call.gateway.lease, LATER
    hold = in_the_hand_of(call, now)
    for _ in range(10):
        now += lease / 2
        assert hold.beat(now)
        assert taken_up(call, now) is None
    assert taken_up(call, now + lease) is not None


def test_who_lost_a_message_does_not_take_it_back(call: Callers) -> None:
    path = call.send(AANBIEDER, lone_start(), **LATELY).headers["location"]
    lost = in_the_hand_of(call, LATER)
    later = LATER + 2 * call.gateway.lease
    other = in_the_hand_of(call, later)
    assert not lost.beat(later)
    assert other.beat(later + call.gateway.lease / 2)
    assert taken_up(call, later + call.gateway.lease) is None
    assert followed(call, path)["status"] == "received"


def test_the_lease_is_renewed_when_a_third_of_it_is_gone_and_not_before(call: Callers) -> None:
    call.send(AANBIEDER, lone_start(), **LATELY)
    hold = in_the_hand_of(call, LATER)
    lease, until = call.gateway.lease, hold.until
    assert hold.beat(LATER + lease / 3 - timedelta(seconds=1))
    assert hold.until == until
    assert hold.beat(LATER + lease / 3)
    assert hold.until == LATER + lease / 3 + lease


def test_what_waits_is_large_or_not(call: Callers) -> None:
    assert not large_waits(call.gateway, LATER)
    with served(call, sync_limit_bytes=100) as small:
        assert call.send(AANBIEDER, lone_start(), **LATELY).status_code == 202
        assert not large_waits(call.gateway, LATER)
        assert large_waits(small.gateway, LATER)
        assert not large_waits(small.gateway, TODAY - timedelta(days=1))


# --- bodies that come slowly, or too much of them --------------------------------------------------------------------


@contextmanager
def listening(call: Callers, **changes: object) -> Iterator[int]:
    """The port of a real server."""
    with served(call, **changes) as small:
        server = uvicorn.Server(uvicorn.Config(create_app(small.gateway), port=0, log_config=None))
        listener = socket.socket()
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        thread = threading.Thread(target=server.run, args=([listener],), daemon=True)
        thread.start()
        try:
            yield listener.getsockname()[1]
        finally:
            server.should_exit = True
            thread.join(30)


def answered(call: Callers, port: int, body: bytes, **headers: str) -> bytes:
    """All that a server says until it closes the connection, to one who sends this and then waits."""
    told = {"Host": "test", "Content-Type": "application/xml", **call.headers(AANBIEDER), **headers}
    head = "POST /v1/berichten HTTP/1.1\r\n" + "".join(f"{name}: {value}\r\n" for name, value in told.items())
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        connection.sendall(head.encode() + b"\r\n" + body)
        said = b""
        while chunk := connection.recv(65536):
            said += chunk
            if b'"code":"IB012"' in said:
                break
    return said


def test_a_slow_sender_is_cut_off_and_nothing_is_kept(call: Callers) -> None:
    with listening(call, body_seconds=1) as port:
        said = answered(call, port, lone_start()[:100], **{"Content-Length": str(len(lone_start()))})
    assert said.startswith(b"HTTP/1.1 408 ")
    assert b'"code":"te-traag"' in said
    assert b"connection: close" in said.lower()
    assert call.get("operator", "/v1/berichten").json()["berichten"] == []


def test_a_body_is_refused_as_soon_as_there_is_too_much_of_it(call: Callers) -> None:
    with listening(call, max_message_bytes=1_000) as port:
        chunk = b"400\r\n" + b" " * 1024 + b"\r\n"  # and more would follow
        said = answered(call, port, chunk, **{"Transfer-Encoding": "chunked"})
    assert said.startswith(b"HTTP/1.1 413 ")


def test_a_body_that_is_longer_than_its_length_says_is_read_no_further(call: Callers) -> None:
    body = lone_start()
    with listening(call) as port:
        said = answered(call, port, body, **{"Content-Length": str(len(body) - 20)})
    assert said.startswith(b"HTTP/1.1 400 ")
    assert b'"code":"geen-xml"' in said
    assert call.get("operator", "/v1/berichten").json()["berichten"] == []
