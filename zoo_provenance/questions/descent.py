"""Descent to the founders, with shares."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import Connection, bindparam, func, select

from zoo_provenance.evidence.claims import Statement
from zoo_provenance.questions.answers import Ref, ref
from zoo_provenance.tables import animal, descent, line_animal, record, transfer

_HALF = {"dam", "sire", "parent"}


@dataclass(frozen=True)
class Ancestor:
    """An animal or group that another descends from; without a slug, the share nobody knows.

    `generation` is the fewest steps to it, `share` the part of its descent that comes from it (0 to 1; None where
    rivals leave it open),
    `origin` whether it came from the wild, `came_from` the first place it is known at.
    """

    slug: str | None
    label: str
    role: str | None
    generation: int | None
    share: float | None
    origin: str | None
    came_from: Ref | None
    founder: bool


@cache
def _reached() -> Statement:
    """Every ancestor once: the recursion is on the id alone, so it ends on a circle and never doubles."""
    start = select(descent.c.parent_id.label("id")).where(descent.c.child_id == bindparam("animal"))
    reached = start.cte("reached", recursive=True)
    return select(reached.union(select(descent.c.parent_id).join(reached, descent.c.child_id == reached.c.id)).c.id)


@cache
def _links() -> Statement:
    return (
        select(descent, animal.c.count_min, animal.c.count_max)
        .join(animal, animal.c.id == descent.c.parent_id)
        .where((descent.c.child_id == bindparam("animal")) | descent.c.child_id.in_(_reached()))
        .order_by(descent.c.child_id, descent.c.role, descent.c.parent_id)
    )


@cache
def _animals() -> Statement:
    place = record.alias("place")
    first = (
        select(transfer.c.origin_id)
        .join(line_animal, line_animal.c.transfer_id == transfer.c.id)
        .where(line_animal.c.animal_id == animal.c.id, transfer.c.origin_id.is_not(None))
        .order_by(transfer.c.date_earliest.nulls_last(), transfer.c.id)
        .limit(1)
        .scalar_subquery()
    )
    # The place is chosen apart from the join to it: Spark takes no such choice in the condition of a join.
    found = (
        select(
            record.c.id,
            record.c.slug,
            record.c.label,
            animal.c.origin,
            func.coalesce(animal.c.born_at_id, first).label("place_id"),
        )
        .join(animal, animal.c.id == record.c.id)
        .where(record.c.id.in_(_reached()))
        .subquery("found")
    )
    return select(
        *(found.c[name] for name in ("id", "slug", "label", "origin")),
        place.c.slug.label("place"),
        place.c.label.label("place_label"),
    ).outerjoin(place, place.c.id == found.c.place_id)


def ancestors(connection: Connection, animal_id: int) -> list[Ancestor]:
    """Return all ancestors of an animal, nearest generation first, and what is unknown last."""
    given = {"animal": animal_id}
    links = connection.execute(_links(), given).all()
    if not links:
        return []
    animals = {row.id: row for row in connection.execute(_animals(), given)}
    parents: dict[int, list[Any]] = {}
    for link in links:
        parents.setdefault(link.child_id, []).append(link)
    shares, unknown = _shares(animal_id, parents)
    nearest = _generations(animal_id, parents)
    found = [
        Ancestor(
            row.slug,
            row.label,
            nearest[row.id][1],
            nearest[row.id][0],
            round(shares[row.id], 12) if shares.get(row.id) else None,
            row.origin,
            ref(row.place, row.place_label),
            row.id not in parents,
        )
        for row in animals.values()
        if row.id in nearest and row.id != animal_id
    ]
    found.sort(key=lambda one: (one.generation or 0, one.role or "", one.slug or ""))
    if unknown > 1e-9:
        found.append(Ancestor(None, "unknown", None, None, round(unknown, 12), None, None, founder=True))
    return found


def _shares(start: int, parents: Mapping[int, list[Any]]) -> tuple[dict[int, float], float]:
    """Add up shares in order of descent: every child before its parents. Returns them and what is unknown."""
    shares, unknown = {start: 1.0}, 0.0
    for child in _children_first(start, parents):
        known = 0.0
        for link, weight in _weighted(parents[child]):
            known += weight
            shares[link.parent_id] = shares.get(link.parent_id, 0.0) + shares.get(child, 0.0) * weight
        unknown += shares.get(child, 0.0) * max(0.0, 1.0 - known)
    return shares, unknown


def _weighted(links: list[Any]) -> list[tuple[Any, float]]:
    """Return each parent's part in its young: half for a parent, by head for groups that were pooled."""
    pooled = [link for link in links if link.role == "merged_from"]
    heads = [link.count_min if link.count_min == link.count_max else None for link in pooled]
    total = None if None in heads else sum(head for head in heads if head is not None)
    weighted = []
    for link in links:
        probability = link.probability or 0.0
        if link.role == "merged_from":
            share = probability * link.count_min / total if total else 0.0
        else:
            share = probability * (0.5 if link.role in _HALF else 1.0)
        weighted.append((link, share))
    return weighted


def _children_first(start: int, parents: Mapping[int, list[Any]]) -> list[int]:
    waiting: dict[int, int] = {}
    for links in parents.values():
        for link in links:
            waiting[link.parent_id] = waiting.get(link.parent_id, 0) + 1
    ready, order = [start], []
    while ready:
        child = ready.pop()
        if child not in parents:
            continue
        order.append(child)
        for link in parents[child]:
            waiting[link.parent_id] -= 1
            if waiting[link.parent_id] == 0:
                ready.append(link.parent_id)
    return order


def _generations(start: int, parents: Mapping[int, list[Any]]) -> dict[int, tuple[int, str]]:
    """Return for each ancestor the fewest steps to it, and the role of the last of them."""
    found: dict[int, tuple[int, str]] = {}
    level, depth = [start], 0
    while level:
        depth += 1
        following = []
        for child in level:
            for link in parents.get(child, ()):
                if link.parent_id not in found and link.parent_id != start:
                    found[link.parent_id] = (depth, link.role)
                    following.append(link.parent_id)
        level = following
    return found
