"""The chain of batches walked from its beginning: whether anything was written past it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, func, or_, select

from zoo_provenance.history import content
from zoo_provenance.history.batches import changes_digest, digest_of
from zoo_provenance.history.tracked import BY_NAME, TRACKED, last_of
from zoo_provenance.history.triggers import unlogged
from zoo_provenance.tables import batch, change, claim, record


@dataclass(frozen=True)
class Broken:
    """What does not fit: the batch it was found at, if any, and what is wrong."""

    batch: int | None
    message: str


@dataclass(frozen=True)
class Verified:
    """The outcome of a walk: the batches walked, those from before changes were logged, the newest digest."""

    batches: int
    uncovered: int
    digest: str | None
    broken: tuple[Broken, ...]


def verify(connection: Connection) -> Verified:
    """Walk the chain: every batch's own digest, the one before it, its changes, and the rows it made.

    Rows that were changed or removed since are taken from the log as they were made.
    """
    rows = connection.execute(select(batch).order_by(batch.c.id)).mappings().all()
    silent = "its changes are not logged: its triggers are gone or switched off"
    broken = [Broken(None, f"{table}: {silent}") for table in unlogged(connection)]
    previous: Any = None
    for row in rows:
        broken.extend(Broken(row["id"], message) for message in _of_batch(connection, row, previous))
        previous = row
    broken.extend(_between(connection, rows))
    broken.extend(_of_nothing(connection))
    broken.extend(_now(connection))
    uncovered = sum(row["content_digest"] is None for row in rows)
    return Verified(len(rows), uncovered, previous["digest"] if previous else None, tuple(broken))


def _of_batch(connection: Connection, row: Any, previous: Any) -> Iterator[str]:
    if previous is not None and row["id"] != previous["id"] + 1:
        yield f"{row['id'] - previous['id'] - 1} batches before it are missing"
    if row["previous_digest"] != (previous["digest"] if previous else None):
        yield "does not follow the batch before it"
    older = row["content_digest"] is None and row["first_record"] is None
    if older and (previous is None or previous["content_digest"] is None):
        return
    if row["digest"] != digest_of(row):
        yield "its own fields are not what they were"
    if row["content_digest"] != changes_digest(connection, row["id"]):
        yield "its changes are not what they were, or rows were changed past it"
    spans = select(change).where(change.c.batch_id == row["id"], change.c.row_id_last.is_not(None))
    for span in connection.execute(spans.order_by(change.c.id)).all():
        then = _read(span.after)
        form = then.get("form") if then else None
        now = content.of_range_as_made(connection, span.table_name, span.row_id, span.row_id_last, form)
        if then is None or now.rows != then.get("rows"):
            was = sum(then["rows"].values()) if then else 0
            yield f"of the {was} rows it made with numbers of {span.table_name}s, {sum(now.rows.values())} are known"
        elif now.sha256 != then.get("sha256"):
            yield f"rows it made with numbers of {span.table_name}s are not what they were"


def _read(text_: str | None) -> dict[str, Any] | None:
    try:
        found = json.loads(text_ or "")
        return found if isinstance(found, dict) and isinstance(found.get("rows"), dict) else None
    except ValueError:
        return None


def _between(connection: Connection, rows: Any) -> Iterator[Broken]:
    """Yield rows that no batch entered: their numbers were given by none, or none logged them."""
    first = next((row for row in rows if row["first_record"] is not None), None)
    if first is None:
        return
    yield from _unlogged(connection, None if first is rows[0] else first["id"])
    span = change.alias("span")
    for table, since in ((record, first["first_record"]), (claim, first["first_claim"])):
        given = select(span.c.id).where(
            span.c.table_name == table.name,
            span.c.row_id_last.is_not(None),
            span.c.row_id <= table.c.id,
            span.c.row_id_last >= table.c.id,
        )
        logged = select(change.c.id).where(BY_NAME[table.name].is_row(table, change), change.c.row_id_last.is_(None))
        stray = (
            select(func.count())
            .select_from(table)
            .where(or_(table.c.id >= since, table.c.id < 1), ~given.exists(), ~logged.exists())
        )
        number = connection.execute(stray).scalar_one()
        if number:
            yield Broken(None, f"{number} rows of {table.name} were entered by no batch")


def _unlogged(connection: Connection, since: int | None) -> Iterator[Broken]:
    """Yield rows, of the tables of which each row is logged, that are not; where older batches are, only of those since."""
    for tracked in TRACKED:
        rows = tracked.table
        if tracked.made or (since and "batch_id" not in rows.c):
            continue
        logged = select(change.c.id).where(tracked.is_row(rows, change), change.c.row_id_last.is_(None))
        stray = select(func.count()).select_from(rows).where(~logged.exists())
        number = connection.execute(stray.where(rows.c.batch_id >= since) if since else stray).scalar_one()
        if number:
            yield Broken(None, f"{number} rows of {tracked.name} were entered by no batch")


def _of_nothing(connection: Connection) -> Iterator[Broken]:
    """Yield changes that are of no batch."""
    there = select(batch.c.id).where(batch.c.id == change.c.batch_id).exists()
    number = connection.execute(select(func.count()).select_from(change).where(~there)).scalar_one()
    if number:
        yield Broken(None, f"{number} rows of the log are of no batch")


def _now(connection: Connection) -> Iterator[Broken]:
    """Yield tables whose rows are not what the last batch that changed them left."""
    for tracked in TRACKED:
        last = last_of(change.c.table_name == tracked.name)
        left = select(*tracked.from_image(change.c.after, connection.dialect.name))
        left = left.where(change.c.id.in_(last), change.c.after.is_not(None))
        other = left.except_(select(*tracked.table.c)).subquery()
        gone = select(func.count()).select_from(tracked.table.join(change, tracked.is_row(tracked.table, change)))
        gone = gone.where(change.c.id.in_(last), change.c.after.is_(None))
        number = connection.execute(select(func.count()).select_from(other)).scalar_one()
        number += connection.execute(gone).scalar_one()
        if number:
            yield Broken(None, f"{number} rows of {tracked.name} are not what the last batch that changed them left")
