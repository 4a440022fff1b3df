"""What the application asks of the outside world, and what the outside world asks of it.

Adapters implement or call these; nothing here touches a socket, a file or a database.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from mailguard.domain.message import Authentication, Envelope, MessageFacts
from mailguard.domain.scores import Scores
from mailguard.domain.words import Disposition


class TemporaryFailure(Exception):
    """The same thing may succeed later (4yz). The message says what was tried, on what, and the server's words.

    ``reply``: the reply's codes alone, "451 4.3.0", fit for the log and the trail; "" where no server replied.
    """

    def __init__(self, words: str, *, reply: str = "") -> None:
        super().__init__(words)
        self.reply = reply


class PermanentFailure(Exception):
    """The same thing will fail again (5yz). Words and ``reply`` as of TemporaryFailure."""

    def __init__(self, words: str, *, reply: str = "") -> None:
        super().__init__(words)
        self.reply = reply


class Clock(Protocol):
    def now(self) -> datetime:
        """Aware UTC."""
        ...


class BlobStore(Protocol):
    """Raw messages, encrypted at rest."""

    def put(self, raw: bytes) -> str:
        """Store and return the blob id. On return the file and its folder are fsynced. Idempotent on equal bytes is not required."""
        ...

    def get(self, blob_id: str) -> bytes:
        """The bytes exactly as put. Raises PermanentFailure when missing, altered or shredded."""
        ...


class Classifier(Protocol):
    """The model behind its port. Never raises; without a usable model every answer is ``Scores()``."""

    @property
    def model_id(self) -> str: ...

    def predict(self, facts: MessageFacts) -> Scores: ...


@dataclass(frozen=True, slots=True)
class ImapLocation:
    """Where a message lies in a mailbox. ``internal_date`` aware UTC; ``flags`` as the server gave them at FETCH."""

    account: str
    folder: str
    uidvalidity: int
    uid: int
    internal_date: datetime | None = None
    flags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Receipt:
    """How a message reached mailguard: evidence, kept with the case. Empty strings where the edge could not know."""

    via: str  # relay | mailbox
    received_at: datetime
    client_ip: str = ""
    client_name: str = ""
    helo: str = ""
    tls: str = ""
    queue_id: str = ""
    protocol: str = ""
    imap: ImapLocation | None = None
    is_backlog: bool = False


@dataclass(frozen=True, slots=True)
class RecipientOutcome:
    """What must happen for one envelope recipient. ``tag`` is a header value to add for row P1, else ""."""

    address: str
    disposition: Disposition
    row: str
    tag: str = ""


class Judgement(Protocol):
    """One message judged, not yet recorded; ``recipients`` in envelope order."""

    @property
    def recipients(self) -> Sequence[RecipientOutcome]: ...

    @property
    def must_record(self) -> bool:
        """True when a case must be durable before anybody says 250 (a hold or a report); False: counters only."""
        ...

    @property
    def is_outbound(self) -> bool:
        """Outbound mail gets no trace header."""
        ...


@dataclass(frozen=True, slots=True)
class Recorded:
    """What was committed. ``newly`` is False when every delivery key was known (a retry)."""

    case_id: str
    newly: bool


class Gate(Protocol):
    """What both edges (SMTP, IMAP) ask for each message: judge, then record, then act."""

    def judge(
        self, raw: bytes, envelope: Envelope, receipt: Receipt, *, verified: Authentication | None = None
    ) -> Judgement:
        """Read and decide. CPU-bound, thread-safe, no effect outside. ``verified`` replaces Authentication-Results (before-queue)."""
        ...

    def record(self, judgement: Judgement) -> Recorded:
        """Blob fsynced, then T1 {case, recipients, effects, audit} committed.

        Idempotent by delivery key. Blocking; raises TemporaryFailure.
        """
        ...

    def count(self, judgement: Judgement) -> None:
        """Count a delivered message; kept in memory and flushed. Never raises."""
        ...


@dataclass(frozen=True, slots=True)
class OutgoingMessage:
    """A message mailguard sends itself. ``raw`` complete with CRLF; ``mail_from`` "" for the null sender."""

    mail_from: str
    rcpt_to: str
    raw: bytes
    message_id: str


class Courier(Protocol):
    """Sends one message to one recipient over the outgoing route."""

    def send(self, message: OutgoingMessage) -> str:
        """The server's final reply words on acceptance. Raises TemporaryFailure or PermanentFailure. Blocking, bounded."""
        ...


class SecondChannel(Protocol):
    """A way to people that does not share the mail server's fate."""

    def notify(self, title: str, body: str) -> None:
        """No names, no content. Raises TemporaryFailure."""
        ...


class MailboxMover(Protocol):
    """Takes a held message out of a staff mailbox."""

    def take_out(self, location: ImapLocation, *, expected_sha256: str) -> str:
        """Move to the quarantine folder, or remove (after the store has it), as ``mailboxes.hold`` says.

        Idempotent. Returns how it was done.
        """
        ...


class Failpoints(Protocol):
    """Named points where tests kill, delay or fail. In production :func:`mailguard.app.failpoints.reach` does nothing."""

    def reach(self, name: str) -> None: ...


@dataclass(frozen=True, slots=True)
class Versions:
    """What a decision was made with."""

    policy: str
    lists: str
    model: str = field(default="")
