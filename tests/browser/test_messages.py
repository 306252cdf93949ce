"""Finding messages, keeping a filter and taking the list along, as somebody at a browser does."""

import re

import pytest
from playwright.sync_api import expect

from iwmo_gateway.shipped import shipped
from tests.browser.conftest import Site, Visitor


@pytest.fixture
def clerk(visitor: Visitor, site: Site) -> Visitor:
    """A clerk of the provider, at the list of messages."""
    visitor.sign_in(site.tokens["65656055"], "/berichten")
    return visitor


def test_a_number_is_found_in_one_field(clerk: Visitor) -> None:
    page = clerk.page
    expect(page.get_by_role("heading", level=1)).to_have_text("Berichten")
    clerk.fine("berichten")
    page.get_by_label("Nummer of kenmerk").fill("650101")
    page.get_by_label("Nummer of kenmerk").press("Enter")
    table = page.get_by_role("region", name="Gevonden berichten")
    expect(table.get_by_role("cell", name="WMO301 toewijzing")).to_have_count(1)
    expect(page.get_by_label("Nummer of kenmerk")).to_have_value("650101")
    clerk.fine("berichten-gevonden")
    page.get_by_label("Nummer of kenmerk").fill("NIETS")
    page.get_by_role("button", name="Zoeken", exact=True).click()
    expect(page.get_by_text("Er is geen bericht dat hieraan voldoet.")).to_be_visible()
    clerk.fine("berichten-geen")


def test_a_filter_is_kept_and_used_again(clerk: Visitor) -> None:
    page = clerk.page
    page.get_by_text("Filters", exact=True).click()
    page.get_by_label("Soort bericht").select_option("WMO305")
    page.get_by_label("Status").select_option("rejected")
    page.get_by_role("button", name="Zoeken met filters").click()
    expect(page).to_have_url(re.compile("soort=WMO305&(retour=&)?status=rejected"))
    page.get_by_label("Dit filter bewaren als").fill("Afgekeurde starts")
    page.get_by_role("button", name="Bewaren").click()
    expect(page.get_by_role("status")).to_have_text("Het filter is bewaard.")
    clerk.fine("berichten-filter")
    clerk.goto("/berichten")
    page.get_by_role("link", name="Afgekeurde starts").click()
    expect(page.get_by_label("Status")).to_have_value("rejected")
    rows = page.get_by_role("region", name="Gevonden berichten").get_by_role("row")
    expect(rows.nth(1)).to_contain_text("afgekeurd")
    page.get_by_role("button", name="Verwijderen van Afgekeurde starts").click()
    expect(page.get_by_role("status")).to_have_text("Het filter is verwijderd.")
    expect(page.get_by_role("link", name="Afgekeurde starts")).to_have_count(0)


def test_a_wrong_value_is_told_at_its_field(clerk: Visitor) -> None:
    page = clerk.page
    page.get_by_text("Filters", exact=True).click()
    page.get_by_label("Partij").fill("12345")
    page.get_by_label("Regel").fill("TR019")
    page.get_by_role("button", name="Zoeken met filters").click()
    page.get_by_role("alert").get_by_role("link").click()
    expect(page.get_by_label("Partij")).to_be_focused()
    expect(page.get_by_label("Partij")).to_have_value("12345")
    expect(page.get_by_label("Regel")).to_have_value("TR019")
    clerk.complaints.clear()  # the browser tells of the 400
    clerk.fine("berichten-fout")


def test_the_list_is_taken_along(clerk: Visitor) -> None:
    clerk.goto("/berichten?soort=WMO305")
    for kind in ("CSV", "XLSX"):
        with clerk.page.expect_download() as begun:
            clerk.page.get_by_role("link", name=kind).click()
        assert begun.value.suggested_filename == f"berichten.{kind.lower()}"


def test_more_than_a_page_is_paged(clerk: Visitor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("iwmo_gateway.web.console.messages._PAGE", 4)
    clerk.goto("/berichten")
    first = clerk.page.get_by_role("region", name="Gevonden berichten").inner_text()
    clerk.page.get_by_role("link", name="Volgende pagina").click()
    expect(clerk.page).to_have_url(re.compile("before="))
    assert clerk.page.get_by_role("region", name="Gevonden berichten").inner_text() != first


def test_who_selects_text_keeps_it_while_the_list_is_live(visitor: Visitor, site: Site) -> None:
    if not visitor.scripted:
        pytest.skip("Without script a list is as it was when it was asked for")
    page = visitor.page
    page.clock.install()
    visitor.sign_in(site.tokens["65656055"], "/berichten")
    page.get_by_role("link", name="ZA2302060001").evaluate("one => getSelection().selectAllChildren(one)")
    body = (shipped("fixtures") / "verhaal" / "3-start-zonder-toewijzing.xml").read_bytes()
    with site.client("65656055") as client:
        headers = {"Content-Type": "application/xml"}
        client.post("/v1/berichten", content=body.replace(b"ZA2302060001", b"ZALATER00001"), headers=headers)
    with page.expect_response(lambda answer: "/console/berichten" in answer.url):
        page.clock.fast_forward("00:11")
    newest = page.get_by_role("link", name="ZALATER00001")
    expect(newest).to_have_count(0)
    assert page.evaluate("getSelection().toString()") == "ZA2302060001"
    page.evaluate("getSelection().removeAllRanges()")
    page.clock.fast_forward("00:11")
    expect(newest).to_have_count(1)
