"""Tables for spreadsheets: as CSV, and as a workbook (XLSX). No cell is ever a formula."""

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Final, Literal

from fastapi import Request, Response
from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell

from iwmo_gateway.web.calls import wanted_media

Cell = str | float | bool | None
Format = Literal["json", "csv", "xlsx"]

_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")
"""What a spreadsheet would calculate with."""
_CSV: Final = "text/csv"
_XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
MEDIA_TYPES: Final = (_CSV, _XLSX)


def wanted_format(request: Request, asked: Format | None) -> Format:
    """What is asked for in the query, or else by `Accept`."""
    if asked is not None:
        return asked
    media = wanted_media(request, MEDIA_TYPES)
    return "csv" if media == _CSV else "xlsx" if media == _XLSX else "json"


def sheet(
    kind: Format, name: str, header: Sequence[str], rows: Iterable[Sequence[Cell]], following: str | None = None
) -> Response:
    """A table as a file to keep, named `name`; where its next page is stands in a header, for it has no other place."""
    headers = {"Content-Disposition": f'attachment; filename="{name}.{kind}"'}
    if following is not None:
        headers["Link"] = f'<{following}>; rel="next"'
    if kind == "csv":
        return Response(_csv(header, rows), headers=headers, media_type=f"{_CSV}; charset=utf-8")
    return Response(_workbook(name, header, rows), headers=headers, media_type=_XLSX)


def _csv(header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> bytes:
    """One line per row below a line of names, separated as a Dutch spreadsheet expects."""
    file = io.StringIO()
    lines = csv.writer(file, delimiter=";", lineterminator="\r\n")
    lines.writerow(header)
    lines.writerows([_text(cell) for cell in row] for row in rows)
    return file.getvalue().encode()


def _text(cell: Cell) -> str | float | None:
    """A cell of a CSV: a text that begins as a formula does is marked as text, an amount is as the Dutch write it."""
    if isinstance(cell, bool):
        return "ja" if cell else "nee"
    if isinstance(cell, float):
        return f"{cell:.2f}".replace(".", ",")
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULA) else cell


def _workbook(name: str, header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> bytes:
    book = Workbook(write_only=True)
    page = book.create_sheet(name[:31])
    page.append(header)
    for row in rows:
        cells = []
        for value in row:
            cell = WriteOnlyCell(page, value="ja" if value is True else "nee" if value is False else value)
            if isinstance(value, str):
                cell.data_type = "s"
            cells.append(cell)
        page.append(cells)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()
