"""Reviews over HTTP: lines of claims that are held, the decisions of their municipality, and the answer afterwards.

By the contract of Rhenen what comes more than two months after the care is not taken up any more (bijlage 8, 8.10): its
municipality decides.
"""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from iwmo_gateway.errors import RetourInvalid
from iwmo_gateway.gateway import contracts, person, review, standing
from iwmo_gateway.gateway.access import Caller
from iwmo_gateway.gateway.parties import set_answering
from iwmo_gateway.gateway.waiting import judge_next
from iwmo_gateway.store import reviews
from iwmo_gateway.store.parties import TokenRole
from tests.answers import answer
from tests.claims import (
    AANBIEDER,
    ANDERE_AANBIEDER,
    BSN,
    OTHER_BSN,
    Line,
    Terms,
    allocation,
    claim,
    invoice,
    refused_sum,
    totals,
)
from tests.claims import ANDERE_GEMEENTE as RHENEN
from tests.claims import GEMEENTE as ELDERS
from tests.conftest import TODAY, Callers
from tests.integration.test_http_builders import LATER, Json, codes_of, day, document_of, everything, mailbox, served
from tests.integration.test_http_refusals import is_problem
from tests.integration.test_races import at_once

APRIL = date(2023, 4, 1)
RECEIVED = "2023-05-02"
TOTAL = Terms(volume=40, frequentie="6")
"""Forty hours in all."""
LATE = Line("R1", volume=10)
"""February, which had to be in by the end of April."""
LATER_STILL = Line("R0", volume=6, begin=date(2023, 1, 1), end=date(2023, 1, 31))
IN_TIME = Line("R2", volume=10, begin=date(2023, 3, 1), end=date(2023, 3, 31))
WRONG = Line("R3", volume=1, tarief=6100, begin=APRIL, end=date(2023, 4, 30))
REFUSE = {"besluit": "refuse", "retourcode": "9321", "reason": "Te laat, zonder bericht vooraf."}
APPROVE = {"besluit": "approve"}
PLACE = "/Bericht/Declaratie/Clienten/Client[1]/Prestaties/Prestatie"


@pytest.fixture(autouse=True)
def agreed(call: Callers) -> None:
    """The contract of Rhenen is loaded, and forty hours are allocated."""
    officer = Caller(TokenRole.OPERATOR, None, "operator:test", TODAY)
    contracts.load(call.gateway, officer, contracts.check_file(contracts.file_of("rhenen-wmo-2023")))
    assert sent(call, allocation(TOTAL, gemeente=RHENEN), who=RHENEN)["status"] == "accepted"


def sent(call: Callers, body: bytes, on: str = RECEIVED, who: str = AANBIEDER) -> Json:
    """The result of a message."""
    said: Json = call.send(who, body, day(on)).json()
    return said


def claimed(*lines: Line, nr: int = 1, **how: Any) -> bytes:
    """A claim in May for what was delivered up to April, with numbers of its own."""
    told = {"identificatie": f"B{nr}", "nummer": f"D{nr}", "maand": APRIL, "dagtekening": date(2023, 5, 1)}
    return claim(*lines, gemeente=RHENEN, **(told | how))


def invoiced(*lines: Line, nr: int = 1) -> bytes:
    """The same in release 2.3."""
    dated = {"maand": APRIL, "dagtekening": date(2023, 5, 1)}
    return invoice(*lines, gemeente=RHENEN, identificatie=f"D{nr}", **dated)  # type: ignore[arg-type]


def listed(call: Callers, who: str = RHENEN, query: str = "", on: str = RECEIVED) -> list[Json]:
    """What waits, page by page."""
    found: list[Json] = []
    path: str | None = f"/v1/reviews?{query}"
    while path is not None:
        page = call.get(who, path, **{"X-Received-At": day(on).isoformat()}).json()
        found += page["reviews"]
        path = page["links"]["next"]
    return found


def decided(call: Callers, number: int, how: Json, on: str = "2023-05-04", who: str = RHENEN) -> Any:
    headers = {**call.headers(who), "X-Received-At": day(on).isoformat()}
    return call.client.post(f"/v1/reviews/{number}", json=how, headers=headers)


def result(call: Callers, said: Json, who: str = AANBIEDER) -> Json:
    found: Json = call.get(who, f"/v1/berichten/{said['id']}").json()
    return found


def lines(call: Callers, who: str = AANBIEDER) -> dict[str, str]:
    """The state of every line, by its number."""
    found = call.get(who, "/v1/declaraties/regels").json()["regels"]
    return {line["referentie_nummer"]: line["staat"] for line in found}


def refusing(said: Json) -> set[str]:
    """The rules that refuse something of a message."""
    return {one["regel"] for one in said["bevindingen"] if one["actie"] == "reject"}


def kinds(call: Callers, who: str) -> list[str]:
    return [entry["soort"] for entry in mailbox(call, who)]


# --- held -----------------------------------------------------------------------------------------------------------


def test_a_held_line_holds_back_the_answer_and_the_claim(call: Callers) -> None:
    validated = call.send(AANBIEDER, claimed(LATE), day(RECEIVED), path="/v1/validations").json()
    answer = call.send(AANBIEDER, claimed(LATE), day(RECEIVED))
    said = answer.json()
    assert (answer.status_code, said["status"], validated["status"]) == (201, "in_review", "in_review")
    assert (said["retour"], said["antwoord_door"], said["bedragen"]) == (
        None, None, {"ingediend": 60000, "toegekend": 0},
    )  # fmt: skip
    assert "tot de gemeente erover besluit" in said["toelichting"]
    assert [(one["regel"], one["actie"], one["artikel"]) for one in said["bevindingen"]] == [
        ("contract-indienen", "signal", "bijlage 8, 8.6"), ("contract-vervallen", "review", "bijlage 8, 8.10"),
    ]  # fmt: skip
    assert kinds(call, RHENEN) == ["WMO302"]
    assert kinds(call, AANBIEDER) == ["WMO301"]
    is_problem(call.get(RHENEN, f"/v1/berichten/{said['id']}"), 404, "niet-gevonden")
    is_problem(call.get(AANBIEDER, f"/v1/berichten/{said['id']}/retour"), 404, "niet-gevonden")
    assert lines(call) == lines(call, RHENEN) == {"R1": "aangehouden"}
    (told,) = call.get(RHENEN, "/v1/declaraties?status=in_review").json()["declaraties"]
    assert (told["status"], told["toegekend"], told["regels"]["aangehouden"]) == ("in_review", 0, 1)
    assert [found["id"] for found in everything(call, AANBIEDER, "status=in_review")] == [said["id"]]


def test_8_2_a_wrong_tariff_names_the_article_of_its_product(call: Callers) -> None:
    said = sent(call, claimed(WRONG))
    assert [(one["regel"], one["verwacht"], one["artikel"]) for one in said["bevindingen"]] == [
        ("TR418", "6000", "bijlage 8, 8.2; bijlage 9")
    ]


def test_what_waits_says_which_line_why_and_by_when(call: Callers) -> None:
    said = sent(call, claimed(LATE))
    (waits,) = listed(call)
    number = waits.pop("id")
    assert number > 0
    assert waits == {
        "bericht": said["id"], "soort": "WMO323", "release": "3.2", "domein": "wmo",
        "gemeente": RHENEN, "aanbieder": AANBIEDER, "identificatie": "B1", "declaratie_nummer": "D1",
        "referentie_nummer": "R1", "toewijzing_nummer": 810001, "product": {"categorie": "02", "code": "02A16"},
        "periode": {"begindatum": "2023-02-01", "einddatum": "2023-02-28"},
        "volume": 10, "eenheid": "04", "tarief": 6000, "bedrag": 60000, "pad": f"{PLACE}[1]",
        "regelnummer": said["bevindingen"][0]["regelnummer"],
        "bevindingen": [{
            "regel": "contract-vervallen", "artikel": "bijlage 8, 8.10", "tekst": said["bevindingen"][1]["tekst"],
            "verwacht": "ontvangen op of voor 2023-04-30", "gevonden": "ontvangen op 2023-05-02",
        }],
        "received_at": "2023-05-02T12:00:00+02:00", "uiterlijk": "2023-05-17", "te_laat": False, "werkdagen_over": 10,
    }  # fmt: skip
    on = {"X-Received-At": day(RECEIVED).isoformat()}
    report = call.get(RHENEN, "/v1/reports/openstaand?soort=antwoord", **on).json()["openstaand"]
    (open_,) = [one for one in report if one["aan_zet"] == RHENEN]
    assert (open_["bericht"], open_["wat"], open_["uiterlijk"]) == (
        said["id"], "besluiten over de aangehouden regels", "2023-05-17",
    )  # fmt: skip


def test_the_contract_may_want_a_decision_sooner(call: Callers) -> None:
    agreed = contracts.file_of("rhenen-wmo-2023").read_bytes()
    own = b'\n[beoordeling]\nwerkdagen = 5\nartikel = "een proef"\n'
    sooner = contracts.check("rhenen-wmo-2023", agreed + own)
    contracts.load(call.gateway, Caller(TokenRole.OPERATOR, None, "operator:test", TODAY), sooner)
    sent(call, claimed(LATE))
    assert [line["uiterlijk"] for line in listed(call)] == ["2023-05-10"]


def test_nothing_is_decided_by_time_and_what_is_overdue_is_counted(
    call: Callers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(standing, "FRESH", timedelta())
    said = sent(call, claimed(LATE, IN_TIME))
    assert [line["te_laat"] for line in listed(call, on="2023-05-17")] == [False]
    assert [(line["te_laat"], line["werkdagen_over"]) for line in listed(call, on="2023-06-01")] == [(True, -9)]
    assert (
        listed(call, query="te_laat=true", on="2023-05-17")
        == listed(call, query="te_laat=false", on="2023-06-01")
        == []
    )
    metrics = call.client.get("/metrics").text
    assert 'iwmo_reviews_waiting{due="late"} 1.0' in metrics
    assert 'iwmo_reviews_waiting{due="later"} 0.0' in metrics
    assert judge_next(call.gateway, LATER) is None
    assert result(call, said)["status"] == "in_review"
    decided(call, listed(call)[0]["id"], APPROVE)
    assert 'iwmo_reviews_waiting{due="late"} 0.0' in call.client.get("/metrics").text


def test_what_is_nearly_due_stands_first_page_by_page(call: Callers) -> None:
    later = sent(call, claimed(LATE), on="2023-05-04")
    first = sent(call, claimed(LATER_STILL, WRONG, nr=2), on="2023-05-03")
    assert later["status"] == first["status"] == "in_review"
    found = listed(call)
    assert [line["uiterlijk"] for line in found] == sorted(line["uiterlijk"] for line in found)
    assert found[0]["bericht"] == first["id"]
    assert found[-1]["bericht"] == later["id"]
    assert listed(call, query="limit=1") == found
    assert listed(call, query=f"bericht={later['id']}") == listed(call, query="declaratie_nummer=D1") == found[-1:]
    assert listed(call, "operator", "limit=1&gemeente=0340") == listed(call, "auditor") == found
    assert listed(call, "operator", f"gemeente={ELDERS}") == []
    for query in (
        "after=x",
        "after=2023-05-17",
        "after=2023-13-01_1",
        f"after=2023-05-17_{2**63}",
        "te_laat=x",
        "meer=1",
    ):
        is_problem(call.get(RHENEN, f"/v1/reviews?{query}"), 400, "parameters")


# --- decided --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("made", [claimed, invoiced])
def test_the_last_approval_accepts_answers_and_forwards_the_claim(call: Callers, made: Any) -> None:
    said = sent(call, made(LATE, IN_TIME))
    assert (said["status"], said["bedragen"]) == ("in_review", {"ingediend": 120000, "toegekend": 60000})
    (line,) = listed(call)
    answer = decided(call, line["id"], {**APPROVE, "reason": "Was telefonisch gemeld."})
    assert answer.status_code == 200
    kept = answer.json()
    assert (kept["besluit"], kept["status"], kept["te_besluiten"], kept["decided_by"]) == (
        "approve", "accepted", 0, RHENEN,
    )  # fmt: skip
    now = result(call, said)
    assert now == result(call, said, RHENEN)
    assert (now["status"], now["oordelen"], now["toelichting"]) == ("accepted", 2, None)
    assert (now["bedragen"], now["retour"]) == ({"ingediend": 120000, "toegekend": 120000}, kept["retour"])
    assert now["bevindingen"] == said["bevindingen"]
    assert (now["received_at"], now["versies"]) == (said["received_at"], said["versies"])
    retour = call.get(AANBIEDER, f"/v1/berichten/{said['id']}/retour").content
    root = document_of(retour).root
    assert totals(root) == (120000, 120000)
    assert "8001" in {code for codes in codes_of(retour).values() for code in codes}
    assert "2023-05-04" in retour.decode()
    kind = said["soort"]
    assert kinds(call, RHENEN) == ["WMO302", kind]
    assert kinds(call, AANBIEDER) == ["WMO301", kept["retour"]["soort"]]
    assert lines(call) == {"R1": "goedgekeurd", "R2": "goedgekeurd"}
    (fact,) = call.get(RHENEN, "/v1/declaraties").json()["declaraties"]
    assert (fact["status"], fact["toegekend"]) == ("accepted", 120000)
    assert listed(call) == []
    story = call.get(RHENEN, f"/v1/berichten/{said['id']}/oordelen").json()
    assert [one["status"] for one in story["oordelen"]] == ["in_review", "accepted"]
    assert [one["event"] for one in story["gebeurtenissen"]] == [
        "received", "judged", "decided", "judged", "answered", "forwarded",
    ]  # fmt: skip
    event = story["gebeurtenissen"][2]
    assert (event["actor"], event["detail"]["besluit"], event["detail"]["reden"]) == (
        RHENEN, "approve", "Was telefonisch gemeld.",
    )  # fmt: skip


@pytest.mark.parametrize("made", [claimed, invoiced])
def test_a_claim_of_which_every_line_is_refused_is_refused_and_says_why(call: Callers, made: Any) -> None:
    said = sent(call, made(LATE))
    (line,) = listed(call)
    assert decided(call, line["id"], REFUSE).json()["status"] == "refused"
    now = result(call, said)
    assert (now["status"], now["bedragen"]) == ("refused", {"ingediend": 60000, "toegekend": 0})
    finding = now["bevindingen"][-1]
    assert finding == {
        **{name: finding[name] for name in ("regelnummer", "tekst", "verwacht")},
        "regel": "besluit", "niveau": 4, "retourcode": "9321", "klasse": "Prestatie", "pad": line["pad"],
        "gevonden": REFUSE["reason"], "artikel": "bijlage 8, 8.10", "actie": "reject",
    }  # fmt: skip
    retour = call.get(AANBIEDER, f"/v1/berichten/{said['id']}/retour").content
    assert codes_of(retour)["Prestatie"] == ["9321"]
    root = document_of(retour).root
    assert (totals(root), refused_sum(root)) == ((60000, 0), 60000)
    if made is invoiced:
        assert [amount[0].text for amount in root.iter("{*}GemeenteBerekendBedrag")] == ["60000"]
    assert lines(call) == {"R1": "afgekeurd"}
    assert kinds(call, RHENEN) == ["WMO302", said["soort"]]


def test_lines_are_decided_in_two_calls_beside_right_and_refused_ones(call: Callers) -> None:
    said = sent(call, claimed(LATER_STILL, LATE, IN_TIME, WRONG))
    assert (said["status"], said["bedragen"]) == ("in_review", {"ingediend": 162100, "toegekend": 60000})
    assert lines(call) == {"R0": "aangehouden", "R1": "aangehouden", "R2": "goedgekeurd", "R3": "afgekeurd"}
    first, second = listed(call)
    assert [first["referentie_nummer"], second["referentie_nummer"]] == ["R0", "R1"]
    kept = decided(call, second["id"], REFUSE).json()
    assert (kept["status"], kept["te_besluiten"], kept["retour"]) == ("in_review", 1, None)
    # Until the last decision all stays as it is.
    assert result(call, said) == said
    assert lines(call)["R1"] == "aangehouden"
    assert listed(call) == [first]
    assert kinds(call, AANBIEDER) == ["WMO301"]
    kept = decided(call, first["id"], APPROVE).json()
    assert (kept["status"], kept["te_besluiten"]) == ("partly_accepted", 0)
    now = result(call, said)
    assert now["bedragen"] == {"ingediend": 162100, "toegekend": 96000}
    assert lines(call) == {"R0": "goedgekeurd", "R1": "afgekeurd", "R2": "goedgekeurd", "R3": "afgekeurd"}
    retour = call.get(AANBIEDER, f"/v1/berichten/{said['id']}/retour").content
    assert codes_of(retour) == {
        "Header": ["0200"], "DeclaratieAntwoord": ["0200"], "Client": ["0200"], "Prestatie": ["9321", "0611"],
    }  # fmt: skip
    root = document_of(retour).root
    assert (totals(root), refused_sum(root)) == ((162100, 96000), 66100)


def test_many_are_decided_at_once_each_with_an_outcome_of_its_own(call: Callers) -> None:
    one = sent(call, claimed(LATER_STILL, LATE))
    two = sent(call, claimed(replace(LATE, nummer=810002, referentie="R5"), nr=2))  # no such allocation: refused
    three = sent(
        call, claimed(Line("R6", volume=1, begin=date(2023, 1, 1), end=date(2023, 1, 31), nummer=810003), nr=3)
    )
    assert [said["status"] for said in (one, two, three)] == ["in_review", "refused", "refused"]
    first, second = (line["id"] for line in listed(call))
    asked = [
        {"id": first, **APPROVE}, {"id": 999_999, **APPROVE}, {"id": second, **REFUSE, "retourcode": "9999"},
        {"id": first, **REFUSE},
    ]  # fmt: skip
    answer = call.post(RHENEN, "/v1/reviews", {"besluiten": asked})
    assert answer.status_code == 200
    came = answer.json()["besluiten"]
    assert [(done["id"], done["problem"]) for done in came] == [
        (first, None), (999_999, "niet-gevonden"), (second, "parameters"), (first, "al-besloten"),
    ]  # fmt: skip
    assert (came[0]["besloten"]["besluit"], came[0]["besloten"]["te_besluiten"]) == ("approve", 1)
    assert result(call, one)["status"] == "in_review"
    done = call.post(RHENEN, "/v1/reviews", {"besluiten": [{"id": second, **REFUSE}]}).json()["besluiten"]
    assert done[0]["besloten"]["status"] == result(call, one)["status"] == "partly_accepted"


def test_two_claims_are_decided_in_one_call(call: Callers) -> None:
    said = [sent(call, claimed(LATER_STILL)), sent(call, claimed(LATE, nr=2))]
    asked = [{"id": line["id"], **APPROVE} for line in listed(call)]
    came = call.post(RHENEN, "/v1/reviews", {"besluiten": asked}).json()["besluiten"]
    assert [done["besloten"]["status"] for done in came] == ["accepted", "accepted"]
    assert [result(call, one)["status"] for one in said] == ["accepted", "accepted"]
    assert kinds(call, AANBIEDER) == ["WMO301", "WMO325", "WMO325"]


# --- who, and what is wrong -----------------------------------------------------------------------------------------


def test_only_the_municipality_of_the_claim_decides(call: Callers) -> None:
    said = sent(call, claimed(LATE))
    (line,) = listed(call)
    for who in (ELDERS, AANBIEDER, ANDERE_AANBIEDER):
        assert listed(call, who) == []
        is_problem(decided(call, line["id"], APPROVE, who=who), 404, "niet-gevonden")
        came = call.post(who, "/v1/reviews", {"besluiten": [{"id": line["id"], **APPROVE}]}).json()["besluiten"]
        assert [done["problem"] for done in came] == ["niet-gevonden"]
    for who in ("operator", "auditor"):
        assert [one["id"] for one in listed(call, who)] == [line["id"]]
        is_problem(decided(call, line["id"], APPROVE, who=who), 403, "IB008")
        is_problem(call.post(who, "/v1/reviews", {"besluiten": [{"id": line["id"], **APPROVE}]}), 403, "IB008")
    assert result(call, said) == said


def test_a_line_is_decided_on_once(call: Callers) -> None:
    sent(call, claimed(LATE))
    (line,) = listed(call)
    assert decided(call, line["id"], APPROVE).status_code == 200
    for how in (APPROVE, REFUSE):
        is_problem(decided(call, line["id"], how), 409, "al-besloten")
    assert kinds(call, AANBIEDER) == ["WMO301", "WMO325"]


@pytest.mark.parametrize(
    "how",
    [
        {}, {"besluit": "misschien"}, {"besluit": "refuse"}, {"besluit": "refuse", "retourcode": "9321"},
        {"besluit": "refuse", "reason": "te laat"}, {**REFUSE, "retourcode": "9999"}, {**REFUSE, "retourcode": "x"},
        {**REFUSE, "retourcode": "8001"}, {**REFUSE, "retourcode": "0200"}, {**REFUSE, "reason": ""},
        {**APPROVE, "retourcode": "9321"}, {**APPROVE, "anders": 1},
    ],
)  # fmt: skip
def test_a_decision_that_is_none_changes_nothing(call: Callers, how: Json) -> None:
    said = sent(call, claimed(LATE))
    (line,) = listed(call)
    is_problem(decided(call, line["id"], how), 400, "parameters")
    assert (result(call, said), [one["id"] for one in listed(call)]) == (said, [line["id"]])


def test_a_return_code_is_one_of_the_release_of_the_claim(call: Callers) -> None:
    """9385 is a code of 3.2 alone."""
    sent(call, invoiced(LATE))
    (line,) = listed(call)
    is_problem(decided(call, line["id"], {**REFUSE, "retourcode": "9385"}), 400, "parameters")
    assert decided(call, line["id"], REFUSE).status_code == 200


def test_a_number_that_cannot_be_one_is_no_review(call: Callers) -> None:
    is_problem(decided(call, 12345, APPROVE), 404, "niet-gevonden")
    for number in ("x", "-1", str(2**63)):
        is_problem(call.post(RHENEN, f"/v1/reviews/{number}", APPROVE), 400, "parameters")
    is_problem(call.post(RHENEN, "/v1/reviews", {"besluiten": []}), 400, "parameters")
    is_problem(call.post(RHENEN, "/v1/reviews", {"besluiten": [{"id": 2**63, **APPROVE}]}), 400, "parameters")


# --- meanwhile ------------------------------------------------------------------------------------------------------


def test_a_repeat_gives_the_result_as_it_stands_and_a_replay_is_refused(call: Callers) -> None:
    said = sent(call, claimed(LATE))
    again = call.send(AANBIEDER, claimed(LATE), day("2023-05-03"))
    assert (again.status_code, again.json()) == (200, said)
    for force, dry_run in ((False, False), (True, False), (True, True), (False, True)):
        how = {"ids": [said["id"]], "reason": "nog eens", "force": force, "dry_run": dry_run}
        (item,) = call.post("operator", "/v1/replays", how).json()["berichten"]
        assert (item["outcome"], "besluit van de gemeente" in item["detail"]["reden"]) == ("refused", True)
    assert result(call, said) == said
    decided(call, listed(call)[0]["id"], REFUSE)
    now = result(call, said)
    assert sent(call, claimed(LATE)) == now
    how = {"ids": [said["id"]], "reason": "nog eens", "force": True}
    (item,) = call.post("operator", "/v1/replays", how).json()["berichten"]
    assert (item["outcome"], result(call, said)) == ("shown", now)


def test_what_is_held_stays_reserved_and_is_free_after_a_refusal(call: Callers) -> None:
    sent(call, claimed(replace(LATE, volume=36)))
    too_much = sent(call, claimed(IN_TIME, nr=2))
    assert refusing(too_much) == {"TR322"}
    same_period = sent(call, claimed(replace(LATE, referentie="R9", volume=1), nr=3))
    assert refusing(same_period) == {"TR389"}
    assert (too_much["status"], same_period["status"]) == ("refused", "refused")
    same_number = sent(call, claimed(replace(IN_TIME, referentie="R1"), nr=4))
    assert refusing(same_number) == {"TR314"}
    same_claim = sent(call, claimed(replace(IN_TIME, referentie="R8"), nr=5, nummer="D1"))
    assert (refusing(same_claim), same_claim["status"]) == ({"TR333"}, "rejected")
    gone = replace(TOTAL, end=TOTAL.begin, reden="13", made_at=TOTAL.made_at.replace(day=2))
    removal = sent(call, allocation(gone, identificatie="T02", gemeente=RHENEN), who=RHENEN)
    assert refusing(removal) == {"TR385"}
    decided(call, listed(call)[0]["id"], REFUSE)
    fits = sent(call, claimed(replace(IN_TIME, referentie="R7"), nr=6))
    assert fits["status"] == "accepted"


def test_a_held_line_that_does_not_fit_is_refused(call: Callers) -> None:
    said = sent(call, claimed(replace(LATE, volume=41)))
    assert said["status"] == "refused"
    assert listed(call) == []
    both = sent(call, claimed(replace(LATER_STILL, volume=25), replace(LATE, referentie="R6", volume=25), nr=2))
    assert (both["status"], [line["referentie_nummer"] for line in listed(call)]) == ("in_review", ["R0"])


@pytest.mark.parametrize(("made", "code"), [(claimed, "8017"), (invoiced, "8017")])
def test_a_held_line_is_not_credited_before_it_is_approved(call: Callers, made: Any, code: str) -> None:
    sent(call, made(LATE))
    credit = replace(LATE, referentie="C1", vorige="R1")
    early = sent(call, made(credit, nr=2))
    assert [(one["retourcode"], "nog besluit" in one["gevonden"]) for one in early["bevindingen"]] == [(code, True)]
    decided(call, listed(call)[0]["id"], APPROVE)
    assert sent(call, made(replace(credit, referentie="C2"), nr=3))["status"] == "accepted"
    assert lines(call)["R1"] == "gecrediteerd"


def test_a_credit_is_never_held(call: Callers) -> None:
    assert sent(call, claimed(LATE), on="2023-05-01")["status"] == "in_review"
    decided(call, listed(call)[0]["id"], APPROVE)
    credit = replace(LATE, referentie="C1", vorige="R1")
    assert sent(call, claimed(credit, nr=2), on="2023-12-01")["status"] == "accepted"


def test_a_large_claim_that_a_worker_judges_is_held_as_well(call: Callers) -> None:
    body = claimed(LATE)
    with served(call, sync_limit_bytes=len(body) - 1) as small:
        said = small.send(AANBIEDER, body, day(RECEIVED)).json()
    assert (said["status"], listed(call)) == ("received", [])
    judge_next(call.gateway, LATER)
    assert result(call, said)["status"] == "in_review"
    (line,) = listed(call)
    assert line["uiterlijk"] == "2023-05-17"
    assert decided(call, line["id"], APPROVE).json()["status"] == "accepted"


# --- at once, and what goes wrong -----------------------------------------------------------------------------------


def test_of_two_decisions_at_once_one_counts(call: Callers) -> None:
    said = sent(call, claimed(LATE))
    (line,) = listed(call)
    call.headers(RHENEN)
    came = at_once(2, lambda nr: decided(call, line["id"], (APPROVE, REFUSE)[nr]))
    assert sorted(one.status_code for one in came) == [200, 409]
    assert (result(call, said)["oordelen"], kinds(call, AANBIEDER)) == (2, ["WMO301", "WMO325"])


def test_the_last_two_decisions_at_once_answer_once(call: Callers) -> None:
    said = sent(call, claimed(LATER_STILL, LATE))
    numbers = [line["id"] for line in listed(call)]
    came = at_once(2, lambda nr: decided(call, numbers[nr], APPROVE))
    assert sorted((one.json()["status"], one.json()["te_besluiten"]) for one in came) == [
        ("accepted", 0), ("in_review", 1),
    ]  # fmt: skip
    assert (result(call, said)["status"], kinds(call, AANBIEDER)) == ("accepted", ["WMO301", "WMO325"])


def test_a_decision_whose_answer_cannot_be_made_is_not_kept(call: Callers, monkeypatch: pytest.MonkeyPatch) -> None:
    said = sent(call, claimed(LATE))
    (line,) = listed(call)

    def broken(*_: Any) -> None:
        raise RetourInvalid("broken")

    with monkeypatch.context() as crash:
        crash.setattr(review, "made_answer", broken)
        is_problem(decided(call, line["id"], APPROVE), 500, "fout")
    assert (result(call, said), [one["id"] for one in listed(call)]) == (said, [line["id"]])
    assert decided(call, line["id"], APPROVE).json()["status"] == "accepted"


def test_a_party_that_answers_itself_decides_by_its_own_answer(call: Callers) -> None:
    """The claim is forwarded at once, its held lines are told as findings, and stay reserved until the answer."""
    set_answering(call.gateway, RHENEN, TODAY, itself=True)
    said = sent(call, claimed(LATE))
    assert (said["status"], said["antwoord_door"], listed(call)) == ("in_review", RHENEN, [])
    assert kinds(call, RHENEN) == ["WMO302", "WMO323"]
    assert result(call, said, RHENEN) == said
    assert lines(call) == {"R1": "aangehouden"}
    with call.gateway.database.reading() as transaction:
        assert transaction.scalar(select(func.count()).select_from(reviews.reviews)) == 0
    assert sent(call, answer(call.gateway, claimed(LATE)), who=RHENEN)["status"] == "accepted"
    now = result(call, said)
    assert (now["status"], now["bedragen"]["toegekend"], lines(call)) == ("accepted", 60000, {"R1": "goedgekeurd"})


def test_nothing_that_is_told_of_a_held_line_names_its_client(call: Callers) -> None:
    said = sent(call, claimed(LATE))
    (line,) = listed(call)
    texts = [
        call.get(who, path).text for who in (RHENEN, "operator") for path in ("/v1/reviews", "/v1/reports/openstaand")
    ]
    texts += [decided(call, line["id"], REFUSE).text, call.get(RHENEN, f"/v1/berichten/{said['id']}/oordelen").text]
    assert not [text for text in texts if BSN in text]


def test_a_person_is_given_what_was_found_decided_and_replayed_of_his_own_lines(call: Callers) -> None:
    his, anothers = Terms(nummer=810002, bsn=OTHER_BSN, volume=40, frequentie="6"), replace(LATE, volume=11)
    assert sent(call, allocation(his, identificatie="T02", gemeente=RHENEN), who=RHENEN)["status"] == "accepted"
    own = replace(LATE, referentie="R9", nummer=his.nummer, bsn=his.bsn)
    said = sent(call, claimed(anothers, own))
    for one in listed(call):
        assert decided(call, one["id"], REFUSE).status_code == 200
    asked = {"ids": [said["id"]], "reason": "to see", "dry_run": True}
    assert call.post("operator", "/v1/replays", asked).status_code == 201
    given = person.export(call.gateway, OTHER_BSN, lambda some: None)
    (decision,) = given["feiten"]["reviews"]
    assert (decision["referentie_nummer"], decision["reason"]) == ("R9", REFUSE["reason"])
    (told,) = [one for one in given["berichten"] if one["id"] == said["id"]]
    places = {one["pad"].partition("/Prestaties")[0] for one in told["bevindingen"]}
    assert places == {"/Bericht/Declaratie/Clienten/Client[2]"}
    assert {one["oordeel"] for one in told["bevindingen"]} == {1, 2}
    assert any(one["verwacht"] for one in told["bevindingen"])
    assert [(one["reason"], one["dry_run"]) for one in told["herbeoordelingen"]] == [("to see", True)]
