"""Every call in the audit trail: once, by whom, about which messages, with what outcome; and no look without it."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from structlog.testing import capture_logs

from iwmo_gateway.errors import StoreError
from iwmo_gateway.gateway import receive
from iwmo_gateway.gateway.parties import create_mandate
from iwmo_gateway.store import audit
from iwmo_gateway.store.audit import Action, Deed, Outcome, Wanted
from iwmo_gateway.web.app import create_app
from iwmo_gateway.web.session import CONSOLE
from iwmo_gateway.web.trail import ACTIONS
from tests.conftest import TODAY, Callers
from tests.integration.test_http_builders import (
    AANBIEDER,
    ANDERE_AANBIEDER,
    BSN,
    GEMEENTE,
    PERSONAL,
    allocation,
    everything,
    lone_start,
    mailbox,
    start,
)
from tests.integration.test_http_guards import OPEN, every_route
from tests.integration.test_http_refusals import is_problem

UUID = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}")
NOBODYS = "01970000-0000-7000-8000-000000000000"


def trail(call: Callers) -> list[Deed]:
    """All that was written down, in the order in which it was."""
    with call.gateway.database.reading() as transaction:
        return audit.find(transaction, Wanted(), after=0, limit=10_000)


@contextmanager
def written(call: Callers) -> Iterator[list[Deed]]:
    """What is written down during the block."""
    before = len(trail(call))
    new: list[Deed] = []
    yield new
    new += trail(call)[before:]


@pytest.fixture
def sent(call: Callers) -> dict[str, str]:
    """An allocation, a start that fits it and one that does not: their ids."""
    return {
        name: call.send(who, body).json()["id"]
        for name, who, body in (
            ("allocation", GEMEENTE, allocation()),
            ("start", AANBIEDER, start()),
            ("refused", AANBIEDER, start("START02", 799999)),
        )
    }


def test_every_route_is_something_that_somebody_does_or_shows_nothing_of_anybody(call: Callers) -> None:
    routes = {
        f"{method} {route.path}"
        for route in every_route(create_app(call.gateway).routes)
        if route.path not in OPEN and not route.path.startswith(CONSOLE)
        for method in (route.methods or set()) - {"HEAD", "OPTIONS"}
    }
    assert routes == set(ACTIONS)


def test_every_call_is_written_down_once_whatever_comes_of_it(call: Callers) -> None:
    """Each route as everybody."""
    everybody = (GEMEENTE, AANBIEDER, "operator", "auditor")
    for who in everybody:
        call.headers(who)
    for route, action in ACTIONS.items():
        method, path = route.split()
        path = path.format(
            message_id=NOBODYS, nr=1, name="none", versie=1, code="none", mandate_id=NOBODYS, token_id=NOBODYS
        )
        for who in everybody:
            with written(call) as new:
                answer = call.client.request(method, path, headers=call.headers(who))
            (deed,) = new
            assert deed.action is action, route
            expected = Outcome.OK if answer.status_code < 400 else Outcome.REFUSED
            assert deed.outcome is expected, (route, answer.text)
            assert deed.problem == (answer.json()["code"] if answer.status_code >= 400 else None)
            assert (deed.request, deed.address) == (answer.headers["x-request-id"], "testclient")
            assert deed.actor == (who if who.isdigit() else f"{who}:test")
            assert deed.party == (who if who.isdigit() else None)
            assert deed.token is not None


def test_a_flood_fills_no_trail(call: Callers, sent: dict[str, str]) -> None:
    """Who shows no token does nothing that is anybody's; above a limit nothing is shown."""
    wrong = {"Authorization": "Bearer iwmo_wrong"}
    with written(call) as new:
        for _ in range(3):
            is_problem(call.client.get(f"/v1/berichten/{sent['start']}"), 401, "token")
        codes = [call.client.get("/v1/mailbox", headers=wrong).json()["code"] for _ in range(40)]
    assert codes.count("te-vaak") >= 1
    assert [deed.problem for deed in new] == ["token"] * codes.count("token")


def test_probes_and_documentation_are_not_written_down(call: Callers) -> None:
    with written(call) as new:
        for path in ("/healthz", "/readyz", "/metrics", "/v1/openapi.json", "/v1/problems/IB014", "/v1/nowhere"):
            call.client.get(path)
        call.client.delete("/v1/mailbox")
    assert new == []


@pytest.mark.parametrize(
    ("body", "headers", "status", "kept"),
    [
        (lone_start(), {}, 201, True),
        (lone_start(), {"Prefer": "respond-async"}, 202, True),
        (lone_start(), {"Accept": "application/xml"}, 201, True),
        (lone_start(StatusAanlevering="7"), {}, 422, True),
        (b"<x", {}, 400, False),
        (allocation(), {}, 403, False),
    ],
)
def test_a_message_that_is_sent_is_written_down_once_with_its_id_if_it_was_kept(
    call: Callers, body: bytes, headers: dict[str, str], status: int, kept: bool
) -> None:
    with written(call) as new:
        answer = call.send(AANBIEDER, body, **headers)
    assert answer.status_code == status
    (deed,) = new
    assert (deed.action, deed.what, deed.actor, deed.party) == (Action.SEND, "berichten", AANBIEDER, AANBIEDER)
    assert deed.request == answer.headers["x-request-id"]
    if kept:
        (message,) = everything(call, query="soort=WMO305")
        assert (deed.outcome, deed.problem, deed.message) == (Outcome.OK, None, message["id"])
    else:
        assert (deed.outcome, deed.problem, deed.message) == (Outcome.REFUSED, answer.json()["code"], None)


def test_a_repeat_is_a_deed_of_its_own_about_the_same_message(call: Callers) -> None:
    with written(call) as new:
        identity = call.send(AANBIEDER, lone_start()).json()["id"]
        call.send(AANBIEDER, lone_start())
    assert [(deed.action, deed.message) for deed in new] == [(Action.SEND, identity)] * 2


def test_a_message_is_not_kept_where_it_cannot_be_written_down_who_sent_it(
    call: Callers, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as broken:
        broken.setattr(receive.audit, "add", fails)
        assert call.send(AANBIEDER, lone_start()).status_code == 503
    assert everything(call) == []


def fails(*_: Any) -> None:
    raise StoreError("The disk is full")


@pytest.mark.parametrize(
    ("who", "path", "messages"),
    [
        (AANBIEDER, "/v1/berichten/{start}", ["start"]),
        (GEMEENTE, "/v1/berichten/{start}/bevindingen", ["start"]),
        ("auditor", "/v1/berichten/{refused}/oordelen", ["refused"]),
        (GEMEENTE, "/v1/berichten/{start}/xml", ["start"]),
    ],
)
def test_a_look_at_a_message_names_it(
    call: Callers, sent: dict[str, str], who: str, path: str, messages: list[str]
) -> None:
    with written(call) as new:
        assert call.get(who, path.format(**sent)).status_code == 200
    (deed,) = new
    assert [deed.message] == [sent[name] for name in messages]
    assert deed.what == re.sub(r"\{\w+\}", "{id}", path.removeprefix("/v1/"))
    assert (deed.outcome, deed.messages) == (Outcome.OK, None)


def test_who_reads_a_return_message_is_written_down_with_it(call: Callers, sent: dict[str, str]) -> None:
    with written(call) as new:
        answer = call.get(AANBIEDER, f"/v1/berichten/{sent['refused']}/retour")
    retour = answer.headers["content-location"].split("/")[3]
    assert call.get(AANBIEDER, f"/v1/berichten/{retour}/xml").content == answer.content
    assert [deed.messages for deed in new] == [(sent["refused"], retour)]


def test_what_is_fetched_and_acknowledged_is_named_by_message_and_number(call: Callers, sent: dict[str, str]) -> None:
    entry = mailbox(call, GEMEENTE)[-1]
    with written(call) as new:
        call.get(GEMEENTE, f"/v1/mailbox/{entry['nr']}")
        call.put(GEMEENTE, f"/v1/mailbox/{entry['nr']}/acknowledged")
    assert [(deed.action, deed.what, deed.message) for deed in new] == [
        (Action.FETCH, f"mailbox/{entry['nr']}", entry["id"]),
        (Action.ACKNOWLEDGE, f"mailbox/{entry['nr']}/acknowledged", entry["id"]),
    ]


@pytest.mark.parametrize(
    ("who", "path"),
    [
        ("operator", "/v1/berichten"),
        (AANBIEDER, "/v1/berichten?limit=2"),
        (AANBIEDER, "/v1/mailbox"),
        (GEMEENTE, "/v1/mailbox?limit=1"),
        (GEMEENTE, "/v1/toewijzingen"),
        (AANBIEDER, "/v1/leveringen"),
        ("operator", "/v1/reports/openstaand"),
    ],
)
def test_what_a_list_showed_is_written_down_with_it(call: Callers, sent: dict[str, str], who: str, path: str) -> None:
    with written(call) as new:
        answer = call.get(who, path)
    (deed,) = new
    named = {deed.message, *(deed.messages or ())} - {None}
    assert named
    page = answer.json()
    page.pop("links")
    for told in page.get("berichten", ()):
        # A reference to another message shows nothing of it.
        told.pop("retour", None)
        told.pop("antwoord_op", None)
    assert named == set(UUID.findall(json.dumps(page)))


def test_a_replay_names_its_messages_and_itself(call: Callers, sent: dict[str, str]) -> None:
    ids = [sent["refused"], sent["start"]]
    with written(call) as new:
        made = call.post("operator", "/v1/replays", {"ids": ids, "reason": "test", "dry_run": True}).json()
        call.get("auditor", f"/v1/replays/{made['id']}")
    assert [(deed.action, deed.what) for deed in new] == [
        (Action.REPLAY, f"replays/{made['id']}"),
        (Action.READ, f"replays/{made['id']}"),
    ]
    assert [sorted(deed.messages or ()) for deed in new] == [sorted(ids)] * 2


def test_who_tried_to_see_what_is_not_theirs_is_written_down(call: Callers, sent: dict[str, str]) -> None:
    with written(call) as new:
        answer = call.get(ANDERE_AANBIEDER, f"/v1/berichten/{sent['start']}/xml")
    is_problem(answer, 404, "niet-gevonden")
    (deed,) = new
    assert (deed.actor, deed.message) == (ANDERE_AANBIEDER, sent["start"])
    assert (deed.outcome, deed.problem) == (Outcome.REFUSED, "niet-gevonden")


def test_a_token_that_is_not_known_is_a_refused_look_by_nobody_known(call: Callers, sent: dict[str, str]) -> None:
    with written(call) as new:
        call.client.get(f"/v1/berichten/{sent['start']}", headers={"Authorization": "Bearer iwmo_wrong"})
    (deed,) = new
    assert (deed.actor, deed.message, deed.problem) == ("onbekend", sent["start"], "token")


def test_nothing_personal_is_written_down_wherever_a_caller_puts_it(call: Callers, sent: dict[str, str]) -> None:
    for text in PERSONAL:
        for path in (
            "/v1/berichten/{}",
            "/v1/mailbox/{}",
            "/v1/contracts/{}",
            "/v1/replays/{}",
            "/v1/berichten?tekst={}",
        ):
            for who in (GEMEENTE, "operator"):
                call.client.get(path.format(text), headers=call.headers(who) | {"X-Request-Id": text})
        call.client.put(f"/v1/contracts/{text}", headers=call.headers("operator"))
    told = "\n".join(str(deed) for deed in trail(call))
    assert [text for text in PERSONAL if text in told and text.isdigit()] == []
    # A name as a request id is the caller's own doing; in a path it is left out.
    assert not [deed.what for deed in trail(call) for text in PERSONAL if text in deed.what]


def test_there_is_no_look_without_its_row(call: Callers, sent: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("iwmo_gateway.store.audit.add", fails)
    with capture_logs() as logged:
        for path in (f"/v1/berichten/{sent['start']}/xml", "/v1/berichten", "/v1/mailbox"):
            answer = call.get(AANBIEDER, path)
            is_problem(answer, 503, "niet-beschikbaar")
            assert int(answer.headers["retry-after"]) > 0
            assert sent["start"] not in answer.text
            assert BSN not in answer.text
    assert [entry["event"] for entry in logged if entry["log_level"] == "error"] == ["audit_failed"] * 3
    wrong = call.client.get("/v1/mailbox", headers={"Authorization": "Bearer iwmo_wrong"})
    is_problem(wrong, 401, "token")  # shows nothing


def test_a_call_that_fails_is_written_down_as_such(call: Callers, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any, **__: Any) -> None:
        raise ValueError(BSN)

    with monkeypatch.context() as crash, written(call) as new:
        crash.setattr("iwmo_gateway.web.api.results.search", broken)
        assert call.get("operator", "/v1/berichten").status_code == 500
    assert [(deed.outcome, deed.problem) for deed in new] == [(Outcome.FAILED, "fout")]


def test_who_acts_for_another_is_written_down_with_the_other(call: Callers) -> None:
    call.send(AANBIEDER, lone_start())
    create_mandate(call.gateway, "test", TODAY, party=AANBIEDER, bureau=ANDERE_AANBIEDER)
    with written(call) as new:
        body = lone_start("START09")
        assert call.send(ANDERE_AANBIEDER, body).status_code == 201
        assert len(call.get(ANDERE_AANBIEDER, "/v1/mailbox", **{"X-Namens": AANBIEDER}).json()["berichten"]) == 2
    assert [deed.actor for deed in new] == [f"{ANDERE_AANBIEDER} namens {AANBIEDER}"] * 2
    assert [deed.party for deed in new] == [AANBIEDER] * 2
    assert len({deed.token for deed in new}) == 1


# --- correlation ----------------------------------------------------------------------------------------------------


def test_a_request_id_of_the_caller_runs_through_answer_trail_and_log(call: Callers) -> None:
    with capture_logs([merged]) as logged, written(call) as new:
        answer = call.send(AANBIEDER, lone_start(), **{"X-Request-Id": "case-4711.a"})
    assert answer.headers["x-request-id"] == "case-4711.a"
    assert [deed.request for deed in new] == ["case-4711.a"]
    assert {entry["request"] for entry in logged if entry["event"] == "call"} == {"case-4711.a"}


def merged(logger: Any, name: str, event: Any) -> Any:
    from structlog.contextvars import merge_contextvars

    return merge_contextvars(logger, name, event)


@pytest.mark.parametrize("given", [None, "", "a" * 65, "a b", f"x-{BSN}", "<x>"])
def test_every_call_has_an_id_of_its_own_where_the_callers_is_none(call: Callers, given: str | None) -> None:
    headers = {"X-Request-Id": given} if given is not None else {}
    ids = [call.client.get("/healthz", headers=headers).headers["x-request-id"] for _ in range(2)]
    assert len({*ids, given}) == 3
    assert all(re.fullmatch(r"[0-9a-f]{16}", one) for one in ids)


# --- reading it -----------------------------------------------------------------------------------------------------


def test_an_auditor_sees_who_did_and_saw_what_of_a_message(call: Callers, sent: dict[str, str]) -> None:
    call.get(GEMEENTE, f"/v1/berichten/{sent['start']}/xml")
    call.get("operator", "/v1/berichten")
    call.get(GEMEENTE, f"/v1/berichten/{sent['allocation']}")
    told = call.get("auditor", f"/v1/audit?bericht={sent['start']}").json()
    assert [(row["actor"], row["actie"], row["wat"]) for row in told["audit"]] == [
        (AANBIEDER, "send", "berichten"),
        (GEMEENTE, "fetch", "berichten/{id}/xml"),
        ("operator:test", "search", "berichten"),
    ]
    assert [row["bericht"] for row in told["audit"]] == [sent["start"], sent["start"], None]
    assert sent["start"] in told["audit"][2]["berichten"]
    again = call.get("auditor", f"/v1/audit?bericht={sent['start']}").json()["audit"]
    assert (again[-1]["actor"], again[-1]["actie"]) == ("auditor:test", "audit")  # the look itself


def test_the_trail_is_read_by_actor_and_moment_page_by_page(call: Callers, sent: dict[str, str]) -> None:
    rows = call.get("operator", f"/v1/audit?actor={AANBIEDER}").json()["audit"]
    assert [row["actie"] for row in rows] == ["send", "send"]
    first = call.get("operator", f"/v1/audit?actor={AANBIEDER}&limit=1").json()
    assert first["audit"] == rows[:1]
    assert call.get("operator", first["links"]["next"]).json()["audit"] == rows[1:]
    moment = {"vanaf": rows[1]["at"], "tot": rows[1]["at"]}
    for name, expected in (("vanaf", rows[1:]), ("tot", rows[:1])):
        answer = call.client.get(
            "/v1/audit", params={"actor": AANBIEDER, name: moment[name]}, headers=call.headers("auditor")
        )
        assert answer.json()["audit"] == expected


def test_the_trail_as_a_sheet(call: Callers, sent: dict[str, str]) -> None:
    answer = call.get("auditor", "/v1/audit?formaat=csv&limit=2")
    header, *lines = answer.text.splitlines()
    assert header.startswith("nr;at;actor;token;partij;actie;wat;bericht;")
    assert [line.split(";")[5] for line in lines] == ["send", "send"]
    assert 'rel="next"' in answer.headers["link"]


def test_a_party_does_not_read_the_trail(call: Callers, sent: dict[str, str]) -> None:
    is_problem(call.get(GEMEENTE, f"/v1/audit?bericht={sent['start']}"), 403, "IB008")
