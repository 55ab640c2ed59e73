"""The words of the domain: kinds and code lists."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
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
