"""Columns concluded anew from the claims that a load bears on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import groupby
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    and_,
    delete,
    func,
    insert,
    or_,
    select,
    update,
)

from zoo_provenance.counts import parse_count
from zoo_provenance.evidence.claims import as_claimed, claimed_from, decisions_of, taxa_above
from zoo_provenance.evidence.concluding import Chosen, Conclusion, conclude
from zoo_provenance.fields import FIELDS, PARTS, Field, Shape, columns_of, field_named, owner_of
from zoo_provenance.loading.staging import CONCLUSION, RECORD, SCOPE, TOUCHED, Staging
from zoo_provenance.tables import KIND_TABLES, OWNER_TABLES, claim, record, record_id_of
from zoo_provenance.vocabulary import Kind, Stance, passed_by

_ROUNDS = 10
"""How often what is above a taxon is concluded at most: each time what refines what may be seen anew."""


def conclude_columns(stage: Staging, before: set[tuple[int, str, str]]) -> None:
    """Conclude every column that claims of this load bear on; `before` are the fields that had values claimed."""
    connection = stage.connection
    spoken = claim.c.record_id.in_(_spoken_of())
    decisions = decisions_of(connection, spoken)
    above = _conclude_parents_of_taxa(connection, spoken, decisions)
    rows = connection.execute(claimed_from(and_(spoken, claim.c.field != ""))).all()
    found: dict[tuple[int, str, str], Conclusion] = {}
    kinds: dict[int, str] = {}
    for key, group in groupby(rows, key=lambda row: (row.record_id, row.part, row.field)):
        claims = list(group)
        kinds[key[0]] = claims[0].kind
        field = field_named(owner_of(claims[0].kind, key[1]), key[2])
        # Where sources were only searched, or only deny, nobody gives a value to conclude.
        if field is not None and any(row.stance == Stance.SUPPORTS for row in claims):
            claimed = [as_claimed(row, field.shape, above) for row in claims]
            found[key] = conclude(field.shape, claimed, decisions.get(key))
    found |= _passed(found, kinds)
    concluded = [
        _as_row(record_id, kinds[record_id], part, field, owner, conclusion)
        for (record_id, part, name), conclusion in found.items()
        if (field := field_named(owner := owner_of(kinds[record_id], part), name)) and columns_of(owner, field)
    ]
    left = before - found.keys()
    # What a transfer passes goes with the kind it followed from.
    left |= {(record_id, "", what) for record_id, _, name in left if name == "kind" for what in ("custody", "title")}
    concluded.extend(_emptied(connection, left - found.keys()))
    if concluded:
        connection.execute(CONCLUSION.insert(), concluded)
        _write_conclusions(connection)


def _conclude_parents_of_taxa(
    connection: Connection, spoken: ColumnElement[bool], decisions: Mapping[tuple[int, str, str], Chosen]
) -> dict[int, frozenset[int]]:
    """Conclude which taxon is above which, and return it: on that hangs which taxon refines another elsewhere."""
    above = taxa_above(connection)
    of_taxa = and_(spoken, claim.c.field == "parent", record.c.kind == Kind.TAXON)
    rows = connection.execute(claimed_from(of_taxa)).all()
    field = FIELDS[Kind.TAXON]["parent"]
    for _ in range(_ROUNDS if rows else 0):
        concluded = []
        for record_id, group in groupby(rows, key=lambda row: row.record_id):
            claimed = [as_claimed(row, field.shape, above) for row in group]
            if any(one.stance == Stance.SUPPORTS for one in claimed):
                found = conclude(field.shape, claimed, decisions.get((record_id, "", "parent")))
                concluded.append(_as_row(record_id, Kind.TAXON, "", field, Kind.TAXON, found))
        if not concluded:
            break
        connection.execute(CONCLUSION.insert(), concluded)
        _write_conclusions(connection)
        connection.execute(delete(CONCLUSION))
        before, above = above, taxa_above(connection)
        if above == before:
            break
    return above


def _passed(
    found: Mapping[tuple[int, str, str], Conclusion], kinds: Mapping[int, str]
) -> dict[tuple[int, str, str], Conclusion]:
    """Return what transfers pass where nobody says so: what every kind that still stands passes by default."""
    passed = {}
    for (record_id, part, name), conclusion in found.items():
        if (kinds[record_id], part, name) != (Kind.TRANSFER, "", "kind"):
            continue
        words = [conclusion.value] if conclusion.value else [meaning.words for meaning in conclusion.standing]
        for what, flag in zip(("custody", "title"), passed_by(words), strict=True):
            if (record_id, "", what) not in found:
                text = None if flag is None else "yes" if flag else "no"
                passed[record_id, "", what] = Conclusion(text)
    return passed


def fields_spoken_of(connection: Connection) -> set[tuple[int, str, str]]:
    """Return (record, part, field) of the values claimed, so far, of the records this load speaks of."""
    query = (
        select(claim.c.record_id, claim.c.part, claim.c.field)
        .where(claim.c.record_id.in_(_spoken_of()), claim.c.field != "", claim.c.stance == Stance.SUPPORTS)
        .distinct()
    )
    return {(row.record_id, row.part, row.field) for row in connection.execute(query)}


def _spoken_of() -> Select[int]:
    """Return the records this load speaks of, survivors in place of those merged into them."""
    survivor = func.coalesce(record.c.merged_into_id, record.c.id)
    return select(survivor).join(SCOPE, SCOPE.c.record_id == record.c.id)


def _emptied(connection: Connection, left: set[tuple[int, str, str]]) -> Iterator[dict[str, Any]]:
    """Yield empty conclusions of fields whose last claim is gone, unless the record is defined in this load."""
    if not left:
        return
    ids = {record_id for record_id, _, _ in left}
    defined = set(connection.execute(select(RECORD.c.record_id).where(RECORD.c.defines)).scalars())
    kinds = dict(connection.execute(select(record.c.id, record.c.kind).where(record.c.id.in_(ids))).all())
    for record_id, part, name in sorted(left):
        owner = owner_of(kinds[record_id], part)
        field = field_named(owner, name)
        if record_id not in defined and field is not None and columns_of(owner, field):
            yield _as_row(record_id, kinds[record_id], part, field, owner, Conclusion())


def _as_row(record_id: int, kind: str, part: str, field: Field, owner: str, found: Conclusion) -> dict[str, Any]:
    counts = field.shape is Shape.COUNT and found.value is not None
    sexes = parse_count(found.value or "").sexes if counts and owner == "line" else None
    males, females, unsexed = sexes or (None, None, None)
    return {
        "record_id": record_id,
        "kind": owner if owner in PARTS else kind,
        "part": part,
        "key": part.partition("/")[2],
        "field": field.name,
        "value": found.value,
        "low": found.low,
        "high": found.high,
        "number_low": int(found.low) if counts and found.low else None,
        "number_high": int(found.high) if counts and found.high else None,
        "males": males,
        "females": females,
        "unsexed": unsexed,
        "value_record_id": found.record,
        "flag": None if found.value is None else found.value == "yes",
    }


def _write_conclusions(connection: Connection) -> None:
    present = connection.execute(select(CONCLUSION.c.kind, CONCLUSION.c.field).distinct()).all()
    for owner, name in present:
        field = FIELDS[owner][name]
        table = OWNER_TABLES[owner]
        match = record_id_of(owner) == CONCLUSION.c.record_id
        match = and_(match, CONCLUSION.c.field == name, CONCLUSION.c.kind == owner)
        if owner in PARTS:
            match = and_(match, table.c.key == CONCLUSION.c.key)
        new = dict(zip(columns_of(owner, field), _concluded_columns(owner, field), strict=True))
        differs = or_(*(table.c[column].is_distinct_from(value) for column, value in new.items()))
        touched = select(CONCLUSION.c.record_id).select_from(CONCLUSION.join(table, match)).where(differs)
        connection.execute(insert(TOUCHED).from_select(["record_id"], touched))
        connection.execute(update(table).where(match, differs).values(new))


def _concluded_columns(owner: str, field: Field) -> list[ColumnElement[Any]]:
    if field.name == "who":
        return [
            select(of.c.id).where(of.c.id == CONCLUSION.c.value_record_id).scalar_subquery()
            for of in (KIND_TABLES[Kind.PERSON], KIND_TABLES[Kind.INSTITUTION])
        ]
    if field.shape is Shape.DATE:
        return [CONCLUSION.c.value, CONCLUSION.c.low, CONCLUSION.c.high]
    if field.shape is Shape.COUNT:
        sexes = [CONCLUSION.c.males, CONCLUSION.c.females, CONCLUSION.c.unsexed] if owner == "line" else []
        return [CONCLUSION.c.value, CONCLUSION.c.number_low, CONCLUSION.c.number_high, *sexes]
    if field.shape is Shape.RECORD:
        return [CONCLUSION.c.value_record_id]
    if field.shape is Shape.FLAG:
        return [CONCLUSION.c.flag]
    if field.name == "term":
        return [func.coalesce(CONCLUSION.c.value, "LIV")]
    return [CONCLUSION.c.value]
