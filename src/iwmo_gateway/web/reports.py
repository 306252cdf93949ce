"""The calls of /v1/reports, as JSON for software and as CSV for spreadsheets."""

import csv
import io
from datetime import datetime
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Query, Request, Response

from iwmo_gateway.gateway.access import Caller
from iwmo_gateway.gateway.context import Gateway
from iwmo_gateway.gateway.openstaand import Asked, position_of, waiting
from iwmo_gateway.standard.days import day_of
from iwmo_gateway.web import answers
from iwmo_gateway.web.calls import received_at, the_caller, the_gateway, wants_csv
from iwmo_gateway.web.models import LinksModel
from iwmo_gateway.web.problems import documented
from iwmo_gateway.web.reportmodels import OpenstaandListModel, OpenstaandModel, OpenstaandQuery

_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")
"""What a spreadsheet would calculate with."""
_RESPONSES: Final[dict[int | str, dict[str, Any]]] = {
    200: {"content": {"text/csv": {"schema": {"type": "string"}}}},
    **documented("token", "parameters", "ontvangst-moment"),
}

router = APIRouter(prefix="/v1/reports", tags=["rapporten"])


@router.get("/openstaand", response_model=OpenstaandListModel, responses=_RESPONSES)
def get_openstaand(
    request: Request,
    gateway: Annotated[Gateway, Depends(the_gateway)],
    caller: Annotated[Caller, Depends(the_caller)],
    moment: Annotated[datetime, Depends(received_at)],
    wanted: Annotated[OpenstaandQuery, Query()],
) -> Response:
    """What waits, by when it must be done and by whom, the longest overdue first.

    A party sees what it has to do and what it waits for. As CSV with `Accept: text/csv` or `formaat=csv`; then the next
    page stands in the `Link` header.
    """
    today = day_of(moment)
    asked = Asked(wanted.soort, wanted.partij, wanted.aan_zet, wanted.domein, wanted.te_laat)
    after = position_of(wanted.after) if wanted.after is not None else None
    found, following = waiting(gateway, caller, asked, today, after=after, limit=wanted.limit)
    page = [OpenstaandModel.model_validate(entry) for entry in found]
    link = None
    if following is not None:
        params = wanted.model_dump(mode="json", exclude_none=True) | {"after": str(following)}
        link = f"/v1/reports/openstaand?{answers.query(params)}"
    if wanted.formaat == "csv" or (wanted.formaat is None and wants_csv(request)):
        headers = {"Content-Disposition": f'attachment; filename="openstaand-{today}.csv"'}
        if link is not None:
            headers["Link"] = f'<{link}>; rel="next"'
        return Response(_csv(page), headers=headers, media_type="text/csv; charset=utf-8")
    told = OpenstaandListModel(peildatum=today, openstaand=page, links=LinksModel(next=link))
    return answers.as_json(told)


def _csv(page: list[OpenstaandModel]) -> str:
    """One line per entry below a line of names, separated as a Dutch spreadsheet expects."""
    file = io.StringIO()
    lines = csv.writer(file, delimiter=";", lineterminator="\r\n")
    lines.writerow(OpenstaandModel.model_fields)
    lines.writerows(map(_cell, entry.model_dump(mode="json").values()) for entry in page)
    return file.getvalue()


def _cell(value: str | float | None) -> str | float | None:
    """A value as a cell: a text that begins as a formula does is marked as text."""
    if isinstance(value, bool):
        return "ja" if value else "nee"
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value
