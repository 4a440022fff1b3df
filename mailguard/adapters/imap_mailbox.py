"""One folder of one mailbox: find what is new, read it, have it judged, and remember how far that went.

Order, so that nothing is passed over: a message is recorded (durable) or counted first, then the checkpoint
moves. A death anywhere makes the same messages come again under the same delivery keys.

A batch that was begun before and never ended holds a message that kills: its messages are then taken one by
one, each counted before it is touched, and at the third time one is recorded unread instead of judged.

SECURITY: the message is hostile, the server half trusted; neither decides how much is held in memory beyond a
batch or one message. FAILURE: what cannot be fetched keeps the checkpoint before it and is tried again.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from threading import Semaphore
from typing import Protocol

import structlog

from mailguard.adapters.imap_envelope import envelope_of, has_own_mark, header_of, seen_key
from mailguard.adapters.imap_fetch import MessageFetcher
from mailguard.adapters.imap_progress import FolderProgress, load_progress, save_checkpoint
from mailguard.adapters.imap_session import ConnectionGone, FolderState, ImapSession, MessageHead
from mailguard.adapters.imap_settings import ImapAccount, MailboxesSettings
from mailguard.app.ports import Clock, Gate, ImapLocation, Judgement, Receipt, TemporaryFailure
from mailguard.app.ports_store import Store
from mailguard.domain.message import Envelope
from mailguard.domain.words import Disposition

log = structlog.get_logger(__name__)

ATTEMPTS_BEFORE_UNREAD = 3
_CHECKPOINT_AGE_SECONDS = 300.0
_INBOX = "INBOX"


class MailboxGate(Gate, Protocol):
    """A ``Gate`` that can also be asked without the message being read."""

    def judge_unread(self, raw: bytes, envelope: Envelope, receipt: Receipt) -> Judgement:
        """Decide by the envelope alone: for a message that has killed the process before."""
        ...


@dataclass(frozen=True, slots=True)
class PassProgress:
    """How far a pass over existing mail is; both are numbers of messages."""

    account: str
    folder: str
    done: int
    total: int


@dataclass(slots=True)
class SweepCount:
    """What one sweep did. ``has_more``: its time was up before its mail was."""

    judged: int = 0
    recorded: int = 0
    marked: int = 0
    known: int = 0
    has_more: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanParts:
    """What the scanners of all accounts share. ``on_alarm`` gets a word, and an account id or delivery key.

    ``judging`` bounds how many messages are judged at a time, ``large`` how many large ones are in memory.
    """

    settings: MailboxesSettings
    gate: MailboxGate
    store: Store
    mark_key: bytes
    clock: Clock
    failpoint: Callable[[str], None]
    on_alarm: Callable[[str, str], None]
    on_progress: Callable[[PassProgress], None]
    judging: Semaphore = field(default_factory=lambda: Semaphore(2))
    large: Semaphore = field(default_factory=lambda: Semaphore(2))


class FolderScanner:
    """Sweeps one folder; lives as long as its account, over all connections. One thread at a time."""

    def __init__(self, account: ImapAccount, folder: str, *, is_sent: bool, parts: ScanParts) -> None:
        self.folder = folder
        self._account = account
        self._is_sent = is_sent
        self._parts = parts
        self._settings = parts.settings
        self._state: FolderState | None = None
        self._uidvalidity = 0
        self._highest_uid = 0
        self._done: set[int] = set()
        self._fetcher = self._new_fetcher()

    def has_news(self, session: ImapSession) -> bool:
        """False when STATUS shows just what the last complete sweep saw."""
        return self._state is None or not self._state.uid_next or session.status(self.folder) != self._state

    def has_come_since(self, session: ImapSession) -> bool:
        """Whether mail came to the open folder while the last sweep lasted: IDLE would not tell of it."""
        return session.has_come_above(self._highest_uid)

    def sweep(self, session: ImapSession, *, seconds: float, is_stopping: Callable[[], bool]) -> SweepCount:
        """Read what is new, for about so long; leaves the folder open (EXAMINE). Raises TemporaryFailure."""
        self._state = None
        state = session.open_folder(self.folder)
        if self._uidvalidity != state.uidvalidity:
            # What is known of UIDs counts under one UIDVALIDITY only.
            self._uidvalidity = state.uidvalidity
            self._done = set()
            self._fetcher = self._new_fetcher()
        count = SweepCount()
        progress = self._load(session, state)
        existing, fresh = self._unread(session, progress)
        self._highest_uid = max([progress.last_uid, *existing, *fresh])
        total_done = len(existing) - len(self._open(existing, progress))
        todo = self._open(fresh, progress) + self._open(existing, progress)
        deadline = time.monotonic() + seconds
        failed: TemporaryFailure | None = None
        for batch in self._fetcher.batches(session, todo):
            if is_stopping() or time.monotonic() > deadline:
                count.has_more = True
                break
            try:
                self._handle(session, progress, batch, count, is_stopping)
            except ConnectionGone:
                raise
            except TemporaryFailure as error:
                failed = error
            progress = self._advance(progress, existing, fresh)
            if existing:
                done = len(existing) - len(self._open(existing, progress))
                if done > total_done:
                    self._parts.on_progress(PassProgress(self._account.id, self.folder, done, len(existing)))
                    total_done = done
        if failed is not None:
            raise failed
        if not count.has_more:
            self._finish(progress, existing, fresh)
            if not self._fetcher.has_failed:
                self._state = state
        return count

    def _new_fetcher(self) -> MessageFetcher:
        return MessageFetcher(
            account_id=self._account.id,
            batch_messages=self._settings.batch_messages,
            batch_bytes=self._settings.batch_bytes,
            large=self._parts.large,
            on_alarm=self._parts.on_alarm,
        )

    def _load(self, session: ImapSession, state: FolderState) -> FolderProgress:
        uid_next = state.uid_next or max(session.uids_above(0), default=0) + 1
        return load_progress(
            self._parts.store,
            account=self._account.id,
            folder=self.folder,
            uidvalidity=state.uidvalidity,
            uid_next=uid_next,
            since=self._settings.since,
        )

    def _unread(self, session: ImapSession, progress: FolderProgress) -> tuple[list[int], list[int]]:
        """Mail that was there before the pass began, all of it, while the pass lasts; and what came later."""
        last_existing = progress.pass_.before_uid - 1
        existing: list[int] = []
        if progress.last_uid < last_existing:
            existing = [uid for uid in session.uids_since(progress.pass_.since) if uid <= last_existing]
        return existing, session.uids_above(max(progress.last_uid, last_existing))

    def _open(self, uids: Sequence[int], progress: FolderProgress) -> list[int]:
        return [
            uid
            for uid in uids
            if uid > progress.last_uid and uid not in self._done and uid not in self._fetcher.gone
        ]

    def _handle(
        self,
        session: ImapSession,
        progress: FolderProgress,
        batch: Sequence[MessageHead],
        count: SweepCount,
        is_stopping: Callable[[], bool],
    ) -> None:
        """Judge a batch; adds to ``_done`` what needs no second look. Raises the first failure at the end."""
        attempt_key = f"{progress.checkpoint_key}:{batch[0].uid}"
        with self._parts.store.transaction() as transaction:
            is_cautious = transaction.ledger.begin_attempt(attempt_key) > 1
        keys: list[str] = []
        failed: TemporaryFailure | None = None
        try:
            for head, raw in self._fetcher.fetch(session, batch, one_by_one=is_cautious):
                self._parts.failpoint("imap-fetched")
                try:
                    keys.extend(self._take(session, progress, head, raw, count, is_cautious=is_cautious))
                except TemporaryFailure as error:
                    failed = failed or error
                else:
                    self._done.add(head.uid)
                if is_stopping():
                    break
        except ConnectionGone as error:
            failed = error
        with self._parts.store.transaction() as transaction:
            for key in keys:
                transaction.ledger.see(self._account.id, key)
            if failed is None:
                transaction.ledger.forget_attempts(attempt_key)
        if failed is not None:
            raise failed

    def _take(
        self,
        session: ImapSession,
        progress: FolderProgress,
        head: MessageHead,
        raw: bytes,
        count: SweepCount,
        *,
        is_cautious: bool,
    ) -> list[str]:
        """Judge one message and record or count it; what to remember as seen: nothing of what is held."""
        now = self._parts.clock.now()
        header = header_of(raw)
        # A copy to oneself must not hide what was sent: the two are judged by different rows.
        key = f"sent:{seen_key(header, raw)}" if self._is_sent else seen_key(header, raw)
        arrived_at = min(head.internal_date or now, now)
        if not self._is_sent and has_own_mark(
            header, raw, self._account, key=self._parts.mark_key, arrived_at=arrived_at
        ):
            count.marked += 1
            return [key]
        if self._may_be_known(progress, head.uid) and self._is_known(key):
            count.known += 1
            return []
        envelope = envelope_of(header, self._account, is_sent_folder=self._is_sent)
        receipt = self._receipt(session, progress, head)
        judgement = self._judge(raw, envelope, receipt, is_cautious=is_cautious)
        count.judged += 1
        if not judgement.must_record:
            self._parts.gate.count(judgement)
        else:
            recorded = self._parts.gate.record(judgement)
            count.recorded += 1
            log.info(
                "mailbox_message_recorded", account=self._account.id, uid=head.uid, case_id=recorded.case_id
            )
        if is_cautious:
            self._forget_attempts(receipt)
        is_held = any(outcome.disposition is Disposition.HOLD for outcome in judgement.recipients)
        return [] if is_held else [key]

    def _may_be_known(self, progress: FolderProgress, uid: int) -> bool:
        """After a change of UIDVALIDITY, and in folders that people move mail to.

        What comes to the inbox twice is judged twice.
        """
        return self.folder.upper() != _INBOX or (progress.pass_.is_rescan and progress.pass_.covers(uid))

    def _is_known(self, key: str) -> bool:
        with self._parts.store.reading() as transaction:
            return transaction.ledger.has_seen(self._account.id, key)

    def _receipt(self, session: ImapSession, progress: FolderProgress, head: MessageHead) -> Receipt:
        now = self._parts.clock.now()
        is_old = head.internal_date is not None and head.internal_date < now - timedelta(
            days=self._settings.backlog_days
        )
        return Receipt(
            via="mailbox",
            received_at=now,
            tls=session.tls,
            protocol="IMAP",
            imap=ImapLocation(
                account=self._account.id,
                folder=self.folder,
                uidvalidity=progress.uidvalidity,
                uid=head.uid,
                internal_date=head.internal_date,
                flags=head.flags,
            ),
            is_backlog=is_old and progress.pass_.covers(head.uid),
        )

    def _judge(self, raw: bytes, envelope: Envelope, receipt: Receipt, *, is_cautious: bool) -> Judgement:
        key = _attempt_key(receipt)
        if is_cautious:
            with self._parts.store.transaction() as transaction:
                attempts = transaction.ledger.begin_attempt(key)
            if attempts >= ATTEMPTS_BEFORE_UNREAD:
                log.error("mailbox_message_poisonous", account=self._account.id, attempts=attempts)
                self._parts.on_alarm("mailbox_message_poisonous", key)
                return self._parts.gate.judge_unread(raw, envelope, receipt)
        try:
            with self._parts.judging:
                return self._parts.gate.judge(raw, envelope, receipt)
        except TemporaryFailure:
            # Not this message's doing, or counted by the gate.
            if is_cautious:
                self._forget_attempts(receipt)
            raise
        except Exception as error:
            if not is_cautious:
                with self._parts.store.transaction() as transaction:
                    transaction.ledger.begin_attempt(key)
            raise TemporaryFailure(
                f"judging a message of {self._account.id}: {type(error).__name__}"
            ) from error

    def _forget_attempts(self, receipt: Receipt) -> None:
        with self._parts.store.transaction() as transaction:
            transaction.ledger.forget_attempts(_attempt_key(receipt))

    def _advance(
        self, progress: FolderProgress, existing: Sequence[int], fresh: Sequence[int]
    ) -> FolderProgress:
        """Move the checkpoint as far as everything before it is done."""
        waiting = self._open([*existing, *fresh], progress)
        everything = max([progress.last_uid, progress.pass_.before_uid - 1, *fresh])
        last_uid = min(waiting) - 1 if waiting else everything
        if last_uid <= progress.last_uid:
            return progress
        with self._parts.store.transaction() as transaction:
            moved = save_checkpoint(
                transaction.ledger, progress, last_uid=last_uid, at=self._parts.clock.now()
            )
        self._done = {uid for uid in self._done if uid > last_uid}
        self._fetcher.gone = {uid for uid in self._fetcher.gone if uid > last_uid}
        return moved

    def _finish(self, progress: FolderProgress, existing: Sequence[int], fresh: Sequence[int]) -> None:
        """Say in the store that the folder was looked at, though not each time: that costs a write."""
        progress = self._advance(progress, existing, fresh)
        now = self._parts.clock.now()
        is_old = progress.written_at is None or (now - progress.written_at) > timedelta(
            seconds=_CHECKPOINT_AGE_SECONDS
        )
        if is_old:
            with self._parts.store.transaction() as transaction:
                save_checkpoint(transaction.ledger, progress, last_uid=progress.last_uid, at=now)


def _attempt_key(receipt: Receipt) -> str:
    location = receipt.imap
    assert location is not None
    return f"imap:{location.account}:{location.folder}:{location.uidvalidity}:{location.uid}"
