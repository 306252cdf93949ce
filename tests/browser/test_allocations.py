"""An allocation and a claim line, as somebody finds them and reads what became of them."""

import re

from playwright.sync_api import expect

from tests.browser.conftest import Site, Visitor


def test_an_allocation_is_found_and_tells_what_became_of_it(visitor: Visitor, site: Site) -> None:
    visitor.sign_in(site.tokens["0340"], "/toewijzingen")
    page = visitor.page
    expect(page.get_by_role("heading", level=1)).to_have_text("Toewijzingen")
    visitor.fine("toewijzingen")
    page.get_by_label("Toewijzingsnummer").fill("650101")
    page.get_by_role("button", name="Zoeken").click()
    page.get_by_role("link", name="650101", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Toewijzing 650101 geldig")
    expect(page.locator("dl.facts")).to_contain_text("Begeleiding regulier")
    expect(page.get_by_role("img", name="Toegewezen en gedeclareerd in 2023")).to_be_visible()
    months = page.get_by_role("table", name="Toegewezen en gedeclareerd per maand van 2023")
    page.get_by_text("Dezelfde cijfers als tabel").click()
    february = months.get_by_role("row", name=re.compile("^februari"))
    expect(february).to_contain_text("18 uur")
    expect(page.get_by_role("region", name="Start en stop")).to_contain_text("gestart")
    versions = page.get_by_role("region", name="Versies")
    expect(versions).to_contain_text("de nieuwste, die telt")
    messages = page.get_by_role("region", name="Berichten over deze toewijzing")
    for soort in ("WMO301", "WMO305", "WMO323"):
        expect(messages).to_contain_text(soort)
    visitor.fine("toewijzing")


def test_a_claim_line_tells_why_it_was_refused(visitor: Visitor, site: Site) -> None:
    visitor.sign_in(site.tokens["65656055"], "/declaratieregels")
    page = visitor.page
    visitor.fine("declaratieregels")
    page.get_by_label("Staat", exact=True).select_option("afgekeurd")
    page.get_by_role("button", name="Zoeken").click()
    row = page.locator("tbody tr").first
    expect(row).to_contain_text("TR418")
    row.get_by_role("link").first.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("afgekeurd")
    expect(page.locator(".finding")).to_contain_text("Verwacht")
    visitor.fine("declaratieregel")
    page.get_by_role("link", name="de hele toewijzing").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Toewijzing")


def test_a_credit_and_its_debit_lead_to_each_other(visitor: Visitor, site: Site) -> None:
    visitor.sign_in(site.tokens["operator"], "/declaratieregels?staat=gecrediteerd")
    page = visitor.page
    page.locator("tbody tr").first.get_by_role("link").first.click()
    expect(page.locator("dl.facts")).to_contain_text("Gecrediteerd door")
    reference = (page.get_by_role("heading", level=1).text_content() or "").split()[1]
    page.locator("dl.facts").locator("div", has_text="Gecrediteerd door").get_by_role("link").click()
    page.locator("dl.facts").locator("div", has_text="Crediteert").get_by_role("link", name=reference).click()
    expect(page.get_by_role("heading", level=1)).to_contain_text(reference)


def test_what_is_not_there_or_cannot_be_asked_says_what_to_do(visitor: Visitor, site: Site) -> None:
    visitor.sign_in(site.tokens["65656055"], "/toewijzingen?toewijzing_nummer=999")
    page = visitor.page
    expect(page.locator(".empty")).to_contain_text("Geen toewijzing voldoet hieraan")
    visitor.fine("toewijzingen-leeg")
    page.get_by_label("Toewijzingsnummer").fill("abc")
    page.get_by_role("button", name="Zoeken").click()
    expect(page.get_by_role("alert")).to_contain_text("hoogstens negen cijfers")
    expect(page.get_by_label("Toewijzingsnummer")).to_have_value("abc")
    visitor.complaints.clear()  # the browser tells of the 400
    visitor.fine("toewijzingen-fout")
    for path in ("/toewijzingen/wmo/0340/999", "/toewijzingen/wmo/0344/650101", "/declaratieregels/999999"):
        visitor.goto(path)
        expect(page.get_by_role("heading", level=1)).to_have_text("Dit is er niet, of niet voor u")
    visitor.complaints.clear()  # and of the 404s
