"""Stored plain values, written out as claims of all that vouch for them before a second value meets them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, exists, insert, literal, select

from zoo_provenance.fields import FIELDS, Field, Shape
from zoo_provenance.loading.plain_values import (
    bounds_of,
    concluded_fields,
    no_bounds,
    part_of,
    said_at,
    text_bound,
    value_of,
)
from zoo_provenance.loading.staging import CLAIM, RECORD
from zoo_provenance.tables import OWNER_TABLES, claim, descent, record, record_id_of
from zoo_provenance.vocabulary import Kind


def write_out_all(connection: Connection, record_ids: Sequence[int]) -> None:
    """Write out all stored plain values of records as claims with the sources they inherited, parents too."""
    for owner, field in concluded_fields():
        _write_plain(connection, owner, field, record_id_of(owner).in_(record_ids))
    named = exists().where(
        claim.c.record_id == descent.c.child_id,
        claim.c.part == "",
        claim.c.field == descent.c.role,
        claim.c.value_record_id == descent.c.parent_id,
        claim.c.stance == "supports",
    )
    columns = [descent.c.child_id.label("record_id"), record.c.dataset_id, literal("").label("part")]
    for role in connection.execute(
        select(descent.c.role).where(descent.c.child_id.in_(record_ids)).distinct()
    ).scalars():
        rows = connection.execute(
            select(*columns, descent.c.parent_id.label("value"), *no_bounds())
            .join(record, record.c.id == descent.c.child_id)
            .where(descent.c.child_id.in_(record_ids), descent.c.role == role, ~named)
        ).all()
        _enter_plain(connection, FIELDS[Kind.ANIMAL][role], rows)


def write_out_met(connection: Connection, owner: str, field: Field) -> None:
    """Write out stored plain values of records this load does not define but speaks of."""
    table = OWNER_TABLES[owner]
    id_column = record_id_of(owner)
    part = part_of(owner, table)
    met = exists().where(
        CLAIM.c.record_id == id_column,
        CLAIM.c.part == part,
        CLAIM.c.field == field.name,
        CLAIM.c.stance == "supports",
        CLAIM.c.dataset_id != record.c.dataset_id,
    )
    defined_now = exists().where(RECORD.c.record_id == id_column, RECORD.c.defines)
    _write_plain(connection, owner, field, and_(met, ~defined_now))


def _write_plain(connection: Connection, owner: str, field: Field, which: ColumnElement[bool]) -> None:
    table = OWNER_TABLES[owner]
    id_column = record_id_of(owner)
    part = part_of(owner, table)
    value = value_of(owner, field, table, staged=False)
    # Where values are claimed, the column is what they conclude, and nobody's plain word.
    said = exists().where(
        claim.c.record_id == id_column,
        claim.c.part == part,
        claim.c.field == field.name,
        claim.c.stance == "supports",
    )
    rows = connection.execute(
        select(
            id_column.label("record_id"),
            record.c.dataset_id,
            part.label("part"),
            value.label("value"),
            *bounds_of(owner, field, table),
        )
        .join(record, record.c.id == id_column)
        .where(value.is_not(None), which, ~said)
    ).all()
    _enter_plain(connection, field, rows)


def _enter_plain(connection: Connection, field: Field, rows: Sequence[Any]) -> None:
    """Enter plain values (record_id, dataset_id, part, value, low, high) as claims of all that vouch for them."""
    if not rows:
        return
    # Who vouched, and under which slug, if that was merged since.
    vouching: dict[tuple[int, str], list[tuple[int | None, int | None]]] = {}
    for record_id, at, *by in connection.execute(
        select(claim.c.record_id, claim.c.part, claim.c.source_id, claim.c.said_by_id)
        .join(record, and_(record.c.id == claim.c.record_id, record.c.dataset_id == claim.c.dataset_id))
        .where(claim.c.field == "", claim.c.record_id.in_({row.record_id for row in rows}))
        .order_by(claim.c.id)
    ):
        vouching.setdefault((record_id, at), []).append((by[0], by[1]))
    written = [
        {
            **said_at(row.part),
            "record_id": row.record_id,
            "field": field.name,
            "value": None if field.shape is Shape.RECORD else row.value,
            "value_record_id": row.value if field.shape is Shape.RECORD else None,
            "low": text_bound(row.low),
            "high": text_bound(row.high),
            "source_id": source,
            "said_by_id": said_by,
            "stance": "supports",
            "own": False,
            "dataset_id": row.dataset_id,
        }
        for row in rows
        for source, said_by in dict.fromkeys(
            vouching.get((row.record_id, row.part)) or vouching.get((row.record_id, "")) or [(None, None)]
        )
    ]
    connection.execute(insert(claim), written)
