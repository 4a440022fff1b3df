"""Words cut into pieces of a fixed vocabulary, as the encoder was taught to see them: greedy, longest piece first.

The vocabulary is uncased and without accents; "##" marks a piece that goes on a word. A word that no pieces make, or that is
absurdly long, is one unknown. Source: the WordPiece scheme of BERT's uncased vocabularies.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping

_LONGEST_WORD = 60
_MOST_CACHED = 50_000
_GOES_ON = "##"


class WordPieces:
    """``vocabulary``: piece → number. Thread-safe: the cache only ever gains equal entries."""

    def __init__(self, vocabulary: Mapping[str, int], *, unknown: int) -> None:
        self._vocabulary = vocabulary
        self._unknown = unknown
        self._cache: dict[str, tuple[int, ...]] = {}

    def numbers(self, text: str, *, most: int) -> list[int]:
        """Pieces of `text` in order, no more than `most`."""
        found: list[int] = []
        for word in _words(text):
            found.extend(self._pieces(word))
            if len(found) >= most:
                return found[:most]
        return found

    def _pieces(self, word: str) -> tuple[int, ...]:
        known = self._cache.get(word)
        if known is None:
            known = self._cut(word)
            if len(self._cache) < _MOST_CACHED:
                self._cache[word] = known
        return known

    def _cut(self, word: str) -> tuple[int, ...]:
        if len(word) > _LONGEST_WORD:
            return (self._unknown,)
        pieces: list[int] = []
        start = 0
        while start < len(word):
            for end in range(len(word), start, -1):
                piece = word[start:end] if start == 0 else _GOES_ON + word[start:end]
                number = self._vocabulary.get(piece)
                if number is not None:
                    pieces.append(number)
                    start = end
                    break
            else:
                return (self._unknown,)
        return tuple(pieces)


def _words(text: str) -> list[str]:
    """Runs of letters and digits; every sign a word of its own."""
    if not text.isascii():
        text = unicodedata.normalize("NFD", text)
    spaced: list[str] = []
    for character in text:
        if character.isalnum():
            spaced.append(character)
        elif character.isspace():
            spaced.append(" ")
        else:
            kind = unicodedata.category(character)
            if kind == "Mn" or kind.startswith("C"):
                continue
            spaced.append(f" {character} " if _is_sign(character, kind) else character)
    return "".join(spaced).split()


def _is_sign(character: str, kind: str) -> bool:
    return kind.startswith("P") or (character.isascii() and kind.startswith("S"))
