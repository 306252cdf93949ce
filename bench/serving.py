"""Server processes: the gateway as `iwmo-gateway serve` starts it, and the floor, each on a free port."""

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

SECRET: Final = "a key for benchmarks only"  # noqa: S105
_START_SECONDS: Final = 30
_SERVE: Final = "from iwmo_gateway.cli import run; run()"


@dataclass(frozen=True)
class Server:
    """A process that serves on a port."""

    process: subprocess.Popen[bytes]
    port: int
    log: Path

    def ready(self) -> None:
        """Wait until it answers."""
        until = time.monotonic() + _START_SECONDS
        while time.monotonic() < until and self.process.poll() is None:
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/healthz", timeout=5):
                    return
            except (urllib.error.URLError, ConnectionError):
                time.sleep(0.05)
        raise SystemExit(f"A server did not start:\n{self.log.read_text()[-2000:]}")

    @property
    def cpu(self) -> float | None:
        """Seconds of CPU that it has used; None where there is no /proc."""
        stat = Path(f"/proc/{self.process.pid}/stat")
        if not stat.exists():
            return None
        user, system = stat.read_text().rpartition(")")[2].split()[11:13]
        return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


@contextmanager
def gateway_server(url: str, log: Path) -> Iterator[Server]:
    """The gateway on this database; `ready` waits for it."""
    settings = {"IWMO_DATABASE_URL": url, "IWMO_SECRET_KEY": SECRET, "IWMO_SANDBOX": "1"}
    settings |= {"IWMO_RECEIVERS": "any", "IWMO_RATE_LIMIT": "100000/second"}
    port = _free_port()
    with _serving(["-c", _SERVE, "serve", "--port", str(port)], port, log, settings) as server:
        yield server


@contextmanager
def floor_server(url: str, log: Path) -> Iterator[Server]:
    """The floor on this database; `ready` waits for it."""
    port = _free_port()
    with _serving(["-m", "bench.floor", url, str(port)], port, log, {}) as server:
        yield server


@contextmanager
def _serving(arguments: Sequence[str], port: int, log: Path, settings: Mapping[str, str]) -> Iterator[Server]:
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, *arguments],
            stdout=output,
            stderr=output,
            env={**os.environ, **settings},
            cwd=Path(__file__).parents[1],
        )
    try:
        yield Server(process, port, log)
    finally:
        process.terminate()
        process.wait(_START_SECONDS)


def _free_port() -> int:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        port: int = listening.getsockname()[1]
        return port
