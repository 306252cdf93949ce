"""docs/adding-a-release.md, done: its commands on a copy of the checkout, and then the tests that find a release."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cases import FIXTURES

ROOT = FIXTURES.parent
COPIED = ("src", "xsd", "codelists", "contracts", "migrations", "scripts", "tests", "fixtures", "pyproject.toml")
PAGE = (ROOT / "docs" / "adding-a-release.md").read_text(encoding="utf-8")
COMMANDS = re.findall(r"^ *\$ (.*)$", PAGE, re.MULTILINE)


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the checkout to which 3.3 was added: 3.2 with one element more in a StartProduct."""
    folder = tmp_path_factory.mktemp("checkout")
    for name in COPIED:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / name, folder)
    for standard in ("iwmo", "ijw"):
        publish(standard, folder / "published" / standard)
    for command in COMMANDS:
        if "pytest" not in command:
            assert run(folder, command) == ""
    return folder


def publish(standard: str, folder: Path) -> None:
    """What the publisher of the standard would do."""
    folder.mkdir(parents=True)
    status = '<xs:element name="StatusAanlevering"'
    element = f'<xs:element name="VerwachteEinddatum" type="{standard}:LDT_Datum" minOccurs="0"/>'
    for path in (ROOT / "xsd" / standard / "3.2").glob("*.xsd"):
        text = path.read_text(encoding="utf-8").replace("/3_2/", "/3_3/").replace("release>3.2<", "release>3.3<")
        text = re.sub(r'(LDT_BerichtSubversie">\s*<xs:pattern value=)"2"', r'\1"3"', text)
        if path.stem[-3:] in {"305", "306"}:
            text = text.replace(status, element + status)
        (folder / path.name).write_text(text, encoding="utf-8")


def run(folder: Path, command: str) -> str:
    """Run a command of the page to its end; what it prints."""
    path = os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"]))
    variables = {**os.environ, "PATH": path, "PYTHONPATH": str(folder / "src")}
    done = subprocess.run(
        ["bash", "-c", command], cwd=folder, env=variables, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_new_release_is_there(checkout: Path) -> None:
    shown = run(checkout, "python -c 'from iwmo_gateway.cli import run; run()' rules --domain jw --release 3.3")
    assert "TR019" in shown
    assert len(list(checkout.glob("xsd/*/3.3/*.xsd"))) == len(list(checkout.glob("xsd/*/3.2/*.xsd"))) == 30


def test_the_new_element_is_repeated_in_the_return_message(checkout: Path) -> None:
    source = ROOT / "tests" / "acceptance" / "new_element.py"
    shutil.copy(source, checkout / "tests" / "integration" / "test_new_element.py")
    run(checkout, "python -m pytest -p no:cacheprovider tests/integration/test_new_element.py -k sqlite")


def test_the_tests_find_the_new_release_and_pass(checkout: Path) -> None:
    (command,) = [command for command in COMMANDS if "pytest" in command]
    # The whole of it is for who adds one; here are those that judge messages, of a few rules.
    said = run(checkout, f"{command} -rA -k '3.3 and not postgresql and (TR019 or TR321 or http_releases)'")
    for name in ("judged_alike_in_later_releases[TR321", "start_on_an_allocation", "claim_on_an_allocation"):
        assert re.search(rf"PASSED .*{re.escape(name)}.*3\.3", said), name
