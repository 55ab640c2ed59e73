"""Decisions taken by command that a load would overturn: told of, or given up where the user says so."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import ColumnElement, Connection, FromClause, Table, and_, delete, exists, or_, select, tuple_

from zoo_provenance.loading import merging, staging
from zoo_provenance.loading.claims import said_alike
from zoo_provenance.loading.problems import Mark, Problem
from zoo_provenance.loading.staging import CLAIM, DECISION, RECORD, Staging
from zoo_provenance.tables import batch, claim, decision, dismissal, participant, record, transfer_line, waiver
from zoo_provenance.vocabulary import Stance

_HINT = "--overrule replaces it"
_PLACE = ("record_id", "part", "field", "language")
_VALUE = ("value", "value_record_id")

Key = tuple[int, str, str, str]


def tell_overturned(stage: Staging, *, overrule: bool) -> None:
    """Tell of what is settled otherwise than it was by command, or lost with its line; or give that decision up."""
    if stage.is_filled(DECISION):
        _settled_otherwise(stage, overrule=overrule)
        _settled_on_what_was_dismissed(stage, overrule=overrule)
    for staged, kept, group in (
        (staging.LINE, transfer_line, "lines"),
        (staging.PARTICIPANT, participant, "participants"),
    ):
        for table in (decision, waiver):
            _lost_with_its_part(stage, table, (staged, kept, group), overrule=overrule)


def _settled_otherwise(stage: Staging, *, overrule: bool) -> None:
    named = record.alias("named")
    same = [decision.c[name] == DECISION.c[name] for name in _PLACE]
    differs = or_(*(decision.c[name].is_distinct_from(DECISION.c[name]) for name in _VALUE))
    overturned = and_(decision.c.dataset_id.is_(None), *same, differs)
    if overrule:
        stage.connection.execute(
            delete(decision).where(decision.c.dataset_id.is_(None), exists().where(*same, differs))
        )
        return
    rows = stage.connection.execute(
        select(
            DECISION.c.row,
            DECISION.c.file,
            DECISION.c.line,
            DECISION.c.field,
            decision.c.value,
            named.c.slug,
            decision.c.reason,
            *_made(),
        )
        .select_from(DECISION)
        .join(decision, overturned)
        .join(batch, batch.c.id == decision.c.batch_id)
        .outerjoin(named, named.c.id == decision.c.value_record_id)
        .order_by(DECISION.c.row)
    )
    for row in rows:
        value = row.value if row.value is not None else row.slug
        settled = "was left open" if value is None else f"was settled as {value!r}"
        message = f"{row.field!r} {settled} {_by(row)}"
        stage.problem(row.row, row.file, row.line, "", "overturned", message, _HINT)


def _settled_on_what_was_dismissed(stage: Staging, *, overrule: bool) -> None:
    """Tell of a value settled on all of whose claims were dismissed by command."""
    before, its_dismissal = claim.alias("before"), dismissal.alias("its_dismissal")

    def says_it(table: FromClause) -> ColumnElement[bool]:
        same = [table.c[name] == DECISION.c[name] for name in _PLACE[:-1]]
        same += [table.c[name].is_not_distinct_from(DECISION.c[name]) for name in _VALUE]
        return and_(*same, table.c.stance == Stance.SUPPORTS)

    its = its_dismissal.c.claim_id == before.c.id
    live = exists().where(says_it(before), ~exists().where(its))
    again = exists().where(said_alike(before), its, its_dismissal.c.dataset_id.is_(None))
    anew = exists().where(says_it(CLAIM), CLAIM.c.dismissed.is_(None), ~again)
    chosen = or_(*(DECISION.c[name].is_not(None) for name in _VALUE))
    only_dismissed = and_(chosen, ~anew, ~live)
    if overrule:
        freed = select(claim.c.id).select_from(DECISION).join(claim, says_it(claim)).where(only_dismissed)
        stage.connection.execute(
            delete(dismissal).where(dismissal.c.dataset_id.is_(None), dismissal.c.claim_id.in_(freed))
        )
        return
    named = record.alias("named")
    rows = stage.connection.execute(
        select(
            DECISION.c.row,
            DECISION.c.file,
            DECISION.c.line,
            DECISION.c.value,
            named.c.slug,
            dismissal.c.reason,
            *_made(),
        )
        .select_from(DECISION)
        .join(claim, says_it(claim))
        .join(dismissal, and_(dismissal.c.claim_id == claim.c.id, dismissal.c.dataset_id.is_(None)))
        .join(batch, batch.c.id == dismissal.c.batch_id)
        .outerjoin(named, named.c.id == DECISION.c.value_record_id)
        .where(only_dismissed)
        .order_by(DECISION.c.row, claim.c.id)
    )
    told = set()
    for row in rows:
        if row.row not in told:
            told.add(row.row)
            message = f"{row.value if row.value is not None else row.slug!r} was dismissed {_by(row)}"
            stage.problem(row.row, row.file, row.line, "", "overturned", message, _HINT)


def _lost_with_its_part(stage: Staging, table: Table, parts: tuple[Table, Table, str], *, overrule: bool) -> None:
    """Tell of lines and participants that are gone from the files and that something was decided of by command."""
    staged, kept, group = parts
    part = f"{group}/"
    there = exists().where(staged.c.record_id == table.c.record_id, table.c.part == part + staged.c.key)
    # What came with a record that was merged stays whatever the survivor's file says.
    came = merging.came_with_merged(kept, table.c.record_id, table.c.part == part + kept.c.key)
    lost = and_(table.c.dataset_id.is_(None), table.c.part.startswith(part), ~there, ~came)
    speaks = and_(
        RECORD.c.record_id == table.c.record_id,
        RECORD.c.defines,
        ~RECORD.c.creates,
        RECORD.c.dataset_id.not_in(stage.silent.get(staged, [])),
    )
    if overrule:
        stage.connection.execute(delete(table).where(lost, exists().where(speaks)))
        return
    what = table.c.field if table is decision else table.c.rule
    rows = stage.connection.execute(
        select(RECORD.c.row, RECORD.c.file, RECORD.c.line, table.c.part, what.label("what"), table.c.reason, *_made())
        .select_from(RECORD)
        .join(table, and_(speaks, lost))
        .join(batch, batch.c.id == table.c.batch_id)
        .order_by(RECORD.c.row, table.c.part, what)
    )
    verb = "settled" if table is decision else "waived"
    for row in rows:
        key = row.part.removeprefix(part)
        message = f"{group.removesuffix('s')} {key!r} is gone, whose {row.what!r} was {verb} {_by(row)}"
        stage.problem(row.row, row.file, row.line, "", "overturned", message, _HINT)


def grounded(connection: Connection) -> set[Key]:
    """Return the decisions by command on a value that somebody claims."""
    return {tuple(row) for row in connection.execute(select(*_key()).where(_by_command(), _claimed()))}


def tell_ungrounded(stage: Staging, before: set[Key], *, overrule: bool) -> None:
    """Tell of decisions by command on a value that nobody claims any more once this is loaded; or give them up."""
    lost = before - grounded(stage.connection) if before else set()
    if not lost:
        return
    these = and_(_by_command(), tuple_(*_key()).in_(sorted(lost)))
    if overrule:
        stage.connection.execute(delete(decision).where(these))
        return
    named = record.alias("named")
    rows = stage.connection.execute(
        select(
            decision.c.record_id,
            record.c.slug.label("of"),
            decision.c.field,
            decision.c.value,
            named.c.slug,
            decision.c.reason,
            *_made(),
        )
        .select_from(decision)
        .join(record, record.c.id == decision.c.record_id)
        .join(batch, batch.c.id == decision.c.batch_id)
        .outerjoin(named, named.c.id == decision.c.value_record_id)
        .where(these)
        .order_by(record.c.slug, decision.c.part, decision.c.field)
    )
    for row in rows.all():
        value = row.value if row.value is not None else row.slug
        message = f"nobody claims {value!r} any more, as which {row.field!r} of {row.of!r} was settled {_by(row)}"
        place = next(_places(stage, row.record_id), None)
        if place is not None:
            stage.problem(*place, "", "overturned", message, _HINT)
        else:
            stage.problems.append(Problem(stage.files[0], Mark(0, 0), "", "overturned", message, _HINT))


def _key() -> list[ColumnElement[Any]]:
    return [decision.c[name] for name in _PLACE]


def _by_command() -> ColumnElement[bool]:
    return and_(decision.c.dataset_id.is_(None), or_(*(decision.c[name].is_not(None) for name in _VALUE)))


def _claimed() -> ColumnElement[bool]:
    same = [claim.c[name] == decision.c[name] for name in ("record_id", "part", "field")]
    same += [claim.c[name].is_not_distinct_from(decision.c[name]) for name in _VALUE]
    return exists().where(*same, claim.c.stance == Stance.SUPPORTS)


def _places(stage: Staging, record_id: int) -> Iterator[tuple[int, int, int]]:
    for table in (RECORD, CLAIM):
        query = select(table.c.row, table.c.file, table.c.line).where(table.c.record_id == record_id)
        yield from (tuple(row) for row in stage.connection.execute(query.order_by(table.c.row).limit(1)))


def _made() -> list[ColumnElement[Any]]:
    return [batch.c.id.label("batch"), batch.c.at, batch.c.actor]


def _by(row: Any) -> str:
    """Return when, by whom and why something was decided."""
    return f"by command on {row.at[:10]} by {row.actor} (batch {row.batch}): {row.reason}"
