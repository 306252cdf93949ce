"""Mandates and receivers over HTTP: for whom a service bureau acts, and to whom messages can be sent."""

from datetime import timedelta
from typing import Any

import pytest

from iwmo_gateway.errors import ConfigurationError
from iwmo_gateway.gateway.access import create_token
from iwmo_gateway.gateway.parties import (
    add_party,
    create_mandate,
    list_mandates,
    list_parties,
    revoke_mandate,
    set_domains,
)
from iwmo_gateway.standard.days import day_of
from iwmo_gateway.standard.kinds import Domain
from iwmo_gateway.store.mandates import Mandate
from iwmo_gateway.store.parties import Right, TokenRole
from tests.conftest import TODAY, Callers
from tests.integration.test_http_access import NOW
from tests.integration.test_http_builders import (
    AANBIEDER,
    ANDERE_AANBIEDER,
    GEMEENTE,
    Json,
    allocation,
    everything,
    lone_start,
    mailbox,
    served,
    start,
)
from tests.integration.test_http_refusals import is_problem

BUREAU, OTHER_BUREAU = "98000001", "98000002"
NAMENS = {"X-Namens": AANBIEDER}


def mandated(call: Callers, bureau: str = BUREAU, party: str = AANBIEDER, **days: Any) -> Mandate:
    return create_mandate(call.gateway, "operator:test", NOW, party=party, bureau=bureau, **days)


def test_a_bureau_sends_for_a_provider_that_named_it(call: Callers) -> None:
    mandated(call)
    assert call.send(GEMEENTE, allocation()).status_code == 201
    sent = call.send(BUREAU, start())
    assert (sent.status_code, sent.json()["status"], sent.json()["afzender"]) == (201, "accepted", AANBIEDER)
    path = sent.headers["location"]
    # By its own token and by the bureau's it is the same message, and the same is told of it.
    assert call.send(AANBIEDER, start()).status_code == 200
    for rest in ("", "/xml", "/retour", "/oordelen", "/bevindingen"):
        told = call.get(BUREAU, path + rest)
        assert (told.status_code, told.content) == (200, call.get(AANBIEDER, path + rest).content)
    actors = [one["actor"] for one in call.get("operator", f"{path}/oordelen").json()["gebeurtenissen"]]
    assert actors[0] == f"{BUREAU} namens {AANBIEDER}"
    assert AANBIEDER in actors
    assert BUREAU not in actors


def test_with_x_namens_a_bureau_sees_what_the_party_sees(call: Callers) -> None:
    mandated(call)
    call.send(GEMEENTE, allocation())
    call.send(BUREAU, start())
    for path in (
        "/v1/berichten",
        "/v1/mailbox",
        "/v1/toewijzingen",
        "/v1/leveringen",
        "/v1/reports/openstaand",
        "/v1/declaraties",
    ):
        theirs, own = call.get(BUREAU, path, **NAMENS).json(), call.get(BUREAU, path).json()
        assert theirs == call.get(AANBIEDER, path).json(), path
        assert not [found for name, found in own.items() if name != "links" and isinstance(found, list) and found], path


def test_a_bureau_empties_the_mailbox_of_a_party_only_where_it_says_so(call: Callers) -> None:
    mandated(call)
    call.send(GEMEENTE, allocation())
    (entry,) = mailbox(call, AANBIEDER)
    path = f"/v1/mailbox/{entry['nr']}"
    is_problem(call.get(BUREAU, path), 404, "niet-gevonden")
    is_problem(call.put(BUREAU, f"{path}/acknowledged"), 404, "niet-gevonden")
    assert call.get(BUREAU, path, **NAMENS).content == allocation()
    assert call.put(BUREAU, f"{path}/acknowledged", **NAMENS).status_code == 204
    assert mailbox(call, AANBIEDER) == []


def test_reading_by_a_bureau_counts_as_fetched_by_the_party(call: Callers) -> None:
    """What was read on its behalf is not taken back any more."""
    mandated(call)
    path = call.send(BUREAU, start()).headers["location"]
    assert call.get(BUREAU, f"{path}/retour").status_code == 200
    replay = {"ids": [path.rpartition("/")[2]], "reason": "test"}
    (item,) = call.post("operator", "/v1/replays", replay).json()["berichten"]
    assert item["outcome"] == "refused"


@pytest.mark.parametrize(
    ("vanaf", "tot_en_met", "good"),
    [(0, None, True), (-9, 0, True), (0, 0, True), (1, None, False), (-9, -1, False)],
    ids=["from today", "until today", "today", "from tomorrow", "until yesterday"],
)
def test_a_mandate_holds_on_its_days(call: Callers, vanaf: int, tot_en_met: int | None, good: bool) -> None:
    today = day_of(NOW)
    ends = None if tot_en_met is None else today + timedelta(days=tot_en_met)
    mandated(call, vanaf=today + timedelta(days=vanaf), tot_en_met=ends)
    answers = (call.send(BUREAU, lone_start()), call.get(BUREAU, "/v1/mailbox", **NAMENS))
    assert [answer.status_code for answer in answers] == ([201, 200] if good else [403, 403])


def test_a_mandate_that_is_revoked_is_over_at_once(call: Callers) -> None:
    mandate = mandated(call)
    path = call.send(BUREAU, lone_start()).headers["location"]
    assert call.get(BUREAU, path).status_code == 200
    for _ in range(2):
        ended = revoke_mandate(call.gateway, "operator:test", mandate.id, NOW)
        assert ended is not None
        assert (ended.revoked_by, ended.revoked_at) == ("operator:test", NOW)
    is_problem(call.send(BUREAU, lone_start("START02")), 403, "IB009")
    is_problem(call.get(BUREAU, "/v1/mailbox", **NAMENS), 403, "IB009")
    is_problem(call.get(BUREAU, path), 404, "niet-gevonden")
    assert call.get(AANBIEDER, path).status_code == 200
    assert revoke_mandate(call.gateway, "operator:test", "no id", NOW) is None
    assert list_mandates(call.gateway) == [ended]


def test_nobody_acts_for_a_party_that_did_not_name_it(call: Callers) -> None:
    mandated(call)
    mandated(call, OTHER_BUREAU, BUREAU)  # which lets nobody act for whom that one acts for
    path = call.send(BUREAU, lone_start()).headers["location"]
    for who in (OTHER_BUREAU, ANDERE_AANBIEDER, GEMEENTE):
        is_problem(call.send(who, lone_start("START02")), 403, "IB009")
        is_problem(call.get(who, "/v1/mailbox", **NAMENS), 403, "IB009")
    for who in (OTHER_BUREAU, ANDERE_AANBIEDER):
        is_problem(call.get(who, path), 404, "niet-gevonden")
    is_problem(call.get("operator", "/v1/berichten", **NAMENS), 403, "IB009")
    assert call.get(AANBIEDER, "/v1/mailbox", **NAMENS).status_code == 200  # for itself
    # With the header it acts for that party alone.
    mandated(call, party=ANDERE_AANBIEDER)
    is_problem(call.send(BUREAU, lone_start("START03"), **{"X-Namens": ANDERE_AANBIEDER}), 403, "IB009")


def test_a_mandate_gives_no_more_than_the_token_and_the_party_have(call: Callers) -> None:
    mandated(call)
    path = call.send(BUREAU, lone_start()).headers["location"]
    narrow = {
        "read": create_token(call.gateway, TokenRole.PARTY, BUREAU, "test", TODAY, rights=[Right.READ]),
        "jw": create_token(call.gateway, TokenRole.PARTY, BUREAU, "test", TODAY, domains=[Domain.JW]),
    }
    for who, token in narrow.items():
        call.let_in(who, token)
        is_problem(call.send(who, lone_start("START02")), 403, "IB008")
    assert call.get("read", path).status_code == 200
    assert call.get("jw", path).status_code == 404
    set_domains(call.gateway, AANBIEDER, TODAY, [Domain.JW])
    is_problem(call.send(BUREAU, lone_start("START02")), 403, "IB008")
    assert call.get(BUREAU, path).status_code == 404


@pytest.mark.parametrize(
    "said", [{"bureau": AANBIEDER}, {"bureau": "123"}, {"party": "x"}, {"tot_en_met": day_of(NOW) - timedelta(days=1)}]
)
def test_a_mandate_that_makes_no_sense_is_not_made(call: Callers, said: Json) -> None:
    with pytest.raises(ConfigurationError):
        mandated(call, **said)
    assert list_mandates(call.gateway) == []


# --- receivers ------------------------------------------------------------------------------------------------------


def test_a_receiver_that_nobody_made_known_is_told_at_once(call: Callers) -> None:
    with served(call, receivers="known") as strict:
        for body in (lone_start(), lone_start(StatusAanlevering="7")):
            for path in ("/v1/berichten", "/v1/validations"):
                said = is_problem(strict.send(AANBIEDER, body, path=path), 403, "IB010")
                assert said["gevonden"] == GEMEENTE
        assert everything(strict) == []
        assert [party.code for party in list_parties(call.gateway)] == [AANBIEDER]
        is_problem(strict.send(ANDERE_AANBIEDER, lone_start()), 403, "IB009")

        add_party(call.gateway, GEMEENTE, NOW)
        assert strict.send(AANBIEDER, lone_start()).json()["status"] == "accepted"
        is_problem(strict.send(AANBIEDER, lone_start("X", StatusAanlevering="7")), 422, "IB014")


def test_a_party_that_only_was_sent_something_is_not_known(call: Callers) -> None:
    assert call.send(AANBIEDER, lone_start()).status_code == 201
    known = {party.code: party.registered_at is not None for party in list_parties(call.gateway)}
    assert known == {AANBIEDER: True, GEMEENTE: False}
    with served(call, receivers="known") as strict:
        is_problem(strict.send(AANBIEDER, lone_start("START02")), 403, "IB010")
        call.headers(GEMEENTE)  # a token makes it known
        assert strict.send(AANBIEDER, lone_start("START02")).status_code == 201
