"""Taking other people out of a text: the words are replaced, not covered, and each replacement is listed.

What goes: names of everyone involved and of everyone on the school's lists, e-mail addresses, telephone numbers,
handles and links; what is the asker's own stays. A name that no list knows and no header gave cannot be found
by machine: a reviewer reads each text and may add words.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial

from mailguard.domain.names import TITLES
from mailguard.domain.people import Person

# Bounded as addresses are (RFC 5321 4.5.3.1), and no "@" in either part: in a hostile text without end each place costs
# a few steps, not all the rest.
_ADDRESS = re.compile(r"[^\s<>\"'(),;:\[\]@]{1,64}@[^\s<>\"'(),;:\[\]@]{1,255}\.[^\W\d_]{2,63}")
_NAME_MARK, _WORDS_MARK, _ADDRESS_MARK = (
    "[name of another person]",
    "[taken out by the reviewer]",
    "[e-mail address]",
)
_MARKS = "|".join(map(re.escape, (_NAME_MARK, _WORDS_MARK, _ADDRESS_MARK)))
# A name may have been taken out of it before: the rest goes all the same.
_LINK = re.compile(rf"\b(?:https?://|www\.)(?:{_MARKS}|[^\s<>\"'])+", re.IGNORECASE)
# Not the digits of a case number.
_TELEPHONE = re.compile(r"(?<![\w.])(?<!mg-)(?:\+|00)?\d(?:[\s().-]{0,2}\d){8,13}(?!\w)")
_HANDLE = re.compile(r"(?<![\w@.])@[\w.]{2,30}")
_LETTERS = re.compile(r"[^\W\d_]+(?:['’‑-][^\W\d_]+)*")
_SHORTEST_PART = 3
# Words between those of a name: "Clerk to the governors" must not take every "the" out of a text.
_JOINING = frozenset({"and", "for", "from", "the", "with"})
# Words of an office. A name of such words alone names nobody by its parts: "Designated Officer".
_OFFICES = _JOINING | frozenset(
    {
        "admin", "administrator", "assistant", "authority", "board", "borough", "business", "chair", "child", "clerk",
        "council", "county", "deputy", "designated", "desk", "governor", "governors", "head", "lead", "local", "manager",
        "network", "office", "officer", "protection", "reception", "safeguarding", "school", "secretary", "service",
        "services", "staff", "support", "teacher", "team", "technician",
    }
)  # fmt: skip
_TITLE = "|".join(sorted(TITLES))


@dataclass(frozen=True, slots=True)
class Redaction:
    """``what``: kind of words taken out; ``why``; ``count``: how many places."""

    what: str
    why: str
    count: int


@dataclass(frozen=True, slots=True)
class Redacted:
    text: str
    redactions: tuple[Redaction, ...]


@dataclass(frozen=True, slots=True)
class _Rule:
    pattern: re.Pattern[str]
    mark: str
    what: str
    why: str


class Redactor:
    """``own_names`` and ``own_addresses``: the asker's, which stay.

    ``involved``: names of others in the case, taken out part by part; ``roll``: everyone on the lists, by whole
    name, or surname behind a title; ``further``: words that the reviewer wants out.
    """

    def __init__(
        self,
        *,
        own_names: Iterable[str],
        own_addresses: Iterable[str],
        involved: Iterable[str],
        roll: Iterable[Person],
        further: Iterable[str] = (),
    ) -> None:
        own = {_folded(part) for name in own_names for part in _parts(name)}
        self._own_addresses = frozenset(address.casefold() for address in own_addresses)
        names = sorted({name for name in involved if name.strip()}, key=lambda name: (-len(name), name))
        whole = [name for name in names if not set(map(_folded, _parts(name))) <= own]
        parts = {
            part
            for name in names
            for part in _telling_parts(name)
            if _folded(part) not in own and _folded(part) not in TITLES
        }
        listed = [person.name for person in roll if not set(map(_folded, _parts(person.name))) <= own]
        self._rules = [
            *_rule(_words_pattern(further), _WORDS_MARK, "words", "the reviewer took them out"),
            *_rule(
                _words_pattern([*listed, *whole]),
                _NAME_MARK,
                "name",
                "it names another person",
            ),
            *_rule(_surname_pattern(listed, own), _NAME_MARK, "name", "it names another person"),
            *_rule(_words_pattern(parts), _NAME_MARK, "name", "it names another person"),
            *_rule(_LINK, "[link]", "link", "it may lead to another person"),
            *_rule(_HANDLE, "[account name]", "account name", "it names another person's account"),
            *_rule(_TELEPHONE, "[number]", "telephone number", "it may be another person's"),
        ]

    def redact(self, text: str) -> Redacted:
        """``text`` without other people, and what was done to it."""
        counts: Counter[tuple[str, str]] = Counter()
        normal = _normal(text)
        # Addresses first: they hold names.
        normal = _ADDRESS.sub(partial(self._address, counts), normal)
        for rule in self._rules:
            normal, count = _replaced(rule, normal)
            counts[(rule.what, rule.why)] += count
        return Redacted(
            text=normal,
            redactions=tuple(
                Redaction(what=what, why=why, count=count)
                for (what, why), count in sorted(counts.items())
                if count
            ),
        )

    def _address(self, counts: Counter[tuple[str, str]], found: re.Match[str]) -> str:
        if found.group().casefold().strip(".") in self._own_addresses:
            return found.group()
        counts[("e-mail address", "it is another person's")] += 1
        return _ADDRESS_MARK


def _rule(pattern: re.Pattern[str] | None, mark: str, what: str, why: str) -> list[_Rule]:
    return [] if pattern is None else [_Rule(pattern=pattern, mark=mark, what=what, why=why)]


def _replaced(rule: _Rule, text: str) -> tuple[str, int]:
    """``text`` with the rule's words replaced, and how many. They are sought in a folded copy of equal length."""
    pieces: list[str] = []
    end = count = 0
    for found in rule.pattern.finditer(_folded(text)):
        pieces += [text[end : found.start()], rule.mark]
        end = found.end()
        count += 1
    return "".join([*pieces, text[end:]]), count


def _words_pattern(words: Iterable[str]) -> re.Pattern[str] | None:
    """Any of the words, whole, blanks as they come. None for no words."""
    folded = {" ".join(_folded(_normal(word)).split()) for word in words}
    ordered = sorted(folded - {""}, key=lambda each: (-len(each), each))
    if not ordered:
        return None
    spaced = (r"\s+".join(map(re.escape, each.split(" "))) for each in ordered)
    return re.compile(rf"(?<!\w)(?:{'|'.join(spaced)})(?!\w)")


def _surname_pattern(names: Iterable[str], own: set[str]) -> re.Pattern[str] | None:
    """A listed surname behind a title: "Miss Nair"."""
    surnames = {_parts(name)[-1] for name in names if len(_parts(name)) > 1}
    wanted = sorted(re.escape(each) for each in map(_folded, surnames) if each not in own)
    if not wanted:
        return None
    return re.compile(rf"(?<!\w)(?:{_TITLE})\.?\s+(?:{'|'.join(wanted)})(?!\w)")


def _parts(name: str) -> list[str]:
    return _LETTERS.findall(_normal(name))


def _telling_parts(name: str) -> list[str]:
    """The parts that name somebody: none of an office's title, nor what joins them."""
    parts = [part for part in _parts(name) if len(part) >= _SHORTEST_PART]
    if all(_folded(part) in _OFFICES for part in parts):
        return []
    return [part for part in parts if _folded(part) not in _JOINING]


def _folded(text: str) -> str:
    """Letter for letter in lower case without accents, one kind of apostrophe and dash: as long as ``text``."""
    return "".join(map(_folded_letter, text))


def _folded_letter(letter: str) -> str:
    if letter in "’‘ʼ":
        return "'"
    if letter in "‐‑–":
        return "-"
    base = unicodedata.normalize("NFD", letter)[0].lower()
    return base if len(base) == 1 else letter


def _normal(text: str) -> str:
    return unicodedata.normalize("NFC", text)
