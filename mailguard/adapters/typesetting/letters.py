"""Which characters the typesetter's own fonts can show, and what stands for the others.

PDF/A forbids a character without a glyph, and what strangers write may hold any: emoji, other scripts, marks
that turn the direction of reading. Those are named, so that a reader sees that something stood there; the text
files of a pack have the characters themselves.
"""

from __future__ import annotations

import unicodedata

# Every character in these that exists has a glyph in Libertinus Serif or DejaVu Sans Mono (a test sets them all).
SHOWN_RANGES = (
    (0x20, 0x7E), (0xA0, 0xAC), (0xAE, 0x24F), (0x370, 0x4FF), (0x1E00, 0x1EFF), (0x2010, 0x2027),
    (0x2030, 0x2040), (0x2044, 0x2052), (0x20A0, 0x20BF), (0x2100, 0x211E), (0x2126, 0x214F),
    (0x2190, 0x22FF), (0x2500, 0x262F),
)  # fmt: skip
_LONGEST_NAMED = 3


def is_shown(letter: str) -> bool:
    """Line ends count as shown; tabs do not."""
    code = ord(letter)
    return letter == "\n" or (
        any(first <= code <= last for first, last in SHOWN_RANGES) and unicodedata.category(letter) != "Cn"
    )


def printable(text: str) -> str:
    """``text`` with what cannot be shown named in brackets: ``[grinning face]``, ``[Arabic: 12 letters]``."""
    if all(map(is_shown, text)):
        return text
    composed = unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\t", "    "))
    pieces: list[str] = []
    hidden = ""
    for letter in composed:
        if is_shown(letter):
            if hidden and letter != " ":
                pieces.append(_named(hidden))
                hidden = ""
            elif hidden:
                # A blank between two hidden words belongs to them when more follows.
                hidden += letter
                continue
            pieces.append(letter)
        else:
            hidden += letter
    if hidden:
        pieces.append(_named(hidden))
    return "".join(pieces)


def _named(letters: str) -> str:
    """Words for a run of characters that cannot be shown; blanks at its end are kept."""
    run = letters.rstrip(" ")
    blanks = letters[len(run) :]
    visible = [letter for letter in run if letter != " " and unicodedata.category(letter) != "Mn"]
    if not visible:
        return f"[{_name(run[:1])}]{blanks}" if run else blanks
    if len(visible) <= _LONGEST_NAMED or not all(
        unicodedata.category(each).startswith("L") for each in visible
    ):
        words = [_name(letter) for letter in visible[:_LONGEST_NAMED]]
        more = len(visible) - len(words)
        return f"[{', '.join(words)}{f' and {more} more' if more > 0 else ''}]{blanks}"
    script = unicodedata.name(visible[0], "OTHER").split()[0].capitalize()
    return f"[{'Chinese' if script == 'Cjk' else script}: {len(visible)} letters]{blanks}"


def _name(letter: str) -> str:
    return unicodedata.name(letter, f"U+{ord(letter):04X}").lower()
