"""A message, as somebody at a browser looks at it: what became of it, why, and what is in it."""

import re

from playwright.sync_api import expect

from tests.browser.conftest import Site, Visitor

REFUSED = "3-start-zonder-toewijzing.xml"
INVALID = "4-verkeerd-formaat.xml"
PARTLY = "7-declaratie-verkeerd-tarief.xml"
BSN = "999900006"


def test_what_became_of_a_refused_message(visitor: Visitor, site: Site) -> None:
    visitor.sign_in(site.tokens["65656055"], f"/berichten/{site.messages[REFUSED]}")
    page = visitor.page
    expect(page.get_by_role("heading", level=1)).to_contain_text("WMO305")
    expect(page.get_by_role("heading", level=1)).to_contain_text("afgekeurd")
    expect(page.get_by_text("Wat nu?")).to_be_visible()
    expect(page.locator("#b1")).to_contain_text("TR019")
    expect(page.locator(".story")).to_contain_text("Beantwoord")
    visitor.fine("bericht")
    page.locator("#b1").get_by_role("link", name=re.compile("StartProduct")).click()
    expect(page).to_have_url(re.compile(r"/inhoud\?bevinding=1#f1$"))
    expect(page.locator("#f1")).to_be_visible()
    expect(page.locator("body")).not_to_contain_text(BSN)
    visitor.fine("bericht-inhoud")


def test_personal_values_are_masked_until_asked_for(visitor: Visitor, site: Site) -> None:
    visitor.sign_in(site.tokens["0340"], f"/berichten/{site.messages['1-toewijzing.xml']}/inhoud")
    page = visitor.page
    expect(page.locator(".xml")).to_contain_text("•••")
    expect(page.locator("body")).not_to_contain_text(BSN)
    page.get_by_role("button", name="Toon persoonsgegevens").click()
    expect(page.locator(".xml")).to_contain_text(BSN)
    visitor.fine("bericht-persoonsgegevens")
    page.get_by_role("link", name="Verberg persoonsgegevens").click()
    expect(page.locator("body")).not_to_contain_text(BSN)


def test_a_schema_fault_at_its_place(visitor: Visitor, site: Site) -> None:
    visitor.sign_in(site.tokens["65656055"], f"/berichten/{site.messages[INVALID]}/inhoud")
    expect(visitor.page.locator(".xml li.wrong")).to_have_count(3)
    visitor.fine("bericht-schemafout")


def test_a_claim_and_its_return_message(visitor: Visitor, site: Site) -> None:
    visitor.sign_in(site.tokens["0340"], f"/berichten/{site.messages[PARTLY]}")
    expect(visitor.page.get_by_role("heading", level=1)).to_contain_text("deels toegekend")
    visitor.fine("bericht-declaratie")
    visitor.goto(f"/berichten/{site.messages[PARTLY]}/inhoud")
    visitor.fine("bericht-declaratie-inhoud")
    visitor.page.get_by_role("link", name="Retourbericht WMO325").click()
    expect(visitor.page.locator(".reading")).to_contain_text("0611")
    visitor.fine("bericht-retour-inhoud")


def test_a_rule(visitor: Visitor, site: Site) -> None:
    visitor.sign_in(site.tokens["65656055"], "/regels/TR019")
    expect(visitor.page.get_by_role("heading", level=1)).to_have_text("Regel TR019")
    visitor.fine("regel")
