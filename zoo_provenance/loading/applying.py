"""Apply: what is staged becomes what is stored; only rows that differ are written."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    FromClause,
    Table,
    and_,
    case,
    delete,
    exists,
    func,
    insert,
    or_,
    select,
    union,
    update,
)

from zoo_provenance.fields import FIELDS, columns_of
from zoo_provenance.loading import merging, staging
from zoo_provenance.loading.staging import CLAIM, DECISION, RECORD, SCOPE, TOUCHED, WAIVER, Staging
from zoo_provenance.tables import (
    KIND_TABLES,
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
    waiver,
)
from zoo_provenance.vocabulary import Kind

_CLAIM_COLUMNS = [column.name for column in claim.c if column.name != "id"]
_SAID = ("record_id", "part", "field", "dataset_id", "stance", "language", "locator")
_SAID_OR_NOT = ("source_id", "value", "value_record_id", "during")
_SAID_BESIDE = ("low", "high", "search_key", "during_earliest", "during_latest", "own", "certainty", "quote", "note")
_DECISION_COLUMNS = ["record_id", "part", "field", "language", "value", "value_record_id", "reason", "dataset_id"]


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


def enter_scope(connection: Connection, whole: Sequence[int]) -> None:
    """Enter (record, data set) for everything this load speaks of.

    A data set that is loaded whole also speaks of the records it said something of until now: what it no longer
    says is gone.
    """
    spoken = union(
        select(RECORD.c.record_id, RECORD.c.dataset_id),
        select(CLAIM.c.record_id, CLAIM.c.dataset_id),
        select(merging.said_of(), claim.c.dataset_id)
        .join(record, record.c.id == merging.said_of())
        .where(claim.c.dataset_id.in_(whole), claim.c.dataset_id != record.c.dataset_id),
        select(WAIVER.c.record_id, WAIVER.c.dataset_id),
        select(waiver.c.record_id, waiver.c.dataset_id)
        .join(record, record.c.id == waiver.c.record_id)
        .where(waiver.c.dataset_id.in_(whole), waiver.c.dataset_id != record.c.dataset_id),
    )
    connection.execute(insert(SCOPE).from_select(["record_id", "dataset_id"], spoken))


def _in_scope(table: Table) -> ColumnElement[bool]:
    of = merging.said_of() if table is claim else table.c.record_id
    return exists().where(SCOPE.c.record_id == of, SCOPE.c.dataset_id == table.c.dataset_id)


def _same_claim() -> ColumnElement[bool]:
    plain = {"record_id", "part", "field", "dataset_id", "stance", "language", "locator", "own"}
    return and_(
        *(
            claim.c[name] == CLAIM.c[name] if name in plain else claim.c[name].is_not_distinct_from(CLAIM.c[name])
            for name in _CLAIM_COLUMNS
        )
    )


def said_alike(stored: FromClause = claim) -> ColumnElement[bool]:
    """Return whether a stored and a staged claim are one: the same source says the same at the same place."""
    return and_(
        *(stored.c[name] == CLAIM.c[name] for name in _SAID),
        *(stored.c[name].is_not_distinct_from(CLAIM.c[name]) for name in _SAID_OR_NOT),
    )


def _reword_dismissed(connection: Connection) -> None:
    """Bring claims that were dismissed by command to the files' words: taken out and put in they would count again."""
    dismissed = exists().where(dismissal.c.claim_id == claim.c.id, dismissal.c.dataset_id.is_(None))
    differs = or_(*(claim.c[name].is_distinct_from(CLAIM.c[name]) for name in _SAID_BESIDE))
    reworded = and_(dismissed, exists().where(said_alike(), differs))
    connection.execute(insert(TOUCHED).from_select(["record_id"], select(claim.c.record_id).where(reworded)))
    new = {name: select(CLAIM.c[name]).where(said_alike()).limit(1).scalar_subquery() for name in _SAID_BESIDE}
    connection.execute(update(claim).where(reworded).values(new))


def _same_decision() -> ColumnElement[bool]:
    return and_(*(decision.c[name].is_not_distinct_from(DECISION.c[name]) for name in _DECISION_COLUMNS))


def remove_claims(stage: Staging) -> None:
    """Remove what the data sets no longer say of the records they speak of, and decide no longer."""
    connection = stage.connection
    _reword_dismissed(connection)
    gone = and_(_in_scope(claim), ~exists().where(_same_claim()))
    # Of a part that a data set says nothing of here, its claims stay too.
    left_alone = (
        (stage.nameless, staging.NAMED),
        (stage.silent.get(staging.LINE), claim.c.line_key.is_not(None)),
        (stage.silent.get(staging.PARTICIPANT), claim.c.participant_key.is_not(None)),
    )
    for datasets, kept in left_alone:
        gone = and_(gone, ~and_(claim.c.dataset_id.in_(datasets), kept)) if datasets else gone
    undecided = and_(_in_scope(decision), ~exists().where(_same_decision()))
    for table, condition in ((claim, gone), (decision, undecided)):
        query = select(table.c.record_id).where(condition)
        connection.execute(insert(TOUCHED).from_select(["record_id"], query))
    ids = select(claim.c.id).where(gone)
    connection.execute(delete(dismissal).where(dismissal.c.claim_id.in_(ids)))
    connection.execute(delete(claim).where(gone))
    connection.execute(delete(decision).where(undecided))


def add_claims(connection: Connection, batch_id: int) -> None:
    """Enter the claims, decisions and dismissals that are new."""
    fresh = ~exists().where(_same_claim())
    connection.execute(insert(TOUCHED).from_select(["record_id"], select(CLAIM.c.record_id).where(fresh)))
    columns = [CLAIM.c[name] for name in _CLAIM_COLUMNS]
    connection.execute(insert(claim).from_select(_CLAIM_COLUMNS, select(*columns).where(fresh).order_by(CLAIM.c.row)))
    # What was decided by command and is settled alike stays as it was decided.
    there = and_(*(decision.c[name] == DECISION.c[name] for name in ("record_id", "part", "field", "language")))
    decided = ~exists().where(there)
    connection.execute(insert(TOUCHED).from_select(["record_id"], select(DECISION.c.record_id).where(decided)))
    chosen = select(*(DECISION.c[name] for name in _DECISION_COLUMNS), _literal(batch_id)).where(decided)
    connection.execute(insert(decision).from_select([*_DECISION_COLUMNS, "batch_id"], chosen))
    _apply_dismissals(connection, batch_id)


def _apply_dismissals(connection: Connection, batch_id: int) -> None:
    staged = (
        select(claim.c.id, CLAIM.c.dismissed, CLAIM.c.dataset_id)
        .join(CLAIM, _same_claim())
        .where(CLAIM.c.dismissed.is_not(None))
        .subquery()
    )
    same = and_(dismissal.c.claim_id == staged.c.id, dismissal.c.reason == staged.c.dismissed)
    speaks = select(claim.c.id).where(_in_scope(claim))
    gone = and_(dismissal.c.dataset_id.is_not(None), dismissal.c.claim_id.in_(speaks), ~exists().where(same))
    of_gone = select(claim.c.record_id).where(claim.c.id.in_(select(dismissal.c.claim_id).where(gone)))
    connection.execute(insert(TOUCHED).from_select(["record_id"], of_gone))
    connection.execute(delete(dismissal).where(gone))
    fresh = select(staged.c.id, staged.c.dismissed, staged.c.dataset_id, _literal(batch_id)).where(
        ~exists().where(dismissal.c.claim_id == staged.c.id)
    )
    of_fresh = select(claim.c.record_id).where(claim.c.id.in_(select(fresh.subquery().c.id)))
    connection.execute(insert(TOUCHED).from_select(["record_id"], of_fresh))
    connection.execute(insert(dismissal).from_select(["claim_id", "reason", "dataset_id", "batch_id"], fresh))


def apply_waivers(connection: Connection, batch_id: int) -> None:
    """Bring the waivers of the data sets to what is staged; one given by command, or by another set, stays."""
    keys = and_(*(waiver.c[name] == WAIVER.c[name] for name in ("rule", "record_id", "part")))
    same = and_(keys, waiver.c.dataset_id == WAIVER.c.dataset_id, waiver.c.reason == WAIVER.c.reason)
    gone = and_(_in_scope(waiver), ~exists().where(same))
    connection.execute(insert(TOUCHED).from_select(["record_id"], select(waiver.c.record_id).where(gone)))
    connection.execute(delete(waiver).where(gone))
    first = WAIVER.alias("first")
    again = exists().where(*(first.c[name] == WAIVER.c[name] for name in ("rule", "record_id", "part")))
    again = again.where(first.c.row < WAIVER.c.row)
    fresh = and_(~exists().where(keys), ~again)
    columns = ["rule", "record_id", "part", "reason", "dataset_id"]
    connection.execute(insert(TOUCHED).from_select(["record_id"], select(WAIVER.c.record_id).where(fresh)))
    new = select(*(WAIVER.c[name] for name in columns), _literal(batch_id)).where(fresh)
    connection.execute(insert(waiver).from_select([*columns, "batch_id"], new))


def _literal(number: int) -> ColumnElement[int]:
    from sqlalchemy import Integer, literal

    return literal(number, Integer)


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
