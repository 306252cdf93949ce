"""What calls need first: the moment, and the body within its limits."""

import asyncio
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from threading import Event
from typing import Annotated, Any, Final, TypeVar

from fastapi import Depends, Header, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ValidationError

from iwmo_gateway.gateway.access import Caller
from iwmo_gateway.gateway.context import is_id
from iwmo_gateway.standard.days import AMSTERDAM
from iwmo_gateway.web.access import Checker, ContractWriter, Reader, Sender, gateway_of, the_caller
from iwmo_gateway.web.problems import ProblemError

ModelT = TypeVar("ModelT", bound=BaseModel)
_TOML: Final = frozenset({"application/toml", "text/plain"})
CONTRACT_LIMIT: Final = 256 * 1024
"""The most bytes of a contract profile; one of nine products takes five thousand."""
_GEMEENTE_DIGITS: Final = 4
_LONGEST_LENGTH: Final = 18
"""Digits of a Content-Length that is worth counting."""
_XML: Final = frozenset({"application/xml", "text/xml"})
_ZIP: Final = frozenset({"application/zip", "application/x-zip-compressed"})


def stopping(request: Request) -> bool:
    """Whether this process was told to stop."""
    told: Event = request.app.state.stopping
    return told.is_set()


@dataclass(frozen=True, slots=True)
class Sent:
    """What comes in: from whom, its bytes, and the moment by which it is judged."""

    caller: Caller
    body: bytes
    moment: datetime


async def _named_moment(
    x_received_at: Annotated[str | None, Header(description="Sandbox only: judge as if received then")] = None,
) -> str | None:
    return x_received_at


NamedMoment = Annotated[str | None, Depends(_named_moment)]


# One dependency for all that a message needs: FastAPI takes long over each, and over those that they share each time.
async def sent(request: Request, caller: Sender, named: NamedMoment) -> Sent:
    """A message, or a ZIP of messages, that is sent to be kept."""
    moment = _moment(request, caller, named)
    return Sent(caller, await _message(request, _XML | _ZIP, "application/xml, text/xml of application/zip"), moment)


async def shown(request: Request, caller: Checker, named: NamedMoment) -> Sent:
    """A message that is sent to hear what would be said of it."""
    moment = _moment(request, caller, named)
    return Sent(caller, await _message(request, _XML, "application/xml of text/xml"), moment)


async def received_at(request: Request, caller: Annotated[Caller, Depends(the_caller)], named: NamedMoment) -> datetime:
    """The moment by which a call without a message is judged."""
    return _moment(request, caller, named)


def _moment(request: Request, caller: Caller, named: str | None) -> datetime:
    """The moment of receipt: now, or in a sandbox what the header says."""
    if named is None:
        return caller.at
    if not gateway_of(request).settings.sandbox:
        raise ProblemError("ontvangst-moment", "X-Received-At mag alleen in een sandbox.")
    try:
        moment = datetime.fromisoformat(named)
        # The first and last hours of the calendar have no place in another zone.
        known = moment.tzinfo is not None and moment.astimezone(UTC) == moment.astimezone(AMSTERDAM)
    except (ValueError, OverflowError):
        known = False
    if not known:
        raise ProblemError("ontvangst-moment", verwacht="een moment met zone, als 2023-05-06T10:00:00+02:00")
    return moment


async def a_contract_reader(caller: Reader) -> Caller:
    """Who may read contracts: a municipality its own, an operator or auditor all of them."""
    return _of_a_municipality(caller)


async def a_contract_writer(caller: ContractWriter) -> Caller:
    """Who may load contracts: a municipality its own, and an operator."""
    return _of_a_municipality(caller)


def _of_a_municipality(caller: Caller) -> Caller:
    if caller.party is not None and len(caller.party) != _GEMEENTE_DIGITS:
        raise ProblemError("IB008", verwacht="een token van een gemeente, beheerder of auditor", gevonden="aanbieder")
    return caller


async def _message(request: Request, mediatypes: frozenset[str], expected: str) -> bytes:
    """The bytes of a message; reading stops as soon as there are too many (413), and takes these types only (415)."""
    return await _body(request, gateway_of(request).settings.max_message_bytes, mediatypes, expected)


def is_zip(request: Request) -> bool:
    """Whether the body is a ZIP of messages."""
    return _mediatype(request) in _ZIP


async def contract_body(request: Request, caller: Annotated[Caller, Depends(a_contract_writer)]) -> bytes:
    """The bytes of a contract profile, within the same limits of its own."""
    return await _body(request, CONTRACT_LIMIT, _TOML, "application/toml of text/plain")


async def _body(request: Request, limit: int, mediatypes: frozenset[str], expected: str) -> bytes:
    declared = request.headers.get("content-length", "")
    if declared.isascii() and declared.isdigit() and (len(declared) > _LONGEST_LENGTH or int(declared) > limit):
        raise _too_large(limit)
    mediatype = _mediatype(request)
    if mediatype not in mediatypes:
        raise ProblemError("mediatype", verwacht=expected, gevonden=mediatype[:80] or "geen")
    coded = request.headers.get("content-encoding", "identity").strip().lower()
    if coded != "identity":
        raise ProblemError("mediatype", verwacht="geen Content-Encoding", gevonden=coded[:80])
    return await received(request, limit)


async def received(request: Request, limit: int) -> bytes:
    """All bytes of a body; a problem as soon as there are too many, or they come too slowly."""
    seconds = gateway_of(request).settings.body_seconds
    chunks, size = [], 0
    try:
        async with asyncio.timeout(seconds):
            async for chunk in request.stream():
                size += len(chunk)
                if size > limit:
                    raise _too_large(limit)
                chunks.append(chunk)
    except TimeoutError:
        told = f"de hele body binnen {seconds} seconden"
        raise ProblemError("te-traag", headers={"Connection": "close"}, verwacht=told) from None
    return b"".join(chunks)


def _mediatype(request: Request) -> str:
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


async def json_body(request: Request, model: type[ModelT], limit: int) -> ModelT:
    """What a call says in its body, of at most so many bytes."""
    body = await received(request, limit)
    try:
        return model.model_validate_json(body)
    except ValidationError as error:
        found = error.errors(include_input=False, include_context=False, include_url=False)
        raise RequestValidationError([fault | {"loc": ("body", *fault["loc"])} for fault in found]) from None


def documented_body(model: type[BaseModel]) -> dict[str, Any]:
    """The body of a call for its documentation: FastAPI would read it before it asks who calls."""
    schema = model.model_json_schema(ref_template="{model}")
    schema = _whole(schema, schema.pop("$defs", {}))
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}}


def _whole(schema: Any, parts: dict[str, Any]) -> Any:
    """A schema with its parts in their places, rather than named."""
    if isinstance(schema, list):
        return [_whole(one, parts) for one in schema]
    if not isinstance(schema, dict):
        return schema
    named = parts.get(schema.get("$ref", ""), {})
    return {key: _whole(value, parts) for key, value in {**named, **schema}.items() if key != "$ref"}


def message_id(message_id: str) -> str:
    """An id in a path; what cannot be one is not found, without a look."""
    if not is_id(message_id):
        raise ProblemError("niet-gevonden")
    return message_id


def wants_xml(request: Request) -> bool:
    """Whether the caller asks for the return message itself rather than the result."""
    accepted = dict(_accepted(request))
    xml = max((accepted.get(mediatype, 0.0) for mediatype in _XML), default=0.0)
    return xml > accepted.get("application/json", 0.0)


def wanted_media(request: Request, others: Iterable[str]) -> str | None:
    """Which of these media types the caller would rather have than JSON; None if none of them."""
    accepted = dict(_accepted(request))
    best = max(others, key=lambda media: accepted.get(media, 0.0))
    return best if accepted.get(best, 0.0) > accepted.get("application/json", 0.0) else None


def wants_toml(request: Request) -> bool:
    """Whether the caller asks for a contract profile as it was written rather than as JSON."""
    accepted = dict(_accepted(request))
    toml = max((accepted.get(mediatype, 0.0) for mediatype in _TOML), default=0.0)
    return toml > accepted.get("application/json", 0.0)


def later(request: Request) -> bool:
    """Whether the caller would rather not wait (`Prefer: respond-async`)."""
    preferences = ",".join(request.headers.getlist("prefer")).lower().split(",")
    return any(one.partition(";")[0].strip() == "respond-async" for one in preferences)


def _accepted(request: Request) -> Iterator[tuple[str, float]]:
    """Each media type of the Accept header, with how much it is wanted."""
    for part in request.headers.get("accept", "").lower().split(","):
        mediatype, _, parameters = part.partition(";")
        quality = parameters.strip().removeprefix("q=")
        yield mediatype.strip(), float(quality) if re.fullmatch(r"[01](\.\d{0,3})?", quality) else 1.0


def _too_large(limit: int) -> ProblemError:
    return ProblemError("IB012", verwacht=f"ten hoogste {limit} bytes")
