"""The fixtures through the whole gateway over HTTP, on both databases: stored, judged, answered."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient

from iwmo_gateway.gateway import contracts
from iwmo_gateway.gateway.access import Caller
from iwmo_gateway.gateway.parties import set_answering
from iwmo_gateway.rules.answers import ANSWERED_ONCE
from iwmo_gateway.standard.kinds import answer_to, answered_by
from iwmo_gateway.standard.xml import Document, read
from iwmo_gateway.store.parties import TokenRole
from iwmo_gateway.web.app import create_app
from tests.cases import Case, cases, codelists, noon, profile_path
from tests.conftest import TODAY, Callers

OFFICER = Caller(TokenRole.OPERATOR, None, "operator:test", TODAY)

# Facts that no 301 or 305 can supply exist in the store only when their messages are taken in.
CASES = [case for case in cases() if not case.facts and not case.path.stem.startswith("los-")]


def kop_of(body: bytes) -> Document:
    document = read(body)
    assert isinstance(document, Document)
    return document


def with_codelists(call: Callers, case: Case) -> Callers:
    """The same gateway, holding messages against the case's own list of providers too."""
    if not case.aanbieders:
        return call
    gateway = replace(call.gateway, codelists=codelists(case, call.gateway.codelists))
    return Callers(gateway, TestClient(create_app(gateway)))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_result_and_the_return_message_say_what_the_fixture_says(call: Callers, case: Case) -> None:
    call = with_codelists(call, case)
    for party in case.antwoordt_zelf:
        set_answering(call.gateway, party, TODAY, itself=True)
    for name in case.contracten:
        contracts.load(call.gateway, OFFICER, contracts.check_file(profile_path(name)))
    for path, status in case.vooraf:
        body = path.read_bytes()
        sender = kop_of(body).kop.afzender
        assert call.send(sender, body, noon(case.ontvangen) - timedelta(days=1)).json()["status"] == status

    document = kop_of(case.body)
    answer = call.send(document.kop.afzender, case.body, noon(case.ontvangen))
    said = answer.json()
    expected = 409 if any(finding[0] == ANSWERED_ONCE for finding in case.findings) else 201
    assert answer.status_code == expected
    if expected == 409:
        assert said["code"] == "IB019"
        said = call.get(document.kop.afzender, f"/v1/berichten/{said['id']}").json()
    found = [
        tuple(f[k] for k in ("regel", "niveau", "retourcode", "klasse", "pad", "actie")) for f in said["bevindingen"]
    ]
    assert sorted(found, key=str) == sorted(case.findings, key=str)
    assert said["status"] == case.status
    if document.soort.is_answer:
        is_tied_to_what_it_answers(call, document, said)
        return

    retour = call.get(document.kop.afzender, f"/v1/berichten/{said['id']}/retour")
    if case.status == "in_review":
        assert (retour.status_code, said["bedragen"]) == (404, case.bedragen)
        return
    answered = kop_of(retour.content)
    assert answered.soort == answer_to(document.soort)
    assert call.gateway.schemas.check(answered).ok
    codes = {code.text for code in answered.root.iter(f"{{{answered.soort.namespace}}}RetourCode")}
    refused = {code for _, _, code, _, _, actie in case.findings if actie == "reject"}
    assert codes <= refused | {"0200", "0233", "8001"}
    assert said["bedragen"] == case.bedragen
    if case.bedragen is None:
        assert refused <= codes
        assert bool(codes) is (case.status == "rejected")


def is_tied_to_what_it_answers(call: Callers, document: Document, said: dict[str, Any]) -> None:
    """A return message that was taken stands beside its message and in the mailbox; one that was refused does not."""
    sender, addressee = document.kop.afzender, document.kop.ontvanger
    assert (said["retour"], said["bedragen"]) == (None, None)
    assert call.get(sender, f"/v1/berichten/{said['id']}/retour").status_code == 404
    waits = {entry["id"]: entry for entry in call.get(addressee, "/v1/mailbox").json()["berichten"]}
    if said["status"] == "rejected":
        assert (said["antwoord_op"], said["id"] in waits) == (None, False)
        return
    assert waits[said["id"]]["antwoord_op"] == said["antwoord_op"]
    answered = call.get(addressee, f"/v1/berichten/{said['antwoord_op']}").json()
    assert answered["retour"] == {"id": said["id"], "soort": said["soort"]}
    assert answered["soort"] == answered_by(document.soort).code
    assert call.get(addressee, f"/v1/berichten/{said['antwoord_op']}/retour").content == document_body(call, said)


def document_body(call: Callers, said: dict[str, Any]) -> bytes:
    return call.get(said["afzender"], f"/v1/berichten/{said['id']}/xml").content
