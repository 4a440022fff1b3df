"""Text made plain before it is hashed: what a reader sees, without the tricks that hide it from a program.

NFKC, lower case, no invisible characters, look-alike letters in mixed words, addresses and links as kinds of thing;
long numbers, leetspeak, repeated letters and spaced-out words. For the encoder, which has learned words
and no pictures, emoji are called by their Unicode names.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache

import numpy as np
from numpy.typing import NDArray

Codes = NDArray[np.uint32]

SEPARATOR, LETTER, SYMBOL = 0, 1, 2

_INVISIBLE = (
    0xAD,
    0x034F,
    0x061C,
    0x180E,
    0xFEFF,
    *range(0x200B, 0x2010),
    *range(0x202A, 0x202F),
    *range(0x2060, 0x2070),
)
_SELECTORS = range(0xFE00, 0xFE10)
_QUOTES = {
    0x2018: "'",
    0x2019: "'",
    0x201A: "'",
    0x2032: "'",
    0xB4: "'",
    0x201C: '"',
    0x201D: '"',
    0x201E: '"',
}
_DASHES = dict.fromkeys(range(0x2010, 0x2015), "-")
_TIDY = {**dict.fromkeys([*_INVISIBLE, *_SELECTORS]), **_QUOTES, **_DASHES}
_FOREIGN_LETTER = re.compile(r"[\u0370-\u052f]")
_WORD = re.compile(r"[^\W\d_]+")
_LATIN = re.compile(r"[a-z]")
_LOOKALIKES = dict(
    zip(
        map(ord, "аеёіїјкмнорсѕтухһԁԛԝьвαβεηικνορτυχω"),
        "aeeiijkmhopcstyxhdqwbbabeniknoptyxw",
        strict=True,
    )
)
_ONLY_LOOKALIKES = re.compile("[" + "".join(map(chr, _LOOKALIKES)) + "]{2,}")
_LINK = re.compile(r"(?:https?://|www\.)([^\s/<>\"')\]]+)[^\s<>\"')\]]*")
_ADDRESS = re.compile(r"[\w.+'-]+@[\w-]+(?:\.[\w-]+)+")
_RESERVED_ENDING = re.compile(r"\.(?:example|test|invalid|com|co|org|net|uk)\b")

_SYMBOLS = re.compile("[\u2100-\u2bff\U0001f000-\U0001faff]+")
_NAME_WORDS = 4
# Words of Unicode's names that say nothing, and names that are no picture: colours of skin, letters of flags.
_EMPTY_WORDS = frozenset({"heavy", "black", "white", "sign", "symbol"})
_NO_PICTURE = ("EMOJI MODIFIER", "REGIONAL INDICATOR")

# Digits and signs that stand for letters between letters: "h0mew0rk", "sn@p".
_LEET = {ord(sign): ord(letter) for sign, letter in zip("013457@$", "oieastas", strict=True)}


def plain_text(text: str) -> str:
    """One line of lower-case text, single spaces, quotes and dashes of one kind."""
    text = readable(text)
    if "://" in text or "www." in text:
        text = _LINK.sub(_link_words, text)
    if "@" in text:
        text = _ADDRESS.sub(" addressof ", text)
    return " ".join(text.split())


def readable(text: str) -> str:
    """Lower case, without invisible characters and look-alike letters; links and lines stay."""
    if text.isascii():
        return text.lower()
    return _without_lookalikes(unicodedata.normalize("NFKC", text).translate(_TIDY).casefold())


def spoken(text: str) -> str:
    """As the encoder reads it: :func:`plain_codes` as text, and each emoji of a run once, by name ("loudly crying face")."""
    plain = plain_codes(plain_text(text)).astype("<u4").tobytes().decode("utf-32-le", "replace").strip()
    return plain if plain.isascii() else _SYMBOLS.sub(_symbols_named, plain)


def _symbols_named(found: re.Match[str]) -> str:
    return " ".join(["", *map(_symbol_name, dict.fromkeys(found.group(0))), ""])


@cache
def _symbol_name(symbol: str) -> str:
    name = unicodedata.name(symbol, "")
    if name.startswith(_NO_PICTURE):
        return ""
    words = [word for word in name.lower().replace("-", " ").split() if word not in _EMPTY_WORDS]
    return " ".join(words[:_NAME_WORDS])


def _link_words(found: re.Match[str]) -> str:
    return " linkto " + _RESERVED_ENDING.sub("", found.group(1).removeprefix("www.")).replace(".", " ") + " "


def _without_lookalikes(text: str) -> str:
    """Cyrillic and Greek letters read as Latin where they stand in a Latin word, or in a word of nothing else amid Latin."""
    foreign = len(_FOREIGN_LETTER.findall(text))
    if not foreign:
        return text
    mostly_latin = len(_LATIN.findall(text)) > 2 * foreign

    def read(found: re.Match[str]) -> str:
        word = found.group(0)
        mixed = _LATIN.search(word) and _FOREIGN_LETTER.search(word)
        if mixed or (mostly_latin and _ONLY_LOOKALIKES.fullmatch(word)):
            return word.translate(_LOOKALIKES)
        return word

    return _WORD.sub(read, text)


def _kind_table() -> NDArray[np.int8]:
    table = np.zeros(0x20000, dtype=np.int8)
    table[0xAA:] = LETTER
    for first, last in ((0x30, 0x39), (0x61, 0x7A), (0x27, 0x27)):
        table[first : last + 1] = LETTER
    for first, last in ((0xAB, 0xBF), (0xD7, 0xD7), (0x2000, 0x20FF), (0x3000, 0x303F), (0xE000, 0xF8FF)):
        table[first : last + 1] = SEPARATOR
    for first, last in ((0x2100, 0x2BFF), (0x1F000, 0x1FAFF)):
        table[first : last + 1] = SYMBOL
    return table


_KINDS = _kind_table()


def kinds(codes: Codes) -> NDArray[np.int8]:
    """SEPARATOR, LETTER (digits and apostrophes too) or SYMBOL (an emoji is a word of its own) for each code point."""
    return _KINDS[np.minimum(codes, len(_KINDS) - 1)]


_DISGUISED = re.compile(
    # A sign between letters, or two ("b00k"); at the start of a word where three letters follow ("5nap", but not "5th").
    # It begins with the sign: what can only begin so is found at ten times the speed.
    r"[0-9@$](?:(?<=[a-z].)(?:(?=[a-z])|[0-9@$](?=[a-z]))|(?<= .)(?=[a-z]{3}))"
)
_LONG_NUMBER = re.compile(r"[0-9]{3,}")
_SPACED_OUT = re.compile(r"[^a-z](?=[a-z][^a-z\n][a-z][^a-z\n][a-z][^a-z])")


def plain_codes(text: str) -> Codes:
    """Code points of :func:`plain_text`'s answer, with numbers, leetspeak, repetitions and spaced-out words made plain."""
    text = _LONG_NUMBER.sub("00", _DISGUISED.sub(_letters, f" {text} "))
    codes = _not_drawn_out(np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype=np.uint32))
    return _joined(codes) if _SPACED_OUT.search(text) else codes


def _letters(found: re.Match[str]) -> str:
    return found.group().translate(_LEET)


def _not_drawn_out(codes: Codes) -> Codes:
    """No letter or sign more than twice in a row."""
    same = codes[1:] == codes[:-1]
    third = same[1:] & same[:-1]
    if not third.any():
        return codes
    kept = np.ones(len(codes), dtype=bool)
    kept[2:] = ~third
    return codes[kept]


def _joined(codes: Codes) -> Codes:
    """Without the gaps of a word written "s n a p" (at least three letters apart)."""
    letter = (codes >= 97) & (codes <= 122)
    gap = np.zeros(len(codes), dtype=bool)
    gap[2:-2] = ~letter[2:-2] & (codes[2:-2] != 10) & letter[1:-3] & letter[3:-1] & ~letter[:-4] & ~letter[4:]
    lone = np.zeros(len(codes), dtype=bool)
    lone[2:-2] = gap[2:-2] & (gap[:-4] | gap[4:])
    return codes[~lone]
