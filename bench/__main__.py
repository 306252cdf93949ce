"""`python -m bench`: measure, and print the figures with the machine that they hold for."""

import sys
from datetime import UTC, datetime
from functools import partial
from typing import Annotated

import typer
from rich.console import Console

from bench import claims, judging, pipeline, stages, statements
from bench.claims import Claimed, Memory
from bench.databases import KINDS, Databases, databases
from bench.judging import Judged
from bench.machine import described
from bench.pipeline import Load, Measured, quantile
from bench.serving import SECRET
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
from iwmo_gateway.settings import Settings

out = Console(highlight=False, width=None if sys.stdout.isatty() else 140)
progress = Console(stderr=True, highlight=False)


def main(
    quick: Annotated[bool, typer.Option("--quick", help="A few seconds: shows that it works, not how fast.")] = False,
    profile: Annotated[
        bool, typer.Option("--profile", help="Only cProfile's tops: of accepted 305s and a claim.")
    ] = False,
    only_claims: Annotated[bool, typer.Option("--claims", help="Only claims.")] = False,
) -> None:
    """Measure the gateway as ratios against a floor in the same run, on SQLite and PostgreSQL."""
    with databases() as made:
        out.print(f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC{' (--quick: not for quoting)' if quick else ''}")
        for line in described(made):
            out.print(line)
        if profile:
            _profile(made, *((50, 300) if quick else (300, 3_000)))
            return
        if not only_claims:
            _measure(made, quick=quick)
        _measure_claims(made, quick=quick)


def _measure(made: Databases, *, quick: bool) -> None:
    loads = _loads(quick=quick)
    rounds, amount = (1, 15) if quick else (4, 120)
    measured: dict[str, list[Measured]] = {}
    asked: dict[str, dict[str, Asked]] = {}
    staged: dict[str, tuple[list[Stage], float]] = {}
    judged: list[Judged] = []
    for kind in KINDS:
        gateway = _gateway(made, kind, "gateway")
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


def _measure_claims(made: Databases, *, quick: bool) -> None:
    claimed: dict[str, list[Claimed]] = {}
    memory: dict[str, Memory] = {}
    for kind in KINDS:
        gateway = _gateway(made, kind, "claims")
        claimed[kind], most = claims.measure(gateway, quick=quick, told=partial(progress.print, f"{kind}:"))
        gateway.close()
        if most is not None:
            memory[kind] = most
    out.print(claims_table(claimed), *(claim_stages_table(kind, found) for kind, found in claimed.items()))
    if not quick:
        out.print(claim_history_table(claimed), memory_table(memory))


def _loads(*, quick: bool) -> list[Load]:
    if quick:
        return [Load(1, 20), Load(4, 24), Load(16, 32)]
    return [Load(1, 120), Load(4, 160), Load(16, 208), Load(16, 208, one_provider=True)]


def _profile(made: Databases, amount: int, lines: int) -> None:
    for kind in KINDS:
        gateway = _gateway(made, kind, "profile")
        for what, said in (
            (f"{amount} accepted 305s", stages.profile(Traffic(gateway), amount)),
            (f"an accepted 323 of {lines} lines", claims.profile(gateway, lines)),
        ):
            out.print(f"\n{kind}, {what} without HTTP:\n{said}", markup=False, soft_wrap=True)
        gateway.close()


def _gateway(made: Databases, kind: str, name: str) -> Gateway:
    """A gateway on a new migrated database, with the key that the server process will have."""
    settings = Settings(
        _env_file=None,
        database_url=made.create(kind, name),
        secret_key=SECRET,
        sandbox=True,
        receivers="any",
    )
    gateway = open_gateway(settings)
    gateway.database.migrate()
    gateway.warm_up()
    return gateway


if __name__ == "__main__":
    typer.run(main)
