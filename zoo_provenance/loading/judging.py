"""Judgements made by command, read back from the file that an export of seeds writes beside its data sets."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Integer,
    Table,
    and_,
    case,
    delete,
    exists,
    false,
    func,
    insert,
    literal,
    or_,
    select,
    union_all,
    update,
)

from zoo_provenance.errors import quoted
from zoo_provenance.loading import merging
from zoo_provenance.loading.problems import File, Problem, nearest
from zoo_provenance.loading.shapes import Shape, read_shape
from zoo_provenance.loading.staging import JUDGED, SCOPE, TOUCHED, Staging
from zoo_provenance.loading.yaml_reader import Node
from zoo_provenance.rules import RULES
from zoo_provenance.tables import claim, dataset, decision, descent, dismissal, judgement, record, waiver
from zoo_provenance.vocabulary import NOTE_LENGTH, VALUE_LENGTH

_LONGEST = {"because": NOTE_LENGTH, "value": VALUE_LENGTH, "field": 120, "part": 120, "language": 35}
_NOT_NULL = ("part", "field", "language", "at")


class _Judged(Shape):
    record: str
    because: str


class _Settled(_Judged):
    field: str
    part: str = ""
    language: str = ""
    value: str | None = None
    value_record: str | None = None


class _Dismissed(_Settled):
    field: str = ""
    dataset: str
    source: str | None = None
    during: str | None = None
    stance: str = "supports"
    at: str = ""


class _Waived(_Judged):
    rule: str
    part: str = ""


class _Pair(_Judged):
    into: str


class Judgements(Shape):
    """What may stand in a file of judgements."""

    settled: list[_Settled] | None = None
    dismissed: list[_Dismissed] | None = None
    waived: list[_Waived] | None = None
    merged: list[_Pair] | None = None
    different: list[_Pair] | None = None


def stage(staging: Staging, file: File, node: Node) -> None:
    """Stage a file's judgements; problems are told to the staging's."""
    read = read_shape(Judgements, node, file, staging.problems)
    if read is None:
        return
    number = staging.add_file(file)
    for sort in Judgements.model_fields:
        for at, one in enumerate(getattr(read, sort) or ()):
            mark = node.at((sort, at)).mark
            values: dict[str, Any] = dict.fromkeys(_NOT_NULL, "") | one.model_dump() | {"sort": sort}
            values["slug"] = values.pop("record")
            for name, message, hint in _wrong(values):
                staging.problems.append(
                    Problem(file, node.at((sort, at, name)).mark, name, "unreadable", message, hint)
                )
            staging.add(JUDGED, values, number, 0, {"": mark})


def _wrong(values: dict[str, Any]) -> Iterator[tuple[str, str, str]]:
    """Yield what of a judgement cannot be kept: the key, what is wrong with it, what to try."""
    for name, longest in _LONGEST.items():
        text = values.get(name)
        if text is not None and len(text) > longest:
            yield name, f"{name}: is {len(text):,} characters long; at most {longest:,} fit", ""
        elif text is not None and name in {"because", "value"} and not text.strip():
            yield name, f"{name}: is blank", ""
    rule = values.get("rule")
    if rule is not None and rule not in RULES:
        yield "rule", f"{quoted(rule)} is no rule of the check", nearest(rule, RULES)


def apply(staging: Staging, batch_id: int, *, overrule: bool) -> None:
    """Enter the judgements that are new; what cannot be judged so, or was judged otherwise, is told."""
    if not staging.is_filled(JUDGED):
        return
    _resolve(staging)
    _tell_unknown(staging)
    if staging.problems:
        return
    _settle(staging, batch_id, overrule=overrule)
    _enter(staging, dismissal, {"claim_id": JUDGED.c.claim_id}, "dismissed", batch_id)
    _choose_parents(staging)
    _enter(
        staging,
        waiver,
        {"rule": JUDGED.c.rule, "record_id": JUDGED.c.record_id, "part": JUDGED.c.part},
        "waived",
        batch_id,
    )
    _tell_pairs(staging)
    if not staging.problems:
        _judge(staging, batch_id)


def _resolve(staging: Staging) -> None:
    connection = staging.connection
    known = union_all(
        select(record.c.slug, record.c.id, literal(0, Integer).label("former")),
        select(claim.c.value, claim.c.record_id, literal(1, Integer)).where(claim.c.field == "formerly"),
    ).subquery()

    def named(column: str) -> Any:
        by_name = select(known.c.id).where(known.c.slug == JUDGED.c[column])
        return by_name.order_by(known.c.former, known.c.id).limit(1).scalar_subquery()

    ids = {f"{name}_id": named(name) for name in ("value_record", "source", "into")} | {"record_id": named("slug")}
    ids["said_in_id"] = select(dataset.c.id).where(dataset.c.name == JUDGED.c.dataset).scalar_subquery()
    connection.execute(update(JUDGED).values(ids))
    same = [claim.c[name] == JUDGED.c[name] for name in ("part", "field", "language", "stance")]
    same += [claim.c[name].is_not_distinct_from(JUDGED.c[name]) for name in ("value", "during")]
    same += [claim.c.locator == JUDGED.c.at, claim.c.dataset_id == JUDGED.c.said_in_id]
    # What was merged since is told as what it was said of, by whom, and as what it named.
    same += [func.coalesce(claim.c.said_of_id, claim.c.record_id) == JUDGED.c.record_id]
    same += [
        func.coalesce(claim.c[said], claim.c[name]).is_not_distinct_from(JUDGED.c[name])
        for name, said in (("value_record_id", "said_value_id"), ("source_id", "said_by_id"))
    ]
    said = select(func.min(claim.c.id)).where(*same).scalar_subquery()
    connection.execute(update(JUDGED).where(JUDGED.c.sort == "dismissed").values(claim_id=said))


def _tell_unknown(staging: Staging) -> None:
    """Tell of judgements on what is not in the database."""

    def lost(column: str, id_column: str) -> ColumnElement[bool]:
        return and_(JUDGED.c[column].is_not(None), JUDGED.c[id_column].is_(None))

    says = case(
        *(
            (lost(column, id_column), literal(f"no {noun} '") + JUDGED.c[column] + "'")
            for column, id_column, noun in (
                ("slug", "record_id", "record"),
                ("value_record", "value_record_id", "record"),
                ("source", "source_id", "source"),
                ("into", "into_id", "record"),
                ("dataset", "said_in_id", "data set"),
            )
        ),
        (
            and_(JUDGED.c.sort == "dismissed", JUDGED.c.claim_id.is_(None)),
            literal("nobody says this of '") + JUDGED.c.slug + "'; the claim may have changed since it was dismissed",
        ),
    ).label("says")
    rows = select(JUDGED.c.row, JUDGED.c.file, JUDGED.c.line, says).order_by(JUDGED.c.row).subquery()
    for row in staging.connection.execute(select(rows).where(rows.c.says.is_not(None)).order_by(rows.c.row)):
        staging.problem(row.row, row.file, row.line, "", "unknown-slug", row.says)


def _settle(staging: Staging, batch_id: int, *, overrule: bool) -> None:
    same = and_(*(decision.c[name] == JUDGED.c[name] for name in ("record_id", "part", "field", "language")))
    differs = or_(*(decision.c[name].is_distinct_from(JUDGED.c[name]) for name in ("value", "value_record_id")))
    otherwise = and_(JUDGED.c.sort == "settled", same, differs)
    connection = staging.connection
    rows = connection.execute(
        select(JUDGED.c.row, JUDGED.c.file, JUDGED.c.line, JUDGED.c.field, decision.c.reason, dataset.c.name)
        .select_from(JUDGED)
        .join(decision, otherwise)
        .outerjoin(dataset, dataset.c.id == decision.c.dataset_id)
        .order_by(JUDGED.c.row)
    ).all()
    for row in rows:
        by = f"data set {row.name!r}" if row.name else "command"
        if row.name or not overrule:
            hint = "leave it to one of them" if row.name else "--overrule replaces it"
            message = f"{row.field!r} was settled otherwise by {by}: {row.reason}"
            staging.problem(row.row, row.file, row.line, "", "overturned", message, hint)
    if rows and overrule:
        connection.execute(decision.delete().where(decision.c.dataset_id.is_(None), exists().where(otherwise)))
    place = {name: JUDGED.c[name] for name in ("record_id", "part", "field", "language")}
    values = {name: JUDGED.c[name] for name in ("value", "value_record_id")}
    _enter(staging, decision, place, "settled", batch_id, values)


def _choose_parents(staging: Staging) -> None:
    """Keep in the descent the parents that were chosen, and none that was dismissed."""
    judged = exists().where(JUDGED.c.record_id == descent.c.child_id, JUDGED.c.field == descent.c.role)
    wrong = merging.chosen_otherwise(descent.c.child_id, descent.c.role, descent.c.parent_id)
    staging.connection.execute(delete(descent).where(judged, wrong))
    likely = descent.c.probability.is_distinct_from(1.0)
    staging.connection.execute(update(descent).where(judged, merging.was_chosen(), likely).values(probability=1.0))


def _enter(
    staging: Staging,
    table: Table,
    keys: Mapping[str, ColumnElement[Any]],
    sort: str,
    batch_id: int,
    values: Mapping[str, ColumnElement[Any]] | None = None,
) -> None:
    """Enter the judgements of a sort where none was made yet of the same."""
    there = exists().where(*(table.c[name] == value for name, value in keys.items()))
    first = JUDGED.alias("first")
    of_first = [first.c[str(value.key)] == value for value in keys.values()]
    again = exists().where(*of_first, first.c.sort == JUDGED.c.sort, first.c.row < JUDGED.c.row)
    fresh = and_(JUDGED.c.sort == sort, ~there, ~again)
    _bear_on(staging, fresh)
    columns = {**keys, **(values or {}), "reason": JUDGED.c.because, "batch_id": literal(batch_id, Integer)}
    staging.connection.execute(insert(table).from_select(list(columns), select(*columns.values()).where(fresh)))


def _bear_on(staging: Staging, fresh: ColumnElement[bool]) -> None:
    """Note the records that are judged anew, so that their columns are concluded."""
    ids = select(JUDGED.c.record_id).where(fresh).distinct()
    staging.connection.execute(insert(TOUCHED).from_select(["record_id"], ids))
    scope = select(JUDGED.c.record_id, literal(0, Integer)).where(fresh).distinct()
    staging.connection.execute(insert(SCOPE).from_select(["record_id", "dataset_id"], scope))


def _tell_pairs(staging: Staging) -> None:
    """Tell of pairs that nobody can judge: two of different kinds, or one and the same."""
    one, other = record.alias("one"), record.alias("other")
    pairs = (
        select(JUDGED.c.row, JUDGED.c.file, JUDGED.c.line, JUDGED.c.slug)
        .join(one, one.c.id == JUDGED.c.record_id)
        .join(other, other.c.id == JUDGED.c.into_id)
        .where(or_(one.c.kind != other.c.kind, one.c.id == other.c.id))
        .order_by(JUDGED.c.row)
    )
    for row in staging.connection.execute(pairs).all():
        message = f"{row.slug!r} can only be compared with another record of its kind"
        staging.problem(row.row, row.file, row.line, "", "wrong-kind", message)
    first, last = _pair()
    merged = (
        select(JUDGED.c.row, JUDGED.c.file, JUDGED.c.line, JUDGED.c.slug, JUDGED.c.into, judgement.c.reason)
        .join(judgement, and_(judgement.c.record_id == first, judgement.c.other_id == last, judgement.c.same))
        .where(JUDGED.c.sort == "different")
        .order_by(JUDGED.c.row)
    )
    for row in staging.connection.execute(merged).all():
        message = f"{row.slug!r} and {row.into!r} were merged: {row.reason}"
        staging.problem(row.row, row.file, row.line, "", "overturned", message, "unmerge them first")


def _pair() -> tuple[ColumnElement[int], ColumnElement[int]]:
    """Return the two records of a judgement in the order in which pairs are kept."""
    first = case((JUDGED.c.record_id < JUDGED.c.into_id, JUDGED.c.record_id), else_=JUDGED.c.into_id)
    return first, JUDGED.c.record_id + JUDGED.c.into_id - first


def _judge(staging: Staging, batch_id: int) -> None:
    """Enter which pairs were judged different, where nobody has judged them yet."""
    first, last = _pair()
    there = exists().where(judgement.c.record_id == first, judgement.c.other_id == last)
    fresh = (
        select(first, last, record.c.kind, false(), JUDGED.c.because, literal(batch_id, Integer))
        .join(record, record.c.id == JUDGED.c.record_id)
        .where(JUDGED.c.sort == "different", ~there)
    )
    columns = ["record_id", "other_id", "kind", "same", "reason", "batch_id"]
    staging.connection.execute(insert(judgement).from_select(columns, fresh))
