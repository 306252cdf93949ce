"""A declaration of some 25 MB in a worker process on PostgreSQL, against `xmllint` and COPY; and what a line costs.

Receiving is timed here, as `serve` does it; judging in a process of its own that does what `iwmo-gateway worker` does,
warmed by a small claim. The floor is `xmllint --noout --schema` over the same bytes, and COPY of the very rows that
the declaration left into tables with the same columns, indexes and earlier rows.
"""

import shutil
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Final, LiteralString

import psycopg
from psycopg import sql

from bench.databases import Databases
from bench.goals import Row, by_turns, timed
from bench.lines import CLAIMED_AT, CLAIMS, Provider, load_contract
from bench.serving import SECRET
from iwmo_gateway.gateway.context import Gateway, open_gateway
from iwmo_gateway.gateway.receive import Taken, receive
from iwmo_gateway.gateway.waiting import judge_next
from iwmo_gateway.settings import Settings
from iwmo_gateway.shipped import shipped
from iwmo_gateway.standard.kinds import Domain
from iwmo_gateway.store.messages import Status
from iwmo_gateway.store.tables import metadata
from iwmo_gateway.worker import spare_collector

_SCHEMA: Final = Path(Domain.WMO.standard, "3.2", "wmo323.xsd")
_MONTHS: Final = 4
"""In a claim whose line is compared with that of another size: there are not Bsns enough for ten lines each."""
_MAX_BYTES: Final = 100 * 1024**2


@dataclass(frozen=True, slots=True)
class Judged:
    """What a worker took for what waited: seconds, the last id, and how much memory it had when idle and at most."""

    seconds: float
    message: str
    idle: int | None
    peak: int | None


def settings_of(url: str) -> Settings:
    """Those of a process on this database: with a larger limit, for claims of 100,000 lines."""
    return Settings(
        _env_file=None,
        database_url=url,
        secret_key=SECRET,
        sandbox=True,
        receivers="any",
        max_message_bytes=_MAX_BYTES,
    )


@contextmanager
def worker(url: str) -> Iterator[ProcessPoolExecutor]:
    """A process of its own, ready to have `judge_waiting` run in it."""
    spawn = get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=spawn, initializer=_open, initargs=(url,)) as process:
        process.submit(_memory, "VmRSS").result()
        yield process


def judge_waiting(amount: int = 1, warming: int = 0) -> Judged:
    """As a worker does: first so many small claims that wait, which are not timed, then as many as are."""
    for _ in range(warming):
        _judge_next(_GATEWAYS[0])
    idle = _memory("VmRSS")
    began = time.perf_counter()
    for _ in range(amount):
        message = _judge_next(_GATEWAYS[0])
    seconds = time.perf_counter() - began
    return Judged(seconds, message, idle, _memory("VmHWM"))


_GATEWAYS: Final[list[Gateway]] = []
"""In a worker its gateway."""


def _open(url: str) -> None:
    gateway = open_gateway(settings_of(url))
    gateway.warm_up()
    spare_collector()
    _GATEWAYS.append(gateway)


def keep(gateway: Gateway, provider: Provider, body: bytes) -> None:
    """Receive a claim for the worker, as `serve` does."""
    taken = receive(gateway, provider.caller, body, CLAIMED_AT, later=True)
    assert isinstance(taken, Taken), taken


def measure(made: Databases, gateway: Gateway, *, quick: bool, told: Callable[[str], None]) -> Iterator[Row]:
    """Time and memory of the large declaration; `gateway` works on a database of its own."""
    missing = shutil.which("xmllint") is None
    load_contract(gateway)
    small, provider = Provider(1, 3), Provider(0, 30 if quick else 3_600)
    told(f"a claim of {provider.lines} lines: making allocations")
    for one in (small, provider):
        one.allocate(gateway)
    told(f"a claim of {provider.lines} lines")
    rounds = [_large(made, gateway, small, provider, number, missing=missing) for number in range(1 if quick else 3)]
    size = rounds[0].size / 1024**2
    what = f"a 323 of {provider.lines:,} lines ({size:.1f} MB)"
    if missing:
        why = "left out: no xmllint (apt install libxml2-utils)"
        yield Row(f"{what}, against xmllint + COPY", "", "", [], at_most=6, unfit=why)
    else:
        pairs = [(one.ours, one.floor) for one in rounds]
        yield Row.of_pairs(f"{what}, received to answered, against xmllint + COPY, s", pairs, at_most=6)
        yield Row.of_pairs(f"{what}: the worker's part alone, s", [(one.judged.seconds, one.floor) for one in rounds])
    memory = [(one.judged.peak - one.judged.idle, one.size) for one in rounds if one.judged.peak and one.judged.idle]
    if memory:
        title = f"{what}: peak memory of the worker above idle, against the file, MB"
        yield Row.of_pairs(title, memory, at_most=12, scale=1 / 1024**2, unfit="too small to tell" if quick else None)


def measure_lines(gateway: Gateway, *, quick: bool, told: Callable[[str], None]) -> Iterator[Row]:
    """The cost of a line in a claim of 100,000 against one of 1,000 (five of these in a round), both by a worker."""
    many = Provider(3, 5 if quick else 5_000, _MONTHS)
    few = [Provider(number, 1 if quick else 50, _MONTHS) for number in range(5, 10)]
    warming = Provider(4, 3)
    told(f"claims of {few[0].lines} and {many.lines} lines: making allocations")
    load_contract(gateway)
    for one in (*few, many, warming):
        one.allocate(gateway)
    warmed = iter(range(CLAIMS))

    def a_line(providers: Sequence[Provider], numbers: Iterator[int]) -> float:
        keep(gateway, warming, warming.claim(next(warmed), refused=False))
        number = next(numbers)
        seconds = 0.0
        for provider in providers:
            body = provider.claim(number, refused=False)
            seconds += timed(partial(keep, gateway, provider, body))
        with worker(gateway.settings.database_url) as process:
            judged = process.submit(judge_waiting, len(providers), warming=1).result()
        return (seconds + judged.seconds) / sum(provider.lines for provider in providers)

    told(f"claims of {few[0].lines} and {many.lines} lines")
    of_many, of_few = iter(range(CLAIMS)), iter(range(CLAIMS))
    pairs = by_turns(1 if quick else 3, lambda: a_line([many], of_many), lambda: a_line(few, of_few))
    what = f"a line of a 323: {many.lines:,} lines against {few[0].lines:,}, µs"
    yield Row.of_pairs(what, pairs, at_most=1.15, scale=1e6)


@dataclass(frozen=True, slots=True)
class _Round:
    """One declaration: bytes, seconds to receive it, what the worker took, and seconds of the floor."""

    size: int
    received: float
    judged: Judged
    floor: float

    @property
    def ours(self) -> float:
        """Seconds from its bytes to its stored answer."""
        return self.received + self.judged.seconds


def _large(
    made: Databases, gateway: Gateway, small: Provider, provider: Provider, number: int, *, missing: bool
) -> _Round:
    body = provider.claim(number, refused=False)
    keep(gateway, small, small.claim(number, refused=False))
    received = timed(lambda: keep(gateway, provider, body))
    url = gateway.settings.database_url
    with worker(url) as process:
        judged = process.submit(judge_waiting, warming=1).result()
    if missing:
        return _Round(len(body), received, judged, 0)
    file = made.folder / "large.xml"
    file.write_bytes(body)
    floor = timed(lambda: _xmllint(file)) + _copy(url, judged.message, provider.lines)
    return _Round(len(body), received, judged, floor)


def _judge_next(gateway: Gateway) -> str:
    result = judge_next(gateway, datetime.now(UTC))
    if result is None or result.message.status is not Status.ACCEPTED:
        raise RuntimeError(f"A claim should be accepted, not {result and result.message.status}")
    return result.message.id


def _xmllint(file: Path) -> None:
    schema = shipped("xsd") / _SCHEMA
    subprocess.run(["xmllint", "--noout", "--schema", str(schema), str(file)], check=True, capture_output=True)


def _copy(url: str, message: str, lines: int) -> float:
    """Seconds of COPY of all rows of a claim and its answer, one commit, beside the rows that were there before it."""
    with psycopg.connect(url) as connection:
        of_both = connection.execute("SELECT id FROM messages WHERE %s IN (id, answers)", (message,)).fetchall()
        ids = [row[0] for row in of_both]
        copied: dict[str, list[bytes]] = {}
        for table, column in _booked():
            copied[table] = _rows(connection, table, column, ids)
        copied = {table: rows for table, rows in copied.items() if rows}
        for table, column in _booked():
            if table in copied:
                _stand_in(connection, table, column, ids)
        connection.commit()
        began = time.perf_counter()
        for table, rows in copied.items():
            _copy_in(connection, table, rows)
        connection.commit()
        seconds = time.perf_counter() - began
        found = connection.execute("SELECT count(*) FROM floor_prestaties WHERE message = ANY(%s)", (ids,)).fetchone()
        for table in copied:
            connection.execute(sql.SQL("DROP TABLE {}").format(sql.Identifier(f"floor_{table}")))
    if found != (lines,) or len(ids) != 2:
        raise SystemExit(f"Not all rows were copied: {found}, {len(ids)} messages")
    return seconds


def _booked() -> Iterator[tuple[str, str]]:
    """Tables with rows of a message, and the column that names it; the audit trail and progress are no part of it."""
    yield "messages", "id"
    for table in metadata.sorted_tables:
        if "message" in table.c and table.name not in {"audit", "progress"}:
            yield table.name, "message"


def _query(text: LiteralString, table: str, column: str) -> sql.Composed:
    names = {
        "table": sql.Identifier(table),
        "column": sql.Identifier(column),
        "floor": sql.Identifier(f"floor_{table}"),
    }
    return sql.SQL(text).format(**names)


def _rows(
    connection: "psycopg.Connection[tuple[object, ...]]", table: str, column: str, ids: Sequence[object]
) -> list[bytes]:
    """The rows of these messages as COPY takes them; empty without any."""
    count = connection.execute(_query("SELECT count(*) FROM {table} WHERE {column} = ANY(%s)", table, column), (ids,))
    if count.fetchone() == (0,):
        return []
    query = _query("COPY (SELECT * FROM {table} WHERE {column} = ANY(%s)) TO STDOUT (FORMAT BINARY)", table, column)
    with connection.cursor() as cursor, cursor.copy(query, (ids,)) as copy:
        return [bytes(data) for data in copy]


def _stand_in(
    connection: "psycopg.Connection[tuple[object, ...]]", table: str, column: str, ids: Sequence[object]
) -> None:
    """A table with the same indexes, and the rows of all other messages."""
    connection.execute(_query("CREATE TABLE {floor} (LIKE {table} INCLUDING ALL)", table, column))
    connection.execute(
        _query("INSERT INTO {floor} SELECT * FROM {table} WHERE {column} <> ALL(%s)", table, column), (ids,)
    )


def _copy_in(connection: "psycopg.Connection[tuple[object, ...]]", table: str, rows: Sequence[bytes]) -> None:
    query = _query("COPY {floor} FROM STDIN (FORMAT BINARY)", table, table)
    with connection.cursor() as cursor, cursor.copy(query) as copy:
        for data in rows:
            copy.write(data)


def _memory(name: str) -> int | None:
    """A line of /proc/self/status in bytes, where there is one."""
    status = Path("/proc/self/status")
    lines = status.read_text().splitlines() if status.exists() else []
    found = (int(line.split()[1]) * 1024 for line in lines if line.startswith(f"{name}:"))
    return next(found, None)
