"""The tables of accounts, sessions, the rota and broken glass; made like those of ``tables``.

In clear are ids, roles, states and times. Names, addresses, secrets and reasons are sealed; what a browser or a
person holds (tokens, one-time passwords, recovery codes) is kept as a hash only.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    String,
    Table,
    UniqueConstraint,
)

from mailguard.adapters.store.columns import BLIND, CASE_ID, ID, UtcTime, metadata, school_column

accounts = Table(
    "accounts",
    metadata,
    school_column(),
    Column("id", ID, nullable=False),
    Column("address_blind", BLIND, nullable=False),
    Column("role", String(16), nullable=False),
    Column("state", String(12), nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("updated_at", UtcTime, nullable=False),
    Column("created_by", ID, nullable=False),
    Column("password_set_at", UtcTime),
    Column("signed_in_at", UtcTime),
    Column("last_totp_step", BigInteger, nullable=False),
    Column("sealed", LargeBinary, nullable=False),  # name, address, password hash, TOTP secret
    PrimaryKeyConstraint("school", "id"),
    UniqueConstraint("school", "address_blind"),
)

recovery_codes = Table(
    "recovery_codes",
    metadata,
    school_column(),
    Column("account_id", ID, nullable=False),
    Column("code_hash", String(64), nullable=False),
    Column("used_at", UtcTime),
    PrimaryKeyConstraint("school", "account_id", "code_hash"),
    ForeignKeyConstraint(["school", "account_id"], ["accounts.school", "accounts.id"]),
)

invitations = Table(
    "invitations",
    metadata,
    school_column(),
    Column("id", ID, nullable=False),
    Column("account_id", ID, nullable=False),
    Column("secret_hash", String(64), nullable=False),
    Column("created_by", ID, nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("expires_at", UtcTime, nullable=False),
    Column("needs_second", Boolean, nullable=False),
    Column("approved_by", ID, nullable=False),
    Column("approved_at", UtcTime),
    Column("used_at", UtcTime),
    Column("withdrawn_at", UtcTime),
    Column("sealed", LargeBinary, nullable=False),  # reason
    PrimaryKeyConstraint("school", "id"),
    ForeignKeyConstraint(["school", "account_id"], ["accounts.school", "accounts.id"]),
)
Index("ix_invitations_account", invitations.c.school, invitations.c.account_id, invitations.c.created_at)

passkeys = Table(
    "passkeys",
    metadata,
    school_column(),
    Column("credential_hash", String(64), nullable=False),
    Column("account_id", ID, nullable=False),
    Column("sign_count", BigInteger, nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("last_used_at", UtcTime),
    Column("sealed", LargeBinary, nullable=False),  # credential id, public key, name
    PrimaryKeyConstraint("school", "credential_hash"),
    ForeignKeyConstraint(["school", "account_id"], ["accounts.school", "accounts.id"]),
)
Index("ix_passkeys_account", passkeys.c.school, passkeys.c.account_id)

throttles = Table(
    "throttles",
    metadata,
    school_column(),
    Column("key_blind", BLIND, nullable=False),
    Column("failures", Integer, nullable=False),
    Column("first_at", UtcTime, nullable=False),
    Column("locked_until", UtcTime),
    PrimaryKeyConstraint("school", "key_blind"),
)

sessions = Table(
    "sessions",
    metadata,
    school_column(),
    Column("id", ID, nullable=False),
    Column("token_hash", String(64), nullable=False),
    Column("account_id", ID, nullable=False),
    Column("stage", String(12), nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("last_seen_at", UtcTime, nullable=False),
    Column("expires_at", UtcTime, nullable=False),
    Column("fresh_until", UtcTime, nullable=False),
    Column("ended_at", UtcTime),
    Column("sealed", LargeBinary, nullable=False),  # client
    Column("sealed_notes", LargeBinary, nullable=False),
    PrimaryKeyConstraint("school", "id"),
    UniqueConstraint("school", "token_hash"),
    ForeignKeyConstraint(["school", "account_id"], ["accounts.school", "accounts.id"]),
)
Index("ix_sessions_account", sessions.c.school, sessions.c.account_id, sessions.c.ended_at)

absences = Table(
    "absences",
    metadata,
    school_column(),
    Column("id", ID, nullable=False),
    Column("role", String(16), nullable=False),
    Column("first_day", String(10), nullable=False),
    Column("last_day", String(10), nullable=False),
    Column("created_by", ID, nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("withdrawn_by", ID, nullable=False),
    Column("withdrawn_at", UtcTime),
    Column("sealed", LargeBinary, nullable=False),  # acting person
    PrimaryKeyConstraint("school", "id"),
)

glass_grants = Table(
    "glass_grants",
    metadata,
    school_column(),
    Column("id", ID, nullable=False),
    Column("case_id", CASE_ID, nullable=False),
    Column("account_id", ID, nullable=False),
    Column("asked_at", UtcTime, nullable=False),
    Column("approved_by", ID, nullable=False),
    Column("approved_at", UtcTime),
    Column("expires_at", UtcTime),
    Column("ended_by", ID, nullable=False),
    Column("ended_at", UtcTime),
    Column("sealed", LargeBinary, nullable=False),  # reason
    PrimaryKeyConstraint("school", "id"),
    ForeignKeyConstraint(["school", "case_id"], ["cases.school", "cases.id"]),
    ForeignKeyConstraint(["school", "account_id"], ["accounts.school", "accounts.id"]),
)
Index("ix_glass_grants_account", glass_grants.c.school, glass_grants.c.account_id, glass_grants.c.asked_at)
