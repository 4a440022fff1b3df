"""The words by which the encoder came to what it says, for a person to read.

Its head sums over the pieces of a text, so what each piece adds to an answer is exact; what a piece means among the others is in
its state. Pieces are put together to words, and words that stand together to short phrases.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mailguard.classifier.encoder import Encoder, Floats

_PHRASE_WORDS = 3
_MOST_A_LETTER = 20  # the longest decomposition in Unicode is 18
_TELLING = 4  # letters of a word that tells a person something by itself
_ENDS_A_SENTENCE = (".", "!", "?", ";")
_EDGES = ".,;:!?\"'()[]{}-–—/\\*_~<>|"


def words_read(encoder: Encoder, subject: str, body: str) -> tuple[list[str], list[int], frozenset[int]]:
    """The words as they stand; for each place of ``Encoder.numbers`` the word it is of, -1 for the marks between; the words after
    which a phrase does not go on (the subject's last, and those that end a sentence).
    """
    words: list[str] = []
    first = _pieces(encoder, subject, words)
    last_of_subject = len(words) - 1
    own = _pieces(encoder, body, words)
    subject_places, body_places = encoder.cut(first, own)
    ends = {place for place, word in enumerate(words) if word.endswith(_ENDS_A_SENTENCE)}
    return words, [-1, *subject_places, -1, *body_places, -1], frozenset(ends | {last_of_subject})


def _pieces(encoder: Encoder, text: str, words: list[str]) -> list[int]:
    places: list[int] = []
    for word in text.split():
        # A letter may be several pieces: a Korean syllable is cut into its two or three.
        places.extend([len(words)] * len(encoder.pieces.numbers(word, most=_MOST_A_LETTER * len(word))))
        words.append(word)
    return places


def phrases(
    words: Sequence[str], places: Sequence[int], shares: Floats, *, ends: frozenset[int], most: int
) -> tuple[str, ...]:
    """Up to `most` phrases that raised an answer, strongest first. ``shares``: what each piece added; ``ends``: see ``words_read``."""
    of_words = np.zeros(len(words))
    for place, share in zip(places, shares.tolist(), strict=True):
        if place >= 0:
            of_words[place] += share
    # Against the text's own average: every word adds something to every answer.
    of_words -= of_words.mean() if len(words) else 0.0
    sums = np.concatenate([[0.0], np.cumsum(of_words)])
    spans = [
        ((sums[first + length] - sums[first]) / length**0.2, first, length)
        for length in range(1, _PHRASE_WORDS + 1)
        for first in range(len(words) - length + 1)
        if ends.isdisjoint(range(first, first + length - 1))
    ]
    used: set[int] = set()
    chosen: dict[str, None] = {}
    for score, first, length in sorted(spans, key=lambda span: (-span[0], span[1])):
        span = range(first, first + length)
        if score <= 0 or len(chosen) == most:
            break
        phrase = " ".join(words[place] for place in span).strip(_EDGES)
        if max(map(len, phrase.split()), default=0) >= _TELLING and not used.intersection(span):
            used.update(span)
            chosen[phrase] = None
    return tuple(chosen)
