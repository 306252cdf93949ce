"""What is wrong with a message by its schema, in words that a clerk understands."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, cast

from lxml import etree

from iwmo_gateway.standard.expectation import ClassPath, ElementFacts, Origin, in_words, is_personal, one_of, path_of
from iwmo_gateway.standard.kinds import Soort
from iwmo_gateway.standard.refusals import STRUCTURE, Refusal, missing_before
from iwmo_gateway.standard.xml import local_name

MASK: Final = "•••"
"""Stands for a value that is not shown, because it is or may be personal."""

_BEFORE: Final = etree.XPath("count(preceding-sibling::*[local-name() = $name])")
_XSI: Final = "{http://www.w3.org/2001/XMLSchema-instance}"
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
class Author:
    """Writes the faults of one kind of message in Dutch."""

    soort: Soort
    classes: Mapping[ClassPath, ElementFacts]

    def faults(self, element: etree._Element, errors: Sequence[Refusal]) -> Iterator[SchemaFault]:
        """Everything that is wrong at one element: one fault for its value, one for its place, and so on."""
        sorts = {error.sort for error in errors if not error.attribute}
        yield from (self._attribute(element, name) for name in {error.attribute: 0 for error in errors} if name)
        yield from (self._structure(element, error) for error in errors if error.sort == STRUCTURE)
        if _TEXT in sorts:
            tekst = f"In {local_name(element)} staat tekst tussen de elementen."
            yield self._fault(element, tekst, "alleen elementen", MASK)
        if sorts & _HOLDS_ELEMENTS:
            tekst = f"Element {in_words(element)} bevat andere elementen."
            yield self._fault(element, tekst, self._beschrijving(element), None)
        elif sorts - {STRUCTURE, _TEXT}:
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

    def _structure(self, element: etree._Element, error: Refusal) -> SchemaFault:
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
        if missing_before(element, error.wanted, self.classes):
            return self._missing(parent, error.wanted)
        return self._fault(element, f"Element {words} staat niet op de juiste plaats.", verwacht, None)

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
