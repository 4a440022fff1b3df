"""A person's name: given names and surnames in either order, and the other forms a given name takes.

Words are compared folded (:mod:`mailguard.domain.folding`). Source: DECISIONS.md, "Roll name".
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from mailguard.domain.folding import fold_letters, fold_spellings

TITLES = frozenset(
    [
        "mr",
        "mrs",
        "ms",
        "miss",
        "mx",
        "dr",
        "sir",
        "madam",
        "maam",
        "prof",
        "professor",
        "rev",
        "reverend",
        "cllr",
        "councillor",
        "master",
        "fr",
        "sister",
        "coach",
        "dame",
        "lady",
        "lord",
    ]
)
PARTICLES = frozenset(
    [
        "o",
        "ni",
        "nic",
        "ui",
        "mac",
        "mc",
        "de",
        "da",
        "do",
        "dos",
        "das",
        "di",
        "del",
        "della",
        "du",
        "le",
        "la",
        "van",
        "von",
        "der",
        "den",
        "ten",
        "ter",
        "te",
        "el",
        "al",
        "bin",
        "ibn",
        "bint",
        "abu",
        "ap",
        "ab",
        "st",
        "san",
        "saint",
        "zu",
        "af",
        "y",
    ]
)
_SUFFIXES = frozenset(
    [
        "jr",
        "jnr",
        "junior",
        "sr",
        "snr",
        "senior",
        "ii",
        "iii",
        "mbe",
        "obe",
        "cbe",
        "bsc",
        "ba",
        "ma",
        "phd",
        "qts",
        "jp",
    ]
)
_HYPHENS = re.compile(r"[-‐‑‒–—]+")
SHORTEST_PART = 2
_SHORTEST_HALF = 3


@dataclass(frozen=True, slots=True)
class NameKey:
    """A folded given name or surname. ``looseness`` 0: as listed; 1: a part that stands alone; 2: half."""

    word: str
    looseness: int = 0


@dataclass(frozen=True, slots=True)
class ParsedName:
    """The forms under which a listed name is sought. Empty surnames: a single word, which names nobody."""

    given: tuple[NameKey, ...]
    surnames: tuple[NameKey, ...]


def parse_name(name: str) -> ParsedName:
    """The forms of a listed name: "Isla Doyle", "DOYLE, Isla", "DOYLE Isla", "Cllr Frank Moss"."""
    surname_words, given_words = _split_order(name)
    given = _Keys()
    surnames = _Keys()
    for place, word in enumerate(given_words):
        given.add_word(word, looseness=min(place, 1))
    if len(given_words) > 1:
        given.add("".join(map(fold_letters, given_words[:2])), 1)
    whole = "".join(surname_words)
    core = [word for word in surname_words if fold_letters(word) not in PARTICLES] or surname_words
    surnames.add_word(_HYPHENS.sub("", whole), looseness=0)
    if core != surname_words:
        surnames.add_word("".join(core), looseness=1)
    for word in core:
        halves = [half for half in _HYPHENS.split(word) if len(half) >= _SHORTEST_HALF]
        if len(halves) > 1:
            for half in halves:
                surnames.add_word(half, looseness=2)
    if len(given_words) > 1 and len(surname_words) == 1:
        surnames.add(fold_letters(given_words[-1] + surname_words[0]), 1)
    return ParsedName(given=given.listed(), surnames=surnames.listed())


class _Keys:
    """Name keys in order, each word once with its least looseness."""

    def __init__(self) -> None:
        self._keys: dict[str, int] = {}

    def add(self, word: str, looseness: int) -> None:
        if len(word) >= SHORTEST_PART:
            self._keys.setdefault(word, looseness)

    def add_word(self, word: str, *, looseness: int) -> None:
        """A word in all its spellings; of a hyphenated one the whole and its first half."""
        joined = _HYPHENS.sub("", word)
        for spelling in fold_spellings(joined):
            self.add(spelling, looseness)
        if joined != word:
            for spelling in fold_spellings(_HYPHENS.split(word)[0]):
                self.add(spelling, max(looseness, 1))

    def listed(self) -> tuple[NameKey, ...]:
        return tuple(NameKey(word, looseness) for word, looseness in self._keys.items())


def _split_order(name: str) -> tuple[list[str], list[str]]:
    """(surname words, given words), titles and suffixes left out."""
    before, comma, after = name.partition(",")
    if comma and _words(after):
        return _words(before), _words(after)
    words = _words(name)
    if len(words) < 2:
        return [], words
    shouted = 0
    while shouted < len(words) and words[shouted].isupper() and len(words[shouted]) > 1:
        shouted += 1
    if 0 < shouted < len(words) and not words[-1].isupper():
        return words[:shouted], words[shouted:]
    start = next(
        (place for place in range(1, len(words) - 1) if fold_letters(words[place]) in PARTICLES),
        len(words) - 1,
    )
    return words[start:], words[:start]


def _words(text: str) -> list[str]:
    words = [word.strip('.,;()"') for word in text.split()]
    kept = [word for word in words if word]
    # "Lord" and "Master" are surnames too: a title stands first and leaves a name behind.
    while len(kept) > 2 and fold_letters(kept[0]) in TITLES:
        kept = kept[1:]
    while len(kept) > 2 and fold_letters(kept[-1]) in _SUFFIXES:
        kept = kept[:-1]
    return kept


class NicknamesProblem(ValueError):
    """The nickname file is not what it must be; the message names line, value and fix."""


class Nicknames:
    """Which given names may be one person's. Spellings are equal; a nickname stands for its full names."""

    def __init__(self, spellings: Mapping[str, str], full_names: Mapping[str, tuple[str, ...]]) -> None:
        self._spellings = spellings
        self._full_names = full_names

    @classmethod
    def from_csv(cls, lines: Iterable[str]) -> Nicknames:
        """Read rows ``name,kind,forms``: kind "spelling" or "nickname", forms apart by spaces; "#" comments.

        Raises NicknamesProblem.
        """
        spellings: dict[str, str] = {}
        nicknames: list[tuple[str, str]] = []
        numbered = (
            (number, line)
            for number, line in enumerate(lines, 1)
            if line.strip() and not line.startswith("#")
        )
        for number, line in numbered:
            row = next(csv.reader([line.strip()]))
            if row == ["name", "kind", "forms"]:
                continue
            if len(row) != 3 or row[1] not in ("spelling", "nickname") or not row[2].split():
                raise NicknamesProblem(f"line {number}: {line.strip()!r} is not name,spelling|nickname,forms")
            name = fold_letters(row[0])
            for form in map(fold_letters, row[2].split()):
                if row[1] == "spelling":
                    spellings.setdefault(form, name)
                else:
                    nicknames.append((form, name))
        full_names: dict[str, dict[str, None]] = {}
        for form, name in nicknames:
            full_names.setdefault(spellings.get(form, form), {})[spellings.get(name, name)] = None
        return cls(spellings, {form: tuple(names) for form, names in full_names.items()})

    def roots(self, given: str) -> tuple[tuple[str, int], ...]:
        """The names a folded given name can stand for: 0 for its usual spelling, 1 for a full name."""
        usual = self._spellings.get(given, given)
        return ((usual, 0), *((full, 1) for full in self._full_names.get(usual, ()) if full != usual))
