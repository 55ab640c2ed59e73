"""The short form of a transfer: animals named on it become lines, one for each taxon."""

from __future__ import annotations

from itertools import groupby
from typing import Any

from sqlalchemy import func, select

from zoo_provenance.counts import format_range, sum_counts
from zoo_provenance.loading import staging
from zoo_provenance.loading.problems import Mark
from zoo_provenance.loading.staging import SHORT_FORM, Staging
from zoo_provenance.tables import animal, record
from zoo_provenance.vocabulary import Kind


def expand(stage: Staging) -> None:
    """Stage a line for each taxon of the animals named on a transfer, with the count they imply."""
    staged = staging.KINDS[Kind.ANIMAL]
    taxon = record.alias("taxon")
    rows = stage.connection.execute(
        select(
            SHORT_FORM,
            func.coalesce(staged.c.taxon, taxon.c.slug).label("taxon"),
            func.coalesce(staged.c.count_min, animal.c.count_min).label("least"),
            func.coalesce(staged.c.count_max, animal.c.count_max).label("most"),
            func.coalesce(staged.c.count, animal.c.count).label("counted"),
        )
        .outerjoin(staged, staged.c.record_id == SHORT_FORM.c.animal_id)
        .outerjoin(animal, animal.c.id == SHORT_FORM.c.animal_id)
        .outerjoin(taxon, taxon.c.id == animal.c.taxon_id)
        .where(SHORT_FORM.c.animal_id.is_not(None))
        .order_by(SHORT_FORM.c.slug, "taxon", SHORT_FORM.c.row)
    ).all()
    for (slug, key), group in groupby(rows, key=lambda row: (row.slug, row.taxon)):
        animals = list(group)
        if key is None:
            for row in animals:
                message = f"{row.animal!r} has no taxon; give it one, or write the line out under 'lines'"
                stage.problem(row.row, row.file, row.line, "animal", "no-taxon", message)
            continue
        _line(stage, slug, key, animals)
    stage.flush()


def _line(stage: Staging, slug: str, key: str, animals: list[Any]) -> None:
    first = animals[0]
    least, most = sum_counts((row.least, row.most) if row.counted else (1, 1) for row in animals)
    mark = stage.marks.get(first.row, {}).get("", Mark(first.line, 0))
    values = {"slug": slug, "record_id": first.record_id, "key": key, "taxon": key, "term": "LIV", "claimed": ","}
    values |= {"count": format_range(least, most), "count_min": least, "count_max": most}
    stage.add(staging.LINE, values, first.file, first.dataset_id, {"": mark, "taxon": mark})
    for row in animals:
        values = {
            "slug": slug,
            "record_id": row.record_id,
            "line_key": key,
            "animal": row.animal,
            "animal_id": row.animal_id,
        }
        marks = stage.marks.get(row.row, {})
        stage.add(staging.LINE_ANIMAL, values, row.file, row.dataset_id, marks)
