"""Labelling: what the DCPO sees of what the model did not understand and of the weekly sample, envelope first, and what comes
of it.

The text is read only when somebody opens it, and that is on the record. A label goes to the examples, and can be seen, changed
and taken back as long as it teaches; the sample's text stays encrypted as long as the example is kept, and no longer.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from mailguard.app.ports import BlobStore, PermanentFailure
from mailguard.app.ports_learning import (
    ExampleCounts,
    ExampleRecord,
    SampleRecord,
    SampleState,
    Withdrawn,
)
from mailguard.app.ports_store import AuditEntry, Store, Transaction
from mailguard.domain.label import Label
from mailguard.domain.message import MessageFacts

OPENED, LABELLED, SKIPPED = "review:sample:opened", "review:sample:labelled", "review:sample:skipped"
RELABELLED, UNLABELLED = "review:sample:relabelled", "review:sample:label-withdrawn"
ENDED_UNREAD, NOT_KEPT = "retention:sample:ended-unread", "daemon:sample:not-kept"


class NoSample(LookupError):
    """There is none of that id, or it is no longer kept."""


@dataclass(frozen=True, slots=True)
class GivenLabel:
    """A label that teaches; ``sample`` is None for one of a case."""

    example: ExampleRecord
    sample: SampleRecord | None


@dataclass(frozen=True, slots=True)
class OpenedSample:
    """``subject`` and ``text``: as the sender wrote them, quoted parts apart; "" where it could not be read any more."""

    sample: SampleRecord
    subject: str
    text: str
    quoted: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Offered:
    """What waits, and how much has been labelled. ``keep_days``: how long an unlabelled sample stays."""

    waiting: tuple[SampleRecord, ...]
    examples: ExampleCounts
    keep_days: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Labelling:
    """``read``: bytes to facts. ``keep_days`` for what nobody labels, ``examples_keep_days`` for what was labelled."""

    store: Store
    blobs: BlobStore
    read: Callable[[bytes], MessageFacts]
    keep_days: int
    examples_keep_days: int

    def offered(self) -> Offered:
        """Envelopes only: nothing that somebody wrote is read for it."""
        with self.store.reading() as transaction:
            return Offered(
                waiting=transaction.samples.waiting(),
                examples=transaction.learning.counts(),
                keep_days=self.keep_days,
            )

    def find(self, sample_id: str) -> SampleRecord:
        """The envelope. Raises NoSample."""
        with self.store.reading() as transaction:
            sample = transaction.samples.find(sample_id)
        if sample is None:
            raise NoSample(sample_id)
        return sample

    def ask_to_open(self, sample_id: str) -> None:
        """Somebody wants to read it: from now on its words may be shown, and no other displaces it. Raises NoSample."""
        with self.store.transaction() as transaction:
            sample = transaction.samples.find(sample_id)
            if sample is None:
                raise NoSample(sample_id)
            transaction.samples.note_opened(sample_id)

    def open(self, sample_id: str, *, by: str) -> OpenedSample:
        """Its words, each time on the record before they are read. Raises NoSample unless somebody has asked to open it."""
        with self.store.transaction() as transaction:
            sample = transaction.samples.find(sample_id)
            if sample is None or not _may_be_read(transaction, sample):
                raise NoSample(sample_id)
            detail = {"sample": sample_id, "week": sample.week, "reason": sample.reason}
            transaction.audit.append(AuditEntry(tag=OPENED, actor=by, detail=detail))
        try:
            facts = self.read(self.blobs.get(sample.blob_id))
        except PermanentFailure:
            return OpenedSample(sample, "", "", "")
        return OpenedSample(sample, facts.subject, facts.own_text, facts.quoted_text)

    def given(self) -> tuple[GivenLabel, ...]:
        """Every label that teaches, the newest first."""
        with self.store.reading() as transaction:
            return tuple(
                GivenLabel(each, transaction.samples.find(each.sample_id) if each.sample_id else None)
                for each in reversed(transaction.learning.examples())
            )

    def label_of(self, sample_id: str) -> ExampleRecord | None:
        """What was said of a sample, None when it teaches nothing."""
        with self.store.reading() as transaction:
            return transaction.learning.of_sample(sample_id)

    def label(self, sample_id: str, label: Label, *, by: str) -> bool:
        """It becomes an example. False when somebody was first. Raises NoSample."""
        with self.store.transaction() as transaction:
            sample = transaction.samples.find(sample_id)
            if sample is None:
                raise NoSample(sample_id)
            if not transaction.samples.decide(sample_id, state=SampleState.LABELLED, by=by):
                return False
            transaction.learning.put(
                ExampleRecord(
                    blob_id=sample.blob_id,
                    label=label,
                    by=by,
                    labelled_at=transaction.now,
                    sample_id=sample_id,
                )
            )
            detail = {"sample": sample_id, "reason": sample.reason, "label": label.as_dict()}
            transaction.audit.append(AuditEntry(tag=LABELLED, actor=by, detail=detail))
        return True

    def relabel(self, sample_id: str, label: Label, *, by: str) -> bool:
        """Say otherwise of one that was labelled. False when it teaches nothing (any more). Raises NoSample."""
        with self.store.transaction() as transaction:
            sample, before = transaction.samples.find(sample_id), transaction.learning.of_sample(sample_id)
            if sample is None:
                raise NoSample(sample_id)
            if before is None:
                return False
            transaction.learning.put(replace(before, label=label, by=by, labelled_at=transaction.now))
            detail = {"sample": sample_id, "label": label.as_dict(), "before": before.label.as_dict()}
            transaction.audit.append(AuditEntry(tag=RELABELLED, actor=by, detail=detail))
        return True

    def skip(self, sample_id: str, *, by: str) -> bool:
        """Nobody wants to say. False when somebody was first. Raises NoSample."""
        self.find(sample_id)
        with self.store.transaction() as transaction:
            if not transaction.samples.decide(sample_id, state=SampleState.SKIPPED, by=by):
                return False
            transaction.audit.append(AuditEntry(tag=SKIPPED, actor=by, detail={"sample": sample_id}))
        return True

    def withdraw(self, sample_id: str, *, by: str) -> bool:
        """The label was a mistake: it teaches no longer. False when there was none."""
        with self.store.transaction() as transaction:
            before = transaction.learning.of_sample(sample_id)
            if before is None or not transaction.learning.withdraw(
                sample_id=sample_id, why=Withdrawn.BY_HAND
            ):
                return False
            detail = {"sample": sample_id, "before": before.label.as_dict()}
            transaction.audit.append(AuditEntry(tag=UNLABELLED, actor=by, detail=detail))
        return True

    def forget_old(self, *, now: datetime, shred: Callable[[str], None]) -> int:
        """Let go what nobody labelled in time, and examples of samples that are too old; how many blobs went.

        Of what the model did not understand and nobody read, each is on the record, and the digest counts them.
        """
        before = now - timedelta(days=self.keep_days)
        with self.store.transaction() as transaction:
            for sample in transaction.samples.unread(received_before=before):
                detail = {
                    "sample": sample.id,
                    "week": sample.week,
                    "reason": sample.reason,
                    "closed_to": list(sample.closed_to),
                }
                transaction.audit.append(AuditEntry(tag=ENDED_UNREAD, actor="retention", detail=detail))
            old_examples = transaction.learning.forget_old(
                labelled_before=now - timedelta(days=self.examples_keep_days)
            )
            old_samples = transaction.samples.forget_old(received_before=before)
        gone = tuple(dict.fromkeys((*old_examples, *old_samples)))
        for blob_id in gone:
            shred(blob_id)
        return len(gone)


def _may_be_read(transaction: Transaction, sample: SampleRecord) -> bool:
    """Asked for, and still to be judged, or its judgement to be changed."""
    if sample.opened_at is None and sample.state is SampleState.WAITING:
        return False
    return sample.state is SampleState.WAITING or transaction.learning.of_sample(sample.id) is not None
