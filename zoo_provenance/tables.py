"""The tables, from the spine outwards: columns conclude, claims say, decisions say why."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Float,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
    TypedColumns,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy import (
    Boolean as Flag,
)

from zoo_provenance.vocabulary import (
    LABEL_LENGTH,
    LOCATOR_LENGTH,
    NOTE_LENGTH,
    NOTES_LENGTH,
    QUOTE_LENGTH,
    VALUE_LENGTH,
    Certainty,
    CitesAppendix,
    DescentRole,
    InstitutionKind,
    Iucn,
    Kind,
    LinkKind,
    Origin,
    Rank,
    Reliability,
    Role,
    Sex,
    SourceKind,
    Stance,
    Status,
    Term,
    TransferKind,
)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# The same order and comparison on every engine: bytes, not the server's language.
Words = String().with_variant(String(collation="C"), "postgresql")

_SLUG_CHARACTERS = "abcdefghijklmnopqrstuvwxyz0123456789"


def _check(sql: str, name: str) -> CheckConstraint:
    return CheckConstraint(text(sql), name=name)


def _words(column: str, words: type[StrEnum]) -> CheckConstraint:
    listed = ", ".join(f"'{word.value}'" for word in words)
    return _check(f"{column} IN ({listed})", column)


def _key(column: str) -> CheckConstraint:
    return _check(
        f"length({column}) <= 100 AND length({column}) > 0"
        f" AND ltrim({column}, '{_SLUG_CHARACTERS}._-') = ''"
        f" AND ltrim(substr({column}, 1, 1), '{_SLUG_CHARACTERS}') = ''",
        column,
    )


def _lengths(**longest: int) -> Iterable[CheckConstraint]:
    return [
        _check(f"length({column}) > 0 AND length({column}) <= {most}", f"{column}_length")
        for column, most in longest.items()
    ]


def _day(column: str) -> str:
    return (
        f"({column} IS NULL OR ({column} LIKE '____-__-__' AND length(replace({column}, '-', '')) = 8"
        f" AND ltrim(replace({column}, '-', ''), '0123456789') = ''))"
    )


def _dates(*columns: str) -> Iterable[CheckConstraint]:
    for column in columns:
        earliest, latest = f"{column}_earliest", f"{column}_latest"
        yield _check(
            f"{_day(earliest)} AND {_day(latest)} AND ({earliest} IS NULL OR {latest} IS NULL OR {earliest} <= {latest})"
            f" AND ({column} IS NOT NULL OR ({earliest} IS NULL AND {latest} IS NULL))"
            f" AND ({column} IS NULL OR length({column}) <= {LABEL_LENGTH})",
            column,
        )


def _count() -> CheckConstraint:
    return _check(
        "(count_min IS NULL OR count_min >= 0) AND (count_min IS NULL OR count_max IS NULL OR count_min <= count_max)"
        " AND ((count IS NULL) = (count_min IS NULL)) AND (count_max IS NULL OR count IS NOT NULL)"
        f" AND (count IS NULL OR length(count) <= {LABEL_LENGTH})",
        "count",
    )


def _of_kind(kind: Kind) -> tuple[CheckConstraint | ForeignKeyConstraint, ...]:
    return (
        _check(f"record_kind = '{kind.value}'", "record_kind"),
        ForeignKeyConstraint(["id", "record_kind"], ["record.id", "record.kind"]),
    )


class _Dataset(TypedColumns):
    id = Column(Integer, primary_key=True)
    name = Column(Words, nullable=False)
    title = Column(Words)
    description = Column(Words)
    licence = Column(Words)


dataset = Table("dataset", metadata, _Dataset, UniqueConstraint("name"), *_lengths(name=100))


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
    _check("row_id_last IS NULL OR row_id_last >= row_id", "row_id_last"),
    sqlite_autoincrement=True,
)


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
    _words("kind", Kind),
    _key("slug"),
    *_lengths(label=LABEL_LENGTH, notes=NOTES_LENGTH),
    _check(f"length(search_key) <= {VALUE_LENGTH}", "search_key_length"),
    _check("merged_into_id <> id", "merged_into_id"),
    Index(None, "search_key"),
    # Of the merged alone: with all in it, SQLite takes "not merged" for a choice of few, and scans. Said in `info`,
    # as a condition of PostgreSQL's would load all of its dialect at every start.
    Index(None, "merged_into_id", info={"where": "merged_into_id IS NOT NULL"}),
    sqlite_autoincrement=True,
)


def _kind(kind: Kind) -> Column[str]:
    return Column("record_kind", Words, nullable=False, server_default=text(f"'{kind.value}'"))


class _Taxon(TypedColumns):
    id = Column(Integer, primary_key=True, autoincrement=False)
    record_kind = _kind(Kind.TAXON)
    scientific_name = Column(Words)
    rank = Column(Words)
    parent_id = Column(Integer, ForeignKey("taxon.id"), index=True)
    cites_appendix = Column(Words)
    iucn = Column(Words)


taxon = Table(
    "taxon",
    metadata,
    _Taxon,
    *_of_kind(Kind.TAXON),
    _words("rank", Rank),
    _words("cites_appendix", CitesAppendix),
    _words("iucn", Iucn),
    *_lengths(scientific_name=LABEL_LENGTH),
    _check("parent_id <> id", "parent_id"),
)


class _Institution(TypedColumns):
    id = Column(Integer, primary_key=True, autoincrement=False)
    record_kind = _kind(Kind.INSTITUTION)
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
    *_of_kind(Kind.INSTITUTION),
    _words("kind", InstitutionKind),
    _check("length(country) IN (2, 4) AND ltrim(country, 'ABCDEFGHIJKLMNOPQRSTUVWXYZ') = ''", "country"),
    *_lengths(city=LABEL_LENGTH),
    *_dates("founded", "closed"),
    _check("parent_id <> id", "parent_id"),
    _check("successor_id <> id", "successor_id"),
)


class _Person(TypedColumns):
    id = Column(Integer, primary_key=True, autoincrement=False)
    record_kind = _kind(Kind.PERSON)


person = Table("person", metadata, _Person, *_of_kind(Kind.PERSON))


class _Source(TypedColumns):
    id = Column(Integer, primary_key=True, autoincrement=False)
    record_kind = _kind(Kind.SOURCE)
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
    *_of_kind(Kind.SOURCE),
    _words("kind", SourceKind),
    _words("reliability", Reliability),
    *_lengths(publisher=LABEL_LENGTH, title=VALUE_LENGTH, url=2000, archived_url=2000, language=35),
    *_dates("published", "accessed"),
)


class _SourceBasis(TypedColumns):
    source_id = Column(Integer, ForeignKey("source.id"), nullable=False)
    based_on_id = Column(Integer, ForeignKey("source.id"), nullable=False, index=True)


source_basis = Table(
    "source_basis",
    metadata,
    _SourceBasis,
    PrimaryKeyConstraint("source_id", "based_on_id"),
    _check("source_id <> based_on_id", "based_on_id"),
)


class _Animal(TypedColumns):
    id = Column(Integer, primary_key=True, autoincrement=False)
    record_kind = _kind(Kind.ANIMAL)
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
    *_of_kind(Kind.ANIMAL),
    _words("sex", Sex),
    _count(),
    *_dates("born", "died"),
    _words("origin", Origin),
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
    _words("role", DescentRole),
    _check("probability > 0 AND probability <= 1", "probability"),
    _check("child_id <> parent_id", "parent_id"),
)


class _Transfer(TypedColumns):
    id = Column(Integer, primary_key=True, autoincrement=False)
    record_kind = _kind(Kind.TRANSFER)
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
    *_of_kind(Kind.TRANSFER),
    _words("kind", TransferKind),
    _words("status", Status),
    *_dates("date", "until"),
    *_lengths(transport=VALUE_LENGTH),
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
    _key("key"),
    _words("term", Term),
    _count(),
    _check("males >= 0 AND females >= 0 AND unsexed >= 0", "sexes"),
    *_lengths(notes=NOTES_LENGTH),
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
    _key("key"),
    _words("role", Role),
    *_lengths(capacity=VALUE_LENGTH),
    _check("person_id IS NULL OR institution_id IS NULL", "one_who"),
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
    _words("kind", LinkKind),
    _check("transfer_id <> to_id", "to_id"),
)


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
    dataset_id = Column(Integer, ForeignKey("dataset.id"), nullable=False, index=True)
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
    _check(
        "(line_key IS NULL AND participant_key IS NULL AND part = '')"
        " OR (line_key IS NOT NULL AND participant_key IS NULL AND part = 'lines/' || line_key)"
        " OR (line_key IS NULL AND participant_key IS NOT NULL AND part = 'participants/' || participant_key)",
        "part",
    ),
    _check(
        "(field = '' AND stance = 'supports' AND value IS NULL AND value_record_id IS NULL AND source_id IS NOT NULL)"
        " OR (field <> '' AND stance = 'silent' AND value IS NULL AND value_record_id IS NULL"
        " AND source_id IS NOT NULL)"
        " OR (field <> '' AND stance <> 'silent' AND (value IS NULL) <> (value_record_id IS NULL))",
        "value",
    ),
    _words("stance", Stance),
    _words("certainty", Certainty),
    _check(
        "(low IS NULL OR length(low) = 10) AND (high IS NULL OR length(high) = 10)"
        " AND (low IS NULL OR high IS NULL OR low <= high)",
        "low",
    ),
    *_dates("during"),
    *_lengths(value=VALUE_LENGTH, quote=QUOTE_LENGTH, note=NOTE_LENGTH),
    _check(
        f"length(locator) <= {LOCATOR_LENGTH} AND length(language) <= 35 AND length(field) <= 120"
        f" AND length(search_key) <= {VALUE_LENGTH}",
        "lengths",
    ),
    _check("quote IS NULL OR source_id IS NOT NULL", "quote"),
    Index(None, "field", "search_key"),
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
    _check("field <> '' AND length(field) <= 120 AND length(part) <= 120 AND length(language) <= 35", "field"),
    _check("value IS NULL OR value_record_id IS NULL", "one_value"),
    _check(f"length(trim(reason)) > 0 AND length(reason) <= {NOTE_LENGTH}", "reason"),
    *_lengths(value=VALUE_LENGTH),
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
    _check(f"length(trim(reason)) > 0 AND length(reason) <= {NOTE_LENGTH}", "reason"),
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
    _check(f"length(trim(reason)) > 0 AND length(reason) <= {NOTE_LENGTH}", "reason"),
    *_lengths(rule=100),
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
    _check("record_id < other_id", "other_id"),
    _check(f"length(trim(reason)) > 0 AND length(reason) <= {NOTE_LENGTH}", "reason"),
)

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
