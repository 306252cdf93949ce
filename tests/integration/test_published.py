"""The published messages, where the reference is there: recognised, judged as page 002 says, and answered."""

import os
from datetime import date
from pathlib import Path

import pytest

from iwmo_gateway.gateway.offline import judge_file
from iwmo_gateway.shipped import shipped
from iwmo_gateway.standard.codelists import load_codelists
from iwmo_gateway.standard.kinds import answer_to
from iwmo_gateway.standard.schemas import Schemas
from iwmo_gateway.standard.xml import Document, read
from tests.cases import noon
from tests.conftest import Callers

pytestmark = pytest.mark.skipif("IWMO_REFERENCE" not in os.environ, reason="IWMO_REFERENCE names no reference")

SAMPLES = Path(os.environ.get("IWMO_REFERENCE", ".")) / "samples"
# What page 002 of the decisions says of them, and why.
EXPECTED = {
    "iwmo-2.3/WMO301": ("rejected", {("TR381", "S329"), ("TR379", None)}),
    "iwmo-2.3/WMO305": ("rejected", {("TR019", "9019"), ("TR381", "S329")}),
    "iwmo-3.2/WMO301": ("rejected", {("TR379", "9379")}),
    "iwmo-3.2/WMO305": ("rejected", {("TR019", "9019")}),
}


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_a_published_message_over_http_is_judged_and_its_answer_is_valid(call: Callers, name: str) -> None:
    body = (SAMPLES / f"{name}.xml").read_bytes()
    document = read(body)
    assert isinstance(document, Document)
    assert document.kop.dagtekening is not None
    sender = document.kop.afzender or ""
    said = call.send(sender, body, noon(document.kop.dagtekening)).json()
    assert (said["status"], {(f["regel"], f["retourcode"]) for f in said["bevindingen"]}) == EXPECTED[name]
    answer = read(call.get(sender, f"/v1/berichten/{said['id']}/retour").content)
    assert isinstance(answer, Document)
    assert answer.soort == answer_to(document.soort)
    assert call.gateway.schemas.check(answer).ok


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
