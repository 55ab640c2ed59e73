"""The claims of a data set are found by their record too.

A migration imports nothing of this project and never changes once it is released: it describes the
tables as they were. SQLite and PostgreSQL run the same one.

Asked for what one data set says of one record, SQLite took the index of data sets alone, and went through all the data
set says for each record.
"""

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

ALONE, BOTH = "ix_claim_dataset_id", "ix_claim_dataset_id_record_id"


def upgrade() -> None:
    op.drop_index(op.f(ALONE), table_name="claim")
    op.create_index(op.f(BOTH), "claim", ["dataset_id", "record_id"], unique=False)


def downgrade() -> None:
    op.drop_index(op.f(BOTH), table_name="claim")
    op.create_index(op.f(ALONE), "claim", ["dataset_id"], unique=False)
