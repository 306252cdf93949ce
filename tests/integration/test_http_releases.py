"""Releases side by side: each message is answered in its own, and facts of one hold for the others."""

from datetime import date
from itertools import product

import pytest

from iwmo_gateway.gateway.parties import set_answering
from iwmo_gateway.standard import kinds
from iwmo_gateway.standard.kinds import RELEASES, SOORTEN
from tests.cases import FIXTURES, noon
from tests.claims import Line, claim
from tests.conftest import TODAY, Callers
from tests.integration.test_http_builders import (
    AANBIEDER,
    GEMEENTE,
    codes_of,
    document_of,
    everything,
    mailbox,
    with_values,
)
from tests.releases import as_release

NEWEST_WRITTEN = "3.2"
"""Messages of later releases are made of those of this one."""


def message(name: str, release: str, **values: str) -> bytes:
    """An earlier message of the fixtures in a release, with these values."""
    own = FIXTURES / "vooraf" / f"{name}-{release}.xml"
    path = own if own.exists() else FIXTURES / "vooraf" / f"{name}-{NEWEST_WRITTEN}.xml"
    return with_values(as_release(path.read_bytes(), release).decode(), values)


@pytest.mark.parametrize(("allocated", "started"), [*product(RELEASES, RELEASES)])
def test_a_start_on_an_allocation_of_any_release(call: Callers, allocated: str, started: str) -> None:
    allocation = message("toewijzing", allocated)
    assert call.send(GEMEENTE, allocation).json()["status"] == "accepted"
    (granted, *_) = document_of(allocation).root.iter("{*}ToegewezenProduct")
    begin, nummer = (granted.findtext(f"{{*}}{name}", "") for name in ("Ingangsdatum", "ToewijzingNummer"))
    terms = {"ToewijzingIngangsdatum": begin, "Begindatum": begin}
    unknown = message("start", started, Identificatie="START01", ToewijzingNummer="799999", **terms)
    known = message("start", started, Identificatie="START02", ToewijzingNummer=nummer, **terms)
    for body, status in ((unknown, "rejected"), (known, "accepted")):
        said = call.send(AANBIEDER, body).json()
        assert (said["status"], said["release"]) == (status, started), said
        told = call.get(AANBIEDER, f"/v1/berichten/{said['id']}/retour").content
        answer = document_of(told)
        assert answer.soort == SOORTEN["WMO306", started]
        assert call.gateway.schemas.check(answer).ok
        if status == "rejected":
            assert codes_of(told)["StartProduct"] == ["9019"]
            (repeated,), (own,) = (each.root.iter("{*}StartProduct") for each in (answer, document_of(body)))
            assert [child.text for child in repeated[:-1]] == [child.text for child in own]


CLAIMED = [release for release in RELEASES if ("WMO323", release) in SOORTEN]


@pytest.mark.parametrize(("allocated", "claimed"), [*product(RELEASES, CLAIMED)])
def test_a_claim_on_an_allocation_of_any_release(call: Callers, allocated: str, claimed: str) -> None:
    allocation = message("toewijzing", allocated)
    assert call.send(GEMEENTE, allocation).json()["status"] == "accepted"
    nummer = next(document_of(allocation).root.iter("{*}ToewijzingNummer")).text
    body = as_release(claim(Line(nummer=nummer)), claimed)
    received = noon(date(2023, 4, 1))
    said = call.send(AANBIEDER, body, received).json()
    assert (said["status"], said["release"]) == ("accepted", claimed), said
    answer = document_of(call.get(AANBIEDER, f"/v1/berichten/{said['id']}/retour").content)
    assert answer.soort == SOORTEN["WMO325", claimed]
    for other in CLAIMED:
        again = as_release(claim(Line(nummer=nummer, referentie="R2"), identificatie="B02"), other)
        assert "9333" in str(call.send(AANBIEDER, again, received).json()["bevindingen"])
    credit = as_release(claim(Line("R3", nummer, vorige="R1"), identificatie="B03", nummer="D03"), CLAIMED[-1])
    assert call.send(AANBIEDER, credit, received).json()["status"] == "accepted"


def test_what_came_in_a_release_that_is_no_longer_taken_stays_and_counts(
    call: Callers, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, new = RELEASES[0], RELEASES[-1]
    body = message("toewijzing", old)
    said = call.send(GEMEENTE, body).json()
    nummer = next(document_of(body).root.iter("{*}ToewijzingNummer")).text or ""
    begin = next(document_of(body).root.iter("{*}ToegewezenProduct")).findtext("{*}Ingangsdatum", "")
    for soort in [soort for soort in SOORTEN.values() if soort.release == old]:
        monkeypatch.delitem(SOORTEN, (soort.code, soort.release))
        monkeypatch.delitem(kinds._BY_NAMESPACE, soort.namespace)
    assert call.send(GEMEENTE, message("toewijzing", old, Identificatie="T2")).json()["code"] == "IB004"
    assert call.get(GEMEENTE, f"/v1/berichten/{said['id']}").json() == said
    assert {each["id"] for each in everything(call, GEMEENTE)} == {said["id"], said["retour"]["id"]}
    assert call.get(GEMEENTE, f"/v1/berichten/{said['id']}/xml").content == body
    assert call.get(GEMEENTE, f"/v1/berichten/{said['id']}/retour").status_code == 200
    assert [entry["id"] for entry in mailbox(call, AANBIEDER)] == [said["id"]]
    values = {"ToewijzingIngangsdatum": begin, "Begindatum": begin}
    start = message("start", new, ToewijzingNummer=nummer, **values)
    assert call.send(AANBIEDER, start).json()["status"] == "accepted"
    replay = call.post("operator", "/v1/replays", {"ids": [said["id"]], "reason": "test", "dry_run": True}).json()
    assert [item["outcome"] for item in replay["berichten"]] == ["failed"], replay


@pytest.mark.parametrize("release", RELEASES)
def test_who_awaits_an_answer_is_told_also_when_the_release_is_no_longer_taken(
    call: Callers, monkeypatch: pytest.MonkeyPatch, release: str
) -> None:
    set_answering(call.gateway, AANBIEDER, TODAY, itself=True)
    said = call.send(GEMEENTE, message("toewijzing", release)).json()
    assert said["antwoord_door"] == AANBIEDER
    for soort in [soort for soort in SOORTEN.values() if soort.release == release]:
        monkeypatch.delitem(SOORTEN, (soort.code, soort.release))
    assert call.get(GEMEENTE, f"/v1/berichten/{said['id']}").json() == said
