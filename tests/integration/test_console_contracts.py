"""Pages of contracts and production: what the API lets a party see and load, and nothing by half."""

import csv
import io

import pytest
from fastapi.testclient import TestClient
from httpx2 import Response

from tests.cases import noon
from tests.claims import AANBIEDER, GEMEENTE, Line, Terms, claim
from tests.claims import allocation as allocated
from tests.conftest import TODAY, Callers
from tests.integration.test_console_care import console, read
from tests.integration.test_http_contracts import ANDERE_GEMEENTE, RHENEN, listed, of, put
from tests.integration.test_http_contracts import GEMEENTE as RHENEN_ZELF

NAME = "rhenen-wmo-2023"
CHECK, LOAD = "/console/contracten-laden", f"/console/contracten/{NAME}/laden"


def post(client: TestClient, path: str, text: str, *, key: str | None = None, **fields: str) -> Response:
    """Send the form of a profile from a page of ours, or with another key."""
    if key is None:
        page = client.get("/console/contracten-laden").text
        key = page.partition('name="form_key" value="')[2].partition('"')[0]
    values = {"form_key": key, "naam": NAME, "tekst": text.replace("\n", "\r\n"), **fields}
    files = {name: (None, value) for name, value in values.items()}
    return client.post(path, files=files, follow_redirects=False)


def audited(call: Callers, last: int) -> list[tuple[str, str, str, str | None]]:
    """The newest rows of the audit trail."""
    rows = call.get("auditor", "/v1/audit?limit=1000").json()["audit"]
    return [(row["actie"], row["wat"], row["uitkomst"], row["code"]) for row in rows[-last:]]


def test_a_profile_is_loaded_after_a_look_at_what_changes(call: Callers) -> None:
    client = console(call, RHENEN_ZELF)
    seen = post(client, CHECK, RHENEN)
    assert "Het wordt versie 1" in seen.text
    assert listed(call, RHENEN_ZELF) == []
    loaded = post(client, LOAD, RHENEN, versie="0")
    assert loaded.headers["location"] == f"/console/contracten/{NAME}/versies/1?geladen=ja"
    assert call.get(RHENEN_ZELF, f"/v1/contracts/{NAME}", Accept="application/toml").text == RHENEN
    changed = RHENEN.replace("euro = 60.00", "euro = 61.20")
    seen = post(client, CHECK, changed)
    assert "<del>60,00</del>" in seen.text
    assert "<ins>61,20</ins>" in seen.text
    assert audited(call, 2) == [
        ("read", "console/contracten-laden", "ok", None),
        ("validate", "console/contracten-laden", "ok", None),
    ]
    loaded = post(client, LOAD, changed, versie="1")
    assert loaded.headers["location"].endswith("/versies/2?geladen=ja")
    assert audited(call, 1) == [("load", f"console/contracten/{NAME}/laden", "ok", None)]
    difference = read(client, f"/console/contracten/{NAME}/verschil?van=1&naar=2")
    assert "product 02A16, tarief 2023-01-01 t/m 2023-12-31, euro" in difference
    again = post(client, LOAD, changed, versie="2")
    assert again.headers["location"].endswith("/versies/2?geladen=al")
    assert "er is niets veranderd" in read(client, again.headers["location"])


def test_what_was_loaded_meanwhile_is_shown_first(call: Callers) -> None:
    client = console(call, RHENEN_ZELF)
    post(client, LOAD, RHENEN, versie="0")
    put(call, RHENEN_ZELF, RHENEN.replace("euro = 60.00", "euro = 61.20"))
    refused = post(client, LOAD, RHENEN.replace("euro = 60.00", "euro = 62.40"), versie="1")
    assert refused.status_code == 409
    assert "Intussen is een andere versie geladen" in refused.text
    assert "<del>61,20</del>" in refused.text
    assert audited(call, 1) == [("load", "console/contracten/{name}/laden", "refused", "contract-intussen")]
    assert listed(call, RHENEN_ZELF) == [f"{NAME}/2"]


def test_a_profile_with_faults_is_not_loaded_and_nothing_of_it_is_lost(call: Callers) -> None:
    client = console(call, RHENEN_ZELF)
    wrong = RHENEN.replace("euro = 60.00", "euro = 60.005").replace('naam = "Overeenkomst', 'naam = "<b>Overeenkomst')
    for path in (CHECK, LOAD):
        told = post(client, path, wrong, versie="0")
        assert told.status_code == 422
        assert "gevonden 60.005" in told.text
        assert "bijlage 8, 8.2; bijlage 9" in told.text
        assert "&lt;b&gt;Overeenkomst" in told.text
        assert "<b>Overeenkomst" not in told.text
    assert listed(call, RHENEN_ZELF) == []


def test_a_file_takes_the_place_of_the_text_and_gives_its_name(call: Callers) -> None:
    client = console(call, RHENEN_ZELF)
    key = client.get(CHECK).text.partition('name="form_key" value="')[2].partition('"')[0]
    for body, status, told in (
        (RHENEN.encode("utf-8-sig"), 200, f"{NAME}: goed om te laden?"),
        (RHENEN.encode("utf-16"), 422, "niet in UTF-8"),
        (b"# " + b"x" * 300_000, 400, "te groot"),
    ):
        files = {
            "form_key": (None, key), "naam": (None, ""), "tekst": (None, "anders"),
            "bestand": (f"{NAME}.toml", body),
        }  # fmt: skip
        answer = client.post(CHECK, files=files)
        assert (answer.status_code, told in answer.text) == (status, True), told


@pytest.mark.parametrize(
    ("who", "text", "status", "code"),
    [
        (ANDERE_GEMEENTE, RHENEN, 403, "contract-gemeenten"),
        (RHENEN_ZELF, of("0340", "1669"), 403, "contract-gemeenten"),
    ],
)
def test_what_may_not_be_loaded_says_why_before_and_at_the_load(
    call: Callers, who: str, text: str, status: int, code: str
) -> None:
    client = console(call, who)
    seen = post(client, CHECK, text)
    assert seen.status_code == 200
    assert "kan zo niet worden geladen" in seen.text
    assert f'formaction="{CHECK}"' in seen.text
    assert "Laden als versie" not in seen.text
    refused = post(client, LOAD, text, versie="0")
    assert refused.status_code == status
    assert audited(call, 1) == [("load", "console/contracten/{name}/laden", "refused", code)]
    assert listed(call, "operator") == []


def test_a_municipality_sees_nothing_of_anybody_elses_contract(call: Callers) -> None:
    put(call, RHENEN_ZELF, RHENEN)
    other = console(call, ANDERE_GEMEENTE)
    assert NAME not in read(other, "/console/contracten")
    for path in ("", "/versies/1", "/versies/1/tekst", "/verschil?van=1&naar=1", "/indexering"):
        read(other, f"/console/contracten/{NAME}{path}", 404)
    seen = post(other, CHECK, of(ANDERE_GEMEENTE).replace("euro = 60.00", "euro = 61.20"))
    assert "in gebruik voor een profiel dat niet alleen van u is" in seen.text
    assert "60,00</del>" not in seen.text
    assert NAME in read(console(call, "operator"), "/console/contracten")


def test_a_provider_has_no_contracts_and_an_auditor_loads_none(call: Callers) -> None:
    provider = console(call, AANBIEDER)
    for path in ("/console/contracten", f"/console/contracten/{NAME}", CHECK):
        read(provider, path, 403)
    auditor = console(call, "auditor")
    assert "Een profiel laden" not in read(auditor, "/console/contracten")
    read(auditor, CHECK, 403)
    assert post(auditor, LOAD, RHENEN, key="x", versie="0").status_code in {400, 403}
    assert listed(call, "operator") == []


def test_a_form_of_another_site_loads_nothing(call: Callers) -> None:
    client = console(call, RHENEN_ZELF)
    assert post(client, LOAD, RHENEN, key="", versie="0").status_code == 400
    assert post(client, LOAD, RHENEN, key="of another", versie="0").status_code == 400
    assert listed(call, RHENEN_ZELF) == []


def test_indexation_proposes_and_loads_nothing(call: Callers) -> None:
    put(call, RHENEN_ZELF, RHENEN)
    client = console(call, RHENEN_ZELF)
    here = f"/console/contracten/{NAME}/indexering"
    text = client.get(f"{here}?cpi=3,4&vanaf=2024-01-01&tekst=ja")
    assert text.headers["content-disposition"] == f'attachment; filename="{NAME}.toml"'
    assert text.text.startswith("# VOORSTEL")
    for query, told in (
        ("cpi=3.4", "Vul een datum in"),
        ("cpi=99&vanaf=2024-01-01", "verwacht de wijziging in procenten"),
        ("cpi=3.4&vanaf=2020-01-01", "geen tarief om te indexeren"),
    ):
        assert told in read(client, f"{here}?{query}", 400)
    assert listed(call, RHENEN_ZELF) == [f"{NAME}/1"]


def produced(call: Callers) -> None:
    """A claim of which one line is approved, and its credit."""
    call.send(GEMEENTE, allocated(Terms()))
    lines = (Line("R1", volume=2), Line("R2", nummer=810009, volume=1))
    assert call.send(AANBIEDER, claim(*lines), noon(TODAY.date())).json()["status"] == "partly_accepted"
    credit = claim(Line("C1", volume=2, vorige="R1"), identificatie="B02", nummer="D02")
    assert call.send(AANBIEDER, credit, noon(TODAY.date())).json()["status"] == "accepted"


def test_production_payments_and_reclaims_are_what_the_api_says(call: Callers) -> None:
    produced(call)
    asked = {
        "productie": f"productieverantwoording?jaar=2023&gemeente={GEMEENTE}",
        "productie/betalingen": "betalingen?domein=wmo",
        "productie/terugvorderingen": "terugvorderingen?tot=2023-06-01",
    }
    for who in (GEMEENTE, AANBIEDER, "operator"):
        client = console(call, who)
        for path, report in asked.items():
            query = f"{report.partition('?')[2]}&formaat=csv"
            ours, theirs = client.get(f"/console/{path}?{query}"), call.get(who, f"/v1/reports/{report}&formaat=csv")
            assert ours.status_code == 200, ours.text
            assert ours.headers["content-disposition"] == theirs.headers["content-disposition"]
            told, said = (
                [*csv.reader(io.StringIO(one.content.decode("utf-8-sig")), delimiter=";")] for one in (ours, theirs)
            )
            cents = [nr for nr, name in enumerate(told[0]) if name.endswith("(€)")]
            assert cents
            assert [len(row) for row in told] == [len(row) for row in said]
            assert len(told) > 1
            for row, same in zip(told[1:], said[1:], strict=True):
                euros = [row[nr] and str(round(float(row[nr].replace(",", ".")) * 100)) for nr in cents]
                assert euros == [same[nr] for nr in cents]
            assert AANBIEDER in read(client, f"/console/{path}?{report.partition('?')[2]}")
    other = console(call, "65656055")
    assert "niets gedeclareerd" in read(other, f"/console/{asked['productie'].replace('verantwoording', '')}")
    assert "Er is nog niets gedeclareerd dat wordt betaald." in read(other, "/console/productie/betalingen")


def test_a_day_of_receipt_is_asked_for_as_a_day(call: Callers) -> None:
    produced(call)
    client = console(call, GEMEENTE)
    here = "/console/productie/betalingen?ontvangen_vanaf"
    assert ">D01<" in read(client, f"{here}=2023-03-01&ontvangen_tot=2023-03-02")
    assert ">D01<" not in read(client, f"{here}=2023-03-02")
    assert "Vul een datum in" in read(client, f"{here}=gisteren", 400)
