"""What tests of the mailbox side share: a gate that does as the message says, accounts, a listening wire."""

import contextlib
import hashlib
import select
import socket
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
from mailguard.app.ports import ImapLocation, Judgement, Receipt, RecipientOutcome, Recorded, TemporaryFailure
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

    def record(self, judgement: Judgement) -> Recorded:
        assert isinstance(judgement, SaidJudgement)
        if self.is_broken:
            raise TemporaryFailure("the store is away")
        with self._lock:
            newly = judgement.key not in self.recorded
            self.recorded.setdefault(judgement.key, judgement)
        return Recorded(case_id="MG-2026-0001", newly=newly)

    def count(self, judgement: Judgement) -> None:
        assert isinstance(judgement, SaidJudgement)
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


def renumber(dovecot: DovecotServer, user: str) -> None:
    """What a restored or migrated mailbox looks like: the inbox gets another UIDVALIDITY."""
    maildir = dovecot.folder / "mail" / user / "maildir"
    for name in ("dovecot-uidlist", "dovecot.index", "dovecot.index.cache", "dovecot.index.log"):
        (maildir / name).unlink(missing_ok=True)


class Wire:
    """A proxy before an IMAP server. What the client said is in ``said``; it can fall silent or be cut.

    ``cut_at``: a command that never arrives, once: the connection ends instead.
    """

    def __init__(self, server_port: int, host: str) -> None:
        self.said = b""
        self.is_silent = False
        self.cut_at = b""
        self._server_port = server_port
        self._listener = socket.create_server((host, 0))
        self._open: list[socket.socket] = []
        self._is_closed = False
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    @property
    def port(self) -> int:
        return int(self._listener.getsockname()[1])

    def commands(self) -> list[str]:
        """Commands without their tags, "UID" joined to what follows, in order."""
        found = []
        for line in self.said.split(b"\r\n"):
            words = line.decode("ascii", "replace").split(" ")[1:]
            if words:
                found.append(" ".join(words[:2]) if words[0] == "UID" else words[0])
        return found

    def cut(self) -> None:
        """End every connection as a crash of the server would."""
        for end in self._open:
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        self._is_closed = True
        self._listener.shutdown(socket.SHUT_RDWR)
        self.cut()
        for thread in self._threads:
            thread.join(5)
        for end in [self._listener, *self._open]:
            end.close()

    def _accept(self) -> None:
        while not self._is_closed:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            server = socket.create_connection((HOST, self._server_port))
            self._open += [client, server]
            thread = threading.Thread(target=self._pump, args=(client, server), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _pump(self, client: socket.socket, server: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:
                for end in select.select([client, server], [], [], 1)[0]:
                    data = end.recv(65536)
                    if not data:
                        raise OSError("closed")
                    if end is client:
                        self.said += data
                        if self.cut_at and self.cut_at in data:
                            self.cut_at = b""
                            raise OSError("cut")
                    if not self.is_silent:
                        (server if end is client else client).sendall(data)
        for end in (client, server):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)


@contextlib.contextmanager
def wire_to(server_port: int, *, host: str = HOST) -> Iterator[Wire]:
    """Listens on ``host``, which may be any loopback address."""
    wire = Wire(server_port, host)
    try:
        yield wire
    finally:
        wire.close()
