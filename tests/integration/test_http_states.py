"""The facts over HTTP: what messages come to, whatever the order in which they came, and for whom."""

import csv
import io
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from urllib.parse import quote

import pytest
from openpyxl import load_workbook

from tests.cases import FIXTURES
from tests.claims import FEBRUARI, Line, Terms, claim
from tests.claims import allocation as allocated
from tests.conftest import Callers
from tests.integration.test_claim_statements import gist, statements
from tests.integration.test_http_builders import (
    AANBIEDER,
    ANDERE_AANBIEDER,
    ANDERE_GEMEENTE,
    BSN,
    GEMEENTE,
    OTHER_BSN,
    PERSONAL,
    Json,
    allocation,
    day,
    document_of,
    lone_start,
    start,
    with_values,
)
from tests.integration.test_http_refusals import is_problem

PATHS = ("toewijzingen", "leveringen", "verzoeken", "declaraties", "declaraties/regels")
IN_2019, IN_2023 = "2019-03-05", "2023-03-02"


def take(call: Callers, name: str, on: str = "", status: str = "accepted", **values: str) -> str:
    """Send an earlier message of the fixtures, with other values in it; its id."""
    text = (FIXTURES / "vooraf" / f"{name}.xml").read_text(encoding="utf-8")
    body = with_values(text, values)
    moment = day(on or (IN_2019 if name.endswith("2.3") else IN_2023))
    said = call.send(document_of(body).kop.afzender, body, moment).json()
    assert said["status"] == status, said
    return str(said["id"])


def facts(call: Callers, path: str, query: str = "", who: str = "operator") -> list[Json]:
    """All facts that someone sees, page by page; none of them tells about whom it is."""
    found: list[Json] = []
    following: str | None = f"/v1/{path}?{query}"
    clients = [hashed.hex() for bsn in (BSN, OTHER_BSN) for hashed in call.gateway.keyring.hashes(bsn).values()]
    while following is not None:
        answer = call.get(who, following)
        assert answer.status_code == 200, answer.text
        assert not [value for value in (*PERSONAL, "999912069", *clients) if value in answer.text]
        page = answer.json()
        found += page[path.rpartition("/")[2]]
        following = page["links"]["next"]
    return found


def made_by(fact: Json) -> list[tuple[str, str, bool]]:
    """The messages of a fact: id, what it did, and whether the state follows from it."""
    return [(source["id"], source["rol"], source["bepalend"]) for source in fact["berichten"]]


def only(found: Sequence[Json]) -> Json:
    (fact,) = found
    return fact


@pytest.mark.parametrize("order", [1, -1], ids=["in order", "the other way round"])
def test_the_newest_version_of_an_allocation_holds_in_any_order_of_arrival(call: Callers, order: int) -> None:
    names = ["toewijzing-3.2", "toewijzing-verlaagd-3.2"]
    ids = {name: take(call, name) for name in names[::order]}
    fact = only(facts(call, "toewijzingen", "toewijzing_nummer=700001"))
    assert made_by(fact) == [(ids[names[1]], "versie", True), (ids[names[0]], "versie", False)]
    assert [source["identificatie"] for source in fact["berichten"]] == ["V32-39", "V32-01"]
    assert {name: value for name, value in fact.items() if name != "berichten"} == {
        "domein": "wmo",
        "gemeente": GEMEENTE,
        "aanbieder": AANBIEDER,
        "toewijzing_nummer": 700001,
        "product": {"categorie": "02", "code": "02A16"},
        "toewijzingsdatum": "2023-02-15",
        "toewijzingstijd": "10:15:00",
        "ingangsdatum": "2023-02-01",
        "einddatum": "2023-12-31",
        "omvang": {"volume": 2, "eenheid": "04", "frequentie": "2"},
        "budget": None,
        "reden_wijziging": None,
        "referentie_aanbieder": None,
        "staat": "geldig",
        "versies": 2,
    }
    # A repeat, and the same version in another message, change nothing.
    take(call, names[0])
    take(call, names[1], Identificatie="NOGMAALS")
    assert only(facts(call, "toewijzingen", "toewijzing_nummer=700001")) == fact


@pytest.mark.parametrize("order", [1, -1], ids=["in order", "the other way round"])
@pytest.mark.parametrize(
    "names",
    [
        ["toewijzing-vervoer-3.2", "toewijzing-vervoer-verwijderd-3.2"],
        ["toewijzing-toekomst-2.3", "toewijzing-toekomst-vervallen-2.3"],
    ],
    ids=["removed", "corrected"],
)
def test_an_allocation_that_lapsed_does_not_count(call: Callers, names: list[str], order: int) -> None:
    ids = {name: take(call, name, IN_2023) for name in names[::order]}
    assert facts(call, "toewijzingen") == []
    (fact,) = facts(call, "toewijzingen", "staat=vervallen")
    assert [fact] == facts(call, "toewijzingen", "staat=alle")
    assert (fact["staat"], fact["versies"]) == ("vervallen", 2)
    assert made_by(fact) == [(ids[names[1]], "versie", True), (ids[names[0]], "versie", False)]


def test_a_number_that_is_used_again_is_another_allocation_that_its_first_provider_does_not_see(call: Callers) -> None:
    mine = [take(call, name) for name in ("toewijzing-3.2", "toewijzing-verwijderd-3.2")]
    theirs = take(call, "toewijzing-hergebruikt-3.2")
    of_number = "toewijzing_nummer=700001&staat="
    assert facts(call, "toewijzingen", f"{of_number}geldig", AANBIEDER) == []
    lapsed = only(facts(call, "toewijzingen", f"{of_number}alle", AANBIEDER))
    assert (lapsed["staat"], {source["id"] for source in lapsed["berichten"]}) == ("vervallen", set(mine))
    valid = only(facts(call, "toewijzingen", f"{of_number}alle", ANDERE_AANBIEDER))
    assert (valid["staat"], made_by(valid)) == ("geldig", [(theirs, "versie", True)])
    assert facts(call, "toewijzingen", f"{of_number}alle", GEMEENTE) == [lapsed, valid]
    assert facts(call, "toewijzingen", f"{of_number}alle&limit=1", GEMEENTE) == [lapsed, valid]
    assert facts(call, "toewijzingen", f"{of_number}vervallen") == [lapsed]


def test_an_allocation_whose_number_was_given_out_anew_does_not_count(call: Callers) -> None:
    first, second = take(call, "toewijzing-2.3"), take(call, "toewijzing-naar-andere-client-2.3")
    found = facts(call, "toewijzingen", "toewijzing_nummer=230001&staat=alle")
    assert [(fact["staat"], made_by(fact)) for fact in found] == [
        ("vervallen", [(first, "versie", True)]),
        ("geldig", [(second, "versie", True)]),
    ]
    assert [facts(call, "toewijzingen", f"toewijzing_nummer=230001&staat={fact['staat']}") for fact in found] == [
        [fact] for fact in found
    ]


def the_delivery(call: Callers, query: str = "staat=alle") -> tuple[str, str | None, str | None]:
    fact = only(facts(call, "leveringen", query))
    return fact["staat"], fact["einddatum"], fact["reden_beeindiging"]


def test_a_delivery_is_started_stopped_for_a_while_and_stopped(call: Callers) -> None:
    take(call, "toewijzing-3.2")
    begun = take(call, "start-3.2")
    fact = only(facts(call, "leveringen"))
    assert made_by(fact) == [(begun, "start", True)]
    assert {name: value for name, value in fact.items() if name != "berichten"} == {
        "domein": "wmo",
        "gemeente": GEMEENTE,
        "aanbieder": AANBIEDER,
        "toewijzing_nummer": 700001,
        "product": {"categorie": "02", "code": "02A16"},
        "begindatum": "2023-02-06",
        "staat": "gestart",
        "einddatum": None,
        "reden_beeindiging": None,
    }
    for_a_while = take(call, "stop-tijdelijk-3.2")
    assert the_delivery(call) == ("tijdelijk_gestopt", "2023-02-17", "20")
    stopped = take(call, "stop-later-3.2")
    assert the_delivery(call) == ("gestopt", "2023-02-24", "19")
    told = made_by(only(facts(call, "leveringen")))
    assert told == [(stopped, "stop", True), (for_a_while, "stop", False), (begun, "start", False)]
    assert [len(facts(call, "leveringen", f"staat={staat}")) for staat in ("gestart", "tijdelijk_gestopt")] == [0, 0]


@pytest.mark.parametrize("order", [1, -1], ids=["in order", "the other way round"])
def test_the_newest_stop_is_the_one_that_ends_last_in_any_order_of_arrival(call: Callers, order: int) -> None:
    for name in ("toewijzing-2.3", "start-2.3", *["stop-tijdelijk-2.3", "stop-2.3"][::order]):
        take(call, name)
    assert the_delivery(call, "staat=gestopt") == ("gestopt", "2018-09-28", "19")
    assert facts(call, "leveringen", "staat=tijdelijk_gestopt") == []


def test_of_two_stops_on_one_day_the_last_one_holds(call: Callers) -> None:
    for name in ("toewijzing-3.2", "start-3.2", "stop-tijdelijk-3.2", "stop-3.2"):
        take(call, name)
    assert the_delivery(call) == ("gestopt", "2023-02-17", "19")


def test_a_deleted_stop_does_not_count(call: Callers) -> None:
    for name in ("toewijzing-3.2", "start-3.2"):
        take(call, name)
    stopped, deleted = take(call, "stop-tijdelijk-3.2"), take(call, "stop-tijdelijk-verwijderd-3.2")
    assert the_delivery(call, "staat=gestart") == ("gestart", None, None)
    told = made_by(only(facts(call, "leveringen")))
    assert {(stopped, "stop", False), (deleted, "stop_verwijderd", False)} < set(told)
    assert [rol for _, rol, bepalend in told if bepalend] == ["start"]


def test_a_deleted_start_does_not_count_until_it_is_started_again(call: Callers) -> None:
    take(call, "toewijzing-3.2")
    first, deleted = take(call, "start-3.2"), take(call, "start-verwijderd-3.2")
    assert facts(call, "leveringen") == []
    fact = only(facts(call, "leveringen", "staat=verwijderd"))
    assert set(made_by(fact)) == {(first, "start", False), (deleted, "start_verwijderd", True)}
    again = take(call, "start-3.2", Identificatie="OPNIEUW")
    fact = only(facts(call, "leveringen", "staat=alle"))
    assert (fact["staat"], [rol for rol in made_by(fact) if rol[2]]) == ("gestart", [(again, "start", True)])
    assert len(fact["berichten"]) == 3
    assert facts(call, "leveringen", "staat=verwijderd") == []


def test_a_delivery_without_an_allocation_is_known_by_its_product(call: Callers) -> None:
    take(call, "start-taakgericht-3.2")
    fact = only(facts(call, "leveringen"))
    assert (fact["toewijzing_nummer"], fact["product"]) == (None, {"categorie": "01", "code": "01A01"})
    take(call, "stop-taakgericht-tijdelijk-3.2")
    assert the_delivery(call) == ("tijdelijk_gestopt", "2023-02-17", "20")


def the_request(call: Callers, query: str = "") -> tuple[str, list[str], list[int]]:
    fact = only(facts(call, "verzoeken", query))
    return fact["staat"], [rol for _, rol, bepalend in made_by(fact) if bepalend], fact["toewijzing_nummers"]


def test_a_request_is_open_in_investigation_and_allocated(call: Callers) -> None:
    asked = take(call, "aanvraag-3.2")
    fact = only(facts(call, "verzoeken", "staat=open"))
    assert {name: value for name, value in fact.items() if name != "berichten"} == {
        "domein": "wmo",
        "gemeente": GEMEENTE,
        "aanbieder": AANBIEDER,
        "referentie_aanbieder": "VERZOEK-2023-1",
        "soort": "WMO315",
        "dagtekening": "2023-02-20",
        "staat": "open",
        "toewijzing_nummers": [],
    }
    assert made_by(fact) == [(asked, "verzoek", True)]
    take(call, "antwoord-onderzoek-3.2")
    assert the_request(call, "staat=in_onderzoek") == ("in_onderzoek", ["in_onderzoek"], [])
    take(call, "toewijzing-op-verzoek-3.2")
    assert the_request(call, "staat=toegewezen") == ("toegewezen", ["toewijzing"], [720011])
    assert facts(call, "verzoeken", "staat=open") + facts(call, "verzoeken", "staat=in_onderzoek") == []
    allocation = only(facts(call, "toewijzingen", "referentie_aanbieder=VERZOEK-2023-1"))
    assert allocation["toewijzing_nummer"] == 720011


def test_a_request_is_refused_unless_it_is_allocated_after_all(call: Callers) -> None:
    take(call, "aanvraag-3.2")
    take(call, "antwoord-afgewezen-3.2")
    assert the_request(call, "staat=afgewezen") == ("afgewezen", ["afwijzing"], [])
    assert facts(call, "verzoeken", "staat=open") == []
    take(call, "toewijzing-op-verzoek-3.2")
    assert the_request(call, "staat=toegewezen") == ("toegewezen", ["toewijzing"], [720011])
    assert facts(call, "verzoeken", "staat=afgewezen") == []


def test_a_request_for_a_change_is_a_request(call: Callers) -> None:
    take(call, "toewijzing-vervoer-3.2")
    take(call, "wijziging-3.2")
    assert only(facts(call, "verzoeken", "soort=WMO317"))["staat"] == "open"
    assert facts(call, "verzoeken", "soort=WMO315") == []


def test_two_requests_with_one_reference_are_both_told(call: Callers) -> None:
    ids = [take(call, "aanvraag-2.3"), take(call, "aanvraag-2.3", Identificatie="TWEEDE")]
    found = facts(call, "verzoeken", "referentie_aanbieder=VERZOEK-2019-1&staat=open")
    assert [made_by(fact) for fact in found] == [[(identity, "verzoek", True)] for identity in ids]


def test_a_claim_tells_its_amounts_and_its_lines_by_state(call: Callers) -> None:
    take(call, "toewijzing-3.2")
    claimed = take(call, "declaratie-februari-deels-3.2", status="partly_accepted")
    fact = only(facts(call, "declaraties"))
    retour = call.get(AANBIEDER, f"/v1/berichten/{claimed}").json()["retour"]
    assert {name: value for name, value in fact.items() if name != "berichten"} == {
        "domein": "wmo",
        "gemeente": GEMEENTE,
        "aanbieder": AANBIEDER,
        "id": claimed,
        "soort": "WMO323",
        "declaratie_nummer": "VD04",
        "periode": {"begindatum": "2023-02-01", "einddatum": "2023-02-28"},
        "status": "partly_accepted",
        "ingediend": 101914,
        "toegekend": fact["toegekend"],
        "regels": {"goedgekeurd": 1, "afgekeurd": 1, "gecrediteerd": 0, "aangehouden": 0},
    }
    expected = {(claimed, "declaratie", True), (retour["id"], "antwoord", False)}
    assert set(made_by(fact)) == expected
    approved = only(facts(call, "declaraties/regels", "staat=goedgekeurd"))
    refused = only(facts(call, "declaraties/regels", "staat=afgekeurd"))
    assert approved["bedrag"] == fact["toegekend"] > 0
    assert refused["bedrag"] == fact["ingediend"] - fact["toegekend"]
    assert set(made_by(approved)) == set(made_by(refused)) == expected


def test_a_line_is_credited_by_a_later_claim(call: Callers) -> None:
    take(call, "toewijzing-3.2")
    claimed, credited = take(call, "declaratie-februari-3.2"), take(call, "declaratie-februari-gecrediteerd-3.2")
    debit = only(facts(call, "declaraties/regels", "staat=gecrediteerd"))
    credit = only(facts(call, "declaraties/regels", "staat=goedgekeurd"))
    assert [debit, credit] == facts(call, "declaraties/regels")
    assert {name: value for name, value in debit.items() if name != "berichten"} == {
        "domein": "wmo",
        "gemeente": GEMEENTE,
        "aanbieder": AANBIEDER,
        "declaratie": claimed,
        "declaratie_nummer": "VD01",
        "soort": "WMO323",
        "referentie_nummer": "VD01-1",
        "vorig_referentie_nummer": None,
        "toewijzing_nummer": 700001,
        "product": {"categorie": "02", "code": "02A16"},
        "periode": {"begindatum": "2023-02-01", "einddatum": "2023-02-28"},
        "volume": 10,
        "eenheid": "04",
        "tarief": 6000,
        "bedrag": 60000,
        "btw": 0,
        "credit": False,
        "staat": "gecrediteerd",
        "redenen": [],
    }
    assert {told for told in made_by(debit) if told[1] != "antwoord"} == {
        (claimed, "declaratie", False),
        (credited, "creditering", True),
    }
    assert (credit["credit"], credit["bedrag"], credit["vorig_referentie_nummer"]) == (True, -60000, "VD01-1")
    assert {told for told in made_by(credit) if told[1] != "antwoord"} == {
        (credited, "declaratie", True),
        (claimed, "gecrediteerde_declaratie", False),
    }
    counted = {fact["declaratie_nummer"]: fact["regels"] for fact in facts(call, "declaraties")}
    assert counted == {
        "VD01": {"goedgekeurd": 0, "afgekeurd": 0, "gecrediteerd": 1, "aangehouden": 0},
        "VD02": {"goedgekeurd": 1, "afgekeurd": 0, "gecrediteerd": 0, "aangehouden": 0},
    }
    assert sum(fact["toegekend"] for fact in facts(call, "declaraties")) == 0


def test_an_invoice_of_2018_is_credited_too(call: Callers) -> None:
    for name in ("toewijzing-2.3", "declaratie-juli-2.3", "declaratie-credit-juli-2.3"):
        take(call, name, "2018-10-01")
    found = facts(call, "declaraties/regels", "soort=WMO303")
    assert [(line["staat"], line["bedrag"]) for line in found] == [("gecrediteerd", 60000), ("goedgekeurd", -60000)]


def everything_of_two(call: Callers) -> None:
    """Facts of every kind between two parties, and an allocation and a start of two others."""
    for name in ("toewijzing-3.2", "start-3.2", "aanvraag-3.2", "declaratie-februari-3.2"):
        take(call, name)
    take(call, "toewijzing-3.2", Afzender=ANDERE_GEMEENTE, Ontvanger=ANDERE_AANBIEDER)
    other = lone_start("ANDER", Afzender=ANDERE_AANBIEDER, Ontvanger=ANDERE_GEMEENTE)
    assert call.send(ANDERE_AANBIEDER, other).json()["status"] == "accepted"


def counted(call: Callers, who: str, query: str = "") -> dict[str, int]:
    return {path: len(facts(call, path, query, who)) for path in PATHS}


def test_a_party_sees_the_facts_of_which_it_is_a_side(call: Callers) -> None:
    everything_of_two(call)
    mine = {"toewijzingen": 2, "leveringen": 1, "verzoeken": 1, "declaraties": 1, "declaraties/regels": 1}
    theirs = {"toewijzingen": 2, "leveringen": 1, "verzoeken": 0, "declaraties": 0, "declaraties/regels": 0}
    every = {path: mine[path] + theirs[path] for path in PATHS}
    nothing = dict.fromkeys(PATHS, 0)
    assert [counted(call, who) for who in (GEMEENTE, AANBIEDER)] == [mine, mine]
    assert [counted(call, who) for who in (ANDERE_GEMEENTE, ANDERE_AANBIEDER)] == [theirs, theirs]
    assert [counted(call, who) for who in ("operator", "auditor")] == [every, every]
    assert [counted(call, who) for who in ("1669", "12345678")] == [nothing, nothing]
    assert counted(call, GEMEENTE, f"aanbieder={AANBIEDER}") == mine
    assert counted(call, "operator", f"gemeente={ANDERE_GEMEENTE}") == theirs
    for who, query in (
        (GEMEENTE, f"gemeente={ANDERE_GEMEENTE}"),
        (GEMEENTE, f"aanbieder={ANDERE_AANBIEDER}"),
        (AANBIEDER, f"aanbieder={ANDERE_AANBIEDER}"),
        (AANBIEDER, f"gemeente={ANDERE_GEMEENTE}"),
        ("operator", f"gemeente={GEMEENTE}&aanbieder={ANDERE_AANBIEDER}"),
        ("operator", "domein=jw"),
    ):
        assert counted(call, who, query) == nothing


def test_every_message_of_a_fact_can_be_read_by_who_sees_the_fact(call: Callers) -> None:
    everything_of_two(call)
    for who in (GEMEENTE, AANBIEDER, ANDERE_GEMEENTE, ANDERE_AANBIEDER, "auditor"):
        told = [source for path in PATHS for fact in facts(call, path, "", who) for source in fact["berichten"]]
        for source in told:
            said = call.get(who, f"/v1/berichten/{source['id']}").json()
            assert {name: said[name] for name in ("soort", "identificatie", "received_at")} == {
                name: source[name] for name in ("soort", "identificatie", "received_at")
            }


def test_what_is_rejected_makes_no_fact(call: Callers) -> None:
    take(call, "start-3.2", status="rejected")
    take(call, "antwoord-onderzoek-3.2", status="rejected")
    take(call, "declaratie-februari-3.2", status="refused")
    assert {path: len(facts(call, path, "staat=alle")) for path in PATHS if path != "declaraties"} == {
        "toewijzingen": 0, "leveringen": 0, "verzoeken": 0, "declaraties/regels": 1,
    }  # fmt: skip
    take(call, "toewijzing-3.2")
    take(call, "start-3.2")
    assert the_delivery(call) == ("gestart", None, None)


def numbers(found: Sequence[Json]) -> list[int]:
    return [fact["toewijzing_nummer"] for fact in found]


def test_pages_show_each_fact_once_even_when_more_come_in(call: Callers) -> None:
    for nr in range(4):
        sent = allocation(f"T{nr}", 710000 + 2 * nr, 710001 + 2 * nr)
        assert call.send(GEMEENTE, sent).json()["status"] == "accepted"
    seen: list[int] = []
    sizes = []
    path: str | None = f"/v1/toewijzingen?limit=3&aanbieder={AANBIEDER}&geldig_op=2023-03-01"
    while path is not None:
        page = call.get(GEMEENTE, path).json()
        seen += numbers(page["toewijzingen"])
        sizes.append(len(page["toewijzingen"]))
        path = page["links"]["next"]
        if len(sizes) == 1:
            # A newer version of one that was shown, and another one that is not for these days.
            again = allocation("NIEUWER", 710000, 710001, Dagtekening="2023-02-06", Toewijzingsdatum="2023-02-06")
            assert call.send(GEMEENTE, again).json()["status"] == "accepted"
            take(call, "toewijzing-toekomst-3.2")
    assert (seen, sizes) == (list(range(710000, 710008)), [3, 3, 2])
    exactly = call.get(GEMEENTE, "/v1/toewijzingen?limit=8&geldig_op=2023-03-01").json()
    assert (len(exactly["toewijzingen"]), exactly["links"]["next"]) == (8, None)


AID = {"Categorie": "11", "Code": "11A01"}
"""Of aids a client may have any number at a time."""


def aids(call: Callers, nummers: Sequence[int], prefix: str = "A", gemeente: str = GEMEENTE) -> None:
    """An allocation of two versions under each number, and its delivery."""
    terms = [Terms(nr, categorie=AID["Categorie"], code=None, volume=None, begin=FEBRUARI) for nr in nummers]
    newer = [replace(one, made_at=datetime(2022, 12, 2, 10)) for one in terms]  # noqa: DTZ001
    for name, versions in (("T", terms), ("N", newer)):
        sent = allocated(*versions, identificatie=f"{prefix}{name}", gemeente=gemeente)
        assert call.send(gemeente, sent).json()["status"] == "accepted"
    for nr in nummers:
        begun = start(f"{prefix}{nr}", nr, Ontvanger=gemeente, **AID)
        assert call.send(AANBIEDER, begun).json()["status"] == "accepted"


def test_a_page_is_full_whatever_its_state(call: Callers) -> None:
    nummers = list(range(810000, 810010))
    aids(call, nummers)
    stop = (FIXTURES / "vooraf" / "stop-3.2.xml").read_text(encoding="utf-8")
    for nr in nummers[::3]:
        stopped = with_values(stop, {"ToewijzingNummer": str(nr), "Identificatie": f"S{nr}", **AID})
        assert call.send(AANBIEDER, stopped).json()["status"] == "accepted"
    page = call.get(AANBIEDER, "/v1/leveringen?staat=gestopt&limit=3").json()
    assert numbers(page["leveringen"]) == nummers[::3][:3]
    assert numbers(facts(call, "leveringen", "staat=gestopt&limit=3")) == nummers[::3]
    going_on = [nummer for nummer in nummers if nummer not in nummers[::3]]
    assert numbers(facts(call, "leveringen", "staat=gestart&limit=2")) == going_on


FILTERS: dict[str, dict[str, int]] = {
    "toewijzingen": {
        "toewijzing_nummer=700002": 1,
        "toewijzing_nummer=1": 0,
        "product_categorie=07": 1,
        "product_code=02A16": 1,
        "product_code=02A16&product_categorie=07": 0,
        "geldig_op=2023-02-01": 2,
        "geldig_op=2023-01-31": 0,
        "geldig_op=2023-12-31": 2,
        "geldig_op=2024-01-01": 0,
        "referentie_aanbieder=X": 0,
        "domein=wmo": 2,
    },
    "leveringen": {
        "toewijzing_nummer=700001": 1,
        "toewijzing_nummer=700002": 0,
        "product_code=02A16": 1,
        "product_categorie=07": 0,
        "begonnen_vanaf=2023-02-06": 1,
        "begonnen_vanaf=2023-02-07": 0,
        "begonnen_tot_en_met=2023-02-06": 1,
        "begonnen_tot_en_met=2023-02-05": 0,
        "staat=gestart": 1,
        "staat=gestopt": 0,
    },
    "verzoeken": {"soort=WMO315": 1, "soort=WMO317": 0, "referentie_aanbieder=VERZOEK-2023-1": 1, "staat=open": 1},
    "declaraties": {
        "soort=WMO323": 1,
        "soort=WMO303": 0,
        "declaratie_nummer=VD01": 1,
        "declaratie_nummer=VD02": 0,
        "periode_vanaf=2023-02-01": 1,
        "periode_vanaf=2023-02-02": 0,
        "periode_tot_en_met=2023-02-28": 1,
        "periode_tot_en_met=2023-02-27": 0,
        "status=accepted": 1,
        "status=refused": 0,
    },
    "declaraties/regels": {
        "soort=WMO323": 1,
        "soort=WMO303": 0,
        "toewijzing_nummer=700001": 1,
        "toewijzing_nummer=700002": 0,
        "referentie_nummer=VD01-1": 1,
        "referentie_nummer=VD01": 0,
        "product_categorie=02": 1,
        "product_code=02A03": 0,
        "declaratie=01970000-0000-7000-8000-000000000000": 0,
        "staat=goedgekeurd": 1,
        "staat=afgekeurd": 0,
    },
}


def test_everything_that_is_asked_must_hold(call: Callers) -> None:
    for name in ("toewijzing-3.2", "start-3.2", "aanvraag-3.2"):
        take(call, name)
    claimed = take(call, "declaratie-februari-3.2")
    for who in ("operator", GEMEENTE, AANBIEDER):
        found = {
            path: {query: len(facts(call, path, query, who)) for query in queries} for path, queries in FILTERS.items()
        }
        assert found == FILTERS
        assert len(facts(call, "declaraties/regels", f"declaratie={claimed}", who)) == 1


def judged_at(call: Callers, identity: str) -> datetime:
    """When a message was judged last."""
    return datetime.fromisoformat(
        call.get("operator", f"/v1/berichten/{identity}/oordelen").json()["oordelen"][-1]["at"]
    )


CHANGES: dict[str, tuple[list[str], str]] = {
    "toewijzingen": (["toewijzing-3.2"], "toewijzing-verlaagd-3.2"),
    "leveringen": (["toewijzing-3.2", "start-3.2"], "stop-tijdelijk-3.2"),
    "leveringen?staat=alle": (["toewijzing-3.2", "start-3.2"], "start-verwijderd-3.2"),
    "verzoeken": (["aanvraag-3.2"], "antwoord-onderzoek-3.2"),
    "verzoeken?staat=toegewezen": (["aanvraag-3.2"], "toewijzing-op-verzoek-3.2"),
    "declaraties": (["toewijzing-3.2", "declaratie-februari-3.2"], "declaratie-februari-gecrediteerd-3.2"),
    "declaraties/regels": (["toewijzing-3.2", "declaratie-februari-3.2"], "declaratie-februari-gecrediteerd-3.2"),
}


@pytest.mark.parametrize("asked", CHANGES)
def test_what_changed_since_a_moment_is_told(call: Callers, asked: str) -> None:
    names, change = CHANGES[asked]
    path, _, query = asked.partition("?")
    for name in names:
        last = take(call, name)
    before = judged_at(call, last) + timedelta(microseconds=1)

    def since(moment: datetime) -> list[Json]:
        return facts(call, path, f"{query}&gewijzigd_sinds={quote(moment.isoformat())}".lstrip("&"))

    assert since(before) == []
    changed = take(call, change)
    found = since(before)
    assert found
    assert all(changed in {source["id"] for source in fact["berichten"]} for fact in found)
    assert numbers(found) == [700001] if path == "toewijzingen" else True
    assert since(judged_at(call, changed)) == found
    assert since(judged_at(call, changed) + timedelta(microseconds=1)) == []


WRONG: dict[str, tuple[str, ...]] = {
    "toewijzingen": ("staat=open", "geldig_op=vandaag", "toewijzing_nummer=x", "after=1", "after=1-", f"bsn={BSN}"),
    "leveringen": ("staat=geldig", "begonnen_vanaf=2023-02-30", "after=x", "after=1-1", "after=-1"),
    "verzoeken": ("staat=gestart", "referentie_aanbieder=%00", f"bsn={BSN}"),
    "declaraties": ("staat=open", "status=rejected", "periode_vanaf=2023", "regels=1"),
    "declaraties/regels": ("staat=open", "declaratie=1", "after=1", "toewijzing_nummer=1000000000"),
}


@pytest.mark.parametrize("path", PATHS)
def test_a_parameter_that_is_unknown_or_wrong_is_a_problem(call: Callers, path: str) -> None:
    every = ("limit=0", "limit=101", "gemeente=%00", "domein=wlz", "gewijzigd_sinds=2023-02-01", "sort=id", "after=1;")
    for query in (*WRONG[path], *every, f"after={'9' * 19}-1"):
        said = is_problem(call.get("operator", f"/v1/{path}?{query}"), 400, "parameters")
        assert {error["veld"].split(".")[1] for error in said["errors"]} == {query.partition("=")[0]}


@pytest.mark.parametrize("path", ["toewijzingen", "leveringen", "declaraties", "declaraties/regels"])
def test_the_number_of_statements_does_not_grow_with_the_page(
    call: Callers, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    asked: dict[str, list[str]] = {}
    for prefix, number, gemeente in (("A", 2, GEMEENTE), ("B", 20, ANDERE_GEMEENTE)):
        nummers = range(800000, 800000 + number)
        aids(call, nummers, prefix, gemeente)
        one = Line(begin=FEBRUARI, categorie=AID["Categorie"], code=AID["Code"], eenheid="84", tarief=100)
        lines = [replace(one, referentie=f"{prefix}{nr}", nummer=nr) for nr in nummers]
        claimed = claim(*lines, identificatie=f"{prefix}C", nummer=f"{prefix}C", gemeente=gemeente)
        assert call.send(AANBIEDER, claimed).json()["status"] == "accepted"
        call.headers(AANBIEDER)
        with statements(call.gateway, monkeypatch) as asked[prefix]:
            page = call.get(AANBIEDER, f"/v1/{path}?gemeente={gemeente}&limit=100").json()
        assert len(page[path.rpartition("/")[2]]) == (1 if path == "declaraties" else number)
    few, more = (gist(asked[prefix]) for prefix in "AB")
    assert few == more
    asked_for = [statement for statement in few if not statement.startswith(("BEGIN", "INSERT INTO audit"))]
    assert len(asked_for) <= 4


def test_the_calls_are_documented(call: Callers) -> None:
    document = call.client.get("/v1/openapi.json").json()
    for path in PATHS:
        called = document["paths"][f"/v1/{path}"]["get"]
        assert called["tags"] == ["feiten"]
        names = {parameter["name"] for parameter in called["parameters"]}
        assert {"gemeente", "aanbieder", "domein", "gewijzigd_sinds", "after", "limit"} < names
        assert "bsn" not in names
    (example,) = document["components"]["schemas"]["ToewijzingModel"]["examples"]
    take(call, "toewijzing-3.2")
    fact = facts(call, "toewijzingen")[0]
    assert set(fact) >= set(example)
    assert set(fact["berichten"][0]) == set(example["berichten"][0])


def test_a_refused_line_says_why_in_every_form(call: Callers) -> None:
    take(call, "toewijzing-3.2")
    take(call, "declaratie-februari-geweigerd-3.2", status="refused")
    (line,) = facts(call, "declaraties/regels", "staat=afgekeurd")
    told = call.get(GEMEENTE, f"/v1/berichten/{line['declaratie']}").json()["bevindingen"]
    assert [(one["regel"], one["retourcode"], one["gevonden"]) for one in line["redenen"]] == [
        (one["regel"], one["retourcode"], one["gevonden"]) for one in told
    ]
    assert line["redenen"]
    csv_text = call.get(GEMEENTE, "/v1/declaraties/regels?formaat=csv").text
    header, row = list(csv.reader(io.StringIO(csv_text), delimiter=";"))
    assert dict(zip(header, row, strict=True))["staat"] == "afgekeurd"
    assert line["redenen"][0]["regel"] in dict(zip(header, row, strict=True))["redenen"]
    book = load_workbook(io.BytesIO(call.get(GEMEENTE, "/v1/declaraties/regels?formaat=xlsx").content))
    cells = [
        ["" if cell.value is None else str(cell.value) for cell in line] for line in book.worksheets[0].iter_rows()
    ]
    assert cells == [header, row]
