"""The tables as they were first released.

A migration imports nothing of this project and never changes once it is released: it describes the
tables as they were. SQLite and PostgreSQL run the same one.
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

WORDS = sa.String().with_variant(sa.String(collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "batch",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at", WORDS, nullable=False),
        sa.Column("actor", WORDS, nullable=False),
        sa.Column("command", WORDS, nullable=False),
        sa.Column("reason", WORDS, nullable=True),
        sa.Column("undoes_id", sa.Integer(), nullable=True),
        sa.Column("input_digest", WORDS, nullable=True),
        sa.Column("previous_digest", WORDS, nullable=True),
        sa.Column("digest", WORDS, nullable=False),
        sa.ForeignKeyConstraint(["undoes_id"], ["batch.id"], name=op.f("fk_batch_undoes_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_batch")),
        sa.UniqueConstraint("digest", name=op.f("uq_batch_digest")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "dataset",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", WORDS, nullable=False),
        sa.Column("title", WORDS, nullable=True),
        sa.Column("description", WORDS, nullable=True),
        sa.Column("licence", WORDS, nullable=True),
        sa.CheckConstraint("length(name) > 0 AND length(name) <= 100", name=op.f("ck_dataset_name_length")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dataset")),
        sa.UniqueConstraint("name", name=op.f("uq_dataset_name")),
    )
    op.create_table(
        "change",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("batch_id", sa.Integer(), nullable=False),
        sa.Column("table_name", WORDS, nullable=False),
        sa.Column("row_id", sa.Integer(), nullable=False),
        sa.Column("row_id_last", sa.Integer(), nullable=True),
        sa.Column("row_key", WORDS, nullable=True),
        sa.Column("before", WORDS, nullable=True),
        sa.Column("after", WORDS, nullable=True),
        sa.CheckConstraint("row_id_last IS NULL OR row_id_last >= row_id", name=op.f("ck_change_row_id_last")),
        sa.ForeignKeyConstraint(["batch_id"], ["batch.id"], name=op.f("fk_change_batch_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_change")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_change_batch_id"), "change", ["batch_id"], unique=False)
    op.create_index(op.f("ix_change_table_name_row_id"), "change", ["table_name", "row_id"], unique=False)
    op.create_table(
        "record",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", WORDS, nullable=False),
        sa.Column("slug", WORDS, nullable=False),
        sa.Column("label", WORDS, nullable=False),
        sa.Column("search_key", WORDS, nullable=False),
        sa.Column("notes", WORDS, nullable=True),
        sa.Column("dataset_id", sa.Integer(), nullable=False),
        sa.Column("merged_into_id", sa.Integer(), nullable=True),
        sa.CheckConstraint(
            "kind IN ('taxon', 'institution', 'person', 'source', 'animal', 'transfer')", name=op.f("ck_record_kind")
        ),
        sa.CheckConstraint(
            "length(slug) <= 100 AND length(slug) > 0 AND ltrim(slug, 'abcdefghijklmnopqrstuvwxyz0123456789._-') = '' AND ltrim(substr(slug, 1, 1), 'abcdefghijklmnopqrstuvwxyz0123456789') = ''",
            name=op.f("ck_record_slug"),
        ),
        sa.CheckConstraint("length(label) > 0 AND length(label) <= 200", name=op.f("ck_record_label_length")),
        sa.CheckConstraint("length(notes) > 0 AND length(notes) <= 4000", name=op.f("ck_record_notes_length")),
        sa.CheckConstraint("length(search_key) <= 400", name=op.f("ck_record_search_key_length")),
        sa.CheckConstraint("merged_into_id <> id", name=op.f("ck_record_merged_into_id")),
        sa.ForeignKeyConstraint(["dataset_id"], ["dataset.id"], name=op.f("fk_record_dataset_id")),
        sa.ForeignKeyConstraint(
            ["merged_into_id", "kind"], ["record.id", "record.kind"], name=op.f("fk_record_merged_into_id_kind")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_record")),
        sa.UniqueConstraint("id", "kind", name=op.f("uq_record_id_kind")),
        sa.UniqueConstraint("slug", name=op.f("uq_record_slug")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_record_dataset_id"), "record", ["dataset_id"], unique=False)
    op.create_index(op.f("ix_record_merged_into_id"), "record", ["merged_into_id"], unique=False)
    op.create_index(op.f("ix_record_search_key"), "record", ["search_key"], unique=False)
    op.create_table(
        "decision",
        sa.Column("record_id", sa.Integer(), nullable=False),
        sa.Column("part", WORDS, server_default=sa.text("''"), nullable=False),
        sa.Column("field", WORDS, nullable=False),
        sa.Column("language", WORDS, server_default=sa.text("''"), nullable=False),
        sa.Column("value", WORDS, nullable=True),
        sa.Column("value_record_id", sa.Integer(), nullable=True),
        sa.Column("reason", WORDS, nullable=False),
        sa.Column("dataset_id", sa.Integer(), nullable=True),
        sa.Column("batch_id", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "field <> '' AND length(field) <= 120 AND length(part) <= 120 AND length(language) <= 35",
            name=op.f("ck_decision_field"),
        ),
        sa.CheckConstraint("length(trim(reason)) > 0 AND length(reason) <= 1000", name=op.f("ck_decision_reason")),
        sa.CheckConstraint("length(value) > 0 AND length(value) <= 400", name=op.f("ck_decision_value_length")),
        sa.CheckConstraint("value IS NULL OR value_record_id IS NULL", name=op.f("ck_decision_one_value")),
        sa.ForeignKeyConstraint(["batch_id"], ["batch.id"], name=op.f("fk_decision_batch_id")),
        sa.ForeignKeyConstraint(["dataset_id"], ["dataset.id"], name=op.f("fk_decision_dataset_id")),
        sa.ForeignKeyConstraint(["record_id"], ["record.id"], name=op.f("fk_decision_record_id")),
        sa.ForeignKeyConstraint(["value_record_id"], ["record.id"], name=op.f("fk_decision_value_record_id")),
        sa.PrimaryKeyConstraint("record_id", "part", "field", "language", name=op.f("pk_decision")),
    )
    op.create_index(op.f("ix_decision_batch_id"), "decision", ["batch_id"], unique=False)
    op.create_index(op.f("ix_decision_dataset_id"), "decision", ["dataset_id"], unique=False)
    op.create_index(op.f("ix_decision_value_record_id"), "decision", ["value_record_id"], unique=False)
    op.create_table(
        "institution",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("record_kind", WORDS, server_default=sa.text("'institution'"), nullable=False),
        sa.Column("kind", WORDS, nullable=True),
        sa.Column("country", WORDS, nullable=True),
        sa.Column("city", WORDS, nullable=True),
        sa.Column("founded", WORDS, nullable=True),
        sa.Column("founded_earliest", WORDS, nullable=True),
        sa.Column("founded_latest", WORDS, nullable=True),
        sa.Column("closed", WORDS, nullable=True),
        sa.Column("closed_earliest", WORDS, nullable=True),
        sa.Column("closed_latest", WORDS, nullable=True),
        sa.Column("parent_id", sa.Integer(), nullable=True),
        sa.Column("successor_id", sa.Integer(), nullable=True),
        sa.CheckConstraint(
            "(closed_earliest IS NULL OR (closed_earliest LIKE '____-__-__' AND length(replace(closed_earliest, '-', '')) = 8 AND ltrim(replace(closed_earliest, '-', ''), '0123456789') = '')) AND (closed_latest IS NULL OR (closed_latest LIKE '____-__-__' AND length(replace(closed_latest, '-', '')) = 8 AND ltrim(replace(closed_latest, '-', ''), '0123456789') = '')) AND (closed_earliest IS NULL OR closed_latest IS NULL OR closed_earliest <= closed_latest) AND (closed IS NOT NULL OR (closed_earliest IS NULL AND closed_latest IS NULL)) AND (closed IS NULL OR length(closed) <= 200)",
            name=op.f("ck_institution_closed"),
        ),
        sa.CheckConstraint(
            "(founded_earliest IS NULL OR (founded_earliest LIKE '____-__-__' AND length(replace(founded_earliest, '-', '')) = 8 AND ltrim(replace(founded_earliest, '-', ''), '0123456789') = '')) AND (founded_latest IS NULL OR (founded_latest LIKE '____-__-__' AND length(replace(founded_latest, '-', '')) = 8 AND ltrim(replace(founded_latest, '-', ''), '0123456789') = '')) AND (founded_earliest IS NULL OR founded_latest IS NULL OR founded_earliest <= founded_latest) AND (founded IS NOT NULL OR (founded_earliest IS NULL AND founded_latest IS NULL)) AND (founded IS NULL OR length(founded) <= 200)",
            name=op.f("ck_institution_founded"),
        ),
        sa.CheckConstraint(
            "kind IN ('zoo', 'aquarium', 'museum', 'university', 'hospital', 'breeder', 'dealer', 'company', 'household', 'ministry', 'agency', 'association', 'park', 'country', 'place', 'wild', 'other')",
            name=op.f("ck_institution_kind"),
        ),
        sa.CheckConstraint(
            "length(country) IN (2, 4) AND ltrim(country, 'ABCDEFGHIJKLMNOPQRSTUVWXYZ') = ''",
            name=op.f("ck_institution_country"),
        ),
        sa.CheckConstraint("record_kind = 'institution'", name=op.f("ck_institution_record_kind")),
        sa.CheckConstraint("length(city) > 0 AND length(city) <= 200", name=op.f("ck_institution_city_length")),
        sa.CheckConstraint("parent_id <> id", name=op.f("ck_institution_parent_id")),
        sa.CheckConstraint("successor_id <> id", name=op.f("ck_institution_successor_id")),
        sa.ForeignKeyConstraint(
            ["id", "record_kind"], ["record.id", "record.kind"], name=op.f("fk_institution_id_record_kind")
        ),
        sa.ForeignKeyConstraint(["parent_id"], ["institution.id"], name=op.f("fk_institution_parent_id")),
        sa.ForeignKeyConstraint(["successor_id"], ["institution.id"], name=op.f("fk_institution_successor_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_institution")),
    )
    op.create_index(op.f("ix_institution_parent_id"), "institution", ["parent_id"], unique=False)
    op.create_index(op.f("ix_institution_successor_id"), "institution", ["successor_id"], unique=False)
    op.create_table(
        "person",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("record_kind", WORDS, server_default=sa.text("'person'"), nullable=False),
        sa.CheckConstraint("record_kind = 'person'", name=op.f("ck_person_record_kind")),
        sa.ForeignKeyConstraint(
            ["id", "record_kind"], ["record.id", "record.kind"], name=op.f("fk_person_id_record_kind")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_person")),
    )
    op.create_table(
        "source",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("record_kind", WORDS, server_default=sa.text("'source'"), nullable=False),
        sa.Column("kind", WORDS, nullable=True),
        sa.Column("publisher", WORDS, nullable=True),
        sa.Column("title", WORDS, nullable=True),
        sa.Column("url", WORDS, nullable=True),
        sa.Column("archived_url", WORDS, nullable=True),
        sa.Column("language", WORDS, nullable=True),
        sa.Column("published", WORDS, nullable=True),
        sa.Column("published_earliest", WORDS, nullable=True),
        sa.Column("published_latest", WORDS, nullable=True),
        sa.Column("accessed", WORDS, nullable=True),
        sa.Column("accessed_earliest", WORDS, nullable=True),
        sa.Column("accessed_latest", WORDS, nullable=True),
        sa.Column("reliability", WORDS, nullable=True),
        sa.CheckConstraint(
            "(accessed_earliest IS NULL OR (accessed_earliest LIKE '____-__-__' AND length(replace(accessed_earliest, '-', '')) = 8 AND ltrim(replace(accessed_earliest, '-', ''), '0123456789') = '')) AND (accessed_latest IS NULL OR (accessed_latest LIKE '____-__-__' AND length(replace(accessed_latest, '-', '')) = 8 AND ltrim(replace(accessed_latest, '-', ''), '0123456789') = '')) AND (accessed_earliest IS NULL OR accessed_latest IS NULL OR accessed_earliest <= accessed_latest) AND (accessed IS NOT NULL OR (accessed_earliest IS NULL AND accessed_latest IS NULL)) AND (accessed IS NULL OR length(accessed) <= 200)",
            name=op.f("ck_source_accessed"),
        ),
        sa.CheckConstraint(
            "(published_earliest IS NULL OR (published_earliest LIKE '____-__-__' AND length(replace(published_earliest, '-', '')) = 8 AND ltrim(replace(published_earliest, '-', ''), '0123456789') = '')) AND (published_latest IS NULL OR (published_latest LIKE '____-__-__' AND length(replace(published_latest, '-', '')) = 8 AND ltrim(replace(published_latest, '-', ''), '0123456789') = '')) AND (published_earliest IS NULL OR published_latest IS NULL OR published_earliest <= published_latest) AND (published IS NOT NULL OR (published_earliest IS NULL AND published_latest IS NULL)) AND (published IS NULL OR length(published) <= 200)",
            name=op.f("ck_source_published"),
        ),
        sa.CheckConstraint(
            "kind IN ('press_release', 'official', 'agency', 'news', 'news_copy', 'state_media', 'broadcast', 'interview', 'ngo', 'analysis', 'opinion', 'blog', 'aggregator', 'wiki', 'zoo_page', 'plaque', 'studbook', 'registry', 'red_list', 'law', 'proposal', 'permit', 'archive', 'letter', 'book', 'reference', 'other')",
            name=op.f("ck_source_kind"),
        ),
        sa.CheckConstraint("record_kind = 'source'", name=op.f("ck_source_record_kind")),
        sa.CheckConstraint("reliability IN ('A', 'B', 'C', 'D', 'E', 'F')", name=op.f("ck_source_reliability")),
        sa.CheckConstraint(
            "length(archived_url) > 0 AND length(archived_url) <= 2000", name=op.f("ck_source_archived_url_length")
        ),
        sa.CheckConstraint("length(language) > 0 AND length(language) <= 35", name=op.f("ck_source_language_length")),
        sa.CheckConstraint(
            "length(publisher) > 0 AND length(publisher) <= 200", name=op.f("ck_source_publisher_length")
        ),
        sa.CheckConstraint("length(title) > 0 AND length(title) <= 400", name=op.f("ck_source_title_length")),
        sa.CheckConstraint("length(url) > 0 AND length(url) <= 2000", name=op.f("ck_source_url_length")),
        sa.ForeignKeyConstraint(
            ["id", "record_kind"], ["record.id", "record.kind"], name=op.f("fk_source_id_record_kind")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_source")),
    )
    op.create_table(
        "taxon",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("record_kind", WORDS, server_default=sa.text("'taxon'"), nullable=False),
        sa.Column("scientific_name", WORDS, nullable=True),
        sa.Column("rank", WORDS, nullable=True),
        sa.Column("parent_id", sa.Integer(), nullable=True),
        sa.Column("cites_appendix", WORDS, nullable=True),
        sa.Column("iucn", WORDS, nullable=True),
        sa.CheckConstraint("cites_appendix IN ('I', 'II', 'III', 'I/II', 'N')", name=op.f("ck_taxon_cites_appendix")),
        sa.CheckConstraint(
            "iucn IN ('LC', 'NT', 'VU', 'EN', 'CR', 'EW', 'EX', 'DD', 'NE')", name=op.f("ck_taxon_iucn")
        ),
        sa.CheckConstraint(
            "rank IN ('kingdom', 'phylum', 'class', 'order', 'family', 'subfamily', 'genus', 'species', 'subspecies', 'breed', 'form')",
            name=op.f("ck_taxon_rank"),
        ),
        sa.CheckConstraint("record_kind = 'taxon'", name=op.f("ck_taxon_record_kind")),
        sa.CheckConstraint(
            "length(scientific_name) > 0 AND length(scientific_name) <= 200",
            name=op.f("ck_taxon_scientific_name_length"),
        ),
        sa.CheckConstraint("parent_id <> id", name=op.f("ck_taxon_parent_id")),
        sa.ForeignKeyConstraint(
            ["id", "record_kind"], ["record.id", "record.kind"], name=op.f("fk_taxon_id_record_kind")
        ),
        sa.ForeignKeyConstraint(["parent_id"], ["taxon.id"], name=op.f("fk_taxon_parent_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_taxon")),
    )
    op.create_index(op.f("ix_taxon_parent_id"), "taxon", ["parent_id"], unique=False)
    op.create_table(
        "waiver",
        sa.Column("rule", WORDS, nullable=False),
        sa.Column("record_id", sa.Integer(), nullable=False),
        sa.Column("part", WORDS, server_default=sa.text("''"), nullable=False),
        sa.Column("reason", WORDS, nullable=False),
        sa.Column("batch_id", sa.Integer(), nullable=False),
        sa.CheckConstraint("length(rule) > 0 AND length(rule) <= 100", name=op.f("ck_waiver_rule_length")),
        sa.CheckConstraint("length(trim(reason)) > 0 AND length(reason) <= 1000", name=op.f("ck_waiver_reason")),
        sa.ForeignKeyConstraint(["batch_id"], ["batch.id"], name=op.f("fk_waiver_batch_id")),
        sa.ForeignKeyConstraint(["record_id"], ["record.id"], name=op.f("fk_waiver_record_id")),
        sa.PrimaryKeyConstraint("rule", "record_id", "part", name=op.f("pk_waiver")),
    )
    op.create_index(op.f("ix_waiver_batch_id"), "waiver", ["batch_id"], unique=False)
    op.create_index(op.f("ix_waiver_record_id"), "waiver", ["record_id"], unique=False)
    op.create_table(
        "animal",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("record_kind", WORDS, server_default=sa.text("'animal'"), nullable=False),
        sa.Column("taxon_id", sa.Integer(), nullable=True),
        sa.Column("sex", WORDS, nullable=True),
        sa.Column("count", WORDS, nullable=True),
        sa.Column("count_min", sa.BigInteger(), nullable=True),
        sa.Column("count_max", sa.BigInteger(), nullable=True),
        sa.Column("born", WORDS, nullable=True),
        sa.Column("born_earliest", WORDS, nullable=True),
        sa.Column("born_latest", WORDS, nullable=True),
        sa.Column("born_at_id", sa.Integer(), nullable=True),
        sa.Column("owner_at_birth_id", sa.Integer(), nullable=True),
        sa.Column("died", WORDS, nullable=True),
        sa.Column("died_earliest", WORDS, nullable=True),
        sa.Column("died_latest", WORDS, nullable=True),
        sa.Column("died_at_id", sa.Integer(), nullable=True),
        sa.Column("origin", WORDS, nullable=True),
        sa.CheckConstraint(
            "(born_earliest IS NULL OR (born_earliest LIKE '____-__-__' AND length(replace(born_earliest, '-', '')) = 8 AND ltrim(replace(born_earliest, '-', ''), '0123456789') = '')) AND (born_latest IS NULL OR (born_latest LIKE '____-__-__' AND length(replace(born_latest, '-', '')) = 8 AND ltrim(replace(born_latest, '-', ''), '0123456789') = '')) AND (born_earliest IS NULL OR born_latest IS NULL OR born_earliest <= born_latest) AND (born IS NOT NULL OR (born_earliest IS NULL AND born_latest IS NULL)) AND (born IS NULL OR length(born) <= 200)",
            name=op.f("ck_animal_born"),
        ),
        sa.CheckConstraint(
            "(died_earliest IS NULL OR (died_earliest LIKE '____-__-__' AND length(replace(died_earliest, '-', '')) = 8 AND ltrim(replace(died_earliest, '-', ''), '0123456789') = '')) AND (died_latest IS NULL OR (died_latest LIKE '____-__-__' AND length(replace(died_latest, '-', '')) = 8 AND ltrim(replace(died_latest, '-', ''), '0123456789') = '')) AND (died_earliest IS NULL OR died_latest IS NULL OR died_earliest <= died_latest) AND (died IS NOT NULL OR (died_earliest IS NULL AND died_latest IS NULL)) AND (died IS NULL OR length(died) <= 200)",
            name=op.f("ck_animal_died"),
        ),
        sa.CheckConstraint("origin IN ('wild', 'captive')", name=op.f("ck_animal_origin")),
        sa.CheckConstraint("record_kind = 'animal'", name=op.f("ck_animal_record_kind")),
        sa.CheckConstraint("sex IN ('male', 'female', 'hermaphrodite', 'mixed')", name=op.f("ck_animal_sex")),
        sa.CheckConstraint(
            "(count_min IS NULL OR count_min >= 0) AND (count_min IS NULL OR count_max IS NULL OR count_min <= count_max) AND ((count IS NULL) = (count_min IS NULL)) AND (count_max IS NULL OR count IS NOT NULL) AND (count IS NULL OR length(count) <= 200)",
            name=op.f("ck_animal_count"),
        ),
        sa.ForeignKeyConstraint(["born_at_id"], ["institution.id"], name=op.f("fk_animal_born_at_id")),
        sa.ForeignKeyConstraint(["died_at_id"], ["institution.id"], name=op.f("fk_animal_died_at_id")),
        sa.ForeignKeyConstraint(
            ["id", "record_kind"], ["record.id", "record.kind"], name=op.f("fk_animal_id_record_kind")
        ),
        sa.ForeignKeyConstraint(["owner_at_birth_id"], ["institution.id"], name=op.f("fk_animal_owner_at_birth_id")),
        sa.ForeignKeyConstraint(["taxon_id"], ["taxon.id"], name=op.f("fk_animal_taxon_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_animal")),
    )
    op.create_index(op.f("ix_animal_born_at_id"), "animal", ["born_at_id"], unique=False)
    op.create_index(op.f("ix_animal_died_at_id"), "animal", ["died_at_id"], unique=False)
    op.create_index(op.f("ix_animal_owner_at_birth_id"), "animal", ["owner_at_birth_id"], unique=False)
    op.create_index(op.f("ix_animal_taxon_id"), "animal", ["taxon_id"], unique=False)
    op.create_table(
        "source_basis",
        sa.Column("source_id", sa.Integer(), nullable=False),
        sa.Column("based_on_id", sa.Integer(), nullable=False),
        sa.CheckConstraint("source_id <> based_on_id", name=op.f("ck_source_basis_based_on_id")),
        sa.ForeignKeyConstraint(["based_on_id"], ["source.id"], name=op.f("fk_source_basis_based_on_id")),
        sa.ForeignKeyConstraint(["source_id"], ["source.id"], name=op.f("fk_source_basis_source_id")),
        sa.PrimaryKeyConstraint("source_id", "based_on_id", name=op.f("pk_source_basis")),
    )
    op.create_index(op.f("ix_source_basis_based_on_id"), "source_basis", ["based_on_id"], unique=False)
    op.create_table(
        "transfer",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("record_kind", WORDS, server_default=sa.text("'transfer'"), nullable=False),
        sa.Column("kind", WORDS, nullable=True),
        sa.Column("status", WORDS, nullable=True),
        sa.Column("passes_custody", sa.Boolean(), nullable=True),
        sa.Column("passes_title", sa.Boolean(), nullable=True),
        sa.Column("origin_id", sa.Integer(), nullable=True),
        sa.Column("destination_id", sa.Integer(), nullable=True),
        sa.Column("date", WORDS, nullable=True),
        sa.Column("date_earliest", WORDS, nullable=True),
        sa.Column("date_latest", WORDS, nullable=True),
        sa.Column("until", WORDS, nullable=True),
        sa.Column("until_earliest", WORDS, nullable=True),
        sa.Column("until_latest", WORDS, nullable=True),
        sa.Column("transport", WORDS, nullable=True),
        sa.CheckConstraint(
            "(date_earliest IS NULL OR (date_earliest LIKE '____-__-__' AND length(replace(date_earliest, '-', '')) = 8 AND ltrim(replace(date_earliest, '-', ''), '0123456789') = '')) AND (date_latest IS NULL OR (date_latest LIKE '____-__-__' AND length(replace(date_latest, '-', '')) = 8 AND ltrim(replace(date_latest, '-', ''), '0123456789') = '')) AND (date_earliest IS NULL OR date_latest IS NULL OR date_earliest <= date_latest) AND (date IS NOT NULL OR (date_earliest IS NULL AND date_latest IS NULL)) AND (date IS NULL OR length(date) <= 200)",
            name=op.f("ck_transfer_date"),
        ),
        sa.CheckConstraint(
            "(until_earliest IS NULL OR (until_earliest LIKE '____-__-__' AND length(replace(until_earliest, '-', '')) = 8 AND ltrim(replace(until_earliest, '-', ''), '0123456789') = '')) AND (until_latest IS NULL OR (until_latest LIKE '____-__-__' AND length(replace(until_latest, '-', '')) = 8 AND ltrim(replace(until_latest, '-', ''), '0123456789') = '')) AND (until_earliest IS NULL OR until_latest IS NULL OR until_earliest <= until_latest) AND (until IS NOT NULL OR (until_earliest IS NULL AND until_latest IS NULL)) AND (until IS NULL OR length(until) <= 200)",
            name=op.f("ck_transfer_until"),
        ),
        sa.CheckConstraint(
            "kind IN ('gift', 'sale', 'exchange', 'bequest', 'capture', 'seizure', 'rescue', 'release', 'loan', 'return', 'custody_transfer', 'stop', 'escape', 'ownership_transfer')",
            name=op.f("ck_transfer_kind"),
        ),
        sa.CheckConstraint("record_kind = 'transfer'", name=op.f("ck_transfer_record_kind")),
        sa.CheckConstraint(
            "status IN ('completed', 'planned', 'cancelled', 'unconfirmed')", name=op.f("ck_transfer_status")
        ),
        sa.CheckConstraint(
            "length(transport) > 0 AND length(transport) <= 400", name=op.f("ck_transfer_transport_length")
        ),
        sa.ForeignKeyConstraint(["destination_id"], ["institution.id"], name=op.f("fk_transfer_destination_id")),
        sa.ForeignKeyConstraint(
            ["id", "record_kind"], ["record.id", "record.kind"], name=op.f("fk_transfer_id_record_kind")
        ),
        sa.ForeignKeyConstraint(["origin_id"], ["institution.id"], name=op.f("fk_transfer_origin_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_transfer")),
    )
    op.create_index(
        op.f("ix_transfer_destination_id_date_earliest"), "transfer", ["destination_id", "date_earliest"], unique=False
    )
    op.create_index(
        op.f("ix_transfer_origin_id_date_earliest"), "transfer", ["origin_id", "date_earliest"], unique=False
    )
    op.create_table(
        "descent",
        sa.Column("child_id", sa.Integer(), nullable=False),
        sa.Column("parent_id", sa.Integer(), nullable=False),
        sa.Column("role", WORDS, nullable=False),
        sa.Column("probability", sa.Float(), nullable=True),
        sa.CheckConstraint(
            "role IN ('dam', 'sire', 'parent', 'split_from', 'merged_from')", name=op.f("ck_descent_role")
        ),
        sa.CheckConstraint("child_id <> parent_id", name=op.f("ck_descent_parent_id")),
        sa.CheckConstraint("probability > 0 AND probability <= 1", name=op.f("ck_descent_probability")),
        sa.ForeignKeyConstraint(["child_id"], ["animal.id"], name=op.f("fk_descent_child_id")),
        sa.ForeignKeyConstraint(["parent_id"], ["animal.id"], name=op.f("fk_descent_parent_id")),
        sa.PrimaryKeyConstraint("child_id", "parent_id", "role", name=op.f("pk_descent")),
    )
    op.create_index(op.f("ix_descent_parent_id"), "descent", ["parent_id"], unique=False)
    op.create_table(
        "participant",
        sa.Column("transfer_id", sa.Integer(), nullable=False),
        sa.Column("key", WORDS, nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=True),
        sa.Column("institution_id", sa.Integer(), nullable=True),
        sa.Column("role", WORDS, nullable=True),
        sa.Column("capacity", WORDS, nullable=True),
        sa.Column("on_behalf_of_id", sa.Integer(), nullable=True),
        sa.CheckConstraint(
            "length(key) <= 100 AND length(key) > 0 AND ltrim(key, 'abcdefghijklmnopqrstuvwxyz0123456789._-') = '' AND ltrim(substr(key, 1, 1), 'abcdefghijklmnopqrstuvwxyz0123456789') = ''",
            name=op.f("ck_participant_key"),
        ),
        sa.CheckConstraint(
            "role IN ('giver', 'lender', 'recipient', 'delivered', 'escorted', 'received', 'arranged', 'ordered', 'oversaw', 'signed', 'announced', 'transported', 'witnessed', 'broker', 'veterinarian', 'other')",
            name=op.f("ck_participant_role"),
        ),
        sa.CheckConstraint(
            "length(capacity) > 0 AND length(capacity) <= 400", name=op.f("ck_participant_capacity_length")
        ),
        sa.CheckConstraint("person_id IS NULL OR institution_id IS NULL", name=op.f("ck_participant_one_who")),
        sa.ForeignKeyConstraint(["institution_id"], ["institution.id"], name=op.f("fk_participant_institution_id")),
        sa.ForeignKeyConstraint(["on_behalf_of_id"], ["institution.id"], name=op.f("fk_participant_on_behalf_of_id")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_participant_person_id")),
        sa.ForeignKeyConstraint(["transfer_id"], ["transfer.id"], name=op.f("fk_participant_transfer_id")),
        sa.PrimaryKeyConstraint("transfer_id", "key", name=op.f("pk_participant")),
    )
    op.create_index(op.f("ix_participant_institution_id"), "participant", ["institution_id"], unique=False)
    op.create_index(op.f("ix_participant_on_behalf_of_id"), "participant", ["on_behalf_of_id"], unique=False)
    op.create_index(op.f("ix_participant_person_id"), "participant", ["person_id"], unique=False)
    op.create_table(
        "transfer_line",
        sa.Column("transfer_id", sa.Integer(), nullable=False),
        sa.Column("key", WORDS, nullable=False),
        sa.Column("taxon_id", sa.Integer(), nullable=True),
        sa.Column("term", WORDS, server_default=sa.text("'LIV'"), nullable=False),
        sa.Column("count", WORDS, nullable=True),
        sa.Column("count_min", sa.BigInteger(), nullable=True),
        sa.Column("count_max", sa.BigInteger(), nullable=True),
        sa.Column("males", sa.BigInteger(), nullable=True),
        sa.Column("females", sa.BigInteger(), nullable=True),
        sa.Column("unsexed", sa.BigInteger(), nullable=True),
        sa.Column("notes", WORDS, nullable=True),
        sa.CheckConstraint(
            "length(key) <= 100 AND length(key) > 0 AND ltrim(key, 'abcdefghijklmnopqrstuvwxyz0123456789._-') = '' AND ltrim(substr(key, 1, 1), 'abcdefghijklmnopqrstuvwxyz0123456789') = ''",
            name=op.f("ck_transfer_line_key"),
        ),
        sa.CheckConstraint(
            "term IN ('LIV', 'BOD', 'BON', 'EGG', 'EGL', 'FEA', 'FIG', 'HAI', 'HOR', 'IVP', 'SKE', 'SKI', 'SKU', 'SPE', 'TRO', 'TUS')",
            name=op.f("ck_transfer_line_term"),
        ),
        sa.CheckConstraint(
            "(count_min IS NULL OR count_min >= 0) AND (count_min IS NULL OR count_max IS NULL OR count_min <= count_max) AND ((count IS NULL) = (count_min IS NULL)) AND (count_max IS NULL OR count IS NOT NULL) AND (count IS NULL OR length(count) <= 200)",
            name=op.f("ck_transfer_line_count"),
        ),
        sa.CheckConstraint("length(notes) > 0 AND length(notes) <= 4000", name=op.f("ck_transfer_line_notes_length")),
        sa.CheckConstraint("males >= 0 AND females >= 0 AND unsexed >= 0", name=op.f("ck_transfer_line_sexes")),
        sa.ForeignKeyConstraint(["taxon_id"], ["taxon.id"], name=op.f("fk_transfer_line_taxon_id")),
        sa.ForeignKeyConstraint(["transfer_id"], ["transfer.id"], name=op.f("fk_transfer_line_transfer_id")),
        sa.PrimaryKeyConstraint("transfer_id", "key", name=op.f("pk_transfer_line")),
    )
    op.create_index(op.f("ix_transfer_line_taxon_id"), "transfer_line", ["taxon_id"], unique=False)
    op.create_table(
        "transfer_link",
        sa.Column("transfer_id", sa.Integer(), nullable=False),
        sa.Column("kind", WORDS, nullable=False),
        sa.Column("to_id", sa.Integer(), nullable=False),
        sa.CheckConstraint("kind IN ('ends', 'answers', 'exchanged_for')", name=op.f("ck_transfer_link_kind")),
        sa.CheckConstraint("transfer_id <> to_id", name=op.f("ck_transfer_link_to_id")),
        sa.ForeignKeyConstraint(["to_id"], ["transfer.id"], name=op.f("fk_transfer_link_to_id")),
        sa.ForeignKeyConstraint(["transfer_id"], ["transfer.id"], name=op.f("fk_transfer_link_transfer_id")),
        sa.PrimaryKeyConstraint("transfer_id", "kind", "to_id", name=op.f("pk_transfer_link")),
    )
    op.create_index(op.f("ix_transfer_link_to_id"), "transfer_link", ["to_id"], unique=False)
    op.create_table(
        "claim",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("record_id", sa.Integer(), nullable=False),
        sa.Column("line_key", WORDS, nullable=True),
        sa.Column("participant_key", WORDS, nullable=True),
        sa.Column("part", WORDS, server_default=sa.text("''"), nullable=False),
        sa.Column("field", WORDS, server_default=sa.text("''"), nullable=False),
        sa.Column("value", WORDS, nullable=True),
        sa.Column("value_record_id", sa.Integer(), nullable=True),
        sa.Column("low", WORDS, nullable=True),
        sa.Column("high", WORDS, nullable=True),
        sa.Column("language", WORDS, server_default=sa.text("''"), nullable=False),
        sa.Column("search_key", WORDS, nullable=True),
        sa.Column("during", WORDS, nullable=True),
        sa.Column("during_earliest", WORDS, nullable=True),
        sa.Column("during_latest", WORDS, nullable=True),
        sa.Column("source_id", sa.Integer(), nullable=True),
        sa.Column("stance", WORDS, nullable=False),
        sa.Column("own", sa.Boolean(), nullable=False),
        sa.Column("certainty", WORDS, nullable=True),
        sa.Column("locator", WORDS, server_default=sa.text("''"), nullable=False),
        sa.Column("quote", WORDS, nullable=True),
        sa.Column("note", WORDS, nullable=True),
        sa.Column("dataset_id", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "(during_earliest IS NULL OR (during_earliest LIKE '____-__-__' AND length(replace(during_earliest, '-', '')) = 8 AND ltrim(replace(during_earliest, '-', ''), '0123456789') = '')) AND (during_latest IS NULL OR (during_latest LIKE '____-__-__' AND length(replace(during_latest, '-', '')) = 8 AND ltrim(replace(during_latest, '-', ''), '0123456789') = '')) AND (during_earliest IS NULL OR during_latest IS NULL OR during_earliest <= during_latest) AND (during IS NOT NULL OR (during_earliest IS NULL AND during_latest IS NULL)) AND (during IS NULL OR length(during) <= 200)",
            name=op.f("ck_claim_during"),
        ),
        sa.CheckConstraint(
            "(field = '' AND stance = 'supports' AND value IS NULL AND value_record_id IS NULL AND source_id IS NOT NULL) OR (field <> '' AND stance = 'silent' AND value IS NULL AND value_record_id IS NULL AND source_id IS NOT NULL) OR (field <> '' AND stance <> 'silent' AND (value IS NULL) <> (value_record_id IS NULL))",
            name=op.f("ck_claim_value"),
        ),
        sa.CheckConstraint(
            "(line_key IS NULL AND participant_key IS NULL AND part = '') OR (line_key IS NOT NULL AND participant_key IS NULL AND part = 'lines/' || line_key) OR (line_key IS NULL AND participant_key IS NOT NULL AND part = 'participants/' || participant_key)",
            name=op.f("ck_claim_part"),
        ),
        sa.CheckConstraint("certainty IN ('certain', 'probable', 'possible')", name=op.f("ck_claim_certainty")),
        sa.CheckConstraint("stance IN ('supports', 'contradicts', 'silent')", name=op.f("ck_claim_stance")),
        sa.CheckConstraint(
            "(low IS NULL OR length(low) = 10) AND (high IS NULL OR length(high) = 10) AND (low IS NULL OR high IS NULL OR low <= high)",
            name=op.f("ck_claim_low"),
        ),
        sa.CheckConstraint(
            "length(locator) <= 100 AND length(language) <= 35 AND length(field) <= 120 AND length(search_key) <= 400",
            name=op.f("ck_claim_lengths"),
        ),
        sa.CheckConstraint("length(note) > 0 AND length(note) <= 1000", name=op.f("ck_claim_note_length")),
        sa.CheckConstraint("length(quote) > 0 AND length(quote) <= 500", name=op.f("ck_claim_quote_length")),
        sa.CheckConstraint("length(value) > 0 AND length(value) <= 400", name=op.f("ck_claim_value_length")),
        sa.CheckConstraint("quote IS NULL OR source_id IS NOT NULL", name=op.f("ck_claim_quote")),
        sa.ForeignKeyConstraint(["dataset_id"], ["dataset.id"], name=op.f("fk_claim_dataset_id")),
        sa.ForeignKeyConstraint(
            ["record_id", "line_key"],
            ["transfer_line.transfer_id", "transfer_line.key"],
            name=op.f("fk_claim_record_id_line_key"),
        ),
        sa.ForeignKeyConstraint(
            ["record_id", "participant_key"],
            ["participant.transfer_id", "participant.key"],
            name=op.f("fk_claim_record_id_participant_key"),
        ),
        sa.ForeignKeyConstraint(["record_id"], ["record.id"], name=op.f("fk_claim_record_id")),
        sa.ForeignKeyConstraint(["source_id"], ["source.id"], name=op.f("fk_claim_source_id")),
        sa.ForeignKeyConstraint(["value_record_id"], ["record.id"], name=op.f("fk_claim_value_record_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_claim")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_claim_dataset_id"), "claim", ["dataset_id"], unique=False)
    op.create_index(op.f("ix_claim_field_search_key"), "claim", ["field", "search_key"], unique=False)
    op.create_index(op.f("ix_claim_source_id"), "claim", ["source_id"], unique=False)
    op.create_index(op.f("ix_claim_value_record_id"), "claim", ["value_record_id"], unique=False)
    op.create_table(
        "line_animal",
        sa.Column("transfer_id", sa.Integer(), nullable=False),
        sa.Column("line_key", WORDS, nullable=False),
        sa.Column("animal_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["animal_id"], ["animal.id"], name=op.f("fk_line_animal_animal_id")),
        sa.ForeignKeyConstraint(
            ["transfer_id", "line_key"],
            ["transfer_line.transfer_id", "transfer_line.key"],
            name=op.f("fk_line_animal_transfer_id_line_key"),
        ),
        sa.PrimaryKeyConstraint("transfer_id", "line_key", "animal_id", name=op.f("pk_line_animal")),
    )
    op.create_index(op.f("ix_line_animal_animal_id"), "line_animal", ["animal_id"], unique=False)
    op.create_table(
        "dismissal",
        sa.Column("claim_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("reason", WORDS, nullable=False),
        sa.Column("dataset_id", sa.Integer(), nullable=True),
        sa.Column("batch_id", sa.Integer(), nullable=False),
        sa.CheckConstraint("length(trim(reason)) > 0 AND length(reason) <= 1000", name=op.f("ck_dismissal_reason")),
        sa.ForeignKeyConstraint(["batch_id"], ["batch.id"], name=op.f("fk_dismissal_batch_id")),
        sa.ForeignKeyConstraint(["claim_id"], ["claim.id"], name=op.f("fk_dismissal_claim_id")),
        sa.ForeignKeyConstraint(["dataset_id"], ["dataset.id"], name=op.f("fk_dismissal_dataset_id")),
        sa.PrimaryKeyConstraint("claim_id", name=op.f("pk_dismissal")),
    )
    op.create_index(op.f("ix_dismissal_batch_id"), "dismissal", ["batch_id"], unique=False)
    op.create_index(op.f("ix_dismissal_dataset_id"), "dismissal", ["dataset_id"], unique=False)
    op.create_index(
        "uq_claim_said",
        "claim",
        [
            "record_id",
            "part",
            "field",
            sa.text("coalesce(source_id, 0)"),
            sa.text("coalesce(value, '')"),
            sa.text("coalesce(value_record_id, 0)"),
            "stance",
            "language",
            sa.text("coalesce(during, '')"),
            "locator",
            "dataset_id",
        ],
        unique=True,
    )


def downgrade() -> None:
    for table in (
        "dismissal",
        "line_animal",
        "claim",
        "transfer_link",
        "transfer_line",
        "participant",
        "descent",
        "transfer",
        "source_basis",
        "animal",
        "waiver",
        "taxon",
        "source",
        "person",
        "institution",
        "decision",
        "record",
        "change",
        "dataset",
        "batch",
    ):
        op.drop_table(table)
