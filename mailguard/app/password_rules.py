"""Which passwords are taken: long ones that a guesser would not try first. No rule about kinds of letters.

Source: NIST SP 800-63B section 5.1.1; NCSC, "three random words".
"""

from __future__ import annotations

import re
from collections.abc import Iterable

SHORTEST, LONGEST = 12, 1_000
_FEWEST_DISTINCT = 5
# Those that people lengthen by figures and repetition when they are told to take a long one.
_COMMON = frozenset(
    "password passwort passphrase letmein letmeinnow welcome welcometo qwerty qwertyuiop qwertzuiop asdfghjkl "
    "zxcvbnm iloveyou admin administrator headteacher teacher school secret secretpassword changeme default "
    "football liverpool arsenal chelsea monkey dragon sunshine princess superman batman trustno abcdefgh "
    "abcdefghijkl abcdefghijklm correcthorsebatterystaple mailguard safeguarding childprotection".split()
)


def password_problem(password: str, *, forbidden_words: Iterable[str]) -> str:
    """Why it is not taken, in a sentence; "" when it is. ``forbidden_words``: the person's, the school's."""
    if len(password) < SHORTEST:
        return (
            f"Use at least {SHORTEST} characters. Three or four words that do not belong together are good."
        )
    if len(password) > LONGEST:
        return f"Use at most {LONGEST:,} characters."
    folded = password.casefold()
    if len(set(folded)) < _FEWEST_DISTINCT:
        return "Use more different characters: this one repeats a few."
    letters = _letters(folded)
    if not letters or any(letters == word * times for word in _COMMON for times in (1, 2, 3)):
        return "That is one of the first that a guesser tries. Three or four words that do not belong together are good."
    rest = letters
    for word in sorted({_letters(word.casefold()) for word in forbidden_words}, key=len, reverse=True):
        if len(word) >= 4:
            rest = rest.replace(word, "")
    if rest != letters and len(rest) < SHORTEST // 2:
        return "Leave out your name, your address and the school's name: a guesser tries those first."
    return ""


def words_of(*texts: str) -> tuple[str, ...]:
    """The words of names and addresses, for ``forbidden_words``."""
    return tuple(word for text in texts for word in (text.replace(" ", ""), *re.split(r"[^\w]+", text)))


def _letters(text: str) -> str:
    return "".join(letter for letter in text if letter.isalpha())
