"""Contested fields: those of which more than one thing is said, or one is denied or decided."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cache, lru_cache
from itertools import chain, groupby
from operator import itemgetter
from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    Connection,
    Label,
    String,
    and_,
    case,
    cast,
    exists,
    func,
    literal,
    or_,
    select,
    union,
)

from zoo_provenance.direct import Statement
from zoo_provenance.evidence.claims import taxa_above
from zoo_provenance.evidence.comparing import meaning_of
from zoo_provenance.evidence.concluding import Chosen, Claimed, Conclusion, conclude, verdict_of
from zoo_provenance.evidence.origins import count_origins, roots_of
from zoo_provenance.fields import EVERYWHERE, FIELDS, Field, Shape, field_named, owner_of
from zoo_provenance.tables import animal, claim, decision, descent, dismissal, record, source_basis
from zoo_provenance.vocabulary import Kind, Verdict

_NOTHING: frozenset[int] = frozenset()
_CHUNK = 1000
_KNOWN = 10_000
_PARENTS = ("dam", "sire")
_MANY = tuple(
    {field.name for fields in (*FIELDS.values(), EVERYWHERE) for field in fields.values() if field.many} - {*_PARENTS}
)


class Contest(NamedTuple):
    """A contested field, its claims and what follows from them.

    `words` are rows of `statement`, one for each thing said; `claimed` has the same as concluding wants it.
    """

    record_id: int
    kind: str
    slug: str
    part: str
    name: str
    words: Sequence[Any]
    claimed: Sequence[Claimed]
    conclusion: Conclusion
    verdict: Verdict


def contested(
    connection: Connection,
    records: Statement | None = None,
    given: Mapping[str, Any] | None = None,
    *,
    undecided: bool = False,
) -> Iterator[Contest]:
    """Yield the contested fields of the records a statement selects, or of all: four statements, one pass.

    With `undecided` only those for which nobody has decided on a value.
    """
    parameters = dict(given or {})
    above = taxa_above(connection)
    decided = select(decision) if records is None else select(decision).where(decision.c.record_id.in_(records))
    chosen = {
        (row.record_id, row.part, row.field): Chosen(row.value, row.value_record_id)
        for row in connection.execute(decided, parameters)
    }
    known: dict[Any, tuple[Sequence[Claimed], Conclusion]] = {}
    weighted = {(row[0], row[1]) for row in connection.execute(_weighted(records), parameters)}
    found = connection.execute(
        statement(records, undecided=undecided), parameters, execution_options={"yield_per": _CHUNK}
    )
    rows = chain.from_iterable(found.partitions())
    for (record_id, part, name), group in groupby(rows, key=itemgetter(0, 1, 2)):
        claims = list(group)
        kind, slug = claims[0][3], claims[0][4]
        field = _field(owner_of(kind, part), name)
        if field is None:
            continue
        decided_on = chosen.get((record_id, part, name))
        # The same few values are told of many lines: from the same, the same follows. Dates are seldom the same.
        told = None if field.shape is Shape.DATE else (field.shape, decided_on, tuple([row[5:14] for row in claims]))
        claimed, conclusion = known.get(told) or _weighed(field.shape, claims, above, decided_on)
        if told is not None and len(known) < _KNOWN:
            known[told] = claimed, conclusion
        verdict = verdict_of(name, claimed, conclusion)
        likely = name in _PARENTS and (all(row.unsure for row in claims) or (record_id, name) in weighted)
        if likely and verdict is Verdict.CONFLICT:
            # Candidates that are each said to be but likely: one of them is the parent.
            verdict = Verdict.POSSIBLE
        yield Contest(record_id, kind, slug, part, name, claims, claimed, conclusion, verdict)


@lru_cache(maxsize=64)
def _weighted(records: Statement | None) -> Statement:
    """Return the statement of animals with candidates for one parent, each with its probability."""
    query = select(descent.c.child_id, descent.c.role).where(descent.c.role.in_(_PARENTS), descent.c.probability < 1)
    return (query if records is None else query.where(descent.c.child_id.in_(records))).distinct()


_field = cache(field_named)


def _weighed(
    shape: Shape, rows: Sequence[Any], above: Mapping[int, frozenset[int]], decided_on: Chosen | None
) -> tuple[Sequence[Claimed], Conclusion]:
    claimed = [_claimed(shape, row, above) for row in rows]
    return claimed, conclude(shape, claimed, decided_on)


def _claimed(shape: Shape, row: Any, above: Mapping[int, frozenset[int]]) -> Claimed:
    _, _, _, _, _, value, named, low, high, during, since, until, stance, dismissed, _, _, _ = row
    over = above.get(named, _NOTHING) if named is not None else _NOTHING
    meaning = meaning_of(shape, value, low, high, named, over)
    return Claimed(
        value, low, high, named, meaning, stance, dismissed is not None, None if during is None else (since, until)
    )


@lru_cache(maxsize=64)
def statement(records: Statement | None, *, undecided: bool = False) -> Statement:
    """Return the statement of what is said of contested fields, field by field: a row for each thing said.

    `by` are the ids of the sources that say it, apart by a space, those that speak for themselves with a `!`.
    """
    groups = _groups(records, undecided=undecided)
    named = record.alias("named")
    same = and_(*(claim.c[name] == groups.c[name] for name in ("record_id", "part", "field")))
    speaker = cast(claim.c.source_id, String) + case((claim.c.own, literal("!")), else_=literal(""))
    said = (
        *(claim.c.record_id, claim.c.part, claim.c.field, record.c.kind, record.c.slug),
        *(claim.c.value, claim.c.value_record_id, claim.c.low, claim.c.high),
        *(claim.c.during, claim.c.during_earliest, claim.c.during_latest, claim.c.stance),
        *(dismissal.c.reason.label("dismissed"), named.c.slug.label("named")),
    )
    return (
        select(
            *said,
            func.min(case((claim.c.certainty.is_(None), 0), else_=1)).label("unsure"),
            func.aggregate_strings(speaker, " ").label("by"),
        )
        .select_from(groups)
        .join(claim, same)
        .join(record, record.c.id == claim.c.record_id)
        .outerjoin(dismissal, dismissal.c.claim_id == claim.c.id)
        .outerjoin(named, named.c.id == claim.c.value_record_id)
        .where(claim.c.stance != "silent", record.c.merged_into_id.is_(None))
        .group_by(*(column.element if isinstance(column, Label) else column for column in said))
        .order_by(
            record.c.slug,
            claim.c.part,
            claim.c.field,
            claim.c.low.nulls_first(),
            claim.c.value.nulls_first(),
            named.c.slug.nulls_first(),
            claim.c.during.nulls_first(),
            claim.c.stance.desc(),
            dismissal.c.reason.nulls_first(),
        )
    )


def reports_of(by: str | None) -> set[tuple[int, bool]]:
    """Return who says a thing, each (source, whether its own word), from the `by` of a row."""
    if by is None:
        return set()
    if by.isdecimal():
        return {(int(by), False)}
    return {(int(one[:-1]), True) if one[-1] == "!" else (int(one), False) for one in by.split(" ")}


def standing_reports(contest: Contest) -> set[tuple[int, bool]]:
    """Return who supports a value that stands, each (source, whether its own word)."""
    standing = contest.conclusion.standing
    found: set[tuple[int, bool]] = set()
    for word, said in zip(contest.words, contest.claimed, strict=True):
        if said.live and said.meaning in standing:
            found |= reports_of(word.by)
    return found


def contested_fields(records: Statement | None = None) -> Any:
    """Return the table (record_id, part, field) of contested fields."""
    return _groups(records, undecided=False)


def contested_records() -> Statement:
    """Return the statement of records with a contested field."""
    groups = _groups(None, undecided=False)
    return select(groups.c.record_id)


def _groups(records: Statement | None, *, undecided: bool) -> Any:
    """Return (record, part, field) of contested fields."""
    keys = (claim.c.record_id, claim.c.part, claim.c.field)
    several = func.count(claim.c.value.distinct()) + func.count(claim.c.value_record_id.distinct())
    rivals = (
        select(*keys)
        .where(
            claim.c.field != "", claim.c.stance != "silent", claim.c.field.not_in(_MANY), ~claim.c.field.like("id.%")
        )
        .where(or_(claim.c.field.not_in(_PARENTS), exists().where(animal.c.id == claim.c.record_id, _single())))
        .group_by(*keys)
        .having(or_(several > 1, func.min(claim.c.stance) == "contradicts"))
    )
    denied = select(*keys).where(claim.c.field == "exists", claim.c.value == "no", claim.c.stance == "supports")
    # A stated total has a rival it does not name: the sum of the lines.
    totals = (
        select(*keys)
        .join(record, record.c.id == claim.c.record_id)
        .where(claim.c.field == "count", claim.c.part == "", record.c.kind == Kind.TRANSFER.value)
    )
    settled = select(decision.c.record_id, decision.c.part, decision.c.field).where(decision.c.field.not_in(_MANY))
    parts = [rivals, denied, totals, settled]
    if undecided:
        same = [decision.c[name] == claim.c[name] for name in ("record_id", "part", "field")]
        chosen = or_(decision.c.value.is_not(None), decision.c.value_record_id.is_not(None))
        parts = [part.where(~exists().where(*same, chosen)) for part in (rivals, denied, totals)]
    if records is not None:
        parts = [part.where(part.selected_columns.record_id.in_(records)) for part in parts]
    return union(*parts).subquery("contested")


def _single() -> ColumnElement[bool]:
    """Only of one animal can there be but one dam and one sire; a group may have many."""
    return or_(animal.c.count.is_(None), animal.c.count_max == 1)


@lru_cache(maxsize=64)
def _speaking(records: Statement | None) -> Statement:
    """Return the statement of sources that speak of some records, or all, and of what they are based on."""
    query = (
        select(record.c.id, record.c.slug, source_basis.c.based_on_id)
        .outerjoin(source_basis, source_basis.c.source_id == record.c.id)
        .where(record.c.kind == Kind.SOURCE.value)
    )
    if records is None:
        return query
    cited = select(claim.c.source_id.label("id")).where(claim.c.record_id.in_(records), claim.c.source_id.is_not(None))
    reached = cited.cte("reached", recursive=True)
    reached = reached.union(select(source_basis.c.based_on_id).join(reached, source_basis.c.source_id == reached.c.id))
    return query.where(record.c.id.in_(select(reached.c.id)))


class Witnesses:
    """The sources that speak of some records, or all: their slugs, and what each derives from."""

    def __init__(
        self, connection: Connection, records: Statement | None = None, given: Mapping[str, Any] | None = None
    ) -> None:
        """Read them, and those they are based on: one statement."""
        basis: dict[int, list[int]] = {}
        self.slugs: dict[int, str] = {}
        for source_id, slug, based_on_id in connection.execute(_speaking(records), dict(given or {})).all():
            self.slugs[source_id] = slug
            if based_on_id is not None:
                basis.setdefault(source_id, []).append(based_on_id)
        self._basis = basis
        self._roots: dict[int, frozenset[int]] = {}

    def named(self, sources: set[int]) -> tuple[str, ...]:
        """Return the slugs of sources, in order."""
        if len(sources) < 2:
            return tuple([self.slugs[source_id] for source_id in sources])
        return tuple(sorted([self.slugs[source_id] for source_id in sources]))

    def roots(self, source_id: int) -> frozenset[int]:
        """Return the original sources a source leads to."""
        found = self._roots.get(source_id)
        if found is None:
            found = self._roots[source_id] = (
                roots_of(self._basis, (source_id,))[source_id] if source_id in self._basis else frozenset((source_id,))
            )
        return found

    def origins(self, reports: set[tuple[int, bool]]) -> int:
        """Return the least number of original sources behind reports, each (source, whether its own word)."""
        if len(reports) < 2:
            return len(reports)
        roots = {frozenset((source_id,)) if own else self.roots(source_id) for source_id, own in reports}
        if len(roots) == 1:
            return 1
        if len(roots) == 2:
            one, other = roots
            return 2 if one.isdisjoint(other) else 1
        return count_origins(roots)


def shape_of(kind: str, part: str, name: str) -> Field | None:
    """Return the field a contest is about."""
    return _field(owner_of(kind, part), name)
