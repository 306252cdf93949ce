"""Pages that tell what went wrong: in a clerk's words, within the console, whatever it was."""

import pytest
from lxml import html

from iwmo_gateway.errors import StoreError
from iwmo_gateway.web import trail
from iwmo_gateway.web.console import overview, trouble
from iwmo_gateway.web.problems import CATALOGUE
from tests.conftest import Callers
from tests.integration.console_visitor import Visitor, text_of
from tests.integration.test_http_builders import AANBIEDER

_FOR_SOFTWARE = ("openapi", "/v1/", "Retry-After", "Authorization", "header", "body", "POST ")


@pytest.mark.parametrize("path", ["/bestaat-niet", "/berichten/bestaat/niet", "/filters"])
def test_a_wrong_address_keeps_who_is_signed_in_within_the_console(call: Callers, path: str) -> None:
    answer = Visitor(call, AANBIEDER).get(path)
    assert answer.status_code == (405 if path == "/filters" else 404)
    assert html.fromstring(answer.text).xpath("//nav[@aria-label='Hoofdmenu']//a")
    assert not any(word in text_of(answer) for word in _FOR_SOFTWARE)


def test_who_is_not_signed_in_sees_no_menu_at_a_wrong_address(call: Callers) -> None:
    answer = call.client.get("/console/bestaat-niet")
    assert answer.status_code == 404
    assert not html.fromstring(answer.text).xpath("//nav")


def test_a_page_that_is_only_reached_by_a_button_says_so(call: Callers) -> None:
    assert "met een knop" in text_of(Visitor(call, AANBIEDER).get("/filters"))


def test_an_address_that_is_not_right_is_told_in_dutch(call: Callers) -> None:
    answer = Visitor(call, AANBIEDER).get("/berichten", onzin="1", van="2023-02-01")
    assert answer.status_code == 400
    told = text_of(answer)
    assert "onzin" in told
    assert "permitted" not in told
    assert not any(word in told for word in _FOR_SOFTWARE)


def test_no_page_tells_a_clerk_what_software_should_do() -> None:
    for code in CATALOGUE.keys() - trouble.NEVER_A_PAGE:
        kind = trouble.told_as(CATALOGUE[code])
        assert not any(word in kind.title + kind.remedy for word in _FOR_SOFTWARE), code


def test_a_fault_of_ours_is_a_page_with_what_to_tell_the_operator(
    call: Callers, monkeypatch: pytest.MonkeyPatch
) -> None:
    visitor = Visitor(call, AANBIEDER)

    def breaks(*args: object) -> None:
        raise RuntimeError("a secret of ours")

    monkeypatch.setattr(overview.overview, "period", breaks)
    answer = visitor.client.get("/console/", headers={"X-Request-Id": "fault-17"})
    assert (answer.status_code, answer.headers["content-type"]) == (500, "text/html; charset=utf-8")
    assert "fault-17" in text_of(answer)
    assert "secret" not in answer.text
    assert visitor.client.get("/console/").headers["content-security-policy"]


def test_a_look_that_cannot_be_written_down_is_a_page_too(call: Callers, monkeypatch: pytest.MonkeyPatch) -> None:
    visitor = Visitor(call, AANBIEDER)

    def full(*args: object) -> None:
        raise StoreError("no room")

    monkeypatch.setattr(trail.audit, "record", full)
    answer = visitor.get("/berichten")
    assert (answer.status_code, answer.headers["content-type"]) == (503, "text/html; charset=utf-8")
    assert "Probeer het over enkele seconden opnieuw" in text_of(answer)
    assert call.get(AANBIEDER, "/v1/berichten").headers["content-type"] == "application/problem+json"
