"""Every page of the console, and the style and script that they share."""

from collections.abc import Iterator
from importlib.resources import files
from typing import Final

from fastapi import APIRouter, Response

from iwmo_gateway.web.console import (
    administration,
    allocations,
    claimlines,
    contracts,
    loading,
    mailbox,
    message,
    messages,
    overview,
    parties,
    production,
    replays,
    retention,
    reviews,
    rules,
    signing_in,
    tokens,
    trail,
    trying,
    waiting,
)
from iwmo_gateway.web.problems import ProblemError
from iwmo_gateway.web.session import CONSOLE

_TYPES: Final = {"css": "text/css", "js": "text/javascript", "svg": "image/svg+xml"}
_FILES: Final = {one.name: one.read_bytes() for one in files(__package__).joinpath("static").iterdir()}

static: Final = APIRouter(prefix=f"{CONSOLE}/static", include_in_schema=False)


@static.get("/{fingerprint}/{name}")
def get_static(fingerprint: str, name: str) -> Response:
    """Style or script. Its address changes with what is in it."""
    if name not in _FILES:
        raise ProblemError("niet-gevonden")
    headers = {"Cache-Control": "public, max-age=31536000, immutable"}
    return Response(_FILES[name], headers=headers, media_type=_TYPES[name.rpartition(".")[2]])


def every_page() -> Iterator[APIRouter]:
    """The routers of all pages."""
    yield static
    yield signing_in.router
    yield overview.router
    yield messages.router
    yield reviews.router
    yield replays.router
    yield mailbox.router
    yield waiting.router
    yield allocations.router
    yield claimlines.router
    yield contracts.router
    yield loading.router
    yield production.router
    yield message.router
    yield rules.router
    yield trying.router
    yield administration.router
    yield parties.router
    yield tokens.router
    yield retention.router
    yield trail.router
