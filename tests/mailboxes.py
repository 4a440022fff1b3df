"""What tests of the mailbox side share: a gate that does as the message says, and accounts on a test Dovecot."""

import contextlib
import hashlib
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from threading import Semaphore

from mailguard.adapters.clock import SystemClock
from mailguard.adapters.imap_mailbox import FolderScanner, PassProgress, ScanParts, SweepCount
from mailguard.adapters.imap_session import ImapSession
from mailguard.adapters.imap_settings import ImapAccount, MailboxesSettings, SecretPlace
from mailguard.adapters.imap_supervisor import MailboxSupervisor
from mailguard.adapters.smtp_settings import TransportSecurity
from mailguard.adapters.store.opening import OpenedStore, StoreSettings, open_store
from mailguard.app.ports import ImapLocation, Receipt, Recorded, RecipientOutcome, TemporaryFailure
from mailguard.app.ports_store import Store
from mailguard.domain.message import Authentication, Envelope
from mailguard.domain.words import Disposition
from tests.servers import HOST, DovecotServer

MARK_KEY = b"k" * 32


@dataclass(frozen=True, slots=True)
class SaidJudgement:
    """What the message's own words ask for."""

    raw: bytes
    envelope: Envelope
    receipt: Receipt
    is_held: bool
    must_record: bool
    is_outbound: bool = False

    @property
    def recipients(self) -> tuple[RecipientOutcome, ...]:
        disposition = Disposition.HOLD if self.is_held else Disposition.DELIVER
        return tuple(RecipientOutcome(address, disposition, "D2") for address in self.envelope.rcpt_tos)

    @property
    def location(self) -> ImapLocation:
        assert self.receipt.imap is not None
        return self.receipt.imap

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.raw).hexdigest()

    @property
    def key(self) -> str:
        at = self.location
        return f"imap:{at.account}:{at.folder}:{at.uidvalidity}:{at.uid}"


@dataclass(slots=True)
class SayingGate:
    """Holds what says "please hold", records what says "please report", else counts. Idempotent by key.

    ``on_judge`` may raise, or worse; ``is_broken`` makes recording fail.
    """

    recorded: dict[str, SaidJudgement] = field(default_factory=dict)
    counted: list[SaidJudgement] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)
    is_broken: bool = False
    on_judge: Callable[[bytes], None] = lambda raw: None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def judge(
        self, raw: bytes, envelope: Envelope, receipt: Receipt, *, verified: Authentication | None = None
    ) -> SaidJudgement:
        self.on_judge(raw)
        is_held = b"please hold" in raw
        return SaidJudgement(raw, envelope, receipt, is_held, is_held or b"please report" in raw)

    def judge_unread(self, raw: bytes, envelope: Envelope, receipt: Receipt) -> SaidJudgement:
        judged = SaidJudgement(raw, envelope, receipt, is_held=True, must_record=True)
        self.unread.append(judged.key)
        return judged

    def record(self, judgement: SaidJudgement) -> Recorded:  # type: ignore[override]
        if self.is_broken:
            raise TemporaryFailure("the store is away")
        with self._lock:
            newly = judgement.key not in self.recorded
            self.recorded.setdefault(judgement.key, judgement)
        return Recorded(case_id="MG-2026-0001", newly=newly)

    def count(self, judgement: SaidJudgement) -> None:  # type: ignore[override]
        with self._lock:
            self.counted.append(judgement)

    @property
    def judged(self) -> list[SaidJudgement]:
        return [*self.recorded.values(), *self.counted]

    def only_recorded(self) -> SaidJudgement:
        (judged,) = self.recorded.values()
        return judged


@dataclass(slots=True)
class OffsetClock:
    """The real time, moved: INTERNALDATE is the server's real time."""

    offset: timedelta = timedelta()

    def now(self) -> datetime:
        return SystemClock().now() + self.offset


@dataclass(slots=True)
class MailboxBench:
    """Everything around a scanner, a mover and a supervisor."""

    folder: Path
    opened: OpenedStore
    clock: OffsetClock = field(default_factory=OffsetClock)
    gate: SayingGate = field(default_factory=SayingGate)
    alarms: list[tuple[str, str]] = field(default_factory=list)
    progress: list[PassProgress] = field(default_factory=list)
    reached: list[str] = field(default_factory=list)

    @property
    def store(self) -> Store:
        return self.opened.store

    def account(
        self, dovecot: DovecotServer, user: str, *, port: int | None = None, **options: object
    ) -> ImapAccount:
        fields: dict[str, object] = {
            "address": f"{user}@school.test",
            "username": user,
            "host": HOST,
            "port": port or dovecot.imap_port,
            "security": TransportSecurity.NONE,
            "password": self.password(dovecot.passwords[user]),
        }
        return ImapAccount(**{**fields, **options})  # type: ignore[arg-type]

    def password(self, words: str) -> SecretPlace:
        path = self.folder / f"password-{hashlib.sha256(words.encode()).hexdigest()[:8]}"
        path.write_text(words + "\n")
        return SecretPlace(file=path)

    def settings(self, *accounts: ImapAccount, **options: object) -> MailboxesSettings:
        fields: dict[str, object] = {
            "accounts": accounts,
            "sweep_seconds": 30.0,
            "retry_first_seconds": 0.1,
            "retry_last_seconds": 0.5,
            "refused_login_seconds": 0.3,
            "reply_seconds": 5.0,
            "connect_seconds": 3.0,
        }
        return MailboxesSettings(**{**fields, **options})  # type: ignore[arg-type]

    def parts(self, settings: MailboxesSettings) -> ScanParts:
        return ScanParts(
            settings=settings,
            gate=self.gate,
            store=self.store,
            mark_key=MARK_KEY,
            clock=self.clock,
            failpoint=self.reached.append,
            on_alarm=lambda word, about: self.alarms.append((word, about)),
            on_progress=self.progress.append,
            judging=Semaphore(2),
        )

    @contextlib.contextmanager
    def watching(self, settings: MailboxesSettings) -> Iterator[MailboxSupervisor]:
        supervisor = MailboxSupervisor(self.parts(settings))
        supervisor.start()
        try:
            yield supervisor
        finally:
            assert supervisor.stop()


@contextlib.contextmanager
def mailbox_bench(folder: Path) -> Iterator[MailboxBench]:
    """A fresh SQLite store under ``folder`` and a gate."""
    opened = open_store(
        StoreSettings(state_folder=folder / "state", school="test", message_id_domain="mg.example"),
        SystemClock(),
    )
    try:
        yield MailboxBench(folder, opened)
    finally:
        opened.store.close()


@contextlib.contextmanager
def imap_session(account: ImapAccount) -> Iterator[ImapSession]:
    session = ImapSession(account, connect_seconds=5, reply_seconds=10)
    try:
        yield session
    finally:
        session.close()


def sweep(
    bench: MailboxBench, settings: MailboxesSettings, folder: str = "INBOX", *, is_sent: bool = False
) -> SweepCount:
    """One sweep as after a restart: nothing is known but what the store has."""
    account = settings.accounts[0]
    scanner = FolderScanner(account, folder, is_sent=is_sent, parts=bench.parts(settings))
    with imap_session(account) as session:
        return scanner.sweep(session, seconds=30, is_stopping=lambda: False)
