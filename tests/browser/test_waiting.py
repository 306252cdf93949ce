"""What waits, as a clerk goes through it."""

import re

from playwright.sync_api import expect

from tests.browser.conftest import Site, Visitor


def test_a_provider_sees_what_it_has_to_do(visitor: Visitor, site: Site) -> None:
    visitor.sign_in(site.tokens["65656055"], "/openstaand")
    page = visitor.page
    expect(page.get_by_role("heading", level=1)).to_have_text("Wat openstaat")
    visitor.fine("openstaand")
    page.get_by_label("Aan zet", exact=True).select_option("u")
    page.get_by_label("Soort", exact=True).select_option("antwoord ophalen")
    page.get_by_role("button", name="Tonen").click()
    rows = page.locator("tbody tr")
    expect(rows.first).to_contain_text("ophalen")
    for row in rows.all():
        expect(row.locator("td").nth(2)).to_have_text("u")
    page.get_by_label("Soort", exact=True).select_option("besluit op een verzoek")
    page.get_by_role("button", name="Tonen").click()
    expect(page.locator("main")).to_contain_text("Hiervan staat niets open.")
    visitor.fine("openstaand-leeg")
    page.locator(".empty").get_by_role("link", name="Alles tonen").click()
    expect(page).to_have_url(re.compile(r"/console/openstaand$"))


def test_what_no_choice_is_is_told_at_its_field(visitor: Visitor, site: Site) -> None:
    visitor.sign_in(site.tokens["operator"], "/openstaand?soort=anders")
    page = visitor.page
    expect(page.get_by_role("alert")).to_contain_text("Soort: Kies een van de soorten.")
    expect(page.get_by_label("Soort", exact=True)).to_have_attribute("aria-invalid", "true")
    visitor.complaints.clear()  # the browser tells of the 400
    visitor.fine("openstaand-fout")


def test_the_list_is_a_file_too(visitor: Visitor, site: Site) -> None:
    visitor.sign_in(site.tokens["operator"], "/openstaand")
    for link, name in (("CSV", r"openstaand-.*\.csv"), ("Excel (XLSX)", r"openstaand-.*\.xlsx")):
        with visitor.page.expect_download() as downloading:
            visitor.page.get_by_role("link", name=link).click()
        assert re.fullmatch(name, downloading.value.suggested_filename)
