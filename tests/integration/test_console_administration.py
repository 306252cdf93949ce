"""Administration in the console over HTTP: who may, what is written down of it, and that a token is shown once."""

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient
from httpx2 import Response

from iwmo_gateway.gateway import audit
from iwmo_gateway.gateway.access import Caller, caller_of, create_token, list_tokens
from iwmo_gateway.gateway.context import Gateway
from iwmo_gateway.gateway.parties import add_party, create_mandate, list_mandates, list_parties, party_of
from iwmo_gateway.standard.kinds import Domain
from iwmo_gateway.store.audit import Action, Deed, Wanted
from iwmo_gateway.store.parties import Right, TokenRole
from iwmo_gateway.web.app import create_app
from tests.conftest import TODAY
from tests.integration.test_console_guards import sign_in
from tests.integration.test_http_builders import AANBIEDER

BUREAU, GEMEENTE = "98000001", "0340"
BSN = "999900006"
LATER = TODAY + timedelta(hours=1)


@pytest.fixture
def browser(gateway: Gateway) -> Iterator[TestClient]:
    """A client that keeps cookies and follows nothing by itself."""
    with TestClient(create_app(gateway), raise_server_exceptions=False, follow_redirects=False) as client:
        yield client


def form(browser: TestClient, path: str, **fields: Any) -> Response:
    """What a form of the administration is answered with."""
    key = re.search('name="form_key" value="([^"]+)"', browser.get("/console/beheer").text)
    assert key
    return browser.post(f"/console/beheer/{path}", data={"form_key": key[1], **fields})


def deeds(gateway: Gateway, action: Action = Action.ADMINISTER) -> list[tuple[str, str, str | None]]:
    """What stands in the trail of the administration: what, how it ended and the problem."""
    found: list[Deed] = audit.find(gateway, Wanted(), after=0, limit=1000)
    return [(one.what, one.outcome, one.problem) for one in found if one.action is action]


def new_token(browser: TestClient, **changes: Any) -> Response:
    fields = {"rol": "party", "partij": GEMEENTE, "label": "software", "rechten": ["send", "read"], "domeinen": ["wmo"]}
    return form(browser, "tokens/nieuw", **{**fields, "tot_en_met": "2099-12-31", **changes})


def text_in(answer: Response) -> str:
    (text,) = re.findall(r"iwmo_[\w-]{30,}", answer.text)
    return text


def narrow(gateway: Gateway, browser: TestClient, *rights: Right) -> None:
    """Signed in as an operator with these rights alone."""
    token = create_token(gateway, TokenRole.OPERATOR, None, "narrow", TODAY, rights=rights)
    assert browser.post("/console/aanmelden", data={"token": token}).status_code == 303


def test_who_may_see_and_do_what(gateway: Gateway, browser: TestClient) -> None:
    create_mandate(gateway, "test", TODAY, party=GEMEENTE, bureau=BUREAU)
    sign_in(gateway, browser, AANBIEDER)
    token, mandate = list_tokens(gateway)[0].id, list_mandates(gateway)[0].id
    watched = ["/console/beheer"]
    overseen = ["/console/beheer/bewaren", "/console/beheer/audit", "/console/beheer/audit/zegels"]
    seen = [
        *("/console/beheer/partijen", f"/console/beheer/partijen/{GEMEENTE}", "/console/beheer/machtigingen"),
        *("/console/beheer/tokens", f"/console/beheer/tokens/{token}"),
    ]
    done = [
        *("/console/beheer/partijen/nieuw", "/console/beheer/machtigingen/nieuw", "/console/beheer/tokens/nieuw"),
        *(f"/console/beheer/tokens/{token}/intrekken", f"/console/beheer/machtigingen/{mandate}/intrekken"),
    ]
    everything = watched + overseen + seen + done

    def allowed() -> list[str]:
        return [path for path in everything if browser.get(path).status_code == 200]

    assert allowed() == []
    sign_in(gateway, browser, "auditor")
    assert allowed() == watched + overseen + seen
    narrow(gateway, browser, Right.READ, Right.OPERATE)
    assert allowed() == watched + overseen
    narrow(gateway, browser, Right.ADMINISTER)
    assert allowed() == watched + seen + done
    sign_in(gateway, browser, "operator")
    assert allowed() == everything


def test_an_auditor_changes_nothing(gateway: Gateway, browser: TestClient) -> None:
    sign_in(gateway, browser, "auditor")
    token = list_tokens(gateway)[0].id
    for path in ("partijen/nieuw", f"partijen/{GEMEENTE}", "machtigingen/nieuw", "tokens/nieuw"):
        assert form(browser, path, code=GEMEENTE).status_code == 403
    for path in (f"tokens/{token}/vervangen", f"tokens/{token}/intrekken"):
        assert form(browser, path).status_code == 403
    assert (list_parties(gateway), list_mandates(gateway), len(list_tokens(gateway))) == ([], [], 1)


def test_a_token_is_shown_once_and_does_what_was_chosen(gateway: Gateway, browser: TestClient) -> None:
    sign_in(gateway, browser, "operator")
    answer = new_token(browser)
    assert answer.status_code == 201
    text = text_in(answer)
    assert answer.headers["cache-control"] == "no-store"
    assert "location" not in answer.headers
    token = list_tokens(gateway)[-1]
    assert (token.party, token.label, token.rights, token.domains) == (
        GEMEENTE, "software", {Right.SEND, Right.READ}, {Domain.WMO},
    )  # fmt: skip
    assert f"{token.expires_at:%Y-%m-%d %H:%M}" == "2099-12-31 23:00"
    for path in (
        "/console/beheer/tokens",
        f"/console/beheer/tokens/{token.id}",
        f"/console/beheer/partijen/{GEMEENTE}",
    ):
        page = browser.get(path)
        assert "software" in page.text
        assert text not in page.text
    caller = caller_of(gateway, text, datetime.now(UTC))
    assert isinstance(caller, Caller)
    assert caller.token == token.id
    assert (f"token create {GEMEENTE} {token.id}", "ok", None) in deeds(gateway)
    assert text not in str(deeds(gateway))


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"partij": "12"}, "partij"),
        ({"partij": ""}, "partij"),
        ({"partij": BSN}, "partij"),
        ({"label": " "}, "label"),
        ({"label": "x" * 81}, "label"),
        ({"rechten": []}, "rechten"),
        ({"rechten": ["operate"]}, "rechten"),
        ({"domeinen": []}, "domeinen"),
        ({"tot_en_met": ""}, "tot_en_met"),
        ({"tot_en_met": "31-12-2099"}, "tot_en_met"),
        ({"tot_en_met": "2020-01-01"}, "tot_en_met"),
        ({"tot_en_met": "9999-12-31"}, "tot_en_met"),
        ({"rol": "baas"}, "rol"),
        ({"rol": "operator"}, "partij"),
    ],
)
def test_a_token_that_cannot_be_is_refused_at_its_field(
    gateway: Gateway, browser: TestClient, changes: dict[str, Any], field: str
) -> None:
    sign_in(gateway, browser, "operator")
    answer = new_token(browser, **changes)
    assert answer.status_code == 400
    assert f'href="#{field}"' in answer.text
    assert f'id="{field}-error"' in answer.text
    assert len(list_tokens(gateway)) == 1
    assert ("console/beheer/tokens/nieuw", "refused", "parameters") in deeds(gateway)
    assert BSN not in str(deeds(gateway))


def test_no_token_that_makes_tokens_comes_into_being_over_http(gateway: Gateway, browser: TestClient) -> None:
    own = sign_in(gateway, browser, "operator")
    for role in ("operator", "auditor"):
        assert new_token(browser, rol=role, partij="", rechten=["administer"]).status_code == 201
        assert Right.ADMINISTER not in list_tokens(gateway)[-1].rights
    answer = form(browser, f"tokens/{own}/vervangen", tot_en_met="2099-12-31", overlap="7")
    assert answer.status_code == 403
    assert "opdrachtregel" in answer.text
    assert len(list_tokens(gateway)) == 3


def test_a_token_is_replaced_and_the_old_one_ends(gateway: Gateway, browser: TestClient) -> None:
    now = datetime.now(UTC)
    sign_in(gateway, browser, "operator")
    text = create_token(gateway, TokenRole.PARTY, AANBIEDER, "software", now, domains=[Domain.JW])
    old = list_tokens(gateway)[-1]
    answer = form(browser, f"tokens/{old.id}/vervangen", tot_en_met="2099-12-31", overlap="3")
    assert answer.status_code == 201
    new = list_tokens(gateway)[-1]
    assert (new.replaces, new.domains, new.party) == (old.id, {Domain.JW}, AANBIEDER)
    assert isinstance(caller_of(gateway, text_in(answer), now), Caller)
    assert isinstance(caller_of(gateway, text, now + timedelta(days=2)), Caller)
    assert not isinstance(caller_of(gateway, text, now + timedelta(days=4)), Caller)
    assert (f"token rotate {old.id} {new.id}", "ok", None) in deeds(gateway)


def test_what_is_gone_cannot_be_replaced(gateway: Gateway, browser: TestClient) -> None:
    sign_in(gateway, browser, "operator")
    create_token(gateway, TokenRole.PARTY, AANBIEDER, "software", LATER, expires_at=LATER + timedelta(days=1))
    old = list_tokens(gateway)[-1].id
    for overlap, last in (("7", "2099-12-31"), ("366", "2099-12-31"), ("x", "")):
        assert form(browser, f"tokens/{old}/vervangen", tot_en_met=last, overlap=overlap).status_code == 400
    nowhere = "01970000-0000-7000-8000-000000000000"
    for path in (f"tokens/{nowhere}/vervangen", f"tokens/{nowhere}/intrekken", f"machtigingen/{nowhere}/intrekken"):
        assert form(browser, path).status_code == 404
    assert len(list_tokens(gateway)) == 2


def test_a_token_is_revoked_after_it_was_asked(gateway: Gateway, browser: TestClient) -> None:
    now = datetime.now(UTC)
    sign_in(gateway, browser, "operator")
    text = create_token(gateway, TokenRole.PARTY, AANBIEDER, "software", now)
    token = list_tokens(gateway)[-1].id
    assert browser.get(f"/console/beheer/tokens/{token}/intrekken").status_code == 200
    assert isinstance(caller_of(gateway, text, now), Caller)
    assert form(browser, f"tokens/{token}/intrekken").status_code == 303
    assert caller_of(gateway, text, now) is None
    assert (f"token revoke {token} {AANBIEDER}", "ok", None) in deeds(gateway)


def test_parties_are_listed_by_their_codes_a_page_at_a_time(gateway: Gateway, browser: TestClient) -> None:
    codes = [f"98{number:06}" for number in range(60)]
    for code in [*reversed(codes), GEMEENTE]:
        add_party(gateway, code, TODAY)
    sign_in(gateway, browser, "operator")
    page = browser.get("/console/beheer/partijen?code=98").text
    assert GEMEENTE not in page
    shown = re.findall(r">(98\d{6})</a>", page)
    assert shown == codes[:50]
    (following,) = re.findall(r'rel="next" href="([^"]+)"', page)
    assert re.findall(r">(98\d{6})</a>", browser.get(following.replace("&amp;", "&")).text) == codes[50:]


def test_tokens_are_found_by_party_and_state_a_page_at_a_time(gateway: Gateway, browser: TestClient) -> None:
    ended = TODAY + timedelta(days=1)
    sign_in(gateway, browser, "operator")
    for number in range(55):
        create_token(gateway, TokenRole.PARTY, AANBIEDER, f"nr {number:02}", TODAY + timedelta(seconds=number))
    create_token(gateway, TokenRole.PARTY, AANBIEDER, "nr 90", TODAY, expires_at=ended)

    def labels(query: str) -> list[str]:
        return re.findall(r"nr \d\d", browser.get(f"/console/beheer/tokens?{query}").text)

    assert labels(f"partij={AANBIEDER}&stand=geldig") == [f"nr {number:02}" for number in range(54, 4, -1)]
    assert labels(f"partij={AANBIEDER}&stand=geeindigd") == ["nr 90"]
    assert labels(f"partij={GEMEENTE}") == labels("rol=operator") == []
    page = browser.get(f"/console/beheer/tokens?partij={AANBIEDER}&stand=geldig").text
    (following,) = re.findall(r'rel="next" href="([^"]+)"', page)
    rest = re.findall(r"nr \d\d", browser.get(following.replace("&amp;", "&")).text)
    assert rest == [f"nr {number:02}" for number in range(4, -1, -1)]


def test_a_party_is_made_known_and_changed(gateway: Gateway, browser: TestClient) -> None:
    sign_in(gateway, browser, "operator")
    assert form(browser, "partijen/nieuw", code=BSN).status_code == 400
    assert form(browser, "partijen/nieuw", code=GEMEENTE).status_code == 303
    assert form(browser, f"partijen/{GEMEENTE}", domeinen=["jw"], antwoordt="zelf").status_code == 303
    party = party_of(gateway, GEMEENTE)
    assert party is not None
    assert (party.domains, party.answers_itself) == ({Domain.JW}, True)
    assert form(browser, f"partijen/{GEMEENTE}", antwoordt="gateway").status_code == 400
    assert party_of(gateway, GEMEENTE) == party
    assert [one for one in deeds(gateway) if one[1] == "ok"] == [
        (f"party add {GEMEENTE}", "ok", None),
        (f"party set {GEMEENTE} --domains jw --answers-itself", "ok", None),
    ]
    assert form(browser, f"partijen/{AANBIEDER}", domeinen=["jw"]).status_code == 404
    assert browser.get(f"/console/beheer/partijen/{BSN}").status_code == 404


def test_a_mandate_is_given_and_taken(gateway: Gateway, browser: TestClient) -> None:
    sign_in(gateway, browser, "operator")
    fields = {"partij": AANBIEDER, "bureau": BUREAU, "vanaf": "2023-03-01", "tot_en_met": "2023-12-31"}
    assert form(browser, "machtigingen/nieuw", **fields).status_code == 303
    (mandate,) = list_mandates(gateway)
    assert (mandate.party, mandate.bureau) == (AANBIEDER, BUREAU)
    assert (mandate.vanaf, mandate.tot_en_met) == (date(2023, 3, 1), date(2023, 12, 31))
    assert mandate.created_by == "operator:test"
    for changes in ({"bureau": AANBIEDER}, {"bureau": "x"}, {"tot_en_met": "2023-02-01"}, {"vanaf": "morgen"}):
        answer = form(browser, "machtigingen/nieuw", **{**fields, **changes})
        assert answer.status_code == 400
        assert f'id="{next(iter(changes))}-error"' in answer.text
    assert form(browser, f"machtigingen/{mandate.id}/intrekken").status_code == 303
    assert list_mandates(gateway)[0].revoked_by == "operator:test"
    assert (f"mandate create {AANBIEDER} {BUREAU} {mandate.id}", "ok", None) in deeds(gateway)
    assert (f"mandate revoke {mandate.id} {AANBIEDER} {BUREAU}", "ok", None) in deeds(gateway)


def test_the_trail_is_newest_first_and_found_by_who_and_when(gateway: Gateway, browser: TestClient) -> None:
    sign_in(gateway, browser, AANBIEDER)
    sign_in(gateway, browser, "auditor")

    def rows(query: str) -> list[str]:
        return re.findall(r"<code>([^<]+)</code>", browser.get(f"/console/beheer/audit?{query}").text)

    assert rows("")[0] == "console/aanmelden"
    assert rows("")[:2] == ["console/beheer/audit", "console/aanmelden"]
    assert rows(f"actor={AANBIEDER}") == ["console/aanmelden"]
    assert rows("tot_en_met=2020-01-01") == rows("vanaf=2999-01-01") == []
    file = browser.get(f"/console/beheer/audit?actor={AANBIEDER}&formaat=csv")
    assert file.headers["content-type"].startswith("text/csv")
    assert len(file.text.splitlines()) == 2
    assert browser.get("/console/beheer/audit?formaat=xlsx").content.startswith(b"PK")
    assert ("console/beheer/audit", "ok", None) in deeds(gateway, Action.AUDIT)


def test_long_trails_are_paged_by_their_numbers(gateway: Gateway, browser: TestClient) -> None:
    sign_in(gateway, browser, "auditor")
    for _ in range(55):
        browser.get("/console/beheer")
    page = browser.get("/console/beheer/audit?actor=auditor:test").text
    assert page.count("<code>") == 50
    (following,) = re.findall(r'rel="next" href="([^"]+)"', page)
    assert browser.get(following.replace("&amp;", "&")).text.count("<code>") == 6


def test_verifying_says_so_where_nothing_was_changed(gateway: Gateway, browser: TestClient) -> None:
    sign_in(gateway, browser, "operator")
    assert "Er is niets veranderd" in form(browser, "audit/zegels").text
    assert "klopt niet" in form(browser, "audit/zegels", hash="0" * 64).text
    assert form(browser, "audit/zegels", hash="zz").status_code == 400
    assert ("audit verify", "ok", None) in deeds(gateway, Action.AUDIT)
