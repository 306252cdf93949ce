"""schemathesis against the running gateway: whatever the documentation allows or forbids is answered as it says."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from iwmo_gateway.shipped import shipped
from tests.acceptance.processes import PATIENCE
from tests.evil.conftest import AANBIEDER, GEMEENTE, Target
from tests.evil.documents import GOOD, fresh

ROOT = Path(__file__).parents[2]
EXAMPLES = int(os.environ.get("SCHEMATHESIS_EXAMPLES", "3"))
"""Calls made up for each operation, beside those at its edges."""


@pytest.mark.parametrize(
    ("who", "phases", "paths"),
    [
        ("operator", "examples,coverage", ""),
        (AANBIEDER, "examples,coverage", "mailbox"),
        (GEMEENTE, "examples,coverage", "reviews"),
        (AANBIEDER, "examples,fuzzing", ""),
        ("auditor", "examples,fuzzing", ""),
    ],
)
def test_the_gateway_does_what_its_documentation_says(
    target: Target, tmp_path: Path, who: str, phases: str, paths: str
) -> None:
    """No 5xx, no status or media type that is not documented, no answer of another shape, no way around the token."""
    profile = (shipped("contracts") / "rhenen-wmo-2023.toml").read_bytes()
    toml = target.headers("operator", **{"Content-Type": "application/toml"})
    target.client.put("/v1/contracts/rhenen-wmo-2023", content=profile, headers=toml)
    known = target.send(fresh(GOOD.encode())).json()["id"]
    path = os.pathsep.join([str(ROOT), *sys.path])
    told = {"SCHEMATHESIS_HOOKS": "tests.evil.hooks", "EVIL_MESSAGE": known, "PYTHONPATH": path}
    done = subprocess.run(
        [
            sys.executable, "-m", "schemathesis.cli", "run", f"http://127.0.0.1:{target.address[1]}/v1/openapi.json",
            "--header", f"Authorization: Bearer {target.tokens[who]}",
            "--phases", phases,
            "--include-path-regex", paths or "/", "--max-examples", str(EXAMPLES), "--seed", "20230301",
            # That a text is XML, or a day later than another, is more than its schema can say. Many wrong tokens
            # from one address get a 429, not a 401; test_http_guards.py tries every call without a token.
            "--exclude-checks", "positive_data_acceptance,ignored_auth",
            "--continue-on-failure", "--no-shrink", "--no-color", "--warnings", "off", "--generation-database", "none",
        ],
        cwd=tmp_path,
        env=os.environ | told,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=PATIENCE * max(5, EXAMPLES),
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-8000:] + done.stderr[-2000:]
    assert "No issues found" in done.stdout
    target.lives()
