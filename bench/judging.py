"""What judging a message costs without any store: every step as a ratio of parse + XSD, in one thread."""

import statistics
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final, cast

from lxml import etree

from bench.traffic import VOORAF
from iwmo_gateway.gateway.context import Gateway
from iwmo_gateway.retour.answers import retourbericht
from iwmo_gateway.rules.historie import Bronnen, Historie, toewijzingen_of
from iwmo_gateway.rules.verdict import judge_against, judge_alone
from iwmo_gateway.shipped import shipped
from iwmo_gateway.standard.berichten import Toewijzingsbericht
from iwmo_gateway.standard.kinds import answer_to
from iwmo_gateway.standard.reading import to_bericht
from iwmo_gateway.standard.xml import Document, read, serialise

FLOOR: Final = "parse + XSD (read, check)"
_FIXTURES: Final = (("301", "toewijzing"), ("305", "start"))
_BATCH: Final = 5

Step = Callable[[], Any]


@dataclass(frozen=True, slots=True)
class Judged:
    """One message: its size, how many rules judge it, and the median seconds of each step."""

    name: str
    size: int
    steps: Mapping[str, float]

    def ratio(self, step: str) -> float:
        """The time of a step against parse + XSD."""
        return self.steps[step] / self.steps[FLOOR]


def measure(gateway: Gateway, rounds: int) -> Iterator[Judged]:
    """Each fixture; every round runs all steps of it in turn."""
    for release in ("2.3", "3.2"):
        for name, fixture in _FIXTURES:
            body = (VOORAF / f"{fixture}-{release}.xml").read_bytes()
            steps = _steps(gateway, body, _historie(gateway, name, release))
            taken: dict[str, list[float]] = {step: [] for step in steps}
            for _ in range(rounds):
                for step, run in steps.items():
                    taken[step].append(_timed(run))
            medians = {step: statistics.median(times[rounds // 10 :]) for step, times in taken.items()}
            yield Judged(f"{name} {release}", len(body), medians)


def _timed(run: Step) -> float:
    began = time.perf_counter()
    for _ in range(_BATCH):
        run()
    return (time.perf_counter() - began) / _BATCH


def _steps(gateway: Gateway, body: bytes, historie: Historie) -> dict[str, Step]:
    document = _document(body)
    bericht = to_bericht(document)
    bronnen = Bronnen(date(2023, 2, 8), gateway.codelists)
    alone, against = judge_alone(bericht), judge_against(bericht, historie, bronnen)
    if alone.findings or against.findings:
        raise SystemExit(f"A right message has findings: {alone} {against}")
    answer = answer_to(document.soort)
    shape = gateway.answer_shape(answer)
    plain = etree.XMLSchema(etree.parse(shipped("xsd") / document.soort.schema_path))

    def answered() -> bytes:
        root = retourbericht(document, against, shape, identificatie="B00000000001", dagtekening=date(2023, 2, 8))
        gateway.schemas.check_xml(answer, root)
        return serialise(root)

    return {
        "lxml alone": lambda: plain.validate(etree.fromstring(body)),
        FLOOR: lambda: gateway.schemas.check(_document(body)),
        "typed message (to_bericht)": lambda: to_bericht(document),
        "rules of level 2": lambda: judge_alone(bericht),
        "rules of levels 3 + 4": lambda: judge_against(bericht, historie, bronnen),
        "return message, checked": answered,
    }


def _historie(gateway: Gateway, name: str, release: str) -> Historie:
    """What the store would load: nothing for a 301 with new numbers, for a 305 the allocations that it starts on."""
    document = _document((VOORAF / f"toewijzing-{release}.xml").read_bytes())
    bericht = cast(Toewijzingsbericht, to_bericht(document))
    client = gateway.keyring.hashes(bericht.client.bsn)[1].hex()
    versions = toewijzingen_of(bericht, client)
    known = {} if name == "301" else {version.nummer: (version,) for version in versions}
    return Historie(clienten={bericht.client.bsn: client}, toewijzingen=known)


def _document(body: bytes) -> Document:
    document = read(body)
    assert isinstance(document, Document)
    return document
