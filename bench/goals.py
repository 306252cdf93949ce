"""Rows of the table of goals: a ratio of two measurements in one run, and what it should be."""

import gc
import statistics
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from rich.table import Table


@dataclass(frozen=True, slots=True)
class Row:
    """What was measured against what: medians as they are shown, the ratio of every round, and the goal.

    `unfit` says why the goal says nothing of this run or this machine, or why there is no ratio at all.
    """

    what: str
    ours: str
    against: str
    ratios: Sequence[float]
    at_most: float | None = None
    at_least: float | None = None
    unfit: str | None = None

    @classmethod
    def of_pairs(
        cls,
        what: str,
        pairs: Sequence[tuple[float, float]],
        *,
        at_most: float | None = None,
        at_least: float | None = None,
        scale: float = 1,
        unfit: str | None = None,
    ) -> "Row":
        """Of rounds that each measured both, in the same unit; shown times `scale`."""
        ours, theirs = (statistics.median(each) for each in zip(*pairs, strict=True))
        return cls(
            what,
            f"{ours * scale:,.4g}",
            f"{theirs * scale:,.4g}",
            [mine / other for mine, other in pairs],
            at_most,
            at_least,
            unfit,
        )

    @property
    def ratio(self) -> float:
        """The median of the rounds."""
        return statistics.median(self.ratios)

    @property
    def met(self) -> bool:
        """Whether the goal is met."""
        return (self.at_most is None or self.ratio <= self.at_most) and (
            self.at_least is None or self.ratio >= self.at_least
        )

    @property
    def goal(self) -> str:
        """The goal in words; nothing for a row that is only there to compare."""
        if self.at_most is not None:
            return f"at most {self.at_most:g}"
        return f"at least {self.at_least:g}" if self.at_least is not None else ""


def by_turns(rounds: int, ours: Callable[[], float], theirs: Callable[[], float]) -> list[tuple[float, float]]:
    """Both in each round, each as often first as second; the first round only warms up."""
    pairs = []
    for number in range(rounds + 1):
        if number % 2:
            other = theirs()
            mine = ours()
        else:
            mine = ours()
            other = theirs()
        pairs.append((mine, other))
    return pairs[1:]


def timed(run: Callable[[], Any]) -> float:
    """Seconds of one run, without the garbage of what went before."""
    gc.collect()
    began = time.perf_counter()
    run()
    return time.perf_counter() - began


def goals_table(rows: Iterable[Row]) -> Table:
    """Every row with its goal, and whether it is met."""
    table = Table(title="Against the goals", title_justify="left")
    table.add_column("what")
    for name in ("ours", "against", "ratio", "rounds", "goal", "met"):
        table.add_column(name, justify="right")
    for row in rows:
        met = row.unfit or ("yes" if row.met else "NO") if row.goal else ""
        ratio, spread = "", ""
        if row.ratios:
            ratio, spread = f"{row.ratio:.3g}", f"{min(row.ratios):.3g}-{max(row.ratios):.3g}"
        table.add_row(row.what, row.ours, row.against, ratio, spread, row.goal, met)
    return table
