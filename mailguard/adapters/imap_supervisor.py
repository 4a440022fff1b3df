"""All accounts of one daemon: a thread each, and a watchdog over them.

The watchdog looks at the one thing that counts, when an account was last swept whole: a thread that hangs, a
server that answers nonsense and a password that has changed all show there.
"""

from __future__ import annotations

import threading
import time

import structlog

from mailguard.adapters.imap_account import AccountStatus, AccountWatcher
from mailguard.adapters.imap_mailbox import ScanParts

log = structlog.get_logger(__name__)

_CONNECTING_AT_A_TIME = 8
_FIRST_JOIN_SECONDS = 2.5
_LAST_JOIN_SECONDS = 2.0
_WATCH_SECONDS = 5.0


class MailboxSupervisor:
    """``start`` once, ``stop`` once. Status and ``sweep_now`` from any thread."""

    def __init__(self, parts: ScanParts) -> None:
        self._parts = parts
        connecting = threading.Semaphore(_CONNECTING_AT_A_TIME)
        self._watchers = tuple(
            AccountWatcher(account, parts=parts, connecting=connecting) for account in parts.settings.accounts
        )
        self._threads: list[tuple[AccountWatcher, threading.Thread]] = []
        self._stopping = threading.Event()
        self._watchdog = threading.Thread(target=self._watch, name="mailbox-watchdog", daemon=True)

    def start(self) -> None:
        for watcher in self._watchers:
            # A daemon thread: one that hangs in a dead peer must not keep the process from ending.
            thread = threading.Thread(target=watcher.run, name=f"mailbox-{watcher.account.id}", daemon=True)
            self._threads.append((watcher, thread))
            thread.start()
        self._watchdog.start()
        log.info("mailboxes_started", accounts=len(self._watchers))

    def stop(self) -> bool:
        """End all threads after the message at hand, within 5 s. False when one still hangs in its server."""
        self._stopping.set()
        for watcher in self._watchers:
            watcher.stop()
        self._join(_FIRST_JOIN_SECONDS)
        for watcher, thread in self._threads:
            if thread.is_alive():
                watcher.abort()
        self._join(_LAST_JOIN_SECONDS)
        hanging = 0
        for watcher, thread in self._threads:
            if thread.is_alive():
                hanging += 1
            else:
                watcher.close()
        log.info("mailboxes_stopped", hanging=hanging)
        return not hanging

    def statuses(self) -> tuple[AccountStatus, ...]:
        return tuple(watcher.status() for watcher in self._watchers)

    def sweep_now(self) -> None:
        """Wake every account that waits."""
        for watcher in self._watchers:
            watcher.wake()

    def _join(self, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        for _, thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))

    def _watch(self) -> None:
        stale_seconds = self._parts.settings.stale_seconds
        told: set[str] = set()
        while not self._stopping.wait(min(_WATCH_SECONDS, stale_seconds / 4)):
            now = time.monotonic()
            for watcher in self._watchers:
                account = watcher.account.id
                if now - watcher.last_success < stale_seconds:
                    told.discard(account)
                elif account not in told:
                    told.add(account)
                    log.error("mailbox_stale", account=account, seconds=round(now - watcher.last_success))
                    self._parts.on_alarm("mailbox_stale", account)
                    watcher.abort()
