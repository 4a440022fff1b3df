"""Whether a text is written in English, as far as its commonest words tell.

The encoder began as a reader of English and the texts in other languages are few: of those it is right less surely, in another
degree than the linear reader, so the two are blended otherwise there (``Weights.blend_abroad``).
"""

from __future__ import annotations

import re

# Words that other languages of British schools do not have, or hardly: not "a", "i", "me", "no", "to", "do", "are", "was".
_COMMON = frozenset(
    """about after all and any at be because been before but by can't could did does didn't doesn't don't dont for from get going good
    got has have here his how i'll i'm i've if i'd im into it its it's ive just know like my need of off only or our out please really
    school she should so that the their them then there they think this time very want were what when who why with would year you
    you're your youre""".split()
)
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")
_FEWEST_WORDS = 4  # "ok", "lol", "Flu": no language
_LEAST_SHARE = 0.07  # of English letters one in forty has less, of others one in thirty more
_CHARS = 1_000


def is_english(subject: str, body: str) -> bool:
    """True also of what is too short to tell."""
    words = _WORD.findall(f"{subject} {body[:_CHARS]}".casefold().replace("’", "'"))
    return len(words) < _FEWEST_WORDS or sum(word in _COMMON for word in words) >= _LEAST_SHARE * len(words)
