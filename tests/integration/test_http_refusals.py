"""What is not taken: each kind of bad input has its own clear answer, and nothing is kept or changed."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from iwmo_gateway.gateway.access import list_tokens, revoke_token
from iwmo_gateway.standard.kinds import SOORTEN
from tests.conftest import TODAY, Callers
from tests.integration.test_http_builders import (
    AANBIEDER,
    ANDERE_AANBIEDER,
    GEMEENTE,
    PERSONAL,
    Standing,
    document_of,
    hardly,
    lone_start,
    no_kind,
    served,
    standing,
)

NOTHING = Standing((), (), ())


def is_problem(answer: Any, status: int, code: str) -> dict[str, Any]:
    """The problem in an answer, which is as RFC 9457 and the catalogue have it and shows nothing personal."""
    said: dict[str, Any] = answer.json()
    assert (answer.status_code, said["code"]) == (status, code)
    assert answer.headers["content-type"] == "application/problem+json"
    assert said["status"] == status
    assert said["type"] == f"/v1/problems/{code}"
    assert all(said[field].strip() for field in ("title", "detail", "remedie"))
    assert not [value for value in PERSONAL if value in answer.text]
    return said


UNREADABLE: tuple[tuple[str, Callable[[], bytes], int, str, str], ...] = (
    ("empty", lambda: hardly("empty"), 400, "leeg", "een XML-bericht"),
    ("only white space", lambda: b" \n", 400, "leeg", "een XML-bericht"),
    ("not XML", lambda: b"Geachte gemeente, hierbij de start.", 400, "geen-xml", "welgevormd"),
    ("JSON", lambda: b'{"Bsn": "999912008"}', 400, "geen-xml", "welgevormd"),
    ("truncated", lambda: hardly("truncated"), 400, "geen-xml", "volledig"),
    ("something behind the end", lambda: lone_start() + b"<Bsn>999912008</Bsn>", 400, "geen-xml", "volledig"),
    ("wrong encoding", lambda: hardly("wrong-encoding"), 400, "tekencodering", "UTF-8"),
    ("unknown encoding", lambda: lone_start().replace(b"UTF-8", b"UTF-9"), 400, "tekencodering", "UTF-8"),
    ("DTD", lambda: hardly("doctype"), 400, "dtd", "zonder DTD"),
    ("entity", lambda: hardly("entity"), 400, "dtd", "zonder DTD"),
    ("external entity", lambda: hardly("external-entity"), 400, "dtd", "zonder DTD"),
    ("undeclared entity", lambda: lone_start(Achternaam="&a;"), 400, "dtd", "zonder DTD"),
    ("too deep", lambda: hardly("deep"), 400, "te-diep", "niveaus"),
    ("unknown namespace", lambda: hardly("unknown-namespace"), 422, "IB004", "istandaarden.nl"),
    ("unknown root", lambda: lone_start().replace(b":Bericht", b":Brief"), 422, "IB004", "element Bericht"),
    ("no namespace", lambda: b"<Bericht><Bsn>999912008</Bsn></Bericht>", 422, "IB004", "istandaarden.nl"),
    ("old release", lambda: hardly("old-release"), 422, "IB004", "istandaarden.nl"),
    ("a kind that 3.2 no longer has", lambda: no_kind("303"), 422, "IB004", "istandaarden.nl"),
    ("a kind that there is not", lambda: no_kind("321"), 422, "IB004", "istandaarden.nl"),
)


def test_what_cannot_be_read_gets_its_own_answer_and_leaves_no_trace(call: Callers) -> None:
    for name, body, status, code, verwacht in UNREADABLE:
        said = is_problem(call.send(AANBIEDER, body()), status, code)
        assert verwacht in said["verwacht"], name
        assert "errors" not in said, name
        assert "id" not in said, name
    assert standing(call) == NOTHING


def test_what_was_not_taken_is_taken_once_it_is_mended(call: Callers) -> None:
    is_problem(call.send(AANBIEDER, lone_start()[:-3]), 400, "geen-xml")
    assert call.send(AANBIEDER, lone_start()).status_code == 201


def test_a_message_that_was_cut_off_is_told_so_with_the_line_at_which_it_stops(call: Callers) -> None:
    whole = lone_start()
    cuts = (
        b"<wmo305:",
        b"<wmo305:Naam",
        b"<wmo305:Naam>",
        b"<iwmo:Voornamen>Fen",
        b"</wmo305:Naam",
        b"</wmo305:Client>",
    )
    for truncated in (hardly("truncated"), *(whole[: whole.index(cut) + len(cut)] for cut in cuts)):
        said = is_problem(call.send(AANBIEDER, truncated), 400, "geen-xml")
        assert said["regelnummer"] == truncated.count(b"\n") + 1, truncated[-40:]
        assert "afgebroken" in said["detail"], truncated[-40:]


def test_an_external_entity_is_not_fetched(call: Callers, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("only the server may read this", encoding="utf-8")
    body = hardly("external-entity").replace(b"file:///etc/hostname", secret.as_uri().encode())
    answer = call.send(AANBIEDER, body)
    is_problem(answer, 400, "dtd")
    assert "only the server" not in answer.text


def test_every_kind_that_there_is_is_taken_by_its_sender_and_fails_its_schema_if_it_is_empty(call: Callers) -> None:
    for soort in SOORTEN.values():
        body = f'<Bericht xmlns="{soort.namespace}"/>'.encode()
        assert is_problem(call.send(AANBIEDER, body), 422, "IB014")["id"], soort


def test_a_message_larger_than_the_limit_is_refused_whether_or_not_it_says_its_length(call: Callers) -> None:
    body = lone_start()

    def in_chunks() -> Iterator[bytes]:
        yield from (body[at : at + 100] for at in range(0, len(body), 100))

    with served(call, max_message_bytes=len(body) - 1) as small:
        headers = {**small.headers(AANBIEDER), "Content-Type": "application/xml"}
        whole = small.client.post("/v1/berichten", content=body, headers=headers)
        chunked = small.client.post("/v1/berichten", content=in_chunks(), headers=headers)
        assert "content-length" not in chunked.request.headers
        for answer in (whole, chunked):
            assert str(len(body) - 1) in is_problem(answer, 413, "IB012")["verwacht"]
    assert standing(call) == NOTHING
    with served(call, max_message_bytes=len(body)) as just_large_enough:
        assert just_large_enough.send(AANBIEDER, body).status_code == 201


@pytest.mark.parametrize("path", ["/v1/berichten", "/v1/validations"])
def test_only_xml_is_taken(call: Callers, path: str) -> None:
    for mediatype in ("application/json", "application/octet-stream", "text/plain", "application/xml-dtd", ""):
        said = is_problem(
            call.send(AANBIEDER, lone_start(), path=path, **{"Content-Type": mediatype}), 415, "mediatype"
        )
        assert "application/xml" in said["verwacht"]
        assert said["gevonden"] == (mediatype or "geen")
    assert standing(call) == NOTHING
    for nr, mediatype in enumerate(("text/xml", "application/xml; charset=utf-8", "Application/XML")):
        assert call.send(AANBIEDER, lone_start(f"SOORT{nr}"), path=path, **{"Content-Type": mediatype}).is_success, (
            mediatype
        )


def test_without_a_token_that_counts_nothing_is_taken(call: Callers) -> None:
    revoked = call.headers(AANBIEDER)["Authorization"]
    (token,) = list_tokens(call.gateway)
    assert call.send(AANBIEDER, lone_start("VOORAF")).status_code == 201
    assert revoke_token(call.gateway, token.id, TODAY) is not None
    before = standing_of_operator(call)
    for authorization in ("", "Bearer", "Bearer iwmo_unknown", "Basic aXdtbzppd21v", revoked):
        answer = call.send(AANBIEDER, lone_start(), Authorization=authorization)
        is_problem(answer, 401, "token")
        assert answer.headers["www-authenticate"] == "Bearer"
    assert standing_of_operator(call) == before


def standing_of_operator(call: Callers) -> list[str]:
    return [found["id"] for found in call.get("operator", "/v1/berichten").json()["berichten"]]


def test_a_party_sends_only_as_itself(call: Callers) -> None:
    for other in (ANDERE_AANBIEDER, GEMEENTE):
        said = is_problem(call.send(other, lone_start()), 403, "IB009")
        assert said["verwacht"] == f"Afzender {other}"
        assert said["gevonden"] == f"Afzender {AANBIEDER}"
    assert standing(call) == NOTHING


@pytest.mark.parametrize("role", ["operator", "auditor"])
def test_who_is_no_party_sends_nothing(call: Callers, role: str) -> None:
    said = is_problem(call.send(role, lone_start()), 403, "IB008")
    assert (said["verwacht"], said["gevonden"]) == ("een token van een partij", role)
    assert standing(call) == NOTHING


def test_a_moment_of_receipt_is_taken_in_a_sandbox_only(call: Callers) -> None:
    with served(call, sandbox=False) as production:
        is_problem(production.send(AANBIEDER, lone_start()), 400, "ontvangst-moment")
    assert standing(call) == NOTHING
    assert call.send(AANBIEDER, lone_start()).json()["received_at"] == "2023-03-01T12:00:00+01:00"


def test_a_moment_of_receipt_that_is_none_is_refused(call: Callers) -> None:
    for moment in ("gisteren", "2023-02-30T10:00:00+01:00", "2023-03-01T12:00:00"):
        said = is_problem(call.send(AANBIEDER, lone_start(), **{"X-Received-At": moment}), 400, "ontvangst-moment")
        assert "2023-05-06T10:00:00+02:00" in said["verwacht"]
    assert standing(call) == NOTHING


def test_a_moment_of_receipt_outside_of_the_calendar_of_another_zone_is_refused(call: Callers) -> None:
    for moment in ("0001-01-01T00:00:00+01:00", "9999-12-31T23:59:59-12:00", "9999-12-31T23:59:59+00:00"):
        is_problem(call.send(AANBIEDER, lone_start(), **{"X-Received-At": moment}), 400, "ontvangst-moment")
    assert standing(call) == NOTHING


def test_the_checks_come_in_their_order(call: Callers) -> None:
    """Each message has every fault from some check on, and hears of the first alone."""
    foreign = lone_start(Afzender=ANDERE_AANBIEDER, StatusAanlevering="7")
    with served(call, max_message_bytes=5000) as small:
        headers = small.headers(AANBIEDER)

        def sent(body: bytes, mediatype: str = "application/xml", **more: str) -> Any:
            said = {**headers, "Content-Type": mediatype, **more}
            return small.client.post("/v1/berichten", content=body, headers=said)

        is_problem(sent(b"x" * 5001, "text/plain", Authorization="Bearer none"), 401, "token")
        is_problem(sent(b"x" * 5001, "text/plain"), 413, "IB012")
        is_problem(sent(b"x" * 5000, "text/plain"), 415, "mediatype")
        is_problem(sent(foreign.replace(b"wmo305/schema", b"wmo999/schema")[:-3]), 400, "geen-xml")
        is_problem(sent(foreign.replace(b"wmo305/schema", b"wmo999/schema")), 422, "IB004")
        is_problem(sent(foreign), 403, "IB009")
        assert standing(call) == NOTHING
        is_problem(sent(lone_start(StatusAanlevering="7")), 422, "IB014")
    assert [kept[1] for kept in standing(call).berichten] == ["invalid"]


@pytest.mark.parametrize("name", ["bom", "utf-16", "iso-8859-1", "other-prefix", "default-namespace"])
def test_the_same_message_in_another_dress_is_accepted(call: Callers, name: str) -> None:
    body = hardly(name)
    answer = call.send(AANBIEDER, body)
    said = answer.json()
    assert (answer.status_code, said["status"]) == (201, "accepted")
    kept = call.get(AANBIEDER, f"/v1/berichten/{said['id']}/xml")
    assert kept.content == body
    retour = call.get(AANBIEDER, f"/v1/berichten/{said['id']}/retour").content
    assert document_of(retour).soort.code == "WMO306"
    assert retour.startswith(b"<?xml version='1.0' encoding='UTF-8'?>\r\n")


def test_accents_come_back_as_they_were_sent_whatever_the_encoding(call: Callers) -> None:
    body = hardly("iso-8859-1").replace(b">01A01<", b">01A99<")
    said = call.send(AANBIEDER, body).json()
    assert said["status"] == "rejected"
    answered = document_of(call.get(AANBIEDER, f"/v1/berichten/{said['id']}/retour").content)
    assert [name.text for name in answered.root.iter("{*}Achternaam")] == [
        name.text for name in document_of(body).root.iter("{*}Achternaam")
    ]
