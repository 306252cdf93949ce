"""Contracts at a browser: read beside their text, compared, indexed, and loaded after a look at what changes."""

import re
from pathlib import Path

from playwright.sync_api import expect

from iwmo_gateway.shipped import shipped
from tests.browser.conftest import Site, Visitor

RHENEN = (shipped("contracts") / "rhenen-wmo-2023.toml").read_text(encoding="utf-8")


def test_a_contract_stands_in_plain_words_beside_its_text(visitor: Visitor, site: Site) -> None:
    visitor.sign_in(site.tokens["0340"], "/contracten")
    page = visitor.page
    visitor.fine("contracten")
    page.get_by_role("link", name="rhenen-wmo-2023").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(
        "Overeenkomst Maatwerkvoorziening Wmo gemeente Rhenen 2023"
    )
    expect(page.get_by_role("region", name="De tekst van het profiel")).to_contain_text("[[producten]]")
    expect(page.get_by_role("region", name="Producten en tarieven")).to_contain_text("46,46")
    expect(page.locator("main")).to_contain_text("Geldt van 2023-01-01 tot en met 2023-12-31.")
    visitor.fine("contract")


def test_the_next_tariffs_are_proposed_and_taken_over(visitor: Visitor, site: Site) -> None:
    visitor.sign_in(site.tokens["0340"], "/contracten/rhenen-wmo-2023/indexering")
    page = visitor.page
    page.get_by_label("Stijging in procenten").fill("veel")
    page.get_by_label("Eerste dag").fill("2024-01-01")
    page.get_by_role("button", name="Voorstellen").click()
    expect(page.get_by_role("alert")).to_contain_text("verwacht de wijziging in procenten")
    visitor.complaints.clear()  # the browser tells of the 400
    visitor.fine("contract-indexering-fout")
    page.get_by_label("Stijging in procenten").fill("3,4")
    page.get_by_role("button", name="Voorstellen").click()
    expect(page.get_by_role("region", name="Voorgestelde tarieven")).to_contain_text("48,04")
    visitor.fine("contract-indexering")
    with page.expect_download() as downloading:
        page.get_by_role("link", name="Bewaren als bestand (TOML)").click()
    assert downloading.value.suggested_filename == "rhenen-wmo-2023.toml"
    page.get_by_role("button", name="Overnemen en aanpassen").click()
    expect(page.get_by_label("Naam")).to_have_value("rhenen-wmo-2023")
    expect(page.get_by_label("Tekst", exact=True)).to_have_value(re.compile("^# VOORSTEL"))


def test_every_fault_of_a_profile_is_told_with_its_line(visitor: Visitor, site: Site) -> None:
    visitor.sign_in(site.tokens["0340"], "/contracten-laden")
    page = visitor.page
    expect(page.get_by_role("heading", level=1)).to_have_text("Een contractprofiel laden")
    visitor.fine("contract-laden")
    page.get_by_role("button", name="Nakijken").click()
    expect(page.get_by_role("alert")).to_contain_text("2 velden kloppen niet")
    visitor.complaints.clear()  # the browser tells of the 400
    visitor.fine("contract-laden-leeg")
    wrong = RHENEN.replace("euro = 60.00", "euro = 60.005").replace('eenheid = "14"', 'eenheid = "15"')
    page.get_by_label("Naam").fill("rhenen-wmo-2023")
    page.get_by_label("Tekst", exact=True).fill(wrong)
    page.get_by_role("button", name="Nakijken").click()
    expect(page.get_by_role("alert")).to_contain_text("Het profiel heeft 2 fouten.")
    faults = page.get_by_role("region", name="Fouten")
    expect(faults).to_contain_text("gevonden 60.005")
    expect(faults).to_contain_text("bijlage 8, 8.2; bijlage 9")
    expect(page.get_by_label("Tekst", exact=True)).to_have_value(wrong)
    visitor.complaints.clear()  # and of the 422
    visitor.fine("contract-laden-fouten")


def test_what_changes_is_seen_before_it_is_loaded(visitor: Visitor, site: Site, tmp_path: Path) -> None:
    tariff = "61.20" if visitor.scripted else "62.40"
    file = tmp_path / "rhenen-wmo-2023.toml"
    file.write_text(RHENEN.replace("euro = 60.00", f"euro = {tariff}"), encoding="utf-8")
    visitor.sign_in(site.tokens["0340"], "/contracten/rhenen-wmo-2023")
    page = visitor.page
    page.get_by_role("link", name="Aanpassen en laden").click()
    page.get_by_label("Bestand").set_input_files(file)
    page.get_by_role("button", name="Nakijken").click()
    changes = page.get_by_role("region", name="Verschillen")
    expect(changes).to_contain_text("product 02A16, tarief 2023-01-01 t/m 2023-12-31, euro")
    expect(changes).to_contain_text(tariff.replace(".", ","))
    visitor.fine("contract-nakijken")
    page.get_by_role("button", name=re.compile("Laden als versie")).click()
    expect(page.get_by_role("status")).to_contain_text("is geladen")
    page.get_by_role("link", name=re.compile("^met versie")).first.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("van rhenen-wmo-2023")
    expect(page.get_by_role("region", name="Verschillen")).to_contain_text(tariff.replace(".", ","))
    visitor.fine("contract-verschil")
