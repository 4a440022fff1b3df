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
# Of a terse text these count too; in a longer one children of many tongues use them.
_COMMON_IN_SHORT = _COMMON | frozenset(
    """absence again appointment at bag book boy bus call class coat come day detention do friday girl girls hate he heard help hi
    him hit hitting home homework hurt hurts in is keeps kit late left lesson let lol lost love lunch made me meet mini miss
    mobile monday mum my name need new not on order page parents party phone please pls plz post room said see sent ship sick sir
    sorry stop stupid talk teacher tell test text tgt thurs thursday tmrw to today tomorrow tonight touching tues tuesday u until
    up ur us wednesday week will work your""".split()
)
_SHORT_WORDS = 12
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")
_FEWEST_WORDS = 4  # "ok", "lol", "Flu": no language
_LEAST_SHARE = 0.07  # of English letters one in forty has less, of others one in thirty more
_LEAST_SHARE_IN_SHORT = 0.2
_CHARS = 1_000


def is_english(subject: str, body: str) -> bool:
    """True also of what is too short to tell."""
    words = _WORD.findall(f"{subject} {body[:_CHARS]}".casefold().replace("’", "'"))
    if len(words) < _FEWEST_WORDS:
        return True
    if len(words) < _SHORT_WORDS and all(map(str.isascii, words)):
        return sum(word in _COMMON_IN_SHORT for word in words) >= _LEAST_SHARE_IN_SHORT * len(words)
    return sum(word in _COMMON for word in words) >= _LEAST_SHARE * len(words)
