"""What stands in a message, element by element, for who reads it rather than judges it: a part of it at a time."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Final, cast

from lxml import etree

from iwmo_gateway.standard.expectation import ClassPath, ElementFacts, is_personal, path_of
from iwmo_gateway.standard.xml import Document, local_name

PART: Final = 500
"""How many elements are read at a time, more or less: a part begins with something that repeats, such as a line."""
_BEFORE: Final = etree.XPath("count(preceding-sibling::*[local-name() = $name])")
_COUNT: Final = etree.XPath("count(//*)")
_XSI: Final = "{http://www.w3.org/2001/XMLSchema-instance}"

Facts = Mapping[ClassPath, ElementFacts]


@dataclass(slots=True)
class Element:
    """One element. `pad` and `regelnummer` are as findings have them; `nr` is its position in the document, from 0.

    `begins` and `ends`: whether its start and its end lie in the part that is read. `text` is None for a class that
    holds none; it is `hidden` where it is, or may be, about a person.
    """

    nr: int
    pad: str
    tag: str
    regelnummer: int
    facts: ElementFacts | None
    hidden: bool
    text: str | None
    attributes: tuple[tuple[str, str], ...]
    begins: bool = True
    ends: bool = True
    children: list["Element"] = field(default_factory=list)

    @property
    def naam(self) -> str:
        """Its name without its prefix."""
        return self.tag.rpartition(":")[2]

    def walk(self) -> Iterator["Element"]:
        """Itself and all that is in it, in their order."""
        yield self
        for child in self.children:
            yield from child.walk()


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a message: its Bericht, with what of it is read. Parts are numbered from 1."""

    nr: int
    parts: int
    bericht: Element

    @property
    def pads(self) -> list[str]:
        """Where something of it stands."""
        return [element.pad for element in self.bericht.walk()]


def part_of(document: Document, facts: Facts, nr: int) -> Part:
    """A part of a message; the last one where there are fewer."""
    parts = parts_of(document)
    nr = min(max(nr, 1), parts)
    first, behind = _boundary(document, facts, nr - 1), _boundary(document, facts, nr)
    start = 0 if first is None else first[0]
    stop = None if behind is None else behind[0]
    reading = _Reading(facts, set(_above(behind[1])) if behind else set(), {}, {})
    if first is not None:
        reading.enter(first[1])
    for at, element in enumerate(islice(document.root.iter(), start, stop), start):
        reading.read(at, element)
    return Part(nr, parts, reading.elements[document.root])


def parts_of(document: Document) -> int:
    """How many parts a message has."""
    return max(1, -(-int(cast(float, _COUNT(document.root))) // PART))


def part_at(document: Document, facts: Facts, pad: str | None, regelnummer: int) -> int:
    """The part in which something stands: at this path, or where that is not given or not found on this line."""
    found = None if pad is None else _at(document.root, pad)
    for at, element in enumerate(document.root.iter()):
        if element is found or (found is None and (element.sourceline or 0) >= regelnummer):
            nr = at // PART + 1
            boundary = _boundary(document, facts, nr - 1)
            return nr if boundary is None or boundary[0] <= at else nr - 1
    return parts_of(document)


@dataclass(slots=True)
class _Reading:
    """From elements in their order to a tree of them; `unended` are those whose end lies behind the part."""

    facts: Facts
    unended: set[etree._Element]
    elements: dict[etree._Element, Element]
    counted: dict[tuple[etree._Element | None, str], int]

    def enter(self, element: etree._Element) -> None:
        """Read what is around an element, outermost first."""
        for above in reversed(list(_above(element))):
            self.read(-1, above).begins = False

    def read(self, at: int, element: etree._Element) -> Element:
        """Read one element, behind all that are before it."""
        parent, name, path = element.getparent(), local_name(element), path_of(element)
        facts = self.facts.get(path)
        above = None if parent is None else self.elements[parent]
        known = facts is not None and facts.value is not None
        made = Element(
            nr=at,
            pad=("" if above is None else above.pad) + f"/{name}{self._index(element, parent, name, facts)}",
            tag=f"{element.prefix}:{name}" if element.prefix else name,
            regelnummer=element.sourceline or 0,
            facts=facts,
            hidden=not known or is_personal(path),
            text=_text(element),
            attributes=tuple(_attributes(element, parent)),
            ends=element not in self.unended,
        )
        self.elements[element] = made
        if above is not None:
            above.children.append(made)
        return made

    def _index(
        self, element: etree._Element, parent: etree._Element | None, name: str, facts: ElementFacts | None
    ) -> str:
        if facts is None or not facts.repeats:
            return ""
        key = (parent, name)
        before = self.counted[key] if key in self.counted else int(cast(float, _BEFORE(element, name=name)))
        self.counted[key] = before + 1
        return f"[{before + 1}]"


def _boundary(document: Document, facts: Facts, parts: int) -> tuple[int, etree._Element] | None:
    """The element behind so many parts, and its position; None at the end, and before the first part."""
    least = parts * PART
    if parts == 0:
        return None
    found = list(islice(document.root.iter(), least, least + PART))
    for at, element in enumerate(found, least):
        known = facts.get(path_of(element))
        if known is not None and known.repeats:
            return at, element
    return (least, found[0]) if found else None


def _above(element: etree._Element) -> Iterator[etree._Element]:
    return element.iterancestors()


def _at(root: etree._Element, pad: str) -> etree._Element | None:
    """The element at a path such as /Bericht/Client/StartProducten/StartProduct[2]."""
    found: etree._Element | None = root
    for step in pad.split("/")[2:]:
        name, _, number = step.rstrip("]").partition("[")
        if found is None or (not number.isdecimal() and number):
            return None
        found = next(islice(found.iterchildren(f"{{*}}{name}"), int(number or 1) - 1, None), None)
    return found


def _text(element: etree._Element) -> str | None:
    if not len(element):
        return element.text or ""
    beside = [element.text, *(child.tail for child in element)]
    return " ".join(text.strip() for text in beside if text and text.strip()) or None


def _attributes(element: etree._Element, parent: etree._Element | None) -> Iterator[tuple[str, str]]:
    """Its attributes, and the namespaces that it declares, as they are written."""
    inherited = {} if parent is None else parent.nsmap
    for prefix, namespace in element.nsmap.items():
        if inherited.get(prefix) != namespace:
            yield (f"xmlns:{prefix}" if prefix else "xmlns"), namespace
    for name, value in element.attrib.items():
        text = str(name)
        shown = text.replace(_XSI, "xsi:").rpartition("}")[2]
        yield shown, str(value)
