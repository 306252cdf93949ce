"""The wheel works by itself: installed in a new environment, in an empty folder, without the checkout."""

import os
import site
import subprocess
import sys
import zipfile
from importlib.util import find_spec
from pathlib import Path

import pytest

from iwmo_gateway import __version__
from tests.acceptance import processes
from tests.cases import FIXTURES

ROOT = FIXTURES.parent
SHIPPED = ("xsd", "contracts", "codelists", "migrations", "fixtures/verhaal")
PIP = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet", "--no-input"]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from the checkout."""
    if find_spec("pip") is None:
        pytest.skip("There is no pip in this environment, so that no wheel can be built")
    folder = tmp_path_factory.mktemp("wheel")
    # Without hatchling here, pip fetches it as it did for the editable install.
    here = ["--no-build-isolation"] if find_spec("hatchling") else []
    pip("wheel", "--no-deps", *here, "--wheel-dir", str(folder), str(ROOT))
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The command in a new environment, which sees the libraries of this one but not the checkout."""
    folder = tmp_path_factory.mktemp("environment")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True, timeout=120)
    pip("--python", str(folder / "bin" / "python"), "install", "--no-deps", "--no-index", str(wheel))
    (packages,) = folder.glob("lib/python*/site-packages")
    # A path in a .pth file is searched last, and the .pth files that lie there (of editable installs) do not count.
    libraries = [path for path in site.getsitepackages() if Path(path).is_dir()]
    (packages / "libraries.pth").write_text("\n".join(libraries) + "\n", encoding="utf-8")
    return folder / "bin" / "iwmo-gateway"


@pytest.mark.parametrize("folder", SHIPPED)
def test_the_wheel_holds_every_file_that_the_gateway_reads(wheel: Path, folder: str) -> None:
    inside = {name for name in contents(wheel) if name.startswith(f"iwmo_gateway/shipped/{folder}/")}
    in_checkout = {
        f"iwmo_gateway/shipped/{path.relative_to(ROOT).as_posix()}"
        for path in (ROOT / folder).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert inside == in_checkout
    if folder != "contracts":
        assert inside


def test_the_wheel_holds_the_rulebook_and_nothing_of_the_tests(wheel: Path) -> None:
    names = contents(wheel)
    assert {"iwmo_gateway/rules/rulebook.toml", "iwmo_gateway/contract/rente.toml"} <= set(names)
    assert "iwmo_gateway/cli.py" in names
    assert {name.partition("/")[0] for name in names} == {
        "iwmo_gateway",
        f"iwmo_gateway-{__version__}.dist-info",
    }
    assert not [name for name in names if "__pycache__" in name]


def test_the_installed_gateway_is_the_wheel_and_not_the_checkout(installed: Path, tmp_path: Path) -> None:
    code = "import iwmo_gateway; from iwmo_gateway.shipped import shipped; print(iwmo_gateway.__file__, shipped('xsd'))"
    told = run(installed.with_name("python"), tmp_path, "-c", code).stdout.split()
    assert len(told) == 2
    assert all(Path(path).is_relative_to(installed.parents[1]) for path in told)


def test_the_demo_of_the_installed_gateway_tells_its_story(installed: Path, tmp_path: Path) -> None:
    done = run(installed, tmp_path, "demo", "--port", "0", DEMO_EXIT="1")
    assert (done.returncode, done.stderr) == (0, "")
    assert "WMO301 accepted" in done.stdout
    assert "Mailbox van 65656055" in done.stdout


def test_the_installed_gateway_validates_a_file(installed: Path, tmp_path: Path) -> None:
    good, bad = FIXTURES / "verhaal" / "1-toewijzing.xml", FIXTURES / "CD005" / "fout-301-land-zonder-postcode.xml"
    done = run(installed, tmp_path, "validate", str(good), str(bad))
    assert (done.returncode, done.stderr) == (1, "")
    assert f"{good}: WMO301 3.2: goed" in done.stdout
    assert f"{bad}: WMO301 3.2: afgekeurd" in done.stdout


def run(program: Path, folder: Path, *arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """Run a program of the new environment, which finds modules only where it was told to."""
    return processes.run(folder, *arguments, program=[str(program)], PYTHONPATH="", **settings)


def contents(wheel: Path) -> list[str]:
    with zipfile.ZipFile(wheel) as archive:
        return archive.namelist()


def pip(*arguments: str) -> None:
    """Run pip; what it says is shown if it fails."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run([*PIP, *arguments], env=environment, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
