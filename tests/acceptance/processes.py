"""The gateway's own command as processes: started in an empty folder, spoken to over HTTP, and always ended."""

import os
import socket
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from subprocess import DEVNULL, CompletedProcess, Popen, TimeoutExpired
from subprocess import run as run_to_its_end
from tempfile import TemporaryDirectory
from typing import TypeVar

import httpx2
import pytest

from tests.acceptance.forked import run_forked

T = TypeVar("T")

PATIENCE = 60
"""Seconds after which something that should have happened long ago is said never to happen."""

_RUN = "import sys; sys.argv[0] = 'iwmo-gateway'; from iwmo_gateway.cli import run; run()"
_OURS = ("IWMO_", "DEMO_EXIT", "COLUMNS", "LINES", "FORCE_COLOR", "NO_COLOR")


def command() -> list[str]:
    """The installed command; where it is missing, or older than this checkout, what it would run."""
    script = Path(sys.executable).with_name("iwmo-gateway")
    if script.exists() and "from iwmo_gateway.cli import run" in script.read_text(encoding="utf-8"):
        return [str(script)]
    return [sys.executable, "-c", _RUN]


def environment(**settings: str) -> dict[str, str]:
    """The environment of this process without anything that the gateway reads, and with these variables."""
    return {name: value for name, value in os.environ.items() if not name.startswith(_OURS)} | settings


def run(folder: Path, *arguments: str, program: Sequence[str] = (), **settings: str) -> CompletedProcess[str]:
    """Run the command to its end; another program as it is installed."""
    if program:
        return run_to_its_end(
            [*program, *arguments],
            cwd=folder,
            env=environment(**settings),
            stdin=DEVNULL,
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=PATIENCE,
            check=False,
        )
    with TemporaryDirectory() as kept:
        said = Path(kept) / "said", Path(kept) / "complained"
        code = run_forked(folder, arguments, environment(**settings), said, PATIENCE)
        told, complained = (path.read_text(encoding="utf-8") for path in said)
    if code is None:
        raise TimeoutExpired(arguments, PATIENCE, told, complained)
    return CompletedProcess(arguments, code, told, complained)


def run_each(
    folder: Path, calls: Sequence[Sequence[str]], *each: Mapping[str, str], **settings: str
) -> list[CompletedProcess[str]]:
    """Run the command to its end in several ways, side by side; `each` gives every one variables of its own."""
    own = each or [{}] * len(calls)
    with ThreadPoolExecutor(os.cpu_count() or 2) as threads:
        return list(threads.map(lambda call, more: run(folder, *call, **settings, **more), calls, own))


class Running:
    """A process that runs, with what it has written to standard error so far."""

    def __init__(self, process: "Popen[bytes]", said: Path) -> None:
        self.process = process
        self._said = said

    @property
    def said(self) -> str:
        return self._said.read_text(encoding="utf-8", errors="replace")

    def terminate(self) -> None:
        self.process.terminate()

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(PATIENCE)

    def ended(self) -> int:
        """Its exit code, once it has ended."""
        try:
            return self.process.wait(PATIENCE)
        except TimeoutExpired:
            pytest.fail(f"The process does not end. It said:\n{self.said}")


@contextmanager
def running(folder: Path, *arguments: str, program: Sequence[str] = (), **settings: str) -> Iterator[Running]:
    """The command as a process, killed at the end if it is still there."""
    number = sum(1 for _ in folder.glob("said-*.txt"))
    path = folder / f"said-{number}.txt"
    with path.open("wb") as said:
        process = Popen(
            [*(program or command()), *arguments],
            cwd=folder,
            env=environment(**settings),
            stdin=DEVNULL,
            stdout=said,
            stderr=said,
        )
    try:
        yield Running(process, path)
    finally:
        process.kill()
        process.wait(PATIENCE)


@contextmanager
def serving(folder: Path, program: Sequence[str] = (), **settings: str) -> Iterator[tuple[Running, httpx2.Client]]:
    """`serve` on a port of its own, ready, and a client that speaks to it."""
    port = free_port()
    with (
        running(folder, "serve", "--port", str(port), program=program, **settings) as process,
        httpx2.Client(base_url=f"http://127.0.0.1:{port}", timeout=PATIENCE) as client,
    ):

        def ready() -> bool:
            try:
                return client.get("/readyz").status_code == 200
            except httpx2.TransportError:
                return False

        until("The server is ready", ready, process)
        yield process, client


def until(what: str, found: Callable[[], T], *processes: Running) -> T:
    """Wait for something to be so, and return it; fail if it never is, or if one of these processes ends first."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        value = found()
        if value:
            return value
        for process in processes:
            if process.process.poll() is not None:
                pytest.fail(f"{what}: not before the process ended. It said:\n{process.said}")
        time.sleep(0.05)
    pytest.fail(f"{what}: never happened. " + "\n".join(process.said for process in processes))


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def bearer(token: str) -> dict[str, str]:
    """The header that carries a token."""
    return {"Authorization": f"Bearer {token}"}
