"""Messages that fail the schema: told with every error, kept for a replay, and without any effect."""

from typing import Any

import pytest

from tests.conftest import Callers
from tests.integration.test_http_builders import (
    AANBIEDER,
    BSN,
    GEMEENTE,
    PERSONAL,
    WRONG_BSN,
    codes_of,
    crowded_start,
    day,
    hardly,
    lone_start,
    made_by,
    mailbox,
    standing,
    start,
)
from tests.integration.test_http_refusals import is_problem


def invalid(call: Callers, body: bytes, who: str = AANBIEDER) -> dict[str, Any]:
    """The problem of a message that fails the schema: kept as such, to be found under its id, with no effect."""
    answer = call.send(who, body)
    said = is_problem(answer, 422, "IB014")
    assert answer.headers["location"] == f"/v1/berichten/{said['id']}"
    assert [kept for kept in standing(call).berichten if kept[0] == said["id"]] == [(said["id"], "invalid", 1)]
    assert (mailbox(call, AANBIEDER), mailbox(call, GEMEENTE), made_by(call)) == ([], [], [])
    return said


def test_every_error_is_told_with_its_line_its_path_what_was_expected_and_what_was_found(call: Callers) -> None:
    body = start(Geslacht="8", Begindatum="2023-02-30", StatusAanlevering="7")
    said = invalid(call, body)
    assert "3 plaats(en)" in said["detail"]
    assert "WMO305 3.2" in said["detail"]
    assert said["meer"] is False
    client, product = "/Bericht/Client", "/Bericht/Client/StartProducten/StartProduct[1]"
    assert [(error["pad"], error["gevonden"]) for error in said["errors"]] == [
        (f"{client}/Geslacht", "•••"),
        (f"{product}/Begindatum", "2023-02-30"),
        (f"{product}/StatusAanlevering", "7"),
    ]
    for error in said["errors"]:
        name = error["pad"].rpartition("/")[2]
        assert f"<wmo305:{name}>" in body.decode().splitlines()[error["regelnummer"] - 1]
        assert error["tekst"]
        assert error["verwacht"]


def test_the_result_of_an_invalid_message_says_the_same_and_it_has_no_return_message(call: Callers) -> None:
    said = invalid(call, lone_start(StatusAanlevering="7"))
    path = f"/v1/berichten/{said['id']}"
    result = call.get(AANBIEDER, path).json()
    assert (result["status"], result["retour"], result["oordelen"]) == ("invalid", None, 1)
    assert result["versies"]["xsd"].startswith("iwmo-3.2/")
    (finding,) = result["bevindingen"]
    (error,) = said["errors"]
    assert {name: finding[name] for name in error} == error
    assert (finding["regel"], finding["niveau"], finding["retourcode"]) == ("XSD", 1, None)
    assert call.get(AANBIEDER, f"{path}/xml").content == lone_start(StatusAanlevering="7")
    is_problem(call.get(AANBIEDER, f"{path}/retour"), 404, "niet-gevonden")
    is_problem(call.get(GEMEENTE, path), 404, "niet-gevonden")


def test_an_invalid_message_leaves_its_identification_free(call: Callers) -> None:
    invalid(call, lone_start("START01", StatusAanlevering="7"))
    assert call.send(AANBIEDER, lone_start("START01")).json()["status"] == "accepted"


def test_the_same_invalid_message_again_gives_the_first_result(call: Callers) -> None:
    first = invalid(call, lone_start(StatusAanlevering="7"))
    assert invalid(call, lone_start(StatusAanlevering="7")) == first
    assert len(standing(call).berichten) == 1


def test_of_more_than_a_hundred_errors_a_hundred_are_told_and_that_there_are_more(call: Callers) -> None:
    said = invalid(call, crowded_start(101, StatusAanlevering="7"))
    assert (len(said["errors"]), said["meer"]) == (100, True)
    assert "100 plaats(en)" in said["detail"]
    assert "nog meer" in said["detail"]
    assert said["errors"][99]["pad"] == "/Bericht/Client/StartProducten/StartProduct[100]/StatusAanlevering"
    said = invalid(call, crowded_start(100, StatusAanlevering="7"))
    assert (len(said["errors"]), said["meer"]) == (100, False)


def test_dates_that_do_not_exist_are_told_by_name(call: Callers) -> None:
    for name, date in (("Begindatum", "2023-02-29"), ("Dagtekening", "2023-13-01"), ("Begindatum", "2023-2-1")):
        said = invalid(call, lone_start(**{name: date}))
        (error,) = said["errors"]
        assert error["pad"].endswith(f"/{name}")
        assert error["gevonden"] == date
    for date in ("2023-02-28+01:00", "28-02-2023"):
        (error,) = invalid(call, lone_start(Begindatum=date))["errors"]
        assert error["pad"].endswith("/Begindatum")


def test_personal_values_are_never_shown(call: Callers) -> None:
    body = lone_start(Bsn=f"{BSN}0", Achternaam="Proefstra" * 30, Datum="1951-04-31", Voorletters="")
    said = invalid(call, body)
    assert len(said["errors"]) == 4
    assert {error["gevonden"] for error in said["errors"]} == {"•••", "(leeg)"}
    told = call.get("operator", f"/v1/berichten/{said['id']}").text
    assert not [value for value in (*PERSONAL, "1951-04-31") if value in told]


def test_a_bsn_that_fails_the_11_check_is_refused_at_level_2_and_never_shown(call: Callers) -> None:
    answer = call.send(AANBIEDER, lone_start(Bsn=WRONG_BSN))
    said = answer.json()
    assert (answer.status_code, said["status"]) == (201, "rejected")
    (finding,) = said["bevindingen"]
    assert (finding["regel"], finding["niveau"], finding["retourcode"]) == ("CS002", 2, "0001")
    assert (finding["klasse"], finding["pad"], finding["gevonden"]) == ("Client", "/Bericht/Client", "•••")
    assert not [value for value in PERSONAL if value in answer.text]
    retour = call.get(AANBIEDER, f"/v1/berichten/{said['id']}/retour").content
    assert codes_of(retour) == {"Header": ["0001"]}
    assert WRONG_BSN.encode() not in retour


def test_a_client_in_another_release_than_its_header_fails_the_schema(call: Callers) -> None:
    (error,) = invalid(call, hardly("mixed-release"))["errors"]
    assert error["pad"] == "/Bericht/Client"
    assert "iwmo/3_2/wmo305" in error["verwacht"]
    assert "iwmo/2_3/wmo305" in error["gevonden"]


@pytest.mark.parametrize(
    ("name", "value", "shown"),
    [
        ("Identificatie", "DERTIENTEKENS", {"identificatie": None}),
        ("Ontvanger", "Gemeente Diemen", {"ontvanger": None}),
        ("Ontvanger", "384", {"ontvanger": None}),
        ("Ontvanger", "٠٣٨٤", {"ontvanger": None}),
        ("Dagtekening", "gisteren", {"dagtekening": None}),
        ("BerichtVersie", "2", {"release": "3.2"}),
        ("BerichtCode", "414", {"soort": "WMO305"}),
    ],
)
def test_what_the_header_says_wrong_is_told_and_not_taken_over(
    call: Callers, name: str, value: str, shown: dict[str, object]
) -> None:
    said = invalid(call, lone_start(**{name: value}))
    (error,) = said["errors"]
    assert error["pad"] in {f"/Bericht/Header/{name}", f"/Bericht/Header/BerichtIdentificatie/{name}"}
    result = call.get(AANBIEDER, f"/v1/berichten/{said['id']}").json()
    assert {field: result[field] for field in shown} == shown


def test_a_message_without_its_header_is_kept_under_the_party_that_sent_it(call: Callers) -> None:
    body = lone_start()
    begin, end = body.index(b"<wmo305:Header>"), body.index(b"</wmo305:Header>") + len(b"</wmo305:Header>")
    said = invalid(call, body[:begin] + body[end:])
    result = call.get(AANBIEDER, f"/v1/berichten/{said['id']}").json()
    assert (result["afzender"], result["ontvanger"], result["identificatie"]) == (AANBIEDER, None, None)


def test_a_municipality_cannot_send_what_only_a_provider_sends(call: Callers) -> None:
    paths = {error["pad"] for error in invalid(call, lone_start(Afzender=GEMEENTE), GEMEENTE)["errors"]}
    assert paths == {"/Bericht/Header/Afzender"}


def test_validation_says_the_same_and_keeps_nothing(call: Callers) -> None:
    bodies = {
        "accepted": lone_start(),
        "rejected": lone_start(Bsn=WRONG_BSN),
        "invalid": lone_start(StatusAanlevering="7"),
    }
    before = standing(call)
    validated = {}
    for status, body in bodies.items():
        answer = call.send(AANBIEDER, body, day("2023-03-02"), path="/v1/validations")
        validated[status] = answer.json()
        assert (answer.status_code, validated[status]["status"]) == (200, status)
        assert not [value for value in PERSONAL if value in answer.text]
    assert call.send("operator", bodies["rejected"], path="/v1/validations").json() == validated["rejected"]
    is_problem(call.send(GEMEENTE, lone_start(), path="/v1/validations"), 403, "IB009")
    is_problem(call.send(AANBIEDER, hardly("truncated"), path="/v1/validations"), 400, "geen-xml")
    assert standing(call) == before

    for status, body in bodies.items():
        identity = call.send(AANBIEDER, body, day("2023-03-02")).json()["id"]
        kept = call.get(AANBIEDER, f"/v1/berichten/{identity}").json()
        assert kept["bevindingen"] == validated[status]["bevindingen"]
