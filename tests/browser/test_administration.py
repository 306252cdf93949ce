"""Administration, as an operator and an auditor at a browser do it."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import expect

from iwmo_gateway.gateway import sealing
from iwmo_gateway.gateway.access import caller_of, create_token, list_tokens
from iwmo_gateway.store.parties import TokenRole
from tests.browser.conftest import Site, Visitor, served

NEW_PARTY = "98000017"


@pytest.fixture
def operator(visitor: Visitor, site: Site) -> Visitor:
    """An operator on the first page of the administration."""
    visitor.sign_in(site.tokens["operator"], "/beheer")
    return visitor


def press(visitor: Visitor, name: str) -> None:
    visitor.page.get_by_role("button", name=name, exact=True).click()


def follow(visitor: Visitor, name: str) -> None:
    visitor.page.get_by_role("link", name=name, exact=True).first.click()


def heading(visitor: Visitor, text: str) -> None:
    expect(visitor.page.get_by_role("heading", level=1)).to_have_text(text)


def refused(visitor: Visitor, name: str) -> None:
    """The form came back with what is wrong, and is as fine as any page."""
    expect(visitor.page.get_by_role("alert")).to_contain_text("Er is nog niets gedaan")
    visitor.complaints.clear()  # the browser tells of the 400
    visitor.fine(name)


def test_how_the_gateway_is(operator: Visitor) -> None:
    heading(operator, "Gezondheid")
    expect(operator.page.get_by_role("status").first).to_contain_text("neemt berichten aan")
    expect(operator.page.get_by_text("iwmo-3.2/1.0.0")).to_be_visible()
    operator.fine("beheer")


def test_a_party_is_made_known_and_changed(operator: Visitor) -> None:
    follow(operator, "Partijen")
    heading(operator, "Partijen")
    operator.fine("beheer-partijen")
    operator.page.get_by_label("Code begint met").fill("77")
    press(operator, "Zoeken")
    expect(operator.page.get_by_text("Er is geen partij waarvan de code met 77 begint")).to_be_visible()
    operator.fine("beheer-partijen-leeg")
    follow(operator, "Partij bekend maken")
    operator.page.get_by_label("Code").fill("12")
    press(operator, "Bekend maken")
    refused(operator, "beheer-partij-nieuw")
    assert operator.page.get_by_label("Code").input_value() == "12"
    operator.page.get_by_label("Code").fill(NEW_PARTY)
    press(operator, "Bekend maken")
    heading(operator, f"Partij {NEW_PARTY}")
    operator.fine("beheer-partij-bekend")
    operator.page.get_by_label("Jeugdwet").uncheck()
    operator.page.get_by_label("stuurt zij zelf").check()
    press(operator, "Wijzigen")
    expect(operator.page.get_by_role("status")).to_have_text("De wijziging geldt vanaf nu.")
    assert not operator.page.get_by_label("Jeugdwet").is_checked()
    operator.page.get_by_label("Wmo").uncheck()
    press(operator, "Wijzigen")
    refused(operator, "beheer-partij-fout")
    operator.goto(f"/beheer/partijen/{NEW_PARTY}")
    assert operator.page.get_by_label("Wmo").is_checked()


def test_a_token_is_made_and_shown_once(operator: Visitor) -> None:
    follow(operator, "Tokens")
    heading(operator, "Tokens")
    operator.fine("beheer-tokens")
    follow(operator, "Token maken")
    press(operator, "Token maken")
    refused(operator, "beheer-token-nieuw")
    operator.page.get_by_label("Partij", exact=True).fill("0340")
    operator.page.get_by_label("Waarvoor").fill("dashboard")
    operator.page.get_by_label("zenden en ophalen").uncheck()
    press(operator, "Token maken")
    heading(operator, "Token gemaakt")
    text = operator.page.get_by_label("Token", exact=True).input_value()
    assert text.startswith("iwmo_")
    assert text not in operator.page.url
    operator.fine("beheer-token-gemaakt")
    if operator.scripted:
        operator.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
        press(operator, "Kopiëren")
        expect(operator.page.get_by_text("Gekopieerd.")).to_be_visible()
        assert operator.page.evaluate("navigator.clipboard.readText()") == text
    follow(operator, "Naar dit token")
    heading(operator, "Token “dashboard”")
    assert text not in operator.page.content()


def test_a_token_is_replaced_and_the_new_one_revoked(operator: Visitor, site: Site) -> None:
    begun = datetime.now(UTC)
    end = begun + timedelta(days=90)
    text = create_token(site.gateway, TokenRole.PARTY, "0340", "dashboard", begun, expires_at=end)
    operator.goto(f"/beheer/tokens/{list_tokens(site.gateway)[-1].id}")
    operator.fine("beheer-token")
    operator.page.get_by_label("Dagen dat het oude nog geldt").fill("-1")
    press(operator, "Vervangen")
    refused(operator, "beheer-token-fout")
    operator.page.get_by_label("Dagen dat het oude nog geldt").fill("3")
    press(operator, "Vervangen")
    heading(operator, "Token gemaakt")
    newer = operator.page.get_by_label("Token", exact=True).input_value()
    follow(operator, "Naar dit token")
    follow(operator, "Intrekken…")
    heading(operator, "Token “dashboard” intrekken")
    operator.fine("beheer-token-intrekken")
    press(operator, "Intrekken")
    expect(operator.page.get_by_role("status")).to_contain_text("ingetrokken")
    operator.fine("beheer-token-ingetrokken")
    now = datetime.now(UTC)
    assert caller_of(site.gateway, newer, now) is None
    assert caller_of(site.gateway, text, now) is not None


def test_a_bureau_gets_a_mandate_and_loses_it(operator: Visitor) -> None:
    follow(operator, "Machtigingen")
    operator.fine("beheer-machtigingen-leeg" if operator.scripted else "beheer-machtigingen-eerst")
    follow(operator, "Bureau machtigen")
    operator.page.get_by_label("Partij", exact=True).fill("0340")
    operator.page.get_by_label("Bureau", exact=True).fill("0340")
    operator.page.get_by_label("Laatste dag").fill("2020-01-01")
    press(operator, "Machtigen")
    refused(operator, "beheer-machtiging-nieuw")
    operator.page.get_by_label("Bureau", exact=True).fill("98000001")
    operator.page.get_by_label("Laatste dag").fill("")
    press(operator, "Machtigen")
    expect(operator.page.get_by_role("status")).to_have_text("De machtiging is gemaakt.")
    operator.fine("beheer-machtigingen")
    operator.page.get_by_role("link", name=re.compile("^Intrekken")).first.click()
    heading(operator, "Machtiging intrekken")
    operator.fine("beheer-machtiging-intrekken")
    press(operator, "Intrekken")
    expect(operator.page.get_by_role("status")).to_contain_text("ingetrokken")


def test_an_auditor_sees_it_all_and_changes_nothing(visitor: Visitor, site: Site) -> None:
    visitor.sign_in(site.tokens["auditor"], "/beheer/partijen/0340")
    heading(visitor, "Partij 0340")
    expect(visitor.page.get_by_role("button", name="Wijzigen")).to_have_count(0)
    visitor.fine("beheer-partij-auditor")
    token = list_tokens(site.gateway)[0].id
    visitor.goto(f"/beheer/tokens/{token}")
    expect(visitor.page.get_by_role("button", name="Vervangen")).to_have_count(0)


def test_who_revokes_the_own_token_is_told_and_signed_out(visitor: Visitor, site: Site) -> None:
    now = datetime.now(UTC)
    text = create_token(site.gateway, TokenRole.OPERATOR, None, "eigen", now, expires_at=now + timedelta(days=9))
    visitor.sign_in(text, f"/beheer/tokens/{list_tokens(site.gateway)[-1].id}")
    expect(visitor.page.get_by_text("iwmo-gateway token rotate")).to_be_visible()
    visitor.fine("beheer-token-eigen")
    follow(visitor, "Intrekken…")
    expect(visitor.page.get_by_text("waarmee u nu bent aangemeld")).to_be_visible()
    press(visitor, "Intrekken")
    heading(visitor, "Aanmelden")


def test_the_audit_trail_is_searched_and_kept_as_a_file(visitor: Visitor, site: Site) -> None:
    visitor.sign_in(site.tokens["auditor"], "/beheer/audit")
    heading(visitor, "Audit")
    visitor.fine("beheer-audit")
    visitor.page.get_by_label("Wie", exact=True).fill("0340")
    press(visitor, "Zoeken")
    expect(visitor.page.locator("tbody tr").first).to_contain_text("0340")
    with visitor.page.expect_download() as download:
        follow(visitor, "CSV")
    assert "0340" in download.value.path().read_text()
    visitor.page.get_by_label("Wie", exact=True).fill("niemand")
    press(visitor, "Zoeken")
    expect(visitor.page.get_by_text("Er staat niets in de audit")).to_be_visible()
    visitor.fine("beheer-audit-leeg")
    visitor.page.get_by_label("Kenmerk van het bericht").fill("12")
    press(visitor, "Zoeken")
    expect(visitor.page.get_by_role("alert")).to_contain_text("Er is niet gezocht")
    visitor.complaints.clear()  # the browser tells of the 400
    visitor.fine("beheer-audit-fout")


def test_the_audit_trail_is_verified(visitor: Visitor, site: Site) -> None:
    sealing.seal(site.gateway, datetime.now(UTC))
    visitor.sign_in(site.tokens["auditor"], "/beheer/audit/zegels")
    press(visitor, "Controleren")
    expect(visitor.page.get_by_role("status")).to_contain_text("Er is niets veranderd")
    visitor.fine("beheer-zegels")
    visitor.page.get_by_label("Hash die u eerder bewaarde").fill("0" * 64)
    press(visitor, "Controleren")
    expect(visitor.page.get_by_role("alert")).to_contain_text("er is 1 afwijking")
    visitor.fine("beheer-zegels-afwijking")
    visitor.page.get_by_label("Hash die u eerder bewaarde").fill("geen")
    press(visitor, "Controleren")
    refused(visitor, "beheer-zegels-fout")


def test_what_is_kept_and_what_would_go(visitor: Visitor, site: Site, tmp_path: Path) -> None:
    visitor.sign_in(site.tokens["auditor"], "/beheer/bewaren")
    expect(visitor.page.get_by_text("alles blijft")).to_be_visible()
    visitor.fine("beheer-bewaren-zonder")
    file = tmp_path / "termijnen.toml"
    file.write_text("[[termijn]]\nmaanden = 1\n")
    settings = site.gateway.settings.model_copy(update={"retention": file})
    with served(replace(site.gateway, settings=settings)) as address:
        visitor.address = address
        visitor.goto("/beheer/bewaren")  # a cookie is not of one port
        follow(visitor, "Uitrekenen")
        expect(visitor.page.get_by_role("region", name="Inhoud van berichten", exact=True)).to_contain_text("WMO301")
        visitor.complaints.clear()  # another port counts as another host
        visitor.fine("beheer-bewaren")
