"""Set-based checks of what is staged: said twice, defined twice, circles."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Table, and_, case, exists, func, or_, select

from zoo_provenance.loading import staging
from zoo_provenance.loading.staging import CLAIM, RECORD, Staging
from zoo_provenance.tables import (
    KIND_TABLES,
    animal,
    claim,
    dataset,
    decision,
    descent,
    institution,
    participant,
    record,
    source_basis,
    taxon,
    transfer_line,
)
from zoo_provenance.vocabulary import Kind


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
    doubled = (
        select(
            func.max(staging.LINE_ANIMAL.c.row).label("row"), staging.LINE_ANIMAL.c.slug, staging.LINE_ANIMAL.c.animal
        )
        .group_by(staging.LINE_ANIMAL.c.slug, staging.LINE_ANIMAL.c.animal)
        .having(func.count() > 1)
        .subquery()
    )
    places = select(staging.LINE_ANIMAL, doubled.c.animal.label("name")).join(
        doubled, doubled.c.row == staging.LINE_ANIMAL.c.row
    )
    for place in stage.connection.execute(places).mappings():
        message = f"{place['name']!r} is listed twice in this transfer; an animal travels on one line"
        stage.problem(place["row"], place["file"], place["line"], "animal", "duplicate", message)
    first, again = CLAIM.alias("first"), CLAIM.alias("again")
    optional = ("source", "value", "value_record", "during")
    same = [
        first.c[name] == again.c[name]
        for name in ("slug", "part", "field", "dataset_id", "stance", "language", "locator")
    ]
    same += [func.coalesce(first.c[name], "") == func.coalesce(again.c[name], "") for name in optional]
    twice = (
        select(again.c.row, again.c.file, again.c.line, again.c.field, again.c.source)
        .join(first, and_(*same, first.c.row < again.c.row))
        .order_by(again.c.row)
    )
    told: set[int] = set()
    for row in stage.connection.execute(twice):
        if row.row not in told:
            told.add(row.row)
            said = f"of {row.field!r} " if row.field else ""
            by = f"by {row.source!r} " if row.source else ""
            message = f"the same is said {said}{by}twice; give each its place with 'at', or leave one out"
            stage.problem(row.row, row.file, row.line, "source", "duplicate", message)


def tell_second_definitions(stage: Staging) -> None:
    """Tell of records that another data set defines otherwise; an equal or shorter definition is a witness."""
    for kind, table in KIND_TABLES.items():
        staged = staging.KINDS[kind]
        columns = [
            column
            for column in table.c
            if column.name not in {"id", "record_kind"}
            and not column.name.endswith(("_earliest", "_latest", "_min", "_max"))
        ]
        differing = [
            case((and_(staged.c[c.name].is_not(None), c.is_not(None), staged.c[c.name] != c), c.name)) for c in columns
        ]
        if not columns:
            continue
        rows = stage.connection.execute(
            select(RECORD.c.row, RECORD.c.file, RECORD.c.line, RECORD.c.slug, dataset.c.name, *differing)
            .select_from(RECORD)
            .join(staged, and_(staged.c.slug == RECORD.c.slug, staged.c.dataset_id == RECORD.c.dataset_id))
            .join(table, table.c.id == RECORD.c.record_id)
            .join(record, record.c.id == RECORD.c.record_id)
            .join(dataset, dataset.c.id == record.c.dataset_id)
            .where(~RECORD.c.defines, or_(*(cell.is_not(None) for cell in differing)))
        )
        for row_number, file, line, slug, name, *fields in rows:
            differ = ", ".join(field.removesuffix("_id") for field in fields if field)
            _tell_second(stage, row_number, file, line, slug, name, differ)
    for staged, table in ((staging.LINE, transfer_line), (staging.PARTICIPANT, participant)):
        columns = [c for c in table.c if c.name not in {"transfer_id", "notes"}]
        same = [staged.c[c.name].is_not_distinct_from(c) for c in columns]
        rows = stage.connection.execute(
            select(RECORD.c.row, RECORD.c.file, RECORD.c.line, RECORD.c.slug, dataset.c.name, staged.c.key)
            .select_from(RECORD)
            .join(staged, and_(staged.c.slug == RECORD.c.slug, staged.c.dataset_id == RECORD.c.dataset_id))
            .join(record, record.c.id == RECORD.c.record_id)
            .join(dataset, dataset.c.id == record.c.dataset_id)
            .where(
                ~RECORD.c.defines,
                # What claims conclude may differ: there the two data sets' rivals meet.
                staged.c.claimed == ",",
                ~exists().where(table.c.transfer_id == RECORD.c.record_id, *same),
            )
        )
        for row_number, file, line, slug, name, key in rows:
            _tell_second(stage, row_number, file, line, slug, name, key)


def _tell_second(stage: Staging, row: int, file: int, line: int, slug: str, name: str, differ: str) -> None:
    first = stage.connection.execute(
        select(RECORD.c.file, RECORD.c.line).where(RECORD.c.slug == slug, RECORD.c.defines)
    ).first()
    place = f", at {stage.files[first.file].path}:{first.line}" if first else ""
    message = f"{slug!r} is defined otherwise by data set {name!r}{place} (they differ in {differ})"
    stage.problem(row, file, line, "slug", "second-definition", message, f"say what differs in about/{slug}.yaml")


def tell_lost_parts(stage: Staging) -> None:
    """Tell of lines and participants that are gone from the seeds while another data set speaks of them."""
    for key, staged, noun in (
        (claim.c.line_key, staging.LINE, "line"),
        (claim.c.participant_key, staging.PARTICIPANT, "participant"),
    ):
        lost = (
            select(RECORD.c.row, RECORD.c.file, RECORD.c.line, key.label("key"), dataset.c.name)
            .join(claim, claim.c.record_id == RECORD.c.record_id)
            .join(dataset, dataset.c.id == claim.c.dataset_id)
            .where(
                RECORD.c.defines,
                key.is_not(None),
                claim.c.dataset_id != RECORD.c.dataset_id,
                ~exists().where(staged.c.record_id == RECORD.c.record_id, staged.c.key == key),
            )
            .distinct()
        )
        for row in stage.connection.execute(lost):
            message = f"{noun} {row.key!r} is gone, but data set {row.name!r} speaks of it"
            stage.problem(row.row, row.file, row.line, "", "still-cited", message)


def tell_second_decisions(stage: Staging) -> None:
    """Tell of decisions that two data sets make of the same value."""
    staged = staging.DECISION
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


def tell_circles(stage: Staging) -> None:
    """Tell of animals that would descend from themselves, and the like of sources, taxa and institutions.

    Walks only from what is staged, and not where a parent is known to be older than its young.
    """
    parent, child = animal.alias("parent"), animal.alias("child")
    older = (
        select(descent.c.child_id, descent.c.parent_id)
        .join(parent, parent.c.id == descent.c.parent_id)
        .join(child, child.c.id == descent.c.child_id)
        .where(func.coalesce(parent.c.born_latest < child.c.born_earliest, False).is_(False))
        .subquery()
    )
    basis = select(source_basis.c.source_id.label("child_id"), source_basis.c.based_on_id.label("parent_id")).subquery()
    _tell_circle(stage, staging.DESCENT, "parent", older, "would descend from itself")
    _tell_circle(stage, staging.BASIS, "based_on", basis, "would be based on itself")
    for kind, table, column in (
        (Kind.TAXON, taxon, "parent"),
        (Kind.INSTITUTION, institution, "parent"),
        (Kind.INSTITUTION, institution, "successor"),
    ):
        links = (
            select(table.c.id.label("child_id"), table.c[f"{column}_id"].label("parent_id"))
            .where(table.c[f"{column}_id"].is_not(None))
            .subquery()
        )
        _tell_circle(stage, staging.KINDS[kind], column, links, f"would come round to itself through {column!r}")


def _tell_circle(stage: Staging, staged: Table, column: str, links: Any, says: str) -> None:
    starts = staged.c.record_id
    walk = (
        select(starts.label("start"), links.c.parent_id.label("reached"))
        .join(links, links.c.child_id == starts)
        .where(staged.c[column].is_not(None))
        .cte("walk", recursive=True)
    )
    walk = walk.union(select(walk.c.start, links.c.parent_id).join(links, links.c.child_id == walk.c.reached))
    round_trip = select(walk.c.start).where(walk.c.start == walk.c.reached)
    rows = stage.connection.execute(
        select(
            staged.c.row,
            staged.c.file,
            staged.c.line,
            staged.c.record_id,
            staged.c.slug,
            staged.c[f"{column}_id"].label("to"),
            record.c.slug.label("to_slug"),
        )
        .join(record, record.c.id == staged.c[f"{column}_id"])
        .where(staged.c.record_id.in_(round_trip))
        .order_by(staged.c.row)
    ).all()
    told: set[int] = set()
    steps: Mapping[int, Any] = {}
    for row in rows:
        if row.record_id in told:
            continue
        steps = {other.record_id: other for other in rows if other.to in {each.record_id for each in rows}}
        path, step = [row.slug], steps.get(row.record_id)
        while step is not None and step.record_id not in told:
            told.add(step.record_id)
            path.append(step.to_slug)
            step = steps.get(step.to)
        message = f"{row.slug!r} {says}: {' → '.join(path)}"
        stage.problem(row.row, row.file, row.line, column, "circle", message)
