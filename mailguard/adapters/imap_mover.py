"""Takes a held message out of a staff mailbox: the ``MailboxMover`` of app.ports.

``hold = store``: the store has the message (T1 came first, and the bytes here are compared with its hash), so
this copy is removed: STORE \\Deleted, UID EXPUNGE. ``hold = folder``: it is moved to the quarantine folder by
MOVE, else COPY, proof that the copy is there, STORE \\Deleted, UID EXPUNGE. Never a plain EXPUNGE: that would
remove what the owner has marked, too. What the server does not announce is not used, even if it would obey.

Each step may be the last before a death; each begins by looking how far the one before came.

SECURITY: only a message whose bytes have the expected hash is touched. FAILURE: TemporaryFailure leaves the
message where it is, or in both places; the effect is tried again.
Source: RFC 6851, RFC 4315; ENGINEERING.md "MOVE fallback loses mail".
"""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta

import structlog

from mailguard.adapters.imap_envelope import header_of
from mailguard.adapters.imap_folders import quarantine_name, sent_folder_names
from mailguard.adapters.imap_session import ConnectionGone, ImapRefused, ImapSession
from mailguard.adapters.imap_settings import HoldIn, ImapAccount, MailboxesSettings
from mailguard.app.ports import ImapLocation, PermanentFailure, TemporaryFailure

log = structlog.get_logger(__name__)

_SEARCH_BATCH = 20
_MOST_SEARCHED = 500

_STILL_FINDABLE = "its owner may still find it: the server has neither MOVE nor UIDPLUS"
GONE = "not in the folder any more: taken out before, moved or removed by its owner"


@dataclass(slots=True)
class _Pooled:
    """An account's connection; who holds the lock uses it."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    session: ImapSession | None = None
    was_reused: bool = False
    has_begun: bool = False  # to change the mailbox
    quarantine: str = ""
    sent: frozenset[str] = frozenset()


class ImapMover:
    """Keeps one connection an account, the least used closed first. Thread-safe."""

    def __init__(self, settings: MailboxesSettings, *, failpoint: Callable[[str], None]) -> None:
        self._settings = settings
        self._failpoint = failpoint
        self._lock = threading.Lock()
        self._pool: OrderedDict[str, _Pooled] = OrderedDict()

    def take_out(self, location: ImapLocation, *, expected_sha256: str) -> str:
        """How it was done, in words. Raises TemporaryFailure; PermanentFailure: it must not be touched."""
        account = self._settings.account(location.account)
        if account is None:
            raise PermanentFailure(f"mailbox {location.account} is no longer in the settings")
        may_try_again = False
        try:
            with self._connection(account) as pooled:
                try:
                    done = self._take_out(pooled, location, expected_sha256)
                finally:
                    may_try_again = pooled.was_reused and not pooled.has_begun
        except ConnectionGone:
            # A server that is closing an old connection may still answer its NOOP: once more, on a new one.
            if not may_try_again:
                raise
            with self._connection(account) as pooled:
                done = self._take_out(pooled, location, expected_sha256)
        log.info("mailbox_message_taken_out", account=location.account, uid=location.uid)
        return done

    def close(self) -> None:
        """Log out everywhere."""
        with self._lock:
            pooled, self._pool = list(self._pool.values()), OrderedDict()
        for each in pooled:
            with each.lock:
                _close(each)

    @contextmanager
    def _connection(self, account: ImapAccount) -> Iterator[_Pooled]:
        with self._lock:
            pooled = self._pool.setdefault(account.id, _Pooled())
            self._pool.move_to_end(account.id)
            spare = [
                each
                for each in list(self._pool.values())[: -self._settings.pooled_connections]
                if each.session is not None
            ]
        for each in spare:
            # Whoever is using it keeps it; it is closed at another time.
            if each.lock.acquire(blocking=False):
                try:
                    _close(each)
                finally:
                    each.lock.release()
        with pooled.lock:
            self._prepare(pooled, account)
            try:
                yield pooled
            except ConnectionGone:
                _close(pooled)
                raise

    def _prepare(self, pooled: _Pooled, account: ImapAccount) -> None:
        """A connection that answers: a server closes one that was silent for long."""
        pooled.was_reused = pooled.has_begun = False
        if pooled.session is not None:
            try:
                pooled.session.noop()
                pooled.was_reused = True
                return
            except TemporaryFailure:
                _close(pooled)
        session = ImapSession(
            account,
            connect_seconds=self._settings.connect_seconds,
            reply_seconds=self._settings.reply_seconds,
        )
        pooled.session = session
        folders = session.folders()
        pooled.quarantine = quarantine_name(session, self._settings, folders)
        pooled.sent = sent_folder_names(folders) if self._settings.sent_folders else frozenset()

    def _take_out(self, pooled: _Pooled, location: ImapLocation, expected_sha256: str) -> str:
        session = pooled.session
        assert session is not None
        if location.folder in pooled.sent:
            raise PermanentFailure(
                f"{location.account}: what lies in a Sent folder is reported, never taken out"
            )
        uid = self._find(session, location, expected_sha256)
        if uid is None:
            return GONE
        self._failpoint("imap-before-move")
        pooled.has_begun = True
        if self._settings.hold is HoldIn.STORE and session.has_uidplus:
            session.mark_deleted(uid)
            session.expunge_one(uid)
            done = "removed from the mailbox (UID EXPUNGE); mailguard's store has it"
        elif session.has_move:
            done = self._move(session, uid, pooled.quarantine)
            if self._settings.hold is HoldIn.STORE:
                done += ", where its owner can open it: the server has no UIDPLUS"
        elif self._settings.hold is HoldIn.STORE:
            session.mark_deleted(uid)
            done = f"marked \\Deleted only; {_STILL_FINDABLE}"
        else:
            done = self._copy_and_remove(session, location, uid, expected_sha256, pooled.quarantine)
        self._failpoint("imap-moved")
        return done

    def _move(self, session: ImapSession, uid: int, folder: str) -> str:
        try:
            new_uid = session.move(uid, folder)
        except ImapRefused:
            # The folder may have been removed since it was made. A second refusal is the server's last word.
            session.create_folder(folder)
            new_uid = session.move(uid, folder)
        return f"moved to the folder {folder} (MOVE{f', UID {new_uid}' if new_uid else ''})"

    def _copy_and_remove(
        self, session: ImapSession, location: ImapLocation, uid: int, expected_sha256: str, folder: str
    ) -> str:
        raw = session.bodies([uid]).get(uid, b"")
        has_copy = self._copy_exists(session, folder, raw, location, expected_sha256)
        session.open_folder(location.folder, writable=True)
        new_uid = None
        if not has_copy:
            new_uid = session.copy(uid, folder)
        self._failpoint("imap-copied")
        if not has_copy and new_uid is None:
            has_copy = self._copy_exists(session, folder, raw, location, expected_sha256)
            session.open_folder(location.folder, writable=True)
        if not has_copy and new_uid is None:
            raise TemporaryFailure(f"{location.account}: COPY was answered OK, but the copy is not there")
        session.mark_deleted(uid)
        if session.has_uidplus:
            session.expunge_one(uid)
            return f"copied to the folder {folder} and removed (COPY, UID EXPUNGE)"
        return f"copied to the folder {folder}; the original is marked \\Deleted only; {_STILL_FINDABLE}"

    def _find(self, session: ImapSession, location: ImapLocation, expected_sha256: str) -> int | None:
        """Its UID in the folder, now open for writing; None when it is not there any more."""
        state = _open_for_writing(session, location)
        if state == location.uidvalidity:
            raw = session.bodies([location.uid]).get(location.uid)
            if raw is None:
                if session.has_uid(location.uid):
                    raise TemporaryFailure(
                        f"{location.account}: UID {location.uid} is there but has no bytes"
                    )
                return None
            if hashlib.sha256(raw).hexdigest() != expected_sha256:
                raise PermanentFailure(
                    f"{location.account}: UID {location.uid} holds other bytes than those that were judged"
                )
            return location.uid
        # Numbered anew since: the bytes tell which one it is.
        candidates: Sequence[int] = session.uids_above(0)
        if location.internal_date is not None:
            day = location.internal_date.date()
            candidates = session.uids_since(day - timedelta(days=1), before=day + timedelta(days=2))
        return _with_sha256(session, candidates, expected_sha256)

    def _copy_exists(
        self, session: ImapSession, folder: str, raw: bytes, location: ImapLocation, expected_sha256: str
    ) -> bool:
        """Whether the quarantine folder has it: a death after COPY must not leave two there.

        The folder that was open is so no longer.
        """
        if all(each.name != folder for each in session.folders()):
            session.create_folder(folder)
            return False
        session.open_folder(folder)
        message_id = next(iter(header_of(raw).values("message-id")), "").strip()
        if message_id and message_id.isascii() and message_id.isprintable():
            candidates = session.uids_with_message_id(message_id)
        elif location.internal_date is not None:
            day = location.internal_date.date()
            candidates = session.uids_since(day - timedelta(days=1), before=day + timedelta(days=2))
        else:
            candidates = session.uids_above(0)
        return _with_sha256(session, candidates, expected_sha256) is not None


def _open_for_writing(session: ImapSession, location: ImapLocation) -> int:
    """SELECT; its UIDVALIDITY. Raises PermanentFailure when the folder is gone."""
    try:
        return session.open_folder(location.folder, writable=True).uidvalidity
    except ImapRefused:
        if any(each.name.upper() == location.folder.upper() for each in session.folders()):
            raise
    raise PermanentFailure(f"{location.account}: the folder that held the message is gone or renamed")


def _with_sha256(session: ImapSession, candidates: Sequence[int], expected_sha256: str) -> int | None:
    newest = sorted(candidates, reverse=True)[:_MOST_SEARCHED]
    for start in range(0, len(newest), _SEARCH_BATCH):
        for uid, raw in session.bodies(newest[start : start + _SEARCH_BATCH]).items():
            if hashlib.sha256(raw).hexdigest() == expected_sha256:
                return uid
    return None


def _close(pooled: _Pooled) -> None:
    session, pooled.session = pooled.session, None
    if session is not None:
        session.close()
