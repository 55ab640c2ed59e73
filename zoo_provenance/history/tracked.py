"""The tables whose rows are never forgotten, and how the log of changes calls a row of each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import JSON, ColumnElement, Float, Select, String, Table, and_, cast, func, literal, null, select

from zoo_provenance.tables import (
    KIND_TABLES,
    change,
    claim,
    dataset,
    decision,
    descent,
    dismissal,
    judgement,
    line_animal,
    participant,
    record,
    source_basis,
    transfer_line,
    transfer_link,
    waiver,
)


@dataclass(frozen=True)
class Tracked:
    """A table, the column of its rows' number, the rest of their key, and the table whose numbers tell new rows.

    `made` is "record" or "claim": a batch's new rows are those from the first number it gave there; None where each
    row is logged, new ones too.
    """

    table: Table
    number: str
    keys: tuple[str, ...] = ()
    made: str | None = "record"

    @property
    def name(self) -> str:
        """The table's name."""
        return self.table.name

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of the columns."""
        return tuple(column.name for column in self.table.c)

    def key_of(self, rows: Any) -> ColumnElement[Any]:
        """Return what tells rows of one number apart, as the log writes it; NULL where the number does."""
        if not self.keys:
            return null()
        first, *rest = (cast(rows.c[name], String) for name in self.keys)
        text: ColumnElement[Any] = first
        for part in rest:
            text = text + literal(" ") + part
        return text

    def is_row(self, rows: Any, logged: Any) -> ColumnElement[bool]:
        """Return whether a change is one of a row."""
        same = [logged.c.table_name == self.name, logged.c.row_id == rows.c[self.number]]
        if self.keys:
            same.append(logged.c.row_key == self.key_of(rows))
        return and_(*same)

    def made_before(self, rows: Any, first_record: int, first_claim: int) -> ColumnElement[bool] | None:
        """Return whether a row is older than the batch that gave these first numbers; None where the log says it."""
        first = {"record": first_record, "claim": first_claim}
        return rows.c[self.number] < first[self.made] if self.made else None

    def from_image(self, image: ColumnElement[Any], dialect: str) -> list[ColumnElement[Any]]:
        """Return the columns of a row from its image in the log."""
        return [_value(column, image, dialect).label(column.name) for column in self.table.c]


def _value(column: Any, image: ColumnElement[Any], dialect: str) -> Any:
    if dialect == "sqlite":
        value: Any = func.json_extract(image, f"$.{column.name}")
        return cast(value, Float) if isinstance(column.type, Float) else value
    value = func.json_extract_path_text(cast(image, JSON), column.name)
    if isinstance(column.type, String):
        return value
    return cast(value, column.type)


TRACKED = (
    Tracked(dataset, "id", made=None),
    Tracked(record, "id"),
    *(Tracked(table, "id") for table in KIND_TABLES.values()),
    Tracked(source_basis, "source_id", ("based_on_id",)),
    Tracked(descent, "child_id", ("parent_id", "role")),
    Tracked(transfer_line, "transfer_id", ("key",)),
    Tracked(line_animal, "transfer_id", ("line_key", "animal_id")),
    Tracked(participant, "transfer_id", ("key",)),
    Tracked(transfer_link, "transfer_id", ("kind", "to_id")),
    Tracked(claim, "id", made="claim"),
    Tracked(decision, "record_id", ("part", "field", "language"), made=None),
    Tracked(dismissal, "claim_id", made=None),
    Tracked(waiver, "record_id", ("rule", "part"), made=None),
    Tracked(judgement, "record_id", ("other_id",), made=None),
)
"""All tables whose changes are logged, what others lean on first."""

BY_NAME = {tracked.name: tracked for tracked in TRACKED}


def last_of(where: ColumnElement[bool]) -> Select[int]:
    """Return the last change of each row among those that match, as a subquery of their numbers."""
    return _one_of(func.max(change.c.id), where)


def first_of(where: ColumnElement[bool]) -> Select[int]:
    """Return the first change of each row among those that match, as a subquery of their numbers."""
    return _one_of(func.min(change.c.id), where)


def _one_of(number: ColumnElement[int], where: ColumnElement[bool]) -> Select[int]:
    rows = select(number.label("id")).where(where, change.c.row_id_last.is_(None))
    return rows.group_by(change.c.table_name, change.c.row_id, change.c.row_key)
