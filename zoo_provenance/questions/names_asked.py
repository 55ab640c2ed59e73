"""The statements that look for names: by a part, by their beginning, by what they share with another."""

from __future__ import annotations

from functools import cache
from typing import Any

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    CompoundSelect,
    FromClause,
    Integer,
    Select,
    String,
    and_,
    bindparam,
    case,
    column,
    func,
    literal,
    literal_column,
    null,
    or_,
    select,
    table,
    union_all,
)

from zoo_provenance.questions.naming import NAME_FIELDS
from zoo_provenance.search_index import CLAIMS, RECORDS
from zoo_provenance.tables import claim, record

TOO_MANY = 10_000
_NEIGHBOURS = 50
_CANDIDATES = 300

_RECORDS = table(RECORDS, column("rowid", Integer))
_CLAIMS = table(CLAIMS, column("rowid", Integer))


def _is_name() -> ColumnElement[bool]:
    named = or_(claim.c.field.in_(NAME_FIELDS), claim.c.field.startswith("id.", autoescape=True))
    return and_(named, claim.c.stance == "supports")


def _holding(index: FromClause, trigrams: ColumnElement[Any]) -> ColumnElement[bool]:
    return literal_column(index.name).op("MATCH", is_comparison=True)(trigrams)  # type: ignore[attr-defined]


def _like(text: ColumnElement[str], pattern: str) -> ColumnElement[bool]:
    return text.like(bindparam(pattern, type_=String), escape="/")


def _begins(text: ColumnElement[str], start: str, length: str) -> ColumnElement[bool]:
    return func.substr(text, 1, bindparam(length, type_=Integer)) == bindparam(start, type_=String)


@cache
def containing(*, indexed: bool, in_slugs: bool, of_kinds: bool, limited: bool) -> Select[Any]:
    """Return what asks for the names that contain a text, each once for a record, and for the number of all.

    Whole names come first, then those that begin with it; indexed, only rows that the index gives are looked at.
    """
    key = bindparam("key", type_=String)
    whole, begins = record.c.search_key == key, _begins(record.c.search_key, "key", "length")
    contains = _like(record.c.search_key, "pattern")
    if in_slugs:
        whole = or_(whole, record.c.slug == bindparam("slug", type_=String))
        begins = or_(begins, _begins(record.c.slug, "slug", "slug_length"))
        contains = or_(contains, _like(record.c.slug, "slug_pattern"))
    survivor_id = func.coalesce(record.c.merged_into_id, record.c.id).label("id")
    labels = select(
        *(survivor_id, record.c.label.label("name"), literal("").label("language")),
        case((whole, 0), (begins, 1), else_=2).label("rank"),
    ).where(contains)
    rank = case((claim.c.search_key == key, 0), (_begins(claim.c.search_key, "key", "length"), 1), else_=2)
    claimed = (
        select(survivor_id, claim.c.value, claim.c.language, rank)
        .join_from(claim, record, record.c.id == claim.c.record_id)
        .where(_is_name(), _like(claim.c.search_key, "pattern"))
    )
    if of_kinds:
        of = record.c.kind.in_(bindparam("kinds", expanding=True))
        labels, claimed = labels.where(of), claimed.where(of)
    if indexed:
        trigrams = bindparam("trigrams", type_=String)
        labels = labels.where(record.c.id.in_(select(_RECORDS.c.rowid).where(_holding(_RECORDS, trigrams))))
        claimed = claimed.where(claim.c.id.in_(select(_CLAIMS.c.rowid).where(_holding(_CLAIMS, trigrams))))
    names = union_all(labels, claimed).subquery()
    # A label has no language, and is mostly one of the names again.
    language, best = func.max(names.c.language).label("language"), func.min(names.c.rank).label("rank")
    once = select(names.c.id, names.c.name, language, best, func.count().over().label("number"))
    once_each = once.group_by(names.c.id, names.c.name).subquery()
    found = (
        select(
            record.c.slug, record.c.label, record.c.kind, *(once_each.c[at] for at in ("name", "language", "number"))
        )
        .join(once_each, once_each.c.id == record.c.id)
        .order_by(once_each.c.rank, record.c.slug, once_each.c.language.desc(), once_each.c.name)
    )
    return found.limit(bindparam("limit", type_=Integer)) if limited else found


@cache
def beginning() -> Select[Any]:
    """Return what asks for slugs by the beginning of a name, as ranges of the tables' own indexes."""
    key, after = bindparam("key", type_=String), bindparam("after", type_=String)
    most, kinds = bindparam("limit", type_=Integer), record.c.kind.in_(bindparam("kinds", expanding=True))
    survivor = record.alias("survivor")
    joined = record.join(survivor, survivor.c.id == func.coalesce(record.c.merged_into_id, record.c.id))
    parts = [
        select(survivor.c.slug, record.c.search_key.label("key"))
        .select_from(joined)
        .where(record.c.search_key >= key, record.c.search_key < after, kinds)
        .order_by(record.c.search_key)
    ]
    parts += [
        select(survivor.c.slug, claim.c.search_key)
        .select_from(joined.join(claim, claim.c.record_id == record.c.id))
        .where(claim.c.field == field, claim.c.search_key >= key, claim.c.search_key < after)
        .where(claim.c.stance == "supports", kinds)
        .order_by(claim.c.search_key)
        for field in NAME_FIELDS
    ]
    found = _together(part.limit(most) for part in parts).subquery()
    return select(found.c.slug).order_by(found.c.key, found.c.slug).limit(most)


@cache
def neighbours() -> CompoundSelect[Any]:
    """Return what asks for the names just before and after a text in the alphabet."""
    key, slug = bindparam("key", type_=String), bindparam("slug", type_=String)
    parts: list[Any] = []
    for ordered, place in ((record.c.search_key, key), (record.c.slug, slug)):
        named = select(record.c.slug, record.c.label.label("name"), record.c.search_key.label("key"), record.c.kind)
        parts.append(named.where(ordered >= place).order_by(ordered))
        parts.append(named.where(ordered < place).order_by(ordered.desc()))
    for field in NAME_FIELDS:
        claimed = (
            select(null().label("slug"), claim.c.value.label("name"), claim.c.search_key.label("key"), record.c.kind)
            .join(record, record.c.id == claim.c.record_id)
            .where(claim.c.field == field, claim.c.stance == "supports")
        )
        parts.append(claimed.where(claim.c.search_key >= key).order_by(claim.c.search_key))
        parts.append(claimed.where(claim.c.search_key < key).order_by(claim.c.search_key.desc()))
    return _together(part.limit(_NEIGHBOURS) for part in parts)


@cache
def frequency() -> Select[Any]:
    """Return what asks in how many names each of the pieces is, by the index; counting ends where it is too many."""
    piece = func.json_each(bindparam("pieces", type_=String)).table_valued("value", name="piece")
    numbers = []
    for index in (_RECORDS, _CLAIMS):
        counted = select(literal(1)).select_from(index).where(_holding(index, literal_column("piece.value")))
        few = counted.limit(TOO_MANY + 1).subquery()
        numbers.append(select(func.count()).select_from(few).scalar_subquery())
    return select(piece.c.value.label("piece"), (numbers[0] + numbers[1]).label("number"))


@cache
def sharing_indexed() -> CompoundSelect[Any]:
    """Return what asks for the names that share most trigrams, of those that hold one of the pieces, by the index."""
    piece = func.json_each(bindparam("pieces", type_=String)).table_valued("value", name="piece")
    trigram = func.json_each(bindparam("trigrams", type_=String)).table_valued("value", name="trigram")
    shared = []
    for index, owner, text in (
        (_RECORDS, record, record.c.search_key + " " + record.c.slug),
        (_CLAIMS, claim, claim.c.search_key),
    ):
        held = _holding(index, literal_column("piece.value"))
        some = select(index.c.rowid).select_from(piece.join(index, held))
        number = (
            select(func.count()).select_from(trigram).where(func.instr(text, trigram.c.value) > 0).scalar_subquery()
        )
        shared.append(select(owner.c.id, number.label("number")).where(owner.c.id.in_(some)).subquery())
    return _sharing(*shared)


@cache
def sharing_scanned(engine: str) -> CompoundSelect[Any]:
    """Return what asks for the names that share most of the pieces, given as patterns; an engine may have an index."""
    pieces = bindparam("pieces", type_=String if engine == "sqlite" else ARRAY(String))
    function = func.json_each if engine == "sqlite" else func.unnest
    piece = function(pieces).table_valued("value", name="piece")
    if engine != "sqlite":
        piece = piece.render_derived()
    held = or_(record.c.search_key.like(piece.c.value, escape="/"), record.c.slug.like(piece.c.value, escape="/"))
    records = select(record.c.id, func.count().label("number")).select_from(piece.join(record, held))
    held = claim.c.search_key.like(piece.c.value, escape="/")
    claims = select(claim.c.id, func.count().label("number")).select_from(piece.join(claim, held)).where(_is_name())
    return _sharing(records.group_by(record.c.id).subquery(), claims.group_by(claim.c.id).subquery())


def _sharing(records: FromClause, claims: FromClause) -> CompoundSelect[Any]:
    kinds, length = record.c.kind.in_(bindparam("kinds", expanding=True)), bindparam("length", type_=Integer)
    named = (
        select(record.c.slug, record.c.label.label("name"), record.c.search_key.label("key"))
        .join(records, records.c.id == record.c.id)
        .where(kinds)
        .order_by(records.c.number.desc(), func.abs(func.length(record.c.search_key) - length), record.c.id)
    )
    claimed = (
        select(null().label("slug"), claim.c.value.label("name"), claim.c.search_key.label("key"))
        .join(claims, claims.c.id == claim.c.id)
        .join(record, record.c.id == claim.c.record_id)
        .where(_is_name(), kinds)
        .order_by(claims.c.number.desc(), func.abs(func.length(claim.c.search_key) - length), claim.c.id)
    )
    return _together((named.limit(_CANDIDATES), claimed.limit(_CANDIDATES)))


def _together(parts: Any) -> CompoundSelect[Any]:
    """Return all rows of selects that each have an order and a limit of their own."""
    return union_all(*(select(part.subquery()) for part in parts))
