"""Whether the mail still looks to the model as it did in its first weeks here: counts of what it said, week by week.

No message can be told from the counts. The baseline is the model's own first full weeks in this school, because the texts it
was trained on are no school's mail; until there are enough messages the answer is "not known yet". How many notifications come
from services nobody listed does not depend on the model, and is counted through all of them. Two distributions are
compared by the population stability index (PSI): the sum over bins of (p - q) ln(p / q). By convention below 0.1 is no change,
from 0.25 on a change that wants looking at.
"""

from __future__ import annotations

import math
import threading
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta

from mailguard.app.inspect import Inspection
from mailguard.app.ports import TemporaryFailure
from mailguard.app.ports_learning import ScoreCount
from mailguard.app.ports_store import Store, Transaction
from mailguard.app.sampling import iso_week
from mailguard.app.sightings import ModelFaults, add_model_faults
from mailguard.domain.scores import Scores
from mailguard.domain.words import Initiator

CHILD, KIND, NATURE, CERTAIN, PLATFORM = "child", "kind", "nature", "certain", "platform"
# What the model says; PLATFORM is the recognisers' word, whatever the model.
SERIES = (CHILD, KIND, NATURE, CERTAIN)
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


def judged_or_fault(scores: Scores) -> ModelFaults:
    """What one message adds; nothing where no model was asked."""
    if not scores.model_id:
        return ModelFaults()
    # A model that could say anything gives each nature its likelihood: ``LinearClassifier.predict``.
    return ModelFaults(judged=1, faults=int(scores.is_uncertain and not scores.nature))


@dataclass(slots=True)
class ScoreTally:
    """Counts in memory, flushed to the store: for drift, and of what could not be scored. Thread-safe. ``today``: the school's day."""

    store: Store
    today: Callable[[], date]
    _counts: Counter[tuple[str, str, str, str]] = field(default_factory=Counter)
    _judged: int = 0
    _faults: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def consider(self, inspection: Inspection) -> None:
        week = iso_week(self.today())
        model = inspection.versions.model
        added = judged_or_fault(inspection.scores)
        with self._lock:
            self._judged += added.judged
            self._faults += added.faults
            for (series, place), count in counted(inspection).items():
                self._counts[(week, model, series, place)] += count

    def flush(self) -> None:
        """Raises TemporaryFailure; then they are kept for the next time."""
        with self._lock:
            taken, self._counts = self._counts, Counter()
            seen = ModelFaults(self._judged, self._faults)
            self._judged = self._faults = 0
        if not taken and not seen.judged:
            return
        try:
            with self.store.transaction() as transaction:
                for week, model in dict.fromkeys((key[0], key[1]) for key in taken):
                    counts = {key[2:]: count for key, count in taken.items() if key[:2] == (week, model)}
                    transaction.scores.add(week=week, model=model, counts=counts)
                add_model_faults(transaction.ledger, seen)
        except TemporaryFailure:
            with self._lock:
                self._counts.update(taken)
                self._judged += seen.judged
                self._faults += seen.faults
            raise


@dataclass(frozen=True, slots=True)
class SeriesDrift:
    """``index``: PSI of the last full weeks against the first; ``before`` and ``now``: shares by bin."""

    series: str
    index: float
    before: Mapping[str, float]
    now: Mapping[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """``missing``: why nothing can be said of the model yet, "" when it can. ``unknown_platforms``: (share then, share now),
    whatever models there were; None while too few were seen."""

    model: str
    missing: str
    series: tuple[SeriesDrift, ...] = ()
    unknown_platforms: tuple[float, float] | None = None

    @property
    def drifted(self) -> tuple[SeriesDrift, ...]:
        """Worst first."""
        over = [each for each in self.series if each.index >= DRIFTED]
        return tuple(sorted(over, key=lambda each: -each.index))

    @property
    def has_more_unknown_platforms(self) -> bool:
        if self.unknown_platforms is None:
            return False
        before, now = self.unknown_platforms
        return now - before >= UNKNOWN_RISE


def drift(transaction: Transaction, *, model: str, today: date) -> Drift:
    """Of the model in force, from its counts; of services nobody listed, from all. ``today``: the school's day."""
    unknown = unknown_platforms(transaction.scores.of_series(PLATFORM), today=today)
    if not model:
        return Drift(model=model, missing="no model is in use", unknown_platforms=unknown)
    found = measured_drift(transaction.scores.of_model(model), model=model, today=today)
    return replace(found, unknown_platforms=unknown)


def measured_drift(counts: Sequence[ScoreCount], *, model: str, today: date) -> Drift:
    """The first weeks of a model against its last full ones. Weeks with no message (holidays) do not count as weeks.

    Another model says other things of the same mail, so each has a beginning of its own.
    """
    said = [each for each in counts if each.series in SERIES]
    weeks = full_weeks(said, today)
    first, recent = compared_weeks(weeks)
    if not recent:
        return Drift(
            model=model,
            missing=f"it has seen {len(weeks)} full weeks of mail here of the {BASELINE_WEEKS + 1} that are needed to compare",
        )
    before, now = _by_series(said, first), _by_series(said, recent)
    if min(before[KIND].total(), now[KIND].total()) < LEAST_MESSAGES:
        return Drift(
            model=model, missing=f"there were fewer than {LEAST_MESSAGES} messages in the weeks compared"
        )
    series = tuple(
        SeriesDrift(name, stability_index(before[name], now[name]), _shares(before[name]), _shares(now[name]))
        for name in SERIES
        if before[name] and now[name]
    )
    return Drift(model=model, missing="", series=series)


def unknown_platforms(counts: Sequence[ScoreCount], *, today: date) -> tuple[float, float] | None:
    """The share of notifications from services nobody listed: in the first full weeks here, and in the last.

    Recognisers tell it, not the model: it goes on through promotions and while there is none.
    """
    notices = [each for each in counts if each.series == PLATFORM]
    first, recent = compared_weeks(full_weeks(notices, today))
    before, now = (_unlisted(notices, weeks) for weeks in (first, recent))
    if min(before.total(), now.total()) < _LEAST_NOTIFICATIONS:
        return None
    return before["unlisted"] / before.total(), now["unlisted"] / now.total()


def full_weeks(counts: Sequence[ScoreCount], today: date) -> list[str]:
    """Those with messages, oldest first, without the running one."""
    this_week = iso_week(today)
    return sorted({each.week for each in counts if each.week < this_week})


def compared_weeks(weeks: Sequence[str]) -> tuple[Sequence[str], Sequence[str]]:
    """(the first ones, the last ones); of the last none while there are too few for both."""
    return weeks[:BASELINE_WEEKS], weeks[BASELINE_WEEKS:][-RECENT_WEEKS:]


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
    found: dict[str, Counter[str]] = {name: Counter() for name in SERIES}
    for each in counts:
        if each.week in weeks:
            found[each.series][each.bin] += each.count
    return found


def _shares(counts: Mapping[str, int]) -> dict[str, float]:
    total = sum(counts.values())
    return {each: count / total for each, count in counts.items()} if total else {}


def _unlisted(counts: Sequence[ScoreCount], weeks: Sequence[str]) -> Counter[str]:
    found: Counter[str] = Counter()
    for each in counts:
        if each.week in weeks:
            found[each.bin] += each.count
    return found
