"""The review queue as the application asks the store for it: keyset pages and counts over all cases.

Whatever is asked, a case closed to the reader does not exist: not in a page, not in a count.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from mailguard.app.store_records import CaseRecord, RecipientRecord
from mailguard.domain.case import CaseDecision, Mode
from mailguard.domain.queue_order import QueueGroup
from mailguard.domain.words import Level, ReportWhen, Role, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class ReaderKeys:
    """By what a case can be closed to somebody: ``subjects`` are person ids and addresses, ``roles`` the roles
    they hold.
    """

    subjects: tuple[str, ...] = ()
    roles: tuple[Role, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueFilter:
    """Which cases of the queue, in its order; None and empty mean any.

    ``closed_to``: the reader; required, because nobody asks on behalf of nobody. ``only_closed_to``: only cases
    that are closed to somebody else, or of which ``or_told`` was told (the Chair's part of the queue).
    ``person_ids`` and ``addresses`` are alternatives: one that fits is enough. ``after``: the place of the last
    case of the page before. ``limit`` 0: no limit.
    ``is_newest_first``: in the order of opening instead of the queue's; not to be continued by ``after``.
    """

    closed_to: ReaderKeys
    only_closed_to: ReaderKeys | None = None
    or_told: Role | None = None
    groups: Collection[QueueGroup] | None = None
    verdicts: Collection[Verdict] | None = None
    rows: Collection[str] | None = None
    level: int | None = None
    opened_from: datetime | None = None
    opened_before: datetime | None = None
    platform: str = ""
    staff_id: str = ""
    case_ids: tuple[str, ...] = ()
    person_ids: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()
    after: tuple[str, str] | None = None
    limit: int = 0
    is_newest_first: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueEntry:
    """One case as a row of the queue. ``place`` with the id continues a listing; ``sender``: of its first
    message. ``first_recipients``: the first two. ``seen_at``: when the reader last opened it.
    """

    case: CaseRecord
    place: str
    sender: str
    message_count: int
    recipient_count: int
    held_count: int
    first_recipients: tuple[RecipientRecord, ...]
    seen_at: datetime | None

    @property
    def is_unread(self) -> bool:
        return self.seen_at is None or self.seen_at < self.case.updated_at


@dataclass(frozen=True, slots=True)
class OpenedSubject:
    """The subject of a message of a case that somebody has opened."""

    case_id: str
    subject: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseTimes:
    """When things happened to one case, and nothing of what it is about."""

    opened_at: datetime
    acknowledged_at: datetime | None
    decided_at: datetime | None
    decided_as: CaseDecision | None
    level: Level
    report_when: ReportWhen
    mode: Mode


class ReviewQueue(Protocol):
    def page(self, wanted: QueueFilter, *, person: str) -> tuple[QueueEntry, ...]:
        """At most ``limit`` cases in the queue's order; ``person``: whose unread marks are looked up."""
        ...

    def count(self, wanted: QueueFilter) -> int:
        """How many; with a ``limit``, counted no further than that."""
        ...

    def times(self, wanted: QueueFilter) -> tuple[CaseTimes, ...]:
        """Of each of those cases, in no order; nothing sealed is opened."""
        ...

    def has(self, case_id: str, wanted: QueueFilter) -> bool:
        """Whether that case is among them, whatever page it is on."""
        ...

    def opened_subjects(self, *, person: str, most_cases: int) -> tuple[OpenedSubject, ...]:
        """Of the cases that this person has opened, last opened first; of each its first few messages."""
        ...

    def see(self, case_id: str, *, person: str) -> None:
        """That person has the case open now."""
        ...
