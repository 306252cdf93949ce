"""Claims over HTTP: every outcome with its answer, what becomes of the numbers, and who sees what."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from lxml import etree
from sqlalchemy import select

from iwmo_gateway.gateway import contracts
from iwmo_gateway.gateway.access import Caller
from iwmo_gateway.gateway.waiting import judge_next
from iwmo_gateway.standard.kinds import answer_to
from iwmo_gateway.store.parties import TokenRole
from iwmo_gateway.store.tables import prestaties
from tests.claims import (
    AANBIEDER,
    ANDERE_AANBIEDER,
    ANDERE_GEMEENTE,
    GEMEENTE,
    JANUARI,
    OTHER_BSN,
    Line,
    Terms,
    allocation,
    claim,
    invoice,
    month,
    refused_sum,
    totals,
)
from tests.conftest import TODAY, Callers
from tests.integration.test_http_builders import (
    LATER,
    PERSONAL,
    Json,
    codes_of,
    day,
    document_of,
    everything,
    mailbox,
    served,
)
from tests.integration.test_http_refusals import is_problem

PATHS = ("", "/xml", "/retour", "/bevindingen", "/oordelen")
TOEWIJZINGEN = (Terms(), Terms(810002, categorie="07", code="07A12", volume=3, eenheid="16"))
RIGHT = Line("R1", volume=10)
DAGDELEN = Line("R2", 810002, volume=15, eenheid="16", tarief=4657, categorie="07", code="07A12")
WRONG_AMOUNT = Line("R3", 810002, volume=15, eenheid="16", tarief=4657, bedrag=1, categorie="07", code="07A12")
TOO_MUCH = Line("R4", volume=21)
JANUARY = dict(zip(("begin", "end"), month(JANUARI), strict=True))


def allocated(call: Callers) -> None:
    """Four hours and three parts of a day a week: twenty and fifteen in February."""
    assert call.send(GEMEENTE, allocation(*TOEWIJZINGEN)).json()["status"] == "accepted"


def sent(call: Callers, body: bytes, on: str = "2023-03-01", who: str = AANBIEDER) -> Json:
    """The result of a message."""
    said: Json = call.send(who, body, day(on)).json()
    return said


def codes(said: Json) -> set[tuple[str, str | None, str]]:
    return {(found["regel"], found["retourcode"], found["klasse"]) for found in said["bevindingen"]}


def booked(call: Callers) -> list[tuple[str, bool]]:
    """Every line that is kept: its number, and whether it was approved; by number, then oldest first."""
    lines = select(prestaties.c.referentie_nummer, prestaties.c.approved).order_by(
        prestaties.c.referentie_nummer, prestaties.c.id
    )
    with call.gateway.database.reading() as transaction:
        return [(number, bool(approved)) for number, approved in transaction.execute(lines)]


def held(call: Callers) -> tuple[Any, ...]:
    """What the gateway holds that somebody could see."""
    return (
        [(found["id"], found["status"], found["oordelen"]) for found in everything(call)],
        [[entry["id"] for entry in mailbox(call, party)] for party in (GEMEENTE, AANBIEDER)],
        booked(call),
    )


# --- outcomes -------------------------------------------------------------------------------------------------------

OUTCOMES: dict[str, tuple[tuple[Line, ...], dict[str, Any], str, tuple[int, int], dict[str, list[str]]]] = {
    "accepted": (
        (RIGHT, DAGDELEN), {}, "accepted", (129855, 129855),
        {"Header": ["0200"], "DeclaratieAntwoord": ["8001"]},
    ),
    "partly": (
        (TOO_MUCH, DAGDELEN), {}, "partly_accepted", (195855, 69855),
        {"Header": ["0200"], "DeclaratieAntwoord": ["0200"], "Client": ["0200"], "Prestatie": ["9321"]},
    ),
    "refused": (
        (TOO_MUCH,), {}, "refused", (126000, 0),
        {"Header": ["0200"], "DeclaratieAntwoord": ["0200"], "Client": ["0200"], "Prestatie": ["9321"]},
    ),
    "unknown client": (
        (Line("R5", bsn=OTHER_BSN),), {}, "refused", (6000, 0),
        {"Header": ["0200"], "DeclaratieAntwoord": ["0200"], "Client": ["8187"], "Prestatie": ["0233"]},
    ),
    "content": ((RIGHT,), {"totaal": 59999}, "rejected", (59999, 0), {"Header": ["0001"]}),
    "header": ((RIGHT,), {"dagtekening": "2023-03-02"}, "rejected", (60000, 0), {"Header": ["8848"]}),
    "declaratie": (
        (Line("R6", **JANUARY),), {"maand": JANUARI}, "rejected", (6000, 0),
        {"Header": ["0200"], "DeclaratieAntwoord": ["8214"]},
    ),
}  # fmt: skip


@pytest.mark.parametrize("made", [claim, invoice])
@pytest.mark.parametrize("name", sorted(OUTCOMES))
def test_every_outcome_is_told_answered_and_forwarded_as_it_should(call: Callers, name: str, made: Any) -> None:
    lines, how, status, (ingediend, toegekend), told = OUTCOMES[name]
    counts, numbers = status != "rejected", sorted(line.referentie for line in lines)
    allocated(call)
    if name == "declaratie":
        assert sent(call, made(Line("R0"), identificatie="EERDER"))["status"] == "accepted"
    before = held(call)
    body = made(*lines, **how) if made is invoice else made(*lines, nummer="D9", **how)
    # A validation says what sending would, and keeps nothing.
    validated = call.send(AANBIEDER, body, path="/v1/validations").json()
    assert (validated["status"], held(call)) == (status, before)
    answer = call.send(AANBIEDER, body)
    said = answer.json()
    assert (answer.status_code, said["status"]) == (201, status)
    assert said["bedragen"] == validated["bedragen"] == {"ingediend": ingediend, "toegekend": toegekend}
    assert said["bevindingen"] == validated["bevindingen"]
    # The answer waits for the provider, and the claim for the municipality if it counts.
    after = held(call)
    waits = [sorted(set(now) - set(then)) for then, now in zip(before[1], after[1], strict=True)]
    assert waits == [[said["id"]] * counts, [said["retour"]["id"]]]
    assert [number for number, _ in after[2] if number != "R0"] == numbers * counts
    # A reader that knows only the answer.
    retour = document_of(call.get(AANBIEDER, f"/v1/berichten/{said['id']}/retour").content)
    assert said["retour"]["soort"] == retour.soort.code == answer_to(document_of(body).soort).code
    assert call.gateway.schemas.check(retour).ok
    assert totals(retour.root) in {(ingediend, toegekend), None}
    assert refused_sum(retour.root) == (ingediend - toegekend if counts else 0)
    if made is claim:
        assert codes_of(etree.tostring(retour.root)) == told
    # The same again: the first result, and nothing new; and what was sent is still right, its numbers its own.
    again = call.send(AANBIEDER, body)
    assert (again.status_code, again.json(), held(call)) == (200, said, after)
    assert call.send(AANBIEDER, body, path="/v1/validations").json() == validated


def test_a_rejected_claim_is_judged_again_and_booked_once_it_is_right(call: Callers) -> None:
    body = claim(RIGHT, DAGDELEN)
    early = sent(call, body, "2023-02-28")
    assert (early["status"], codes(early)) == ("rejected", {("TR135", "8848", "Header")})
    assert (booked(call), mailbox(call, GEMEENTE)) == ([], [])
    allocated(call)
    again = call.send(AANBIEDER, body)
    said = again.json()
    assert (again.status_code, said["id"], said["status"], said["oordelen"]) == (200, early["id"], "accepted", 2)
    assert booked(call) == [("R1", True), ("R2", True)]
    # The answer that nobody fetched is gone.
    assert [entry["id"] for entry in mailbox(call, AANBIEDER)][-1] == said["retour"]["id"] != early["retour"]["id"]
    assert early["retour"]["id"] not in {entry["id"] for entry in mailbox(call, AANBIEDER)}


def test_a_claim_before_its_allocation_is_refused_and_stays_so(call: Callers) -> None:
    """It was judged, so it counts: its numbers are used. The provider claims anew under others."""
    early = sent(call, claim(RIGHT))
    assert (early["status"], codes(early)) == ("refused", {("TR304", "8187", "Client"), ("TR338", "9338", "Prestatie")})
    allocated(call)
    assert sent(call, claim(RIGHT)) == early
    same_line = sent(call, claim(RIGHT, identificatie="B02", nummer="D02"))
    assert (same_line["status"], codes(same_line)) == ("refused", {("TR314", "8021", "Prestatie")})
    anew = Line("R1B", volume=10)
    assert sent(call, claim(anew, identificatie="B03", nummer="D03"))["status"] == "accepted"


# --- numbers --------------------------------------------------------------------------------------------------------


def test_other_content_under_a_used_number_is_rejected(call: Callers) -> None:
    allocated(call)
    first = sent(call, claim(RIGHT))
    before = booked(call)
    used = {
        "DeclaratieNummer": (claim(DAGDELEN, identificatie="B02"), ("TR333", "9333", "Declaratie")),
        "Identificatie": (claim(DAGDELEN, nummer="D02"), ("TR056", "9056", "Header")),
        "both": (claim(DAGDELEN), ("TR056", "9056", "Header")),
    }
    for body, finding in used.values():
        said = sent(call, body)
        assert (said["status"], codes(said)) == ("rejected", {finding})
    # Of whichever municipality: the number is the provider's.
    elsewhere = sent(call, claim(DAGDELEN, identificatie="B03", gemeente=ANDERE_GEMEENTE))
    assert codes(elsewhere) == {("TR333", "9333", "Declaratie")}
    assert booked(call) == before
    assert call.get(AANBIEDER, f"/v1/berichten/{first['id']}").json() == first
    assert sent(call, claim(DAGDELEN, identificatie="B02", nummer="D02"))["status"] == "accepted"


def test_an_invoice_under_a_used_number_is_rejected(call: Callers) -> None:
    allocated(call)
    assert sent(call, invoice(RIGHT))["status"] == "accepted"
    other = sent(call, invoice(DAGDELEN))
    assert (other["status"], codes(other)) == ("rejected", {("TR333", "0030", "Header")})
    # A 323 may have the same numbers: it is of another kind.
    assert sent(call, claim(DAGDELEN, identificatie="F01", nummer="F01"))["status"] == "accepted"


@pytest.mark.parametrize("name", ["content", "header", "declaratie"])
def test_a_rejected_claim_leaves_every_number_free(call: Callers, name: str) -> None:
    lines, how, *_ = OUTCOMES[name]
    allocated(call)
    if name == "declaratie":
        sent(call, claim(Line("R0"), identificatie="EERDER", nummer="D0"))
    assert sent(call, claim(*lines, **how))["status"] == "rejected"
    mended = replace(DAGDELEN, referentie=lines[0].referentie)
    assert sent(call, claim(mended))["status"] == "accepted"


def test_a_refused_line_keeps_its_number_and_leaves_its_period_and_volume_free(call: Callers) -> None:
    allocated(call)
    assert sent(call, claim(TOO_MUCH, DAGDELEN))["status"] == "partly_accepted"
    same = sent(call, claim(Line(TOO_MUCH.referentie, volume=20), identificatie="B02", nummer="D02"))
    assert (same["status"], codes(same)) == ("refused", {("TR314", "8021", "Prestatie")})
    assert sent(call, claim(Line("R9", volume=20), identificatie="B03", nummer="D03"))["status"] == "accepted"
    second = sent(call, claim(Line("R10", volume=1), identificatie="B04", nummer="D04"))
    assert codes(second) == {("TR389", "9389", "Prestatie")}
    # A number that was refused to others still means the line that had it first.
    taken = sent(call, claim(Line(DAGDELEN.referentie, volume=1), identificatie="B05", nummer="D05"))
    assert codes(taken) == {("TR314", "8021", "Prestatie")}
    credit = replace(DAGDELEN, referentie="C1", vorige=DAGDELEN.referentie)
    assert sent(call, claim(credit, identificatie="B06", nummer="D06"))["status"] == "accepted"


def test_a_credit_frees_what_its_debit_took_for_a_new_debit(call: Callers) -> None:
    allocated(call)
    assert sent(call, claim(RIGHT, DAGDELEN))["status"] == "accepted"
    credit, anew = Line("C1", volume=10, vorige="R1"), Line("N1", volume=20)
    both = sent(call, claim(anew, credit, identificatie="B02", nummer="D02"))
    assert (both["status"], both["bedragen"]) == ("accepted", {"ingediend": 60000, "toegekend": 60000})
    again = sent(call, claim(Line("C2", volume=10, vorige="R1"), identificatie="B03", nummer="D03"))
    assert (codes(again), again["bedragen"]) == (
        {("TR390", "9390", "Prestatie")}, {"ingediend": -60000, "toegekend": 0},
    )  # fmt: skip
    alone = sent(call, claim(Line("C3", volume=20, vorige="N1"), identificatie="B04", nummer="D04"))
    assert (alone["status"], alone["bedragen"]) == ("accepted", {"ingediend": -120000, "toegekend": -120000})
    retour = document_of(call.get(AANBIEDER, f"/v1/berichten/{alone['id']}/retour").content)
    assert totals(retour.root) == (-120000, -120000)
    refused = sent(call, claim(Line("C4", volume=20, vorige="C3"), identificatie="B05", nummer="D05"))
    assert codes(refused) == {("TR323", "8017", "Prestatie")}


def test_an_allocation_with_approved_lines_is_not_removed(call: Callers) -> None:
    allocated(call)
    assert sent(call, claim(RIGHT, WRONG_AMOUNT))["status"] == "partly_accepted"

    def removed(terms: Terms, identificatie: str) -> Json:
        gone = replace(terms, end=terms.begin, reden="13", made_at=terms.made_at + timedelta(days=1))
        return sent(call, allocation(gone, identificatie=identificatie), who=GEMEENTE)

    refused = removed(TOEWIJZINGEN[0], "T02")
    assert (refused["status"], codes(refused)) == ("rejected", {("TR385", "9385", "ToegewezenProduct")})
    assert removed(TOEWIJZINGEN[1], "T03")["status"] == "accepted"
    gone = sent(call, claim(DAGDELEN, identificatie="B02", nummer="D02"))
    assert codes(gone) == {("TR384", "9384", "Prestatie")}
    credit = Line("C1", volume=10, vorige="R1")
    assert sent(call, claim(credit, identificatie="B03", nummer="D03"))["status"] == "accepted"
    assert removed(TOEWIJZINGEN[0], "T04")["status"] == "accepted"


def test_a_line_of_nothing_stands_in_nobodys_way(call: Callers) -> None:
    """No credit can take it back (CS325, CD060): so its period stays free, and its allocation can be removed."""
    allocated(call)
    nothing = replace(DAGDELEN, referentie="N1", volume=0)
    assert sent(call, claim(Line("N0", volume=0), nothing))["status"] == "accepted"
    assert sent(call, claim(RIGHT, identificatie="B02", nummer="D02"))["status"] == "accepted"
    gone = replace(TOEWIJZINGEN[1], end=JANUARI, reden="13", made_at=TOEWIJZINGEN[1].made_at + timedelta(days=1))
    assert sent(call, allocation(gone, identificatie="T02"), who=GEMEENTE)["status"] == "accepted"


# --- who sees what --------------------------------------------------------------------------------------------------


def test_a_municipality_sees_refused_claims_and_no_rejected_ones_and_others_see_none(call: Callers) -> None:
    allocated(call)
    ids = {name: sent(call, claim(*OUTCOMES[name][0], identificatie=name, nummer=name, **OUTCOMES[name][1]))["id"]
           for name in ("partly", "content", "header")}  # fmt: skip
    ids["refused"] = sent(call, claim(Line("X", volume=99), identificatie="refused", nummer="refused"))["id"]
    for name, identity in ids.items():
        for path in PATHS:
            theirs = call.get(GEMEENTE, f"/v1/berichten/{identity}{path}")
            ours = call.get(AANBIEDER, f"/v1/berichten/{identity}{path}")
            assert ours.status_code == 200
            if name in {"content", "header"}:
                is_problem(theirs, 404, "niet-gevonden")
            else:
                assert (theirs.status_code, theirs.content) == (200, ours.content)
            for who in (ANDERE_AANBIEDER, ANDERE_GEMEENTE):
                is_problem(call.get(who, f"/v1/berichten/{identity}{path}"), 404, "niet-gevonden")
    assert {found["id"] for found in everything(call, GEMEENTE, "soort=WMO323")} == {ids["partly"], ids["refused"]}
    assert everything(call, ANDERE_AANBIEDER, "soort=WMO323") == everything(call, ANDERE_GEMEENTE, "") == []


def test_claims_are_found_by_their_numbers_and_their_status(call: Callers) -> None:
    allocated(call)
    ids = {
        sent(call, claim(RIGHT, DAGDELEN, identificatie="B1", nummer="D1"))["id"]: "accepted",
        sent(call, claim(Line("X", volume=99), identificatie="B2", nummer="D2"))["id"]: "refused",
        sent(call, claim(Line("Y", 799999), DAGDELEN, totaal=1, identificatie="B3", nummer="D2"))["id"]: "rejected",
        sent(call, invoice(Line("Z", **JANUARY), identificatie="D1", maand=JANUARI))["id"]: "invoice",
    }
    wanted = {
        "declaratie_nummer=D1": {"accepted", "invoice"},
        "declaratie_nummer=D1&soort=WMO323": {"accepted"},
        "declaratie_nummer=D2": {"refused", "rejected"},
        "declaratie_nummer=D3": set(),
        "toewijzing_nummer=810001&soort=WMO323": {"accepted", "refused"},
        "toewijzing_nummer=810002&soort=WMO323": {"accepted", "rejected"},
        "toewijzing_nummer=799999": {"rejected"},
        "status=refused": {"refused"},
        "status=partly_accepted": set(),
        "status=rejected": {"rejected"},
        "regel=TR389": {"refused"},
        "retourcode=9389": {"refused"},
    }
    found = {query: {ids[one["id"]] for one in everything(call, AANBIEDER, query)} for query in wanted}
    assert found == wanted
    listed = {one["id"]: one["bedragen"] for one in everything(call, AANBIEDER, "status=refused")}
    assert list(listed.values()) == [{"ingediend": 594000, "toegekend": 0}]


def test_nothing_personal_is_in_any_answer_but_the_xml(call: Callers) -> None:
    allocated(call)
    unknown = Line("U1", 810009, bsn=OTHER_BSN)
    bodies = [
        claim(RIGHT, DAGDELEN, unknown),
        claim(Line("C1", volume=10, vorige="R1", bsn=OTHER_BSN), identificatie="B02", nummer="D02"),
        claim(Line("W1", bsn="999912009"), identificatie="B03", nummer="D03"),
        invoice(unknown, Line("F1")).replace(b"1951-04-17", b"1951-04-18"),
    ]
    texts = [call.send(AANBIEDER, body, path="/v1/validations").text for body in bodies]
    results = [call.send(AANBIEDER, body) for body in bodies]
    assert [one.json()["status"] for one in results] == ["partly_accepted", "refused", "rejected", "refused"]
    assert {"TR304", "TR323", "CS002", "RC8004"} <= {found[0] for one in results for found in codes(one.json())}
    texts += [answer.text for answer in results]
    for who in (AANBIEDER, GEMEENTE, "operator"):
        texts += [call.get(who, path).text for path in ("/v1/berichten", *(["/v1/mailbox"] * (who != "operator")))]
        for one in results:
            texts += [call.get(who, f"/v1/berichten/{one.json()['id']}{path}").text for path in ("", *PATHS[3:])]
    for one in results:
        how = {"ids": [one.json()["id"]], "reason": "nog eens kijken", "dry_run": True}
        texts.append(call.post("operator", "/v1/replays", how).text)
    assert not [(value, text) for value in (*PERSONAL, "1951-04-18") for text in texts if value in text]


# --- contract and size ----------------------------------------------------------------------------------------------


def test_a_claim_names_the_contract_that_it_was_held_against(call: Callers) -> None:
    officer = Caller(TokenRole.OPERATOR, None, "operator:test", TODAY)
    contracts.load(call.gateway, officer, contracts.check_file(contracts.file_of("rhenen-wmo-2023")))
    for gemeente in (GEMEENTE, ANDERE_GEMEENTE):
        assert sent(call, allocation(*TOEWIJZINGEN, gemeente=gemeente), who=gemeente)["status"] == "accepted"
    without = sent(call, claim(Line("R0", tarief=6100)))
    assert (without["status"], without["versies"]["contract"]) == ("accepted", [])
    named = {"gemeente": ANDERE_GEMEENTE, "identificatie": "B02", "nummer": "D02"}
    said = sent(call, claim(RIGHT, Line("R2", tarief=6100, **JANUARY), **named))
    assert (said["status"], said["versies"]["contract"]) == ("partly_accepted", ["rhenen-wmo-2023/1"])
    (finding,) = [one for one in said["bevindingen"] if one["actie"] == "reject"]
    assert (finding["regel"], finding["retourcode"], finding["verwacht"], finding["gevonden"]) == (
        "TR418", "0611", "6000", "6100",
    )  # fmt: skip
    rejected = sent(call, claim(RIGHT, totaal=1, **{**named, "identificatie": "B03"}))
    assert rejected["versies"]["contract"] == []


@pytest.mark.parametrize("name", ["accepted", "partly", "refused", "content"])
def test_a_claim_over_the_synchronous_limit_is_taken_up_later_and_ends_the_same(call: Callers, name: str) -> None:
    lines, how, status, (ingediend, toegekend), told = OUTCOMES[name]
    body = claim(*lines, **how)
    allocated(call)
    with served(call, sync_limit_bytes=len(body) - 1) as small:
        answer = small.send(AANBIEDER, body)
        waiting = answer.json()
    assert (answer.status_code, waiting["status"], waiting["bedragen"]) == (202, "received", None)
    assert (booked(call), judge_next(call.gateway, LATER) is not None) == ([], True)
    assert judge_next(call.gateway, LATER) is None
    said = call.get(AANBIEDER, answer.headers["location"]).json()
    assert (said["status"], said["bedragen"]) == (status, {"ingediend": ingediend, "toegekend": toegekend})
    assert codes_of(call.get(AANBIEDER, f"/v1/berichten/{said['id']}/retour").content) == told
    assert len(booked(call)) == len(lines) * (status != "rejected")
    assert sent(call, body) == said
