"""A notification's text made ready for comparison, without losing how it was written."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

_INVISIBLE = re.compile(
    "[\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff\ufe00-\ufe0f]"
)
_SPACES = re.compile(r"\s+")
_FOLD = str.maketrans(
    {
        **dict.fromkeys("“”„‟«»「」『』＂〝〞″", '"'),
        **dict.fromkeys("‘’‚‛`´′ʼʹ＇", "'"),
        **dict.fromkeys("‐‑‒", "-"),
        "！": "!",
        "：": ":",
        "，": ",",
        "（": "(",
        "）": ")",
        "？": "?",
    }
)
_LINE_CHARS = 400
_PREFIX = re.compile(
    r"^(?:\[[^\]]{1,60}\]\s*|\(\d{1,3}\)\s*|(?:re|fwd?|aw|tr|rv)\s*:\s*|[^\w\s\"'@(\[#]+\s*)+", re.IGNORECASE
)
_TAIL = re.compile(r"[\s.…!]*[^\w\s\"')\]?.!,:;@…]*[\s.…]*$")
_GREETED = re.compile(r"^[^\s,،!:]+\s+(?P<name>[^,،!:]{1,40}?)\s*[,،!:]?$")


@dataclass(frozen=True, slots=True)
class Line:
    """``text`` as written but for invisible characters and runs of spaces; ``folded`` is as long, with plain marks."""

    text: str
    folded: str


@dataclass(frozen=True, slots=True)
class NotificationText:
    """``subjects``: the subject and its readings without prefix or the recipient's name, fullest first.

    ``lines``: of the body down to its footer. ``greeted``: how the recipient is addressed, "" when not.
    """

    subjects: tuple[Line, ...]
    lines: tuple[Line, ...]
    greeted: tuple[str, ...]
    has_footer: bool


def line_of(text: str) -> Line:
    """One line, cut to a length that patterns can bear."""
    clean = _SPACES.sub(" ", _INVISIBLE.sub("", text)).strip()[:_LINE_CHARS]
    return Line(clean, clean.translate(_FOLD))


def subject_readings(subject: str, names: Sequence[str]) -> tuple[Line, ...]:
    """The subject, then without "[Site]", "(3)" or a picture in front, then without "Dawn, " where Dawn is the recipient."""
    whole = line_of(subject)
    readings = [whole.text]
    bare = _PREFIX.sub("", whole.text)
    if bare and bare != whole.text:
        readings.append(bare)
    head, comma, rest = bare.partition(", ")
    if comma and rest and head.casefold() in {name.casefold() for name in names if name}:
        readings.insert(0, rest)
    trimmed = [_TAIL.sub("", reading) or reading for reading in readings]
    return tuple(line_of(text) for text in dict.fromkeys([*trimmed, *readings]))


def greeted_name(line: Line) -> str:
    """The name in "Hi Dawn,", "" when there is none."""
    match = _GREETED.match(line.folded)
    return line.text[match.start("name") : match.end("name")].strip() if match else ""
