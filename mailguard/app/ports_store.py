"""The store as the application sees it: records, and what one transaction can do.

A ``Store`` belongs to one school. ``with store.transaction() as transaction`` commits at the end of the block, or not at
all when it raises; writers of a school are serialised, so what a block has read stays true until it commits.
Every method raises TemporaryFailure when the database cannot be reached, is busy too long or full.
Times are aware UTC. Text that tells about people is encrypted at rest and searched by blind index only.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import date, datetime
from types import MappingProxyType
from typing import Any, Protocol

from mailguard.app.ports import ImapLocation, Receipt, Versions
from mailguard.domain.audit import AuditEvent, AuditHead
from mailguard.domain.case import (
    CaseDecision,
    CaseState,
    EffectKind,
    EffectState,
    Mode,
    Outcome,
    RecipientState,
)
from mailguard.domain.words import Disposition, Level, ReportWhen, Role, Verdict

_NOTHING: Mapping[str, Any] = MappingProxyType({})


class StoreProblem(Exception):
    """The store, its keys or its folder cannot be used. Says which file, which key (setting), its value, and the fix."""

    def __init__(self, *, file: str, key: str, value: str, fix: str) -> None:
        super().__init__(f"{file}: {key} {value}. {fix}")
        self.file = file
        self.key = key
        self.value = value
        self.fix = fix


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionRecord:
    """What was decided about one message, with all it was decided on, as ``mailguard explain`` words it.

    ``persons``: {"id", "name", "list", "matched", "certainty"} each; ``signals``: {"code", "says", "source"} each;
    ``platform`` and ``scores`` as explain prints them; ``subjects``: person ids whom the case is closed to;
    ``further``: anything JSON that a later reader needs (thread context, sealed parts, would-flip).
    """

    verdict: Verdict
    row: str
    clause: str
    level: Level
    disposition: Disposition
    report_when: ReportWhen
    report_roles: tuple[Role, ...] = ()
    withheld_roles: tuple[Role, ...] = ()
    subjects: tuple[str, ...] = ()
    direction: str = ""
    initiator: str = ""
    nature: str | None = None
    platform: Mapping[str, Any] | None = None
    persons: tuple[Mapping[str, Any], ...] = ()
    signals: tuple[Mapping[str, Any], ...] = ()
    scores: Mapping[str, Any] = field(default_factory=lambda: _NOTHING)
    versions: Versions = field(default_factory=lambda: Versions(policy="", lists=""))
    further: Mapping[str, Any] = field(default_factory=lambda: _NOTHING)

    @property
    def gravity(self) -> tuple[int, int, bool]:
        """Greater is graver (DECISIONS: report now > digest > none, then level, then hold > deliver)."""
        return (self.report_when.urgency, int(self.level), self.disposition is Disposition.HOLD)


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseRecord:
    """One case. ``decision`` is the gravest of its messages'; its subjects and withheld roles are those of all of them.

    ``thread_message_id``: Message-ID of the first report, "" before; follow-ups refer to it.
    """

    id: str
    state: CaseState
    mode: Mode
    opened_at: datetime
    updated_at: datetime
    via: str
    is_backlog: bool
    decision: DecisionRecord
    thread_message_id: str = ""
    acknowledged_by: str = ""
    acknowledged_at: datetime | None = None
    decided_by: str = ""
    decided_at: datetime | None = None
    decided_as: CaseDecision | None = None
    outcome: Outcome | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageRecord:
    """One message of a case: one row for each distinct sequence of bytes. ``sha256`` over all bytes, hex.

    ``addresses``: every address it names, for search. ``authentication_results``: the trusted header values at receipt.
    """

    id: str
    case_id: str
    content_key: str
    sha256: str
    size_bytes: int
    blob_id: str
    received_at: datetime
    header_message_id: str
    subject: str
    sender: str
    mail_from: str
    decision: DecisionRecord
    addresses: tuple[str, ...] = ()
    authentication_results: tuple[str, ...] = ()
    is_outbound: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RecipientRecord:
    """One delivery to one recipient, with the evidence of how it came. Its delivery key is unique in the school."""

    id: str
    case_id: str
    message_id: str
    delivery_key: str
    address: str
    person_id: str
    disposition: Disposition
    row: str
    state: RecipientState
    receipt: Receipt
    updated_at: datetime
    tag: str = ""

    @property
    def location(self) -> ImapLocation | None:
        return self.receipt.imap


@dataclass(frozen=True, slots=True, kw_only=True)
class NewEffect:
    """A change outside the database that is wanted. Adding a ``key`` that exists does nothing (exactly once in here).

    ``role``: of the reader; ``address``: where it goes; both may be "". ``due_at``: not before.
    """

    kind: EffectKind
    key: str
    due_at: datetime
    case_id: str = ""
    message_id: str = ""
    recipient_id: str = ""
    role: str = ""
    address: str = ""
    payload: Mapping[str, Any] = field(default_factory=lambda: _NOTHING)


@dataclass(frozen=True, slots=True, kw_only=True)
class EffectRecord:
    """``header_message_id`` is derived from the key: every attempt to send carries the same one, with angle brackets.

    ``attempts`` counts leases, this one included. ``message_id`` and ``recipient_id`` name records of this store.
    """

    id: str
    kind: EffectKind
    key: str
    state: EffectState
    created_at: datetime
    due_at: datetime
    header_message_id: str
    case_id: str = ""
    message_id: str = ""
    recipient_id: str = ""
    role: str = ""
    address: str = ""
    payload: Mapping[str, Any] = field(default_factory=lambda: _NOTHING)
    attempts: int = 0
    lease_owner: str = ""
    lease_until: datetime | None = None
    finished_at: datetime | None = None
    last_error: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewRecord:
    """What a person did to a case and what they say it was; ``label`` (verdict or "") is what training may learn from."""

    case_id: str
    at: datetime
    by: str
    decision: CaseDecision
    label: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEntry:
    """An audit event to append. ``tag`` is "source:subject:action"; ``actor`` an id; ``detail`` JSON without content."""

    tag: str
    actor: str
    case_id: str = ""
    detail: Mapping[str, Any] = field(default_factory=lambda: _NOTHING)


AuditRecord = AuditEvent


@dataclass(frozen=True, slots=True, kw_only=True)
class ImapCheckpoint:
    """How far a mailbox folder was read: every UID up to ``last_uid`` under ``uidvalidity`` is judged."""

    account: str
    folder: str
    uidvalidity: int
    last_uid: int
    last_sweep_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CounterRecord:
    day: date
    row: str
    verdict: str
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeGrant:
    """What an acknowledgement code allowed its bearer to do, once."""

    case_id: str
    role: str
    action: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseFilter:
    """Which cases; None means any. ``not_about`` person ids: cases that these are subjects of do not exist for them.

    ``address``, ``person_id`` and ``header_message_id`` go through the blind index (exact, letter case apart).
    Newest first unless ``is_oldest_first``; ``limit`` 0 for no limit; ``after_id`` continues a listing.
    """

    states: Collection[CaseState] | None = None
    modes: Collection[Mode] | None = None
    report_when: ReportWhen | None = None
    min_level: int = 0
    is_backlog: bool | None = None
    opened_from: datetime | None = None
    opened_before: datetime | None = None
    decided_from: datetime | None = None
    address: str = ""
    person_id: str = ""
    header_message_id: str = ""
    not_about: tuple[str, ...] = ()
    is_oldest_first: bool = False
    after_id: str = ""
    limit: int = 0


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

    def reviews(self, case_id: str) -> tuple[ReviewRecord, ...]: ...

    def next_id(self, local_year: int) -> str:
        """The next case id of that year: numbers without gaps, as the transaction commits."""
        ...

    def add(self, case: CaseRecord, *, content_key: str, cluster_key: str = "") -> None: ...

    def add_message(self, message: MessageRecord) -> None: ...

    def add_recipient(self, recipient: RecipientRecord) -> bool:
        """False, and nothing is added, when its delivery key is known."""
        ...

    def add_review(self, review: ReviewRecord) -> None: ...

    def point_cluster(self, cluster_key: str, case_id: str) -> None:
        """From now on ``by_cluster_key`` gives this case."""
        ...

    def point_content(self, content_key: str, case_id: str) -> None:
        """A further message of the case: ``by_content_key`` gives this case."""
        ...

    def replace(self, case: CaseRecord, *, expected: Collection[CaseState] | None = None) -> bool:
        """Compare and set: write every field of the case if its state is one of ``expected`` (None: whatever it is)."""
        ...

    def move_recipient(self, recipient_id: str, to: RecipientState) -> bool:
        """Compare and set by ``domain.case.RECIPIENT_TRANSITIONS``; False when it may not go there from where it is."""
        ...


class Effects(Protocol):
    """The outbox. Leasing is ``Store.lease_due``; an effect is finished in the transaction that audits it (T2)."""

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
        """Chained to the last event, at the transaction's time; durable with the transaction or not at all."""
        ...

    def head(self) -> AuditHead: ...

    def events(
        self, *, first: int = 1, last: int | None = None, case_id: str | None = None
    ) -> Iterator[AuditRecord]:
        """In order of seq, both ends included; streamed while the transaction is open."""
        ...

    def add_checkpoint(self, *, size: int, note: str) -> None: ...

    def checkpoints(self) -> tuple[str, ...]:
        """Signed notes, oldest first."""
        ...


class Ledger(Protocol):
    """Small facts: counters, mailbox checkpoints, seen keys, attempts, codes, and named states."""

    def count(self, *, day: date, row: str, verdict: str, count: int = 1) -> None: ...

    def counts(self, *, first_day: date, last_day: date) -> tuple[CounterRecord, ...]: ...

    def imap_checkpoint(self, account: str, folder: str) -> ImapCheckpoint | None: ...

    def imap_checkpoints(self) -> tuple[ImapCheckpoint, ...]: ...

    def put_imap_checkpoint(self, checkpoint: ImapCheckpoint) -> None: ...

    def see(self, account: str, key: str) -> bool:
        """Remember that this mailbox's message was judged; True the first time. Kept as a blind index only."""
        ...

    def has_seen(self, account: str, key: str) -> bool: ...

    def forget_seen(self, *, before: datetime) -> int: ...

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


class Store(Protocol):
    """One school's part of the database. Thread-safe. Open it after forking, never before."""

    @property
    def school(self) -> str: ...

    def transaction(self, name: str = "") -> AbstractContextManager[Transaction]:
        """Write. ``name`` "t1" or "t2" reaches the failpoints "t1-before-commit" and "t1-committed"."""
        ...

    def reading(self) -> AbstractContextManager[Transaction]:
        """Read one consistent state; writing fails. Does not wait for writers."""
        ...

    def lease_due(
        self, *, owner: str, lease_seconds: float, kinds: Collection[EffectKind] | None = None
    ) -> EffectRecord | None:
        """Take the effect that has been due longest and nobody holds, for so long. Never the same one to two workers."""
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
