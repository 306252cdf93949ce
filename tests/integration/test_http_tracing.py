"""Traces: the steps of judging as spans, without a value of a message; and nothing at all unless they are asked for."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from iwmo_gateway.errors import ConfigurationError
from iwmo_gateway.gateway import tracing
from tests.conftest import SECRET, Callers
from tests.integration.test_http_builders import AANBIEDER, GEMEENTE, PERSONAL, allocation, lone_start, start

EVERYBODYS = """
from fastapi.testclient import TestClient
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from iwmo_gateway.gateway.context import open_gateway
from iwmo_gateway.settings import Settings
from iwmo_gateway.web.app import create_app

spans, provider = InMemorySpanExporter(), TracerProvider()
provider.add_span_processor(SimpleSpanProcessor(spans))
trace.set_tracer_provider(provider)
client = TestClient(create_app(open_gateway(Settings())))
print(client.get("/healthz?tekst=999912008").status_code, [span.name for span in spans.get_finished_spans()])
"""
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"


@pytest.fixture
def spans() -> Iterator[Any]:
    """What was traced in a test."""
    pytest.importorskip("opentelemetry.sdk", reason="the extra iwmo-gateway[otel] is not installed")
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

    exporter = InMemorySpanExporter()
    tracing.trace_to(SimpleSpanProcessor(exporter))
    yield exporter
    tracing.stop()


def told(spans: Any) -> list[tuple[str, str | None]]:
    """The names of the spans in the order in which they began, each with that of the span around it."""
    finished = sorted(spans.get_finished_spans(), key=lambda span: span.start_time)
    names = {span.context.span_id: span.name for span in finished}
    return [(span.name, names.get(span.parent.span_id) if span.parent else None) for span in finished]


def test_the_steps_of_judging_are_spans_of_their_call(call: Callers, spans: Any) -> None:
    call.send(GEMEENTE, allocation())
    call.headers(AANBIEDER)
    spans.clear()
    said = call.send(AANBIEDER, start(), **{"X-Request-Id": "their-call"}).json()
    posted = "POST /v1/berichten"
    assert told(spans) == [
        (posted, None),
        ("receive", posted),
        ("read", "receive"),
        ("keep", "receive"),
        ("judge", "receive"),
        ("levels 1 and 2", "judge"),
        ("settle", "judge"),
        ("levels 3 and 4", "settle"),
        ("load history", "levels 3 and 4"),
        ("answer", "settle"),
    ]
    by_name = {span.name: dict(span.attributes) for span in spans.get_finished_spans()}
    assert by_name[posted] == {
        "http.request.method": "POST",
        "http.route": "/v1/berichten",
        "http.response.status_code": 201,
        "iwmo.request": "their-call",
    }
    assert by_name["judge"] == {"iwmo.message": said["id"], "iwmo.soort": "WMO305", "iwmo.status": "accepted"}


def test_a_call_goes_on_with_the_trace_of_its_caller(call: Callers, spans: Any) -> None:
    call.client.get("/healthz", headers={"traceparent": f"00-{TRACE}-00f067aa0ba902b7-01"})
    call.client.get("/healthz")
    theirs, own = (f"{span.context.trace_id:032x}" for span in spans.get_finished_spans())
    assert theirs == TRACE != own


def test_no_span_holds_a_value_of_a_message(call: Callers, spans: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any, **__: Any) -> None:
        raise ValueError(f"{PERSONAL}")

    call.send(AANBIEDER, start())
    for path in ("/v1/berichten", f"/v1/berichten/{PERSONAL[0]}"):
        call.get(AANBIEDER, f"{path}?tekst={PERSONAL[0]}")
    monkeypatch.setattr("iwmo_gateway.gateway.assessing.judge_alone", broken)
    call.send(AANBIEDER, lone_start())
    everything = " ".join(span.to_json() for span in spans.get_finished_spans())
    assert not [value for value in PERSONAL if value in everything]
    (failed,) = [span for span in spans.get_finished_spans() if not span.status.is_ok and span.status.description]
    assert (failed.name, failed.status.description) == ("levels 1 and 2", "ValueError")


def test_nothing_is_traced_or_loaded_unless_it_is_asked_for(call: Callers, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(tracing.ENDPOINT, raising=False)
    tracing.start()
    assert call.send(AANBIEDER, lone_start()).status_code == 201
    loaded = "import sys, iwmo_gateway.cli; print([m for m in sys.modules if m.startswith('opentelemetry.sdk')])"
    done = subprocess.run([sys.executable, "-c", loaded], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_what_others_trace_gets_nothing_of_a_call(tmp_path: Path) -> None:
    """FastAPI tells whole URLs and the texts of errors to a tracer that is everybody's; of our calls it may not."""
    pytest.importorskip("opentelemetry.sdk", reason="the extra iwmo-gateway[otel] is not installed")
    settings = {"IWMO_DATABASE_URL": f"sqlite:///{tmp_path / 'none.db'}", "IWMO_SECRET_KEY": SECRET}
    done = subprocess.run(
        [sys.executable, "-c", EVERYBODYS], check=False, env=os.environ | settings, capture_output=True, text=True
    )
    assert done.stdout.splitlines()[-1:] == ["200 []"], done.stderr


def test_it_is_said_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(tracing.ENDPOINT, "http://127.0.0.1:4318")
    monkeypatch.setitem(sys.modules, "opentelemetry.exporter.otlp.proto.http.trace_exporter", None)
    with pytest.raises(ConfigurationError, match=r"iwmo-gateway\[otel\]"):
        tracing.start()


def test_the_endpoint_of_the_environment_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("opentelemetry.sdk", reason="the extra iwmo-gateway[otel] is not installed")
    monkeypatch.setenv(tracing.ENDPOINT, "http://127.0.0.1:1")
    monkeypatch.setenv("OTEL_SERVICE_NAME", "ours")
    tracing.start()
    provider = tracing._Tracing.provider
    assert provider is not None
    assert provider.resource.attributes["service.name"] == "ours"
    tracing.stop()
