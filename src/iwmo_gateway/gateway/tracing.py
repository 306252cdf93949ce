"""OpenTelemetry traces, where OTEL_EXPORTER_OTLP_ENDPOINT names who takes them; nothing is loaded or done otherwise.

No attribute holds a value of a message, and of an error only its kind is told. The tracer is our own and not the global
one, so that no library that looks for that adds spans with whole URLs.
"""

import functools
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import TYPE_CHECKING, Final, ParamSpec, TypeVar

from iwmo_gateway import __version__
from iwmo_gateway.errors import ConfigurationError

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
    from opentelemetry.trace import Tracer

P = ParamSpec("P")
R = TypeVar("R")

ENDPOINT: Final = "OTEL_EXPORTER_OTLP_ENDPOINT"
_NAME: Final = "OTEL_SERVICE_NAME"
_NOTHING: Final[AbstractContextManager[None]] = nullcontext()


class _Tracing:
    """Where spans go in this process; nowhere until `trace_to`."""

    provider: "TracerProvider | None" = None
    tracer: "Tracer | None" = None


def start() -> None:
    """Trace from now on, if the environment says where to; OpenTelemetry's other variables are heeded as well.

    Raises ConfigurationError where what it takes is not installed.
    """
    if not os.environ.get(ENDPOINT):
        return
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: PLC0415
        from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415
    except ImportError:
        raise ConfigurationError(f"{ENDPOINT} is set: install `iwmo-gateway[otel]`, or unset it") from None
    trace_to(BatchSpanProcessor(OTLPSpanExporter()))


def trace_to(processor: "SpanProcessor") -> None:
    """Give every span to this processor from now on."""
    from opentelemetry.sdk.resources import Resource  # noqa: PLC0415
    from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415

    named = {} if os.environ.get(_NAME) else {"service.name": "iwmo-gateway"}
    _Tracing.provider = TracerProvider(resource=Resource.create({**named, "service.version": __version__}))
    _Tracing.provider.add_span_processor(processor)
    _Tracing.tracer = _Tracing.provider.get_tracer("iwmo_gateway", __version__)


def stop() -> None:
    """Hand over what was not sent yet, and trace no more."""
    if _Tracing.provider is not None:
        _Tracing.provider.shutdown()
    _Tracing.provider = _Tracing.tracer = None


def traced(name: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Make each call of a function a span of this name."""

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        @functools.wraps(function)
        def traced_function(*args: P.args, **kwargs: P.kwargs) -> R:
            if _Tracing.tracer is None:
                return function(*args, **kwargs)
            with _span(_Tracing.tracer, name):
                return function(*args, **kwargs)

        return traced_function

    return decorate


def call(method: str, headers: Iterable[tuple[bytes, bytes]]) -> AbstractContextManager[None]:
    """The span of an HTTP call, within the trace that its `traceparent` names, if it has one."""
    return _NOTHING if _Tracing.tracer is None else _call(_Tracing.tracer, method, headers)


def note(name: str | None = None, **attributes: str | int | None) -> None:
    """Name the span that is under way and say more of it, never by a value of a message.

    Of `a__b` the attribute is `a.b`.
    """
    if _Tracing.tracer is None:
        return
    from opentelemetry.trace import get_current_span  # noqa: PLC0415

    span = get_current_span()
    if name is not None:
        span.update_name(name)
    span.set_attributes({key.replace("__", "."): value for key, value in attributes.items() if value is not None})


@contextmanager
def _call(tracer: "Tracer", method: str, headers: Iterable[tuple[bytes, bytes]]) -> Iterator[None]:
    from opentelemetry.trace import SpanKind  # noqa: PLC0415
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator  # noqa: PLC0415

    told = {name.decode("latin-1"): value.decode("latin-1") for name, value in headers}
    above = TraceContextTextMapPropagator().extract(told)
    with tracer.start_as_current_span(
        method, context=above, kind=SpanKind.SERVER, record_exception=False, set_status_on_exception=False
    ):
        yield


@contextmanager
def _span(tracer: "Tracer", name: str) -> Iterator[None]:
    from opentelemetry.trace import Status, StatusCode  # noqa: PLC0415

    with tracer.start_as_current_span(name, record_exception=False, set_status_on_exception=False) as span:
        try:
            yield
        except BaseException as error:
            # Its text may hold values of a message.
            span.set_status(Status(StatusCode.ERROR, type(error).__name__))
            raise
