"""Deciding on held lines at a browser: from the list to the answer that goes out."""

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Site, Visitor
from tests.claims import ANDERE_AANBIEDER as AANBIEDER
from tests.claims import ANDERE_GEMEENTE as RHENEN
from tests.claims import BSN, Line, Terms, allocation, claim
from tests.integration.test_http_builders import day

JANUARI = {"begin": date(2023, 1, 1), "end": date(2023, 1, 31)}


@pytest.fixture
def numbers() -> Iterator[int]:
    return _NUMBERS


_NUMBERS = iter(range(1, 1000))


def sent(site: Site, who: str, body: bytes, at: datetime) -> str:
    """The id of a message that was sent and taken."""
    with site.client(who) as client:
        headers = {"Content-Type": "application/xml", "X-Received-At": at.isoformat()}
        said = client.post("/v1/berichten", content=body, headers=headers).json()
    assert said["status"] in {"accepted", "in_review"}, said
    return str(said["id"])


def held(site: Site, number: int, lines: int = 2, at: datetime | None = None) -> str:
    """A claim for February and January that comes too late, on an allocation of its own: its lines wait."""
    terms = Terms(nummer=815000 + number, volume=400, frequentie="6")
    granted = allocation(terms, identificatie=f"BRA{number}", gemeente=RHENEN, aanbieder=AANBIEDER)
    sent(site, RHENEN, granted, day("2023-01-02"))
    made = [Line(f"BR{number}-{nr}", nummer=terms.nummer, volume=10, **(JANUARI if nr else {})) for nr in range(lines)]
    how = {"maand": date(2023, 4, 1), "dagtekening": date(2023, 5, 1)}
    body = claim(
        *made, gemeente=RHENEN, aanbieder=AANBIEDER, identificatie=f"BRB{number}", nummer=f"BRD{number}", **how
    )
    return sent(site, AANBIEDER, body, at or day("2023-05-02"))


def choose(visitor: Visitor, *lines: str) -> None:
    """Choose lines in the list, and go and decide on them."""
    for line in lines:
        visitor.page.get_by_role("checkbox", name=f"Regel {line} ").check()
    visitor.page.get_by_role("button", name="Besluiten over de gekozen regels").first.click()


def test_refusing_a_claim_from_the_list_to_the_answer(visitor: Visitor, site: Site, numbers: Iterator[int]) -> None:
    number = next(numbers)
    held(site, number)
    visitor.sign_in(site.tokens[RHENEN], f"/beoordelingen?declaratie_nummer=BRD{number}")
    page = visitor.page
    expect(page.get_by_text("te laat:")).to_have_count(2)
    visitor.fine("beoordelingen")
    choose(visitor, f"BR{number}-0", f"BR{number}-1")
    expect(page.get_by_role("heading", level=1)).to_have_text("Besluiten over 2 regels")
    visitor.fine("besluit")
    page.get_by_label("Afkeuren").check()
    page.get_by_label("Wat klopt er niet?").select_option("9321")
    page.get_by_label("Reden").fill("Te laat, zonder bericht vooraf.")
    page.get_by_role("button", name="Bekijk wat er uitgaat").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Het besluit, voordat het uitgaat")
    expect(page.get_by_text("afgewezen", exact=True)).to_be_visible()
    table = page.get_by_role("table", name="Regels in het antwoord")
    expect(table.get_by_role("cell", name="9321", exact=True)).to_have_count(2)
    xml = page.get_by_text("Het antwoord als XML")
    if visitor.scripted:
        xml.click()
        expect(page.get_by_role("region", name="XML van het antwoord")).to_contain_text("<wmo325:RetourCode>9321")
    assert BSN not in page.content()
    visitor.fine("besluit-voorbeeld")
    with site.client(AANBIEDER) as provider:
        (before,) = provider.get(f"/v1/berichten?declaratie_nummer=BRD{number}&soort=WMO323").json()["berichten"]
        assert (before["status"], before["retour"]) == ("in_review", None)
        page.get_by_role("button", name="Keur 2 regels af en verzend 1 antwoord").click()
        expect(page.get_by_role("status")).to_contain_text("Het antwoord is verzonden")
        (after,) = provider.get(f"/v1/berichten?declaratie_nummer=BRD{number}&soort=WMO323").json()["berichten"]
    assert (after["status"], after["retour"]["soort"]) == ("refused", "WMO325")
    visitor.fine("besloten")
    page.get_by_role("link", name="Verder met de beoordelingen").click()
    expect(page.get_by_text(f"BR{number}-0")).to_have_count(0)


def test_approving_one_line_sends_nothing_until_the_last(visitor: Visitor, site: Site, numbers: Iterator[int]) -> None:
    number = next(numbers)
    held(site, number, at=datetime.now(UTC))
    visitor.sign_in(site.tokens[RHENEN], f"/beoordelingen?declaratie_nummer=BRD{number}&te_laat=false")
    page = visitor.page
    expect(page.get_by_text(re.compile("nog .* werkdag"))).to_have_count(2)
    choose(visitor, f"BR{number}-0")
    page.get_by_label("Goedkeuren").check()
    page.get_by_role("button", name="Bekijk wat er uitgaat").click()
    expect(page.get_by_text("Er gaat nog geen antwoord uit")).to_be_visible()
    visitor.fine("besluit-nog-niet-alles")
    page.get_by_role("button", name="Keur 1 regel goed", exact=True).click()
    expect(page.get_by_text("het antwoord gaat uit met het laatste besluit")).to_be_visible()
    page.get_by_role("link", name="Besluit over de andere regels").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Besluiten over een regel")
    page.get_by_label("Goedkeuren").check()
    page.get_by_role("button", name="Bekijk wat er uitgaat").click()
    expect(page.get_by_text("volledig is toegekend (8001)")).to_be_visible()
    page.get_by_role("button", name="Keur 1 regel goed en verzend 1 antwoord").click()
    expect(page.get_by_text("€ 1.200,00 van € 1.200,00")).to_be_visible()


def test_a_form_that_is_not_complete_says_what_is_wrong_and_loses_nothing(
    visitor: Visitor, site: Site, numbers: Iterator[int]
) -> None:
    number = next(numbers)
    held(site, number)
    visitor.sign_in(site.tokens[RHENEN], f"/beoordelingen?declaratie_nummer=BRD{number}")
    page = visitor.page
    choose(visitor, f"BR{number}-0")
    page.get_by_role("button", name="Bekijk wat er uitgaat").click()
    expect(page.get_by_role("alert")).to_contain_text("Kies of u de regels goedkeurt of afkeurt")
    page.get_by_label("Afkeuren").check()
    page.get_by_label("Reden").fill("Te laat.")
    page.get_by_role("button", name="Bekijk wat er uitgaat").click()
    expect(page.get_by_role("alert")).to_contain_text("Kies wat er niet klopt")
    expect(page.get_by_label("Reden")).to_have_value("Te laat.")
    expect(page.get_by_label("Afkeuren")).to_be_checked()
    expect(page.get_by_label("Wat klopt er niet?")).to_have_attribute("aria-invalid", "true")
    visitor.complaints.clear()  # the browser tells of the 422
    visitor.fine("besluit-onvolledig")


def test_a_colleague_who_was_first_is_told_of(visitor: Visitor, site: Site, numbers: Iterator[int]) -> None:
    number = next(numbers)
    held(site, number)
    visitor.sign_in(site.tokens[RHENEN], f"/beoordelingen?declaratie_nummer=BRD{number}")
    page = visitor.page
    choose(visitor, f"BR{number}-0", f"BR{number}-1")
    page.get_by_label("Goedkeuren").check()
    page.get_by_role("button", name="Bekijk wat er uitgaat").click()
    with site.client(RHENEN) as colleague:
        waits = colleague.get(f"/v1/reviews?declaratie_nummer=BRD{number}").json()["reviews"]
        refusal = {"besluit": "refuse", "retourcode": "9321", "reason": "Te laat."}
        assert colleague.post(f"/v1/reviews/{waits[0]['id']}", json=refusal).status_code == 200
    page.get_by_role("button", name="Keur 2 regels goed en verzend 1 antwoord").click()
    expect(page.get_by_role("alert")).to_contain_text("Er is nog niets besloten")
    expect(page.get_by_role("status")).to_contain_text("Over deze regel is al besloten")
    visitor.fine("besluit-veranderd")
    page.get_by_role("button", name="Keur 1 regel goed en verzend 1 antwoord").click()
    expect(page.get_by_text("deels toegekend")).to_be_visible()


def test_who_only_looks_sees_what_waits_and_no_button(visitor: Visitor, site: Site, numbers: Iterator[int]) -> None:
    number = next(numbers)
    held(site, number)
    visitor.sign_in(site.tokens[AANBIEDER], "/beoordelingen")
    expect(visitor.page.get_by_text(f"regel BR{number}-0")).to_be_visible()
    expect(visitor.page.get_by_role("checkbox")).to_have_count(0)
    visitor.fine("beoordelingen-aanbieder")


def test_nothing_waits(visitor: Visitor, site: Site) -> None:
    visitor.sign_in(site.tokens["auditor"], "/beoordelingen?declaratie_nummer=NIETS")
    expect(visitor.page.get_by_text("Geen regel die wacht, voldoet hieraan")).to_be_visible()
    visitor.fine("beoordelingen-leeg")
