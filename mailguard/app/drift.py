"""Whether the mail still looks to the model as it did in its first weeks here: counts of what it said, week by week.

No message can be told from the counts. The baseline is the model's own first full weeks in this school, because the texts it
was trained on are no school's mail; until there are enough messages the answer is "not known yet". Two distributions are
compared by the population stability index (PSI): the sum over bins of (p - q) ln(p / q). By convention below 0.1 is no change,
from 0.25 on a change that wants looking at.
"""

from __future__ import annotations

import math
import threading
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

from mailguard.app.inspect import Inspection
from mailguard.app.ports import TemporaryFailure
from mailguard.app.ports_learning import ScoreCount
from mailguard.app.ports_store import Store, Transaction
from mailguard.app.sampling import iso_week
from mailguard.domain.words import Initiator

CHILD, KIND, NATURE, CERTAIN, PLATFORM = "child", "kind", "nature", "certain", "platform"
SERIES_WORDS: Mapping[str, str] = {
    CHILD: "how much messages read like a child's",
    KIND: "kinds of messages",
    NATURE: "natures of messages",
    CERTAIN: "how sure the model is",
    PLATFORM: "notifications of services nobody listed",
}
BASELINE_WEEKS = 4
RECENT_WEEKS = 2
LEAST_MESSAGES = 300
WATCH, DRIFTED = 0.1, 0.25
# The share of notifications that come from services no recogniser lists: in points, not PSI, as people think of it.
UNKNOWN_RISE = 0.10
_LEAST_NOTIFICATIONS = 50
_KEEP_WEEKS = 104
_SMOOTHING = 0.5


def counted(inspection: Inspection) -> dict[tuple[str, str], int]:
    """What one message adds: (series, bin) → 1. Nothing where the model said nothing."""
    scores = inspection.scores
    platform = inspection.assessment.platform
    found: dict[tuple[str, str], int] = {}
    if platform is not None:
        found[(PLATFORM, "listed" if platform.is_listed else "unlisted")] = 1
    if not scores.model_id or not scores.kind:
        return found
    found[(KIND, max(scores.kind, key=scores.kind.__getitem__))] = 1
    if scores.initiator:
        child = scores.initiator.get(Initiator.CHILD.value, 0.0)
        found[(CHILD, f"{min(int(child * 10), 9) / 10:.1f}")] = 1
        found[(NATURE, scores.natures_over_threshold[0] if scores.natures_over_threshold else "none")] = 1
        found[(CERTAIN, "uncertain" if scores.is_uncertain else "certain")] = 1
    return found


@dataclass(slots=True)
class ScoreTally:
    """Counts in memory, flushed to the store. Thread-safe. ``today``: the school's day."""

    store: Store
    today: Callable[[], date]
    _counts: Counter[tuple[str, str, str, str]] = field(default_factory=Counter)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def consider(self, inspection: Inspection) -> None:
        week = iso_week(self.today())
        model = inspection.versions.model
        with self._lock:
            for (series, place), count in counted(inspection).items():
                self._counts[(week, model, series, place)] += count

    def flush(self) -> None:
        """Raises TemporaryFailure; then they are kept for the next time."""
        with self._lock:
            taken, self._counts = self._counts, Counter()
        if not taken:
            return
        try:
            with self.store.transaction() as transaction:
                for week, model in dict.fromkeys((key[0], key[1]) for key in taken):
                    counts = {key[2:]: count for key, count in taken.items() if key[:2] == (week, model)}
                    transaction.scores.add(week=week, model=model, counts=counts)
        except TemporaryFailure:
            with self._lock:
                self._counts.update(taken)
            raise


@dataclass(frozen=True, slots=True)
class SeriesDrift:
    """``index``: PSI of the last full weeks against the first; ``before`` and ``now``: shares by bin."""

    series: str
    index: float
    before: Mapping[str, float]
    now: Mapping[str, float]

    @property
    def says(self) -> str:
        bins = {**self.before, **self.now}
        moved = max(bins, key=lambda each: abs(self.now.get(each, 0) - self.before.get(each, 0)))
        return (
            f"{SERIES_WORDS[self.series]}: {moved} was {self.before.get(moved, 0) * 100:.0f} %, "
            f"is {self.now.get(moved, 0) * 100:.0f} % (index {self.index:.2f})"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """``missing``: why nothing can be said yet, "" when it can. ``unknown_platforms``: (share then, share now)."""

    model: str
    missing: str
    series: tuple[SeriesDrift, ...] = ()
    unknown_platforms: tuple[float, float] | None = None

    @property
    def drifted(self) -> tuple[SeriesDrift, ...]:
        """Worst first."""
        over = [each for each in self.series if each.series != PLATFORM and each.index >= DRIFTED]
        return tuple(sorted(over, key=lambda each: -each.index))

    @property
    def has_more_unknown_platforms(self) -> bool:
        if self.unknown_platforms is None:
            return False
        before, now = self.unknown_platforms
        return now - before >= UNKNOWN_RISE


def drift(transaction: Transaction, *, model: str, today: date) -> Drift:
    """Of the model in force, from its counts. ``today``: the school's day."""
    if not model:
        return Drift(model=model, missing="no model is in use")
    counts = transaction.scores.of_model(model)
    return measured_drift(counts, model=model, today=today)


def measured_drift(counts: Sequence[ScoreCount], *, model: str, today: date) -> Drift:
    """The first weeks against the last full ones. Weeks with no message (holidays) do not count as weeks."""
    this_week = iso_week(today)
    weeks = sorted({each.week for each in counts if each.week < this_week})
    first, recent = weeks[:BASELINE_WEEKS], weeks[BASELINE_WEEKS:][-RECENT_WEEKS:]
    if not recent:
        have = len(weeks)
        return Drift(
            model=model,
            missing=f"{have} full weeks of {BASELINE_WEEKS + 1} that are needed to compare",
        )
    before, now = _by_series(counts, first), _by_series(counts, recent)
    if min(before[KIND].total(), now[KIND].total()) < LEAST_MESSAGES:
        return Drift(model=model, missing=f"fewer than {LEAST_MESSAGES} messages in the weeks compared")
    series = tuple(
        SeriesDrift(name, stability_index(before[name], now[name]), _shares(before[name]), _shares(now[name]))
        for name in SERIES_WORDS
        if before[name] and now[name]
    )
    return Drift(
        model=model, missing="", series=series, unknown_platforms=_unknown(before[PLATFORM], now[PLATFORM])
    )


def stability_index(before: Mapping[str, int], now: Mapping[str, int]) -> float:
    """PSI. An empty bin counts half a message, so that one message in a new bin is no earthquake."""
    bins = set(before) | set(now)
    total_before = sum(before.values()) + _SMOOTHING * len(bins)
    total_now = sum(now.values()) + _SMOOTHING * len(bins)
    index = 0.0
    for each in bins:
        p = (before.get(each, 0) + _SMOOTHING) / total_before
        q = (now.get(each, 0) + _SMOOTHING) / total_now
        index += (q - p) * math.log(q / p)
    return index


def forget_old_scores(transaction: Transaction, *, today: date) -> int:
    """Counts of more than two years ago."""
    return transaction.scores.forget_old(before_week=iso_week(today - timedelta(weeks=_KEEP_WEEKS)))


def _by_series(counts: Sequence[ScoreCount], weeks: Sequence[str]) -> dict[str, Counter[str]]:
    found: dict[str, Counter[str]] = {name: Counter() for name in SERIES_WORDS}
    for each in counts:
        if each.week in weeks and each.series in found:
            found[each.series][each.bin] += each.count
    return found


def _shares(counts: Mapping[str, int]) -> dict[str, float]:
    total = sum(counts.values())
    return {each: count / total for each, count in counts.items()} if total else {}


def _unknown(before: Counter[str], now: Counter[str]) -> tuple[float, float] | None:
    if min(before.total(), now.total()) < _LEAST_NOTIFICATIONS:
        return None
    return before["unlisted"] / before.total(), now["unlisted"] / now.total()
