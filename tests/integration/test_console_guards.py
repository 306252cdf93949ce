"""What holds of every page of the console: a session, a form key, an action for the trail, and headers of its own."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from fastapi import Request, Response
from fastapi.testclient import TestClient

from iwmo_gateway.gateway.access import create_token, list_tokens, revoke_token
from iwmo_gateway.gateway.context import Gateway
from iwmo_gateway.gateway.parties import create_mandate
from iwmo_gateway.store.parties import TokenRole
from iwmo_gateway.web.app import create_app
from iwmo_gateway.web.session import LONGEST, Session, keep
from iwmo_gateway.web.trail import action_of
from tests.conftest import TODAY, Callers
from tests.integration.test_http_builders import AANBIEDER, lone_start
from tests.integration.test_http_guards import every_route

OPEN = {
    *("/console/aanmelden", "/console/aanmelden/openid", "/console/aanmelden/openid/terug"),
    "/console/static/{fingerprint}/{name}",
}
DOCUMENTATION = {"/console/regels/{code}"}
"""What shows nothing of anybody."""
HOUR = timedelta(hours=1)


@pytest.fixture
def browser(gateway: Gateway) -> Iterator[TestClient]:
    """A client that keeps cookies and follows nothing by itself."""
    with TestClient(create_app(gateway), raise_server_exceptions=False, follow_redirects=False) as client:
        yield client


def sign_in(gateway: Gateway, browser: TestClient, who: str = AANBIEDER) -> str:
    """Signed in with a new token, whose id is returned."""
    role, party = (TokenRole(who), None) if who in {"operator", "auditor"} else (TokenRole.PARTY, who)
    token = create_token(gateway, role, party, "test", TODAY)
    answer = browser.post("/console/aanmelden", data={"token": token, "naar": "/berichten"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/console/berichten")
    return list_tokens(gateway)[-1].id


def cookie_of(gateway: Gateway, session: Session, seen_at: datetime) -> str:
    """The cookie of a session that was used then."""
    app = create_app(gateway)
    request = Request(
        {"type": "http", "app": app, "path": "/console", "headers": [], "scheme": "http", "server": ("x", 80)}
    )
    response = Response()
    keep(response, request, session, seen_at)
    return response.headers["set-cookie"].partition(";")[0].partition("=")[2]


def pages(browser: TestClient) -> list[tuple[str, str]]:
    """Method and path of every page that needs a session."""
    app = browser.app
    found = [
        (method, re.sub(r"{[^}]*}", "1", route.path))
        for route in every_route(app.routes)  # type: ignore[attr-defined]
        if route.path.startswith("/console") and route.path not in OPEN
        for method in sorted((route.methods or set()) - {"HEAD"})
    ]
    assert len(found) >= 3
    return found


def test_every_page_sends_who_is_not_signed_in_to_the_form(browser: TestClient) -> None:
    for method, path in pages(browser):
        answer = browser.request(method, path)
        assert answer.status_code == 303, path
        assert answer.headers["location"].startswith("/console/aanmelden"), path


def test_every_page_says_what_it_is_for_the_trail(browser: TestClient) -> None:
    for route in every_route(browser.app.routes):  # type: ignore[attr-defined]
        if route.path.startswith("/console") and route.path not in OPEN | DOCUMENTATION:
            assert action_of(route), route.path


def test_no_form_is_taken_without_its_key(gateway: Gateway, browser: TestClient) -> None:
    sign_in(gateway, browser, "operator")
    for method, path in pages(browser):
        if method == "POST":
            for form in ({}, {"form_key": "guessed"}):
                answer = browser.post(path, data=form)
                assert answer.status_code in {400, 403, 404}, path
                assert "formulier" in answer.text or answer.status_code != 400, path


def test_a_form_from_another_site_is_refused(gateway: Gateway, browser: TestClient) -> None:
    token = create_token(gateway, TokenRole.OPERATOR, None, "test", TODAY)
    for origin in ("https://elsewhere.example", "null"):
        answer = browser.post("/console/aanmelden", data={"token": token}, headers={"Origin": origin})
        assert answer.status_code == 400
        assert "set-cookie" not in answer.headers
    assert browser.post(
        "/console/aanmelden", data={"token": token}, headers={"Origin": "http://testserver"}
    ).is_redirect


def test_a_cookie_counts_in_the_console_alone_and_a_token_on_the_api_alone(gateway: Gateway, call: Callers) -> None:
    with TestClient(create_app(gateway), follow_redirects=False) as browser:
        sign_in(gateway, browser)
        assert browser.get("/console/berichten").status_code == 200
        cookies = {"Cookie": "; ".join(f"{name}={value}" for name, value in browser.cookies.items())}
        assert call.client.get("/v1/berichten", headers=cookies).status_code == 401
    answer = call.client.get("/console/berichten", headers=call.headers(AANBIEDER), follow_redirects=False)
    assert answer.status_code == 303


def test_the_cookie_tells_nothing_and_cannot_be_changed(gateway: Gateway, browser: TestClient) -> None:
    identity = sign_in(gateway, browser)
    told = browser.cookies["iwmo_console"]
    assert identity not in told
    assert "iwmo_" not in told
    for wrong in (told[:-4] + "AAAA", "x", "é", ""):
        browser.cookies.clear()
        answer = browser.get("/console/berichten", headers={"Cookie": f"iwmo_console={wrong}".encode()})
        assert answer.status_code == 303


def test_a_session_ends_when_it_is_left_alone_and_after_half_a_day(gateway: Gateway, browser: TestClient) -> None:
    identity = sign_in(gateway, browser)
    now = datetime.now(UTC)
    for began, seen, good in (
        (now - HOUR, now - timedelta(minutes=29), True),
        (now - HOUR, now - timedelta(minutes=31), False),
        (now - LONGEST - HOUR, now, False),
        (now, now + HOUR, False),
    ):
        session = Session(identity, "key", began, seen)
        browser.cookies.clear()
        browser.cookies.set("iwmo_console", cookie_of(gateway, session, seen))
        assert browser.get("/console/berichten").status_code == (200 if good else 303)


def test_looking_by_script_does_not_make_a_session_longer(gateway: Gateway, browser: TestClient) -> None:
    sign_in(gateway, browser)
    assert "set-cookie" in browser.get("/console/berichten").headers
    assert "set-cookie" not in browser.get("/console/berichten", headers={"X-Live": "1"}).headers


def test_a_revoked_token_ends_its_sessions(gateway: Gateway, browser: TestClient) -> None:
    identity = sign_in(gateway, browser)
    revoke_token(gateway, identity, datetime.now(UTC))
    assert browser.get("/console/berichten").headers["location"].startswith("/console/aanmelden")


def test_a_bureau_works_for_who_named_it(call: Callers, gateway: Gateway, browser: TestClient) -> None:
    call.send(AANBIEDER, lone_start())
    bureau = "98000001"
    sign_in(gateway, browser, bureau)
    assert "START01" not in browser.get("/console/berichten").text
    create_mandate(gateway, "test", TODAY, party=AANBIEDER, bureau=bureau)
    key = re.search('name="form_key" value="([^"]+)"', browser.get("/console/berichten").text)
    assert key
    answer = browser.post("/console/namens", data={"form_key": key[1], "partij": AANBIEDER})
    assert answer.status_code == 303
    assert "START01" in browser.get("/console/berichten").text
    browser.post("/console/namens", data={"form_key": key[1], "partij": ""})
    assert "START01" not in browser.get("/console/berichten").text
    assert browser.post("/console/namens", data={"form_key": key[1], "partij": "65656055"}).status_code == 403


@pytest.mark.parametrize("naar", ["//elsewhere.example", "/\\elsewhere.example", "https://elsewhere.example", "x"])
def test_signing_in_leads_nowhere_else(gateway: Gateway, browser: TestClient, naar: str) -> None:
    token = create_token(gateway, TokenRole.OPERATOR, None, "test", TODAY)
    answer = browser.post("/console/aanmelden", data={"token": token, "naar": naar})
    assert answer.headers["location"] == "/console"


def test_pages_have_headers_of_their_own(gateway: Gateway, browser: TestClient) -> None:
    sign_in(gateway, browser)
    for path, status in (("/console/berichten", 200), ("/console/berichten?status=none", 400), ("/console/no", 404)):
        answer = browser.get(path)
        assert answer.status_code == status
        assert answer.headers["content-type"].startswith("text/html")
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "script-src 'self';" in policy
        assert "unsafe" not in policy
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["x-content-type-options"] == "nosniff"


def test_signing_in_and_looking_stand_in_the_trail(call: Callers, gateway: Gateway) -> None:
    call.send(AANBIEDER, lone_start())
    with TestClient(create_app(gateway), follow_redirects=False) as browser:
        browser.post("/console/aanmelden", data={"token": "iwmo_none"})
        sign_in(gateway, browser)
        browser.get("/console/berichten")
    told = [
        (one["actor"], one["actie"], one["wat"], one["code"])
        for one in call.get("auditor", "/v1/audit").json()["audit"]
    ]
    assert ("onbekend", "sign_in", "console/aanmelden", "token") in told
    assert (AANBIEDER, "sign_in", "console/aanmelden", None) in told
    assert (AANBIEDER, "search", "console/berichten", None) in told


def test_a_form_that_came_too_late_leads_back_to_where_it_stood(gateway: Gateway, browser: TestClient) -> None:
    told = {}
    for came_from in ("/console/proberen?voorbeeld=3", "https://elsewhere.example/console/x", "/v1/openapi.json"):
        referer = came_from if came_from.startswith("http") else f"http://testserver{came_from}"
        answer = browser.post("/console/proberen", data={"xml": "<a/>"}, headers={"Referer": referer})
        assert answer.status_code == 303
        told[came_from] = parse_qs(urlsplit(answer.headers["location"]).query).get("naar")
    assert list(told.values()) == [["/proberen?voorbeeld=3"], None, None]


def test_a_session_can_be_gone_on_with_where_it_is(gateway: Gateway, browser: TestClient) -> None:
    sign_in(gateway, browser)
    key = re.search('name="form_key" value="([^"]+)"', browser.get("/console/berichten").text)
    assert key
    answer = browser.post("/console/sessie", data={"form_key": key[1]})
    assert (answer.status_code, "iwmo_console=" in answer.headers["set-cookie"]) == (204, True)
