"""Level 1: whether a message satisfies its schema, and what is wrong with it in words that a clerk understands.

lxml judges, expectation.py knows what was expected. libxml2's own messages hold values, so that nothing of them is
passed on but names that stand in the schema.
"""

import re
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import groupby, islice, pairwise, takewhile
from pathlib import Path
from typing import Final, cast

from lxml import etree

from iwmo_gateway.standard.expectation import (
    ClassPath,
    ElementFacts,
    Expectations,
    Heading,
    Origin,
    XsdVersies,
    in_words,
    is_personal,
    one_of,
    parse_schema,
    path_of,
    read_heading,
    unusable,
)
from iwmo_gateway.standard.kinds import SOORTEN, Soort
from iwmo_gateway.standard.xml import Document, local_name

MAX_FAULTS: Final = 100
"""No more faults than these are told of one message."""
MASK: Final = "•••"
"""Stands for a value that is not shown, because it is or may be personal."""

_CROWD: Final = 400
"""libxml2 counts siblings to name the place of a fault: 30,000 faults among 30,000 siblings cost it 7 seconds."""
_CROWDED: Final = etree.XPath(f"//*[*[{_CROWD + 1}]]")
_BATCH: Final = 200
_TYPED: Final = etree.XPath("boolean(//@x:type)", namespaces={"x": "http://www.w3.org/2001/XMLSchema-instance"})
"""xsi:type may name a prefix that is declared twice, and lxml drops such a declaration when it moves an element."""
_BEFORE: Final = etree.XPath("count(preceding-sibling::*[local-name() = $name])")

_XSI: Final = "{http://www.w3.org/2001/XMLSchema-instance}"
_MESSAGE: Final = re.compile(r"Element '(?:\{[^}]*\})?[^']*'(?:, attribute '((?:\{[^}]*\})?[^']*)')?: (.*)", re.DOTALL)
_WANTED: Final = re.compile(r" Expected is (?:one of )?\( (.*) \)\.\s*$")
_STEP: Final = re.compile(r"(?:([^:\[]+):)?([^:\[]+)(?:\[(\d+)\])?")
_STRUCTURE: Final = "ELEMENT_CONTENT"
_TEXT: Final = "CVC_COMPLEX_TYPE_2_3"
_HOLDS_ELEMENTS: Final = frozenset({"CVC_TYPE_3_1_2", "CVC_COMPLEX_TYPE_2_1", "CVC_COMPLEX_TYPE_2_2"})
_HEADER_CONSTANTS: Final = frozenset({"BerichtCode", "BerichtVersie", "BerichtSubversie"})
_SHOWN: Final = 60


@dataclass(frozen=True, slots=True)
class SchemaFault:
    """One thing that is wrong, at one element; for a missing element, at the element that should hold it.

    `pad` is an XPath of local names, with an index on every element that the schema lets repeat.
    """

    regelnummer: int
    pad: str
    tekst: str
    verwacht: str | None
    gevonden: str | None


@dataclass(frozen=True, slots=True)
class SchemaCheck:
    """What the schema says of a message: the first faults in the order of the document, and whether there are more."""

    faults: tuple[SchemaFault, ...]
    more: bool

    @property
    def ok(self) -> bool:
        """Whether the message satisfies its schema."""
        return not self.faults


class _PerThread(threading.local):
    """Compiled schemas. Threads that share one read each other's errors, another sender's values and all."""

    def __init__(self) -> None:
        self.schemas: dict[Soort, etree.XMLSchema] = {}


class Schemas:
    """The schemas below one folder, compiled when they are first needed."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._expectations = Expectations(folder)
        self._per_thread = _PerThread()
        self._headings: dict[Soort, Heading] = {}

    def check(self, document: Document) -> SchemaCheck:
        """Whether the schema of its kind accepts a document. Raises ConfigurationError without a usable schema."""
        return self.check_xml(document.soort, document.root)

    def check_xml(self, soort: Soort, root: etree._Element) -> SchemaCheck:
        """The same for a message that was not read but made: `root` is its Bericht."""
        judge = partial(_judge, self._compiled(soort), root)
        found: _Refused = {}
        if _CROWDED(root) and not _TYPED(root):
            _judge_in_batches(root, self.classes(soort), judge, found)
        found = found or judge()
        if not found:
            return SchemaCheck((), more=False)
        author = _Author(soort, self.classes(soort))
        in_order = sorted(found.items(), key=lambda item: _position(item[0]))
        faults = [fault for element, errors in in_order for fault in author.faults(element, errors)]
        return SchemaCheck(tuple(faults[:MAX_FAULTS]), more=len(faults) > MAX_FAULTS)

    def classes(self, soort: Soort) -> Mapping[ClassPath, ElementFacts]:
        """What the schema says of every element, by path of local names."""
        return self._expectations.classes(soort)

    def versions(self, soort: Soort) -> XsdVersies | None:
        """What XsdVersie says in a message that follows this schema; None for release 2.3, which has none."""
        return self._heading(soort).versions

    def identity(self, soort: Soort) -> str:
        """Which schemas judge this kind: standard, release, version, and a digest of the files."""
        heading = self._heading(soort)
        return f"{soort.domain.standard}-{soort.release}/{heading.version}+sha256:{heading.digest}"

    def verify(self, soorten: Iterable[Soort] = tuple(SOORTEN.values())) -> None:
        """Compile the schema of every kind. Raises ConfigurationError for the first that cannot be used."""
        for soort in soorten:
            self._compiled(soort)

    def _heading(self, soort: Soort) -> Heading:
        if soort not in self._headings:
            self._headings[soort] = read_heading(self._folder / soort.schema_path)
        return self._headings[soort]

    def _compiled(self, soort: Soort) -> etree.XMLSchema:
        compiled = self._per_thread.schemas
        if soort not in compiled:
            path = self._folder / soort.schema_path
            try:
                compiled[soort] = etree.XMLSchema(parse_schema(path))
            except etree.XMLSchemaParseError as error:
                raise unusable(path, str(error)) from error
        return compiled[soort]


@dataclass(frozen=True, slots=True)
class _Error:
    """What libxml2 says of one element: the name of its kind of error, and its own text after the element's name."""

    sort: str
    attribute: str | None
    wanted: tuple[etree.QName, ...]
    incomplete: bool


_Refused = dict[etree._Element, list[_Error]]


def _judge(schema: etree.XMLSchema, root: etree._Element) -> _Refused:
    """The elements that the schema refuses, with the reasons: at most one element more than will be told."""
    if schema.validate(root):
        return {}
    by_path: dict[str, list[_Error]] = {}
    for entry in cast("Iterable[etree._LogEntry]", schema.error_log):
        if entry.path not in by_path and len(by_path) > MAX_FAULTS:
            break
        by_path.setdefault(entry.path or "", []).append(_error(entry))
    refused = {_locate(root, path): errors for path, errors in by_path.items()}
    return refused or {root: [_Error("", None, (), incomplete=False)]}


def _error(entry: etree._LogEntry) -> _Error:
    about = _MESSAGE.match(entry.message)
    attribute, said = (about[1], about[2]) if about else (None, "")
    wanted = _WANTED.search(said)
    names = wanted[1].split(", ") if wanted else []
    return _Error(
        sort=entry.type_name.removeprefix("SCHEMAV_"),
        attribute=attribute,
        wanted=tuple(etree.QName(name) for name in names if "*" not in name and "#" not in name),
        incomplete=said.startswith("Missing child"),
    )


def _locate(root: etree._Element, path: str) -> etree._Element:
    """The element at a path as libxml2 writes it: `/*/*[2]`, or `/p:Bericht/p:Client[3]` in the document's prefixes."""
    element = root
    for step in path.split("/")[2:]:
        prefix, name, number = cast(re.Match[str], _STEP.match(step)).groups()
        candidates = element.iterchildren("*" if name == "*" else f"{{*}}{name}")
        same = (child for child in candidates if name == "*" or child.prefix == prefix)
        found = next(islice(same, int(number or 1) - 1, None), None)
        if found is None:
            break
        element = found
    return element


def _position(element: etree._Element) -> tuple[int, ...]:
    """Where an element stands in the order of the document."""
    above = [element, *element.iterancestors()]
    return tuple(parent.index(child) for child, parent in pairwise(above))[::-1]


@dataclass(slots=True)
class _Run:
    """Siblings of one name in a container that holds any number of them, so that it is right with any part of them."""

    container: etree._Element
    start: int
    members: list[etree._Element]
    shown: int

    def show(self, members: list[etree._Element]) -> None:
        """Leave only these in the tree."""
        self.container[self.start : self.start + self.shown] = members
        self.shown = len(members)


def _judge_in_batches(
    root: etree._Element,
    classes: Mapping[ClassPath, ElementFacts],
    judge: Callable[[], _Refused],
    found: _Refused,
) -> None:
    """Judge a tree of crowded containers a part of their children at a time, until there are faults enough.

    The tree is whole again afterwards; at most, a prefix is gone that was declared twice for one namespace. A run
    that is through still shows its smallest member: none would be a fault.
    """
    runs = _outermost_runs(root, classes)
    if not runs:
        for element, errors in judge().items():
            found.setdefault(element, errors)
        return
    try:
        for first in range(0, max(len(run.members) for run in runs), _BATCH):
            for run in runs:
                run.show(run.members[first : first + _BATCH] or [min(run.members, key=len)])
            _judge_in_batches(root, classes, judge, found)
            if len(found) > MAX_FAULTS:
                return
    finally:
        for run in runs:
            run.show(run.members)


def _outermost_runs(root: etree._Element, classes: Mapping[ClassPath, ElementFacts]) -> list[_Run]:
    runs: list[_Run] = []
    covered: set[etree._Element] = set()
    for container in cast("list[etree._Element]", _CROWDED(root)):
        if covered.isdisjoint(container.iterancestors()) and (run := _longest_run(container, classes)):
            runs.append(run)
            covered.add(container)
    return runs


def _longest_run(container: etree._Element, classes: Mapping[ClassPath, ElementFacts]) -> _Run | None:
    path = path_of(container)
    facts = classes.get(path)
    if facts is None or len(facts.children) != 1:
        return None
    member = classes[(*path, facts.children[0])]
    tag = f"{{{member.namespace}}}{facts.children[0]}"
    runs, start = [], 0
    for same, group in groupby(container, key=lambda child: child.tag):
        members = list(group)
        if same == tag and member.endless:
            runs.append(_Run(container, start, members, len(members)))
        start += len(members)
    longest = max(runs, key=lambda run: run.shown, default=None)
    return longest if longest and longest.shown > _BATCH else None


@dataclass(frozen=True, slots=True)
class _Author:
    """Writes the faults of one kind of message in Dutch."""

    soort: Soort
    classes: Mapping[ClassPath, ElementFacts]

    def faults(self, element: etree._Element, errors: Sequence[_Error]) -> Iterator[SchemaFault]:
        """Everything that is wrong at one element: one fault for its value, one for its place, and so on."""
        sorts = {error.sort for error in errors if not error.attribute}
        yield from (self._attribute(element, name) for name in {error.attribute: 0 for error in errors} if name)
        yield from (self._structure(element, error) for error in errors if error.sort == _STRUCTURE)
        if _TEXT in sorts:
            tekst = f"In {local_name(element)} staat tekst tussen de elementen."
            yield self._fault(element, tekst, "alleen elementen", MASK)
        if sorts & _HOLDS_ELEMENTS:
            tekst = f"Element {in_words(element)} bevat andere elementen."
            yield self._fault(element, tekst, self._beschrijving(element), None)
        elif sorts - {_STRUCTURE, _TEXT}:
            yield self._value(element)

    def _value(self, element: etree._Element) -> SchemaFault:
        name, path, value = in_words(element), path_of(element), element.text or ""
        facts = self.classes.get(path)
        if facts is None or facts.value is None:
            return self._fault(element, f"Element {name} voldoet niet aan het schema.", None, None)
        if element.get(f"{_XSI}nil"):
            tekst = f"Element {name} mag niet met xsi:nil leeg gelaten worden."
            return self._fault(element, tekst, facts.value.words(), None)
        tekst, verwacht = facts.value.complaint(value, name), facts.value.words()
        if path[:-1] == ("Bericht", "Header") and path[-1] in _HEADER_CONSTANTS and value.strip():
            tekst = f"{path[-1]} past niet bij een {self.soort.code} van release {self.soort.release}."
            verwacht = f"{verwacht} (hoort bij {self.soort.code}, release {self.soort.release})"
        return self._fault(element, tekst, verwacht, _shown(value, path))

    def _attribute(self, element: etree._Element, name: str) -> SchemaFault:
        shown = name.replace(_XSI, "xsi:").rpartition("}")[2][:_SHOWN]
        tekst = f"Attribuut {shown} van element {in_words(element)} is niet toegestaan."
        return self._fault(element, tekst, "geen attribuut", None)

    def _structure(self, element: etree._Element, error: _Error) -> SchemaFault:
        parent = element.getparent()
        if error.incomplete or parent is None:
            return self._missing(element, error.wanted)
        name, words = local_name(element), in_words(element)
        facts = self.classes.get(path_of(element))
        wanted = [each.localname for each in error.wanted]
        verwacht = one_of(wanted) if wanted else "geen element meer op deze plaats"
        if facts is None:
            tekst = f"Element {name[:_SHOWN]} hoort niet in {local_name(parent)[:_SHOWN]}."
            return self._fault(element, tekst, verwacht, None)
        if facts.namespace != (etree.QName(element).namespace or ""):
            return self._elsewhere(element, facts.namespace)
        if not facts.repeats and any(local_name(other) == name for other in element.itersiblings(preceding=True)):
            return self._fault(
                element, f"Element {words} staat er meer dan één keer.", f"element {name} één keer", None
            )
        if self._passed_over(element, wanted):
            return self._missing(parent, error.wanted)
        return self._fault(element, f"Element {words} staat niet op de juiste plaats.", verwacht, None)

    def _passed_over(self, element: etree._Element, wanted: Sequence[str]) -> bool:
        """Whether a required element that comes before this one in the schema is nowhere to be found."""
        path = path_of(element)
        before = list(takewhile(lambda name: name != path[-1], self.classes[path[:-1]].children))
        required = {name for name in wanted if name in before and self.classes[(*path[:-1], name)].required}
        return bool(required) and required.isdisjoint(local_name(other) for other in element.itersiblings())

    def _missing(self, parent: etree._Element, wanted: Sequence[etree.QName]) -> SchemaFault:
        path = path_of(parent)
        names = [each.localname for each in wanted]
        required = [name for name in names if (facts := self.classes.get((*path, name))) and facts.required]
        verwacht = one_of(required or names) if names else "een element"
        return self._fault(parent, f"In {local_name(parent)} ontbreekt {verwacht}.", verwacht, None)

    def _elsewhere(self, element: etree._Element, expected: str) -> SchemaFault:
        found = Origin.of(etree.QName(element).namespace)
        return self._fault(
            element,
            f"Element {in_words(element)} {found.against(self.soort)}.",
            f"namespace {expected}",
            f"namespace {found.namespace}" if found.namespace else "geen of een onbekende namespace",
        )

    def _beschrijving(self, element: etree._Element) -> str | None:
        facts = self.classes.get(path_of(element))
        return facts.beschrijving if facts else None

    def _fault(self, element: etree._Element, tekst: str, verwacht: str | None, gevonden: str | None) -> SchemaFault:
        return SchemaFault(element.sourceline or 0, self._pad(element), tekst, verwacht, gevonden)

    def _pad(self, element: etree._Element) -> str:
        steps = [self._step(step) for step in (element, *element.iterancestors())]
        return "/" + "/".join(reversed(steps))

    def _step(self, element: etree._Element) -> str:
        name, facts = local_name(element), self.classes.get(path_of(element))
        if facts is None or not facts.repeats:
            return name
        return f"{name}[{cast(float, _BEFORE(element, name=name)) + 1:.0f}]"


def _shown(value: str, path: ClassPath) -> str:
    if not value.strip():
        return "(leeg)"
    if is_personal(path):
        return MASK
    return value if len(value) <= _SHOWN else value[: _SHOWN - 1] + "…"
