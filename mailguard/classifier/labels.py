"""What each example teaches each column of the heads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mailguard.classifier.examples import Example
from mailguard.classifier.heads import COLUMNS, EVENT, GRAVE, HEADS, INITIATOR, KIND, NATURE, columns
from mailguard.domain.words import Nature


@dataclass(frozen=True, slots=True)
class Labels:
    """Per column: 1 holds, 0 does not, -1 is not to be learned from."""

    table: NDArray[np.int8]


def labels_of(examples: Sequence[Example]) -> Labels:
    """What each example teaches each column."""
    table = np.full((len(examples), COLUMNS), -1, dtype=np.int8)
    for row, example in enumerate(examples):
        _one_of(table[row], KIND, example.kind.value)
        if example.event is not None:
            _one_of(table[row], EVENT, example.event.value)
        if example.initiator is not None:
            _one_of(table[row], INITIATOR, example.initiator.value)
        if example.natures is None:
            continue
        start = columns(NATURE).start
        for place, word in enumerate(HEADS[NATURE]):
            # Office mail holds private chat too, and nobody has labelled it.
            if example.only_grave and (word not in GRAVE or word == Nature.PERSONAL.value):
                continue
            table[row, start + place] = int(Nature(word) in example.natures)
    return Labels(table=table)


def _one_of(row: NDArray[np.int8], head: str, word: str) -> None:
    row[columns(head)] = 0
    row[columns(head).start + HEADS[head].index(word)] = 1
