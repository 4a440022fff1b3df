"""Showing what must not act: addresses of links that nobody can follow by mistake, and characters that hide.

Pure. Source: the custom of incident reports ("hxxp", "[.]"); Unicode TR36 and TR39 on bidirectional and
invisible characters.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_SHOWN_URL = 400
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]{0,30}:")
# Named as Unicode abbreviates them; what is not here and is a control is shown by its number.
_NAMES = {
    "\u00ad": "soft hyphen",
    "\u061c": "ALM",
    "\u200b": "zero-width space",
    "\u200c": "ZWNJ",
    "\u200e": "LRM",
    "\u200f": "RLM",
    "\u2028": "line separator",
    "\u2029": "paragraph separator",
    "\u202a": "LRE",
    "\u202b": "RLE",
    "\u202c": "PDF",
    "\u202d": "left-to-right override",
    "\u202e": "right-to-left override",
    "\u2060": "word joiner",
    "\u2066": "LRI",
    "\u2067": "RLI",
    "\u2068": "FSI",
    "\u2069": "PDI",
    "\ufeff": "zero-width no-break space",
}
_CONTROLS = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b\u200c\u200e\u200f\u2028\u2029\u202a-\u202e"
    "\u2060-\u2064\u2066-\u206f\ufeff\ufff9-\ufffb\U000e0000-\U000e007f]"
)


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of text to be shown as it is, or (``is_mark``) the name of a character that shows nothing."""

    text: str
    is_mark: bool = False


def defanged(url: str) -> str:
    """As words: hxxps://evil[.]example/path. No program makes a link of it; a person still reads it."""
    shown = "".join(piece.text if not piece.is_mark else f"[{piece.text}]" for piece in visible(url))
    shown = shown[:_SHOWN_URL] + ("…" if len(shown) > _SHOWN_URL else "")
    scheme = _SCHEME.match(shown)
    if scheme is None:
        return shown.replace(".", "[.]")
    name, rest = scheme.group()[:-1], shown[scheme.end() :]
    host, slash, path = rest.lstrip("/").partition("/")
    if name.lower() in ("http", "https"):
        return f"{name.lower().replace('tt', 'xx', 1)}://{host.replace('.', '[.]')}{slash}{path}"
    return f"{name}[:]{rest}".replace("://", "[:]//")


def visible(text: str) -> tuple[Piece, ...]:
    """The text with every control, direction mark and invisible character named where it stands."""
    if not _CONTROLS.search(text):
        return (Piece(text),) if text else ()
    pieces: list[Piece] = []
    at = 0
    for match in _CONTROLS.finditer(text):
        if match.start() > at:
            pieces.append(Piece(text[at : match.start()]))
        character = match.group()
        pieces.append(Piece(_NAMES.get(character, f"U+{ord(character):04X}"), is_mark=True))
        at = match.end()
    if at < len(text):
        pieces.append(Piece(text[at:]))
    return tuple(pieces)


def without_marks(text: str) -> str:
    """The same in one line of plain characters, marks in square brackets."""
    return "".join(f"[{piece.text}]" if piece.is_mark else piece.text for piece in visible(text))
