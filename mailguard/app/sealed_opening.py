"""Taking one file out of a case's message, exceptionally: with a reason, on the record before the bytes are given.

Pictures, videos and archives from children are never shown; whoever must open one does so on purpose, alone, and
can be asked why. Source: SAFEGUARDING.md, "Images"; DESIGN promise 7.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from mailguard.app.account_records import Account
from mailguard.app.message_view import is_sealed_part
from mailguard.app.ports import BlobStore, PermanentFailure
from mailguard.app.ports_store import AuditEntry, MessageRecord, Store
from mailguard.app.review_queue import CaseQueue
from mailguard.domain.audit import AuditTag
from mailguard.domain.message import Attachment

FindFile = Callable[[bytes, str], tuple[Attachment, bytes] | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedFile:
    """``is_sealed`` False: an ordinary file, such as a document from an adult."""

    case_id: str
    message_id: str
    part: Attachment
    is_sealed: bool


class SealedOpening:
    """``find_file``: (raw message, SHA-256) → the part (``reading.parts.file_of``)."""

    def __init__(self, store: Store, blobs: BlobStore, queue: CaseQueue, *, find_file: FindFile) -> None:
        self._store = store
        self._blobs = blobs
        self._queue = queue
        self._find_file = find_file

    def look(self, case_id: str, message_id: str, sha256: str, account: Account) -> SealedFile | None:
        """What would be opened, without opening it. None when there is no such file for this person."""
        found = self._find(case_id, message_id, sha256, account)
        if found is None:
            return None
        message, part, _ = found
        return SealedFile(
            case_id=case_id,
            message_id=message_id,
            part=part,
            is_sealed=is_sealed_part(part, message.decision),
        )

    def open(
        self, case_id: str, message_id: str, sha256: str, account: Account, *, reason: str
    ) -> tuple[Attachment, bytes] | None:
        """The bytes, after the opening was committed to the trail. ``reason`` is kept with it."""
        if not reason.strip():
            raise ValueError("a file is opened for a reason")
        found = self._find(case_id, message_id, sha256, account)
        if found is None:
            return None
        message, part, data = found
        detail = {
            "message": message_id,
            "sha256": sha256,
            "size_bytes": part.size_bytes,
            "kind": part.family,
            "is_sealed": is_sealed_part(part, message.decision),
            "reason": reason.strip()[:500],
        }
        with self._store.transaction() as transaction:
            transaction.audit.append(
                AuditEntry(tag=AuditTag.PART_OPENED, actor=account.id, case_id=case_id, detail=detail)
            )
        return part, data

    def _find(
        self, case_id: str, message_id: str, sha256: str, account: Account
    ) -> tuple[MessageRecord, Attachment, bytes] | None:
        with self._store.reading() as transaction:
            if not self._queue.is_open_to(case_id, account, transaction):
                return None
            message = transaction.cases.message(message_id)
        if message is None or message.case_id != case_id:
            return None
        try:
            found = self._find_file(self._blobs.get(message.blob_id), sha256)
        except PermanentFailure:
            return None
        return None if found is None else (message, *found)
