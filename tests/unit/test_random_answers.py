"""Return messages by chance, from the schemas or from the gateway itself: read, judged and told without a crash."""

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iwmo_gateway.retour.told import told
from iwmo_gateway.rules.answers import Beantwoord
from iwmo_gateway.rules.historie import Bronnen, Historie
from iwmo_gateway.rules.verdict import judge, judge_alone, judge_answer
from iwmo_gateway.standard.kinds import SOORTEN, Soort, answered_by
from iwmo_gateway.standard.reading import to_bericht, to_retour
from iwmo_gateway.standard.retouren import Retour
from iwmo_gateway.standard.xml import serialise
from tests.bookkeeping import CODELISTS
from tests.generator import MANNERS, SCHEMAS, SEEDS, Manner, grown, messages, written
from tests.plans import RECEIVED
from tests.unit.test_random_messages import CHANCE, answered, books_of, document_of

OF_EACH_KIND = 40
ANSWERS = pytest.mark.parametrize("soort", [soort for soort in SOORTEN.values() if soort.is_answer], ids=str)


def judged(retour: Retour, beantwoord: Beantwoord | None) -> list[str]:
    """The rules that a return message breaks."""
    bronnen = Bronnen(RECEIVED, CODELISTS)
    historie = Historie(clienten={}, beantwoord=beantwoord.bericht if beantwoord else None)
    found = (*judge_alone(retour).findings, *judge_answer(retour, beantwoord, historie, bronnen).findings)
    assert all(finding.tekst and finding.regelnummer for finding in found)
    return [finding.regel for finding in found]


@ANSWERS
@settings(CHANCE, max_examples=OF_EACH_KIND)
@given(st.data())
def test_a_return_message_from_the_schema_is_read_and_judged(soort: Soort, data: st.DataObject) -> None:
    chance, manner = Random(data.draw(SEEDS)), data.draw(MANNERS)  # noqa: S311 chance for a test
    root = grown(soort, {}, chance, Manner(max(manner.full, 0.5), manner.wild))
    document = document_of(written(root, chance))
    retour = to_retour(document)
    asked = to_bericht(document_of(data.draw(messages(answered_by(soort))).body))
    assert {"retour-bericht", "TR337"} & {*judged(retour, None)}
    assert "retour-eenmaal" in judged(retour, Beantwoord(asked, answered=True))


@ANSWERS
@settings(CHANCE, max_examples=OF_EACH_KIND)
@given(st.data())
def test_the_answer_of_the_gateway_to_a_message_by_chance_is_right_and_tells_its_verdict(
    soort: Soort, data: st.DataObject
) -> None:
    document = document_of(data.draw(messages(answered_by(soort))).body)
    bericht, books = to_bericht(document), books_of(soort.domain)
    verdict = judge(bericht, books.historie(bericht), books.bronnen(bericht, RECEIVED))
    root = answered(document, verdict)
    answer = document_of(serialise(root))
    retour = to_retour(answer)
    assert not {rule for rule in judged(retour, Beantwoord(bericht, answered=False)) if rule[:2] in {"re", "TR"}} - {
        "TR135", "TR378", "TR101",
    }  # fmt: skip
    classes = frozenset(path for path, facts in SCHEMAS.classes(soort).items() if facts.retour_codes)
    said = told(answer, retour, document, bericht, classes=classes, said=verdict.findings)
    assert said.outcome == verdict.outcome
