"""Finding messages: every filter, pages that show each message once, and who sees what."""

from urllib.parse import quote

import pytest

from tests.conftest import Callers
from tests.integration.test_http_builders import (
    AANBIEDER,
    ANDERE_AANBIEDER,
    ANDERE_GEMEENTE,
    GEMEENTE,
    OTHER_BSN,
    Json,
    allocation,
    crowded_start,
    day,
    everything,
    lone_start,
    mailbox,
    standing,
    start,
)
from tests.integration.test_http_refusals import is_problem

PATHS = ("", "/xml", "/retour", "/bevindingen", "/oordelen")


def sent(call: Callers, who: str, body: bytes, on: str = "2023-03-01") -> Json:
    """The result of a message, or the problem."""
    said: Json = call.send(who, body, day(on)).json()
    return said


def a_month(call: Callers) -> dict[str, str]:
    """The ids of an allocation, starts of every outcome, and a start to another municipality, by name."""
    other = lone_start("ANDER", Afzender=ANDERE_AANBIEDER, Ontvanger=ANDERE_GEMEENTE)
    return {
        "allocation": sent(call, GEMEENTE, allocation("TOEWIJZING01"), "2023-02-05")["id"],
        "start": sent(call, AANBIEDER, start("START01"), "2023-02-08")["id"],
        "rejected": sent(call, AANBIEDER, start("START02", 799999), "2023-02-09")["id"],
        "invalid": sent(call, AANBIEDER, lone_start("START03", StatusAanlevering="7"), "2023-02-10")["id"],
        "content": sent(call, AANBIEDER, lone_start("START04", Bsn="999912009"), "2023-02-11")["id"],
        "other": sent(call, ANDERE_AANBIEDER, other, "2023-02-12")["id"],
    }


def names(call: Callers, ids: dict[str, str], who: str, query: str) -> set[str]:
    """What a search finds, by name; return messages by the name of what they answer."""
    by_id = {identity: name for name, identity in ids.items()}
    return {
        by_id.get(found["id"], f"retour:{by_id.get(found['antwoord_op'])}") for found in everything(call, who, query)
    }


def test_everything_that_is_asked_must_hold(call: Callers) -> None:
    ids = a_month(call)
    retours = {f"retour:{name}" for name in ids if name != "invalid"}
    wanted = {
        "": set(ids) | retours,
        "soort=WMO301": {"allocation"},
        "soort=WMO305": set(ids) - {"allocation"},
        "soort=WMO306": retours - {"retour:allocation"},
        "soort=WMO999": set(),
        "status=rejected": {"rejected", "content"},
        "status=invalid": {"invalid"},
        "status=received": set(),
        f"partij={ANDERE_GEMEENTE}": {"other", "retour:other"},
        f"partij={ANDERE_AANBIEDER}": {"other", "retour:other"},
        "identificatie=START02": {"rejected"},
        "toewijzing_nummer=700001": {"allocation", "start"},
        "toewijzing_nummer=700002": {"allocation"},
        "toewijzing_nummer=799999": {"rejected"},
        "toewijzing_nummer=799998": set(),
        "regel=TR019": {"rejected"},
        "retourcode=9019": {"rejected"},
        "retourcode=0001": {"content"},
        f"tekst={quote('GELDIGE TOEWIJZING')}": {"rejected"},
        "tekst=11-proef": {"content"},
        f"tekst={quote('%_%')}": set(),
        "soort=WMO305&status=accepted": {"start", "other"},
        "soort=WMO305&status=accepted&identificatie=START01": {"start"},
        "soort=WMO301&status=rejected": set(),
        f"soort=WMO305&ontvangen_vanaf={quote('2023-02-09T12:00:00+01:00')}": set(ids) - {"allocation", "start"},
        f"soort=WMO305&ontvangen_tot={quote('2023-02-09T12:00:00+01:00')}": {"start"},
        f"soort=WMO305&ontvangen_vanaf={quote('2023-02-08T11:00:00Z')}&ontvangen_tot={quote('2023-02-08T11:00:01Z')}": {
            "start"
        },
    }
    assert {query: names(call, ids, "operator", query) for query in wanted} == wanted


def test_a_finding_is_found_by_the_newest_judgement_alone(call: Callers) -> None:
    early = sent(call, AANBIEDER, start())["id"]
    assert [found["id"] for found in everything(call, AANBIEDER, "retourcode=9019")] == [early]
    sent(call, GEMEENTE, allocation())
    assert sent(call, AANBIEDER, start())["status"] == "accepted"
    assert everything(call, AANBIEDER, "retourcode=9019") == []


WHOLE = {"bevindingen", "fout", "voortgang"}
"""What only the whole result tells."""


def test_the_summary_says_where_a_message_stands(call: Callers) -> None:
    result = sent(call, AANBIEDER, start("START02", 799999), "2023-02-09")
    (found,) = everything(call, AANBIEDER, "soort=WMO305")
    assert found == {name: value for name, value in result.items() if name not in WHOLE}
    assert (found["soort"], found["release"], found["afzender"], found["ontvanger"], found["identificatie"]) == (
        "WMO305", "3.2", AANBIEDER, GEMEENTE, "START02",
    )  # fmt: skip
    assert (found["dagtekening"], found["received_at"]) == ("2023-02-07", "2023-02-09T12:00:00+01:00")
    assert (found["status"], found["bevindingen_totaal"], found["oordelen"]) == ("rejected", 1, 1)


def test_pages_show_each_message_once_even_when_more_come_in(call: Callers) -> None:
    ids = {sent(call, AANBIEDER, start(f"START{nr}", 799999))["id"] for nr in range(7)}
    seen: list[str] = []
    sizes = []
    path: str | None = "/v1/berichten?soort=WMO305&limit=3&status=rejected&ontvangen_vanaf=2023-01-01T00:00:00%2B01:00"
    while path is not None:
        answer = call.get(AANBIEDER, path)
        assert answer.status_code == 200
        page = answer.json()
        seen += [found["id"] for found in page["berichten"]]
        sizes.append(len(page["berichten"]))
        path = page["links"]["next"]
        sent(call, AANBIEDER, start(f"MEER{len(sizes)}", 799999))
    assert (set(seen), len(seen), sizes) == (ids, 7, [3, 3, 1])
    assert seen == sorted(seen, reverse=True)
    exactly = call.get(AANBIEDER, "/v1/berichten?soort=WMO305&limit=10").json()
    assert (len(exactly["berichten"]), exactly["links"]["next"]) == (10, None)


WRONG = (
    "sort=WMO305", "soort=WMO305&soorten=1", "status=goed", "limit=0", "limit=101", "limit=veel", "before=1",
    "toewijzing_nummer=-1", "toewijzing_nummer=1000000000", "tekst=ab", "identificatie=DERTIENTEKENS",
    "ontvangen_vanaf=2023-02-01", "ontvangen_vanaf=2023-02-01T00:00:00", "ontvangen_tot=gisteren",
)  # fmt: skip
UNFIT = ("soort=%00", "partij=%00", "identificatie=%00", "regel=%00", "retourcode=%00", "tekst=abc%00")
"""What a database cannot look for."""
OUT_OF_REACH = ("ontvangen_vanaf=0001-01-01T00:00:00%2B01:00", "ontvangen_tot=9999-12-31T23:59:59-01:00")
"""Moments that have no place in another zone."""


@pytest.mark.parametrize("queries", [WRONG, UNFIT, OUT_OF_REACH], ids=["wrong", "unfit", "out of reach"])
def test_a_parameter_that_is_unknown_or_wrong_is_a_problem(call: Callers, queries: tuple[str, ...]) -> None:
    answers = {query: call.get("operator", f"/v1/berichten?{query}") for query in queries}
    assert {query: answer.status_code for query, answer in answers.items()} == dict.fromkeys(queries, 400)
    for query, answer in answers.items():
        said = is_problem(answer, 400, "parameters")
        wrong = query.rpartition("&")[2].partition("=")[0]
        assert [error["veld"] for error in said["errors"]] == [f"query.{wrong}"]
        assert all(error["tekst"] for error in said["errors"])


def test_all_findings_are_read_page_by_page(call: Callers) -> None:
    sent(call, GEMEENTE, allocation())
    body = crowded_start(130)
    said = sent(call, AANBIEDER, body)
    assert said["status"] == "rejected"
    assert said["bevindingen_totaal"] >= 130
    assert len(said["bevindingen"]) == 100
    found: list[Json] = []
    path: str | None = f"/v1/berichten/{said['id']}/bevindingen?limit=60"
    while path is not None:
        page = call.get(AANBIEDER, path).json()
        found += page["bevindingen"]
        path = page["links"]["next"]
    assert len(found) == said["bevindingen_totaal"]
    assert found[:100] == said["bevindingen"]
    lines = [finding["regelnummer"] for finding in found]
    assert lines == sorted(lines)
    pads = [finding["pad"] for finding in found if finding["regel"] == "TR019"]
    assert pads == [f"/Bericht/Client/StartProducten/StartProduct[{nr}]" for nr in range(1, 131)]
    for wrong in ("limit=0", "limit=101", "after=-1", "after=x"):
        is_problem(call.get(AANBIEDER, f"/v1/berichten/{said['id']}/bevindingen?{wrong}"), 400, "parameters")


def test_a_party_sees_its_own_and_what_was_forwarded_to_it(call: Callers) -> None:
    ids = a_month(call)
    mine = {"allocation", "start"}
    assert names(call, ids, GEMEENTE, "") == mine | {f"retour:{name}" for name in mine}
    sent_by_me = {"start", "rejected", "invalid", "content"}
    assert names(call, ids, AANBIEDER, "") == {
        *sent_by_me, "allocation", *(f"retour:{name}" for name in {*sent_by_me, "allocation"} - {"invalid"})
    }  # fmt: skip
    assert names(call, ids, ANDERE_GEMEENTE, "") == {"other", "retour:other"}
    assert names(call, ids, "auditor", "") == names(call, ids, "operator", "")


def test_someone_elses_message_is_not_found_on_any_path(call: Callers) -> None:
    ids = a_month(call)
    unknown = "01970000-0000-7000-8000-000000000000"
    for identity in (ids["start"], ids["rejected"], ids["invalid"], unknown, ids["start"].upper(), "1", OTHER_BSN):
        answers = [call.get(ANDERE_AANBIEDER, f"/v1/berichten/{identity}{path}") for path in PATHS]
        problems = [is_problem(answer, 404, "niet-gevonden") for answer in answers]
        # Whether it is somebody else's or is not there at all cannot be told from the answer.
        assert all(said == problems[0] for said in problems)
        assert f'"{identity}"' not in answers[0].text
    retour = call.get(AANBIEDER, f"/v1/berichten/{ids['rejected']}").json()["retour"]["id"]
    for who in (GEMEENTE, ANDERE_AANBIEDER):
        is_problem(call.get(who, f"/v1/berichten/{retour}/xml"), 404, "niet-gevonden")


def test_the_receiver_sees_an_accepted_message_and_its_return_message_but_no_rejected_one(call: Callers) -> None:
    ids = a_month(call)
    for path in PATHS:
        is_problem(call.get(GEMEENTE, f"/v1/berichten/{ids['rejected']}{path}"), 404, "niet-gevonden")
        theirs = call.get(AANBIEDER, f"/v1/berichten/{ids['start']}{path}")
        ours = call.get(GEMEENTE, f"/v1/berichten/{ids['start']}{path}")
        assert (ours.status_code, ours.content) == (200, theirs.content)
    retour = call.get(GEMEENTE, f"/v1/berichten/{ids['start']}").json()["retour"]["id"]
    result = call.get(GEMEENTE, f"/v1/berichten/{retour}").json()
    assert (result["soort"], result["afzender"], result["ontvanger"], result["antwoord_op"]) == (
        "WMO306", GEMEENTE, AANBIEDER, ids["start"],
    )  # fmt: skip


def test_an_auditor_sees_everything_and_can_change_nothing(call: Callers) -> None:
    ids = a_month(call)
    before = standing(call)
    for name, identity in ids.items():
        for path in PATHS:
            answer = call.get("auditor", f"/v1/berichten/{identity}{path}")
            assert answer.status_code == (404 if (name, path) == ("invalid", "/retour") else 200)
    is_problem(call.send("auditor", lone_start("NIEUW")), 403, "IB008")
    replay = {"ids": [ids["rejected"]], "reason": "kijken of het kan"}
    is_problem(call.post("auditor", "/v1/replays", replay), 403, "IB008")
    is_problem(call.post("auditor", "/v1/replays", replay | {"dry_run": True}), 403, "IB008")
    is_problem(call.get("auditor", "/v1/mailbox"), 403, "IB008")
    (first, *_) = mailbox(call, AANBIEDER)
    is_problem(call.get("auditor", f"/v1/mailbox/{first['nr']}"), 403, "IB008")
    is_problem(call.put("auditor", f"/v1/mailbox/{first['nr']}/acknowledged"), 403, "IB008")
    assert standing(call) == before
