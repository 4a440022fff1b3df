"""Delivered letters that the model did not understand: which of them people are asked to read, and how sure the model was.

Pure. The table decides by nature, and of an unknown language or a bad guess no nature is known: such a letter is delivered, and
nothing would be heard of it. So it is offered to the DCPO to read (ADR 13).
"""

from __future__ import annotations

import math
from collections.abc import Mapping

from mailguard.domain.parties import Parties
from mailguard.domain.roll import School, SchoolLists
from mailguard.domain.scores import Scores
from mailguard.domain.situation import Sender
from mailguard.domain.words import Direction, Kind, Nature

# Of natures that would have had the letter held or reported, when no threshold is known (a model without them).
_GRAVE = frozenset(
    {
        Nature.DISCLOSURE,
        Nature.ALLEGATION,
        Nature.THREAT,
        Nature.MEETING_OR_SECRECY,
        Nature.SOCIAL_INVITE,
        Nature.PERSONAL,
    }
)
_USUAL_THRESHOLD = 0.5
# Distances to a threshold are in logits: 0.35 with a threshold of 0.5 is 0.6 away, 0.05 is 2.9 away.
_NEAR_LOGITS = 1.5
# What a letter is about counts this much, who writes it and of what kind it is the rest.
_NATURE_SHARE = 0.75
_NEAR_A_THRESHOLD = 0.5
_LEAST, _MOST = 1e-6, 1 - 1e-6


def is_letter_from_outside(
    parties: Parties, sender: Sender, direction: Direction, lists: SchoolLists
) -> bool:
    """Whether a child could have written it, and the lists do not know: a parent's address, or a personal-mail address."""
    if direction is not Direction.INBOUND:
        return False
    is_personal = any(party.address and lists.is_personal_mail(party.address) for party in parties.senders)
    return sender is Sender.PARENT or (sender is Sender.OTHER and is_personal)


def is_to_or_from_chain(parties: Parties, school: School) -> bool:
    """Whoever of the chain a letter is addressed to reads it anyway; nobody else of the chain reads their mail."""
    return any(school.role_of(party.address) is not None for party in parties.everyone() if party.address)


def is_unknown_to_model(scores: Scores) -> bool:
    """An unknown language, or a text that the model could not read at all. False without a model: then nothing is known."""
    return bool(scores.model_id) and (scores.is_foreign or not scores.kind)


def is_doubtful(scores: Scores, thresholds: Mapping[str, float]) -> bool:
    """Low confidence: the model is not sure of some of it, or a grave nature lies close below where it would have been told."""
    return bool(scores.model_id) and (
        scores.is_uncertain or nature_certainty(scores, thresholds) < _NEAR_A_THRESHOLD
    )


def certainty(scores: Scores, thresholds: Mapping[str, float]) -> float:
    """0..1: how sure the model is of what matters. For a person's message that is first whether it is of a grave nature, then
    who writes; of a notification the event. ``thresholds``: an adult's, of grave natures, by word; may be empty.
    """
    if not scores.kind:
        return 0.0
    best = [max(said.values(), default=0.0) for said in (scores.kind, scores.initiator)]
    kind = max(scores.kind, key=scores.kind.__getitem__)
    if kind == Kind.NOTIFICATION.value:
        best = [best[0], max(scores.event.values(), default=0.0)]
    form = min(best) * (0.5 if scores.is_uncertain else 1.0)
    about = nature_certainty(scores, thresholds) if kind == Kind.DIRECT.value else 1.0
    return _NATURE_SHARE * about + (1 - _NATURE_SHARE) * form


def nature_certainty(scores: Scores, thresholds: Mapping[str, float]) -> float:
    """0..1: near 0 when a grave nature lies at its threshold, near 1 when each is far below or told."""
    # A child's letter is held and reported whatever its nature: those that are not are judged as an adult's.
    told = set(scores.natures_of(is_child=False))
    wanted = thresholds or dict.fromkeys(sorted(each.value for each in _GRAVE), _USUAL_THRESHOLD)
    nearest = min(
        (
            abs(_logit(scores.nature[word]) - _logit(threshold))
            for word, threshold in wanted.items()
            if word in scores.nature and word not in told
        ),
        default=math.inf,
    )
    return 1.0 - math.exp(-nearest / _NEAR_LOGITS)


def _logit(value: float) -> float:
    bounded = min(max(value, _LEAST), _MOST)
    return math.log(bounded / (1 - bounded))
