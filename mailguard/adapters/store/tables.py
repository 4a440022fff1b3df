"""The tables. Every row has its school.

``sealed`` columns are AES-256-GCM, ``*_blind`` columns HMAC-SHA-256 in hex; ``columns`` has what all are made of.
What is in clear is what IT may see (DESIGN, Promise 7): ids, times, states, rows, levels, hashes of bytes,
counts. Times are text of fixed width in UTC, so that both databases sort and compare them alike and the
audit hash sees one form.
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
    Text,
    UniqueConstraint,
)

from mailguard.adapters.store.columns import BLIND, CASE_ID, ID, UtcTime, metadata, school_column

school_keys = Table(
    "school_keys",
    metadata,
    school_column(),
    Column("purpose", String(16), nullable=False),  # content | blind | audit
    Column("wrapped_key", LargeBinary, nullable=False),
    Column("public_key", LargeBinary, nullable=False),  # of the audit key; empty for the others
    Column("made_at", UtcTime, nullable=False),
    PrimaryKeyConstraint("school", "purpose"),
)

blobs = Table(
    "blobs",
    metadata,
    school_column(),
    Column("blob_id", ID, nullable=False),
    Column("wrapped_key", LargeBinary),  # null: shredded
    Column("sha256", String(64), nullable=False),
    Column("size_bytes", Integer, nullable=False),
    Column("put_at", UtcTime, nullable=False),
    PrimaryKeyConstraint("school", "blob_id"),
)

cases = Table(
    "cases",
    metadata,
    school_column(),
    Column("id", CASE_ID, nullable=False),
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
    Column("queue_place", String(20), nullable=False, server_default=""),  # domain.queue_order
    Column("sealed", LargeBinary, nullable=False),  # DecisionRecord
    PrimaryKeyConstraint("school", "id"),
)
# Holds all that the queue is sorted and filtered by, so that no case is read which is not shown.
Index(
    "ix_cases_queue",
    cases.c.school,
    cases.c.queue_place,
    cases.c.id,
    cases.c.level,
    cases.c.verdict,
    cases.c.row,
    cases.c.opened_at,
)
Index("ix_cases_listing", cases.c.school, cases.c.state, cases.c.opened_at)
Index("ix_cases_opened", cases.c.school, cases.c.opened_at)

content_keys = Table(
    "content_keys",
    metadata,
    school_column(),
    Column("content_blind", BLIND, nullable=False),
    Column("case_id", CASE_ID, nullable=False),
    PrimaryKeyConstraint("school", "content_blind"),
    ForeignKeyConstraint(["school", "case_id"], ["cases.school", "cases.id"]),
)

cluster_keys = Table(
    "cluster_keys",
    metadata,
    school_column(),
    Column("cluster_blind", BLIND, nullable=False),
    Column("case_id", CASE_ID, nullable=False),
    PrimaryKeyConstraint("school", "cluster_blind"),
    ForeignKeyConstraint(["school", "case_id"], ["cases.school", "cases.id"]),
)

case_index = Table(
    "case_index",
    metadata,
    school_column(),
    Column(
        "kind", String(12), nullable=False
    ),  # address | person | subject | withheld | platform | message-id
    Column("blind", BLIND, nullable=False),
    Column("case_id", CASE_ID, nullable=False),
    PrimaryKeyConstraint("school", "kind", "blind", "case_id"),
    ForeignKeyConstraint(["school", "case_id"], ["cases.school", "cases.id"]),
)

# When each reader last had a case open: the queue's unread marks.
case_views = Table(
    "case_views",
    metadata,
    school_column(),
    Column("person", Text, nullable=False),
    Column("case_id", CASE_ID, nullable=False),
    Column("seen_at", UtcTime, nullable=False),
    PrimaryKeyConstraint("school", "person", "case_id"),
    ForeignKeyConstraint(["school", "case_id"], ["cases.school", "cases.id"]),
)

messages = Table(
    "messages",
    metadata,
    school_column(),
    Column("id", ID, nullable=False),
    Column("case_id", CASE_ID, nullable=False),
    Column("position", Integer, nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("size_bytes", Integer, nullable=False),
    Column("blob_id", ID, nullable=False),
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
    school_column(),
    Column("id", ID, nullable=False),
    Column("case_id", CASE_ID, nullable=False),
    Column("message_id", ID, nullable=False),
    Column("position", Integer, nullable=False),
    Column("delivery_blind", BLIND, nullable=False),
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
    school_column(),
    Column("id", ID, nullable=False),
    Column("case_id", CASE_ID, nullable=False),
    Column("position", Integer, nullable=False),
    Column("at", UtcTime, nullable=False),
    Column("decision", String(8), nullable=False),
    Column("withdrawn_at", UtcTime),  # undone: nobody learns from it
    Column("sealed", LargeBinary, nullable=False),
    PrimaryKeyConstraint("school", "id"),
    UniqueConstraint("school", "case_id", "position"),
    ForeignKeyConstraint(["school", "case_id"], ["cases.school", "cases.id"]),
)

effects = Table(
    "effects",
    metadata,
    school_column(),
    Column("id", ID, nullable=False),
    Column("kind", String(16), nullable=False),
    Column("key_blind", BLIND, nullable=False),
    Column("header_message_id", Text, nullable=False),
    Column("state", String(12), nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("due_at", UtcTime, nullable=False),
    Column("case_id", CASE_ID),
    Column("message_id", ID, nullable=False),
    Column("recipient_id", ID, nullable=False),
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
    school_column(),
    Column("size", Integer, nullable=False),
    Column("hash", String(64), nullable=False),
    PrimaryKeyConstraint("school"),
)

audit_events = Table(
    "audit_events",
    metadata,
    school_column(),
    Column("seq", Integer, nullable=False),
    Column("at", UtcTime, nullable=False),
    Column("tag", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("case_id", CASE_ID, nullable=False),
    Column("detail", Text, nullable=False),
    Column("previous", String(64), nullable=False),
    Column("hash", String(64), nullable=False),
    Column("salt", String(32), nullable=False, server_default=""),
    PrimaryKeyConstraint("school", "seq"),
)
Index("ix_audit_events_case", audit_events.c.school, audit_events.c.case_id, audit_events.c.seq)
Index("ix_audit_events_at", audit_events.c.school, audit_events.c.at, audit_events.c.seq)

audit_checkpoints = Table(
    "audit_checkpoints",
    metadata,
    school_column(),
    Column("number", Integer, nullable=False),
    Column("size", Integer, nullable=False),
    Column("note", Text, nullable=False),
    PrimaryKeyConstraint("school", "number"),
)

counters = Table(
    "counters",
    metadata,
    school_column(),
    Column("day", String(10), nullable=False),
    Column("row", String(8), nullable=False),
    Column("verdict", String(32), nullable=False),
    Column("count", Integer, nullable=False),
    PrimaryKeyConstraint("school", "day", "row", "verdict"),
)

imap_checkpoints = Table(
    "imap_checkpoints",
    metadata,
    school_column(),
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
    school_column(),
    Column("blind", BLIND, nullable=False),
    Column("seen_at", UtcTime, nullable=False),
    PrimaryKeyConstraint("school", "blind"),
)
Index("ix_seen_messages_seen_at", seen_messages.c.school, seen_messages.c.seen_at)

attempts = Table(
    "attempts",
    metadata,
    school_column(),
    Column("delivery_blind", BLIND, nullable=False),
    Column("count", Integer, nullable=False),
    Column("last_at", UtcTime, nullable=False),
    PrimaryKeyConstraint("school", "delivery_blind"),
)

codes = Table(
    "codes",
    metadata,
    school_column(),
    Column("code_hash", String(64), nullable=False),
    Column("case_id", CASE_ID, nullable=False),
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
    school_column(),
    Column("key", String(128), nullable=False),
    Column("value", Text, nullable=False),
    Column("updated_at", UtcTime, nullable=False),
    PrimaryKeyConstraint("school", "key"),
)

exports = Table(
    "exports",
    metadata,
    school_column(),
    Column("id", ID, nullable=False),
    Column("kind", String(16), nullable=False),
    Column("state", String(8), nullable=False),
    Column("at", UtcTime, nullable=False),
    Column("made_by", Text, nullable=False),
    Column("purpose", String(24), nullable=False),
    Column("case_id", CASE_ID, nullable=False),
    Column("form", String(16), nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    PrimaryKeyConstraint("school", "id"),
)
Index("ix_exports_at", exports.c.school, exports.c.at)
links = Table(
    "links",
    metadata,
    school_column(),
    Column("token_hash", String(64), nullable=False),
    Column("action", String(32), nullable=False),
    Column("item", ID, nullable=False),
    Column("person_id", Text, nullable=False),
    Column("case_id", CASE_ID, nullable=False),
    Column("expires_at", UtcTime, nullable=False),
    Column("used_at", UtcTime),
    PrimaryKeyConstraint("school", "token_hash"),
)

list_drafts = Table(
    "list_drafts",
    metadata,
    school_column(),
    Column("id", ID, nullable=False),
    Column("list", String(32), nullable=False),
    Column("base_version", String(12), nullable=False),
    Column("made_at", UtcTime, nullable=False),
    Column("made_by", Text, nullable=False),
    Column("says", Text, nullable=False),
    Column("sealed", LargeBinary, nullable=False),  # the file's content
    PrimaryKeyConstraint("school", "id"),
)

list_versions = Table(
    "list_versions",
    metadata,
    school_column(),
    Column("list", String(32), nullable=False),
    Column("number", Integer, nullable=False),
    Column("id", ID, nullable=False),
    Column("at", UtcTime, nullable=False),
    Column("by", Text, nullable=False),
    Column("says", Text, nullable=False),
    Column("lists_version", String(12), nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("rows", Integer, nullable=False),
    Column("added", Integer, nullable=False),
    Column("removed", Integer, nullable=False),
    Column("changed", Integer, nullable=False),
    Column("is_lowering", Boolean, nullable=False),
    Column("sealed_reason", LargeBinary, nullable=False),
    Column("sealed", LargeBinary, nullable=False),  # the file's content
    PrimaryKeyConstraint("school", "list", "number"),
)
Index("ix_list_versions_at", list_versions.c.school, list_versions.c.at)

take_downs = Table(
    "take_downs",
    metadata,
    school_column(),
    Column("id", ID, nullable=False),
    Column("case_id", CASE_ID, nullable=False),
    Column("state", String(12), nullable=False),
    Column("made_at", UtcTime, nullable=False),
    Column("made_by", Text, nullable=False),
    Column("updated_at", UtcTime, nullable=False),
    Column("remind_on", String(10), nullable=False),  # a local day; "" for never
    Column("sealed", LargeBinary, nullable=False),
    PrimaryKeyConstraint("school", "id"),
    ForeignKeyConstraint(["school", "case_id"], ["cases.school", "cases.id"]),
)
Index("ix_take_downs_case", take_downs.c.school, take_downs.c.case_id)
Index("ix_take_downs_state", take_downs.c.school, take_downs.c.state, take_downs.c.remind_on)

take_down_notes = Table(
    "take_down_notes",
    metadata,
    school_column(),
    Column("id", ID, nullable=False),
    Column("take_down_id", ID, nullable=False),
    Column("position", Integer, nullable=False),
    Column("at", UtcTime, nullable=False),
    Column("by", Text, nullable=False),
    Column("state", String(12), nullable=False),
    Column("sealed", LargeBinary, nullable=False),  # the note
    PrimaryKeyConstraint("school", "id"),
    ForeignKeyConstraint(["school", "take_down_id"], ["take_downs.school", "take_downs.id"]),
)
Index("ix_take_down_notes_of", take_down_notes.c.school, take_down_notes.c.take_down_id)
