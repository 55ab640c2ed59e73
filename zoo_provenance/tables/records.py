"""The spine, and what is of one kind: taxa, institutions, people, sources, animals."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    Float,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    PrimaryKeyConstraint,
    Table,
    TypedColumns,
    UniqueConstraint,
)

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
from zoo_provenance.vocabulary import (
    LABEL_LENGTH,
    NOTES_LENGTH,
    VALUE_LENGTH,
    CitesAppendix,
    DescentRole,
    InstitutionKind,
    Iucn,
    Kind,
    Origin,
    Rank,
    Reliability,
    Sex,
    SourceKind,
)


class _Dataset(TypedColumns):
    id = Column(Integer, primary_key=True)
    name = Column(Words, nullable=False)
    title = Column(Words)
    description = Column(Words)
    licence = Column(Words)


dataset = Table("dataset", metadata, _Dataset, UniqueConstraint("name"), *lengths(name=100))


class _Record(TypedColumns):
    id = Column(Integer, primary_key=True)
    kind = Column(Words, nullable=False)
    slug = Column(Words, nullable=False)
    label = Column(Words, nullable=False)
    search_key = Column(Words, nullable=False)
    notes = Column(Words)
    dataset_id = Column(Integer, ForeignKey("dataset.id"), nullable=False, index=True)
    merged_into_id = Column(Integer)


record = Table(
    "record",
    metadata,
    _Record,
    UniqueConstraint("slug"),
    UniqueConstraint("id", "kind"),
    # A survivor of the record's own kind.
    ForeignKeyConstraint(["merged_into_id", "kind"], ["record.id", "record.kind"]),
    one_of("kind", Kind),
    key("slug"),
    *lengths(label=LABEL_LENGTH, notes=NOTES_LENGTH),
    check(f"length(search_key) <= {VALUE_LENGTH}", "search_key_length"),
    check("merged_into_id <> id", "merged_into_id"),
    Index(None, "search_key"),
    # Of the merged alone: with all in it, SQLite takes "not merged" for a choice of few, and scans. Said in `info`,
    # as a condition of PostgreSQL's would load all of its dialect at every start.
    Index(None, "merged_into_id", info={"where": "merged_into_id IS NOT NULL"}),
    sqlite_autoincrement=True,
)


class _Taxon(TypedColumns):
    id = Column(Integer, primary_key=True, autoincrement=False)
    record_kind = kind_column(Kind.TAXON)
    scientific_name = Column(Words)
    rank = Column(Words)
    parent_id = Column(Integer, ForeignKey("taxon.id"), index=True)
    cites_appendix = Column(Words)
    iucn = Column(Words)


taxon = Table(
    "taxon",
    metadata,
    _Taxon,
    *of_kind(Kind.TAXON),
    one_of("rank", Rank),
    one_of("cites_appendix", CitesAppendix),
    one_of("iucn", Iucn),
    *lengths(scientific_name=LABEL_LENGTH),
    check("parent_id <> id", "parent_id"),
)


class _Institution(TypedColumns):
    id = Column(Integer, primary_key=True, autoincrement=False)
    record_kind = kind_column(Kind.INSTITUTION)
    kind = Column(Words)
    country = Column(Words)
    city = Column(Words)
    founded = Column(Words)
    founded_earliest = Column(Words)
    founded_latest = Column(Words)
    closed = Column(Words)
    closed_earliest = Column(Words)
    closed_latest = Column(Words)
    parent_id = Column(Integer, ForeignKey("institution.id"), index=True)
    successor_id = Column(Integer, ForeignKey("institution.id"), index=True)


institution = Table(
    "institution",
    metadata,
    _Institution,
    *of_kind(Kind.INSTITUTION),
    one_of("kind", InstitutionKind),
    check("length(country) IN (2, 4) AND ltrim(country, 'ABCDEFGHIJKLMNOPQRSTUVWXYZ') = ''", "country"),
    *lengths(city=LABEL_LENGTH),
    *dates("founded", "closed"),
    check("parent_id <> id", "parent_id"),
    check("successor_id <> id", "successor_id"),
)


class _Person(TypedColumns):
    id = Column(Integer, primary_key=True, autoincrement=False)
    record_kind = kind_column(Kind.PERSON)


person = Table("person", metadata, _Person, *of_kind(Kind.PERSON))


class _Source(TypedColumns):
    id = Column(Integer, primary_key=True, autoincrement=False)
    record_kind = kind_column(Kind.SOURCE)
    kind = Column(Words)
    publisher = Column(Words)
    title = Column(Words)
    url = Column(Words)
    archived_url = Column(Words)
    language = Column(Words)
    published = Column(Words)
    published_earliest = Column(Words)
    published_latest = Column(Words)
    accessed = Column(Words)
    accessed_earliest = Column(Words)
    accessed_latest = Column(Words)
    reliability = Column(Words)


source = Table(
    "source",
    metadata,
    _Source,
    *of_kind(Kind.SOURCE),
    one_of("kind", SourceKind),
    one_of("reliability", Reliability),
    *lengths(publisher=LABEL_LENGTH, title=VALUE_LENGTH, url=2000, archived_url=2000, language=35),
    *dates("published", "accessed"),
)


class _SourceBasis(TypedColumns):
    source_id = Column(Integer, ForeignKey("source.id"), nullable=False)
    based_on_id = Column(Integer, ForeignKey("source.id"), nullable=False, index=True)


source_basis = Table(
    "source_basis",
    metadata,
    _SourceBasis,
    PrimaryKeyConstraint("source_id", "based_on_id"),
    check("source_id <> based_on_id", "based_on_id"),
)


class _Animal(TypedColumns):
    id = Column(Integer, primary_key=True, autoincrement=False)
    record_kind = kind_column(Kind.ANIMAL)
    taxon_id = Column(Integer, ForeignKey("taxon.id"), index=True)
    sex = Column(Words)
    count = Column(Words)
    count_min = Column(BigInteger)
    count_max = Column(BigInteger)
    born = Column(Words)
    born_earliest = Column(Words)
    born_latest = Column(Words)
    born_at_id = Column(Integer, ForeignKey("institution.id"), index=True)
    owner_at_birth_id = Column(Integer, ForeignKey("institution.id"), index=True)
    died = Column(Words)
    died_earliest = Column(Words)
    died_latest = Column(Words)
    died_at_id = Column(Integer, ForeignKey("institution.id"), index=True)
    origin = Column(Words)


animal = Table(
    "animal",
    metadata,
    _Animal,
    *of_kind(Kind.ANIMAL),
    one_of("sex", Sex),
    counted(),
    *dates("born", "died"),
    one_of("origin", Origin),
)


class _Descent(TypedColumns):
    child_id = Column(Integer, ForeignKey("animal.id"), nullable=False)
    parent_id = Column(Integer, ForeignKey("animal.id"), nullable=False, index=True)
    role = Column(Words, nullable=False)
    probability = Column(Float)


descent = Table(
    "descent",
    metadata,
    _Descent,
    PrimaryKeyConstraint("child_id", "parent_id", "role"),
    one_of("role", DescentRole),
    check("probability > 0 AND probability <= 1", "probability"),
    check("child_id <> parent_id", "parent_id"),
)
