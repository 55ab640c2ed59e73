"""The registry of fields: what can be said of each kind of record, of a line and of a participant."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from zoo_provenance.vocabulary import (
    CitesAppendix,
    Existence,
    InstitutionKind,
    Iucn,
    Kind,
    Origin,
    Rank,
    Reliability,
    Role,
    Sex,
    SourceKind,
    Status,
    Term,
    TransferKind,
)


class Shape(StrEnum):
    """How the value of a field is written and compared."""

    DATE = "date"
    COUNT = "count"
    WORD = "word"
    TEXT = "text"
    RECORD = "record"
    FLAG = "flag"


@dataclass(frozen=True)
class Field:
    """One thing that can be said of a record, a line or a participant.

    `name` is the seed file's word; `column` the column (or the stem of the columns) that concludes it, None
    where the claims are all there is; `words` the allowed words of a word; `kinds` what a record may be.
    A field that `identifies` needs no source. A field of which there may be `many` has no rivals.
    """

    name: str
    shape: Shape
    column: str | None = None
    words: type[StrEnum] | None = None
    kinds: tuple[Kind, ...] = ()
    identifies: bool = False
    many: bool = False
    changes: bool = False


def _word(name: str, words: type[StrEnum], column: str | None = None, *, identifies: bool = False) -> Field:
    return Field(name, Shape.WORD, column or name, words=words, identifies=identifies)


def _text(name: str, column: str | None = None, *, identifies: bool = False) -> Field:
    return Field(name, Shape.TEXT, column or name, identifies=identifies)


def _date(name: str, column: str | None = None) -> Field:
    return Field(name, Shape.DATE, column or name)


def _record(name: str, column: str | None, *kinds: Kind, identifies: bool = False) -> Field:
    return Field(name, Shape.RECORD, column, kinds=kinds, identifies=identifies)


COUNT = Field("count", Shape.COUNT, "count")

_ENTRIES: dict[str, tuple[Field, ...]] = {
    "taxon": (
        _text("scientific_name", identifies=True),
        _word("rank", Rank, identifies=True),
        _record("parent", "parent_id", Kind.TAXON, identifies=True),
        Field("cites_appendix", Shape.WORD, "cites_appendix", words=CitesAppendix, changes=True),
        Field("iucn", Shape.WORD, "iucn", words=Iucn, changes=True),
    ),
    "institution": (
        _word("kind", InstitutionKind, identifies=True),
        _text("country"),
        _text("city"),
        _date("founded"),
        _date("closed"),
        _record("parent", "parent_id", Kind.INSTITUTION),
        _record("successor", "successor_id", Kind.INSTITUTION),
        Field("cites_party", Shape.WORD, words=Existence, changes=True),
    ),
    "person": (Field("office", Shape.TEXT, many=True, changes=True),),
    "source": (
        _word("kind", SourceKind, identifies=True),
        _text("publisher", identifies=True),
        _text("title", identifies=True),
        _text("url", identifies=True),
        _text("archived_url", identifies=True),
        _text("language", identifies=True),
        Field("published", Shape.DATE, "published", identifies=True),
        Field("accessed", Shape.DATE, "accessed", identifies=True),
        _word("reliability", Reliability, identifies=True),
    ),
    "animal": (
        _record("taxon", "taxon_id", Kind.TAXON, identifies=True),
        _word("sex", Sex),
        COUNT,
        _date("born"),
        _record("born_at", "born_at_id", Kind.INSTITUTION),
        _record("owner_at_birth", "owner_at_birth_id", Kind.INSTITUTION),
        _date("died"),
        _record("died_at", "died_at_id", Kind.INSTITUTION),
        _word("origin", Origin),
        Field("dam", Shape.RECORD, kinds=(Kind.ANIMAL,), many=True),
        Field("sire", Shape.RECORD, kinds=(Kind.ANIMAL,), many=True),
        Field("parent", Shape.RECORD, kinds=(Kind.ANIMAL,), many=True),
        Field("split_from", Shape.RECORD, kinds=(Kind.ANIMAL,), many=True),
        Field("merged_from", Shape.RECORD, kinds=(Kind.ANIMAL,), many=True),
    ),
    "transfer": (
        _word("kind", TransferKind),
        _word("status", Status),
        Field("custody", Shape.FLAG, "passes_custody", words=Existence),
        Field("title", Shape.FLAG, "passes_title", words=Existence),
        _record("from", "origin_id", Kind.INSTITUTION),
        _record("to", "destination_id", Kind.INSTITUTION),
        _date("date"),
        _date("until"),
        _text("transport"),
        Field("count", Shape.COUNT),
    ),
    "line": (
        _record("taxon", "taxon_id", Kind.TAXON),
        _word("term", Term),
        COUNT,
    ),
    "participant": (
        _record("who", None, Kind.PERSON, Kind.INSTITUTION),
        _word("role", Role),
        _text("as", "capacity"),
        _record("on_behalf_of", "on_behalf_of_id", Kind.INSTITUTION),
    ),
}

FIELDS: Mapping[str, Mapping[str, Field]] = MappingProxyType(
    {owner: MappingProxyType({field.name: field for field in fields}) for owner, fields in _ENTRIES.items()}
)
"""The fields of each kind of record, of a line and of a participant, by the seed file's word."""

PARTS = ("line", "participant")
"""The owners of fields that are parts of a transfer."""

EVERYWHERE: Mapping[str, Field] = MappingProxyType(
    {
        "name": Field("name", Shape.TEXT, identifies=True, many=True),
        "name.former": Field("name.former", Shape.TEXT, identifies=True, many=True),
        "formerly": Field("formerly", Shape.TEXT, identifies=True, many=True),
        "exists": Field("exists", Shape.WORD, words=Existence),
        "id": Field("id", Shape.TEXT, identifies=True, many=True),
        "statement": Field("statement", Shape.TEXT),
        "date": Field("date", Shape.DATE),
    }
)
"""Fields every record may have; `id`, `statement` and `date` stand for `id.<scheme>` and so on."""


def field_named(owner: str, name: str) -> Field | None:
    """Return the field an owner (a kind, `line` or `participant`) has under a name, or None."""
    own = FIELDS[owner].get(name) or EVERYWHERE.get(name)
    if own is not None:
        return own
    stem, dot, rest = name.partition(".")
    if dot and rest and stem in {"id", "statement", "date"}:
        return EVERYWHERE[stem]
    return None


def owner_of(kind: str, part: str) -> str:
    """Return whose fields apply at a part of a record: the kind's, a line's or a participant's."""
    if part.startswith("lines/"):
        return "line"
    return "participant" if part.startswith("participants/") else kind


def columns_of(owner: str, field: Field) -> tuple[str, ...]:
    """Return the columns that hold the conclusion of a field."""
    if field.column is None:
        return ("person_id", "institution_id") if field.name == "who" else ()
    if field.shape is Shape.DATE:
        return field.column, f"{field.column}_earliest", f"{field.column}_latest"
    if field.shape is Shape.COUNT:
        sexes = ("males", "females", "unsexed") if owner == "line" else ()
        return "count", "count_min", "count_max", *sexes
    return (field.column,)
