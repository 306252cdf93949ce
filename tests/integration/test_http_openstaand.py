"""What waits: each thing appears when it is due to be done, disappears when it is done, and is late after its term."""

import csv
import io
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, update

from iwmo_gateway.gateway.waiting import judge_next
from iwmo_gateway.store.tables import judgements, messages
from iwmo_gateway.web.reportmodels import OpenstaandModel, OpenstaandQuery
from tests.cases import FIXTURES
from tests.conftest import Callers
from tests.integration.test_http_builders import (
    AANBIEDER,
    ANDERE_AANBIEDER,
    ANDERE_GEMEENTE,
    GEMEENTE,
    LATER,
    PERSONAL,
    Json,
    allocation,
    day,
    lone_start,
    mailbox,
    start,
    with_values,
)
from tests.integration.test_http_refusals import is_problem

PATH = "/v1/reports/openstaand"
ROOT = Path(__file__).parents[2]


def made(name: str, **values: str) -> bytes:
    """A message of `fixtures/vooraf`, with these values in it."""
    return with_values((FIXTURES / "vooraf" / f"{name}.xml").read_text(encoding="utf-8"), values)


def sent(call: Callers, who: str, body: bytes, on: str, status: str = "accepted") -> str:
    """The id of a message that was sent on a day and got this status."""
    said = call.send(who, body, day(on)).json()
    assert said["status"] == status, said["bevindingen"]
    return str(said["id"])


def removal() -> bytes:
    """The 301 that removes both allocations."""
    text = allocation("WEG", Dagtekening="2023-02-08", Toewijzingsdatum="2023-02-08", Einddatum="2023-02-01").decode()
    reason = "</wmo301:Einddatum><wmo301:RedenWijziging>13</wmo301:RedenWijziging>"
    return text.replace("</wmo301:Einddatum>", reason).encode()


def report(call: Callers, on: str, query: str = "", who: str = "operator") -> list[Json]:
    """What waits on a day, page by page."""
    found: list[Json] = []
    path: str | None = f"{PATH}?{query}"
    while path is not None:
        answer = call.get(who, path, **{"X-Received-At": day(on).isoformat()})
        assert answer.status_code == 200, answer.text
        page = answer.json()
        assert page["peildatum"] == on
        found += page["openstaand"]
        path = page["links"]["next"]
    return found


def terms(found: list[Json]) -> list[tuple[Any, ...]]:
    """By when, and whether that is past."""
    return [(entry["sinds"], entry["uiterlijk"], entry["te_laat"], entry["werkdagen_over"]) for entry in found]


def numbers(found: list[Json]) -> list[int]:
    return sorted(entry["toewijzing_nummer"] for entry in found)


def fetch_all(call: Callers, *parties: str) -> None:
    for party in parties:
        for entry in mailbox(call, party):
            call.get(party, f"/v1/mailbox/{entry['nr']}")


class TestStart:
    def test_waits_from_the_ingangsdatum_until_it_is_told(self, call: Callers) -> None:
        sent(call, GEMEENTE, allocation(), "2023-01-25")
        assert report(call, "2023-01-31", "soort=start") == []
        (first, second) = report(call, "2023-02-01", "soort=start")
        assert terms([first, second]) == [("2023-02-01", "2023-02-08", False, 5)] * 2
        assert (first["aan_zet"], first["wederpartij"], first["domein"]) == (AANBIEDER, GEMEENTE, "wmo")
        assert (first["wat"], first["berichtsoort"], first["identificatie"]) == (
            "WMO305 sturen", "WMO301", "TOEWIJZING01",
        )  # fmt: skip
        assert terms(report(call, "2023-02-08", "soort=start"))[0][2:] == (False, 0)
        assert terms(report(call, "2023-02-09", "soort=start"))[0][2:] == (True, -1)

        sent(call, AANBIEDER, start(), "2023-02-07")
        assert numbers(report(call, "2023-02-09", "soort=start")) == [700002]
        sent(call, AANBIEDER, start("START02", StatusAanlevering="3"), "2023-02-08")
        assert numbers(report(call, "2023-02-09", "soort=start")) == [700001, 700002]

    def test_runs_from_the_receipt_if_that_came_later(self, call: Callers) -> None:
        sent(call, GEMEENTE, allocation(), "2023-04-05")
        assert terms(report(call, "2023-04-06", "soort=start")) == [("2023-04-05", "2023-04-14", False, 5 - 1)] * 2

    @pytest.mark.parametrize(
        ("moment", "sinds"),
        [
            ("2023-01-31T23:30:00+01:00", "2023-02-01"),
            ("2023-02-01T00:30:00+01:00", "2023-02-01"),
            ("2023-02-01T23:30:00+01:00", "2023-02-01"),
            ("2023-02-02T00:30:00+01:00", "2023-02-02"),
        ],
    )
    def test_the_day_of_receipt_is_that_in_amsterdam(self, call: Callers, moment: str, sinds: str) -> None:
        call.send(GEMEENTE, allocation(), datetime.fromisoformat(moment))
        assert [entry["sinds"] for entry in report(call, "2023-02-03", "soort=start")] == [sinds] * 2

    def test_a_new_version_does_not_begin_the_term_again(self, call: Callers) -> None:
        sent(call, GEMEENTE, allocation(), "2023-01-25")
        newer = allocation(
            "TOEWIJZING02", Dagtekening="2023-03-01", Toewijzingsdatum="2023-03-01", Einddatum="2023-06-30"
        )
        identity = sent(call, GEMEENTE, newer, "2023-03-02")
        found = report(call, "2023-03-03", "soort=start")
        assert {(entry["bericht"], entry["uiterlijk"]) for entry in found} == {(identity, "2023-02-08")}
        older = allocation(
            "TOEWIJZING03", Dagtekening="2023-03-01", Toewijzingsdatum="2023-02-01", Einddatum="2023-02-28"
        )
        sent(call, GEMEENTE, older, "2023-03-03")
        assert {entry["bericht"] for entry in report(call, "2023-03-03", "soort=start")} == {identity}

    def test_waits_no_longer_when_the_allocation_has_ended_or_is_removed(self, call: Callers) -> None:
        sent(call, GEMEENTE, allocation(), "2023-01-25")
        assert numbers(report(call, "2023-12-31", "soort=start")) == [700001, 700002]
        assert report(call, "2024-01-01", "soort=start") == []
        sent(call, GEMEENTE, removal(), "2023-02-08")
        assert report(call, "2023-02-01", "soort=start") == []


class TestStop:
    def test_waits_from_the_end_of_the_allocation_until_it_is_told(self, call: Callers) -> None:
        sent(call, GEMEENTE, allocation(Einddatum="2023-04-20"), "2023-01-25")
        identity = sent(call, AANBIEDER, start(), "2023-02-07")
        assert report(call, "2023-04-20", "soort=stop") == []
        (found,) = report(call, "2023-04-21", "soort=stop")
        assert terms([found]) == [("2023-04-20", "2023-04-28", False, 4)]  # King's Day is none of the five
        assert (found["aan_zet"], found["wederpartij"], found["wat"], found["bericht"], found["toewijzing_nummer"]) == (
            AANBIEDER, GEMEENTE, "WMO307 sturen", identity, 700001,
        )  # fmt: skip
        assert terms(report(call, "2023-05-01", "soort=stop"))[0][2:] == (True, -1)

        sent(call, AANBIEDER, made("stop-3.2", Identificatie="STOP", Einddatum="2023-04-20"), "2023-04-21")
        assert report(call, "2023-05-01", "soort=stop") == []
        taken_back = made("stop-3.2", Identificatie="TERUG", Einddatum="2023-04-20", StatusAanlevering="3")
        sent(call, AANBIEDER, taken_back, "2023-04-22")
        assert len(report(call, "2023-05-01", "soort=stop")) == 1

    def test_a_stop_for_a_while_leaves_it_waiting_unless_care_started_again(self, call: Callers) -> None:
        sent(call, GEMEENTE, allocation(Einddatum="2023-04-20"), "2023-01-25")
        sent(call, AANBIEDER, start(), "2023-02-07")
        sent(call, AANBIEDER, made("stop-tijdelijk-3.2"), "2023-02-18")
        assert len(report(call, "2023-05-01", "soort=stop")) == 1
        again = sent(call, AANBIEDER, made("start-herstart-3.2"), "2023-02-21")
        assert [entry["bericht"] for entry in report(call, "2023-05-01", "soort=stop")] == [again]
        final = made("stop-herstart-3.2", RedenBeeindiging="19")
        sent(call, AANBIEDER, final, "2023-02-25")
        assert report(call, "2023-05-01", "soort=stop") == []

    def test_waits_until_the_final_stop_and_only_while_the_newest_version_has_ended(self, call: Callers) -> None:
        sent(call, GEMEENTE, allocation(Einddatum="2023-02-20"), "2023-01-25")
        sent(call, AANBIEDER, start(), "2023-02-07")
        sent(call, AANBIEDER, made("stop-tijdelijk-3.2"), "2023-02-18")
        assert len(report(call, "2023-03-01", "soort=stop")) == 1
        longer = allocation(
            "TOEWIJZING02", Dagtekening="2023-02-21", Toewijzingsdatum="2023-02-21", Einddatum="2023-12-31"
        )
        sent(call, GEMEENTE, longer, "2023-02-21")
        assert report(call, "2023-03-01", "soort=stop") == []
        assert len(report(call, "2024-01-01", "soort=stop")) == 1
        sent(call, AANBIEDER, made("stop-3.2", Einddatum="2023-02-20"), "2023-02-25")
        assert report(call, "2024-01-01", "soort=stop") == []

    def test_of_a_removed_allocation_cannot_be_told(self, call: Callers) -> None:
        sent(call, GEMEENTE, allocation(), "2023-01-25")
        sent(call, AANBIEDER, start(), "2023-02-07")
        sent(call, GEMEENTE, removal(), "2023-02-08")
        assert report(call, "2023-03-01", "soort=stop") == []
        body = made("stop-3.2")
        assert call.send(AANBIEDER, body, day("2023-02-20")).json()["bevindingen"][0]["regel"] == "TR019"

    def test_the_newest_stop_decides(self, call: Callers) -> None:
        """Release 2.3 only signals a stop for a while behind a final one."""
        given = made("toewijzing-met-einde-2.3", ToewijzingNummer="230001", Einddatum="2018-10-31")
        sent(call, GEMEENTE, given, "2018-07-02")
        sent(call, AANBIEDER, made("start-2.3"), "2018-07-17")
        assert len(report(call, "2018-11-01", "soort=stop")) == 1
        sent(call, AANBIEDER, made("stop-2.3"), "2018-09-29")
        assert report(call, "2018-11-01", "soort=stop") == []
        later = made("stop-tijdelijk-2.3", Einddatum="2018-10-05", Dagtekening="2018-10-06")
        sent(call, AANBIEDER, later, "2018-10-06")
        assert len(report(call, "2018-11-01", "soort=stop")) == 1


class TestVerzoek:
    def test_waits_for_an_answer_then_for_what_the_investigation_brings(self, call: Callers) -> None:
        identity = sent(call, AANBIEDER, made("aanvraag-3.2"), "2023-02-21")
        (found,) = report(call, "2023-02-28", "soort=verzoek")
        assert terms([found]) == [("2023-02-21", "2023-02-28", False, 0)]
        assert (found["aan_zet"], found["wederpartij"], found["bericht"], found["referentie_aanbieder"]) == (
            GEMEENTE, AANBIEDER, identity, "VERZOEK-2023-1",
        )  # fmt: skip
        assert found["wat"] == "WMO301 of WMO319 sturen"
        assert terms(report(call, "2023-03-01", "soort=verzoek"))[0][2:] == (True, -1)

        sent(call, GEMEENTE, made("antwoord-onderzoek-3.2"), "2023-02-22")
        (found,) = report(call, "2023-04-17", "soort=verzoek")
        assert terms([found]) == [("2023-02-20", "2023-04-17", False, 0)]
        assert found["termijn"] == "8 weken na dagtekening"
        assert terms(report(call, "2023-04-18", "soort=verzoek"))[0][2:] == (True, -1)
        sent(call, GEMEENTE, made("antwoord-afgewezen-3.2"), "2023-02-24")
        assert report(call, "2023-04-18", "soort=verzoek") == []

    def test_waits_no_longer_once_it_is_allocated(self, call: Callers) -> None:
        sent(call, AANBIEDER, made("aanvraag-3.2"), "2023-02-21")
        sent(call, GEMEENTE, made("toewijzing-op-verzoek-3.2"), "2023-02-24")
        assert report(call, "2023-03-06", "soort=verzoek") == []
        (found,) = report(call, "2023-03-06", "soort=start")
        assert (found["toewijzing_nummer"], found["referentie_aanbieder"]) == (720011, "VERZOEK-2023-1")

    def test_of_release_2_3_is_answered_by_an_allocation_alone(self, call: Callers) -> None:
        sent(call, AANBIEDER, made("aanvraag-2.3"), "2019-02-18")
        (found,) = report(call, "2019-02-18", "soort=verzoek")
        assert (found["wat"], found["uiterlijk"]) == ("WMO301 sturen", "2019-02-25")

    def test_a_refused_request_never_waits(self, call: Callers) -> None:
        sent(call, AANBIEDER, made("aanvraag-afgekeurd-3.2"), "2023-02-21", "rejected")
        assert report(call, "2023-03-06", "soort=verzoek") == []


class TestAntwoord:
    def test_of_the_gateway_waits_until_the_message_is_judged(self, call: Callers) -> None:
        call.send(GEMEENTE, allocation(), day("2023-04-05"), Prefer="respond-async")
        (found,) = report(call, "2023-04-13", "soort=antwoord")
        assert terms([found]) == [("2023-04-05", "2023-04-12", True, -1)]  # Good Friday and Easter Monday
        assert (found["aan_zet"], found["wederpartij"], found["wat"]) == (
            "gateway", GEMEENTE, "beoordelen, en WMO302 maken",
        )  # fmt: skip
        assert report(call, "2023-04-13", "soort=antwoord", GEMEENTE) == [found]
        assert report(call, "2023-04-13", "soort=antwoord", AANBIEDER) == []
        assert judge_next(call.gateway, LATER) is not None
        assert report(call, "2023-04-13", "soort=antwoord") == []

    def test_to_a_claim_may_take_ten_days(self, call: Callers) -> None:
        call.send(AANBIEDER, made("declaratie-maart-3.2"), day("2023-04-05"), Prefer="respond-async")
        (found,) = report(call, "2023-04-24", "soort=antwoord")
        assert terms([found]) == [("2023-04-05", "2023-04-21", True, -1)]
        assert found["wat"] == "beoordelen, en WMO325 maken"

    def test_to_an_invalid_message_is_never_waited_for(self, call: Callers) -> None:
        call.send(AANBIEDER, lone_start(StatusAanlevering="7"), day("2023-02-10"))
        call.send(AANBIEDER, lone_start("START02", Bsn="999912009"), day("2023-02-10"))
        assert report(call, "2023-03-10", "soort=antwoord") == []

    @pytest.mark.parametrize("status", ["accepted", "invalid"])
    def test_of_a_party_waits_until_it_sends_one_that_fits_its_schema(self, call: Callers, status: str) -> None:
        """A party that answers for itself: the gateway made no answer, and later the party sent one."""
        identity = sent(call, GEMEENTE, allocation(), "2023-04-05")
        answer = call.get(GEMEENTE, f"/v1/berichten/{identity}").json()["retour"]["id"]
        with call.gateway.database.writing() as transaction:
            transaction.execute(update(judgements).where(judgements.c.message == identity).values(retour=None))
            transaction.execute(update(messages).where(messages.c.id == answer).values(answers=None))
        (found,) = report(call, "2023-04-12", "soort=antwoord")
        assert terms([found]) == [("2023-04-05", "2023-04-12", False, 0)]
        assert (found["aan_zet"], found["wederpartij"], found["wat"]) == (AANBIEDER, GEMEENTE, "WMO302 sturen")
        for who in (GEMEENTE, AANBIEDER):
            assert report(call, "2023-04-12", "soort=antwoord", who) == [found]
        with call.gateway.database.writing() as transaction:
            told = update(messages).where(messages.c.id == answer)
            came = day("2023-04-11")
            transaction.execute(told.values(answers=identity, own=False, status=status, received_at=came))
        assert len(report(call, "2023-04-12", "soort=antwoord")) == (status == "invalid")
        (found,) = report(call, "2023-04-12", "soort=ophalen", GEMEENTE)
        assert terms([found]) == [("2023-04-11", "2023-04-14", False, 2)]
        assert (found["bericht"], found["aan_zet"]) == (answer, GEMEENTE)

    def test_to_a_refused_message_that_nobody_saw_is_the_gateways(self, call: Callers) -> None:
        identity = sent(call, AANBIEDER, start(), "2023-02-08", "rejected")
        answer = call.get(AANBIEDER, f"/v1/berichten/{identity}").json()["retour"]["id"]
        with call.gateway.database.writing() as transaction:
            transaction.execute(update(judgements).where(judgements.c.message == identity).values(retour=None))
            transaction.execute(update(messages).where(messages.c.id == answer).values(answers=None))
        assert [entry["aan_zet"] for entry in report(call, "2023-02-08", "", AANBIEDER)] == ["gateway"]
        assert report(call, "2023-02-08", "", GEMEENTE) == []


class TestOphalen:
    def test_an_answer_waits_until_it_is_fetched(self, call: Callers) -> None:
        identity = sent(call, GEMEENTE, allocation(), "2023-04-05")
        (found,) = report(call, "2023-04-13", "soort=ophalen")
        assert terms([found]) == [("2023-04-05", "2023-04-12", True, -1)]
        assert (found["aan_zet"], found["wederpartij"], found["wat"], found["berichtsoort"]) == (
            GEMEENTE, AANBIEDER, "WMO302 ophalen", "WMO302",
        )  # fmt: skip
        assert call.get(GEMEENTE, f"/v1/berichten/{identity}").json()["retour"]["id"] == found["bericht"]
        (entry,) = mailbox(call, GEMEENTE)
        assert report(call, "2023-04-13", "soort=ophalen") == [found]
        assert call.get(GEMEENTE, f"/v1/mailbox/{entry['nr']}").status_code == 200
        assert report(call, "2023-04-13", "soort=ophalen") == []

    def test_an_answer_that_was_acknowledged_or_withdrawn_does_not_wait(self, call: Callers) -> None:
        sent(call, AANBIEDER, start(), "2023-02-08", "rejected")
        sent(call, GEMEENTE, allocation(), "2023-02-09")
        call.put(GEMEENTE, "/v1/mailbox/1/acknowledged")
        assert [
            entry["identificatie"] for entry in report(call, "2023-02-10", f"soort=ophalen&partij={GEMEENTE}")
        ] == []
        identity = sent(call, AANBIEDER, start(), "2023-02-10")
        (found,) = report(call, "2023-02-10", "soort=ophalen")
        assert call.get(AANBIEDER, f"/v1/berichten/{identity}").json()["retour"]["id"] == found["bericht"]

    def test_a_forwarded_message_is_no_answer(self, call: Callers) -> None:
        sent(call, GEMEENTE, allocation(), "2023-01-25")
        assert report(call, "2023-01-31", f"soort=ophalen&aan_zet={AANBIEDER}") == []

    def test_the_answer_to_a_refused_message_is_not_shown_to_who_never_saw_it(self, call: Callers) -> None:
        sent(call, AANBIEDER, start(), "2023-02-08", "rejected")
        assert len(report(call, "2023-02-08", "", AANBIEDER)) == 1
        assert report(call, "2023-02-08", "", GEMEENTE) == []
        assert report(call, "2023-02-08", f"partij={GEMEENTE}") == []


def a_spring(call: Callers) -> None:
    """Something of every kind, of three parties; on 1 May 2023 some of it is late."""
    sent(call, GEMEENTE, allocation(Einddatum="2023-04-20"), "2023-01-25")
    sent(call, AANBIEDER, start(), "2023-02-07")
    sent(call, AANBIEDER, made("aanvraag-3.2"), "2023-02-21")
    sent(call, GEMEENTE, made("antwoord-onderzoek-3.2"), "2023-02-22")
    sent(call, AANBIEDER, made("aanvraag-andere-client-3.2", ReferentieAanbieder="VERZOEK-2023-9"), "2023-04-26")
    sent(call, AANBIEDER, made("aanvraag-jw-3.2"), "2023-04-26")
    for nr in range(4):
        sent(call, GEMEENTE, allocation(f"T{nr}", 710001 + 2 * nr, 710002 + 2 * nr), f"2023-04-{24 + nr}")
    call.send(AANBIEDER, lone_start("LATER"), day("2023-04-26"), Prefer="respond-async")
    call.send(AANBIEDER, made("declaratie-maart-3.2"), day("2023-04-26"), Prefer="respond-async")
    other = lone_start("ANDER", Afzender=ANDERE_AANBIEDER, Ontvanger=ANDERE_GEMEENTE)
    sent(call, ANDERE_AANBIEDER, other, "2023-04-28")


def test_the_overdue_come_first_and_pages_of_every_size_show_the_same(call: Callers) -> None:
    a_spring(call)
    everything = report(call, "2023-05-02", "limit=1000")
    assert {entry["soort"] for entry in everything} == {"antwoord", "verzoek", "start", "stop", "ophalen"}
    assert len(everything) > 20
    due = [entry["uiterlijk"] for entry in everything]
    assert due == sorted(due)
    late = [entry["te_laat"] for entry in everything]
    assert late == sorted(late, reverse=True)
    assert {*late} == {True, False}
    assert all(entry["te_laat"] is (entry["uiterlijk"] < "2023-05-02") for entry in everything)
    for limit in (1, 2, 3, 7, len(everything)):
        assert report(call, "2023-05-02", f"limit={limit}") == everything
    assert [entry["wat"] for entry in everything if entry["soort"] == "verzoek" and entry["domein"] == "jw"] == [
        "JW301 of JW319 sturen"
    ]
    for query, wanted in {
        "te_laat=true": [entry for entry in everything if entry["te_laat"]],
        "te_laat=false": [entry for entry in everything if not entry["te_laat"]],
        "soort=start": [entry for entry in everything if entry["soort"] == "start"],
        "domein=wmo": [entry for entry in everything if not entry["berichtsoort"].startswith("JW")],
        "domein=jw": [entry for entry in everything if entry["berichtsoort"].startswith("JW")],
        "aan_zet=gateway": [entry for entry in everything if entry["aan_zet"] == "gateway"],
        f"aan_zet={GEMEENTE}": [entry for entry in everything if entry["aan_zet"] == GEMEENTE],
        f"aan_zet={AANBIEDER}&soort=stop": [entry for entry in everything if entry["soort"] == "stop"],
        f"partij={ANDERE_AANBIEDER}": [entry for entry in everything if entry["aan_zet"] == ANDERE_AANBIEDER],
        f"partij={ANDERE_AANBIEDER}&aan_zet={GEMEENTE}": [],
    }.items():
        assert report(call, "2023-05-02", f"{query}&limit=2") == wanted, query


def test_a_party_sees_what_it_must_do_and_what_it_waits_for(call: Callers) -> None:
    a_spring(call)
    everything = report(call, "2023-05-02")
    hidden = [entry for entry in everything if entry["aan_zet"] == "gateway"]
    of_gemeente = [
        entry for entry in everything if GEMEENTE in {entry["aan_zet"], entry["wederpartij"]} and entry not in hidden
    ]
    assert report(call, "2023-05-02", "", GEMEENTE) == of_gemeente == report(call, "2023-05-02", f"partij={GEMEENTE}")
    of_aanbieder = [entry for entry in everything if AANBIEDER in {entry["aan_zet"], entry["wederpartij"]}]
    assert report(call, "2023-05-02", "", AANBIEDER) == of_aanbieder
    assert {*map(str, hidden)} <= {*map(str, of_aanbieder)}
    assert report(call, "2023-05-02", f"partij={AANBIEDER}", GEMEENTE) == of_gemeente
    assert report(call, "2023-05-02", f"partij={ANDERE_AANBIEDER}", GEMEENTE) == []
    assert report(call, "2023-05-02", f"aan_zet={GEMEENTE}", ANDERE_GEMEENTE) == []
    assert report(call, "2023-05-02", "", "auditor") == everything
    fetch_all(call, GEMEENTE, AANBIEDER, ANDERE_AANBIEDER)
    assert report(call, "2023-05-02", "", ANDERE_AANBIEDER) == []


def test_nothing_personal_is_told(call: Callers) -> None:
    a_spring(call)
    text = call.get("operator", f"{PATH}?limit=1000").text
    assert not [value for value in PERSONAL if value in text]


class TestCsv:
    def test_says_what_the_json_says(self, call: Callers) -> None:
        a_spring(call)
        asked = {"X-Received-At": day("2023-05-02").isoformat()}
        everything = report(call, "2023-05-02")
        for answer in (
            call.get("operator", f"{PATH}?limit=1000&formaat=csv", **asked),
            call.get("operator", f"{PATH}?limit=1000", Accept="text/csv", **asked),
        ):
            assert answer.headers["content-type"] == "text/csv; charset=utf-8"
            assert answer.headers["content-disposition"] == 'attachment; filename="openstaand-2023-05-02.csv"'
            assert "link" not in answer.headers
            rows = list(csv.DictReader(io.StringIO(answer.content.decode(), newline=""), delimiter=";"))
            assert answer.text.startswith(";".join(OpenstaandModel.model_fields) + "\r\n")
            expected = [
                {name: {True: "ja", False: "nee", None: ""}.get(value, str(value)) for name, value in entry.items()}
                for entry in ({**entry, "werkdagen_over": str(entry["werkdagen_over"])} for entry in everything)
            ]
            assert rows == expected
        either = call.get("operator", f"{PATH}?formaat=json", Accept="text/csv", **asked)
        assert either.headers["content-type"] == "application/json"

    def test_the_next_page_stands_in_a_header(self, call: Callers) -> None:
        a_spring(call)
        lines: list[str] = []
        path: str | None = f"{PATH}?formaat=csv&limit=5"
        while path is not None:
            answer = call.get("operator", path, **{"X-Received-At": day("2023-05-02").isoformat()})
            header, *page = answer.text.splitlines()
            assert header.startswith("soort;wat;")
            lines += page
            link = answer.headers.get("link")
            path = re.fullmatch(r'<(.*)>; rel="next"', link)[1] if link else None  # type: ignore[index]
        assert len(lines) == len(report(call, "2023-05-02"))
        assert len({*lines}) == len(lines)

    @pytest.mark.parametrize("reference", ["=1+1", "+1", "-1", "@A1", "A;B", 'A"B', "1-A"])
    def test_nothing_is_a_formula(self, call: Callers, reference: str) -> None:
        sent(call, AANBIEDER, made("aanvraag-3.2", ReferentieAanbieder=reference), "2023-02-21")
        asked = {"X-Received-At": day("2023-02-21").isoformat()}
        answer = call.get("operator", f"{PATH}?soort=verzoek&formaat=csv", **asked)
        (row,) = csv.DictReader(io.StringIO(answer.text, newline=""), delimiter=";")
        assert row["referentie_aanbieder"] == (f"'{reference}" if reference[0] in "=+-@" else reference)


def test_the_number_of_statements_does_not_grow_with_what_waits(call: Callers) -> None:
    asked: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        asked.append(statement)

    counts = []
    call.headers("operator"), call.headers(GEMEENTE)
    event.listen(call.gateway.database.engine, "before_cursor_execute", note)
    for nr in range(2):
        for more in range(1 + 8 * nr):
            number = 710001 + 40 * nr + 2 * more
            call.send(GEMEENTE, allocation(f"T{nr}-{more}", number, number + 1), day("2023-02-01"))
        asked.clear()
        assert len(report(call, "2023-03-01", "limit=1000")) == 3 + 27 * nr
        counts.append(len(asked))
    event.remove(call.gateway.database.engine, "before_cursor_execute", note)
    assert counts[0] == counts[1] <= 16  # on SQLite, with the row in the audit trail


WRONG = (
    "soort=alles", "limit=0", "limit=1001", "te_laat=misschien", "formaat=xml", "domein=wlz", "after=x", "sort=soort",
    "after=start_2023-01-01_1", "after=stop_2023-01-01_x", "after=stop_2023-13-01_1", "after=antwoord_2023-01-01_1",
    "after=verzoek_2023-01-01_1", "after=verzoek_0001-01-01T00:00:00%2B01:00_1", "partij=%00", "aan_zet=%00",
    "after=stop_2023-01-01_9999999999999999999", "after=stop_2023-01-01_1_1",
)  # fmt: skip


def test_a_parameter_that_is_unknown_or_wrong_is_a_problem(call: Callers) -> None:
    for query in WRONG:
        said = is_problem(call.get("operator", f"{PATH}?{query}"), 400, "parameters")
        assert said["errors"][0]["veld"] == f"query.{query.partition('=')[0]}", query
    wrong = call.get("operator", PATH, **{"X-Received-At": "2023-02-01"})
    is_problem(wrong, 400, "ontvangst-moment")


@pytest.mark.parametrize("moment", ["0001-01-02T12:00:00+00:00", "9999-12-30T12:00:00+00:00"])
def test_the_ends_of_the_calendar_are_days_as_any_other(call: Callers, moment: str) -> None:
    sent(call, GEMEENTE, allocation(), "2023-01-25")
    sent(call, AANBIEDER, start(), "2023-02-07")
    for query in ("", "te_laat=true", "te_laat=false", "after=stop_9999-12-31_1", "after=stop_0001-01-01_1"):
        assert call.get("operator", f"{PATH}?{query}", **{"X-Received-At": moment}).status_code == 200, query


def test_without_a_header_it_is_the_report_of_today(call: Callers) -> None:
    before = datetime.now(UTC)
    told = call.get("operator", PATH).json()["peildatum"]
    assert before.date() <= datetime.fromisoformat(told).date() <= before.date() + timedelta(days=1)


def test_every_field_and_parameter_is_explained() -> None:
    text = (ROOT / "docs" / "municipalities.md").read_text(encoding="utf-8")
    explained = {
        name for row in re.findall(r"^\| (`[^|]*) \|", text, re.MULTILINE) for name in re.findall(r"`(\w+)`", row)
    }
    assert {*OpenstaandModel.model_fields, *OpenstaandQuery.model_fields} <= explained
