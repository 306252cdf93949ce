"""Signing in with OpenID Connect: who the provider vouches for has exactly their token, and no lie gets in."""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest
from fastapi.testclient import TestClient
from httpx2 import Response
from pydantic import SecretStr

from iwmo_gateway.errors import ConfigurationError, Unfit
from iwmo_gateway.gateway import audit
from iwmo_gateway.gateway.access import issue_token, list_tokens, revoke_token, rotate_token
from iwmo_gateway.gateway.context import Gateway, new_id
from iwmo_gateway.settings import Settings
from iwmo_gateway.store.audit import Action, Wanted
from iwmo_gateway.store.parties import RIGHTS, Right, Token, TokenRole
from iwmo_gateway.web.app import create_app
from iwmo_gateway.web.openid import provider_of
from tests.conftest import TODAY
from tests.integration.test_console_administration import form, new_token
from tests.integration.test_console_guards import sign_in
from tests.integration.test_http_builders import AANBIEDER
from tests.openidprovider import CLIENT, SECRET, FakeProvider, provided

BEGIN = "/console/aanmelden/openid"


@pytest.fixture
def fake() -> Iterator[FakeProvider]:
    with provided() as one:
        yield one


@pytest.fixture
def browser(gateway: Gateway, fake: FakeProvider) -> Iterator[TestClient]:
    """A client that keeps cookies and follows nothing by itself, of a gateway that knows the provider."""
    told = {"oidc_issuer": fake.address, "oidc_client_id": CLIENT, "oidc_client_secret": SecretStr(SECRET)}
    app = create_app(replace(gateway, settings=gateway.settings.model_copy(update=told)))
    with TestClient(app, raise_server_exceptions=False, follow_redirects=False) as client:
        yield client


def subject_token(gateway: Gateway, **changes: Any) -> Token:
    now = datetime.now(UTC)
    token = Token(
        id=new_id(now),
        role=TokenRole.PARTY,
        party=AANBIEDER,
        label="Jansen",
        created_at=now,
        expires_at=now + timedelta(days=9),
        rights=RIGHTS[TokenRole.PARTY],
        subject="sub-1",
    )
    return issue_token(gateway, replace(token, **changes)).token


def to_provider(browser: TestClient, path: str = f"{BEGIN}?naar=/berichten") -> str:
    """Where the provider sends one who began to sign in."""
    begun = browser.get(path)
    assert begun.status_code == 303
    answer = httpx2.get(begun.headers["location"], follow_redirects=False)
    assert answer.status_code == 303
    return answer.headers["location"]


def signed_in(browser: TestClient) -> Response:
    return browser.get(to_provider(browser))


def failed(answer: Response, word: str) -> None:
    assert answer.status_code == 403
    assert word in answer.text
    assert "iwmo_console" not in answer.headers.get("set-cookie", "")
    assert 'iwmo_openid="";' in answer.headers["set-cookie"]


def outcomes(gateway: Gateway) -> list[tuple[str, str, str | None]]:
    found = audit.find(gateway, Wanted(), after=0, limit=100)
    return [(one.actor, one.outcome, one.problem) for one in found if one.action is Action.SIGN_IN]


def test_who_is_vouched_for_has_exactly_the_rights_of_the_token(gateway: Gateway, browser: TestClient) -> None:
    token = subject_token(gateway, rights=frozenset({Right.READ}))
    assert 'href="/console/aanmelden/openid' in browser.get("/console/aanmelden").text
    answer = signed_in(browser)
    assert (answer.status_code, answer.headers["location"]) == (303, "/console/berichten")
    assert browser.get("/console/berichten").status_code == 200
    assert browser.get("/console/beheer/tokens").status_code == 403
    assert (AANBIEDER, "ok", None) in outcomes(gateway)
    revoke_token(gateway, token.id, datetime.now(UTC))
    assert browser.get("/console/berichten").headers["location"].startswith("/console/aanmelden")


def test_what_is_asked_of_the_provider(browser: TestClient) -> None:
    begun = browser.get(BEGIN)
    asked = parse_qs(urlsplit(begun.headers["location"]).query)
    assert asked["redirect_uri"] == ["http://testserver/console/aanmelden/openid/terug"]
    assert asked["code_challenge_method"] == ["S256"]
    cookie = begun.headers["set-cookie"]
    assert all(word in cookie for word in ("HttpOnly", "SameSite=lax", "Max-Age=600", f"Path={BEGIN}"))
    assert asked["state"][0] not in cookie
    again = parse_qs(urlsplit(browser.get(BEGIN).headers["location"]).query)
    assert all(asked[name] != again[name] for name in ("state", "nonce", "code_challenge"))


@pytest.mark.parametrize(
    "lies",
    [
        {"nonce": "another"},
        {"nonce": None},
        {"aud": "another"},
        {"aud": [CLIENT, "another"], "azp": "another"},
        {"aud": None},
        {"iss": "https://elsewhere.example"},
        {"exp": int(datetime.now(UTC).timestamp()) - 3600},
        {"exp": None},
        {"iat": None},
        {"iat": int(datetime.now(UTC).timestamp()) + 3600},
        {"sub": None},
        {"sub": ""},
        {"sub": 7},
    ],
)
def test_what_is_not_said_to_us_now_is_not_believed(
    gateway: Gateway, browser: TestClient, fake: FakeProvider, lies: dict[str, Any]
) -> None:
    subject_token(gateway)
    fake.lies = lies
    failed(signed_in(browser), "niet te vertrouwen")
    assert ("onbekend", "refused", "aanmelden") in outcomes(gateway)


@pytest.mark.parametrize("lie", ["forged", "unsigned"])
def test_only_the_key_of_the_provider_is_believed(
    gateway: Gateway, browser: TestClient, fake: FakeProvider, lie: str
) -> None:
    subject_token(gateway)
    setattr(fake, lie, True)
    failed(signed_in(browser), "niet te vertrouwen")


def test_who_has_no_token_is_told_what_to_give_to_the_operator(
    gateway: Gateway, browser: TestClient, fake: FakeProvider
) -> None:
    subject_token(gateway)
    fake.subject = "<sub-2>"
    answer = signed_in(browser)
    failed(answer, "&lt;sub-2&gt;")
    assert "sub-2" not in str(outcomes(gateway))


def test_who_comes_back_without_having_begun_is_not_let_in(gateway: Gateway, browser: TestClient) -> None:
    subject_token(gateway)
    back = to_provider(browser)
    for wrong in (re.sub("state=[^&]*", "state=guessed", back), re.sub("state=[^&]*", "", back), f"{back}&iss=x"):
        with TestClient(browser.app, follow_redirects=False, cookies=dict(browser.cookies)) as other:
            failed(other.get(wrong), "hier niet begonnen")
    with TestClient(browser.app, follow_redirects=False) as other:
        failed(other.get(back), "hier niet begonnen")
        failed(other.get(back, headers={"Cookie": "iwmo_openid=x"}), "hier niet begonnen")
    assert outcomes(gateway) == []


def test_what_was_begun_is_used_once(gateway: Gateway, browser: TestClient) -> None:
    subject_token(gateway)
    back = to_provider(browser)
    assert browser.get(back).status_code == 303
    failed(browser.get(back), "hier niet begonnen")


def test_what_was_begun_lasts_ten_minutes(
    gateway: Gateway, browser: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    subject_token(gateway)
    back = to_provider(browser)
    monkeypatch.setattr("iwmo_gateway.web.openid.LASTS", timedelta())
    failed(browser.get(back), "langer dan tien minuten")


def test_who_the_provider_refuses_may_try_again(browser: TestClient, fake: FakeProvider) -> None:
    fake.refuses = True
    answer = signed_in(browser)
    failed(answer, "niet aangemeld")
    assert 'value="/berichten"' in answer.text


@pytest.mark.parametrize("end", ["configuration", "issuer"])
def test_a_provider_that_does_not_answer_well_is_told(browser: TestClient, fake: FakeProvider, end: str) -> None:
    fake.broken = {end}
    answer = browser.get(BEGIN)
    assert answer.status_code == 503
    assert "antwoordt nu niet goed" in answer.text


def test_a_code_that_the_provider_does_not_take_lets_nobody_in(
    gateway: Gateway, browser: TestClient, fake: FakeProvider
) -> None:
    subject_token(gateway)
    back = to_provider(browser)
    fake.asked.clear()
    failed(browser.get(back), "antwoordt nu niet goed")


def test_the_secret_goes_in_the_form_where_the_provider_wants_it_there(
    gateway: Gateway, browser: TestClient, fake: FakeProvider
) -> None:
    subject_token(gateway)
    fake.offers = ["client_secret_post"]
    assert signed_in(browser).status_code == 303


def test_an_ended_token_is_told_as_such(gateway: Gateway, browser: TestClient) -> None:
    subject_token(gateway, created_at=TODAY, expires_at=TODAY + timedelta(days=1))
    failed(signed_in(browser), "Dit token is verlopen")
    assert outcomes(gateway)[-1][2] == "token-verlopen"


def test_a_subject_has_one_token_at_a_time_that_is_not_replaced(gateway: Gateway) -> None:
    first = subject_token(gateway)
    with pytest.raises(Unfit) as refused:
        subject_token(gateway)
    assert set(refused.value.faults) == {"subject"}
    now = datetime.now(UTC)
    with pytest.raises(ConfigurationError, match="subject"):
        rotate_token(gateway, first.id, now, expires_at=now + timedelta(days=9), overlap=timedelta())
    revoke_token(gateway, first.id, now)
    assert subject_token(gateway).id == list_tokens(gateway)[-1].id


def test_an_operator_makes_a_token_for_a_subject_without_a_text(gateway: Gateway, browser: TestClient) -> None:
    sign_in(gateway, browser, "operator")
    answer = new_token(browser, subject="sub-1", partij=AANBIEDER)
    assert answer.status_code == 201
    assert not re.search(r"iwmo_[\w-]{30,}", answer.text)
    assert new_token(browser, subject="sub-1").status_code == 400
    token = list_tokens(gateway)[-1]
    assert form(browser, f"tokens/{token.id}/vervangen", tot_en_met="2099-12-31", overlap="1").status_code == 400
    browser.cookies.clear()
    assert signed_in(browser).status_code == 303


def test_without_a_provider_nothing_of_it_is_there(gateway: Gateway) -> None:
    with TestClient(create_app(gateway), follow_redirects=False) as browser:
        assert "openid" not in browser.get("/console/aanmelden").text
        for path in (BEGIN, f"{BEGIN}/terug"):
            assert browser.get(path).status_code == 404


def test_a_provider_that_is_told_by_half_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    half = Settings(_env_file=None, oidc_issuer="https://provider.example")
    with pytest.raises(ConfigurationError, match="IWMO_OIDC_CLIENT_ID"):
        provider_of(half)
    with pytest.raises(ValueError, match="oidc_issuer"):
        Settings(_env_file=None, oidc_issuer="http://provider.example")
    monkeypatch.setattr("iwmo_gateway.web.openid.INSTALLED", False)
    with pytest.raises(ConfigurationError, match=r"iwmo-gateway\[oidc\]"):
        provider_of(half.model_copy(update={"oidc_client_id": "x"}))
