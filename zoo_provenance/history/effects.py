"""What a batch did: the rows that it made, and those that it changed or removed as they were before."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    ForeignKeyConstraint,
    Index,
    MetaData,
    Select,
    Table,
    and_,
    false,
    insert,
    or_,
    select,
)

from zoo_provenance.history.tracked import BY_NAME, TRACKED, Tracked, first_of
from zoo_provenance.tables import change


@dataclass
class Effects:
    """One batch and its marks on the tables."""

    connection: Connection
    batch_id: int

    @cached_property
    def made(self) -> dict[str, tuple[int, int]]:
        """The first and last numbers the batch gave to records and to claims."""
        query = select(change).where(change.c.batch_id == self.batch_id, change.c.row_id_last.is_not(None))
        return {row.table_name: (row.row_id, row.row_id_last) for row in self.connection.execute(query)}

    @cached_property
    def logged(self) -> set[str]:
        """The tables of rows that the batch changed, row by row."""
        query = select(change.c.table_name).where(change.c.batch_id == self.batch_id, change.c.row_id_last.is_(None))
        return set(self.connection.execute(query.distinct()).scalars())

    def first(self, tracked: Tracked) -> Select[int]:
        """Return the numbers of the first change of each row of a table."""
        return first_of(and_(change.c.batch_id == self.batch_id, change.c.table_name == tracked.name))

    def entered(self, tracked: Tracked, rows: Any) -> ColumnElement[bool]:
        """Return whether the batch made a row, which goes when it is taken back."""
        found: list[ColumnElement[bool]] = []
        if tracked.made in self.made:
            found.append(rows.c[tracked.number].between(*self.made[tracked.made or ""]))
        if tracked.name in self.logged:
            fresh = self.fresh[tracked.name].alias()
            same = [fresh.c.row_key == tracked.key_of(rows)] if tracked.keys else []
            found.append(select(fresh.c.row_id).where(fresh.c.row_id == rows.c[tracked.number], *same).exists())
        return or_(false(), *found)

    @cached_property
    def fresh(self) -> dict[str, Table]:
        """The numbers and keys of the rows that the batch entered one by one: temporary tables, by table.

        Asked of the log itself, as part of a larger statement, SQLite goes through all of it for each row.
        """
        found = {}
        for tracked in TRACKED:
            if tracked.name in self.logged:
                name = f"fresh_{tracked.name}"
                columns: list[Column[Any]] = [
                    Column("row_id", change.c.row_id.type),
                    Column("row_key", change.c.row_key.type),
                ]
                rows = Table(name, MetaData(), *columns, Index(f"{name}_key", *columns), prefixes=["TEMPORARY"])
                rows.create(self.connection)
                entered = select(change.c.row_id, change.c.row_key).where(change.c.id.in_(self.first(tracked)))
                entered = entered.where(change.c.before.is_(None))
                self.connection.execute(insert(rows).from_select(["row_id", "row_key"], entered))
                found[tracked.name] = rows
        return found

    @cached_property
    def restored(self) -> dict[str, Table]:
        """The rows as they were before, of those that the batch changed or removed: temporary tables, by table."""
        found = {}
        for tracked in TRACKED:
            if tracked.name in self.logged:
                plain = [Column(one.name, one.type) for one in tracked.table.c]
                back = Table(f"back_{tracked.name}", MetaData(), *plain, prefixes=["TEMPORARY"])
                back.create(self.connection)
                image = tracked.from_image(change.c.before, self.connection.dialect.name)
                before = select(*image).where(change.c.id.in_(self.first(tracked)), change.c.before.is_not(None))
                self.connection.execute(insert(back).from_select(list(tracked.columns), before))
                Index(f"{back.name}_key", *(back.c[one.name] for one in tracked.table.primary_key)).create(
                    self.connection
                )
                found[tracked.name] = back
        return found

    def close(self) -> None:
        """Drop the temporary tables."""
        for rows in (*self.restored.values(), *self.fresh.values()):
            rows.drop(self.connection)


def references() -> Iterator[tuple[Tracked, ForeignKeyConstraint, Tracked]]:
    """Yield every foreign key between tracked tables."""
    for tracked in TRACKED:
        for key in tracked.table.foreign_key_constraints:
            if key.referred_table.name in BY_NAME:
                yield tracked, key, BY_NAME[key.referred_table.name]
