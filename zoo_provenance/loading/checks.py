"""Set-based checks of what is staged: said twice, defined twice, lost, settled twice."""

from __future__ import annotations

from sqlalchemy import ColumnElement, Table, and_, case, exists, func, or_, select

from zoo_provenance.fields import FIELDS, Field, Shape
from zoo_provenance.loading import merging, staging
from zoo_provenance.loading.problems import Mark
from zoo_provenance.loading.staging import CLAIM, RECORD, Staging
from zoo_provenance.tables import (
    KIND_TABLES,
    claim,
    dataset,
    decision,
    participant,
    record,
    transfer_line,
)

RECORD_NOW = RECORD.alias("record_now")
_SAID = ("record_id", "part", "field", "dataset_id", "stance", "language", "locator")
_SAID_OR_NOT = ("source_id", "value", "value_record_id", "during")


def tell_duplicates(stage: Staging) -> None:
    """Tell of slugs that two entries of one data set define, or that the database knows as another kind."""
    first, again = RECORD.alias("first"), RECORD.alias("again")
    twice = (
        select(
            again.c.row,
            again.c.file,
            again.c.line,
            again.c.slug,
            first.c.file.label("file_1"),
            first.c.line.label("line_1"),
        )
        .join(first, and_(first.c.slug == again.c.slug, first.c.row < again.c.row))
        .where(or_(first.c.dataset_id == again.c.dataset_id, first.c.kind != again.c.kind))
        .order_by(again.c.row)
    )
    for row in stage.connection.execute(twice):
        place = f"{stage.files[row.file_1].path}:{row.line_1}"
        message = f"{row.slug!r} is defined already, at {place}; all kinds share one space of slugs"
        stage.problem(row.row, row.file, row.line, "slug", "duplicate", message)
    other = (
        select(RECORD.c.row, RECORD.c.file, RECORD.c.line, RECORD.c.slug, record.c.kind)
        .join(record, record.c.slug == RECORD.c.slug)
        .where(record.c.kind != RECORD.c.kind)
    )
    for row in stage.connection.execute(other):
        message = f"{row.slug!r} is in the database as a record of kind {row.kind}; choose another slug"
        stage.problem(row.row, row.file, row.line, "slug", "duplicate", message)


def tell_doubled_parts(stage: Staging) -> None:
    """Tell of an animal that is on two lines of one transfer, and of a claim said twice over."""
    if stage.is_filled(staging.LINE_ANIMAL):
        _tell_animals_twice(stage)
    if stage.is_filled(CLAIM):
        _tell_said_twice(stage)


def _tell_animals_twice(stage: Staging) -> None:
    there = staging.LINE_ANIMAL
    doubled = (
        select(func.max(there.c.row).label("row"))
        .where(there.c.animal_id.is_not(None))
        .group_by(there.c.record_id, there.c.animal_id, there.c.dataset_id)
        # Two that were merged since may both be named, if on one line.
        .having(or_(func.count() > func.count(there.c.animal.distinct()), func.count(there.c.line_key.distinct()) > 1))
        .subquery()
    )
    for place in stage.connection.execute(select(there).join(doubled, doubled.c.row == there.c.row)).mappings():
        message = f"{place['animal']!r} is listed twice in this transfer; an animal travels on one line"
        stage.problem(place["row"], place["file"], place["line"], "animal", "duplicate", message)


def _tell_said_twice(stage: Staging) -> None:
    first, again = CLAIM.alias("first"), CLAIM.alias("again")
    same = [first.c[name] == again.c[name] for name in _SAID]
    same += [first.c[name].is_not_distinct_from(again.c[name]) for name in _SAID_OR_NOT]
    # A slug that leads nowhere is told already.
    resolved = [or_(again.c[name].is_(None), again.c[f"{name}_id"].is_not(None)) for name in ("source", "value_record")]
    twice = (
        select(
            again.c.row,
            again.c.file,
            again.c.line,
            again.c.field,
            again.c.source,
            first.c.row.label("first"),
            first.c.file.label("file_1"),
        )
        .join(first, and_(*same, first.c.row < again.c.row))
        .where(*resolved)
        .order_by(again.c.row)
    )
    told: set[Mark | None] = set()
    for row in stage.connection.execute(twice):
        mark = stage.marks.get(row.row, {}).get("")
        if mark not in told:
            told.add(mark)
            said = f"of {row.field!r} " if row.field else ""
            by = f"by {row.source!r} " if row.source else ""
            message = f"the same is said {said}{by}twice; give each its place with 'at', or leave one out"
            # Two values of one list of sources: the second value is the repetition, not its source.
            sources = [stage.marks.get(number, {}).get("source") for number in (row.first, row.row)]
            column = "value_record" if row.file == row.file_1 and sources[0] == sources[1] else "source"
            stage.problem(row.row, row.file, row.line, column, "duplicate", message)


def tell_second_definitions(stage: Staging) -> None:
    """Tell of records that another data set defines otherwise; an equal or shorter definition is a witness."""
    if not stage.connection.execute(select(exists().where(~RECORD.c.defines))).scalar():
        return
    for kind, table in KIND_TABLES.items():
        staged = staging.KINDS[kind]
        if not stage.is_filled(staged):
            continue
        fields = [field for field in FIELDS[kind].values() if field.column and field.shape is not Shape.FLAG]
        if not fields:
            continue
        differing = [case((_differs(field, table, staged), field.name)) for field in fields]
        rows = stage.connection.execute(
            select(RECORD.c.row, RECORD.c.file, RECORD.c.line, RECORD.c.slug, dataset.c.name, *differing)
            .select_from(RECORD)
            .join(staged, and_(staged.c.slug == RECORD.c.slug, staged.c.dataset_id == RECORD.c.dataset_id))
            .join(record, record.c.id == RECORD.c.record_id)
            .outerjoin(table, table.c.id == RECORD.c.record_id)
            .join(dataset, dataset.c.id == record.c.dataset_id)
            .where(
                ~RECORD.c.defines, record.c.merged_into_id.is_(None), or_(*(cell.is_not(None) for cell in differing))
            )
        )
        for row_number, file, line, slug, name, *names in rows:
            _tell_second(stage, row_number, file, line, slug, name, ", ".join(one for one in names if one))
    for staged, table in ((staging.LINE, transfer_line), (staging.PARTICIPANT, participant)):
        names = [c.name for c in table.c if c.name not in {"transfer_id", "key", "notes"}]
        owner = staged.alias("owner")
        now = exists().where(RECORD_NOW.c.record_id == record.c.id, RECORD_NOW.c.defines)
        in_files = [owner.c.record_id == record.c.id, owner.c.dataset_id == record.c.dataset_id]
        in_tables = [table.c.transfer_id == record.c.id]
        in_files.append(owner.c.key == staged.c.key)
        in_tables.append(table.c.key == staged.c.key)
        same_in_files = [staged.c[name].is_not_distinct_from(owner.c[name]) for name in names]
        same_in_tables = [staged.c[name].is_not_distinct_from(table.c[name]) for name in names]
        there = or_(and_(now, exists().where(*in_files)), and_(~now, exists().where(*in_tables)))
        same = or_(
            and_(now, exists().where(*in_files, *same_in_files)),
            and_(~now, exists().where(*in_tables, *same_in_tables)),
        )
        rows = stage.connection.execute(
            select(RECORD.c.row, RECORD.c.file, RECORD.c.line, RECORD.c.slug, dataset.c.name, staged.c.key)
            .select_from(RECORD)
            .join(staged, and_(staged.c.slug == RECORD.c.slug, staged.c.dataset_id == RECORD.c.dataset_id))
            .join(record, record.c.id == RECORD.c.record_id)
            .join(dataset, dataset.c.id == record.c.dataset_id)
            # What claims conclude may differ, there the two data sets' rivals meet; a new part may not.
            .where(
                ~RECORD.c.defines, record.c.merged_into_id.is_(None), or_(and_(staged.c.claimed == ",", ~same), ~there)
            )
        )
        for row_number, file, line, slug, name, key in rows:
            _tell_second(stage, row_number, file, line, slug, name, key)


def _differs(field: Field, table: Table, staged: Table) -> ColumnElement[bool]:
    """Whether a staged value is other than the plain one of the data set that defines the record.

    Where values are claimed, rivals meet; the column is then what they conclude, and nobody's definition.
    """
    column = table.c[str(field.column)]
    given = staged.c[column.name]
    owner = staged.alias("owner")
    now = exists().where(owner.c.record_id == record.c.id, owner.c.dataset_id == record.c.dataset_id)
    said = exists().where(
        claim.c.record_id == record.c.id, claim.c.part == "", claim.c.field == field.name, claim.c.stance == "supports"
    )
    return and_(
        given.is_not(None),
        or_(now.where(owner.c[column.name] != given), and_(~now, ~said, column.is_not(None), given != column)),
    )


def _tell_second(stage: Staging, row: int, file: int, line: int, slug: str, name: str, differ: str) -> None:
    first = stage.connection.execute(
        select(RECORD.c.file, RECORD.c.line).where(RECORD.c.slug == slug, RECORD.c.defines)
    ).first()
    place = f", at {stage.files[first.file].path}:{first.line}" if first else ""
    message = f"{slug!r} is defined otherwise by data set {name!r}{place} (they differ in {differ})"
    stage.problem(row, file, line, "slug", "second-definition", message, f"say what differs in about/{slug}.yaml")


def tell_lost_parts(stage: Staging) -> None:
    """Tell of lines and participants that are gone from the seeds while another data set speaks of them."""
    if not stage.connection.execute(select(exists().where(RECORD.c.defines, ~RECORD.c.creates))).scalar():
        return
    for key, staged, kept, noun in (
        (claim.c.line_key, staging.LINE, transfer_line, "line"),
        (claim.c.participant_key, staging.PARTICIPANT, participant, "participant"),
    ):
        lost = (
            select(RECORD.c.row, RECORD.c.file, RECORD.c.line, key.label("key"), dataset.c.name)
            .join(claim, claim.c.record_id == RECORD.c.record_id)
            .join(dataset, dataset.c.id == claim.c.dataset_id)
            .where(
                RECORD.c.defines,
                RECORD.c.dataset_id.not_in(stage.silent.get(staged, [])),
                key.is_not(None),
                claim.c.dataset_id != RECORD.c.dataset_id,
                ~exists().where(staged.c.record_id == RECORD.c.record_id, staged.c.key == key),
                ~merging.came_with_merged(kept, RECORD.c.record_id, kept.c.key == key),
            )
            .distinct()
        )
        for row in stage.connection.execute(lost):
            message = f"{noun} {row.key!r} is gone, but data set {row.name!r} speaks of it"
            stage.problem(row.row, row.file, row.line, "", "still-cited", message)


def tell_second_decisions(stage: Staging) -> None:
    """Tell of decisions that two data sets make of the same value."""
    staged = staging.DECISION
    if not stage.is_filled(staged):
        return
    rows = stage.connection.execute(
        select(staged.c.row, staged.c.file, staged.c.line, staged.c.field, dataset.c.name)
        .join(
            decision,
            and_(
                decision.c.record_id == staged.c.record_id,
                decision.c.part == staged.c.part,
                decision.c.field == staged.c.field,
                decision.c.language == staged.c.language,
            ),
        )
        .join(dataset, dataset.c.id == decision.c.dataset_id)
        .where(decision.c.dataset_id != staged.c.dataset_id)
    )
    for row in rows:
        message = f"{row.field!r} is settled already by data set {row.name!r}; leave it to one of them"
        stage.problem(row.row, row.file, row.line, "", "second-decision", message)
    first, again = staged.alias("first"), staged.alias("again")
    same = [first.c[name] == again.c[name] for name in ("record_id", "part", "field", "language")]
    twice = select(again.c.row, again.c.file, again.c.line, again.c.field).join(
        first, and_(*same, first.c.row < again.c.row)
    )
    for row in stage.connection.execute(twice):
        message = f"{row.field!r} is settled twice; leave it to one place"
        stage.problem(row.row, row.file, row.line, "", "second-decision", message)
