"""RFC 2047 encoded words and RFC 2231 values, as they should be and as they are."""

from __future__ import annotations

import binascii
import re
from collections.abc import Sequence

from mailguard.reading.charset import clean, decode

# Longer than RFC 2047 allows, because real mailers do not count; bounded, because a search for the end must
# be.
ENCODED_WORD = re.compile(r"=\?([^?\s]{1,60})\?([bBqQ])\?((?:[^?]|\?(?!=)){0,1000})\?=")
_GAP = re.compile(r"[ \t\r\n]*")
_NOT_BASE64 = re.compile(r"[^A-Za-z0-9+/]")
_PERCENT = re.compile(rb"%([0-9A-Fa-f]{2})")


def decode_words(value: str) -> str:
    """``value`` with its encoded words decoded and cleaned; what cannot be decoded stays as it stands."""
    if "=?" not in value:
        return clean(value)
    pieces: list[str] = []
    run: list[bytes] = []
    run_charset = ""
    at = 0
    for match in ENCODED_WORD.finditer(value):
        charset = match.group(1).partition("*")[0].lower()
        content = _word_bytes(match.group(2), match.group(3))
        between = value[at : match.start()]
        at = match.end()
        # RFC 2047 6.2: white space between adjacent words is not shown; equal charsets may split one
        # character.
        is_adjacent = bool(run) and _GAP.fullmatch(between) is not None
        if is_adjacent and charset == run_charset:
            run.append(content)
            continue
        if run:
            pieces.append(decode(b"".join(run), run_charset))
        if not is_adjacent:
            pieces.append(between)
        run, run_charset = [content], charset
    if run:
        pieces.append(decode(b"".join(run), run_charset))
    pieces.append(value[at:])
    return clean("".join(pieces)).replace("\n", " ")


def _word_bytes(encoding: str, content: str) -> bytes:
    if encoding in "qQ":
        raw = content.replace("_", " ").encode("utf-8", "surrogateescape")
        return binascii.a2b_qp(raw.replace(b"= ", b"=20"))
    letters = _NOT_BASE64.sub("", content)
    letters = letters[: len(letters) - (len(letters) % 4 == 1)]
    try:
        return binascii.a2b_base64(letters + "=" * (-len(letters) % 4))
    except binascii.Error:
        return content.encode("utf-8", "replace")


def unquote_extended(sections: Sequence[tuple[bool, str]]) -> str:
    """An RFC 2231 value from its sections in order, as (is extended, content); the first may name the
    charset.
    """
    charset = ""
    pieces: list[bytes] = []
    for index, (is_extended, content) in enumerate(sections):
        if is_extended and index == 0 and content.count("'") >= 2:
            charset, _, content = content.split("'", 2)
        raw = content.encode("utf-8", "surrogateescape")
        pieces.append(
            _PERCENT.sub(lambda match: bytes((int(match.group(1), 16),)), raw) if is_extended else raw
        )
    return clean(decode(b"".join(pieces), charset))
