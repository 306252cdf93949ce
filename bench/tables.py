"""The figures of a run as tables."""

import statistics
from collections.abc import Iterable, Sequence

from rich.table import Table

from bench.claims import Claimed, Memory
from bench.judging import FLOOR, Judged
from bench.pipeline import Driven, Measured, client_share, cpu_per_call, quantile, throughput
from bench.stages import Stage
from bench.statements import Asked


def pipeline_table(measured: dict[str, list[Measured]]) -> Table:
    """The whole pipeline against the floor."""
    table = _table(
        "A correct 305 over HTTP against an endpoint that only keeps the bytes",
        ("database", "clients", "what"),
        ("gateway", "floor", "ratio", "rounds"),
    )
    for kind, loads in measured.items():
        for one in loads:
            who = f"{one.load.clients}{' of one provider' if one.load.one_provider else ''}"
            spread = f"{min(one.ratios):.2f}-{max(one.ratios):.2f}"
            ours, theirs = throughput(one.gateway), throughput(one.floor)
            median = statistics.median(one.ratios)
            table.add_row(kind, who, "messages/s", f"{ours:.0f}", f"{theirs:.0f}", f"{median:.2f}", spread)
            if one.load.clients == 1:
                for name, part in (("p50", 0.5), ("p99", 0.99)):
                    table.add_row(
                        kind, who, f"{name}, ms", *_times(quantile(one.gateway, part), quantile(one.floor, part))
                    )
            table.add_row(kind, who, "server CPU a message, ms", *_cpu(one.gateway, one.floor))
            shares = (f"{client_share(each):.0%}" for each in (one.gateway, one.floor))
            table.add_row(kind, who, "client busy", *shares, end_section=True)
    return table


def judging_table(judged: Sequence[Judged]) -> Table:
    """Rules against parse + XSD."""
    table = _table(
        "Judging without a store: µs, and as a ratio of parse + XSD",
        ("step",),
        tuple(f"{one.name} ({one.size / 1024:.1f} KB)" for one in judged),
    )
    for step in judged[0].steps:
        cells = (
            f"{one.steps[step] * 1e6:.0f}" + ("" if step == FLOOR else f"  x{one.ratio(step):.2f}") for one in judged
        )
        table.add_row(step, *cells)
    return table


def statements_table(asked: dict[str, dict[str, Asked]]) -> Table:
    """Statements and transactions of one accepted message."""
    table = _table(
        "What one accepted message asks of the database (with its token)",
        ("database", "message"),
        ("statements", "transactions", "that write"),
    )
    for kind, messages in asked.items():
        for name, one in messages.items():
            counts = (len(one.statements), len(one.transactions), sum(one.transactions))
            table.add_row(kind, name, *map(str, counts))
    return table


def stages_table(kind: str, stages: Sequence[Stage], plain: float, http: float) -> Table:
    """Where the time of one accepted 305 goes. `plain` is its time without HTTP, `http` the p50 of one client."""
    whole = sum(stage.seconds for stage in stages)
    table = _table(
        f"Where the time of one accepted 305 goes, {kind}: {plain * 1e3:.2f} ms without HTTP "
        f"({whole * 1e3:.2f} with these clocks in it), {http * 1e3:.2f} ms with HTTP (p50 of 1 client)",
        ("stage",),
        ("ms", "of which in the driver", "share"),
    )
    for stage in stages:
        share = f"{stage.seconds / whole:.0%}"
        table.add_row(stage.name, f"{stage.seconds * 1e3:.3f}", f"{stage.driver * 1e3:.3f}", share)
    driver = sum(stage.driver for stage in stages)
    table.add_section()
    table.add_row("together", f"{whole * 1e3:.3f}", f"{driver * 1e3:.3f}", "100%")
    return table


def claims_table(claimed: dict[str, list[Claimed]]) -> Table:
    """Claims against parse + XSD, and what they ask of the database."""
    table = _table(
        "A claim (323) without HTTP: µs a line, against lxml's parse + XSD of the same bytes",
        ("database", "lines", "of which refused"),
        ("MB", "claim", "parse + XSD", "ratio", "rounds", "statements", "rows added in bulk", "transactions"),
    )
    for kind, sizes in claimed.items():
        for one in sizes:
            asked = [each.asked for each in one.rounds]
            table.add_row(
                kind,
                f"{one.lines:,}",
                f"{one.lines // 10:,}" if one.refused else "none",
                f"{one.size / 1024**2:.1f}",
                f"{one.a_line(lambda each: each.taken) * 1e6:.0f}",
                f"{one.a_line(lambda each: each.floor) * 1e6:.0f}",
                f"x{statistics.median(one.ratios):.1f}",
                f"{min(one.ratios):.1f}-{max(one.ratios):.1f}",
                _few(len(each.statements) for each in asked),
                _few(sum(each.rows) for each in asked),
                _few(len(each.transactions) for each in asked),
                end_section=one is sizes[-1],
            )
    return table


def claim_stages_table(kind: str, claimed: Sequence[Claimed]) -> Table:
    """Where the time of right claims goes, and of the largest that are refused in part."""
    columns = [one for one in claimed if not one.refused or one.lines == claimed[-1].lines]
    table = _table(
        f"Where the time of a claim goes, {kind}: µs a line",
        ("stage",),
        tuple(f"{one.lines:,} lines{', a tenth refused' if one.refused else ''}" for one in columns),
    )

    def cells(name: str) -> list[float]:
        return [one.a_line(lambda each: each.stages.get(name, 0)) * 1e6 for one in columns]

    names = {name for one in columns for each in one.rounds for name in each.stages}
    for name in sorted(names, key=lambda name: -sum(cells(name))):
        table.add_row(name, *(f"{cell:.1f}" for cell in cells(name)))
    return table


def claim_history_table(claimed: dict[str, list[Claimed]]) -> Table:
    """The largest claims one by one: what those before them, on the same allocations, add."""
    largest = {kind: [one for one in sizes if one.lines == sizes[-1].lines] for kind, sizes in claimed.items()}
    amount = max(sum(len(one.rounds) for one in sizes) for sizes in largest.values())
    lines = next(iter(largest.values()))[-1].lines
    table = _table(
        f"Claims of {lines:,} lines by how many were made before, each with two lines for every allocation: µs a line",
        ("database", "what"),
        tuple(map(str, range(amount))),
    )
    for kind, sizes in largest.items():
        rounds = sorted((each for one in sizes for each in one.rounds), key=lambda each: each.earlier)
        table.add_row(kind, "load history", *(f"{each.stages['load history'] / lines * 1e6:.1f}" for each in rounds))
        table.add_row(kind, "claim", *(f"{each.taken / lines * 1e6:.0f}" for each in rounds), end_section=True)
    return table


def memory_table(memory: dict[str, Memory]) -> Table:
    """The most memory of a process that judges the largest claim."""
    table = _table(
        "Peak memory of a process of its own, MB",
        ("database", "lines"),
        ("before", "with a claim", "parse + XSD alone"),
    )
    for kind, one in memory.items():
        told = (f"{size / 1024**2:.0f}" if size else "?" for size in (one.before, one.gateway, one.floor))
        table.add_row(kind, f"{one.lines:,}", *told)
    return table


def _few(numbers: Iterable[int]) -> str:
    found = sorted(set(numbers))
    return f"{found[0]:,}" if len(found) == 1 else f"{found[0]:,}-{found[-1]:,}"


def _table(title: str, names: Iterable[str], figures: Iterable[str]) -> Table:
    table = Table(title=title, title_justify="left")
    for name in names:
        table.add_column(name)
    for figure in figures:
        table.add_column(figure, justify="right")
    return table


def _times(ours: float, theirs: float) -> tuple[str, str, str]:
    return f"{ours * 1e3:.2f}", f"{theirs * 1e3:.2f}", f"x{ours / theirs:.1f}"


def _cpu(ours: Sequence[Driven], theirs: Sequence[Driven]) -> tuple[str, ...]:
    used = cpu_per_call(ours), cpu_per_call(theirs)
    return _times(used[0], used[1]) if used[0] and used[1] else ("?", "?", "")
