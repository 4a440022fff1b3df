"""Counts and shares over judged texts: confusions, precision and recall by class, calibration, curves. Arithmetic only."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

BINS = 10
_Item = TypeVar("_Item")


@dataclass(frozen=True, slots=True)
class Answer:
    """One question put to one text. ``said`` "" where nothing was said; ``sure``: the probability of what was said."""

    place: str
    truth: str
    said: str
    sure: float

    @property
    def is_right(self) -> bool:
        return self.truth == self.said


@dataclass(frozen=True, slots=True)
class ClassFigures:
    """``texts`` of the class, how often it was ``said``, and how often ``right``ly."""

    texts: int
    said: int
    right: int

    @property
    def precision(self) -> float:
        return share(self.right, self.said)

    @property
    def recall(self) -> float:
        return share(self.right, self.texts)

    @property
    def f1(self) -> float:
        return share(2 * self.right, self.texts + self.said)

    def as_dict(self) -> dict[str, Any]:
        return {
            "texts": self.texts,
            "said": self.said,
            "right": self.right,
            "precision": self.precision,
            "recall": self.recall,
            "f1": self.f1,
        }


def share(part: float, whole: float) -> float:
    """Rounded to four places; 0 of 0 is 0."""
    return round(part / whole, 4) if whole else 0.0


def right_share(answers: Sequence[Answer]) -> float:
    return share(sum(answer.is_right for answer in answers), len(answers))


def confusion(answers: Iterable[Answer]) -> dict[str, dict[str, int]]:
    """truth → said → how many."""
    found: dict[str, Counter[str]] = defaultdict(Counter)
    for answer in answers:
        found[answer.truth][answer.said or "nothing"] += 1
    return {truth: dict(said.most_common()) for truth, said in sorted(found.items())}


def by_class(answers: Sequence[Answer]) -> dict[str, ClassFigures]:
    """Figures of each class that is a truth, most texts first."""
    truths = Counter(answer.truth for answer in answers)
    said = Counter(answer.said for answer in answers)
    right = Counter(answer.truth for answer in answers if answer.is_right)
    return {word: ClassFigures(count, said[word], right[word]) for word, count in truths.most_common()}


def by_label(pairs: Sequence[tuple[frozenset[str], frozenset[str]]]) -> dict[str, ClassFigures]:
    """The same where several may hold: (truths, said) a text. Words that are never true are left out."""
    truths = Counter(word for true, _ in pairs for word in true)
    said = Counter(word for _, given in pairs for word in given)
    right = Counter(word for true, given in pairs for word in true & given)
    return {word: ClassFigures(count, said[word], right[word]) for word, count in truths.most_common()}


def macro_f1(figures: Mapping[str, ClassFigures]) -> float:
    return share(sum(figure.f1 for figure in figures.values()), len(figures))


@dataclass(frozen=True, slots=True)
class Bin:
    """Of ``count`` answers: how sure on average, and which share was right."""

    count: int
    sure: float
    right: float


def calibration(pairs: Iterable[tuple[float, bool]]) -> tuple[tuple[Bin, ...], float]:
    """Ten equal bins of (probability, came true), and the expected calibration error: the mean gap weighed by count."""
    sums = [[0, 0.0, 0] for _ in range(BINS)]
    for sure, came_true in pairs:
        place = min(int(sure * BINS), BINS - 1)
        sums[place][0] += 1
        sums[place][1] += sure
        sums[place][2] += int(came_true)
    bins = tuple(
        Bin(int(count), round(total / count, 4), round(right / count, 4))
        for count, total, right in sums
        if count
    )
    count = sum(entry.count for entry in bins)
    gap = sum(entry.count * abs(entry.sure - entry.right) for entry in bins)
    return bins, share(gap, count)


def grouped(items: Iterable[_Item], of: Callable[[_Item], str]) -> dict[str, list[_Item]]:
    """Items by what `of` says of each, the largest group first."""
    groups: dict[str, list[_Item]] = defaultdict(list)
    for item in items:
        groups[of(item)].append(item)
    return dict(sorted(groups.items(), key=lambda entry: (-len(entry[1]), entry[0])))


def ranked(counts: Mapping[Hashable, int]) -> list[tuple[Any, int]]:
    return sorted(counts.items(), key=lambda entry: (-entry[1], str(entry[0])))


@dataclass(frozen=True, slots=True)
class CurvePoint:
    """At a ``threshold``: the share found of those that are, and the share of false among the others, with their counts."""

    threshold: float
    found: int
    of: int
    false: int
    among: int

    @property
    def recall(self) -> float:
        return share(self.found, self.of)

    @property
    def precision(self) -> float:
        return share(self.found, self.found + self.false)

    def as_dict(self) -> dict[str, Any]:
        return {
            "threshold": self.threshold,
            "found": self.found,
            "of": self.of,
            "false": self.false,
            "among": self.among,
            "precision": self.precision,
            "recall": self.recall,
        }


def curve(pairs: Sequence[tuple[float, bool]], *, steps: Sequence[float]) -> tuple[CurvePoint, ...]:
    """What each threshold of `steps` would do to (probability, is one)."""
    of = sum(is_one for _, is_one in pairs)
    return tuple(
        CurvePoint(
            threshold=step,
            found=sum(is_one and value >= step for value, is_one in pairs),
            of=of,
            false=sum(not is_one and value >= step for value, is_one in pairs),
            among=len(pairs) - of,
        )
        for step in steps
    )
