"""Merging: two records that are one, and two that are not."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, case, func, or_, select

from zoo_provenance.deciding import checked_reason, refuse_drift
from zoo_provenance.errors import NotDecided
from zoo_provenance.history.batches import batch_of
from zoo_provenance.history.undoing import take_back
from zoo_provenance.loading.joining import Merged, join, judge
from zoo_provenance.questions.naming import Thing
from zoo_provenance.tables import batch, judgement, record
from zoo_provenance.vocabulary import Kind


def merge(connection: Connection, old: Thing, survivor: Thing, because: str, *, take_lines: bool = False) -> Merged:
    """Merge a record into another of its kind; return what was done.

    With `take_lines`, lines and participants that only the merged transfer has become the survivor's. Raises
    NotDecided where the two cannot be one.
    """
    return join(connection, old, survivor, checked_reason(because), take_lines=take_lines)


@dataclass(frozen=True)
class Parted:
    """What unmerging did: the batch, the slugs of the two, and the batch of the merge taken back, if there was one."""

    batch: int
    slug: str
    other: str
    undone: int | None


def unmerge(connection: Connection, slug: str, other: str | None, because: str) -> Parted:
    """Judge two records different: take their merge back exactly where there was one, and remember.

    The two are named by slugs of their own; `other` may be None for a merged record: what it was merged into. Raises
    NotDecided, and what taking back raises where later work depends on the merge.
    """
    reason = checked_reason(because)
    one = _named(connection, slug)
    into = _named(connection, other) if other is not None else _merged_with(connection, one)
    if one.id == into.id:
        raise NotDecided(f"{slug!r} is one record; name two.")
    if one.kind is not into.kind:
        raise NotDecided(
            f"{one.slug!r} is of kind {one.kind}, {into.slug!r} of kind {into.kind}; nobody takes them for one."
        )
    first, second = sorted((one.id, into.id))
    of_both = (judgement.c.record_id == first, judgement.c.other_id == second)
    judged = connection.execute(select(judgement).where(*of_both)).one_or_none()
    if judged is not None and not judged.same:
        raise NotDecided(f"{one.slug!r} and {into.slug!r} are judged different already: {judged.reason}")
    if judged is None and _survivor(connection, one) == _survivor(connection, into):
        raise NotDecided(
            f"{one.slug!r} and {into.slug!r} are one only by way of another; unmerge each from what it was merged into."
        )
    with batch_of(connection, "unmerge", reason) as opened:
        if judged is not None:
            _refuse_load(connection, judged.batch_id)
            refuse_drift(connection, judged.batch_id, take_back(connection, judged.batch_id))
        judge(connection, one, into, reason, opened.id, same=False)
    return Parted(opened.id, one.slug, into.slug, judged.batch_id if judged is not None else None)


def _refuse_load(connection: Connection, batch_id: int) -> None:
    """Refuse to take a merge back that came with a file: the whole load would go with it."""
    command = connection.execute(select(batch.c.command).where(batch.c.id == batch_id)).scalar()
    if command != "merge":
        raise NotDecided(
            f"The merge came with a file (batch {batch_id}: {command}); take it out there, or undo {batch_id}."
        )


def _named(connection: Connection, slug: str) -> Thing:
    """Return the record of a slug itself, not the one it was merged into."""
    row = connection.execute(select(record.c.id, record.c.kind, record.c.label).where(record.c.slug == slug)).one()
    return Thing(row.id, Kind(row.kind), slug, row.label)


def _merged_with(connection: Connection, one: Thing) -> Thing:
    """Return what a record was merged into itself, whatever became of that."""
    if _survivor(connection, one) == one.id:
        raise NotDecided(f"{one.slug!r} is merged into nothing; name the record it is not: unmerge {one.slug} OTHER.")
    other_id = case((judgement.c.record_id == one.id, judgement.c.other_id), else_=judgement.c.record_id)
    either = or_(judgement.c.record_id == one.id, judgement.c.other_id == one.id)
    last = (
        select(record.c.slug)
        .join(judgement, record.c.id == other_id)
        .where(either, judgement.c.same)
        .order_by(judgement.c.batch_id.desc())
        .limit(1)
    )
    return _named(connection, connection.execute(last).scalar_one())


def _survivor(connection: Connection, one: Thing) -> int:
    survivor = func.coalesce(record.c.merged_into_id, record.c.id)
    return connection.execute(select(survivor).where(record.c.id == one.id)).scalar_one()
