"""Transfers: their lines, who had a part, what they lead on to."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    PrimaryKeyConstraint,
    Table,
    TypedColumns,
    text,
)
from sqlalchemy import Boolean as Flag

from zoo_provenance.tables.declaring import (
    Words,
    check,
    counted,
    dates,
    key,
    kind_column,
    lengths,
    metadata,
    of_kind,
    one_of,
)
from zoo_provenance.vocabulary import NOTES_LENGTH, VALUE_LENGTH, Kind, LinkKind, Role, Status, Term, TransferKind


class _Transfer(TypedColumns):
    id = Column(Integer, primary_key=True, autoincrement=False)
    record_kind = kind_column(Kind.TRANSFER)
    kind = Column(Words)
    status = Column(Words)
    passes_custody = Column(Flag)
    passes_title = Column(Flag)
    origin_id = Column(Integer, ForeignKey("institution.id"))
    destination_id = Column(Integer, ForeignKey("institution.id"))
    date = Column(Words)
    date_earliest = Column(Words)
    date_latest = Column(Words)
    until = Column(Words)
    until_earliest = Column(Words)
    until_latest = Column(Words)
    transport = Column(Words)


transfer = Table(
    "transfer",
    metadata,
    _Transfer,
    *of_kind(Kind.TRANSFER),
    one_of("kind", TransferKind),
    one_of("status", Status),
    *dates("date", "until"),
    *lengths(transport=VALUE_LENGTH),
    Index(None, "origin_id", "date_earliest"),
    Index(None, "destination_id", "date_earliest"),
)


class _TransferLine(TypedColumns):
    transfer_id = Column(Integer, ForeignKey("transfer.id"), nullable=False)
    key = Column(Words, nullable=False)
    taxon_id = Column(Integer, ForeignKey("taxon.id"), index=True)
    term = Column(Words, nullable=False, server_default=text("'LIV'"))
    count = Column(Words)
    count_min = Column(BigInteger)
    count_max = Column(BigInteger)
    males = Column(BigInteger)
    females = Column(BigInteger)
    unsexed = Column(BigInteger)
    notes = Column(Words)


transfer_line = Table(
    "transfer_line",
    metadata,
    _TransferLine,
    PrimaryKeyConstraint("transfer_id", "key"),
    key("key"),
    one_of("term", Term),
    counted(),
    check("males >= 0 AND females >= 0 AND unsexed >= 0", "sexes"),
    *lengths(notes=NOTES_LENGTH),
)


class _LineAnimal(TypedColumns):
    transfer_id = Column(Integer, nullable=False)
    line_key = Column(Words, nullable=False)
    animal_id = Column(Integer, ForeignKey("animal.id"), nullable=False, index=True)


line_animal = Table(
    "line_animal",
    metadata,
    _LineAnimal,
    PrimaryKeyConstraint("transfer_id", "line_key", "animal_id"),
    ForeignKeyConstraint(["transfer_id", "line_key"], ["transfer_line.transfer_id", "transfer_line.key"]),
)


class _Participant(TypedColumns):
    transfer_id = Column(Integer, ForeignKey("transfer.id"), nullable=False)
    key = Column(Words, nullable=False)
    person_id = Column(Integer, ForeignKey("person.id"), index=True)
    institution_id = Column(Integer, ForeignKey("institution.id"), index=True)
    role = Column(Words)
    capacity = Column(Words)
    on_behalf_of_id = Column(Integer, ForeignKey("institution.id"), index=True)


participant = Table(
    "participant",
    metadata,
    _Participant,
    PrimaryKeyConstraint("transfer_id", "key"),
    key("key"),
    one_of("role", Role),
    *lengths(capacity=VALUE_LENGTH),
    check("person_id IS NULL OR institution_id IS NULL", "one_who"),
)


class _TransferLink(TypedColumns):
    transfer_id = Column(Integer, ForeignKey("transfer.id"), nullable=False)
    kind = Column(Words, nullable=False)
    to_id = Column(Integer, ForeignKey("transfer.id"), nullable=False, index=True)


transfer_link = Table(
    "transfer_link",
    metadata,
    _TransferLink,
    PrimaryKeyConstraint("transfer_id", "kind", "to_id"),
    one_of("kind", LinkKind),
    check("transfer_id <> to_id", "to_id"),
)
