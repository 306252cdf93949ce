"""How levels 1 and 2 of a claim (323) grow with its clients: reading, schema, typed message and rules.

In a process set up as a worker is, since it is workers that judge messages of this size.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

from bench.goals import Row, by_turns, timed
from bench.lines import Provider
from iwmo_gateway.rules.verdict import judge_alone
from iwmo_gateway.shipped import shipped
from iwmo_gateway.standard.reading import to_bericht
from iwmo_gateway.standard.schemas import Schemas
from iwmo_gateway.standard.xml import Document, read
from iwmo_gateway.worker import spare_collector


def measure(*, quick: bool, told: Callable[[str], None]) -> Iterator[Row]:
    """Ten times as many clients, in one message and in ten; each client has ten lines."""
    fewer, more = (30, 300) if quick else (300, 3_000)
    told(f"claims of {fewer} and {more} clients, levels 1 and 2")
    with ProcessPoolExecutor(1, mp_context=get_context("spawn"), initializer=spare_collector) as process:
        pairs = process.submit(_pairs, fewer, more, 2 if quick else 7).result()
    what = f"levels 1 and 2 of a 323: {more:,} clients against {fewer:,}, µs a client"
    yield Row.of_pairs(what, pairs, at_most=1.2, scale=1e6)


def _pairs(fewer: int, more: int, rounds: int) -> list[tuple[float, float]]:
    """Seconds a client, of many and of few."""
    schemas = Schemas(shipped("xsd"))
    many, few = (Provider(0, clients).claim(0, refused=False) for clients in (more, fewer))

    def judge(body: bytes, times: int) -> None:
        for _ in range(times):
            document = read(body)
            assert isinstance(document, Document)
            if not schemas.check(document).ok or judge_alone(to_bericht(document)).findings:
                raise SystemExit("A right claim has findings")

    return by_turns(
        rounds,
        lambda: timed(lambda: judge(many, 1)) / more,
        lambda: timed(lambda: judge(few, more // fewer)) / more,
    )
