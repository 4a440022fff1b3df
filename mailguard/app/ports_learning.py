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
        """Add it; one of the same case or sample that is there is replaced."""
        ...

    def of_case(self, case_id: str) -> ExampleRecord | None:
        """What the case teaches, None for nothing."""
        ...

    def of_sample(self, sample_id: str) -> ExampleRecord | None: ...

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
    """``foreign``: the model does not know its words; ``doubtful``: a letter of which it was not sure, so many a day;
    ``uncertain``: one of those of the week of which it was least sure; ``blind``: by lot, whatever the model said.
    """

    FOREIGN = "foreign"
    DOUBTFUL = "doubtful"
    UNCERTAIN = "uncertain"
    BLIND = "blind"

    @property
    def is_not_understood(self) -> bool:
        """A letter that somebody must read, for the model could not say what it is."""
        return self in (SampleReason.FOREIGN, SampleReason.DOUBTFUL)


class SampleState(StrEnum):
    WAITING = "waiting"
    LABELLED = "labelled"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleRecord:
    """One delivered message offered for labelling. ``rank``: of several of a period the lowest are kept.

    ``day``: the school's day (2026-11-24), within ``week``. ``words_key``: equal for copies of one message, "" when not known.
    ``envelope``: what is shown before anybody opens it: sender, recipients, direction, size, attachments by count.
    """

    id: str
    week: str
    reason: SampleReason
    rank: int
    blob_id: str
    received_at: datetime
    day: str = ""
    words_key: str = ""
    envelope: Mapping[str, Any] = field(default_factory=lambda: _NOTHING)
    state: SampleState = SampleState.WAITING
    opened_at: datetime | None = None
    decided_by: str = ""
    decided_at: datetime | None = None

    @property
    def period(self) -> str:
        """The lowest ranks of a day are kept, or of a week."""
        return self.day if self.reason is SampleReason.DOUBTFUL else self.week

    @property
    def closed_to(self) -> tuple[str, ...]:
        """Ids of persons of the chain whom the message names: it may be about them."""
        return tuple(map(str, self.envelope.get("closed_to", ())))


class Samples(Protocol):
    """Samples offered. Part of a ``Transaction``."""

    def bound(self, period: str, reason: SampleReason, *, keep: int) -> int | None:
        """A rank must be below this to be kept; None while there is room. ``period``: a week, or a day of doubtful ones."""
        ...

    def count(self, day: str, reason: SampleReason) -> int:
        """How many of that day there are, decided or not."""
        ...

    def offer(self, sample: SampleRecord, *, keep: int | None, keep_rest: int = 0) -> Sequence[str]:
        """Add it, and let those beyond the ``keep`` lowest of its period and reason go that nobody has opened; None keeps all.

        Of doubtful ones these become uncertain ones of their week, of which the ``keep_rest`` lowest stay. A copy of one that is
        there for the same reason, or that somebody has looked at already, adds its recipients to it.
        The blobs of those that went: perhaps its own.
        """
        ...

    def find(self, sample_id: str) -> SampleRecord | None: ...

    def waiting(self) -> tuple[SampleRecord, ...]:
        """Oldest week first, what was not understood before the uncertain and the blind ones, lowest rank first.

        A message that is there for several reasons comes once, with the first.
        """
        ...

    def unread(self, *, received_before: datetime | None = None) -> tuple[SampleRecord, ...]:
        """What the model did not understand and nobody has opened or decided."""
        ...

    def note_opened(self, sample_id: str) -> None:
        """Whatever it is there for: of all its copies."""
        ...

    def decide(self, sample_id: str, *, state: SampleState, by: str) -> bool:
        """Compare and set: waiting → labelled or skipped, with its copies. False when somebody was first."""
        ...

    def counts(self, week: str) -> Mapping[tuple[SampleReason, SampleState], int]: ...

    def forget_old(self, *, received_before: datetime) -> Sequence[str]:
        """Drop what nobody labelled in time, and what was skipped; the blobs that go with it.

        A labelled one stays as long as its example.
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
