"""What a return message tells is the verdict that it was made from."""

from functools import cache

import pytest

from iwmo_gateway.retour.answers import retourbericht
from iwmo_gateway.retour.building import AnswerShape
from iwmo_gateway.retour.told import TOLD, told
from iwmo_gateway.rules.engine import Actie, Finding
from iwmo_gateway.rules.verdict import Verdict
from iwmo_gateway.shipped import shipped
from iwmo_gateway.standard.berichten import Bericht
from iwmo_gateway.standard.kinds import Soort, answer_to
from iwmo_gateway.standard.reading import to_retour
from iwmo_gateway.standard.retouren import Retour
from iwmo_gateway.standard.schemas import Schemas
from iwmo_gateway.standard.xml import Document, read, serialise
from tests.answers import ANSWERED_ON
from tests.bookkeeping import judged
from tests.cases import Case, cases
from tests.jw import as_jw, shared_cases

SCHEMAS = Schemas(shipped("xsd"))
# What is held gets its answer with the last decision.
MESSAGES = [case for case in cases() if case.antwoordt_zelf == () and case.status != "in_review"]
OF_JW = [case for case in shared_cases() if case.antwoordt_zelf == ()]


@cache
def shape_of(soort: Soort) -> AnswerShape:
    versions = SCHEMAS.versions(soort)
    return AnswerShape(
        classes=frozenset(path for path, facts in SCHEMAS.classes(soort).items() if facts.retour_codes),
        xsd_versie=(versions.basisschema, versions.bericht) if versions else None,
    )


def there_and_back(
    document: Document, bericht: Bericht, verdict: Verdict, said: tuple[Finding, ...]
) -> tuple[Document, Verdict]:
    """The return message to a message, and what it tells."""
    shape = shape_of(answer_to(document.soort))
    answer = read(serialise(retourbericht(document, verdict, shape, identificatie="R1", dagtekening=ANSWERED_ON)))
    assert isinstance(answer, Document)
    return answer, told(answer, to_retour(answer), document, bericht, classes=shape.classes, said=said)


def tellable(verdict: Verdict) -> set[tuple[str, str, str | None]]:
    """What a return message can tell of a verdict: class, path and code of what refuses.

    At level 2 it says 0001 in the Header and no more; of the lines of a client that is itself at fault nothing.
    """
    if verdict.about_content:
        return {("Header", "/Bericht/Header", "0001")}
    refusing = [finding for finding in verdict.findings if finding.actie is Actie.REJECT]
    clients = [finding.pad for finding in refusing if finding.klasse == "Client"]
    return {
        (finding.klasse, finding.pad, finding.retourcode)
        for finding in refusing
        if verdict.settlement is None or not any(finding.pad.startswith(f"{client}/") for client in clients)
    }


def assert_tells(document: Document, bericht: Bericht, verdict: Verdict) -> None:
    _, alone = there_and_back(document, bericht, verdict, ())
    assert {(finding.klasse, finding.pad, finding.retourcode) for finding in alone.findings} == tellable(verdict)
    assert {finding.regel for finding in alone.findings} <= {TOLD}
    assert alone.outcome == verdict.outcome
    lines = {finding.pad: finding.regelnummer for finding in verdict.findings}
    for finding in alone.findings:
        assert finding.regelnummer == lines.get(finding.pad, finding.regelnummer)
    before, after = verdict.settlement, alone.settlement
    assert (before is None) is (after is None)
    if before is not None and after is not None:
        for value in ("ingediend", "toegekend", "judged", "refused", "approved_lines"):
            assert getattr(after, value) == getattr(before, value), value

    # Where the gateway said the same, its own findings explain it, signals and all.
    _, explained = there_and_back(document, bericht, verdict, verdict.findings)
    assert explained.outcome == verdict.outcome
    known = tellable(verdict)
    assert set(explained.findings) == {
        finding
        for finding in verdict.findings
        if finding.actie is Actie.SIGNAL
        or verdict.about_content
        or (finding.klasse, finding.pad, finding.retourcode) in known
    }
    assert len(explained.findings) == len(set(explained.findings))


@pytest.mark.parametrize("case", MESSAGES, ids=lambda case: case.name)
def test_an_answer_tells_the_verdict_that_it_was_made_from(case: Case) -> None:
    bericht, verdict = judged(case)
    if not isinstance(bericht, Retour):
        assert_tells(document_of(case.body), bericht, verdict)


@pytest.mark.parametrize("case", OF_JW[::7], ids=lambda case: case.name)
def test_an_answer_of_ijw_does_too(case: Case) -> None:
    bericht, verdict = judged(case, as_jw)
    if not isinstance(bericht, Retour):
        assert_tells(document_of(as_jw(case.body)), bericht, verdict)


def document_of(body: bytes) -> Document:
    document = read(body)
    assert isinstance(document, Document)
    return document


def test_every_kind_that_is_answered_is_among_these() -> None:
    kinds = {document_of(case.body).soort for case in MESSAGES}
    assert {soort.code[-3:] for soort in kinds} >= {"301", "303", "305", "307", "315", "317", "319", "323"}
    assert {soort.release for soort in kinds} == {"2.3", "3.2"}
