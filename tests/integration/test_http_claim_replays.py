"""Replays of claims: a processed one only shows what would differ, a rejected one is booked once."""

from dataclasses import replace
from datetime import timedelta

import pytest

from iwmo_gateway.gateway import contracts
from iwmo_gateway.gateway.access import Caller
from iwmo_gateway.gateway.waiting import judge_next
from iwmo_gateway.store.parties import TokenRole
from tests.claims import (
    AANBIEDER,
    ANDERE_GEMEENTE,
    GEMEENTE,
    MAART,
    Line,
    Terms,
    allocation,
    claim,
    month,
)
from tests.conftest import TODAY, Callers
from tests.integration.test_http_builders import LATER, Json, everything, mailbox
from tests.integration.test_http_claims import (
    DAGDELEN,
    RIGHT,
    TOEWIJZINGEN,
    TOO_MUCH,
    allocated,
    booked,
    codes,
    held,
    sent,
)
from tests.integration.test_http_replays import outcomes, replayed

HOWS = ({"force": True}, {"dry_run": True}, {"force": True, "dry_run": True})
PRESTATIE = "/Bericht/Declaratie/Clienten/Client[1]/Prestaties/Prestatie[{}]"


def change(terms: Terms, call: Callers, **to: object) -> None:
    """A newer version of an allocation."""
    newer = replace(terms, made_at=terms.made_at + timedelta(days=1), **to)
    assert sent(call, allocation(newer, identificatie="T02"), who=GEMEENTE)["status"] == "accepted"


def shown(call: Callers, said: Json, *, after: str, gone: set[str], new: set[str]) -> None:
    """A replay shows this difference, however it is asked for, and changes nothing."""
    before = held(call), call.get("operator", f"/v1/berichten/{said['id']}/oordelen").json()
    plain = replayed(call, said["id"])
    assert outcomes(plain) == [(said["id"], "refused", said["status"], said["status"])]
    for how in HOWS:
        replay = replayed(call, said["id"], **how)
        same = after == said["status"] and not gone and not new
        assert outcomes(replay) == [(said["id"], "unchanged" if same else "shown", said["status"], after)]
        detail = replay["berichten"][0]["detail"]
        assert {found["regel"] for found in detail["vervallen"]} == gone
        assert {found["regel"] for found in detail["nieuw"]} == new
    assert (held(call), call.get("operator", f"/v1/berichten/{said['id']}/oordelen").json()) == before
    assert call.get(AANBIEDER, f"/v1/berichten/{said['id']}").json() == said


def test_a_processed_claim_that_would_end_the_same_is_unchanged(call: Callers) -> None:
    """What it took itself does not stand in its way: not its numbers, its period, its volume or its credit."""
    allocated(call)
    full = sent(call, claim(Line("R1", volume=20), DAGDELEN))
    shown(call, full, after="accepted", gone=set(), new=set())
    partly = sent(call, claim(Line("C1", volume=20, vorige="R1"), TOO_MUCH, identificatie="B02", nummer="D02"))
    assert partly["status"] == "partly_accepted"
    shown(call, partly, after="partly_accepted", gone=set(), new=set())


def test_a_processed_claim_is_never_taken_back(call: Callers) -> None:
    allocated(call)
    accepted = sent(call, claim(RIGHT))
    change(TOEWIJZINGEN[0], call, volume=1)
    shown(call, accepted, after="refused", gone=set(), new={"TR321"})


def test_a_refused_line_is_not_paid_by_a_replay(call: Callers) -> None:
    allocated(call)
    partly = sent(call, claim(TOO_MUCH, DAGDELEN))
    refused = sent(call, claim(Line("R9", volume=21), identificatie="B02", nummer="D02"))
    change(TOEWIJZINGEN[0], call, volume=5)
    shown(call, partly, after="accepted", gone={"TR321"}, new=set())
    shown(call, refused, after="accepted", gone={"TR321"}, new=set())
    assert booked(call) == [("R2", True), ("R4", False), ("R9", False)]


def test_a_replay_shows_what_a_new_contract_says(call: Callers) -> None:
    named = {"gemeente": ANDERE_GEMEENTE}
    assert sent(call, allocation(Terms(), gemeente=ANDERE_GEMEENTE), who=ANDERE_GEMEENTE)["status"] == "accepted"
    accepted = sent(call, claim(Line(tarief=6100), **named))
    assert (accepted["status"], accepted["versies"]["contract"]) == ("accepted", [])
    officer = Caller(TokenRole.OPERATOR, None, "operator:test", TODAY)
    contracts.load(call.gateway, officer, contracts.check_file(contracts.file_of("rhenen-wmo-2023")))
    replay = replayed(call, accepted["id"], dry_run=True)
    assert outcomes(replay) == [(accepted["id"], "shown", "accepted", "refused")]
    detail = replay["berichten"][0]["detail"]
    assert (detail["vervallen"], detail["nieuw"]) == (
        [],
        [{"regel": "TR418", "retourcode": "0611", "pad": PRESTATIE.format(1)}],
    )
    asked = accepted["bedragen"]["ingediend"]
    amounts = {"was": {"ingediend": asked, "toegekend": asked}, "wordt": {"ingediend": asked, "toegekend": 0}}
    assert detail["bedragen"] == replay["difference"]["bedragen"] == amounts
    assert detail["retour"] == {
        "was": "WMO325",
        "wordt": "WMO325",
        "anders": True,
        "retourcodes": {"vervallen": {"8001": 1}, "nieuw": {"0200": 2, "0611": 1}},
    }
    assert booked(call) == [("R1", True)]


@pytest.mark.parametrize("how", [{}, {"force": True}], ids=["plain", "force"])
def test_a_rejected_claim_is_booked_once_by_a_replay(call: Callers, how: dict[str, bool]) -> None:
    """Its identification was held by a claim that waited; that one was rejected, and the number is free again."""
    allocated(call)
    waiting = call.send(AANBIEDER, claim(DAGDELEN, nummer="D09", totaal=1), Prefer="respond-async").json()
    rejected = sent(call, claim(RIGHT))
    assert (rejected["status"], codes(rejected)) == ("rejected", {("TR056", "9056", "Header")})
    assert judge_next(call.gateway, LATER) is not None
    assert call.get(AANBIEDER, f"/v1/berichten/{waiting['id']}").json()["status"] == "rejected"
    before = held(call)
    assert outcomes(replayed(call, rejected["id"], dry_run=True)) == [(rejected["id"], "shown", "rejected", "accepted")]
    assert held(call) == before

    assert outcomes(replayed(call, rejected["id"], **how)) == [(rejected["id"], "judged", "rejected", "accepted")]
    assert booked(call) == [("R1", True)]
    assert [entry["id"] for entry in mailbox(call, GEMEENTE) if entry["soort"] == "WMO323"] == [rejected["id"]]
    answers = [entry for entry in mailbox(call, AANBIEDER) if entry["antwoord_op"] == rejected["id"]]
    said = call.get(AANBIEDER, f"/v1/berichten/{rejected['id']}").json()
    assert [entry["id"] for entry in answers] == [said["retour"]["id"]]
    assert (said["status"], said["oordelen"], said["bevindingen"]) == ("accepted", 2, [])
    shown(call, said, after="accepted", gone=set(), new=set())
    assert sent(call, claim(RIGHT)) == said


def test_of_two_rejected_claims_for_the_same_the_older_is_booked(call: Callers) -> None:
    """Both are dated on the day after their receipt; sent again on it, the second finds its period claimed."""
    allocated(call)
    bodies = [claim(Line(f"R{nr}", volume=10), identificatie=f"B{nr}", nummer=f"D{nr}") for nr in range(2)]
    early = [sent(call, body, "2023-02-28") for body in bodies]
    assert [one["status"] for one in early] == ["rejected", "rejected"]
    replayed(call, *[one["id"] for one in early], force=True)
    assert booked(call) == []  # a replay judges by the first moment of receipt
    again = [sent(call, body) for body in reversed(bodies)]
    assert [one["status"] for one in again] == ["accepted", "refused"]
    assert codes(again[1]) == {("TR389", "9389", "Prestatie")}
    assert booked(call) == [("R0", False), ("R1", True)]


def test_a_replay_goes_by_the_order_in_which_claims_were_booked(call: Callers) -> None:
    """The first claim was rejected, and is judged again behind the second, which took its period."""
    allocated(call)
    bodies = [claim(Line(f"R{nr}", volume=10), identificatie=f"B{nr}", nummer=f"D{nr}") for nr in range(2)]
    assert sent(call, bodies[0], "2023-02-28")["status"] == "rejected"
    accepted, refused = sent(call, bodies[1]), sent(call, bodies[0])
    assert (accepted["status"], refused["status"]) == ("accepted", "refused")
    shown(call, refused, after="refused", gone=set(), new=set())
    shown(call, accepted, after="accepted", gone=set(), new=set())


def test_a_rejected_claim_whose_period_has_passed_is_rejected_by_a_replay_too(call: Callers) -> None:
    allocated(call)
    early = sent(call, claim(RIGHT), "2023-02-28")
    begin, end = month(MAART)
    march = claim(Line("M1", begin=begin, end=end), maand=MAART, dagtekening=end, identificatie="B02", nummer="D02")
    assert sent(call, march, "2023-03-31")["status"] == "accepted"
    assert outcomes(replayed(call, early["id"])) == [(early["id"], "unchanged", "rejected", "rejected")]
    late = sent(call, claim(RIGHT), "2023-04-01")
    assert (late["status"], codes(late)) == ("rejected", {("TR318", "8214", "Declaratie")})
    assert [found["id"] for found in everything(call, AANBIEDER, "retourcode=8214")] == [early["id"]]


def test_later_claims_do_not_hide_what_a_replay_of_an_earlier_one_shows(call: Callers) -> None:
    allocated(call)
    accepted = sent(call, claim(RIGHT))
    begin, end = month(MAART)
    march = claim(Line("M1", begin=begin, end=end), maand=MAART, dagtekening=end, identificatie="B02", nummer="D02")
    assert sent(call, march, "2023-03-31")["status"] == "accepted"
    shown(call, accepted, after="accepted", gone=set(), new=set())
