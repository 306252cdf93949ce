"""What a form of the console sends: read within limits, in memory alone, and only from a page of ours."""

import hmac
from collections.abc import AsyncGenerator
from typing import Annotated, Final
from urllib.parse import urlsplit

from fastapi import Depends, Request
from starlette.datastructures import FormData, UploadFile
from starlette.formparsers import FormParser, MultiPartException, MultiPartParser

from iwmo_gateway.gateway.access import Caller
from iwmo_gateway.gateway.context import Gateway
from iwmo_gateway.web.access import the_caller, the_gateway
from iwmo_gateway.web.calls import received
from iwmo_gateway.web.problems import ProblemError
from iwmo_gateway.web.session import Session, TheSession

FORM_KEY: Final = "form_key"
_SMALL: Final = 256 * 1024
"""The most bytes of a form without a file."""
_MORE: Final = 64 * 1024
"""What a form with a file may hold besides."""
_FIELDS: Final = 1000


async def read_form(request: Request, limit: int) -> FormData:
    """The fields of a form of at most so many bytes.

    Raises ProblemError for one that is too large, cannot be read, or was sent from a page of another site.
    """
    origin = request.headers.get("origin")
    if origin is not None and urlsplit(origin).netloc != request.headers.get("host"):
        raise ProblemError("formulier")
    body = await received(request, limit)

    async def stream() -> AsyncGenerator[bytes, None]:
        yield body
        yield b""

    try:
        if request.headers.get("content-type", "").startswith("multipart/form-data"):
            parser = MultiPartParser(request.headers, stream(), max_files=1, max_fields=_FIELDS, max_part_size=limit)
            parser.spool_max_size = limit + 1  # what is personal never reaches a temporary file
            return await parser.parse()
        return await FormParser(request.headers, stream(), max_fields=_FIELDS).parse()
    except MultiPartException:
        raise ProblemError("parameters", "Het formulier is niet goed ontvangen.") from None


async def the_form(request: Request, session: TheSession, caller: Annotated[Caller, Depends(the_caller)]) -> FormData:
    """The fields of a form that the signed-in user sent from one of our pages; 400 for any other."""
    return _ours(await read_form(request, _SMALL), session)


async def the_upload(
    request: Request,
    session: TheSession,
    gateway: Annotated[Gateway, Depends(the_gateway)],
    caller: Annotated[Caller, Depends(the_caller)],
) -> AsyncGenerator[FormData, None]:
    """As `the_form`, with a file of a message's size, which is let go of afterwards."""
    limit = gateway.settings.max_message_bytes + _MORE
    form = await read_form(request, limit)
    try:
        yield _ours(form, session)
    finally:
        await form.close()


def text_of(form: FormData, name: str) -> str:
    """What was filled in, without the white space around it; empty where nothing was."""
    value = form.get(name)
    return value.strip() if isinstance(value, str) else ""


async def file_of(form: FormData, name: str) -> bytes:
    """The bytes of the file that was chosen; empty where none was."""
    value = form.get(name)
    return await value.read() if isinstance(value, UploadFile) else b""


TheForm = Annotated[FormData, Depends(the_form)]
TheUpload = Annotated[FormData, Depends(the_upload)]


def _ours(form: FormData, session: Session | None) -> FormData:
    key = text_of(form, FORM_KEY).encode()
    if session is None or not hmac.compare_digest(key, session.form_key.encode()):
        raise ProblemError("formulier")
    return form
