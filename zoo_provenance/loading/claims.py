"""What data sets say: staged claims, decisions, dismissals and waivers become the stored ones."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import (
    ColumnElement,
    Connection,
    FromClause,
    Integer,
    Table,
    and_,
    delete,
    exists,
    insert,
    literal,
    or_,
    select,
    union,
    update,
)

from zoo_provenance.loading import merging, staging
from zoo_provenance.loading.staging import CLAIM, DECISION, RECORD, SCOPE, TOUCHED, WAIVER, Staging
from zoo_provenance.tables import claim, decision, dismissal, record, waiver

_CLAIM_COLUMNS = [column.name for column in claim.c if column.name != "id"]
_SAID = ("record_id", "part", "field", "dataset_id", "stance", "language", "locator")
_SAID_OR_NOT = ("source_id", "value", "value_record_id", "during")
_SAID_BESIDE = ("low", "high", "search_key", "during_earliest", "during_latest", "own", "certainty", "quote", "note")
_DECISION_COLUMNS = ["record_id", "part", "field", "language", "value", "value_record_id", "reason", "dataset_id"]


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
    chosen = select(*(DECISION.c[name] for name in _DECISION_COLUMNS), literal(batch_id, Integer)).where(decided)
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
    fresh = select(staged.c.id, staged.c.dismissed, staged.c.dataset_id, literal(batch_id, Integer)).where(
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
    new = select(*(WAIVER.c[name] for name in columns), literal(batch_id, Integer)).where(fresh)
    connection.execute(insert(waiver).from_select([*columns, "batch_id"], new))
