"""Reading into typed messages with all rules of level 2, against Saxon with the same rules in XSLT (`bench/saxon/`).

Both get the bytes and tell every fault with its rule and place. Before anything is timed, both judge every fixture of
these kinds that the schema accepts, and must find the same faults.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

from lxml import etree

from bench.goals import Row, by_turns
from bench.lines import Provider
from bench.traffic import VOORAF
from iwmo_gateway.rules.verdict import judge_alone
from iwmo_gateway.shipped import shipped
from iwmo_gateway.standard.kinds import Domain
from iwmo_gateway.standard.reading import to_bericht
from iwmo_gateway.standard.schemas import Schemas
from iwmo_gateway.standard.xml import Document, read

_SHEETS: Final = Path(__file__).parent / "saxon"
_KINDS: Final = ("301", "305", "323")
_FAULTS_AT_LEAST: Final = 30
"""So many of the fixtures must have a fault, or the comparison says nothing."""

Faults = Counter[tuple[str, str]]


def measure(*, quick: bool, told: Callable[[str], None]) -> Iterator[Row]:
    """One row for each kind of message."""
    try:
        from saxonche import PySaxonProcessor  # type: ignore[import-not-found]  # noqa: PLC0415
    except ImportError:
        why = "left out: no saxonche (pip install saxonche)"
        yield Row("read + typed + level 2, against Saxon", "", "", [], at_most=0.1, unfit=why)
        return
    with PySaxonProcessor(license=False) as processor:
        compiled = {kind: _compiled(processor, kind) for kind in _KINDS}
        told("Saxon: the same faults in every fixture")
        _agree(compiled)
        for kind, body in _messages(quick=quick):
            told(f"Saxon: {kind}")
            amount = 2 if quick else 5 if len(body) > 100_000 else 200
            pairs = by_turns(
                2 if quick else 7,
                lambda body=body, amount=amount: _timed(lambda: _ours(body), amount),  # type: ignore[misc]
                lambda body=body, kind=kind, amount=amount: _timed(  # type: ignore[misc]
                    lambda: compiled[kind](body), amount
                ),
            )
            what = f"read + typed + level 2 of a {kind} ({len(body) / 1024:.0f} KB), against Saxon, ms"
            yield Row.of_pairs(what, pairs, at_most=0.1, scale=1e3)


def _compiled(processor: Any, kind: str) -> Callable[[bytes], str]:
    """The rules of a kind, compiled once."""
    executable = processor.new_xslt30_processor().compile_stylesheet(stylesheet_file=str(_SHEETS / f"wmo{kind}.xsl"))

    def judge(body: bytes) -> str:
        node = processor.parse_xml(xml_text=body.decode())
        said: str = executable.transform_to_string(xdm_node=node)
        return said

    return judge


def _agree(compiled: dict[str, Callable[[bytes], str]]) -> None:
    """Every fixture of 3.2 of these kinds: the same rules at the same places."""
    schemas, faulty = Schemas(shipped("xsd")), Counter[str]()
    for path in sorted(VOORAF.parent.glob("*/*.xml")):
        document = read(path.read_bytes())
        if not isinstance(document, Document) or not schemas.check(document).ok:
            continue
        soort = document.soort
        if soort.domain is not Domain.WMO or soort.release != "3.2" or soort.code[-3:] not in compiled:
            continue
        ours = Counter((one.regel, one.pad) for one in judge_alone(to_bericht(document)).findings)
        theirs = _faults(compiled[soort.code[-3:]](etree.tostring(document.root, encoding="UTF-8")))
        if ours != theirs:
            raise SystemExit(f"{path}: ours beyond Saxon's {ours - theirs}, Saxon's beyond ours {theirs - ours}")
        faulty[soort.code[-3:]] += bool(ours)
    if sum(faulty.values()) < _FAULTS_AT_LEAST or len(+faulty) < len(compiled):
        raise SystemExit(f"Too few fixtures with faults to compare: {faulty}")


def _faults(said: str) -> Faults:
    return Counter((one.get("rule", ""), one.get("pad", "")) for one in etree.fromstring(said.encode()))


def _messages(*, quick: bool) -> Iterator[tuple[str, bytes]]:
    """Right messages: small ones, and claims of many lines."""
    yield "301", (VOORAF / "toewijzing-3.2.xml").read_bytes()
    yield "305", (VOORAF / "start-3.2.xml").read_bytes()
    for clients in (1, 10) if quick else (1, 30, 300):
        yield "323", Provider(0, clients).claim(0, refused=False)


def _ours(body: bytes) -> None:
    document = read(body)
    assert isinstance(document, Document)
    judge_alone(to_bericht(document))


def _timed(run: Callable[[], Any], amount: int) -> float:
    """Seconds for one of as many runs."""
    began = time.perf_counter()
    for _ in range(amount):
        run()
    return (time.perf_counter() - began) / amount
