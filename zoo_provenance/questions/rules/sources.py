"""Rules of sources: dates that cannot be, circles, what nobody cites, what may vanish."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, and_, exists, func, literal, not_, or_, select, union

from zoo_provenance.direct import Statement
from zoo_provenance.fields import FIELDS
from zoo_provenance.questions.rules.asking import Asked, Queries, nobody, part_slug, speaks, whole
from zoo_provenance.questions.rules.circles import links_on_circles
from zoo_provenance.tables import claim, record, source, source_basis, transfer
from zoo_provenance.vocabulary import Kind

_other = record.alias("other")
_basis, _of_basis = source.alias("basis"), record.alias("of_basis")
_DATED = {"born": "born", "died": "died", "founded": "founded"}
"""Dates of records other than transfers that only somebody who writes later can report, and how they read."""


def early_sources(asked: Asked) -> Statement:
    """Return sources published before what they report as done; a source that speaks of a plan is none."""
    plans = claim.alias("plans")
    planned = exists().where(
        plans.c.record_id == transfer.c.id,
        plans.c.source_id == source.c.id,
        plans.c.field == "status",
        plans.c.value != "completed",
    )
    names: list[ColumnElement[Any]] = [record.c.slug, _other.c.slug.label("other"), record.c.id.label("record_id")]
    transfers = (
        select(
            *names,
            whole().label("part"),
            record.c.id.label("transfer_id"),
            source.c.published,
            literal("dated").label("what"),
            transfer.c.date,
        )
        .select_from(transfer)
        .join(claim, claim.c.record_id == transfer.c.id)
        .join(source, source.c.id == claim.c.source_id)
        .join(record, record.c.id == transfer.c.id)
        .join(_other, _other.c.id == source.c.id)
        .where(
            source.c.published_latest < transfer.c.date_earliest,
            transfer.c.status == "completed",
            claim.c.part == "",
            claim.c.field.in_(("", "date", "status", "exists")),
            speaks(),
            ~planned,
            asked.of(),
        )
        .distinct()
    )
    if asked.transfers is not None:
        return transfers.order_by(record.c.slug, _other.c.slug)
    others = [
        select(
            *names,
            whole().label("part"),
            nobody().label("transfer_id"),
            source.c.published,
            literal(word).label("what"),
            claim.c.value.label("date"),
        )
        .select_from(claim)
        .join(source, source.c.id == claim.c.source_id)
        .join(record, record.c.id == claim.c.record_id)
        .join(_other, _other.c.id == source.c.id)
        .where(claim.c.field == name, speaks(), source.c.published_latest < claim.c.low)
        for name, word in _DATED.items()
    ]
    found = union(transfers, *others).subquery("found")
    return select(found).order_by(found.c.slug, found.c.other, found.c.what, found.c.date)


def later_bases(_: Asked) -> Statement:
    """Return sources said to be based on what was published later."""
    return (
        select(
            record.c.slug,
            _of_basis.c.slug.label("other"),
            record.c.id.label("record_id"),
            whole().label("part"),
            source.c.published,
            _basis.c.published.label("basis_published"),
        )
        .select_from(source_basis)
        .join(source, source.c.id == source_basis.c.source_id)
        .join(_basis, _basis.c.id == source_basis.c.based_on_id)
        .join(record, record.c.id == source.c.id)
        .join(_of_basis, _of_basis.c.id == _basis.c.id)
        .where(source.c.published_latest < _basis.c.published_earliest)
        .order_by(record.c.slug, _of_basis.c.slug)
    )


def own_bases() -> Statement:
    """Return the links among which sources are based on themselves in the end."""
    again = source_basis.alias("again")
    columns = (source_basis.c.source_id.label("child_id"), source_basis.c.based_on_id.label("parent_id"))
    links = select(*columns).subquery("links")
    starts = select(*columns).where(exists().where(again.c.based_on_id == source_basis.c.source_id)).subquery("starts")
    return links_on_circles(links, starts)


def _alone(*columns: Any) -> Statement:
    return select(
        record.c.slug,
        nobody().label("other"),
        record.c.id.label("record_id"),
        whole().label("part"),
        record.c.id.label("transfer_id"),
        *columns,
    )


def uncited(asked: Asked) -> Statement:
    """Return records that no source vouches for in anything, sources themselves aside."""
    vouched = exists().where(
        claim.c.record_id == record.c.id, claim.c.source_id.is_not(None), claim.c.stance == "supports"
    )
    return (
        _alone(record.c.kind)
        .where(record.c.kind != Kind.SOURCE.value, record.c.merged_into_id.is_(None), ~vouched, asked.of(record.c.id))
        .order_by(record.c.slug)
    )


def unused(_: Asked) -> Statement:
    """Return sources that nothing cites and nothing is based on."""
    return (
        _alone()
        .where(
            record.c.kind == Kind.SOURCE.value,
            record.c.merged_into_id.is_(None),
            ~exists().where(claim.c.source_id == record.c.id),
            ~exists().where(source_basis.c.based_on_id == record.c.id),
        )
        .order_by(record.c.slug)
    )


def unsourced(asked: Asked) -> Statement:
    """Return values that need a source and were let in without one."""
    value = record.alias("value")
    said = func.coalesce(claim.c.value, value.c.slug)
    return (
        select(
            part_slug(claim.c.part).label("slug"),
            nobody().label("other"),
            record.c.id.label("record_id"),
            claim.c.part,
            record.c.id.label("transfer_id"),
            claim.c.field,
            said.label("value"),
        )
        .select_from(claim)
        .join(record, record.c.id == claim.c.record_id)
        .outerjoin(value, value.c.id == claim.c.value_record_id)
        .where(claim.c.source_id.is_(None), not_(_identifies()), asked.of(claim.c.record_id))
        .order_by(record.c.slug, claim.c.part, claim.c.field, said)
    )


def _identifies() -> ColumnElement[bool]:
    """Return the condition that a claim only identifies its record, which needs no source."""
    everywhere = or_(
        claim.c.field.in_(("name", "name.former", "formerly")),
        claim.c.field.like("id.%"),
        record.c.kind == Kind.SOURCE.value,
    )
    own = [
        and_(record.c.kind == kind.value, claim.c.part == "", claim.c.field.in_(names))
        for kind in Kind
        if (names := [field.name for field in FIELDS[kind].values() if field.identifies])
    ]
    return or_(everywhere, *own)


def unarchived(_: Asked) -> Statement:
    """Return sources on the web without an archived copy."""
    return (
        _alone()
        .join(source, source.c.id == record.c.id)
        .where(source.c.url.is_not(None), source.c.archived_url.is_(None), record.c.merged_into_id.is_(None))
        .order_by(record.c.slug)
    )


QUERIES: Queries = {
    "early-source": early_sources,
    "later-basis": later_bases,
    "uncited": uncited,
    "unused-source": unused,
    "unsourced": unsourced,
    "unarchived": unarchived,
}
