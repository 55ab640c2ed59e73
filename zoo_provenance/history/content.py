"""What batches have made: how many rows of each table, and the digest of all that was in them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, exists, select, true

from zoo_provenance import direct
from zoo_provenance.history import lines
from zoo_provenance.history.tracked import TRACKED, Tracked, first_of
from zoo_provenance.tables import change

_AT_ONCE = 500
FORM = "lines"
"""How rows are written for the digest of what a batch made: by the database, a line each.

Earlier batches say `json`, each line then as Python writes a row of that text; or no form, all of it written by Python.
"""


@dataclass(frozen=True)
class Made:
    """The rows of a range of numbers: how many of each table, the SHA-256 of all in them, and in what form that was written."""

    rows: dict[str, int]
    sha256: str
    form: str | None

    def as_json(self) -> str:
        """Return it as the log keeps it."""
        form = {"form": self.form} if self.form else {}
        return json.dumps({"rows": self.rows, "sha256": self.sha256, **form})


def of_range(connection: Connection, made: str, first: int, last: int) -> Made:
    """Return what a batch that is still open has made with numbers of records, or of claims, from `first` to `last`."""

    def rows_of(tracked: Tracked) -> Select[Any]:
        number = tracked.table.c[tracked.number]
        return select(tracked.table).where(number.between(first, last)).order_by(*tracked.table.primary_key)

    return _made(connection, made, rows_of, FORM)


def of_range_as_made(connection: Connection, made: str, first: int, last: int, form: str | None) -> Made:
    """Return what a batch that was closed had made, from what is there now and the log of what came after."""

    def rows_of(tracked: Tracked) -> Select[Any]:
        kept = tracked.table.c[tracked.number].between(first, last)
        return as_made(tracked, connection.dialect.name, kept, change.c.row_id.between(first, last))

    return _made(connection, made, rows_of, form, stray_bytes=True)


def _made(
    connection: Connection,
    made: str,
    rows_of: Callable[[Tracked], Select[Any]],
    form: str | None,
    *,
    stray_bytes: bool = False,
) -> Made:
    digest = hashlib.sha256()
    counts = {}
    for one in TRACKED:
        if one.made != made:
            continue
        if form == "lines":
            counts[one.name] = lines.add(digest, connection, rows_of(one), stray_bytes=stray_bytes)
            continue
        query = rows_of(one)
        if form == "json":
            query = lines.as_json(query, connection.dialect.name, stray_bytes=stray_bytes)
        counts[one.name] = _add(digest, connection, query)
    return Made({name: count for name, count in counts.items() if count}, digest.hexdigest(), form)


def digest_of(connection: Connection, query: Select[Any]) -> str | None:
    """Return the SHA-256 of a statement's rows in their order; None where there is none."""
    digest = hashlib.sha256()
    return digest.hexdigest() if _add(digest, connection, query) else None


def _add(digest: Any, connection: Connection, query: Select[Any]) -> int:
    """Add a statement's rows to a digest, some hundreds at a time; return how many there were."""
    count = 0
    for rows in direct.partitions(connection, query, _AT_ONCE):
        digest.update("".join([f"{row}\n" for row in rows]).encode())
        count += len(rows)
    return count


def as_made(
    tracked: Tracked, dialect: str, kept: ColumnElement[bool] | None = None, logged: ColumnElement[bool] | None = None
) -> Select[Any]:
    """Return the statement of a table's rows as they were made, by number: those gone or changed since from the log.

    `kept` chooses among the rows that are as they were, `logged` among the changes of the others.
    """
    table = tracked.table
    changed = exists().where(tracked.is_row(table, change), change.c.row_id_last.is_(None))
    first = first_of(and_(change.c.table_name == tracked.name, true() if logged is None else logged))
    image = tracked.from_image(change.c.before, dialect)
    both = (
        select(*table.c)
        .where(~changed, true() if kept is None else kept)
        .union_all(select(*image).where(change.c.id.in_(first), change.c.before.is_not(None)))
        .subquery()
    )
    return select(both).order_by(*(both.c[column.name] for column in table.primary_key))
