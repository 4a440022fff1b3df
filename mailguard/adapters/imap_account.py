"""The thread of one account: connect, sweep, wait for news, and start again whatever happens.

IDLE makes it quick, the unconditional sweep makes it complete: pushes get lost. Whatever fails here stays
here; the pause before the next attempt grows to a cap, with jitter, so that a server which comes back is not
met by every account at once.

SECURITY: logs name the account's id, never an address, a folder or the server's words. FAILURE: a death loses
nothing: see imap_mailbox.
"""

from __future__ import annotations

import contextlib
import os
import random
import select
import threading
import time
from dataclasses import dataclass
from datetime import datetime

import structlog

from mailguard.adapters.imap_folders import WatchedFolder, watched_folders
from mailguard.adapters.imap_mailbox import FolderScanner, ScanParts, SweepCount
from mailguard.adapters.imap_session import ConnectionGone, ImapSession, LoginRefused
from mailguard.adapters.imap_settings import ImapAccount, MailboxesSettings
from mailguard.app.ports import TemporaryFailure

log = structlog.get_logger(__name__)

_SLICE_SECONDS = 5.0
_FOLDERS_SECONDS = 300.0
_CONNECT_TURN_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class AccountStatus:
    """How an account does.

    ``last_sweep_at``: the last complete one; ``last_seen_at``: its server last answered a sweep;
    ``last_failure``: a constant word or ""; ``missing``: what the
    server does not announce.
    """

    account: str
    is_connected: bool
    last_sweep_at: datetime | None
    last_seen_at: datetime | None
    failures: int
    last_failure: str
    missing: tuple[str, ...]


class AccountWatcher:
    """Runs in a thread of its own; ``wake`` and ``abort`` may be called from others."""

    def __init__(self, account: ImapAccount, *, parts: ScanParts, connecting: threading.Semaphore) -> None:
        self.account = account
        self.last_success = time.monotonic()
        self._parts = parts
        self._settings: MailboxesSettings = parts.settings
        self._connecting = connecting
        self._stopping = threading.Event()
        self._wake_read, self._wake_write = os.pipe()
        os.set_blocking(self._wake_read, False)
        os.set_blocking(self._wake_write, False)
        self._session: ImapSession | None = None
        self._scanners: dict[WatchedFolder, FolderScanner] = {}
        self._folders_at = 0.0
        self._sweep_at = 0.0
        self._failures = 0
        self._last_failure = ""
        self._last_sweep_at: datetime | None = None
        self._last_seen_at: datetime | None = None
        self._missing: tuple[str, ...] = ()
        self._has_told_refusal = False

    def status(self) -> AccountStatus:
        return AccountStatus(
            account=self.account.id,
            is_connected=self._session is not None,
            last_sweep_at=self._last_sweep_at,
            last_seen_at=self._last_seen_at,
            failures=self._failures,
            last_failure=self._last_failure,
            missing=self._missing,
        )

    def run(self) -> None:
        """Until ``stop``; never raises."""
        while not self._stopping.is_set():
            try:
                self._connect_and_serve()
            except TemporaryFailure as error:
                self._failed(type(error).__name__, is_refused_login=isinstance(error, LoginRefused))
            except Exception as error:
                log.exception("mailbox_thread_failed", account=self.account.id)
                self._failed(type(error).__name__, is_refused_login=False)
            finally:
                session, self._session = self._session, None
                if session is not None:
                    session.close()

    def stop(self) -> None:
        """Ask it to end after the message at hand."""
        self._stopping.set()
        self.wake()

    def wake(self) -> None:
        """Sweep now instead of waiting."""
        self._sweep_at = 0.0
        # A full pipe wakes as well.
        with contextlib.suppress(BlockingIOError):
            os.write(self._wake_write, b"\0")

    def abort(self) -> None:
        """Cut the connection under whatever waits on it."""
        session = self._session
        if session is not None:
            session.abort()

    def close(self) -> None:
        """After its thread has ended."""
        os.close(self._wake_read)
        os.close(self._wake_write)

    def _connect_and_serve(self) -> None:
        # Its turn, or after a while regardless: servers that hang must not keep the others out.
        has_turn = self._connecting.acquire(timeout=_CONNECT_TURN_SECONDS)
        try:
            if self._stopping.is_set():
                return
            session = ImapSession(
                self.account,
                connect_seconds=self._settings.connect_seconds,
                reply_seconds=self._settings.reply_seconds,
            )
        finally:
            if has_turn:
                self._connecting.release()
        self._session = session
        wanted = {"IDLE": session.has_idle, "MOVE": session.has_move, "UIDPLUS": session.has_uidplus}
        self._missing = tuple(name for name, is_there in wanted.items() if not is_there)
        self._folders_at = self._sweep_at = 0.0
        log.info("mailbox_connected", account=self.account.id, tls=session.tls, missing=self._missing)
        while not self._stopping.is_set():
            if self._round(session):
                self._sweep_at = 0.0
            elif not self._stopping.is_set():
                self._succeeded()
                self._wait(session)

    def _round(self, session: ImapSession) -> bool:
        """Sweep the first folder, and the others when they are due. True when there is more to do at once."""
        if time.monotonic() >= self._folders_at:
            self._find_folders(session)
        first, *others = self._scanners.values()
        failures: list[TemporaryFailure] = []
        has_more = self._sweep(session, first, failures)
        if not failures:
            # A first pass may last for hours: what counts is that the first folder is being read.
            self.last_success = time.monotonic()
            self._last_seen_at = self._parts.clock.now()
        if time.monotonic() >= self._sweep_at:
            self._sweep_at = time.monotonic() + self._settings.sweep_seconds
            for scanner in others:
                if self._stopping.is_set():
                    break
                if self._has_news(session, scanner):
                    has_more |= self._sweep(session, scanner, failures)
                    # Its news cannot wait for the other folders, and it must be the open one for IDLE.
                    has_more |= self._sweep(session, first, failures)
        if failures:
            raise failures[0]
        return has_more or first.has_come_since(session)

    def _find_folders(self, session: ImapSession) -> None:
        found = watched_folders(session, self._settings, session.folders())
        if not found:
            raise TemporaryFailure(f"{self.account.id}: none of mailboxes.folders is there")
        self._scanners = {
            folder: self._scanners.get(folder)
            or FolderScanner(self.account, folder.name, is_sent=folder.is_sent, parts=self._parts)
            for folder in found
        }
        self._folders_at = time.monotonic() + _FOLDERS_SECONDS

    def _has_news(self, session: ImapSession, scanner: FolderScanner) -> bool:
        try:
            return scanner.has_news(session)
        except ConnectionGone:
            raise
        except TemporaryFailure:
            # Removed or closed to us since it was listed: the next listing tells.
            log.warning("mailbox_folder_refused", account=self.account.id)
            self._folders_at = 0.0
            return False

    def _sweep(self, session: ImapSession, scanner: FolderScanner, failures: list[TemporaryFailure]) -> bool:
        """One folder's failure does not keep the others from being read; a lost connection does."""
        count = SweepCount()
        try:
            count = scanner.sweep(session, seconds=_SLICE_SECONDS, is_stopping=self._stopping.is_set)
        except ConnectionGone:
            raise
        except TemporaryFailure as error:
            failures.append(error)
        if count.judged or count.marked or count.known:
            log.info(
                "mailbox_swept",
                account=self.account.id,
                judged=count.judged,
                recorded=count.recorded,
                marked=count.marked,
                known=count.known,
            )
        return count.has_more

    def _wait(self, session: ImapSession) -> None:
        seconds = min(self._sweep_at - time.monotonic(), self._settings.idle_renew_seconds)
        if seconds <= 0:
            return
        if self._settings.idle and session.has_idle:
            session.wait_for_news(seconds, wake_fd=self._wake_read)
        else:
            self._pause(seconds)
        with contextlib.suppress(BlockingIOError):
            os.read(self._wake_read, 4096)

    def _pause(self, seconds: float) -> None:
        poller = select.poll()
        poller.register(self._wake_read, select.POLLIN)
        poller.poll(seconds * 1000)

    def _succeeded(self) -> None:
        if self._failures:
            log.info("mailbox_recovered", account=self.account.id, failures=self._failures)
        self._failures, self._last_failure, self._has_told_refusal = 0, "", False
        self.last_success = time.monotonic()
        self._last_sweep_at = self._last_seen_at = self._parts.clock.now()

    def _failed(self, word: str, *, is_refused_login: bool) -> None:
        if self._stopping.is_set():
            return
        self._failures += 1
        self._last_failure = word
        first = (
            self._settings.refused_login_seconds if is_refused_login else self._settings.retry_first_seconds
        )
        # 2 ** 30 is past any cap; beyond it the number only grows.
        longest = max(first, self._settings.retry_last_seconds)
        pause = min(first * 2 ** min(self._failures - 1, 30), longest) * random.uniform(0.5, 1.0)
        log.warning(
            "mailbox_failed",
            account=self.account.id,
            failure=word,
            failures=self._failures,
            pause_seconds=round(pause, 1),
        )
        if is_refused_login and not self._has_told_refusal:
            self._has_told_refusal = True
            self._parts.on_alarm("mailbox_login_refused", self.account.id)
        self._stopping.wait(pause)
