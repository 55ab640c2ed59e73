"""Staging for tables: temporary tables that rows are poured into as they are read, with their file and line."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Column, ColumnElement, Connection, Integer, MetaData, String, Table, and_, true

from zoo_provenance.loading import staging
from zoo_provenance.tables import claim
from zoo_provenance.vocabulary import Kind

_metadata = MetaData()
_Words = String().with_variant(String(collation="C"), "postgresql")
_NOT_POURED = {"row", "dataset_id", "record_id", "claimed", "creates", "defines"}


def _poured(staged: Table, *columns: Column[Any]) -> Table:
    """Return the table that rows for a staging table are poured into: the same columns, but for ids."""
    kept = [
        Column(column.name, column.type)
        for column in staged.c
        if column.name not in _NOT_POURED and not column.name.endswith("_id")
    ]
    return Table(f"poured_{staged.name.removeprefix('stage_')}", _metadata, *kept, *columns, prefixes=["TEMPORARY"])


def _words(*names: str) -> list[Column[Any]]:
    return [Column(name, _Words) for name in names]


KINDS: Mapping[Kind, Table] = {
    # `row` gives a new record its id; `sourced`: whether somebody vouches for the whole row, or nobody on purpose.
    kind: _poured(staged, Column("row", Integer), *_words("label", "search_key", "notes"), Column("sourced", Integer))
    for kind, staged in staging.KINDS.items()
}
LINE = _poured(staging.LINE, Column("sourced", Integer))
PARTICIPANT = _poured(staging.PARTICIPANT, Column("sourced", Integer))
LINE_ANIMAL = _poured(staging.LINE_ANIMAL)
BASIS = _poured(staging.BASIS)
DESCENT = _poured(staging.DESCENT)
LINK = _poured(staging.LINK)
CLAIM = Table(
    "poured_claim",
    _metadata,
    Column("file", Integer),
    Column("line", Integer),
    *_words("slug", "part", "field", "value", "source", "language", "search_key"),
    prefixes=["TEMPORARY"],
)
CHANGED = Table(
    "poured_changed",
    _metadata,
    Column("record_id", Integer, primary_key=True, autoincrement=False),
    prefixes=["TEMPORARY"],
)
LINKS = Table("poured_links", _metadata, Column("child", Integer), Column("parent", Integer), prefixes=["TEMPORARY"])
LAYER, NEXT = (
    Table(f"poured_{name}", _metadata, Column("id", Integer, primary_key=True), prefixes=["TEMPORARY"])
    for name in ("layer", "next")
)
PARTS: tuple[Table, ...] = (LINE, LINE_ANIMAL, PARTICIPANT, BASIS, DESCENT, LINK, CLAIM)


@dataclass
class Pouring:
    """Writes rows into the temporary tables as fast as the driver takes them, and counts them."""

    connection: Connection
    counts: Counter[Table] = field(default_factory=Counter)
    spoken: set[Table] = field(default_factory=lambda: {CLAIM})
    names_spoken: bool = False
    records: int = 0
    spans: dict[Kind, tuple[int, int]] = field(default_factory=dict)
    _statements: dict[tuple[Table, tuple[str, ...]], str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        _metadata.create_all(self.connection, checkfirst=False)
        self.is_copied = self.connection.dialect.name == "postgresql"

    def number(self, kind: Kind, rows: int) -> range:
        """Give numbers to so many rows of a kind, the kinds one after another; the first and the last of each are noted."""
        numbers = range(self.records + 1, self.records + rows + 1)
        self.records += rows
        self.spans[kind] = (self.spans.get(kind, (numbers.start, 0))[0], self.records)
        return numbers

    def pour(self, table: Table, names: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
        """Write rows, whose columns are named, into a table."""
        listed = rows if isinstance(rows, list) else list(rows)
        if not listed:
            return
        self.counts[table] += len(listed)
        cursor = self.connection.connection.cursor()
        columns = ", ".join(f'"{name}"' for name in names)
        if self.is_copied:
            with cursor.copy(f"COPY {table.name} ({columns}) FROM STDIN") as copy:
                for row in listed:
                    copy.write_row(row)
        else:
            holes = ", ".join("?" * len(names))
            cursor.executemany(f"INSERT INTO {table.name} ({columns}) VALUES ({holes})", listed)  # noqa: S608 - our own names
        cursor.close()

    def claims_spoken(self) -> ColumnElement[bool]:
        """Return which stored claims of this data set these tables could hold: of no part whose table is not there."""
        spoken: list[ColumnElement[bool]] = [] if self.names_spoken else [~staging.NAMED]
        for part, key in ((LINE, claim.c.line_key), (PARTICIPANT, claim.c.participant_key)):
            spoken += [] if part in self.spoken else [key.is_(None)]
        return and_(true(), *spoken)

    def ready(self) -> None:
        """Let the planner know what was poured."""
        if self.is_copied:
            for table in self.counts:
                self.connection.exec_driver_sql(f"ANALYZE {table.name}")

    def close(self) -> None:
        """Drop the temporary tables."""
        _metadata.drop_all(self.connection, checkfirst=False)
