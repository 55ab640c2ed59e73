"""The words of the domain: kinds, code lists, and the registry of fields."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

SLUG_PATTERN = r"[a-z0-9][a-z0-9._-]{0,99}"
SLUG = re.compile(SLUG_PATTERN)

LABEL_LENGTH = 200
VALUE_LENGTH = 400
LOCATOR_LENGTH = 100
QUOTE_LENGTH = 500
NOTE_LENGTH = 1000
NOTES_LENGTH = 4000


class Kind(StrEnum):
    """The six kinds of thing that have a life of their own."""

    TAXON = "taxon"
    INSTITUTION = "institution"
    PERSON = "person"
    SOURCE = "source"
    ANIMAL = "animal"
    TRANSFER = "transfer"


class InstitutionKind(StrEnum):
    """What sort of holder, owner or place an institution is."""

    ZOO = "zoo"
    AQUARIUM = "aquarium"
    MUSEUM = "museum"
    UNIVERSITY = "university"
    HOSPITAL = "hospital"
    BREEDER = "breeder"
    DEALER = "dealer"
    COMPANY = "company"
    HOUSEHOLD = "household"
    MINISTRY = "ministry"
    AGENCY = "agency"
    ASSOCIATION = "association"
    PARK = "park"
    COUNTRY = "country"
    PLACE = "place"
    WILD = "wild"
    OTHER = "other"


class SourceKind(StrEnum):
    """What sort of document or statement a source is."""

    PRESS_RELEASE = "press_release"
    OFFICIAL = "official"
    AGENCY = "agency"
    NEWS = "news"
    NEWS_COPY = "news_copy"
    STATE_MEDIA = "state_media"
    BROADCAST = "broadcast"
    INTERVIEW = "interview"
    NGO = "ngo"
    ANALYSIS = "analysis"
    OPINION = "opinion"
    BLOG = "blog"
    AGGREGATOR = "aggregator"
    WIKI = "wiki"
    ZOO_PAGE = "zoo_page"
    PLAQUE = "plaque"
    STUDBOOK = "studbook"
    REGISTRY = "registry"
    RED_LIST = "red_list"
    LAW = "law"
    PROPOSAL = "proposal"
    PERMIT = "permit"
    IMPORTER_REPORT = "importer_report"
    EXPORTER_REPORT = "exporter_report"
    ARCHIVE = "archive"
    LETTER = "letter"
    BOOK = "book"
    REFERENCE = "reference"
    OTHER = "other"


class Rank(StrEnum):
    """Taxonomic ranks, and below the species the breeds and forms zoos speak of."""

    KINGDOM = "kingdom"
    PHYLUM = "phylum"
    CLASS = "class"
    ORDER = "order"
    FAMILY = "family"
    SUBFAMILY = "subfamily"
    GENUS = "genus"
    SPECIES = "species"
    SUBSPECIES = "subspecies"
    BREED = "breed"
    FORM = "form"


class CitesAppendix(StrEnum):
    """Appendices of CITES; `N` is the convention's own code for a taxon not listed."""

    I = "I"  # noqa: E741 - the appendix is called that
    II = "II"
    III = "III"
    SPLIT = "I/II"
    NOT_LISTED = "N"


class Iucn(StrEnum):
    """Red List categories, version 3.1."""

    LC = "LC"
    NT = "NT"
    VU = "VU"
    EN = "EN"
    CR = "CR"
    EW = "EW"
    EX = "EX"
    DD = "DD"
    NE = "NE"


class Sex(StrEnum):
    """The sex of an animal; `mixed` of a group."""

    MALE = "male"
    FEMALE = "female"
    HERMAPHRODITE = "hermaphrodite"
    MIXED = "mixed"


class Origin(StrEnum):
    """Whether an animal was taken from the wild or born in human care."""

    WILD = "wild"
    CAPTIVE = "captive"


class Reliability(StrEnum):
    """Reliability of a source, Admiralty code: A completely reliable to E unreliable, F cannot be judged."""

    A = "A"
    B = "B"
    C = "C"
    D = "D"
    E = "E"
    F = "F"


class DescentRole(StrEnum):
    """How an animal or a group comes from another."""

    DAM = "dam"
    SIRE = "sire"
    PARENT = "parent"
    SPLIT_FROM = "split_from"
    MERGED_FROM = "merged_from"


class TransferKind(StrEnum):
    """On what terms animals changed hands."""

    GIFT = "gift"
    SALE = "sale"
    EXCHANGE = "exchange"
    BEQUEST = "bequest"
    CAPTURE = "capture"
    SEIZURE = "seizure"
    RESCUE = "rescue"
    RELEASE = "release"
    LOAN = "loan"
    RETURN = "return"
    CUSTODY_TRANSFER = "custody_transfer"
    STOP = "stop"
    ESCAPE = "escape"
    OWNERSHIP_TRANSFER = "ownership_transfer"


class Status(StrEnum):
    """Whether a transfer took place."""

    COMPLETED = "completed"
    PLANNED = "planned"
    CANCELLED = "cancelled"
    UNCONFIRMED = "unconfirmed"


class Role(StrEnum):
    """What somebody did in a transfer."""

    GIVER = "giver"
    LENDER = "lender"
    RECIPIENT = "recipient"
    DELIVERED = "delivered"
    ESCORTED = "escorted"
    RECEIVED = "received"
    ARRANGED = "arranged"
    ORDERED = "ordered"
    OVERSAW = "oversaw"
    SIGNED = "signed"
    ANNOUNCED = "announced"
    TRANSPORTED = "transported"
    WITNESSED = "witnessed"
    BROKER = "broker"
    VETERINARIAN = "veterinarian"
    OTHER = "other"


class LinkKind(StrEnum):
    """How one transfer bears on another: `ends` a loan, `answers` a gift, is `exchanged_for` a consignment."""

    ENDS = "ends"
    ANSWERS = "answers"
    EXCHANGED_FOR = "exchanged_for"


class Term(StrEnum):
    """CITES terms for what a line may consist of (guide to the CITES Trade Database, annex 1)."""

    LIVE = "LIV"
    BODY = "BOD"
    BONE = "BON"
    EGG = "EGG"
    LIVE_EGG = "EGL"
    FEATHER = "FEA"
    FINGERLING = "FIG"
    HAIR = "HAI"
    HORN = "HOR"
    IVORY = "IVP"
    SKELETON = "SKE"
    SKIN = "SKI"
    SKULL = "SKU"
    SPECIMEN = "SPE"
    TROPHY = "TRO"
    TUSK = "TUS"


class Stance(StrEnum):
    """What a source does with a value; `silent`: it was searched and says nothing."""

    SUPPORTS = "supports"
    CONTRADICTS = "contradicts"
    SILENT = "silent"


class Certainty(StrEnum):
    """How sure a source is of what it says."""

    CERTAIN = "certain"
    PROBABLE = "probable"
    POSSIBLE = "possible"


class Verdict(StrEnum):
    """How two values compare, best first."""

    AGREE = "agree"
    REFINES = "refines"
    POSSIBLE = "possible"
    CONFLICT = "conflict"


class Existence(StrEnum):
    """That a thing exists, or happened at all."""

    YES = "yes"
    NO = "no"


PASSES: Mapping[str, tuple[bool | None, bool | None]] = MappingProxyType(
    {
        **dict.fromkeys(
            ("gift", "sale", "exchange", "bequest", "capture", "seizure", "rescue", "release"), (True, True)
        ),
        **dict.fromkeys(("loan", "return", "custody_transfer", "stop", "escape"), (True, False)),
        "ownership_transfer": (False, True),
    }
)
"""Whether custody and title pass by default, by kind of transfer (CIDOC CRM E10 and E8)."""


def passed_by(kinds: Iterable[str]) -> tuple[bool | None, bool | None]:
    """Return whether custody and title pass whichever of some kinds it was; None where that depends."""
    defaults = [PASSES.get(kind, (None, None)) for kind in kinds]
    custody, title = ({flags[at] for flags in defaults} for at in (0, 1))
    return custody.pop() if len(custody) == 1 else None, title.pop() if len(title) == 1 else None


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
