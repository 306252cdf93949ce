"""A correct 305 over HTTP (kept, judged, answered, in both mailboxes) against the floor, with more and more clients."""

import statistics
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from multiprocessing import get_context
from typing import Final

from sqlalchemy import func, select

from bench.client import Drive, drive
from bench.databases import Databases
from bench.goals import Row
from bench.serving import Server, floor_server, gateway_server
from bench.traffic import Traffic
from iwmo_gateway.store.database import Database
from iwmo_gateway.store.tables import mailbox


@dataclass(frozen=True, slots=True)
class Load:
    """How a server is driven: so many clients, each another provider unless `one_provider`, and calls in all."""

    clients: int
    calls: int
    one_provider: bool = False

    @property
    def providers(self) -> list[int]:
        """The provider of each call."""
        return [0 if self.one_provider else call % self.clients for call in range(self.calls)]


_WARMING: Final = Load(4, 48, one_provider=True)


@dataclass(frozen=True, slots=True)
class Driven:
    """One drive, and the CPU seconds that the server used for it."""

    drive: Drive
    cpu: float | None


@dataclass(frozen=True, slots=True)
class Measured:
    """One load on one database: gateway and floor by turns, a drive of each per round."""

    load: Load
    gateway: list[Driven] = field(default_factory=list)
    floor: list[Driven] = field(default_factory=list)

    @property
    def ratios(self) -> list[float]:
        """Of each round: the gateway's throughput as a part of the floor's."""
        return [
            ours.drive.throughput / theirs.drive.throughput
            for ours, theirs in zip(self.gateway, self.floor, strict=True)
        ]


def throughput(driven: Sequence[Driven]) -> float:
    """The median of the rounds, in calls a second."""
    return statistics.median(each.drive.throughput for each in driven)


def quantile(driven: Sequence[Driven], part: float) -> float:
    """The time within which this part of all calls was answered, in seconds."""
    calls = sorted(call for each in driven for call in each.drive.calls)
    return calls[min(len(calls) - 1, int(len(calls) * part))]


def cpu_per_call(driven: Sequence[Driven]) -> float | None:
    """CPU seconds of the server process (without the database's own processes) for one call."""
    used = [each.cpu for each in driven if each.cpu is not None]
    return sum(used) / sum(len(each.drive.calls) for each in driven) if len(used) == len(driven) else None


def client_share(driven: Sequence[Driven]) -> float:
    """How much of the wall time the client's process was busy: near 1 it would be the limit itself."""
    return sum(each.drive.cpu for each in driven) / sum(each.drive.seconds for each in driven)


def goals(measured: Sequence[Measured]) -> Iterator[Row]:
    """What of this has a goal, of one database."""
    for one in measured:
        if one.load == Load(16, one.load.calls):
            ours, theirs = (f"{throughput(each):.0f}" for each in (one.gateway, one.floor))
            what = "a 305 over HTTP against the floor, 16 clients, messages/s"
            yield Row(what, ours, theirs, one.ratios, at_least=0.4)
        if one.load.clients == 1:
            rounds = zip(one.gateway, one.floor, strict=True)
            pairs = [(quantile([ours], 0.5), quantile([theirs], 0.5)) for ours, theirs in rounds]
            what = "a 305 over HTTP against the floor, 1 client, p50, ms"
            yield Row.of_pairs(what, pairs, at_most=2.5, scale=1e3)


def measure(
    made: Databases, kind: str, traffic: Traffic, loads: Sequence[Load], rounds: int, told: Callable[[str], None]
) -> list[Measured]:
    """Every load on one database. `traffic` is that of the database which the gateway's server will work on."""
    told("making allocations")
    prepared = [
        (load, streams_of(traffic, load)) for load in (_WARMING, *[load for _ in range(rounds) for load in loads])
    ]
    traffic.gateway.close()
    url = traffic.gateway.settings.database_url
    before = in_mailboxes(url)
    measured = {load: Measured(load) for load in (_WARMING, *loads)}
    with _both(made, kind, url) as (gateway, floor), _client() as driven:
        told("sending")
        for load, streams in prepared:
            measured[load].floor.append(driven(floor, streams, b'"kept"'))
            measured[load].gateway.append(driven(gateway, streams, b'"status":"accepted"'))
    if in_mailboxes(url) - before != 2 * sum(load.calls for load, _ in prepared):
        raise SystemExit("Not every message and its answer is in a mailbox")
    return [measured[load] for load in loads]


def streams_of(traffic: Traffic, load: Load) -> list[list[bytes]]:
    requests = [traffic.request(pair) for pair in traffic.starts(load.providers)]
    return [requests[first :: load.clients] for first in range(load.clients)]


def in_mailboxes(url: str) -> int:
    database = Database(url)
    try:
        with database.reading() as transaction:
            return transaction.scalar(select(func.count()).select_from(mailbox)) or 0
    finally:
        database.close()


@contextmanager
def _both(made: Databases, kind: str, url: str) -> Iterator[tuple[Server, Server]]:
    with ExitStack() as stack:
        gateway = stack.enter_context(gateway_server(url, made.folder / f"gateway-{kind}.log"))
        floor = stack.enter_context(floor_server(made.create(kind, "floor"), made.folder / f"floor-{kind}.log"))
        for server in (gateway, floor):
            server.ready()
        yield gateway, floor


@contextmanager
def _client() -> Iterator[Callable[[Server, Sequence[Sequence[bytes]], bytes], Driven]]:
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as process:

        def driven(server: Server, streams: Sequence[Sequence[bytes]], expected: bytes) -> Driven:
            before = server.cpu
            done = process.submit(drive, [server.port], streams, expected).result()
            after = server.cpu
            return Driven(done, None if before is None or after is None else after - before)

        yield driven
