"""The first schema, and the triggers that keep the audit trail append-only.

Revision ID: 0001
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_APPEND_ONLY = ("audit_events", "audit_checkpoints")


def upgrade() -> None:
    op.create_table(
        "attempts",
        sa.Column("school", sa.String(length=64), nullable=False),
        sa.Column("delivery_blind", sa.String(length=64), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("last_at", sa.String(27), nullable=False),
        sa.PrimaryKeyConstraint("school", "delivery_blind", name=op.f("pk_attempts")),
    )
    op.create_table(
        "audit_checkpoints",
        sa.Column("school", sa.String(length=64), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("school", "number", name=op.f("pk_audit_checkpoints")),
    )
    op.create_table(
        "audit_events",
        sa.Column("school", sa.String(length=64), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("at", sa.String(27), nullable=False),
        sa.Column("tag", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("case_id", sa.String(length=24), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("previous", sa.String(length=64), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("school", "seq", name=op.f("pk_audit_events")),
    )
    op.create_index("ix_audit_events_case", "audit_events", ["school", "case_id", "seq"], unique=False)
    op.create_table(
        "audit_heads",
        sa.Column("school", sa.String(length=64), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("school", name=op.f("pk_audit_heads")),
    )
    op.create_table(
        "blobs",
        sa.Column("school", sa.String(length=64), nullable=False),
        sa.Column("blob_id", sa.String(length=32), nullable=False),
        sa.Column("wrapped_key", sa.LargeBinary(), nullable=True),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("size_bytes", sa.Integer(), nullable=False),
        sa.Column("put_at", sa.String(27), nullable=False),
        sa.PrimaryKeyConstraint("school", "blob_id", name=op.f("pk_blobs")),
    )
    op.create_table(
        "case_numbers",
        sa.Column("school", sa.String(length=64), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("last", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("school", "year", name=op.f("pk_case_numbers")),
    )
    op.create_table(
        "cases",
        sa.Column("school", sa.String(length=64), nullable=False),
        sa.Column("id", sa.String(length=24), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("mode", sa.String(length=8), nullable=False),
        sa.Column("opened_at", sa.String(27), nullable=False),
        sa.Column("updated_at", sa.String(27), nullable=False),
        sa.Column("via", sa.String(length=16), nullable=False),
        sa.Column("is_backlog", sa.Boolean(), nullable=False),
        sa.Column("verdict", sa.String(length=32), nullable=False),
        sa.Column("row", sa.String(length=8), nullable=False),
        sa.Column("level", sa.Integer(), nullable=False),
        sa.Column("disposition", sa.String(length=8), nullable=False),
        sa.Column("report_when", sa.String(length=8), nullable=False),
        sa.Column("thread_message_id", sa.Text(), nullable=False),
        sa.Column("acknowledged_by", sa.Text(), nullable=False),
        sa.Column("acknowledged_at", sa.String(27), nullable=True),
        sa.Column("decided_by", sa.Text(), nullable=False),
        sa.Column("decided_at", sa.String(27), nullable=True),
        sa.Column("decided_as", sa.String(length=8), nullable=True),
        sa.Column("outcome", sa.String(length=16), nullable=True),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("school", "id", name=op.f("pk_cases")),
    )
    op.create_index("ix_cases_listing", "cases", ["school", "state", "opened_at"], unique=False)
    op.create_index("ix_cases_opened", "cases", ["school", "opened_at"], unique=False)
    op.create_table(
        "counters",
        sa.Column("school", sa.String(length=64), nullable=False),
        sa.Column("day", sa.String(length=10), nullable=False),
        sa.Column("row", sa.String(length=8), nullable=False),
        sa.Column("verdict", sa.String(length=32), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("school", "day", "row", "verdict", name=op.f("pk_counters")),
    )
    op.create_table(
        "imap_checkpoints",
        sa.Column("school", sa.String(length=64), nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("folder", sa.Text(), nullable=False),
        sa.Column("uidvalidity", sa.BigInteger(), nullable=False),
        sa.Column("last_uid", sa.BigInteger(), nullable=False),
        sa.Column("last_sweep_at", sa.String(27), nullable=True),
        sa.PrimaryKeyConstraint("school", "account", "folder", name=op.f("pk_imap_checkpoints")),
    )
    op.create_table(
        "school_keys",
        sa.Column("school", sa.String(length=64), nullable=False),
        sa.Column("purpose", sa.String(length=16), nullable=False),
        sa.Column("wrapped_key", sa.LargeBinary(), nullable=False),
        sa.Column("public_key", sa.LargeBinary(), nullable=False),
        sa.Column("made_at", sa.String(27), nullable=False),
        sa.PrimaryKeyConstraint("school", "purpose", name=op.f("pk_school_keys")),
    )
    op.create_table(
        "seen_messages",
        sa.Column("school", sa.String(length=64), nullable=False),
        sa.Column("blind", sa.String(length=64), nullable=False),
        sa.Column("seen_at", sa.String(27), nullable=False),
        sa.PrimaryKeyConstraint("school", "blind", name=op.f("pk_seen_messages")),
    )
    op.create_index("ix_seen_messages_seen_at", "seen_messages", ["school", "seen_at"], unique=False)
    op.create_table(
        "states",
        sa.Column("school", sa.String(length=64), nullable=False),
        sa.Column("key", sa.String(length=128), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("updated_at", sa.String(27), nullable=False),
        sa.PrimaryKeyConstraint("school", "key", name=op.f("pk_states")),
    )
    op.create_table(
        "case_index",
        sa.Column("school", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("blind", sa.String(length=64), nullable=False),
        sa.Column("case_id", sa.String(length=24), nullable=False),
        sa.ForeignKeyConstraint(
            ["school", "case_id"], ["cases.school", "cases.id"], name=op.f("fk_case_index_school_case_id")
        ),
        sa.PrimaryKeyConstraint("school", "kind", "blind", "case_id", name=op.f("pk_case_index")),
    )
    op.create_table(
        "cluster_keys",
        sa.Column("school", sa.String(length=64), nullable=False),
        sa.Column("cluster_blind", sa.String(length=64), nullable=False),
        sa.Column("case_id", sa.String(length=24), nullable=False),
        sa.ForeignKeyConstraint(
            ["school", "case_id"], ["cases.school", "cases.id"], name=op.f("fk_cluster_keys_school_case_id")
        ),
        sa.PrimaryKeyConstraint("school", "cluster_blind", name=op.f("pk_cluster_keys")),
    )
    op.create_table(
        "codes",
        sa.Column("school", sa.String(length=64), nullable=False),
        sa.Column("code_hash", sa.String(length=64), nullable=False),
        sa.Column("case_id", sa.String(length=24), nullable=False),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("action", sa.String(length=32), nullable=False),
        sa.Column("expires_at", sa.String(27), nullable=False),
        sa.Column("used_at", sa.String(27), nullable=True),
        sa.ForeignKeyConstraint(
            ["school", "case_id"], ["cases.school", "cases.id"], name=op.f("fk_codes_school_case_id")
        ),
        sa.PrimaryKeyConstraint("school", "code_hash", name=op.f("pk_codes")),
    )
    op.create_table(
        "content_keys",
        sa.Column("school", sa.String(length=64), nullable=False),
        sa.Column("content_blind", sa.String(length=64), nullable=False),
        sa.Column("case_id", sa.String(length=24), nullable=False),
        sa.ForeignKeyConstraint(
            ["school", "case_id"], ["cases.school", "cases.id"], name=op.f("fk_content_keys_school_case_id")
        ),
        sa.PrimaryKeyConstraint("school", "content_blind", name=op.f("pk_content_keys")),
    )
    op.create_table(
        "effects",
        sa.Column("school", sa.String(length=64), nullable=False),
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("key_blind", sa.String(length=64), nullable=False),
        sa.Column("header_message_id", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("created_at", sa.String(27), nullable=False),
        sa.Column("due_at", sa.String(27), nullable=False),
        sa.Column("case_id", sa.String(length=24), nullable=True),
        sa.Column("message_id", sa.String(length=32), nullable=False),
        sa.Column("recipient_id", sa.String(length=32), nullable=False),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("lease_owner", sa.Text(), nullable=False),
        sa.Column("lease_until", sa.String(27), nullable=True),
        sa.Column("finished_at", sa.String(27), nullable=True),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("sealed_error", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(
            ["school", "case_id"], ["cases.school", "cases.id"], name=op.f("fk_effects_school_case_id")
        ),
        sa.PrimaryKeyConstraint("school", "id", name=op.f("pk_effects")),
        sa.UniqueConstraint("school", "key_blind", name=op.f("uq_effects_school_key_blind")),
    )
    op.create_index("ix_effects_case", "effects", ["school", "case_id"], unique=False)
    op.create_index("ix_effects_due", "effects", ["school", "state", "due_at"], unique=False)
    op.create_index("ix_effects_header_message_id", "effects", ["school", "header_message_id"], unique=False)
    op.create_table(
        "messages",
        sa.Column("school", sa.String(length=64), nullable=False),
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("case_id", sa.String(length=24), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("size_bytes", sa.Integer(), nullable=False),
        sa.Column("blob_id", sa.String(length=32), nullable=False),
        sa.Column("received_at", sa.String(27), nullable=False),
        sa.Column("is_outbound", sa.Boolean(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["school", "blob_id"], ["blobs.school", "blobs.blob_id"], name=op.f("fk_messages_school_blob_id")
        ),
        sa.ForeignKeyConstraint(
            ["school", "case_id"], ["cases.school", "cases.id"], name=op.f("fk_messages_school_case_id")
        ),
        sa.PrimaryKeyConstraint("school", "id", name=op.f("pk_messages")),
        sa.UniqueConstraint("school", "case_id", "sha256", name=op.f("uq_messages_school_case_id_sha256")),
    )
    op.create_index("ix_messages_blob", "messages", ["school", "blob_id"], unique=False)
    op.create_table(
        "reviews",
        sa.Column("school", sa.String(length=64), nullable=False),
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("case_id", sa.String(length=24), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("at", sa.String(27), nullable=False),
        sa.Column("decision", sa.String(length=8), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["school", "case_id"], ["cases.school", "cases.id"], name=op.f("fk_reviews_school_case_id")
        ),
        sa.PrimaryKeyConstraint("school", "id", name=op.f("pk_reviews")),
        sa.UniqueConstraint("school", "case_id", "position", name=op.f("uq_reviews_school_case_id_position")),
    )
    op.create_table(
        "recipients",
        sa.Column("school", sa.String(length=64), nullable=False),
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("case_id", sa.String(length=24), nullable=False),
        sa.Column("message_id", sa.String(length=32), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("delivery_blind", sa.String(length=64), nullable=False),
        sa.Column("disposition", sa.String(length=8), nullable=False),
        sa.Column("row", sa.String(length=8), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("updated_at", sa.String(27), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["school", "case_id"], ["cases.school", "cases.id"], name=op.f("fk_recipients_school_case_id")
        ),
        sa.ForeignKeyConstraint(
            ["school", "message_id"],
            ["messages.school", "messages.id"],
            name=op.f("fk_recipients_school_message_id"),
        ),
        sa.PrimaryKeyConstraint("school", "id", name=op.f("pk_recipients")),
        sa.UniqueConstraint("school", "delivery_blind", name=op.f("uq_recipients_school_delivery_blind")),
    )
    op.create_index("ix_recipients_case", "recipients", ["school", "case_id", "position"], unique=False)

    for table in _APPEND_ONLY:
        _forbid_changes(table)


def _forbid_changes(table: str) -> None:
    if op.get_bind().dialect.name == "sqlite":
        for act in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER {table}_no_{act.lower()} BEFORE {act} ON {table} "
                f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
            )
        return
    op.execute(
        f"CREATE FUNCTION {table}_refuse() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN RAISE EXCEPTION '{table} is append-only'; END $$"
    )
    op.execute(
        f"CREATE TRIGGER {table}_no_change BEFORE UPDATE OR DELETE ON {table} "
        f"FOR EACH ROW EXECUTE FUNCTION {table}_refuse()"
    )
    op.execute(
        f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table} "
        f"FOR EACH STATEMENT EXECUTE FUNCTION {table}_refuse()"
    )
