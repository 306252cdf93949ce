"""The client: plain sockets that stay open, in a process of its own, with no more work per answer than must be."""

import re
import socket
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import cycle
from typing import Final

_LENGTH: Final = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Drive:
    """What one drive took: seconds on the wall, seconds of CPU of the client, and of each call."""

    seconds: float
    cpu: float
    calls: tuple[float, ...]

    @property
    def throughput(self) -> float:
        """Calls a second."""
        return len(self.calls) / self.seconds


def drive(ports: Sequence[int], streams: Sequence[Sequence[bytes]], expected: bytes) -> Drive:
    """Send every stream over a connection of its own, all at once, each call after the answer to the one before it.

    The connections go to the ports by turns. Raises RuntimeError unless every answer is a 201 that holds `expected`.
    """
    gate = threading.Barrier(len(streams) + 1)
    took: list[list[float]] = [[] for _ in streams]
    wrong: list[bytes] = []

    def run(port: int, requests: Sequence[bytes], mine: list[float]) -> None:
        with socket.create_connection(("127.0.0.1", port), timeout=60) as connection:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            gate.wait()
            for request in requests:
                began = time.perf_counter()
                answer = _exchange(connection, request)
                mine.append(time.perf_counter() - began)
                if not answer.startswith(b"HTTP/1.1 201 ") or expected not in answer:
                    wrong.append(answer)
                    return

    threads = [threading.Thread(target=run, args=each) for each in zip(cycle(ports), streams, took, strict=False)]
    for thread in threads:
        thread.start()
    gate.wait(60)
    began, worked = time.perf_counter(), time.process_time()
    for thread in threads:
        thread.join()
    seconds, cpu = time.perf_counter() - began, time.process_time() - worked
    calls = tuple(call for each in took for call in each)
    if wrong or len(calls) != sum(map(len, streams)):
        raise RuntimeError(f"Not every call was answered as expected: {wrong[:1]!r}")
    return Drive(seconds, cpu, calls)


def _exchange(connection: socket.socket, request: bytes) -> bytes:
    connection.sendall(request)
    answer = b""
    while (end := answer.find(b"\r\n\r\n")) < 0:
        answer += _more(connection)
    length = _LENGTH.search(answer, 0, end)
    if length is None:
        raise RuntimeError("An answer without Content-Length")
    while len(answer) < end + 4 + int(length[1]):
        answer += _more(connection)
    return answer


def _more(connection: socket.socket) -> bytes:
    data = connection.recv(65536)
    if not data:
        raise RuntimeError("The server closed the connection")
    return data
