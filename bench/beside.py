"""How long small messages take while a worker judges a declaration of some 25 MB, against when it has nothing to do.

One `serve` process, PostgreSQL, one client that sends correct 305s one after another.
"""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from multiprocessing import get_context
from typing import Final

from bench.client import Drive, drive
from bench.databases import Databases
from bench.goals import Row
from bench.large import judge_waiting, keep, worker
from bench.lines import Provider, load_contract
from bench.serving import gateway_server
from bench.traffic import Traffic

_CALLS: Final = 40
"""In a batch."""
_ENOUGH: Final = 400
"""Of so many calls the slowest hundredth says something."""


def measure(made: Databases, traffic: Traffic, *, quick: bool, told: Callable[[str], None]) -> Iterator[Row]:
    """p50 and p99; `traffic` is that of the database that server and worker share."""
    rounds, batches = (1, 6) if quick else (2, 45)
    gateway = traffic.gateway
    large = Provider(15, 30 if quick else 3_600)
    told(f"beside a claim of {large.lines} lines: making allocations")
    load_contract(gateway)
    large.allocate(gateway)
    requests = [
        [traffic.request(pair) for pair in traffic.starts([0] * _CALLS)] for _ in range(rounds * 2 * batches + 1)
    ]
    prepared = iter(requests)
    with ExitStack() as stack:
        url = gateway.settings.database_url
        server = stack.enter_context(gateway_server(url, made.folder / "gateway-beside.log"))
        server.ready()
        client = stack.enter_context(ProcessPoolExecutor(1, mp_context=get_context("spawn")))

        def batch() -> Drive:
            return client.submit(drive, [server.port], [next(prepared)], b'"status":"accepted"').result()

        batch()
        pairs = []
        for number in range(rounds):
            told(f"beside a claim of {large.lines} lines: sending, round {number + 1} of {rounds}")
            body = large.claim(number, refused=False)
            keep(gateway, large, body)
            with worker(url) as process:
                judged = process.submit(judge_waiting)
                busy: list[Drive] = []
                while not judged.done() and len(busy) < batches:
                    busy.append(batch())
                judged.result()
            idle = [batch() for _ in busy]
            pairs.append((_calls(busy), _calls(idle)))
    few = min(len(busy) for busy, _ in pairs)
    unfit = f"only {few} calls beside it" if few < _ENOUGH else None
    for name, part, goal in (("p50", 0.5, None), ("p99", 0.99, 3.0)):
        what = f"{name} of a 305 while a worker judges {large.lines:,} lines, against idle, ms"
        found = [(_quantile(busy, part), _quantile(idle, part)) for busy, idle in pairs]
        yield Row.of_pairs(what, found, at_most=goal, scale=1e3, unfit=unfit)


def _calls(drives: Sequence[Drive]) -> list[float]:
    return sorted(call for each in drives for call in each.calls)


def _quantile(calls: Sequence[float], part: float) -> float:
    """The time within which this part of the calls was answered, of calls in order."""
    return calls[min(len(calls) - 1, int(len(calls) * part))]
