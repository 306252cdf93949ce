"""Signing in and out, as somebody at a browser does."""

import re

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
