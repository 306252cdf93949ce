"""A page that asks for itself is one look, for as long as it shows the same to the same session."""

import pytest

from iwmo_gateway.web.trail import Looks
from tests.conftest import Callers
from tests.integration.console_visitor import Visitor
from tests.integration.test_http_audit import trail
from tests.integration.test_http_builders import AANBIEDER, GEMEENTE, allocation, day, lone_start

LIVE = {"X-Live": "1"}


def looks(call: Callers) -> list[tuple[str, ...]]:
    """The messages of each row about the list."""
    return [deed.messages or (deed.message or "",) for deed in trail(call) if deed.what == "console/berichten"]


def test_a_page_that_asks_for_itself_is_written_down_when_it_shows_something_else(call: Callers) -> None:
    first = call.send(GEMEENTE, allocation(), day("2023-02-05")).json()["id"]
    visitor, colleague = Visitor(call, GEMEENTE), Visitor(call, GEMEENTE)
    visitor.get("/berichten")
    for _ in range(3):
        assert visitor.client.get("/console/berichten", headers=LIVE).status_code == 200
    assert len(looks(call)) == 1
    colleague.client.get("/console/berichten", headers=LIVE)
    visitor.client.get("/console/berichten?status=accepted", headers=LIVE)
    visitor.get("/berichten")
    assert len(looks(call)) == 4
    second = call.send(AANBIEDER, lone_start(), day("2023-02-08")).json()["id"]
    visitor.client.get("/console/berichten", headers=LIVE)
    assert second in looks(call)[-1]
    assert first in looks(call)[0]
    assert len(looks(call)) == 5


def test_an_hour_later_it_is_a_look_again(call: Callers, monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    known = Looks(lambda: now[0])
    monkeypatch.setattr("iwmo_gateway.web.trail.Looks", lambda: known)
    visitor = Visitor(call, "operator")
    visitor.client.app.middleware_stack = None  # type: ignore[attr-defined]
    visitor.get("/berichten")
    for now[0] in (10.0, 899.0, 901.0, 910.0):
        visitor.client.get("/console/berichten", headers=LIVE)
    assert len(looks(call)) == 2


def test_what_is_in_a_message_is_written_down_each_time(call: Callers) -> None:
    identity = call.send(GEMEENTE, allocation(), day("2023-02-05")).json()["id"]
    visitor = Visitor(call, "operator")
    for _ in range(3):
        visitor.client.get(f"/console/berichten/{identity}/inhoud", headers=LIVE)
    assert [deed.what for deed in trail(call)].count("console/berichten/{id}/inhoud") == 3
