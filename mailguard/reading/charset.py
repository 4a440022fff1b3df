"""Bytes to text by a charset that may be missing, unknown or false. Total: every input gives text."""

from __future__ import annotations

import codecs
import re
import unicodedata
from functools import lru_cache

# WHATWG: what mail calls Latin-1 or ASCII is in practice windows-1252, and the old CJK names mean their
# supersets.
_ALIASES = {
    "": "utf-8",
    "7bit": "utf-8",
    "8bit": "utf-8",
    "ansi_x3.4-1968": "utf-8",
    "ascii": "utf-8",
    "binary": "utf-8",
    "default": "utf-8",
    "us-ascii": "utf-8",
    "unicode": "utf-8",
    "unicode-1-1-utf-7": "utf-7",
    "unknown": "utf-8",
    "unknown-8bit": "utf-8",
    "x-unknown": "utf-8",
    "utf8": "utf-8",
    "x-utf-8": "utf-8",
    "utf-8-sig": "utf-8",
    "utf8mb4": "utf-8",
    "iso-8859-1": "cp1252",
    "iso8859-1": "cp1252",
    "iso_8859-1": "cp1252",
    "latin1": "cp1252",
    "latin-1": "cp1252",
    "ansi": "cp1252",
    "windows1252": "cp1252",
    "iso-8859-8-i": "iso-8859-8",
    "iso-8859-6-i": "iso-8859-6",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "x-gbk": "gb18030",
    "big5": "big5hkscs",
    "ks_c_5601-1987": "cp949",
    "ks_c_5601": "cp949",
    "euc-kr": "cp949",
    "shift_jis": "cp932",
    "x-sjis": "cp932",
    "iso-2022-jp": "iso2022_jp_ext",
    "windows-31j": "cp932",
    "windows-874": "cp874",
    "x-mac-roman": "mac-roman",
    "macintosh": "mac-roman",
}
# Codecs that are text encodings to Python and none to mail; the IDNA ones take quadratic time.
_REFUSED = frozenset({"idna", "punycode", "unicode_escape", "raw_unicode_escape", "undefined", "mbcs", "oem"})

# What shows nothing: soft hyphen, joiners and spaces of no width, direction marks and overrides, tag
# characters, fillers.
INVISIBLE = (
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164"
    "\ufeff\uffa0"
)
_INVISIBLE = re.compile(f"[{INVISIBLE}\U000e0000-\U000e007f]+")
_INSIDE_WORD = re.compile(f"(?<=\\w)[{INVISIBLE}\U000e0000-\U000e007f]+(?=\\w)")
_BIDI_OVERRIDE = re.compile("[\u202d\u202e]")
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f]+")
_UTF_16_MARKS = (b"\xff\xfe", b"\xfe\xff")
_META = re.compile(rb"<meta[^>]{0,200}charset\s*=\s*[\"']?\s*([A-Za-z0-9_.:-]{1,40})", re.IGNORECASE)


@lru_cache(maxsize=512)
def codec_name(charset: str) -> str | None:
    """The Python codec for a charset as mail names it, None when there is none that may be used."""
    name = charset.strip().strip("\"'").lower()
    name = _ALIASES.get(name, name)
    if not name.isascii() or not 0 < len(name) <= 40 or "\0" in name:
        return None
    try:
        found = codecs.lookup(name)
    except (LookupError, ValueError):
        return None
    if found.name in _REFUSED or not getattr(found, "_is_text_encoding", True):
        return None
    return found.name


def _is_utf_16(data: bytes, charset: str) -> bool:
    """A byte order mark alone proves nothing: two bytes before a From field or a text would hide all of it."""
    return charset.lower().startswith("utf-16") or data.count(0) * 4 >= len(data)


def decode(data: bytes, charset: str = "") -> str:
    """Text of ``data``; where the charset is unknown or false UTF-8 if it fits, else windows-1252."""
    if (
        data.isascii()
        and b"\x1b" not in data
        and not charset.lower().startswith(("utf-7", "utf-16", "utf-32", "unicode", "hz"))
    ):
        return data.decode("ascii")
    if data.startswith(_UTF_16_MARKS) and _is_utf_16(data, charset):
        return data.decode("utf-16", "replace")
    if data.startswith(b"\xef\xbb\xbf"):
        data = data[3:]
    name = codec_name(charset)
    if name is None:
        name = "utf-8"
    elif name != "utf-8":
        # A part that says Latin-1 and is well-formed UTF-8 with 8-bit bytes is UTF-8: chance does not make
        # such bytes.
        if name == "cp1252":
            try:
                return data.decode("utf-8")
            except UnicodeDecodeError:
                return data.decode("cp1252", "replace")
        try:
            return data.decode(name, "replace")
        except (LookupError, ValueError):
            name = "utf-8"
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        broken = data.decode("utf-8", "replace")
        has_multibyte = any(character > "\x7f" and character != "\ufffd" for character in broken[:20_000])
        return broken if has_multibyte else data.decode("cp1252", "replace")


def html_charset(data: bytes, declared: str) -> str:
    """The charset of an HTML part: the declared one, else the one its meta element names."""
    if declared and codec_name(declared) is not None:
        return declared
    found = _META.search(data[:2048])
    return found.group(1).decode("ascii") if found else declared


def clean(text: str) -> str:
    """NFC, without controls and characters that show nothing; line ends as "\\n"."""
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    text = _CONTROL.sub("", text)
    if text.isascii():
        return text
    text = _INVISIBLE.sub("", text)
    # A lone surrogate would fail in every later encode.
    text = text.encode("utf-8", "replace").decode("utf-8")
    return text if unicodedata.is_normalized("NFC", text) else unicodedata.normalize("NFC", text)


def evasions(text: str) -> list[str]:
    """Defects that say somebody broke words up on purpose: invisible characters inside words, direction
    overrides.
    """
    if text.isascii():
        return []
    found = []
    if len(_INSIDE_WORD.findall(text, 0, 50_000)) >= 2:
        found.append("zero-width")
    if _BIDI_OVERRIDE.search(text):
        found.append("bidi-override")
    return found
