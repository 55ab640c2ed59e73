"""The tables, from the spine outwards: columns conclude, claims say, decisions say why."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import Column, Table

from zoo_provenance.tables.declaring import metadata
from zoo_provenance.tables.evidence import claim, decision, dismissal, judgement, waiver
from zoo_provenance.tables.history import batch, change
from zoo_provenance.tables.records import (
    animal,
    dataset,
    descent,
    institution,
    person,
    record,
    source,
    source_basis,
    taxon,
)
from zoo_provenance.tables.transfers import line_animal, participant, transfer, transfer_line, transfer_link
from zoo_provenance.vocabulary import Kind

__all__ = [
    "KIND_TABLES",
    "OWNER_TABLES",
    "animal",
    "batch",
    "change",
    "claim",
    "dataset",
    "decision",
    "descent",
    "dismissal",
    "institution",
    "judgement",
    "line_animal",
    "metadata",
    "participant",
    "person",
    "record",
    "record_id_of",
    "source",
    "source_basis",
    "taxon",
    "transfer",
    "transfer_line",
    "transfer_link",
    "waiver",
]

KIND_TABLES = {
    Kind.TAXON: taxon,
    Kind.INSTITUTION: institution,
    Kind.PERSON: person,
    Kind.SOURCE: source,
    Kind.ANIMAL: animal,
    Kind.TRANSFER: transfer,
}
"""The table of each kind of record."""

OWNER_TABLES: Mapping[str, Table] = {
    **{kind.value: table for kind, table in KIND_TABLES.items()},
    "line": transfer_line,
    "participant": participant,
}
"""The table that concludes the fields of each owner: a kind of record, a line or a participant."""


def record_id_of(owner: str) -> Column[int]:
    """Return the column of an owner's table that says which record its rows are of."""
    table = OWNER_TABLES[owner]
    return table.c.transfer_id if owner in {"line", "participant"} else table.c.id
