"""What is noted of each message beside the decision: counts of what the model said, its chance in the weekly sample, and
whether somebody must read it because the model could not.
"""

from __future__ import annotations

from dataclasses import dataclass

from mailguard.app.drift import ScoreTally
from mailguard.app.gate import Judged
from mailguard.app.not_understood import NotUnderstood
from mailguard.app.sampling import Sampler


@dataclass(frozen=True, slots=True)
class ModelWatch:
    """One process's part; ``flush`` every half minute and at the end."""

    tally: ScoreTally
    sampler: Sampler
    not_understood: NotUnderstood

    def consider_first(self, judged: Judged) -> None:
        """Before it is delivered."""
        self.not_understood.consider(judged)

    def consider(self, judged: Judged) -> None:
        self.tally.consider(judged.inspection)
        self.sampler.consider(judged)

    def flush(self) -> None:
        """Raises TemporaryFailure; counts and what must be read are kept for the next time, candidates of the sample are not."""
        self.not_understood.flush()
        self.tally.flush()
        self.sampler.flush()
