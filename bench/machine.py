"""The machine and the versions that a run's figures hold for."""

import os
import platform
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

from lxml import etree

from bench.databases import Databases


def described(made: Databases) -> Iterator[str]:
    """Line by line what matters for the figures."""
    load = ", ".join(f"{each:.1f}" for each in os.getloadavg())
    yield f"{_processor()}, {os.cpu_count()} cores, load before the run {load}; {platform.platform()}"
    yield f"one fsync of 4 KB where SQLite keeps its file: {fsync_seconds(made.folder) * 1e6:.0f} µs (median)"
    libxml2 = ".".join(map(str, etree.LIBXML_VERSION))
    packages = ", ".join(f"{name} {version(name)}" for name in ("sqlalchemy", "psycopg", "fastapi", "uvicorn"))
    yield f"Python {platform.python_version()}, lxml {version('lxml')} (libxml2 {libxml2}), {packages}{_loop()}"
    durable = ", ".join(f"{name} {made.setting(name)}" for name in ("fsync", "synchronous_commit"))
    postgresql = f"PostgreSQL {made.setting('server_version')} ({durable})"
    yield f"SQLite {sqlite3.sqlite_version} (WAL, synchronous FULL); {postgresql}"


def fsync_seconds(folder: Path, times: int = 50) -> float:
    """What one durable write costs on this disk."""
    taken = []
    with tempfile.NamedTemporaryFile(dir=folder, buffering=0) as file:
        for _ in range(times):
            began = time.perf_counter()
            file.write(b"\0" * 4096)
            os.fsync(file.fileno())
            taken.append(time.perf_counter() - began)
    return statistics.median(taken)


def _processor() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text().splitlines() if cpuinfo.exists() else []
    named = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(named, platform.machine())


def _loop() -> str:
    """The optional parts by which uvicorn is faster."""
    found = []
    for name in ("uvloop", "httptools"):
        try:
            found.append(f"{name} {version(name)}")
        except ModuleNotFoundError:
            found.append(f"no {name}")
    return f" ({', '.join(found)})"
