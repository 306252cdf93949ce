"""Held lines in the console: who sees what, the answer before it goes, and decisions as on the API."""

import re
from datetime import timedelta
from typing import Any

import pytest
from httpx2 import Response

from iwmo_gateway.gateway import review
from iwmo_gateway.gateway.access import Caller
from iwmo_gateway.store.parties import TokenRole
from iwmo_gateway.store.reviews import Besluit, Decision
from iwmo_gateway.web.console import reviews as page
from tests.claims import AANBIEDER, BSN, Line
from tests.claims import ANDERE_GEMEENTE as RHENEN
from tests.claims import GEMEENTE as ELDERS
from tests.conftest import TODAY, Callers
from tests.integration.console_visitor import Visitor, fields, text_of
from tests.integration.test_http_builders import Json, codes_of, document_of
from tests.integration.test_http_reviews import (
    APPROVE,
    IN_TIME,
    LATE,
    LATER_STILL,
    REFUSE,
    WRONG,
    agreed,  # noqa: F401 a fixture of every test here too
    claimed,
    decided,
    invoiced,
    kinds,
    listed,
    result,
    sent,
)

CODE = "retourcode-WMO323-3.2"
AFKEUREN = {"besluit": "refuse", CODE: "9321", "reden": "Te laat, zonder bericht vooraf."}
GOEDKEUREN = {"besluit": "approve"}


def numbers(call: Callers) -> list[str]:
    return [str(line["id"]) for line in listed(call)]


def previewed(visitor: Visitor, lines: list[str], how: dict[str, str]) -> Response:
    answer = visitor.post("/beoordelingen/voorbeeld", {"regel": lines, **how})
    assert answer.status_code == 200, text_of(answer)
    return answer


def confirmed(visitor: Visitor, shown: Response, lines: list[str], how: dict[str, str]) -> Response:
    """Decide as a page showed."""
    seen = fields(shown, "/beoordelingen/besluit")
    assert {name: seen[name] for name in how} == how
    return visitor.post("/beoordelingen/besluit", {"regel": lines, **how, "gezien": seen["gezien"]})


def test_the_list_is_what_the_api_lists_for_who_decides_and_who_looks(call: Callers) -> None:
    sent(call, claimed(LATE))
    sent(call, claimed(LATER_STILL, nr=2), on="2023-05-04")
    for who, boxes in ((RHENEN, 2), ("operator", 0), ("auditor", 0)):
        answer = Visitor(call, who).get("/beoordelingen")
        assert answer.text.count('type="checkbox"') == boxes
        seen = re.findall(r"regel (R\d)", text_of(answer))
        assert seen == [line["referentie_nummer"] for line in listed(call, who)] == ["R1", "R0"]
        assert BSN not in answer.text
    assert "Er wacht geen regel" in text_of(Visitor(call, ELDERS).get("/beoordelingen"))
    theirs = text_of(Visitor(call, AANBIEDER).get("/beoordelingen"))
    assert "regel R1" in theirs
    assert "regel R0" in theirs
    assert "Er wacht geen regel van uw declaraties" in text_of(Visitor(call, "65656055").get("/beoordelingen"))


def test_what_is_overdue_is_marked_in_words_and_can_be_asked_for(call: Callers) -> None:
    sent(call, claimed(LATE))
    visitor = Visitor(call, RHENEN)
    assert re.search(r"17-05-2023 te laat: \d+ werkdagen", text_of(visitor.get("/beoordelingen")))
    assert "regel R1" in text_of(visitor.get("/beoordelingen", te_laat="true", aanbieder=AANBIEDER))
    for asked in ({"te_laat": "false"}, {"aanbieder": "65656055"}, {"declaratie_nummer": "D2"}):
        assert "Geen regel die wacht, voldoet hieraan" in text_of(visitor.get("/beoordelingen", **asked))
    assert listed(call, query=f"aanbieder={AANBIEDER}") == listed(call)
    assert listed(call, query="aanbieder=65656055") == []
    assert visitor.get("/beoordelingen", after="x").status_code == 400


def test_a_long_list_goes_on_page_by_page(call: Callers, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page, "_PAGE", 1)
    sent(call, claimed(LATE))
    sent(call, claimed(LATER_STILL, nr=2))
    for who in (RHENEN, AANBIEDER):
        visitor = Visitor(call, who)
        first = visitor.get("/beoordelingen")
        following = re.search('rel="next" href="([^"]+)"', first.text)
        assert following
        second = visitor.client.get(following[1].replace("&amp;", "&"))
        assert [re.findall(r"regel (R\d)", text_of(one)) for one in (first, second)] == [["R1"], ["R0"]]
        assert 'rel="next"' not in second.text


@pytest.mark.parametrize(("made", "code"), [(claimed, CODE), (invoiced, "retourcode-WMO303-2.3")])
def test_the_answer_is_seen_before_it_goes_and_goes_as_it_was_seen(call: Callers, made: Any, code: str) -> None:
    said = sent(call, made(LATE, IN_TIME, WRONG))
    lines, visitor = numbers(call), Visitor(call, RHENEN)
    how = {"besluit": "refuse", code: "9321", "reden": "Te laat."}
    shown = previewed(visitor, lines, how)
    text = text_of(shown)
    assert "deels toegekend" in text
    assert "Ingediend € 1.261,00 Toegekend € 600,00 Afgewezen € 661,00" in text
    assert "Besluit van de gemeente: Te laat." in text
    assert "Keur 1 regel af en verzend 1 antwoord" in text
    assert BSN not in shown.text
    assert kinds(call, RHENEN) == ["WMO302"]
    assert result(call, said)["status"] == "in_review"
    assert numbers(call) == lines
    told = text_of(visitor.followed(confirmed(visitor, shown, lines, how)))
    assert "Besluit bewaard over 1 regel. Het antwoord is verzonden" in told
    assert "€ 600,00 van € 1.261,00" in told
    retour = call.get(AANBIEDER, f"/v1/berichten/{said['id']}/retour").content
    seen = re.findall(r"RetourCode&gt;(\w{4})&lt;", shown.text)
    assert seen == [element.text for element in document_of(retour).root.iter("{*}RetourCode")]
    assert sorted(codes_of(retour)["Prestatie"]) == ["0611", "9321"]
    assert result(call, said)["bedragen"] == {"ingediend": 126100, "toegekend": 60000}


def test_what_is_foreseen_is_what_comes(call: Callers) -> None:
    """For each decision on two lines of a claim, as long as lines wait and then."""
    said = sent(call, claimed(LATE, LATER_STILL))
    first, second = (int(number) for number in numbers(call))
    caller = Caller(TokenRole.PARTY, RHENEN, RHENEN, TODAY)
    on = TODAY.date() + timedelta(days=70)
    refuse = Decision(first, Besluit.REFUSE, "9321", "Te laat.")
    (waits,) = review.foresee(call.gateway, caller, [refuse], on)
    assert (waits.left, waits.answer, waits.message.status) == (1, None, "in_review")
    decided(call, first, REFUSE)
    approve = Decision(second, Besluit.APPROVE)
    (foreseen,) = review.foresee(call.gateway, caller, [approve], on)
    assert (foreseen.left, foreseen.message.status) == (0, "partly_accepted")
    assert foreseen.settlement is not None
    assert [(line.prestatie.referentie, line.codes) for line in foreseen.refused] == [("R1", ("9321",))]
    assert str(on) in foreseen.xml
    (again,) = review.foresee(call.gateway, caller, [approve], on)
    assert again.gist == foreseen.gist
    decided(call, second, APPROVE)
    now = result(call, said)
    assert (now["status"], now["bedragen"]["toegekend"]) == (foreseen.message.status, foreseen.settlement.toegekend)
    (late,) = review.foresee(call.gateway, caller, [approve], on)
    assert [one.uitkomst for one in late.decided] == ["al-besloten"]
    assert late.gist != foreseen.gist
    elsewhere = Caller(TokenRole.PARTY, ELDERS, ELDERS, TODAY)
    assert review.foresee(call.gateway, elsewhere, [approve], on) == []


def test_what_changed_since_it_was_seen_is_shown_again_and_not_kept(call: Callers) -> None:
    said = sent(call, claimed(LATE, LATER_STILL))
    lines, visitor = numbers(call), Visitor(call, RHENEN)
    shown = previewed(visitor, lines, GOEDKEUREN)
    decided(call, int(lines[0]), REFUSE)
    answer = confirmed(visitor, shown, lines, GOEDKEUREN)
    assert answer.status_code == 200
    assert "Er is nog niets besloten: intussen is er iets veranderd" in text_of(answer)
    assert "afgekeurd door 0340" in text_of(answer)
    assert result(call, said)["status"] == "in_review"
    told = visitor.followed(confirmed(visitor, answer, lines, GOEDKEUREN))
    assert "Over 1 regel was intussen al besloten" in text_of(told)
    assert result(call, said)["status"] == "partly_accepted"


def test_nothing_is_kept_without_having_been_seen(call: Callers) -> None:
    sent(call, claimed(LATE))
    lines = numbers(call)
    answer = Visitor(call, RHENEN).post("/beoordelingen/besluit", {"regel": lines, **GOEDKEUREN})
    assert answer.status_code == 200
    assert numbers(call) == lines


@pytest.mark.parametrize(
    ("how", "fault"),
    [
        ({}, "Kies of u de regels goedkeurt of afkeurt."),
        ({"besluit": "refuse", "reden": "Te laat."}, "Kies wat er niet klopt"),
        ({"besluit": "refuse", CODE: "0200", "reden": "Te laat."}, "Kies wat er niet klopt"),
        ({"besluit": "refuse", CODE: "9056", "reden": "Te laat."}, "Kies wat er niet klopt"),
        ({"besluit": "refuse", CODE: "9321"}, "Vul een reden in"),
        ({"besluit": "approve", "reden": "x"}, "Een reden telt 3 tot en met 500 tekens; deze telt er 1."),
        ({"besluit": "approve", "reden": "x" * 501}, "deze telt er 501."),
        ({"besluit": "approve", "reden": "a\x00bc"}, "een teken dat niet bewaard kan worden"),
    ],
)
def test_what_is_wrong_is_told_beside_what_was_filled_in(call: Callers, how: dict[str, str], fault: str) -> None:
    sent(call, claimed(LATE))
    lines, visitor = numbers(call), Visitor(call, RHENEN)
    for path in ("/beoordelingen/voorbeeld", "/beoordelingen/besluit"):
        answer = visitor.post(path, {"regel": lines, **how})
        assert answer.status_code == 422
        assert fault in text_of(answer)
    assert numbers(call) == lines
    kept = fields(answer, "/beoordelingen/voorbeeld")
    assert kept["regel"] == lines[0]
    assert kept.get("besluit", "") == how.get("besluit", "")
    told = [(one["actie"], one["uitkomst"], one["code"]) for one in trail(call) if one["actie"] == "decide"]
    assert told == [("decide", "refused", "parameters")]


def test_the_codes_that_are_offered_say_what_was_wanted_and_are_taken(call: Callers) -> None:
    sent(call, claimed(LATE))
    (number,) = numbers(call)
    answer = Visitor(call, RHENEN).get("/beoordelingen/besluit", regel=number)
    offered = re.findall(r'<option value="(\w{4})">(\w{4}: [^<]{20,})</option>', answer.text)
    codes = [code for code, _ in offered]
    assert len(codes) > 15
    assert "9321" in codes
    assert not {"0001", "0200", "0233", "8001", "9056"} & set(codes)
    for code in codes:
        asked = Decision(int(number), Besluit.REFUSE, code, "Te laat.")
        (foreseen,) = review.foresee(
            call.gateway, Caller(TokenRole.PARTY, RHENEN, RHENEN, TODAY), [asked], TODAY.date()
        )
        assert [one.uitkomst for one in foreseen.decided] == ["besloten"]


def test_only_who_may_decide_comes_to_the_form_and_sees_its_own_alone(call: Callers) -> None:
    sent(call, claimed(LATE))
    lines = numbers(call)
    for who in (AANBIEDER, ELDERS):
        visitor = Visitor(call, who)
        assert "Er is geen regel om over te besluiten" in text_of(visitor.get("/beoordelingen/besluit", regel=lines))
        answer = visitor.post("/beoordelingen/besluit", {"regel": lines, **GOEDKEUREN})
        assert "Er is geen regel om over te besluiten" in text_of(answer)
        assert "Over deze regels is niet besloten" in text_of(visitor.get("/beoordelingen/besloten", regel=lines))
    for who in ("operator", "auditor"):
        visitor = Visitor(call, who)
        assert visitor.get("/beoordelingen/besluit", regel=lines).status_code == 403
        assert visitor.post("/beoordelingen/voorbeeld", {"regel": lines, **GOEDKEUREN}).status_code == 403
        assert visitor.post("/beoordelingen/besluit", {"regel": lines, **GOEDKEUREN}).status_code == 403
    assert numbers(call) == lines


def test_all_lines_of_a_claim_are_chosen_by_its_number(call: Callers) -> None:
    said = sent(call, claimed(LATE, LATER_STILL))
    answer = Visitor(call, RHENEN).get("/beoordelingen/besluit", bericht=said["id"])
    assert "Besluiten over 2 regels" in text_of(answer)
    everything = Visitor(call, RHENEN).get("/beoordelingen", alle="true")
    assert everything.text.count(" checked") == 2


def test_claims_of_both_releases_are_decided_on_together_each_with_its_code(call: Callers) -> None:
    sent(call, claimed(LATE))
    sent(call, invoiced(Line("F0", volume=6, begin=LATER_STILL.begin, end=LATER_STILL.end), nr=2))
    lines, visitor = numbers(call), Visitor(call, RHENEN)
    how = {**AFKEUREN, "retourcode-WMO303-2.3": "9322"}
    shown = previewed(visitor, lines, how)
    assert "Keur 2 regels af en verzend 2 antwoorden" in text_of(shown)
    assert "Het antwoord (WMO304)" in text_of(shown)
    told = text_of(visitor.followed(confirmed(visitor, shown, lines, how)))
    assert "afgekeurd, retourcode 9321" in told
    assert "afgekeurd, retourcode 9322" in told


def test_decisions_and_looks_stand_in_the_trail_with_their_claims(call: Callers) -> None:
    said = sent(call, claimed(LATE))
    lines, visitor = numbers(call), Visitor(call, RHENEN)
    visitor.followed(confirmed(visitor, previewed(visitor, lines, GOEDKEUREN), lines, GOEDKEUREN))
    mine = [(one["actie"], one["wat"]) for one in trail(call, said["id"]) if one["wat"].startswith("console/")]
    assert mine == [
        ("read", "console/beoordelingen/voorbeeld"),
        ("decide", "console/beoordelingen/besluit"),
        ("read", "console/beoordelingen/besloten"),
    ]


def trail(call: Callers, message: str = "") -> list[Json]:
    """The audit trail, oldest first, of one message if it is given."""
    found: list[Json] = call.get("auditor", f"/v1/audit?bericht={message}" if message else "/v1/audit").json()["audit"]
    return found
