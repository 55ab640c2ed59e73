"""Where values of several data sets meet: plain ones are written out as claims with the sources they inherited."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Table,
    and_,
    case,
    delete,
    exists,
    func,
    insert,
    literal,
    null,
    or_,
    select,
    union_all,
    update,
)

from zoo_provenance.counts import bound_text
from zoo_provenance.loading import merging
from zoo_provenance.loading.problems import Mark
from zoo_provenance.loading.staging import CLAIM, DESCENT, RECORD, Staging, owner_table
from zoo_provenance.tables import KIND_TABLES, claim, descent, participant, record, transfer_line
from zoo_provenance.vocabulary import FIELDS, DescentRole, Field, Kind, Shape, columns_of, owner_of

_OWNERS = (*(kind.value for kind in Kind), "line", "participant")


def _concluded_fields() -> Iterator[tuple[str, Field]]:
    for owner in _OWNERS:
        for field in FIELDS[owner].values():
            if columns_of(owner, field) and field.shape is not Shape.FLAG:
                yield owner, field


def write_out(stage: Staging) -> None:
    """Write plain values out as claims wherever another data set's value of the same field is about to meet them.

    Nothing is overwritten in silence: the standing value keeps the sources it inherited.
    """
    connection = stage.connection
    contested = _contested(connection)
    second = connection.execute(select(exists().where(~RECORD.c.defines))).scalar()
    together = merging.is_any(connection)
    for owner, field in _concluded_fields():
        if second:
            _second_definitions(stage, owner, field)
        if (owner, field.name) in contested:
            _staged_values(stage, owner, field)
            _stored_values(connection, owner, field)
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
    return fields | {(owner, field.name) for owner, field in _concluded_fields() if owner in owners}


def _part_of(owner: str, table: Table) -> ColumnElement[str]:
    if owner in {"line", "participant"}:
        return literal(f"{owner}s/") + table.c.key
    return literal("")


def _value_of(owner: str, field: Field, table: Table, *, staged: bool) -> ColumnElement[Any]:
    """Return the column that says whether there is a value, as text; a staged reference by its slug."""
    names = columns_of(owner, field)
    if field.name == "who":
        return table.c.who if staged else func.coalesce(table.c.person_id, table.c.institution_id)
    if field.shape is Shape.FLAG:
        return case((table.c[names[0]].is_(True), "yes"), (table.c[names[0]].is_(False), "no"))
    if field.shape is Shape.RECORD and staged:
        return table.c[names[0].removesuffix("_id")]
    return table.c[names[0]]


def _second_definitions(stage: Staging, owner: str, field: Field) -> None:
    """Turn the values of a record that another data set defines into claims about it."""
    table = owner_table(owner)
    value = _value_of(owner, field, table, staged=True)
    query = (
        select(*_place(owner, table), value.label("value"), *_bounds(owner, field, table))
        .join(RECORD, and_(RECORD.c.slug == table.c.slug, RECORD.c.dataset_id == table.c.dataset_id))
        .where(~RECORD.c.defines, value.is_not(None), _not_claimed(table, field))
    )
    _stage_claims(stage, field, stage.connection.execute(query).all())


def _staged_values(stage: Staging, owner: str, field: Field) -> None:
    """Write out staged plain values that meet claims of other data sets, staged or stored."""
    table = owner_table(owner)
    value = _value_of(owner, field, table, staged=True)
    meets = or_(_claimed_elsewhere(owner, table, field), merging.is_survivor(table.c.record_id))
    condition = and_(_defines(table), meets, _not_claimed(table, field))
    query = select(*_place(owner, table), value.label("value"), *_bounds(owner, field, table)).where(
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
    part = _part_of(owner, table)
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
            select(*place, literal("").label("part"), table.c.parent.label("value"), *_no_bounds()).where(
                table.c.role == role.value, speaks, together, ~claimed
            )
        ).all()
        _stage_claims(stage, FIELDS[Kind.ANIMAL][role], rows)


def _no_bounds() -> list[ColumnElement[Any]]:
    return [null().label("low"), null().label("high")]


def _not_claimed(table: Table, field: Field) -> ColumnElement[bool]:
    return ~table.c.claimed.contains(f",{field.name},", autoescape=True)


def _place(owner: str, table: Table) -> list[ColumnElement[Any]]:
    part = _part_of(owner, table).label("part")
    return [table.c.row, table.c.file, table.c.line, table.c.dataset_id, table.c.slug, table.c.record_id, part]


def _bounds(owner: str, field: Field, table: Table) -> list[ColumnElement[Any]]:
    names = columns_of(owner, field)
    if field.shape in {Shape.DATE, Shape.COUNT}:
        return [table.c[names[1]].label("low"), table.c[names[2]].label("high")]
    return _no_bounds()


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
                **_said_at(row.part),
                "slug": row.slug,
                "field": field.name,
                "record_id": row.record_id,
            }
            values |= {"value": None if is_record else row.value, "value_record": row.value if is_record else None}
            values |= {"low": _text_bound(row.low), "high": _text_bound(row.high), "source": source}
            values |= {"stance": "supports", "language": "", "locator": "", "own": False}
            stage.add(CLAIM, values, row.file, row.dataset_id, {"": Mark(row.line, 0)})
    stage.flush()
    for column, target in (("source", "source_id"), ("value_record", "value_record_id")):
        survivor = func.coalesce(record.c.merged_into_id, record.c.id)
        by_slug = select(survivor).where(record.c.slug == CLAIM.c[column]).scalar_subquery()
        stage.connection.execute(
            update(CLAIM).where(CLAIM.c[column].is_not(None), CLAIM.c[target].is_(None)).values({target: by_slug})
        )


def _text_bound(bound: Any) -> str | None:
    return bound_text(bound) if isinstance(bound, int) else bound


def _said_at(part: str) -> dict[str, str | None]:
    group, _, key = part.partition("/")
    return {
        "part": part,
        "line_key": key if group == "lines" else None,
        "participant_key": key if group == "participants" else None,
    }


def _stored_values(connection: Connection, owner: str, field: Field) -> None:
    """Write out stored plain values of records this load does not define but speaks of."""
    table = target_table(owner)
    id_column = table.c.transfer_id if owner in {"line", "participant"} else table.c.id
    part = _part_of(owner, table)
    met = exists().where(
        CLAIM.c.record_id == id_column,
        CLAIM.c.part == part,
        CLAIM.c.field == field.name,
        CLAIM.c.stance == "supports",
        CLAIM.c.dataset_id != record.c.dataset_id,
    )
    defined_now = exists().where(RECORD.c.record_id == id_column, RECORD.c.defines)
    _write_plain(connection, owner, field, and_(met, ~defined_now))


def write_out_all(connection: Connection, record_ids: Sequence[int]) -> None:
    """Write out all stored plain values of records as claims with the sources they inherited, parents too."""
    for owner, field in _concluded_fields():
        table = target_table(owner)
        id_column = table.c.transfer_id if owner in {"line", "participant"} else table.c.id
        _write_plain(connection, owner, field, id_column.in_(record_ids))
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
            select(*columns, descent.c.parent_id.label("value"), *_no_bounds())
            .join(record, record.c.id == descent.c.child_id)
            .where(descent.c.child_id.in_(record_ids), descent.c.role == role, ~named)
        ).all()
        _enter_plain(connection, FIELDS[Kind.ANIMAL][role], rows)


def _write_plain(connection: Connection, owner: str, field: Field, which: ColumnElement[bool]) -> None:
    table = target_table(owner)
    id_column = table.c.transfer_id if owner in {"line", "participant"} else table.c.id
    part = _part_of(owner, table)
    value = _value_of(owner, field, table, staged=False)
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
            *_bounds(owner, field, table),
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
            **_said_at(row.part),
            "record_id": row.record_id,
            "field": field.name,
            **_stored_value(field, row),
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


def _stored_value(field: Field, row: Any) -> dict[str, Any]:
    is_record = field.shape is Shape.RECORD
    return {
        "value": None if is_record else row.value,
        "value_record_id": row.value if is_record else None,
        "low": _text_bound(row.low),
        "high": _text_bound(row.high),
    }


def target_table(owner: str) -> Table:
    """Return the table that holds the concluded columns of an owner: a kind, `line` or `participant`."""
    if owner == "line":
        return transfer_line
    return participant if owner == "participant" else KIND_TABLES[Kind(owner)]
