"""The production account, payments and reclaims, as a contract manager looks at them."""

import re

from playwright.sync_api import expect

from tests.browser.conftest import Site, Visitor


def test_the_account_of_a_year_stands_in_charts_tables_and_files(visitor: Visitor, site: Site) -> None:
    visitor.sign_in(site.tokens["0340"], "/productie?jaar=2022")
    page = visitor.page
    expect(page.locator(".empty")).to_contain_text("In 2022 is bij u niets gedeclareerd voor de Wmo.")
    visitor.fine("productie-leeg")
    page.get_by_label("Jaar van de zorg").fill("2023")
    page.get_by_role("button", name="Tonen").click()
    expect(page.get_by_role("img", name="Bedrag per aanbieder (euro)")).to_be_visible()
    expect(page.get_by_role("img", name="Bedrag per product (euro)")).to_be_visible()
    providers = page.get_by_role("region", name="Productie per aanbieder")
    expect(providers).to_contain_text("productieverantwoording als de gemeente erom vraagt")
    products = page.get_by_role("table", name="Aanbieder 65656055")
    expect(products.get_by_role("row", name=re.compile("^02A16"))).to_contain_text("37 uur")
    visitor.fine("productie")
    for link, name in (
        ("CSV", "productieverantwoording-0340-2023.csv"),
        ("Excel", "productieverantwoording-0340-2023.xlsx"),
    ):
        with page.expect_download() as downloading:
            page.get_by_role("link", name=link).click()
        assert downloading.value.suggested_filename == name


def test_a_provider_names_the_municipality(visitor: Visitor, site: Site) -> None:
    visitor.sign_in(site.tokens["65656055"], "/productie")
    page = visitor.page
    expect(page.locator(".empty")).to_contain_text("Vul de gemeente in")
    page.get_by_label("Gemeente").fill("0340")
    page.get_by_label("Jaar van de zorg").fill("23")
    page.get_by_role("button", name="Tonen").click()
    expect(page.get_by_role("alert")).to_contain_text("Vul een jaar in van 2015 tot en met 2100.")
    visitor.complaints.clear()  # the browser tells of the 400
    visitor.fine("productie-fout")
    page.get_by_label("Jaar van de zorg").fill("2023")
    page.get_by_role("button", name="Tonen").click()
    expect(page.get_by_role("table", name="Aanbieder 65656055")).to_be_visible()


def test_payments_and_reclaims_tell_by_when_and_why(visitor: Visitor, site: Site) -> None:
    visitor.sign_in(site.tokens["0340"], "/productie")
    page = visitor.page
    page.get_by_role("link", name="Te betalen", exact=True).click()
    due = page.get_by_role("region", name="Te betalen", exact=True)
    expect(due.get_by_role("row", name=re.compile("D202302"))).to_contain_text("02-04-2023")
    visitor.fine("betalingen")
    page.get_by_label("Ontvangen vanaf").fill("2024-01-01")
    page.get_by_role("button", name="Tonen").click()
    expect(page.locator(".empty")).to_contain_text("Geen declaratie voldoet hieraan")
    page.get_by_role("link", name="Terug te betalen").click()
    page.get_by_label("Terugbetaald op").fill("2023-06-01")
    page.get_by_role("button", name="Tonen").click()
    expect(page.get_by_role("region", name="Terug te betalen")).to_contain_text("2302-01")
    visitor.fine("terugvorderingen")
