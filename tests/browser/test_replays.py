"""Judging messages again at a browser: from a filter or a message to what came of it."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from playwright.sync_api import expect

from iwmo_gateway.gateway.replaying import replay_next
from tests.browser.conftest import Site, Visitor
from tests.integration.test_http_builders import AANBIEDER, GEMEENTE, allocation, day, start

_NUMBERS = iter(range(1, 1000))


@pytest.fixture
def numbers() -> Iterator[int]:
    """A number for each test of the module: what was sent before stays."""
    return _NUMBERS


@pytest.fixture(scope="module", autouse=True)
def parties(site: Site) -> None:
    from iwmo_gateway.gateway.access import create_token
    from iwmo_gateway.store.parties import TokenRole

    for party in (AANBIEDER, GEMEENTE):
        site.tokens[party] = create_token(site.gateway, TokenRole.PARTY, party, "test", datetime.now(UTC))


def sent(site: Site, who: str, body: bytes, on: str) -> dict[str, str]:
    with site.client(who) as client:
        headers = {"Content-Type": "application/xml", "X-Received-At": day(on).isoformat()}
        said: dict[str, str] = client.post("/v1/berichten", content=body, headers=headers).json()
    return said


def early_starts(site: Site, number: int, count: int) -> list[str]:
    """The ids of starts that were rejected for want of their allocations, which have come since."""
    first, on = 710000 + 100 * number, f"2023-03-{number:02}"
    said = [sent(site, AANBIEDER, start(f"V{number}X{nr}", first + 10 * nr), on)["id"] for nr in range(count)]
    for nr in range(count):
        made = allocation(f"T{number}X{nr}", first + 10 * nr, first + 10 * nr + 1)
        assert sent(site, GEMEENTE, made, on)["status"] == "accepted"
    return said


def worked(site: Site, most: int = 100) -> int:
    """A process works: how many messages it took."""
    done = 0
    while done < most and replay_next(site.gateway, lambda: datetime.now(UTC)):
        done += 1
    return done


def test_from_a_filter_over_a_dry_run_to_the_result(visitor: Visitor, site: Site, numbers: Iterator[int]) -> None:
    number = next(numbers)
    ids = early_starts(site, number, 3)
    since = f"ontvangen_vanaf=2023-03-{number:02}T00:00:00%2B01:00&ontvangen_tot=2023-03-{number + 1:02}"
    visitor.sign_in(site.tokens["operator"], f"/replays/nieuw?soort=WMO305&status=rejected&{since}")
    page = visitor.page
    expect(page.get_by_label("Ontvangen vanaf")).to_have_value(f"2023-03-{number:02}T00:00")
    expect(page.get_by_label("Soort")).to_have_value("WMO305")
    expect(page.get_by_label("Status")).to_have_value("rejected")
    visitor.fine("replay-nieuw")
    page.get_by_label("Reden").fill("De toewijzingen zijn alsnog gekomen.")
    page.get_by_role("button", name="Proefdraaien").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Proef met 3 berichten")
    assert worked(site, 1) == 1
    page.get_by_role("link", name="Vernieuwen").click()
    expect(page.get_by_role("status")).to_contain_text("1 van 3 berichten gedaan")
    visitor.fine("replay-loopt")
    assert worked(site) == 2
    if visitor.scripted:
        expect(page.get_by_role("status")).to_contain_text("klaar", timeout=30000)  # by itself
    else:
        page.get_by_role("link", name="Vernieuwen").click()
    expect(page.get_by_role("heading", name="Het verschil")).to_be_visible()
    expect(page.get_by_role("row", name=re.compile("TR019 3 0"))).to_be_visible()
    expect(page.get_by_text("3 retourberichten worden anders")).to_be_visible()
    page.get_by_text("Wat er anders is").first.click()
    visitor.fine("replay-proef")
    for one in ids:
        with site.client("operator") as client:
            assert client.get(f"/v1/berichten/{one}").json()["status"] == "rejected"
    page.get_by_role("button", name="Beoordeel 3 berichten opnieuw").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Replay van 3 berichten")
    assert worked(site) == 3
    page.get_by_role("link", name="Vernieuwen").click()
    expect(page.get_by_role("status")).to_contain_text("3 van 3 berichten gedaan")
    expect(page.get_by_role("cell", name="opnieuw beoordeeld").first).to_be_visible()
    visitor.fine("replay-klaar")
    for one in ids:
        with site.client("operator") as client:
            assert client.get(f"/v1/berichten/{one}").json()["status"] == "accepted"
    visitor.goto("/replays")
    expect(page.get_by_role("cell", name="De toewijzingen zijn alsnog gekomen.").first).to_be_visible()
    visitor.fine("replays")


def test_pausing_resuming_and_cancelling(visitor: Visitor, site: Site, numbers: Iterator[int]) -> None:
    ids = early_starts(site, next(numbers), 3)
    visitor.sign_in(site.tokens["operator"], f"/replays/nieuw?ids={','.join(ids)}")
    page = visitor.page
    expect(page.get_by_role("heading", name="Deze 3 berichten")).to_be_visible()
    visitor.fine("replay-nieuw-berichten")
    page.get_by_label("Reden").fill("De toewijzingen zijn alsnog gekomen.")
    page.get_by_role("button", name="Zonder proef naar de telling").click()
    expect(page.get_by_role("heading", name="Controleer de telling")).to_be_visible()
    assert worked(site) == 0
    visitor.fine("replay-telling")
    page.get_by_role("button", name="Beoordeel 3 berichten opnieuw").click()
    assert worked(site, 1) == 1
    page.get_by_role("button", name="Pauzeren").click()
    expect(page.get_by_role("status")).to_contain_text("gepauzeerd 1 van 3 berichten gedaan")
    assert worked(site) == 0
    visitor.fine("replay-gepauzeerd")
    page.get_by_role("button", name="Hervatten").click()
    assert worked(site, 1) == 1
    page.get_by_role("button", name="Annuleren").click()
    expect(page.get_by_role("status")).to_contain_text("geannuleerd")
    assert worked(site) == 0
    page.get_by_role("link", name="niet gedaan").click()
    expect(page.get_by_role("heading", name="Berichten: niet gedaan")).to_be_visible()
    expect(page.get_by_text(re.compile("gepauzeerd door operator:test"))).to_be_visible()
    visitor.fine("replay-geannuleerd")


def test_a_form_without_filter_and_reason_says_so_and_loses_nothing(visitor: Visitor, site: Site) -> None:
    visitor.sign_in(site.tokens["operator"], "/replays/nieuw")
    page = visitor.page
    page.get_by_role("button", name="Proefdraaien").click()
    expect(page.get_by_role("alert")).to_contain_text("Vul ten minste één veld in")
    expect(page.get_by_role("alert")).to_contain_text("Vul in waarom")
    visitor.complaints.clear()  # the browser tells of the 422
    visitor.fine("replay-leeg")
    page.get_by_label("Toewijzingnummer").fill("x")
    page.get_by_label("Ontvangen vanaf").fill("2023-02-01T00:00")
    page.get_by_label("Reden").fill("Waarom niet.")
    page.get_by_role("button", name="Proefdraaien").click()
    expect(page.get_by_role("alert")).to_contain_text("ten hoogste negen cijfers")
    expect(page.get_by_label("Reden")).to_have_value("Waarom niet.")
    expect(page.get_by_label("Ontvangen vanaf")).to_have_value("2023-02-01T00:00")
    visitor.complaints.clear()  # the browser tells of the 422
    visitor.fine("replay-onvolledig")


def test_a_filter_that_finds_nothing(visitor: Visitor, site: Site) -> None:
    visitor.sign_in(site.tokens["operator"], "/replays/nieuw?identificatie=NIETS")
    page = visitor.page
    page.get_by_label("Reden").fill("Een proef.")
    page.get_by_role("button", name="Zonder proef").click()
    expect(page.get_by_text("Het filter vond geen enkel bericht")).to_be_visible()
    visitor.fine("replay-niets")


def test_an_auditor_looks_and_changes_nothing(visitor: Visitor, site: Site) -> None:
    visitor.sign_in(site.tokens["auditor"], "/replays")
    expect(visitor.page.get_by_role("heading", level=1)).to_have_text("Replays")
    expect(visitor.page.get_by_role("link", name="Nieuwe replay")).to_have_count(0)
