"""A gateway as its own process, for attacks: within bounds of memory, beside a file and a port not to be touched."""

import re
import socket
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import httpx2
import pytest

from iwmo_gateway.gateway.access import create_token
from iwmo_gateway.gateway.context import open_gateway
from iwmo_gateway.settings import Settings
from iwmo_gateway.store.parties import TokenRole
from tests.acceptance.processes import Running, bearer, serving, until
from tests.conftest import SECRET, TODAY
from tests.evil.documents import CANARY, GOOD, Trap, fresh

AANBIEDER: Final = "42420001"
GEMEENTE: Final = "0384"
MOST_MEMORY: Final = 700 * 1024 * 1024
"""A little more than twelve times the largest message beside what a gateway needs at rest."""
SECRET_TEXT: Final = re.compile(rf"\b9999(?!99999)\d{{5}}\b|Proefstra|Fenna|1951-04-17|{CANARY}|Traceback")
"""What no answer and no log may tell: Bsn, names and birth date of a client, another's file, and our own insides."""
HEADERS: Final = {
    "cache-control": "no-store",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
}
_LIMITED: Final = (
    "import resource, sys; resource.setrlimit(resource.RLIMIT_DATA, (3 << 30, 3 << 30));"
    "sys.argv[0] = 'iwmo-gateway'; from iwmo_gateway.cli import run; run()"
)


@dataclass(frozen=True)
class Target:
    """The gateway that is attacked, with what nobody may reach from it."""

    process: Running
    client: httpx2.Client
    tokens: dict[str, str]
    trap: Trap
    listener: socket.socket

    @property
    def address(self) -> tuple[str, int]:
        return "127.0.0.1", self.client.base_url.port or 0

    def headers(self, who: str = AANBIEDER, **more: str) -> dict[str, str]:
        return {**bearer(self.tokens[who]), **more}

    def send(self, body: bytes, path: str = "/v1/berichten", **headers: str) -> httpx2.Response:
        """POST a message; the answer is harmless whatever it is."""
        told = {"Content-Type": "application/xml", "X-Received-At": "2023-03-01T12:00:00+01:00", **headers}
        return self.harmless(self.client.post(path, content=body, headers=self.headers(**told)))

    def get(self, path: str, who: str = AANBIEDER, **how: Any) -> httpx2.Response:
        return self.harmless(self.client.get(path, headers=self.headers(who), **how))

    def harmless(self, answer: httpx2.Response) -> httpx2.Response:
        """An answer that is no fault of ours, is a problem where it is a refusal, and gives nothing away."""
        assert answer.status_code < 500, answer.text
        assert HEADERS.items() <= dict(answer.headers).items()
        assert not {"server", "x-powered-by", "via"} & set(answer.headers)
        if answer.status_code >= 400:
            assert answer.headers["content-type"] == "application/problem+json"
            assert answer.json()["status"] == answer.status_code
        assert not SECRET_TEXT.search(answer.text)
        assert len(answer.content) < 256 * 1024
        return answer

    def lives(self) -> None:
        """It judges a good message rightly, told nothing, reached nowhere, and kept within its memory."""
        answer = self.send(fresh(GOOD.encode()))
        assert (answer.status_code, answer.json()["status"], answer.json()["bevindingen"]) == (201, "accepted", [])
        assert not SECRET_TEXT.search(self.process.said)
        with pytest.raises(BlockingIOError):
            self.listener.accept()
        assert self.most_memory < MOST_MEMORY

    @property
    def most_memory(self) -> int:
        """The most bytes of memory that the process ever had; 0 where there is no /proc."""
        status = Path(f"/proc/{self.process.process.pid}/status")
        told = status.read_text().partition("VmHWM:")[2].split() if status.exists() else ["0"]
        return int(told[0]) * 1024

    def judged(self, answer: httpx2.Response) -> str:
        """The status of a message that was taken, once it is judged."""
        path = answer.headers["location"]

        def status() -> str | None:
            now: str = self.get(path).json()["status"]
            return None if now == "received" else now

        return until("The message is judged", status, self.process) or ""


@pytest.fixture(scope="session")
def target(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    """A gateway on SQLite, as its own process."""
    folder = tmp_path_factory.mktemp("evil")
    canary = folder / "canary"
    canary.write_text(CANARY, encoding="ascii")
    url = f"sqlite:///{folder / 'iwmo.db'}"
    gateway = open_gateway(Settings(_env_file=None, database_url=url, secret_key=SECRET))
    gateway.database.migrate()
    tokens = {party: create_token(gateway, TokenRole.PARTY, party, "test", TODAY) for party in (AANBIEDER, GEMEENTE)}
    tokens |= {
        role: create_token(gateway, role, None, "test", TODAY) for role in (TokenRole.OPERATOR, TokenRole.AUDITOR)
    }
    gateway.close()
    settings = {"IWMO_DATABASE_URL": url, "IWMO_SECRET_KEY": SECRET, "IWMO_SANDBOX": "1"}
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        listener.setblocking(False)
        trap = Trap(canary, listener.getsockname()[1])
        with serving(folder, program=(sys.executable, "-c", _LIMITED), **settings) as (process, client):
            yield Target(process, client, tokens, trap, listener)
