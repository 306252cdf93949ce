"""Messages by chance through the whole gateway, over HTTP: each one judged, answered, kept, and replayed."""

from random import Random
from typing import Any

import pytest

from iwmo_gateway.gateway import contracts
from iwmo_gateway.gateway.access import Caller
from iwmo_gateway.standard.kinds import Domain, Role, answer_to
from iwmo_gateway.standard.reading import to_bericht
from iwmo_gateway.standard.xml import Document, read
from iwmo_gateway.store.parties import TokenRole
from tests.bookkeeping import Books
from tests.cases import noon, profile
from tests.conftest import TODAY, Callers
from tests.generator import SCHEMAS, Made, damaged, sequence
from tests.plans import RECEIVED

SEQUENCES = 6
"""Of each domain, each of these many messages."""
LONG = 14
DAMAGED = 40
JUDGED = {"accepted", "partly_accepted", "refused", "rejected"}
AT = noon(RECEIVED)


def by_chance(seed: int) -> list[Made]:
    """Messages of both domains, those of one sequence in their order."""
    chance = Random(seed)  # noqa: S311 chance for a test
    queues = [sequence(domain, seed * 100 + nr, LONG) for domain in Domain for nr in range(SEQUENCES)]
    turns = [queue for queue in queues for _ in queue]
    chance.shuffle(turns)
    waiting = {id(queue): iter(queue) for queue in queues}
    return [next(waiting[id(queue)]) for queue in turns]


def document_of(body: bytes) -> Document:
    document = read(body)
    assert isinstance(document, Document)
    return document


def sent(call: Callers, body: bytes) -> dict[str, Any]:
    """What is said of a message that its sender sent, after its answer was found valid."""
    document = document_of(body)
    who = document.kop.afzender or ""
    answer = call.send(who, body, AT)
    assert answer.status_code in {200, 201}, answer.text
    said: dict[str, Any] = answer.json()
    assert said["status"] in JUDGED
    retour = call.get(who, f"/v1/berichten/{said['id']}/retour", Accept="application/xml")
    assert retour.status_code == 200
    told = document_of(retour.content)
    assert told.soort is answer_to(document.soort)
    assert SCHEMAS.check(told).ok
    return said


def replayed(call: Callers, ids: list[str], **how: bool) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for first in range(0, len(ids), 100):
        wanted = {"ids": ids[first : first + 100], "reason": "toeval", **how}
        answer = call.post("operator", "/v1/replays", wanted)
        assert answer.status_code == 201, answer.text
        found += answer.json()["berichten"]
    return found


@pytest.mark.parametrize("shuffled", [False, True])
def test_messages_by_chance_are_judged_as_bookkeeping_has_it_answered_and_replayed(
    call: Callers, shuffled: bool
) -> None:
    officer = Caller(TokenRole.OPERATOR, None, "operator:test", TODAY)
    contracts.load(call.gateway, officer, contracts.check_file(contracts.file_of("rhenen-wmo-2023")))
    books = {Domain.WMO: Books((profile("rhenen-wmo-2023"),)), Domain.JW: Books()}
    made = by_chance(2)
    if shuffled:
        Random(2).shuffle(made)  # noqa: S311
    results = []
    for one in made:
        verdict = books[one.soort.domain].take(to_bericht(document_of(one.body)), RECEIVED)
        said = sent(call, one.body)
        told = sorted((found["regel"], found["pad"]) for found in said["bevindingen"])
        assert told == sorted((found.regel, found.pad) for found in verdict.findings), one
        assert said["status"] == verdict.outcome, one
        results.append(said)
    assert {said["status"] for said in results} == JUDGED
    for how in ({"dry_run": True, "force": True}, {}, {"force": True}):
        for item in replayed(call, [said["id"] for said in results], **how):
            assert item["outcome"] in {"judged", "unchanged", "shown", "refused"}
            assert item["status_after"] in JUDGED
    for said in results:
        now = call.get("operator", f"/v1/berichten/{said['id']}").json()
        assert now["status"] in JUDGED
        assert said["status"] == "rejected" or now["status"] == said["status"]


def test_damaged_messages_are_refused_kept_or_judged(call: Callers) -> None:
    for nr, made in enumerate(by_chance(3)[:DAMAGED]):
        who = made.relatie.gemeente if made.soort.sender is Role.GEMEENTE else made.relatie.aanbieder
        answer = call.send(who, damaged(made, nr), AT)
        assert answer.status_code in {200, 201, 400, 403, 422}, answer.text
        assert answer.status_code >= 400 or answer.json()["status"] in JUDGED
