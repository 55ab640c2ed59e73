"""The rule of columns: each holds what its claims conclude, in the whole database."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from sqlalchemy import BigInteger, Connection, Integer, String, and_, case, cast, exists, func, or_, select

from zoo_provenance.counts import parse_count
from zoo_provenance.direct import Statement
from zoo_provenance.evidence.concluding import Conclusion
from zoo_provenance.evidence.contested import Contest, contested, contested_records
from zoo_provenance.fields import FIELDS, PARTS, Field, Shape, columns_of, owner_of
from zoo_provenance.tables import (
    OWNER_TABLES,
    claim,
    decision,
    descent,
    dismissal,
    record,
    record_id_of,
    transfer,
    transfer_line,
)
from zoo_provenance.vocabulary import PASSES, DescentRole, Kind, passed_by

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
            Drifted(row.record_id, row.slug, "", what, row.held, row.said)
            for row in connection.execute(_by_kind(what, column, place))
        )
    found.extend(Drifted(*row) for row in connection.execute(_other_parents()))
    found.extend(_contested(connection))
    found.extend(_sexes(connection))
    return sorted(set(found), key=lambda one: (one.slug, one.part, one.field))


def _concluding(owner: str) -> Iterator[tuple[str, Field, tuple[str, ...]]]:
    for name, field in FIELDS[owner].items():
        columns = columns_of(owner, field)
        if columns and not field.many:
            yield name, field, columns


def _plainly(owner: str) -> Statement:
    """Return the statement of columns that differ from the one thing that is said of them."""
    table = OWNER_TABLES[owner]
    is_part = owner in PARTS
    ours = claim.c.part.like(f"{owner}s/%") if is_part else claim.c.part == ""
    said = _one_thing(ours, claim.c.field.in_([name for name, _, _ in _concluding(owner)]))
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
            (said.c.field == name, _as_words(field, table.c[columns[0]]))
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


def _one_thing(*which: Any) -> Any:
    """Return the table of fields of which at most one thing is said, with what it is."""
    live = and_(claim.c.stance == "supports", dismissal.c.claim_id.is_(None), func.coalesce(claim.c.value, "") != "?")

    def alive(column: Any) -> Any:
        return case((live, column))

    return (
        select(
            claim.c.record_id,
            claim.c.part,
            claim.c.field,
            *(func.min(alive(claim.c[name])).label(name) for name in ("value", "value_record_id", "low", "high")),
        )
        .outerjoin(dismissal, dismissal.c.claim_id == claim.c.id)
        .where(claim.c.stance == "supports", *which)
        .group_by(claim.c.record_id, claim.c.part, claim.c.field)
        .having(
            func.count(alive(claim.c.value).distinct()) + func.count(alive(claim.c.value_record_id).distinct()) <= 1
        )
        .subquery("said")
    )


def _as_words(field: Field, column: Any) -> Any:
    if field.shape is Shape.FLAG:
        return case((column.is_(True), "yes"), (column.is_(False), "no"), else_=None)
    return cast(column, String)


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
        bounds = (cast(said.c.low, BigInteger), cast(said.c.high, BigInteger))
    return or_(column.is_distinct_from(said.c.value), low.is_distinct_from(bounds[0]), high.is_distinct_from(bounds[1]))


def _by_kind(what: str, column: str, place: int) -> Statement:
    """Return transfers that pass other than what follows from the one kind that is claimed of them."""
    flag = claim.alias("flag")
    said = _one_thing(claim.c.field == "kind", claim.c.part == "")
    passes = case(
        *((said.c.value == word, flags[place]) for word, flags in PASSES.items() if flags[place] is not None),
        else_=None,
    )
    own = exists().where(
        flag.c.record_id == transfer.c.id, flag.c.part == "", flag.c.field == what, flag.c.stance == "supports"
    )
    decided = exists().where(*(decision.c[name] == said.c[name] for name in ("record_id", "part", "field")))
    words = {True: "yes", False: "no"}
    return (
        select(
            record.c.id.label("record_id"),
            record.c.slug,
            case(*((transfer.c[column].is_(held), word) for held, word in words.items()), else_=None).label("held"),
            case(*((passes.is_(held), word) for held, word in words.items()), else_=None).label("said"),
        )
        .select_from(said)
        .join(transfer, transfer.c.id == said.c.record_id)
        .join(record, record.c.id == transfer.c.id)
        .where(said.c.value.is_not(None), ~own, ~decided, transfer.c[column].is_distinct_from(passes))
    )


def _other_parents() -> Statement:
    """Return the animals that descend from another dam or sire than the one that was decided on."""
    held, said = record.alias("held"), record.alias("said")
    chosen = (decision.c.record_id == descent.c.child_id, decision.c.part == "", decision.c.field == descent.c.role)
    return (
        select(record.c.id, record.c.slug, decision.c.part, decision.c.field, held.c.slug, said.c.slug)
        .select_from(descent)
        .join(decision, and_(*chosen))
        .join(record, record.c.id == descent.c.child_id)
        .join(held, held.c.id == descent.c.parent_id)
        .join(said, said.c.id == decision.c.value_record_id)
        .where(descent.c.role.in_((DescentRole.DAM, DescentRole.SIRE)), held.c.id != said.c.id)
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
    rows = _rows_of_contested(connection)
    spoken = _passing_claimed(connection)
    named: list[tuple[Contest, Any, Any]] = []
    for contest in contested(connection):
        owner = owner_of(contest.kind, contest.part)
        field = FIELDS[owner].get(contest.name)
        held = rows.get((contest.record_id, contest.part))
        if field is None or held is None or not any(one.stance == "supports" for one in contest.claimed):
            continue
        if columns_of(owner, field) and not field.many:
            holds, expected = _holds(owner, field, held), _expected(field, contest.conclusion)
            if holds != expected and field.shape is Shape.RECORD:
                named.append((contest, holds[0], expected[0]))
            elif holds != expected:
                yield _drifted(contest, _word(holds[0]), _word(expected[0]))
        if (contest.kind, contest.part, contest.name) == (Kind.TRANSFER, "", "kind"):
            yield from _passed_otherwise(contest, held, spoken)
    slugs = _slugs(connection, {one for _, *ids in named for one in ids if one is not None})
    for contest, has, said in named:
        yield _drifted(contest, slugs.get(has), slugs.get(said))


def _rows_of_contested(connection: Connection) -> dict[tuple[int, str], Any]:
    """Return the rows of records with a contested field, and of their parts, by record and part."""
    rows: dict[tuple[int, str], Any] = {}
    for owner in _OWNERS:
        table = OWNER_TABLES[owner]
        is_part = owner in PARTS
        for row in connection.execute(select(table).where(record_id_of(owner).in_(contested_records()))):
            rows[row.transfer_id if is_part else row.id, f"{owner}s/{row.key}" if is_part else ""] = row
    return rows


def _passed_otherwise(contest: Contest, held: Any, spoken: set[tuple[int, str]]) -> Iterator[Drifted]:
    """Yield what a transfer passes other than whatever of its kinds still stands would pass."""
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


def _drifted(contest: Contest, held: str | None, concluded: str | None) -> Drifted:
    return Drifted(contest.record_id, contest.slug, contest.part, contest.name, held, concluded)


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


def _slugs(connection: Connection, ids: Iterable[int]) -> dict[int, str]:
    rows = connection.execute(select(record.c.id, record.c.slug).where(record.c.id.in_(list(ids))))
    return {row[0]: row[1] for row in rows}


def _word(value: Any) -> str | None:
    """Return what a column holds, as the seed file would write it."""
    if value is None or isinstance(value, str):
        return value
    return ("no", "yes")[value] if value in {0, 1} else str(value)
