"""The words by which the linear reader came to what it says, for a person to read: phrases within a sentence, strongest first."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from mailguard.classifier.features import GRAM_SIZES, Grams
from mailguard.classifier.weights import OFFSETS, Weights

MOST_REASONS = 5
_PHRASE_WORDS = 3
# The last is the mark between subject and body.
_STOPS = np.array([ord(sign) for sign in ".!?;\ue000"], dtype=np.uint32)


def reasons(weights: Weights, grams: Grams, heads: Mapping[str, int]) -> dict[str, tuple[str, ...]]:
    """The phrases (up to three words) that raised each head most, strongest first. ``heads``: name → weight column."""
    count = len(grams.starts)
    if not count:
        return {}
    spans = _spans_within_sentences(grams)
    found: dict[str, tuple[str, ...]] = {}
    for name, column in heads.items():
        words, pairs = _contributions(weights, grams, column)
        sums = np.concatenate([[0.0], np.cumsum(words)])
        pair_sums = np.concatenate([[0.0], np.cumsum(pairs), [0.0]])
        ranked: list[tuple[float, int, int]] = []
        for length, firsts in spans.items():
            score = sums[firsts + length] - sums[firsts] + pair_sums[firsts + length - 1] - pair_sums[firsts]
            # A longer phrase must earn its length.
            score = score / length**0.5
            best = np.argsort(-score, kind="stable")[: 2 * MOST_REASONS]
            ranked.extend(
                (float(score[place]), int(firsts[place]), length) for place in best if score[place] > 0
            )
        found[name] = _phrases(grams, sorted(ranked, key=lambda entry: (-entry[0], entry[1])))
    return found


def _spans_within_sentences(grams: Grams) -> dict[int, NDArray[np.int64]]:
    """By length in words, the places where a phrase may begin: none goes on over a full stop, or from the subject into the text."""
    count = len(grams.starts)
    is_stop = np.isin(grams.codes, _STOPS)
    stops = np.concatenate([[0], np.cumsum(is_stop)])
    ends_after = stops[grams.starts[1:]] > stops[grams.ends[:-1]]
    so_far = np.concatenate([[0], np.cumsum(ends_after)])
    found = {1: np.arange(count, dtype=np.int64)}
    for length in range(2, _PHRASE_WORDS + 1):
        firsts = np.arange(max(count - length + 1, 0), dtype=np.int64)
        found[length] = firsts[so_far[firsts + length - 1] == so_far[firsts]]
    return found


def _contributions(
    weights: Weights, grams: Grams, column: int
) -> tuple[NDArray[np.floating], NDArray[np.floating]]:
    """What each word (with the character grams that begin in it) and each pair adds to a column."""
    of_chars, of_words = weights.scales[0, column], weights.scales[1, column]
    letters = np.zeros(len(grams.codes) + 1, dtype=np.float64)
    for size, numbers in zip(GRAM_SIZES, grams.chars, strict=True):
        middle = size // 2
        letters[middle : middle + len(numbers)] += weights.table[numbers, column] * of_chars
    sums = np.concatenate([[0.0], np.cumsum(letters)])
    char_length = float(np.sqrt(sum(weights.squares[numbers].sum() for numbers in grams.chars))) or 1.0
    rows, pair_rows = grams.words + OFFSETS[1], grams.pairs + OFFSETS[1]
    word_length = float(np.sqrt(weights.squares[rows].sum() + weights.squares[pair_rows].sum())) or 1.0
    words = (sums[grams.ends] - sums[grams.starts]) / char_length + weights.table[rows, column] * (
        of_words / word_length
    )
    return words, weights.table[pair_rows, column] * (of_words / word_length)


def _phrases(grams: Grams, ranked: list[tuple[float, int, int]]) -> tuple[str, ...]:
    used: set[int] = set()
    chosen: dict[str, None] = {}
    for _, first, length in ranked:
        places = range(first, first + length)
        if used.intersection(places):
            continue
        span = grams.codes[grams.starts[first] : grams.ends[first + length - 1]]
        phrase = " ".join(span.astype("<u4").tobytes().decode("utf-32-le", "replace").split())
        used.update(places)
        if phrase and "\ue000" not in phrase:
            chosen[phrase] = None
        if len(chosen) == MOST_REASONS:
            break
    return tuple(chosen)
