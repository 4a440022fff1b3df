"""A long text cut into stretches, so that one grave sentence among pages of others is seen.

Over pages a sentence's weight shrinks to nothing, and whoever hides something writes much around it. So what a stretch alone says
of a grave nature counts too, less a margin a nature (``Thresholds.stretch_margins``) that keeps long ordinary mail as quiet as it was.
A short paragraph is a stretch of its own: few words keep company with what comes after them only by where a count of words happened to end.
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
_BLANK_LINES = re.compile(r"\n(?:[ \t]*\n)+")
_FEWEST_WORDS = 3  # of a paragraph: "Dear Miss" and "Thanks, Kai" tell nothing
_FIRST_PARAGRAPHS, _LAST_PARAGRAPHS = 24, 8
_EXTENSION = re.compile(r"\.\w{1,8}$")
_NO_WORDS = re.compile(r"[\d_.()\[\]-]+")
_MOST_FILES = 12

# What a few words amid pages may tell; a letter is not private for one sentence in it.
HIDDEN = (
    Nature.DISCLOSURE.value,
    Nature.ALLEGATION.value,
    Nature.THREAT.value,
    Nature.MEETING_OR_SECRECY.value,
    Nature.SOCIAL_INVITE.value,
)
HIDDEN_COLUMNS = [columns(NATURE).start + HEADS[NATURE].index(word) for word in HIDDEN]


def stretches_of(facts: MessageFacts, *, is_suspect: bool = False) -> list[MessageFacts]:
    """Overlapping stretches of a long text's own words, without subject, so that every word stands in one, then its short paragraphs;
    empty for a short text.

    ``is_suspect``: the paragraphs of a short text too, and what attached files are called: "it is easier to write it down.docx".
    """
    found = [*_windows(facts.own_text)]
    if found or is_suspect:
        found.extend(_paragraphs(facts.own_text))
    if is_suspect:
        found.extend(_file_names(facts))
    return [replace(facts, subject="", own_text=text) for text in found]


def _windows(text: str) -> list[str]:
    words = text.split(maxsplit=_MOST_WORDS)
    if len(words) > _MOST_WORDS:
        words = [*words[: _MOST_WORDS - _LAST_WORDS], *text.rsplit(maxsplit=_LAST_WORDS)[-_LAST_WORDS:]]
    if len(words) <= LONG_WORDS:
        return []
    starts = [*range(0, len(words) - STRETCH_WORDS, _STEP_WORDS), len(words) - STRETCH_WORDS]
    return [" ".join(words[start : start + STRETCH_WORDS]) for start in starts]


def _file_names(facts: MessageFacts) -> list[str]:
    """Names of several words, as words; those that a camera, a scanner or a program gives hold none."""
    names = (_NO_WORDS.sub(" ", _EXTENSION.sub("", each.filename)) for each in facts.attachments[:_MOST_FILES])
    return [
        name for name in dict.fromkeys(" ".join(name.split()) for name in names) if name.count(" ") >= _FEWEST_WORDS
    ]


def _paragraphs(text: str) -> list[str]:
    """Those of a few words, the first ones and the last."""
    paragraphs = _BLANK_LINES.split(text)
    if len(paragraphs) == 1:
        return []
    short = [
        paragraph
        for paragraph in paragraphs
        if _FEWEST_WORDS <= len(paragraph.split(maxsplit=STRETCH_WORDS)) < STRETCH_WORDS
    ]
    if len(short) <= _FIRST_PARAGRAPHS + _LAST_PARAGRAPHS:
        return short
    return [*short[:_FIRST_PARAGRAPHS], *short[-_LAST_PARAGRAPHS:]]


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
