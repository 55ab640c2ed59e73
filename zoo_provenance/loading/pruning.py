"""Records gone from a data set's folder: removed where nobody else leans on them, else told of."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Column, ColumnElement, Connection, Table, and_, delete, exists, func, insert, or_, select

from zoo_provenance.loading.staging import CLAIM, GONE, HELD, RECORD
from zoo_provenance.tables import KIND_TABLES, claim, dataset, decision, dismissal, judgement, metadata, record, waiver
from zoo_provenance.vocabulary import Kind

_NOT_OF_RECORDS = {"batch", "change", "dataset", "dismissal"}
_OWNERS = {"claim": "record_id", "decision": "record_id", "waiver": "record_id"}
_SAID = (claim, decision, waiver, judgement)


@dataclass(frozen=True)
class Kept:
    """A record that is gone from its data set's folder and stays, and what refers to it."""

    slug: str
    label: str
    kind: str
    by: tuple[str, ...]


def note_gone(connection: Connection, dataset_id: int, there: ColumnElement[bool], kinds: Collection[Kind]) -> None:
    """Note the records of some kinds that a data set defined and that are not `there`."""
    gone = select(record.c.id, record.c.dataset_id).where(
        record.c.dataset_id == dataset_id, record.c.kind.in_([kind.value for kind in kinds]), ~there
    )
    connection.execute(insert(GONE).from_select(["record_id", "dataset_id"], gone))


def note_gone_from_seeds(connection: Connection, dataset_ids: Sequence[int]) -> None:
    """Note the records that data sets of seed files, read whole, define no longer."""
    for dataset_id in dataset_ids:
        there = exists().where(RECORD.c.record_id == record.c.id, RECORD.c.dataset_id == dataset_id)
        note_gone(connection, dataset_id, there, tuple(Kind))


def prune(connection: Connection) -> tuple[dict[str, int], tuple[Kept, ...]]:
    """Remove the records that are gone and that nothing refers to; return how many by kind, and those that stay."""
    if not connection.execute(select(exists().select_from(GONE))).scalar():
        return {}, ()
    _hold_what_others_speak_of(connection)
    while _release(connection):
        _hold_what_is_referred_to(connection)
    counted = select(record.c.kind, func.count()).join(GONE, GONE.c.record_id == record.c.id).group_by(record.c.kind)
    numbers = dict(connection.execute(counted).all())
    ids = select(GONE.c.record_id)
    of_gone = select(claim.c.id).where(claim.c.record_id.in_(ids))
    connection.execute(delete(dismissal).where(dismissal.c.claim_id.in_(of_gone)))
    for table in reversed(metadata.sorted_tables):
        if table.name not in _NOT_OF_RECORDS:
            connection.execute(delete(table).where(_owner(table).in_(ids)))
    return {kind.value: numbers[kind.value] for kind in Kind if kind.value in numbers}, tuple(_kept(connection))


def _owner(table: Table) -> Column[int]:
    """Return the column of the record that a row is of."""
    name = _OWNERS.get(table.name)
    return table.c[name] if name else next(iter(table.primary_key.columns))


def _hold_what_others_speak_of(connection: Connection) -> None:
    """Hold what other data sets, or commands, say, decide or waive something of; and what the folder still speaks of."""
    for table in _SAID:
        others = (
            select(GONE.c.record_id, GONE.c.record_id, table.c.dataset_id)
            .join(table, table.c.record_id == GONE.c.record_id)
            .where(table.c.dataset_id.is_distinct_from(GONE.c.dataset_id))
        )
        connection.execute(insert(HELD).from_select(["record_id", "by_id", "dataset_id"], others.distinct()))
    same = and_(CLAIM.c.record_id == GONE.c.record_id, CLAIM.c.dataset_id == GONE.c.dataset_id)
    still = select(GONE.c.record_id, GONE.c.record_id, GONE.c.dataset_id).where(exists().where(same))
    connection.execute(insert(HELD).from_select(["record_id", "by_id", "dataset_id"], still))
    _hold_what_is_referred_to(connection)


def references() -> Iterator[tuple[Table, Column[int], Column[Any]]]:
    """Yield every column that names a record: its table, the column of the record a row is of, and the column."""
    kinds = {*KIND_TABLES.values(), record}
    for table in metadata.sorted_tables:
        owner = None if table.name in _NOT_OF_RECORDS else _owner(table)
        for column in table.c if owner is not None else ():
            names_a_record = any(key.column.table in kinds and key.column.name == "id" for key in column.foreign_keys)
            if owner is not None and column is not owner and names_a_record:
                yield table, owner, column


def _hold_what_is_referred_to(connection: Connection) -> None:
    """Hold what a row refers to whose own record is not gone."""
    too = GONE.alias("gone_too")
    for table, owner, column in references():
        goes_too = exists().where(too.c.record_id == owner)
        referring = select(GONE.c.record_id, owner).join(table, column == GONE.c.record_id).where(~goes_too)
        connection.execute(insert(HELD).from_select(["record_id", "by_id"], referring.distinct()))


def _release(connection: Connection) -> bool:
    """Count what is held no longer among the gone; whether there was any, so that what it refers to is held next."""
    held = GONE.c.record_id.in_(select(HELD.c.record_id))
    return connection.execute(delete(GONE).where(held), execution_options={"preserve_rowcount": True}).rowcount > 0


def _kept(connection: Connection) -> Iterator[Kept]:
    by = record.alias("by")
    rows = connection.execute(
        select(
            record.c.slug,
            record.c.label,
            record.c.kind,
            by.c.slug.label("by"),
            by.c.kind.label("by_kind"),
            dataset.c.name,
        )
        .select_from(HELD)
        .join(record, record.c.id == HELD.c.record_id)
        .join(by, by.c.id == HELD.c.by_id)
        .outerjoin(dataset, dataset.c.id == HELD.c.dataset_id)
        .where(or_(HELD.c.by_id != HELD.c.record_id, HELD.c.dataset_id.is_not(None), by.c.id.is_not(None)))
        .distinct()
        .order_by(record.c.slug, by.c.slug, dataset.c.name.nulls_first())
    )
    found: dict[tuple[str, str, str], list[str]] = {}
    for row in rows:
        if row.by != row.slug:
            reason = f"{row.by_kind} {row.by}"
        else:
            reason = f"data set {row.name}" if row.name else "a decision by command"
        found.setdefault((row.slug, row.label, row.kind), []).append(reason)
    for (slug, label, kind), reasons in found.items():
        yield Kept(slug, label, kind, tuple(reasons))
