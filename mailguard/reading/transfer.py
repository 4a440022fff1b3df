"""Content-Transfer-Encoding undone, broken or not: bytes that a reader's program would show. Total and
linear.
"""

from __future__ import annotations

import binascii
import re

_ALPHABET = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/="
_NOT_ALPHABET = bytes(set(range(256)) - set(_ALPHABET))
_SPACE = b" \t\r\n"
_PADDING = re.compile(rb"=+")
_UU_BEGIN = re.compile(rb"(?m)^begin (?:[0-7]{3,4}) ([^\r\n]{1,200})\r?\n")
_IDENTITY = frozenset({"", "7bit", "8bit", "binary", "7-bit", "8-bit", "none", "identity"})


def decode_transfer(data: bytes, encoding: str, *, is_text: bool) -> tuple[bytes, str]:
    """The decoded bytes and a defect ("" when there is none)."""
    encoding = encoding.strip().strip("\"';").lower()
    if encoding in _IDENTITY:
        return data, ""
    if encoding == "base64":
        return _base64(data, is_text=is_text)
    if encoding in ("quoted-printable", "quotedprintable", "quoted-printables"):
        return binascii.a2b_qp(data), ""
    if encoding in ("x-uuencode", "uuencode", "x-uue", "uue"):
        found = _UU_BEGIN.search(data)
        return (uudecode(data[found.end() :])[0], "") if found else (data, "uuencode-broken")
    return data, "unknown-transfer-encoding"


def _base64(data: bytes, *, is_text: bool) -> tuple[bytes, str]:
    packed = data.translate(None, _SPACE)
    letters = packed.translate(None, _NOT_ALPHABET)
    strays = len(packed) - len(letters)
    if is_text and _is_plain_text(data, strays=strays, length=len(packed)):
        # Words in the clear under a false label: programs differ, so the words are kept.
        return data, "base64-broken"
    defect = "base64-broken" if strays else ""
    stripped = letters.rstrip(b"=")
    if b"=" not in stripped:
        return _quads(stripped), defect
    # Several encoded pieces one after the other: what stands after the first padding must not be lost. A few
    # letters there are no such piece.
    first, *others = _PADDING.split(letters)
    return b"".join([_quads(first), *(_quads(piece) for piece in others if len(piece) >= 8)]), "base64-broken"


def _is_plain_text(data: bytes, *, strays: int, length: int) -> bool:
    if not length:
        return False
    inner_spaces = data.strip().count(b" ")
    return strays * 20 > length or (inner_spaces > 2 and inner_spaces * 12 > length)


def _quads(letters: bytes) -> bytes:
    letters = letters[: len(letters) - (len(letters) % 4 == 1)]
    try:
        return binascii.a2b_base64(letters + b"=" * (-len(letters) % 4))
    except binascii.Error:
        return b""


def uudecode(data: bytes) -> tuple[bytes, int]:
    """The bytes of uuencoded lines after "begin", and how much of ``data`` they and "end" take."""
    pieces: list[bytes] = []
    at = 0
    while at < len(data):
        newline = data.find(b"\n", at)
        stop = len(data) if newline < 0 else newline + 1
        line = data[at:stop].rstrip(b"\r\n")
        if line == b"end":
            return b"".join(pieces), stop
        if not line or line[0] < 32 or line[0] > 96:
            if line.strip():
                break
            at = stop
            continue
        try:
            pieces.append(binascii.a2b_uu(line))
        except binascii.Error:
            # Broken encoders miscount: RFC-less practice is to take as many bytes as the first character
            # says.
            wanted = ((line[0] - 32) & 63) * 4 // 3 + 2
            try:
                pieces.append(binascii.a2b_uu(line[:wanted]))
            except binascii.Error:
                break
        at = stop
    return b"".join(pieces), at


def unyenc(data: bytes) -> bytes:
    """The bytes of yEnc lines (between =ybegin and =yend), escapes undone, checksums unread."""
    shifted = bytearray()
    packed = data.translate(None, b"\r\n")
    at = 0
    while at < len(packed):
        escape = packed.find(b"=", at)
        stop = len(packed) if escape < 0 else escape
        shifted += packed[at:stop].translate(_YENC)
        if 0 <= escape < len(packed) - 1:
            shifted.append((packed[escape + 1] - 106) & 255)
        at = stop + 2
    return bytes(shifted)


_YENC = bytes((value - 42) & 255 for value in range(256))
