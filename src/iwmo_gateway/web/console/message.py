"""A message: what happened to it, why and what to do next; and what is in it, for who asks to see that."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Query, Response

from iwmo_gateway.gateway import related, results
from iwmo_gateway.gateway.access import Caller
from iwmo_gateway.gateway.context import Gateway
from iwmo_gateway.gateway.related import Related
from iwmo_gateway.gateway.results import Result
from iwmo_gateway.rules.engine import Actie
from iwmo_gateway.standard.days import day_of
from iwmo_gateway.standard.outline import part_at
from iwmo_gateway.standard.xml import Document
from iwmo_gateway.store.audit import Action
from iwmo_gateway.store.messages import Message
from iwmo_gateway.web import answers
from iwmo_gateway.web.access import Reader, the_gateway
from iwmo_gateway.web.calls import message_id
from iwmo_gateway.web.console import advice, timeline
from iwmo_gateway.web.console.forms import TheForm, text_of
from iwmo_gateway.web.console.page import Page, ThePage
from iwmo_gateway.web.console.reading import (
    Interpreter,
    Reading,
    Told,
    gemeente_name,
    lines_of,
    numbered,
)
from iwmo_gateway.web.problems import ProblemError
from iwmo_gateway.web.session import CONSOLE
from iwmo_gateway.web.trail import TheCall, tells

router = APIRouter(prefix=CONSOLE, include_in_schema=False)

_FINDINGS: Final = 50
"""How many findings stand on a page."""
_MOST: Final = 2**31 - 1

TheGateway = Annotated[Gateway, Depends(the_gateway)]
MessageId = Annotated[str, Depends(message_id)]
Number = Annotated[int, Query(ge=0, le=_MOST)]


@dataclass(frozen=True, slots=True)
class Named:
    """A party with its name, where it has one."""

    code: str
    name: str


@router.get("/berichten/{message_id}", openapi_extra=tells(Action.READ))
def get_message(
    page: ThePage, caller: Reader, call: TheCall, gateway: TheGateway, identity: MessageId, na: Number = 0
) -> Response:
    """What became of a message, and what there is around it. Nothing of what is in it but the findings."""
    result, around = _found(gateway, caller, identity)
    call.shows(message.id for message in _others(around))
    if na:
        found = results.findings(gateway, caller, identity, after=na - 1, limit=_FINDINGS + 1) or []
    else:
        found = list(result.findings[: _FINDINGS + 1])
    told = numbered(found[:_FINDINGS], result.message.release, na)
    signals = any(finding.actie is Actie.SIGNAL for finding in found)
    return page.show(
        "bericht.html",
        **_heading(gateway, caller, result),
        around=around,
        story=timeline.of(result.message, around),
        told=told,
        na=na,
        following={"na": na + _FINDINGS} if len(found) > _FINDINGS else None,
        step=advice.next_step(result.message, advice.side_of(caller, result.message), signals=signals),
        summary=answers.full(result, operator=caller.party is None),
        phases=advice.PHASES,
        unfetched=_unfetched(caller, around, identity),
    )


@router.get("/berichten/{message_id}/inhoud", openapi_extra=tells(Action.FETCH))
def get_content(
    page: ThePage,
    caller: Reader,
    gateway: TheGateway,
    identity: MessageId,
    deel: Number = 1,
    bevinding: Number = 0,
    regel: Number = 0,
) -> Response:
    """What is in a message, with what is wrong at its place; what is personal is masked.

    An addressee that looks has fetched it, as with the call of /v1 that gives the XML.
    """
    result, body = _content(gateway, caller, identity)
    reader = _reader(gateway, result, body, opened=False)
    if reader is not None and (bevinding or regel):
        deel = _part_of(gateway, caller, reader.document, identity, bevinding, regel)
    return _show(page, caller, gateway, result, reader, deel)


@router.post("/berichten/{message_id}/persoonsgegevens", openapi_extra=tells(Action.FETCH))
def post_personal(page: ThePage, caller: Reader, gateway: TheGateway, identity: MessageId, form: TheForm) -> Response:
    """The same with what is personal, for who asks for it: the path tells it apart in the audit trail."""
    result, body = _content(gateway, caller, identity)
    deel = text_of(form, "deel")
    asked = int(deel) if deel.isdecimal() and len(deel) < 9 else 1
    return _show(page, caller, gateway, result, _reader(gateway, result, body, opened=True), asked)


@router.post("/berichten/{message_id}/xml", openapi_extra=tells(Action.FETCH))
def post_xml(caller: Reader, gateway: TheGateway, identity: MessageId, form: TheForm) -> Response:
    """The bytes of a message as a file."""
    result, body = _content(gateway, caller, identity)
    if not body:
        raise ProblemError("opgeruimd")
    name = f"{result.message.soort}-{result.message.id}.xml"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(body, headers=headers, media_type="application/xml")


def _found(gateway: Gateway, caller: Caller, identity: str) -> tuple[Result, Related]:
    result = results.find(gateway, caller, identity)
    around = related.around(gateway, caller, identity)
    if result is None or around is None:
        raise ProblemError("niet-gevonden")
    return result, around


def _content(gateway: Gateway, caller: Caller, identity: str) -> tuple[Result, bytes]:
    result = results.find(gateway, caller, identity)
    body = results.xml(gateway, caller, identity)
    if result is None or body is None:
        raise ProblemError("niet-gevonden")
    return result, body


def _reader(gateway: Gateway, result: Result, body: bytes, *, opened: bool) -> Interpreter | None:
    """Reads the message; None for one whose bytes were purged."""
    if not body:
        return None
    message = result.message
    day = message.dagtekening or day_of(message.received_at)
    return Interpreter(gateway, gateway.document_of(message, body), lines_of(body), day, opened)


def _part_of(gateway: Gateway, caller: Caller, document: Document, identity: str, bevinding: int, regel: int) -> int:
    """The part in which a finding stands, or a line."""
    facts = gateway.schemas.classes(document.soort)
    if not bevinding:
        return part_at(document, facts, None, regel)
    found = results.findings(gateway, caller, identity, after=bevinding - 2, limit=1) or []
    return part_at(document, facts, found[0].pad, found[0].regelnummer) if found else 1


def _show(
    page: Page, caller: Caller, gateway: Gateway, result: Result, reader: Interpreter | None, deel: int
) -> Response:
    reading: Reading | None = None
    if reader is not None:
        part = reader.part(deel)
        found = results.findings_at(gateway, caller, result.message.id, part.pads)
        reading = reader.reading(part, [Told(nr + 1, finding, result.message.release) for nr, finding in found])
    return page.show(
        "bericht_inhoud.html",
        **_heading(gateway, caller, result),
        reading=reading,
        opened=reader is not None and reader.opened,
        lines=reader.lines if reader else 0,
    )


def _heading(gateway: Gateway, caller: Caller, result: Result) -> dict[str, Any]:
    message = result.message
    day = message.dagtekening or day_of(message.received_at)
    side = advice.side_of(caller, message)
    return {
        "message": message,
        "judgement": result.judgement,
        "kind": advice.KINDS.get(message.soort[-3:], message.soort),
        "afzender": Named(message.afzender, gemeente_name(gateway, message.afzender, day)),
        "who_acts": "Wat te doen" if side is advice.Side.SENDER else "Wat de afzender doet",
        "ontvanger": Named(message.ontvanger or "", gemeente_name(gateway, message.ontvanger or "", day)),
    }


def _others(around: Related) -> Iterator[Message]:
    """The other messages that the page tells something of."""
    if around.asked is not None:
        yield around.asked
    yield from around.answers
    yield from around.namesakes


def _unfetched(caller: Caller, around: Related, identity: str) -> bool:
    """Whether a look at what is in it fetches the message: it waits in the mailbox of who looks."""
    return caller.party is not None and any(
        stay.message == identity and stay.fetched_at is None and stay.withdrawn_at is None for stay in around.stays
    )
