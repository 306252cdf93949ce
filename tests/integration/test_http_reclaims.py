"""What is to be paid back, over HTTP: credits of what was approved before, with the interest of their contract."""

import csv
import io
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from openpyxl import load_workbook

from iwmo_gateway.gateway import contracts
from iwmo_gateway.gateway.access import Caller
from iwmo_gateway.gateway.parties import set_answering
from iwmo_gateway.store.parties import TokenRole
from tests.answers import answer
from tests.claims import ANDERE_AANBIEDER as AANBIEDER
from tests.claims import ANDERE_GEMEENTE as RHENEN
from tests.claims import GEMEENTE as ELDERS
from tests.claims import Line, Terms, allocation, claim, invoice
from tests.conftest import TODAY, Callers
from tests.integration.test_http_builders import Json, day
from tests.integration.test_http_refusals import is_problem
from tests.integration.test_store_plans import selects, walks

PATH = "/v1/reports/terugvorderingen"
ANDER = "42420001"
DEBIT = Line("R2302-1", volume=10)
CREDIT = Line("C2302-1", volume=10, vorige="R2302-1")
MAART, APRIL = date(2023, 3, 1), date(2023, 4, 1)
RATE = "2023-04-02 t/m 2023-05-31: € 600,00 × 4 % × 60 dagen / 365 = € 3,95"


def load(call: Callers, *changes: tuple[str, str]) -> None:
    """Rhenen's contract, with other text in some places."""
    file = contracts.file_of("rhenen-wmo-2023")
    text = file.read_text(encoding="utf-8")
    for was, becomes in changes:
        assert text.count(was) == 1, was
        text = text.replace(was, becomes)
    checked = contracts.check("rhenen-wmo-2023", text.encode())
    assert checked.profiel, checked.faults
    contracts.load(call.gateway, Caller(TokenRole.OPERATOR, None, "operator:test", TODAY), checked)


def allocate(call: Callers, gemeente: str = RHENEN, aanbieder: str = AANBIEDER) -> None:
    body = allocation(Terms(volume=40, frequentie="6"), gemeente=gemeente, aanbieder=aanbieder)
    assert call.send(gemeente, body, day("2023-01-05")).json()["status"] == "accepted"


def send(call: Callers, body: bytes, on: str, who: str = AANBIEDER, status: str = "accepted") -> str:
    """The id of a message that becomes this."""
    said = call.send(who, body, day(on)).json()
    assert said["status"] == status, said["bevindingen"]
    return str(said["id"])


def debited(*lines: Line, nummer: str = "D2302", gemeente: str = RHENEN, aanbieder: str = AANBIEDER) -> bytes:
    return claim(*lines, identificatie=nummer, nummer=nummer, dagtekening=MAART, gemeente=gemeente, aanbieder=aanbieder)


def credited(
    *lines: Line, nummer: str = "D2305", maand: date = APRIL, gemeente: str = RHENEN, aanbieder: str = AANBIEDER
) -> bytes:
    return claim(
        *lines, identificatie=nummer, nummer=nummer, maand=maand, dagtekening=APRIL, gemeente=gemeente,
        aanbieder=aanbieder,
    )  # fmt: skip


def told(call: Callers, query: str = "tot=2023-06-01", who: str = RHENEN) -> list[Json]:
    """What is to be paid back, page by page."""
    found: list[Json] = []
    path: str | None = f"{PATH}?{query}"
    while path is not None:
        page = call.get(who, path).json()
        found += page["terugvorderingen"]
        path = page["links"]["next"]
    return found


def one(call: Callers, query: str = "tot=2023-06-01", who: str = RHENEN) -> Json:
    (found,) = told(call, query, who)
    return found


# --- what is told -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("who", [RHENEN, AANBIEDER, "operator", "auditor"])
def test_the_example_of_the_documentation_is_what_is_told(call: Callers, who: str) -> None:
    load(call)
    allocate(call)
    first = send(call, debited(DEBIT), "2023-03-03")
    assert told(call) == []
    second = send(call, credited(CREDIT), "2023-05-04")
    (example,) = call.client.get("/v1/openapi.json").json()["components"]["schemas"]["TerugvorderingModel"]["examples"]
    assert told(call, who=who) == [example | {"bericht": second, "gecrediteerd_bericht": first}]
    assert told(call, who=ELDERS) == told(call, who=ANDER) == []


def test_an_invoice_is_claimed_back_alike(call: Callers) -> None:
    load(call, ('declareren = "declaratie"', 'declareren = "factuur"'))
    allocate(call)
    dated = {"gemeente": RHENEN, "aanbieder": AANBIEDER, "bericht_code": "448"}
    first = send(call, invoice(DEBIT, identificatie="F1", **dated), "2023-03-03")  # type: ignore[arg-type]
    send(call, invoice(CREDIT, identificatie="F2", maand=APRIL, dagtekening=APRIL, **dated), "2023-05-04")  # type: ignore[arg-type]
    said = one(call)
    assert (said["soort"], said["rente"], said["gecrediteerd_bericht"]) == ("WMO303", 395, first)
    assert (said["declaratie_nummer"], said["gecrediteerd_declaratie_nummer"]) == ("F2", "F1")


@pytest.mark.parametrize(
    ("credit_on", "rente", "first"),
    [
        ("2023-04-02", 0, "Gecrediteerd op 2023-04-02, toen de betaaltermijn tot en met 2023-04-02 nog liep"),
        ("2023-04-03", 395, RATE),
        ("2024-02-01", 395, RATE),
    ],
)
def test_a_credit_within_the_payment_term_bears_nothing(call: Callers, credit_on: str, rente: int, first: str) -> None:
    load(call)
    allocate(call)
    send(call, debited(DEBIT), "2023-03-03")
    send(call, credited(CREDIT), credit_on)
    said = one(call)
    assert (said["rente"], said["totaal"], said["vanaf"]) == (rente, 60000 + rente, "2023-04-02")
    assert said["uitleg"][0].startswith(first)


@pytest.mark.parametrize(
    ("tot", "rente"),
    [
        ("2023-04-01", 0), ("2023-04-02", 0), ("2023-04-03", 7), ("2023-07-01", 592), ("2026-12-31", None),
        ("2027-01-01", None), ("2027-01-02", "2027-01-01"), ("9999-12-31", "2027-01-01"), ("0001-01-01", 0),
    ],
)  # fmt: skip
def test_interest_counts_up_to_the_day_of_repayment(call: Callers, tot: str, rente: int | str | None) -> None:
    load(call)
    allocate(call)
    send(call, debited(DEBIT), "2023-03-03")
    send(call, credited(CREDIT), "2023-05-04")
    said = one(call, f"tot={tot}")
    assert said["tot"] == tot
    if isinstance(rente, str):
        assert (said["rente"], said["totaal"]) == (None, None)
        assert said["uitleg"] == [f"Het percentage van de wettelijke rente op {rente} is hier niet bekend."]
        return
    calculated = call.get(RHENEN, f"/v1/reports/rente?bedrag=60000&vanaf=2023-04-02&tot={max(tot, '2023-04-02')}")
    assert said["rente"] == calculated.json()["rente"]
    assert rente is None or said["rente"] == rente


def test_without_a_day_of_repayment_it_is_today(call: Callers) -> None:
    load(call)
    allocate(call)
    send(call, debited(DEBIT), "2023-03-03")
    send(call, credited(CREDIT), "2023-05-04")
    late = {"X-Received-At": "2023-05-31T23:30:00+00:00"}
    (said,) = call.get(RHENEN, PATH, **late).json()["terugvorderingen"]
    assert (said["tot"], said["rente"]) == ("2023-06-01", 395)


# --- what the contract says -------------------------------------------------------------------------------------------


def test_the_contract_says_which_interest(call: Callers) -> None:
    load(call, ('rente = "wettelijk"', 'rente = "handel"'))
    allocate(call)
    send(call, debited(DEBIT), "2023-03-03")
    send(call, credited(CREDIT), "2023-05-04")
    # 60 days at 10.5 %.
    assert (one(call)["rente"], one(call)["artikel"]) == (1036, "bijlage 8, 8.11")
    assert "handelsrente" in one(call)["uitleg"][-1]


@pytest.mark.parametrize("elsewhere", [True, False])
def test_without_a_contract_that_claims_back_there_is_no_interest(call: Callers, elsewhere: bool) -> None:
    if not elsewhere:
        load(call, ("[terugvordering]\n", ""), ('rente = "wettelijk" ', "# "), ('artikel = "bijlage 8, 8.11"\n', ""))
    gemeente = ELDERS if elsewhere else RHENEN
    allocate(call, gemeente)
    send(call, debited(DEBIT, gemeente=gemeente), "2023-03-03")
    send(call, credited(CREDIT, gemeente=gemeente), "2023-05-04")
    said = one(call, who=gemeente)
    assert (said["bedrag"], said["rente"], said["totaal"], said["artikel"]) == (60000, None, None, None)
    assert said["vanaf"] == (None if elsewhere else "2023-04-02")
    assert said["uitleg"] == ["Het contract zegt niet met welke rente wordt teruggevorderd."]


def test_without_a_payment_term_there_is_no_first_day(call: Callers) -> None:
    load(call, ("[betaling]\n", ""), ("dagen = 30 ", "# "), ('artikel = "bijlage 8, 8.3"\n', ""))
    allocate(call)
    send(call, debited(DEBIT), "2023-03-03")
    send(call, credited(CREDIT), "2023-05-04")
    said = one(call)
    assert (said["vanaf"], said["rente"], said["artikel"]) == (None, None, "bijlage 8, 8.11")
    assert said["uitleg"] == ["Het contract zegt niet wanneer de gecrediteerde regel uiterlijk was betaald."]


def test_who_objected_is_paid_and_pays_back_by_the_version_before(call: Callers) -> None:
    load(call)
    kept = f'bezwaren = [{{ agb = "{ANDER}", versie = 1, tot_en_met = 2023-12-31, artikel = "artikel 13.3" }}]'
    load(call, ("[aanbieders]\n", f"[aanbieders]\n{kept}\n"), ("dagen = 30 ", "dagen = 10 "))
    for provider in (AANBIEDER, ANDER):
        terms = Terms(810001 + (provider == ANDER), volume=40, frequentie="6")
        body = allocation(terms, identificatie=provider, gemeente=RHENEN, aanbieder=provider)
        assert call.send(RHENEN, body, day("2023-01-05")).json()["status"] == "accepted"
        number: Any = {"nummer": terms.nummer}
        send(call, debited(Line("R1", **number), aanbieder=provider), "2023-03-03", provider)
        send(call, credited(Line("C1", vorige="R1", **number), aanbieder=provider), "2023-05-04", provider)
    due = {AANBIEDER: "2023-03-13", ANDER: "2023-04-02"}
    assert {said["aanbieder"]: said["vanaf"] for said in told(call)} == due
    payments = call.get(RHENEN, "/v1/reports/betalingen").json()["betalingen"]
    assert {(each["aanbieder"], each["uiterlijk"]) for each in payments if each["ingediend"] > 0} == {*due.items()}


# --- which credits ----------------------------------------------------------------------------------------------------


def test_a_credit_that_is_refused_takes_nothing_back(call: Callers) -> None:
    load(call)
    allocate(call)
    january: Any = {"begin": date(2023, 1, 1), "end": date(2023, 1, 31)}
    wrong = Line("R2", volume=1, tarief=6100, **january)
    send(call, debited(DEBIT, wrong), "2023-03-03", status="partly_accepted")
    other = Line("C2", volume=9, vorige="R2302-1")
    of_wrong = Line("C3", volume=1, tarief=6100, vorige="R2", **january)
    send(call, credited(other, of_wrong), "2023-05-04", status="refused")
    assert told(call) == []
    send(call, credited(CREDIT, nummer="D2306"), "2023-05-05")
    send(call, credited(Line("C4", volume=10, vorige="R2302-1"), nummer="D2307"), "2023-05-06", status="refused")
    assert [said["referentie_nummer"] for said in told(call)] == ["C2302-1"]


def test_what_a_municipality_approves_itself_may_have_no_debit(call: Callers) -> None:
    load(call)
    allocate(call)
    set_answering(call.gateway, RHENEN, TODAY, itself=True)
    within = debited(DEBIT, CREDIT)
    refused = debited(Line("R2"), nummer="D2")
    later = credited(Line("C2", vorige="R2"), Line("C9", vorige="NERGENS"))
    for nr, (body, on, codes) in enumerate(
        [(within, "2023-03-03", {}), (refused, "2023-03-04", {"R2": "9321"}), (later, "2023-05-04", {})]
    ):
        call.send(AANBIEDER, body, day(on))
        answered = answer(call.gateway, body, f"ANTWOORD{nr}", refused=codes)
        send(call, answered, on, RHENEN)
    states = call.get(RHENEN, "/v1/declaraties/regels").json()["regels"]
    assert {(line["referentie_nummer"], line["staat"]) for line in states} == {
        ("R2", "afgekeurd"), ("C2", "goedgekeurd"), ("C9", "goedgekeurd"),
    }  # fmt: skip
    said = one(call)
    assert (said["referentie_nummer"], said["vorig_referentie_nummer"]) == ("C9", "NERGENS")
    assert (said["gecrediteerd_bericht"], said["gecrediteerd_declaratie_nummer"], said["vanaf"]) == (None, None, None)
    assert (said["bedrag"], said["rente"], said["uitleg"]) == (
        6000,
        None,
        ["De gecrediteerde regel is hier niet bekend."],
    )


# --- what is asked ----------------------------------------------------------------------------------------------------


@pytest.fixture
def several(call: Callers) -> list[Json]:
    """Three credits in two claims of one provider, and one of another provider elsewhere."""
    load(call)
    products = {810001: ("02A16", 6000), 810002: ("02A03", 4646), 810003: ("02A19", 7920)}
    terms = [Terms(number, code=code, volume=40, frequentie="6") for number, (code, _) in products.items()]
    body = allocation(*terms, gemeente=RHENEN, aanbieder=AANBIEDER)
    assert call.send(RHENEN, body, day("2023-01-05")).json()["status"] == "accepted"
    allocate(call, ELDERS, ANDER)
    lines = [
        Line(f"R{nr}", number, volume=nr, code=code, tarief=tarief)
        for nr, (number, (code, tarief)) in enumerate(products.items(), 1)
    ]
    backs = [replace(line, referentie=f"C{line.referentie[1:]}", vorige=line.referentie) for line in lines]
    send(call, debited(*lines), "2023-03-03")
    send(call, debited(lines[0], gemeente=ELDERS, aanbieder=ANDER), "2023-03-03", ANDER)
    send(call, credited(*backs[:2]), "2023-05-04")
    send(call, credited(*backs[2:], nummer="D2306"), "2023-05-08")
    send(call, credited(backs[0], gemeente=ELDERS, aanbieder=ANDER), "2023-05-09", ANDER)
    return told(call, who="operator")


def test_pages_hold_every_credit_once(call: Callers, several: list[Json]) -> None:
    assert [(said["gemeente"], said["referentie_nummer"]) for said in several] == [
        (RHENEN, "C1"), (RHENEN, "C2"), (RHENEN, "C3"), (ELDERS, "C1"),
    ]  # fmt: skip
    assert told(call, "tot=2023-06-01&limit=1", "operator") == several
    page = call.get("operator", f"{PATH}?limit=3", **{"X-Received-At": day("2023-06-01").isoformat()}).json()
    assert "tot=2023-06-01" in page["links"]["next"]
    assert page["terugvorderingen"] + told(call, page["links"]["next"].partition("?")[2], "operator") == several


@pytest.mark.parametrize(
    ("who", "query", "numbers"),
    [
        ("operator", f"gemeente={RHENEN}", "C1 C2 C3"),
        ("operator", f"aanbieder={ANDER}", "C1"),
        (RHENEN, "", "C1 C2 C3"),
        (RHENEN, f"gemeente={ELDERS}", ""),
        (RHENEN, f"aanbieder={ANDER}", ""),
        (ANDER, "", "C1"),
        (ANDER, f"aanbieder={AANBIEDER}", ""),
        (RHENEN, "domein=wmo", "C1 C2 C3"),
        (RHENEN, "domein=jw", ""),
        (RHENEN, "ontvangen_vanaf=2023-05-08T00:00:00%2B02:00", "C3"),
        (RHENEN, "ontvangen_tot=2023-05-08T00:00:00%2B02:00", "C1 C2"),
        (RHENEN, "ontvangen_vanaf=2023-05-04T12:00:00%2B02:00&ontvangen_tot=2023-05-04T12:00:01%2B02:00", "C1 C2"),
    ],
)
@pytest.mark.usefixtures("several")
def test_what_is_asked_and_who_asks_decide_what_is_told(call: Callers, who: str, query: str, numbers: str) -> None:
    assert [said["referentie_nummer"] for said in told(call, query, who)] == numbers.split()


def test_spreadsheets_hold_the_same(call: Callers, several: list[Json]) -> None:
    mine = several[:3]
    text = call.get(RHENEN, f"{PATH}?tot=2023-06-01&formaat=csv")
    rows = list(csv.DictReader(io.StringIO(text.text), delimiter=";"))
    assert [*rows[0]] == [*mine[0]]
    flat = [said | {"uitleg": "; ".join(said["uitleg"])} for said in mine]
    assert rows == [{name: "" if value is None else str(value) for name, value in said.items()} for said in flat]
    assert "link" not in text.headers
    book = load_workbook(io.BytesIO(call.get(RHENEN, f"{PATH}?tot=2023-06-01&formaat=xlsx").content))
    header, *cells = ([cell.value for cell in row] for row in book.worksheets[0].iter_rows())
    assert [dict(zip(header, row, strict=True)) for row in cells] == flat

    first = call.get(RHENEN, f"{PATH}?tot=2023-06-01&limit=2", Accept="text/csv")
    path = first.headers["link"].removeprefix("<").partition(">")[0]
    again = call.get(RHENEN, path, Accept="text/csv")
    assert first.text + again.text.partition("\r\n")[2] == text.text


@pytest.mark.parametrize("query", ["tot=1-6-2023", "soort=handel", "limit=0", "after=-1", "domein=zvw", "jaar=2023"])
def test_what_makes_no_sense_is_refused(call: Callers, query: str) -> None:
    is_problem(call.get(RHENEN, f"{PATH}?{query}"), 400, "parameters")


@pytest.mark.parametrize("who", [RHENEN, AANBIEDER])
@pytest.mark.usefixtures("several")
def test_credits_are_found_by_an_index(call: Callers, who: str) -> None:
    with selects(call) as asked:
        assert len(told(call, who=who)) == 3
    assert len(asked) == 1
    assert walks(call, asked) == []
