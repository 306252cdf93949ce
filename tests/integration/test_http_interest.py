"""Statutory interest over HTTP: told with its sum, or not at all."""

import pytest

from tests.conftest import Callers
from tests.integration.test_http_builders import AANBIEDER, GEMEENTE
from tests.integration.test_http_refusals import is_problem

PATH = "/v1/reports/rente"
ASKED = "bedrag=1000000&vanaf=2023-06-01&tot=2023-08-01"


@pytest.mark.parametrize("who", [GEMEENTE, AANBIEDER, "operator"])
def test_the_example_of_the_documentation_is_what_is_told(call: Callers, who: str) -> None:
    (example,) = call.client.get("/v1/openapi.json").json()["components"]["schemas"]["RenteModel"]["examples"]
    assert call.get(who, f"{PATH}?{ASKED}").json() == example


def test_who_pays_late_owes_the_other_rate(call: Callers) -> None:
    # 30 days at 10.5 % and 31 at 12 %: 8,630.14 + 10,191.78 cents.
    said = call.get(GEMEENTE, f"{PATH}?{ASKED}&soort=handel").json()
    assert (said["rente"], said["totaal"]) == (18_822, 1_018_822)
    assert [part["procent"] for part in said["delen"]] == ["10.50", "12.00"]


def test_what_is_paid_back_at_once_bears_nothing(call: Callers) -> None:
    said = call.get(GEMEENTE, f"{PATH}?bedrag=100&vanaf=2050-01-01&tot=2050-01-01").json()
    assert (said["rente"], said["totaal"], said["delen"]) == (0, 100, [])


@pytest.mark.parametrize(
    ("vanaf", "tot", "day"),
    [
        ("2026-06-01", "2027-01-02", "2027-01-01"),
        ("2014-12-31", "2015-06-01", "2014-12-31"),
        ("0001-01-01", "9999-12-31", "0001-01-01"),
    ],
)
def test_a_rate_that_is_not_known_is_not_guessed(call: Callers, vanaf: str, tot: str, day: str) -> None:
    said = is_problem(call.get(GEMEENTE, f"{PATH}?bedrag=100&vanaf={vanaf}&tot={tot}"), 422, "rente-onbekend")
    assert f"op {day} is hier niet bekend" in said["detail"]


@pytest.mark.parametrize(
    "asked",
    [
        "",
        "bedrag=-1&vanaf=2023-06-01&tot=2023-08-01",
        "bedrag=1.5&vanaf=2023-06-01&tot=2023-08-01",
        f"bedrag={10**13}&vanaf=2023-06-01&tot=2023-08-01",
        "bedrag=1&vanaf=2023-08-01&tot=2023-06-01",
        "bedrag=1&vanaf=2023-13-01&tot=2023-08-01",
        f"{ASKED}&soort=consument",
        f"{ASKED}&procent=4",
    ],
)
def test_what_makes_no_sense_is_refused(call: Callers, asked: str) -> None:
    is_problem(call.get(GEMEENTE, f"{PATH}?{asked}"), 400, "parameters")
