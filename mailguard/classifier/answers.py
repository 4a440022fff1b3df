"""What a judged text was asked, and what was answered: one question a head, and the natures as decisions take them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from mailguard.classifier.corpus import Record
from mailguard.classifier.figures import Answer
from mailguard.classifier.heads import GRAVE, HARMLESS
from mailguard.classifier.held_out import Judged
from mailguard.domain.words import Direction, Initiator, Kind, Nature


def kind_answer(each: Judged) -> Answer:
    return _likeliest(each, each.record.kind.value, each.scores.kind)


def initiator_answer(each: Judged) -> Answer:
    return _likeliest(each, each.record.initiator.value, each.scores.initiator)


def event_answer(each: Judged) -> Answer:
    return _likeliest(each, each.record.event.value if each.record.event else "", each.scores.event)


def found_event(each: Judged) -> Answer:
    """What the whole way finds; as sure as the model is of that event."""
    truth = each.record.event.value if each.record.event else ""
    return Answer(each.place, truth, each.event, each.scores.event.get(each.event, 0.0))


def nature_answer(each: Judged) -> Answer:
    """The headline: the gravest of those that hold."""
    said = min(said_labels(each), key=lambda word: Nature(word).gravity)
    truth = min(each.record.natures, key=lambda nature: nature.gravity).value
    return Answer(each.place, truth, said, each.scores.nature.get(said, 0.0))


def _likeliest(each: Judged, truth: str, probabilities: Mapping[str, float]) -> Answer:
    said = max(probabilities, key=probabilities.__getitem__, default="")
    return Answer(each.place, truth, said, probabilities.get(said, 0.0))


def true_labels(record: Record) -> frozenset[str]:
    return _labels([nature.value for nature in record.natures])


def said_labels(each: Judged) -> frozenset[str]:
    """As decisions take them: where nothing holds, the likeliest harmless nature."""
    likeliest = max(HARMLESS, key=lambda word: each.scores.nature.get(word, 0.0))
    return _labels(each.natures or (likeliest,))


def whole_way_labels(each: Judged) -> frozenset[str]:
    return _labels([nature.value for nature in each.inspection.assessment.natures] or [Nature.OTHER.value])


def _labels(words: Sequence[str]) -> frozenset[str]:
    grave = frozenset(word for word in words if word in GRAVE)
    return grave or frozenset({min(words, key=lambda word: Nature(word).gravity)})


def child_answer(each: Judged) -> Answer | None:
    """Whether the whole way takes an inbound direct message for a child's; None for mail that is not asked."""
    if each.record.kind is not Kind.DIRECT or each.record.direction is not Direction.INBOUND:
        return None
    voice = each.scores.initiator.get(Initiator.CHILD.value, 0.0)
    return Answer(
        place=each.place,
        truth="child" if each.record.initiator is Initiator.CHILD else "adult",
        said="child" if each.is_taken_for_a_child else "adult",
        sure=voice if each.is_taken_for_a_child else 1 - voice,
    )
