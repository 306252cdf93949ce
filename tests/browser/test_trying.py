"""Trying a message: pasted, as a file, or dropped; and what cannot even be read."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

from iwmo_gateway.shipped import shipped
from tests.browser.conftest import Site, Visitor

STORY = shipped("fixtures") / "verhaal"


def text(name: str) -> str:
    return (STORY / name).read_text(encoding="utf-8")


def test_an_example_is_loaded_and_tried(visitor: Visitor, site: Site) -> None:
    visitor.sign_in(site.tokens["65656055"], "/proberen")
    page = visitor.page
    visitor.fine("proberen")
    page.get_by_role("link", name="Een start op een toewijzing die er niet is").click()
    field = page.get_by_label("XML van het bericht")
    expect(field).to_have_value(re.compile("ZA2302060001"))
    field.fill(field.input_value().replace("ZA2302060001", "NIEUW1"))
    page.get_by_role("button", name="Proberen").click()
    expect(page.get_by_role("heading", name="Resultaat")).to_contain_text("afgekeurd")
    expect(field).to_have_value(re.compile("NIEUW1"))
    expect(page.locator(".reading")).to_contain_text("TR019")
    expect(page.locator(".xml li.wrong")).to_have_count(1)
    visitor.fine("proberen-afgekeurd")
    page.get_by_text("Het retourbericht dat de gateway zou sturen").click()
    expect(page.get_by_role("region", name="XML van het retourbericht")).to_contain_text("9019")


def test_a_file_is_tried(visitor: Visitor, site: Site) -> None:
    visitor.sign_in(site.tokens["operator"], "/proberen")
    page = visitor.page
    page.get_by_label("Of een bestand").set_input_files(STORY / "4-verkeerd-formaat.xml")
    page.get_by_role("button", name="Proberen").click()
    expect(page.get_by_role("heading", name="Resultaat")).to_contain_text("schemafout")
    expect(page.get_by_label("XML van het bericht")).to_have_value(re.compile("ZA2302070001"))
    expect(page.locator(".finding.reject .finding-text")).to_have_count(3)
    visitor.fine("proberen-schemafout")


@pytest.mark.parametrize(
    ("name", "xml", "told"),
    [
        ("afgebroken", "<a>\n<b>\n", "niet afgesloten"),
        ("dtd", '<!DOCTYPE a [<!ENTITY b "c">]>\n<a>&b;</a>', "DTD"),
        ("onbekend", "<Bericht/>", "geen bericht van iWmo of iJw"),
    ],
)
def test_what_cannot_be_read_is_told_as_well(visitor: Visitor, site: Site, name: str, xml: str, told: str) -> None:
    visitor.sign_in(site.tokens["65656055"], "/proberen")
    visitor.page.get_by_label("XML van het bericht").fill(xml)
    visitor.page.get_by_role("button", name="Proberen").click()
    expect(visitor.page.get_by_role("status")).to_contain_text(told)
    expect(visitor.page.get_by_label("XML van het bericht")).to_have_value(xml)
    visitor.fine(f"proberen-{name}")


def test_without_a_message_the_form_says_so(visitor: Visitor, site: Site) -> None:
    visitor.sign_in(site.tokens["65656055"], "/proberen")
    visitor.page.get_by_role("button", name="Proberen").click()
    expect(visitor.page.get_by_role("alert")).to_contain_text("Plak een bericht")
    visitor.complaints.clear()  # the browser tells of the 422
    visitor.fine("proberen-leeg")


def test_a_file_that_is_dropped_is_tried_at_once(visitor: Visitor, site: Site, tmp_path: Path) -> None:
    if not visitor.scripted:
        pytest.skip("Dropping needs script")
    visitor.sign_in(site.tokens["65656055"], "/proberen")
    page = visitor.page
    dropped = page.evaluate_handle(
        "xml => { const files = new DataTransfer(); files.items.add(new File([xml], 'a.xml')); return files; }",
        text("2-start.xml"),
    )
    page.locator("form#proberen.scripted").dispatch_event("drop", {"dataTransfer": dropped})
    expect(page.get_by_role("heading", name="Resultaat")).to_be_visible()
