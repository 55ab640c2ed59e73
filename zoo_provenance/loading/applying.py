"""Apply: staged records and their parts become the stored ones; only rows that differ are written."""

from __future__ import annotations

from collections.abc import Sequence
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
    or_,
    select,
    update,
)

from zoo_provenance.fields import FIELDS, columns_of
from zoo_provenance.loading import merging, staging
from zoo_provenance.loading.staging import RECORD, SCOPE, TOUCHED, Staging
from zoo_provenance.tables import (
    KIND_TABLES,
    descent,
    line_animal,
    participant,
    record,
    source_basis,
    transfer_line,
    transfer_link,
)
from zoo_provenance.vocabulary import Kind


def apply_records(stage: Staging) -> None:
    """Bring the spine and the tables of kinds to what is staged, leaving alone what claims conclude."""
    connection = stage.connection
    _update(
        connection,
        record,
        RECORD,
        ["label", "search_key", "notes"],
        record.c.id == RECORD.c.record_id,
        RECORD.c.defines,
    )
    for kind in Kind:
        table, staged = KIND_TABLES[kind], staging.KINDS[kind]
        if not stage.is_filled(staged):
            continue
        columns = [column.name for column in table.c if column.name not in {"id", "record_kind"}]
        mine = and_(RECORD.c.slug == staged.c.slug, RECORD.c.dataset_id == staged.c.dataset_id)
        fresh = (
            select(staged.c.record_id, *(staged.c[name] for name in columns)).join(RECORD, mine).where(RECORD.c.creates)
        )
        connection.execute(insert(table).from_select(["id", *columns], fresh.order_by(staged.c.record_id)))
        kept = exists().where(mine, RECORD.c.defines, ~RECORD.c.creates)
        _update(connection, table, staged, columns, table.c.id == staged.c.record_id, kept, owner=kind.value)


def apply_parts(stage: Staging) -> None:
    """Bring what belongs to a record (lines, participants, parents …) to what is staged."""
    sync = _Sync(stage)
    sync.rows(
        line_animal,
        staging.LINE_ANIMAL,
        {"transfer_id": "record_id", "line_key": "line_key", "animal_id": "animal_id"},
        [],
        remove_only=True,
    )
    for table, staged, owner in (
        (transfer_line, staging.LINE, "line"),
        (participant, staging.PARTICIPANT, "participant"),
    ):
        values = [column.name for column in table.c if column.name not in {"transfer_id", "key"}]
        sync.rows(table, staged, {"transfer_id": "record_id", "key": "key"}, values, owner=owner)
    sync.rows(
        line_animal,
        staging.LINE_ANIMAL,
        {"transfer_id": "record_id", "line_key": "line_key", "animal_id": "animal_id"},
        [],
    )
    sync.rows(source_basis, staging.BASIS, {"source_id": "record_id", "based_on_id": "based_on_id"}, [])
    sync.rows(
        descent, staging.DESCENT, {"child_id": "record_id", "parent_id": "parent_id", "role": "role"}, ["probability"]
    )
    sync.rows(transfer_link, staging.LINK, {"transfer_id": "record_id", "kind": "kind", "to_id": "to_id"}, [])
    if sync.merging:
        merging.carry_over(stage)


class _Sync:
    """Makes the rows of the records this load defines the staged ones."""

    def __init__(self, stage: Staging) -> None:
        self.connection = stage.connection
        self.silent = stage.silent
        self.filled = stage.filled
        there = select(exists().where(RECORD.c.defines, ~RECORD.c.creates))
        self.all_new = not stage.connection.execute(there).scalar()
        self.merging = merging.is_any(stage.connection)

    def rows(
        self,
        table: Table,
        staged: Table,
        keys: dict[str, str],
        values: list[str],
        *,
        owner: str = "",
        remove_only: bool = False,
    ) -> None:
        if self.all_new and (remove_only or staged not in self.filled):
            return
        owner_column = table.c[next(iter(keys))]
        speaks = and_(RECORD.c.defines, RECORD.c.dataset_id.not_in(self.silent.get(staged, [])))
        ours = select(RECORD.c.record_id).where(speaks)
        match = and_(*(table.c[name] == staged.c[of] for name, of in keys.items()))
        defined = and_(
            staged.c.record_id.in_(ours),
            exists().where(
                RECORD.c.record_id == staged.c.record_id, RECORD.c.dataset_id == staged.c.dataset_id, RECORD.c.defines
            ),
        )
        if not self.all_new:
            gone = and_(owner_column.in_(ours), ~exists().where(match, defined))
            if self.merging:
                gone = and_(gone, ~merging.came_with(table, [*keys][1:]))
            if table is descent:
                gone = and_(gone, ~merging.was_chosen())
            self._touch(select(owner_column).where(gone))
            self.connection.execute(delete(table).where(gone))
        if remove_only or staged not in self.filled:
            return
        # Between parents somebody chose by command: the others stay out.
        chosen = []
        if staged is staging.DESCENT:
            chosen = [~merging.chosen_otherwise(staged.c.record_id, staged.c.role, staged.c.parent_id)]
        fresh = (
            select(*(staged.c[of] for of in keys.values()), *(staged.c[name] for name in values))
            .where(defined, ~exists().where(match), *chosen)
            .distinct()
        )
        self._touch(select(staged.c.record_id).where(defined, ~exists().where(match), *chosen))
        self.connection.execute(insert(table).from_select([*keys, *values], fresh))
        if values:
            kept = and_(defined, ~merging.was_chosen()) if table is descent else defined
            _update(self.connection, table, staged, values, match, kept, owner=owner)

    def _touch(self, query: Any) -> None:
        self.connection.execute(insert(TOUCHED).from_select(["record_id"], query))


def _update(
    connection: Connection,
    table: Table,
    staged: Table,
    columns: Sequence[str],
    match: ColumnElement[bool],
    where: ColumnElement[bool],
    owner: str = "",
) -> None:
    """Update rows that differ from the staged ones, field by field unless claims conclude the field."""
    if not columns:
        return
    kept = {column: name for name, field in FIELDS.get(owner, {}).items() for column in columns_of(owner, field)}
    new: dict[str, ColumnElement[Any]] = {}
    for name in columns:
        field = kept.get(name)
        new[name] = (
            staged.c[name]
            if field is None
            else case((staged.c.claimed.contains(f",{field},", autoescape=True), table.c[name]), else_=staged.c[name])
        )
    differs = or_(*(table.c[name].is_distinct_from(value) for name, value in new.items()))
    touched = select(staged.c.record_id).select_from(staged.join(table, match)).where(where, differs)
    connection.execute(insert(TOUCHED).from_select(["record_id"], touched))
    connection.execute(update(table).where(match, where, differs).values(new))


def count_changes(connection: Connection) -> tuple[dict[str, int], dict[str, int], dict[str, int]]:
    """Return how many records of each kind were created, updated and left unchanged."""
    created = select(RECORD.c.record_id).where(RECORD.c.creates)
    touched = select(TOUCHED.c.record_id)
    spoken = select(SCOPE.c.record_id)
    queries = (
        record.c.id.in_(created),
        and_(record.c.id.in_(touched), record.c.id.not_in(created)),
        and_(record.c.id.in_(spoken), record.c.id.not_in(created), record.c.id.not_in(touched)),
    )
    found = [
        dict(connection.execute(select(record.c.kind, func.count()).where(where).group_by(record.c.kind)).all())
        for where in queries
    ]
    order = [kind.value for kind in Kind]
    created_n, updated_n, unchanged_n = ({kind: counts[kind] for kind in order if kind in counts} for counts in found)
    return created_n, updated_n, unchanged_n
