"""What a writer's keyboard, telephone and mail program do to a text before it is sent; it says the same afterwards."""

from __future__ import annotations

import random
import re
import textwrap
from collections.abc import Callable

_NEIGHBOURS = {
    "a": "s",
    "e": "r",
    "i": "o",
    "o": "p",
    "t": "y",
    "n": "m",
    "s": "a",
    "r": "t",
    "l": "k",
    "h": "g",
}
_LEET = {"o": "0", "i": "1", "e": "3", "a": "4", "s": "5"}


def changed_text(text: str, rng: random.Random) -> str:
    """`text` with some of the changes that happen to real texts, mostly one or two."""
    for change, chance in _CHANGES:
        if rng.random() < chance:
            text = change(text, rng)
    return text


def changed_subject(subject: str, rng: random.Random) -> str:
    """`subject`, now and then left out, in other letters or with a mark of answering."""
    if rng.random() < 0.05:
        return rng.choice(("", subject.lower(), subject.upper(), f"Re: {subject}", f"Fwd: {subject}"))
    return subject


def _lower(text: str, rng: random.Random) -> str:
    return text.lower()


def _unpunctuated(text: str, rng: random.Random) -> str:
    return re.sub(r"[.,'’]", "", text)


def _upper(text: str, rng: random.Random) -> str:
    return text.upper() if len(text) < 300 else text


def _one_line(text: str, rng: random.Random) -> str:
    return " ".join(text.split())


def _wrapped(text: str, rng: random.Random) -> str:
    width = rng.choice((60, 72, 76))
    return "\n".join(textwrap.fill(line, width) if line.strip() else "" for line in text.split("\n"))


def _spaced_out(text: str, rng: random.Random) -> str:
    return text.replace("\n", "\n\n")


def _hard_spaces(text: str, rng: random.Random) -> str:
    return text.replace(". ", ".\u00a0 ").replace("'", "’")


def _slips(text: str, rng: random.Random) -> str:
    """About one slip in forty letters: left out, doubled, swapped or the next key."""
    return with_slips(text, rng, share=0.025, wrong_key=lambda letter: _NEIGHBOURS.get(letter, letter))


def with_slips(text: str, rng: random.Random, *, share: float, wrong_key: Callable[[str], str]) -> str:
    """`share` of the letters left out, doubled, swapped with the next or hit as `wrong_key` says."""
    letters = list(text)
    for place in range(len(letters) - 1):
        if letters[place].isalpha() and rng.random() < share:
            match rng.randrange(4):
                case 0:
                    letters[place] = ""
                case 1:
                    letters[place] *= 2
                case 2:
                    letters[place], letters[place + 1] = letters[place + 1], letters[place]
                case _:
                    letters[place] = wrong_key(letters[place])
    return "".join(letters)


def _leet(text: str, rng: random.Random) -> str:
    return "".join(_LEET[letter] if letter in _LEET and rng.random() < 0.3 else letter for letter in text)


def _cut(text: str, rng: random.Random) -> str:
    """The first sentences of a longer text, as when a reader cuts at a signature."""
    sentences = re.split(r"(?<=[.!?])\s+", text)
    keep = max(2, int(len(sentences) * rng.uniform(0.5, 0.9)))
    return " ".join(sentences[:keep]) if len(sentences) > 4 else text


_CHANGES: tuple[tuple[Callable[[str, random.Random], str], float], ...] = (
    (_lower, 0.12),
    (_unpunctuated, 0.08),
    (_upper, 0.02),
    (_one_line, 0.15),
    (_wrapped, 0.35),
    (_spaced_out, 0.08),
    (_hard_spaces, 0.1),
    (_slips, 0.25),
    (_leet, 0.02),
    (_cut, 0.08),
)
