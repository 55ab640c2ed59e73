"""What was decided by command, and so belongs to no data set: a file beside the data sets' folders."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from typing import Any

from sqlalchemy import ColumnElement, Connection, Table, and_, exists, func, or_, select

from zoo_provenance.exporting import yaml_writer
from zoo_provenance.exporting.rows import rows
from zoo_provenance.tables import batch, claim, dataset, decision, dismissal, judgement, record, waiver

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
            ("different", _different),
        )
    }
    found["merged"] = _merged(connection)
    found = {name: judged for name, judged in found.items() if judged}
    if found:
        path.write_text(_HEAD + "".join(yaml_writer.document(found)), encoding="utf-8", newline="\n")
    return {name: len(judged) for name, judged in found.items()}


def _compact(row: Any) -> dict[str, str]:
    return {name: str(value) for name, value in row._mapping.items() if value not in (None, "")}  # noqa: SLF001 - a row's public mapping


def _carried(table: Table) -> ColumnElement[bool]:
    """Return whether a decision or waiver holds for a survivor since a merge, which will bring it again."""
    theirs, merged = table.alias("theirs"), record.alias("merged")
    alike = [one.name for one in table.c if one.name not in {"record_id", "dataset_id", "batch_id"}]
    return and_(
        exists().where(batch.c.id == table.c.batch_id, batch.c.command == "merge"),
        exists().where(
            merged.c.merged_into_id == table.c.record_id,
            theirs.c.record_id == merged.c.id,
            *(theirs.c[name].is_not_distinct_from(table.c[name]) for name in alike),
        ),
    )


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
        .where(decision.c.dataset_id.is_(None), ~_carried(decision))
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
        .join(record, record.c.id == func.coalesce(claim.c.said_of_id, claim.c.record_id))
        .join(dataset, dataset.c.id == claim.c.dataset_id)
        .outerjoin(named, named.c.id == func.coalesce(claim.c.said_value_id, claim.c.value_record_id))
        .outerjoin(by, by.c.id == func.coalesce(claim.c.said_by_id, claim.c.source_id))
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
        .where(waiver.c.dataset_id.is_(None), ~_carried(waiver))
        .order_by(record.c.slug, waiver.c.part, waiver.c.rule)
    )


def _merged(connection: Connection) -> list[dict[str, str]]:
    """Return what was merged into what, in the order in which that can be done again.

    A pair is remembered without saying which of the two survived: of those that are one by now, the last survivor did,
    and whatever was merged with it before was merged into it, and so on.
    """
    slugs = dict(rows(connection, select(record.c.id, record.c.slug).where(_in_a_merge())))
    led = dict(
        rows(connection, select(record.c.id, record.c.merged_into_id).where(record.c.merged_into_id.is_not(None)))
    )
    made: dict[int, list[tuple[int, int, str]]] = defaultdict(list)
    for row in rows(connection, select(judgement).where(judgement.c.same)):
        made[row.record_id].append((row.other_id, row.batch_id, row.reason))
        made[row.other_id].append((row.record_id, row.batch_id, row.reason))
    found: list[tuple[int, int, str, str, str]] = []
    waiting = [(survivor, 0) for survivor in sorted({*led.values()} - led.keys())]
    reached = {survivor for survivor, _ in waiting}
    for survivor, depth in waiting:
        for other, batch_id, reason in made[survivor]:
            if other in led and other not in reached:
                reached.add(other)
                waiting.append((other, depth + 1))
                found.append((batch_id, -depth, slugs[other], slugs[survivor], reason))
    # One that was merged by way of another, in a file, has no judgement of its own.
    found += [(0, 0, slugs[one], slugs[into], "by way of another") for one, into in led.items() if one not in reached]
    return [{"record": old, "into": into, "because": reason} for _, _, old, into, reason in sorted(found)]


def _in_a_merge() -> ColumnElement[bool]:
    of = record.alias("of")
    return or_(record.c.merged_into_id.is_not(None), exists().where(of.c.merged_into_id == record.c.id))


def _different() -> Any:
    into = record.alias("other")
    # A pair has no order of its own: which was loaded first is no matter.
    pair = or_(
        and_(judgement.c.record_id == record.c.id, judgement.c.other_id == into.c.id),
        and_(judgement.c.record_id == into.c.id, judgement.c.other_id == record.c.id),
    )
    return (
        select(record.c.slug.label("record"), into.c.slug.label("into"), judgement.c.reason.label("because"))
        .select_from(judgement)
        .join(record, record.c.id.in_((judgement.c.record_id, judgement.c.other_id)))
        .join(into, pair)
        .where(~judgement.c.same, judgement.c.dataset_id.is_(None), record.c.slug < into.c.slug)
        .order_by(record.c.slug, into.c.slug)
    )
