"""Descent to the founders, with shares."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from functools import cache
from operator import attrgetter
from typing import Any, NamedTuple

from sqlalchemy import Connection, bindparam, func, select

from zoo_provenance import direct
from zoo_provenance.direct import Statement
from zoo_provenance.questions.answers import Ref, ref
from zoo_provenance.tables import animal, descent, line_animal, record, transfer

_PART = {"dam": 0.5, "sire": 0.5, "parent": 0.5}
"""How much of a child comes of one parent; of whatever else it was made of, all."""


class Ancestor(NamedTuple):
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
    """Select the animal and every ancestor once: the recursion is on the id alone, so it ends on a circle and never doubles."""
    start = select(animal.c.id).where(animal.c.id == bindparam("animal"))
    reached = start.cte("reached", recursive=True)
    return select(reached.union(select(descent.c.parent_id).join(reached, descent.c.child_id == reached.c.id)).c.id)


@cache
def _links() -> Statement:
    return (
        select(descent.c.child_id, descent.c.parent_id, descent.c.role, descent.c.probability)
        .add_columns(animal.c.count_min, animal.c.count_max)
        .join(animal, animal.c.id == descent.c.parent_id)
        .where(descent.c.child_id.in_(_reached()))
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


_Link = tuple[int, str, float]
"""One parent of a child: its id, its role, and its part in the child."""
_Parents = Mapping[int, list[_Link]]


def ancestors(connection: Connection, animal_id: int) -> list[Ancestor]:
    """Return all ancestors of an animal, nearest generation first, and what is unknown last."""
    given = {"animal": animal_id}
    parents = _parents(direct.tuples(connection, _links(), given))
    if not parents:
        return []
    shares, unknown = _shares(animal_id, parents)
    nearest = _generations(animal_id, parents)
    places: dict[str | None, Ref | None] = {}
    found = []
    for id_, slug, label, origin, place, place_label in direct.tuples(connection, _animals(), given):
        if id_ not in nearest:
            continue
        if place not in places:
            places[place] = ref(place, place_label)
        generation, role = nearest[id_]
        share = shares.get(id_)
        found.append(
            Ancestor(
                slug,
                label,
                role,
                generation,
                round(share, 12) if share else None,
                origin,
                places[place],
                id_ not in parents,
            )
        )
    found.sort(key=attrgetter("generation", "role", "slug"))
    if unknown > 1e-9:
        found.append(Ancestor(None, "unknown", None, None, round(unknown, 12), None, None, founder=True))
    return found


def _parents(links: Iterable[Any]) -> _Parents:
    """Return the parents of each child with their parts in it: half for a parent, by head for groups that were pooled."""
    parents: dict[int, list[_Link]] = {}
    pooled: dict[int, dict[int, tuple[float, int | None]]] = {}
    for child, parent, role, probability, least, most in links:
        weight = (probability or 0.0) * _PART.get(role, 1.0)
        if child in parents:
            parents[child].append((parent, role, weight))
        else:
            parents[child] = [(parent, role, weight)]
        if role == "merged_from":
            pooled.setdefault(child, {})[parent] = (weight, least if least == most else None)
    for child, groups in pooled.items():
        heads = [head for _, head in groups.values()]
        total = 0 if None in heads else sum(head or 0 for head in heads)
        for at, (parent, role, _) in enumerate(parents[child]):
            if role == "merged_from":
                weight, head = groups[parent]
                parents[child][at] = (parent, role, weight * (head or 0) / total if total else 0.0)
    return parents


def _shares(start: int, parents: _Parents) -> tuple[dict[int, float], float]:
    """Add up shares in order of descent: every child before its parents. Returns them and what is unknown."""
    waiting = Counter([parent for links in parents.values() for parent, _, _ in links])
    shares, unknown, ready = {**dict.fromkeys(waiting, 0.0), start: 1.0}, 0.0, [start]
    while ready:
        child = ready.pop()
        if child not in parents:
            continue
        share, known = shares[child], 0.0
        for parent, _, weight in parents[child]:
            known += weight
            shares[parent] += share * weight
            waiting[parent] = left = waiting[parent] - 1
            if not left:
                ready.append(parent)
        if known < 1.0:
            unknown += share * (1.0 - known)
    return shares, unknown


def _generations(start: int, parents: _Parents) -> dict[int, tuple[int, str]]:
    """Return for each ancestor the fewest steps to it, and the role of the last of them."""
    found: dict[int, tuple[int, str]] = {}
    level, depth = [start], 0
    while level:
        depth += 1
        following = []
        for child in level:
            for parent, role, _ in parents.get(child, ()):
                if parent not in found and parent != start:
                    found[parent] = (depth, role)
                    following.append(parent)
        level = following
    return found
