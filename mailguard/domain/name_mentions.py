"""Names in running text: who signs a letter, and which members of staff it mentions.

Source: DECISIONS.md, rows D3 and D4, rule 3 ("the accused").
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from mailguard.domain.accused import StaffHit
from mailguard.domain.address import deletions, is_one_slip
from mailguard.domain.folding import fold_letters, umlaut_spellings
from mailguard.domain.name_index import SHORTEST_SLIPPED_SURNAME
from mailguard.domain.names import TITLES, Nicknames, parse_name
from mailguard.domain.people import Person

_FIRST_LINES = 3
_LAST_LINES = 8
_NEAR_START = 300
_NEAR_END = 400
_LONGEST_SIGNATURE = 60
_MOST_WORDS_BESIDE = 3
_INTRODUCTION = re.compile(
    r"\b(?:this\s+is|it['’]?s|it\s+is|i['’]?m|i\s+am|my\s+names?(?:['’]?s)?(?:\s+is)?|name['’]?s)\s+"
    r"(?P<name>[^\W\d_][^\n.,;:!?()]{2,60})",
    re.IGNORECASE,
)
_LEAVE = re.compile(
    r"^(?:[\W_]*\b(?:from|thanks?|you|thankyou|thx|ty|cheers|love|lots|of|many|kind|best|warm|regards|wishes|yours|"
    r"sincerely|faithfully|truly|respectfully|sent|by|x+|diolch|pozdrawiam|gracias|merci|shukran|shukriya|your|student|"
    r"pupil|ps|bye|ttyl|xoxo|see|u|soon|in)\b)*[\W_]*",
    re.IGNORECASE,
)
_KIN = (
    r"\b(?:parent|mum|mam|mom|mummy|dad|daddy|mother|father|carer|guardian|nan|gran|grandma|grandad|auntie|aunt|uncle|"
    r"wife|husband)\b"
)
# Letters about a child, or to one, are not by it.
_NOT_SIGNED = re.compile(
    r"^\s*(?:dear|hi|hiya|hello|hey|to|fao|re|cc|attn|subject|pupil|child|student|names?|son|daughter)\b\s*[:,]?"
    rf"(?!['’]?m\b)|{_KIN}|['’]s\b(?!\s*$)",
    re.IGNORECASE,
)
_ABOUT_ANOTHER = re.compile(rf"['’]s\b|{_KIN}", re.IGNORECASE)
_WORD = re.compile(r"[^\W\d_]+(?:['’‑-][^\W\d_]+)*")
_TITLE: Final = frozenset(fold_letters(title) for title in TITLES)
_ROLE_PHRASES: Mapping[str, tuple[str, ...]] = {
    "head": ("headteacher", "head teacher", "headmaster", "headmistress", "head master", "head mistress"),
    "deputy-head": (
        "deputy head", "deputy headteacher", "deputy head teacher", "deputy principal", "vice principal",
    ),
    "assistant-head": (
        "assistant head", "assistant headteacher", "assistant head teacher", "assistant principal",
    ),
    "chair-of-governors": (
        "chair of governors", "chair of the governors", "chair of the governing body", "governors' chair",
        "chair of the board of governors", "chairman of governors", "chairman of the governors",
        "chairwoman of the governors",
    ),
}  # fmt: skip
_PRINCIPAL = (
    r"(?:the|our|your|school)\s+principal"
    r"(?!\s+(?:reason|aim|cause|source|purpose|concern|function|carer|contact|issue|point))"
)
# "The head" is a person, save where it is a part of one ("hit on the head") or of another title ("head of year").
_HEAD = (
    r"(?<!\bon )(?<!\bin )(?<!\bover )(?<!\bat )(?<!\bround )(?<!\bbanged )(?<!\bhurt )(?<!\bcut )"
    r"(?<!\bback of )(?<!\bside of )(?<!\btop of )(?<!\bcrown of )(?<!\bacross )(?<!\bblow to )(?<!\bkick to )(?<!\bpunch to )"
    r"(?:the|our|your)\s+head(?!\s+(?:of|boys?|girls?|lice|aches?|starts?|counts?|injur\w*|phones?|bands?|guard|teacher|master|mistress|office|coach))"
)
# Roles that many hold, or whose word is everyday speech: they point at nobody.
_COMMON_ROLES = frozenset(
    {"teacher", "teaching-assistant", "governor", "office", "partner", "staff", "elected-member", "volunteer"}
)


def signed_lines(text: str) -> Iterator[str]:
    """The pieces of a text in which its writer may be named: introductions, and lines that sign it."""
    ends = text[:_NEAR_START] if len(text) <= _NEAR_START else f"{text[:_NEAR_START]}\n{text[-_NEAR_END:]}"
    for found in _INTRODUCTION.finditer(ends):
        yield from _introduced(found.group("name").split())
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    near = lines if len(lines) <= _FIRST_LINES + _LAST_LINES else lines[:_FIRST_LINES] + lines[-_LAST_LINES:]
    for line in near:
        yield from _signature(line)


def _introduced(words: list[str]) -> Iterator[str]:
    """The first word with a second or third: "writing about Isla Doyle" introduces nobody."""
    if len(words) < 2 or _ABOUT_ANOTHER.search(" ".join(words[:4])):
        return
    yield f"{words[0]} {words[1]}"
    if len(words) > 2:
        yield f"{words[0]} {words[2]}"
        yield f"{words[0]} {words[1]}{words[2]}"


def _signature(line: str) -> Iterator[str]:
    """A short line that begins with a name, words of leave-taking apart."""
    if len(line) > _LONGEST_SIGNATURE or _NOT_SIGNED.search(line):
        return
    name = _LEAVE.sub("", line)
    words = _WORD.findall(name)
    # What follows the name may be a form or a nickname; a sentence is longer.
    if len(words) <= 2 + _MOST_WORDS_BESIDE:
        yield from [name] if "," in name else _introduced(words)


@dataclass(frozen=True, slots=True)
class _Word:
    """``reading`` is the folded word; start and end count characters of the text."""

    readings: tuple[str, ...]
    start: int
    end: int


class StaffMentions:
    """Immutable after construction. Each word of a text costs the same however long the list."""

    def __init__(self, staff: Sequence[Person], nicknames: Nicknames) -> None:
        self._nicknames = nicknames
        surnames: dict[str, dict[str, Person]] = {}
        pairs: dict[tuple[str, str], dict[str, Person]] = {}
        near: dict[str, dict[str, None]] = {}
        for person in staff:
            name = parse_name(person.name)
            for surname in name.surnames:
                surnames.setdefault(surname.word, {})[person.id] = person
                if len(surname.word) >= SHORTEST_SLIPPED_SURNAME:
                    for shorter in deletions(surname.word):
                        near.setdefault(shorter, {})[surname.word] = None
                for given in name.given:
                    for root, _ in nicknames.roots(given.word):
                        pairs.setdefault((root, surname.word), {})[person.id] = person
        self._surnames = {word: tuple(people.values()) for word, people in surnames.items()}
        self._pairs = {pair: tuple(people.values()) for pair, people in pairs.items()}
        self._given = frozenset(root for root, _ in pairs)
        self._near = {shorter: tuple(words) for shorter, words in near.items()}
        self._roles, self._people_of = _role_patterns(staff)

    def find(self, text: str) -> tuple[StaffHit, ...]:
        """Every mention, by its place in the text."""
        hits = {hit.start: hit for hit in self._by_role(text)}
        hits.update((hit.start, hit) for hit in self._by_name(text))
        return tuple(hits[start] for start in sorted(hits))

    def _by_role(self, text: str) -> Iterator[StaffHit]:
        if self._roles is None:
            return
        for found in self._roles.finditer(text):
            group = found.lastgroup or ""
            yield StaffHit(persons=self._people_of[group], start=found.start(), words=found.group())

    def _by_name(self, text: str) -> Iterator[StaffHit]:
        words = tuple(_words(text))
        place = 0
        while place < len(words):
            hit, used = self._at(text, words, place)
            if hit is not None:
                yield hit
            place += used

    def _at(self, text: str, words: Sequence[_Word], place: int) -> tuple[StaffHit | None, int]:
        """The mention that begins at a word, and how many words it takes."""
        first = words[place]
        if not self._may_begin(first):
            return None, 1
        ahead = _on_one_line(text, words[place : place + 5])
        if first.readings[0] in _TITLE:
            for skipped, exact in ((1, True), (2, True), (3, True), (1, False), (2, False)):
                for joined in (3, 2, 1):
                    people = self._titled(
                        ahead[1:skipped], ahead[skipped : skipped + joined], joined, exact=exact
                    )
                    if people:
                        end = ahead[skipped + joined - 1].end
                        return StaffHit(people, first.start, text[first.start : end]), skipped + joined
            return None, 1
        for skipped in (1, 2):
            for joined in (3, 2, 1):
                surname = ahead[skipped : skipped + joined]
                people = self._full(first, surname) if len(surname) == joined else ()
                if people:
                    return StaffHit(
                        people, first.start, text[first.start : surname[-1].end]
                    ), skipped + joined
        return None, 1

    def _may_begin(self, word: _Word) -> bool:
        """A title, or a given name of somebody."""
        return any(
            reading in _TITLE or any(root in self._given for root, _ in self._nicknames.roots(reading))
            for reading in word.readings
        )

    def _titled(
        self, before: Sequence[_Word], surname: Sequence[_Word], joined: int, *, exact: bool
    ) -> tuple[Person, ...]:
        """Staff fitting a title, perhaps a given name or initial, and a surname."""
        if len(surname) != joined:
            return ()
        for word in _joined(surname):
            for candidate in (word,) if exact else self._one_slip_from(word):
                people = self._surnames.get(candidate, ())
                if people and before:
                    people = self._with_given(before[0], candidate, people)
                if people:
                    return people
        return ()

    def _with_given(self, given: _Word, surname: str, people: tuple[Person, ...]) -> tuple[Person, ...]:
        if len(given.readings[0]) == 1:
            return tuple(
                person for person in people if fold_letters(person.name).startswith(given.readings[0])
            )
        return self._given_and_surname(given, surname)

    def _full(self, given: _Word, surname: Sequence[_Word]) -> tuple[Person, ...]:
        for word in _joined(surname):
            for candidate in (word, *self._one_slip_from(word)):
                people = self._given_and_surname(given, candidate)
                if people:
                    return people
        return ()

    def _given_and_surname(self, given: _Word, surname: str) -> tuple[Person, ...]:
        people: dict[str, Person] = {}
        for reading in given.readings:
            for root, _ in self._nicknames.roots(reading):
                people.update((person.id, person) for person in self._pairs.get((root, surname), ()))
        return tuple(people.values())

    def _one_slip_from(self, word: str) -> Iterable[str]:
        if len(word) < SHORTEST_SLIPPED_SURNAME - 1:
            return ()
        near = {listed: None for shorter in deletions(word) for listed in self._near.get(shorter, ())}
        return tuple(listed for listed in near if is_one_slip(word, listed))


def _role_patterns(staff: Sequence[Person]) -> tuple[re.Pattern[str] | None, dict[str, tuple[Person, ...]]]:
    """One pattern with a group a phrase, the longer first: "deputy headteacher" is not "headteacher"."""
    holders: dict[str, dict[str, Person]] = {}
    for person in staff:
        if person.role and person.role not in _COMMON_ROLES:
            holders.setdefault(person.role, {})[person.id] = person
    spoken: list[tuple[str, str]] = []
    for role in {**dict.fromkeys(_ROLE_PHRASES), **dict.fromkeys(holders)}:
        phrases = _ROLE_PHRASES.get(role, (role.replace("-", " "),))
        spoken += [(phrase, role) for phrase in phrases]
    spoken.sort(key=lambda entry: (-len(entry[0]), entry[0]))
    people_of: dict[str, tuple[Person, ...]] = {}
    alternatives = []
    for number, (phrase, role) in enumerate(spoken):
        # A role nobody holds still takes its words, and names nobody.
        people_of[f"r{number}"] = tuple(holders.get(role, {}).values())
        spaced = r"[\s-]+".join(map(re.escape, re.split(r"[\s-]", phrase)))
        alternatives.append(f"(?P<r{number}>{spaced})")
    people_of["principal"] = tuple(holders.get("head", {}).values())
    alternatives.append(rf"(?P<principal>{_PRINCIPAL})")
    people_of["head"] = people_of["principal"]
    alternatives.append(rf"(?P<head>{_HEAD})")
    pattern = re.compile(rf"(?<![\w-])(?:{'|'.join(alternatives)})(?![\w-])", re.IGNORECASE)
    return (pattern, people_of) if holders else (None, {})


def _words(text: str) -> Iterator[_Word]:
    for found in _WORD.finditer(text):
        shown = re.sub(r"['’]s$", "", found.group())
        readings = tuple(
            dict.fromkeys(
                fold_letters(spelling).replace("-", "").replace("‑", "")
                for spelling in umlaut_spellings(shown)
            )
        )
        yield _Word(readings, found.start(), found.start() + len(shown))


def _on_one_line(text: str, words: Sequence[_Word]) -> list[_Word]:
    """The words up to a sentence's end or an empty line; the full stop of a title ends no sentence."""
    kept = list(words[:1])
    for before, word in pairwise(words):
        between = text[before.end : word.start]
        is_stop = re.search(r"[!?;:,]|\n\s*\n", between) or ("." in between and len(before.readings[0]) > 4)
        if is_stop:
            break
        kept.append(word)
    return kept


def _joined(words: Sequence[_Word]) -> tuple[str, ...]:
    if len(words) == 1:
        return words[0].readings
    return ("".join(word.readings[0] for word in words),)
