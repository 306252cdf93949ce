"""The list of messages in the console: the same messages as the API finds, filters that are kept, spreadsheets."""

import csv
import io
import re
from collections.abc import Mapping
from urllib.parse import urlencode

import pytest
from fastapi.testclient import TestClient
from httpx2 import Response
from lxml import html

from iwmo_gateway.gateway import filters
from iwmo_gateway.web.console.messages import Asked
from tests.conftest import Callers
from tests.integration.test_http_builders import (
    AANBIEDER,
    ANDERE_AANBIEDER,
    GEMEENTE,
    allocation,
    day,
    everything,
    lone_start,
    start,
)


class Visitor:
    """Somebody who signed in to the console with a token."""

    def __init__(self, call: Callers, who: str) -> None:
        self.client = TestClient(call.client.app, follow_redirects=False, base_url="http://testserver")
        token = call.headers(who)["Authorization"].removeprefix("Bearer ")
        answer = self.client.post("/console/aanmelden", data={"token": token, "naar": ""})
        assert answer.status_code == 303, answer.text

    def get(self, path: str, **asked: str) -> Response:
        return self.client.get(f"/console{path}{f'?{urlencode(asked)}' if asked else ''}")

    def post(self, path: str, values: Mapping[str, str], key: str | None = None) -> Response:
        """Send a form of the list of messages."""
        if key is None:
            found = re.search('name="form_key" value="([^"]+)"', self.get("/berichten").text)
            assert found
            key = found[1]
        return self.client.post(f"/console{path}", data={"form_key": key, **values})


@pytest.fixture
def told(call: Callers) -> dict[str, str]:
    """The ids of some messages by their identification."""
    said = [
        call.send(GEMEENTE, allocation(), day("2023-02-05")),
        call.send(AANBIEDER, start("START01"), day("2023-02-08")),
        call.send(AANBIEDER, start("START02", 799999), day("2023-02-09")),
        call.send(ANDERE_AANBIEDER, lone_start("ANDER", Afzender=ANDERE_AANBIEDER), day("2023-02-10")),
    ]
    return {one.json()["identificatie"]: one.json()["id"] for one in said}


def listed(answer: Response) -> list[str]:
    """The identifications in a list."""
    assert answer.status_code == 200, answer.text
    return [link.text_content() for link in html.fromstring(answer.content).xpath("//tbody/tr/td[2]/a")]


@pytest.mark.parametrize("who", [GEMEENTE, AANBIEDER, ANDERE_AANBIEDER, "operator", "auditor"])
def test_it_shows_what_the_api_finds(call: Callers, told: dict[str, str], who: str) -> None:
    found = [one["identificatie"] for one in everything(call, who)]
    assert found
    assert listed(Visitor(call, who).get("/berichten")) == found


def test_everything_that_was_filled_in_must_hold(call: Callers, told: dict[str, str]) -> None:
    visitor = Visitor(call, "operator")
    wanted: dict[tuple[tuple[str, str], ...], list[str]] = {
        (("zoek", "start02"),): ["START02"],
        (("soort", "wmo305"), ("partij", AANBIEDER)): ["START02", "START01"],
        (("soort", "WMO305"), ("van", "2023-02-09"), ("tot", "2023-02-09")): ["START02"],
        (("soort", "WMO305"), ("tot", "2023-02-08")): ["START01"],
        (("regel", "tr019"),): ["START02"],
        (("retourcode", "9019"), ("status", "rejected")): ["START02"],
        (("tekst", "geldige toewijzing"),): ["START02"],
        (("zoek", " START01 "), ("regel", "")): ["START01"],
    }
    assert {asked: listed(visitor.get("/berichten", **dict(asked))) for asked in wanted} == wanted
    nothing = visitor.get("/berichten", zoek="NIETS")
    assert listed(nothing) == []
    assert "Er is geen bericht dat hieraan voldoet" in nothing.text


def test_a_rule_is_found_however_its_letters_are_typed() -> None:
    typed = {"tr019": "TR019", "Contract-Maand": "contract-maand", "303-btwbedrag": "303-BtwBedrag", "xsd": "XSD"}
    assert {code: Asked(regel=code).regel for code in typed} == typed


WRONG = {
    "zoek": "1" * 37, "soort": "WMO999", "status": "goed", "partij": "12345", "van": "gisteren", "tot": "2023-02-01",
    "regel": "R" * 41, "retourcode": "x", "tekst": "ab",
}  # fmt: skip


def test_a_wrong_value_is_told_at_its_field_and_nothing_is_lost(call: Callers) -> None:
    visitor = Visitor(call, "operator")
    for name, value in WRONG.items():
        asked = {"van": "2023-02-02", "regel": "TR019"} | {name: value}
        answer = visitor.get("/berichten", **asked)
        assert answer.status_code == 400
        page = html.fromstring(answer.content)
        (links,) = (page.xpath("//*[@role='alert']//a/@href"),)
        assert links == [f"#{name}"]
        (field,) = page.xpath(f"//*[@id='{name}']")
        if field.tag == "input":
            assert (field.get("aria-invalid"), field.get("value")) == ("true", value)
            assert page.xpath(f"//*[@id='{field.get('aria-describedby').split()[-1]}']")[0].text_content()
        other = "regel" if name != "regel" else "van"
        assert page.xpath(f"//*[@id='{other}']/@value") == [asked[other]]
    assert visitor.get("/berichten", anders="1").status_code == 400
    assert visitor.get("/berichten", tot="9999-12-31").status_code == 400


def test_a_spreadsheet_holds_what_is_shown(
    call: Callers, told: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    visitor = Visitor(call, AANBIEDER)
    page = visitor.get("/berichten", soort="WMO305")
    (link,) = html.fromstring(page.content).xpath("//a[text()='CSV']/@href")
    answer = visitor.client.get(link)
    assert answer.content.startswith(b"\xef\xbb\xbf")
    found = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig")), delimiter=";"))
    assert [one["Identificatie"] for one in found] == listed(page) == ["START02", "START01"]
    assert [one["Status"] for one in found] == ["afgekeurd", "akkoord"]
    assert found[0]["Ontvangen"] == "2023-02-09 12:00:00"
    assert "attachment" in answer.headers["content-disposition"]
    assert visitor.get("/berichten", formaat="xlsx").content.startswith(b"PK")
    monkeypatch.setattr("iwmo_gateway.web.console.messages._SHEET", 1)
    assert len(visitor.client.get(link).text.splitlines()) == 2


def test_pages_show_each_message_once(call: Callers, told: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("iwmo_gateway.web.console.messages._PAGE", 3)
    visitor, seen, path = Visitor(call, "operator"), [], "/console/berichten?van=2023-01-01"
    for _ in range(9):
        answer = visitor.client.get(path)
        seen += listed(answer)
        page = html.fromstring(answer.content)
        following = page.xpath("//a[@rel='next']/@href")
        first = page.xpath("//a[text()='Eerste pagina']/@href")
        assert first == (["/console/berichten?van=2023-01-01"] if "before" in path else [])
        if not following:
            break
        (path,) = following
    assert seen == [one["identificatie"] for one in everything(call, "operator")]


def test_a_name_that_no_database_keeps_is_refused(call: Callers) -> None:
    answer = Visitor(call, AANBIEDER).post("/filters", {"soort": "WMO305", "naam": "a\0b"})
    assert answer.status_code == 400
    assert "Geef het filter een naam" in answer.text


def test_a_filter_is_kept_used_replaced_and_forgotten(call: Callers) -> None:
    visitor = Visitor(call, AANBIEDER)
    chosen = {"soort": "WMO305", "status": "rejected", "zoek": "123456789", "naam": " Mijn  starts "}
    answer = visitor.post("/filters", chosen)
    assert (answer.status_code, answer.headers["location"]) == (
        303, "/console/berichten?soort=WMO305&status=rejected&gedaan=bewaard",
    )  # fmt: skip
    page = visitor.client.get(answer.headers["location"])
    assert "Het filter is bewaard" in page.text
    assert html.fromstring(page.content).xpath("//a[text()='Mijn starts']/@href") == [
        "/console/berichten?soort=WMO305&status=rejected"
    ]
    visitor.post("/filters", {"soort": "WMO307", "naam": "Mijn starts"})
    # Who else works for the party has them as well; another party has not.
    assert html.fromstring(Visitor(call, AANBIEDER).get("/berichten").content).xpath(
        "//a[text()='Mijn starts']/@href"
    ) == ["/console/berichten?soort=WMO307"]
    for other in (ANDERE_AANBIEDER, "operator"):
        assert "Mijn starts" not in Visitor(call, other).get("/berichten").text
        Visitor(call, other).post("/filters/vergeten", {"naam": "Mijn starts"})
    assert "Mijn starts" in visitor.get("/berichten").text
    assert visitor.post("/filters/vergeten", {"naam": "Mijn starts"}).status_code == 303
    assert "Mijn starts" not in visitor.get("/berichten").text


@pytest.mark.parametrize("name", ["", " ", "n" * 61])
def test_a_filter_without_a_good_name_is_not_kept(call: Callers, name: str) -> None:
    visitor = Visitor(call, AANBIEDER)
    answer = visitor.post("/filters", {"soort": "WMO305", "naam": name})
    assert answer.status_code == 400
    page = html.fromstring(answer.content)
    assert page.xpath("//*[@role='alert']//a/@href") == ["#naam"]
    assert page.xpath("//*[@id='naam']/@value") == [name.strip()]
    assert page.xpath("//option[@value='WMO305' and @selected]")


def test_there_are_only_so_many_filters(call: Callers, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(filters, "MOST", 1)
    visitor = Visitor(call, AANBIEDER)
    assert visitor.post("/filters", {"soort": "WMO305", "naam": "een"}).status_code == 303
    assert visitor.post("/filters", {"soort": "WMO307", "naam": "een"}).status_code == 303
    answer = visitor.post("/filters", {"soort": "WMO305", "naam": "twee"})
    assert (answer.status_code, "Verwijder er eerst een" in answer.text) == (400, True)


def test_nobody_keeps_a_filter_from_another_page(call: Callers) -> None:
    visitor = Visitor(call, AANBIEDER)
    for path in ("/filters", "/filters/vergeten"):
        answer = visitor.post(path, {"soort": "WMO305", "naam": "een"}, key="wrong")
        assert answer.status_code == 400
    assert "een</a>" not in visitor.get("/berichten").text
    assert TestClient(call.client.app, follow_redirects=False).post("/console/filters").status_code == 303


def test_the_audit_trail_tells_which_messages_were_shown(call: Callers, told: dict[str, str]) -> None:
    Visitor(call, "operator").get("/berichten", zoek="START02")
    rows = call.get("auditor", f"/v1/audit?bericht={told['START02']}").json()["audit"]
    assert ("search", "console/berichten") in {(row["actie"], row["wat"]) for row in rows}
    assert "START02" not in str(rows), "what was looked for is no business of the trail"
