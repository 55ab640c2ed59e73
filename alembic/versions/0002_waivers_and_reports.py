"""Waivers belong to the data set that gives them; the annual reports to CITES are sources of their own kind.

A migration imports nothing of this project and never changes once it is released: it describes the
tables as they were. SQLite and PostgreSQL run the same one.
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

WORDS = sa.String().with_variant(sa.String(collation="C"), "postgresql")
OLD_KINDS = (
    "'press_release', 'official', 'agency', 'news', 'news_copy', 'state_media', 'broadcast', 'interview', 'ngo', "
    "'analysis', 'opinion', 'blog', 'aggregator', 'wiki', 'zoo_page', 'plaque', 'studbook', 'registry', 'red_list', "
    "'law', 'proposal', 'permit', 'archive', 'letter', 'book', 'reference', 'other'"
)
NEW_KINDS = OLD_KINDS.replace("'permit'", "'permit', 'importer_report', 'exporter_report'")


def _day(column: str) -> str:
    return (
        f"({column} IS NULL OR ({column} LIKE '____-__-__' AND length(replace({column}, '-', '')) = 8"
        f" AND ltrim(replace({column}, '-', ''), '0123456789') = ''))"
    )


def _dates(column: str) -> sa.CheckConstraint:
    earliest, latest = f"{column}_earliest", f"{column}_latest"
    return sa.CheckConstraint(
        f"{_day(earliest)} AND {_day(latest)} AND ({earliest} IS NULL OR {latest} IS NULL OR {earliest} <= {latest})"
        f" AND ({column} IS NOT NULL OR ({earliest} IS NULL AND {latest} IS NULL))"
        f" AND ({column} IS NULL OR length({column}) <= 200)",
        name=f"ck_source_{column}",
    )


def _length(column: str, most: int) -> sa.CheckConstraint:
    return sa.CheckConstraint(f"length({column}) > 0 AND length({column}) <= {most}", name=f"ck_source_{column}_length")


def _source(kinds: str) -> sa.Table:
    """The whole table: rebuilding one on SQLite keeps only the checks that are written out."""
    return sa.Table(
        "source",
        sa.MetaData(),
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("record_kind", WORDS, server_default=sa.text("'source'"), nullable=False),
        *(sa.Column(name, WORDS) for name in ("kind", "publisher", "title", "url", "archived_url", "language")),
        *(sa.Column(name, WORDS) for name in ("published", "published_earliest", "published_latest")),
        *(sa.Column(name, WORDS) for name in ("accessed", "accessed_earliest", "accessed_latest", "reliability")),
        sa.CheckConstraint("record_kind = 'source'", name="ck_source_record_kind"),
        sa.CheckConstraint(f"kind IN ({kinds})", name="ck_source_kind"),
        sa.CheckConstraint("reliability IN ('A', 'B', 'C', 'D', 'E', 'F')", name="ck_source_reliability"),
        _dates("published"),
        _dates("accessed"),
        *(_length(column, most) for column, most in (("publisher", 200), ("title", 400), ("url", 2000))),
        *(_length(column, most) for column, most in (("archived_url", 2000), ("language", 35))),
        sa.ForeignKeyConstraint(["id", "record_kind"], ["record.id", "record.kind"], name="fk_source_id_record_kind"),
        sa.PrimaryKeyConstraint("id", name="pk_source"),
    )


def _waiver(*more: sa.schema.SchemaItem) -> sa.Table:
    return sa.Table(
        "waiver",
        sa.MetaData(),
        sa.Column("rule", WORDS, nullable=False),
        sa.Column("record_id", sa.Integer(), nullable=False),
        sa.Column("part", WORDS, server_default=sa.text("''"), nullable=False),
        sa.Column("reason", WORDS, nullable=False),
        sa.Column("batch_id", sa.Integer(), nullable=False),
        *more,
        sa.CheckConstraint("length(rule) > 0 AND length(rule) <= 100", name="ck_waiver_rule_length"),
        sa.CheckConstraint("length(trim(reason)) > 0 AND length(reason) <= 1000", name="ck_waiver_reason"),
        sa.ForeignKeyConstraint(["batch_id"], ["batch.id"], name="fk_waiver_batch_id"),
        sa.ForeignKeyConstraint(["record_id"], ["record.id"], name="fk_waiver_record_id"),
        sa.PrimaryKeyConstraint("rule", "record_id", "part", name="pk_waiver"),
        sa.Index("ix_waiver_batch_id", "batch_id"),
        sa.Index("ix_waiver_record_id", "record_id"),
    )


def _rekind(kinds: str) -> None:
    if op.get_bind().dialect.name == "sqlite":
        # Rebuilt as the whole table it is to be; its rows fit both.
        with op.batch_alter_table("source", copy_from=_source(kinds), recreate="always"):
            pass
        return
    op.drop_constraint(op.f("ck_source_kind"), "source", type_="check")
    op.create_check_constraint(op.f("ck_source_kind"), "source", sa.text(f"kind IN ({kinds})"))


def upgrade() -> None:
    _rekind(NEW_KINDS)
    with op.batch_alter_table("waiver", copy_from=_waiver()) as waiver:
        waiver.add_column(sa.Column("dataset_id", sa.Integer(), nullable=True))
        waiver.create_foreign_key(op.f("fk_waiver_dataset_id"), "dataset", ["dataset_id"], ["id"])
        waiver.create_index(op.f("ix_waiver_dataset_id"), ["dataset_id"])


def downgrade() -> None:
    after = _waiver(
        sa.Column("dataset_id", sa.Integer()),
        sa.ForeignKeyConstraint(["dataset_id"], ["dataset.id"], name="fk_waiver_dataset_id"),
        sa.Index("ix_waiver_dataset_id", "dataset_id"),
    )
    with op.batch_alter_table("waiver", copy_from=after) as waiver:
        waiver.drop_index("ix_waiver_dataset_id")
        waiver.drop_constraint("fk_waiver_dataset_id", type_="foreignkey")
        waiver.drop_column("dataset_id")
    op.execute("UPDATE source SET kind = 'other' WHERE kind IN ('importer_report', 'exporter_report')")
    _rekind(OLD_KINDS)
