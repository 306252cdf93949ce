"""A year of claims for Rhenen, judged by its contract, and the production account against a plain sum of them."""

import csv
import io
from collections import Counter
from dataclasses import dataclass, field
from datetime import date, timedelta
from random import Random
from typing import Any

import pytest
from lxml import etree
from openpyxl import load_workbook

from iwmo_gateway.contract.terms import end_of_month
from iwmo_gateway.gateway import contracts
from iwmo_gateway.gateway.access import Caller
from iwmo_gateway.store.parties import TokenRole
from tests.cases import noon
from tests.claims import Line, Terms, allocation, claim, period
from tests.conftest import TODAY, Callers

RHENEN, AANBIEDERS = "0340", ("65656055", "42420001")
CLIENTS = ("999912008", "999900006", "999900018")
PRODUCTS = {"02A16": ("02", "04", 6000), "07A12": ("07", "16", 4657), "08A03": ("08", "84", 1028)}
ACCOUNT = "/v1/reports/productieverantwoording?jaar=2023"


@dataclass
class Year:
    """What the answers said, added up as a bookkeeper would: by provider and product."""

    volume: Counter[tuple[str, str]] = field(default_factory=Counter)
    toegekend: Counter[tuple[str, str]] = field(default_factory=Counter)
    afgekeurd: Counter[tuple[str, str]] = field(default_factory=Counter)
    of_client: Counter[tuple[str, str, str]] = field(default_factory=Counter)

    def book(self, provider: str, line: Line, *, approved: bool) -> None:
        key, sign = (provider, line.code), -1 if line.vorige else 1
        if approved:
            self.volume[key] += sign * int(str(line.volume))
            self.toegekend[key] += line.signed
            self.of_client[*key, line.bsn] += sign * int(str(line.volume))
        elif not line.vorige:
            self.afgekeurd[key] += line.cents

    def product(self, provider: str, code: str) -> dict[str, Any]:
        categorie, eenheid, _ = PRODUCTS[code]
        key = (provider, code)
        return {
            "product_categorie": categorie,
            "product_code": code,
            "eenheid": eenheid,
            "volume": self.volume[key],
            "toegekend": self.toegekend[key],
            "afgekeurd": self.afgekeurd[key],
            "clienten": sum(1 for (*own, _), left in self.of_client.items() if tuple(own) == key and left > 0),
        }


def test_the_account_of_a_year_adds_up_to_the_cent(call: Callers) -> None:
    officer = Caller(TokenRole.OPERATOR, None, "operator:test", TODAY)
    contracts.load(call.gateway, officer, contracts.check_file(contracts.file_of("rhenen-wmo-2023")))
    year, chance = Year(), Random(8)  # noqa: S311 chance for a test
    for provider in AANBIEDERS:
        claim_a_year(call, provider, year, chance)

    told = call.get(RHENEN, ACCOUNT).json()
    assert [one["aanbieder"] for one in told["aanbieders"]] == sorted(AANBIEDERS)
    for one in told["aanbieders"]:
        codes = sorted(code for provider, code in year.volume | year.afgekeurd if provider == one["aanbieder"])
        assert one["producten"] == [year.product(one["aanbieder"], code) for code in codes]
        assert one["toegekend"] == sum(product["toegekend"] for product in one["producten"])
    assert any(year.afgekeurd.values())
    assert any(line for line in year.toegekend.values())

    mine = call.get(AANBIEDERS[0], f"{ACCOUNT}&gemeente={RHENEN}").json()
    assert mine["aanbieders"] == [one for one in told["aanbieders"] if one["aanbieder"] == AANBIEDERS[0]]
    assert call.get("0384", f"{ACCOUNT}&gemeente={RHENEN}").json()["aanbieders"] == []
    assert call.get("operator", ACCOUNT).status_code == 400
    of_next_year = call.get(RHENEN, ACCOUNT.replace("2023", "2024")).json()
    assert of_next_year["aanbieders"] == []

    rows = list(csv.DictReader(io.StringIO(call.get(RHENEN, f"{ACCOUNT}&formaat=csv").text), delimiter=";"))
    assert sum(int(row["toegekend"]) for row in rows) == sum(one["toegekend"] for one in told["aanbieders"])
    book = load_workbook(io.BytesIO(call.get(RHENEN, f"{ACCOUNT}&formaat=xlsx").content))
    sheet = [[cell.value for cell in row] for row in book.worksheets[0].iter_rows()]
    assert sheet[0] == list(rows[0])
    assert [[str(cell or "") for cell in row] for row in sheet[1:]] == [list(row.values()) for row in rows]


@pytest.mark.parametrize(
    ("euros", "due"), [(125_000, ["2024-03-01", "2024-04-01"]), (25_000, ["2024-03-01"]), (24_999, [])]
)
def test_what_the_contract_asks_depends_on_the_turnover(euros: int, due: list[str]) -> None:
    profiel = contracts.check_file(contracts.file_of("rhenen-wmo-2023")).profiel
    assert profiel is not None
    assert profiel.verantwoording is not None
    klasse = profiel.verantwoording.klasse_of(euros * 100)
    assert klasse is not None
    assert [f"2024-{day}" for day in klasse.uiterlijk] == due


def claim_a_year(call: Callers, provider: str, year: Year, chance: Random) -> None:
    """Allocations of every product for every client, and each month a claim: mostly right, sometimes a credit."""
    own = {}
    for nr, bsn in enumerate(CLIENTS):
        first = 820000 + 10 * nr + 100 * AANBIEDERS.index(provider)
        terms = [
            Terms(first + i, bsn, categorie, code, date(2023, 1, 9), date(2023, 11, 20), 5, eenheid, "2")
            for i, (code, (categorie, eenheid, _)) in enumerate(PRODUCTS.items())
        ]
        body = allocation(*terms, identificatie=f"T{first}", gemeente=RHENEN, aanbieder=provider)
        assert call.send(RHENEN, body, noon(date(2023, 1, 5))).json()["status"] == "accepted"
        own |= {term.nummer: term for term in terms}
    open_lines: list[Line] = []
    for number in range(1, 13):
        first = date(2023, number, 1)
        lines = [*_credits(open_lines, chance, number), *_debits(own, first, chance)]
        if not lines:
            continue
        received = end_of_month(first) + timedelta(days=chance.randrange(1, 25))
        identity = f"D{number:02}{provider[:2]}"
        body = claim(
            *lines, identificatie=identity, nummer=identity, maand=first, dagtekening=end_of_month(first),
            gemeente=RHENEN, aanbieder=provider,
        )  # fmt: skip
        said = call.send(provider, body, noon(received)).json()
        assert said["status"] in {"accepted", "partly_accepted", "refused"}, said
        refused = refused_lines(call, provider, said["id"])
        for line in lines:
            year.book(provider, line, approved=line.referentie not in refused)
        taken_back = {line.vorige for line in lines if line.vorige and line.referentie not in refused}
        open_lines = [line for line in open_lines if line.referentie not in taken_back]
        open_lines += [line for line in lines if not line.vorige and line.referentie not in refused]


def refused_lines(call: Callers, provider: str, identity: str) -> set[str]:
    """The ReferentieNummers in the answer: what is not in it is approved."""
    answer = etree.fromstring(call.get(provider, f"/v1/berichten/{identity}/retour").content)
    return {number.text or "" for number in answer.iter("{*}ReferentieNummer")}


def _debits(own: dict[Any, Terms], first: date, chance: Random) -> list[Line]:
    lines = []
    for terms in own.values():
        begin, end = period(terms, first)
        if begin > end or chance.random() < 0.2:
            continue
        categorie, eenheid, tarief = PRODUCTS[terms.code or ""]
        volume = chance.choice([4, 8, 12, 16, 20, 24, 40])
        wrong = chance.random() < 0.1
        lines.append(
            Line(
                f"{terms.nummer}{first.month:02}", terms.nummer, begin, end, volume, eenheid, tarief + wrong,
                bsn=terms.bsn, categorie=categorie, code=terms.code or "",
            )
        )  # fmt: skip
    return lines


def _credits(lines: list[Line], chance: Random, number: int) -> list[Line]:
    """A credit of one earlier line now and then."""
    if not lines or chance.random() < 0.5:
        return []
    line = chance.choice(lines)
    return [
        Line(
            f"C{line.referentie}{number:02}", line.nummer, line.begin, line.end, line.volume, line.eenheid, line.tarief,
            vorige=line.referentie, bsn=line.bsn, categorie=line.categorie, code=line.code,
        )
    ]  # fmt: skip
