"""Messages by chance, of every kind: always judged, always answered validly, and read without loss."""

from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from datetime import date, time
from random import Random
from typing import Any

import pytest
from hypothesis import Phase, event, given, settings
from hypothesis import strategies as st
from lxml import etree

from iwmo_gateway.retour.answers import retourbericht
from iwmo_gateway.retour.building import AnswerShape
from iwmo_gateway.rules.engine import Actie, Finding
from iwmo_gateway.rules.settlement import nothing_of, settled
from iwmo_gateway.rules.verdict import Verdict, judge, judge_alone, judge_offline
from iwmo_gateway.standard.berichten import Bericht
from iwmo_gateway.standard.declaraties import Declaratiebericht, Factuurbericht
from iwmo_gateway.standard.kinds import RELEASES, Domain, Soort, answer_to
from iwmo_gateway.standard.klassen import Klasse
from iwmo_gateway.standard.reading import to_bericht
from iwmo_gateway.standard.xml import Document, Unreadable, local_name, read, serialise
from tests.bookkeeping import Books
from tests.cases import profile
from tests.generator import SCHEMAS, SEEDS, SOORTEN_JUDGED, damaged, messages, sequence, sequences
from tests.plans import RECEIVED

OF_EACH_KIND = 60
SEQUENCES = 60
"""Of each domain, some eleven messages long."""
DAMAGED = 60
"""Of each kind."""
WORTH = 20 * len(RELEASES)
"""Sequences of fourteen messages, of each domain: with all others some five thousand messages."""

CHANCE = settings(derandomize=True, database=None, deadline=None, phases=[Phase.generate, Phase.shrink])
RHENEN = profile("rhenen-wmo-2023")
KINDS = pytest.mark.parametrize("soort", SOORTEN_JUDGED, ids=str)
CODES = ("9019", "S329", "8187")
"""Return codes of both releases."""


def books_of(domain: Domain) -> Books:
    return Books((RHENEN,) if domain is Domain.WMO else ())


def document_of(body: bytes) -> Document:
    """A message, after its schema accepted it."""
    document = read(body)
    assert isinstance(document, Document), document
    check = SCHEMAS.check(document)
    assert check.ok, check.faults
    return document


def answered(document: Document, verdict: Verdict) -> etree._Element:
    """The return message, after its schema accepted it as it is sent."""
    soort = answer_to(document.soort)
    versions = SCHEMAS.versions(soort)
    shape = AnswerShape(
        classes=frozenset(path for path, facts in SCHEMAS.classes(soort).items() if facts.retour_codes),
        xsd_versie=(versions.basisschema, versions.bericht) if versions else None,
    )
    root = retourbericht(document, verdict, shape, identificatie="RET123456789", dagtekening=RECEIVED)
    check = SCHEMAS.check_xml(soort, root)
    assert check.ok, check.faults
    body = serialise(root)
    assert body.startswith(b"<?xml version='1.0' encoding='UTF-8'?>\r\n")
    assert body.count(b"\n") == body.count(b"\r\n") == body.count(b"\r")
    assert document_of(body).soort is soort
    return root


def judged(document: Document, books: Books) -> Verdict:
    """Judged in every way there is, and answered each time; what counts is kept in the books."""
    bericht = to_bericht(document)
    bronnen = books.bronnen(bericht, RECEIVED)
    empty = books_of(document.soort.domain).historie(bericht)
    for verdict in (judge_alone(bericht), judge_offline(bericht, bronnen), judge(bericht, empty, bronnen)):
        answered(document, verdict)
    verdict = books.take(bericht, RECEIVED)
    answered(document, verdict)
    return verdict


# --- reading --------------------------------------------------------------------------------------------------------


def leaves(element: etree._Element, soort: Soort, path: tuple[str, ...] = (), pad: str = "") -> Iterator[Any]:
    """Every value of a document by its place, in the type that the schema gives it."""
    name = local_name(element)
    path = (*path, name)
    facts = SCHEMAS.classes(soort)[path]
    parent = element.getparent()
    pad += f"/{name}"
    if facts.repeats and parent is not None:
        pad += f"[{parent.index(element) + 1}]"
    if facts.value is not None:
        yield pad, meant(facts.value.primitive, element.text or "")
    for child in element:
        yield from leaves(child, soort, path, pad)


def meant(primitive: str, text: str) -> object:
    if primitive == "decimal":
        return int(text)
    if primitive == "time":
        clock = text.strip().partition(".")
        return time.fromisoformat(clock[0].replace("24:", "00:")).replace(microsecond=int(clock[2][:6] or 0))
    if primitive != "date":
        return text
    year, month, day = text.strip().rsplit("-", 2)
    if len(year) != 4:
        return date.min if year.startswith("-") else date.max
    return date(int(year), int(month), int(day))


def typed_leaves(klasse: Klasse) -> Iterator[Any]:
    """Every value of a typed message by its place."""
    for field in fields(klasse):
        told = getattr(klasse, field.name)
        name = "".join("ID" if part == "id" else part.capitalize() for part in field.name.split("_"))
        if isinstance(told, Klasse | tuple):
            for one in told if isinstance(told, tuple) else (told,):
                assert isinstance(one, Klasse)
                yield from typed_leaves(one)
        elif field.name not in {"pad", "regelnummer"} and told is not None and not isinstance(told, Soort):
            yield f"{klasse.pad}/{name}", told


def classes_of(klasse: Klasse) -> Iterator[Klasse]:
    yield klasse
    for field in fields(klasse):
        told = getattr(klasse, field.name)
        for one in told if isinstance(told, tuple) else (told,):
            if is_dataclass(one) and isinstance(one, Klasse):
                yield from classes_of(one)


HOLDERS = ("DeclaratieFactuurIdentificatie/", "DeclaratieFactuurBedragen/", "IngediendeBedragPrestatie/")
"""Of a 303: no classes of their own, but fields of the class around them."""


def without_holders(pad: str) -> str:
    for holder in HOLDERS:
        pad = pad.replace(holder, "")
    return pad


def read_without_loss(document: Document, bericht: Bericht) -> None:
    there = {without_holders(pad): value for pad, value in leaves(document.root, document.soort)}
    found = {without_holders(pad): value for pad, value in typed_leaves(bericht)}
    assert found == there
    for klasse in classes_of(bericht):
        [element] = document.root.xpath(
            "/*"
            + "".join(
                f"/*[local-name()='{step.partition('[')[0]}']{index_of(step)}" for step in klasse.pad.split("/")[2:]
            )
        )
        assert klasse.regelnummer == element.sourceline


def index_of(step: str) -> str:
    _, bracket, rest = step.partition("[")
    return bracket + rest


# --- properties -----------------------------------------------------------------------------------------------------


@KINDS
@settings(CHANCE, max_examples=OF_EACH_KIND)
@given(st.data())
def test_a_message_by_chance_is_read_judged_and_answered(soort: Soort, data: st.DataObject) -> None:
    made = data.draw(messages(soort))
    document = document_of(made.body)
    assert document.soort is soort
    bericht = to_bericht(document)
    read_without_loss(document, bericht)
    verdict = judged(document, books_of(soort.domain))
    event(f"{soort.code[-3:]}: {verdict.outcome}")
    answered(document, whatever_was_found(document, bericht, Random(made.seed)))  # noqa: S311


def whatever_was_found(document: Document, bericht: Bericht, chance: Random) -> Verdict:
    """A verdict with some faults at any classes that can carry a code: what no rule may ever find together."""
    shape = {path for path, facts in SCHEMAS.classes(answer_to(document.soort)).items() if facts.retour_codes}
    names = {path[-1] for path in shape} | {"Prestatie", "Client"}
    carriers = [klasse for klasse in classes_of(bericht) if klasse.klasse in names and klasse.klasse != "Header"]
    at_fault = chance.sample(carriers, min(len(carriers), chance.randint(0, 4)))
    niveau = 2 if judge_alone(bericht).rejected else chance.choice([2, 3, 3, 3, 4])
    found = tuple(
        Finding("TR019", niveau, chance.choice(CODES), one.klasse, one.pad, 1, "Tekst.", None, None, Actie.REJECT)
        for one in at_fault
        for _ in range(chance.choice([1, 1, 2]))
    )
    if not isinstance(bericht, Declaratiebericht | Factuurbericht):
        return Verdict(found)
    if niveau == 2 or any(one.klasse == "Declaratie" for one in at_fault):
        return Verdict(found, nothing_of(bericht))
    return Verdict(found, settled(bericht, found, books_of(document.soort.domain).bronnen(bericht, RECEIVED)))


@pytest.mark.parametrize("domain", list(Domain))
@settings(CHANCE, max_examples=SEQUENCES)
@given(st.data())
def test_messages_that_refer_to_each_other_are_judged_in_any_order(domain: Domain, data: st.DataObject) -> None:
    made = data.draw(sequences(domain))
    books = books_of(domain)
    for one in made:
        judged(document_of(one.body), books)
    again = books_of(domain)
    for one in reversed(made):
        again.take(to_bericht(document_of(one.body)), RECEIVED)


@KINDS
@settings(CHANCE, max_examples=DAMAGED)
@given(st.data())
def test_a_damaged_message_is_told_about_or_judged(soort: Soort, data: st.DataObject) -> None:
    body = damaged(data.draw(messages(soort)), data.draw(SEEDS))
    document = read(body)
    if isinstance(document, Unreadable):
        event(document.problem)
        assert document.tekst.endswith(".")
        assert document.verwacht
        return
    check = SCHEMAS.check(document)
    event("still valid" if check.ok else "invalid")
    for fault in check.faults:
        assert fault.regelnummer >= 1
        assert fault.pad.startswith("/Bericht")
        assert fault.tekst.endswith(".")
    if check.ok and document.soort in SOORTEN_JUDGED:
        judged(document, books_of(document.soort.domain))
        read_without_loss(document, to_bericht(document))


@pytest.mark.parametrize("domain", list(Domain))
def test_the_messages_are_worth_judging(domain: Domain) -> None:
    """Of every kind some are right and some are wrong, and many rules find something at some time."""
    right, wrong, rules = set(), set(), set()
    for seed in range(WORTH):
        books = books_of(domain)
        for made in sequence(domain, seed, 14):
            verdict = books.take(to_bericht(document_of(made.body)), RECEIVED)
            (wrong if any(found.actie is Actie.REJECT for found in verdict.findings) else right).add(made.soort)
            rules |= {found.regel for found in verdict.findings}
    own = {soort for soort in SOORTEN_JUDGED if soort.domain is domain}
    assert right == wrong == own
    assert len(rules) >= 70
