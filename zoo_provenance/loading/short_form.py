"""The short form of a transfer: animals named on it become lines, one for each taxon."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from sqlalchemy import case, exists, select

from zoo_provenance.counts import format_range, sum_counts
from zoo_provenance.evidence.claims import as_claimed, taxa_above
from zoo_provenance.evidence.comparing import meaning_of
from zoo_provenance.evidence.concluding import Chosen, Claimed, Conclusion, conclude
from zoo_provenance.loading import staging
from zoo_provenance.loading.problems import Mark
from zoo_provenance.loading.staging import CLAIM, DECISION, SHORT_FORM, Staging
from zoo_provenance.tables import animal, claim, record
from zoo_provenance.vocabulary import FIELDS, Kind, Shape, Stance


def expand(stage: Staging) -> None:
    """Stage a line for each taxon of the animals named on a transfer, with the count they imply."""
    if not stage.is_filled(SHORT_FORM):
        return
    staged = staging.KINDS[Kind.ANIMAL]
    rows = stage.connection.execute(
        select(
            SHORT_FORM,
            staged.c.taxon.label("named_taxon"),
            *(
                # The files' word where this load defines the animal, else the database's.
                case((staged.c.row.is_not(None), staged.c[name]), else_=animal.c[name]).label(label)
                for name, label in (
                    ("taxon_id", "taxon_id"),
                    ("count_min", "least"),
                    ("count_max", "most"),
                    ("count", "counted"),
                )
            ),
        )
        .outerjoin(staged, staged.c.record_id == SHORT_FORM.c.animal_id)
        .outerjoin(animal, animal.c.id == SHORT_FORM.c.animal_id)
        .where(SHORT_FORM.c.animal_id.is_not(None))
        .order_by(SHORT_FORM.c.row)
    ).all()
    if not rows:
        return
    claimed = {**_stored(stage), **_claimed(stage)}
    travellers = [_Traveller.of(row, claimed) for row in rows]
    slugs = _slugs(stage, {one.taxon_id for one in travellers})
    travellers.sort(key=lambda one: (one.row.slug, slugs.get(one.taxon_id, ""), one.row.row))
    for (slug, taxon_id), group in groupby(travellers, key=lambda one: (one.row.slug, one.taxon_id)):
        animals = list(group)
        if taxon_id is None:
            for row in (one.row for one in animals if one.row.animal not in stage.broken and not one.row.named_taxon):
                message = f"{row.animal!r} has no taxon; give it one, or write the line out under 'lines'"
                stage.problem(row.row, row.file, row.line, "animal", "no-taxon", message)
            continue
        _line(stage, slug, slugs[taxon_id], taxon_id, animals)
    stage.flush()


@dataclass(frozen=True)
class _Traveller:
    """An animal of a short form, with the taxon and count its claims or its columns conclude."""

    row: Any
    taxon_id: int | None
    least: int | None
    most: int | None

    @classmethod
    def of(cls, row: Any, claimed: Mapping[tuple[int, str], Conclusion]) -> _Traveller:
        taxon = claimed.get((row.animal_id, "taxon"))
        count = claimed.get((row.animal_id, "count"))
        taxon_id = taxon.record if taxon else row.taxon_id
        if count is None:
            counted = row.counted is not None
            return cls(row, taxon_id, row.least if counted else 1, row.most if counted else 1)
        if count.value is None:
            return cls(row, taxon_id, 1, 1)
        return cls(row, taxon_id, int(count.low or 0), None if count.high is None else int(count.high))


def _claimed(stage: Staging) -> dict[tuple[int, str], Conclusion]:
    """Return what the staged claims conclude of the taxon and count of the animals named."""
    rows = stage.connection.execute(
        select(CLAIM)
        .where(
            CLAIM.c.field.in_(("taxon", "count")),
            CLAIM.c.part == "",
            CLAIM.c.stance == Stance.SUPPORTS,
            # This data set's own word, as in its columns: whatever was loaded before, the line is the same.
            exists().where(SHORT_FORM.c.animal_id == CLAIM.c.record_id, SHORT_FORM.c.dataset_id == CLAIM.c.dataset_id),
        )
        .order_by(CLAIM.c.record_id, CLAIM.c.field, CLAIM.c.row)
    )
    decided = {
        (row.record_id, row.field): Chosen(row.value, row.value_record_id)
        for row in stage.connection.execute(select(DECISION).where(DECISION.c.part == ""))
    }
    above = taxa_above(stage.connection)
    return {
        (record_id, name): conclude(
            FIELDS["animal"][name].shape,
            [as_claimed(row, FIELDS["animal"][name].shape, above) for row in group],
            decided.get((record_id, name)),
        )
        for (record_id, name), group in groupby(rows, key=lambda row: (row.record_id, row.field))
    }


def _stored(stage: Staging) -> dict[tuple[int, str], Conclusion]:
    """Return what a data set itself said of the count of an animal that this load does not define.

    The animal's column may hold what others say of it; a short form counts by its own data set's word.
    """
    staged = staging.KINDS[Kind.ANIMAL]
    rows = stage.connection.execute(
        select(claim, SHORT_FORM.c.dataset_id.label("asking"))
        .join(SHORT_FORM, SHORT_FORM.c.animal_id == claim.c.record_id)
        .where(
            claim.c.field == "count",
            claim.c.part == "",
            claim.c.stance == Stance.SUPPORTS,
            ~exists().where(staged.c.record_id == claim.c.record_id),
        )
        .order_by(claim.c.record_id, claim.c.id)
    ).all()
    return {
        (record_id, "count"): conclude(Shape.COUNT, [_said(row) for row in group if row.dataset_id == row.asking], None)
        for record_id, group in groupby(rows, key=lambda row: row.record_id)
    }


def _said(row: Any) -> Claimed:
    meaning = meaning_of(Shape.COUNT, row.value, row.low, row.high)
    return Claimed(row.value, row.low, row.high, None, meaning)


def _slugs(stage: Staging, ids: set[int | None]) -> dict[int | None, str]:
    rows = stage.connection.execute(select(record.c.id, record.c.slug).where(record.c.id.in_(ids - {None})))
    return {row.id: row.slug for row in rows}


def _line(stage: Staging, slug: str, key: str, taxon_id: int, animals: list[_Traveller]) -> None:
    first = animals[0].row
    least, most = sum_counts((one.least, one.most) for one in animals)
    mark = stage.marks.get(first.row, {}).get("", Mark(first.line, 0))
    values = {"slug": slug, "record_id": first.record_id, "key": key, "taxon": key, "taxon_id": taxon_id, "term": "LIV"}
    values |= {"claimed": ",", "count": format_range(least, most), "count_min": least, "count_max": most}
    stage.add(staging.LINE, values, first.file, first.dataset_id, {"": mark, "taxon": mark})
    for row in (one.row for one in animals):
        values = {
            "slug": slug,
            "record_id": row.record_id,
            "line_key": key,
            "animal": row.animal,
            "animal_id": row.animal_id,
        }
        marks = stage.marks.get(row.row, {})
        stage.add(staging.LINE_ANIMAL, values, row.file, row.dataset_id, marks)
