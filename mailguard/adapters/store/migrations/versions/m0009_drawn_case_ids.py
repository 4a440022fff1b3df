"""Case ids are drawn, not counted: the counter goes. The ids that it gave stay as they are.

Revision ID: 0009
"""

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_table("case_numbers")
