"""Samples of a day, and which of them are copies of one message.

Revision ID: 0010
"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("samples", sa.Column("day", sa.String(length=10), nullable=False, server_default=""))
    op.add_column(
        "samples", sa.Column("words_blind", sa.String(length=64), nullable=False, server_default="")
    )
    op.create_index("ix_samples_day", "samples", ["school", "day", "reason", "rank"], unique=False)
    op.create_index("ix_samples_words", "samples", ["school", "words_blind"], unique=False)
