"""A text cut into stretches, so that one grave sentence among pages of others is seen.

Over pages a sentence's weight shrinks to nothing, and whoever hides something writes much around it. So what a stretch alone says
of a grave nature counts too, less a margin a nature (``Thresholds.stretch_margins``) that keeps ordinary mail as quiet as it was.
Where a child seems to write each short paragraph is a stretch too, and what a file is called: a child's worst sentence stands at
the foot of a question about homework. Of adults it is not asked: "please call me on 07700 900123" alone, without the lost coat
before it, is an invitation, and a parent's letter must arrive.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from mailguard.classifier.heads import HEADS, NATURE, columns
from mailguard.domain.message import MessageFacts
from mailguard.domain.words import Nature

LONG_WORDS = 60
STRETCH_WORDS, _STEP_WORDS = 40, 25
# Of what is longer the beginning and the end are read: eight pages and two.
_MOST_WORDS, _LAST_WORDS = 4000, 1000
_FEWEST_WORDS = 3  # of a paragraph or a file's name: "Dear Miss" and "Thanks, Kai" tell nothing
_FIRST_PARAGRAPHS, _LAST_PARAGRAPHS = 40, 10
_SHORT_LINE = 50
_ENDS = (".", "!", "?", "…", '"', ":")
_EXTENSION = re.compile(r"\.\w{1,8}$")
_NO_WORDS = re.compile(r"%20|[^\w'’]+|[\d_]+|(?<=[a-z])(?=[A-Z])")
_MOST_FILES, _NAME_CHARS = 50, 200
_MOST_CHARS = 40_000

# What a few words amid pages may tell; a letter is not private for one sentence in it.
HIDDEN = (
    Nature.DISCLOSURE.value,
    Nature.ALLEGATION.value,
    Nature.THREAT.value,
    Nature.MEETING_OR_SECRECY.value,
    Nature.SOCIAL_INVITE.value,
)
HIDDEN_COLUMNS = [columns(NATURE).start + HEADS[NATURE].index(word) for word in HIDDEN]


def stretches_of(facts: MessageFacts, *, is_childs: bool = False) -> list[MessageFacts]:
    """Overlapping stretches of a long text's own words, without subject, so that every word stands in one; none of a short text.

    ``is_childs``: short paragraphs too, of a text of any length, and the names of attached files.
    """
    found = _windows(facts.own_text)
    if is_childs:
        found += _paragraphs(facts.own_text)
        found += _file_names(facts)
    return [replace(facts, subject="", own_text=text) for text in found]


def _windows(text: str) -> list[str]:
    words = text.split(maxsplit=_MOST_WORDS)
    if len(words) > _MOST_WORDS:
        words = [*words[: _MOST_WORDS - _LAST_WORDS], *text.rsplit(maxsplit=_LAST_WORDS)[-_LAST_WORDS:]]
    if len(words) <= LONG_WORDS:
        return []
    starts = [*range(0, len(words) - STRETCH_WORDS, _STEP_WORDS), len(words) - STRETCH_WORDS]
    return [" ".join(words[start : start + STRETCH_WORDS]) for start in starts]


def _paragraphs(text: str) -> list[str]:
    """Those of a few words, the first ones and the last; none where all is one."""
    found: list[list[str]] = [[]]
    for line in text[:_MOST_CHARS].split("\n"):
        words = line.split(maxsplit=STRETCH_WORDS)
        found[-1].extend(words)
        # HTML has no blank lines; but a line that a program broke is long, and ends within a sentence.
        if found[-1] and (len(line) < _SHORT_LINE or line.rstrip().endswith(_ENDS)):
            found.append([])
    paragraphs = [words for words in found if words]
    if len(paragraphs) == 1:
        return []
    short = [" ".join(words) for words in paragraphs if _FEWEST_WORDS <= len(words) < STRETCH_WORDS]
    if len(short) <= _FIRST_PARAGRAPHS + _LAST_PARAGRAPHS:
        return short
    return [*short[:_FIRST_PARAGRAPHS], *short[-_LAST_PARAGRAPHS:]]


def _file_names(facts: MessageFacts) -> list[str]:
    """Names of several words, as words; those that a camera, a scanner or a program gives hold none."""
    names = (
        _NO_WORDS.sub(" ", _EXTENSION.sub("", each.filename[:_NAME_CHARS])).split()
        for each in facts.attachments[:_MOST_FILES]
    )
    return list(dict.fromkeys(" ".join(words) for words in names if len(words) >= _FEWEST_WORDS))


def raised(
    logits: NDArray[np.floating], of_stretches: NDArray[np.floating], *, margins: Mapping[str, float]
) -> tuple[NDArray[np.floating], dict[int, int]]:
    """``logits`` (columns,) with the natures of ``HIDDEN`` raised to what any stretch (stretches, columns) says less its margin; and of
    each column that was raised the stretch that did it.
    """
    found = logits.copy()
    places = of_stretches[:, HIDDEN_COLUMNS].argmax(axis=0)
    most = of_stretches[places, HIDDEN_COLUMNS] - [margins[word] for word in HIDDEN]
    is_raised = most > found[HIDDEN_COLUMNS]
    found[HIDDEN_COLUMNS] = np.where(is_raised, most, found[HIDDEN_COLUMNS])
    by = {
        column: place
        for column, place, did in zip(HIDDEN_COLUMNS, places.tolist(), is_raised.tolist(), strict=True)
        if did
    }
    return found, by
