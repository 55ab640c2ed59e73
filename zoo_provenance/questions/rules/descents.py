"""Rules of descent: parents that are too young, of the wrong sex or species, or their own young."""

from __future__ import annotations

from typing import Any

from sqlalchemy import and_, exists, func, or_, select

from zoo_provenance.direct import Statement
from zoo_provenance.questions.rules.asking import Asked, Queries, whole
from zoo_provenance.questions.rules.circles import links_on_circles
from zoo_provenance.tables import animal, descent, record, taxon

_PARENTS = ("dam", "sire", "parent")
_parent, _old = animal.alias("parent"), record.alias("old")


def _families(*columns: Any) -> Statement:
    """Return the statement of young and parents, by name."""
    return (
        select(
            record.c.slug,
            _old.c.slug.label("other"),
            record.c.id.label("record_id"),
            whole().label("part"),
            descent.c.role,
            *columns,
        )
        .select_from(descent)
        .join(animal, animal.c.id == descent.c.child_id)
        .join(_parent, _parent.c.id == descent.c.parent_id)
        .join(record, record.c.id == animal.c.id)
        .join(_old, _old.c.id == _parent.c.id)
        .where(descent.c.role.in_(_PARENTS), record.c.merged_into_id.is_(None))
        .order_by(record.c.slug, _old.c.slug)
    )


def young_parents(_: Asked) -> Statement:
    """Return parents that were certainly not born before their young."""
    return _families(animal.c.born, _parent.c.born.label("parent_born")).where(
        _parent.c.born_earliest >= animal.c.born_latest
    )


def dead_dams(_: Asked) -> Statement:
    """Return dams that had certainly died before the birth."""
    return _families(animal.c.born, _parent.c.died).where(
        descent.c.role == "dam", _parent.c.died_latest < animal.c.born_earliest
    )


def parents_of_wrong_sex(_: Asked) -> Statement:
    """Return male dams and female sires."""
    return _families(_parent.c.sex).where(
        or_(
            and_(descent.c.role == "dam", _parent.c.sex == "male"),
            and_(descent.c.role == "sire", _parent.c.sex == "female"),
        )
    )


def parents_of_other_species(_: Asked) -> Statement:
    """Return parents whose taxon neither includes that of the young, nor is included, nor shares its species."""
    young, old = record.alias("young_taxon"), record.alias("old_taxon")
    differ = (
        select(animal.c.taxon_id.label("young"), _parent.c.taxon_id.label("old"))
        .select_from(descent)
        .join(animal, animal.c.id == descent.c.child_id)
        .join(_parent, _parent.c.id == descent.c.parent_id)
        .where(descent.c.role.in_(_PARENTS), animal.c.taxon_id != _parent.c.taxon_id)
        .distinct()
        .cte("differ")
    )
    both = or_(taxon.c.id.in_(select(differ.c.young)), taxon.c.id.in_(select(differ.c.old)))
    up = select(taxon.c.id.label("start"), taxon.c.id.label("reached")).where(both).cte("up", recursive=True)
    up = up.union(
        select(up.c.start, taxon.c.parent_id)
        .join(taxon, taxon.c.id == up.c.reached)
        .where(taxon.c.parent_id.is_not(None))
    )
    one, two = up.alias("one"), up.alias("two")
    species = exists().where(taxon.c.id == one.c.reached, taxon.c.rank == "species")
    related = (
        select(differ.c.young, differ.c.old)
        .join(one, one.c.start == differ.c.young)
        .join(two, and_(two.c.start == differ.c.old, two.c.reached == one.c.reached))
        .where(or_(one.c.reached.in_((differ.c.young, differ.c.old)), species))
        .cte("related")
    )
    are_related = exists().where(related.c.young == animal.c.taxon_id, related.c.old == _parent.c.taxon_id)
    return (
        _families(young.c.slug.label("taxon"), old.c.slug.label("parent_taxon"))
        .join(young, young.c.id == animal.c.taxon_id)
        .join(old, old.c.id == _parent.c.taxon_id)
        .where(animal.c.taxon_id != _parent.c.taxon_id, ~are_related)
    )


def own_ancestors() -> Statement:
    """Return the links among which animals descend from themselves; a parent known to be older begins none."""
    links = select(descent.c.child_id, descent.c.parent_id).subquery("links")
    again = descent.alias("again")
    starts = (
        select(descent.c.child_id, descent.c.parent_id)
        .join(animal, animal.c.id == descent.c.child_id)
        .join(_parent, _parent.c.id == descent.c.parent_id)
        .where(
            func.coalesce(_parent.c.born_latest < animal.c.born_earliest, False).is_(False),
            exists().where(again.c.parent_id == descent.c.child_id),
        )
        .subquery("starts")
    )
    return links_on_circles(links, starts)


QUERIES: Queries = {
    "young-parent": young_parents,
    "dead-dam": dead_dams,
    "parent-sex": parents_of_wrong_sex,
    "parent-species": parents_of_other_species,
}
