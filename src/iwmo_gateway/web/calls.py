"""What every call needs first: the gateway, who calls, the moment, and the body within its limits."""

import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Annotated, Final, TypeVar

from fastapi import Depends, Header, Request
from fastapi.exceptions import RequestValidationError
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import BaseModel, ValidationError

from iwmo_gateway.gateway.access import Caller, caller_of
from iwmo_gateway.gateway.context import Gateway, is_id
from iwmo_gateway.standard.days import AMSTERDAM
from iwmo_gateway.store.parties import TokenRole
from iwmo_gateway.web.models import ReplayRequest
from iwmo_gateway.web.problems import ProblemError

ModelT = TypeVar("ModelT", bound=BaseModel)
_BEARER: Final = HTTPBearer(auto_error=False, description="Token of a party, operator or auditor")
_JSON_LIMIT: Final = 64 * 1024
_TOML: Final = frozenset({"application/toml", "text/plain"})
CONTRACT_LIMIT: Final = 256 * 1024
"""The most bytes of a contract profile; one of nine products takes five thousand."""
_GEMEENTE_DIGITS: Final = 4
_LONGEST_LENGTH: Final = 18
"""Digits of a Content-Length that is worth counting."""
_XML: Final = frozenset({"application/xml", "text/xml"})


async def the_gateway(request: Request) -> Gateway:
    """The gateway that this process serves."""
    gateway: Gateway = request.app.state.gateway
    return gateway


def the_caller(
    gateway: Annotated[Gateway, Depends(the_gateway)],
    bearer: Annotated[HTTPAuthorizationCredentials | None, Depends(_BEARER)],
) -> Caller:
    """Who calls; a 401 for anyone without a token that is known."""
    caller = caller_of(gateway, bearer.credentials, datetime.now(UTC)) if bearer else None
    if caller is None:
        raise ProblemError("token")
    return caller


async def received_at(
    gateway: Annotated[Gateway, Depends(the_gateway)],
    caller: Annotated[Caller, Depends(the_caller)],
    x_received_at: Annotated[str | None, Header(description="Sandbox only: judge as if received then")] = None,
) -> datetime:
    """The moment of receipt: now, or in a sandbox what the header says."""
    if x_received_at is None:
        return caller.at
    if not gateway.settings.sandbox:
        raise ProblemError("ontvangst-moment", "X-Received-At mag alleen in een sandbox.")
    try:
        moment = datetime.fromisoformat(x_received_at)
        # The first and last hours of the calendar have no place in another zone.
        known = moment.tzinfo is not None and moment.astimezone(UTC) == moment.astimezone(AMSTERDAM)
    except (ValueError, OverflowError):
        known = False
    if not known:
        raise ProblemError("ontvangst-moment", verwacht="een moment met zone, als 2023-05-06T10:00:00+02:00")
    return moment


def a_contract_reader(caller: Annotated[Caller, Depends(the_caller)]) -> Caller:
    """Who may read contracts: a municipality its own, an operator or auditor all of them."""
    if caller.party is not None and len(caller.party) != _GEMEENTE_DIGITS:
        raise ProblemError("IB008", verwacht="een token van een gemeente, beheerder of auditor", gevonden="aanbieder")
    return caller


def a_contract_writer(caller: Annotated[Caller, Depends(a_contract_reader)]) -> Caller:
    """Who may load contracts: a municipality its own, and an operator."""
    if caller.role is TokenRole.AUDITOR:
        raise ProblemError("IB008", verwacht="een token van een gemeente of beheerder", gevonden=caller.role)
    return caller


async def message_body(
    request: Request,
    gateway: Annotated[Gateway, Depends(the_gateway)],
    caller: Annotated[Caller, Depends(the_caller)],
) -> bytes:
    """The bytes of a message; reading stops as soon as there are too many (413), and takes XML only (415)."""
    return await _body(request, gateway.settings.max_message_bytes, _XML, "application/xml of text/xml")


async def contract_body(request: Request, caller: Annotated[Caller, Depends(a_contract_writer)]) -> bytes:
    """The bytes of a contract profile, within the same limits of its own."""
    return await _body(request, CONTRACT_LIMIT, _TOML, "application/toml of text/plain")


async def _body(request: Request, limit: int, mediatypes: frozenset[str], expected: str) -> bytes:
    declared = request.headers.get("content-length", "")
    if declared.isascii() and declared.isdigit() and (len(declared) > _LONGEST_LENGTH or int(declared) > limit):
        raise _too_large(limit)
    mediatype = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if mediatype not in mediatypes:
        raise ProblemError("mediatype", verwacht=expected, gevonden=mediatype[:80] or "geen")
    coded = request.headers.get("content-encoding", "identity").strip().lower()
    if coded != "identity":
        raise ProblemError("mediatype", verwacht="geen Content-Encoding", gevonden=coded[:80])
    chunks, size = [], 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > limit:
            raise _too_large(limit)
        chunks.append(chunk)
    return b"".join(chunks)


def an_operator(caller: Annotated[Caller, Depends(the_caller)]) -> Caller:
    """An operator."""
    if caller.role is not TokenRole.OPERATOR:
        raise ProblemError("IB008", verwacht="een token van een beheerder (operator)", gevonden=caller.role)
    return caller


async def replay_request(request: Request, caller: Annotated[Caller, Depends(an_operator)]) -> ReplayRequest:
    """What replay is asked for. FastAPI itself reads a body before it asks who calls."""
    return await json_body(request, ReplayRequest, _JSON_LIMIT)


async def json_body(request: Request, model: type[ModelT], limit: int) -> ModelT:
    """What a call says in its body, of at most so many bytes."""
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > limit:
            raise ProblemError("IB012", verwacht=f"ten hoogste {limit} bytes")
    try:
        return model.model_validate_json(body)
    except ValidationError as error:
        found = error.errors(include_input=False, include_context=False, include_url=False)
        raise RequestValidationError([fault | {"loc": ("body", *fault["loc"])} for fault in found]) from None


def the_party(caller: Annotated[Caller, Depends(the_caller)]) -> str:
    """The party that calls; only a party has a mailbox."""
    if caller.party is None:
        raise ProblemError("IB008", verwacht="een token van een partij", gevonden=caller.role)
    return caller.party


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
    return "respond-async" in request.headers.get("prefer", "").lower()


def _accepted(request: Request) -> Iterator[tuple[str, float]]:
    """Each media type of the Accept header, with how much it is wanted."""
    for part in request.headers.get("accept", "").lower().split(","):
        mediatype, _, parameters = part.partition(";")
        quality = parameters.strip().removeprefix("q=")
        yield mediatype.strip(), float(quality) if re.fullmatch(r"[01](\.\d{0,3})?", quality) else 1.0


def _too_large(limit: int) -> ProblemError:
    return ProblemError("IB012", verwacht=f"ten hoogste {limit} bytes")
