"""The text of a profile: its values, and the line on which each of them stands.

tomllib gives values without lines. The walk here goes over text that tomllib has read already, so that it only needs
to find its way and has nothing to judge.
"""

import re
import tomllib
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any, Final

KeyPath = tuple[str | int, ...]
"""Keys and positions (from 0) down to a value: ("producten", 0, "tarieven", 1, "euro")."""


@dataclass(frozen=True, slots=True)
class ProfielFault:
    """Something wrong in the text of a profile: the line, from 1, and in Dutch what was expected and found.

    `artikel` is that of the product, rule or table that the line belongs to, where it names one.
    """

    regelnummer: int
    tekst: str
    artikel: str | None = None

    def __str__(self) -> str:
        return f"{self.tekst} ({self.artikel})" if self.artikel else self.tekst


@dataclass(frozen=True, slots=True)
class Source:
    """The values of a TOML text, numbers with a point as exact Decimals, and where they stand."""

    values: Mapping[str, Any]
    lines: Mapping[KeyPath, int]
    spans: Mapping[KeyPath, tuple[int, int]]
    """Where each value begins in the text and what follows it; not of a table under a heading of its own."""

    def line_of(self, path: KeyPath) -> int:
        """The line of a value; of one that is not there, the line of what it should stand in."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 1)

    def with_articles(self, faults: Iterable[ProfielFault]) -> Iterator[ProfielFault]:
        """The faults, each with the article of the part of the agreement that its line belongs to."""
        last: dict[KeyPath, int] = {}
        articles = {path[:-1]: said for path in self.lines if path[-1] == "artikel" and (said := self._text(path))}
        for path, line in self.lines.items():
            for depth in range(len(path) + 1):
                if path[:depth] in articles:
                    last[path[:depth]] = max(line, last.get(path[:depth], 0))
        parts = sorted((self.line_of(path), last[path], articles[path]) for path in articles)
        begins = [begin for begin, _, _ in parts]
        for fault in faults:
            nearest = bisect_right(begins, fault.regelnummer) - 1
            within = nearest >= 0 and fault.regelnummer <= parts[nearest][1]
            yield replace(fault, artikel=parts[nearest][2]) if within else fault

    def _text(self, path: KeyPath) -> str | None:
        found: Any = self.values
        for step in path:
            found = found[step]
        return found if isinstance(found, str) else None


def text_of(body: bytes) -> str | ProfielFault:
    """The text in a file: UTF-8, lines ended by LF whatever the editor made of them, no byte order mark."""
    try:
        return body.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        line = body[: error.start].count(b"\n") + 1
        return ProfielFault(line, "het bestand is niet in UTF-8; sla het op met die tekencodering")


def read_source(text: str) -> Source | ProfielFault:
    """Read TOML; the fault where it is none, of which there is only ever the first."""
    deep = _too_deep(text)
    if deep is not None:
        return deep
    try:
        values = tomllib.loads(text, parse_float=Decimal)
    # ValueError for what is no TOML, and for a whole number of thousands of digits.
    except (ValueError, RecursionError) as error:
        return _unreadable(str(error), text)
    walk = _Walk(text)
    return Source(values, walk.lines, walk.spans)


_PLACE: Final = re.compile(r" ?\(at (?:line (\d+), column \d+|end of document)\)$")
_VALUES: Final = (
    "tekst en codes staan tussen aanhalingstekens, een bedrag heeft een punt en geen komma (46.46), "
    "een datum is geschreven als 2023-01-31"
)
_IN_DUTCH: Final = {
    "Cannot overwrite a value": "deze sleutel staat er tweemaal",
    "Cannot declare": "deze tabel staat er tweemaal",
    "Expected '=' after a key": f"achter een sleutel hoort = te staan; {_VALUES}",
    "Expected newline or end of document": f"hier hoort de regel op te houden; {_VALUES}",
    "Invalid value": f"hier hoort een waarde te staan; {_VALUES}",
    "Invalid date": "deze datum bestaat niet",
    "Invalid statement": "hier hoort een sleutel of een [kop] te staan",
    "Unclosed array": f"deze lijst is niet in orde: komma's tussen de delen en een ] aan het eind; {_VALUES}",
    "Unclosed inline table": f"deze tabel is niet in orde: komma's tussen de delen en een }} aan het eind; {_VALUES}",
    "Unterminated string": "deze tekst eindigt niet met een aanhalingsteken",
    "Illegal character": "hier staat een teken dat niet mag, of ontbreekt een aanhalingsteken",
}


def _unreadable(said: str, text: str) -> ProfielFault:
    """What tomllib said, in Dutch as far as it is one of the usual slips."""
    place = _PLACE.search(said)
    at_end = text.rstrip("\n").count("\n") + 1
    line = int(place[1] or at_end) if place else 1
    plain = _PLACE.sub("", said)
    told = next((dutch for english, dutch in _IN_DUTCH.items() if plain.startswith(english)), plain)
    return ProfielFault(line, f"geen geldige TOML: {told}")


_TOKEN: Final = re.compile(
    r"""
      (?P<space> [ \t\r]+ | \#[^\n]* )
    | (?P<newline> \n )
    | (?P<string> \"{3} (?: \\. | [^\\] )*? \"{3,5} | '{3} .*? '{3,5} | " (?: \\. | [^"\\] )* " | '[^']*' )
    | (?P<mark> [\[\]{},=] )
    | (?P<bare> [^\s\[\]{},=\#"']+ )
    """,
    re.VERBOSE | re.DOTALL,
)


_DEEPEST: Final = 20
"""How many brackets may be open, and parts a key may have; a profile needs four."""


def _too_deep(text: str) -> ProfielFault | None:
    """Where a text nests far deeper than any profile: every step would be in the path of every value below it."""
    line, opened, parts = 1, 0, 0
    for found in _TOKEN.finditer(text):
        kind, said = found.lastgroup, found.group()
        if kind == "mark":
            opened += {"[": 1, "{": 1, "]": -1, "}": -1}.get(said, 0)
            parts = 0
        elif kind == "newline":
            parts = 0
        elif kind == "bare":
            parts += said.count(".")
        if max(opened, parts) > _DEEPEST:
            return ProfielFault(line, "geen profiel: dit is te diep genest")
        line += said.count("\n")
    return None


class _Walk:
    """One walk over valid TOML, noting the line of every key, element and table, and the span of every value."""

    def __init__(self, text: str) -> None:
        self.lines: dict[KeyPath, int] = {}
        self.spans: dict[KeyPath, tuple[int, int]] = {}
        self._last: dict[KeyPath, int] = {}  # the position of the newest table in each array of tables
        self._tokens: list[tuple[str, str, int]] = []
        self._places: list[tuple[int, int]] = []  # of the tokens
        line = 1
        for found in _TOKEN.finditer(text):
            if found.lastgroup and found.lastgroup != "space":
                self._tokens.append((found.lastgroup, found.group(), line))
                self._places.append(found.span())
            line += found.group().count("\n")
        self._tokens.append(("end", "", line))
        self._at = 0
        self._document()

    def _document(self) -> None:
        table: KeyPath = ()
        while not self._next_is("end"):
            if self._next_is("mark", "["):
                table = self._header()
            elif not self._passes("newline"):
                self._pair(table)

    def _header(self) -> KeyPath:
        """`[table]` or `[[array of tables]]`: where the keys below it belong."""
        line = self._take()[2]
        repeated = self._passes("mark", "[")
        *above, last = self._key()
        path: KeyPath = ()
        for key in above:
            path = self._noted((*path, key), line)
            if path in self._last:
                path = (*path, self._last[path])
        path = self._noted((*path, last), line)
        if repeated:
            self._last[path] = self._last.get(path, -1) + 1
            path = self._noted((*path, self._last[path]), line)
        while self._passes("mark", "]"):
            pass
        return path

    def _pair(self, table: KeyPath) -> None:
        line = self._tokens[self._at][2]
        path = table
        for key in self._key():
            path = self._noted((*path, key), line)
        self._take()
        self._value(path)

    def _value(self, path: KeyPath) -> None:
        first = self._at
        if self._passes("mark", "["):
            count = 0
            while not self._passes("mark", "]"):
                if not self._passes("newline") and not self._passes("mark", ","):
                    self._value(self._noted((*path, count), self._tokens[self._at][2]))
                    count += 1
        elif self._passes("mark", "{"):
            while not self._passes("mark", "}"):
                if not self._passes("newline") and not self._passes("mark", ","):
                    self._pair(path)
        else:
            self._take()
            while self._passes("bare"):
                pass  # the time behind a date
        self.spans[path] = self._places[first][0], self._places[self._at - 1][1]

    def _key(self) -> list[str]:
        parts: list[str] = []
        while self._next_is("bare") or self._next_is("string"):
            kind, text, _ = self._take()
            parts += [text[1:-1]] if kind == "string" else [part for part in text.split(".") if part]
        return parts

    def _noted(self, path: KeyPath, line: int) -> KeyPath:
        self.lines.setdefault(path, line)
        return path

    def _next_is(self, kind: str, text: str | None = None) -> bool:
        found = self._tokens[self._at]
        return found[0] == kind and text in (None, found[1])

    def _passes(self, kind: str, text: str | None = None) -> bool:
        if not self._next_is(kind, text):
            return False
        self._at += 1
        return True

    def _take(self) -> tuple[str, str, int]:
        self._at += 1
        return self._tokens[self._at - 1]
