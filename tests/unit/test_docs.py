"""The documents against the code: what the code has stands in a document, and what a document names is in the code."""

import inspect
import json
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer.main
from fastapi.routing import APIRoute
from pydantic import BaseModel

from iwmo_gateway import __version__
from iwmo_gateway.cli import app as cli
from iwmo_gateway.gateway.replay import AT_ONCE
from iwmo_gateway.settings import Settings
from iwmo_gateway.shipped import shipped
from iwmo_gateway.standard import berichten, declaraties, klassen
from iwmo_gateway.standard.schemas import Schemas
from iwmo_gateway.standard.xml import Document, read
from iwmo_gateway.store.messages import Status
from iwmo_gateway.web import app as web
from iwmo_gateway.web import audit, contracts, interest, parties, replays, reports, statemodels, states, tokens
from iwmo_gateway.web.api import router
from iwmo_gateway.web.models import FindingModel, ResultModel, SearchModel
from iwmo_gateway.web.problems import CATALOGUE

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("contracts/*.md")])
ROW = re.compile(r"^\| (.+) \|$", re.MULTILINE)
ELSEWHERE = {"IWMO_TEST_DATABASE_URL", "IWMO_DATABASE_PASSWORD", "IWMO_REFERENCE"}
"""Variables that are not settings of the gateway: of the tests and of compose.yaml."""


def text_of(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def everything() -> str:
    return "\n".join(page.read_text(encoding="utf-8") for page in PAGES)


def rows(name: str) -> list[list[str]]:
    """The cells of every table row in a document."""
    return [row.split(" | ") for row in ROW.findall(text_of(name))]


def commands(group: typer.main.TyperGroup, *before: str) -> Iterator[str]:
    for name, command in group.commands.items():
        if isinstance(command, typer.main.TyperGroup):
            yield from commands(command, *before, name)
        else:
            yield " ".join((*before, name))


def routes() -> set[tuple[str, str]]:
    """Method and path of every call, with what varies in a path left open."""
    probes = {("GET", f"/{name}") for name in ("healthz", "readyz", "metrics")}
    called = {
        (method, re.sub(r"\{\w+\}", "{}", route.path))
        for route in (
            *router.routes,
            *reports.router.routes,
            *states.router.routes,
            *contracts.router.routes,
            *interest.router.routes,
            *audit.router.routes,
            *replays.router.routes,
            *parties.router.routes,
            *tokens.router.routes,
        )
        if isinstance(route, APIRoute)
        for method in route.methods
    }
    return probes | called


class TestProblems:
    def test_stand_in_the_catalogue_as_they_are_answered(self) -> None:
        written = {
            (cells[0].strip("`"), cells[1], cells[2])
            for cells in rows("docs/problems.md")
            if len(cells) == 4 and cells[1].isdigit()
        }
        assert written == {(kind.code, str(kind.status), kind.title) for kind in CATALOGUE.values()}

    def test_the_example_is_what_its_message_gets(self) -> None:
        example = json.loads(re.findall(r"```json\n(.*?)```", text_of("docs/problems.md"), re.DOTALL)[0])
        document = read((ROOT / "fixtures/verhaal/4-verkeerd-formaat.xml").read_bytes())
        assert isinstance(document, Document)
        faults = Schemas(shipped("xsd")).check(document).faults
        told = [{name: getattr(fault, name) for name in example["errors"][0]} for fault in faults]
        assert example["errors"] == told
        assert example["remedie"] == CATALOGUE["IB014"].remedy


class TestSettings:
    def test_stand_in_the_table_of_the_operators(self) -> None:
        written = {cells[0].strip("`") for cells in rows("docs/operators.md") if cells[0].startswith("`IWMO_")}
        assert written == {f"IWMO_{name.upper()}" for name in Settings.model_fields}

    def test_defaults_stand_beside_them(self) -> None:
        table = {cells[0].strip("`"): cells[1] for cells in rows("docs/operators.md") if cells[0].startswith("`IWMO_")}
        for name, field in Settings.model_fields.items():
            default = str(field.default).lower() if isinstance(field.default, bool) else field.default
            if default is not None:
                assert f"`{default}`" in table[f"IWMO_{name.upper()}"], name

    @pytest.mark.parametrize("name", [*(page.relative_to(ROOT).as_posix() for page in PAGES), "Dockerfile"])
    def test_no_document_names_one_that_is_not_there(self, name: str) -> None:
        named = set(re.findall(r"IWMO_[A-Z_]*[A-Z]", text_of(name)))
        assert named <= {f"IWMO_{field.upper()}" for field in Settings.model_fields} | ELSEWHERE


class TestCalls:
    @pytest.mark.parametrize("command", sorted(commands(typer.main.get_group(cli))))
    def test_every_command_stands_in_a_document(self, command: str) -> None:
        assert f"iwmo-gateway {command}" in everything()

    @pytest.mark.parametrize(("method", "path"), sorted(routes()))
    def test_every_route_stands_in_a_document(self, method: str, path: str) -> None:
        written = re.sub(r"\{\w+\}", "{}", everything())
        assert re.search(rf"{method} {re.escape(path)}(?![\w/{{])", written)

    def test_the_probes_are_those_of_the_application(self) -> None:
        assert {path for _, path in routes() if not path.startswith("/v1/")} == set(
            re.findall(r'add_api_route\("(/\w+)"', inspect.getsource(web.create_app))
        )


class TestWhatAnswersHold:
    @pytest.mark.parametrize("field", [*ResultModel.model_fields, *FindingModel.model_fields])
    def test_every_field_is_explained_to_providers(self, field: str) -> None:
        assert any(f"`{field}`" in cells[0] for cells in rows("docs/providers.md"))

    @pytest.mark.parametrize("field", SearchModel.model_fields)
    def test_every_search_is_explained(self, field: str) -> None:
        assert any(f"`{field}`" in cells[0] for cells in rows("docs/municipalities.md"))

    @pytest.mark.parametrize("asked", statemodels.AskedModel.__subclasses__())
    def test_everything_that_may_be_asked_of_facts_is_explained(self, asked: type[statemodels.AskedModel]) -> None:
        explained = " ".join(cells[0] for cells in rows("docs/municipalities.md"))
        assert [field for field in asked.model_fields if f"`{field}`" not in explained] == []

    @pytest.mark.parametrize("fact", [*statemodels.FeitModel.__subclasses__(), statemodels.SourceModel])
    def test_every_field_of_a_fact_is_explained(self, fact: type[BaseModel]) -> None:
        explained = " ".join(cells[0] for cells in [*rows("docs/municipalities.md"), *rows("docs/providers.md")])
        assert [field for field in fact.model_fields if f"`{field}`" not in explained] == []

    @pytest.mark.parametrize("field", [*audit.DeedModel.model_fields, *audit.AuditQuery.model_fields])
    def test_everything_of_the_audit_trail_is_explained_to_operators(self, field: str) -> None:
        assert any(f"`{field}`" in cells[0] for cells in rows("docs/operators.md"))

    @pytest.mark.parametrize("name", ["docs/providers.md", "docs/decisions/001-life-of-a-message.md"])
    def test_every_status_is_explained(self, name: str) -> None:
        assert {f"`{status}`" for status in Status} <= {cells[0] for cells in rows(name)}

    def test_the_limit_of_a_replay_is_right(self) -> None:
        assert f"up to {AT_ONCE} ids" in text_of("docs/operators.md")


def test_the_glossary_has_every_class_of_the_standard() -> None:
    terms = {term.split(" ")[0] for cells in rows("GLOSSARY.md") for term in cells[0].split(", ")}
    assert {
        name
        for module in (klassen, berichten, declaraties)
        for name, found in inspect.getmembers(module, inspect.isclass)
        if found.__module__ == module.__name__ and name not in terms
    } == set()


def test_the_version_is_the_same_everywhere() -> None:
    assert tomllib.loads(text_of("pyproject.toml"))["project"]["version"] == __version__
    assert f"## [{__version__}]" in text_of("CHANGELOG.md")
    assert f"image: iwmo-gateway:{__version__}" in text_of("compose.yaml")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_links_lead_somewhere(page: Path) -> None:
    for link in re.findall(r"\]\((?!https?:)([^)]+)\)", page.read_text(encoding="utf-8")):
        name, _, anchor = link.partition("#")
        target = page.parent / name if name else page
        assert target.exists(), link
        if anchor:
            headings = re.findall(r"^#+ (.+)$", target.read_text(encoding="utf-8"), re.MULTILINE)
            assert anchor in {re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-") for heading in headings}, link
