"""Who on the lists is named in a short text, in time that does not grow with the lists.

Given name and surname are looked up together: a surname borne by hundreds costs no more than a rare
one. A slip in a surname is found by its deletion neighbourhood and confirmed letter by letter.
Source: DECISIONS.md, "Roll name".
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from mailguard.domain.address import deletions, is_one_slip
from mailguard.domain.folding import fold_letters, leet_readings, read_marks, umlaut_spellings
from mailguard.domain.names import PARTICLES, Nicknames, parse_name
from mailguard.domain.people import Person
from mailguard.domain.words import PersonList

SHORTEST_SLIPPED_SURNAME = 5
_LONGEST_TEXT = 200
_MOST_WORDS = 12
_MOST_JOINED = 3
_WIDEST_GAP = 2
_SHORTEST_RUN = 7
_LONGEST_RUN = 40
_CAMEL = re.compile(r"(?<=[^\W\d_A-Z])(?=[A-Z])")
_BOUNDARY = re.compile(r"\s[-–—]\s|[|/;:&+·•\n]|\b(?:and|und|et|via|from|with|on|at|by)\b", re.IGNORECASE)
_WORD = re.compile(r"[^\W_]+")
# Handles that start and end in x's.
_DECORATION = re.compile(r"^x{2,}$|^x{2,}(?=.{4})|(?<=.{4})x{2,}$")
LOOSE = 2
_LOOSEST = 3


@dataclass(frozen=True, slots=True)
class NameHit:
    """``looseness`` 0: as listed; 1: a nickname, a part, words between; 2 or more: a slip, half a surname."""

    person: Person
    looseness: int


@dataclass(frozen=True, slots=True)
class _Given:
    """A given name as written, a name it can stand for, and 1 when that is the full name of a nickname."""

    written: str
    root: str
    steps: int

    def is_kin(self, other: _Given) -> bool:
        """Two nicknames of one name must sound alike: Libby and Lizzie, not Charlie and Lottie."""
        return self.steps + other.steps < 2 or self.written[:2] == other.written[:2]


@dataclass(frozen=True, slots=True)
class _Entry:
    person: Person
    given: _Given
    looseness: int


@dataclass(frozen=True, slots=True)
class _Span:
    """Neighbouring words read as one; ``start`` and ``end`` count words."""

    start: int
    end: int
    readings: tuple[str, ...]


class NameIndex:
    """Immutable after construction; a query's look-ups are bounded by the query alone."""

    def __init__(self, people: Iterable[Person], nicknames: Nicknames) -> None:
        self._nicknames = nicknames
        pairs: dict[tuple[str, str], list[_Entry]] = {}
        meanings: dict[str, tuple[_Given, ...]] = {}
        surnames: dict[str, None] = {}
        for person in people:
            name = parse_name(person.name)
            for surname in name.surnames:
                surnames[surname.word] = None
                for given in name.given:
                    if given.word not in meanings:
                        meanings[given.word] = self._meanings(given.word)
                    for meaning in meanings[given.word]:
                        entry = _Entry(person, meaning, surname.looseness + given.looseness)
                        pairs.setdefault((meaning.root, surname.word), []).append(entry)
        self._pairs = {pair: tuple(entries) for pair, entries in pairs.items()}
        self._given = frozenset(root for root, _ in pairs)
        self._surnames = frozenset(surnames)
        near: dict[str, list[str]] = {}
        for word in surnames:
            if len(word) >= SHORTEST_SLIPPED_SURNAME:
                for shorter in deletions(word):
                    near.setdefault(shorter, []).append(word)
        self._near = {shorter: tuple(words) for shorter, words in near.items()}

    def find(self, text: str, lists: frozenset[PersonList]) -> tuple[Person, ...]:
        """Everyone on ``lists`` whom the text names, best fit first; loose fits only if none fits well."""
        hits = self.hits(text)
        if not hits:
            return ()
        best = min(hits.values(), key=lambda hit: hit.looseness).looseness
        wanted = [
            hit for hit in hits.values() if hit.person.list in lists and (best > 0 or hit.looseness < LOOSE)
        ]
        return tuple(hit.person for hit in sorted(wanted, key=lambda hit: (hit.looseness, hit.person.id)))

    def hits(self, text: str) -> dict[str, NameHit]:
        """Everyone on any list whom the text names, by id."""
        found: dict[str, NameHit] = {}
        for words in word_runs(text):
            for hit in self._in_words(words):
                known = found.get(hit.person.id)
                if known is None or hit.looseness < known.looseness:
                    found[hit.person.id] = hit
        return found

    def _in_words(self, words: tuple[str, ...]) -> Iterator[NameHit]:
        spans = tuple(_spans(words))
        for given in spans:
            meanings = [
                found
                for word in given.readings
                for found in self._meanings(word)
                if found.root in self._given
            ]
            for surname in spans if meanings else ():
                gap = max(surname.start - given.end, given.start - surname.end)
                if 0 <= gap <= _WIDEST_GAP:
                    is_reversed = surname.start < given.start
                    for candidate, slip in self._listed_surnames(surname):
                        # "William Harrison" is not Harry Williams: a slip weighs more with the surname first.
                        extra = min(gap, 1) + (1 if slip and is_reversed else 0)
                        yield from self._pair(meanings, candidate, looseness=slip + extra)
        if len(words) == 1:
            yield from self._run_together(words[0])

    def _meanings(self, given: str) -> tuple[_Given, ...]:
        return tuple(_Given(given, root, steps) for root, steps in self._nicknames.roots(given))

    def _pair(self, meanings: Iterable[_Given], surname: str, *, looseness: int) -> Iterator[NameHit]:
        for given in meanings:
            for entry in self._pairs.get((given.root, surname), ()):
                total = looseness + entry.looseness + given.steps + entry.given.steps
                if total <= _LOOSEST and given.is_kin(entry.given):
                    yield NameHit(entry.person, total)

    def _listed_surnames(self, span: _Span) -> Iterator[tuple[str, int]]:
        for reading in span.readings:
            yield from self._surnames_like(reading)

    def _surnames_like(self, surname: str) -> Iterator[tuple[str, int]]:
        if surname in self._surnames:
            yield surname, 0
        if len(surname) < SHORTEST_SLIPPED_SURNAME - 1:
            return
        seen: set[str] = {surname}
        for shorter in deletions(surname):
            for candidate in self._near.get(shorter, ()):
                if candidate not in seen:
                    seen.add(candidate)
                    if is_one_slip(surname, candidate):
                        yield candidate, LOOSE

    def _run_together(self, word: str) -> Iterator[NameHit]:
        """``jaydenadeyemi``: every place where one word may be two. No slips: too much fits by chance."""
        for reading in leet_readings(word):
            if not _SHORTEST_RUN <= len(reading) <= _LONGEST_RUN:
                continue
            for at in range(2, len(reading) - 1):
                for given, surname in ((reading[:at], reading[at:]), (reading[at:], reading[:at])):
                    if surname in self._surnames:
                        yield from self._pair(self._meanings(given), surname, looseness=0)


def word_runs(text: str) -> Iterator[tuple[str, ...]]:
    """The folded words of each part of a text that may be one name; "and", "via", dashes end one."""
    shown = read_marks(text[:_LONGEST_TEXT])
    for part in (part for spelling in umlaut_spellings(shown) for part in spelling.split("@")):
        for piece in _BOUNDARY.split(part):
            for name in _at_commas(piece):
                words = _fold_words(name)
                if words:
                    yield words
                if len(words) == 1 and (split := _CAMEL.sub(" ", name)) != name:
                    yield _fold_words(split)


def _at_commas(piece: str) -> list[str]:
    """ "ADEYEMI, Jayden" is one name, "Isla Doyle, Tomasz Begum" two."""
    before, comma, after = piece.partition(",")
    if not comma:
        return [piece]
    surname = _WORD.findall(before)
    is_surname = len(surname) == 1 or before.isupper() or (surname and fold_letters(surname[0]) in PARTICLES)
    if is_surname and "," not in after:
        return [f"{before} {after}"]
    return piece.split(",")


def _fold_words(piece: str) -> tuple[str, ...]:
    folded = (_DECORATION.sub("", word) for word in _WORD.findall(fold_letters(piece)))
    return tuple(word for word in folded if word)[:_MOST_WORDS]


def _spans(words: tuple[str, ...]) -> Iterator[_Span]:
    """Single words and up to three joined ones ("o" and "neill"), digits read as letters too."""
    for start in range(len(words)):
        for end in range(start + 1, min(start + _MOST_JOINED, len(words)) + 1):
            joined = "".join(words[start:end])
            if len(joined) >= 2 and not joined.isdigit():
                yield _Span(start, end, leet_readings(joined))
