"""Looking up: one record in full, all records of a kind, and who is at a zoo now."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, RowMapping, select

from zoo_provenance.evidence.support import Report, Support
from zoo_provenance.fields import FIELDS, Shape, columns_of
from zoo_provenance.questions.answers import Ref, When, how_many, ref, when
from zoo_provenance.questions.life import DEATH, Step
from zoo_provenance.questions.naming import Thing
from zoo_provenance.questions.travels import lives
from zoo_provenance.tables import (
    KIND_TABLES,
    animal,
    claim,
    dataset,
    descent,
    institution,
    line_animal,
    participant,
    record,
    source_basis,
    taxon,
    transfer,
    transfer_line,
    transfer_link,
)
from zoo_provenance.vocabulary import Kind

LISTED = {
    "taxa": Kind.TAXON,
    "institutions": Kind.INSTITUTION,
    "people": Kind.PERSON,
    "sources": Kind.SOURCE,
    "animals": Kind.ANIMAL,
    "transfers": Kind.TRANSFER,
}
"""What can be listed, by the plural."""


@dataclass(frozen=True)
class Name:
    """A name or identifier of a record, with its language, scheme or time."""

    value: str
    field: str
    language: str
    during: str | None
    sources: tuple[str, ...]
    origins: int


@dataclass(frozen=True)
class Shown:
    """A record in full: its fields (texts, When, HowMany, Ref or bool), names, and what refers to it."""

    slug: str
    label: str
    kind: str
    dataset: str
    merged_into: Ref | None
    fields: Mapping[str, Any]
    disputed: tuple[str, ...]
    names: tuple[Name, ...]
    statements: Mapping[str, tuple[str, ...]]
    related: Mapping[str, tuple[Ref, ...]]
    notes: str | None


@dataclass(frozen=True)
class Listed:
    """A record as a row of a list: slug, label, and the columns of its kind."""

    slug: str
    label: str
    columns: Mapping[str, Any]


def show(connection: Connection, thing: Thing) -> Shown:
    """Return a record in full."""
    table = KIND_TABLES[thing.kind]
    row = connection.execute(select(table).where(table.c.id == thing.id)).mappings().one()
    spine = connection.execute(
        select(record.c.notes, record.c.merged_into_id, dataset.c.name)
        .join(dataset, dataset.c.id == record.c.dataset_id)
        .where(record.c.id == thing.id)
    ).one()
    support = Support.of(connection, select(record.c.id).where(record.c.id == thing.id))
    refs = _refs(connection, {row[name] for name in row if name.endswith("_id")} | {spine.merged_into_id})
    names: list[Name] = []
    statements: dict[str, tuple[str, ...]] = {}
    for (_, part, field), rows in support.claims.items():
        if part:
            continue
        if field.startswith(("name", "id.")) or field in {"office", "formerly"}:
            names.extend(_names(field, rows, support))
        elif field.startswith(("statement.", "date.")):
            said = (claimed.value for claimed in rows if claimed.stance == "supports" and claimed.value)
            statements[field] = tuple(dict.fromkeys(said))
    fields = {name: value for name, value in _fields(thing.kind.value, row, refs) if value is not None}
    return Shown(
        thing.slug,
        thing.label,
        thing.kind.value,
        spine.name,
        refs.get(spine.merged_into_id),
        fields,
        support.disputed(thing.id, thing.kind.value, "", FIELDS[thing.kind.value]),
        tuple(names),
        dict(sorted(statements.items())),
        _related(connection, thing),
        spine.notes,
    )


def _names(field: str, rows: list[Any], support: Support) -> list[Name]:
    found: dict[tuple[Any, ...], dict[Report, str]] = {}
    for row in rows:
        if row.stance == "supports" and row.dismissed is None:
            said = found.setdefault((row.value, row.language, row.during), {})
            said.update({Report(row.source_id, row.own): support.slugs[row.source_id]} if row.source_id else {})
    return [
        Name(value, field, language, during, tuple(said.values()), support.origins(said))
        for (value, language, during), said in found.items()
    ]


def _refs(connection: Connection, ids: set[Any]) -> dict[Any, Ref]:
    wanted = {one for one in ids if one is not None}
    rows = connection.execute(select(record.c.id, record.c.slug, record.c.label).where(record.c.id.in_(wanted)))
    return {row.id: Ref(row.slug, row.label) for row in rows}


def _fields(owner: str, row: RowMapping, refs: Mapping[Any, Ref]) -> list[tuple[str, Any]]:
    found: list[tuple[str, Any]] = []
    for name, field in FIELDS[owner].items():
        columns = columns_of(owner, field)
        if not columns:
            continue
        values = [row[column] for column in columns]
        if field.shape is Shape.DATE:
            found.append((name, when(*values)))
        elif field.shape is Shape.COUNT:
            found.append((name, how_many(*values[:3])))
        elif field.shape is Shape.RECORD:
            found.append((name, refs.get(values[0])))
        else:
            found.append((name, values[0]))
    return found


def _related(connection: Connection, thing: Thing) -> dict[str, tuple[Ref, ...]]:
    """Return what else is known of a record: parents and young, transfers, members, what it is based on."""
    other = thing.id
    queries: dict[Kind, dict[str, Any]] = {
        Kind.ANIMAL: {
            **{
                role: select(descent.c.parent_id).where(descent.c.child_id == other, descent.c.role == role)
                for role in ("dam", "sire", "parent", "split_from", "merged_from")
            },
            "young": select(descent.c.child_id).where(descent.c.parent_id == other),
            "transfers": select(line_animal.c.transfer_id).where(line_animal.c.animal_id == other),
        },
        Kind.INSTITUTION: {
            "sent": select(transfer.c.id).where(transfer.c.origin_id == other),
            "received": select(transfer.c.id).where(transfer.c.destination_id == other),
            "took_part": select(participant.c.transfer_id).where(participant.c.institution_id == other),
            "members": select(institution.c.id).where(institution.c.parent_id == other),
        },
        Kind.PERSON: {"took_part": select(participant.c.transfer_id).where(participant.c.person_id == other)},
        Kind.TAXON: {
            "below": select(taxon.c.id).where(taxon.c.parent_id == other),
            "animals": select(animal.c.id).where(animal.c.taxon_id == other),
            "transfers": select(transfer_line.c.transfer_id).where(transfer_line.c.taxon_id == other),
        },
        Kind.SOURCE: {
            "based_on": select(source_basis.c.based_on_id).where(source_basis.c.source_id == other),
            "basis_of": select(source_basis.c.source_id).where(source_basis.c.based_on_id == other),
            "cited_for": select(claim.c.record_id).where(claim.c.source_id == other),
        },
        Kind.TRANSFER: {
            **{
                link: select(transfer_link.c.to_id).where(
                    transfer_link.c.transfer_id == other, transfer_link.c.kind == link
                )
                for link in ("ends", "answers", "exchanged_for")
            },
            "linked_from": select(transfer_link.c.transfer_id).where(transfer_link.c.to_id == other),
        },
    }
    found = {}
    for name, ids in queries[thing.kind].items():
        rows = connection.execute(
            select(record.c.slug, record.c.label)
            .where(record.c.id.in_(ids), record.c.merged_into_id.is_(None))
            .order_by(record.c.slug)
        )
        refs = tuple(Ref(row.slug, row.label) for row in rows)
        if refs:
            found[name] = refs
    merged = select(record.c.slug, record.c.label).where(record.c.merged_into_id == other).order_by(record.c.slug)
    refs = tuple(Ref(row.slug, row.label) for row in connection.execute(merged))
    return found | {"merged": refs} if refs else found


def list_kind(connection: Connection, kind: Kind) -> list[Listed]:
    """Return all records of a kind, by slug."""
    other, above = record.alias("other"), record.alias("above")
    table = KIND_TABLES[kind]
    base = select(record.c.slug, record.c.label, table).join(table, table.c.id == record.c.id)
    base = base.where(record.c.merged_into_id.is_(None)).order_by(record.c.slug)
    if kind is Kind.ANIMAL:
        base = base.add_columns(other.c.slug.label("ref"), other.c.label.label("ref_label")).outerjoin(
            other, other.c.id == animal.c.taxon_id
        )
    elif kind is Kind.TRANSFER:
        base = (
            base.add_columns(
                other.c.slug.label("ref"),
                other.c.label.label("ref_label"),
                above.c.slug.label("to"),
                above.c.label.label("to_label"),
            )
            .outerjoin(other, other.c.id == transfer.c.origin_id)
            .outerjoin(above, above.c.id == transfer.c.destination_id)
        )
    elif kind is Kind.TAXON:
        base = base.add_columns(other.c.slug.label("ref"), other.c.label.label("ref_label")).outerjoin(
            other, other.c.id == taxon.c.parent_id
        )
    return [Listed(row.slug, row.label, _columns(kind, row)) for row in connection.execute(base)]


def _columns(kind: Kind, row: Any) -> dict[str, Any]:
    if kind is Kind.TAXON:
        return {
            "scientific_name": row.scientific_name,
            "rank": row.rank,
            "parent": ref(row.ref, row.ref_label),
            "cites_appendix": row.cites_appendix,
            "iucn": row.iucn,
        }
    if kind is Kind.INSTITUTION:
        return {
            "kind": row.kind,
            "country": row.country,
            "city": row.city,
            "founded": when(row.founded, row.founded_earliest, row.founded_latest),
        }
    if kind is Kind.SOURCE:
        return {
            "kind": row.kind,
            "publisher": row.publisher,
            "published": when(row.published, row.published_earliest, row.published_latest),
            "language": row.language,
            "reliability": row.reliability,
        }
    if kind is Kind.ANIMAL:
        return {
            "taxon": ref(row.ref, row.ref_label),
            "sex": row.sex,
            "count": how_many(row.count, row.count_min, row.count_max),
            "born": when(row.born, row.born_earliest, row.born_latest),
            "died": when(row.died, row.died_earliest, row.died_latest),
        }
    if kind is Kind.TRANSFER:
        return {
            "date": when(row.date, row.date_earliest, row.date_latest),
            "kind": row.kind,
            "status": row.status,
            "from": ref(row.ref, row.ref_label),
            "to": ref(row.to, row.to_label),
        }
    return {}


def animals_at(connection: Connection, zoo: Thing) -> list[Listed]:
    """Return the animals that are at a place now, as far as known: held there last, and not known to be dead.

    One statement of all events of the animals that were ever there, ordered by animal, and one linear pass.
    """
    ever = (
        select(line_animal.c.animal_id.label("id"))
        .join(transfer, transfer.c.id == line_animal.c.transfer_id)
        .where(transfer.c.destination_id == zoo.id)
        .union(select(animal.c.id).where(animal.c.born_at_id == zoo.id))
        .subquery()
    )
    found = lives(connection, select(ever.c.id))
    return [
        Listed(life.row.slug, life.row.label, {**_columns(Kind.ANIMAL, _WithRef(life.row)), "since": since})
        for life in found
        if (since := _present(life.steps, zoo)) is not False
    ]


@dataclass(frozen=True)
class _WithRef:
    """A row of an animal whose taxon goes by the name a list knows it by."""

    row: Any

    def __getattr__(self, name: str) -> Any:
        return getattr(self.row, {"ref": "taxon", "ref_label": "taxon_label"}.get(name, name))


def _present(steps: Sequence[Step], zoo: Thing) -> When | bool | None:
    """Return since when an animal is there (None: not known), or False where it is not, or is dead."""
    there = [step for step in steps if step.event.happened]
    if not there or any(step.event.kind == DEATH for step in there):
        return False
    if there[-1].holder is None or there[-1].holder.slug != zoo.slug:
        return False
    arrived = there[-1]
    for step in reversed(there):
        if step.holder is None or step.holder.slug != zoo.slug:
            break
        arrived = step
    return arrived.event.date
