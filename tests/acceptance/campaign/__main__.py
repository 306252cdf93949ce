"""`python -m tests.acceptance.campaign`: run it, print what was done and what the books say; 1 if they lie."""

import argparse
import random
import sys
import time
from collections.abc import Mapping

from tests.acceptance.campaign.run import Report, campaign


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.acceptance.campaign", description=__doc__)
    parser.add_argument("--seconds", type=float, default=600, help="how long messages are sent (600)")
    parser.add_argument("--islands", type=int, default=8, help="groups of parties that send side by side (8)")
    parser.add_argument("--seed", type=int, default=None, help="of all chance; printed, so that a run can be repeated")
    asked = parser.parse_args()
    seed = asked.seed if asked.seed is not None else random.SystemRandom().randrange(1_000_000)
    began = time.monotonic()
    print(f"seed {seed}", flush=True)  # noqa: T201
    report = campaign(seed, asked.islands, asked.seconds)
    show(report, time.monotonic() - began)
    return 1 if report.complaints else 0


def show(report: Report, seconds: float) -> None:
    """Everything, as Markdown."""
    say = sys.stdout.write
    say(f"\n{seconds:.0f} s in all\n")
    for title, figures in (
        ("struck", report.strikes),
        ("told to senders", report.ledger.counts),
        ("races (both under way at once)", report.ledger.races),
        ("in the books", report.audit.figures),
    ):
        say(table(title, figures))
    say(f"\nlost {len(report.audit.lost)}, doubled {len(report.audit.doubled)}, wrong {len(report.wrong)}\n")
    for complaint in report.complaints[:50]:
        say(f"- {complaint}\n")


def table(title: str, figures: Mapping[str, int]) -> str:
    """Figures by name."""
    return "".join((f"\n| {title} | |\n|---|---:|\n", *(f"| {name} | {figures[name]} |\n" for name in sorted(figures))))


if __name__ == "__main__":
    raise SystemExit(main())
