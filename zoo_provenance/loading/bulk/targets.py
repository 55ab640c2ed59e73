"""Where poured rows go: the table of each, what fills its columns, and what its references may lead to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, FromClause, Table, and_, case, false, func, literal, or_

from zoo_provenance.fields import FIELDS, Shape
from zoo_provenance.loading.bulk import staging
from zoo_provenance.loading.bulk.staging import Pouring
from zoo_provenance.tables import (
    KIND_TABLES,
    claim,
    descent,
    line_animal,
    participant,
    record,
    source_basis,
    transfer_line,
    transfer_link,
)
from zoo_provenance.vocabulary import Kind


@dataclass(frozen=True)
class Reference:
    """A poured column that names a record: the header it came from, and what the record may be."""

    column: str
    header: str
    kinds: tuple[Kind, ...]


@dataclass(frozen=True)
class Target:
    """Where a poured table's rows go: the table, its columns by what fills them, and the references among these.

    `ids` are columns filled by a reference's record, `plain` those filled as poured.
    """

    poured: Table
    table: Table
    kind: Kind
    owner: str
    ids: Mapping[str, str]
    plain: Mapping[str, str]
    references: tuple[Reference, ...]

    @property
    def keys(self) -> tuple[str, ...]:
        """The columns that tell the rows of one record apart."""
        return tuple(column.name for column in self.table.primary_key.columns if column.name != self.owner)

    @property
    def to_its_kind(self) -> tuple[Reference, ...]:
        """The references that may lead to the record itself, which no row may."""
        return tuple(one for one in self.references if one.kinds == (self.kind,) and self.poured is not staging.CLAIM)

    @property
    def row_header(self) -> str:
        """The header of the column that names the record a row is of."""
        if self.poured in {staging.LINE, staging.PARTICIPANT, staging.LINE_ANIMAL}:
            return "transfer"
        return "child" if self.poured is staging.DESCENT else "record" if self.poured is staging.CLAIM else "slug"


def _of_kind(kind: Kind) -> Target:
    references = tuple(
        Reference((field.column or "").removesuffix("_id"), name, field.kinds)
        for name, field in FIELDS[kind].items()
        if field.shape is Shape.RECORD and field.column
    )
    ids = {f"{one.column}_id": one.column for one in references}
    columns = [column.name for column in KIND_TABLES[kind].c if column.name not in {"id", "record_kind", *ids}]
    plain = {name: name for name in columns}
    return Target(staging.KINDS[kind], KIND_TABLES[kind], kind, "id", ids, plain, references)


OF_KIND: Mapping[Kind, Target] = {kind: _of_kind(kind) for kind in Kind}
_ANIMAL, _TAXON = (Kind.ANIMAL,), (Kind.TAXON,)
OF_LINES = Target(
    staging.LINE,
    transfer_line,
    Kind.TRANSFER,
    "transfer_id",
    {"taxon_id": "taxon"},
    {column.name: column.name for column in transfer_line.c if column.name not in {"transfer_id", "taxon_id"}},
    (Reference("taxon", "taxon", _TAXON),),
)
OF_PARTICIPANTS = Target(
    staging.PARTICIPANT,
    participant,
    Kind.TRANSFER,
    "transfer_id",
    {"on_behalf_of_id": "on_behalf_of"},
    {"key": "key", "role": "role", "capacity": "capacity"},
    (
        Reference("on_behalf_of", "on_behalf_of", (Kind.INSTITUTION,)),
        Reference("who", "who", (Kind.PERSON, Kind.INSTITUTION)),
    ),
)
OF_LINE_ANIMALS = Target(
    staging.LINE_ANIMAL,
    line_animal,
    Kind.TRANSFER,
    "transfer_id",
    {"animal_id": "animal"},
    {"line_key": "line_key"},
    (Reference("animal", "animals", _ANIMAL),),
)
OF_BASIS = Target(
    staging.BASIS,
    source_basis,
    Kind.SOURCE,
    "source_id",
    {"based_on_id": "based_on"},
    {},
    (Reference("based_on", "based_on", (Kind.SOURCE,)),),
)
OF_DESCENT = Target(
    staging.DESCENT,
    descent,
    Kind.ANIMAL,
    "child_id",
    {"parent_id": "parent"},
    {"role": "role", "probability": "probability"},
    (Reference("parent", "parent", _ANIMAL),),
)
OF_LINKS = Target(
    staging.LINK,
    transfer_link,
    Kind.TRANSFER,
    "transfer_id",
    {"to_id": "to"},
    {"kind": "kind"},
    (Reference("to", "to", (Kind.TRANSFER,)),),
)
OF_CLAIMS = Target(
    staging.CLAIM,
    claim,
    Kind.TRANSFER,
    "record_id",
    {"source_id": "source"},
    {name: name for name in ("part", "field", "value", "language", "search_key")},
    (Reference("source", "sources", (Kind.SOURCE,)),),
)
PARTS = (OF_LINES, OF_LINE_ANIMALS, OF_PARTICIPANTS, OF_BASIS, OF_DESCENT, OF_LINKS, OF_CLAIMS)


Spans = Mapping[Kind, tuple[int, int]]
"""The first and the last id of each kind's records, in a spine that has no others: the index of slugs then tells the kind."""


def is_of(rows: FromClause, kinds: Sequence[Kind], spans: Spans | None = None) -> ColumnElement[bool]:
    """Return whether a record is of one of some kinds."""
    if not spans:
        return rows.c.kind.in_([kind.value for kind in kinds])
    return or_(false(), *(rows.c.id.between(*spans[kind]) for kind in kinds if kind in spans))


@dataclass(frozen=True)
class Joined:
    """A poured table joined to the records its rows are of and name; `own` is the id of that which a row is of."""

    rows: FromClause
    source: FromClause
    mine: FromClause
    own: ColumnElement[Any]
    named: Mapping[str, FromClause]
    spans: Spans

    @classmethod
    def of(
        cls, target: Target, rows: FromClause, own_id: ColumnElement[int] | None = None, spans: Spans | None = None
    ) -> Joined:
        """Join a target's poured rows to the spine, whether or not it has what they name.

        `own_id`: the id that the record of each row was entered with; it is not looked up then.
        """
        mine = record.alias("mine")
        own: ColumnElement[Any] = mine.c.id if own_id is None else own_id
        source = rows.outerjoin(mine, mine.c.slug == rows.c.slug) if own_id is None else rows
        named: dict[str, FromClause] = {}
        for reference in target.references:
            other = record.alias(f"named_{reference.column}")
            kinds = is_of(other, reference.kinds, spans)
            source = source.outerjoin(other, and_(other.c.slug == rows.c[reference.column], kinds))
            named[reference.column] = other
        return cls(rows, source, mine, own, named, spans or {})

    def id_of(self, column: str) -> ColumnElement[Any]:
        """Return the id a reference leads to: a merged record's survivor."""
        other = self.named[column]
        return other.c.id if self.spans else func.coalesce(other.c.merged_into_id, other.c.id)

    def unresolved(self, column: str) -> ColumnElement[bool]:
        """Return whether a reference leads nowhere."""
        return and_(self.rows.c[column].is_not(None), self.named[column].c.id.is_(None))


def values_of(target: Target, joined: Joined) -> dict[str, ColumnElement[Any]]:
    """Return what fills each column of the target's table, but for the record's own id."""
    rows = joined.rows
    values: dict[str, ColumnElement[Any]] = {name: joined.id_of(column) for name, column in target.ids.items()}
    values |= {name: rows.c[column] for name, column in target.plain.items()}
    if target is OF_PARTICIPANTS:
        who = joined.named["who"]
        for name, kind in (("person_id", Kind.PERSON), ("institution_id", Kind.INSTITUTION)):
            values[name] = case((who.c.kind == kind, joined.id_of("who")))
    if target is OF_CLAIMS:
        part = rows.c.part
        values["line_key"] = case((part.startswith("lines/"), func.substr(part, len("lines/") + 1)))
        values["participant_key"] = case(
            (part.startswith("participants/"), func.substr(part, len("participants/") + 1))
        )
        values |= {"stance": literal("supports"), "own": false(), "locator": literal("")}
    return values


def targets(pouring: Pouring) -> Iterator[Target]:
    """Yield the targets that rows were poured for."""
    return (target for target in (*OF_KIND.values(), *PARTS) if pouring.counts[target.poured])
