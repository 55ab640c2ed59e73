"""Plain values, of rows staged or stored: where they stand, and how they read as claims."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import ColumnElement, Table, func, literal, null

from zoo_provenance.counts import bound_text
from zoo_provenance.fields import FIELDS, PARTS, Field, Shape, columns_of


def concluded_fields() -> Iterator[tuple[str, Field]]:
    """Yield the fields that a column concludes, each with its owner; what passes has none of its own word."""
    for owner, fields in FIELDS.items():
        for field in fields.values():
            if columns_of(owner, field) and field.shape is not Shape.FLAG:
                yield owner, field


def part_of(owner: str, table: Table) -> ColumnElement[str]:
    """Return the part of a record that a row is, as claims call it."""
    if owner in PARTS:
        return literal(f"{owner}s/") + table.c.key
    return literal("")


def value_of(owner: str, field: Field, table: Table, *, staged: bool) -> ColumnElement[Any]:
    """Return the column that says whether there is a value, as text; a staged reference by its slug."""
    names = columns_of(owner, field)
    if field.name == "who":
        return table.c.who if staged else func.coalesce(table.c.person_id, table.c.institution_id)
    if field.shape is Shape.RECORD and staged:
        return table.c[names[0].removesuffix("_id")]
    return table.c[names[0]]


def bounds_of(owner: str, field: Field, table: Table) -> list[ColumnElement[Any]]:
    """Return the columns that bound a date or a count, as `low` and `high`; empty ones for anything else."""
    names = columns_of(owner, field)
    if field.shape in {Shape.DATE, Shape.COUNT}:
        return [table.c[names[1]].label("low"), table.c[names[2]].label("high")]
    return no_bounds()


def no_bounds() -> list[ColumnElement[Any]]:
    """Return `low` and `high` of what has no bounds."""
    return [null().label("low"), null().label("high")]


def text_bound(bound: Any) -> str | None:
    """Return a bound as claims hold it: text of ten characters."""
    return bound_text(bound) if isinstance(bound, int) else bound


def said_at(part: str) -> dict[str, str | None]:
    """Return the columns of a claim that say of which part it is."""
    group, _, key = part.partition("/")
    return {
        "part": part,
        "line_key": key if group == "lines" else None,
        "participant_key": key if group == "participants" else None,
    }
