"""Records that are new, entered with all that is said of them: one joined statement for each table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from itertools import chain
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    FromClause,
    Select,
    Table,
    and_,
    case,
    exists,
    false,
    func,
    literal,
    or_,
    select,
    true,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import IntegrityError

from zoo_provenance.fields import FIELDS, Shape
from zoo_provenance.history.batches import last_given
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


@dataclass(frozen=True)
class Joined:
    """A poured table joined to the records its rows are of and name."""

    rows: FromClause
    source: FromClause
    mine: FromClause
    named: Mapping[str, FromClause]

    @classmethod
    def of(cls, target: Target, rows: FromClause, own_id: ColumnElement[int] | None = None) -> Joined:
        """Join a target's poured rows to the spine, whether or not it has what they name; `own_id` where it is known."""
        mine = record.alias("mine")
        own = mine.c.slug == rows.c.slug
        source: FromClause = rows.outerjoin(mine, own if own_id is None else and_(mine.c.id == own_id, own))
        named: dict[str, FromClause] = {}
        for reference in target.references:
            other = record.alias(f"named_{reference.column}")
            kinds = other.c.kind.in_([kind.value for kind in reference.kinds])
            source = source.outerjoin(other, and_(other.c.slug == rows.c[reference.column], kinds))
            named[reference.column] = other
        return cls(rows, source, mine, named)

    def id_of(self, column: str) -> ColumnElement[Any]:
        """Return the id a reference leads to: a merged record's survivor."""
        other = self.named[column]
        return func.coalesce(other.c.merged_into_id, other.c.id)

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


@dataclass
class Entering:
    """Enters what is new into the database; what falls short of what was poured is told by the checks."""

    pouring: Pouring
    dataset_id: int
    first_new: int = 0

    def __post_init__(self) -> None:
        self.connection: Connection = self.pouring.connection
        self.first_new = last_given(self.connection, record)
        self.created: dict[Kind, int] = {}

    def records(self) -> None:
        """Enter the spine of all records that are new; a row's number gives its id, so that no row looks for its own."""
        self._follow_former_slugs()
        columns = ["id", "kind", "slug", "label", "search_key", "notes", "dataset_id"]
        for kind, table in staging.KINDS.items():
            if self.pouring.counts[table]:
                poured = [table.c[name] for name in columns[2:-1]]
                fresh = select(self._id_of(table), literal(kind.value), *poured, literal(self.dataset_id))
                # The condition, which is none, tells the SELECT's end from the conflict's beginning.
                fresh = fresh.where(true())
                self.created[kind] = self._insert(record, columns, fresh)
        if self.connection.dialect.name == "postgresql":
            last = select(func.coalesce(func.max(record.c.id), 1)).scalar_subquery()
            self.connection.execute(
                select(func.setval(func.pg_get_serial_sequence("record", "id"), last).label("last"))
            )

    def _follow_former_slugs(self) -> None:
        """Let what names a record by a slug it had before name it by the one it has."""
        former = select(claim.c.value).where(claim.c.field == "formerly")
        if self.connection.execute(former.limit(1)).first() is None:
            return
        now = record.alias("now")
        for target in targets(self.pouring):
            owner = ["slug"] if target in PARTS else []
            for column in (target.poured.c[name] for name in (*owner, *(one.column for one in target.references))):
                found = select(func.min(now.c.slug)).join(claim, claim.c.record_id == now.c.id)
                slug = found.where(claim.c.field == "formerly", claim.c.value == column).scalar_subquery()
                lost = and_(column.in_(former), ~exists().where(record.c.slug == column))
                self.connection.execute(update(target.poured).where(lost).values({column.name: slug}))

    def merged(self) -> Iterator[tuple[str, str]]:
        """Yield the slugs that rows are of or name and that were merged, each with its survivor's."""
        old, survivor = record.alias("old"), record.alias("survivor")
        if self.connection.execute(select(old.c.id).where(old.c.merged_into_id.is_not(None)).limit(1)).first() is None:
            return
        led = select(old.c.slug, survivor.c.slug).join(survivor, survivor.c.id == old.c.merged_into_id)
        for target in targets(self.pouring):
            for column in ("slug", *(one.column for one in target.references)):
                named = led.join(target.poured, target.poured.c[column] == old.c.slug).distinct()
                yield from ((row[0], row[1]) for row in self.connection.execute(named))

    def _id_of(self, poured: Table) -> ColumnElement[int]:
        return poured.c.row + literal(self.first_new)

    def everything(self) -> bool:
        """Enter the kinds' own rows and their parts, of the records that are new; whether all could be entered.

        Ends with the first table that falls short: what comes after leans on what is missing.
        """
        kinds = ((OF_KIND[kind], number) for kind, number in self.created.items() if number)
        parts = ((part, self._expected(part)) for part in PARTS if self.pouring.counts[part.poured])
        return all(self._enter(target) >= expected for target, expected in chain(kinds, parts))

    def _expected(self, part: Target) -> int:
        """Return how many of a part's rows are of records that are new; all, where nothing was there before."""
        poured = self.pouring.counts[part.poured]
        kinds = {kind for kind, table in staging.KINDS.items() if self.pouring.counts[table]}
        if all(self.created[kind] == self.pouring.counts[staging.KINDS[kind]] for kind in kinds):
            return poured
        rows = part.poured
        known = select(func.count()).select_from(rows.join(record, record.c.slug == rows.c.slug))
        return poured - self.connection.execute(known.where(record.c.id <= self.first_new)).scalar_one()

    def _enter(self, target: Target) -> int:
        """Enter the rows of new records that name what there is; return how many went in.

        Where rows name one another none goes in unless all can.
        """
        if target.to_its_kind and target in OF_KIND.values() and self._lost(target):
            return -1
        rows, is_kind = target.poured, target in OF_KIND.values()
        joined = Joined.of(target, rows, self._id_of(rows) if is_kind else None)
        values = values_of(target, joined)
        values[target.owner] = joined.mine.c.id
        conditions = [joined.mine.c.id > self.first_new]
        if target is OF_CLAIMS:
            values["dataset_id"] = literal(self.dataset_id)
        else:
            conditions.append(joined.mine.c.kind == target.kind.value)
        conditions += [~joined.unresolved(one.column) for one in target.references]
        conditions += [joined.id_of(one.column).is_distinct_from(joined.mine.c.id) for one in target.to_its_kind]
        query = select(*values.values()).select_from(joined.source).where(*conditions)
        if not is_kind:
            # Rows of one record lie together, and keys are written in their own order.
            query = query.order_by(joined.mine.c.id, *(rows.c[name] for name in ("key", "line_key") if name in rows.c))
        return self._insert(target.table, list(values), query)

    def _lost(self, target: Target) -> bool:
        joined = Joined.of(target, target.poured)
        lost = [joined.unresolved(one.column) for one in target.references]
        lost += [joined.id_of(one.column) == joined.mine.c.id for one in target.to_its_kind]
        return (
            self.connection.execute(select(literal(1)).select_from(joined.source).where(or_(*lost)).limit(1)).first()
            is not None
        )

    def _insert(self, table: Table, columns: list[str], query: Select[Any]) -> int:
        """Insert rows and return how many; those whose key is there already are left out."""
        counted = {"preserve_rowcount": True}
        if self.connection.dialect.name == "sqlite":
            statement = sqlite.insert(table).from_select(columns, query).on_conflict_do_nothing()
            return self.connection.execute(statement, execution_options=counted).rowcount
        plain = postgresql.insert(table).from_select(columns, query)
        if not self.first_new:
            # Into nothing rows seldom go twice, and looking for each one's like first costs an eighth of a load.
            with suppress(IntegrityError), self.connection.begin_nested():
                return self.connection.execute(plain, execution_options=counted).rowcount
        return self.connection.execute(plain.on_conflict_do_nothing(), execution_options=counted).rowcount


def targets(pouring: Pouring) -> Iterator[Target]:
    """Yield the targets that rows were poured for."""
    return (target for target in (*OF_KIND.values(), *PARTS) if pouring.counts[target.poured])
