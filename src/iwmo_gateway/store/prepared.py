"""The statements of the main path, which are made once and asked for every message.

SQLAlchemy writes them and knows how values are adapted. On PostgreSQL they then go straight to the driver: what
SQLAlchemy does besides for each of them costs more than the driver and the database together.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final, cast

import psycopg
from sqlalchemy import Executable, bindparam
from sqlalchemy.dialects.postgresql import psycopg as postgresql
from sqlalchemy.engine import Dialect
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.selectable import ReturnsRows
from sqlalchemy.sql.type_api import TypeEngine

Processor = Callable[[Any], Any]

Filled = tuple["Text", dict[str, Any]]
"""A statement with its parameters."""

_ROWS: Final = 8
"""How many rows go into one statement."""
_NAME: Final = re.compile(r"%\((\w+)\)s")
_DIALECT: Final = cast("Callable[[], Dialect]", postgresql.dialect)()


class Prepared:
    """A statement to be asked many times: one for every kind of database, or by its name one for each."""

    def __init__(self, statement: Executable | Mapping[str, Executable]) -> None:
        self._statements = statement
        self._texts: dict[tuple[int, *tuple[str, ...]], Text] = {}

    def of(self, kind: str) -> Executable:
        """The statement for a kind of database."""
        return self._statements[kind] if isinstance(self._statements, Mapping) else self._statements

    def filled(self, every: Sequence[Mapping[str, Any]]) -> Iterator[Filled]:
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

    __slots__ = ("_constants", "_results", "_wanted", "sql", "waits")

    def __init__(self, statement: Any, keys: Sequence[str], rows: int) -> None:
        if rows > 1:
            types = {key: statement.table.c[key].type for key in keys}
            each = [{key: bindparam(_numbered(key, nr), type_=types[key]) for key in keys} for nr in range(rows)]
            statement = statement.values(each)
        # As for many rows: PostgreSQL then is not asked for the keys that it gives out, which nobody wants here.
        names = list(keys) if rows == 1 else None
        compiled: SQLCompiler = statement.compile(dialect=_DIALECT, column_keys=names, for_executemany=True)
        binds = compiled.binds.items()
        self.sql = compiled.string
        self._constants = {name: bind.effective_value for name, bind in binds if not bind.required}
        self._wanted = [(name, _adapter(bind.type, "bind_processor")) for name, bind in binds if bind.required]
        columns = tuple(statement.exported_columns) if isinstance(statement, ReturnsRows) else ()
        adapters = [_adapter(column.type, "result_processor", None) for column in columns]
        self._results = [(place, adapter) for place, adapter in enumerate(adapters) if adapter is not None]
        self.waits = bool(columns) or not statement.is_insert
        """Whether it cannot wait for others to go along with: it gives rows, or is more than an addition."""

    def bound(self, rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        """The parameters for these rows of values."""
        if len(rows) == 1:
            values = rows[0]
        else:
            values = {_numbered(key, nr): value for nr, row in enumerate(rows) for key, value in row.items()}
        bound = dict(self._constants)
        for name, adapter in self._wanted:
            value = values[name]
            bound[name] = value if adapter is None else adapter(value)
        return bound

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


def together(parts: Sequence[Filled]) -> tuple[str, dict[str, Any]]:
    """Several additions as one statement, and its parameters. Rows of one addition keep their order."""
    if len(parts) == 1:
        text, bound = parts[0]
        return text.sql, bound
    texts = tuple(text for text, _ in parts)
    sql = _together.get(texts)
    if sql is None:
        *most, last = (_NAME.sub(rf"%(\1_p{nr})s", text.sql) for nr, text in enumerate(texts))
        sql = _together[texts] = f"WITH {', '.join(f'p{nr} AS ({one})' for nr, one in enumerate(most))} {last}"
    return sql, {f"{name}_p{nr}": value for nr, (_, bound) in enumerate(parts) for name, value in bound.items()}


_together: Final[dict[tuple[Text, ...], str]] = {}


def _numbered(key: str, nr: int) -> str:
    return f"{key}_r{nr}"


def _adapter(kind: TypeEngine[Any], which: str, *more: Any) -> Processor | None:
    """What a type makes of values on their way in or out."""
    return cast("Processor | None", getattr(kind.dialect_impl(_DIALECT), which)(_DIALECT, *more))


class Rows:
    """The rows that a prepared statement gives; asking for them waits for the database."""

    __slots__ = ("_sent",)

    def __init__(self, sent: Sequence[tuple[psycopg.Cursor[tuple[Any, ...]], Text]]) -> None:
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
