"""What a claim (323) costs a line, without HTTP, against lxml's parse + XSD of the same bytes in the same run.

A claim is kept, judged, answered and put into both mailboxes; one above the limit of what is answered at once is kept
first and judged by the worker, which reads it a second time.
"""

import cProfile
import gc
import io
import pstats
import statistics
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any, Final

from lxml import etree

from bench.lines import CLAIMED_AT, CLAIMS, LINES_OF_CLIENT, Provider, load_contract
from bench.serving import SECRET
from bench.stages import REST, Clock, clocked
from bench.statements import Asked, watched
from bench.traffic import AANBIEDERS
from iwmo_gateway.gateway.context import Gateway, open_gateway
from iwmo_gateway.gateway.receive import Taken, receive
from iwmo_gateway.gateway.results import Result
from iwmo_gateway.gateway.waiting import judge_next
from iwmo_gateway.settings import Settings
from iwmo_gateway.shipped import shipped
from iwmo_gateway.standard.kinds import Domain
from iwmo_gateway.store.messages import Status

SIZES: Final = {300: 4, 3_000: 2, 30_000: 1}
"""How many providers make claims of so many lines: each makes six, three right ones and three refused in part."""
_ORDER: Final = (False, True, True, False, False, True)
"""Which of a provider's claims are refused in part; each stands as often early as late, since history grows."""
_SHOWN: Final = {
    "read (parse)": "parse, header, depth",
    "XSD, of message and answer": "XSD, of claim and answer",
    "load history": "load history",
    "return message": "answer",
    "return message: bytes": "answer",
    "store facts": "write lines",
    "store judgement": "write findings",
    "lock": "write the rest",
    "commit, give back": "commit",
    "connect, begin": "write the rest",
    REST: "everything else",
}


@dataclass(frozen=True, slots=True)
class Round:
    """One claim: seconds of parse + XSD alone, seconds in all, those of each stage, and what the database was asked.

    `earlier` is how many claims the provider made before on the same allocations.
    """

    earlier: int
    floor: float
    taken: float
    stages: Mapping[str, float]
    asked: Asked


@dataclass(frozen=True, slots=True)
class Claimed:
    """Claims of one size, all right or each refused in part."""

    lines: int
    refused: bool
    size: int
    rounds: Sequence[Round]

    @property
    def ratios(self) -> list[float]:
        """Of each claim: its time against parse + XSD."""
        return [one.taken / one.floor for one in self.rounds]

    def a_line(self, seconds: Callable[[Round], float]) -> float:
        """The median of something in seconds, for one line."""
        return statistics.median(map(seconds, self.rounds)) / self.lines


@dataclass(frozen=True, slots=True)
class Memory:
    """The most memory that a process of its own had for the largest claim, in bytes; None where it cannot be known."""

    lines: int
    before: int | None
    gateway: int | None
    floor: int | None


def measure(gateway: Gateway, *, quick: bool, told: Callable[[str], None]) -> tuple[list[Claimed], Memory | None]:
    """Claims of every size on one database, and the memory of the largest unless it should be quick."""
    sizes = {300: 1} if quick else SIZES
    load_contract(gateway)
    _warm_up(gateway)
    claimed = []
    number, largest = 0, Provider(0, 0)
    for lines, amount in sizes.items():
        told(f"claims of {lines} lines: making allocations")
        providers = [Provider(number + each, lines // LINES_OF_CLIENT) for each in range(amount)]
        for provider in providers:
            provider.allocate(gateway)
        told(f"claims of {lines} lines")
        claimed += _claimed(gateway, lines, providers, _ORDER[:2] if quick else _ORDER)
        number, largest = number + amount, providers[-1]
    return claimed, None if quick else _memory(gateway, largest)


def profile(gateway: Gateway, lines: int, shown: int = 25) -> str:
    """The functions with most time of their own in one claim, all of whose lines are right."""
    load_contract(gateway)
    provider = Provider(0, lines // LINES_OF_CLIENT)
    provider.allocate(gateway)
    bodies = [provider.claim(number, refused=False) for number in range(2)]
    _take(gateway, provider, bodies[0])
    profiler = cProfile.Profile()
    with profiler:
        _take(gateway, provider, bodies[1])
    said = io.StringIO()
    pstats.Stats(profiler, stream=said).strip_dirs().sort_stats("tottime").print_stats(shown)
    return said.getvalue()


def _warm_up(gateway: Gateway) -> None:
    """Nothing that is measured is asked for the first time."""
    provider = Provider(len(AANBIEDERS) - 1, 1)
    provider.allocate(gateway)
    for number, refused in enumerate((False, True)):
        _take(gateway, provider, provider.claim(number, refused=refused))


def _claimed(gateway: Gateway, lines: int, providers: Sequence[Provider], order: Sequence[bool]) -> list[Claimed]:
    rounds: dict[bool, list[Round]] = defaultdict(list)
    sizes: dict[bool, int] = {}
    floor = _floor()
    for number, refused in enumerate(order):
        for provider in providers:
            body = provider.claim(number, refused=refused)
            sizes[refused] = len(body)
            expected = (Status.PARTLY_ACCEPTED, provider.clients) if refused else (Status.ACCEPTED, 0)
            rounds[refused].append(_round(gateway, provider, body, floor, expected, earlier=number))
    return [Claimed(lines, refused, sizes[refused], rounds[refused]) for refused in sorted(rounds)]


def _round(
    gateway: Gateway,
    provider: Provider,
    body: bytes,
    floor: Callable[[bytes], bool],
    expected: tuple[Status, int],
    *,
    earlier: int,
) -> Round:
    """One claim, between two measurements of parse + XSD; `expected` are its status and the number of its findings."""
    alone = [_timed(lambda: floor(body))]
    clock = Clock()
    gc.collect()
    with clocked(gateway.database, [clock]), watched(gateway) as asked:
        clock.at = time.perf_counter()
        result = _take(gateway, provider, body)
        clock.turn()
    alone.append(_timed(lambda: floor(body)))
    found = result.message.status, result.judgement.bevindingen if result.judgement else -1
    if found != expected:
        raise SystemExit(f"A claim should be {expected}, not {found}: {result.findings[:3]}")
    stages: dict[str, float] = defaultdict(float)
    for name, seconds in clock.own.items():
        stages[_SHOWN.get(name, "write the rest" if name.startswith("store ") else name)] += seconds
    return Round(earlier, statistics.mean(alone), sum(clock.own.values()), stages, asked)


def _take(gateway: Gateway, provider: Provider, body: bytes) -> Result:
    """What the endpoint does with a claim, and the worker if the claim is large."""
    caller = provider.caller
    later = len(body) > gateway.settings.sync_limit_bytes
    taken = receive(gateway, caller, body, CLAIMED_AT, later=later)
    assert isinstance(taken, Taken), taken
    result = judge_next(gateway, caller.at) if later else taken.result
    assert result is not None
    return result


def _floor() -> Callable[[bytes], bool]:
    """Parse + XSD by lxml alone."""
    schema = etree.XMLSchema(etree.parse(shipped("xsd") / Domain.WMO.standard / "3.2" / "wmo323.xsd"))
    return lambda body: schema.validate(etree.fromstring(body))


def _timed(run: Callable[[], Any]) -> float:
    gc.collect()
    began = time.perf_counter()
    run()
    return time.perf_counter() - began


def _memory(gateway: Gateway, provider: Provider) -> Memory:
    """Each in a process of its own, because what Python once had it seldom gives back."""
    body = provider.claim(CLAIMS - 1, refused=False)
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as process:
        before, after = process.submit(_peak_of_gateway, gateway.settings.database_url, provider, body).result()
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as process:
        floor = process.submit(_peak_of_floor, body).result()
    return Memory(provider.clients * LINES_OF_CLIENT, before, after, floor)


def _peak_of_gateway(url: str, provider: Provider, body: bytes) -> tuple[int | None, int | None]:
    gateway = open_gateway(Settings(_env_file=None, database_url=url, secret_key=SECRET, sandbox=True, receivers="any"))
    gateway.warm_up()
    before = _peak()
    result = _take(gateway, provider, body)
    gateway.close()
    assert result.message.status is Status.ACCEPTED
    return before, _peak()


def _peak_of_floor(body: bytes) -> int | None:
    _floor()(body)
    return _peak()


def _peak() -> int | None:
    """The most memory that this process ever had; getrusage would tell what the process that made it had."""
    status = Path("/proc/self/status")
    lines: Iterator[str] = iter(status.read_text().splitlines() if status.exists() else [])
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM:")), None)
