"""What is said, and what was decided about it."""

from __future__ import annotations

from sqlalchemy import Boolean as Flag
from sqlalchemy import (
    Column,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    PrimaryKeyConstraint,
    Table,
    TypedColumns,
    func,
    text,
)

from zoo_provenance.tables.declaring import Words, check, dates, lengths, metadata, one_of
from zoo_provenance.vocabulary import LOCATOR_LENGTH, NOTE_LENGTH, QUOTE_LENGTH, VALUE_LENGTH, Certainty, Stance


class _Claim(TypedColumns):
    id = Column(Integer, primary_key=True)
    record_id = Column(Integer, ForeignKey("record.id"), nullable=False)
    line_key = Column(Words)
    participant_key = Column(Words)
    part = Column(Words, nullable=False, server_default=text("''"))
    field = Column(Words, nullable=False, server_default=text("''"))
    value = Column(Words)
    value_record_id = Column(Integer, ForeignKey("record.id"), index=True)
    low = Column(Words)
    high = Column(Words)
    language = Column(Words, nullable=False, server_default=text("''"))
    search_key = Column(Words)
    during = Column(Words)
    during_earliest = Column(Words)
    during_latest = Column(Words)
    source_id = Column(Integer, ForeignKey("source.id"), index=True)
    stance = Column(Words, nullable=False)
    own = Column(Flag, nullable=False)
    certainty = Column(Words)
    locator = Column(Words, nullable=False, server_default=text("''"))
    quote = Column(Words)
    note = Column(Words)
    dataset_id = Column(Integer, ForeignKey("dataset.id"), nullable=False)
    # What it was said of, which record it named, and who said it, where that was merged into another since.
    said_of_id = Column(Integer, ForeignKey("record.id"), index=True)
    said_value_id = Column(Integer, ForeignKey("record.id"), index=True)
    said_by_id = Column(Integer, ForeignKey("source.id"), index=True)


claim = Table(
    "claim",
    metadata,
    _Claim,
    ForeignKeyConstraint(["record_id", "line_key"], ["transfer_line.transfer_id", "transfer_line.key"]),
    ForeignKeyConstraint(["record_id", "participant_key"], ["participant.transfer_id", "participant.key"]),
    check(
        "(line_key IS NULL AND participant_key IS NULL AND part = '')"
        " OR (line_key IS NOT NULL AND participant_key IS NULL AND part = 'lines/' || line_key)"
        " OR (line_key IS NULL AND participant_key IS NOT NULL AND part = 'participants/' || participant_key)",
        "part",
    ),
    check(
        "(field = '' AND stance = 'supports' AND value IS NULL AND value_record_id IS NULL AND source_id IS NOT NULL)"
        " OR (field <> '' AND stance = 'silent' AND value IS NULL AND value_record_id IS NULL"
        " AND source_id IS NOT NULL)"
        " OR (field <> '' AND stance <> 'silent' AND (value IS NULL) <> (value_record_id IS NULL))",
        "value",
    ),
    one_of("stance", Stance),
    one_of("certainty", Certainty),
    check(
        "(low IS NULL OR length(low) = 10) AND (high IS NULL OR length(high) = 10)"
        " AND (low IS NULL OR high IS NULL OR low <= high)",
        "low",
    ),
    *dates("during"),
    *lengths(value=VALUE_LENGTH, quote=QUOTE_LENGTH, note=NOTE_LENGTH),
    check(
        f"length(locator) <= {LOCATOR_LENGTH} AND length(language) <= 35 AND length(field) <= 120"
        f" AND length(search_key) <= {VALUE_LENGTH}",
        "lengths",
    ),
    check("quote IS NULL OR source_id IS NOT NULL", "quote"),
    Index(None, "field", "search_key"),
    # With the record: of what one data set says of one, SQLite would go through all that the data set says.
    Index(None, "dataset_id", "record_id"),
    sqlite_autoincrement=True,
)

# The same source saying the same thing twice at the same place. Optional columns are folded, because an
# index never finds two NULLs equal.
Index(
    "uq_claim_said",
    claim.c.record_id,
    claim.c.part,
    claim.c.field,
    func.coalesce(claim.c.source_id, text("0")),
    func.coalesce(claim.c.value, text("''")),
    func.coalesce(claim.c.value_record_id, text("0")),
    claim.c.stance,
    claim.c.language,
    func.coalesce(claim.c.during, text("''")),
    claim.c.locator,
    claim.c.dataset_id,
    func.coalesce(claim.c.said_of_id, text("0")),
    func.coalesce(claim.c.said_value_id, text("0")),
    func.coalesce(claim.c.said_by_id, text("0")),
    unique=True,
)


class _Decision(TypedColumns):
    record_id = Column(Integer, ForeignKey("record.id"), nullable=False)
    part = Column(Words, nullable=False, server_default=text("''"))
    field = Column(Words, nullable=False)
    language = Column(Words, nullable=False, server_default=text("''"))
    value = Column(Words)
    value_record_id = Column(Integer, ForeignKey("record.id"), index=True)
    reason = Column(Words, nullable=False)
    dataset_id = Column(Integer, ForeignKey("dataset.id"), index=True)
    batch_id = Column(Integer, ForeignKey("batch.id"), nullable=False, index=True)


decision = Table(
    "decision",
    metadata,
    _Decision,
    PrimaryKeyConstraint("record_id", "part", "field", "language"),
    check("field <> '' AND length(field) <= 120 AND length(part) <= 120 AND length(language) <= 35", "field"),
    check("value IS NULL OR value_record_id IS NULL", "one_value"),
    check(f"length(trim(reason)) > 0 AND length(reason) <= {NOTE_LENGTH}", "reason"),
    *lengths(value=VALUE_LENGTH),
)


class _Dismissal(TypedColumns):
    claim_id = Column(Integer, ForeignKey("claim.id"), primary_key=True, autoincrement=False)
    reason = Column(Words, nullable=False)
    dataset_id = Column(Integer, ForeignKey("dataset.id"), index=True)
    batch_id = Column(Integer, ForeignKey("batch.id"), nullable=False, index=True)


dismissal = Table(
    "dismissal",
    metadata,
    _Dismissal,
    check(f"length(trim(reason)) > 0 AND length(reason) <= {NOTE_LENGTH}", "reason"),
)


class _Waiver(TypedColumns):
    rule = Column(Words, nullable=False)
    record_id = Column(Integer, ForeignKey("record.id"), nullable=False, index=True)
    part = Column(Words, nullable=False, server_default=text("''"))
    reason = Column(Words, nullable=False)
    batch_id = Column(Integer, ForeignKey("batch.id"), nullable=False, index=True)
    dataset_id = Column(Integer, ForeignKey("dataset.id"), index=True)


waiver = Table(
    "waiver",
    metadata,
    _Waiver,
    PrimaryKeyConstraint("rule", "record_id", "part"),
    check(f"length(trim(reason)) > 0 AND length(reason) <= {NOTE_LENGTH}", "reason"),
    *lengths(rule=100),
)


class _Judgement(TypedColumns):
    record_id = Column(Integer, nullable=False)
    other_id = Column(Integer, nullable=False, index=True)
    kind = Column(Words, nullable=False)
    same = Column(Flag, nullable=False)
    reason = Column(Words, nullable=False)
    dataset_id = Column(Integer, ForeignKey("dataset.id"), index=True)
    batch_id = Column(Integer, ForeignKey("batch.id"), nullable=False, index=True)


judgement = Table(
    "judgement",
    metadata,
    _Judgement,
    PrimaryKeyConstraint("record_id", "other_id"),
    # Two records of one kind, each pair once.
    ForeignKeyConstraint(["record_id", "kind"], ["record.id", "record.kind"]),
    ForeignKeyConstraint(["other_id", "kind"], ["record.id", "record.kind"]),
    check("record_id < other_id", "other_id"),
    check(f"length(trim(reason)) > 0 AND length(reason) <= {NOTE_LENGTH}", "reason"),
)
