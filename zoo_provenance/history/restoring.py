"""Rows brought back: what a batch made is removed, what it changed or removed is entered as it was."""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Integer,
    MetaData,
    String,
    Table,
    case,
    cast,
    delete,
    func,
    insert,
    literal,
    or_,
    select,
    true,
    update,
)

from zoo_provenance.history.effects import Effects, references
from zoo_provenance.history.tracked import BY_NAME, TRACKED, Tracked
from zoo_provenance.tables import change, claim, dataset, record

_NAMING = ("record_id", "source_id", "value_record_id", "said_of_id", "said_value_id", "said_by_id")
_SAID = (*_NAMING, "part", "field", "value", "stance", "language", "during", "locator", "dataset_id")


def restore(effects: Effects) -> None:
    """Remove, bring back and change back, in an order in which nothing refers to what is not there."""
    _free_records(effects)
    _free_claims(effects)
    _let_go(effects)
    for tracked in reversed(TRACKED):
        if tracked.table is not dataset:
            _remove(effects, tracked)
    for tracked in TRACKED:
        if tracked.name in effects.logged:
            _enter(effects, tracked)
    _remove(effects, BY_NAME[dataset.name])


def leave_no_steps(connection: Connection, batch_id: int) -> None:
    """Let the log of a batch hold one change of each row: what a row was on the way to what it became is nobody's work."""
    numbers = MetaData()
    steps = Table(
        "step", numbers, Column("first", Integer, index=True), Column("last", Integer), prefixes=["TEMPORARY"]
    )
    numbers.create_all(connection)
    same = (change.c.table_name, change.c.row_id, change.c.row_key)
    several = select(func.min(change.c.id), func.max(change.c.id))
    several = several.where(change.c.batch_id == batch_id, change.c.row_id_last.is_(None))
    connection.execute(insert(steps).from_select(["first", "last"], several.group_by(*same).having(func.count() > 1)))
    ends = change.alias()
    became = select(ends.c.after).join(steps, steps.c.last == ends.c.id).where(steps.c.first == change.c.id)
    is_first = change.c.id.in_(select(steps.c.first))
    connection.execute(update(change).where(is_first).values(after=became.scalar_subquery()))
    begun = change.alias()
    between = select(begun.c.id).join(steps, steps.c.first == begun.c.id)
    between = between.where(
        begun.c.table_name == change.c.table_name,
        begun.c.row_id == change.c.row_id,
        begun.c.row_key.is_not_distinct_from(change.c.row_key),
        begun.c.id < change.c.id,
    ).correlate(change)
    connection.execute(delete(change).where(change.c.batch_id == batch_id, between.exists()))
    connection.execute(delete(change).where(is_first, change.c.before.is_not_distinct_from(change.c.after)))
    steps.drop(connection)


def _free_records(effects: Effects) -> None:
    """Let slugs go that come back under other numbers, and survivors that go."""
    if record.name not in effects.logged:
        return
    back = effects.restored[record.name]
    was = select(back.c.slug).where(back.c.id == record.c.id).scalar_subquery()
    stays = select(back.c.id).where(back.c.id == record.c.id).exists()
    aside = literal("0..") + cast(record.c.id, String)
    effects.connection.execute(update(record).where(stays, record.c.slug != was).values(slug=aside))
    there = record.alias("there")
    goes = select(there.c.id).where(there.c.id == record.c.merged_into_id, effects.entered(BY_NAME[record.name], there))
    effects.connection.execute(update(record).where(stays, goes.exists()).values(merged_into_id=None))


def _free_claims(effects: Effects) -> None:
    """Set claims aside that are changed back in what tells them apart: of no part, and leading where they will lead.

    The line or participant they are of now may go, and two of them may say what the other one said.
    """
    if claim.name not in effects.logged:
        return
    back = effects.restored[claim.name]
    of = back.c.id == claim.c.id
    differs = or_(*(back.c[name].is_distinct_from(claim.c[name]) for name in _SAID))
    stays = select(back.c.id).where(of, differs).exists()
    there = record.alias("there")
    values: dict[str, Any] = {
        name: _of_those_there(back, claim.c[name], select(there.c.id).where(there.c.id == back.c[name]).exists(), of)
        for name in _NAMING
    }
    values |= {name: select(back.c[name]).where(of).scalar_subquery() for name in ("field", "stance", "value", "quote")}
    values |= {
        "line_key": None,
        "participant_key": None,
        "part": "",
        "locator": literal("~") + cast(claim.c.id, String),
    }
    effects.connection.execute(update(claim).where(stays).values(values))


def _of_those_there(back: Table, now: Any, is_there: ColumnElement[bool], of: ColumnElement[bool]) -> Any:
    """Return the record that a claim will name again where that is there already, else the one it names now."""
    name = now.name
    value = case((or_(back.c[name].is_(None), is_there), back.c[name]), else_=now)
    return select(value).where(of).scalar_subquery()


def _let_go(effects: Effects) -> None:
    """Empty the references to rows that go, of rows that stay and are changed back."""
    for tracked, key, target in references():
        if tracked.name not in effects.logged or target.table is dataset or len(key.elements) > 1:
            continue
        (column,) = key.columns
        if not column.nullable or tracked.table is claim:
            continue
        there = target.table.alias("there")
        goes = select(there.c.id).where(there.c.id == column, effects.entered(target, there)).exists()
        stays = ~effects.entered(tracked, tracked.table)
        effects.connection.execute(update(tracked.table).where(goes, stays).values({column.name: None}))


def _remove(effects: Effects, tracked: Tracked) -> None:
    if tracked.made in effects.made or tracked.name in effects.logged:
        goes = effects.entered(tracked, tracked.table)
        effects.connection.execute(delete(tracked.table).where(goes))


def _enter(effects: Effects, tracked: Tracked) -> None:
    """Enter rows as they were, over those that are there."""
    if effects.connection.dialect.name == "sqlite":
        from sqlalchemy.dialects.sqlite import insert as upsert
    else:
        from sqlalchemy.dialects.postgresql import insert as upsert  # type: ignore[assignment]
    restored = effects.restored[tracked.name]
    keys = [column.name for column in tracked.table.primary_key]
    # The condition, which is none, tells the SELECT's end from the conflict's beginning.
    statement = upsert(tracked.table).from_select(list(tracked.columns), select(restored).where(true()))
    rest = {name: statement.excluded[name] for name in tracked.columns if name not in keys}
    effects.connection.execute(
        statement.on_conflict_do_update(index_elements=keys, set_=rest)
        if rest
        else statement.on_conflict_do_nothing(index_elements=keys)
    )
