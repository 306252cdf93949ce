"""How the application is served: uvicorn with its limits, what is said where no application ever sees a call, and how
it stops."""

import asyncio
import logging
import signal
from socket import socket
from threading import Event, Timer
from types import FrameType
from typing import Any, Final

import h11
import structlog
import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from iwmo_gateway.gateway.context import Gateway
from iwmo_gateway.web.app import HEADERS, create_app
from iwmo_gateway.web.problems import problem

log = structlog.get_logger(__name__)

HEAD_SECONDS: Final = 20.0
"""How long a connection may take over the head of a request, or over what is left of one that was answered already."""
HEAD_BYTES: Final = 32 * 1024
"""The most bytes of a request's line and headers."""


class Server(uvicorn.Server):
    """Serves the application until SIGTERM or SIGINT.

    After SIGTERM /readyz says 503 for some seconds while calls are still taken, so that a proxy sends none in vain;
    then what is in hand is finished. SIGINT, and a second SIGTERM, skip the wait.
    """

    def __init__(self, config: uvicorn.Config, stopping: Event, drain_seconds: int) -> None:
        super().__init__(config)
        self._stopping = stopping
        self._drain_seconds = drain_seconds

    async def startup(self, sockets: list[socket] | None = None) -> None:
        """Begin to listen; SystemExit where the address cannot be had, which is told once, by who started it."""
        logger = logging.getLogger("uvicorn.error")
        logger.addFilter(_silent)
        try:
            await super().startup(sockets)
        finally:
            logger.removeFilter(_silent)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """What a signal does."""
        at_once = sig != signal.SIGTERM or self._stopping.is_set()
        self._stopping.set()
        if at_once:
            super().handle_exit(sig, frame)
        else:
            timer = Timer(self._drain_seconds, super().handle_exit, (sig, frame))
            timer.daemon = True
            timer.start()


def _silent(_: logging.LogRecord) -> bool:
    return False


def server_of(gateway: Gateway, host: str, port: int) -> Server:
    """A server of this gateway, which is yet to run. It listens on any free port if that is 0."""
    app = create_app(gateway)
    config = uvicorn.Config(
        app,
        host=host,
        port=port,
        http=Connection,
        ws="none",
        log_config=None,
        log_level="error",
        access_log=False,
        server_header=False,
        # Whose address it is may only be said by a proxy that is known.
        proxy_headers=gateway.settings.proxies is not None,
        forwarded_allow_ips=gateway.settings.proxies,
        timeout_graceful_shutdown=gateway.settings.lease_seconds,
    )
    return Server(config, app.state.stopping, gateway.settings.drain_seconds)


class _Strict(h11.Connection):
    """HTTP/1, but without what a proxy before us could read in another way: a length told twice over."""

    def next_event(self) -> Any:
        """What comes next; raises RemoteProtocolError for what is no HTTP."""
        event = super().next_event()
        if isinstance(event, h11.Request):
            named = {name for name, _ in event.headers}
            if {b"content-length", b"transfer-encoding"} <= named:
                raise h11.RemoteProtocolError("Content-Length beside Transfer-Encoding")
            if event.http_version not in {b"1.0", b"1.1"}:
                raise h11.RemoteProtocolError("No HTTP/1")
        return event


class Connection(H11Protocol):
    """A connection as uvicorn has it, but that what is no HTTP gets a problem, and that none waits for ever."""

    _overdue: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as in uvicorn
        """Begin to wait for a request."""
        self.conn = _Strict(h11.SERVER, HEAD_BYTES)
        super().connection_made(transport)
        self._watch()

    def data_received(self, data: bytes) -> None:
        """Take bytes of a request: no more at once than a head may hold, since h11 counts what is left over alone."""
        if self.conn.their_state is h11.IDLE and len(data) > HEAD_BYTES:
            super().data_received(data[: HEAD_BYTES + 1])
            data = data[HEAD_BYTES + 1 :]
        if not self.transport.is_closing():
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
        log.info("no_http")
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
