"""Two `serve` processes on one PostgreSQL against one: correct 305s of 16 clients, split over both ports."""

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from multiprocessing import get_context
from typing import Final

from bench.client import drive
from bench.databases import Databases
from bench.goals import Row, by_turns
from bench.pipeline import Load, in_mailboxes, streams_of
from bench.serving import Server, gateway_server
from bench.traffic import Traffic

_CORES: Final = 4
"""Two servers, PostgreSQL and the client: with fewer they wait for each other."""


def measure(made: Databases, traffic: Traffic, *, quick: bool, told: Callable[[str], None]) -> Iterator[Row]:
    """Throughput of the same load; `traffic` is that of the database that both servers work on."""
    load = Load(16, 48 if quick else 320)
    rounds = 1 if quick else 5
    told("one and two servers: making allocations")
    prepared = iter([streams_of(traffic, load) for _ in range(2 * (rounds + 1))])
    traffic.gateway.close()
    url = traffic.gateway.settings.database_url
    before = in_mailboxes(url)
    with ExitStack() as stack:
        servers = [
            stack.enter_context(gateway_server(url, made.folder / f"gateway-{number}.log")) for number in range(2)
        ]
        for server in servers:
            server.ready()
        client = stack.enter_context(ProcessPoolExecutor(1, mp_context=get_context("spawn")))

        def throughput(of: list[Server]) -> float:
            ports = [server.port for server in of]
            return client.submit(drive, ports, next(prepared), b'"status":"accepted"').result().throughput

        told("one and two servers: sending")
        pairs = by_turns(rounds, lambda: throughput(servers), lambda: throughput(servers[:1]))
    if in_mailboxes(url) - before != 4 * (rounds + 1) * load.calls:
        raise SystemExit("Not every message and its answer is in a mailbox")
    cores = os.cpu_count() or 1
    unfit = f"{cores} cores: too few to tell" if cores < _CORES else None
    yield Row.of_pairs("two serve processes against one, messages/s", pairs, at_least=1.6, unfit=unfit)
