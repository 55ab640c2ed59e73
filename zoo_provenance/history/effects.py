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
            logged = change.alias()
            entered = select(logged.c.id).where(logged.c.id.in_(self.first(tracked)), logged.c.before.is_(None))
            found.append(entered.where(tracked.is_row(rows, logged)).exists())
        return or_(false(), *found)

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
        for back in self.restored.values():
            back.drop(self.connection)


def references() -> Iterator[tuple[Tracked, ForeignKeyConstraint, Tracked]]:
    """Yield every foreign key between tracked tables."""
    for tracked in TRACKED:
        for key in tracked.table.foreign_key_constraints:
            if key.referred_table.name in BY_NAME:
                yield tracked, key, BY_NAME[key.referred_table.name]
