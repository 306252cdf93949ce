"""Try a message: what the gateway would say of it, at every level, with nothing kept."""

import re
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time
from functools import cache
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Query, Response
from fastapi.concurrency import run_in_threadpool

from iwmo_gateway.gateway.access import Caller
from iwmo_gateway.gateway.context import Gateway
from iwmo_gateway.gateway.receive import Refused
from iwmo_gateway.gateway.trying import Tried, attempt
from iwmo_gateway.rules.engine import Actie
from iwmo_gateway.shipped import shipped
from iwmo_gateway.standard.archives import Unpackable, unpack
from iwmo_gateway.standard.days import AMSTERDAM, day_of
from iwmo_gateway.standard.envelopes import message_in
from iwmo_gateway.store.audit import Action
from iwmo_gateway.web import answers
from iwmo_gateway.web.access import Checker, the_gateway
from iwmo_gateway.web.console import advice
from iwmo_gateway.web.console.forms import TheUpload, file_of, text_of
from iwmo_gateway.web.console.page import Page, ThePage
from iwmo_gateway.web.console.reading import Interpreter, Reading, lines_of, numbered
from iwmo_gateway.web.problems import CATALOGUE, refusal
from iwmo_gateway.web.session import CONSOLE
from iwmo_gateway.web.trail import TheCall, tells

router = APIRouter(prefix=CONSOLE, include_in_schema=False)

_ECHOED: Final = 1_000_000
"""A message of more characters does not come back in the form."""
_LISTED: Final = 100
"""How many findings are listed; the others are told at their place alone."""
_AROUND: Final = 3
"""How many lines are shown on either side of the one at which reading stopped."""
_WIDE: Final = 300
_ZIP: Final = b"PK"
_NOT_FILLED: Final = 422
_ENCODING: Final = re.compile(r"""<\?xml[^>]{0,200}?encoding\s*=\s*["']([A-Za-z0-9._-]{1,40})["']""")

TheGateway = Annotated[Gateway, Depends(the_gateway)]


@dataclass(frozen=True, slots=True)
class Example:
    """A message of the story that the demo tells. Its sender becomes who tries it."""

    nr: int
    titel: str
    afzender: str
    ontvangen: date
    text: str

    def of(self, caller: Caller) -> str:
        """Its text, with the caller as its sender."""
        return self.text if caller.party is None else self.text.replace(self.afzender, caller.party)


@dataclass(frozen=True, slots=True)
class Filled:
    """What stands in the form; `taken_out` of what the message was, if it was in something else."""

    xml: str = ""
    ontvangen: str = ""
    fault: str = ""
    moment_fault: str = ""
    too_long: bool = False
    taken_out: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """A line of what could not be read."""

    nr: int
    text: str
    wrong: bool


@router.get("/proberen", openapi_extra=tells(Action.READ))
def get_trying(
    page: ThePage, caller: Checker, gateway: TheGateway, voorbeeld: Annotated[int, Query(ge=0, le=99)] = 0
) -> Response:
    """The form, empty or with an example in it."""
    example = next((one for one in _for(caller) if one.nr == voorbeeld), None)
    filled = Filled()
    if example is not None:
        moment = datetime.combine(example.ontvangen, time(10)).isoformat(timespec="minutes")
        filled = Filled(example.of(caller), moment if gateway.settings.sandbox else "")
    return _show(page, caller, gateway, filled)


@router.post("/proberen", openapi_extra=tells(Action.VALIDATE))
async def post_trying(page: ThePage, caller: Checker, call: TheCall, gateway: TheGateway, form: TheUpload) -> Response:
    """What the gateway would say. A file goes before what is pasted."""
    pasted = form.get("xml")
    body = await file_of(form, "bestand") or as_declared(pasted if isinstance(pasted, str) else "")
    deel = text_of(form, "deel")
    nr = int(deel) if deel.isdecimal() and len(deel) < 9 else 1
    response = await run_in_threadpool(_tried, page, caller, gateway, body, text_of(form, "ontvangen"), nr)
    if response.status_code == _NOT_FILLED:
        call.problem = "parameters"
    return response


def _tried(page: Page, caller: Caller, gateway: Gateway, body: bytes, ontvangen: str, deel: int) -> Response:
    body, taken_out, fault = _unwrapped(body, gateway.settings.max_message_bytes)
    text = as_text(body)
    long = len(text) > _ECHOED
    moment = _moment(ontvangen) if gateway.settings.sandbox and ontvangen else caller.at
    filled = Filled("" if long or fault else text, ontvangen, fault, too_long=long, taken_out=taken_out)
    if fault or not body.strip() or moment is None:
        told = "" if moment else "Vul een dag en een tijd in, als 06-02-2023 10:00."
        fault = fault or ("" if body.strip() else "Plak een bericht, of kies een bestand.")
        return _show(page, caller, gateway, replace(filled, fault=fault, moment_fault=told), _NOT_FILLED)
    said = attempt(gateway, caller, body, moment)
    if isinstance(said, Refused):
        said = replace(said, regelnummer=said.regelnummer or _line_of_doctype(text))
        problem = refusal(said)
        lines = _lines(text, said.regelnummer)
        return _show(page, caller, gateway, filled, refused=said, kind=CATALOGUE[problem.code], lines=lines)
    return _show(page, caller, gateway, filled, **_told(gateway, said, body, moment, deel))


def _unwrapped(body: bytes, most: int) -> tuple[bytes, str, str]:
    """The message itself, what it was taken out of, and what is wrong with a ZIP that it may be in."""
    if not body.startswith(_ZIP):
        inside = message_in(body) if len(body) <= most else None
        return (body, "", "") if inside is None else (inside, "de envelop", "")
    files = unpack(body, most)
    if isinstance(files, Unpackable):
        return b"", "", f"{files.tekst} Verwacht: {files.verwacht}."
    (name, content), *others = files
    if others:
        told = f"Deze ZIP bevat {len(others) + 1} bestanden. Pak hem uit en probeer ze één voor één."
        return b"", "", f"{told} Samen versturen kan wel."
    if isinstance(content, Unpackable):
        return b"", "", f"{content.tekst} Verwacht: {content.verwacht}."
    return content, f"de ZIP ({name})", ""


def _told(gateway: Gateway, said: Tried, body: bytes, moment: datetime, deel: int) -> dict[str, Any]:
    """What the page tells of a message that could be read."""
    found, message = said.verdict.findings, said.message
    reader = Interpreter(gateway, said.document, lines_of(body), message.dagtekening or day_of(moment), opened=True)
    told = numbered(found, message.release)
    reading: Reading = reader.reading(reader.part(deel), told)
    signals = any(finding.actie is Actie.SIGNAL for finding in found)
    settled, consulted = said.verdict.settlement, said.verdict.consulted
    return {
        "tried": said,
        "by": {
            "xsd": gateway.schemas.identity(said.document.soort),
            "regels": gateway.regels,
            "contract": settled.contract if settled else consulted.contract,
            "codelijsten": consulted.codelijsten,
        },
        "as_json": answers.validation((message, said.verdict)).model_dump_json(indent=2),
        "kind": advice.KINDS[message.soort[-3:]],
        "step": advice.next_step(message, advice.Side.SENDER, signals=signals),
        "told": told[:_LISTED],
        "total": len(told),
        "reading": reading,
        "here": {one.nr for one in reading.told},
        "retour": as_text(said.retour) if said.retour and len(said.retour) < _ECHOED else "",
    }


def _show(page: Page, caller: Caller, gateway: Gateway, filled: Filled, status: int = 200, **said: Any) -> Response:
    return page.show(
        "proberen.html",
        status,
        filled=filled,
        examples=_for(caller),
        sandbox=gateway.settings.sandbox,
        most=gateway.settings.max_message_bytes,
        who_acts="Wat te doen",
        **{"tried": None, "refused": None} | said,
    )


def as_declared(text: str) -> bytes:
    """What is pasted as bytes: in the encoding that it says it has, so that it reads as the file did."""
    declared = _ENCODING.match(text)
    try:
        return text.encode(declared[1] if declared else "utf-8")
    except (LookupError, UnicodeError):
        return text.encode("utf-8", "replace")


def as_text(body: bytes) -> str:
    """A message as text, as well as that goes: what cannot be read is for the gateway to tell."""
    marked = next((name for mark, name in _MARKS.items() if body.startswith(mark)), None)
    declared = _ENCODING.match(body[:300].decode("latin-1"))
    named = declared[1] if declared else "utf-8"
    if declared and named.lower().startswith("utf-16"):
        named = "utf-8"  # what could be read to learn so is not in it
    try:
        return body.decode(marked or named, "replace")
    except LookupError:
        return body.decode("utf-8", "replace")


_MARKS: Final = {b"\xef\xbb\xbf": "utf-8-sig", b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}


def _line_of_doctype(text: str) -> int | None:
    """The line of a DTD, which a parser does not tell; None where there is none."""
    at = text.find("<!DOCTYPE")
    return None if at < 0 else text.count("\n", 0, at) + 1


def _lines(text: str, regelnummer: int | None) -> Sequence[Line]:
    """The lines around the one at which reading stopped; none where that is not known."""
    if regelnummer is None:
        return ()
    lines = text.split("\n")
    first, last = max(1, regelnummer - _AROUND), min(len(lines), regelnummer + _AROUND)
    return [
        Line(nr, lines[nr - 1].rstrip("\r")[:_WIDE], nr == min(regelnummer, len(lines)))
        for nr in range(first, last + 1)
    ]


def _moment(text: str) -> datetime | None:
    """A moment as a form has it, in the Netherlands; None where it is none."""
    try:
        moment = datetime.fromisoformat(text)
        moment.replace(tzinfo=AMSTERDAM).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return moment.replace(tzinfo=AMSTERDAM) if moment.tzinfo is None else moment


def _for(caller: Caller) -> list[Example]:
    """The examples that a caller could have sent: those of a municipality, of a provider, or all."""
    return [one for one in _examples() if caller.party is None or len(caller.party) == len(one.afzender)]


@cache
def _examples() -> tuple[Example, ...]:
    story = shipped("fixtures") / "verhaal"
    steps = tomllib.loads((story / "verhaal.toml").read_text(encoding="utf-8"))["stap"]
    return tuple(
        Example(nr, step["titel"], step["afzender"], step["ontvangen"], (story / step["bestand"]).read_text("utf-8"))
        for nr, step in enumerate(steps, 1)
    )
