"""What somebody means by the words they typed into the queue's search: case numbers, addresses, people, subjects.

Pure. Names are looked up in the lists; what the store is asked is ids and blind indices, never words. Subjects are
compared here, and only those of cases that this person has opened before. Source: ADR 17.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from mailguard.domain.case import CASE_ID, case_id
from mailguard.domain.folding import fold_letters
from mailguard.domain.people import Person

_NUMBER = re.compile(r"[0-9]{1,7}")
_BETWEEN_WORDS = re.compile(r"[\W_]+")
_YEARS_BACK = 2
_MOST_PEOPLE = 40


@dataclass(frozen=True, slots=True)
class Sought:
    """Alternatives. ``people`` as found. ``subject_words``: folded, to be sought in subjects by ``has_words``."""

    case_ids: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()
    people: tuple[Person, ...] = ()
    subject_words: tuple[str, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Nothing but subjects can fit."""
        return not (self.case_ids or self.addresses or self.people)

    def has_words(self, subject: str) -> bool:
        """Whether every word begins a word of that subject; False when no subjects are sought."""
        return bool(self.subject_words) and _has_all(_words(subject), list(self.subject_words))


def read_search(words: str, people: Iterable[Person], *, year: int) -> Sought:
    """``year``: the school's, for a case number without one. A name must have every word, in any order."""
    words = " ".join(words.split())[:200]
    full = tuple(match.group() for match in CASE_ID.finditer(words.upper()))
    if full:
        return Sought(case_ids=full)
    if _NUMBER.fullmatch(words):
        years = range(year, year - _YEARS_BACK - 1, -1)
        return Sought(case_ids=tuple(case_id(each, int(words)) for each in years))
    if "@" in words:
        return Sought(addresses=tuple(word for word in words.split(" ") if "@" in word))
    folded = _words(words)
    if not folded:
        return Sought()
    by_id = [person for person in people if person.id.lower() == words.lower()]
    named = by_id or [person for person in people if _has_all(_words(person.name), folded)]
    return Sought(people=tuple(named[:_MOST_PEOPLE]), subject_words=() if by_id else tuple(folded))


def _words(text: str) -> list[str]:
    return [word for word in _BETWEEN_WORDS.split(fold_letters(text)) if word]


def _has_all(name: list[str], wanted: list[str]) -> bool:
    """Every wanted word begins a word of the name."""
    return all(any(part.startswith(word) for part in name) for word in wanted)
