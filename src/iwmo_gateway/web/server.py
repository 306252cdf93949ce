"""The HTTP server as a process: it listens, and when it is told to stop it says so before it does."""

import signal
from threading import Event, Timer
from types import FrameType

import uvicorn
from fastapi import FastAPI


class Server(uvicorn.Server):
    """Serves the application until SIGTERM or SIGINT.

    After SIGTERM /readyz says 503 for `drain_seconds` while calls are still taken, so that a proxy sends none in vain;
    then what is in hand is finished. SIGINT, and a second SIGTERM, skip the wait.
    """

    def __init__(self, app: FastAPI, *, host: str, port: int, drain_seconds: int, finish_seconds: int) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                host=host,
                port=port,
                log_config=None,
                access_log=False,
                server_header=False,
                # Whose address it is must not be for a header to say.
                proxy_headers=False,
                timeout_graceful_shutdown=finish_seconds,
            )
        )
        self._stopping: Event = app.state.stopping
        self._drain_seconds = drain_seconds

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
