"""The review queue: the place of each case in it, when its readers last had it open, and withdrawn reviews.

Places and index rows of the cases that are there already are written by ``reindexing``: they need the keys.

Revision ID: 0004
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("cases", sa.Column("queue_place", sa.String(length=20), nullable=False, server_default=""))
    op.create_index(
        "ix_cases_queue",
        "cases",
        ["school", "queue_place", "id", "level", "verdict", "row", "opened_at"],
    )
    op.create_table(
        "case_views",
        sa.Column("school", sa.String(length=64), nullable=False),
        sa.Column("person", sa.Text(), nullable=False),
        sa.Column("case_id", sa.String(length=24), nullable=False),
        sa.Column("seen_at", sa.String(27), nullable=False),
        sa.ForeignKeyConstraint(
            ["school", "case_id"], ["cases.school", "cases.id"], name=op.f("fk_case_views_school_case_id")
        ),
        sa.PrimaryKeyConstraint("school", "person", "case_id", name=op.f("pk_case_views")),
    )
    op.add_column("reviews", sa.Column("withdrawn_at", sa.String(27), nullable=True))
