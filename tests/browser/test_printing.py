"""On paper: what a page says and none of what is to be clicked, dark on white whatever one prefers on a screen."""

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.conftest import Site, visiting

WHITE = "rgb(255, 255, 255)"


@pytest.mark.parametrize(
    ("who", "path", "shown"),
    [
        ("65656055", "/postvak", "WMO301"),
        ("65656055", "/berichten", "ZA2302060001"),
        ("0340", "/?dagen=30&tot=2023-03-01", "WMO305"),
        ("operator", "/openstaand", "ophalen"),
    ],
)
def test_a_page_is_printed(browser: Browser, site: Site, who: str, path: str, shown: str) -> None:
    with visiting(browser, site, color_scheme="dark") as visitor:
        visitor.sign_in(site.tokens[who], path)
        page = visitor.page
        page.emulate_media(media="print", color_scheme="dark")
        expect(page.get_by_role("table").filter(has_text=shown).first).to_be_visible()
        assert page.evaluate("getComputedStyle(document.body).backgroundColor") == WHITE
        for control in ("button", "input[type=checkbox]", "select", "nav a"):
            expect(page.locator(f"{control}:visible")).to_have_count(0)


def test_who_forces_colours_sees_where_they_are(browser: Browser, site: Site) -> None:
    with visiting(browser, site, forced_colors="active") as visitor:
        visitor.sign_in(site.tokens["0340"], "/berichten")
        here = visitor.page.locator("nav a[aria-current]")
        assert here.evaluate("one => getComputedStyle(one).borderTopStyle") == "solid"
