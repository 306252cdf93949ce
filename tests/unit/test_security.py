"""The page on security against the tests: each test that it names is there, and each threat names one."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
NAMED = sorted(set(re.findall(r"`(tests/[\w/]+\.py)::([\w:]+)`", PAGE)))
SECTIONS = ("Documents", "HTTP", "Access", "Data", "Audit")


def functions(body: list[ast.stmt], before: str = "") -> set[str]:
    """The names of all tests, those of classes as Class::test."""
    found = set()
    for node in body:
        if isinstance(node, ast.FunctionDef):
            found.add(before + node.name)
        elif isinstance(node, ast.ClassDef):
            found |= functions(node.body, f"{node.name}::")
    return found


@pytest.mark.parametrize(("path", "name"), NAMED, ids=[name for _, name in NAMED])
def test_a_test_that_is_named_is_there(path: str, name: str) -> None:
    assert name in functions(ast.parse((ROOT / path).read_text(encoding="utf-8")).body)
    assert name.rpartition("::")[2].startswith("test_")


@pytest.mark.parametrize("section", SECTIONS)
def test_every_threat_has_something_against_it_and_a_test(section: str) -> None:
    _, told, rest = PAGE.partition(f"\n## {section}\n")
    assert told
    table = rest.partition("\n## ")[0].partition("| shown by |\n|---|---|---|\n")[2].partition("\n\n")[0]
    for row in filter(None, table.splitlines()):
        threat, against, shown = (cell.strip() for cell in row.removeprefix("|").removesuffix("|").split("|"))
        assert bool(threat) is bool(against), row
        assert re.fullmatch(r"`tests/[\w/]+\.py::[\w:]+`", shown), row


def test_enough_is_named() -> None:
    assert len(NAMED) > 15
