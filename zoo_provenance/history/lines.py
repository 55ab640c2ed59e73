"""Rows written out for a digest: by the database itself, a line each, the same on each engine."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    ColumnElement,
    Connection,
    Float,
    Integer,
    Select,
    String,
    case,
    cast,
    func,
    literal,
)

from zoo_provenance import direct

_AT_ONCE = 500
_WHOLE = 10**16
"""Below this Python writes whole floats with a point, and PostgreSQL without."""


def add(digest: Any, connection: Connection, query: Select[Any], *, stray_bytes: bool = False) -> int:
    """Add a statement's rows to a digest in their order, a line each; return how many there were.

    A line is a JSON array of the row, then its floats after a blank each. `stray_bytes`: as in `as_json`.
    """
    if connection.dialect.name == "postgresql":
        return direct.copied(connection, _whole_line(query), digest.update)
    count = 0
    statement = as_json(query, "sqlite", stray_bytes=stray_bytes)
    for rows in direct.partitions(connection, statement, _AT_ONCE):
        digest.update(_lines(rows).encode())
        count += len(rows)
    return count


def as_json(query: Select[Any], dialect: str, *, stray_bytes: bool = False) -> Select[Any]:
    """Return a statement with each row in one text, and its floats beside it: SQLite does not write all their digits.

    `stray_bytes`: SQLite may hold bytes, which JSON does not take and this program never writes; they come behind a
    NUL, which no text of ours has.
    """
    others: list[ColumnElement[Any]] = [one for one in query.selected_columns if not isinstance(one.type, Float)]
    if dialect == "sqlite":
        if stray_bytes:
            others = [
                case((func.typeof(one) == "blob", func.char(0).concat(func.quote(one))), else_=one) for one in others
            ]
        row: ColumnElement[Any] = func.json_array(*others)
    else:
        # Its own arrays are written with blanks.
        row = literal("[") + func.concat_ws(",", *map(_json_text, others)) + literal("]")
    return query.with_only_columns(row, *_floats(query), maintain_column_froms=True)


def _floats(query: Select[Any]) -> list[ColumnElement[Any]]:
    return [column for column in query.selected_columns if isinstance(column.type, Float)]


def _json_text(column: ColumnElement[Any]) -> ColumnElement[str]:
    if isinstance(column.type, Boolean):
        column = cast(column, Integer)
    written = cast(func.to_json(column) if isinstance(column.type, String) else column, String)
    return func.coalesce(written, "null")


def _lines(rows: Sequence[Any]) -> str:
    if len(rows[0]) == 1:
        return "\n".join([text for (text,) in rows]) + "\n"
    return "".join([f"{text} {' '.join(map(repr, floats))}\n" for text, *floats in rows])


def _whole_line(query: Select[Any]) -> Select[Any]:
    """Return PostgreSQL's statement with each row in one text, floats as Python writes them."""
    written = as_json(query, "postgresql")
    row, *floats = written.selected_columns
    for one in floats:
        is_whole = (one == func.floor(one)) & (func.abs(one) < _WHOLE)
        whole = cast(cast(one, BigInteger), String) + literal(".0")
        row += literal(" ") + func.coalesce(case((is_whole, whole), else_=cast(one, String)), "None")
    return written.with_only_columns(row, maintain_column_froms=True)
