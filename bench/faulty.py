"""A claim of one client whose every line has a schema fault, against a right one of that size: reading and level 1."""

from collections.abc import Callable, Iterator
from typing import Final

from lxml import etree

from bench.goals import Row, by_turns, timed
from bench.lines import one_client
from iwmo_gateway.shipped import shipped
from iwmo_gateway.standard.kinds import Domain
from iwmo_gateway.standard.refusals import MAX_FAULTS
from iwmo_gateway.standard.schemas import Schemas
from iwmo_gateway.standard.xml import Document, read

_RIGHT: Final = b":Eenheid>01<"
_WRONG: Final = b":Eenheid>x1<"


def measure(*, quick: bool, told: Callable[[str], None]) -> Iterator[Row]:
    """By the gateway, and by lxml alone, which has no goal."""
    lines = 300 if quick else 30_000
    told(f"{lines} schema faults in one client")
    right = one_client(lines)
    faulty = right.replace(_RIGHT, _WRONG)
    if faulty.count(_WRONG) != lines:
        raise SystemExit("Not every line has a fault")
    schemas = Schemas(shipped("xsd"))
    plain = etree.XMLSchema(etree.parse(shipped("xsd") / Domain.WMO.standard / "3.2" / "wmo323.xsd"))

    def check(body: bytes, faults: int) -> None:
        document = read(body)
        assert isinstance(document, Document)
        found = schemas.check(document)
        if len(found.faults) != min(faults, MAX_FAULTS) or found.more is not (faults > MAX_FAULTS):
            raise SystemExit(f"Not the faults that should be found: {len(found.faults)}")

    def check_plain(body: bytes, *, ok: bool) -> None:
        if plain.validate(etree.fromstring(body)) is not ok:
            raise SystemExit("lxml says otherwise")

    size = f"{lines:,} schema faults in one client, against none"
    rounds = 2 if quick else 5
    pairs = by_turns(rounds, lambda: timed(lambda: check(faulty, lines)), lambda: timed(lambda: check(right, 0)))
    yield Row.of_pairs(f"{size}, ms", pairs, at_most=3, scale=1e3)
    pairs = by_turns(
        1 if quick else 2,
        lambda: timed(lambda: check_plain(faulty, ok=False)),
        lambda: timed(lambda: check_plain(right, ok=True)),
    )
    yield Row.of_pairs(f"{size}: lxml alone, ms", pairs, scale=1e3)
