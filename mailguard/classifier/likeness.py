"""How alike texts are: five-gram Jaccard between all pairs of a collection, exactly, by an inverted index.

Two measures of one text. Its *words*: five of them in a row, small letters, no punctuation. Its *skeleton*: the same with names,
numbers and the given slots blanked, which is what a text filled from a template has in common with its siblings.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

GRAM = 5
_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")
_SENTENCE_END = re.compile(r"[.!?:\n\"“]\s*$|^\s*$")

Gram = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Alike:
    """Two texts by their places in the collection, ``left`` before ``right``; ``share`` is their Jaccard index."""

    left: int
    right: int
    share: float


def tokens(text: str) -> list[str]:
    """Words in small letters; digits are words, punctuation and emoji are none."""
    return [word.lower().replace("’", "'") for word in _WORD.findall(text)]


def skeleton(text: str, *, slots: Iterable[str] = ()) -> list[str]:
    """As :func:`tokens`, with "_" for a number, for a capital word inside a sentence, and for the words of `slots`."""
    blanked = {word for slot in slots for word in tokens(slot)}
    found: list[str] = []
    for match in _WORD.finditer(text):
        word = match.group(0)
        is_name = word[0].isupper() and len(word) > 1 and not _SENTENCE_END.search(text[: match.start()][-3:])
        is_number = any(letter.isdigit() for letter in word)
        low = word.lower().replace("’", "'")
        blank = is_number or is_name or low in blanked
        if not (blank and found and found[-1] == "_"):
            found.append("_" if blank else low)
    return found


def grams(words: Sequence[str], *, size: int = GRAM) -> frozenset[Gram]:
    """Every `size` words in a row; a shorter text is one gram of all its words, an empty one none."""
    if len(words) < size:
        return frozenset({tuple(words)} if words else ())
    return frozenset(tuple(words[place : place + size]) for place in range(len(words) - size + 1))


def alike(collection: Sequence[frozenset[Gram]], *, least: float) -> list[Alike]:
    """Every pair whose Jaccard index is at least `least` (above 0), the most alike first. Exact."""
    found: list[Alike] = []
    index: dict[Gram, list[int]] = defaultdict(list)
    for right, mine in enumerate(collection):
        shared: Counter[int] = Counter()
        for gram in mine:
            postings = index[gram]
            shared.update(postings)
            postings.append(right)
        for left, count in shared.items():
            share = count / (len(collection[left]) + len(mine) - count)
            if share >= least:
                found.append(Alike(left, right, round(share, 4)))
    return sorted(found, key=lambda pair: (-pair.share, pair.left, pair.right))


def shared_between(collection: Sequence[frozenset[Gram]], files: Sequence[str]) -> dict[str, float]:
    """A file's share of distinct grams that stand in some other file too."""
    of_file: dict[str, set[Gram]] = defaultdict(set)
    for file, mine in zip(files, collection, strict=True):
        of_file[file] |= mine
    count: Counter[Gram] = Counter()
    for mine_of_file in of_file.values():
        count.update(mine_of_file)
    return {
        file: round(sum(count[gram] > 1 for gram in mine) / max(len(mine), 1), 4)
        for file, mine in of_file.items()
    }


def moving_type_token_ratio(words: Sequence[str], *, window: int = 500) -> float:
    """Distinct words by words, the mean over all windows: unlike the plain ratio it does not fall with length."""
    if not words:
        return 0.0
    if len(words) <= window:
        return round(len(set(words)) / len(words), 4)
    return round(sum(_distinct_in_windows(words, window)) / (len(words) - window + 1) / window, 4)


def _distinct_in_windows(words: Sequence[str], window: int) -> Iterator[int]:
    counts = Counter(words[:window])
    yield len(counts)
    for left, right in zip(words, words[window:], strict=False):
        counts[right] += 1
        counts[left] -= 1
        if not counts[left]:
            del counts[left]
        yield len(counts)
