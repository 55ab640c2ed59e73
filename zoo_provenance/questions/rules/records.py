"""Rules of records: references to what was merged, decisions that lost their claim."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Table, and_, exists, func, select, union

from zoo_provenance.direct import Statement
from zoo_provenance.questions.rules.asking import Asked, Queries, nobody, part_slug, whole
from zoo_provenance.tables import (
    KIND_TABLES,
    claim,
    decision,
    descent,
    dismissal,
    line_animal,
    participant,
    record,
    source_basis,
    transfer_line,
    transfer_link,
)
from zoo_provenance.vocabulary import DescentRole

_OWNED = (transfer_line, line_animal, participant, transfer_link, descent, source_basis, claim, decision)
_survivor, _other = record.alias("survivor"), record.alias("other")


def _references() -> Iterator[tuple[Any, Any]]:
    """Yield (column of the record that refers, column that names a record) of every table."""
    for table in (*KIND_TABLES.values(), *_OWNED):
        owner = _owner(table)
        for column in table.c:
            # What a claim was said of stays, whatever that was merged into.
            if (
                column is not owner
                and column.name.endswith("_id")
                and not column.name.startswith("said_")
                and _names_a_record(column)
            ):
                yield owner, column


def _owner(table: Table) -> Any:
    return (
        next(table.c[name] for name in ("id", "transfer_id", "child_id", "source_id", "record_id") if name in table.c)
        if table is not claim
        else claim.c.record_id
    )


def _names_a_record(column: Any) -> bool:
    kinds = {table.name for table in KIND_TABLES.values()} | {"record"}
    return any(key.column.table.name in kinds for key in column.foreign_keys)


def merged_references(_: Asked) -> Statement:
    """Return records that refer to one that was merged into another."""
    found = union(
        *(
            select(owner.label("owner_id"), column.label("other_id"))
            .join(_other, _other.c.id == column)
            .where(_other.c.merged_into_id.is_not(None))
            for owner, column in _references()
        )
    ).subquery("found")
    return (
        select(
            record.c.slug,
            _other.c.slug.label("other"),
            record.c.id.label("record_id"),
            whole().label("part"),
            _survivor.c.slug.label("survivor"),
        )
        .select_from(found)
        .join(record, record.c.id == found.c.owner_id)
        .join(_other, _other.c.id == found.c.other_id)
        .join(_survivor, _survivor.c.id == _other.c.merged_into_id)
        .where(record.c.merged_into_id.is_(None))
        .order_by(record.c.slug, _other.c.slug)
    )


def stale_decisions(_: Asked) -> Statement:
    """Return decisions for a value that no live claim has."""
    value = record.alias("value")
    claimed = exists().where(
        claim.c.record_id == decision.c.record_id,
        claim.c.part == decision.c.part,
        claim.c.field == decision.c.field,
        claim.c.value.is_not_distinct_from(decision.c.value),
        claim.c.value_record_id.is_not_distinct_from(decision.c.value_record_id),
        claim.c.stance == "supports",
        ~exists().where(dismissal.c.claim_id == claim.c.id),
    )
    return (
        select(
            part_slug(decision.c.part).label("slug"),
            nobody().label("other"),
            record.c.id.label("record_id"),
            decision.c.part,
            decision.c.field,
            func.coalesce(decision.c.value, value.c.slug).label("value"),
        )
        .select_from(decision)
        .join(record, record.c.id == decision.c.record_id)
        .outerjoin(value, value.c.id == decision.c.value_record_id)
        .where(
            ~and_(decision.c.value.is_(None), decision.c.value_record_id.is_(None)),
            # A choice between parents is kept in the descent, and one between records in the spine.
            decision.c.field.not_in(("same_as", *DescentRole)),
            record.c.merged_into_id.is_(None),
            ~claimed,
        )
        .order_by(record.c.slug, decision.c.part, decision.c.field)
    )


QUERIES: Queries = {"merged-reference": merged_references, "stale-decision": stale_decisions}
