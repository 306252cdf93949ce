"""Contract profiles over HTTP: a municipality reads and loads its own, and nothing of anybody else's."""

from pathlib import Path
from typing import Any

import pytest
from httpx2 import Response
from sqlalchemy import update

from iwmo_gateway.shipped import shipped
from iwmo_gateway.store.tables import contracts
from iwmo_gateway.web import calls
from tests.conftest import Callers
from tests.integration.test_http_builders import AANBIEDER
from tests.integration.test_http_refusals import is_problem

ROOT = Path(__file__).parents[2]
RHENEN = (shipped("contracts") / "rhenen-wmo-2023.toml").read_text(encoding="utf-8")
GEMEENTE, ANDERE_GEMEENTE = "0340", "1669"
PATH = "/v1/contracts/rhenen-wmo-2023"


def put(
    call: Callers, who: str, text: str | bytes, path: str = PATH, mediatype: str = "application/toml; charset=utf-8"
) -> Response:
    body = text.encode() if isinstance(text, str) else text
    return call.client.put(path, content=body, headers={**call.headers(who), "Content-Type": mediatype})


def of(*gemeenten: str, text: str = RHENEN) -> str:
    """Rhenen's profile, of other municipalities."""
    return text.replace('["0340"]', f"[{', '.join(f'{chr(34)}{one}{chr(34)}' for one in gemeenten)}]")


def listed(call: Callers, who: str) -> list[str]:
    return [one["contract"] for one in call.get(who, "/v1/contracts").json()["contracten"]]


class TestLoading:
    def test_the_first_is_version_1_and_says_who_loaded_it(self, call: Callers) -> None:
        answer = put(call, GEMEENTE, RHENEN)
        assert (answer.status_code, answer.headers["location"]) == (201, f"{PATH}/versies/1")
        said = answer.json()
        assert (said["contract"], said["geladen_door"], said["gemeenten"]) == ("rhenen-wmo-2023/1", GEMEENTE, ["0340"])
        assert answer.json() == call.get(GEMEENTE, answer.headers["location"]).json() == call.get(GEMEENTE, PATH).json()

    def test_the_same_content_changes_nothing(self, call: Callers) -> None:
        first = put(call, GEMEENTE, RHENEN).json()
        again = put(call, "operator", RHENEN.replace("\n", "\r\n").encode("utf-8-sig"), mediatype="text/plain")
        assert (again.status_code, again.json()) == (200, first)
        assert again.headers["location"] == f"{PATH}/versies/1"

    def test_a_change_is_the_next_version_and_the_earlier_one_stays(self, call: Callers) -> None:
        first = put(call, GEMEENTE, RHENEN).json()
        changed = put(call, GEMEENTE, RHENEN.replace("euro = 60.00", "euro = 61.20"))
        assert (changed.status_code, changed.json()["contract"]) == (201, "rhenen-wmo-2023/2")
        assert changed.json()["versies"] == [1, 2]
        assert call.get(GEMEENTE, f"{PATH}/versies/1").json() == first | {"versies": [1, 2]}
        text = call.get(GEMEENTE, f"{PATH}/versies/1", Accept="application/toml")
        assert (text.text, text.headers["content-type"]) == (RHENEN, "application/toml; charset=utf-8")
        assert listed(call, GEMEENTE) == ["rhenen-wmo-2023/2"]

    def test_with_faults_it_is_refused_as_a_whole_and_the_old_version_stays(self, call: Callers) -> None:
        put(call, GEMEENTE, RHENEN)
        wrong = RHENEN.replace("euro = 60.00", "euro = 60.005").replace('eenheid = "14"', 'eenheid = "15"')
        said = is_problem(put(call, GEMEENTE, wrong), 422, "contract-onjuist")
        lines = wrong.splitlines()
        at = [next(i for i, line in enumerate(lines, 1) if part in line) for part in ("60.005", '"15"')]
        assert [error["regelnummer"] for error in said["errors"]] == at
        assert "gevonden 60.005" in said["errors"][0]["tekst"]
        assert (said["detail"], said["meer"]) == ("Het profiel heeft 2 fout(en).", False)
        assert listed(call, GEMEENTE) == ["rhenen-wmo-2023/1"]

    def test_of_thousands_of_faults_a_thousand_are_told(self, call: Callers) -> None:
        said = is_problem(put(call, GEMEENTE, RHENEN + "[[regels]]\n" * 400), 422, "contract-onjuist")
        assert (len(said["errors"]), said["meer"], said["detail"]) == (1000, True, "Het profiel heeft 1200 fout(en).")

    @pytest.mark.parametrize("body", [b"", b"\xff\xfe", b"naam = ", b"\x00", b"[[[[", b"a." * 3000 + b"a = 1"])
    def test_what_is_no_profile_at_all_tells_why(self, call: Callers, body: bytes) -> None:
        said = is_problem(put(call, GEMEENTE, body), 422, "contract-onjuist")
        assert said["errors"]
        assert listed(call, "operator") == []

    @pytest.mark.parametrize("name", ["Rhenen", "rhenen_2023", "a" * 61, "r%00"])
    def test_a_name_is_that_of_a_file(self, call: Callers, name: str) -> None:
        said = is_problem(put(call, GEMEENTE, RHENEN, f"/v1/contracts/{name}"), 422, "contract-onjuist")
        assert "een profiel heet naar zijn bestand" in said["errors"][0]["tekst"]
        is_problem(call.get(GEMEENTE, f"/v1/contracts/{name}"), 404, "niet-gevonden")

    def test_no_more_is_read_than_a_profile_may_have(self, call: Callers) -> None:
        said = is_problem(put(call, GEMEENTE, b"#" * (calls.CONTRACT_LIMIT + 1)), 413, "IB012")
        assert said["verwacht"] == f"ten hoogste {calls.CONTRACT_LIMIT} bytes"
        filled = RHENEN + "#" * (calls.CONTRACT_LIMIT - len(RHENEN.encode()))
        assert put(call, GEMEENTE, filled).status_code == 201

    @pytest.mark.parametrize("mediatype", ["application/json", "application/xml", ""])
    def test_only_toml_is_taken(self, call: Callers, mediatype: str) -> None:
        said = is_problem(put(call, GEMEENTE, RHENEN, mediatype=mediatype), 415, "mediatype")
        assert said["verwacht"] == "application/toml of text/plain"

    def test_two_contracts_never_hold_on_one_day(self, call: Callers) -> None:
        put(call, GEMEENTE, RHENEN)
        said = is_problem(put(call, GEMEENTE, RHENEN, "/v1/contracts/rhenen-anders"), 409, "contract-overlap")
        assert "rhenen-wmo-2023/1 geldt voor 0340 van 2023-01-01 t/m 2023-12-31" in said["detail"]
        assert listed(call, GEMEENTE) == ["rhenen-wmo-2023/1"]


class TestOthers:
    def test_a_municipality_loads_only_what_is_of_itself(self, call: Callers) -> None:
        for gemeenten in ((ANDERE_GEMEENTE,), (GEMEENTE, ANDERE_GEMEENTE)):
            said = is_problem(put(call, GEMEENTE, of(*gemeenten)), 403, "contract-gemeenten")
            assert ANDERE_GEMEENTE in said["detail"]
        assert listed(call, "operator") == []
        assert put(call, "operator", of(GEMEENTE, ANDERE_GEMEENTE)).status_code == 201

    def test_a_municipality_cannot_take_over_the_profile_of_several(self, call: Callers) -> None:
        put(call, "operator", of(GEMEENTE, ANDERE_GEMEENTE))
        said = is_problem(put(call, GEMEENTE, RHENEN), 403, "contract-gemeenten")
        assert "niet alleen van u" in said["detail"]
        assert listed(call, ANDERE_GEMEENTE) == ["rhenen-wmo-2023/1"]

    def test_nor_that_of_another_one_under_the_same_name(self, call: Callers) -> None:
        put(call, GEMEENTE, RHENEN)
        is_problem(put(call, ANDERE_GEMEENTE, of(ANDERE_GEMEENTE)), 403, "contract-gemeenten")
        # Not even the very same content is told apart from any other.
        is_problem(put(call, ANDERE_GEMEENTE, RHENEN), 403, "contract-gemeenten")
        assert listed(call, GEMEENTE) == ["rhenen-wmo-2023/1"]

    def test_each_sees_its_own(self, call: Callers) -> None:
        put(call, GEMEENTE, RHENEN)
        put(call, ANDERE_GEMEENTE, of(ANDERE_GEMEENTE), "/v1/contracts/elders")
        assert listed(call, GEMEENTE) == ["rhenen-wmo-2023/1"]
        assert listed(call, ANDERE_GEMEENTE) == ["elders/1"]
        assert listed(call, "operator") == listed(call, "auditor") == ["elders/1", "rhenen-wmo-2023/1"]
        for path in (PATH, f"{PATH}/versies/1"):
            is_problem(call.get(ANDERE_GEMEENTE, path), 404, "niet-gevonden")
            assert call.get("auditor", path).status_code == 200

    def test_a_version_that_named_it_stays_readable_when_the_next_one_does_not(self, call: Callers) -> None:
        put(call, "operator", of(GEMEENTE, ANDERE_GEMEENTE))
        put(call, "operator", RHENEN)
        assert listed(call, ANDERE_GEMEENTE) == []
        is_problem(call.get(ANDERE_GEMEENTE, PATH), 404, "niet-gevonden")
        assert call.get(ANDERE_GEMEENTE, f"{PATH}/versies/1").json()["versies"] == [1]
        assert call.get(GEMEENTE, PATH).json()["versies"] == [1, 2]

    def test_a_provider_reads_and_loads_none_and_an_auditor_loads_none(self, call: Callers) -> None:
        put(call, GEMEENTE, RHENEN)
        for path in ("/v1/contracts", PATH, f"{PATH}/versies/1"):
            assert "gemeente" in is_problem(call.get(AANBIEDER, path), 403, "IB008")["verwacht"]
        for who in (AANBIEDER, "auditor"):
            is_problem(put(call, who, "no toml"), 403, "IB008")

    @pytest.mark.parametrize("version", ["0", "-1", "x", str(2**31)])
    def test_a_version_is_a_number_that_can_be(self, call: Callers, version: str) -> None:
        is_problem(call.get(GEMEENTE, f"{PATH}/versies/{version}"), 400, "parameters")
        is_problem(call.get(GEMEENTE, f"{PATH}/versies/{2**31 - 1}"), 404, "niet-gevonden")


class TestReading:
    def test_as_data_and_in_dutch(self, call: Callers) -> None:
        said = put(call, GEMEENTE, RHENEN).json()
        product = next(one for one in said["inhoud"]["producten"] if one["code"] == "02A16")
        assert product["tarieven"] == [{"vanaf": "2023-01-01", "tot_en_met": "2023-12-31", "cents": 6000}]
        assert said["inhoud"]["naam"] in said["uitleg"][0]
        assert "04A04: In een etmaal" in " ".join(said["uitleg"])
        assert said["fouten"] == []
        assert not {"name", "version"} & set(said["inhoud"])

    @pytest.mark.parametrize(
        ("accept", "toml"),
        [
            ("application/toml", True),
            ("text/plain", True),
            ("application/json", False),
            ("*/*", False),
            ("application/toml;q=0.5, application/json", False),
        ],
    )
    def test_as_json_or_as_it_was_written(self, call: Callers, accept: str, *, toml: bool) -> None:
        put(call, GEMEENTE, RHENEN)
        answer = call.get(GEMEENTE, PATH, Accept=accept)
        assert answer.headers["content-type"].startswith("application/toml") is toml

    def test_one_that_is_taken_no_more_says_why_and_can_be_read(self, call: Callers) -> None:
        put(call, GEMEENTE, RHENEN)
        old = RHENEN.replace("btw =", "vat =")
        with call.gateway.database.engine.begin() as connection:
            connection.execute(update(contracts).values(text=old))
        said = call.get(GEMEENTE, PATH).json()
        assert (said["inhoud"], said["uitleg"]) == (None, [])
        assert "vat is hier geen sleutel" in said["fouten"][0]["tekst"]
        assert call.get(GEMEENTE, PATH, Accept="application/toml").text == old

    def test_the_example_of_the_documentation_is_what_is_listed(self, call: Callers) -> None:
        put(call, GEMEENTE, RHENEN)
        (said,) = call.get(GEMEENTE, "/v1/contracts").json()["contracten"]
        schemas: dict[str, Any] = call.client.get("/v1/openapi.json").json()["components"]["schemas"]
        (example,) = schemas["ContractSummaryModel"]["examples"]
        moment = {"geladen_op": None}
        assert said | moment == example | moment
