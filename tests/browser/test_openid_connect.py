"""Signing in with OpenID Connect, as somebody at a browser does."""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Browser, expect
from pydantic import SecretStr

from iwmo_gateway.gateway.access import issue_token, list_tokens, revoke_token
from iwmo_gateway.gateway.context import new_id
from iwmo_gateway.store.parties import RIGHTS, Token, TokenRole
from tests.browser.conftest import Site, Visitor, served, visiting
from tests.openidprovider import CLIENT, SECRET, FakeProvider, provided


@pytest.fixture(scope="module")
def fake() -> Iterator[FakeProvider]:
    with provided() as one:
        yield one


@pytest.fixture(scope="module")
def known(site: Site, fake: FakeProvider) -> Iterator[Site]:
    """The site, with a provider."""
    told = {"oidc_issuer": fake.address, "oidc_client_id": CLIENT, "oidc_client_secret": SecretStr(SECRET)}
    settings = site.gateway.settings.model_copy(update=told)
    with served(replace(site.gateway, settings=settings)) as address:
        yield replace(site, address=address)


@pytest.fixture(params=[True, False], ids=["script", "no script"])
def guest(request: pytest.FixtureRequest, browser: Browser, known: Site) -> Iterator[Visitor]:
    with visiting(browser, known, scripted=request.param) as one:
        yield one
        one.complaints.clear()  # the provider is another host


def test_who_is_known_comes_where_they_were_going(guest: Visitor, site: Site, fake: FakeProvider) -> None:
    guest.goto("/berichten?status=rejected")
    guest.fine("aanmelden-openid")
    guest.page.get_by_role("link", name="Aanmelden met uw organisatie").click()
    expect(guest.page.get_by_role("alert")).to_contain_text("Uw kenmerk is sub-1")
    guest.complaints.clear()  # the browser tells of the 403, and of the provider
    guest.fine("aanmelden-openid-onbekend")
    now = datetime.now(UTC)
    rights = RIGHTS[TokenRole.AUDITOR]
    end = now + timedelta(days=9)
    issue_token(
        site.gateway,
        Token(new_id(now), TokenRole.AUDITOR, None, "A. Jansen", now, end, rights=rights, subject=fake.subject),
    )
    guest.page.get_by_role("link", name="Aanmelden met uw organisatie").click()
    expect(guest.page).to_have_url(re.compile(r"/console/berichten\?status=rejected$"))
    expect(guest.page.get_by_text("auditor:A. Jansen")).to_be_visible()
    guest.complaints.clear()
    guest.goto(f"/beheer/tokens/{list_tokens(site.gateway)[-1].id}")
    expect(guest.page.get_by_text("wie kenmerk sub-1 heeft")).to_be_visible()
    guest.fine("beheer-token-openid")
    revoke_token(site.gateway, list_tokens(site.gateway)[-1].id, now)


def test_an_operator_makes_the_token(guest: Visitor, site: Site) -> None:
    guest.sign_in(site.tokens["operator"], "/beheer/tokens/nieuw")
    guest.page.get_by_label("een auditor").check()
    guest.page.get_by_label("Waarvoor").fill("B. de Vries")
    guest.page.get_by_label("Kenmerk van OpenID Connect").fill(f"sub-{guest.scripted}")
    guest.page.get_by_role("button", name="Token maken").click()
    expect(guest.page.get_by_role("status")).to_contain_text("kan zich nu aanmelden")
    guest.fine("beheer-token-gemaakt-openid")
