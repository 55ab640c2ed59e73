"""Staging: temporary tables that hold a load's rows until they are resolved, checked and applied."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import BigInteger, Boolean, Column, Connection, Float, Index, Integer, MetaData, String, Table

from zoo_provenance.fields import FIELDS
from zoo_provenance.loading.problems import File, Mark, Problem
from zoo_provenance.tables import KIND_TABLES, claim, participant, transfer_line
from zoo_provenance.vocabulary import Kind

_CHUNK = 2000
_staging = MetaData()
_Words = String().with_variant(String(collation="C"), "postgresql")


@dataclass(frozen=True)
class Reference:
    """A staged column that names a record: the column, where its id goes, and what the record may be."""

    table: Table
    column: str
    id_column: str
    kinds: tuple[Kind, ...]


def _stage(name: str, *columns: Column[Any], prefixes: tuple[str, ...] = ("TEMPORARY",)) -> Table:
    place = (
        Column("row", Integer, primary_key=True, autoincrement=False),
        Column("file", Integer, nullable=False),
        Column("line", Integer, nullable=False),
        Column("dataset_id", Integer, nullable=False),
    )
    return Table(f"stage_{name}", _staging, *place, *columns, prefixes=list(prefixes))


def _words(*names: str) -> list[Column[Any]]:
    return [Column(name, _Words) for name in names]


def _ids(*names: str) -> list[Column[Any]]:
    return [Column(name, Integer) for name in names]


def _like(table: Table, *skip: str) -> list[Column[Any]]:
    """Columns of a staging table for a table: the same, and a slug beside each id."""
    columns: list[Column[Any]] = []
    for column in table.c:
        if column.name in skip:
            continue
        if column.name.endswith("_id"):
            columns.append(Column(column.name.removesuffix("_id"), _Words))
        columns.append(Column(column.name, column.type))
    return columns


RECORD = _stage(
    "record",
    *_words("kind", "slug", "label", "search_key", "notes"),
    *_ids("record_id"),
    # False: another data set defines the record; this one's values are claims about it.
    Column("defines", Boolean, nullable=False, default=True),
    Column("creates", Boolean, nullable=False, default=False),
)
Index("ix_stage_record_slug", RECORD.c.slug)
Index("ix_stage_record_record_id", RECORD.c.record_id)

KINDS: Mapping[Kind, Table] = {
    kind: _stage(
        kind.value,
        *_words("slug"),
        *_ids("record_id"),
        *_like(table, "id", "record_kind"),
        # The fields that claims conclude, as ",count,date,": their columns are not the row's to set.
        Column("claimed", _Words, nullable=False, default=","),
    )
    for kind, table in KIND_TABLES.items()
}
LINE = _stage("line", *_words("slug"), *_ids("record_id"), *_like(transfer_line, "transfer_id"), *_words("claimed"))
PARTICIPANT = _stage(
    "participant",
    *_words("slug", "who"),
    *_ids("record_id"),
    *_like(participant, "transfer_id", "person_id", "institution_id"),
    *_ids("person_id", "institution_id"),
    *_words("claimed"),
)
SHORT_FORM = _stage("short_form", *_words("slug", "animal"), *_ids("record_id", "animal_id"))
LINE_ANIMAL = _stage("line_animal", *_words("slug", "line_key", "animal"), *_ids("record_id", "animal_id"))
BASIS = _stage("basis", *_words("slug", "based_on"), *_ids("record_id", "based_on_id"))
DESCENT = _stage(
    "descent", *_words("slug", "parent", "role"), Column("probability", Float), *_ids("record_id", "parent_id")
)
LINK = _stage("link", *_words("slug", "kind", "to"), *_ids("record_id", "to_id"))
FORMERLY = _stage("formerly", *_words("slug", "old"))
CLAIM = _stage(
    "claim",
    *_words("slug", "line_key", "participant_key", "part", "field", "value", "value_record", "low", "high", "language"),
    *_words("search_key", "during", "during_earliest", "during_latest", "source", "stance", "certainty", "locator"),
    *_words("quote", "note", "dismissed"),
    Column("own", Boolean, nullable=False, default=False),
    *_ids("record_id", "value_record_id", "source_id", "said_of_id", "said_value_id", "said_by_id"),
)
Index("ix_stage_claim_record_id", CLAIM.c.record_id, CLAIM.c.part, CLAIM.c.field)
DECISION = _stage(
    "decision",
    *_words("slug", "part", "field", "language", "value", "value_record", "reason"),
    *_ids("record_id", "value_record_id"),
)
WAIVER = _stage("waiver", *_words("slug", "line_key", "participant_key", "part", "rule", "reason"), *_ids("record_id"))
JUDGED = _stage(
    "judged",
    *_words("sort", "slug", "part", "field", "language", "value", "value_record", "source", "stance", "during", "at"),
    *_words("dataset", "rule", "into", "because"),
    *_ids("record_id", "value_record_id", "source_id", "into_id", "said_in_id", "claim_id"),
)
for _table, _keys in (
    *((table, ("record_id",)) for table in KINDS.values()),
    (LINE, ("record_id", "key")),
    (PARTICIPANT, ("record_id", "key")),
    (LINE_ANIMAL, ("record_id", "animal_id")),
    (BASIS, ("record_id", "based_on_id")),
    (DESCENT, ("record_id", "parent_id")),
    (LINK, ("record_id", "to_id")),
):
    Index(f"ix_{_table.name}", *(_table.c[name] for name in _keys))
SCOPE = Table(
    "stage_scope",
    _staging,
    Column("record_id", Integer, nullable=False),
    Column("dataset_id", Integer, nullable=False),
    Index("ix_stage_scope", "record_id", "dataset_id"),
    prefixes=["TEMPORARY"],
)
# Records that data sets loaded whole define no longer, and what holds some of them: a record, or a data set's word.
GONE = Table(
    "stage_gone",
    _staging,
    Column("record_id", Integer, primary_key=True, autoincrement=False),
    Column("dataset_id", Integer, nullable=False),
    prefixes=["TEMPORARY"],
)
HELD = Table(
    "stage_held",
    _staging,
    Column("record_id", Integer, nullable=False),
    Column("by_id", Integer, nullable=False),
    Column("dataset_id", Integer),
    Index("ix_stage_held", "record_id"),
    prefixes=["TEMPORARY"],
)
TOUCHED = Table("stage_touched", _staging, Column("record_id", Integer, nullable=False), prefixes=["TEMPORARY"])
CONCLUSION = Table(
    "stage_conclusion",
    _staging,
    Column("record_id", Integer, nullable=False),
    Column("kind", _Words, nullable=False),
    Column("part", _Words, nullable=False),
    Column("key", _Words, nullable=False),
    Column("field", _Words, nullable=False),
    Column("value", _Words),
    Column("low", _Words),
    Column("high", _Words),
    Column("number_low", BigInteger),
    Column("number_high", BigInteger),
    Column("males", BigInteger),
    Column("females", BigInteger),
    Column("unsexed", BigInteger),
    Column("value_record_id", Integer),
    Column("flag", Boolean),
    prefixes=["TEMPORARY"],
)

NAMED = claim.c.field.in_(("name", "name.former"))
"""Claims that are names."""

OF_RECORD: tuple[Table, ...] = (
    *KINDS.values(),
    *(LINE, PARTICIPANT, SHORT_FORM, LINE_ANIMAL, BASIS, DESCENT, LINK, CLAIM, DECISION, WAIVER),
)
"""Tables whose `slug` says which record a row is of."""


def owner_table(owner: Kind | str) -> Table:
    """Return the staging table of an owner of fields: a kind, `line` or `participant`."""
    if owner == "line":
        return LINE
    return PARTICIPANT if owner == "participant" else KINDS[Kind(owner)]


def references() -> Iterator[Reference]:
    """Every staged column that names a record."""
    for owner in (*Kind, "line", "participant"):
        for named in FIELDS[owner].values():
            if named.column and named.column.endswith("_id"):
                yield Reference(owner_table(owner), named.column.removesuffix("_id"), named.column, named.kinds)
    yield Reference(PARTICIPANT, "who", "person_id", (Kind.PERSON,))
    yield Reference(PARTICIPANT, "who", "institution_id", (Kind.INSTITUTION,))
    yield Reference(SHORT_FORM, "animal", "animal_id", (Kind.ANIMAL,))
    yield Reference(LINE_ANIMAL, "animal", "animal_id", (Kind.ANIMAL,))
    yield Reference(BASIS, "based_on", "based_on_id", (Kind.SOURCE,))
    yield Reference(DESCENT, "parent", "parent_id", (Kind.ANIMAL,))
    yield Reference(LINK, "to", "to_id", (Kind.TRANSFER,))
    yield Reference(CLAIM, "source", "source_id", (Kind.SOURCE,))
    yield Reference(CLAIM, "value_record", "value_record_id", ())
    yield Reference(DECISION, "value_record", "value_record_id", ())


REFERENCES = tuple(references())


@dataclass
class Staging:
    """The staged rows of one load: writes them in chunks and remembers where each value stood."""

    connection: Connection
    files: list[File] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    marks: dict[int, dict[str, Mark]] = field(default_factory=dict)
    broken: set[str] = field(default_factory=set)
    silent: dict[Table, list[int]] = field(default_factory=lambda: defaultdict(list))
    nameless: list[int] = field(default_factory=list)
    merged: set[tuple[str, str]] = field(default_factory=set)
    filled: set[Table] = field(default_factory=set)
    _waiting: dict[Table, list[dict[str, Any]]] = field(default_factory=lambda: defaultdict(list))
    _rows: int = 0

    def __post_init__(self) -> None:
        _staging.create_all(self.connection, checkfirst=False)

    def close(self) -> None:
        """Drop the temporary tables, for a connection that goes on."""
        _staging.drop_all(self.connection, checkfirst=False)

    def add_file(self, file: File) -> int:
        """Take in a file and return its number."""
        self.files.append(file)
        return len(self.files) - 1

    def add(
        self, table: Table, values: Mapping[str, Any], file: int, dataset_id: int, marks: Mapping[str, Mark]
    ) -> int:
        """Stage a row; `marks` are the places of its values by column, '' the row's own. Returns its number."""
        self._rows += 1
        self.marks[self._rows] = dict(marks)
        place = {"row": self._rows, "file": file, "line": marks[""].line, "dataset_id": dataset_id}
        waiting = self._waiting[table]
        waiting.append({**place, **values})
        if len(waiting) >= _CHUNK:
            self._write(table)
        return self._rows

    def leave_alone(self, dataset_id: int, parts: Iterable[Table], *, names: bool) -> None:
        """Note of what parts of its records a data set says nothing: they stay as they are stored."""
        for part in parts:
            self.silent[part].append(dataset_id)
        if names:
            self.nameless.append(dataset_id)

    def is_filled(self, table: Table) -> bool:
        """Whether any row was staged in a table: nobody needs to ask anything of an empty one."""
        return table in self.filled

    def reserve(self, rows: int) -> int:
        """Keep numbers for rows that SQL stages; returns the number before the first of them."""
        self._rows += rows
        return self._rows - rows

    def flush(self) -> None:
        """Write what is waiting, and let PostgreSQL's planner know of it where it is much."""
        for table in list(self._waiting):
            self._write(table)
        if self._rows > _CHUNK and self.connection.dialect.name == "postgresql":
            for table in sorted(self.filled, key=lambda one: one.name):
                self.connection.exec_driver_sql(f"ANALYZE {table.name}")

    def _write(self, table: Table) -> None:
        rows = self._waiting.pop(table, [])
        if not rows:
            return
        self.filled.add(table)
        names = [column.name for column in table.c]
        defaults = {
            column.name: column.default.arg  # type: ignore[attr-defined]
            for column in table.c
            if column.default is not None
        }
        self.connection.execute(
            table.insert(), [{name: row.get(name, defaults.get(name)) for name in names} for row in rows]
        )

    def problem(
        self, row: int, file: int, line: int, column: str, code: str, message: str, suggestion: str = ""
    ) -> None:
        """Record a problem found in SQL, at the place its value was read from."""
        marks = self.marks.get(row, {})
        mark = marks.get(column) or marks.get("") or Mark(line, 0)
        self.problems.append(Problem(self.files[file], mark, column, code, message, suggestion))
