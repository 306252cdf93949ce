"""What is counted, timed and traced of every call: by its route, never by its path."""

import time
from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from iwmo_gateway.gateway import metrics, tracing

_METHODS: Final = frozenset({"DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"})
_OTHER: Final = "other"
_GONE: Final = "none"
"""The status of a call that ended without an answer."""


class Watched:
    """Stands outside of everything else, so that it sees the answers that a client sees."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One call."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        began, status = time.perf_counter(), _GONE

        async def noting(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = str(message["status"])
            await send(message)

        method = scope["method"] if scope["method"] in _METHODS else _OTHER
        with tracing.call(method, scope["headers"]):
            try:
                await self.app(scope, receive, noting)
            finally:
                route = getattr(scope.get("route"), "path", _OTHER)
                metrics.count_call(method, route, status, time.perf_counter() - began)
                request = scope.get("state", {}).get("request")
                tracing.note(
                    f"{method} {route}",
                    http__request__method=method,
                    http__route=route,
                    http__response__status_code=int(status) if status.isdigit() else None,
                    iwmo__request=request,
                )
