"""Where values of several data sets meet: plain ones are written out as claims with the sources they inherited."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Table,
    and_,
    delete,
    exists,
    func,
    literal,
    or_,
    select,
    union_all,
    update,
)

from zoo_provenance.fields import FIELDS, Field, Shape, owner_of
from zoo_provenance.loading import merging
from zoo_provenance.loading.plain_values import (
    bounds_of,
    concluded_fields,
    no_bounds,
    part_of,
    said_at,
    text_bound,
    value_of,
)
from zoo_provenance.loading.problems import Mark
from zoo_provenance.loading.staging import CLAIM, DESCENT, RECORD, Staging, owner_table
from zoo_provenance.loading.stored_values import write_out_met
from zoo_provenance.tables import claim, record
from zoo_provenance.vocabulary import DescentRole, Kind


def write_out(stage: Staging) -> None:
    """Write plain values out as claims wherever another data set's value of the same field is about to meet them.

    Nothing is overwritten in silence: the standing value keeps the sources it inherited.
    """
    connection = stage.connection
    contested = _contested(connection)
    second = connection.execute(select(exists().where(~RECORD.c.defines))).scalar()
    together = merging.is_any(connection)
    for owner, field in concluded_fields():
        if second:
            _second_definitions(stage, owner, field)
        if (owner, field.name) in contested:
            _staged_values(stage, owner, field)
            write_out_met(connection, owner, field)
    for what in ("custody", "title"):
        if (Kind.TRANSFER, what) in contested:
            _leave_to_claims(connection, FIELDS[Kind.TRANSFER][what])
    if together:
        _parents(stage)
    stage.flush()
    first = CLAIM.alias("first")
    said = [first.c[name] == CLAIM.c[name] for name in ("record_id", "part", "field", "dataset_id", "stance")]
    said += [first.c[name] == CLAIM.c[name] for name in ("language", "locator")]
    said += [first.c[name].is_not_distinct_from(CLAIM.c[name]) for name in ("source_id", "value", "value_record_id")]
    again = exists().where(*said, first.c.during.is_not_distinct_from(CLAIM.c.during), first.c.row < CLAIM.c.row)
    connection.execute(delete(CLAIM).where(again))
    # Who vouches for a whole record says so of its own definition, not of what another data set has in it.
    not_its_own = exists().where(
        RECORD.c.slug == CLAIM.c.slug,
        RECORD.c.dataset_id == CLAIM.c.dataset_id,
        ~RECORD.c.defines,
        record.c.id == RECORD.c.record_id,
        record.c.merged_into_id.is_(None),
    )
    connection.execute(delete(CLAIM).where(CLAIM.c.field == "", not_its_own))
    if together:
        merging.read_as_survivors(connection)


def _contested(connection: Connection) -> set[tuple[str, str]]:
    """Return (owner, field) of what is claimed of the records of this load beside their definitions."""
    owner = record.alias("owner")
    staged = (
        select(owner.c.kind, CLAIM.c.part, CLAIM.c.field)
        .join(owner, owner.c.id == CLAIM.c.record_id)
        .where(CLAIM.c.field != "", CLAIM.c.stance == "supports")
        .distinct()
    )
    stored = (
        select(owner.c.kind, claim.c.part, claim.c.field)
        .join(owner, owner.c.id == claim.c.record_id)
        .where(
            claim.c.dataset_id != owner.c.dataset_id,
            claim.c.field != "",
            claim.c.stance == "supports",
            claim.c.record_id.in_(select(RECORD.c.record_id)),
        )
        .distinct()
    )
    found = connection.execute(union_all(staged, stored)).all()
    rivals = or_(~RECORD.c.defines, merging.is_survivor(RECORD.c.record_id))
    second = connection.execute(select(RECORD.c.kind).where(rivals).distinct()).scalars().all()
    owners = {*second, *(("line", "participant") if Kind.TRANSFER in second else ())}
    fields = {(owner_of(kind, part), field) for kind, part, field in found}
    return fields | {(owner, field.name) for owner, field in concluded_fields() if owner in owners}


def _second_definitions(stage: Staging, owner: str, field: Field) -> None:
    """Turn the values of a record that another data set defines into claims about it."""
    table = owner_table(owner)
    value = value_of(owner, field, table, staged=True)
    query = (
        select(*_place(owner, table), value.label("value"), *bounds_of(owner, field, table))
        .join(RECORD, and_(RECORD.c.slug == table.c.slug, RECORD.c.dataset_id == table.c.dataset_id))
        .where(~RECORD.c.defines, value.is_not(None), _not_claimed(table, field))
    )
    _stage_claims(stage, field, stage.connection.execute(query).all())


def _staged_values(stage: Staging, owner: str, field: Field) -> None:
    """Write out staged plain values that meet claims of other data sets, staged or stored."""
    table = owner_table(owner)
    value = value_of(owner, field, table, staged=True)
    meets = or_(_claimed_elsewhere(owner, table, field), merging.is_survivor(table.c.record_id))
    condition = and_(_defines(table), meets, _not_claimed(table, field))
    query = select(*_place(owner, table), value.label("value"), *bounds_of(owner, field, table)).where(
        condition, value.is_not(None)
    )
    rows = stage.connection.execute(query).all()
    # What a transfer passes follows from its kind.
    concluded = "kind,custody,title," if (owner, field.name) == ("transfer", "kind") else f"{field.name},"
    stage.connection.execute(update(table).where(condition).values(claimed=table.c.claimed + concluded))
    _stage_claims(stage, field, rows)


def _leave_to_claims(connection: Connection, field: Field) -> None:
    """Leave what a transfer passes to those who say it: by its kind it passes something only where nobody does."""
    table = owner_table(Kind.TRANSFER)
    condition = and_(_defines(table), _claimed_elsewhere(Kind.TRANSFER, table, field), _not_claimed(table, field))
    connection.execute(update(table).where(condition).values(claimed=table.c.claimed + f"{field.name},"))


def _claimed_elsewhere(owner: str, table: Table, field: Field) -> ColumnElement[bool]:
    """Return whether a staged row's field has claims of other data sets, staged or stored."""
    part = part_of(owner, table)
    return or_(
        *(
            exists().where(
                other.c.record_id == table.c.record_id,
                other.c.part == part,
                other.c.field == field.name,
                other.c.stance == "supports",
                # What this data set said until now is not a rival, what a file of it says about the record is.
                *([claim.c.dataset_id != table.c.dataset_id] if other is claim else []),
            )
            for other in (claim, CLAIM)
        )
    )


def _defines(table: Table) -> ColumnElement[bool]:
    """Return whether a staged row's data set defines its record."""
    return exists().where(
        RECORD.c.record_id == table.c.record_id, RECORD.c.dataset_id == table.c.dataset_id, RECORD.c.defines
    )


def _parents(stage: Staging) -> None:
    """Write out the parents of animals of which several were merged: they may be rivals."""
    table = DESCENT
    merged = exists().where(record.c.id == table.c.record_id, record.c.merged_into_id.is_not(None))
    said = CLAIM.alias("said")
    claimed = exists().where(
        said.c.record_id == table.c.record_id,
        said.c.dataset_id == table.c.dataset_id,
        said.c.field == table.c.role,
        said.c.value_record == table.c.parent,
        said.c.stance == "supports",
    )
    speaks = exists().where(
        RECORD.c.record_id == table.c.record_id,
        RECORD.c.dataset_id == table.c.dataset_id,
        or_(RECORD.c.defines, merged),
    )
    place = [table.c.row, table.c.file, table.c.line, table.c.dataset_id, table.c.slug, table.c.record_id]
    together = or_(merged, merging.is_survivor(table.c.record_id))
    for role in DescentRole:
        rows = stage.connection.execute(
            select(*place, literal("").label("part"), table.c.parent.label("value"), *no_bounds()).where(
                table.c.role == role.value, speaks, together, ~claimed
            )
        ).all()
        _stage_claims(stage, FIELDS[Kind.ANIMAL][role], rows)


def _not_claimed(table: Table, field: Field) -> ColumnElement[bool]:
    return ~table.c.claimed.contains(f",{field.name},", autoescape=True)


def _place(owner: str, table: Table) -> list[ColumnElement[Any]]:
    part = part_of(owner, table).label("part")
    return [table.c.row, table.c.file, table.c.line, table.c.dataset_id, table.c.slug, table.c.record_id, part]


def _stage_claims(stage: Staging, field: Field, rows: Iterable[Any]) -> None:
    """Stage a claim for each row and each source that vouched for it."""
    found = list(rows)
    if not found:
        return
    stage.flush()
    vouching: dict[tuple[int, str, int], list[str]] = {}
    for record_id, part, dataset_id, source in stage.connection.execute(
        select(CLAIM.c.record_id, CLAIM.c.part, CLAIM.c.dataset_id, CLAIM.c.source)
        .where(CLAIM.c.field == "", CLAIM.c.record_id.in_({row.record_id for row in found}))
        .order_by(CLAIM.c.row)
    ):
        vouching.setdefault((record_id, part, dataset_id), []).append(source)
    for row in found:
        sources: list[str | None] = [
            *(
                vouching.get((row.record_id, row.part, row.dataset_id))
                or vouching.get((row.record_id, "", row.dataset_id))
                or ()
            )
        ]
        is_record = field.shape is Shape.RECORD
        for source in dict.fromkeys(sources or [None]):
            values: dict[str, Any] = {
                **said_at(row.part),
                "slug": row.slug,
                "field": field.name,
                "record_id": row.record_id,
            }
            values |= {"value": None if is_record else row.value, "value_record": row.value if is_record else None}
            values |= {"low": text_bound(row.low), "high": text_bound(row.high), "source": source}
            values |= {"stance": "supports", "language": "", "locator": "", "own": False}
            stage.add(CLAIM, values, row.file, row.dataset_id, {"": Mark(row.line, 0)})
    stage.flush()
    for column, target in (("source", "source_id"), ("value_record", "value_record_id")):
        survivor = func.coalesce(record.c.merged_into_id, record.c.id)
        by_slug = select(survivor).where(record.c.slug == CLAIM.c[column]).scalar_subquery()
        stage.connection.execute(
            update(CLAIM).where(CLAIM.c[column].is_not(None), CLAIM.c[target].is_(None)).values({target: by_slug})
        )
