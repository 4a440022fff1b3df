"""Links that let somebody without an account do one thing once.

A link is 128 random bits, stored hashed, for one action of one person, for a while; using it spends it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkRecord:
    """``item``: what it is for, such as the form it opens. ``case_id`` "" until it was spent."""

    action: str
    item: str
    person_id: str
    expires_at: datetime
    used_at: datetime | None = None
    case_id: str = ""


class Links(Protocol):
    """Part of a ``Transaction``."""

    def issue(self, *, action: str, item: str, person_id: str, expires_at: datetime) -> str:
        """A fresh token of letters and digits. Several tokens of one item may be out; the first used counts."""
        ...

    def find(self, token: str, *, action: str) -> LinkRecord | None:
        """Whatever its state, so that a spent one can be told from none. None when it expired unspent."""
        ...

    def is_open(self, token: str, *, action: str) -> bool:
        """Neither spent nor expired."""
        ...

    def spend(self, token: str, *, action: str, case_id: str) -> bool:
        """Compare and set: open → spent. False otherwise."""
        ...

    def use_up(self, token: str, *, action: str, expires_at: datetime) -> bool:
        """For a token that was not issued here, such as a signed challenge: False when it was used before."""
        ...

    def forget_old(self, *, expired_before: datetime) -> int:
        """Drop what expired before that time, spent or not; how many."""
        ...
