"""The store as the application sees it: records, and what one transaction can do.

A ``Store`` belongs to one school. ``with store.transaction() as transaction`` commits at the end of the
block, or not at all when it raises; writers of a school are serialised, so what a block has read stays true
until it commits. Every method raises TemporaryFailure when the database cannot be reached, is busy too long
or full. Times are aware UTC. Text that tells about people is encrypted at rest and searched by blind index
only.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import date, datetime
from typing import Any, Protocol

from mailguard.app.export_records import Exports
from mailguard.app.list_records import ListHistory
from mailguard.app.ports_accounts import Accounts, Glass, Rota, Sessions
from mailguard.app.ports_learning import Learning, Samples, ScoreCounts
from mailguard.app.ports_links import Links
from mailguard.app.ports_queue import ReviewQueue
from mailguard.app.store_records import (
    AuditEntry,
    AuditFilter,
    AuditRecord,
    CaseFilter,
    CaseRecord,
    CodeGrant,
    CounterRecord,
    DecisionRecord,
    EffectRecord,
    ImapCheckpoint,
    MessageRecord,
    NewEffect,
    RecipientRecord,
    ReviewRecord,
    StoreProblem,
)
from mailguard.app.take_down_records import TakeDowns
from mailguard.domain.audit import AuditHead
from mailguard.domain.case import CaseState, EffectKind, EffectState, RecipientState

__all__ = [
    "AuditEntry",
    "AuditFilter",
    "AuditLog",
    "AuditRecord",
    "BlobKeys",
    "CaseFilter",
    "CaseRecord",
    "Cases",
    "CodeGrant",
    "CounterRecord",
    "DecisionRecord",
    "EffectRecord",
    "Effects",
    "ImapCheckpoint",
    "Ledger",
    "MessageRecord",
    "NewEffect",
    "RecipientRecord",
    "ReviewQueue",
    "ReviewRecord",
    "Store",
    "StoreProblem",
    "Transaction",
]


class Cases(Protocol):
    """Cases, their messages and their recipients."""

    def find(self, case_id: str) -> CaseRecord | None: ...

    def matching(self, case_filter: CaseFilter) -> tuple[CaseRecord, ...]: ...

    def count(self, case_filter: CaseFilter) -> int: ...

    def by_content_key(self, content_key: str) -> CaseRecord | None: ...

    def by_cluster_key(self, cluster_key: str) -> CaseRecord | None: ...

    def messages(self, case_id: str) -> tuple[MessageRecord, ...]:
        """In the order in which they came."""
        ...

    def message(self, message_id: str) -> MessageRecord | None: ...

    def recipients(self, case_id: str) -> tuple[RecipientRecord, ...]:
        """In the order in which they came."""
        ...

    def recipient(self, recipient_id: str) -> RecipientRecord | None: ...

    def by_delivery_key(self, delivery_key: str) -> RecipientRecord | None: ...

    def reviews(self, case_id: str) -> tuple[ReviewRecord, ...]:
        """In the order in which they were made, without those that were undone."""
        ...

    def next_id(self, local_year: int) -> str:
        """An id of that year that no case has had: drawn, so that it tells nothing of how many there are."""
        ...

    def add(self, case: CaseRecord, *, content_key: str, cluster_key: str = "") -> None: ...

    def add_message(self, message: MessageRecord) -> None: ...

    def add_recipient(self, recipient: RecipientRecord) -> bool:
        """False, and nothing is added, when its delivery key is known."""
        ...

    def add_review(self, review: ReviewRecord) -> None: ...

    def label_review(self, case_id: str, label: str) -> bool:
        """Write what the case was into its newest review. False when it has none."""
        ...

    def withdraw_review(self, case_id: str) -> None:
        """The case's newest review was undone."""
        ...

    def point_cluster(self, cluster_key: str, case_id: str) -> None:
        """From now on ``by_cluster_key`` gives this case."""
        ...

    def point_content(self, content_key: str, case_id: str) -> None:
        """A further message of the case: ``by_content_key`` gives this case."""
        ...

    def replace(self, case: CaseRecord, *, expected: Collection[CaseState] | None = None) -> bool:
        """Compare and set:

        write every field of the case if its state is one of ``expected`` (None: whatever it is).
        """
        ...

    def move_recipient(self, recipient_id: str, to: RecipientState) -> bool:
        """Compare and set by ``domain.case.RECIPIENT_TRANSITIONS``.

        False when it may not go there from where it is.
        """
        ...

    def hold_again(self, recipient: RecipientRecord) -> bool:
        """A release that was taken back before anything went out: release-pending → held or taken-out."""
        ...


class Effects(Protocol):
    """The outbox.

    Leasing is ``Store.lease_due``; an effect is finished in the transaction that audits it (T2).
    """

    def add(self, effect: NewEffect) -> EffectRecord | None:
        """None when the key is known."""
        ...

    def find(self, effect_id: str) -> EffectRecord | None: ...

    def by_key(self, key: str) -> EffectRecord | None: ...

    def by_header_message_id(self, header_message_id: str) -> EffectRecord | None:
        """Which of our own mails this was (In-Reply-To of an answer)."""
        ...

    def matching(
        self,
        *,
        case_id: str | None = None,
        recipient_id: str | None = None,
        kinds: Collection[EffectKind] | None = None,
        states: Collection[EffectState] | None = None,
    ) -> tuple[EffectRecord, ...]:
        """Oldest due first."""
        ...

    def finish(self, effect: EffectRecord) -> bool:
        """pending → done. False when another worker has finished or taken it since this lease."""
        ...

    def retry(self, effect: EffectRecord, *, due_at: datetime, error: str) -> bool:
        """Give the lease back, to be tried again at ``due_at``. False as above. ``error`` is encrypted."""
        ...

    def fail(self, effect: EffectRecord, *, error: str) -> bool:
        """pending → failed: it will not be tried again. False as above."""
        ...

    def cancel(
        self,
        *,
        case_id: str | None = None,
        recipient_id: str | None = None,
        kinds: Collection[EffectKind] | None = None,
    ) -> tuple[EffectRecord, ...]:
        """pending → cancelled for those that nobody is performing now; gives them as they were."""
        ...

    def amend(self, effect_id: str, *, payload: Mapping[str, Any], due_at: datetime) -> bool:
        """Change an effect that nobody has begun (coalescing). False when it was begun, done or cancelled."""
        ...

    def overdue(self, *, before: datetime) -> int:
        """How many pending effects were due before that time."""
        ...

    def oldest_due(self) -> datetime | None:
        """When the oldest pending effect was (or will be) due."""
        ...


class AuditLog(Protocol):
    """The append-only chain of the school."""

    def append(self, entry: AuditEntry) -> AuditRecord:
        """Chained to the last event, at the transaction's time.

        Durable with the transaction or not at all.
        """
        ...

    def head(self) -> AuditHead: ...

    def events(
        self, *, first: int = 1, last: int | None = None, case_id: str | None = None
    ) -> Iterator[AuditRecord]:
        """In order of seq, both ends included; streamed while the transaction is open."""
        ...

    def newest(self, audit_filter: AuditFilter) -> tuple[AuditRecord, ...]:
        """Newest first."""
        ...

    def add_checkpoint(self, *, size: int, note: str) -> None: ...

    def checkpoints(self) -> tuple[str, ...]:
        """Signed notes, oldest first."""
        ...

    def newest_checkpoint(self) -> str | None: ...


class Ledger(Protocol):
    """Small facts: counters, mailbox checkpoints, seen keys, attempts, codes, and named states."""

    def count(self, *, day: date, row: str, verdict: str, count: int = 1) -> None: ...

    def counts(self, *, first_day: date, last_day: date) -> tuple[CounterRecord, ...]: ...

    def imap_checkpoint(self, account: str, folder: str) -> ImapCheckpoint | None: ...

    def imap_checkpoints(self) -> tuple[ImapCheckpoint, ...]: ...

    def put_imap_checkpoint(self, checkpoint: ImapCheckpoint) -> None: ...

    def see(self, account: str, key: str) -> bool:
        """Remember that this mailbox's message was judged.

        True the first time. Kept as a blind index only.
        """
        ...

    def has_seen(self, account: str, key: str) -> bool: ...

    def forget_old(self, *, seen_before: datetime, attempts_before: datetime) -> int:
        """Drop seen keys and attempts older than that, and codes that expired; how many rows went."""
        ...

    def begin_attempt(self, delivery_key: str) -> int:
        """How often this delivery was begun, this time included. Commit it before the dangerous part."""
        ...

    def forget_attempts(self, delivery_key: str) -> None: ...

    def issue_code(self, *, case_id: str, role: str, action: str, expires_at: datetime) -> str:
        """A fresh 128-bit code in letters that survive a telephone and an e-mail answer; stored hashed."""
        ...

    def use_code(self, code: str, *, action: str) -> CodeGrant | None:
        """Spend it. None when it is unknown, spent, expired, or for another action: nobody is told which."""
        ...

    def state(self, key: str) -> str | None: ...

    def put_state(self, key: str, value: str) -> None: ...


class Transaction(Protocol):
    @property
    def now(self) -> datetime:
        """When it began; what it writes is dated so."""
        ...

    @property
    def cases(self) -> Cases: ...

    @property
    def effects(self) -> Effects: ...

    @property
    def audit(self) -> AuditLog: ...

    @property
    def ledger(self) -> Ledger: ...

    @property
    def exports(self) -> Exports: ...

    @property
    def links(self) -> Links: ...

    @property
    def queue(self) -> ReviewQueue: ...

    @property
    def accounts(self) -> Accounts: ...

    @property
    def sessions(self) -> Sessions: ...

    @property
    def rota(self) -> Rota: ...

    @property
    def glass(self) -> Glass: ...

    @property
    def learning(self) -> Learning: ...

    @property
    def samples(self) -> Samples: ...

    @property
    def scores(self) -> ScoreCounts: ...

    @property
    def lists(self) -> ListHistory: ...

    @property
    def take_downs(self) -> TakeDowns: ...


class Store(Protocol):
    """One school's part of the database. Thread-safe. Open it after forking, never before."""

    @property
    def school(self) -> str: ...

    def transaction(self, name: str = "") -> AbstractContextManager[Transaction]:
        """Write. ``name`` "t1", "t2" or "list" reaches the failpoints "t1-before-commit" and "t1-committed"."""
        ...

    def reading(self) -> AbstractContextManager[Transaction]:
        """Read one consistent state; writing fails. Does not wait for writers."""
        ...

    def lease_due(
        self, *, owner: str, lease_seconds: float, kinds: Collection[EffectKind] | None = None
    ) -> EffectRecord | None:
        """Take the effect that has been due longest and nobody holds, for so long.

        Never the same one to two workers.
        """
        ...

    def renew_lease(self, effect: EffectRecord, *, lease_seconds: float) -> EffectRecord | None:
        """Hold it longer. None when another worker has it."""
        ...


class BlobKeys(Protocol):
    """Where the wrapped data key of each blob lies. Dropping it shreds the blob."""

    def put_blob_key(self, blob_id: str, *, wrapped_key: bytes, sha256: str, size_bytes: int) -> None: ...

    def blob_key(self, blob_id: str) -> tuple[bytes, str] | None:
        """(wrapped key, sha256 hex); None when unknown or shredded."""
        ...

    def drop_blob_key(self, blob_id: str) -> None:
        """The bytes cannot be read again by anybody; the hash stays."""
        ...

    def unused_blobs(self, *, before: datetime) -> Sequence[str]:
        """Blobs that no message refers to, put before that time: left by a death between put and T1."""
        ...
