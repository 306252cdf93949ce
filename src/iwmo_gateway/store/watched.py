"""How the database is doing: its errors by kind, and its connections."""

import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import cast

from sqlalchemy import QueuePool

from iwmo_gateway.errors import StoreError
from iwmo_gateway.store.database import Database, Transaction


class Watched(Database):
    """A database that counts its errors since the start of this process."""

    def __init__(self, url: str) -> None:
        """Raises ConfigurationError for a URL that is neither SQLite's nor PostgreSQL's."""
        super().__init__(url)
        self._counting = threading.Lock()
        kinds: list[type[StoreError]] = [StoreError, *StoreError.__subclasses__()]
        self._errors = Counter({_kind(error): 0 for error in kinds})

    @contextmanager
    def writing(self) -> Iterator[Transaction]:
        """As `Database.writing`."""
        with self._counted(), super().writing() as transaction:
            yield transaction

    @contextmanager
    def reading(self) -> Iterator[Transaction]:
        """As `Database.reading`."""
        with self._counted(), super().reading() as transaction:
            yield transaction

    @property
    def errors(self) -> Mapping[str, int]:
        """How often each kind of StoreError was raised: `busy`, `conflict` and so on, `error` for any other."""
        with self._counting:
            return dict(self._errors)

    @property
    def connections(self) -> Mapping[str, int]:
        """How many connections this process has: `in_use` and `idle`."""
        pool = cast("QueuePool", self.engine.pool)
        return {"in_use": pool.checkedout(), "idle": pool.checkedin()}

    @contextmanager
    def _counted(self) -> Iterator[None]:
        try:
            yield
        except StoreError as error:
            with self._counting:
                self._errors[_kind(type(error))] += 1
            raise


def _kind(error: type[StoreError]) -> str:
    return error.__name__.removeprefix("Store").lower()
