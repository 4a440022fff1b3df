"""A long text cut into stretches, so that one grave sentence among pages of others is seen.

Over pages a sentence's weight shrinks to nothing, and whoever hides something writes much around it. So what a stretch alone says
of a grave nature counts too, less a margin a nature (``Thresholds.stretch_margins``) that keeps long ordinary mail as quiet as it was.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from mailguard.classifier.heads import HEADS, NATURE, columns
from mailguard.domain.message import MessageFacts
from mailguard.domain.words import Nature

LONG_WORDS = 60
STRETCH_WORDS, _STEP_WORDS = 40, 25
_MOST_STRETCHES = 24
_MOST_WORDS = 4000

# What a few words amid pages may tell; a letter is not private for one sentence in it.
HIDDEN = (
    Nature.DISCLOSURE.value,
    Nature.ALLEGATION.value,
    Nature.THREAT.value,
    Nature.MEETING_OR_SECRECY.value,
    Nature.SOCIAL_INVITE.value,
)
HIDDEN_COLUMNS = [columns(NATURE).start + HEADS[NATURE].index(word) for word in HIDDEN]


def stretches_of(facts: MessageFacts) -> list[MessageFacts]:
    """Overlapping stretches of a long text's own words, without subject; empty for a short one. At most two dozen, spread evenly."""
    words = facts.own_text.split(maxsplit=_MOST_WORDS)[:_MOST_WORDS]
    if len(words) <= LONG_WORDS:
        return []
    starts = [*range(0, len(words) - STRETCH_WORDS, _STEP_WORDS), len(words) - STRETCH_WORDS]
    if len(starts) > _MOST_STRETCHES:
        places = np.linspace(0, len(starts) - 1, _MOST_STRETCHES).round().astype(int)
        starts = [starts[place] for place in places.tolist()]
    return [
        replace(facts, subject="", own_text=" ".join(words[start : start + STRETCH_WORDS]))
        for start in starts
    ]


def raised(
    logits: NDArray[np.floating], of_stretches: NDArray[np.floating], *, margins: Mapping[str, float]
) -> NDArray[np.floating]:
    """``logits`` (columns,) with the natures of ``HIDDEN`` raised to what any stretch (stretches, columns) says less its margin."""
    found = logits.copy()
    most = of_stretches[:, HIDDEN_COLUMNS].max(axis=0)
    found[HIDDEN_COLUMNS] = np.maximum(found[HIDDEN_COLUMNS], most - [margins[word] for word in HIDDEN])
    return found
