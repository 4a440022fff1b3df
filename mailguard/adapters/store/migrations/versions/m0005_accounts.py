"""Accounts of the review page with their sessions, invitations and passkeys; the rota; broken glass.

Revision ID: 0005
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "accounts",
        sa.Column("school", sa.String(64), nullable=False),
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("address_blind", sa.String(64), nullable=False),
        sa.Column("role", sa.String(16), nullable=False),
        sa.Column("state", sa.String(12), nullable=False),
        sa.Column("created_at", sa.String(27), nullable=False),
        sa.Column("updated_at", sa.String(27), nullable=False),
        sa.Column("created_by", sa.String(32), nullable=False),
        sa.Column("password_set_at", sa.String(27), nullable=True),
        sa.Column("signed_in_at", sa.String(27), nullable=True),
        sa.Column("last_totp_step", sa.BigInteger(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("school", "id", name=op.f("pk_accounts")),
        sa.UniqueConstraint("school", "address_blind", name=op.f("uq_accounts_school_address_blind")),
    )
    op.create_table(
        "recovery_codes",
        sa.Column("school", sa.String(64), nullable=False),
        sa.Column("account_id", sa.String(32), nullable=False),
        sa.Column("code_hash", sa.String(64), nullable=False),
        sa.Column("used_at", sa.String(27), nullable=True),
        sa.ForeignKeyConstraint(
            ["school", "account_id"],
            ["accounts.school", "accounts.id"],
            name=op.f("fk_recovery_codes_school_account_id"),
        ),
        sa.PrimaryKeyConstraint("school", "account_id", "code_hash", name=op.f("pk_recovery_codes")),
    )
    op.create_table(
        "invitations",
        sa.Column("school", sa.String(64), nullable=False),
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("account_id", sa.String(32), nullable=False),
        sa.Column("secret_hash", sa.String(64), nullable=False),
        sa.Column("created_by", sa.String(32), nullable=False),
        sa.Column("created_at", sa.String(27), nullable=False),
        sa.Column("expires_at", sa.String(27), nullable=False),
        sa.Column("needs_second", sa.Boolean(), nullable=False),
        sa.Column("approved_by", sa.String(32), nullable=False),
        sa.Column("approved_at", sa.String(27), nullable=True),
        sa.Column("used_at", sa.String(27), nullable=True),
        sa.Column("withdrawn_at", sa.String(27), nullable=True),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["school", "account_id"],
            ["accounts.school", "accounts.id"],
            name=op.f("fk_invitations_school_account_id"),
        ),
        sa.PrimaryKeyConstraint("school", "id", name=op.f("pk_invitations")),
    )
    op.create_index(
        "ix_invitations_account", "invitations", ["school", "account_id", "created_at"], unique=False
    )
    op.create_table(
        "passkeys",
        sa.Column("school", sa.String(64), nullable=False),
        sa.Column("credential_hash", sa.String(64), nullable=False),
        sa.Column("account_id", sa.String(32), nullable=False),
        sa.Column("sign_count", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.String(27), nullable=False),
        sa.Column("last_used_at", sa.String(27), nullable=True),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["school", "account_id"],
            ["accounts.school", "accounts.id"],
            name=op.f("fk_passkeys_school_account_id"),
        ),
        sa.PrimaryKeyConstraint("school", "credential_hash", name=op.f("pk_passkeys")),
    )
    op.create_index("ix_passkeys_account", "passkeys", ["school", "account_id"], unique=False)
    op.create_table(
        "throttles",
        sa.Column("school", sa.String(64), nullable=False),
        sa.Column("key_blind", sa.String(64), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("first_at", sa.String(27), nullable=False),
        sa.Column("locked_until", sa.String(27), nullable=True),
        sa.PrimaryKeyConstraint("school", "key_blind", name=op.f("pk_throttles")),
    )
    op.create_table(
        "sessions",
        sa.Column("school", sa.String(64), nullable=False),
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("token_hash", sa.String(64), nullable=False),
        sa.Column("account_id", sa.String(32), nullable=False),
        sa.Column("stage", sa.String(12), nullable=False),
        sa.Column("created_at", sa.String(27), nullable=False),
        sa.Column("last_seen_at", sa.String(27), nullable=False),
        sa.Column("expires_at", sa.String(27), nullable=False),
        sa.Column("fresh_until", sa.String(27), nullable=False),
        sa.Column("ended_at", sa.String(27), nullable=True),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("sealed_notes", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["school", "account_id"],
            ["accounts.school", "accounts.id"],
            name=op.f("fk_sessions_school_account_id"),
        ),
        sa.PrimaryKeyConstraint("school", "id", name=op.f("pk_sessions")),
        sa.UniqueConstraint("school", "token_hash", name=op.f("uq_sessions_school_token_hash")),
    )
    op.create_index("ix_sessions_account", "sessions", ["school", "account_id", "ended_at"], unique=False)
    op.create_table(
        "absences",
        sa.Column("school", sa.String(64), nullable=False),
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("role", sa.String(16), nullable=False),
        sa.Column("first_day", sa.String(10), nullable=False),
        sa.Column("last_day", sa.String(10), nullable=False),
        sa.Column("created_by", sa.String(32), nullable=False),
        sa.Column("created_at", sa.String(27), nullable=False),
        sa.Column("withdrawn_by", sa.String(32), nullable=False),
        sa.Column("withdrawn_at", sa.String(27), nullable=True),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("school", "id", name=op.f("pk_absences")),
    )
    op.create_table(
        "glass_grants",
        sa.Column("school", sa.String(64), nullable=False),
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("case_id", sa.String(24), nullable=False),
        sa.Column("account_id", sa.String(32), nullable=False),
        sa.Column("asked_at", sa.String(27), nullable=False),
        sa.Column("approved_by", sa.String(32), nullable=False),
        sa.Column("approved_at", sa.String(27), nullable=True),
        sa.Column("expires_at", sa.String(27), nullable=True),
        sa.Column("ended_by", sa.String(32), nullable=False),
        sa.Column("ended_at", sa.String(27), nullable=True),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["school", "account_id"],
            ["accounts.school", "accounts.id"],
            name=op.f("fk_glass_grants_school_account_id"),
        ),
        sa.ForeignKeyConstraint(
            ["school", "case_id"], ["cases.school", "cases.id"], name=op.f("fk_glass_grants_school_case_id")
        ),
        sa.PrimaryKeyConstraint("school", "id", name=op.f("pk_glass_grants")),
    )
    op.create_index(
        "ix_glass_grants_account", "glass_grants", ["school", "account_id", "asked_at"], unique=False
    )
