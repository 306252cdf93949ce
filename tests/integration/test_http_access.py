"""Tokens over HTTP: the right that each call needs, the domains of a token, its end, its use and its limits."""

import re
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient
from httpx2 import Response

from iwmo_gateway.errors import ConfigurationError, StoreError
from iwmo_gateway.gateway import access, contracts
from iwmo_gateway.gateway.access import (
    Caller,
    Issued,
    caller_of,
    create_token,
    list_tokens,
    revoke_token,
    rotate_token,
)
from iwmo_gateway.gateway.context import Gateway
from iwmo_gateway.gateway.parties import set_domains
from iwmo_gateway.standard.kinds import Domain
from iwmo_gateway.store.parties import RIGHTS, Right, TokenRole
from iwmo_gateway.web.access import needs_of
from iwmo_gateway.web.app import create_app
from iwmo_gateway.web.session import CONSOLE
from tests import claims
from tests.conftest import TODAY, Callers
from tests.integration.test_http_builders import (
    AANBIEDER,
    ANDERE_GEMEENTE,
    GEMEENTE,
    Json,
    day,
    everything,
    lone_start,
    mailbox,
    served,
)
from tests.integration.test_http_guards import OPEN, every_route
from tests.integration.test_http_refusals import is_problem
from tests.stories import declaratie, product, regel, start, toewijzing, verzoek
from tests.telling import Story, of_jw

NEEDS = {
    ("post", "/v1/berichten"): {"send"},
    ("post", "/v1/validations"): {"send", "read"},
    ("get", "/v1/berichten"): {"read"},
    ("get", "/v1/berichten/{message_id}"): {"read"},
    ("get", "/v1/berichten/{message_id}/bevindingen"): {"read"},
    ("get", "/v1/berichten/{message_id}/oordelen"): {"read"},
    ("get", "/v1/berichten/{message_id}/xml"): {"read"},
    ("get", "/v1/berichten/{message_id}/retour"): {"read"},
    ("get", "/v1/mailbox"): {"read"},
    ("get", "/v1/mailbox/{nr}"): {"read"},
    ("put", "/v1/mailbox/{nr}/acknowledged"): {"send"},
    ("post", "/v1/replays"): {"operate"},
    ("get", "/v1/replays"): {"operate", "audit"},
    ("get", "/v1/replays/{message_id}"): {"operate", "audit"},
    ("get", "/v1/replays/{message_id}/items"): {"operate", "audit"},
    ("patch", "/v1/replays/{message_id}"): {"operate"},
    ("get", "/v1/audit"): {"operate", "audit"},
    ("get", "/v1/audit/verification"): {"operate", "audit"},
    ("get", "/v1/parties"): {"administer", "audit"},
    ("put", "/v1/parties/{code}"): {"administer"},
    ("get", "/v1/mandates"): {"administer", "audit"},
    ("post", "/v1/mandates"): {"administer"},
    ("delete", "/v1/mandates/{mandate_id}"): {"administer"},
    ("get", "/v1/tokens"): {"administer", "audit"},
    ("post", "/v1/tokens"): {"administer"},
    ("post", "/v1/tokens/{token_id}/opvolger"): {"administer"},
    ("delete", "/v1/tokens/{token_id}"): {"administer"},
    ("get", "/v1/reports/openstaand"): {"read"},
    ("get", "/v1/reports/productieverantwoording"): {"read"},
    ("get", "/v1/reports/betalingen"): {"read"},
    ("get", "/v1/reports/terugvorderingen"): {"read"},
    ("get", "/v1/reports/overzicht"): {"read"},
    ("get", "/v1/reports/rente"): {"read"},
    ("get", "/v1/reviews"): {"read"},
    ("post", "/v1/reviews"): {"decide"},
    ("post", "/v1/reviews/{nr}"): {"decide"},
    ("get", "/v1/toewijzingen"): {"read"},
    ("get", "/v1/leveringen"): {"read"},
    ("get", "/v1/verzoeken"): {"read"},
    ("get", "/v1/declaraties"): {"read"},
    ("get", "/v1/declaraties/regels"): {"read"},
    ("get", "/v1/contracts"): {"read"},
    ("get", "/v1/contracts/{name}"): {"read"},
    ("get", "/v1/contracts/{name}/versies/{versie}"): {"read"},
    ("put", "/v1/contracts/{name}"): {"decide", "operate"},
}
"""Every call with the rights of which it needs one."""

NOW = datetime.now(UTC)
BOTH = frozenset(Domain)


def token(call: Callers, party: str | None = AANBIEDER, role: TokenRole = TokenRole.PARTY, **said: Any) -> str:
    return create_token(call.gateway, role, party, "test", TODAY, **said)


def with_token(call: Callers, text: str, path: str = "/v1/mailbox") -> Response:
    return call.client.get(path, headers={"Authorization": f"Bearer {text}"})


# --- rights ---------------------------------------------------------------------------------------------------------


def test_every_call_says_which_right_it_needs(call: Callers) -> None:
    app = create_app(call.gateway)
    guarded = {
        (method.lower(), route.path)
        for route in every_route(app.routes)
        if route.path not in OPEN and not route.path.startswith(CONSOLE)
        for method in (route.methods or set()) - {"HEAD", "OPTIONS"}
    }
    asked = {
        (method, path): set(rights) for path, method, rights in needs_of(app.routes) if not path.startswith(CONSOLE)
    }
    assert set(NEEDS) == guarded
    assert asked == NEEDS


@pytest.mark.parametrize("role", TokenRole)
def test_a_token_may_do_what_its_rights_say_and_nothing_else(call: Callers, role: TokenRole) -> None:
    party = GEMEENTE if role is TokenRole.PARTY else None
    for right in sorted(RIGHTS[role]):
        call.let_in(right, token(call, party, role, rights=[right]))
        for (method, path), rights in NEEDS.items():
            place = re.sub(r"{[^}]*}", "1", path)
            answer = call.client.request(method, place, headers=call.headers(right))
            if right not in rights:
                said = is_problem(answer, 403, "IB008")
                assert said["gevonden"] in {role, right}, (method, path)
            elif path.startswith("/v1/mailbox") and party is None:
                is_problem(answer, 403, "IB008")
            else:
                assert answer.status_code not in {401, 403}, (right, method, path)


def test_the_documentation_says_which_right_each_call_needs(call: Callers) -> None:
    paths = call.client.get("/v1/openapi.json").json()["paths"]
    for (method, path), rights in NEEDS.items():
        (named,) = [one for one in paths if re.sub("{.*?}", "{}", one) == re.sub("{.*?}", "{}", path)]
        assert {right for each in paths[named][method]["security"] for right in each["HTTPBearer"]} == rights
        assert {"401", "429"} <= set(paths[named][method]["responses"])


@pytest.mark.parametrize(
    "said",
    [
        {"rights": [Right.OPERATE]},
        {"rights": []},
        {"domains": []},
        {"expires_at": TODAY},
        {"party": None, "role": TokenRole.OPERATOR, "rights": [Right.SEND]},
        {"party": None, "role": TokenRole.AUDITOR, "domains": [Domain.JW]},
    ],
    ids=str,
)
def test_a_token_that_makes_no_sense_is_not_made(call: Callers, said: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError):
        token(call, **said)
    assert list_tokens(call.gateway) == []


# --- the end of a token ---------------------------------------------------------------------------------------------


def test_a_token_that_ended_says_so_to_who_holds_it(call: Callers) -> None:
    ended = token(call, expires_at=day("2023-04-01"))
    answer = with_token(call, ended)
    said = is_problem(answer, 401, "token-verlopen")
    assert "2023-04-01 12:00" in said["detail"]
    assert answer.headers["www-authenticate"] == "Bearer"
    is_problem(with_token(call, ended + "x"), 401, "token")
    assert with_token(call, token(call, expires_at=NOW + timedelta(hours=1))).status_code == 200


def test_a_token_is_good_until_the_moment_of_its_end(gateway: Gateway) -> None:
    end = day("2023-04-01")
    text = create_token(gateway, TokenRole.OPERATOR, None, "test", TODAY, expires_at=end)
    assert isinstance(caller_of(gateway, text, end - timedelta(microseconds=1)), Caller)
    assert caller_of(gateway, text, end) == access.Expired(end)


def test_a_token_that_is_rotated_stays_good_for_the_overlap(gateway: Gateway) -> None:
    begin, year, week = TODAY, timedelta(days=365), timedelta(days=7)
    narrow = {"rights": [Right.READ], "domains": [Domain.JW]}
    old = create_token(gateway, TokenRole.PARTY, GEMEENTE, "koppeling", begin, expires_at=begin + year, **narrow)
    (first,) = list_tokens(gateway)
    later = begin + timedelta(days=30)
    new = rotate_token(gateway, first.id, later, expires_at=later + year, overlap=week)
    assert new is not None
    for moment, good in ((later, True), (later + week - timedelta(seconds=1), True), (later + week, False)):
        assert isinstance(caller_of(gateway, old, moment), Caller) is good
        assert isinstance(caller_of(gateway, new.text, moment), Caller)
    replaced, replacing = list_tokens(gateway)
    assert (replaced.expires_at, replaced.revoked_at) == (later + week, None)
    assert replacing.replaces == replaced.id == first.id
    assert replacing.expires_at == later + year
    alike = ("role", "party", "label", "rights", "domains")
    assert [getattr(replacing, name) for name in alike] == [getattr(first, name) for name in alike]
    caller = caller_of(gateway, new.text, later)
    assert isinstance(caller, Caller)
    assert (caller.rights, caller.domains) == (frozenset({Right.READ}), frozenset({Domain.JW}))


def test_rotating_never_lets_a_token_live_longer(gateway: Gateway) -> None:
    end = TODAY + timedelta(days=2)
    create_token(gateway, TokenRole.OPERATOR, None, "test", TODAY, expires_at=end)
    (first,) = list_tokens(gateway)
    later = TODAY + timedelta(days=1)
    rotate_token(gateway, first.id, later, expires_at=later + timedelta(days=365), overlap=timedelta(days=7))
    assert list_tokens(gateway)[0].expires_at == end


def test_only_a_token_that_is_good_is_rotated(gateway: Gateway) -> None:
    def rotated(token_id: str, now: datetime) -> Issued | None:
        return rotate_token(gateway, token_id, now, expires_at=now + timedelta(days=9), overlap=timedelta())

    create_token(gateway, TokenRole.OPERATOR, None, "ended", TODAY, expires_at=TODAY + timedelta(days=1))
    create_token(gateway, TokenRole.OPERATOR, None, "revoked", TODAY + timedelta(hours=1))
    ended, revoked = list_tokens(gateway)
    revoke_token(gateway, revoked.id, TODAY)
    for one in (ended, revoked):
        with pytest.raises(ConfigurationError, match=one.id):
            rotated(one.id, TODAY + timedelta(days=2))
    assert rotated("no id", TODAY) is None
    assert rotated("01970000-0000-7000-8000-000000000000", TODAY) is None
    assert len(list_tokens(gateway)) == 2


# --- when it was used -----------------------------------------------------------------------------------------------


def test_the_last_use_of_a_token_is_noted_once_in_some_minutes(gateway: Gateway) -> None:
    text = create_token(gateway, TokenRole.OPERATOR, None, "test", TODAY)
    noted: list[datetime | None] = []
    for minutes in (0, 1, 4, 5, 6, 10, 12):
        caller = caller_of(gateway, text, TODAY + timedelta(minutes=minutes))
        assert isinstance(caller, Caller)
        if access.use_is_due(caller):
            access.note_use(gateway, caller)
        noted.append(list_tokens(gateway)[0].last_used_at)
    assert noted == [TODAY + timedelta(minutes=minutes) for minutes in (0, 0, 0, 0, 6, 6, 12)]


def test_a_call_notes_the_use_of_its_token(call: Callers) -> None:
    call.let_in(AANBIEDER, token(call))
    assert [one.last_used_at for one in list_tokens(call.gateway)] == [None]
    for _ in range(2):
        assert call.get(AANBIEDER, "/v1/mailbox").status_code == 200
    (used,) = list_tokens(call.gateway)
    assert used.last_used_at is not None
    assert used.last_used_at >= NOW


def test_a_use_that_cannot_be_noted_is_no_fault_of_the_call(call: Callers, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_: Any, **__: Any) -> None:
        raise StoreError("The database is away")

    monkeypatch.setattr("iwmo_gateway.gateway.access.parties.note_use", away)
    call.let_in(AANBIEDER, token(call))
    assert call.get(AANBIEDER, "/v1/mailbox").status_code == 200
    assert list_tokens(call.gateway)[0].last_used_at is None


# --- domains --------------------------------------------------------------------------------------------------------

REQUEST = verzoek("VOT-1", op="2022-11-21", vanaf="2023-01-01")
LISTS = {
    "/v1/berichten": "berichten",
    "/v1/mailbox": "berichten",
    "/v1/toewijzingen": "toewijzingen",
    "/v1/leveringen": "leveringen",
    "/v1/verzoeken": "verzoeken",
    "/v1/declaraties": "declaraties",
    "/v1/declaraties/regels": "regels",
    "/v1/reports/openstaand": "openstaand",
    "/v1/reports/betalingen": "betalingen",
    "/v1/reports/terugvorderingen": "terugvorderingen",
}
"""What lists things of a domain, and under which name."""


def told_in_both_domains(call: Callers) -> dict[str, Story]:
    """One story, told in each domain."""
    stories = {domain.value: Story(call, domain.value) for domain in Domain}
    for story in stories.values():
        story.aanbieder(REQUEST)
        story.gemeente(toewijzing(product(), verzoek="VOT-1"))
        story.aanbieder(start(begin="2023-02-06"))
        story.aanbieder(declaratie(regel("R1", 20), op="2023-04-03"))
        story.aanbieder(declaratie(regel("R2", 20, credit_van="R1"), op="2023-04-04"))
    return stories


def domains_in(found: list[Json]) -> set[str]:
    """The domains that things are of: as they say, or as the kind of their message does."""
    return {one.get("domein") or one.get("berichtsoort", one.get("soort", ""))[:-3].lower() for one in found}


def test_a_token_for_one_domain_sees_nothing_of_the_other(call: Callers) -> None:
    stories = told_in_both_domains(call)
    for party in (GEMEENTE, AANBIEDER):
        for domain in Domain:
            call.let_in(f"{party} {domain}", token(call, party, domains=[domain]))
        for path, name in LISTS.items():
            seen = {who: call.get(who, path).json()[name] for who in (party, *(f"{party} {one}" for one in Domain))}
            if seen[party]:
                assert domains_in(seen[party]) == {"wmo", "jw"}, path
            for domain in Domain:
                mine = [one for one in seen[party] if domains_in([one]) == {domain}]
                assert seen[f"{party} {domain}"] == mine, (path, domain)
        for domain in Domain:
            who = f"{party} {domain}"
            for other, story in stories.items():
                for told in story.sent:
                    for rest in ("", "/xml", "/oordelen", "/bevindingen", "/retour"):
                        path = f"/v1/berichten/{told.id}{rest}"
                        expected = call.get(party, path).status_code if other == domain else 404
                        assert call.get(who, path).status_code == expected, (who, path)
    totals = [len(call.get(GEMEENTE, path).json()[name]) for path, name in LISTS.items()]
    assert all(totals), "a list that is empty shows nothing"


def test_a_token_for_one_domain_reads_and_empties_no_mailbox_of_the_other(call: Callers) -> None:
    told_in_both_domains(call)
    call.let_in("jw", token(call, GEMEENTE, domains=[Domain.JW]))
    for entry in mailbox(call, GEMEENTE):
        status = 200 if entry["soort"].startswith("JW") else 404
        assert call.get("jw", f"/v1/mailbox/{entry['nr']}").status_code == status
        acknowledged = call.put("jw", f"/v1/mailbox/{entry['nr']}/acknowledged")
        assert acknowledged.status_code == (204 if status == 200 else 404)
    assert {entry["soort"][:3] for entry in mailbox(call, GEMEENTE)} == {"WMO"}


def test_a_token_for_one_domain_sends_and_asks_nothing_in_the_other(call: Callers) -> None:
    call.let_in("jw", token(call, domains=[Domain.JW]))
    for path in ("/v1/berichten", "/v1/validations"):
        said = is_problem(call.send("jw", lone_start(), path=path), 403, "IB008")
        assert (said["verwacht"], said["gevonden"]) == ("ijw", "iwmo")
    assert everything(call) == []
    assert call.send("jw", of_jw(start(begin="2023-02-06"))).status_code == 201


def test_the_account_of_a_domain_that_a_token_is_not_for_is_empty(call: Callers) -> None:
    told_in_both_domains(call)
    call.let_in("jw", token(call, GEMEENTE, domains=[Domain.JW]))
    for domain, whose in (("wmo", []), ("jw", [AANBIEDER])):
        path = f"/v1/reports/productieverantwoording?jaar=2023&domein={domain}"
        assert [one["aanbieder"] for one in call.get("jw", path).json()["aanbieders"]] == whose
        assert [one["aanbieder"] for one in call.get(GEMEENTE, path).json()["aanbieders"]] == [AANBIEDER]


RHENEN = ANDERE_GEMEENTE


@pytest.fixture
def held(call: Callers) -> Json:
    """A line of a claim for the Wmo that waits for Rhenen, under its contract."""
    officer = Caller(TokenRole.OPERATOR, None, "operator:test", TODAY)
    contracts.load(call.gateway, officer, contracts.check_file(contracts.file_of("rhenen-wmo-2023")))
    call.send(RHENEN, claims.allocation(claims.Terms(volume=40, frequentie="6"), gemeente=RHENEN), day("2023-01-02"))
    late = claims.claim(
        claims.Line("R1", volume=10), gemeente=RHENEN, maand=date(2023, 4, 1), dagtekening=date(2023, 5, 1)
    )
    assert call.send(AANBIEDER, late, day("2023-05-02")).json()["status"] == "in_review"
    line: Json
    (line,) = call.get(RHENEN, "/v1/reviews").json()["reviews"]
    return line


def test_a_token_for_one_domain_neither_sees_nor_decides_reviews_of_the_other(call: Callers, held: Json) -> None:
    call.let_in("jw", token(call, RHENEN, domains=[Domain.JW]))
    call.let_in("wmo", token(call, RHENEN, domains=[Domain.WMO]))
    assert call.get("jw", "/v1/reviews").json()["reviews"] == []
    path = f"/v1/reviews/{held['id']}"
    is_problem(call.post("jw", path, {"besluit": "approve"}), 404, "niet-gevonden")
    assert call.get("wmo", "/v1/reviews").json()["reviews"] == [held]
    assert call.post("wmo", path, {"besluit": "approve"}).status_code == 200


def test_a_token_for_one_domain_neither_sees_nor_loads_contracts_of_the_other(call: Callers, held: Json) -> None:
    call.let_in("jw", token(call, RHENEN, domains=[Domain.JW]))
    path = "/v1/contracts/rhenen-wmo-2023"
    assert len(call.get(RHENEN, "/v1/contracts").json()["contracten"]) == 1
    assert call.get("jw", "/v1/contracts").json()["contracten"] == []
    is_problem(call.get("jw", path), 404, "niet-gevonden")
    is_problem(call.get("jw", f"{path}/versies/1"), 404, "niet-gevonden")
    body = contracts.file_of("rhenen-wmo-2023").read_bytes()
    headers = call.headers("jw") | {"Content-Type": "application/toml"}
    is_problem(call.client.put(path, content=body, headers=headers), 403, "IB008")


def test_a_party_takes_part_in_the_domains_that_it_is_said_to(call: Callers) -> None:
    """Whatever its tokens say, it neither sends, gets nor sees anything elsewhere."""
    set_domains(call.gateway, AANBIEDER, TODAY, [Domain.JW])
    is_problem(call.send(AANBIEDER, lone_start()), 403, "IB008")
    received = call.send(GEMEENTE, toewijzing(product()))
    assert is_problem(received, 403, "IB011")["gevonden"] == AANBIEDER
    assert everything(call) == []
    assert call.send(GEMEENTE, of_jw(toewijzing(product()))).status_code == 201

    set_domains(call.gateway, AANBIEDER, TODAY, [Domain.WMO])
    assert mailbox(call, AANBIEDER) == everything(call, AANBIEDER) == []
    set_domains(call.gateway, AANBIEDER, TODAY, Domain)
    assert [entry["soort"] for entry in mailbox(call, AANBIEDER)] == ["JW301"]
    with pytest.raises(ConfigurationError):
        set_domains(call.gateway, AANBIEDER, TODAY, [])


# --- how often ------------------------------------------------------------------------------------------------------


def test_a_token_that_calls_too_often_is_told_to_wait(call: Callers, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("iwmo_gateway.web.access.monotonic", lambda: 1000.0)
    with served(call, rate_limit="3/hour", max_message_bytes=10) as limited:
        for _ in range(3):
            assert limited.get(AANBIEDER, "/v1/mailbox").status_code == 200
        for answer in (limited.get(AANBIEDER, "/v1/mailbox"), limited.send(AANBIEDER, b"x" * 100)):
            said = is_problem(answer, 429, "te-vaak")
            assert said["verwacht"] == "ten hoogste 3/hour"
            assert 0 < int(answer.headers["retry-after"]) <= 3600 / 3
        assert limited.get(GEMEENTE, "/v1/mailbox").status_code == 200
        is_problem(limited.send(GEMEENTE, b"x" * 100), 413, "IB012")


def test_guessing_tokens_is_limited_by_address_and_hinders_nobody_with_a_right_one(
    call: Callers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("iwmo_gateway.web.access.monotonic", lambda: 1000.0)
    with served(call) as limited:
        for number in range(30):
            is_problem(with_token(limited, f"iwmo_{number}"), 401, "token")
        answer = limited.client.get(
            "/v1/mailbox", headers={"Authorization": "Bearer iwmo_x", "X-Forwarded-For": "192.0.2.1"}
        )
        is_problem(answer, 429, "te-vaak")
        assert int(answer.headers["retry-after"]) > 0
        is_problem(limited.client.get("/v1/mailbox"), 401, "token")
        assert limited.get(AANBIEDER, "/v1/mailbox").status_code == 200
        with TestClient(create_app(limited.gateway), client=("192.0.2.7", 1)) as elsewhere:
            is_problem(with_token(Callers(limited.gateway, elsewhere), "iwmo_x"), 401, "token")


def test_the_metrics_count_who_is_not_let_in_and_who_calls_too_often(call: Callers) -> None:
    def counted(name: str) -> float:
        found = re.search(rf"^{name} (\S+)$", call.client.get("/metrics").text, re.MULTILINE)
        return float(found[1]) if found else 0.0

    names = ("iwmo_failed_authentications_total", "iwmo_calls_limited_total")
    before = [counted(name) for name in names]
    with_token(call, "iwmo_x")
    with served(call, rate_limit="1/hour") as limited:
        for _ in range(3):
            limited.get(AANBIEDER, "/v1/mailbox")
    assert [counted(name) - was for name, was in zip(names, before, strict=True)] == [1.0, 2.0]
