"""Where did this animal come from: its life step by step, the gaps in it, and its descent."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, bindparam, select

from zoo_provenance import direct
from zoo_provenance.direct import Statement
from zoo_provenance.evidence.support import ANIMAL, LINE_FIELDS, TRANSFER, Support
from zoo_provenance.questions.answers import HowMany, Ref, When, how_many, ref, when
from zoo_provenance.questions.arrivals import participants_of
from zoo_provenance.questions.descent import Ancestor, ancestors
from zoo_provenance.questions.life import BIRTH, gaps_of, steps_of, wholes_above
from zoo_provenance.questions.naming import Thing
from zoo_provenance.questions.trace_steps import TraceGap, TraceStep, told_gap, told_step
from zoo_provenance.questions.travels import (
    animal_columns,
    birth_and_death,
    birth_of,
    event_of,
    travel_columns,
    travelled,
    travels_of,
    with_owners,
)
from zoo_provenance.tables import (
    animal,
    descent,
    line_animal,
    record,
    transfer,
    transfer_line,
)

if TYPE_CHECKING:
    from zoo_provenance.questions.conflicts import Conflict


@dataclass(frozen=True)
class Subject:
    """The animal, group or line that is traced."""

    slug: str
    label: str
    taxon: Ref | None
    sex: str | None
    count: HowMany | None
    born: When | None
    died: When | None
    disputed: tuple[str, ...]
    animals: tuple[str, ...] = ()


@dataclass(frozen=True)
class Trace:
    """The answer: where this animal came from."""

    subject: Subject
    steps: tuple[TraceStep, ...]
    gaps: tuple[TraceGap, ...]
    ancestors: tuple[Ancestor, ...]
    notes: tuple[Conflict, ...] = ()


def trace(connection: Connection, thing: Thing) -> Trace:
    """Return the trace of an animal, a group, or one line of a transfer."""
    if thing.line:
        return _trace_line(connection, thing)
    given = {"animal": thing.id}
    rows = {row.id: row for row in direct.rows(connection, _wholes_rows(), given)}
    row = rows[thing.id]
    birth = birth_of(row, [rows[one] for one in _nearest(connection, thing.id, given)] if len(rows) > 1 else ())
    travels = direct.rows(connection, _travels(), given)
    support = Support.of(connection, _evidence(), given)
    events = [*birth_and_death(birth, row), *travelled(row, travels)]
    people = participants_of(connection, _transfer_ids(), support, given)
    by_slug = {travel.slug: travel for travel in travels}
    steps = steps_of(with_owners(events, by_slug, people), ref(birth.owner, birth.owner_label))
    made = tuple(
        told_step(step, birth if step.event.kind == BIRTH else row, by_slug, people, support) for step in steps
    )
    gaps = tuple(told_gap(gap, row, by_slug, support) for gap in gaps_of(steps))
    subject = _subject(row, support)
    lines = {travel.slug: travel.key for travel in travels}
    notes = _notes(connection, _evidence(), given, subject, made, lines)
    return Trace(subject, made, gaps, tuple(ancestors(connection, thing.id)), notes)


def _notes(
    connection: Connection,
    records: Statement,
    given: dict[str, Any],
    subject: Subject,
    steps: tuple[TraceStep, ...],
    lines: dict[str, str],
) -> tuple[Conflict, ...]:
    """Return what sources disagree about in a life, in its order: asked only where something is disputed."""
    people = any(one.disputed for step in steps for one in step.participants)
    if not (subject.disputed or people or any(step.disputed for step in steps)):
        return ()
    from zoo_provenance.questions.conflicts import conflicts

    order = [subject.slug, *(step.transfer.slug for step in steps if step.transfer)]
    found = [
        one
        for one in conflicts(connection, records=records, given=given, settled=True)
        if one.record in order
        and one.verdict != "refines"
        and not one.field.startswith("statement.")
        and one.line in {None, lines.get(one.record)}
        and not (one.record in lines and one.line is None and one.field == "count")
    ]
    return tuple(sorted(found, key=lambda one: order.index(one.record)))


def _nearest(connection: Connection, part: int, given: dict[str, Any]) -> list[int]:
    """Return the groups a part was split from, the nearest first."""
    wholes: dict[int, list[int]] = {}
    for child, parent in direct.tuples(connection, _splits(), given):
        wholes.setdefault(child, []).append(parent)
    return wholes_above(part, wholes)


@cache
def _splits() -> Statement:
    return (
        select(descent.c.child_id, descent.c.parent_id)
        .where(descent.c.role == "split_from", descent.c.child_id.in_(_wholes()))
        .order_by(descent.c.child_id, descent.c.parent_id)
    )


@cache
def _wholes_rows() -> Statement:
    return animal_columns().where(animal.c.id.in_(_wholes())).order_by(record.c.slug)


@cache
def _wholes() -> Statement:
    """Return the animal and the groups it was split from: it shares their life before the split."""
    wholes = select(animal.c.id).where(animal.c.id == bindparam("animal")).cte("wholes", recursive=True)
    wholes = wholes.union(
        select(descent.c.parent_id)
        .join(wholes, descent.c.child_id == wholes.c.id)
        .where(descent.c.role == "split_from")
    )
    return select(wholes.c.id)


@cache
def _transfer_ids() -> Statement:
    return select(line_animal.c.transfer_id).where(line_animal.c.animal_id.in_(_wholes()))


@cache
def _evidence() -> Statement:
    return _wholes().union_all(_transfer_ids())  # type: ignore[return-value]


@cache
def _travels() -> Statement:
    return travels_of(_wholes())


@cache
def _only() -> Statement:
    return select(transfer.c.id).where(transfer.c.id == bindparam("transfer"))


@cache
def _one_line() -> Statement:
    of = record.alias("of")
    return (
        travel_columns()
        .add_columns(
            transfer_line.c.count_min,
            transfer_line.c.count_max,
            of.c.slug.label("taxon"),
            of.c.label.label("taxon_label"),
        )
        .outerjoin(of, of.c.id == transfer_line.c.taxon_id)
        .where(transfer_line.c.transfer_id == bindparam("transfer"), transfer_line.c.key == bindparam("line"))
    )


def _subject(row: Any, support: Support) -> Subject:
    names = ["taxon", "sex", "count", "born", "died", "origin"]
    if row.count is None or row.count_max == 1:
        # Only of one animal can there be but one dam and one sire.
        names += ["dam", "sire"]
    return Subject(
        row.slug,
        row.label,
        ref(row.taxon, row.taxon_label),
        row.sex,
        how_many(row.count, row.count_min, row.count_max),
        when(row.born, row.born_earliest, row.born_latest),
        when(row.died, row.died_earliest, row.died_latest),
        support.disputed(row.id, ANIMAL, "", names),
    )


def _trace_line(connection: Connection, thing: Thing) -> Trace:
    row = direct.rows(connection, _one_line(), {"transfer": thing.id, "line": thing.line})[0]
    only = _only()
    given = {"transfer": thing.id}
    support = Support.of(connection, only, given)
    people = participants_of(connection, only, support, given)
    travels = {row.slug: row}
    steps = steps_of(with_owners([event_of(row)], travels, people))
    named = connection.execute(
        select(record.c.slug)
        .join(line_animal, line_animal.c.animal_id == record.c.id)
        .where(line_animal.c.transfer_id == thing.id, line_animal.c.line_key == thing.line)
        .order_by(record.c.slug)
    ).scalars()
    subject = Subject(
        f"{row.slug}/{row.key}",
        row.taxon_label or row.key,
        ref(row.taxon, row.taxon_label),
        None,
        how_many(row.count, row.count_min, row.count_max),
        None,
        None,
        support.disputed(row.id, TRANSFER, f"lines/{row.key}", LINE_FIELDS),
        tuple(named),
    )
    made = tuple(told_step(step, None, travels, people, support) for step in steps)
    gaps = tuple(told_gap(gap, None, travels, support) for gap in gaps_of(steps))
    return Trace(subject, made, gaps, (), _notes(connection, only, given, subject, made, {row.slug: row.key}))
