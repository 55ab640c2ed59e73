"""The log: who changed what, when and why."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Index, Integer, Table, TypedColumns, UniqueConstraint

from zoo_provenance.tables.declaring import Words, check, metadata


class _Batch(TypedColumns):
    id = Column(Integer, primary_key=True)
    at = Column(Words, nullable=False)
    actor = Column(Words, nullable=False)
    command = Column(Words, nullable=False)
    reason = Column(Words)
    undoes_id = Column(Integer, ForeignKey("batch.id"))
    input_digest = Column(Words)
    previous_digest = Column(Words)
    digest = Column(Words, nullable=False)
    first_record = Column(Integer)
    first_claim = Column(Integer)
    content_digest = Column(Words)


batch = Table("batch", metadata, _Batch, UniqueConstraint("digest"), sqlite_autoincrement=True)


class _Change(TypedColumns):
    id = Column(Integer, primary_key=True)
    batch_id = Column(Integer, ForeignKey("batch.id"), nullable=False, index=True)
    table_name = Column(Words, nullable=False)
    row_id = Column(Integer, nullable=False)
    row_id_last = Column(Integer)
    row_key = Column(Words)
    before = Column(Words)
    after = Column(Words)
    record_id = Column(Integer, index=True)


change = Table(
    "change",
    metadata,
    _Change,
    Index(None, "table_name", "row_id"),
    check("row_id_last IS NULL OR row_id_last >= row_id", "row_id_last"),
    sqlite_autoincrement=True,
)
