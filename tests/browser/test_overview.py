"""What goes on, as somebody at a browser sees it: numbers that lead to their lists, and that follow what happens."""

import re

from playwright.sync_api import Browser, expect

from tests.browser.conftest import Site, Visitor, visiting
from tests.integration.test_http_builders import lone_start


def test_from_an_empty_period_to_the_days_that_had_messages(visitor: Visitor, site: Site) -> None:
    visitor.sign_in(site.tokens["0340"])
    expect(visitor.page.get_by_role("heading", level=1)).to_have_text("Overzicht")
    expect(visitor.page.get_by_text("In deze dagen is er geen bericht ontvangen")).to_be_visible()
    visitor.fine("overzicht-leeg")
    visitor.page.get_by_role("link", name="toon de 14 dagen tot en met die dag").click()
    expect(visitor.page.get_by_role("img", name="Berichten per dag naar uitkomst")).to_be_visible()
    visitor.fine("overzicht")


def test_each_number_leads_to_its_list(visitor: Visitor, site: Site) -> None:
    visitor.sign_in(site.tokens["operator"], "/?dagen=30&tot=2023-02-28")
    page = visitor.page
    visitor.fine("overzicht-februari")
    row = page.get_by_role("row", name=re.compile("^WMO305 start zorg"))
    numbers = [int(link.inner_text()) for link in row.get_by_role("link").all()]
    row.get_by_role("link").first.click()
    rows = page.get_by_role("region", name="Gevonden berichten").get_by_role("row")
    expect(rows).to_have_count(numbers[0] + 1)
    page.go_back()
    page.get_by_role("row", name=re.compile("^TR019")).get_by_role("link").click()
    expect(page).to_have_url(re.compile("regel=TR019&fout=true&retour=false&van=2023-01-30&tot=2023-02-28"))
    expect(rows.nth(1)).to_contain_text("afgekeurd")


def test_the_numbers_of_a_chart_are_a_table_too(visitor: Visitor, site: Site) -> None:
    visitor.sign_in(site.tokens["operator"], "/?dagen=30&tot=2023-02-28")
    visitor.page.get_by_text("Als tabel").first.click()
    table = visitor.page.get_by_role("region", name="Berichten per dag naar uitkomst, als tabel")
    expect(table.get_by_role("row", name=re.compile("^06-02-2023"))).to_be_visible()
    visitor.fine("overzicht-tabel")


def test_a_wrong_day_is_told_at_its_field(visitor: Visitor, site: Site) -> None:
    visitor.sign_in(site.tokens["operator"], "/?tot=gisteren")
    expect(visitor.page.get_by_role("alert")).to_contain_text("Vul een dag in")
    visitor.complaints.clear()  # the browser tells of the 400
    visitor.fine("overzicht-fout")


def test_it_follows_what_happens(browser: Browser, site: Site) -> None:
    with visiting(browser, site) as visitor:
        visitor.sign_in(site.tokens["operator"], "/?dagen=7&tot=2023-01-10")
        page = visitor.page
        expect(page.get_by_text("In deze dagen is er geen bericht ontvangen")).to_be_visible()
        headers = {"Content-Type": "application/xml", "X-Received-At": "2023-01-09T10:00:00+01:00"}
        with site.client("65656055") as client:
            body = lone_start("NIEUW", Afzender="65656055", Ontvanger="0340")
            assert client.post("/v1/berichten", content=body, headers=headers).status_code == 201
        expect(page.get_by_role("img", name="Berichten per dag naar uitkomst")).to_be_visible(timeout=30_000)
        page.get_by_text("Als tabel").first.click()
        page.get_by_role("heading", level=1).click()  # the focus is elsewhere: that would keep it as it is
        with page.expect_response(re.compile("/console/"), timeout=30_000):
            pass
        expect(page.get_by_role("row", name=re.compile("^09-01-2023")).first).to_be_visible()
