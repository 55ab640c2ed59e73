"""Claims as rows: one statement for all evidence, shared by loading and by every question."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import ColumnElement, Connection, select

from zoo_provenance.direct import Statement
from zoo_provenance.evidence.comparing import ancestors, meaning_of
from zoo_provenance.evidence.concluding import Chosen, Claimed
from zoo_provenance.fields import Shape
from zoo_provenance.tables import claim, decision, dismissal, record, taxon


def claimed_from(where: ColumnElement[bool]) -> Statement:
    """Return the statement of all claims that match, with their record's kind and their dismissal.

    Field by field, and within one in an order that does not depend on what was loaded first.
    """
    named, by = record.alias("named"), record.alias("by")
    return (
        select(claim, record.c.kind, dismissal.c.reason.label("dismissed"))
        .join(record, record.c.id == claim.c.record_id)
        .outerjoin(dismissal, dismissal.c.claim_id == claim.c.id)
        .outerjoin(named, named.c.id == claim.c.value_record_id)
        .outerjoin(by, by.c.id == claim.c.source_id)
        .where(where)
        .order_by(
            claim.c.record_id,
            claim.c.part,
            claim.c.field,
            claim.c.low.nulls_first(),
            claim.c.value.nulls_first(),
            named.c.slug.nulls_first(),
            claim.c.language,
            claim.c.during.nulls_first(),
            by.c.slug.nulls_first(),
            claim.c.locator,
            claim.c.stance,
            claim.c.dataset_id,
        )
    )


def as_claimed(row: Any, shape: Shape, above: Mapping[int, frozenset[int]]) -> Claimed:
    """Return a row of `claimed_from` as concluding wants it; `above` gives each taxon's ancestors."""
    return Claimed(
        row.value,
        row.low,
        row.high,
        row.value_record_id,
        meaning_of(
            shape, row.value, row.low, row.high, row.value_record_id, above.get(row.value_record_id, frozenset())
        ),
        row.stance,
        row.dismissed is not None,
        None if row.during is None else (row.during_earliest, row.during_latest),
    )


def decisions_of(connection: Connection, where: ColumnElement[bool]) -> dict[tuple[int, str, str], Chosen]:
    """Return the decisions on the records whose claims match, by record, part and field."""
    ids = select(claim.c.record_id).where(where)
    rows = connection.execute(select(decision).where(decision.c.record_id.in_(ids)))
    return {(row.record_id, row.part, row.field): Chosen(row.value, row.value_record_id) for row in rows}


def taxa_above(connection: Connection) -> dict[int, frozenset[int]]:
    """Return each taxon's ancestors, for telling that one taxon refines another."""
    return ancestors({row.id: row.parent_id for row in connection.execute(select(taxon.c.id, taxon.c.parent_id))})
