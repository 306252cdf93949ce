"""A message in the console: who sees what of it, what stands in the audit trail, and that large ones come in parts."""

import re

import pytest
from fastapi.testclient import TestClient
from httpx2 import Response
from sqlalchemy import update

from iwmo_gateway.store import mailbox
from iwmo_gateway.store.audit import Action
from iwmo_gateway.store.tables import messages
from tests.claims import Line, claim
from tests.conftest import TODAY, Callers
from tests.integration.test_http_audit import trail
from tests.integration.test_http_builders import (
    AANBIEDER,
    ANDERE_AANBIEDER,
    BSN,
    GEMEENTE,
    allocation,
    start,
)

FORM_KEY = re.compile(r'name="form_key" value="([^"]*)"')


class Browser:
    """Somebody who signed in to the console, without a browser."""

    def __init__(self, call: Callers, who: str) -> None:
        self.client = TestClient(call.client.app, raise_server_exceptions=False)
        token = call.headers(who)["Authorization"].removeprefix("Bearer ")
        assert self.client.post("/console/aanmelden", data={"token": token}, follow_redirects=False).status_code == 303

    def get(self, path: str) -> Response:
        return self.client.get(f"/console{path}", follow_redirects=False)

    def post(self, path: str, page: str, bestand: bytes = b"", **fields: str) -> Response:
        """Send a form that stands on a page, with a file if there is one."""
        found = FORM_KEY.search(self.get(page).text)
        assert found is not None
        files = {"bestand": ("bestand", bestand)} if bestand else None
        return self.client.post(
            f"/console{path}", data={"form_key": found[1], **fields}, files=files, follow_redirects=False
        )


@pytest.fixture
def started(call: Callers) -> str:
    """A start of care that fits an allocation; it was forwarded to the municipality."""
    call.send(GEMEENTE, allocation())
    told = call.send(AANBIEDER, start()).json()
    assert told["status"] == "accepted", told
    identity: str = told["id"]
    return identity


def fetched(call: Callers, party: str, message: str) -> bool:
    with call.gateway.database.reading() as transaction:
        entry = mailbox.entry_of_message(transaction, party, message)
    assert entry is not None
    return entry.fetched_at is not None


def test_a_party_sees_its_own_messages_and_no_other(call: Callers, started: str) -> None:
    for who in (AANBIEDER, GEMEENTE, "operator", "auditor"):
        assert Browser(call, who).get(f"/berichten/{started}").status_code == 200
    stranger = Browser(call, ANDERE_AANBIEDER)
    for path in ("", "/inhoud"):
        assert stranger.get(f"/berichten/{started}{path}").status_code == 404
    assert stranger.post(f"/berichten/{started}/persoonsgegevens", "/berichten").status_code == 404
    assert stranger.post(f"/berichten/{started}/xml", "/berichten").status_code == 404


def test_what_is_personal_is_masked_until_it_is_asked_for_by_a_form_of_ours(call: Callers, started: str) -> None:
    somebody = Browser(call, "operator")
    for path in (f"/berichten/{started}", f"/berichten/{started}/inhoud"):
        assert BSN not in somebody.get(path).text
    content = f"/berichten/{started}/inhoud"
    assert "•••" in somebody.get(content).text
    opened = somebody.post(f"/berichten/{started}/persoonsgegevens", content, deel="1")
    assert opened.status_code == 200
    assert BSN in opened.text
    assert BSN.encode() in somebody.post(f"/berichten/{started}/xml", content).content
    for path in ("persoonsgegevens", "xml"):
        elsewhere = somebody.client.post(f"/console/berichten/{started}/{path}", data={"form_key": "x"})
        assert elsewhere.status_code == 400
        assert BSN not in elsewhere.text


def test_each_look_stands_in_the_trail_as_what_it_was(call: Callers, started: str) -> None:
    somebody = Browser(call, "operator")
    somebody.get(f"/berichten/{started}")
    somebody.post(f"/berichten/{started}/persoonsgegevens", f"/berichten/{started}/inhoud")
    deeds = [(deed.action, deed.what, deed.message) for deed in trail(call)[-3:]]
    assert deeds == [
        (Action.READ, "console/berichten/{id}", None),
        (Action.FETCH, "console/berichten/{id}/inhoud", started),
        (Action.FETCH, "console/berichten/{id}/persoonsgegevens", started),
    ]


def test_a_look_at_what_is_in_it_fetches_it_and_one_at_what_became_of_it_does_not(call: Callers, started: str) -> None:
    officer = Browser(call, GEMEENTE)
    assert "wacht in uw mailbox" in officer.get(f"/berichten/{started}").text
    Browser(call, "operator").get(f"/berichten/{started}/inhoud")
    assert not fetched(call, GEMEENTE, started)
    officer.get(f"/berichten/{started}/inhoud")
    assert fetched(call, GEMEENTE, started)
    waiting = call.get(GEMEENTE, "/v1/mailbox").json()["berichten"]
    assert started in {entry["id"] for entry in waiting}


def test_findings_stand_at_their_place_in_both(call: Callers) -> None:
    refused = call.send(AANBIEDER, start("START02", 799999)).json()
    somebody = Browser(call, AANBIEDER)
    overview = somebody.get(f"/berichten/{refused['id']}").text
    assert f"/berichten/{refused['id']}/inhoud?bevinding=1#f1" in overview
    assert "/console/regels/TR019" in overview
    content = somebody.get(f"/berichten/{refused['id']}/inhoud?bevinding=1").text
    assert 'id="f1"' in content
    assert 'id="x1"' in content
    retour = somebody.get(f"/berichten/{refused['retour']['id']}/inhoud").text
    assert "9019" in retour


def test_a_large_claim_comes_in_parts_and_a_finding_leads_to_its_own(call: Callers) -> None:
    lines = [Line(referentie=f"R{nr}", tarief=6000 + (nr == 150)) for nr in range(1, 201)]
    told = call.send("42420001", claim(*lines), TODAY).json()
    somebody = Browser(call, "42420001")
    overview = somebody.get(f"/berichten/{told['id']}").text
    assert "Volgende bevindingen" in overview
    assert overview.count('class="finding ') == 50
    rest = somebody.get(f"/berichten/{told['id']}?na=150").text
    assert 'id="b151"' in rest
    first = somebody.get(f"/berichten/{told['id']}/inhoud").text
    assert "Deel 1 van" in first
    assert ">R2<" in first
    assert ">R199<" not in first
    led = somebody.get(f"/berichten/{told['id']}/inhoud?bevinding=199").text
    assert 'id="f199"' in led
    assert "Deel 1 van" not in led
    by_line = somebody.get(f"/berichten/{told['id']}/inhoud?regel=2000").text
    assert "Deel 1 van" not in by_line


def test_a_rule_has_a_page_and_what_is_none_has_not(call: Callers) -> None:
    somebody = Browser(call, AANBIEDER)
    assert "9019" in somebody.get("/regels/TR019").text
    assert "kalendermaand" in somebody.get("/regels/contract-maand").text
    assert somebody.get("/regels/XSD").status_code == 200
    assert somebody.get("/regels/TR999").status_code == 404


def test_a_purged_message_says_that_it_is(call: Callers, started: str) -> None:
    with call.gateway.database.writing() as transaction:
        transaction.execute(update(messages).where(messages.c.id == started).values(xml=b"", purged_at=TODAY))
    somebody = Browser(call, AANBIEDER)
    assert "opgeruimd" in somebody.get(f"/berichten/{started}/inhoud").text
    assert somebody.post(f"/berichten/{started}/xml", f"/berichten/{started}").status_code == 410


def test_a_message_leads_to_what_it_has_to_do_with(call: Callers) -> None:
    first = call.send(AANBIEDER, start("EERST", 799999)).json()
    call.send(GEMEENTE, allocation())
    again = call.send(AANBIEDER, start("EERST")).json()
    assert again["id"] != first["id"]
    page = Browser(call, AANBIEDER).get(f"/berichten/{first['id']}").text
    assert f"/console/berichten/{again['id']}" in page
    assert f"/console/berichten/{first['retour']['id']}" in page


def test_every_link_of_its_pages_leads_somewhere(call: Callers, started: str) -> None:
    claimed = call.send(AANBIEDER, claim(Line(nummer=700001))).json()["id"]
    for who in (AANBIEDER, "operator"):
        somebody = Browser(call, who)
        links: set[str] = set()
        for path in (f"/berichten/{started}", f"/berichten/{started}/inhoud", f"/berichten/{claimed}", "/regels/TR019"):
            found = re.findall(r'href="/console(/[^"]*)"', somebody.get(path).text)
            links |= {link.partition("#")[0].replace("&amp;", "&") for link in found}
        assert f"/toewijzingen/wmo/{GEMEENTE}/700001" in links
        for link in links:
            assert somebody.get(link).status_code == 200, link
