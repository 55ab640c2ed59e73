"""References to a record in the columns of others: led to the record it was merged into."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Column, Connection, Table, and_, case, delete, exists, func, insert, literal, select, update

from zoo_provenance.tables import (
    KIND_TABLES,
    claim,
    decision,
    descent,
    line_animal,
    participant,
    record,
    source_basis,
    transfer_line,
    transfer_link,
    waiver,
)
from zoo_provenance.vocabulary import Kind

PARTS = {
    Kind.TRANSFER: (transfer_line, participant, line_animal, transfer_link),
    Kind.ANIMAL: (descent,),
    Kind.SOURCE: (source_basis,),
}
"""What belongs to a record of a kind, in tables of its own."""
_NAMED = (*KIND_TABLES.values(), transfer_line, participant, descent, source_basis, line_animal, transfer_link)
_AS_SAID = {"record_id": "said_of_id", "value_record_id": "said_value_id", "source_id": "said_by_id"}


def owner_of(table: Table) -> Column[Any]:
    """Return the column of the record that a row of a table belongs to."""
    return next(iter(table.primary_key.columns))


def naming(kind: Kind) -> Iterator[Column[Any]]:
    """Yield the columns in which another record names one of a kind."""
    for table in _NAMED:
        for column in table.c:
            if column is not owner_of(table) and any(
                key.column.table is KIND_TABLES[kind] for key in column.foreign_keys
            ):
                yield column


def repoint(connection: Connection, kind: Kind, old: int, new: int) -> int:
    """Lead all that names a record in columns to another; return how many references those were."""
    led = 0
    for column in naming(kind):
        count = select(func.count()).select_from(column.table).where(column == old)
        led += connection.execute(count).scalar_one()
        if column.primary_key:
            _replace(connection, column, old, new)
        else:
            connection.execute(update(column.table).where(column == old).values({column.name: new}))
    connection.execute(update(decision).where(decision.c.value_record_id == old).values(value_record_id=new))
    return led


def _replace(connection: Connection, column: Column[Any], old: int, new: int) -> None:
    """Lead references that are part of a key: rows made anew, those that would stand twice once."""
    table = column.table
    again = table.alias("again")
    keys = [key.name for key in table.primary_key.columns if key.name != column.name]
    same = and_(*(again.c[name] == table.c[name] for name in keys), again.c[column.name] == new)
    if table is descent:
        # Two candidates for one parent that are one: either of them was it.
        other = table.alias("other")
        was = [other.c[name] == table.c[name] for name in keys]
        half = select(other.c.probability).where(*was, other.c[column.name] == old).scalar_subquery()
        both = func.coalesce(table.c.probability, 0.0) + func.coalesce(half, 0.0)
        either = case((both >= 1, 1.0), (both > 0, both), else_=None)
        met = exists().where(*was, other.c[column.name] == old)
        connection.execute(update(table).where(column == new, met).values(probability=either))
    names = [one.name for one in table.c]
    values = [literal(new) if name == column.name else table.c[name] for name in names]
    fresh = select(*values).where(column == old, ~exists().where(same))
    connection.execute(insert(table).from_select(names, fresh))
    connection.execute(delete(table).where(column == old))


def carry_parts(connection: Connection, kind: Kind, old: int, new: int) -> None:
    """Give a record the parts of another that it has not itself; the other keeps its own, but no line counts."""
    for table in PARTS.get(kind, ()):
        owner = owner_of(table)
        mine = table.alias("mine")
        keys = [key.name for key in table.primary_key.columns if key is not owner]
        there = exists().where(mine.c[owner.name] == new, *(mine.c[name] == table.c[name] for name in keys))
        names = [column.name for column in table.c]
        values = [literal(new) if name == owner.name else table.c[name] for name in names]
        connection.execute(insert(table).from_select(names, select(*values).where(owner == old, ~there)))


def empty(connection: Connection, kind: Kind, old: int) -> None:
    """Take all that stands in the columns of a merged record and its parts: its values are claims by now."""
    for table in (KIND_TABLES[kind], *PARTS.get(kind, ())):
        emptied = {column.name: None for column in table.c if column.nullable and not column.primary_key}
        if table is not descent and emptied:
            connection.execute(update(table).where(owner_of(table) == old).values(emptied))


def turn_claims(connection: Connection, old: int, new: int) -> int:
    """Let claims of, about and by a record count as its survivor's, each keeping what it was said of; return how many."""
    turned = 0
    for column, said in _AS_SAID.items():
        kept = {said: func.coalesce(claim.c[said], claim.c[column]), column: new}
        count = select(func.count()).select_from(claim).where(claim.c[column] == old)
        turned += connection.execute(count).scalar_one() if column == "record_id" else 0
        connection.execute(update(claim).where(claim.c[column] == old).values(kept))
    return turned


def carry_decisions(connection: Connection, old: int, new: int, batch_id: int) -> None:
    """Let decisions and waivers about a merged record hold for its survivor, where that has none of its own."""
    for table in (decision, waiver):
        mine = table.alias("mine")
        keys = [key.name for key in table.primary_key.columns if key.name != "record_id"]
        there = exists().where(mine.c.record_id == new, *(mine.c[name] == table.c[name] for name in keys))
        held: dict[str, Any] = {column.name: column for column in table.c if column.name != "dataset_id"}
        held |= {"record_id": literal(new), "batch_id": literal(batch_id)}
        fresh = select(*held.values()).where(table.c.record_id == old, ~there)
        connection.execute(insert(table).from_select([*held], fresh))


def lead(connection: Connection, old: int, new: int) -> None:
    """Let a record, and those merged into it before, lead to its survivor."""
    either = (record.c.id == old) | (record.c.merged_into_id == old)
    connection.execute(update(record).where(either).values(merged_into_id=new))
