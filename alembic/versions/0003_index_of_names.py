"""An index of names by their trigrams, so that a part of a name is found among a million.

A migration imports nothing of this project and never changes once it is released: it describes the
tables as they were. SQLite and PostgreSQL run the same one.

Where the engine has no trigrams (SQLite before 3.34 or without FTS5, PostgreSQL without pg_trgm or without the
right to add it), nothing is made, and names are searched by scanning.
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

INDEXES = (
    ("ix_record_search_key_trigram", "record (search_key gin_trgm_ops)"),
    ("ix_record_slug_trigram", "record (slug gin_trgm_ops)"),
    ("ix_claim_search_key_trigram", "claim (search_key gin_trgm_ops) WHERE search_key IS NOT NULL"),
)
# A slug without its separators, as a search key has it, and nothing where it is the search key.
SLUG = "nullif(replace(replace(replace({row}slug, '-', ''), '.', ''), '_', ''), {row}search_key)"
RECORD = ("record_trigram", "record", "search_key, slug", "{row}search_key, " + SLUG, "id, search_key, slug", "")
CLAIM = (
    *("claim_trigram", "claim", "search_key", "{row}search_key", "id, search_key"),
    "WHEN {row}.search_key IS NOT NULL",
)
# No columns are told apart and no text is kept: a trigram that name and slug share is stored once.
OPTIONS = "content='', detail=none, columnsize=0, tokenize='trigram case_sensitive 1'"


def _attempt(*statements: str) -> bool:
    """Run statements, or none of them where the engine cannot."""
    try:
        with op.get_bind().begin_nested():
            for statement in statements:
                op.execute(statement)
    except (sa.exc.OperationalError, sa.exc.ProgrammingError, sa.exc.InternalError, sa.exc.NotSupportedError):
        return False
    return True


def _upgrade_postgresql() -> None:
    there = sa.text("SELECT 1 FROM pg_available_extensions WHERE name = 'pg_trgm'")
    if op.get_bind().execute(there).first() is None:
        return
    # Whether the role may add it depends on the server's version and on who owns the database: it is tried.
    _attempt(
        "CREATE EXTENSION IF NOT EXISTS pg_trgm",
        *(f"CREATE INDEX {name} ON {on.replace(' (', ' USING gin (', 1)}" for name, on in INDEXES),
    )


def _upgrade_sqlite() -> None:
    if not _attempt(*(f"CREATE VIRTUAL TABLE {one[0]} USING fts5({one[2]}, {OPTIONS})" for one in (RECORD, CLAIM))):
        return
    for index, table, columns, values, changed, when in (RECORD, CLAIM):
        op.execute(
            f"INSERT INTO {index} (rowid, {columns}) SELECT id, {values.format(row='')} FROM {table} NOT INDEXED"  # noqa: S608 - fixed names
            " WHERE search_key IS NOT NULL ORDER BY id"
        )
        put = f"INSERT INTO {index} (rowid, {columns}) VALUES (new.id, {values.format(row='new.')});"  # noqa: S608 - fixed names
        take = (
            f"INSERT INTO {index} ({index}, rowid, {columns})"  # noqa: S608 - fixed names
            f" VALUES ('delete', old.id, {values.format(row='old.')});"
        )
        if_new, if_old = when.format(row="new"), when.format(row="old")
        for name, event, condition, action in (
            ("put", "AFTER INSERT", if_new, put),
            ("take", "AFTER DELETE", if_old, take),
            ("take_old", f"BEFORE UPDATE OF {changed}", if_old, take),
            ("put_new", f"AFTER UPDATE OF {changed}", if_new, put),
        ):
            op.execute(f"CREATE TRIGGER {index}_{name} {event} ON {table} {condition} BEGIN {action} END")


def upgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        _upgrade_sqlite()
    else:
        _upgrade_postgresql()


def downgrade() -> None:
    if op.get_bind().dialect.name != "sqlite":
        # The extension stays: others may use it by now.
        for name, _ in INDEXES:
            op.execute(f"DROP INDEX IF EXISTS {name}")
        return
    for index in (RECORD[0], CLAIM[0]):
        for name in ("put", "take", "take_old", "put_new"):
            op.execute(f"DROP TRIGGER IF EXISTS {index}_{name}")
        op.execute(f"DROP TABLE IF EXISTS {index}")
