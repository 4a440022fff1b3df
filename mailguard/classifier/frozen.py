"""What a model says of the frozen sets: texts by other hands, never trained on, put into mail always in the same way.

Asked is the model that would serve, message by message, so a figure here is what the school would see. The texts stay in
their files; an answer names one by file and line.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from mailguard.app.ports import Classifier
from mailguard.classifier.compose import compose
from mailguard.classifier.corpus import Record, load_corpus
from mailguard.classifier.examples import Progress, no_progress, office_messages
from mailguard.domain.scores import Scores
from mailguard.domain.words import Direction, Initiator, Kind, Nature
from mailguard.reading.message import read
from mailguard.shipped import shipped_path

SETS = ("test", "choosing")
SEED = 20261124
HOLDING_OF_CHILD = frozenset(
    {Nature.DISCLOSURE, Nature.ALLEGATION, Nature.THREAT, Nature.MEETING_OR_SECRECY, Nature.IMAGE}
)
HOLDING_OF_ADULT = HOLDING_OF_CHILD | {Nature.SOCIAL_INVITE, Nature.PERSONAL}
# What of office mail would be held: nobody in it is on a parents' list.
HOLDING_OF_ANYBODY = frozenset({Nature.DISCLOSURE, Nature.ALLEGATION, Nature.THREAT})
_BINS = 10
_POSSIBLE = 0.1


@dataclass(frozen=True, slots=True)
class Answer:
    """What was said of one text. ``checks``: figure → whether it was right, for the figures that this text counts in.

    ``sure``: head → (probability of the likeliest word, whether it was right); ``natures``: the same of every nature that was said
    to be possible at all, because several may hold.
    """

    source: str
    checks: Mapping[str, bool]
    sure: Mapping[str, tuple[float, bool]]
    natures: tuple[tuple[float, bool], ...] = ()


@dataclass(frozen=True, slots=True)
class Figure:
    """A share, as counts. ``value`` 0 of an empty one. ``ece``: no counts, only the value."""

    name: str
    right: int
    of: int
    value: float


@dataclass(frozen=True, slots=True)
class Measured:
    """One model on one set."""

    set_name: str
    sha256: str
    figures: Mapping[str, Figure]
    answers: tuple[Answer, ...]

    def value(self, name: str) -> float | None:
        """None where the set has no text for it."""
        figure = self.figures.get(name)
        return figure.value if figure is not None else None


def measure_set(
    classifier: Classifier,
    name: str,
    *,
    known_platforms: frozenset[str] = frozenset(),
    folder: Path | None = None,
    progress: Progress = no_progress,
) -> Measured:
    """``name``: test or choosing; ``folder`` in its place. Raises CorpusError, ShippedFileMissing."""
    texts = load_corpus(folder if folder is not None else shipped_path(f"held_out/{name}"))
    answers = []
    for number, record in enumerate(texts.records):
        scores = classifier.predict(compose(record, seed=SEED, variant=0))
        answers.append(_answer(record, scores, known_platforms))
        if number % 200 == 0:
            progress(f"measuring on {name}", number, len(texts.records))
    progress(f"measuring on {name}", len(texts.records), len(texts.records))
    return Measured(name, texts.sha256, _figures(answers), tuple(answers))


def measure_office(
    classifier: Classifier, archive: Path, *, sha256: str = "", progress: Progress = no_progress
) -> Measured:
    """How much of ordinary office mail the model alone would have held or called a child's."""
    answers = []
    for number, (name, raw) in enumerate(office_messages(archive)):
        scores = classifier.predict(read(raw))
        is_held = _reads_as_child(scores) or bool(_said(scores, is_child=False) & HOLDING_OF_ANYBODY)
        answers.append(Answer(f"office:{name}", {"office-mail-held": is_held}, {}))
        if number % 200 == 0:
            progress("measuring on office mail", number, 0)
    return Measured("office", sha256, _figures(answers), tuple(answers))


def _answer(record: Record, scores: Scores, known_platforms: frozenset[str]) -> Answer:
    source = f"{record.file}:{record.line}"
    checks: dict[str, bool] = {}
    sure = {"kind": _sure(scores.kind, record.kind.value)}
    checks["kind-right"] = sure["kind"][1]
    if record.kind is Kind.NOTIFICATION and record.event is not None:
        sure["event"] = _sure(scores.event, record.event.value)
        known = record.platform.lower() in known_platforms
        checks["events-of-known-platforms" if known else "events-of-unseen-platforms"] = sure["event"][1]
    if record.kind is Kind.DIRECT:
        sure["initiator"] = _sure(scores.initiator, record.initiator.value)
        checks |= _checks_of_direct(record, scores)
        return Answer(source, checks, sure, _natures_said(record, scores))
    return Answer(source, checks, sure)


def _natures_said(record: Record, scores: Scores) -> tuple[tuple[float, bool], ...]:
    # What is all but ruled out is left out: ten such words a text would hide how sure the model is of the other two.
    true = {nature.value for nature in record.natures}
    said = ((share, word in true) for word, share in scores.nature.items() if share >= _POSSIBLE)
    return tuple(said)


def _checks_of_direct(record: Record, scores: Scores) -> dict[str, bool]:
    """A representative's own letters are never asked whether a child wrote them."""
    true = frozenset(record.natures)
    match record.initiator:
        case Initiator.CHILD:
            checks = {"probable-child-found": _reads_as_child(scores)}
            if grave := true & HOLDING_OF_CHILD:
                checks["grave-words-of-children-found"] = bool(grave & _said(scores, is_child=True))
            return checks
        case Initiator.PARENT | Initiator.OTHER if record.direction is Direction.INBOUND:
            # A parent is known by the address: there the higher threshold holds, as in domain.sender.
            is_parent = record.initiator is Initiator.PARENT
            is_taken = scores.is_child_voice if is_parent else _reads_as_child(scores)
            checks = {"adults-taken-for-children": is_taken}
            said = _said(scores, is_child=False)
            if not true & HOLDING_OF_ADULT and is_parent:
                checks["parents-letters-held"] = bool(said & HOLDING_OF_ADULT)
            if grave := true & (HOLDING_OF_CHILD - {Nature.IMAGE}):
                checks["grave-words-of-adults-found"] = bool(grave & said)
            return checks
        case _:
            return {}


def _reads_as_child(scores: Scores) -> bool:
    """Of mail from an address that nobody knows."""
    return scores.is_likely_child or scores.is_child_voice


def _said(scores: Scores, *, is_child: bool) -> frozenset[Nature]:
    return frozenset(Nature(word) for word in scores.natures_of(is_child=is_child))


def _sure(said: Mapping[str, float], true: str) -> tuple[float, bool]:
    """A dark model is sure of nothing and right in nothing."""
    best = max(said, key=said.__getitem__, default="")
    return (said.get(best, 0.0), best == true)


def _figures(answers: Sequence[Answer]) -> dict[str, Figure]:
    names = dict.fromkeys(name for answer in answers for name in answer.checks)
    figures = {}
    for name in names:
        said = [answer.checks[name] for answer in answers if name in answer.checks]
        figures[name] = Figure(name, sum(said), len(said), round(sum(said) / len(said), 4))
    heads = dict.fromkeys(head for answer in answers for head in answer.sure)
    for head in heads:
        pairs = [answer.sure[head] for answer in answers if head in answer.sure]
        figures[f"calibration-{head}"] = _calibration(head, pairs)
    if natures := [pair for answer in answers for pair in answer.natures]:
        figures["calibration-nature"] = _calibration("nature", natures)
    return figures


def _calibration(head: str, pairs: Sequence[tuple[float, bool]]) -> Figure:
    return Figure(f"calibration-{head}", 0, len(pairs), round(expected_calibration_error(pairs), 4))


def expected_calibration_error(pairs: Iterable[tuple[float, bool]]) -> float:
    """Over ten equal bins of the probability that was said: how far it is from the share that was right."""
    bins: list[list[tuple[float, bool]]] = [[] for _ in range(_BINS)]
    count = 0
    for sure, is_right in pairs:
        bins[min(int(sure * _BINS), _BINS - 1)].append((sure, is_right))
        count += 1
    gaps = (abs(sum(sure for sure, _ in each) - sum(right for _, right in each)) for each in bins)
    return sum(gaps) / max(count, 1)


def platforms_of(corpus: Path) -> frozenset[str]:
    """The platforms that a corpus teaches. Raises CorpusError."""
    return frozenset(record.platform.lower() for record in load_corpus(corpus).records if record.platform)


Measure = Callable[[Classifier], tuple[Measured, ...]]


def frozen_measure(
    *,
    known_platforms: frozenset[str],
    office_mail: Path | None,
    folder: Path | None = None,
    progress: Progress = no_progress,
) -> Measure:
    """A function that measures a classifier on both sets, and on office mail where there is any.

    ``folder``: holds folders ``test`` and ``choosing`` in place of those that come with mailguard.
    """
    steps: list[Callable[[Classifier], Measured]] = [
        partial(
            measure_set,
            name=name,
            known_platforms=known_platforms,
            folder=folder / name if folder is not None else None,
            progress=progress,
        )
        for name in SETS
    ]
    if office_mail is not None:
        steps.append(partial(measure_office, archive=office_mail, progress=progress))
    return lambda classifier: tuple(step(classifier) for step in steps)
