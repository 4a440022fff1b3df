"""A text cut into stretches, so that one grave sentence among pages of others is seen.

Over pages a sentence's weight shrinks to nothing, and whoever hides something writes much around it. So what a stretch alone says
of a grave nature counts too, less a margin a nature (``Thresholds.stretch_margins``) that keeps ordinary mail as quiet as it was.
Where a child seems to write each short paragraph is a stretch too, and what a file is called: a child's worst sentence stands at
the foot of a question about homework. Of adults it is not asked: "please call me on 07700 900123" alone, without the lost coat
before it, is an invitation, and a parent's letter must arrive.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
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
_FEWEST_WORDS = 3  # of a paragraph: "Dear Miss" and "Thanks, Kai" tell nothing
_FEWEST_IN_NAME = 2
_FIRST_PARAGRAPHS, _LAST_PARAGRAPHS = 40, 10
_SHORT_LINE = 50
_BROKEN_LINE = 80
_ENDS = (".", "!", "?", "…", ":", ";", "。", "؟", "۔", "।")
_CLOSING = " \t\"'”’)»"
_EXTENSION = re.compile(r"\.\w{1,8}$")
_NO_WORDS = re.compile(r"%20|[^\w'’]+|[\d_]+|(?<=[a-z])(?=[A-Z])")
_MOST_FILES, _NAME_CHARS = 50, 200
_MOST_CHARS, _LAST_CHARS = 40_000, 10_000

# What a few words amid pages may tell; a letter is not private for one sentence in it.
HIDDEN = (
    Nature.DISCLOSURE.value,
    Nature.ALLEGATION.value,
    Nature.THREAT.value,
    Nature.MEETING_OR_SECRECY.value,
    Nature.SOCIAL_INVITE.value,
)
HIDDEN_COLUMNS = [columns(NATURE).start + HEADS[NATURE].index(word) for word in HIDDEN]


def stretches_of(facts: MessageFacts) -> list[MessageFacts]:
    """Overlapping stretches of a long text's own words, without subject, so that every word stands in one; empty for a short text."""
    return _each_alone(facts, _windows(facts.own_text))


def asides_of(facts: MessageFacts) -> list[MessageFacts]:
    """Short paragraphs of a text of any length, and the names of attached files, each alone."""
    return _each_alone(facts, [*_paragraphs(facts.own_text), *_file_names(facts)])


def _each_alone(facts: MessageFacts, texts: Iterable[str]) -> list[MessageFacts]:
    return [replace(facts, subject="", own_text=text) for text in texts]


def _windows(text: str) -> list[str]:
    words = text.split(maxsplit=_MOST_WORDS)
    if len(words) > _MOST_WORDS:
        words = [*words[: _MOST_WORDS - _LAST_WORDS], *text.rsplit(maxsplit=_LAST_WORDS)[-_LAST_WORDS:]]
    if len(words) <= LONG_WORDS:
        return []
    starts = [*range(0, len(words) - STRETCH_WORDS, _STEP_WORDS), len(words) - STRETCH_WORDS]
    return [" ".join(words[start : start + STRETCH_WORDS]) for start in starts]


def _paragraphs(text: str) -> list[str]:
    """Those of a few words, the first ones and the last; none where all is one.

    Of a text that a program broke into lines, a line that is short or ends a sentence ends a paragraph; of others every line does, for
    HTML has no blank ones.
    """
    if len(text) > _MOST_CHARS:
        text = f"{text[: _MOST_CHARS - _LAST_CHARS]}\n{text[-_LAST_CHARS:]}"
    lines = text.split("\n")
    is_broken = max(map(len, lines)) <= _BROKEN_LINE
    found: list[list[str]] = [[]]
    for line in lines:
        found[-1].extend(line.split(maxsplit=STRETCH_WORDS))
        if found[-1] and (not is_broken or len(line) < _SHORT_LINE or line.rstrip(_CLOSING).endswith(_ENDS)):
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
    return list(dict.fromkeys(" ".join(words) for words in names if len(words) >= _FEWEST_IN_NAME))


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
