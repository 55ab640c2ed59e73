"""Circles among the links of tables: what is nobody's descendant is peeled off until only circles are left."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, FromClause, Table, delete, exists, func, insert, literal, select

from zoo_provenance.loading.bulk import staging
from zoo_provenance.loading.bulk.entering import Entering
from zoo_provenance.loading.bulk.staging import LAYER, LINKS, NEXT
from zoo_provenance.loading.circles import way_round
from zoo_provenance.loading.problems import File, Mark, Problem
from zoo_provenance.tables import animal, descent, institution, record, source_basis, taxon
from zoo_provenance.vocabulary import Kind

_TOLD = 1000


def tell_circles(entering: Entering, files: Sequence[File], problems: Any) -> None:
    """Tell of animals that would descend from themselves, and the like of sources, taxa and institutions.

    Where every parent is known to be older than its young there is no circle, and nothing to walk.
    """
    counts = entering.pouring.counts
    if counts[staging.DESCENT] and _may_turn(entering):
        says = ("parent", "would descend from itself")
        link = (descent.c.child_id, descent.c.parent_id)
        _tell(entering, link, descent, descent.c.child_id > 0, staging.DESCENT, says, files, problems)
    if counts[staging.BASIS]:
        link = (source_basis.c.source_id, source_basis.c.based_on_id)
        says = ("based_on", "would be based on itself")
        _tell(entering, link, source_basis, source_basis.c.source_id > 0, staging.BASIS, says, files, problems)
    for kind, table, column in (
        (Kind.TAXON, taxon, "parent"),
        (Kind.INSTITUTION, institution, "parent"),
        (Kind.INSTITUTION, institution, "successor"),
    ):
        poured = staging.KINDS[kind]
        if counts[poured]:
            up = table.c[f"{column}_id"]
            says = (column, f"would come round to itself through {column!r}")
            _tell(entering, (table.c.id, up), table, up.is_not(None), poured, says, files, problems)


def _tell(
    entering: Entering,
    link: tuple[ColumnElement[Any], ColumnElement[Any]],
    source: FromClause,
    where: ColumnElement[bool],
    poured: Table,
    says: tuple[str, str],
    files: Sequence[File],
    problems: Any,
) -> None:
    connection = entering.connection
    connection.execute(delete(LINKS))
    connection.execute(insert(LINKS).from_select(["child", "parent"], select(*link).select_from(source).where(where)))
    _peel(entering)
    left = connection.execute(select(LINKS.c.child, LINKS.c.parent).limit(_TOLD)).all()
    if not left:
        return
    column, sentence = says
    ids = {one for pair in left for one in pair}
    slugs = dict(connection.execute(select(record.c.id, record.c.slug).where(record.c.id.in_(ids))).all())
    onward: dict[int, list[int]] = {}
    for one, other in left:
        onward.setdefault(one, []).append(other)
    told: set[int] = set()
    for start in sorted(onward, key=lambda one: slugs[one]):
        circle = way_round(start, onward)
        if circle and not told.intersection(circle):
            told.update(circle)
            beside = poured.c.role if poured is staging.DESCENT else literal(column)
            at = select(poured.c.file, poured.c.line, beside.label("header")).where(
                poured.c.slug == slugs[start], poured.c[column].is_not(None)
            )
            place = connection.execute(at.order_by(poured.c.file, poured.c.line)).first()
            path = " → ".join(slugs[one] for one in [*circle, start])
            where_at = (files[place.file], place.line) if place else (files[-1], 0)
            named = files[place.file].column_of(column, place.header) if place else column
            problems.append(
                Problem(where_at[0], Mark(where_at[1], 0), named, "circle", f"{slugs[start]!r} {sentence}: {path}")
            )


def _may_turn(entering: Entering) -> bool:
    """Whether some parent is not known to be older than its young: every circle has such a link."""
    parent, child = animal.alias("parent"), animal.alias("child")
    older = func.coalesce(parent.c.born_latest < child.c.born_earliest, False)
    both = descent.join(parent, parent.c.id == descent.c.parent_id).join(child, child.c.id == descent.c.child_id)
    # Counted: asked for a first one, PostgreSQL reckons with many, and looks animals up one by one where there is none.
    found = select(func.count()).select_from(both).where(older.is_(False))
    return bool(entering.connection.execute(found).scalar())


def _peel(entering: Entering) -> None:
    """Take away the links that are in no circle: layer by layer from where none leads on, then from where none begins."""
    connection = entering.connection
    for column in (LINKS.c.child, LINKS.c.parent):
        name = f"ix_{LINKS.name}_{column.name}"
        connection.exec_driver_sql(f"CREATE INDEX IF NOT EXISTS {name} ON {LINKS.name} ({column.name})")
    for end, other in ((LINKS.c.parent, LINKS.c.child), (LINKS.c.child, LINKS.c.parent)):
        again = LINKS.alias("again")
        connection.execute(delete(LAYER))
        ends = select(end).where(~exists().where(again.c[other.name] == end)).distinct()
        connection.execute(insert(LAYER).from_select(["id"], ends))
        while connection.execute(select(LAYER.c.id).limit(1)).first() is not None:
            connection.execute(delete(NEXT))
            reached = select(other).where(end.in_(select(LAYER.c.id))).distinct()
            connection.execute(insert(NEXT).from_select(["id"], reached))
            connection.execute(delete(LINKS).where(end.in_(select(LAYER.c.id))))
            connection.execute(delete(LAYER))
            free = select(NEXT.c.id).where(~exists().where(again.c[other.name] == NEXT.c.id))
            connection.execute(insert(LAYER).from_select(["id"], free))
