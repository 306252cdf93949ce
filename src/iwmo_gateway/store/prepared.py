"""The statements of the main path, which are made once and asked for every message.

SQLAlchemy writes them and knows how values are adapted. On PostgreSQL they then go straight to the driver: what
SQLAlchemy does besides for each of them costs more than the driver and the database together.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import accumulate
from typing import Any, Final, cast

import psycopg
from sqlalchemy import Executable, FromClause, bindparam
from sqlalchemy.dialects.postgresql import psycopg as postgresql
from sqlalchemy.engine import Dialect
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.selectable import ReturnsRows
from sqlalchemy.sql.type_api import TypeEngine

Processor = Callable[[Any], Any]
Cursor = psycopg.RawCursor[tuple[Any, ...]]
Bound = list[Any]
"""Parameters, in the order of their numbers."""

_ROWS: Final = 8
"""How many rows go into one statement."""
_NUMBER: Final = re.compile(r"\$(\d+)")
_DIALECT: Final = cast("Callable[..., Dialect]", postgresql.dialect)(paramstyle="numeric_dollar")


class Prepared:
    """A statement to be asked many times: one for every kind of database, or by its name one for each."""

    def __init__(self, statement: Executable | Mapping[str, Executable]) -> None:
        self._statements = statement
        self._texts: dict[tuple[int, *tuple[str, ...]], Text] = {}

    def of(self, kind: str) -> Executable:
        """The statement for a kind of database."""
        return self._statements[kind] if isinstance(self._statements, Mapping) else self._statements

    def filled(self, every: Sequence[Mapping[str, Any]]) -> Iterator[tuple["Text", Bound]]:
        """What PostgreSQL is sent for these values: a statement for every few rows, each made once."""
        keys = tuple(every[0])
        for first in range(0, len(every), _ROWS):
            few = every[first : first + _ROWS]
            text = self._texts.get((len(few), *keys))
            if text is None:
                # Two threads that make it at once put equal ones in one place.
                text = self._texts[len(few), *keys] = Text(self.of("postgresql"), keys, len(few))
            yield text, text.bound(few)


class Text:
    """A statement as PostgreSQL's driver takes it, and what its parameters and results go through."""

    __slots__ = ("_places", "_results", "addition", "query", "sql")

    def __init__(self, statement: Any, keys: Sequence[str], rows: int) -> None:
        places = {key: (0, key) for key in keys}
        if rows > 1:
            types = {key: statement.table.c[key].type for key in keys}
            places = {f"{key}_{nr}": (nr, key) for nr in range(rows) for key in keys}
            each = [{key: bindparam(f"{key}_{nr}", type_=types[key]) for key in keys} for nr in range(rows)]
            statement = statement.values(each)
        # As for many rows: PostgreSQL then is not asked for the keys that it gives out, which nobody wants here.
        names = list(keys) if rows == 1 else None
        compiled: SQLCompiler = statement.compile(dialect=_DIALECT, column_keys=names, for_executemany=True)
        self.sql = compiled.string
        self.query = self.sql.encode()
        self._places = [
            (*places[name], _adapter(bind.type, "bind_processor"), None)
            if bind.required
            else (0, None, None, bind.effective_value)
            for name, bind in ((name, compiled.binds[name]) for name in compiled.positiontup or ())
        ]
        columns = tuple(statement.exported_columns) if isinstance(statement, ReturnsRows) else ()
        adapters = [_adapter(column.type, "result_processor", None) for column in columns]
        self._results = [(place, adapter) for place, adapter in enumerate(adapters) if adapter is not None]
        self.addition: FromClause | None = statement.table if statement.is_insert and not columns else None
        """The table that it only adds rows to: it can wait for others to go along with."""

    def bound(self, rows: Sequence[Mapping[str, Any]]) -> Bound:
        """The parameters for these rows of values."""
        return [
            constant if key is None else rows[nr][key] if adapter is None else adapter(rows[nr][key])
            for nr, key, adapter, constant in self._places
        ]

    @property
    def amount(self) -> int:
        """How many parameters it has."""
        return len(self._places)

    def numbered_from(self, already: int) -> str:
        """The statement where so many parameters come before its own."""
        return _NUMBER.sub(lambda found: f"${int(found[1]) + already}", self.sql)

    def given(self, rows: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
        """Rows as SQLAlchemy would give them."""
        if not self._results:
            return rows
        adapted = []
        for row in rows:
            values = list(row)
            for place, adapter in self._results:
                values[place] = adapter(values[place])
            adapted.append(tuple(values))
        return adapted


class Additions:
    """Additions to tables that go together, as one statement, with what else is sent."""

    __slots__ = ("_bound", "_texts")

    def __init__(self) -> None:
        self._texts: list[Text] = []
        self._bound: Bound = []

    def __bool__(self) -> bool:
        return bool(self._texts)

    def add(self, text: Text, bound: Bound) -> None:
        """Take one along."""
        self._texts.append(text)
        self._bound += bound

    def adds_to(self, table: FromClause | None) -> bool:
        """Whether it adds to this table already. Once more is to be sent after it: rows are numbered in their order."""
        return any(text.addition is table for text in self._texts)

    def taken(self) -> tuple[str, bytes, Bound]:
        """All of it as one statement with its parameters; nothing is left."""
        texts, bound = tuple(self._texts), self._bound
        self._texts, self._bound = [], []
        if len(texts) == 1:
            return texts[0].sql, texts[0].query, bound
        made = _together.get(texts)
        if made is None:
            sql = _joined(texts)
            made = _together[texts] = sql, sql.encode()
        return *made, bound


_together: Final[dict[tuple[Text, ...], tuple[str, bytes]]] = {}


def _joined(texts: Sequence[Text]) -> str:
    """One statement of several: PostgreSQL does the outer one first, and then the last of the others."""
    before = accumulate((text.amount for text in texts), initial=0)
    first, *others = (text.numbered_from(already) for text, already in zip(texts, before, strict=False))
    return f"WITH {', '.join(f'p{nr} AS ({one})' for nr, one in reversed([*enumerate(others)]))} {first}"


def _adapter(kind: TypeEngine[Any], which: str, *more: Any) -> Processor | None:
    """What a type makes of values on their way in or out."""
    return cast("Processor | None", getattr(kind.dialect_impl(_DIALECT), which)(_DIALECT, *more))


class Rows:
    """The rows that a prepared statement gives; asking for them waits for the database."""

    __slots__ = ("_sent",)

    def __init__(self, sent: Sequence[tuple[Cursor, Text]]) -> None:
        self._sent = sent

    def all(self) -> list[tuple[Any, ...]]:
        """Every row."""
        return [row for cursor, text in self._sent for row in text.given(cursor.fetchall())]

    def first(self) -> tuple[Any, ...] | None:
        """The first row, None if there is none."""
        return next(iter(self.all()), None)

    def one(self) -> tuple[Any, ...]:
        """The only row."""
        (row,) = self.all()
        return row

    def scalar(self) -> Any:
        """The first value of the first row, None if there is none."""
        row = self.first()
        return None if row is None else row[0]

    def scalar_one(self) -> Any:
        """The first value of the only row."""
        return self.one()[0]

    def __iter__(self) -> Iterator[tuple[Any, ...]]:
        return iter(self.all())
