"""What would have to be otherwise for the decision to flip: the nearest other situation with another outcome.

One dimension is changed at a time, then two; only changes that evidence could bring about are tried.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations
from typing import Any

from mailguard.domain.decide import Outcome, decide_situation
from mailguard.domain.policy import Policy
from mailguard.domain.situation import Actor, Counterpart, PlatformStanding, Sender, Situation
from mailguard.domain.words import Direction, Nature

_CHANGES: tuple[tuple[str, Any, str], ...] = (
    ("sender", Sender.OTHER, "the sender were on no list"),
    ("sender", Sender.CHILD, "the sender were on the pupil list"),
    ("nature", Nature.ADMIN, "the text were school business"),
    ("nature", Nature.PERSONAL, "the text were personal"),
    ("nature", Nature.DISCLOSURE, "the text told of harm to a child"),
    ("actor", Actor.OTHER, "the actor were on no list"),
    ("actor", Actor.CHILD, "the actor were a registered handle of a pupil"),
    ("platform", PlatformStanding.OFFICIAL, "the mailbox had an official account there"),
    ("counterpart", Counterpart.OTHER, "the outside recipient were on no list"),
    ("counterpart", Counterpart.CHILD_ELSEWHERE, "the outside recipient were a pupil's private address"),
)


def flips_if(outcome: Outcome, policy: Policy) -> str:
    """In words, "" when nothing that is tried would flip disposition or report."""
    applicable = [change for change in _CHANGES if _applies(outcome.situation, change[0], change[1])]
    for count in (1, 2):
        for changes in combinations(applicable, count):
            if len({name for name, _, _ in changes}) < count:
                continue
            other = replace(outcome.situation, **{name: value for name, value, _ in changes})
            decided = decide_situation(outcome.address, other, policy)
            if (decided.disposition, decided.report) != (outcome.disposition, outcome.report):
                return " and ".join(words for _, _, words in changes) + f" (then row {decided.row.code})"
    return ""


def _applies(situation: Situation, name: str, value: object) -> bool:
    """Whether this change makes sense here: direct mail has no actor, only outbound mail a counterpart."""
    if getattr(situation, name) == value:
        return False
    is_platform = situation.platform is not PlatformStanding.NONE
    match name:
        case "actor" | "platform":
            return is_platform
        case "counterpart":
            return situation.direction is Direction.OUTBOUND
        case "sender":
            return not is_platform and situation.direction is Direction.INBOUND
        case _:
            return not is_platform
