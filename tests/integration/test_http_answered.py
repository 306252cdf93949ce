"""The facts of a message follow the answer of its receiver: taken back where it refuses, added where it accepts."""

from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import select

from iwmo_gateway.store.tables import prestaties, toewijzing_versies, toewijzingen
from tests import claims
from tests.answers import answer
from tests.cases import FIXTURES
from tests.claims import Line, Terms, claim, invoice
from tests.conftest import Callers
from tests.integration.test_http_answers import answers_itself, now, sent, told
from tests.integration.test_http_builders import AANBIEDER, GEMEENTE, Json, made_by, mailbox, with_values

VOORAF = FIXTURES / "vooraf"
TOEWIJZING, START, STOP = ((VOORAF / f"{name}-3.2.xml").read_bytes() for name in ("toewijzing", "start", "stop"))
VERZOEK, ANTWOORD = ((VOORAF / f"{name}-3.2.xml").read_bytes() for name in ("aanvraag", "antwoord-afgewezen"))
STOPPED = "/Bericht/Client/StopProducten/StopProduct[1]"
STARTED = "/Bericht/Client/StartProducten/StartProduct[1]"
ALLOCATED = "/Bericht/Client/ToegewezenProducten/ToegewezenProduct[1]"
ASKED = "/Bericht/Client/AangevraagdeProducten/AangevraagdProduct[1]"
ANSWERED = "/Bericht/Antwoord"


def changed(body: bytes, **values: str) -> bytes:
    return with_values(body.decode(), values)


def answered(call: Callers, body: bytes, identificatie: str = "RETOUR01", **how: Any) -> Json:
    """The answer of the receiver, which is accepted."""
    made = answer(call.gateway, body, identificatie, **how)
    who = AANBIEDER if b"<b:Afzender>0384" in body or b":Afzender>0384<" in body else GEMEENTE
    said = sent(call, who, made)
    assert (said["status"], told(said)) == ("accepted", [])
    return said


def rules(said: Json) -> list[str]:
    return [found["regel"] for found in said["bevindingen"]]


# --- allocations -----------------------------------------------------------------------------------------------------


def versions(call: Callers, nummer: int = 810001) -> list[tuple[int, str]]:
    """The versions of an allocation: number in order, and message."""
    query = (
        select(toewijzing_versies.c.nr, toewijzing_versies.c.message, toewijzingen.c.versions)
        .join_from(toewijzing_versies, toewijzingen)
        .where(toewijzingen.c.nummer == nummer)
        .order_by(toewijzing_versies.c.nr)
    )
    with call.gateway.database.reading() as transaction:
        rows = transaction.execute(query).all()
    assert {count for *_, count in rows} <= {len(rows)}
    return [(nr, message) for nr, message, _ in rows]


def version(nr: int) -> bytes:
    """The same allocation, a day later and an hour a week more each time."""
    terms = Terms(volume=3 + nr, made_at=datetime(2022, 12, nr, 10))  # noqa: DTZ001
    return claims.allocation(terms, identificatie=f"T0{nr}")


@pytest.mark.parametrize("refused", [1, 2, 3])
def test_one_of_three_versions_of_an_allocation_is_taken_back(call: Callers, refused: int) -> None:
    answers_itself(call, AANBIEDER)
    said = {nr: sent(call, GEMEENTE, version(nr)) for nr in (1, 2, 3)}
    assert versions(call) == [(nr, said[nr]["id"]) for nr in (1, 2, 3)]
    answered(call, version(refused), codes={ALLOCATED: "9332"})
    left = [nr for nr in said if nr != refused]
    assert versions(call) == [(place, said[nr]["id"]) for place, nr in enumerate(left, 1)]
    # A later one comes after these, and what they allow follows the newest: nr + 3 hours in each of five weeks.
    said[4] = sent(call, GEMEENTE, version(4))
    assert versions(call)[-1] == (3, said[4]["id"])
    answered(call, version(4), "RETOUR02", codes={ALLOCATED: "9332"})
    most = 5 * (3 + left[-1])
    too_much, right = (
        sent(call, AANBIEDER, claim(Line(f"R{volume}", volume=volume), identificatie=f"B{volume}", nummer=f"D{volume}"))
        for volume in (most + 5, most)
    )
    assert ("TR321" in rules(too_much), right["status"]) == (True, "accepted")


def test_an_allocation_without_versions_is_gone_and_its_number_free(call: Callers) -> None:
    answers_itself(call, AANBIEDER)
    sent(call, GEMEENTE, TOEWIJZING)
    assert sent(call, AANBIEDER, START)["status"] == "accepted"
    answered(call, TOEWIJZING, codes={ALLOCATED: "9332"})
    assert rules(sent(call, AANBIEDER, changed(START, Identificatie="START02"))) == ["TR019", "TR074", "TR326"]
    other = changed(TOEWIJZING, Identificatie="TOEW02", Bsn="999900006")
    assert sent(call, GEMEENTE, other)["status"] == "accepted"


def test_an_allocation_that_the_provider_accepts_after_all_is_there(call: Callers) -> None:
    answers_itself(call, AANBIEDER)
    wrong = TOEWIJZING.replace(b"Code>02A16<", b"Code>02B99<")
    refused = sent(call, GEMEENTE, wrong)
    assert (refused["status"], made_by(call)) == ("rejected", [])
    answered(call, wrong)
    assert (now(call, refused)["status"], made_by(call)) == ("accepted", [refused["id"]])


# --- starts and stops ------------------------------------------------------------------------------------------------


def test_a_start_is_taken_back(call: Callers) -> None:
    answers_itself(call, GEMEENTE)
    allocated, started = sent(call, GEMEENTE, TOEWIJZING), sent(call, AANBIEDER, START)
    assert made_by(call) == [started["id"], allocated["id"]]
    answered(call, START, codes={STARTED: "9019"})
    assert made_by(call) == [allocated["id"]]
    assert sent(call, AANBIEDER, STOP)["status"] == "rejected"


def test_a_start_that_was_refused_is_added(call: Callers) -> None:
    answers_itself(call, GEMEENTE)
    started = sent(call, AANBIEDER, START)
    answered(call, START)
    sent(call, GEMEENTE, TOEWIJZING)
    assert started["id"] in made_by(call)
    assert sent(call, AANBIEDER, STOP)["status"] == "accepted"


def test_a_start_whose_deletion_is_refused_is_there_again(call: Callers) -> None:
    answers_itself(call, GEMEENTE)
    sent(call, GEMEENTE, TOEWIJZING)
    started = sent(call, AANBIEDER, START)
    deletion = changed(START, Identificatie="START02", StatusAanlevering="3")
    assert sent(call, AANBIEDER, deletion)["status"] == "accepted"
    assert started["id"] not in made_by(call)
    answered(call, deletion, codes={STARTED: "9063"})
    assert started["id"] in made_by(call)
    assert sent(call, AANBIEDER, STOP)["status"] == "accepted"


def test_a_stop_is_taken_back_and_its_deletion_too(call: Callers) -> None:
    answers_itself(call, GEMEENTE)
    for body, who in ((TOEWIJZING, GEMEENTE), (START, AANBIEDER), (STOP, AANBIEDER)):
        assert sent(call, who, body)["status"] == "accepted"
    again, deletion = (
        changed(STOP, Identificatie=f"STOP0{nr}", StatusAanlevering=status) for nr, status in ((2, "1"), (3, "3"))
    )
    assert sent(call, AANBIEDER, again)["status"] == "rejected"
    assert sent(call, AANBIEDER, deletion)["status"] == "accepted"
    # The deletion is refused: the stop stands, and the same stop again is one too many.
    answered(call, deletion, "RETOUR01", codes={STOPPED: "9063"})
    assert call.send(AANBIEDER, again).json()["status"] == "rejected"
    # The stop itself is refused: care goes on, and may be stopped.
    answered(call, STOP, "RETOUR02", codes={STOPPED: "9326"})
    assert call.send(AANBIEDER, again).json()["status"] == "accepted"


# --- requests --------------------------------------------------------------------------------------------------------


def test_a_request_is_taken_back_and_its_reference_free(call: Callers) -> None:
    answers_itself(call, GEMEENTE)
    sent(call, AANBIEDER, VERZOEK)
    again = changed(VERZOEK, Identificatie="VERZOEK02")
    assert sent(call, AANBIEDER, again)["status"] == "rejected"
    answered(call, VERZOEK, codes={ASKED: "9375"})
    assert sent(call, GEMEENTE, ANTWOORD)["status"] == "rejected"
    assert call.send(AANBIEDER, again).json()["status"] == "accepted"
    assert call.send(GEMEENTE, ANTWOORD).json()["status"] == "accepted"


def test_an_answer_to_a_request_is_taken_back_and_may_be_given_again(call: Callers) -> None:
    answers_itself(call, AANBIEDER)
    sent(call, AANBIEDER, VERZOEK)
    sent(call, GEMEENTE, ANTWOORD)
    again = changed(ANTWOORD, Identificatie="ANTWOORD02")
    assert sent(call, GEMEENTE, again)["status"] == "rejected"
    answered(call, ANTWOORD, codes={ANSWERED: "9373"})
    assert call.send(GEMEENTE, again).json()["status"] == "accepted"


def test_an_answer_that_came_too_early_counts_once_the_provider_accepts_it(call: Callers) -> None:
    answers_itself(call, AANBIEDER)
    sent(call, AANBIEDER, VERZOEK)
    sent(call, GEMEENTE, ANTWOORD)
    again = changed(ANTWOORD, Identificatie="ANTWOORD02", VerzoekAntwoord="2")
    refused = sent(call, GEMEENTE, again)
    assert refused["status"] == "rejected"
    answered(call, again)
    assert now(call, refused)["status"] == "accepted"


# --- claims ----------------------------------------------------------------------------------------------------------

TERMS = (Terms(), Terms(810002, categorie="07", code="07A12", volume=3, eenheid="16"))
HOURS = Line("R1", volume=10)
DAYS = Line("R2", 810002, volume=15, eenheid="16", tarief=4657, categorie="07", code="07A12")
TOO_MUCH = replace(HOURS, volume=25)
KINDS: list[Any] = [claim, invoice]


def booked(call: Callers) -> list[tuple[str, bool]]:
    """Every line that is kept: its number, and whether it was approved."""
    lines = select(prestaties.c.referentie_nummer, prestaties.c.approved).order_by(prestaties.c.referentie_nummer)
    with call.gateway.database.reading() as transaction:
        return [(number, bool(approved)) for number, approved in transaction.execute(lines)]


def asked(call: Callers, body: bytes) -> Json:
    answers_itself(call, GEMEENTE)
    sent(call, GEMEENTE, claims.allocation(*TERMS))
    return sent(call, AANBIEDER, body)


def code(made: Any) -> str:
    return "9321" if made is claim else "0551"


@pytest.mark.parametrize("made", KINDS)
@pytest.mark.parametrize(
    ("refused", "status", "toegekend"),
    [((), "accepted", 129855), (("R2",), "partly_accepted", 60000), (("R1", "R2"), "refused", 0)],
)
def test_the_lines_in_the_answer_to_a_claim_are_refused(
    call: Callers, made: Any, refused: tuple[str, ...], status: str, toegekend: int
) -> None:
    body = made(HOURS, DAYS)
    said = asked(call, body)
    assert (said["status"], booked(call)) == ("accepted", [("R1", True), ("R2", True)])
    answered(call, body, refused=dict.fromkeys(refused, code(made)))
    result = now(call, said)
    assert (result["status"], result["bedragen"]) == (status, {"ingediend": 129855, "toegekend": toegekend})
    assert [(found["regel"], found["retourcode"], found["klasse"]) for found in result["bevindingen"]] == [
        ("retour", code(made), "Prestatie")
    ] * len(refused)
    assert booked(call) == [(number, number not in refused) for number in ("R1", "R2")]
    amounts = [
        one["bedragen"] for one in call.get("operator", f"/v1/berichten/{said['id']}/oordelen").json()["oordelen"]
    ]
    assert amounts == [{"ingediend": 129855, "toegekend": 129855}, {"ingediend": 129855, "toegekend": toegekend}]
    # What is refused may be claimed once more, what is approved may not.
    for number, line in (("R1", HOURS), ("R2", DAYS)):
        whole = replace(line, referentie=f"{number}X", volume=20 if line is HOURS else 15)
        how = {"nummer": f"D{number}"} if made is claim else {}
        again = made(whole, identificatie=f"B{number}", **how)
        assert sent(call, AANBIEDER, again)["status"] == ("accepted" if number in refused else "refused")


@pytest.mark.parametrize("made", KINDS)
def test_lines_that_the_gateway_refused_are_approved(call: Callers, made: Any) -> None:
    body = made(TOO_MUCH, DAYS)
    said = asked(call, body)
    assert (said["status"], booked(call)) == ("partly_accepted", [("R1", False), ("R2", True)])
    answered(call, body)
    result = now(call, said)
    assert (result["status"], result["bedragen"]["toegekend"], rules(result)) == ("accepted", 219855, [])
    assert booked(call) == [("R1", True), ("R2", True)]


@pytest.mark.parametrize("made", KINDS)
def test_the_other_line_is_refused_than_by_the_gateway(call: Callers, made: Any) -> None:
    body = made(TOO_MUCH, DAYS)
    said = asked(call, body)
    answered(call, body, refused={"R2": code(made)})
    result = now(call, said)
    assert (result["status"], result["bedragen"]["toegekend"], rules(result)) == ("partly_accepted", 150000, ["retour"])
    assert booked(call) == [("R1", True), ("R2", False)]


@pytest.mark.parametrize(
    ("made", "place", "what"),
    [(claim, "Header", "9056"), (claim, "Declaratie", "9333"), (invoice, "Header", "0030")],
)
def test_a_claim_that_is_refused_as_a_whole_counts_as_not_sent(call: Callers, made: Any, place: str, what: str) -> None:
    body = made(HOURS, DAYS)
    said = asked(call, body)
    answered(call, body, codes={f"/Bericht/{place}": what})
    result = now(call, said)
    assert (result["status"], result["bedragen"]) == ("rejected", {"ingediend": 129855, "toegekend": 0})
    assert told(result) == [("retour", what, f"/Bericht/{place}", "reject")]
    assert booked(call) == []
    # All its numbers are free.
    assert sent(call, AANBIEDER, made(HOURS))["status"] == "accepted"


@pytest.mark.parametrize("made", KINDS)
def test_a_client_that_is_refused_takes_its_lines_along(call: Callers, made: Any) -> None:
    body = made(HOURS, DAYS)
    said = asked(call, body)
    pad = "/Bericht/Declaratie/Clienten/Client[1]" if made is claim else "/Bericht/Clienten/Client[1]"
    answered(call, body, codes={pad: "8187"}, refused=dict.fromkeys(("R1", "R2"), code(made)))
    result = now(call, said)
    assert (result["status"], told(result)) == ("refused", [("retour", "8187", pad, "reject")])
    assert booked(call) == [("R1", False), ("R2", False)]


@pytest.mark.parametrize("made", KINDS)
def test_what_the_gateway_refused_as_a_whole_is_paid_but_leaves_no_lines(call: Callers, made: Any) -> None:
    body = made(HOURS, totaal=60001)
    said = asked(call, body)
    assert said["status"] == "rejected"
    answered(call, body)
    assert now(call, said)["status"] == "accepted"
    assert booked(call) == []
    assert sent(call, AANBIEDER, made(HOURS))["status"] == "accepted"


def test_an_answer_to_a_claim_that_is_not_here_is_refused(call: Callers) -> None:
    body = claim(HOURS)
    answers_itself(call, GEMEENTE)
    early = sent(call, GEMEENTE, answer(call.gateway, body))
    assert (early["status"], rules(early), mailbox(call, AANBIEDER)) == ("rejected", ["TR337"], [])
    said = asked(call, body)
    again = call.send(GEMEENTE, answer(call.gateway, body))
    assert (again.status_code, again.json()["status"], again.json()["antwoord_op"]) == (200, "accepted", said["id"])


# --- numbers that are in use -----------------------------------------------------------------------------------------


def test_a_line_with_a_used_number_that_the_municipality_approves_is_settled(call: Callers) -> None:
    asked(call, claim(HOURS))
    used = claim(replace(HOURS, volume=1), replace(DAYS, volume=1), identificatie="B02", nummer="D02")
    second = sent(call, AANBIEDER, used)
    assert second["status"] == "partly_accepted"
    answered(call, used)
    assert (now(call, second)["status"], now(call, second)["bedragen"]["toegekend"]) == ("accepted", 10657)


def test_a_second_credit_of_a_line_that_the_municipality_approves_is_settled(call: Callers) -> None:
    asked(call, claim(HOURS))
    for nr, status in ((2, "accepted"), (3, "refused")):
        credit = claim(replace(HOURS, referentie=f"C{nr}", vorige="R1"), identificatie=f"B0{nr}", nummer=f"D0{nr}")
        said = sent(call, AANBIEDER, credit)
        assert said["status"] == status
    answered(call, credit)
    result = now(call, said)
    assert (result["status"], result["bedragen"]["toegekend"]) == ("accepted", -60000)
    # It is taken back once.
    assert booked(call) == [("C2", True), ("C3", False), ("R1", True)]


def test_a_request_with_a_used_reference_that_the_municipality_accepts_is_settled(call: Callers) -> None:
    answers_itself(call, GEMEENTE)
    sent(call, AANBIEDER, VERZOEK)
    again = changed(VERZOEK, Identificatie="VERZOEK02")
    second = sent(call, AANBIEDER, again)
    assert second["status"] == "rejected"
    answered(call, again)
    assert now(call, second)["status"] == "accepted"


def test_an_allocation_with_the_number_of_another_client_that_the_provider_accepts_is_settled(call: Callers) -> None:
    answers_itself(call, AANBIEDER)
    sent(call, GEMEENTE, TOEWIJZING)
    other = changed(TOEWIJZING, Identificatie="TOEW02", Bsn="999900006")
    second = sent(call, GEMEENTE, other)
    assert rules(second) == ["TR332", "TR332"]
    answered(call, other)
    assert now(call, second)["status"] == "accepted"


def test_an_allocation_of_the_same_moment_that_the_provider_accepts_is_settled(call: Callers) -> None:
    answers_itself(call, AANBIEDER)
    sent(call, GEMEENTE, TOEWIJZING)
    other = changed(TOEWIJZING, Identificatie="TOEW02", Volume="9")
    second = sent(call, GEMEENTE, other)
    assert rules(second) == ["TR332", "TR332"]
    answered(call, other)
    assert now(call, second)["status"] == "accepted"


# --- answers that do not say why -------------------------------------------------------------------------------------


@pytest.mark.parametrize("made", KINDS)
def test_a_line_is_refused_also_where_its_code_says_nothing(call: Callers, made: Any) -> None:
    body = made(HOURS, DAYS)
    said = asked(call, body)
    silent = answer(call.gateway, body, refused={"R2": code(made)}).replace(code(made).encode(), b"0200")
    assert sent(call, GEMEENTE, silent)["status"] == "accepted"
    result = now(call, said)
    assert (result["status"], result["bedragen"]["toegekend"]) == ("partly_accepted", 60000)
    assert [(found["regel"], found["retourcode"], found["klasse"]) for found in result["bevindingen"]] == [
        ("retour", "0200", "Prestatie")
    ]
    assert booked(call) == [("R1", True), ("R2", False)]


@pytest.mark.parametrize(("made", "place", "what"), [(claim, "Declaratie", "9333"), (invoice, "Header", "0030")])
def test_a_claim_of_which_nothing_is_approved_is_refused_also_without_a_code(
    call: Callers, made: Any, place: str, what: str
) -> None:
    body = made(HOURS)
    said = asked(call, body)
    silent = answer(call.gateway, body, codes={f"/Bericht/{place}": what}).replace(what.encode(), b"0200")
    assert sent(call, GEMEENTE, silent)["status"] == "accepted"
    result = now(call, said)
    assert (result["status"], result["bedragen"]) == ("rejected", {"ingediend": 60000, "toegekend": 0})
    assert told(result) == [("retour", "0200", f"/Bericht/{place}", "reject")]
    assert booked(call) == []


def test_a_line_of_a_303_that_is_paid_in_part_is_approved(call: Callers) -> None:
    body = invoice(HOURS, DAYS)
    said = asked(call, body)
    part = answer(call.gateway, body, refused={"R2": "0551"}).decode()
    before, amount, after = part.partition("ToegekendBedrag>\r\n")
    part = before + amount + after.replace("Bedrag>0<", "Bedrag>40000<", 1)
    part = part.replace("TotaalBedrag>60000<", "TotaalBedrag>100000<").replace(">0551<", ">0200<")
    taken = sent(call, GEMEENTE, part.encode())
    assert (taken["status"], told(taken)) == ("accepted", [])
    result = now(call, said)
    assert (result["status"], result["bedragen"]) == ("accepted", {"ingediend": 129855, "toegekend": 100000})
    assert booked(call) == [("R1", True), ("R2", True)]


def test_a_credit_that_the_municipality_refuses_leaves_its_debit_paid(call: Callers) -> None:
    asked(call, claim(HOURS))
    credit = claim(replace(HOURS, referentie="C2", vorige="R1"), identificatie="B02", nummer="D02")
    said = sent(call, AANBIEDER, credit)
    answered(call, credit, refused={"C2": "8017"})
    result = now(call, said)
    assert (result["status"], result["bedragen"]) == ("refused", {"ingediend": -60000, "toegekend": 0})
    assert booked(call) == [("C2", False), ("R1", True)]
    again = claim(replace(HOURS, referentie="C3", vorige="R1"), identificatie="B03", nummer="D03")
    assert sent(call, AANBIEDER, again)["status"] == "accepted"


def test_a_claim_whose_lines_were_credited_since_may_still_be_refused(call: Callers) -> None:
    """The municipality refuses the debit after its credit was approved: both stand as they were answered."""
    body = claim(HOURS)
    said = asked(call, body)
    credit = claim(replace(HOURS, referentie="C2", vorige="R1"), identificatie="B02", nummer="D02")
    assert sent(call, AANBIEDER, credit)["status"] == "accepted"
    answered(call, body, refused={"R1": "9321"})
    assert now(call, said)["status"] == "refused"
    assert booked(call) == [("C2", True), ("R1", False)]


def test_an_allocation_on_which_was_claimed_may_still_be_refused(call: Callers) -> None:
    answers_itself(call, AANBIEDER)
    body = claims.allocation(*TERMS)
    said = sent(call, GEMEENTE, body)
    assert sent(call, AANBIEDER, claim(HOURS))["status"] == "accepted"
    answered(call, body, codes={ALLOCATED: "9332"})
    assert now(call, said)["status"] == "rejected"
    again = claim(replace(HOURS, referentie="R9"), identificatie="B02", nummer="D02")
    assert "TR304" in rules(sent(call, AANBIEDER, again))
