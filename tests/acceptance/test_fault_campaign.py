"""The short form of the fault campaign: some seconds of it, in which every kind of race occurs. `make campaign` is the
long one.
"""

import random
from datetime import UTC, datetime, timedelta
from pathlib import Path

import iwmo_gateway
from tests.acceptance.campaign.run import campaign
from tests.acceptance.campaign.skewed import READ_THE_CLOCK, skewed

RACES = {
    "identification", "same bytes", "allocation version", "allocation number", "volume", "line", "credit",
}  # fmt: skip


def test_nothing_is_lost_and_nothing_doubled_whatever_is_killed() -> None:
    seed = random.SystemRandom().randrange(1_000_000)
    report = campaign(seed, number=2, seconds=10)
    assert report.complaints == [], f"seed {seed}"
    assert set(report.ledger.races) == RACES, f"seed {seed}"
    assert report.strikes.total() > 0
    assert report.audit.figures["verdicts compared"] >= 18


def test_a_wrong_clock_is_read_wherever_the_gateway_reads_it() -> None:
    source = Path(iwmo_gateway.__file__).parent
    reading = {path.relative_to(source) for path in source.rglob("*.py") if "datetime.now(" in path.read_text("utf-8")}
    of_processes = {path for path in reading if path.parts[0] not in {"commands", "demo.py"}}
    assert of_processes == {Path(str(module.__file__)).relative_to(source) for module in READ_THE_CLOCK}
    wrong = skewed(timedelta(days=1)).now(UTC) - datetime.now(UTC)
    assert timedelta(hours=23) < wrong <= timedelta(days=1)
