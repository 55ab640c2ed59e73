"""Statements that are asked again and again: written out once, and run on the driver's own cursor."""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, Select
from sqlalchemy.engine.interfaces import Dialect

Statement = Select[*tuple[Any, ...]]
"""A SELECT of any columns."""

_REMEMBERED = 256


def rows(connection: Connection, statement: Statement, given: Mapping[str, Any] | None = None) -> Sequence[Any]:
    """Return all rows of a statement that was built once, columns as attributes; `given` fills its parameters by name.

    Through SQLAlchemy the statements about one transfer take seven times what SQLite needs for them. So what it wrote
    is kept, and given to the driver within the connection's transaction. An export, which has none, is asked as always.
    """
    if not _has_driver(connection):
        return connection.execute(statement, dict(given or {})).all()
    written, found = _run(connection, statement, given or {})
    return list(map(written.row, found))


def tuples(connection: Connection, statement: Statement, given: Mapping[str, Any] | None = None) -> Sequence[Any]:
    """Return all rows as `rows` does, columns by their place: for those that are many and taken apart at once."""
    if not _has_driver(connection):
        return connection.execute(statement, dict(given or {})).all()
    written, found = _run(connection, statement, given or {})
    return list(map(written.turned, found)) if written.turned else found


def _has_driver(connection: Connection) -> bool:
    return isinstance(connection, Connection) and connection.in_transaction()


def partitions(connection: Connection, statement: Statement, at_once: int) -> Iterator[Sequence[tuple[Any, ...]]]:
    """Yield all rows of a statement, so many at once and never all of them in memory, as plain tuples."""
    if connection.dialect.name != "sqlite":
        result = connection.execute(statement.execution_options(stream_results=True, max_row_buffer=at_once))
        yield from ([tuple(row) for row in rows] for rows in result.partitions(at_once))
        return
    written = _write(statement, connection.dialect)
    cursor = connection.connection.cursor()
    try:
        cursor.execute(written.text, written.filled({}))
        turned = _turned(statement, connection.dialect, cursor.description)
        while rows := cursor.fetchmany(at_once):
            yield [tuple(turned(row)) for row in rows] if turned else rows
    finally:
        cursor.close()


def copied(connection: Connection, statement: Statement, take: Callable[[bytes], object]) -> int:
    """Give all rows of a statement as PostgreSQL copies them out, a line each in UTF-8; return how many there were.

    A row must be one text without control characters, and not empty: JSON is.
    """
    written = _write(statement, connection.dialect)
    driver: Any = connection.connection
    with driver.cursor() as cursor:
        # What would be put in quotes, or parted, has a control character; so nothing is.
        form = "FORMAT csv, DELIMITER E'\\x02', QUOTE E'\\x01', ENCODING 'UTF8'"
        with cursor.copy(f"COPY ({written.text}) TO STDOUT ({form})", written.filled({})) as copy:
            for piece in copy:
                take(piece)
        return int(cursor.rowcount)


_Turn = Callable[[Sequence[Any]], list[Any]]


@dataclass(slots=True)
class _Written:
    """A statement as a driver takes it, what fills its parameters, and what makes its rows, known once it was asked."""

    text: str
    filled: Callable[[Mapping[str, Any]], Any]
    row: Callable[[Sequence[Any]], Any] = tuple
    turned: _Turn | None = None
    asked: bool = False


def _run(connection: Connection, statement: Statement, given: Mapping[str, Any]) -> tuple[_Written, Sequence[Any]]:
    written = _written(statement, connection.dialect)
    cursor = connection.connection.cursor()
    try:
        cursor.execute(written.text, written.filled(given))
        if not written.asked:
            written.turned = _turned(statement, connection.dialect, cursor.description)
            written.row, written.asked = _making(statement, written.turned), True
        return written, cursor.fetchall()
    finally:
        cursor.close()


def _write(statement: Statement, dialect: Dialect) -> _Written:
    compiled = statement.compile(dialect=dialect)
    state = compiled.construct_expanded_state(compiled.params)
    return _Written(state.statement, _filling(state.positiontup, state.parameters))


_written = lru_cache(maxsize=_REMEMBERED)(_write)


def _filling(places: Sequence[str] | None, values: Mapping[str, Any]) -> Callable[[Mapping[str, Any]], Any]:
    """Return what puts given values among those a statement has of its own, in the driver's way."""
    if places is None:
        return lambda given: {**values, **given}
    return lambda given: [given[name] if name in given else values[name] for name in places]


def _making(statement: Statement, turned: _Turn | None) -> Callable[[Sequence[Any]], Any]:
    """Return what makes a row with names of a driver's row."""
    row = namedtuple("row", statement.selected_columns.keys())  # type: ignore[misc]  # noqa: PYI024 - the names are the statement's
    return (lambda one: row._make(turned(one))) if turned else row._make


def _turned(statement: Statement, dialect: Dialect, described: Sequence[Any]) -> _Turn | None:
    """Return what turns a driver's values into what their types say; None where they are that already."""
    turns = [
        (place, turn)
        for place, (column, (_, code, *_)) in enumerate(zip(statement.selected_columns, described, strict=True))
        if (turn := column.type.dialect_impl(dialect).result_processor(dialect, code)) is not None
    ]
    if not turns:
        return None

    def turned(one: Sequence[Any]) -> list[Any]:
        values = list(one)
        for place, turn in turns:
            values[place] = turn(values[place])
        return values

    return turned
