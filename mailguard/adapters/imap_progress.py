"""What is remembered of a folder between sweeps: how far it was read, and which part of it was old mail.

The checkpoint is the store's; beside it lies a small state for the first pass over existing mail, and for the
pass after the server has numbered a folder anew (UIDVALIDITY). FAILURE: a death anywhere leaves an older
checkpoint; what is judged twice has the same delivery key.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta

from mailguard.app.ports_store import ImapCheckpoint, Ledger, Store


@dataclass(frozen=True, slots=True)
class Pass:
    """A pass over mail that was there before: UIDs below ``before_uid`` that came on or after ``since``.

    ``is_rescan``: much of it was judged under other UIDs. ``before_uid`` 0: the server does not say.
    """

    uidvalidity: int
    before_uid: int
    since: date
    is_rescan: bool

    def covers(self, uid: int) -> bool:
        return not self.before_uid or uid < self.before_uid


@dataclass(frozen=True, slots=True)
class FolderProgress:
    """``last_uid``: all up to it is done. ``pass_``: the newest pass over mail that was there before."""

    account: str
    folder: str
    uidvalidity: int
    last_uid: int
    written_at: datetime | None
    pass_: Pass

    @property
    def checkpoint_key(self) -> str:
        """Names a batch begun from here, for counting how often that was tried."""
        return f"imap-batch:{self.account}:{self.folder}:{self.uidvalidity}:{self.last_uid}"


def load_progress(
    store: Store, *, account: str, folder: str, uidvalidity: int, uid_next: int, since: date | None
) -> FolderProgress:
    """Where to go on; a folder never seen, or numbered anew, starts a pass. Raises TemporaryFailure."""
    with store.reading() as transaction:
        checkpoint = transaction.ledger.imap_checkpoint(account, folder)
        known = _read_pass(transaction.ledger, account, folder)
    if known is not None and known.uidvalidity == uidvalidity:
        is_current = checkpoint is not None and checkpoint.uidvalidity == uidvalidity
        last_uid = checkpoint.last_uid if checkpoint is not None and is_current else 0
        written_at = checkpoint.last_sweep_at if checkpoint is not None and is_current else None
        return FolderProgress(account, folder, uidvalidity, last_uid, written_at, known)
    with store.transaction() as transaction:
        start = since or _account_start(transaction.ledger, account, transaction.now)
        if known is not None:
            start = min(start, known.since)
        pass_ = Pass(uidvalidity, uid_next, start, known is not None)
        transaction.ledger.put_state(
            _pass_key(account, folder), json.dumps(asdict(pass_), default=date.isoformat)
        )
    return FolderProgress(account, folder, uidvalidity, 0, None, pass_)


def save_checkpoint(
    ledger: Ledger, progress: FolderProgress, *, last_uid: int, at: datetime
) -> FolderProgress:
    """Inside a transaction that says what was judged up to ``last_uid``."""
    ledger.put_imap_checkpoint(
        ImapCheckpoint(
            account=progress.account,
            folder=progress.folder,
            uidvalidity=progress.uidvalidity,
            last_uid=last_uid,
            last_sweep_at=at,
        )
    )
    return FolderProgress(
        progress.account, progress.folder, progress.uidvalidity, last_uid, at, progress.pass_
    )


def _account_start(ledger: Ledger, account: str, now: datetime) -> date:
    """The day before the account was first swept (the server's zone may be behind ours).

    A folder found later starts there, too: mail may have come to it before it was found.
    """
    key = f"imap-start:{account}"
    known = ledger.state(key)
    if known is not None:
        return date.fromisoformat(known)
    start = now.date() - timedelta(days=1)
    ledger.put_state(key, start.isoformat())
    return start


def _pass_key(account: str, folder: str) -> str:
    # Folder names may be longer than a key, and may name people.
    return f"imap-pass:{account}:{hashlib.sha256(folder.encode('utf-8', 'surrogatepass')).hexdigest()[:32]}"


def _read_pass(ledger: Ledger, account: str, folder: str) -> Pass | None:
    text = ledger.state(_pass_key(account, folder))
    if text is None:
        return None
    fields = json.loads(text)
    return Pass(
        uidvalidity=int(fields["uidvalidity"]),
        before_uid=int(fields["before_uid"]),
        since=date.fromisoformat(fields["since"]),
        is_rescan=bool(fields["is_rescan"]),
    )
