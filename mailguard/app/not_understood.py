"""Letters that are delivered though the model knows nothing of them: each is kept for a person to read (ADR 13).

They are told apart while they are judged and are in the store before they are delivered, so that a death loses none. When the
store cannot take one it is kept in memory and tried again at each ``flush``: it stops no mail.
FAILURE: a death while the store takes nothing loses what waits in memory.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP

from mailguard.app.gate import Judged
from mailguard.app.labelling import NOT_KEPT
from mailguard.app.lists import IndexedLists
from mailguard.app.ports import BlobStore, TemporaryFailure
from mailguard.app.ports_learning import SampleReason
from mailguard.app.ports_store import AuditEntry, Store
from mailguard.app.sampling import (
    MOST_BYTES,
    SamplingSettings,
    is_waiting_to_be_read,
    iso_week,
    may_offer,
    named_of_chain,
    put_sample,
    sample_of,
)
from mailguard.domain.message import MessageFacts

# A flood in an unknown language must not fill the disk that holds have need of.
MOST_A_DAY = 500
_MOST_WAITING = 200


@dataclass(slots=True)
class NotUnderstood:
    """One process's part. Thread-safe. As ``Sampler``; ``on_problem`` gets a word when the store takes nothing."""

    store: Store
    blobs: BlobStore
    shred: Callable[[str], None]
    lists: Callable[[], IndexedLists]
    settings: SamplingSettings
    today: Callable[[], date]
    on_problem: Callable[[str, str], None]
    thresholds: Callable[[], Mapping[str, float]] = dict
    most_a_day: int = MOST_A_DAY
    _waiting: deque[Judged] = field(default_factory=deque)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def consider(self, judged: Judged) -> None:
        """Keep it when somebody must read it. Never raises for what the store does."""
        if judged.must_record or judged.receipt.is_backlog:
            return
        inspection, lists = judged.inspection, self.lists()
        if not is_waiting_to_be_read(inspection, lists):
            return
        if not may_offer(inspection, lists, self.settings, today=self.today()):
            return
        try:
            self._put(judged, lists)
        except TemporaryFailure as problem:
            self.on_problem("not_understood_not_kept_yet", type(problem).__name__)
            self._remember(judged)

    def flush(self) -> None:
        """Try again what the store did not take. Raises TemporaryFailure; then it waits on."""
        while True:
            with self._lock:
                if not self._waiting:
                    return
                judged = self._waiting.popleft()
            try:
                self._put(judged, self.lists())
            except TemporaryFailure:
                self._remember(judged)
                raise

    def _remember(self, judged: Judged) -> None:
        with self._lock:
            if len(self._waiting) < _MOST_WAITING:
                self._waiting.append(judged)
                return
        self.on_problem("not_understood_lost", "too many wait for the store")

    def _put(self, judged: Judged, lists: IndexedLists) -> None:
        day = self.today()
        sample = sample_of(judged, SampleReason.FOREIGN, thresholds=self.thresholds())
        closed_to = sorted(named_of_chain(judged.inspection, lists, self.settings))
        with self.store.reading() as transaction:
            is_full = transaction.samples.count(day.isoformat(), SampleReason.FOREIGN) >= self.most_a_day
        if is_full:
            with self.store.transaction() as transaction:
                detail = {"reason": "too many in a day", "closed_to": closed_to}
                transaction.audit.append(AuditEntry(tag=NOT_KEPT, actor="daemon", detail=detail))
            return
        sample = replace(
            sample,
            day=day.isoformat(),
            week=iso_week(day),
            # Oldest first.
            rank=int(sample.received_at.timestamp()),
            envelope={**sample.envelope, "closed_to": closed_to},
            blob_id=self.blobs.put(judged.raw if len(judged.raw) <= MOST_BYTES else words_alone(judged)),
        )
        put_sample(self.store, sample, keep=None, shred=self.shred)


def words_alone(judged: Judged) -> bytes:
    """Who wrote to whom and the words, as a message of its own: of a large one only the words are read, and nothing else kept."""
    facts = judged.inspection.facts
    message = EmailMessage(policy=SMTP)
    message["Subject"] = _one_line(facts.subject)
    _set_from(message, facts)
    message["Message-ID"] = f"<{facts.content_sha256[:32]}@words.invalid>"
    quoted = "\n".join(f"> {line}" for line in facts.quoted_text.splitlines())
    message.set_content(f"{facts.own_text}\n\n{quoted}\n" if quoted else f"{facts.own_text}\n", cte="base64")
    return message.as_bytes()


def _set_from(message: EmailMessage, facts: MessageFacts) -> None:
    """The sender groups messages at training; an address that no header takes stands in the sample's envelope alone."""
    for mailbox in facts.named("From")[:1]:
        try:
            message["From"] = Address(display_name=_one_line(mailbox.display_name), addr_spec=mailbox.address)
        except (ValueError, IndexError, LookupError):
            continue


def _one_line(text: str) -> str:
    """No surrogate and no control character, which a header would refuse."""
    readable = text.encode("utf-8", "replace").decode("utf-8")
    return " ".join("".join(each if each.isprintable() else " " for each in readable).split())[:500]
