"""The application: the calls of /v1, probes and metrics, and what every answer has in common."""

import asyncio
import re
import secrets
import time
from collections.abc import Iterable
from datetime import UTC, datetime
from threading import Event
from typing import Any, Final

import structlog
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, PlainTextResponse
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.routing import compile_path
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.types import Message as ASGIMessage

from iwmo_gateway import __version__
from iwmo_gateway.errors import GatewayError, StoreError
from iwmo_gateway.gateway.context import Gateway
from iwmo_gateway.gateway.readiness import why_not_ready
from iwmo_gateway.gateway.standing import Exposition
from iwmo_gateway.web import audit, contracts, interest, parties, replays, reports, reviews, states, tokens
from iwmo_gateway.web.access import Limits, needs_of
from iwmo_gateway.web.api import router, sending
from iwmo_gateway.web.calls import stopping
from iwmo_gateway.web.console.routes import every_page
from iwmo_gateway.web.console.trouble import problem_page
from iwmo_gateway.web.openid import provider_of
from iwmo_gateway.web.problems import CATALOGUE, ProblemError, documented, problem
from iwmo_gateway.web.session import is_console
from iwmo_gateway.web.trail import Trail
from iwmo_gateway.web.watching import Watched

log = structlog.get_logger(__name__)

_ID_OR_DIGITS: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|(\d{9,})")
_NINE_DIGITS: Final = re.compile(r"\d{9}")
_REQUEST_ID: Final = re.compile(r"[A-Za-z0-9._-]{1,64}")
HEADERS: Final = (
    (b"api-version", __version__.encode()),
    (b"cache-control", b"no-store"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-content-type-options", b"nosniff"),
)
"""What every answer has, unless it says otherwise itself."""
_OVER_TLS: Final = (b"strict-transport-security", b"max-age=31536000")
_LONGEST_NAME: Final = 80
_LONGEST_PATH: Final = 200
_MOST_TOLD: Final = 100
_GONE: Final = 499
"""What the log says of a caller that went away before it had said all; no answer has it."""
_DESCRIPTION: Final = """Takes iWmo messages, says at once what is wrong, where, by which rule and what was expected,
keeps every message, and sends the right return message. Dates and moments are those of Europe/Amsterdam."""


class Application(FastAPI):
    """FastAPI, but for what it says of itself."""

    def openapi(self) -> dict[str, Any]:
        """The calls with the problems that each can end in; FastAPI's own form of 422 is none of them."""
        if self.openapi_schema is not None:
            return self.openapi_schema
        schema = super().openapi()
        for name in ("HTTPValidationError", "ValidationError"):
            schema["components"]["schemas"].pop(name, None)
        told = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/ProblemModel"}}}
        for path, method, rights in needs_of(self.routes):
            if path not in schema["paths"]:
                continue  # a page of the console
            # One of them is enough.
            operation = schema["paths"][path][method]
            operation["security"] = [{name: [right]} for right in rights for name in operation["security"][0]]
            for status, answer in documented("token", "token-verlopen", "te-vaak", "IB009").items():
                there = operation["responses"].setdefault(str(status), {"description": ""})
                told_of = dict.fromkeys(
                    filter(None, (*there["description"].split("; "), *answer["description"].split("; ")))
                )
                there["description"] = "; ".join(told_of)
        for operation in (one for calls in schema["paths"].values() for one in calls.values()):
            answers = operation["responses"]
            if "HTTPValidationError" in str(answers.get("422")):
                del answers["422"]
            for answer in (answer for status, answer in answers.items() if status.startswith(("4", "5"))):
                answer["content"] = told
            for kind in (CATALOGUE["fout"], CATALOGUE["niet-beschikbaar"]):
                answers[str(kind.status)] = {"description": f"{kind.code}: {kind.title}", "content": told}
        return schema

    def methods(self, path: str) -> list[str]:
        """What may be done with a path, by the documentation."""
        calls = self.openapi()["paths"]
        return sorted({one.upper() for told in calls for one in calls[told] if compile_path(told)[0].match(path)})


def create_app(gateway: Gateway) -> FastAPI:
    """The application for one gateway."""
    app = Application(
        title="iwmo_gateway",
        version=__version__,
        description=_DESCRIPTION,
        openapi_url="/v1/openapi.json",
        docs_url=None,
        redoc_url=None,
        license_info={"name": "EUPL-1.2", "identifier": "EUPL-1.2"},
        # FastAPI's own would tell whole URLs and the texts of errors to whoever collects traces; ours tell neither.
        telemetry={"tracing": False, "metrics": False, "logs": False, "auto_configure": False},
    )
    app.state.gateway = gateway
    app.state.exposition = Exposition(gateway)
    app.state.limits = Limits.of(gateway)
    app.state.stopping = Event()
    app.state.openid = provider_of(gateway.settings)
    app.include_router(sending)
    app.include_router(router)
    app.include_router(reports.router)
    app.include_router(reviews.router)
    app.include_router(replays.router)
    app.include_router(states.router)
    app.include_router(contracts.router)
    app.include_router(interest.router)
    app.include_router(audit.router)
    app.include_router(parties.router)
    app.include_router(tokens.router)
    for pages in every_page():
        app.include_router(pages)
    app.add_middleware(Trail, gateway=gateway, refusal=_answer)
    app.add_middleware(EveryAnswer)
    app.add_middleware(Watched)
    app.exception_handler(ProblemError)(_problem)
    app.exception_handler(RequestValidationError)(_wrong_parameters)
    app.exception_handler(HTTPException)(_http_error)
    app.exception_handler(GatewayError)(_gateway_error)
    app.add_api_route("/healthz", healthz, tags=["probes"])
    app.add_api_route("/readyz", readyz, tags=["probes"])
    app.add_api_route("/metrics", the_metrics, tags=["probes"], response_class=PlainTextResponse)
    return app


def healthz() -> dict[str, str]:
    """The process is alive."""
    return {"status": "ok"}


def readyz(request: Request) -> JSONResponse:
    """Messages can be taken now: the database can be written to and fits, and this process is not about to stop."""
    reason = {"status": "shutting down"} if stopping(request) else why_not_ready(request.app.state.gateway)
    return JSONResponse(reason or {"status": "ok"}, 503 if reason else 200)


def the_metrics(request: Request) -> Response:
    """Prometheus."""
    exposition: Exposition = request.app.state.exposition
    return Response(exposition.text(datetime.now(UTC)), media_type="text/plain; version=0.0.4")


class EveryAnswer:
    """Times every call, logs it without anything of a message, and puts the same headers on every answer."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One call."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        began, status = time.perf_counter(), 0
        request_id = _request_id(scope)
        scope.setdefault("state", {})["request"] = request_id

        async def with_headers(message: ASGIMessage) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = _complete(message["headers"], scope["scheme"])
                message["headers"].append((b"x-request-id", request_id.encode()))
            await send(message)

        with structlog.contextvars.bound_contextvars(request=request_id):
            try:
                await self.app(scope, receive, with_headers)
            except ClientDisconnect:
                status = _GONE
            except asyncio.CancelledError:
                # The server stops and waits no longer. What was kept is gone on with; the sender is to ask again.
                if status == 0:
                    await problem("niet-beschikbaar", None, {"Retry-After": "5"})(scope, receive, with_headers)
                raise
            except Exception as error:
                # Its text may hold values of a message: only the kind is told.
                log.error("call_failed", method=scope["method"], path=_path(scope["path"]), error=type(error).__name__)
                if status == 0:
                    await _answer(scope, ProblemError("fout"))(scope, receive, with_headers)
            took = round((time.perf_counter() - began) * 1000, 1)
            log.info("call", method=scope["method"], path=_path(scope["path"]), status=status, ms=took)


def _request_id(scope: Scope) -> str:
    """The correlation id of a call: the caller's own if that may be logged, or a new one."""
    given = dict(scope["headers"]).get(b"x-request-id", b"").decode("latin-1")
    safe = _REQUEST_ID.fullmatch(given) and not _NINE_DIGITS.search(given)
    return given if safe else secrets.token_hex(8)


def _complete(headers: Iterable[tuple[bytes, bytes]], scheme: str) -> list[tuple[bytes, bytes]]:
    """The headers of an answer with those that every answer has."""
    own = list(headers)
    named = {name for name, _ in own}
    told = (*HEADERS, _OVER_TLS) if scheme == "https" else HEADERS
    return own + [header for header in told if header[0] not in named]


def _path(path: str) -> str:
    """The path as it may be logged: without what could be a Bsn, but with ids of ours."""
    return _ID_OR_DIGITS.sub(lambda found: "•••" if found[1] else found[0], path[:_LONGEST_PATH])


def _problem(request: Request, error: ProblemError) -> Response:
    return problem_page(request, error) if is_console(request) else error.response()


def _answer(scope: Scope, error: ProblemError) -> Response:
    """A problem where the application itself gave no answer."""
    return _problem(Request(scope), error)


def _wrong_parameters(request: Request, error: RequestValidationError) -> Response:
    # A field that there is not has the name that the caller made up.
    errors = [
        {"veld": _path(".".join(map(str, fault["loc"])))[:_LONGEST_NAME], "tekst": fault["msg"]}
        for fault in error.errors()[:_MOST_TOLD]
    ]
    return _problem(request, ProblemError("parameters", errors=errors))


def _http_error(request: Request, error: HTTPException) -> Response:
    if error.status_code == 405:
        # Starlette tells the methods of the first route that has this path, and there may be more.
        methods = request.app.methods(request.url.path)
        allow = {"Allow": ", ".join(methods)} if methods else dict(error.headers or {})
        return _problem(request, ProblemError("methode", None, allow))
    return _problem(request, ProblemError("niet-gevonden" if error.status_code == 404 else "parameters"))


def _gateway_error(request: Request, error: GatewayError) -> Response:
    log.error("gateway_error", path=_path(request.url.path), error=f"{type(error).__name__}: {error}")
    if isinstance(error, StoreError):
        return _problem(request, ProblemError("niet-beschikbaar", None, {"Retry-After": "5"}))
    return _problem(request, ProblemError("fout"))
