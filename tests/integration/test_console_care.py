"""Pages about allocations, claim lines and what waits: a party sees there what the API shows it, and no more."""

import csv
import io
from datetime import date

from fastapi.testclient import TestClient
from openpyxl import load_workbook

from iwmo_gateway.shipped import shipped
from tests.cases import noon
from tests.claims import AANBIEDER, BSN, GEMEENTE, JANUARI, Line, Terms, claim
from tests.claims import allocation as allocated
from tests.conftest import Callers
from tests.integration.test_http_builders import (
    ANDERE_AANBIEDER,
    ANDERE_GEMEENTE,
    PERSONAL,
    allocation,
    start,
)
from tests.integration.test_http_states import take

HERE = f"/console/toewijzingen/wmo/{GEMEENTE}"


def console(call: Callers, who: str) -> TestClient:
    """Somebody at a browser, signed in."""
    client = TestClient(call.client.app, raise_server_exceptions=False)
    token = call.headers(who)["Authorization"].removeprefix("Bearer ")
    assert client.post("/console/aanmelden", data={"token": token}, follow_redirects=False).status_code == 303
    return client


def read(client: TestClient, path: str, status: int = 200) -> str:
    """The text of a page, which never tells about whom it is."""
    answer = client.get(path)
    assert answer.status_code == status, answer.text
    assert not [value for value in PERSONAL if value in answer.text]
    return answer.text


def cells(text: str, month: str) -> list[str]:
    """What the table of an allocation has of a month: allocated, claimed, left, and the amount."""
    row = text[text.index(f">{month}<") :].partition("</tr>")[0]
    return [cell.partition("</td>")[0] for cell in row.split('class="number">')[1:]]


def test_an_allocation_is_for_its_two_parties_and_for_operators(call: Callers) -> None:
    sent = [call.send(GEMEENTE, allocation()).json()["id"], call.send(AANBIEDER, start()).json()["id"]]
    for who in (GEMEENTE, AANBIEDER, "operator", "auditor"):
        client = console(call, who)
        text = read(client, f"{HERE}/700001")
        assert [one for one in sent if one not in text] == []
        assert "gestart" in text
        assert ">700001<" in read(client, "/console/toewijzingen")
    for who in (ANDERE_AANBIEDER, ANDERE_GEMEENTE):
        client = console(call, who)
        read(client, f"{HERE}/700001", 404)
        assert ">700001<" not in read(client, "/console/toewijzingen")
    assert call.client.get(f"{HERE}/700001", follow_redirects=False).headers["location"].startswith("/console/aanm")


def test_the_newest_version_counts_and_every_one_is_told(call: Callers) -> None:
    ids = [take(call, name) for name in ("toewijzing-verlaagd-3.2", "toewijzing-3.2")]
    text = read(console(call, GEMEENTE), f"{HERE}/700001")
    versions = text[text.index("Versies</h2>") :]
    in_order = ["de nieuwste, die telt", "2 uur per week", ids[0], "4 uur per week", ids[1]]
    assert [versions.index(one) for one in in_order] == sorted(versions.index(one) for one in in_order)


def test_a_number_that_is_used_again_leads_to_both_allocations(call: Callers) -> None:
    for name in ("toewijzing-3.2", "toewijzing-verwijderd-3.2", "toewijzing-hergebruikt-3.2"):
        take(call, name)
    gemeente = console(call, GEMEENTE)
    newest = read(gemeente, f"{HERE}/700001")
    assert f"aan {AANBIEDER} van" in newest
    assert "geldig" in newest[newest.index("<h1>") : newest.index("</h1>")]
    first = read(gemeente, f"{HERE}/700001?nr=1")
    assert "vervallen" in first[first.index("<h1>") : first.index("</h1>")]
    mine = read(console(call, AANBIEDER), f"{HERE}/700001")
    assert ANDERE_AANBIEDER not in mine


def test_claims_stand_against_what_was_allocated_for_each_month(call: Callers) -> None:
    call.send(GEMEENTE, allocated(Terms(end=date(2023, 6, 30))))
    half = Line("R1", volume=600, eenheid="01", tarief=100, bedrag=60000)
    call.send(AANBIEDER, claim(half), noon(date(2023, 3, 2)))
    text = read(console(call, AANBIEDER), f"{HERE}/810001")
    assert cells(text, "februari") == ["20 uur", "10 uur", "10 uur", "€ 600,00"]
    assert "27 weken × 4 uur = 108 uur" in text
    assert 'role="img"' in text


def test_a_claim_line_is_for_its_two_parties(call: Callers) -> None:
    call.send(GEMEENTE, allocated(Terms()))
    body = claim(Line("R1", volume=2), Line("R2", volume=30, begin=JANUARI, end=date(2023, 1, 31)))
    sent = call.send(AANBIEDER, body, noon(date(2023, 3, 2))).json()["id"]
    page = read(console(call, GEMEENTE), "/console/declaratieregels")
    links = sorted({part.partition('"')[0] for part in page.split('href="/console/declaratieregels/')[1:]})
    assert len(links) == 2
    for who in (GEMEENTE, AANBIEDER, "operator"):
        found = [read(console(call, who), f"/console/declaratieregels/{nr}") for nr in links]
        assert [sent in text for text in found] == [True, True]
        assert sum("TR321" in text for text in found) == 1
    for who in (ANDERE_AANBIEDER, ANDERE_GEMEENTE):
        read(console(call, who), f"/console/declaratieregels/{links[0]}", 404)
        assert "Er is nog niets gedeclareerd." in read(console(call, who), "/console/declaratieregels")


def test_the_files_are_those_of_the_api_for_people(call: Callers) -> None:
    call.send(GEMEENTE, allocated(Terms()))
    call.send(AANBIEDER, claim(Line("R1", volume=2)), noon(date(2023, 3, 2)))
    for path in ("declaraties/regels", "reports/openstaand"):
        page = f"/console/{'declaratieregels' if 'regels' in path else 'openstaand'}?formaat=csv"
        ours, theirs = console(call, AANBIEDER).get(page), call.get(AANBIEDER, f"/v1/{path}?formaat=csv")
        told, said = (
            list(csv.DictReader(io.StringIO(one.content.decode("utf-8-sig")), delimiter=";")) for one in (ours, theirs)
        )
        assert len(told) == len(said) >= 1
        assert len(told[0]) == len(said[0])
        assert [row["Toewijzing nummer"] for row in told] == [row["toewijzing_nummer"] for row in said]
        assert ours.headers["content-disposition"] == theirs.headers["content-disposition"]


def test_amounts_of_a_spreadsheet_are_in_euros(call: Callers) -> None:
    call.send(GEMEENTE, allocated(Terms()))
    call.send(AANBIEDER, claim(Line("R1", volume=2)), noon(date(2023, 3, 2)))
    client = console(call, GEMEENTE)
    for page, name in (("berichten", "Ingediend (€)"), ("declaratieregels", "Bedrag (€)")):
        answer = client.get(f"/console/{page}?formaat=csv")
        assert answer.headers["content-length"] == str(len(answer.content))
        (row,) = (
            one for one in csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig")), delimiter=";") if one[name]
        )
        assert row[name] == "120,00"
        book = load_workbook(io.BytesIO(client.get(f"/console/{page}?formaat=xlsx").content))
        header, *rows = book.active.iter_rows(values_only=True)
        assert [row[header.index(name)] for row in rows if row[header.index(name)] is not None] == [120]


def test_every_look_stands_in_the_audit_trail_with_what_it_showed(call: Callers) -> None:
    sent = call.send(GEMEENTE, allocation()).json()["id"]
    client = console(call, AANBIEDER)
    read(client, f"{HERE}/700001")
    read(client, f"{HERE}/700009", 404)
    read(client, "/console/toewijzingen?toewijzing_nummer=x", 400)
    rows = call.get("auditor", "/v1/audit").json()["audit"][-3:]
    told = [(row["wat"], row["uitkomst"], row["code"]) for row in rows]
    assert told == [
        (f"console/toewijzingen/wmo/{GEMEENTE}/700001", "ok", None),
        (f"console/toewijzingen/{{domein}}/{GEMEENTE}/700009", "refused", "niet-gevonden"),
        ("console/toewijzingen", "refused", "parameters"),
    ]
    assert sent in [rows[0]["bericht"], *rows[0]["berichten"]]


def test_what_no_form_of_ours_sends_is_a_wrong_question(call: Callers) -> None:
    client = console(call, GEMEENTE)
    for path in (
        "toewijzingen?bsn=1",
        f"toewijzingen?after={BSN}x",
        "openstaand?after=x",
        "declaratieregels?limit=0",
        "toewijzingen/zvw/0384/1",
        "declaratieregels/x",
        f"toewijzingen/wmo/{GEMEENTE}/1?jaar=0",
    ):
        read(client, f"/console/{path}", 400)


def test_pages_go_on_where_the_last_one_ended(call: Callers) -> None:
    for nr in range(27):
        body = allocation(f"T{nr}", 700101 + 2 * nr, 700102 + 2 * nr)
        assert call.send(GEMEENTE, body).status_code == 201
    client = console(call, GEMEENTE)
    first = read(client, "/console/toewijzingen?domein=wmo")
    link = first.partition('rel="next" href="')[2].partition('"')[0].replace("&amp;", "&")
    assert "domein=wmo" in link
    second = read(client, link)
    shown = [{part.partition("?")[0] for part in text.split(f'href="{HERE}/')[1:]} for text in (first, second)]
    assert [len(numbers) for numbers in shown] == [50, 4]
    assert not shown[0] & shown[1]
    assert "Eerste pagina" in second


def test_what_is_left_with_the_margin_is_what_the_next_claim_may_ask(call: Callers) -> None:
    """The page and the rule of the contract count alike: so much is taken, and not an hour more."""
    contract = (shipped("contracts") / "rhenen-wmo-2023.toml").read_text(encoding="utf-8")
    load = {**call.headers("operator"), "Content-Type": "application/toml"}
    assert call.client.put("/v1/contracts/rhenen-wmo-2023", content=contract, headers=load).status_code == 201
    parties = {"gemeente": ANDERE_GEMEENTE, "aanbieder": ANDERE_AANBIEDER}
    call.send(ANDERE_GEMEENTE, allocated(Terms(), **parties))
    first = claim(Line("R1", volume=30), **parties)
    assert call.send(ANDERE_AANBIEDER, first, noon(date(2023, 3, 2))).json()["status"] == "accepted"
    client = console(call, ANDERE_AANBIEDER)
    here = f"/console/toewijzingen/wmo/{ANDERE_GEMEENTE}/810001"
    left = int(cells(read(client, here), "maart")[2].removesuffix(" uur"))
    assert left > 20
    for nr, (volume, status) in enumerate(((left + 1, "refused"), (left, "accepted"))):
        line = Line(f"M{nr}", volume=volume, begin=date(2023, 3, 1), end=date(2023, 3, 31))
        body = claim(line, identificatie=f"M{nr}", nummer=f"M{nr}", maand=date(2023, 3, 1), **parties)
        assert call.send(ANDERE_AANBIEDER, body, noon(date(2023, 4, 3))).json()["status"] == status
    text = read(client, here)
    assert cells(text, "maart")[1:3] == [f"{left} uur", "0 uur"]
    assert "rhenen-wmo-2023/1" in text


def test_an_allocation_in_total_has_no_share_for_a_month(call: Callers) -> None:
    call.send(GEMEENTE, allocated(Terms(volume=40, frequentie="6", end=None)))
    call.send(AANBIEDER, claim(Line("R1", volume=12)), noon(date(2023, 3, 2)))
    text = read(console(call, AANBIEDER), f"{HERE}/810001?jaar=2023")
    assert cells(text, "februari") == ["", "12 uur", "", "€ 720,00"]
    assert "totaal 40 uur" in text
    assert "onbepaald" in text
    assert "/810001?jaar=2024" in text


def test_an_allocation_without_a_volume_shows_its_budget(call: Callers) -> None:
    call.send(GEMEENTE, allocated(Terms(code=None, volume=None, budget=100000)))
    call.send(AANBIEDER, claim(Line("R1", volume=12)), noon(date(2023, 3, 2)))
    text = read(console(call, AANBIEDER), f"{HERE}/810001")
    assert "€ 720,00 van € 1.000,00" in text
    assert "de toewijzing noemt geen volume" in text
    assert cells(text, "februari")[1] == "12 uur"
