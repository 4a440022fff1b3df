"""What the store keeps of requests to take something down. What they say is encrypted."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol

from mailguard.app.take_down_letter import Letter
from mailguard.domain.take_down import TakeDownState


@dataclass(frozen=True, slots=True, kw_only=True)
class TakeDown:
    """``quoted``: the comment as the school keeps it, whether the letter repeats it or not.

    ``text``: the letter as it was written, for good. ``remind_on``: a local day, None for never.
    """

    id: str
    case_id: str
    state: TakeDownState
    made_at: datetime
    made_by: str
    updated_at: datetime
    remind_on: date | None
    quoted: str
    letter: Letter
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TakeDownNote:
    """One step of its way: who noted which state, when."""

    take_down_id: str
    at: datetime
    by: str
    state: TakeDownState
    note: str


class TakeDowns(Protocol):
    """Part of a ``Transaction``."""

    def add(self, take_down: TakeDown) -> None: ...

    def find(self, take_down_id: str) -> TakeDown | None: ...

    def of_case(self, case_id: str) -> tuple[TakeDown, ...]:
        """Oldest first."""
        ...

    def unfinished(self) -> tuple[TakeDown, ...]:
        """Those that are not over; the ones to be reminded of first."""
        ...

    def all(self) -> Iterator[TakeDown]:
        """Newest first; streamed while the transaction is open, for whoever looks may not see them all."""
        ...

    def move(
        self, take_down_id: str, *, expected: TakeDownState, state: TakeDownState, remind_on: date | None
    ) -> bool:
        """Compare and set."""
        ...

    def add_note(self, note: TakeDownNote) -> None: ...

    def notes(self, take_down_id: str) -> tuple[TakeDownNote, ...]:
        """Oldest first."""
        ...
