"""Feature numbers to one sparse matrix: blocks side by side, each weighed by rarity and brought to unit length.

The same arithmetic, folded into the weights, is what ``predict`` does: a margin is the sum over blocks of
(sum of weights of its features) / (length of the block).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from mailguard.classifier.features import KNOWN_BITS, Features
from mailguard.classifier.weights import BLOCK_WEIGHTS, OFFSETS, WIDTH, Floats


@dataclass(frozen=True, slots=True)
class Rarity:
    """Inverse document frequency a feature (structure: 1), with the block weights left out."""

    idf: Floats

    def __post_init__(self) -> None:
        if self.idf.shape != (WIDTH,):
            raise ValueError(f"idf has shape {self.idf.shape}, not ({WIDTH},)")


def blocks(features: Features) -> tuple[NDArray[np.int64], ...]:
    return features.chars, features.words, features.concepts, features.structure


def rarity(examples: Sequence[Features]) -> Rarity:
    """ln((1 + n) / (1 + df)) + 1; structure: 1."""
    counts = np.zeros(WIDTH, dtype=np.int64)
    for features in examples:
        for block, offset in zip(blocks(features), OFFSETS, strict=True):
            counts[block + offset] += 1
    idf = (np.log((1 + len(examples)) / (1 + counts)) + 1).astype(np.float32)
    idf[OFFSETS[-1] :] = 1.0
    return Rarity(idf=idf)


def matrix(examples: Sequence[Features], rare: Rarity) -> sparse.csr_matrix:
    """One row an example, float32."""
    rows: list[NDArray[np.int64]] = []
    values: list[Floats] = []
    ends = [0]
    for features in examples:
        count = 0
        for block, offset, weight in zip(blocks(features), OFFSETS, BLOCK_WEIGHTS, strict=True):
            numbers = block + offset
            idf = rare.idf[numbers]
            length = float(np.sqrt(np.square(idf).sum())) or 1.0
            rows.append(numbers)
            values.append(idf * np.float32(weight / length))
            count += len(numbers)
        ends.append(ends[-1] + count)
    return sparse.csr_matrix(
        (np.concatenate(values), np.concatenate(rows).astype(np.int32), np.array(ends, dtype=np.int64)),
        shape=(len(examples), WIDTH),
    )


def known_words(examples: Sequence[Features], *, at_least: int) -> NDArray[np.uint8]:
    """A bitmap of the words that stand in at least that many examples."""
    counts = np.zeros(1 << KNOWN_BITS, dtype=np.int64)
    for features in examples:
        counts[np.unique(features.known)] += 1
    return np.packbits(counts >= at_least)
