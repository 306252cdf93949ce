"""Administration over HTTP: parties, tokens and mandates, and what is written down of it."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from httpx2 import Response

from iwmo_gateway.gateway import sealing
from iwmo_gateway.gateway.access import Caller, caller_of, create_token, list_tokens
from iwmo_gateway.gateway.context import Gateway
from iwmo_gateway.store.parties import Right, TokenRole
from tests.conftest import TODAY, Callers
from tests.integration.test_audit_seals import tamper
from tests.integration.test_http_builders import AANBIEDER, GEMEENTE, Json, lone_start
from tests.integration.test_http_refusals import is_problem

BUREAU = "98000001"
NOWHERE = "01970000-0000-7000-8000-000000000000"
PARTY = {"partij": AANBIEDER, "label": "software"}


def sent(call: Callers, method: str, path: str, body: object = None) -> Response:
    return call.client.request(method, path, json=body, headers=call.headers("operator"))


def administered(call: Callers) -> list[str]:
    """What stands in the trail as administration that was done."""
    rows = call.get("auditor", "/v1/audit?limit=1000").json()["audit"]
    return [row["wat"] for row in rows if (row["actie"], row["uitkomst"]) == ("administer", "ok")]


def test_a_party_is_made_known_and_changed(call: Callers) -> None:
    assert sent(call, "PUT", f"/v1/parties/{GEMEENTE}", {}).json()["domeinen"] == ["jw", "wmo"]
    changed = {"domeinen": ["jw"], "antwoordt_zelf": True}
    for _ in range(2):
        told = sent(call, "PUT", f"/v1/parties/{GEMEENTE}", changed).json()
        assert {name: told[name] for name in changed} == changed
    assert sent(call, "PUT", f"/v1/parties/{GEMEENTE}", {}).json() == told
    assert call.get("auditor", "/v1/parties").json() == {"partijen": [told], "links": {"next": None}}
    assert administered(call) == [f"parties/{GEMEENTE}"] * 4


@pytest.mark.parametrize(
    ("path", "body", "veld"),
    [
        ("/v1/parties/12", {}, "body.code"),
        (f"/v1/parties/{GEMEENTE}", {"domeinen": []}, "body.domeinen"),
        (f"/v1/parties/{GEMEENTE}", {"naam": "x"}, "body.naam"),
    ],
)
def test_what_a_party_cannot_be_is_refused_at_its_field(call: Callers, path: str, body: Any, veld: str) -> None:
    said = is_problem(sent(call, "PUT", path, body), 400, "parameters")
    assert [error["veld"] for error in said["errors"]] == [veld]
    assert administered(call) == []


def test_parties_are_paged_by_their_codes(call: Callers) -> None:
    for code in ("98000001", "98000002", "98000003", GEMEENTE):
        sent(call, "PUT", f"/v1/parties/{code}", {})
    first = call.get("operator", "/v1/parties?code=98&limit=2").json()
    assert [one["code"] for one in first["partijen"]] == ["98000001", "98000002"]
    rest = call.get("operator", first["links"]["next"]).json()
    assert [one["code"] for one in rest["partijen"]] == ["98000003"]
    assert rest["links"]["next"] is None


def test_a_token_is_made_and_lets_in(call: Callers, gateway: Gateway) -> None:
    wanted = PARTY | {"rechten": ["send"], "domeinen": ["wmo"], "tot_en_met": "2099-12-31"}
    answer = sent(call, "POST", "/v1/tokens", wanted)
    assert answer.status_code == 201
    made = answer.json()
    assert (made["rechten"], made["geldig_tot"]) == (["send"], "2100-01-01T00:00:00+01:00")
    call.let_in("new", made["tekst"])
    assert call.send("new", lone_start()).status_code == 201
    listed = call.get("auditor", f"/v1/tokens?partij={AANBIEDER}").json()["tokens"]
    assert [one["id"] for one in listed] == [made["id"]]
    assert "tekst" not in listed[0]
    assert administered(call) == [f"token create {AANBIEDER} {made['id']}"]
    assert made["tekst"] not in call.get("auditor", "/v1/audit").text


@pytest.mark.parametrize(
    ("changes", "veld"),
    [
        ({"partij": "12"}, "partij"),
        ({"partij": None}, "partij"),
        ({"label": ""}, "label"),
        ({"rechten": []}, "rechten"),
        ({"rechten": ["audit"]}, "rechten"),
        ({"domeinen": []}, "domeinen"),
        ({"tot_en_met": "2020-01-01"}, "tot_en_met"),
        ({"tot_en_met": "9999-12-31"}, "tot_en_met"),
        ({"rol": "operator"}, "partij"),
    ],
)
def test_what_a_token_cannot_be_is_refused_at_its_field(call: Callers, changes: Any, veld: str) -> None:
    said = is_problem(sent(call, "POST", "/v1/tokens", PARTY | changes), 400, "parameters")
    assert [error["veld"] for error in said["errors"]] == [f"body.{veld}"]
    assert len(list_tokens(call.gateway)) == 1


def test_no_token_that_makes_tokens_comes_into_being(call: Callers) -> None:
    wanted = {"rol": "operator", "label": "night shift"}
    is_problem(sent(call, "POST", "/v1/tokens", wanted | {"rechten": ["administer"]}), 403, "IB008")
    made = sent(call, "POST", "/v1/tokens", wanted).json()
    assert made["rechten"] == ["operate", "read"]
    own = next(one.id for one in list_tokens(call.gateway) if Right.ADMINISTER in one.rights)
    is_problem(sent(call, "POST", f"/v1/tokens/{own}/opvolger", {}), 403, "IB008")


def test_a_token_gets_a_successor_and_is_revoked(call: Callers, gateway: Gateway) -> None:
    first = sent(call, "POST", "/v1/tokens", PARTY).json()
    second = sent(call, "POST", f"/v1/tokens/{first['id']}/opvolger", {"overlap": 2}).json()
    assert second["vervangt"] == first["id"]
    now = datetime.now(UTC)
    for one in (first, second):
        assert isinstance(caller_of(gateway, one["tekst"], now), Caller)
    for _ in range(2):
        assert sent(call, "DELETE", f"/v1/tokens/{second['id']}").json()["ingetrokken"] is not None
    assert caller_of(gateway, second["tekst"], now) is None
    is_problem(sent(call, "POST", f"/v1/tokens/{second['id']}/opvolger", {}), 400, "parameters")
    good = call.get("auditor", f"/v1/tokens?partij={AANBIEDER}&geldig=true").json()["tokens"]
    assert [one["id"] for one in good] == [first["id"]]
    for method, path in (("POST", f"/v1/tokens/{NOWHERE}/opvolger"), ("DELETE", "/v1/tokens/1")):
        is_problem(sent(call, method, path, {}), 404, "niet-gevonden")
    assert administered(call)[1:3] == [
        f"token rotate {first['id']} {second['id']}",
        f"token revoke {second['id']} {AANBIEDER}",
    ]


def test_tokens_are_paged_newest_first(call: Callers) -> None:
    made = [sent(call, "POST", "/v1/tokens", PARTY | {"label": f"{number}"}).json()["id"] for number in range(3)]
    first = call.get("operator", "/v1/tokens?rol=party&limit=2").json()
    rest = call.get("operator", first["links"]["next"]).json()
    assert [one["id"] for one in first["tokens"] + rest["tokens"]] == sorted(made, reverse=True)


def test_a_mandate_is_given_and_taken(call: Callers) -> None:
    wanted = {"partij": AANBIEDER, "bureau": BUREAU, "vanaf": "2023-03-01"}
    answer = sent(call, "POST", "/v1/mandates", wanted)
    assert answer.status_code == 201
    made = answer.json()
    assert (made["gemaakt_door"], made["tot_en_met"]) == ("operator:test", None)
    assert call.send(BUREAU, lone_start()).status_code == 201
    ended = sent(call, "DELETE", f"/v1/mandates/{made['id']}").json()
    assert ended["ingetrokken_door"] == "operator:test"
    assert call.send(BUREAU, lone_start("START02")).status_code == 403
    assert call.get("auditor", f"/v1/mandates?partij={BUREAU}").json()["machtigingen"] == [ended]
    assert call.get("auditor", f"/v1/mandates?partij={GEMEENTE}").json()["machtigingen"] == []
    assert administered(call) == [
        f"mandate create {AANBIEDER} {BUREAU} {made['id']}",
        f"mandate revoke {made['id']} {AANBIEDER} {BUREAU}",
    ]
    said = is_problem(sent(call, "POST", "/v1/mandates", wanted | {"bureau": AANBIEDER}), 400, "parameters")
    assert [error["veld"] for error in said["errors"]] == ["body.bureau"]
    is_problem(sent(call, "DELETE", f"/v1/mandates/{NOWHERE}"), 404, "niet-gevonden")


def test_an_operator_without_the_right_sees_and_changes_nothing(call: Callers, gateway: Gateway) -> None:
    rights = [Right.READ, Right.OPERATE]
    call.let_in("narrow", create_token(gateway, TokenRole.OPERATOR, None, "narrow", TODAY, rights=rights))
    for path in ("/v1/tokens", "/v1/parties", "/v1/mandates"):
        is_problem(call.get("narrow", path), 403, "IB008")
    is_problem(call.post("narrow", "/v1/tokens", PARTY), 403, "IB008")
    is_problem(call.post("auditor", "/v1/tokens", PARTY), 403, "IB008")


def test_the_trail_is_verified(call: Callers, gateway: Gateway) -> None:
    call.get("auditor", "/v1/audit")
    sealing.seal(gateway, datetime.now(UTC))
    found = call.get("auditor", "/v1/audit/verification").json()
    assert (found["zegels"], found["regels"], found["fouten"]) == (1, 1, [])
    assert call.get("auditor", f"/v1/audit/verification?head={found['hash']}").json()["fouten"] == []
    wrong = call.get("auditor", f"/v1/audit/verification?head={'0' * 64}").json()
    assert [fault["zegel"] for fault in wrong["fouten"]] == [1]
    is_problem(call.get("auditor", "/v1/audit/verification?head=x"), 400, "parameters")
    is_problem(call.get("auditor", "/v1/audit/verification?after=99"), 400, "parameters")


def test_a_long_trail_is_verified_some_seals_at_a_time(call: Callers, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sealing, "AT_ONCE", 2)
    for _ in range(5):
        call.get("auditor", "/v1/audit")
        sealing.seal(call.gateway, TODAY)
    third = sealing.sealed_as(call.gateway, 3)
    assert third is not None

    def pages(path: str | None) -> Iterator[Json]:
        while path is not None:
            found: Json = call.get("auditor", path).json()
            yield found
            path = found["links"]["next"]

    found = list(pages(f"/v1/audit/verification?head={third.hash.hex()}"))
    assert [(one["zegels"], one["fouten"]) for one in found] == [(2, []), (2, []), (1, [])]
    assert [one["onverzegeld"] > 0 for one in found] == [False, False, True]
    tamper(call.gateway, "UPDATE audit_seals SET hash = previous WHERE nr = 2")
    wrong = [[fault["zegel"] for fault in one["fouten"]] for one in pages("/v1/audit/verification")]
    assert wrong == [[2], [3], []], "the next one does not follow it, though in another call"
    cut = [[fault["zegel"] for fault in one["fouten"]] for one in pages(f"/v1/audit/verification?head={'0' * 64}")]
    assert cut == [[2], [3], [5]], "told at the end alone"
