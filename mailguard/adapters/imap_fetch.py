"""Fetching a folder's messages: together while they are small and the server gives them, else one by one.

What cannot be fetched is asked for again after a pause, and somebody is told; it is never taken for done.
FAILURE: a connection lost over one message is counted against it, so that it is left out for a while next.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from threading import Semaphore

import structlog

from mailguard.adapters.imap_session import ConnectionGone, ImapRefused, ImapSession, MessageHead

log = structlog.get_logger(__name__)

_FETCHES_BEFORE_PAUSE = 3
_UNFETCHABLE_PAUSE_SECONDS = 300.0
_LARGE_MESSAGE_WAIT_SECONDS = 60.0


class MessageFetcher:
    """Of one folder under one UIDVALIDITY. ``gone``: UIDs that the folder turned out not to have any more."""

    def __init__(
        self,
        *,
        account_id: str,
        batch_messages: int,
        batch_bytes: int,
        large: Semaphore,
        on_alarm: Callable[[str, str], None],
    ) -> None:
        self.gone: set[int] = set()
        self._account_id = account_id
        self._batch_messages = batch_messages
        self._batch_bytes = batch_bytes
        self._large = large
        self._on_alarm = on_alarm
        self._failures: dict[int, int] = {}
        self._paused_until: dict[int, float] = {}

    @property
    def has_failed(self) -> bool:
        """Whether some message could not be fetched so far."""
        return bool(self._failures)

    def batches(self, session: ImapSession, uids: Sequence[int]) -> Iterator[list[MessageHead]]:
        """Messages to fetch together: few enough, and small enough together, or one alone."""
        now = time.monotonic()
        ready = [uid for uid in uids if self._paused_until.get(uid, 0.0) <= now]
        for start in range(0, len(ready), self._batch_messages):
            wanted = ready[start : start + self._batch_messages]
            heads = session.heads(wanted)
            for uid in sorted(set(wanted) - {head.uid for head in heads}):
                self._missing(session, uid)
            batch: list[MessageHead] = []
            size = 0
            for head in heads:
                if batch and size + head.size_bytes > self._batch_bytes:
                    yield batch
                    batch, size = [], 0
                batch.append(head)
                size += head.size_bytes
            if batch:
                yield batch

    def fetch(
        self, session: ImapSession, batch: Sequence[MessageHead], *, one_by_one: bool
    ) -> Iterator[tuple[MessageHead, bytes]]:
        is_large = sum(head.size_bytes for head in batch) > self._batch_bytes
        # Waited for no longer than this: another server's slowness is not this account's.
        has_room = is_large and self._large.acquire(timeout=_LARGE_MESSAGE_WAIT_SECONDS)
        try:
            if not one_by_one:
                try:
                    bodies = session.bodies([head.uid for head in batch])
                except ImapRefused:
                    one_by_one = True
                else:
                    for head in batch:
                        if head.uid in bodies:
                            self._fetched(head.uid)
                            yield head, bodies.pop(head.uid)
                        else:
                            self._missing(session, head.uid)
            if one_by_one:
                for head in batch:
                    raw = self._fetch_one(session, head)
                    if raw is not None:
                        yield head, raw
        finally:
            if has_room:
                self._large.release()

    def _fetch_one(self, session: ImapSession, head: MessageHead) -> bytes | None:
        try:
            raw = session.bodies([head.uid]).get(head.uid)
        except ImapRefused:
            self._fetch_failed(head.uid)
            return None
        except ConnectionGone:
            self._fetch_failed(head.uid)
            raise
        if raw is None:
            self._missing(session, head.uid)
        else:
            self._fetched(head.uid)
        return raw

    def _fetched(self, uid: int) -> None:
        self._failures.pop(uid, None)
        self._paused_until.pop(uid, None)

    def _missing(self, session: ImapSession, uid: int) -> None:
        """No bytes: it has gone since, or the server cannot give them."""
        if session.has_uid(uid):
            self._fetch_failed(uid)
        else:
            self._fetched(uid)
            self.gone.add(uid)

    def _fetch_failed(self, uid: int) -> None:
        failures = self._failures[uid] = self._failures.get(uid, 0) + 1
        if failures >= _FETCHES_BEFORE_PAUSE:
            self._paused_until[uid] = time.monotonic() + _UNFETCHABLE_PAUSE_SECONDS
            log.error("mailbox_message_unfetchable", account=self._account_id, uid=uid, failures=failures)
            self._on_alarm("mailbox_message_unfetchable", self._account_id)
