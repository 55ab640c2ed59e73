"""What was changed, by whom and why: all batches, one of them, or all that was done to one record."""

from __future__ import annotations

import json
from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, case, func, select

from zoo_provenance.history.content import as_made
from zoo_provenance.history.tracked import BY_NAME
from zoo_provenance.history.undoing import undone_by
from zoo_provenance.questions.answers import Ref
from zoo_provenance.tables import KIND_TABLES, batch, change, claim, record
from zoo_provenance.vocabulary import SLUG

_CLAIMS = BY_NAME[claim.name]
_WORDS = {
    "transfer_line": "line",
    "line_animal": "animal on a line",
    "transfer_link": "link",
    "source_basis": "basis",
    "dataset": "data set",
}
_PLUMBING = {"id", "record_kind", "record_id", "transfer_id", "child_id", "claim_id", "batch_id", "search_key"}
_PLUMBING |= {"dataset_id", "line_key", "participant_key", "part", "field", "low", "high", "own"}
_BOUNDS = ("_earliest", "_latest", "_min", "_max")


@dataclass(frozen=True)
class Written:
    """A batch: who wrote what, when and why, how much it made, changed and removed, and whether it still counts.

    `made` counts records by kind; the others count rows.
    """

    id: int
    at: str
    actor: str
    command: str
    reason: str | None
    undoes: int | None
    undone_by: int | None
    made: Mapping[str, int]
    changed: int
    removed: int
    input_digest: str | None
    digest: str


@dataclass(frozen=True)
class Done:
    """One row made, changed or removed: of which record, what it is, and its fields before and after."""

    batch: int
    record: Ref | None
    what: str
    key: str
    done: str
    fields: Mapping[str, tuple[Any, Any]] = field(default_factory=dict)


def batches(connection: Connection, *, limit: int = 0) -> tuple[list[Written], int]:
    """Return the newest batches, newest first, and how many older ones there are; `limit` 0: all."""
    query = select(batch).order_by(batch.c.id.desc())
    found = _written(connection, query.limit(limit) if limit else query)
    total = connection.execute(select(func.count()).select_from(batch)).scalar_one()
    return found, total - len(found)


def batch_numbered(connection: Connection, number: int) -> Written | None:
    """Return one batch, or None where there is no such."""
    found = _written(connection, select(batch).where(batch.c.id == number))
    return found[0] if found else None


def _written(connection: Connection, query: Any) -> list[Written]:
    rows = connection.execute(query).all()
    if not rows:
        return []
    numbers = (min(row.id for row in rows), max(row.id for row in rows))
    taken = undone_by(connection)
    counted = (
        select(
            change.c.batch_id,
            func.sum(case((and_(change.c.before.is_not(None), change.c.after.is_not(None)), 1), else_=0)),
            func.sum(case((change.c.after.is_(None), 1), else_=0)),
        )
        .where(change.c.batch_id.between(*numbers), change.c.row_id_last.is_(None))
        .group_by(change.c.batch_id)
    )
    counts = {number: (int(changed), int(removed)) for number, changed, removed in connection.execute(counted)}
    spans = select(change.c.batch_id, change.c.after).where(
        change.c.batch_id.between(*numbers), change.c.row_id_last.is_not(None), change.c.table_name == record.name
    )
    kinds = [kind.value for kind in KIND_TABLES]
    made = {
        number: {kind: rows_of[kind] for kind in kinds if kind in rows_of}
        for number, after in connection.execute(spans)
        if (rows_of := json.loads(after)["rows"]) is not None
    }
    return [
        Written(
            row.id,
            row.at,
            row.actor,
            row.command,
            row.reason,
            row.undoes_id,
            taken.get(row.id),
            made.get(row.id, {}),
            *counts.get(row.id, (0, 0)),
            row.input_digest,
            row.digest,
        )
        for row in rows
    ]


def done_by(connection: Connection, number: int, *, limit: int = 0) -> tuple[list[Done], int]:
    """Return what a batch did, in its order, records it made first, and how much more it did; `limit` 0: all.

    What it made is told record by record, and claim by claim where the record was there before.
    """
    spans = sorted(_spans(connection, change.c.batch_id == number), key=lambda span: span[0] != record.name)
    old = next((first for name, first, _, _ in spans if name == record.name), None)
    changes: list[tuple[Any, ...]] = []
    total = 0
    for name, first, last, _ in spans:
        rows = BY_NAME[name]
        kept, logged = rows.table.c.id.between(first, last), change.c.row_id.between(first, last)
        query = as_made(rows, connection.dialect.name, kept, logged)
        owner = query.selected_columns["id" if name == record.name else "record_id"]
        if name != record.name and old is not None:
            query = query.where(owner < old)
        found, number_of = _first(connection, query, limit)
        changes += [(number, name, getattr(row, owner.name), "", None, row._asdict()) for row in found]
        total += number_of
    logged_rows = select(change).where(change.c.batch_id == number, change.c.row_id_last.is_(None))
    found, number_of = _first(connection, logged_rows.order_by(change.c.id), limit)
    changes += [_images(row) for row in found]
    total += number_of
    most = limit or total
    return _Telling(connection).of(changes[:most]), max(0, total - most)


def _first(connection: Connection, query: Select[Any], limit: int) -> tuple[Sequence[Any], int]:
    """Return the first rows of a statement, 0: all, and how many it has: a load may have made millions."""
    rows = connection.execute(query.limit(limit) if limit else query).all()
    if not limit or len(rows) < limit:
        return rows, len(rows)
    counted = select(func.count()).select_from(query.order_by(None).subquery())
    return rows, connection.execute(counted).scalar_one()


@dataclass(frozen=True)
class Known:
    """A record that is or was there: every number its slug was given, whether it is there now and what it led to."""

    ids: tuple[int, ...]
    ref: Ref
    kind: str
    merged: str | None = None
    gone: bool = False


def known_as(connection: Connection, slug: str) -> Known | None:
    """Return the record that has a slug itself, merged or not, or the last one that had it; None where none had."""
    if not SLUG.fullmatch(slug):
        return None
    into = record.alias("into")
    query = select(record.c.id, record.c.slug, record.c.label, record.c.kind, into.c.slug.label("into"))
    query = query.outerjoin(into, into.c.id == record.c.merged_into_id).where(record.c.slug == slug)
    there = connection.execute(query).one_or_none()
    image = BY_NAME[record.name].from_image(change.c.before, connection.dialect.name)
    was = select(*image, change.c.id.label("change_id"))
    was = was.where(change.c.table_name == record.name, change.c.row_id_last.is_(None), change.c.after.is_(None))
    removed = was.subquery()
    gone = connection.execute(select(removed).where(removed.c.slug == slug).order_by(removed.c.change_id)).all()
    if not gone and there is None:
        return None
    last = there or gone[-1]
    ids = dict.fromkeys([*(row.id for row in gone), *([there.id] if there else [])])
    merged = there.into if there else None
    return Known(tuple(ids), Ref(last.slug, last.label), str(last.kind), merged, gone=there is None)


def done_to(connection: Connection, *record_ids: int) -> list[Done]:
    """Return all that was ever done to a record, its parts and what is said of it, oldest first."""
    dialect = connection.dialect.name
    spans = _spans(connection, change.c.row_id_last.is_not(None))
    logged = connection.execute(
        select(change).where(change.c.record_id.in_(record_ids), change.c.row_id_last.is_(None)).order_by(change.c.id)
    ).all()
    own = change.c.record_id.in_(record_ids)
    made: list[tuple[Any, ...]] = []
    for name, kept, owner in (
        ("record", record.c.id.in_(record_ids), "id"),
        ("claim", claim.c.record_id.in_(record_ids), "record_id"),
    ):
        starts = [(first, last, number) for table, first, last, number in spans if table == name]
        query = as_made(BY_NAME[name], dialect, kept, own)
        for row in connection.execute(query):
            place = bisect_right(starts, (row.id, float("inf"), 0)) - 1
            if place >= 0 and row.id <= starts[place][1]:
                made.append((starts[place][2], name, getattr(row, owner), "", None, row._asdict()))
    changes = sorted([*made, *(_images(row) for row in logged)], key=lambda one: one[0])
    return _Telling(connection).of(changes)


def _spans(connection: Connection, where: ColumnElement[bool]) -> list[tuple[str, int, int, int]]:
    query = select(change.c.table_name, change.c.row_id, change.c.row_id_last, change.c.batch_id)
    found = connection.execute(query.where(where, change.c.row_id_last.is_not(None)).order_by(change.c.row_id))
    return [(name, first, last, number) for name, first, last, number in found]


def _images(row: Any) -> tuple[Any, ...]:
    before, after = (json.loads(text) if text else None for text in (row.before, row.after))
    return row.batch_id, row.table_name, row.record_id, row.row_key or "", before, after


class _Telling:
    """Tells changes in the words of records: numbers of records become their slugs."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    def of(self, changes: Sequence[tuple[Any, ...]]) -> list[Done]:
        """Return the changes told."""
        slugs = self._slugs(changes)
        return [self._told(one, slugs) for one in changes]

    def _slugs(self, changes: Iterable[tuple[Any, ...]]) -> dict[int, Ref]:
        """Return the records that changes name; of one that is gone, as it was last."""
        wanted: set[int] = set()
        for _, _, record_id, _, before, after in changes:
            wanted |= {record_id} if record_id is not None else set()
            for image in (before, after):
                wanted |= {value for name, value in (image or {}).items() if _is_reference(name) and value is not None}
        found: dict[int, Ref] = {}
        ordered = sorted(wanted)
        for start in range(0, len(ordered), 500):
            some = ordered[start : start + 500]
            gone = select(change.c.before).where(
                change.c.table_name == record.name, change.c.row_id.in_(some), change.c.after.is_(None)
            )
            for (before,) in self.connection.execute(gone.order_by(change.c.id)):
                image = json.loads(before)
                found[image["id"]] = Ref(image["slug"], image["label"])
            rows = self.connection.execute(
                select(record.c.id, record.c.slug, record.c.label).where(record.c.id.in_(some))
            )
            found |= {row.id: Ref(row.slug, row.label) for row in rows}
        return found

    def _told(self, one: tuple[Any, ...], slugs: Mapping[int, Ref]) -> Done:
        number, table, record_id, key, before, after = one
        names = [name for name in (after or before) if name not in _PLUMBING and not name.endswith(_BOUNDS)]
        fields = {
            name.removesuffix("_id"): (_shown(name, was, slugs), _shown(name, now, slugs))
            for name in names
            if (was := _given(before, name)) != (now := _given(after, name))
        }
        done = "made" if before is None else "removed" if after is None else "changed"
        if table == record.name and before is None:
            fields = {}
        shown = self._key(table, key, after or before, slugs)
        ref = slugs.get(record_id) if record_id is not None else None
        return Done(number, ref, _WORDS.get(table, table), shown, done, fields)

    @staticmethod
    def _key(table: str, key: str, image: Mapping[str, Any], slugs: Mapping[int, Ref]) -> str:
        """Return which of a record's parts a row is."""
        if table in {"claim", "decision"}:
            return " ".join(part for part in (image.get("part"), image.get("field")) if part)
        if table in BY_NAME and BY_NAME[table].keys:
            parts = [_shown(name, image.get(name), slugs) for name in BY_NAME[table].keys]
            return " ".join(str(part) for part in parts if part)
        return key


def _given(image: Mapping[str, Any] | None, name: str) -> Any:
    value = image.get(name) if image else None
    return None if value == "" else value


def _is_reference(name: str) -> bool:
    return name.endswith("_id") and name not in {"dataset_id", "batch_id", "claim_id"}


def _shown(name: str, value: Any, slugs: Mapping[int, Ref]) -> Any:
    if value is not None and _is_reference(name):
        return slugs[value].slug if value in slugs else f"#{value}"
    return value
