"""A salt for each audit event, so that one can be withheld and the chain still be followed; and what was exported.

Revision ID: 0002
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("audit_events", sa.Column("salt", sa.String(length=32), nullable=False, server_default=""))
    op.create_table(
        "exports",
        sa.Column("school", sa.String(length=64), nullable=False),
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("at", sa.String(27), nullable=False),
        sa.Column("made_by", sa.Text(), nullable=False),
        sa.Column("purpose", sa.String(length=24), nullable=False),
        sa.Column("case_id", sa.String(length=24), nullable=False),
        sa.Column("form", sa.String(length=16), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("school", "id", name=op.f("pk_exports")),
    )
    op.create_index("ix_exports_at", "exports", ["school", "at"], unique=False)
    op.create_index("ix_audit_events_at", "audit_events", ["school", "at", "seq"], unique=False)
