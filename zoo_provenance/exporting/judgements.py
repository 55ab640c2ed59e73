"""What was decided by command, and so belongs to no data set: a file beside the data sets' folders."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sqlalchemy import Connection, and_, case, func, select

from zoo_provenance.exporting import yaml_writer
from zoo_provenance.exporting.rows import rows
from zoo_provenance.tables import claim, dataset, decision, dismissal, judgement, record, waiver

FILE = "judgements.yaml"
_HEAD = "# Decided by command: of no data set. Loaded with the folder that this file stands in.\n"


def write(connection: Connection, path: Path) -> dict[str, int]:
    """Write the judgements that no data set makes, if there are any; return how many of each sort."""
    found = {
        name: [_compact(row) for row in rows(connection, statement())]
        for name, statement in (
            ("settled", _decisions),
            ("dismissed", _dismissals),
            ("waived", _waivers),
            ("merged", _merged),
            ("different", _different),
        )
    }
    found = {name: judged for name, judged in found.items() if judged}
    if found:
        path.write_text(_HEAD + "".join(yaml_writer.document(found)), encoding="utf-8", newline="\n")
    return {name: len(judged) for name, judged in found.items()}


def _compact(row: Any) -> dict[str, str]:
    return {name: str(value) for name, value in row._mapping.items() if value not in (None, "")}  # noqa: SLF001 - a row's public mapping


def _decisions() -> Any:
    named = record.alias("named")
    return (
        select(
            record.c.slug.label("record"),
            decision.c.part,
            decision.c.field,
            decision.c.language,
            decision.c.value,
            named.c.slug.label("value_record"),
            decision.c.reason.label("because"),
        )
        .join(record, record.c.id == decision.c.record_id)
        .outerjoin(named, named.c.id == decision.c.value_record_id)
        .where(decision.c.dataset_id.is_(None))
        .order_by(record.c.slug, decision.c.part, decision.c.field, decision.c.language)
    )


def _dismissals() -> Any:
    named, by = record.alias("named"), record.alias("by")
    return (
        select(
            record.c.slug.label("record"),
            claim.c.part,
            claim.c.field,
            claim.c.value,
            named.c.slug.label("value_record"),
            claim.c.language,
            claim.c.during,
            by.c.slug.label("source"),
            func.nullif(claim.c.stance, "supports").label("stance"),
            claim.c.locator.label("at"),
            dataset.c.name.label("dataset"),
            dismissal.c.reason.label("because"),
        )
        .join(claim, claim.c.id == dismissal.c.claim_id)
        .join(record, record.c.id == claim.c.record_id)
        .join(dataset, dataset.c.id == claim.c.dataset_id)
        .outerjoin(named, named.c.id == claim.c.value_record_id)
        .outerjoin(by, by.c.id == claim.c.source_id)
        .where(dismissal.c.dataset_id.is_(None))
        .order_by(
            record.c.slug,
            claim.c.part,
            claim.c.field,
            claim.c.value.nulls_first(),
            named.c.slug.nulls_first(),
            claim.c.language,
            claim.c.during.nulls_first(),
            by.c.slug.nulls_first(),
            claim.c.stance,
            claim.c.locator,
            dataset.c.name,
        )
    )


def _waivers() -> Any:
    return (
        select(record.c.slug.label("record"), waiver.c.part, waiver.c.rule, waiver.c.reason.label("because"))
        .join(record, record.c.id == waiver.c.record_id)
        .where(waiver.c.dataset_id.is_(None))
        .order_by(record.c.slug, waiver.c.part, waiver.c.rule)
    )


def _merged() -> Any:
    into = record.alias("survivor")
    first = case((record.c.id < into.c.id, record.c.id), else_=into.c.id)
    both = and_(judgement.c.record_id == first, judgement.c.other_id == record.c.id + into.c.id - first)
    # One that was merged by way of another has no judgement of its own.
    reason = func.coalesce(judgement.c.reason, "by way of another")
    return (
        select(record.c.slug.label("record"), into.c.slug.label("into"), reason.label("because"))
        .join(into, into.c.id == record.c.merged_into_id)
        .outerjoin(judgement, both)
        .order_by(record.c.slug)
    )


def _different() -> Any:
    into = record.alias("other")
    return (
        select(record.c.slug.label("record"), into.c.slug.label("into"), judgement.c.reason.label("because"))
        .select_from(judgement)
        .join(record, record.c.id == judgement.c.record_id)
        .join(into, into.c.id == judgement.c.other_id)
        .where(~judgement.c.same, judgement.c.dataset_id.is_(None))
        .order_by(record.c.slug, into.c.slug)
    )
