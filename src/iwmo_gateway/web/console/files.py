"""Tables that people take along: those of the API, in the words, euros and times of the pages, for a spreadsheet."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final

from fastapi import Response

from iwmo_gateway.web.console.page import STATUS
from iwmo_gateway.web.console.words import STATEN
from iwmo_gateway.web.sheets import Cell, Format, sheet

_BOM: Final = b"\xef\xbb\xbf"
"""By which a spreadsheet knows that a CSV is UTF-8."""
_CENTS: Final = frozenset({
    *("ingediend", "toegekend", "afgekeurd", "aangehouden", "te_betalen"),
    *("tarief", "bedrag", "btw", "rente", "totaal"),
})  # fmt: skip
_MOMENTS: Final = frozenset({"received_at", "at"})
_WORDS: Final = {"status": {str(status): words for status, words in STATUS.items()}} | {
    "staat": {state: words for state, (words, _) in STATEN.items()}
}
_NAMES: Final = {
    "received_at": "ontvangen",
    "bevindingen_totaal": "bevindingen",
    "at": "wanneer",
    "actor": "wie",
    "request": "kenmerk",
}


def file(kind: Format, name: str, columns: Sequence[str], rows: Iterable[Sequence[Cell]]) -> Response:
    """A table of the API, its amounts in euro cents, as a file for people."""
    told = ([_told(column, cell) for column, cell in zip(columns, row, strict=True)] for row in rows)
    made = sheet(kind, name, [*map(_name, columns)], told)
    if kind == "csv":
        made.body = _BOM + bytes(made.body)
        made.headers["content-length"] = str(len(made.body))
    return made


def _name(column: str) -> str:
    words = _NAMES.get(column, column).replace("_", " ").capitalize()
    return f"{words} (€)" if column in _CENTS else words


def _told(column: str, cell: Cell) -> Cell:
    if column in _CENTS and cell is not None:
        return int(cell) / 100
    if not isinstance(cell, str):
        return cell
    if column in _MOMENTS:
        return f"{datetime.fromisoformat(cell):%Y-%m-%d %H:%M:%S}"
    return _WORDS.get(column, {}).get(cell, cell)
