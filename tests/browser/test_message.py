"""A message, as somebody at a browser looks at it: what became of it, why, and what is in it."""

import re
from datetime import UTC, datetime

from playwright.sync_api import Browser, expect

from iwmo_gateway.gateway.waiting import judge_next
from iwmo_gateway.shipped import shipped
from tests.browser.conftest import Site, Visitor, visiting

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
    if visitor.scripted:
        expect(page.locator("#x1")).to_be_in_viewport()
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


def test_an_operator_is_led_to_a_replay(visitor: Visitor, site: Site) -> None:
    visitor.sign_in(site.tokens["operator"], f"/berichten/{site.messages[REFUSED]}")
    link = visitor.page.get_by_role("link", name="Opnieuw afspelen")
    expect(link).to_have_attribute("href", f"/console/replays/nieuw?ids={site.messages[REFUSED]}")
    expect(visitor.page.locator("#b1")).to_contain_text("Wat de afzender doet")
    visitor.fine("bericht-beheerder")


def test_a_message_that_is_not_there_is_told(visitor: Visitor, site: Site) -> None:
    visitor.sign_in(site.tokens["65656055"], "/berichten/01970000-0000-7000-8000-000000000000")
    expect(visitor.page.get_by_role("heading", level=1)).to_have_text("Dit is er niet, of niet voor u")
    visitor.complaints.clear()  # the browser tells of the 404
    visitor.fine("bericht-niet-gevonden")


def test_it_is_read_in_the_dark_as_well(browser: Browser, site: Site) -> None:
    with visiting(browser, site, color_scheme="dark") as visitor:
        visitor.sign_in(site.tokens["65656055"], f"/berichten/{site.messages[REFUSED]}")
        visitor.fine("bericht-donker")
        visitor.goto(f"/berichten/{site.messages[REFUSED]}/inhoud")
        visitor.fine("bericht-inhoud-donker")


def test_a_message_that_waits_tells_by_itself_that_it_was_judged(visitor: Visitor, site: Site) -> None:
    body = (shipped("fixtures") / "verhaal" / REFUSED).read_bytes()
    body = body.replace(b"ZA2302060001", b"WACHT" + str(visitor.scripted).encode())
    headers = {"Content-Type": "application/xml", "Prefer": "respond-async"}
    with site.client("65656055") as client:
        waiting = client.post("/v1/berichten", content=body, headers=headers).json()
    visitor.sign_in(site.tokens["65656055"], f"/berichten/{waiting['id']}")
    expect(visitor.page.get_by_role("heading", level=1)).to_contain_text("ontvangen")
    visitor.fine("bericht-wacht")
    assert judge_next(site.gateway, datetime.now(UTC)) is not None
    if not visitor.scripted:
        visitor.page.reload()
    expect(visitor.page.get_by_role("heading", level=1)).to_contain_text("afgekeurd", timeout=30_000)
    expect(visitor.page.locator("#b1")).to_contain_text("TR019")
