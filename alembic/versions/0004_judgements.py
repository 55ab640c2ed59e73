"""What was judged of two records: the same, or not; and what a claim was said of before that was merged.

A migration imports nothing of this project and never changes once it is released: it describes the
tables as they were. SQLite and PostgreSQL run the same one.
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

WORDS = sa.String().with_variant(sa.String(collation="C"), "postgresql")
SAID = {"said_of_id": "record", "said_value_id": "record", "said_by_id": "source"}
DURING = (
    "(during_earliest IS NULL OR (during_earliest LIKE '____-__-__' AND length(replace(during_earliest, '-', '')) = 8"
    " AND ltrim(replace(during_earliest, '-', ''), '0123456789') = '')) AND (during_latest IS NULL OR (during_latest"
    " LIKE '____-__-__' AND length(replace(during_latest, '-', '')) = 8 AND ltrim(replace(during_latest, '-', ''),"
    " '0123456789') = '')) AND (during_earliest IS NULL OR during_latest IS NULL OR during_earliest <= during_latest)"
    " AND (during IS NOT NULL OR (during_earliest IS NULL AND during_latest IS NULL))"
    " AND (during IS NULL OR length(during) <= 200)"
)
VALUE = (
    "(field = '' AND stance = 'supports' AND value IS NULL AND value_record_id IS NULL AND source_id IS NOT NULL)"
    " OR (field <> '' AND stance = 'silent' AND value IS NULL AND value_record_id IS NULL AND source_id IS NOT NULL)"
    " OR (field <> '' AND stance <> 'silent' AND (value IS NULL) <> (value_record_id IS NULL))"
)
PART = (
    "(line_key IS NULL AND participant_key IS NULL AND part = '')"
    " OR (line_key IS NOT NULL AND participant_key IS NULL AND part = 'lines/' || line_key)"
    " OR (line_key IS NULL AND participant_key IS NOT NULL AND part = 'participants/' || participant_key)"
)
CHECKS = {
    "during": DURING,
    "value": VALUE,
    "part": PART,
    "certainty": "certainty IN ('certain', 'probable', 'possible')",
    "stance": "stance IN ('supports', 'contradicts', 'silent')",
    "low": (
        "(low IS NULL OR length(low) = 10) AND (high IS NULL OR length(high) = 10)"
        " AND (low IS NULL OR high IS NULL OR low <= high)"
    ),
    "lengths": "length(locator) <= 100 AND length(language) <= 35 AND length(field) <= 120 AND length(search_key) <= 400",
    "note_length": "length(note) > 0 AND length(note) <= 1000",
    "quote_length": "length(quote) > 0 AND length(quote) <= 500",
    "value_length": "length(value) > 0 AND length(value) <= 400",
    "quote": "quote IS NULL OR source_id IS NOT NULL",
}
KEYS = {
    ("dataset_id",): "dataset.id",
    ("record_id", "line_key"): "transfer_line.transfer_id transfer_line.key",
    ("record_id", "participant_key"): "participant.transfer_id participant.key",
    ("record_id",): "record.id",
    ("source_id",): "source.id",
    ("value_record_id",): "record.id",
}
UNIQUE = (
    *("record_id", "part", "field", "coalesce(source_id, 0)", "coalesce(value, '')", "coalesce(value_record_id, 0)"),
    *("stance", "language", "coalesce(during, '')", "locator", "dataset_id"),
)


def _empty(name: str) -> sa.Column:
    return sa.Column(name, WORDS, server_default=sa.text("''"), nullable=False)


def _claim(*more: sa.schema.SchemaItem) -> sa.Table:
    """The whole table: rebuilding one on SQLite keeps only the checks that are written out."""
    return sa.Table(
        "claim",
        sa.MetaData(),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("record_id", sa.Integer(), nullable=False),
        *(sa.Column(name, WORDS) for name in ("line_key", "participant_key")),
        *(_empty(name) for name in ("part", "field")),
        sa.Column("value", WORDS),
        sa.Column("value_record_id", sa.Integer()),
        *(sa.Column(name, WORDS) for name in ("low", "high")),
        _empty("language"),
        *(sa.Column(name, WORDS) for name in ("search_key", "during", "during_earliest", "during_latest")),
        sa.Column("source_id", sa.Integer()),
        sa.Column("stance", WORDS, nullable=False),
        sa.Column("own", sa.Boolean(), nullable=False),
        sa.Column("certainty", WORDS),
        _empty("locator"),
        *(sa.Column(name, WORDS) for name in ("quote", "note")),
        sa.Column("dataset_id", sa.Integer(), nullable=False),
        *(sa.CheckConstraint(text, name=f"ck_claim_{name}") for name, text in CHECKS.items()),
        *(
            sa.ForeignKeyConstraint(columns, to.split(), name=f"fk_claim_{'_'.join(columns)}")
            for columns, to in KEYS.items()
        ),
        sa.PrimaryKeyConstraint("id", name="pk_claim"),
        sa.Index("ix_claim_dataset_id", "dataset_id"),
        sa.Index("ix_claim_field_search_key", "field", "search_key"),
        sa.Index("ix_claim_source_id", "source_id"),
        sa.Index("ix_claim_value_record_id", "value_record_id"),
        *more,
        sqlite_autoincrement=True,
    )


def _triggers() -> list[str]:
    """What keeps the index of names: rebuilding the table takes it away."""
    if op.get_bind().dialect.name != "sqlite":
        return []
    kept = sa.text("SELECT sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'claim'")
    return list(op.get_bind().execute(kept).scalars())


def _unique(*more: str) -> None:
    op.create_index("uq_claim_said", "claim", [sa.text(part) for part in (*UNIQUE, *more)], unique=True)


def _again(triggers: list[str]) -> None:
    for trigger in triggers:
        op.execute(sa.text(trigger.replace(":", "\\:")))


def upgrade() -> None:
    op.create_table(
        "judgement",
        sa.Column("record_id", sa.Integer(), nullable=False),
        sa.Column("other_id", sa.Integer(), nullable=False),
        sa.Column("kind", WORDS, nullable=False),
        sa.Column("same", sa.Boolean(), nullable=False),
        sa.Column("reason", WORDS, nullable=False),
        sa.Column("dataset_id", sa.Integer(), nullable=True),
        sa.Column("batch_id", sa.Integer(), nullable=False),
        sa.CheckConstraint("record_id < other_id", name=op.f("ck_judgement_other_id")),
        sa.CheckConstraint("length(trim(reason)) > 0 AND length(reason) <= 1000", name=op.f("ck_judgement_reason")),
        sa.ForeignKeyConstraint(["batch_id"], ["batch.id"], name=op.f("fk_judgement_batch_id")),
        sa.ForeignKeyConstraint(["dataset_id"], ["dataset.id"], name=op.f("fk_judgement_dataset_id")),
        sa.ForeignKeyConstraint(
            ["record_id", "kind"], ["record.id", "record.kind"], name=op.f("fk_judgement_record_id_kind")
        ),
        sa.ForeignKeyConstraint(
            ["other_id", "kind"], ["record.id", "record.kind"], name=op.f("fk_judgement_other_id_kind")
        ),
        sa.PrimaryKeyConstraint("record_id", "other_id", name=op.f("pk_judgement")),
    )
    for column in ("batch_id", "dataset_id", "other_id"):
        op.create_index(op.f(f"ix_judgement_{column}"), "judgement", [column], unique=False)
    triggers = _triggers()
    op.drop_index("uq_claim_said", table_name="claim")
    with op.batch_alter_table("claim", copy_from=_claim(), table_kwargs={"sqlite_autoincrement": True}) as claim:
        for column, table in SAID.items():
            claim.add_column(sa.Column(column, sa.Integer(), nullable=True))
            claim.create_foreign_key(op.f(f"fk_claim_{column}"), table, [column], ["id"])
            claim.create_index(op.f(f"ix_claim_{column}"), [column])
    _unique(*(f"coalesce({column}, 0)" for column in SAID))
    _again(triggers)


def downgrade() -> None:
    # A claim that was said of a merged record is one of that record again.
    op.execute(
        "UPDATE claim SET record_id = coalesce(said_of_id, record_id),"
        " value_record_id = coalesce(said_value_id, value_record_id), source_id = coalesce(said_by_id, source_id)"
        " WHERE said_of_id IS NOT NULL OR said_value_id IS NOT NULL OR said_by_id IS NOT NULL"
    )
    triggers = _triggers()
    op.drop_index("uq_claim_said", table_name="claim")
    more = [sa.Column(column, sa.Integer()) for column in SAID]
    more += [
        sa.ForeignKeyConstraint([column], [f"{table}.id"], name=f"fk_claim_{column}") for column, table in SAID.items()
    ]
    more += [sa.Index(f"ix_claim_{column}", column) for column in SAID]
    after = _claim(*more)
    with op.batch_alter_table("claim", copy_from=after, table_kwargs={"sqlite_autoincrement": True}) as claim:
        for column in SAID:
            claim.drop_index(f"ix_claim_{column}")
            claim.drop_constraint(f"fk_claim_{column}", type_="foreignkey")
            claim.drop_column(column)
    _unique()
    _again(triggers)
    op.drop_table("judgement")
