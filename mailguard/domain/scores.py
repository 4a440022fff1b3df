"""What the model says: calibrated probabilities and the words that moved them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

_EMPTY: Mapping[str, float] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Scores:
    """Probabilities 0..1 by word. ``kind``, ``event`` and ``initiator`` each sum to 1; ``nature`` is independent per word.

    ``natures_over_threshold`` applies the manifest's thresholds by the voice the text has; ``natures_of_child`` and
    ``natures_of_adult`` apply those for a writer who is known to be one (None: the same).
    ``reasons``: plain words for people, per head ("nature.personal": ("u awake", ...)).
    An absent model is ``Scores()`` with ``model_id`` "".
    """

    model_id: str = ""
    kind: Mapping[str, float] = field(default_factory=lambda: _EMPTY)
    event: Mapping[str, float] = field(default_factory=lambda: _EMPTY)
    nature: Mapping[str, float] = field(default_factory=lambda: _EMPTY)
    initiator: Mapping[str, float] = field(default_factory=lambda: _EMPTY)
    natures_over_threshold: tuple[str, ...] = ()
    natures_of_child: tuple[str, ...] | None = None
    natures_of_adult: tuple[str, ...] | None = None
    is_child_voice: bool = (
        False  # initiator child over the manifest's threshold for letters from a parent's address
    )
    is_likely_child: bool = False  # over the lower one for letters from an address that nobody knows
    is_uncertain: bool = False  # unknown language or low confidence: for review, never "benign"
    is_foreign: bool = False  # most of its words stand in no training text: nothing harmless is said of it
    reasons: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: MappingProxyType({}))

    def natures_of(self, *, is_child: bool) -> tuple[str, ...]:
        """The natures over threshold for a writer who is a child, or an adult."""
        known = self.natures_of_child if is_child else self.natures_of_adult
        return self.natures_over_threshold if known is None else known
