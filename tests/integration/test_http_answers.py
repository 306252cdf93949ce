"""Return messages from the other side over HTTP: who sends them, what they do, and what is refused."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from httpx2 import Response

from iwmo_gateway.gateway.parties import set_answering
from iwmo_gateway.gateway.waiting import judge_next
from tests.answers import answer
from tests.cases import FIXTURES
from tests.claims import THIRD_BSN
from tests.conftest import TODAY, Callers
from tests.integration.test_http_builders import (
    AANBIEDER,
    ANDERE_AANBIEDER,
    ANDERE_GEMEENTE,
    BSN,
    GEMEENTE,
    LATER,
    OTHER_BSN,
    PERSONAL,
    Json,
    allocation,
    everything,
    lone_start,
    made_by,
    mailbox,
    served,
    standing,
    start,
)
from tests.integration.test_http_refusals import is_problem

PRODUCT = "/Bericht/Client/StartProducten/StartProduct[1]"
PATHS = ("", "/xml", "/retour", "/bevindingen", "/oordelen")
OF_JW = (FIXTURES / "vooraf" / "aanvraag-jw-3.2.xml").read_bytes()


def answers_itself(call: Callers, *parties: str, itself: bool = True) -> None:
    for party in parties:
        set_answering(call.gateway, party, TODAY, itself=itself)


def sent(call: Callers, who: str, body: bytes) -> Json:
    """The result of a message that is new here."""
    answered = call.send(who, body)
    assert answered.status_code == 201, answered.text
    said: Json = answered.json()
    return said


def now(call: Callers, said: Json, who: str = "operator") -> Json:
    """The result of a message as it stands now."""
    found: Json = call.get(who, f"/v1/berichten/{said['id']}").json()
    return found


def told(said: Json) -> list[tuple[str, str | None, str, str]]:
    return [(found["regel"], found["retourcode"], found["pad"], found["actie"]) for found in said["bevindingen"]]


def judgements(call: Callers, said: Json) -> list[str]:
    return [one["status"] for one in call.get("operator", f"/v1/berichten/{said['id']}/oordelen").json()["oordelen"]]


def is_answered_once(answered: Response) -> str:
    """The id of a second answer, which was refused for that."""
    assert answered.status_code == 409, answered.text
    found = is_problem(answered, 409, "IB019")["id"]
    assert isinstance(found, str)
    return found


# --- what a party that answers for itself receives ------------------------------------------------------------------


def test_right_and_wrong_messages_are_forwarded_and_wait_for_their_receiver(call: Callers) -> None:
    answers_itself(call, GEMEENTE)
    wrong, right = sent(call, AANBIEDER, start()), sent(call, AANBIEDER, lone_start("START02"))
    assert [said["status"] for said in (wrong, right)] == ["rejected", "accepted"]
    for said in (wrong, right):
        assert (said["retour"], said["antwoord_door"], said["oordelen"]) == (None, GEMEENTE, 1)
        for who in (AANBIEDER, GEMEENTE, "operator"):
            assert now(call, said, who) == said
        for who in (AANBIEDER, GEMEENTE):
            assert call.get(who, f"/v1/berichten/{said['id']}/retour").status_code == 404
        assert call.get(GEMEENTE, f"/v1/berichten/{said['id']}/xml").status_code == 200
        for who in (ANDERE_GEMEENTE, ANDERE_AANBIEDER):
            assert {call.get(who, f"/v1/berichten/{said['id']}{path}").status_code for path in PATHS} == {404}
    assert [entry["id"] for entry in mailbox(call, GEMEENTE)] == [wrong["id"], right["id"]]
    assert mailbox(call, AANBIEDER) == []


def test_a_message_that_fails_its_schema_is_not_forwarded_and_waits_for_nobody(call: Callers) -> None:
    answers_itself(call, GEMEENTE)
    said = is_problem(call.send(AANBIEDER, lone_start(StatusAanlevering="7")), 422, "IB014")
    assert now(call, said)["antwoord_door"] is None
    assert mailbox(call, GEMEENTE) == []


def test_what_such_a_party_sends_is_answered_by_the_gateway_if_the_other_does_not(call: Callers) -> None:
    answers_itself(call, GEMEENTE)
    said = sent(call, GEMEENTE, allocation())
    assert (said["retour"]["soort"], said["antwoord_door"]) == ("WMO302", None)
    is_answered_once(call.send(AANBIEDER, answer(call.gateway, allocation())))


def test_the_setting_at_the_moment_of_judging_counts(call: Callers) -> None:
    bodies = [lone_start(f"START0{nr}", Bsn=bsn) for nr, bsn in enumerate((BSN, OTHER_BSN, THIRD_BSN), 1)]
    before = sent(call, AANBIEDER, bodies[0])
    answers_itself(call, GEMEENTE)
    between = sent(call, AANBIEDER, bodies[1])
    answers_itself(call, GEMEENTE, itself=False)
    after = sent(call, AANBIEDER, bodies[2])
    assert {said["status"] for said in (before, between, after)} == {"accepted"}
    assert [said["antwoord_door"] for said in (before, between, after)] == [None, GEMEENTE, None]
    for said, body in ((before, bodies[0]), (after, bodies[2])):
        assert said["retour"]["soort"] == "WMO306"
        is_answered_once(call.send(GEMEENTE, answer(call.gateway, body, f"R{said['identificatie']}")))
        assert now(call, said)["retour"] == said["retour"]
    # What was left to the party stays so.
    assert sent(call, GEMEENTE, answer(call.gateway, bodies[1]))["antwoord_op"] == between["id"]


def test_a_repeat_of_a_refused_message_is_answered_by_the_gateway_once_the_party_is_set_back(call: Callers) -> None:
    answers_itself(call, GEMEENTE)
    said = sent(call, AANBIEDER, start())
    answers_itself(call, GEMEENTE, itself=False)
    sent(call, GEMEENTE, allocation())
    again = call.send(AANBIEDER, start()).json()
    assert (again["id"], again["status"], again["antwoord_door"]) == (said["id"], "accepted", None)
    assert again["retour"]["soort"] == "WMO306"
    assert [entry["id"] for entry in mailbox(call, GEMEENTE)].count(said["id"]) == 1
    is_answered_once(call.send(GEMEENTE, answer(call.gateway, start())))


# --- the answer ------------------------------------------------------------------------------------------------------


def test_an_acceptance_is_tied_delivered_and_the_last_word(call: Callers) -> None:
    answers_itself(call, GEMEENTE)
    asked = sent(call, AANBIEDER, lone_start())
    body = answer(call.gateway, lone_start())
    said = sent(call, GEMEENTE, body)
    assert (said["status"], said["antwoord_op"], said["retour"]) == ("accepted", asked["id"], None)
    assert (said["soort"], said["afzender"], said["ontvanger"]) == ("WMO306", GEMEENTE, AANBIEDER)
    assert (said["identificatie"], said["dagtekening"], said["antwoord_door"]) == ("RETOUR01", "2023-03-01", None)
    (entry,) = mailbox(call, AANBIEDER)
    assert (entry["id"], entry["antwoord_op"], entry["soort"]) == (said["id"], asked["id"], "WMO306")
    for who in (AANBIEDER, GEMEENTE):
        result = now(call, asked, who)
        assert (result["status"], result["oordelen"], result["antwoord_door"]) == ("accepted", 2, None)
        assert result["retour"] == {"id": said["id"], "soort": "WMO306"}
        assert call.get(who, f"/v1/berichten/{said['id']}/xml").content == body
    assert call.get(AANBIEDER, f"/v1/berichten/{asked['id']}/retour").content == body
    for who in (ANDERE_GEMEENTE, ANDERE_AANBIEDER):
        assert {call.get(who, f"/v1/berichten/{said['id']}{path}").status_code for path in PATHS} == {404}
        assert everything(call, who) == []
    story = call.get("operator", f"/v1/berichten/{asked['id']}/oordelen").json()["gebeurtenissen"]
    assert [(event["event"], event["actor"]) for event in story][-1] == ("answered", GEMEENTE)


def test_a_refusal_gives_the_message_the_codes_of_its_receiver(call: Callers) -> None:
    sent(call, GEMEENTE, allocation())
    answers_itself(call, GEMEENTE)
    asked = sent(call, AANBIEDER, start())
    assert asked["status"] == "accepted"
    said = sent(call, GEMEENTE, answer(call.gateway, start(), codes={PRODUCT: "9019"}))
    assert (said["status"], said["bevindingen"]) == ("accepted", [])
    result = now(call, asked)
    assert (result["status"], told(result)) == ("rejected", [("retour", "9019", PRODUCT, "reject")])
    assert result["bevindingen_totaal"] == 1
    assert result["bevindingen"][0]["klasse"] == "StartProduct"
    assert (
        result["bevindingen"][0]["regelnummer"] == start().decode()[: start().index(b":StartProduct>")].count("\n") + 1
    )
    assert judgements(call, asked) == ["accepted", "rejected"]
    assert call.get(GEMEENTE, f"/v1/berichten/{asked['id']}").status_code == 200
    # It counts as not sent: its identification is free.
    assert sent(call, AANBIEDER, start(Begindatum="2023-02-02"))["status"] == "accepted"


def test_the_gateways_own_finding_explains_a_code_in_the_same_place_alone(call: Callers) -> None:
    answers_itself(call, GEMEENTE)
    asked = sent(call, AANBIEDER, start())
    (own,) = asked["bevindingen"]
    assert (own["regel"], own["retourcode"], own["pad"]) == ("TR019", "9019", PRODUCT)
    sent(call, GEMEENTE, answer(call.gateway, start(), codes={PRODUCT: "9019", "/Bericht/Client": "8187"}))
    result = now(call, asked)
    assert told(result) == [("retour", "8187", "/Bericht/Client", "reject"), ("TR019", "9019", PRODUCT, "reject")]
    assert result["bevindingen"][1] == own
    assert judgements(call, asked) == ["rejected", "rejected"]


def test_an_acceptance_of_what_the_gateway_refused_makes_it_accepted(call: Callers) -> None:
    answers_itself(call, GEMEENTE)
    asked = sent(call, AANBIEDER, start())
    sent(call, GEMEENTE, answer(call.gateway, start()))
    result = now(call, asked)
    assert (result["status"], result["bevindingen"]) == ("accepted", [])
    assert made_by(call) == [asked["id"]]
    assert judgements(call, asked) == ["rejected", "accepted"]
    # It counts as sent: its identification is used.
    assert [found["regel"] for found in sent(call, AANBIEDER, start(Begindatum="2023-02-02"))["bevindingen"]] == [
        "TR056"
    ]


def test_a_level_2_refusal_says_0001_and_is_explained_by_the_gateways_findings(call: Callers) -> None:
    answers_itself(call, GEMEENTE)
    wrong = lone_start(Bsn="999912009")
    asked = sent(call, AANBIEDER, wrong)
    assert [found["regel"] for found in asked["bevindingen"]] == ["CS002"]
    sent(call, GEMEENTE, answer(call.gateway, wrong, codes={"/Bericht/Header": "0001"}))
    assert now(call, asked)["bevindingen"] == asked["bevindingen"]
    assert now(call, asked)["status"] == "rejected"


def test_what_the_gateway_refused_at_level_2_leaves_no_facts_whatever_the_answer_is(call: Callers) -> None:
    answers_itself(call, GEMEENTE)
    wrong = start(Bsn="999912009")
    asked = sent(call, AANBIEDER, wrong)
    sent(call, GEMEENTE, answer(call.gateway, wrong))
    assert now(call, asked)["status"] == "accepted"
    assert made_by(call) == []
    # Nor does it hold its number.
    assert sent(call, AANBIEDER, lone_start())["status"] == "accepted"


def test_a_message_of_ijw_is_answered_by_its_receiver_too(call: Callers) -> None:
    answers_itself(call, GEMEENTE)
    asked = sent(call, AANBIEDER, OF_JW)
    assert (asked["soort"], asked["status"], asked["antwoord_door"]) == ("JW315", "accepted", GEMEENTE)
    product = "/Bericht/Client/AangevraagdeProducten/AangevraagdProduct[1]"
    said = sent(call, GEMEENTE, answer(call.gateway, OF_JW, codes={product: "9375"}))
    assert (said["soort"], said["status"], said["antwoord_op"]) == ("JW316", "accepted", asked["id"])
    result = now(call, asked)
    assert (result["status"], told(result)) == ("rejected", [("retour", "9375", product, "reject")])
    is_answered_once(call.send(GEMEENTE, answer(call.gateway, OF_JW, "RETOUR02")))
    # Its reference is free again.
    again = OF_JW.replace(b"<ijw:Identificatie>", b"<ijw:Identificatie>2")
    assert sent(call, AANBIEDER, again)["status"] == "accepted"


# --- what is refused -------------------------------------------------------------------------------------------------


def test_a_second_answer_is_refused_and_the_first_stays(call: Callers) -> None:
    answers_itself(call, GEMEENTE)
    asked = sent(call, AANBIEDER, lone_start())
    first = sent(call, GEMEENTE, answer(call.gateway, lone_start()))
    before = (now(call, asked), mailbox(call, AANBIEDER), made_by(call))
    body = answer(call.gateway, lone_start(), "RETOUR02", codes={PRODUCT: "9019"})
    second = is_answered_once(call.send(GEMEENTE, body))
    assert (now(call, asked), mailbox(call, AANBIEDER), made_by(call)) == before
    assert now(call, asked)["retour"]["id"] == first["id"]
    kept = now(call, {"id": second}, GEMEENTE)
    assert (kept["status"], [found["regel"] for found in kept["bevindingen"]]) == ("rejected", ["retour-eenmaal"])
    assert kept["antwoord_op"] is None
    assert call.get(AANBIEDER, f"/v1/berichten/{second}").status_code == 404
    # And so it stays, however often it is sent.
    assert is_answered_once(call.send(GEMEENTE, body)) == second
    assert (now(call, asked), mailbox(call, AANBIEDER), made_by(call)) == before


def test_only_the_receiver_of_a_message_sends_its_answer(call: Callers) -> None:
    answers_itself(call, GEMEENTE)
    sent(call, AANBIEDER, lone_start())
    body = answer(call.gateway, lone_start())
    for who in (AANBIEDER, ANDERE_GEMEENTE):
        assert "Ontvanger" in is_problem(call.send(who, body), 403, "IB009")["detail"]
    assert is_problem(call.send("operator", body), 403, "IB008")
    assert len(everything(call)) == 1


def test_an_answer_to_nothing_is_refused_and_right_once_its_message_came(call: Callers) -> None:
    answers_itself(call, GEMEENTE)
    body = answer(call.gateway, lone_start())
    early = sent(call, GEMEENTE, body)
    assert (early["status"], [found["regel"] for found in early["bevindingen"]]) == ("rejected", ["retour-bericht"])
    assert (early["retour"], early["antwoord_op"], early["antwoord_door"]) == (None, None, None)
    assert mailbox(call, AANBIEDER) == []
    assert call.get(AANBIEDER, f"/v1/berichten/{early['id']}").status_code == 404
    asked = sent(call, AANBIEDER, lone_start())
    again = call.send(GEMEENTE, body)
    assert (again.status_code, again.json()["id"], again.json()["status"]) == (200, early["id"], "accepted")
    assert [entry["antwoord_op"] for entry in mailbox(call, AANBIEDER)] == [asked["id"]]
    assert now(call, asked)["retour"]["id"] == early["id"]


def test_a_refused_message_that_was_not_forwarded_is_not_there_to_be_answered(call: Callers) -> None:
    refused = sent(call, AANBIEDER, start())
    answers_itself(call, GEMEENTE)
    said = sent(call, GEMEENTE, answer(call.gateway, start()))
    assert [found["regel"] for found in said["bevindingen"]] == ["retour-bericht"]
    assert now(call, refused) == refused


def test_an_answer_that_fails_its_schema_is_kept_as_invalid_and_does_nothing(call: Callers) -> None:
    answers_itself(call, GEMEENTE)
    asked = sent(call, AANBIEDER, lone_start())
    wrong = answer(call.gateway, lone_start()).replace(b"BerichtCode>419<", b"BerichtCode>418<")
    said = is_problem(call.send(GEMEENTE, wrong), 422, "IB014")
    assert now(call, said, GEMEENTE)["status"] == "invalid"
    assert now(call, asked) == asked
    assert sent(call, GEMEENTE, answer(call.gateway, lone_start()))["status"] == "accepted"


def test_a_used_number_refuses_an_answer(call: Callers) -> None:
    answers_itself(call, GEMEENTE)
    for identificatie in ("START01", "START02"):
        sent(call, AANBIEDER, lone_start(identificatie))
    sent(call, GEMEENTE, answer(call.gateway, lone_start("START01")))
    said = sent(call, GEMEENTE, answer(call.gateway, lone_start("START02")))
    assert told(said) == [("TR056", "9056", "/Bericht/Header", "reject")]
    assert sent(call, GEMEENTE, answer(call.gateway, lone_start("START02"), "RETOUR02"))["status"] == "accepted"


def test_findings_on_an_answer_show_nothing_personal(call: Callers) -> None:
    answers_itself(call, GEMEENTE)
    sent(call, AANBIEDER, lone_start())
    wrong = answer(call.gateway, lone_start(), codes={PRODUCT: "9019"}).replace(b"2023-02-07", b"2023-02-08")
    answered = call.send(GEMEENTE, wrong)
    assert [found["regel"] for found in answered.json()["bevindingen"]] == ["retour-kop"]
    assert not [value for value in PERSONAL if value in answered.text]


# --- again, later, at once -------------------------------------------------------------------------------------------


def test_the_same_answer_again_gives_its_first_result_and_changes_nothing(call: Callers) -> None:
    answers_itself(call, GEMEENTE)
    sent(call, AANBIEDER, start())
    body = answer(call.gateway, start())
    first = sent(call, GEMEENTE, body)
    before = standing(call)
    again = call.send(GEMEENTE, body)
    assert (again.status_code, again.json()) == (200, first)
    assert standing(call) == before


def test_a_repeat_of_the_answered_message_gives_the_receivers_word(call: Callers) -> None:
    answers_itself(call, GEMEENTE)
    asked = sent(call, AANBIEDER, start())
    sent(call, GEMEENTE, answer(call.gateway, start(), codes={PRODUCT: "9019"}))
    sent(call, GEMEENTE, allocation())
    result, before = now(call, asked), standing(call)
    again = call.send(AANBIEDER, start())
    assert (again.status_code, again.json()) == (200, result)
    assert result["status"] == "rejected"
    assert standing(call) == before


def test_a_replay_of_an_answered_message_only_shows_what_the_gateway_would_say(call: Callers) -> None:
    answers_itself(call, GEMEENTE)
    asked = sent(call, AANBIEDER, start())
    said = sent(call, GEMEENTE, answer(call.gateway, start(), codes={PRODUCT: "9019"}))
    sent(call, GEMEENTE, allocation())
    before = standing(call)

    def outcome(message: Json, **how: bool) -> tuple[str, str]:
        asking = {"ids": [message["id"]], "reason": "opnieuw", **how}
        (item,) = call.post("operator", "/v1/replays", asking).json()["berichten"]
        return item["outcome"], item["status_after"]

    assert outcome(asked) == ("refused", "rejected")
    assert outcome(asked, force=True) == ("shown", "accepted")
    assert outcome(asked, dry_run=True) == ("shown", "accepted")
    assert outcome(said) == ("refused", "accepted")
    assert outcome(said, force=True)[1] == "accepted"
    assert standing(call) == before


def test_an_answer_that_is_large_is_judged_later(call: Callers) -> None:
    answers_itself(call, GEMEENTE)
    asked = sent(call, AANBIEDER, lone_start())
    body = answer(call.gateway, lone_start())
    with served(call, sync_limit_bytes=len(body) - 1) as small:
        taken = small.send(GEMEENTE, body)
    assert (taken.status_code, taken.json()["status"]) == (202, "received")
    assert now(call, asked) == asked
    assert judge_next(call.gateway, LATER)
    assert now(call, taken.json())["antwoord_op"] == asked["id"]
    assert now(call, asked)["retour"]["id"] == taken.json()["id"]
    assert [entry["id"] for entry in mailbox(call, AANBIEDER)] == [taken.json()["id"]]


def test_a_message_that_waits_is_answered_by_who_answers_when_it_is_judged(call: Callers) -> None:
    with served(call, sync_limit_bytes=10) as small:
        taken = small.send(AANBIEDER, lone_start())
    assert taken.status_code == 202
    answers_itself(call, GEMEENTE)
    assert judge_next(call.gateway, LATER)
    assert now(call, taken.json())["antwoord_door"] == GEMEENTE


@pytest.mark.parametrize("how_often", range(3))
def test_of_two_answers_at_once_exactly_one_is_accepted(call: Callers, how_often: int) -> None:
    answers_itself(call, GEMEENTE)
    sent(call, GEMEENTE, allocation())
    asked = sent(call, AANBIEDER, start())
    call.headers(GEMEENTE)
    bodies = [
        answer(call.gateway, start(), "RETOUR01"),
        answer(call.gateway, start(), "RETOUR02", codes={PRODUCT: "9019"}),
    ]
    together = Barrier(len(bodies))

    def send(body: bytes) -> Response:
        together.wait(30)
        return call.send(GEMEENTE, body)

    with ThreadPoolExecutor(len(bodies)) as threads:
        answered = list(threads.map(send, bodies))
    assert sorted(one.status_code for one in answered) == [201, 409]
    (first,) = (one.json() for one in answered if one.status_code == 201)
    (entry,) = [entry for entry in mailbox(call, AANBIEDER) if entry["antwoord_op"] == asked["id"]]
    assert entry["id"] == first["id"]
    result = now(call, asked)
    assert result["retour"]["id"] == first["id"]
    accepted = first["identificatie"] == "RETOUR01"
    assert result["status"] == ("accepted" if accepted else "rejected")
    assert (asked["id"] in made_by(call)) is accepted
    assert result["oordelen"] == 2


# --- numbers that were used again ------------------------------------------------------------------------------------


def test_each_of_two_messages_with_the_same_number_gets_its_own_answer(call: Callers) -> None:
    """The sender mends what the gateway refused, under the same number, before the receiver answered."""
    answers_itself(call, GEMEENTE)
    wrong, right = lone_start(StatusAanlevering="3", Dagtekening="2023-02-07"), lone_start(Dagtekening="2023-02-08")
    refused, mended = sent(call, AANBIEDER, wrong), sent(call, AANBIEDER, right)
    assert [said["status"] for said in (refused, mended)] == ["rejected", "accepted"]
    assert [entry["id"] for entry in mailbox(call, GEMEENTE)] == [refused["id"], mended["id"]]
    first = sent(call, GEMEENTE, answer(call.gateway, wrong, "RETOUR01", codes={PRODUCT: "9063"}))
    assert (told(first), first["antwoord_op"]) == ([], refused["id"])
    second = sent(call, GEMEENTE, answer(call.gateway, right, "RETOUR02"))
    assert (told(second), second["antwoord_op"]) == ([], mended["id"])
    assert [now(call, said)["status"] for said in (refused, mended)] == ["rejected", "accepted"]


def test_an_accepted_message_that_lost_its_number_to_another_leaves_no_facts(call: Callers) -> None:
    """The receiver accepts a refused message whose number the sender used again meanwhile."""
    answers_itself(call, GEMEENTE)
    wrong, right = lone_start(StatusAanlevering="3", Dagtekening="2023-02-07"), lone_start(Dagtekening="2023-02-08")
    refused, mended = sent(call, AANBIEDER, wrong), sent(call, AANBIEDER, right)
    said = sent(call, GEMEENTE, answer(call.gateway, wrong, "RETOUR01"))
    assert (said["status"], said["antwoord_op"]) == ("accepted", refused["id"])
    sent(call, GEMEENTE, answer(call.gateway, right, "RETOUR02"))
    assert [now(call, one)["status"] for one in (refused, mended)] == ["accepted", "accepted"]
    # The number is still the second one's.
    assert [found["regel"] for found in sent(call, AANBIEDER, lone_start(Begindatum="2023-02-03"))["bevindingen"]] == [
        "TR056"
    ]
