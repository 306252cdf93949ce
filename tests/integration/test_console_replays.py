"""Replays in the console: chosen from a filter or by ids, tried, confirmed, held up; for operators, auditors look."""

import re
from datetime import timedelta

import pytest
from httpx2 import Response
from lxml import html

from iwmo_gateway.gateway import replay
from iwmo_gateway.web.console import replays as page
from tests import claims
from tests.conftest import Callers
from tests.integration.console_visitor import Visitor, fields, text_of
from tests.integration.test_http_builders import AANBIEDER, BSN, GEMEENTE, Json, allocation, day, lone_start
from tests.integration.test_http_replay_filters import early_starts, told, worked
from tests.integration.test_http_replays import UNKNOWN

REJECTED = {"soort": "WMO305", "status": "rejected"}
REASON = "De toewijzingen zijn alsnog gekomen."
TRY = {"reden": REASON, "hoe": "proef"}
COUNT = {"reden": REASON, "hoe": "keuze"}


def made(answer: Response) -> str:
    """The id of the replay that a form led to."""
    assert answer.status_code == 303, text_of(answer)
    return str(answer.headers["location"].rpartition("/")[2])


def status(call: Callers, message: str) -> str:
    return str(call.get("operator", f"/v1/berichten/{message}").json()["status"])


def test_a_dry_run_shows_what_would_differ_and_exactly_that_is_done(call: Callers) -> None:
    ids = early_starts(call)
    visitor = Visitor(call, "operator")
    tried = made(visitor.post("/replays", {**REJECTED, **TRY}))
    assert told(call, tried)["status"] == "running"
    assert worked(call) == ids
    shown = visitor.get(f"/replays/{tried}")
    assert "Proef met 3 berichten" in text_of(shown)
    assert re.search("TR019 3 0 .*3 retourberichten worden anders", text_of(shown))
    assert "vervalt: TR019 (9019)" in text_of(shown)
    assert BSN not in shown.text
    assert {status(call, one) for one in ids} == {"rejected"}
    late = call.send(AANBIEDER, lone_start("LATER", Begindatum="2099-01-01"), day("2023-02-08")).json()
    assert fields(shown, "uitvoeren")["reden"] == REASON
    done = made(visitor.post(f"/replays/{tried}/uitvoeren", {"reden": "Na de proef."}))
    said = told(call, done)
    assert (said["total"], said["reason"], said["dry_run"], said["filter"]) == (3, "Na de proef.", False, REJECTED)
    assert worked(call) == ids
    assert late["id"] not in {one["id"] for one in told(call, done)["berichten"]}
    assert {status(call, one) for one in ids} == {"accepted"}
    assert "opnieuw beoordeeld 3" in text_of(visitor.get(f"/replays/{done}"))


def test_what_was_tried_is_chosen_as_it_is_by_now(call: Callers) -> None:
    """The status that a message has meanwhile counts, not the one that the dry run found."""
    ids = early_starts(call)
    visitor = Visitor(call, "operator")
    tried = made(visitor.post("/replays", {**REJECTED, **TRY, "force": "ja"}))
    worked(call)
    call.post("operator", "/v1/replays", {"ids": ids[:1], "reason": REASON})
    done = told(call, made(visitor.post(f"/replays/{tried}/uitvoeren", {"reden": REASON})))
    assert [one["status_before"] for one in done["berichten"]] == ["accepted", "rejected", "rejected"]
    assert done["force"] is True


def test_only_a_dry_run_is_carried_out_again(call: Callers) -> None:
    early_starts(call)
    visitor = Visitor(call, "operator")
    done = made(visitor.post("/replays", {**REJECTED, **COUNT}))
    for identity in (done, UNKNOWN):
        assert visitor.post(f"/replays/{identity}/uitvoeren", {"reden": REASON}).status_code == 404


def test_the_confirmation_names_the_count_and_nothing_happens_before(call: Callers) -> None:
    ids = early_starts(call)
    visitor = Visitor(call, "operator")
    chosen = made(visitor.post("/replays", {**REJECTED, **COUNT}))
    shown = visitor.get(f"/replays/{chosen}")
    assert "Beoordeel 3 berichten opnieuw" in text_of(shown)
    assert "soort: WMO305 , status: afgekeurd" in text_of(shown)
    assert re.search("WMO305 afgekeurd 3", text_of(shown))
    assert all(f"VROEG{nr}" in shown.text for nr in range(3))
    assert worked(call) == []
    assert made(visitor.post(f"/replays/{chosen}", {"doe": "start"})) == chosen
    assert worked(call) == ids


def test_progress_is_live_until_the_end_and_can_be_held_up(call: Callers) -> None:
    ids = early_starts(call)
    visitor = Visitor(call, "operator")
    chosen = made(visitor.post("/replays", {**REJECTED, **COUNT}))
    visitor.post(f"/replays/{chosen}", {"doe": "start"})
    worked(call, limit=1)
    shown = visitor.get(f"/replays/{chosen}")
    assert 'id="voortgang" data-live' in shown.text
    assert re.search('<progress id="gedaan" max="3" value="1"', shown.text)
    for action, word, buttons in (
        ("pause", "gepauzeerd", ["resume", "cancel"]),
        ("resume", "loopt", ["pause", "cancel"]),
        ("cancel", "geannuleerd", []),
    ):
        visitor.post(f"/replays/{chosen}", {"doe": action})
        shown = visitor.get(f"/replays/{chosen}")
        assert f"{word} 1 van 3" in text_of(shown)
        assert re.findall('name="doe" value="([^"]+)"', shown.text) == buttons
    assert "data-live" not in shown.text
    assert re.search("gestart door operator:test .*gepauzeerd door .*hervat door .*geannuleerd door", text_of(shown))
    undone = text_of(visitor.get(f"/replays/{chosen}", uitkomst="cancelled"))
    assert "VROEG0" not in undone
    assert "VROEG1" in undone
    again = visitor.post(f"/replays/{chosen}", {"doe": "resume"})
    assert again.status_code == 409
    assert "De replay is geannuleerd" in text_of(again)
    assert visitor.post(f"/replays/{chosen}", {"doe": "x"}).status_code == 400
    assert [status(call, one) for one in ids] == ["accepted", "rejected", "rejected"]


def test_messages_are_chosen_by_their_ids(call: Callers) -> None:
    ids = early_starts(call)
    visitor = Visitor(call, "operator")
    shown = visitor.get("/replays/nieuw", ids=f"{ids[0]},{ids[2]},{UNKNOWN},x")
    assert "Deze 3 berichten" in text_of(shown)
    assert "dit bericht bestaat niet" in text_of(shown)
    chosen = made(visitor.post("/replays", {"ids": [ids[0], ids[2]], **COUNT}))
    said = told(call, chosen)
    assert ([one["id"] for one in said["berichten"]], said["status"], said["filter"]) == (
        [ids[0], ids[2]], "preview", None,
    )  # fmt: skip
    assert "Dit bericht" in text_of(visitor.get("/replays/nieuw", ids=ids[0]))


def test_the_filter_of_a_link_fills_the_form_and_comes_back_as_the_filter(call: Callers) -> None:
    asked = {
        **REJECTED, "partij": AANBIEDER, "ontvangen_vanaf": "2023-02-07T23:00:00Z",
        "ontvangen_tot": "2023-02-09T00:00:00+01:00", "identificatie": "VROEG1", "declaratie_nummer": "D1",
        "toewijzing_nummer": "700011", "regel": "TR019", "retourcode": "9019", "tekst": "toewijzing",
    }  # fmt: skip
    visitor = Visitor(call, "operator")
    filled = fields(visitor.get("/replays/nieuw", **asked, before=UNKNOWN), "/replays")
    assert filled["ontvangen_vanaf"] == "2023-02-08T00:00"
    said = told(call, made(visitor.post("/replays", {**filled, **COUNT})))
    assert said["filter"] == asked | {
        "ontvangen_vanaf": "2023-02-07T23:00:00Z", "ontvangen_tot": "2023-02-08T23:00:00Z", "toewijzing_nummer": 700011,
    }  # fmt: skip
    assert "ontvangen vanaf: 08-02-2023 00:00" in text_of(visitor.get(f"/replays/{said['id']}"))
    assert "Het filter vond geen enkel bericht" in text_of(visitor.get(f"/replays/{said['id']}"))


@pytest.mark.parametrize(
    ("form", "faults"),
    [
        ({}, ["Vul ten minste één veld in", "Vul in waarom"]),
        ({**REJECTED, "reden": "x"}, ["Vul in waarom"]),
        ({**REJECTED, "reden": "a\x00bc"}, ["Vul in waarom"]),
        ({"status": "x", "reden": REASON}, ["Kies een status uit de lijst"]),
        ({"toewijzing_nummer": "x", "reden": REASON}, ["ten hoogste negen cijfers"]),
        ({"ontvangen_vanaf": "x", "reden": REASON}, ["Vul een dag en een tijd in"]),
        ({"ontvangen_tot": "9999-12-31T23:59", "ontvangen_vanaf": "0001-01-01T00:00", "reden": REASON}, ["een dag"]),
        ({"tekst": "x", "reden": REASON}, ["Vul 3 tot en met 100 tekens in"]),
        ({"soort": "a\x00", "reden": REASON}, ["Deze waarde kan niet"]),
    ],
)
def test_what_is_wrong_is_told_and_nothing_is_chosen(call: Callers, form: dict[str, str], faults: list[str]) -> None:
    visitor = Visitor(call, "operator")
    answer = visitor.post("/replays", form)
    assert answer.status_code == 422, text_of(answer)
    assert all(fault in text_of(answer) for fault in faults)
    assert call.get("operator", "/v1/replays").json()["replays"] == []


def test_a_reason_is_needed_to_carry_it_out(call: Callers) -> None:
    early_starts(call)
    visitor = Visitor(call, "operator")
    tried = made(visitor.post("/replays", {**REJECTED, **TRY}))
    worked(call)
    answer = visitor.post(f"/replays/{tried}/uitvoeren", {"reden": " "})
    assert answer.status_code == 422
    assert "Vul in waarom" in text_of(answer)
    assert len(call.get("operator", "/v1/replays").json()["replays"]) == 1


def test_a_preview_ends_after_a_day(call: Callers, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(replay, "PREVIEW_HOLDS", timedelta())
    visitor = Visitor(call, "operator")
    chosen = made(visitor.post("/replays", {**REJECTED, **COUNT}))
    shown = visitor.get(f"/replays/{chosen}")
    assert "is verlopen" in text_of(shown)
    assert "/replays/nieuw?soort=WMO305&amp;status=rejected" in shown.text
    assert visitor.post(f"/replays/{chosen}", {"doe": "start"}).status_code == 409


def test_replays_and_their_messages_are_paged(call: Callers, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page, "_PAGE", 1)
    monkeypatch.setattr(page, "_ITEMS", 2)
    early_starts(call)
    visitor = Visitor(call, "operator")
    first, second = (made(visitor.post("/replays", {**REJECTED, **COUNT})) for _ in range(2))
    pages = [visitor.get("/replays"), visitor.get("/replays", voor=second)]
    assert [[one in shown.text for one in (second, first)] for shown in pages] == [[True, False], [False, True]]
    assert f"voor={second}" in pages[0].text
    pages = [visitor.get(f"/replays/{first}"), visitor.get(f"/replays/{first}", na="1")]
    assert [re.findall(r"VROEG\d", text_of(shown)) for shown in pages] == [["VROEG0", "VROEG1"], ["VROEG2"]]
    assert f"/replays/{first}?na=1" in pages[0].text
    assert 'rel="next"' not in pages[1].text


def test_operators_do_auditors_look_and_parties_do_neither(call: Callers) -> None:
    ids = early_starts(call)
    operator, auditor = Visitor(call, "operator"), Visitor(call, "auditor")
    chosen = made(operator.post("/replays", {**REJECTED, **COUNT}))
    for path in ("/replays", f"/replays/{chosen}"):
        assert auditor.get(path).status_code == 200
        assert "<button" not in auditor.get(path).text.partition("<main")[2]
    for who in ("auditor", AANBIEDER, GEMEENTE):
        visitor = Visitor(call, who)
        assert visitor.get("/replays/nieuw").status_code == 403
        assert visitor.post("/replays", {**REJECTED, **TRY}).status_code == 403
        assert visitor.post(f"/replays/{chosen}", {"doe": "start"}).status_code == 403
        assert visitor.post(f"/replays/{chosen}/uitvoeren", {"reden": REASON}).status_code == 403
        if who != "auditor":
            assert visitor.get("/replays").status_code == 403
            assert visitor.get(f"/replays/{chosen}").status_code == 403
    assert worked(call) == []
    assert {status(call, one) for one in ids} == {"rejected"}
    assert operator.get(f"/replays/{UNKNOWN}").status_code == 404


def test_what_is_done_and_seen_stands_in_the_trail(call: Callers) -> None:
    ids = early_starts(call, 1)
    visitor = Visitor(call, "operator")
    chosen = made(visitor.post("/replays", {**REJECTED, **COUNT}))
    visitor.get(f"/replays/{chosen}")
    visitor.post(f"/replays/{chosen}", {"doe": "start"})
    found: list[Json] = call.get("auditor", "/v1/audit?actor=operator:test").json()["audit"]
    mine = [(one["actie"], one["wat"], one["bericht"]) for one in found if "console/replays" in one["wat"]]
    assert mine == [
        ("replay", "console/replays", ids[0]),
        ("read", f"console/replays/{chosen}", ids[0]),
        ("replay", f"console/replays/{chosen}", ids[0]),
    ]


def test_a_claim_shows_its_amounts(call: Callers) -> None:
    """That nothing was allocated refused it; the allocation that came since would approve it."""
    said = call.send(AANBIEDER, claims.claim(claims.Line(volume=2)), day("2023-03-02")).json()
    assert said["status"] == "refused"
    assert call.send(GEMEENTE, claims.allocation(claims.Terms()), day("2023-03-03")).json()["status"] == "accepted"
    visitor = Visitor(call, "operator")
    tried = made(visitor.post("/replays", {"ids": [said["id"]], **TRY}))
    worked(call)
    text = text_of(visitor.get(f"/replays/{tried}"))
    assert "Ingediend € 120,00 € 120,00 Toegekend € 0,00 € 120,00" in text
    assert "toegekend: was € 0,00, zou € 120,00 worden" in text


def test_a_message_without_amounts_shows_none(call: Callers) -> None:
    said = call.send(GEMEENTE, allocation(), day("2023-02-05")).json()
    visitor = Visitor(call, "operator")
    tried = made(visitor.post("/replays", {"ids": [said["id"]], **TRY}))
    worked(call)
    assert "Er zijn geen bedragen die verschillen" in text_of(visitor.get(f"/replays/{tried}"))


def test_a_list_of_messages_leads_to_a_replay_of_it(call: Callers) -> None:
    early_starts(call)
    visitor = Visitor(call, "operator")
    asked = {**REJECTED, "van": "2023-01-01", "tot": "2099-02-01"}
    words = "opnieuw laten beoordelen"
    (link,) = html.fromstring(visitor.get("/berichten", **asked).text).xpath(f"//a[contains(., '{words}')]/@href")
    shown = fields(visitor.client.get(link), "/replays")
    assert {name: shown[name] for name in ("soort", "status", "ontvangen_vanaf", "ontvangen_tot")} == {
        **REJECTED, "ontvangen_vanaf": "2023-01-01T00:00", "ontvangen_tot": "2099-02-02T00:00",
    }  # fmt: skip
    assert words not in visitor.get("/berichten", zoek="START01", **REJECTED).text
    assert words not in visitor.get("/berichten").text
    assert words not in Visitor(call, AANBIEDER).get("/berichten", **REJECTED).text
