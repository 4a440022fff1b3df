"""What the store keeps, as frozen records.

Import them from ``ports_store``, beside the protocols that use them. Times are aware UTC.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from types import MappingProxyType
from typing import Any

from mailguard.app.ports import ImapLocation, Receipt, Versions
from mailguard.domain.audit import AuditEvent
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
    """The store, its keys or its folder cannot be used.

    Says which file, which key (setting), its value, and the fix.
    """

    def __init__(self, *, file: str, key: str, value: str, fix: str) -> None:
        super().__init__(f"{file}: {key} {value}. {fix}")
        self.file = file
        self.key = key
        self.value = value
        self.fix = fix


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionRecord:
    """What was decided about one message, with all it was decided on, as ``mailguard explain`` words it.

    ``persons``: {"id", "name", "list", "matched", "certainty"} each; ``signals``: {"code", "says",
    "source"} each; ``platform`` and ``scores`` as explain prints them; ``subjects``: person ids whom the
    case is closed to; ``further``: anything JSON that a later reader needs (thread context, sealed parts,
    would-flip).
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
    """One case. ``decision`` is the gravest of its messages', with the subjects and withheld roles of all.

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

    ``addresses``: every address it names, for search. ``authentication_results``: the topmost header values, whoever
    wrote them; ``sender_check``: what was known of the sender at receipt (``app.sender_check``), None when the message
    came before that was kept.
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
    sender_check: Mapping[str, Any] | None = None
    is_outbound: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RecipientRecord:
    """One delivery to one recipient, with the evidence of how it came.

    Its delivery key is unique in the school.
    """

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
    """A change wanted outside the database. Adding a ``key`` that exists does nothing.

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
    """An effect as kept. ``header_message_id`` (in angle brackets) is derived from the key: it never changes.

    ``attempts`` counts leases, this one included. ``message_id`` and ``recipient_id`` name records of this
    store.
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
    """What a person did to a case and what they say it was.

    ``label`` (verdict or "") is what training may learn from.
    """

    case_id: str
    at: datetime
    by: str
    decision: CaseDecision
    label: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEntry:
    """An audit event to append.

    ``tag`` is "source:subject:action"; ``actor`` an id; ``detail`` JSON without content.
    """

    tag: str
    actor: str
    case_id: str = ""
    detail: Mapping[str, Any] = field(default_factory=lambda: _NOTHING)


AuditRecord = AuditEvent


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditFilter:
    """Which events; None and "" mean any. ``tag_start``: the beginning of the tag.

    ``before_seq`` continues a listing that runs from the newest back; 0 begins it. ``limit`` 0 for no limit.
    """

    case_ids: Collection[str] | None = None
    tag_start: str = ""
    actor: str = ""
    at_from: datetime | None = None
    at_before: datetime | None = None
    before_seq: int = 0
    limit: int = 0


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
    """Which cases; None means any. ``not_about``: person ids; a case that one is a subject of does not exist.

    ``address``, ``person_id`` and ``header_message_id`` go through the blind index (exact, letter case
    apart). ``has_bytes``: of a message at least can still be read. Newest first unless ``is_oldest_first``; ``limit`` 0 for
    no limit; ``after_id`` continues a listing.
    """

    states: Collection[CaseState] | None = None
    modes: Collection[Mode] | None = None
    report_when: ReportWhen | None = None
    min_level: int = 0
    is_backlog: bool | None = None
    opened_from: datetime | None = None
    opened_before: datetime | None = None
    decided_from: datetime | None = None
    decided_before: datetime | None = None
    decided_as: Collection[CaseDecision] | None = None
    has_bytes: bool = False
    address: str = ""
    person_id: str = ""
    header_message_id: str = ""
    not_about: tuple[str, ...] = ()
    is_oldest_first: bool = False
    after_id: str = ""
    limit: int = 0
