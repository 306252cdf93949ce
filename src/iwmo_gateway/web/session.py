"""Who is signed in to the console: a cookie that this gateway alone can write and read.

It holds the id of a token, not the token: what was signed in with can be revoked, and a stolen cookie cannot be used
on the API.
"""

import binascii
import json
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Annotated, Final

from fastapi import Depends, Request, Response
from starlette.datastructures import State

from iwmo_gateway.errors import GatewayError
from iwmo_gateway.gateway.context import Gateway

CONSOLE: Final = "/console"
"""Where the console is; a cookie counts nowhere else."""
LONGEST: Final = timedelta(hours=12)
"""After this one signs in again, however busy."""
_COOKIE: Final = "iwmo_console"
_PLACE: Final = "session of the console"


@dataclass(frozen=True, slots=True)
class Session:
    """Somebody who signed in with the token of this id; `namens` is the party that a service bureau acts for."""

    token: str
    form_key: str
    began_at: datetime
    seen_at: datetime
    namens: str | None = None

    @classmethod
    def begun(cls, token: str, now: datetime) -> "Session":
        """A new one."""
        return cls(token, secrets.token_urlsafe(24), now, now)

    def left(self, now: datetime, idle: timedelta) -> timedelta:
        """How long it lasts from here for who leaves it alone."""
        return min(idle, self.began_at + LONGEST - now)

    def over(self, now: datetime, idle: timedelta) -> bool:
        """Whether it was left alone too long, or has lasted long enough."""
        return not (self.seen_at <= now < self.seen_at + idle) or now >= self.began_at + LONGEST


def is_console(request: Request) -> bool:
    """Whether this is a page of the console."""
    return request.url.path.startswith(f"{CONSOLE}/") or request.url.path == CONSOLE


def session_of(request: Request) -> Session | None:
    """The session of a page of the console; None elsewhere, and where nobody is signed in."""
    text = request.cookies.get(_COOKIE) if is_console(request) else None
    state: State = request.app.state
    session = None if text is None else _read(state.gateway, text)
    request.state.session = session
    return session


async def the_session(request: Request) -> Session | None:
    """As `session_of`, for a page."""
    return session_of(request)


TheSession = Annotated[Session | None, Depends(the_session)]


def keep(response: Response, request: Request, session: Session, now: datetime) -> None:
    """Send the session along, as used now."""
    gateway: Gateway = request.app.state.gateway
    used = replace(session, seen_at=now)
    plain = json.dumps(
        [used.token, used.form_key, used.began_at.timestamp(), used.seen_at.timestamp(), used.namens],
        separators=(",", ":"),
    )
    text = urlsafe_b64encode(gateway.keyring.seal(_PLACE, plain.encode())).decode()
    secure = request.url.scheme == "https"
    response.set_cookie(_COOKIE, text, path=CONSOLE, secure=secure, httponly=True, samesite="lax")


def end(response: Response) -> None:
    """Sign out."""
    response.delete_cookie(_COOKIE, path=CONSOLE, httponly=True, samesite="lax")


def _read(gateway: Gateway, text: str) -> Session | None:
    try:
        plain = gateway.keyring.open(_PLACE, urlsafe_b64decode(text.encode()))
    except (GatewayError, binascii.Error, ValueError):
        # Made up, or sealed with a key that was retired since.
        return None
    token, form_key, began, seen, namens = json.loads(plain)
    return Session(token, form_key, datetime.fromtimestamp(began, UTC), datetime.fromtimestamp(seen, UTC), namens)
