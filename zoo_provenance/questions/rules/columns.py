"""The rule of columns: each holds what its claims conclude, in the whole database."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from sqlalchemy import Connection, Integer, String, and_, case, cast, exists, func, or_, select

from zoo_provenance.counts import parse_count
from zoo_provenance.evidence.claims import Statement
from zoo_provenance.evidence.concluding import Conclusion
from zoo_provenance.evidence.contested import Contest, contested, contested_records
from zoo_provenance.tables import KIND_TABLES, claim, decision, dismissal, participant, record, transfer, transfer_line
from zoo_provenance.vocabulary import FIELDS, PASSES, Field, Kind, Shape, columns_of, owner_of, passed_by

_OWNERS = tuple(owner for owner, fields in FIELDS.items() if any(columns_of(owner, field) for field in fields.values()))
_PASSED = (("custody", "passes_custody", 0), ("title", "passes_title", 1))


class Drifted(NamedTuple):
    """A column that holds other than its claims conclude."""

    record_id: int
    slug: str
    part: str
    field: str
    held: str | None
    concluded: str | None


def drifted(connection: Connection) -> list[Drifted]:
    """Return the columns that hold other than their claims conclude.

    Where one thing is said, SQL compares it with the column; where more is said, or something is decided, the
    rules of concluding are asked, in one pass. A few statements for each kind of owner, however many records.
    """
    found = [
        Drifted(row.record_id, row.slug, row.part, row.field, row.held_slug or row.held, row.said_slug or row.said)
        for owner in _OWNERS
        for row in connection.execute(_plainly(owner))
    ]
    for what, column, place in _PASSED:
        found.extend(
            Drifted(row.record_id, row.slug, "", what, _word(row.held), row.kind)
            for row in connection.execute(_by_kind(what, column, place))
        )
    found.extend(_contested(connection))
    found.extend(_sexes(connection))
    return sorted(set(found), key=lambda one: (one.slug, one.part, one.field))


def _table(owner: str) -> Any:
    if owner == "line":
        return transfer_line
    return participant if owner == "participant" else KIND_TABLES[Kind(owner)]


def _concluding(owner: str) -> Iterator[tuple[str, Field, tuple[str, ...]]]:
    for name, field in FIELDS[owner].items():
        columns = columns_of(owner, field)
        if columns and not field.many:
            yield name, field, columns


def _plainly(owner: str) -> Statement:
    """Return the statement of columns that differ from the one thing that is said of them."""
    table = _table(owner)
    live = and_(claim.c.stance == "supports", dismissal.c.claim_id.is_(None), func.coalesce(claim.c.value, "") != "?")
    is_part = owner in {"line", "participant"}

    def alive(column: Any) -> Any:
        return case((live, column))

    ours = claim.c.part.like(f"{owner}s/%") if is_part else claim.c.part == ""
    names = [name for name, _, _ in _concluding(owner)]
    said = (
        select(
            claim.c.record_id,
            claim.c.part,
            claim.c.field,
            *(func.min(alive(claim.c[name])).label(name) for name in ("value", "value_record_id", "low", "high")),
        )
        .outerjoin(dismissal, dismissal.c.claim_id == claim.c.id)
        .where(ours, claim.c.field.in_(names), claim.c.stance == "supports")
        .group_by(claim.c.record_id, claim.c.part, claim.c.field)
        .having(
            func.count(alive(claim.c.value).distinct()) + func.count(alive(claim.c.value_record_id).distinct()) <= 1
        )
        .subquery("said")
    )
    decided = exists().where(*(decision.c[name] == said.c[name] for name in ("record_id", "part", "field")))
    match = (
        table.c.id == said.c.record_id
        if not is_part
        else and_(table.c.transfer_id == said.c.record_id, said.c.part == f"{owner}s/" + table.c.key)
    )
    differs = or_(
        *(and_(said.c.field == name, _differs(owner, field, table, said)) for name, field, _ in _concluding(owner))
    )
    held = case(
        *(
            (said.c.field == name, cast(table.c[columns[0]], String))
            for name, field, columns in _concluding(owner)
            if field.shape is not Shape.RECORD
        ),
        else_=None,
    )
    records = [(name, field) for name, field, _ in _concluding(owner) if field.shape is Shape.RECORD]
    held_id = (
        case(*((said.c.field == name, _record_id(field, table)) for name, field in records), else_=None)
        if records
        else cast(None, Integer)
    )
    holds, names_it = record.alias("holds"), record.alias("names_it")
    return (
        select(
            said.c.record_id,
            record.c.slug,
            said.c.part,
            said.c.field,
            held.label("held"),
            holds.c.slug.label("held_slug"),
            said.c.value.label("said"),
            names_it.c.slug.label("said_slug"),
        )
        .select_from(said)
        .join(record, and_(record.c.id == said.c.record_id, *([] if is_part else [record.c.kind == owner])))
        .join(table, match)
        .outerjoin(holds, holds.c.id == held_id)
        .outerjoin(names_it, names_it.c.id == said.c.value_record_id)
        .where(differs, ~decided)
    )


def _record_id(field: Field, table: Any) -> Any:
    if field.name == "who":
        return func.coalesce(table.c.person_id, table.c.institution_id)
    return table.c[str(field.column)]


def _differs(owner: str, field: Field, table: Any, said: Any) -> Any:
    if field.shape is Shape.RECORD:
        return _record_id(field, table).is_distinct_from(said.c.value_record_id)
    column = table.c[columns_of(owner, field)[0]]
    if field.shape is Shape.FLAG:
        return column.is_distinct_from(case((said.c.value.is_not(None), said.c.value == "yes")))
    if field.name == "term":
        return column.is_distinct_from(func.coalesce(said.c.value, "LIV"))
    if field.shape is Shape.TEXT or field.shape is Shape.WORD:
        return column.is_distinct_from(said.c.value)
    low, high = (table.c[name] for name in columns_of(owner, field)[1:3])
    bounds = (said.c.low, said.c.high)
    if field.shape is Shape.COUNT:
        bounds = (cast(said.c.low, Integer), cast(said.c.high, Integer))
    return or_(column.is_distinct_from(said.c.value), low.is_distinct_from(bounds[0]), high.is_distinct_from(bounds[1]))


def _by_kind(what: str, column: str, place: int) -> Statement:
    """Return transfers that pass other than what follows from the one kind that is claimed of them."""
    kind, flag = claim.alias("kind"), claim.alias("flag")
    follows = {word: flags[place] for word, flags in PASSES.items()}
    passes = case(*((transfer.c.kind == word, flag) for word, flag in follows.items() if flag is not None), else_=None)
    said = exists().where(kind.c.record_id == transfer.c.id, kind.c.part == "", kind.c.field == "kind")
    own = exists().where(
        flag.c.record_id == transfer.c.id, flag.c.part == "", flag.c.field == what, flag.c.stance == "supports"
    )
    return (
        select(record.c.id.label("record_id"), record.c.slug, transfer.c[column].label("held"), transfer.c.kind)
        .select_from(transfer)
        .join(record, record.c.id == transfer.c.id)
        .where(transfer.c.kind.is_not(None), said, ~own, transfer.c[column].is_distinct_from(passes))
    )


def _sexes(connection: Connection) -> Iterator[Drifted]:
    """Yield the lines whose males, females and unsexed are not those of their count."""
    sexes = (transfer_line.c.males, transfer_line.c.females, transfer_line.c.unsexed)
    rows = connection.execute(
        select(record.c.id, record.c.slug, transfer_line.c.key, transfer_line.c.count, *sexes)
        .join(record, record.c.id == transfer_line.c.transfer_id)
        .where(or_(transfer_line.c.count.like("%.%"), *(sex.is_not(None) for sex in sexes)))
    )
    for record_id, slug, key, count, *held in rows:
        stated = parse_count(count).sexes if count is not None else None
        if tuple(held) != (stated or (None, None, None)):
            told = ".".join("?" if one is None else str(one) for one in held)
            yield Drifted(record_id, slug, f"lines/{key}", "count", told, count)


def _contested(connection: Connection) -> Iterator[Drifted]:
    """Yield the columns of contested fields that hold other than the rules conclude."""
    rows: dict[tuple[int, str], Any] = {}
    for owner in _OWNERS:
        table = _table(owner)
        is_part = owner in {"line", "participant"}
        owned = table.c.transfer_id if is_part else table.c.id
        for row in connection.execute(select(table).where(owned.in_(contested_records()))):
            rows[row.transfer_id if is_part else row.id, f"{owner}s/{row.key}" if is_part else ""] = row
    spoken = _passing_claimed(connection)
    slugs = _slugs(connection)
    for contest in contested(connection):
        owner = owner_of(contest.kind, contest.part)
        field = FIELDS[owner].get(contest.name)
        held = rows.get((contest.record_id, contest.part))
        if field is None or held is None or not any(one.stance == "supports" for one in contest.claimed):
            continue
        columns = columns_of(owner, field)
        if columns and not field.many:
            yield from _drift_of(contest, owner, field, held, slugs)
        if contest.kind == Kind.TRANSFER and not contest.part and contest.name == "kind":
            conclusion = contest.conclusion
            words = [conclusion.value] if conclusion.value else [meaning.words for meaning in conclusion.standing]
            for (what, column, _), flag in zip(_PASSED, passed_by(words), strict=True):
                passes = getattr(held, column)
                if (contest.record_id, what) not in spoken and passes != flag:
                    yield Drifted(contest.record_id, contest.slug, "", what, _word(passes), _word(flag))


def _passing_claimed(connection: Connection) -> set[tuple[int, str]]:
    """Return (transfer, field) where sources say themselves what passed."""
    rows = connection.execute(
        select(claim.c.record_id, claim.c.field).where(
            claim.c.field.in_(("custody", "title")), claim.c.part == "", claim.c.stance == "supports"
        )
    )
    return {(row[0], row[1]) for row in rows}


def _drift_of(contest: Contest, owner: str, field: Field, row: Any, slugs: Mapping[int, str]) -> Iterator[Drifted]:
    conclusion = contest.conclusion
    held, expected = _holds(owner, field, row), _expected(field, conclusion)
    if held != expected:
        shown = [
            slugs.get(value[0], str(value[0])) if field.shape is Shape.RECORD and value[0] is not None else value[0]
            for value in (held, expected)
        ]
        yield Drifted(contest.record_id, contest.slug, contest.part, contest.name, _word(shown[0]), _word(shown[1]))


def _holds(owner: str, field: Field, row: Any) -> tuple[Any, ...]:
    if field.name == "who":
        return (row.person_id if row.person_id is not None else row.institution_id,)
    return tuple(getattr(row, name) for name in columns_of(owner, field)[:3])


def _expected(field: Field, conclusion: Conclusion) -> tuple[Any, ...]:
    if field.shape is Shape.DATE:
        return conclusion.value, conclusion.low, conclusion.high
    if field.shape is Shape.COUNT:
        low, high = (None if bound is None else int(bound) for bound in (conclusion.low, conclusion.high))
        return conclusion.value, low, high
    if field.shape is Shape.RECORD:
        return (conclusion.record,)
    if field.shape is Shape.FLAG:
        return (None if conclusion.value is None else conclusion.value == "yes",)
    return (conclusion.value or ("LIV" if field.name == "term" else None),)


def _slugs(connection: Connection) -> dict[int, str]:
    values = select(claim.c.value_record_id).where(claim.c.value_record_id.is_not(None))
    return dict(connection.execute(select(record.c.id, record.c.slug).where(record.c.id.in_(values))).all())


def _word(value: Any) -> str | None:
    """Return what a column holds, as the seed file would write it."""
    if value is None or isinstance(value, str):
        return value
    return ("no", "yes")[value] if value in {0, 1} else str(value)
