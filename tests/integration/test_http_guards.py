"""What holds of every call: a token is needed, headers are set, problems are catalogued, and all is documented."""

import re
from collections.abc import Iterable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from starlette.routing import BaseRoute, Route

from iwmo_gateway.errors import StoreError
from iwmo_gateway.gateway import standing
from iwmo_gateway.gateway.context import Gateway, open_gateway
from iwmo_gateway.settings import Settings
from iwmo_gateway.store.database import Database
from iwmo_gateway.web.app import create_app
from iwmo_gateway.web.problems import CATALOGUE
from iwmo_gateway.web.session import CONSOLE
from tests.conftest import SECRET, Callers
from tests.integration.test_http_builders import AANBIEDER, PERSONAL, lone_start, served, start
from tests.integration.test_http_refusals import is_problem

OPEN = {"/healthz", "/readyz", "/metrics", "/v1/openapi.json", "/v1/problems/{code}"}
ROOT = Path(__file__).parents[2]
WEB = ROOT / "src" / "iwmo_gateway" / "web"
LABELS = {
    *("soort", "status", "size", "copy", "regel", "actie", "code", "le", "party", "age", "kind"),
    *("due", "method", "route", "state", "version"),
}
"""Every label of a metric: none that could hold a value of a message, or grow with what is sent."""
METHODS = {"get", "put", "post", "patch", "delete"}


@pytest.fixture
def unused(tmp_path: Path) -> Iterator[Gateway]:
    """A gateway on a database without tables, for what must not even look there."""
    url = f"sqlite:///{tmp_path / 'none.db'}"
    gateway = open_gateway(Settings(_env_file=None, database_url=url, secret_key=SECRET))
    yield gateway
    gateway.close()


def every_route(routes: Iterable[BaseRoute]) -> Iterator[Route]:
    """The routes, those of included routers too; fails on a kind of route that could hide others."""
    for route in routes:
        included = getattr(route, "original_router", None)
        if included is not None:
            yield from every_route(included.routes)
        else:
            assert isinstance(route, Route)
            yield route


def operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, calls in document["paths"].items():
        yield from ((path, method, call) for method, call in calls.items() if method in METHODS)


def test_every_call_needs_a_token(unused: Gateway) -> None:
    app = create_app(unused)
    routes = list(every_route(app.routes))
    assert {route.path for route in routes} >= OPEN
    guarded = [route for route in routes if route.path not in OPEN and not route.path.startswith(CONSOLE)]
    assert len(guarded) >= 13
    with TestClient(app, raise_server_exceptions=False) as client:
        for route in guarded:
            path = re.sub(r"{[^}]*}", "1", route.path)
            for method in sorted((route.methods or set()) - {"HEAD", "OPTIONS"}):
                answer = client.request(method, path)
                is_problem(answer, 401, "token")
                assert answer.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize("body", [b"{", b"\xff", b'{"ids": 1}'])
def test_without_a_token_nothing_is_said_of_the_body(unused: Gateway, body: bytes) -> None:
    with TestClient(create_app(unused), raise_server_exceptions=False) as client:
        answer = client.post("/v1/replays", content=body, headers={"Content-Type": "application/json"})
        is_problem(answer, 401, "token")


def test_every_answer_has_the_same_headers(call: Callers, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any, **__: Any) -> None:
        raise ValueError(PERSONAL[0])

    with monkeypatch.context() as crash:
        crash.setattr("iwmo_gateway.web.api.results.search", broken)
        crashed = call.get("operator", "/v1/berichten")
    kept = call.send(AANBIEDER, lone_start())
    path = kept.headers["location"]
    answers = {
        "kept": (kept, 201),
        "repeated": (call.send(AANBIEDER, lone_start()), 200),
        "later": (call.send(AANBIEDER, lone_start("LATER"), Prefer="respond-async"), 202),
        "xml": (call.get(AANBIEDER, f"{path}/xml"), 200),
        "acknowledged": (call.put(AANBIEDER, "/v1/mailbox/1/acknowledged"), 204),
        "not XML": (call.send(AANBIEDER, b"x"), 400),
        "no token": (call.client.get(path), 401),
        "foreign": (call.send("65656055", lone_start()), 403),
        "not there": (call.get(AANBIEDER, "/v1/berichten/1"), 404),
        "no such path": (call.get(AANBIEDER, "/v2"), 404),
        "no such method": (call.client.delete("/v1/mailbox"), 405),
        "not XML by its type": (call.send(AANBIEDER, b"x", **{"Content-Type": "text/csv"}), 415),
        "invalid": (call.send(AANBIEDER, lone_start("X", StatusAanlevering="7")), 422),
        "crashed": (crashed, 500),
        "probe": (call.client.get("/healthz"), 200),
        "metrics": (call.client.get("/metrics"), 200),
        "documentation": (call.client.get("/v1/openapi.json"), 200),
    }
    for name, (answer, status) in answers.items():
        assert answer.status_code == status, name
        assert re.fullmatch(r"\d+\.\d+\.\d+", answer.headers["api-version"]), name
        assert answer.headers["cache-control"] == "no-store", name
        assert answer.headers["x-content-type-options"] == "nosniff", name
        if status >= 400:
            is_problem(answer, status, answer.json()["code"])


def test_a_fault_of_ours_is_a_problem_that_tells_nothing_of_it(call: Callers, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any, **__: Any) -> None:
        raise StoreError(f"The database refused {PERSONAL[0]}")

    monkeypatch.setattr("iwmo_gateway.web.api.results.find", broken)
    answer = call.get(AANBIEDER, "/v1/berichten/01970000-0000-7000-8000-000000000000")
    is_problem(answer, 503, "niet-beschikbaar")
    assert int(answer.headers["retry-after"]) > 0


def test_the_probes_tell_what_is_the_matter(call: Callers, unused: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    assert call.client.get("/healthz").json() == {"status": "ok"}
    assert call.client.get("/readyz").json() == {"status": "ok"}
    with TestClient(create_app(unused), raise_server_exceptions=False) as client:
        assert client.get("/healthz").status_code == 200
        answer = client.get("/readyz")
        assert (answer.status_code, answer.json()["current"]) == (503, None)
        assert answer.json()["expected"] == unused.database.newest_revision

    def away(_: Database) -> None:
        raise StoreError("The database is away")

    monkeypatch.setattr(Database, "current_revision", property(away))
    assert call.client.get("/readyz").status_code == 503


def test_every_call_is_documented(unused: Gateway) -> None:
    with TestClient(create_app(unused)) as client:
        document = client.get("/v1/openapi.json").json()
    assert document["openapi"].startswith("3.")
    assert document["info"]["description"]
    assert {path for path, _, _ in operations(document)} >= {"/v1/berichten", "/v1/mailbox", "/v1/replays"}
    for path, method, call in operations(document):
        assert call["summary"], (method, path)
        assert call["description"], (method, path)
        assert call["tags"], (method, path)
        assert bool(call.get("security")) is (path not in OPEN), (method, path)
        for parameter in call.get("parameters", ()):
            assert "schema" in parameter
    operation_ids = [call["operationId"] for _, _, call in operations(document)]
    assert len(set(operation_ids)) == len(operation_ids)
    schemas = document["components"]["schemas"]
    for name in ("ResultModel", "FindingModel", "MailboxModel"):
        assert schemas[name]["examples"], name
    asked = document["paths"]["/v1/replays"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    assert schemas.get(asked.get("$ref", "").rpartition("/")[2], asked)["examples"]
    assert document["paths"]["/v1/berichten"]["post"]["requestBody"]["content"]["application/xml"]["example"]


def test_the_documented_problems_are_those_that_are_given(unused: Gateway) -> None:
    """Every refusal is a problem of ours, of its own media type; nothing else is announced."""
    with TestClient(create_app(unused)) as client:
        document = client.get("/v1/openapi.json").json()
    assert "HTTPValidationError" not in document["components"]["schemas"]
    for path, method, call in operations(document):
        for status, answer in call["responses"].items():
            if status >= "400":
                assert set(answer["content"]) == {"application/problem+json"}, (method, path, status)
        if call.get("security"):
            assert "401" in call["responses"], (method, path)


def test_whatever_the_documentation_refers_to_is_in_it(call: Callers) -> None:
    document = call.client.get("/v1/openapi.json")
    named = set(re.findall(r'"\$ref":\s*"([^"]*)"', document.text))
    assert named <= {f"#/components/schemas/{name}" for name in document.json()["components"]["schemas"]}


def test_an_example_of_a_result_is_a_result(call: Callers) -> None:
    document = call.client.get("/v1/openapi.json").json()
    (example,) = document["components"]["schemas"]["ResultModel"]["examples"]
    said = call.send(AANBIEDER, start("START02", 799999)).json()
    assert set(said) >= set(example)
    assert set(said["bevindingen"][0]) - {"artikel"} == set(example["bevindingen"][0])  # null there: not written
    assert set(said["versies"]) == set(example["versies"])
    assert set(said["retour"]) == set(example["retour"])


def test_every_problem_that_is_raised_is_in_the_catalogue() -> None:
    sources = {path.name: path.read_text(encoding="utf-8") for path in WEB.glob("*.py")}
    used = {
        code for text in sources.values() for code in re.findall(r'\b(?:ProblemError|problem)\(\s*"([\w-]+)"', text)
    }
    assert {"token", "niet-gevonden", "IB014", "fout", "parameters"} <= used
    assert used <= set(CATALOGUE)
    for code, kind in CATALOGUE.items():
        assert (code, 400 <= kind.status < 600) == (kind.code, True)
        assert kind.title
        assert kind.remedy.endswith(".")


def test_every_problem_is_explained_without_a_token(unused: Gateway) -> None:
    with TestClient(create_app(unused)) as client:
        for code, kind in CATALOGUE.items():
            answer = client.get(f"/v1/problems/{code}")
            assert answer.status_code == 200
            assert answer.json() == {
                "code": code, "status": kind.status, "title": kind.title, "remedie": kind.remedy,
            }  # fmt: skip
        is_problem(client.get("/v1/problems/IB999"), 404, "niet-gevonden")


def test_every_problem_stands_in_the_documentation() -> None:
    page = ROOT / "docs" / "problems.md"
    if page.exists():
        text = page.read_text(encoding="utf-8")
        assert [code for code in CATALOGUE if f"`{code}`" not in text] == []


def test_the_metrics_count_what_was_judged_by_kind_and_status_and_hold_nothing_of_a_message(
    call: Callers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(standing, "FRESH", timedelta())

    def counted(soort: str, status: str) -> float:
        line = f'iwmo_messages_judged_total{{soort="{soort}",status="{status}"}} '
        lines = [each for each in call.client.get("/metrics").text.splitlines() if each.startswith(line)]
        return float(lines[0].removeprefix(line)) if lines else 0.0

    statuses = ("accepted", "rejected", "invalid")
    before = {status: counted("WMO305", status) for status in statuses}
    call.send(AANBIEDER, lone_start("START01"))
    call.send(AANBIEDER, start("START02", 799999))
    call.send(AANBIEDER, lone_start("START03", StatusAanlevering="7"))
    call.send(AANBIEDER, lone_start("START04"), Prefer="respond-async")
    assert {status: counted("WMO305", status) - before[status] for status in statuses} == dict.fromkeys(statuses, 1.0)

    answer = call.client.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain")
    assert 'iwmo_messages_waiting{size="small",status="received"} 1.0' in answer.text
    assert 'iwmo_messages_waiting{size="small",status="failed"} 0.0' in answer.text
    assert 'iwmo_findings_total{actie="reject",regel="TR019",soort="WMO305"}' in answer.text
    assert 'iwmo_judging_seconds_count{soort="WMO305"}' in answer.text
    labels = re.findall(r'(\w+)="([^"]*)"', answer.text)
    assert {name for name, _ in labels} == LABELS
    assert not [value for value in (*PERSONAL, AANBIEDER, "START01", "799999") if value in answer.text]


def test_a_token_may_be_used_at_every_process_on_the_database(call: Callers) -> None:
    headers = call.headers(AANBIEDER)
    with served(call) as other:
        assert other.client.get("/v1/mailbox", headers=headers).status_code == 200
