"""The tables. Every row has its school.

``sealed`` columns are AES-256-GCM, ``*_blind`` columns HMAC-SHA-256 in hex.
What is in clear is what IT may see (DESIGN, Promise 7): ids, times, states, rows, levels, hashes of bytes,
counts. Times are text of fixed width in UTC, so that both databases sort and compare them alike and the
audit hash sees one form.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
    UniqueConstraint,
)
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator

from mailguard.domain.audit import time_from_text, time_text


class UtcTime(TypeDecorator[datetime]):
    """An aware time as 2026-09-28T22:40:00.000000Z."""

    impl = String(27)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> str | None:
        return None if value is None else time_text(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        return None if value is None else time_from_text(value)


metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

_BLIND = String(64)
_ID = String(32)
_CASE_ID = String(24)
_SCHOOL = String(64)


def _school() -> Column[str]:
    return Column("school", _SCHOOL, nullable=False)


school_keys = Table(
    "school_keys",
    metadata,
    _school(),
    Column("purpose", String(16), nullable=False),  # content | blind | audit
    Column("wrapped_key", LargeBinary, nullable=False),
    Column("public_key", LargeBinary, nullable=False),  # of the audit key; empty for the others
    Column("made_at", UtcTime, nullable=False),
    PrimaryKeyConstraint("school", "purpose"),
)

blobs = Table(
    "blobs",
    metadata,
    _school(),
    Column("blob_id", _ID, nullable=False),
    Column("wrapped_key", LargeBinary),  # null: shredded
    Column("sha256", String(64), nullable=False),
    Column("size_bytes", Integer, nullable=False),
    Column("put_at", UtcTime, nullable=False),
    PrimaryKeyConstraint("school", "blob_id"),
)

case_numbers = Table(
    "case_numbers",
    metadata,
    _school(),
    Column("year", Integer, nullable=False),
    Column("last", Integer, nullable=False),
    PrimaryKeyConstraint("school", "year"),
)

cases = Table(
    "cases",
    metadata,
    _school(),
    Column("id", _CASE_ID, nullable=False),
    Column("state", String(16), nullable=False),
    Column("mode", String(8), nullable=False),
    Column("opened_at", UtcTime, nullable=False),
    Column("updated_at", UtcTime, nullable=False),
    Column("via", String(16), nullable=False),
    Column("is_backlog", Boolean, nullable=False),
    Column("verdict", String(32), nullable=False),
    Column("row", String(8), nullable=False),
    Column("level", Integer, nullable=False),
    Column("disposition", String(8), nullable=False),
    Column("report_when", String(8), nullable=False),
    Column("thread_message_id", Text, nullable=False),
    Column("acknowledged_by", Text, nullable=False),
    Column("acknowledged_at", UtcTime),
    Column("decided_by", Text, nullable=False),
    Column("decided_at", UtcTime),
    Column("decided_as", String(8)),
    Column("outcome", String(16)),
    Column("sealed", LargeBinary, nullable=False),  # DecisionRecord
    PrimaryKeyConstraint("school", "id"),
)
Index("ix_cases_listing", cases.c.school, cases.c.state, cases.c.opened_at)
Index("ix_cases_opened", cases.c.school, cases.c.opened_at)

content_keys = Table(
    "content_keys",
    metadata,
    _school(),
    Column("content_blind", _BLIND, nullable=False),
    Column("case_id", _CASE_ID, nullable=False),
    PrimaryKeyConstraint("school", "content_blind"),
    ForeignKeyConstraint(["school", "case_id"], ["cases.school", "cases.id"]),
)

cluster_keys = Table(
    "cluster_keys",
    metadata,
    _school(),
    Column("cluster_blind", _BLIND, nullable=False),
    Column("case_id", _CASE_ID, nullable=False),
    PrimaryKeyConstraint("school", "cluster_blind"),
    ForeignKeyConstraint(["school", "case_id"], ["cases.school", "cases.id"]),
)

case_index = Table(
    "case_index",
    metadata,
    _school(),
    Column("kind", String(12), nullable=False),  # address | person | subject | message-id
    Column("blind", _BLIND, nullable=False),
    Column("case_id", _CASE_ID, nullable=False),
    PrimaryKeyConstraint("school", "kind", "blind", "case_id"),
    ForeignKeyConstraint(["school", "case_id"], ["cases.school", "cases.id"]),
)

messages = Table(
    "messages",
    metadata,
    _school(),
    Column("id", _ID, nullable=False),
    Column("case_id", _CASE_ID, nullable=False),
    Column("position", Integer, nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("size_bytes", Integer, nullable=False),
    Column("blob_id", _ID, nullable=False),
    Column("received_at", UtcTime, nullable=False),
    Column("is_outbound", Boolean, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    PrimaryKeyConstraint("school", "id"),
    UniqueConstraint("school", "case_id", "sha256"),
    ForeignKeyConstraint(["school", "case_id"], ["cases.school", "cases.id"]),
    ForeignKeyConstraint(["school", "blob_id"], ["blobs.school", "blobs.blob_id"]),
)
Index("ix_messages_blob", messages.c.school, messages.c.blob_id)

recipients = Table(
    "recipients",
    metadata,
    _school(),
    Column("id", _ID, nullable=False),
    Column("case_id", _CASE_ID, nullable=False),
    Column("message_id", _ID, nullable=False),
    Column("position", Integer, nullable=False),
    Column("delivery_blind", _BLIND, nullable=False),
    Column("disposition", String(8), nullable=False),
    Column("row", String(8), nullable=False),
    Column("state", String(20), nullable=False),
    Column("updated_at", UtcTime, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    PrimaryKeyConstraint("school", "id"),
    UniqueConstraint("school", "delivery_blind"),
    ForeignKeyConstraint(["school", "case_id"], ["cases.school", "cases.id"]),
    ForeignKeyConstraint(["school", "message_id"], ["messages.school", "messages.id"]),
)
Index("ix_recipients_case", recipients.c.school, recipients.c.case_id, recipients.c.position)

reviews = Table(
    "reviews",
    metadata,
    _school(),
    Column("id", _ID, nullable=False),
    Column("case_id", _CASE_ID, nullable=False),
    Column("position", Integer, nullable=False),
    Column("at", UtcTime, nullable=False),
    Column("decision", String(8), nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    PrimaryKeyConstraint("school", "id"),
    UniqueConstraint("school", "case_id", "position"),
    ForeignKeyConstraint(["school", "case_id"], ["cases.school", "cases.id"]),
)

effects = Table(
    "effects",
    metadata,
    _school(),
    Column("id", _ID, nullable=False),
    Column("kind", String(16), nullable=False),
    Column("key_blind", _BLIND, nullable=False),
    Column("header_message_id", Text, nullable=False),
    Column("state", String(12), nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("due_at", UtcTime, nullable=False),
    Column("case_id", _CASE_ID),
    Column("message_id", _ID, nullable=False),
    Column("recipient_id", _ID, nullable=False),
    Column("role", String(16), nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("lease_owner", Text, nullable=False),
    Column("lease_until", UtcTime),
    Column("finished_at", UtcTime),
    Column("sealed", LargeBinary, nullable=False),  # key, address, payload
    Column("sealed_error", LargeBinary),
    PrimaryKeyConstraint("school", "id"),
    UniqueConstraint("school", "key_blind"),
    ForeignKeyConstraint(["school", "case_id"], ["cases.school", "cases.id"]),
)
Index("ix_effects_due", effects.c.school, effects.c.state, effects.c.due_at)
Index("ix_effects_case", effects.c.school, effects.c.case_id)
Index("ix_effects_header_message_id", effects.c.school, effects.c.header_message_id)

audit_heads = Table(
    "audit_heads",
    metadata,
    _school(),
    Column("size", Integer, nullable=False),
    Column("hash", String(64), nullable=False),
    PrimaryKeyConstraint("school"),
)

audit_events = Table(
    "audit_events",
    metadata,
    _school(),
    Column("seq", Integer, nullable=False),
    Column("at", UtcTime, nullable=False),
    Column("tag", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("case_id", _CASE_ID, nullable=False),
    Column("detail", Text, nullable=False),
    Column("previous", String(64), nullable=False),
    Column("hash", String(64), nullable=False),
    PrimaryKeyConstraint("school", "seq"),
)
Index("ix_audit_events_case", audit_events.c.school, audit_events.c.case_id, audit_events.c.seq)

audit_checkpoints = Table(
    "audit_checkpoints",
    metadata,
    _school(),
    Column("number", Integer, nullable=False),
    Column("size", Integer, nullable=False),
    Column("note", Text, nullable=False),
    PrimaryKeyConstraint("school", "number"),
)

counters = Table(
    "counters",
    metadata,
    _school(),
    Column("day", String(10), nullable=False),
    Column("row", String(8), nullable=False),
    Column("verdict", String(32), nullable=False),
    Column("count", Integer, nullable=False),
    PrimaryKeyConstraint("school", "day", "row", "verdict"),
)

imap_checkpoints = Table(
    "imap_checkpoints",
    metadata,
    _school(),
    Column("account", Text, nullable=False),
    Column("folder", Text, nullable=False),
    Column("uidvalidity", BigInteger, nullable=False),
    Column("last_uid", BigInteger, nullable=False),
    Column("last_sweep_at", UtcTime),
    PrimaryKeyConstraint("school", "account", "folder"),
)

seen_messages = Table(
    "seen_messages",
    metadata,
    _school(),
    Column("blind", _BLIND, nullable=False),
    Column("seen_at", UtcTime, nullable=False),
    PrimaryKeyConstraint("school", "blind"),
)
Index("ix_seen_messages_seen_at", seen_messages.c.school, seen_messages.c.seen_at)

attempts = Table(
    "attempts",
    metadata,
    _school(),
    Column("delivery_blind", _BLIND, nullable=False),
    Column("count", Integer, nullable=False),
    Column("last_at", UtcTime, nullable=False),
    PrimaryKeyConstraint("school", "delivery_blind"),
)

codes = Table(
    "codes",
    metadata,
    _school(),
    Column("code_hash", String(64), nullable=False),
    Column("case_id", _CASE_ID, nullable=False),
    Column("role", String(16), nullable=False),
    Column("action", String(32), nullable=False),
    Column("expires_at", UtcTime, nullable=False),
    Column("used_at", UtcTime),
    PrimaryKeyConstraint("school", "code_hash"),
    ForeignKeyConstraint(["school", "case_id"], ["cases.school", "cases.id"]),
)

states = Table(
    "states",
    metadata,
    _school(),
    Column("key", String(128), nullable=False),
    Column("value", Text, nullable=False),
    Column("updated_at", UtcTime, nullable=False),
    PrimaryKeyConstraint("school", "key"),
)
