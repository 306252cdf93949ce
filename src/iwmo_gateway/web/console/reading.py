"""A message for who reads it: its elements in the standard's words beside its XML, with what is wrong at its place."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cache
from types import MappingProxyType
from typing import Final

from iwmo_gateway.contract.amounts import euro
from iwmo_gateway.gateway.context import Gateway
from iwmo_gateway.rules.engine import HIDDEN, Finding
from iwmo_gateway.rules.verdict import LEVELS
from iwmo_gateway.standard.codelists import Lijstsoort
from iwmo_gateway.standard.outline import Element, Part, part_of
from iwmo_gateway.standard.xml import Document
from iwmo_gateway.web.console import advice

_EUROS: Final = frozenset({"Bedrag", "TotaalBedrag", "ProductTarief", "Budget"})
"""Elements that hold euro cents."""
_LONG: Final = 40
"""A meaning of more characters takes a line of its own."""
_LONGEST: Final = 2000
_NUMBER: Final = re.compile("[0-9]{1,15}")
_PARTIES: Final = frozenset({"Afzender", "Ontvanger", "Gemeente"})
_RETOUR: Final = {
    "0001": "afgekeurd op de inhoud van het bericht zelf",
    "0200": "geen opmerking",
    "0233": "niet beoordeeld: wat erboven staat is fout",
    "8001": "toegekend",
}
"""The return codes that no rule gives by itself."""


@dataclass(frozen=True, slots=True)
class Told:
    """A finding of a message of a release, under its number in the judgement, from 1."""

    nr: int
    finding: Finding
    release: str

    @property
    def word(self) -> str:
        """What it does, in a word."""
        return advice.ACTIONS[self.finding.actie]

    @property
    def retour(self) -> str:
        """What its return code means, if that says more than its text."""
        words = retour_words(self.release).get(self.finding.retourcode or "", "")
        return "" if words == self.finding.tekst else words

    @property
    def verwacht(self) -> str:
        """What was expected; an amount in euros too."""
        return self._amount(self.finding.verwacht or "")

    @property
    def gevonden(self) -> str:
        """What was found; an amount in euros too."""
        return self._amount(self.finding.gevonden or "")

    @property
    def remedy(self) -> str:
        """What to do about it."""
        return advice.remedy(self.finding)

    def _amount(self, text: str) -> str:
        cents = self.finding.regel in advice.IN_CENTS and text.isascii() and text.isdecimal()
        return f"{text} (€ {euro(int(text))})" if cents else text


@dataclass(frozen=True, slots=True)
class Item:
    """An element in the form: a class with `items`, or a value in words with what it means.

    `cents` is an amount in euro cents, `toewijzing` the number of an allocation.
    """

    element: Element
    told: tuple[Told, ...]
    words: str = ""
    meaning: str = ""
    cents: int | None = None
    toewijzing: str = ""
    items: tuple["Item", ...] = ()

    @property
    def section(self) -> bool:
        """Whether it is a class that repeats, or only holds such, as Clienten does."""
        facts = self.element.facts
        return bool(self.items) and (self.holder or (facts is not None and facts.repeats))

    @property
    def holder(self) -> bool:
        """Whether it only holds classes that repeat."""
        return bool(self.items) and all(
            item.items and item.element.facts is not None and item.element.facts.repeats for item in self.items
        )

    @property
    def size(self) -> str:
        """How much room it takes: that of a value, of a few together, or a line of its own."""
        if not self.items:
            return ""
        plain = not any(item.items or item.told or len(item.meaning) > _LONG for item in self.items)
        return f"of{len(self.items)}" if plain and len(self.items) <= 2 and not self.told else "wide"

    @property
    def number(self) -> str:
        """Which one it is, of those that repeat."""
        _, _, number = self.element.pad.rpartition("/")[2].rstrip("]").partition("[")
        return number


@dataclass(frozen=True, slots=True)
class Row:
    """A row of the XML. `line` is None where that is not known; `text` what stands between the tags."""

    element: Element
    depth: int
    line: int | None
    opens: bool
    closes: bool
    text: str = ""
    attributes: tuple[tuple[str, str], ...] = ()
    told: tuple[Told, ...] = ()


@dataclass(frozen=True, slots=True)
class Reading:
    """A part of a message, both ways. `loose` are findings at a place that was not found in it."""

    part: Part
    form: Item
    rows: tuple[Row, ...]
    loose: tuple[Told, ...]
    hides: bool
    """Whether anything is masked that can be shown."""

    @property
    def told(self) -> Iterator[Told]:
        """The findings in this part, in the order of the document."""
        yield from sorted({one.nr: one for row in self.rows for one in row.told}.values(), key=lambda one: one.nr)


Places = Mapping[str, Sequence[Told]]
"""Findings by where they stand."""


@dataclass(frozen=True, slots=True)
class Interpreter:
    """Puts one message into words; `opened` if personal values may be shown, `day` is that by which codes have names.

    `lines` is how many there are in its XML.
    """

    gateway: Gateway
    document: Document
    lines: int
    day: date
    opened: bool = False

    def part(self, nr: int) -> Part:
        """A part of the message."""
        return part_of(self.document, self.gateway.schemas.classes(self.document.soort), nr)

    def reading(self, part: Part, told: Iterable[Told]) -> Reading:
        """A part with what was found in it."""
        places: dict[str, list[Told]] = {pad: [] for pad in part.pads}
        loose: list[Told] = []
        for one in told:
            places.get(one.finding.pad, loose).append(one)
        hides = not self.opened and any(element.hidden and element.text for element in part.bericht.walk())
        rows = tuple(_numbered(list(self._rows(part.bericht, 0, places)), self.lines))
        return Reading(part, self._item(part.bericht, places), rows, tuple(loose), hides)

    def _item(self, element: Element, places: Places) -> Item:
        told = tuple(places[element.pad])
        if element.children or (element.facts is not None and element.facts.value is None):
            return Item(element, told, items=tuple(self._item(child, places) for child in element.children))
        value = _short(element.text or "")
        if element.hidden and not self.opened:
            return Item(element, told, HIDDEN if value else "")
        return self._value(element, told, value)

    def _value(self, element: Element, told: tuple[Told, ...], value: str) -> Item:
        facts = element.facts.value if element.facts else None
        number = int(value) if _NUMBER.fullmatch(value) else None
        if element.naam in _EUROS and number is not None:
            return Item(element, told, value, cents=number)
        if element.naam == "ToewijzingNummer" and number is not None:
            return Item(element, told, value, toewijzing=str(number))
        if facts is not None and facts.primitive == "date":
            return Item(element, told, _dutch_date(value))
        if facts is not None and facts.codes:
            words = retour_words(self.document.soort.release) if element.naam == "RetourCode" else facts.codes
            return Item(element, told, value, words.get(value.strip(), ""))
        if element.naam in _PARTIES:
            return Item(element, told, value, gemeente_name(self.gateway, value, self.day))
        return Item(element, told, value)

    def _rows(self, element: Element, depth: int, places: Places) -> Iterator[Row]:
        text = _short(element.text or "")
        start = Row(
            element,
            depth,
            element.regelnummer if element.begins else None,
            opens=True,
            closes=not element.children and element.ends,
            text=HIDDEN if text and element.hidden and not self.opened else text,
            attributes=tuple((name, self._attribute(name, value)) for name, value in element.attributes),
            told=tuple(places[element.pad]),
        )
        yield start
        for child in element.children:
            yield from self._rows(child, depth + 1, places)
        if element.ends and not start.closes:
            yield Row(element, depth, None, opens=False, closes=True)

    def _attribute(self, name: str, value: str) -> str:
        """What no schema knows may hold anything, a Bsn too."""
        return _short(value) if self.opened or name.startswith(("xmlns", "xsi:")) else HIDDEN


def numbered(found: Sequence[Finding], release: str, after: int = 0) -> list[Told]:
    """Findings under their numbers, of which so many came before."""
    return [Told(nr, finding, release) for nr, finding in enumerate(found, after + 1)]


def lines_of(body: bytes) -> int:
    """How many lines there are in the XML."""
    return body.count(b"\n") + (not body.endswith(b"\n"))


def gemeente_name(gateway: Gateway, code: str, day: date) -> str:
    """The name of a municipality on a day; nothing where it has none, or the code is another party's."""
    edition = gateway.codelists.on(Lijstsoort.GEMEENTEN, day) if len(code) == 4 else None
    known = edition.on(code, day) if edition else None
    return known.naam if known else ""


@cache
def retour_words(release: str) -> Mapping[str, str]:
    """What each return code of a release means, as our rules say it; the schemas have no words for them."""
    told: dict[str, list[str]] = {}
    for level in LEVELS:
        for rule in level.rules.values():
            code = rule.published.retourcode(release)
            if code and code not in _RETOUR and rule.tekst not in told.setdefault(code, []):
                told[code].append(rule.tekst)
    return MappingProxyType({code: " ".join(texts) for code, texts in told.items()} | _RETOUR)


def _short(value: str) -> str:
    """A value as far as anybody would read it: one that is refused may be as long as a message may be."""
    return value if len(value) <= _LONGEST else f"{value[:_LONGEST]}…"


def _dutch_date(value: str) -> str:
    try:
        return f"{date.fromisoformat(value.strip()):%d-%m-%Y}"
    except ValueError:
        return value


def _numbered(rows: list[Row], lines: int) -> Iterator[Row]:
    """The rows, with the lines of end tags where those can only be one: as many as there are lines for."""
    waiting: list[Row] = []
    last: int | None = None
    for row in rows:
        if row.line is None:
            waiting.append(row)
            continue
        yield from _filled(waiting, last, row.line)
        waiting, last = [], row.line
        yield row
    whole = bool(rows) and rows[-1].closes and rows[-1].element is rows[0].element
    yield from _filled(waiting, last, lines + 1 if whole else None)


def _filled(waiting: list[Row], last: int | None, following: int | None) -> Iterator[Row]:
    fits = last is not None and following is not None and following - last - 1 == len(waiting)
    for nr, row in enumerate(waiting, 1):
        yield replace(row, line=(last or 0) + nr if fits else None)
