"""How levels 1 and 2 of a claim (323) grow with its clients: reading, schema, typed message and rules, for a line."""

from collections.abc import Callable, Iterator

from bench.goals import Row, by_turns, timed
from bench.lines import Provider
from iwmo_gateway.rules.verdict import judge_alone
from iwmo_gateway.shipped import shipped
from iwmo_gateway.standard.reading import to_bericht
from iwmo_gateway.standard.schemas import Schemas
from iwmo_gateway.standard.xml import Document, read


def measure(*, quick: bool, told: Callable[[str], None]) -> Iterator[Row]:
    """Ten times as many clients; each has ten lines."""
    fewer, more = (30, 300) if quick else (300, 3_000)
    told(f"claims of {fewer} and {more} clients, levels 1 and 2")
    schemas = Schemas(shipped("xsd"))
    bodies = [Provider(0, clients).claim(0, refused=False) for clients in (more, fewer)]

    def judge(body: bytes, times: int) -> None:
        for _ in range(times):
            document = read(body)
            assert isinstance(document, Document)
            if not schemas.check(document).ok or judge_alone(to_bericht(document)).findings:
                raise SystemExit("A right claim has findings")

    def of_many() -> float:
        return timed(lambda: judge(bodies[0], 1)) / more

    def of_few() -> float:
        """As many clients in all."""
        return timed(lambda: judge(bodies[1], more // fewer)) / more

    pairs = by_turns(2 if quick else 7, of_many, of_few)
    what = f"levels 1 and 2 of a 323: {more:,} clients against {fewer:,}, µs a client"
    yield Row.of_pairs(what, pairs, at_most=1.2, scale=1e6)
