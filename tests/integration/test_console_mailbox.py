"""The mailbox in the console: what the API lists, fetched and acknowledged by who may."""

import re

import pytest

from iwmo_gateway.gateway.access import create_token
from iwmo_gateway.store.parties import Right, TokenRole
from iwmo_gateway.web.console import mailbox as page
from tests.conftest import TODAY, Callers
from tests.integration.console_visitor import Visitor, text_of
from tests.integration.test_http_builders import AANBIEDER, BSN, GEMEENTE, OTHER_BSN, Json, lone_start, mailbox

BSNS = (BSN, OTHER_BSN, "999900018")


def starts(call: Callers, count: int = 3) -> list[Json]:
    """What waits for the municipality after so many starts."""
    for nr in range(count):
        call.send(AANBIEDER, lone_start(f"START{nr}", Bsn=BSNS[nr]))
    return mailbox(call, GEMEENTE)


def seen(visitor: Visitor, **asked: str) -> list[str]:
    return re.findall(r"WMO305 (START\d)", text_of(visitor.get("/postvak", **asked)))


def trail(call: Callers, message: str) -> list[tuple[str, str, str]]:
    """What stands in the audit trail of a message: who, did what, where."""
    found = call.get("auditor", f"/v1/audit?bericht={message}").json()["audit"]
    return [(one["actor"], one["actie"], one["wat"]) for one in found]


def test_the_page_lists_what_waits_and_looking_takes_nothing(call: Callers) -> None:
    waits = starts(call)
    visitor = Visitor(call, GEMEENTE)
    answer = visitor.get("/postvak")
    assert seen(visitor) == seen(visitor) == ["START0", "START1", "START2"]
    assert BSN not in answer.text
    assert "<td>nog niet</td>" in answer.text
    assert mailbox(call, GEMEENTE) == waits
    theirs = text_of(Visitor(call, AANBIEDER).get("/postvak"))
    assert "antwoord op uw bericht" in theirs
    assert "START" not in theirs
    assert "Er wacht niets op u" in text_of(Visitor(call, "0340").get("/postvak"))


def test_a_long_mailbox_goes_on_page_by_page(call: Callers, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page, "_PAGE", 2)
    waits = starts(call)
    visitor = Visitor(call, GEMEENTE)
    assert f"/postvak?na={waits[1]['nr']}" in visitor.get("/postvak").text
    assert (seen(visitor), seen(visitor, na=str(waits[1]["nr"]))) == (["START0", "START1"], ["START2"])


def test_fetching_hands_out_the_bytes_and_leaves_it_waiting(call: Callers) -> None:
    waits = starts(call, 1)
    visitor = Visitor(call, GEMEENTE)
    answer = visitor.get(f"/postvak/{waits[0]['nr']}/xml")
    assert answer.content == lone_start("START0")
    assert answer.headers["content-disposition"].startswith("attachment")
    assert "<td>nog niet</td>" not in visitor.get("/postvak").text
    assert mailbox(call, GEMEENTE) == waits
    assert Visitor(call, "0340").get(f"/postvak/{waits[0]['nr']}/xml").status_code == 404
    assert (GEMEENTE, "fetch", f"console/postvak/{waits[0]['nr']}/xml") in trail(call, waits[0]["id"])


def test_what_is_acknowledged_no_longer_waits(call: Callers) -> None:
    waits = starts(call)
    visitor = Visitor(call, GEMEENTE)
    numbers = [str(one["nr"]) for one in waits[:2]]
    told = visitor.followed(visitor.post("/postvak", {"nr": [*numbers, "999", "x"]}))
    assert "2 berichten zijn afgehandeld" in text_of(told)
    assert mailbox(call, GEMEENTE) == waits[2:]
    for one, there in zip(waits, (True, True, False), strict=True):
        assert ((GEMEENTE, "acknowledge", "console/postvak") in trail(call, one["id"])) is there


def test_who_may_only_read_cannot_acknowledge_and_who_is_no_party_has_no_mailbox(call: Callers) -> None:
    waits = starts(call)
    token = create_token(call.gateway, TokenRole.PARTY, GEMEENTE, "reads", TODAY, rights=frozenset({Right.READ}))
    call.let_in("reader", token)
    reader = Visitor(call, "reader")
    assert len(seen(reader)) == 3
    assert "checkbox" not in reader.get("/postvak").text
    assert reader.post("/postvak", {"nr": str(waits[0]["nr"])}).status_code == 403
    for who in ("operator", "auditor"):
        assert Visitor(call, who).get("/postvak").status_code == 403
    assert mailbox(call, GEMEENTE) == waits
