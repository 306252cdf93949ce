"""The published messages, where the reference is there: recognised, judged as pages 002 and 007 say, and answered."""

import os
from datetime import date
from pathlib import Path

import pytest
from lxml import etree

from iwmo_gateway.gateway.offline import judge_file
from iwmo_gateway.shipped import shipped
from iwmo_gateway.standard.codelistfiles import load_codelists
from iwmo_gateway.standard.kinds import answer_to
from iwmo_gateway.standard.schemas import Schemas
from iwmo_gateway.standard.xml import Document, read
from tests.cases import noon
from tests.claims import Terms, allocation, refused_sum, totals
from tests.conftest import Callers
from tests.integration.test_http_builders import Json, codes_of, document_of

pytestmark = pytest.mark.skipif("IWMO_REFERENCE" not in os.environ, reason="IWMO_REFERENCE names no reference")

SAMPLES = Path(os.environ.get("IWMO_REFERENCE", ".")) / "samples"
# What pages 002 and 007 of the decisions say of them, and why. A claim knows no allocation here.
UNKNOWN_3_2, UNKNOWN_2_3 = {("TR304", "8187"), ("TR338", "9338")}, {("TR304", "8187"), ("TR338", "0551")}
EXPECTED = {
    "iwmo-2.3/WMO301": ("rejected", {("TR381", "S329"), ("TR379", None)}),
    "iwmo-2.3/WMO305": ("rejected", {("TR019", "9019"), ("TR381", "S329")}),
    "iwmo-3.2/WMO301": ("rejected", {("TR379", "9379")}),
    "iwmo-3.2/WMO305": ("rejected", {("TR019", "9019")}),
    "ijw-3.2/JW301": ("rejected", {("TR379", "9379")}),
    "iwmo-2.3/WMO303": ("refused", {*UNKNOWN_2_3, ("TR381", "S329")}),
    "iwmo-3.2/WMO323": ("refused", UNKNOWN_3_2),
}
CLAIMED = {"iwmo-2.3/WMO303": 300000, "iwmo-3.2/WMO323": 58000}
# The allocations that the published 323 claims: number, client, product, hours a week. Both lines are of April.
NAMED = {20072: ("999900006", "01A03"), 200730: ("999900006", "01A04"), 20074: ("999900018", "01A03"),
         20073: ("999900018", "01A04")}  # fmt: skip


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_a_published_message_over_http_is_judged_and_its_answer_is_valid(call: Callers, name: str) -> None:
    said, _ = answered(call, name)
    assert (said["status"], {(f["regel"], f["retourcode"]) for f in said["bevindingen"]}) == EXPECTED[name]


@pytest.mark.parametrize("name", sorted(CLAIMED))
def test_the_lines_in_the_answer_to_a_published_claim_are_all_that_was_asked(call: Callers, name: str) -> None:
    said, answer = answered(call, name)
    assert said["bedragen"] == {"ingediend": CLAIMED[name], "toegekend": 0}
    assert (totals(answer.root), refused_sum(answer.root)) == ((CLAIMED[name], 0), CLAIMED[name])
    # Neither client is known here, so that none of their lines is told more of.
    assert codes_of(etree.tostring(answer.root)) == {
        "Header": ["0200"],
        **({"DeclaratieAntwoord": ["0200"]} if "323" in name else {}),
        "Client": ["8187"] * 2,
        "Prestatie": ["0233"] * 4,
    }


@pytest.mark.parametrize(
    ("hours", "late", "status", "toegekend", "told"),
    [
        (4, None, "accepted", 58000, {"DeclaratieAntwoord": ["8001"]}),
        # Six times the week volume in a month, whatever the month: 12 hours for the 16 claimed of two lines.
        (2, None, "partly_accepted", 10000, {
            "DeclaratieAntwoord": ["0200"], "Client": ["0200"] * 2, "Prestatie": ["9321"] * 2,
        }),
        # One client's second allocation began in the middle of the month.
        (4, 200730, "partly_accepted", 34000, {
            "DeclaratieAntwoord": ["0200"], "Client": ["0200"], "Prestatie": ["9307", "9387"],
        }),
        (0, None, "refused", 0, {
            "DeclaratieAntwoord": ["0200"], "Client": ["0200"] * 2, "Prestatie": ["9321", "9322"] * 4,
        }),
    ],
)  # fmt: skip
def test_the_published_323_behind_the_allocations_that_it_names(
    call: Callers, hours: int, late: int | None, status: str, toegekend: int, told: dict[str, list[str]]
) -> None:
    for nummer, (bsn, code) in NAMED.items():
        begin = date(2023, 4, 17) if nummer == late else date(2023, 1, 1)
        terms = Terms(nummer, bsn, "01", code, begin, volume=hours)
        body = allocation(terms, identificatie=f"T{nummer}", aanbieder="65656055")
        assert call.send("0384", body, noon(date(2023, 2, 1))).json()["status"] == "accepted"
    said, answer = answered(call, "iwmo-3.2/WMO323")
    assert (said["status"], said["bedragen"]) == (status, {"ingediend": 58000, "toegekend": toegekend})
    assert codes_of(etree.tostring(answer.root)) == {"Header": ["0200"], **told}
    assert (totals(answer.root), refused_sum(answer.root)) == ((58000, toegekend), 58000 - toegekend)


def test_the_published_303_behind_the_allocations_that_it_names(call: Callers) -> None:
    """Its two clients name the same two allocations, which can be of one of them; its codes are on no list (TR381)."""
    for nummer, categorie in ((124, "01"), (224, "02")):
        terms = Terms(nummer, "123456782", categorie, None, date(2018, 1, 1), volume=None)
        sent = call.send("0384", allocation(terms, identificatie=f"T{nummer}"), noon(date(2023, 1, 1)))
        assert sent.json()["status"] == "accepted"
    said, answer = answered(call, "iwmo-2.3/WMO303")
    assert (said["status"], said["bedragen"]) == ("refused", {"ingediend": 300000, "toegekend": 0})
    by_class = sorted(
        (found["pad"].removeprefix("/Bericht/Clienten"), found["retourcode"]) for found in said["bevindingen"]
    )
    first, second = ("/Client[1]/Prestaties/Prestatie", "/Client[2]/Prestaties/Prestatie")
    assert by_class == [
        ("/Client[1]", "8004"), (f"{first}[1]", "S329"), (f"{first}[2]", "S329"),
        ("/Client[2]", "8187"), (f"{second}[1]", "0551"), (f"{second}[1]", "S329"),
        (f"{second}[2]", "0551"), (f"{second}[2]", "S329"),
    ]  # fmt: skip
    assert refused_sum(answer.root) == 300000


def answered(call: Callers, name: str) -> tuple[Json, Document]:
    """The result of a published message on its own day, and the answer, which is valid."""
    body = (SAMPLES / f"{name}.xml").read_bytes()
    document = document_of(body)
    assert document.kop.dagtekening is not None
    sender = document.kop.afzender or ""
    said: Json = call.send(sender, body, noon(document.kop.dagtekening)).json()
    answer = document_of(call.get(sender, f"/v1/berichten/{said['id']}/retour").content)
    assert answer.soort == answer_to(document.soort)
    assert call.gateway.schemas.check(answer).ok
    return said, answer


def test_every_published_message_is_recognised_and_fits_our_schema(schemas: Schemas) -> None:
    codelists = load_codelists(shipped("codelists"))
    files = sorted(SAMPLES.glob("*/*.xml"))
    assert len(files) == 8
    for path in files:
        document = read(path.read_bytes())
        assert isinstance(document, Document)
        report = judge_file(path, schemas, codelists, date(2026, 4, 1))
        assert report.soort == str(document.soort) == f"{path.stem} {path.parent.name[-3:]}"
        assert all(finding.niveau > 1 for finding in report.findings)
