"""`python -m bench`: measure, and print the figures with the machine that they hold for."""

import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Annotated, Final

import structlog
import typer
from rich.console import Console

from bench import (
    beside,
    claims,
    faulty,
    growth,
    judging,
    large,
    pages,
    pipeline,
    processes,
    searching,
    stages,
    statements,
    stores,
    xslt,
)
from bench.claims import Claimed, Memory
from bench.databases import KINDS, Databases, databases
from bench.goals import Row, goals_table
from bench.judging import Judged
from bench.machine import described
from bench.pipeline import Load, Measured, quantile
from bench.stages import Stage
from bench.statements import Asked
from bench.tables import (
    claim_history_table,
    claim_stages_table,
    claims_table,
    judging_table,
    memory_table,
    pipeline_table,
    stages_table,
    statements_table,
)
from bench.traffic import Traffic
from iwmo_gateway.gateway.context import Gateway, open_gateway

out = Console(highlight=False, width=None if sys.stdout.isatty() else 140)
progress = Console(stderr=True, highlight=False)


@dataclass(frozen=True)
class Run:
    """What every subject works with."""

    made: Databases
    quick: bool

    def told(self, text: str) -> None:
        """Say what goes on now."""
        progress.print("postgresql:", text)

    def gateway(self, name: str, kind: str = "postgresql") -> Gateway:
        """A gateway on a new migrated database, with the key and limits that other processes on it will have."""
        gateway = open_gateway(large.settings_of(self.made.create(kind, name)))
        gateway.database.migrate()
        gateway.warm_up()
        return gateway

    @contextmanager
    def gateways(self, *names: str) -> Iterator[list[Gateway]]:
        """Such gateways on PostgreSQL, to be closed."""
        with ExitStack() as stack:
            yield [stack.enter_context(closing(self.gateway(name))) for name in names]


def _pipeline(run: Run) -> Iterator[Row]:
    made, quick = run.made, run.quick
    loads = _loads(quick=quick)
    rounds, amount = (1, 15) if quick else (4, 120)
    measured: dict[str, list[Measured]] = {}
    asked: dict[str, dict[str, Asked]] = {}
    staged: dict[str, tuple[list[Stage], float]] = {}
    judged: list[Judged] = []
    for kind in KINDS:
        gateway = run.gateway("gateway", kind)
        traffic = Traffic(gateway)
        if not judged:
            progress.print("rules")
            judged = list(judging.measure(gateway, 50 if quick else 400))
        progress.print(f"{kind}: statements and stages")
        asked[kind] = statements.measure(traffic)
        staged[kind] = stages.measure(traffic, amount), stages.total(traffic, amount)
        measured[kind] = pipeline.measure(made, kind, traffic, loads, rounds, partial(progress.print, f"{kind}:"))
    out.print(pipeline_table(measured), judging_table(judged), statements_table(asked))
    for kind, (found, plain) in staged.items():
        out.print(stages_table(kind, found, plain, quantile(measured[kind][0].gateway, 0.5)))
    yield from pipeline.goals(measured["postgresql"])


def _claims(run: Run) -> Iterable[Row]:
    quick = run.quick
    claimed: dict[str, list[Claimed]] = {}
    memory: dict[str, Memory] = {}
    for kind in KINDS:
        gateway = run.gateway("claims", kind)
        claimed[kind], most = claims.measure(gateway, quick=quick, told=partial(progress.print, f"{kind}:"))
        gateway.close()
        if most is not None:
            memory[kind] = most
    out.print(claims_table(claimed), *(claim_stages_table(kind, found) for kind, found in claimed.items()))
    if not quick:
        out.print(claim_history_table(claimed), memory_table(memory))
    return ()


def _loads(*, quick: bool) -> list[Load]:
    if quick:
        return [Load(1, 20), Load(4, 24), Load(16, 32)]
    return [Load(1, 120), Load(4, 160), Load(16, 208), Load(16, 208, one_provider=True)]


def _profile(run: Run, amount: int, lines: int) -> None:
    for kind in KINDS:
        gateway = run.gateway("profile", kind)
        for what, said in (
            (f"{amount} accepted 305s", stages.profile(Traffic(gateway), amount)),
            (f"an accepted 323 of {lines} lines", claims.profile(gateway, lines)),
        ):
            out.print(f"\n{kind}, {what} without HTTP:\n{said}", markup=False, soft_wrap=True)
        gateway.close()


def _processes(run: Run) -> Iterator[Row]:
    with run.gateways("processes") as (gateway,):
        yield from processes.measure(run.made, Traffic(gateway), quick=run.quick, told=run.told)


def _saxon(run: Run) -> Iterator[Row]:
    yield from xslt.measure(quick=run.quick, told=progress.print)


def _growth(run: Run) -> Iterator[Row]:
    yield from growth.measure(quick=run.quick, told=progress.print)


def _large(run: Run) -> Iterator[Row]:
    with run.gateways("large") as (gateway,):
        yield from large.measure(run.made, gateway, quick=run.quick, told=run.told)


def _lines(run: Run) -> Iterator[Row]:
    with run.gateways("lines") as (gateway,):
        yield from large.measure_lines(gateway, quick=run.quick, told=run.told)


def _beside(run: Run) -> Iterator[Row]:
    with run.gateways("beside") as (gateway,):
        yield from beside.measure(run.made, Traffic(gateway), quick=run.quick, told=run.told)


def _store(run: Run) -> Iterator[Row]:
    with run.gateways("few_lines", "many_lines") as stores_of:
        yield from stores.measure(stores_of, quick=run.quick, told=run.told)


def _mailbox(run: Run) -> Iterator[Row]:
    with run.gateways("few_messages", "many_messages") as stores_of:
        yield from stores.measure_mailbox(stores_of, quick=run.quick, told=run.told)


def _search(run: Run) -> Iterator[Row]:
    with run.gateways("few_searched", "many_searched") as stores_of:
        yield from searching.measure(stores_of, quick=run.quick, told=run.told)


def _pages(run: Run) -> Iterator[Row]:
    with run.gateways("pages") as (gateway,):
        yield from pages.measure(gateway, quick=run.quick, told=run.told)


def _faults(run: Run) -> Iterator[Row]:
    yield from faulty.measure(quick=run.quick, told=progress.print)


SUBJECTS: Final[dict[str, Callable[[Run], Iterable[Row]]]] = {
    "pipeline": _pipeline,
    "claims": _claims,
    "processes": _processes,
    "saxon": _saxon,
    "growth": _growth,
    "large": _large,
    "lines": _lines,
    "beside": _beside,
    "store": _store,
    "mailbox": _mailbox,
    "search": _search,
    "pages": _pages,
    "faults": _faults,
}
"""In the order in which they are measured."""


def main(
    quick: Annotated[bool, typer.Option("--quick", help="A minute or two: shows that it works, not how fast.")] = False,
    profile: Annotated[
        bool, typer.Option("--profile", help="Only cProfile's tops: of accepted 305s and a claim.")
    ] = False,
    only: Annotated[str, typer.Option("--only", help=f"Of {', '.join(SUBJECTS)}: these, with commas.")] = "",
) -> None:
    """Measure the gateway as ratios against a floor in the same run, on SQLite and PostgreSQL."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger("WARNING"))
    chosen = only.split(",") if only else list(SUBJECTS)
    if unknown := [name for name in chosen if name not in SUBJECTS]:
        raise typer.BadParameter(f"{', '.join(unknown)}; there are {', '.join(SUBJECTS)}", param_hint="--only")
    with databases() as made:
        out.print(f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC{' (--quick: not for quoting)' if quick else ''}")
        for line in described(made):
            out.print(line)
        run = Run(made, quick)
        if profile:
            _profile(run, *((50, 300) if quick else (300, 3_000)))
            return
        rows = [row for name in chosen for row in SUBJECTS[name](run)]
        if rows:
            out.print(goals_table(rows))


if __name__ == "__main__":
    typer.run(main)
