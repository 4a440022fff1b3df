"""What the store keeps for the model's learning: labelled examples, samples offered for labelling, counts of scores.

No text is among it: an example and a sample name a blob, which opens only here and only while its key is there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Protocol

from mailguard.domain.label import Label

_NOTHING: Mapping[str, Any] = MappingProxyType({})


class Withdrawn(StrEnum):
    """Why an example teaches no longer."""

    UNDONE = "undone"
    SHREDDED = "shredded"
    BY_HAND = "by-hand"


@dataclass(frozen=True, slots=True, kw_only=True)
class ExampleRecord:
    """One message that a person labelled: of a case (``case_id``, ``message_id``) or of a sample (``sample_id``).

    ``by``: who labelled it.
    """

    blob_id: str
    label: Label
    by: str
    labelled_at: datetime
    case_id: str = ""
    message_id: str = ""
    sample_id: str = ""
    id: str = ""


@dataclass(frozen=True, slots=True)
class ExampleCounts:
    in_use: int
    withdrawn: int


class Learning(Protocol):
    """Labelled examples. Part of a ``Transaction``."""

    def put(self, example: ExampleRecord) -> None:
        """Add it; one of the same message or sample that is there is replaced."""
        ...

    def withdraw(self, *, case_id: str = "", sample_id: str = "", blob_id: str = "", why: Withdrawn) -> int:
        """From now on those teach nothing; how many."""
        ...

    def examples(self) -> tuple[ExampleRecord, ...]:
        """Those that teach, oldest first."""
        ...

    def counts(self) -> ExampleCounts: ...

    def forget_old(self, *, labelled_before: datetime) -> Sequence[str]:
        """Drop examples of samples that are older; the blobs they named."""
        ...


class SampleReason(StrEnum):
    """``blind``: by lot, whatever the model said; ``uncertain``: the model was least sure of it."""

    BLIND = "blind"
    UNCERTAIN = "uncertain"


class SampleState(StrEnum):
    WAITING = "waiting"
    LABELLED = "labelled"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleRecord:
    """One delivered message offered for labelling. ``rank``: of several of a week the lowest are kept.

    ``envelope``: what is shown before anybody opens it: sender, recipients, direction, size, attachments by count.
    """

    id: str
    week: str
    reason: SampleReason
    rank: int
    blob_id: str
    received_at: datetime
    envelope: Mapping[str, Any] = field(default_factory=lambda: _NOTHING)
    state: SampleState = SampleState.WAITING
    opened_at: datetime | None = None
    decided_by: str = ""
    decided_at: datetime | None = None


class Samples(Protocol):
    """Samples offered. Part of a ``Transaction``."""

    def bound(self, week: str, reason: SampleReason, *, keep: int) -> int | None:
        """A rank must be below this to be kept; None while there is room."""
        ...

    def offer(self, sample: SampleRecord, *, keep: int) -> Sequence[str]:
        """Add it, and let those beyond the ``keep`` lowest of its week and reason go that nobody has opened.

        The blobs of those that went: perhaps its own.
        """
        ...

    def find(self, sample_id: str) -> SampleRecord | None: ...

    def waiting(self) -> tuple[SampleRecord, ...]:
        """Oldest week first, the uncertain ones before the blind ones, lowest rank first."""
        ...

    def note_opened(self, sample_id: str) -> None: ...

    def decide(self, sample_id: str, *, state: SampleState, by: str) -> bool:
        """Compare and set: waiting → labelled or skipped. False when somebody was first."""
        ...

    def counts(self, week: str) -> Mapping[tuple[SampleReason, SampleState], int]: ...

    def forget_old(self, *, received_before: datetime) -> Sequence[str]:
        """Drop what nobody labelled in time, and the rows of what was labelled or skipped; the blobs that go with it.

        The blob of a labelled one stays with its example.
        """
        ...


@dataclass(frozen=True, slots=True)
class ScoreCount:
    """``series``: what was counted (``child``, ``kind``…); ``bin``: its bin or word."""

    week: str
    model: str
    series: str
    bin: str
    count: int


class ScoreCounts(Protocol):
    """Counts of what the model said, by ISO week: no message can be told from them. Part of a ``Transaction``."""

    def add(self, *, week: str, model: str, counts: Mapping[tuple[str, str], int]) -> None: ...

    def between(self, first_week: str, last_week: str) -> tuple[ScoreCount, ...]: ...

    def of_model(self, model: str) -> tuple[ScoreCount, ...]: ...

    def of_series(self, series: str) -> tuple[ScoreCount, ...]:
        """Whatever the model."""
        ...

    def forget_old(self, *, before_week: str) -> int: ...
