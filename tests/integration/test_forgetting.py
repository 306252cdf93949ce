"""After the longer of the two terms nothing is left of a person, and nothing else changes."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select, update

from iwmo_gateway.errors import StoreBusy
from iwmo_gateway.gateway import person
from iwmo_gateway.gateway.purging import Kept, Part
from iwmo_gateway.gateway.replaying import replay_next
from iwmo_gateway.store import forgetting
from iwmo_gateway.store.tables import (
    antwoorden,
    client_hashes,
    clienten,
    declaraties,
    findings,
    judgements,
    mailbox,
    messages,
    metadata,
    numbers,
    prestaties,
    replay_items,
    replay_lanes,
    replays,
    reviews,
    starts,
    toewijzing_versies,
    toewijzingen,
    verzoeken,
)
from tests.claims import AANBIEDER, BSN, GEMEENTE, MAART, OTHER_BSN, Line, Terms, allocation, claim
from tests.conftest import Callers
from tests.integration import test_http_builders as builders
from tests.integration.test_http_builders import Json, day
from tests.integration.test_http_replays import REASON
from tests.integration.test_retention import counted, fetched, reported
from tests.stories import AFGEWEZEN, antwoord, product, toewijzing, verzoek

ENDS = day("2038-12-31")
"""Fifteen years after the last day of the allocations: 2023-12-31."""
BEFORE = ENDS - timedelta(days=1)
FACTS = (toewijzingen, toewijzing_versies, starts, prestaties, numbers, verzoeken, antwoorden, reviews)
PEOPLE = (clienten, client_hashes)
GUIDANCE, DAY_CARE = Terms(), Terms(810002, categorie="07", code="07A12", volume=3, eenheid="16")
OTHER = Terms(820001, OTHER_BSN)
FIRST = Line("R1", volume=10)
DAGDELEN = Line("R2", 810002, volume=15, eenheid="16", tarief=4657, categorie="07", code="07A12")
THEIRS = Line("R2", 820001, bsn=OTHER_BSN, volume=6)
REPEATED = replace(FIRST, referentie="R3", begin=MAART, end=date(2023, 3, 31))


@pytest.fixture
def terms(tmp_path: Path) -> Path:
    file = tmp_path / "bewaren.toml"
    file.write_text("[[termijn]]\nmaanden = 24\n", encoding="utf-8")
    return file


def sent(call: Callers, who: str, body: bytes, on: str = "2023-03-01", status: str = "accepted") -> Json:
    said: Json = call.send(who, body, day(on)).json()
    assert said["status"] == status, said.get("bevindingen")
    return said


def left(call: Callers, tables: Iterable[Any] = (*FACTS, *PEOPLE)) -> dict[str, int]:
    """How many rows there are, of each table that has any."""
    with call.gateway.database.reading() as transaction:
        counts = {one.name: transaction.scalar(select(func.count()).select_from(one)) for one in tables}
    return {name: count for name, count in counts.items() if count}


def everything(call: Callers) -> dict[str, list[Any]]:
    """Every row of every table."""
    with call.gateway.database.reading() as transaction:
        return {
            table.name: [tuple(row) for row in transaction.execute(select(table).order_by(*table.primary_key))]
            for table in metadata.sorted_tables
        }


def row(call: Callers, said: Json) -> Any:
    with call.gateway.database.reading() as transaction:
        return transaction.execute(select(messages).where(messages.c.id == said["id"])).one()


def forgotten(call: Callers, terms: Path, moment: Any = ENDS) -> dict[tuple[str, str], int]:
    return counted(reported(call, terms, moment), Part.FEITEN)


def a_year(call: Callers) -> dict[str, Json]:
    """An allocation until the end of 2023 with a start, a claim that is partly refused, and a start that is refused."""
    said = {
        "301": sent(call, GEMEENTE, allocation(GUIDANCE, DAY_CARE)),
        "323": sent(call, AANBIEDER, claim(FIRST, replace(DAGDELEN, volume=500)), status="partly_accepted"),
        "onbekend": sent(call, AANBIEDER, builders.start("FOUT", 799999), status="rejected"),
    }
    fetched(call)
    return said


def test_after_the_longer_term_nothing_is_left_of_a_person(call: Callers, terms: Path) -> None:
    said = a_year(call)
    before = left(call)
    assert before.keys() >= {"toewijzingen", "toewijzing_versies", "prestaties", "numbers", "clienten"}
    # What belongs to no allocation goes by its receipt; all else stays until the term after the end is over.
    assert forgotten(call, terms, BEFORE) == {("WMO305", "rejected"): 1}
    assert {name: before[name] - count for name, count in left(call).items() if before[name] != count} == {"numbers": 1}
    report = reported(call, terms, ENDS)
    assert counted(report, Part.FEITEN) == {("WMO301", "accepted"): 1, ("WMO323", "partly_accepted"): 1}
    assert (report.toewijzingen, report.clienten) == (2, 1)
    assert left(call) == {}
    with call.gateway.database.reading() as transaction:
        told = transaction.execute(select(findings.c.regel, findings.c.verwacht, findings.c.gevonden)).all()
        kept = transaction.execute(select(messages)).all()
    assert told
    assert {(verwacht, gevonden) for _, verwacht, gevonden in told} == {(None, None)}
    assert all(one.xml == b"" and one.purged_at and one.forgotten_at for one in kept), "our answers too"
    # Who did what and when stays, with the numbers of the messages.
    assert row(call, said["301"]).identificatie == "T01"
    story = call.get("operator", f"/v1/berichten/{said['301']['id']}/oordelen").json()
    assert [one["event"] for one in story["gebeurtenissen"]][-2:] == ["purged", "forgotten"]
    assert call.get(AANBIEDER, f"/v1/berichten/{said['323']['id']}").json()["status"] == "partly_accepted"
    assert left(call, [declaraties, judgements]) == {"declaraties": 1, "judgements": 3}
    listed = call.get(AANBIEDER, "/v1/declaraties").json()["declaraties"]
    assert [(one["declaratie_nummer"], one["toegekend"]) for one in listed] == [("D01", 60000)]
    assert call.get(AANBIEDER, "/v1/declaraties/regels").json()["regels"] == []
    assert call.get("operator", "/v1/reports/openstaand").json()["openstaand"] == []
    # Nobody is known by his Bsn any more, and there is nothing more to do.
    assert person.export(call.gateway, BSN, lambda some: None)["feiten"] == {}
    stands = everything(call)
    assert forgotten(call, terms) == {}
    assert everything(call) == stands


def test_used_numbers_of_messages_and_claims_stay_used(call: Callers, terms: Path) -> None:
    a_year(call)
    forgotten(call, terms)
    sent(call, GEMEENTE, allocation(GUIDANCE), status="rejected")  # TR056: the Identificatie
    assert sent(call, GEMEENTE, allocation(GUIDANCE, identificatie="T02"))["status"] == "accepted"
    again = claim(REPEATED, identificatie="B02", maand=MAART, dagtekening=date(2023, 4, 1))
    refused = sent(call, AANBIEDER, again, "2023-04-01", status="rejected")
    assert {one["regel"] for one in refused["bevindingen"]} == {"TR333"}


def test_the_bytes_of_a_repeat_are_not_taken_for_what_was_forgotten(call: Callers, terms: Path) -> None:
    said = a_year(call)
    forgotten(call, terms)
    again = sent(call, GEMEENTE, allocation(GUIDANCE, DAY_CARE), status="rejected")
    assert again["id"] != said["301"]["id"]
    assert row(call, said["301"]).xml == b""


def test_a_later_version_moves_the_term_and_one_without_an_end_takes_it_away(call: Callers, terms: Path) -> None:
    sent(call, GEMEENTE, allocation(GUIDANCE))
    longer = replace(GUIDANCE, end=date(2024, 6, 30), made_at=GUIDANCE.made_at + timedelta(days=1))
    sent(call, GEMEENTE, allocation(longer, identificatie="T02"))
    fetched(call)
    before = left(call)
    assert forgotten(call, terms, day("2039-06-29")) == {}
    assert left(call) == before
    endless = replace(longer, end=None, volume=20, frequentie="4", made_at=longer.made_at + timedelta(days=1))
    sent(call, GEMEENTE, allocation(endless, identificatie="T03"))
    fetched(call)
    assert forgotten(call, terms, day("2199-01-01")) == {}
    assert left(call)["toewijzing_versies"] == 3
    shorter = replace(endless, end=date(2023, 6, 30), made_at=endless.made_at + timedelta(days=1))
    sent(call, GEMEENTE, allocation(shorter, identificatie="T04"))
    fetched(call)
    assert forgotten(call, terms, day("2038-06-29")) == {}
    assert forgotten(call, terms, day("2038-06-30")) == {("WMO301", "accepted"): 4}
    assert left(call) == {}


def test_of_two_allocations_of_a_client_only_the_ended_one_goes(call: Callers, terms: Path) -> None:
    shared = sent(call, GEMEENTE, allocation(GUIDANCE, replace(DAY_CARE, end=None, volume=15, frequentie="4")))
    sent(call, AANBIEDER, claim(FIRST, DAGDELEN))
    fetched(call)
    report = reported(call, terms, ENDS)
    assert (report.toewijzingen, report.clienten) == (1, 0)
    assert left(call) == {
        "toewijzingen": 1, "toewijzing_versies": 1, "prestaties": 1, "numbers": 2, "clienten": 1, "client_hashes": 1,
    }  # fmt: skip
    assert row(call, shared).xml == b"", "the bytes told of both"
    with call.gateway.database.reading() as transaction:
        assert transaction.execute(select(prestaties.c.toewijzing_nummer, prestaties.c.bedrag)).all() == [
            (810002, 69855)
        ]
    # What was claimed of the one that stays still counts.
    more = replace(DAGDELEN, referentie="R3", volume=1, bedrag=4657)
    answered = sent(call, AANBIEDER, claim(more, identificatie="B02", nummer="D02"), status="refused")
    assert {one["regel"] for one in answered["bevindingen"]} == {"TR389"}


def test_clients_of_one_claim_go_each_with_their_own_allocation(call: Callers, terms: Path) -> None:
    sent(call, GEMEENTE, allocation(GUIDANCE))
    sent(call, GEMEENTE, allocation(replace(OTHER, end=date(2024, 12, 31)), identificatie="T02"))
    sent(call, AANBIEDER, claim(FIRST, THEIRS))
    fetched(call)
    assert reported(call, terms, ENDS).clienten == 1
    with call.gateway.database.reading() as transaction:
        assert list(transaction.scalars(select(prestaties.c.referentie_nummer))) == ["R2"]
    assert person.export(call.gateway, BSN, lambda some: None)["feiten"] == {}
    assert len(person.export(call.gateway, OTHER_BSN, lambda some: None)["feiten"]["prestaties"]) == 1
    assert reported(call, terms, day("2039-12-31")).clienten == 1
    assert left(call) == {}


def test_what_came_late_is_kept_for_its_own_term(call: Callers, terms: Path) -> None:
    sent(call, GEMEENTE, allocation(GUIDANCE))
    sent(call, AANBIEDER, claim(FIRST, dagtekening=date(2024, 5, 1)), "2024-05-01")
    fetched(call)
    assert forgotten(call, terms) == {}
    assert sum(forgotten(call, terms, day("2039-05-01")).values()) == 2


@pytest.mark.parametrize("waits", ["unfetched", "unanswered", "running", "paused", "preview", "review"])
def test_what_waits_for_anything_keeps_its_allocation(call: Callers, terms: Path, waits: str) -> None:
    said = a_year(call)["323"]
    of_it = messages.c.id == said["id"]
    with call.gateway.database.writing() as transaction:
        match waits:
            case "unfetched":
                entry = mailbox.c.message == said["retour"]["id"]
                transaction.execute(update(mailbox).where(entry).values(fetched_at=None))
            case "unanswered":
                transaction.execute(update(judgements).where(judgements.c.message == said["id"]).values(retour=None))
                transaction.execute(update(messages).where(messages.c.answers == said["id"]).values(answers=None))
            case "review":
                transaction.execute(update(messages).where(of_it).values(status="in_review"))
            case _:
                made = {"id": said["id"], "created_at": ENDS - timedelta(hours=23), "actor": "x", "reason": "x"}
                made |= {"dry_run": False, "force": False, "status": waits}
                transaction.execute(replays.insert().values(made))
                transaction.execute(replay_items.insert().values(replay=said["id"], nr=0, message=said["id"]))
    before = left(call)
    sent(call, GEMEENTE, allocation(OTHER, identificatie="T02"))
    with call.gateway.database.writing() as transaction:
        transaction.execute(update(mailbox).where(mailbox.c.message != said["retour"]["id"]).values(fetched_at=ENDS))
    report = reported(call, terms, ENDS)
    assert report.toewijzingen == 1, "only that which the claim does not name"
    assert ("WMO323", "partly_accepted") not in counted(report, Part.FEITEN)
    assert left(call)["prestaties"] == before["prestaties"]
    assert left(call)["clienten"] == 1


def test_a_request_goes_with_its_answer_or_its_allocation_and_an_open_one_stays(call: Callers, terms: Path) -> None:
    def asked(referentie: str) -> None:
        body = verzoek(referentie, op="2023-03-01").decode()
        sent(call, AANBIEDER, builders.with_values(body, {"Identificatie": referentie}))

    asked("AFGEWEZEN")
    sent(call, GEMEENTE, antwoord("AFGEWEZEN", AFGEWEZEN, op="2023-03-01"))
    asked("TOEGEWEZEN")
    granted = product(1, begin="2023-03-06", eind="2023-12-31", op="2023-03-01")
    sent(call, GEMEENTE, toewijzing(granted, verzoek="TOEGEWEZEN"))
    asked("OPEN")
    fetched(call)
    assert left(call, [verzoeken, antwoorden]) == {"verzoeken": 3, "antwoorden": 1}
    assert forgotten(call, terms, day("2038-02-28")) == {}
    assert forgotten(call, terms, BEFORE) == {("WMO315", "accepted"): 1, ("WMO319", "accepted"): 1}
    assert left(call, [verzoeken, antwoorden]) == {"verzoeken": 2}
    assert forgotten(call, terms) == {("WMO301", "accepted"): 1, ("WMO315", "accepted"): 1}
    assert forgotten(call, terms, day("2199-01-01")) == {}
    with call.gateway.database.reading() as transaction:
        assert list(transaction.scalars(select(verzoeken.c.referentie))) == ["OPEN"]


def test_a_dry_run_changes_nothing_and_tells_both_parts(call: Callers, terms: Path) -> None:
    a_year(call)
    sent(call, GEMEENTE, allocation(replace(OTHER, end=None, frequentie="4"), identificatie="T02"))
    sent(call, GEMEENTE, allocation(replace(OTHER, nummer=820002), identificatie="T03"))
    with call.gateway.database.writing() as transaction:
        transaction.execute(update(mailbox).where(mailbox.c.nr < 3).values(fetched_at=ENDS))
    stands = everything(call)
    first = reported(call, terms, BEFORE, dry_run=True)
    allocations = ("WMO301", "accepted")
    assert counted(first, Part.FEITEN) == {("WMO305", "rejected"): 1}
    kept = first.delen[Part.FEITEN].blijft[allocations]
    assert (kept.berichten, kept.oudste, kept.tot) == (3, date(2023, 3, 1), date(2038, 12, 31))
    assert (kept.wacht, kept.zonder_einde) == (2, 0), "not fetched yet"
    assert first.delen[Part.INHOUD].blijft == {allocations: Kept(2, date(2023, 3, 1), None, 2, 0)}
    would = reported(call, terms, ENDS, dry_run=True)
    assert everything(call) == stands
    went = reported(call, terms, ENDS)
    assert [counted(would, part) for part in Part] == [counted(went, part) for part in Part]
    assert would.toewijzingen == went.toewijzingen == 2


def test_stopped_half_way_it_goes_on(call: Callers, terms: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for nr in range(4):
        sent(call, GEMEENTE, allocation(replace(GUIDANCE, nummer=810001 + nr), identificatie=f"T{nr}"))
    fetched(call)
    monkeypatch.setattr("iwmo_gateway.gateway.forgetting._ALLOCATIONS", 1)
    monkeypatch.setattr("iwmo_gateway.gateway.forgetting._MESSAGES", 1)
    monkeypatch.setattr("iwmo_gateway.gateway.forgetting._CLIENTS", 1)
    monkeypatch.setattr("iwmo_gateway.store.forgetting._AT_ONCE", 1)
    real, calls = forgetting.forget, iter((False, True, False))

    def dying(*given: Any) -> Any:
        if next(calls):
            real(*given)
            raise StoreBusy("killed before its commit")
        return real(*given)

    monkeypatch.setattr(forgetting, "forget", dying)
    with pytest.raises(StoreBusy):
        forgotten(call, terms)
    assert left(call)["toewijzingen"] == left(call)["toewijzing_versies"] == 3
    monkeypatch.setattr(forgetting, "forget", real)
    assert forgotten(call, terms) == {("WMO301", "accepted"): 3}
    assert left(call) == {}


def test_a_client_who_comes_back_meanwhile_is_not_forgotten(
    call: Callers, terms: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    a_year(call)
    real = forgetting.clients_without_facts

    def slow(transaction: Any) -> list[bytes]:
        found = real(transaction)
        sent(call, GEMEENTE, allocation(replace(GUIDANCE, nummer=830001), identificatie="T09"))
        return found

    monkeypatch.setattr(forgetting, "clients_without_facts", slow)
    assert reported(call, terms, ENDS).clienten == 0
    assert left(call, PEOPLE) == {"clienten": 1, "client_hashes": 1}


def test_it_waits_for_who_is_judging(call: Callers, terms: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    a_year(call)
    before = left(call)
    monkeypatch.setattr("iwmo_gateway.store.database.LOCK_SECONDS", 1)
    monkeypatch.setattr("iwmo_gateway.gateway.retention._take_bytes", lambda *_: None)
    with call.gateway.database.writing() as transaction:
        call.gateway.database.lock(transaction, "wmo", GEMEENTE, AANBIEDER)
        with pytest.raises(StoreBusy):
            forgotten(call, terms)
    assert left(call) == before


def test_clients_are_left_for_the_next_time_while_a_message_knows_them(call: Callers, terms: Path) -> None:
    a_year(call)
    if call.gateway.database.embedded:
        pytest.skip("one writes at a time")
    with call.gateway.database.writing() as transaction:
        transaction.execute(select(client_hashes)).all()
        assert reported(call, terms, ENDS).clienten is None
    assert left(call) == {"clienten": 1, "client_hashes": 1}
    assert reported(call, terms, ENDS).clienten == 1
    assert left(call) == {}


def test_previews_that_nobody_started_are_removed_with_all_that_belongs_to_them(call: Callers, terms: Path) -> None:
    a_year(call)
    wish = {"filter": {"status": "rejected"}, "reason": REASON}
    old, new, started = (call.post("operator", "/v1/replays", wish).json()["id"] for _ in range(3))
    with call.gateway.database.writing() as transaction:
        created = {old: ENDS - timedelta(days=31), new: ENDS - timedelta(days=29), started: ENDS - timedelta(days=31)}
        for replay_id, moment in created.items():
            values = {"created_at": moment, "status": "paused" if replay_id == started else "preview"}
            transaction.execute(update(replays).where(replays.c.id == replay_id).values(values))
    assert reported(call, terms, ENDS, dry_run=True).proefselecties == 1
    assert left(call, [replays]) == {"replays": 3}
    assert reported(call, terms, ENDS).proefselecties == 1
    assert left(call, [replays, replay_items, replay_lanes]) == {"replays": 2, "replay_items": 2, "replay_lanes": 2}
    assert call.get("operator", f"/v1/replays/{old}").status_code == 404


def test_a_term_of_facts_counts_by_kind_and_status(call: Callers, terms: Path) -> None:
    text = terms.read_text(encoding="utf-8")
    terms.write_text(text + '[[feiten]]\nstatussen = ["rejected"]\nmaanden = 36\n', encoding="utf-8")
    a_year(call)
    assert forgotten(call, terms, day("2026-02-28")) == {}
    assert forgotten(call, terms, day("2026-03-01")) == {("WMO305", "rejected"): 1}
    assert sum(forgotten(call, terms).values()) == 2


def test_a_person_is_told_what_was_purged(call: Callers, terms: Path) -> None:
    said = a_year(call)
    assert person.export(call.gateway, BSN, lambda some: None)["opgeruimd"] == {
        "berichten": [], "andere": 0, "toelichting": None,
    }  # fmt: skip
    reported(call, terms, day("2026-01-01"))
    told = person.export(call.gateway, BSN, lambda some: None)
    assert told["berichten"] == []
    mine = {one["id"]: one["purged_at"] for one in told["opgeruimd"]["berichten"]}
    answers = {said[name]["retour"]["id"] for name in ("301", "323")}
    assert mine == dict.fromkeys({said["301"]["id"], said["323"]["id"], *answers}, day("2026-01-01"))
    assert told["opgeruimd"]["andere"] == 2, "a start of whom nothing is known, and its answer"
    assert "opgeruimd" in told["opgeruimd"]["toelichting"]
    assert person.export(call.gateway, OTHER_BSN, lambda some: None)["opgeruimd"]["berichten"] == []
    forgotten(call, terms)
    after = person.export(call.gateway, BSN, lambda some: None)
    assert (after["feiten"], after["opgeruimd"]["berichten"], after["opgeruimd"]["andere"]) == ({}, [], 6)


def test_a_replay_of_what_was_forgotten_says_so(call: Callers, terms: Path) -> None:
    said = a_year(call)
    forgotten(call, terms)
    ids = [said["onbekend"]["id"], said["323"]["id"]]
    made = call.post("operator", "/v1/replays", {"ids": ids, "reason": REASON, "force": True}).json()
    for _ in ids:
        replay_next(call.gateway, lambda: ENDS)
    items = call.get("operator", f"/v1/replays/{made['id']}/items").json()["berichten"]
    assert [one["outcome"] for one in items] == ["purged", "purged"]
