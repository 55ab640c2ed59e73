"""The index of merged records holds these alone: most records never are, and it need not hold them.

A migration imports nothing of this project and never changes once it is released: it describes the
tables as they were. SQLite and PostgreSQL run the same one.

With all of them in it, SQLite took "not merged" for a choice of few, and went through every transfer to trace one animal.
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

NAME = "ix_record_merged_into_id"
MERGED = sa.text("merged_into_id IS NOT NULL")


def upgrade() -> None:
    op.drop_index(op.f(NAME), table_name="record")
    op.create_index(
        op.f(NAME), "record", ["merged_into_id"], unique=False, sqlite_where=MERGED, postgresql_where=MERGED
    )


def downgrade() -> None:
    op.drop_index(op.f(NAME), table_name="record")
    op.create_index(op.f(NAME), "record", ["merged_into_id"], unique=False)
