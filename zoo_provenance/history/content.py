"""What batches have made: how many rows of each table, and the digest of all that was in them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Integer, Select, exists, literal, select

from zoo_provenance.history.tracked import TRACKED, Tracked, first_of
from zoo_provenance.tables import change

_AT_ONCE = 500


@dataclass(frozen=True)
class Made:
    """The rows of a range of numbers: how many of each table, and the SHA-256 of what was in them."""

    rows: dict[str, int]
    sha256: str

    def as_json(self) -> str:
        """Return it as the log keeps it."""
        return json.dumps({"rows": self.rows, "sha256": self.sha256})


def of_range(connection: Connection, made: str, first: int, last: int) -> Made:
    """Return what a batch that is still open has made with numbers of records, or of claims, from `first` to `last`."""
    digest = hashlib.sha256()
    rows: dict[str, int] = {}
    for tracked in TRACKED:
        if tracked.made == made:
            number = tracked.table.c[tracked.number]
            query = select(tracked.table).where(number.between(first, last)).order_by(*tracked.table.primary_key)
            for piece, count in _pieces(connection, query):
                digest.update(piece)
                rows[tracked.name] = rows.get(tracked.name, 0) + count
    return Made(rows, digest.hexdigest())


def digest_of(connection: Connection, query: Select[Any]) -> str | None:
    """Return the SHA-256 of a statement's rows in their order; None where there is none."""
    digest = hashlib.sha256()
    empty = True
    for piece, _ in _pieces(connection, query):
        digest.update(piece)
        empty = False
    return None if empty else digest.hexdigest()


def _pieces(connection: Connection, query: Select[Any]) -> Iterator[tuple[bytes, int]]:
    """Yield a statement's rows as bytes, some thousands at a time, with their number."""
    result = connection.execute(query.execution_options(stream_results=True, max_row_buffer=_AT_ONCE))
    for rows in result.partitions(_AT_ONCE):
        yield "".join([f"{row}\n" for row in rows]).encode(), len(rows)


def as_made(tracked: Tracked, dialect: str) -> Select[Any]:
    """Return the statement of a table's rows as they were made, by number: those gone or changed since from the log.

    The last column tells whether the row is from the log.
    """
    table = tracked.table
    changed = exists().where(tracked.is_row(table, change), change.c.row_id_last.is_(None))
    kept = select(*table.c, literal(0, Integer).label("logged")).where(~changed)
    first = first_of(change.c.table_name == tracked.name)
    image = tracked.from_image(change.c.before, dialect)
    logged = select(*image, literal(1, Integer)).where(change.c.id.in_(first), change.c.before.is_not(None))
    both = kept.union_all(logged).subquery()
    keys: list[ColumnElement[Any]] = [both.c[column.name] for column in table.primary_key]
    return select(both).order_by(*keys)
