"""Circles among the links of seeds: records that would come before themselves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Table, func, literal, select

from zoo_provenance.loading import staging
from zoo_provenance.loading.staging import CLAIM, RECORD, SCOPE, Staging
from zoo_provenance.tables import animal, descent, institution, record, source_basis, taxon
from zoo_provenance.vocabulary import DescentRole, Kind


def tell_circles(stage: Staging) -> None:
    """Tell of animals that would descend from themselves, and the like of sources, taxa and institutions.

    Walks only from the records of this load, and not where a parent is known to be older than its young.
    """
    parent, child = animal.alias("parent"), animal.alias("child")
    older = (
        select(descent.c.child_id, descent.c.parent_id)
        .join(parent, parent.c.id == descent.c.parent_id)
        .join(child, child.c.id == descent.c.child_id)
        .where(func.coalesce(parent.c.born_latest < child.c.born_earliest, False).is_(False))
        .subquery()
    )
    basis = select(source_basis.c.source_id.label("child_id"), source_basis.c.based_on_id.label("parent_id")).subquery()
    _tell_circle(stage, staging.DESCENT, "parent", older, "would descend from itself")
    _tell_circle(stage, staging.BASIS, "based_on", basis, "would be based on itself")
    for kind, table, column in (
        (Kind.TAXON, taxon, "parent"),
        (Kind.INSTITUTION, institution, "parent"),
        (Kind.INSTITUTION, institution, "successor"),
    ):
        links = (
            select(table.c.id.label("child_id"), table.c[f"{column}_id"].label("parent_id"))
            .where(table.c[f"{column}_id"].is_not(None))
            .subquery()
        )
        _tell_circle(stage, staging.KINDS[kind], column, links, f"would come round to itself through {column!r}")


def _tell_circle(stage: Staging, staged: Table, column: str, links: Any, says: str) -> None:
    linked_by_claims = staged in staging.KINDS.values() and stage.is_filled(CLAIM)
    if not (stage.is_filled(staged) or linked_by_claims):
        return
    spoken = select(SCOPE.c.record_id).distinct().subquery()
    walk = (
        select(links.c.child_id.label("start"), links.c.parent_id.label("reached"))
        .join(spoken, spoken.c.record_id == links.c.child_id)
        .cte("walk", recursive=True)
    )
    walk = walk.union(select(walk.c.start, links.c.parent_id).join(links, links.c.child_id == walk.c.reached))
    rounds = select(walk.c.start).where(walk.c.start == walk.c.reached)
    young, old = record.alias("young"), record.alias("old")
    reached = select(walk.c.reached).where(walk.c.start.in_(rounds))
    rows = stage.connection.execute(
        select(links.c.child_id, links.c.parent_id, young.c.slug, old.c.slug.label("parent_slug"))
        .join(young, young.c.id == links.c.child_id)
        .join(old, old.c.id == links.c.parent_id)
        .where(links.c.child_id.in_(reached))
        .order_by(young.c.slug, old.c.slug)
    ).all()
    if not rows:
        return
    onward: dict[int, list[int]] = {}
    slugs: dict[int, str] = {}
    for child_id, parent_id, slug, parent_slug in rows:
        onward.setdefault(child_id, []).append(parent_id)
        slugs |= {child_id: slug, parent_id: parent_slug}
    places = _places(stage, staged, column, set(onward))
    told: set[int] = set()
    for start in sorted(places, key=lambda child: places[child]):
        circle = way_round(start, onward)
        if start in told or not circle:
            continue
        told.update(circle)
        path = " → ".join(slugs[one] for one in [*circle, start])
        at, file, line, beside = places[start]
        named = stage.files[file].column_of(column, beside)
        stage.problem(at, file, line, named, "circle", f"{slugs[start]!r} {says}: {path}")


def _places(stage: Staging, staged: Table, column: str, ids: set[int]) -> dict[int, tuple[int, int, int, str]]:
    """Return where each record names its parent: plainly, as a claim, or at least is defined.

    That is row, file, line, and the column of a table of animals.
    """
    named = staged.c[column].is_not(None)
    claims = CLAIM.c.value_record.is_not(None) & CLAIM.c.field.in_((column, *DescentRole))
    found: dict[int, tuple[int, int, int, str]] = {}
    for table, where in ((staged, named), (CLAIM, claims), (RECORD, RECORD.c.row.is_not(None))):
        beside = table.c.role if table is staging.DESCENT else literal(column)
        query = select(table.c.record_id, table.c.row, table.c.file, table.c.line, beside.label("beside"))
        for row in stage.connection.execute(query.where(where, table.c.record_id.in_(ids)).order_by(table.c.row)):
            found.setdefault(row.record_id, (row.row, row.file, row.line, row.beside))
    return found


def way_round(start: int, onward: Mapping[int, Sequence[int]]) -> list[int]:
    """Return the shortest way of links from a record back to itself, each record on it once; or nothing."""
    ways, seen = [[start]], {start}
    while ways:
        way = ways.pop(0)
        for other in onward.get(way[-1], ()):
            if other == start:
                return way
            if other not in seen:
                seen.add(other)
                ways.append([*way, other])
    return []
