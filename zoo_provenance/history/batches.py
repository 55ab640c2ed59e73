"""Batches: each writing command, who ran it, when and why, in a chain of digests."""

from __future__ import annotations

import getpass
import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Table, delete, func, insert, select, text, update

from zoo_provenance.history import content
from zoo_provenance.names import readable
from zoo_provenance.tables import batch, change, claim, record
from zoo_provenance.vocabulary import LABEL_LENGTH


@dataclass
class Batch:
    """A batch that is open: its number, and the first numbers it gives to records and claims.

    `input_digest` (of the files it was told by) may be set until it is closed; `kept` is false once it was closed
    without a change, for then there is no batch.
    """

    id: int
    first_record: int
    first_claim: int
    input_digest: str | None = None
    kept: bool = True


@contextmanager
def batch_of(
    connection: Connection, command: str, reason: str | None = None, undoes: int | None = None
) -> Iterator[Batch]:
    """Open a batch that all that is written from here on belongs to, and close it at the end of the chain.

    Entered first of all in a writing transaction: changes are logged for the newest batch. Its digest covers its own
    fields, what it changed and made, and the digest before it. Where nothing was changed, no batch is left.
    """
    opened = _open(connection, command, reason, undoes)
    yield opened
    _close(connection, opened)


def _open(connection: Connection, command: str, reason: str | None, undoes: int | None) -> Batch:
    newest = connection.execute(select(batch.c.id, batch.c.digest).order_by(batch.c.id.desc()).limit(1)).one_or_none()
    opened = Batch(
        (newest.id if newest else 0) + 1,  # under the writers' lock, so that no number is left out
        last_given(connection, record) + 1,
        last_given(connection, claim) + 1,
    )
    connection.execute(
        insert(batch).values(
            id=opened.id,
            at=datetime.now(UTC).isoformat(timespec="microseconds"),
            actor=_actor(),
            command=command,
            reason=reason,
            undoes_id=undoes,
            previous_digest=newest.digest if newest else None,
            digest=f"open {opened.id}",
            first_record=opened.first_record,
            first_claim=opened.first_claim,
        )
    )
    if connection.dialect.name == "postgresql":
        # The triggers' own conditions read these; on SQLite they ask the newest batch.
        for name, first in (("first_record", opened.first_record), ("first_claim", opened.first_claim)):
            connection.execute(select(func.set_config(f"zooprov.{name}", str(first), True)))
    return opened


def _close(connection: Connection, opened: Batch) -> None:
    for table, first in ((record, opened.first_record), (claim, opened.first_claim)):
        last = last_given(connection, table)
        made = content.of_range(connection, table.name, first, last) if last >= first else None
        if made is not None and made.rows:
            connection.execute(
                insert(change).values(
                    batch_id=opened.id, table_name=table.name, row_id=first, row_id_last=last, after=made.as_json()
                )
            )
    digest = changes_digest(connection, opened.id)
    if digest is None:
        opened.kept = False
        connection.execute(delete(batch).where(batch.c.id == opened.id))
        return
    told = {"input_digest": opened.input_digest, "content_digest": digest}
    connection.execute(update(batch).where(batch.c.id == opened.id).values(told))
    row = connection.execute(select(batch).where(batch.c.id == opened.id)).mappings().one()
    connection.execute(update(batch).where(batch.c.id == opened.id).values(digest=digest_of(row)))


def digest_of(row: Mapping[Any, Any]) -> str:
    """Return the digest of a batch: SHA-256 of its fields as JSON, the digest before it among them."""
    fields = {str(name): value for name, value in row.items() if name != "digest"}
    return hashlib.sha256(json.dumps(fields, sort_keys=True).encode()).hexdigest()


def changes_digest(connection: Connection, batch_id: int) -> str | None:
    """Return the SHA-256 of all changes of a batch in their order; None where it has none."""
    columns = [column for column in change.c if column.name != "batch_id"]
    rows = select(*columns).where(change.c.batch_id == batch_id).order_by(change.c.id)
    return content.digest_of(connection, rows)


def last_given(connection: Connection, table: Table) -> int:
    """Return the highest number a table has given to a row, gone or not; 0 where it has given none."""
    if connection.dialect.name == "sqlite":
        query = text("SELECT seq FROM sqlite_sequence WHERE name = :table").bindparams(table=table.name)
        return int(connection.execute(query).scalar() or 0)
    sequence = connection.execute(select(func.pg_get_serial_sequence(table.name, "id"))).scalar_one()
    last, called = connection.execute(text(f"SELECT last_value, is_called FROM {sequence}")).one()  # noqa: S608 - a name the database gives
    return int(last) if called else 0


def _actor() -> str:
    """Return who is writing, on one line: ZOOPROV_ACTOR, else the login name, else `unknown`."""
    try:
        named = _on_one_line(os.environ.get("ZOOPROV_ACTOR", "")) or _on_one_line(getpass.getuser())
    except (KeyError, OSError, ImportError):
        named = ""
    return named or "unknown"


def _on_one_line(name: str) -> str:
    return " ".join(readable(name).split())[:LABEL_LENGTH]
