"""How the application is served: uvicorn with its limits, and what is said where no application ever sees a call."""

import asyncio
from typing import Final

import h11
import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from iwmo_gateway.gateway.context import Gateway
from iwmo_gateway.web.app import HEADERS, create_app
from iwmo_gateway.web.problems import problem

HEAD_SECONDS: Final = 20.0
"""How long a connection may take over the head of a request, or over what is left of one that was answered already."""
HEAD_BYTES: Final = 32 * 1024
"""The most bytes of a request's line and headers."""


def server_of(gateway: Gateway, host: str, port: int) -> uvicorn.Server:
    """A server of this gateway, which is yet to run. It listens on any free port if that is 0."""
    config = uvicorn.Config(
        create_app(gateway),
        host=host,
        port=port,
        http=Connection,
        ws="none",
        log_config=None,
        access_log=False,
        server_header=False,
        h11_max_incomplete_event_size=HEAD_BYTES,
        timeout_graceful_shutdown=gateway.settings.lease_seconds,
    )
    return uvicorn.Server(config)


class Connection(H11Protocol):
    """A connection as uvicorn has it, but that what is no HTTP gets a problem, and that none waits for ever."""

    _overdue: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as in uvicorn
        """Begin to wait for a request."""
        super().connection_made(transport)
        self._watch()

    def data_received(self, data: bytes) -> None:
        """Take bytes of a request."""
        super().data_received(data)
        self._watch()

    def on_response_complete(self) -> None:
        """Begin to wait for the next request, or for the rest of this one."""
        super().on_response_complete()
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no more."""
        self._rest()
        super().connection_lost(exc)

    def send_400_response(self, msg: str) -> None:
        """Answer what is no HTTP, unless an answer has begun already, and close the connection."""
        if self.conn.our_state in {h11.IDLE, h11.SEND_RESPONSE}:
            answer = problem("geen-http")
            headers = [*answer.raw_headers, *HEADERS, (b"connection", b"close")]
            for event in (
                h11.Response(status_code=answer.status_code, headers=headers, reason=b"Bad Request"),
                h11.Data(data=bytes(answer.body)),
                h11.EndOfMessage(),
            ):
                self.transport.write(self.conn.send(event) or b"")
        self.transport.close()

    def _watch(self) -> None:
        """Keep the time of whatever is no call in hand: bytes that drip in do not put it off."""
        if self.conn.our_state in {h11.SEND_RESPONSE, h11.SEND_BODY}:
            self._rest()
        elif self._overdue is None and not self.transport.is_closing():
            self._overdue = self.loop.call_later(HEAD_SECONDS, self.transport.close)

    def _rest(self) -> None:
        if self._overdue is not None:
            self._overdue.cancel()
            self._overdue = None
