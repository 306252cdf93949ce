"""Bare connections: what is no HTTP gets one answer and an end, no call hides behind another, and nobody waits long."""

import re
import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import pytest

from iwmo_gateway.gateway.context import open_gateway
from iwmo_gateway.settings import Settings
from iwmo_gateway.web import server
from tests.acceptance.processes import PATIENCE
from tests.conftest import SECRET
from tests.evil.conftest import AANBIEDER, HEADERS, SECRET_TEXT, Target
from tests.evil.wire import CHUNKS, CLIMBS, HEADS, LENGTHS, Wire, get, post

_HEAD = re.compile(rb"HTTP/1\.1 (\d{3}) [^\r]*\r\n(.*?)\r\n\r\n", re.DOTALL)


def heard(connection: socket.socket) -> bytes:
    """Whatever is said until the connection is closed; fails if it never is."""
    said = b""
    with suppress(ConnectionError):
        while part := connection.recv(65536):
            said += part
    return said


def answers(said: bytes) -> list[tuple[int, dict[str, str]]]:
    """Status and headers of each answer."""
    return [
        (
            int(status),
            {
                name.strip().lower(): value.strip()
                for name, _, value in (line.partition(":") for line in head.decode("latin-1").split("\r\n"))
            },
        )
        for status, head in _HEAD.findall(said)
    ]


@pytest.mark.parametrize("wire", [*LENGTHS, *CHUNKS, *HEADS, *CLIMBS], ids=lambda wire: wire.name)
def test_a_bare_connection_gets_what_it_deserves(target: Target, wire: Wire) -> None:
    token = target.tokens[AANBIEDER]
    with socket.create_connection(target.address, PATIENCE) as connection:
        with suppress(ConnectionError):
            connection.sendall(wire.sent.replace(b"{token}", token.encode()))
            if wire.cut:
                connection.shutdown(socket.SHUT_WR)
        said = heard(connection)
    told = answers(said)
    assert tuple(status for status, _ in told) == wire.statuses, said[:500]
    for status, headers in told:
        assert HEADERS.items() <= headers.items()
        assert not {"server", "x-powered-by"} & set(headers)
        if status >= 400:
            assert headers["content-type"] == "application/problem+json"
        if status == 405:
            assert headers["allow"]
    assert token.encode() not in said
    assert not SECRET_TEXT.search(said.decode("latin-1"))
    target.lives()
    assert token not in target.process.said


def test_a_crowd_that_says_half_of_something_keeps_nobody_out(target: Target) -> None:
    body = post(b"Content-Length: 1000\r\n", b"<half").replace(b"{token}", target.tokens[AANBIEDER].encode())
    with ExitStack() as crowd:
        for number in range(200):
            connection = crowd.enter_context(socket.create_connection(target.address, PATIENCE))
            connection.sendall((b"GET /healthz HT", b"", body)[number % 3])
        target.lives()
    target.lives()


@contextmanager
def quick_server(folder: Path) -> Iterator[tuple[str, int]]:
    """A server in a thread of this process."""
    url = f"sqlite:///{folder / 'iwmo.db'}"
    gateway = open_gateway(Settings(_env_file=None, database_url=url, secret_key=SECRET))
    gateway.database.migrate()
    serving = server.server_of(gateway, "127.0.0.1", 0)
    thread = threading.Thread(target=serving.run, daemon=True)
    thread.start()
    pause = threading.Event()
    while not serving.started and thread.is_alive():
        pause.wait(0.01)
    try:
        yield serving.servers[0].sockets[0].getsockname()
    finally:
        serving.should_exit = True
        thread.join(PATIENCE)
        gateway.close()


@pytest.mark.parametrize(
    ("begun", "dripped", "statuses"),
    [
        (b"", b"", []),
        (b"", b"G", []),
        (b"GET /healthz HTTP/1.1\r\nHost: x\r\n", b"X: a\r\n", []),
        (b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n", b"GET", [200]),
        (post(b"Content-Length: 100000\r\n").replace(b"{token}", b"nobody's"), b"<a/>", [401]),
    ],
    ids=["nothing", "less than a line", "a head without end", "half of a second call", "a body after the answer"],
)
def test_a_sender_that_drips_is_cut_off(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, begun: bytes, dripped: bytes, statuses: list[int]
) -> None:
    monkeypatch.setattr(server, "HEAD_SECONDS", 0.3)
    with quick_server(tmp_path) as address, socket.create_connection(address, PATIENCE) as connection:
        stop = threading.Event()

        def drip() -> None:
            with suppress(OSError):
                connection.sendall(begun)
                while dripped and not stop.wait(0.05):
                    connection.sendall(dripped)

        dripping = threading.Thread(target=drip)
        dripping.start()
        said = heard(connection)
        stop.set()
        dripping.join(PATIENCE)
    assert [status for status, _ in answers(said)] == statuses


def test_a_call_that_takes_its_time_is_not_cut_off(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """What counts is the time of the sender, never that of the gateway."""
    monkeypatch.setattr(server, "HEAD_SECONDS", 0.05)
    slept = threading.Event()
    monkeypatch.setattr("iwmo_gateway.web.app.healthz", lambda: {"slept": str(slept.wait(0.3))})
    with quick_server(tmp_path) as address, socket.create_connection(address, PATIENCE) as connection:
        connection.sendall(get(b"/healthz"))
        assert b'{"slept":"False"}' in heard(connection)
