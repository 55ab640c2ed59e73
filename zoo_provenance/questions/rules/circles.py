"""Circles: records that lead back to themselves, each circle told of once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from sqlalchemy import select

from zoo_provenance.direct import Statement
from zoo_provenance.tables import record


class Circle(NamedTuple):
    """A circle, by its first member and the next one on the way back to it."""

    record_id: int
    slug: str
    other: str


def links_on_circles(links: Any, starts: Any) -> Statement:
    """Return the links (child_id, parent_id) that can be reached from a record which leads back to itself.

    `starts` are the links to walk from, at least one of every circle.
    """
    walk = select(starts.c.child_id.label("start"), starts.c.parent_id.label("reached")).cte("walk", recursive=True)
    walk = walk.union(select(walk.c.start, links.c.parent_id).join(links, links.c.child_id == walk.c.reached))
    again = walk.alias("again")
    rounds = select(walk.c.start).where(walk.c.start == walk.c.reached)
    reached = select(again.c.reached).where(again.c.start.in_(rounds))
    child, parent = record.alias("child"), record.alias("parent")
    return (
        select(links.c.child_id, child.c.slug, links.c.parent_id, parent.c.slug.label("parent"))
        .select_from(links)
        .join(child, child.c.id == links.c.child_id)
        .join(parent, parent.c.id == links.c.parent_id)
        .where(links.c.child_id.in_(reached), links.c.parent_id.in_(reached))
        .order_by(child.c.slug, parent.c.slug)
    )


def circles(rows: Iterable[Any]) -> Iterator[Circle]:
    """Yield each circle among links once: those that reach one another are one."""
    onward: dict[int, list[int]] = {}
    slugs: dict[int, str] = {}
    for child_id, slug, parent_id, parent in rows:
        onward.setdefault(child_id, []).append(parent_id)
        slugs |= {child_id: slug, parent_id: parent}
    reach = {start: _reached(start, onward) for start in onward}
    told: set[int] = set()
    for start in sorted(onward, key=lambda one: slugs[one]):
        if start in told or start not in reach[start]:
            continue
        members = {one for one in reach[start] if start in reach.get(one, ())}
        told |= members
        other = min((one for one in onward[start] if one in members), key=lambda one: slugs[one])
        yield Circle(start, slugs[start], slugs[other])


def _reached(start: int, onward: dict[int, list[int]]) -> set[int]:
    reached: set[int] = set()
    waiting = list(onward.get(start, ()))
    while waiting:
        one = waiting.pop()
        if one not in reached:
            reached.add(one)
            waiting.extend(onward.get(one, ()))
    return reached
