"""What is noted of each message beside the decision: counts of what the model said, and its chance in the weekly sample."""

from __future__ import annotations

from dataclasses import dataclass

from mailguard.app.drift import ScoreTally
from mailguard.app.gate import Judged
from mailguard.app.sampling import Sampler


@dataclass(frozen=True, slots=True)
class ModelWatch:
    """One process's part; ``flush`` every half minute and at the end."""

    tally: ScoreTally
    sampler: Sampler

    def consider(self, judged: Judged) -> None:
        self.tally.consider(judged.inspection)
        self.sampler.consider(judged)

    def flush(self) -> None:
        """Raises TemporaryFailure; counts are kept for the next time, candidates of the sample are not."""
        self.tally.flush()
        self.sampler.flush()
