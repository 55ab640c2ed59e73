"""Columns of some records concluded anew, outside a load."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from sqlalchemy import Connection, insert, select

from zoo_provenance.loading import conclusions
from zoo_provenance.loading.staging import SCOPE, Staging
from zoo_provenance.tables import record


@contextmanager
def concluding(connection: Connection, record_ids: Sequence[int]) -> Iterator[None]:
    """Conclude the columns of records anew after what is done to their claims and decisions inside."""
    stage = Staging(connection)
    ids = select(record.c.id, record.c.dataset_id).where(record.c.id.in_(record_ids))
    connection.execute(insert(SCOPE).from_select(["record_id", "dataset_id"], ids))
    before = conclusions.fields_spoken_of(connection)
    yield
    conclusions.conclude_columns(stage, before)
    stage.close()
