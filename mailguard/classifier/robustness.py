"""How often a prediction flips when a text is disturbed and its meaning is not: measured over a part of the held-out messages.

Every change asks the model anew of every text, so every third text is asked: a few hundred tell what all would, in a third of the time.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from joblib import Parallel, delayed

from mailguard.app.ports import Classifier
from mailguard.classifier.corpus import Record
from mailguard.classifier.disturb import (
    TEXT_CHANGES,
    at_great_length,
    disturbed_text,
    with_quotation_of_nothing,
    with_quoted,
)
from mailguard.classifier.examples import Progress, no_progress
from mailguard.classifier.figures import share
from mailguard.classifier.heads import GRAVE
from mailguard.domain.message import MessageFacts
from mailguard.domain.scores import Scores
from mailguard.domain.words import Initiator, Nature

_GRAVEST = frozenset({Nature.DISCLOSURE, Nature.ALLEGATION, Nature.THREAT})
_WORKERS = 2
_FEW = 40  # texts that are not worth a second process
Change = Callable[[MessageFacts, Record], MessageFacts]


@dataclass(frozen=True, slots=True)
class Steadiness:
    """Over ``texts``: on how many what holds changed at all, where something right was ``lost``, something wrong ``gained``.

    ``findings``: texts on which something right was found before, of which ``lost`` are a part.
    """

    texts: int
    flipped: int
    findings: int
    lost: int
    gained: int

    def as_dict(self) -> dict[str, Any]:
        return {
            "texts": self.texts,
            "flipped": self.flipped,
            "flipped_share": share(self.flipped, self.texts),
            "findings": self.findings,
            "lost": self.lost,
            "lost_share": share(self.lost, self.findings),
            "gained": self.gained,
            "gained_share": share(self.gained, self.texts),
        }


def found(scores: Scores, record: Record) -> frozenset[str]:
    """What would change a decision: grave natures for this writer, and the child's voice."""
    natures = scores.natures_of(is_child=record.initiator is Initiator.CHILD)
    marks = {word for word in natures if word in GRAVE}
    return frozenset(marks | ({"child's voice"} if scores.is_child_voice else set()))


def right(record: Record) -> frozenset[str]:
    """What ought to be found."""
    marks = {nature.value for nature in record.natures if nature.value in GRAVE}
    return frozenset(marks | ({"child's voice"} if record.initiator is Initiator.CHILD else set()))


def steadiness(
    classifier: Classifier,
    texts: Sequence[tuple[Record, MessageFacts]],
    change: Change,
    *,
    plain: Change = lambda facts, record: facts,
) -> Steadiness:
    """Predictions of `change`d texts held against those of `plain` ones."""
    before = [found(classifier.predict(plain(facts, record)), record) for record, facts in texts]
    return _held_against(classifier, texts, before, change)


def _held_against(
    classifier: Classifier,
    texts: Sequence[tuple[Record, MessageFacts]],
    plain: Sequence[frozenset[str]],
    change: Change,
) -> Steadiness:
    flipped = findings = lost = gained = 0
    for (record, facts), before in zip(texts, plain, strict=True):
        after = found(classifier.predict(change(facts, record)), record)
        wanted = right(record)
        flipped += before != after
        findings += bool(before & wanted)
        lost += bool((before - after) & wanted)
        gained += bool((after - before) - wanted)
    return Steadiness(len(texts), flipped, findings, lost, gained)


def _disturbing(name: str) -> Change:
    return lambda facts, record: disturbed_text(facts, record, name)


_TEDIUM = "pages of tedium after it"
_QUOTED = "a grave message quoted below it"


def measure(
    classifier: Classifier,
    texts: Sequence[tuple[Record, MessageFacts]],
    *,
    every: int = 3,
    progress: Progress = no_progress,
) -> Mapping[str, Steadiness]:
    """Every disturbance by its name, over each `every`-th text. ``texts``: direct messages as read. On two cores."""
    some = texts[::every]
    plain = [found(classifier.predict(facts), record) for record, facts in some]
    names = [*TEXT_CHANGES, _TEDIUM]
    tasks = [delayed(_disturbed)(name, classifier, some, plain) for name in names]
    grave = [record.body for record, _ in texts if _GRAVEST.intersection(record.natures)]
    harmless = [
        (record, facts)
        for record, facts in some
        if not any(nature.value in GRAVE for nature in record.natures)
    ]
    if grave and harmless:
        names.append(_QUOTED)
        tasks.append(delayed(_with_grave_quoted)(classifier, harmless, grave))
    workers = Parallel(n_jobs=_WORKERS if len(some) > _FEW else 1, return_as="generator")
    measured: dict[str, Steadiness] = {}
    for name, steady in zip(names, workers(tasks), strict=True):
        measured[name] = steady
        progress("disturbing held-out texts", len(measured), len(names))
    return measured


def _disturbed(
    name: str,
    classifier: Classifier,
    texts: Sequence[tuple[Record, MessageFacts]],
    plain: Sequence[frozenset[str]],
) -> Steadiness:
    change = (lambda facts, record: at_great_length(facts)) if name == _TEDIUM else _disturbing(name)
    return _held_against(classifier, texts, plain, change)


def _with_grave_quoted(
    classifier: Classifier, texts: Sequence[tuple[Record, MessageFacts]], grave: Sequence[str]
) -> Steadiness:
    places = {id(record): place for place, (record, _) in enumerate(texts)}
    return steadiness(
        classifier,
        texts,
        lambda facts, record: with_quoted(facts, grave[places[id(record)] % len(grave)]),
        plain=lambda facts, record: with_quotation_of_nothing(facts),
    )
