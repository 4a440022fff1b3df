"""The tables of what the model learns from and what it said; made like those of ``tables``.

In clear are ids, times, states, weeks, days and counts, and whether two samples have the same words.
Labels and envelopes are sealed; texts lie in blobs and nowhere else.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    Index,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
)

from mailguard.adapters.store.columns import BLIND, CASE_ID, ID, UtcTime, metadata, school_column

_WEEK = String(8)  # 2026-W48
_DAY = String(10)  # 2026-11-24


labelled_examples = Table(
    "labelled_examples",
    metadata,
    school_column(),
    Column("id", ID, nullable=False),
    Column("case_id", CASE_ID, nullable=False),
    Column("message_id", ID, nullable=False),
    Column("sample_id", ID, nullable=False),
    Column("blob_id", ID, nullable=False),
    Column("labelled_at", UtcTime, nullable=False),
    Column("labelled_by", Text, nullable=False),
    Column("withdrawn_at", UtcTime),
    Column("withdrawn_why", String(12), nullable=False),
    Column("sealed", LargeBinary, nullable=False),  # the label
    PrimaryKeyConstraint("school", "id"),
)
Index("ix_labelled_examples_case", labelled_examples.c.school, labelled_examples.c.case_id)
Index("ix_labelled_examples_blob", labelled_examples.c.school, labelled_examples.c.blob_id)

samples = Table(
    "samples",
    metadata,
    school_column(),
    Column("id", ID, nullable=False),
    Column("week", _WEEK, nullable=False),
    Column("reason", String(12), nullable=False),
    Column("rank", BigInteger, nullable=False),
    Column("blob_id", ID, nullable=False),
    Column("received_at", UtcTime, nullable=False),
    Column("state", String(12), nullable=False),
    Column("opened_at", UtcTime),
    Column("decided_by", Text, nullable=False),
    Column("decided_at", UtcTime),
    Column("sealed", LargeBinary, nullable=False),  # the envelope
    Column("day", _DAY, nullable=False, server_default=""),
    Column("words_blind", BLIND, nullable=False, server_default=""),
    PrimaryKeyConstraint("school", "id"),
)
Index("ix_samples_week", samples.c.school, samples.c.week, samples.c.reason, samples.c.rank)
Index("ix_samples_day", samples.c.school, samples.c.day, samples.c.reason, samples.c.rank)
Index("ix_samples_words", samples.c.school, samples.c.words_blind)
Index("ix_samples_blob", samples.c.school, samples.c.blob_id)

score_counts = Table(
    "score_counts",
    metadata,
    school_column(),
    Column("week", _WEEK, nullable=False),
    Column("model", String(16), nullable=False),
    Column("series", String(24), nullable=False),
    Column("bin", String(24), nullable=False),
    Column("count", Integer, nullable=False),
    PrimaryKeyConstraint("school", "week", "model", "series", "bin"),
)
