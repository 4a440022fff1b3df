"""What the store keeps of the lists' changes: drafts that wait for a yes, and every version applied.

Both hold personal data, encrypted.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from mailguard.app.list_files import ListName


@dataclass(frozen=True, slots=True, kw_only=True)
class ListDraft:
    """A new content of one list, proposed and not applied. ``base_version``: of the lists it was made over."""

    id: str
    list: ListName
    base_version: str
    made_at: datetime
    made_by: str
    says: str
    content: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class ListVersion:
    """One content of one list that was in force. ``number`` counts from 1 in each list.

    ``lists_version``: of all lists with it. ``by`` an account's id, or "daemon" for a file replaced on the
    server. ``says``: what was done ("import", "added a row"). ``reason`` "" when none was needed.
    """

    list: ListName
    number: int
    at: datetime
    by: str
    says: str
    lists_version: str
    sha256: str
    rows: int
    added: int = 0
    removed: int = 0
    changed: int = 0
    is_lowering: bool = False
    reason: str = ""


class ListHistory(Protocol):
    """Part of a ``Transaction``."""

    def put_draft(self, draft: ListDraft) -> None: ...

    def draft(self, draft_id: str) -> ListDraft | None: ...

    def drop_draft(self, draft_id: str) -> bool:
        """False when it was gone: somebody applied or dropped it."""
        ...

    def drop_drafts(self, *, made_before: datetime) -> int: ...

    def add_version(self, version: ListVersion, content: bytes) -> int:
        """Numbered after the last of its list, whatever ``version.number`` says; the number given."""
        ...

    def versions(self, name: ListName, *, limit: int = 0) -> tuple[ListVersion, ...]:
        """Newest first."""
        ...

    def lowered_since(self, at: datetime) -> tuple[ListVersion, ...]:
        """Versions of any list that lowered the protection, oldest first."""
        ...

    def content(self, name: ListName, number: int) -> bytes | None: ...

    def forget_old(self, *, before: datetime, kept: int) -> int:
        """Drop versions that came before that time, but the newest ``kept`` of each list; how many."""
        ...
