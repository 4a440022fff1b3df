"""Requests to take something down.

Revision ID: 0007
"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "take_downs",
        sa.Column("school", sa.String(length=64), nullable=False),
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("case_id", sa.String(length=24), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("made_at", sa.String(27), nullable=False),
        sa.Column("made_by", sa.Text(), nullable=False),
        sa.Column("updated_at", sa.String(27), nullable=False),
        sa.Column("remind_on", sa.String(length=10), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["school", "case_id"], ["cases.school", "cases.id"], name=op.f("fk_take_downs_school_case_id")
        ),
        sa.PrimaryKeyConstraint("school", "id", name=op.f("pk_take_downs")),
    )
    op.create_index("ix_take_downs_case", "take_downs", ["school", "case_id"], unique=False)
    op.create_index("ix_take_downs_state", "take_downs", ["school", "state", "remind_on"], unique=False)
    op.create_table(
        "take_down_notes",
        sa.Column("school", sa.String(length=64), nullable=False),
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("take_down_id", sa.String(length=32), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("at", sa.String(27), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["school", "take_down_id"],
            ["take_downs.school", "take_downs.id"],
            name=op.f("fk_take_down_notes_school_take_down_id"),
        ),
        sa.PrimaryKeyConstraint("school", "id", name=op.f("pk_take_down_notes")),
    )
    op.create_index("ix_take_down_notes_of", "take_down_notes", ["school", "take_down_id"], unique=False)
