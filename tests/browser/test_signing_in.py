"""Signing in and out, as somebody at a browser does."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Site, Visitor


def test_who_signs_in_comes_where_they_were_going(visitor: Visitor, site: Site) -> None:
    visitor.goto("/berichten?status=rejected")
    expect(visitor.page.get_by_role("heading", level=1)).to_have_text("Aanmelden")
    visitor.fine("aanmelden")
    visitor.page.get_by_label("Token", exact=True).fill(site.tokens["0340"])
    visitor.page.get_by_role("button", name="Aanmelden").click()
    expect(visitor.page).to_have_url(re.compile(r"/console/berichten\?status=rejected$"))
    visitor.page.get_by_role("button", name="Afmelden").click()
    expect(visitor.page.get_by_role("status")).to_have_text("U bent afgemeld.")
    visitor.goto("/berichten")
    expect(visitor.page.get_by_role("heading", level=1)).to_have_text("Aanmelden")


def test_a_wrong_token_is_refused_in_words(visitor: Visitor) -> None:
    visitor.sign_in("iwmo_that_is_none")
    expect(visitor.page.get_by_role("alert")).to_contain_text("Dit token is niet geldig")
    visitor.complaints.clear()  # the browser tells of the 403


def test_the_list_of_messages(visitor: Visitor, site: Site) -> None:
    visitor.sign_in(site.tokens["0340"], "/berichten")
    expect(visitor.page.get_by_role("heading", level=1)).to_have_text("Berichten")
    visitor.fine("berichten")


def test_a_session_that_is_about_to_end_is_gone_on_with_from_a_form(visitor: Visitor, site: Site) -> None:
    if not visitor.scripted:
        pytest.skip("Without script the foot of each page says how long a session lasts")
    visitor.page.clock.install()
    visitor.sign_in(site.tokens["0340"], "/proberen")
    field = visitor.page.get_by_label("XML van het bericht")
    field.fill("<a>half")
    visitor.page.clock.fast_forward("27:00")
    expect(visitor.page.get_by_role("button", name="Verder werken")).to_have_count(0)
    visitor.page.clock.fast_forward("01:30")
    expect(visitor.page.get_by_role("alert")).to_have_text("Uw sessie verloopt over 2 minuten.")
    expect(field).to_be_focused()
    visitor.fine("sessie-verloopt")
    visitor.page.get_by_role("button", name="Verder werken").click()
    expect(visitor.page.get_by_role("alert")).to_have_count(0)
    expect(field).to_have_value("<a>half")
    visitor.page.clock.fast_forward("29:00")
    expect(visitor.page.get_by_role("button", name="Verder werken")).to_be_visible()
    visitor.page.clock.fast_forward("01:30")
    expect(visitor.page.get_by_role("alert")).to_contain_text("Uw sessie is verlopen")
    expect(visitor.page.get_by_role("button", name="Verder werken")).to_have_count(0)


def test_every_page_says_how_long_a_session_lasts(visitor: Visitor, site: Site) -> None:
    visitor.sign_in(site.tokens["0340"], "/berichten")
    expect(visitor.page.get_by_role("contentinfo")).to_contain_text("Uw sessie eindigt 30 minuten na")
