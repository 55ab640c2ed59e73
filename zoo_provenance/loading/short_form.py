"""The short form of a transfer: animals named on it become lines, one for each taxon."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from sqlalchemy import and_, case, exists, select, update

from zoo_provenance.counts import format_range, sum_counts
from zoo_provenance.evidence.claims import as_claimed, taxa_above
from zoo_provenance.evidence.concluding import Chosen, Conclusion, conclude
from zoo_provenance.fields import FIELDS
from zoo_provenance.loading import merging, staging
from zoo_provenance.loading.problems import Mark
from zoo_provenance.loading.staging import CLAIM, DECISION, SHORT_FORM, Staging
from zoo_provenance.tables import animal, claim, decision, dismissal, line_animal, record
from zoo_provenance.vocabulary import Kind, Stance


def expand(stage: Staging) -> None:
    """Stage a line for each taxon of the animals named on a transfer, with the count they imply."""
    if not stage.is_filled(SHORT_FORM):
        return
    survivors = _as_named(stage)
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
    travellers = [_Traveller.of(row, claimed, survivors.get(row.animal_id, row.animal_id)) for row in rows]
    slugs = _slugs(stage, {one.taxon_id for one in travellers})
    keys = _keys(stage, travellers, slugs)
    travellers.sort(key=lambda one: (one.row.slug, keys.get(one, ""), one.row.row))
    for (slug, key), group in groupby(travellers, key=lambda one: (one.row.slug, keys.get(one))):
        animals = list(group)
        taxon_id = animals[0].taxon_id
        if taxon_id is None:
            for row in (one.row for one in animals if one.row.animal not in stage.broken and not one.row.named_taxon):
                message = f"{row.animal!r} has no taxon; give it one, or write the line out under 'lines'"
                stage.problem(row.row, row.file, row.line, "animal", "no-taxon", message)
            continue
        _line(stage, slug, key or slugs[taxon_id], slugs[taxon_id], animals)
    stage.flush()


def _as_named(stage: Staging) -> dict[int, int]:
    """Let animals stand as the files name them, whatever they were merged into; return the survivors of these."""
    merged = select(record.c.id).where(record.c.slug == SHORT_FORM.c.animal, record.c.merged_into_id.is_not(None))
    if not merging.is_any(stage.connection):
        return {}
    stage.connection.execute(update(SHORT_FORM).where(merged.exists()).values(animal_id=merged.scalar_subquery()))
    led = select(record.c.id, record.c.merged_into_id).join(SHORT_FORM, SHORT_FORM.c.animal_id == record.c.id)
    return dict(stage.connection.execute(led.where(record.c.merged_into_id.is_not(None))).all())


@dataclass(frozen=True)
class _Traveller:
    """An animal of a short form, the record it leads to, and the taxon and count its claims or columns conclude."""

    row: Any
    animal_id: int
    taxon_id: int | None
    least: int | None
    most: int | None

    @classmethod
    def of(cls, row: Any, claimed: Mapping[tuple[int, str], Conclusion], animal_id: int) -> _Traveller:
        taxon = claimed.get((row.animal_id, "taxon"))
        count = claimed.get((row.animal_id, "count"))
        taxon_id = taxon.record if taxon else row.taxon_id
        if count is None:
            counted = row.counted is not None
            return cls(row, animal_id, taxon_id, row.least if counted else 1, row.most if counted else 1)
        if count.value is None:
            return cls(row, animal_id, taxon_id, 1, 1)
        return cls(row, animal_id, taxon_id, int(count.low or 0), None if count.high is None else int(count.high))


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
    """Return what a data set itself said of the taxon and count of an animal that this load does not define.

    The animal's column may hold what others say of it, or of what was merged into it; a short form goes by its own
    data set's word.
    """
    staged = staging.KINDS[Kind.ANIMAL]
    said_of = merging.said_of() if merging.is_any(stage.connection) else claim.c.record_id
    rows = stage.connection.execute(
        select(
            claim,
            dismissal.c.reason.label("dismissed"),
            SHORT_FORM.c.animal_id.label("animal_id"),
            SHORT_FORM.c.dataset_id.label("asking"),
        )
        .join(SHORT_FORM, SHORT_FORM.c.animal_id == said_of)
        .outerjoin(dismissal, and_(dismissal.c.claim_id == claim.c.id, dismissal.c.dataset_id == claim.c.dataset_id))
        .where(
            claim.c.field.in_(("taxon", "count")),
            claim.c.part == "",
            claim.c.stance == Stance.SUPPORTS,
            ~exists().where(staged.c.record_id == SHORT_FORM.c.animal_id),
        )
        .order_by(SHORT_FORM.c.animal_id, claim.c.field, claim.c.id)
    ).all()
    ids = {row.animal_id for row in rows}
    settled = select(decision).where(
        decision.c.record_id.in_(ids), decision.c.part == "", decision.c.dataset_id.is_not(None)
    )
    decided = {
        (row.record_id, row.field): Chosen(row.value, row.value_record_id)
        for row in (stage.connection.execute(settled) if ids else ())
    }
    above = taxa_above(stage.connection) if ids else {}
    found = {}
    for (record_id, name), group in groupby(rows, key=lambda row: (row.animal_id, row.field)):
        shape = FIELDS["animal"][name].shape
        own = [as_claimed(row, shape, above) for row in group if row.dataset_id == row.asking]
        if own or name == "count":
            found[record_id, name] = conclude(shape, own, decided.get((record_id, name)))
    return found


def _slugs(stage: Staging, ids: set[int | None]) -> dict[int | None, str]:
    rows = stage.connection.execute(select(record.c.id, record.c.slug).where(record.c.id.in_(ids - {None})))
    return {row.id: row.slug for row in rows}


def _keys(stage: Staging, travellers: Sequence[_Traveller], slugs: Mapping[int | None, str]) -> dict[_Traveller, str]:
    """Return the key of each animal's line: its taxon's slug, or the one the line got before that was merged."""
    keys = {one: slugs[one.taxon_id] for one in travellers if one.taxon_id is not None}
    if not merging.is_any(stage.connection):
        return keys
    merged = select(record.c.slug, record.c.merged_into_id).where(record.c.merged_into_id.in_(slugs))
    former = {(into, slug) for slug, into in stage.connection.execute(merged)}
    ids = {one.row.record_id for one in travellers}
    stored = stage.connection.execute(select(line_animal).where(line_animal.c.transfer_id.in_(ids)))
    on = {(row.transfer_id, row.animal_id): row.line_key for row in stored}
    had: dict[tuple[int, int | None], str] = {}
    for one, slug in list(keys.items()):
        key = on.get((one.row.record_id, one.animal_id))
        if key is not None and (key == slug or (one.taxon_id, key) in former):
            keys[one] = had[one.row.record_id, one.taxon_id] = key
    # An animal that comes to it goes to the line that is there.
    new = [one for one in keys if (one.row.record_id, one.animal_id) not in on]
    return keys | {one: had.get((one.row.record_id, one.taxon_id), keys[one]) for one in new}


def _line(stage: Staging, slug: str, key: str, taxon: str, animals: Sequence[_Traveller]) -> None:
    first, taxon_id = animals[0].row, animals[0].taxon_id
    least, most = sum_counts((one.least, one.most) for one in animals)
    mark = stage.marks.get(first.row, {}).get("", Mark(first.line, 0))
    values = {"slug": slug, "record_id": first.record_id, "key": key, "taxon": taxon, "taxon_id": taxon_id}
    values |= {"term": "LIV", "claimed": ",", "count": format_range(least, most), "count_min": least, "count_max": most}
    stage.add(staging.LINE, values, first.file, first.dataset_id, {"": mark, "taxon": mark})
    for one in animals:
        row = one.row
        values = {
            "slug": slug,
            "record_id": row.record_id,
            "line_key": key,
            "animal": row.animal,
            "animal_id": one.animal_id,
        }
        marks = stage.marks.get(row.row, {})
        stage.add(staging.LINE_ANIMAL, values, row.file, row.dataset_id, marks)
