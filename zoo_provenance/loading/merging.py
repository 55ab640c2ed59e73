"""Records merged into others, as a load meets them: they make claims about their survivors and define nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Table,
    and_,
    exists,
    func,
    insert,
    or_,
    select,
    update,
)

from zoo_provenance.loading import staging
from zoo_provenance.loading.staging import CLAIM, DESCENT, RECORD, TOUCHED, Staging
from zoo_provenance.tables import (
    claim,
    decision,
    descent,
    dismissal,
    line_animal,
    participant,
    record,
    source_basis,
    transfer_line,
    transfer_link,
)

_MINE = {
    line_animal: (staging.LINE_ANIMAL, {"transfer_id": "record_id", "line_key": "line_key", "animal_id": "animal_id"}),
    source_basis: (staging.BASIS, {"source_id": "record_id", "based_on_id": "based_on_id"}),
    descent: (DESCENT, {"child_id": "record_id", "parent_id": "parent_id", "role": "role"}),
    transfer_link: (staging.LINK, {"transfer_id": "record_id", "kind": "kind", "to_id": "to_id"}),
}
_SAID = (("record_id", "said_of_id", "slug"), ("value_record_id", "said_value_id", "value_record"))
_SAID_BY = ("source_id", "said_by_id", "source")


def is_any(connection: Connection) -> bool:
    """Whether any record was merged into another."""
    there = select(record.c.id).where(record.c.merged_into_id.is_not(None)).limit(1)
    return connection.execute(there).first() is not None


def said_of() -> ColumnElement[int]:
    """Return the record a stored claim was said of, whatever that was merged into since."""
    return func.coalesce(claim.c.said_of_id, claim.c.record_id)


def has_part(table: Table, record_id: ColumnElement[Any], key: ColumnElement[Any]) -> ColumnElement[bool]:
    """Return whether the record that a staged id leads to has a line or participant of a key."""
    of = record.alias("led_to")
    leads = table.c.transfer_id == func.coalesce(of.c.merged_into_id, of.c.id)
    return exists().where(of.c.id == record_id, leads, table.c.key == key)


def is_survivor(record_id: ColumnElement[Any]) -> ColumnElement[bool]:
    """Return whether others were merged into a record: then all its values are written out as claims."""
    merged = record.alias("merged")
    return exists().where(merged.c.merged_into_id == record_id)


def came_with(table: Table, keys: Sequence[str]) -> ColumnElement[bool]:
    """Return whether a stored part of a record is also one of another that was merged into it."""
    theirs, owner = table.alias("theirs"), next(iter(table.primary_key.columns)).name
    merged = record.alias("merged")
    return exists().where(
        merged.c.merged_into_id == table.c[owner],
        theirs.c[owner] == merged.c.id,
        *(theirs.c[name] == table.c[name] for name in keys),
    )


def came_with_merged(table: Table, owner_id: ColumnElement[Any], *which: ColumnElement[bool]) -> ColumnElement[bool]:
    """Return whether one of those merged into a record has such a line or participant."""
    merged = record.alias("merged")
    return exists().where(merged.c.merged_into_id == owner_id, table.c.transfer_id == merged.c.id, *which)


def chosen_otherwise(
    child: ColumnElement[Any], role: ColumnElement[Any], parent: ColumnElement[Any]
) -> ColumnElement[bool]:
    """Return whether another parent than this one was preferred by command, or this one dismissed."""
    said = [claim.c.record_id == child, claim.c.field == role]
    said += [claim.c.part == "", claim.c.value_record_id == parent, claim.c.stance == "supports"]
    dismissed = dismissal.c.claim_id == claim.c.id
    wrong = exists().where(*said, dismissed, dismissal.c.dataset_id.is_(None))
    live = exists().where(*said, ~exists().where(dismissed))
    preferred = exists().where(
        decision.c.record_id == child,
        decision.c.part == "",
        decision.c.field == role,
        decision.c.dataset_id.is_(None),
        decision.c.value_record_id.is_not(None),
        decision.c.value_record_id != parent,
    )
    return or_(preferred, and_(wrong, ~live))


def was_chosen() -> ColumnElement[bool]:
    """Return whether a stored parent was preferred by command."""
    return exists().where(
        decision.c.record_id == descent.c.child_id,
        decision.c.part == "",
        decision.c.field == descent.c.role,
        decision.c.dataset_id.is_(None),
        decision.c.value_record_id == descent.c.parent_id,
    )


def follow(stage: Staging) -> None:
    """Note which slugs were merged, and take two parents that are one by now for one."""
    connection = stage.connection
    if not is_any(connection):
        return
    survivor = record.alias("survivor")
    named = select(record.c.slug, survivor.c.slug).join(survivor, survivor.c.id == record.c.merged_into_id)
    places = [(RECORD, "slug"), (CLAIM, "slug"), *((one.table, one.column) for one in staging.REFERENCES)]
    for table, column in places:
        if stage.is_filled(table):
            rows = connection.execute(named.join(table, table.c[column] == record.c.slug).distinct())
            stage.merged.update((old, new) for old, new in rows)
    _join_candidates(stage)


def _join_candidates(stage: Staging) -> None:
    """Give two candidates that are one by now the sum of their probabilities."""
    if not stage.is_filled(DESCENT):
        return
    keys = ("record_id", "parent_id", "role", "dataset_id")
    other = DESCENT.alias("other")
    same = and_(*(other.c[name] == DESCENT.c[name] for name in keys), other.c.parent != DESCENT.c.parent)
    both = exists().where(same)
    total = select(func.sum(other.c.probability)).where(*(other.c[name] == DESCENT.c[name] for name in keys))
    summed = total.scalar_subquery()
    values = stage.connection.execute(select(DESCENT.c.row, summed).where(both)).all()
    for row, probability in values:
        of_both = None if probability is None else min(1.0, probability)
        stage.connection.execute(update(DESCENT).where(DESCENT.c.row == row).values(probability=of_both))


def read_as_survivors(connection: Connection) -> None:
    """Turn staged claims about merged records, naming such or said by such, to their survivors."""
    for target, said, slug in (*_SAID, _SAID_BY):
        merged = record.alias("merged")
        raw = select(merged.c.id).where(merged.c.slug == CLAIM.c[slug], merged.c.merged_into_id.is_not(None))
        if target == "record_id":
            raw = select(merged.c.id).where(merged.c.id == CLAIM.c.record_id, merged.c.merged_into_id.is_not(None))
        connection.execute(
            update(CLAIM).where(CLAIM.c[slug].is_not(None), raw.exists()).values({said: raw.scalar_subquery()})
        )
        into = select(merged.c.merged_into_id).where(merged.c.id == CLAIM.c[said]).scalar_subquery()
        connection.execute(update(CLAIM).where(CLAIM.c[said].is_not(None)).values({target: into}))
    _leave_as_written_out(connection)


def _leave_as_written_out(connection: Connection) -> None:
    """Let a claim stand as it is stored where what it named was merged while it was a plain value yet.

    A column leads to the survivor; written out from there, the claim does not know the slug in the file.
    """
    names = ("record_id", "part", "field", "dataset_id", "stance", "language", "locator")
    or_not = ("source_id", "value_record_id", "during", "said_of_id", "said_by_id")

    def alike(other: Any) -> list[ColumnElement[bool]]:
        same = [other.c[name] == CLAIM.c[name] for name in names]
        return same + [other.c[name].is_not_distinct_from(CLAIM.c[name]) for name in or_not]

    staged = CLAIM.alias("staged")
    stored = exists().where(*alike(claim), claim.c.said_value_id.is_(None))
    as_said = exists().where(*alike(claim), claim.c.said_value_id == CLAIM.c.said_value_id)
    beside = exists().where(*alike(staged), staged.c.said_value_id.is_(None))
    connection.execute(
        update(CLAIM).where(CLAIM.c.said_value_id.is_not(None), stored, ~as_said, ~beside).values(said_value_id=None)
    )


def carry_over(stage: Staging) -> None:
    """Give survivors what the files of those merged into them say of animals, parents, bases and links."""
    merged = record.alias("merged")
    for table, (staged, keys) in _MINE.items():
        if not stage.is_filled(staged):
            continue
        owner, *others = keys
        for owner_id in (merged.c.merged_into_id, merged.c.id):
            there = exists().where(
                table.c[owner] == owner_id, *(table.c[name] == staged.c[keys[name]] for name in others)
            )
            speaks = exists().where(
                RECORD.c.record_id == merged.c.id, RECORD.c.dataset_id == staged.c.dataset_id, ~RECORD.c.defines
            )
            values: list[Any] = [owner_id, *(staged.c[keys[name]] for name in others)]
            names = [owner, *others]
            if table is descent:
                values.append(func.max(staged.c.probability))
                names.append("probability")
            fresh = (
                select(*values)
                .select_from(staged.join(merged, merged.c.id == staged.c.record_id))
                .where(merged.c.merged_into_id.is_not(None), speaks, ~there)
                .group_by(*values[: len(others) + 1])
            )
            last = staged.c[keys[others[-1]]] if table is not descent else staged.c.parent_id
            fresh = fresh.where(last != owner_id) if table is not line_animal else fresh
            if table is line_animal:
                line = exists().where(transfer_line.c.transfer_id == owner_id, transfer_line.c.key == staged.c.line_key)
                fresh = fresh.where(line)
            rows = fresh.subquery("fresh")
            stage.connection.execute(insert(TOUCHED).from_select(["record_id"], select(rows.c[0])))
            stage.connection.execute(insert(table).from_select(names, fresh))


def tell_new_parts(stage: Staging) -> None:
    """Tell of lines and participants in the file of a merged transfer that its survivor has not."""
    survivor = record.alias("survivor")
    for staged, kept, noun in (
        (staging.LINE, transfer_line, "line"),
        (staging.PARTICIPANT, participant, "participant"),
    ):
        if not stage.is_filled(staged):
            continue
        there = exists().where(kept.c.transfer_id == survivor.c.id, kept.c.key == staged.c.key)
        here = staged.alias("here")
        given = exists().where(here.c.record_id == survivor.c.id, here.c.key == staged.c.key)
        rows = stage.connection.execute(
            select(
                staged.c.row, staged.c.file, staged.c.line, staged.c.key, record.c.slug, survivor.c.slug.label("into")
            )
            .join(record, record.c.id == staged.c.record_id)
            .join(survivor, survivor.c.id == record.c.merged_into_id)
            .where(~there, ~given)
            .order_by(staged.c.row)
        )
        for row in rows:
            message = f"{row.slug!r} was merged into {row.into!r}, which has no {noun} {row.key!r}"
            stage.problem(
                row.row, row.file, row.line, "", "unknown-" + noun, message, f"say it in the file of {row.into}"
            )
