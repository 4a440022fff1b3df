"""A notification's text made ready for comparison, without losing how it was written."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

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
# Gateways write "EXTERNAL:" or "*** EXT ***" before what a service wrote.
_GATEWAY = re.compile(
    r"^[*\[<| -]{0,5}(?:external|extern|ext|caution|warning)(?: (?:e-?mail|mail|sender|message))?\s*[:*|>\]-]+\s*",
    re.IGNORECASE,
)
# Vowels written as marks upon letters end many words; Python counts them among no letters.
_MARKS = "\u0300-\u036f\u064b-\u0670\u0900-\u0eff\u1000-\u109f\u1200-\u139f"
_TAIL = re.compile(rf"[\s.…!]*[^\w\s\"')\]?.!,:;@…{_MARKS}]*[\s.…]*$")
_GREETED = re.compile(r"^[^\s,،!:]+\s+(?P<name>[^,،!:]{1,40}?)\s*[,،!:]?$")

# Languages with letters of their own: what is said in them has some of those.
_SCRIPTS = {
    "arabic": ("\u0600-\u06ff\u0750-\u077f\ufb50-\ufdff\ufe70-\ufeff", "ar fa ur ps ckb"),
    "devanagari": ("\u0900-\u097f", "hi ne mr"),
    "bengali": ("\u0980-\u09ff", "bn"),
    "gurmukhi": ("\u0a00-\u0a7f", "pa"),
    "gujarati": ("\u0a80-\u0aff", "gu"),
    "tamil": ("\u0b80-\u0bff", "ta"),
    "telugu": ("\u0c00-\u0c7f", "te"),
    "malayalam": ("\u0d00-\u0d7f", "ml"),
    "sinhala": ("\u0d80-\u0dff", "si"),
    "thai": ("\u0e00-\u0e7f", "th"),
    "ethiopic": ("\u1200-\u139f", "am ti"),
    "hebrew": ("\u0590-\u05ff", "he"),
    "greek": ("\u0370-\u03ff", "el"),
    "cyrillic": ("\u0400-\u052f", "uk ru bg sr mk be kk"),
    "hangul": ("\u1100-\u11ff\uac00-\ud7af", "ko"),
    "han": ("\u3040-\u30ff\u4e00-\u9fff", "zh ja"),
}
SCRIPT_OF: Final = {code: name for name, (_, codes) in _SCRIPTS.items() for code in codes.split()}
_ANY_SCRIPT = re.compile("|".join(f"(?P<{name}>[{letters}])" for name, (letters, _) in _SCRIPTS.items()))


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


def scripts_in(text: str) -> frozenset[str]:
    """The scripts, by the names in ``SCRIPT_OF``, of which some letter is in `text`."""
    if text.isascii():
        return frozenset()
    return frozenset(found.lastgroup for found in _ANY_SCRIPT.finditer(text) if found.lastgroup)


def line_of(text: str) -> Line:
    """One line, cut to a length that patterns can bear."""
    clean = _SPACES.sub(" ", _INVISIBLE.sub("", text)).strip()[:_LINE_CHARS]
    return Line(clean, clean.translate(_FOLD))


def subject_readings(subject: str, names: Sequence[str]) -> tuple[Line, ...]:
    """The subject, then without "[Site]", "(3)" or a picture in front, then without "Dawn, " where Dawn is the recipient."""
    whole = line_of(_GATEWAY.sub("", subject))
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
