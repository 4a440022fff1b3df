"""Letters that look alike or mean the same, folded to one: case, accents, other alphabets, digits.

Source: Unicode TR 39 (confusable characters), cut down by hand to what stands for a Latin letter in a name.
"""

from __future__ import annotations

import re
import unicodedata

_APOSTROPHES = "'’‘ʼʹ′`´ʻ＇"
_POSSESSIVE = re.compile(rf"[{_APOSTROPHES}]s(?![^\W_])", re.IGNORECASE)


def _twins(*pairs: str) -> dict[str, str]:
    """Each pair is "letters=theirs", letter by letter."""
    twins: dict[str, str] = {}
    for pair in pairs:
        theirs, _, ours = pair.partition("=")
        twins.update(zip(theirs, ours, strict=True))
    return twins


# Before case folding: a capital and its small letter can look like different Latin letters (Н is H, η is n).
_LOOKALIKES = str.maketrans(
    {
        **_twins(
            "АВЕЁЅІЇЈКМНОРСТУХЗЬԌԚԜӀ=ABEESIIJKMHOPCTYX3bGQWI",
            "авеёѕіїјкмнорстухгпиԁԍԛԝһӏѵь=abeesiijkmhopctyxrnudgqwhlvb",
            "ΑΒΕΖΗΙΚΜΝΟΡΤΥΧ=ABEZHIKMNOPTYX",
            "αβγεζηικνορτυχω=abyeznikvoptuxw",
            "օոսհքց=onuhqg",
            "ᴀʙᴄᴅᴇꜰɢʜɪᴊᴋʟᴍɴᴏᴘʀꜱᴛᴜᴠᴡʏᴢ=abcdefghijklmnoprstuvwyz",
            "ɑɡıɩȷøØłŁđĐħŧəƏɓɗƙƴ=agiijoOlLdDhteEbdky",
            "$€=se",
        ),
        "æ": "ae", "Æ": "ae", "œ": "oe", "Œ": "oe", "þ": "th", "Þ": "th", "ð": "d", "Ð": "d",
        **{chr(0x1F150 + place): chr(0x41 + place) for place in range(26)},
        **{chr(0x1F170 + place): chr(0x41 + place) for place in range(26)},
        **{chr(0x1F1E6 + place): chr(0x41 + place) for place in range(26)},
        **dict.fromkeys(_APOSTROPHES, ""),
    }
)  # fmt: skip
_UMLAUTS = str.maketrans(
    {
        "ä": "ae",
        "ö": "oe",
        "ü": "ue",
        "å": "aa",
        "ø": "oe",
        "Ä": "ae",
        "Ö": "oe",
        "Ü": "ue",
        "Å": "aa",
        "Ø": "oe",
    }
)
_LEET = str.maketrans("0134578962", "oieastbggz")
_LEET_L = str.maketrans("0134578962", "oleastbggz")
# Not the "@" of an address: a dot follows there.
_MARK_AS_LETTER = re.compile(r"(?<=[^\W\d_])(?:[!|](?=[^\W\d_])|@(?=[^\W\d_]+(?![\w.@-])))")
_MARKS = {"@": "a", "!": "i", "|": "l"}


def fold_letters(text: str) -> str:
    """Lower case Latin letters as a reader sees them, without accents, apostrophes, invisible characters."""
    if text.isascii():
        return text.replace("'", "").replace("`", "").lower()
    decomposed = unicodedata.normalize("NFKD", unicodedata.normalize("NFC", text).translate(_LOOKALIKES))
    shown = "".join(letter for letter in decomposed if not _is_invisible(letter))
    # Twice: some letters are look-alikes only when small (Ω, ω).
    return shown.translate(_LOOKALIKES).casefold().translate(_LOOKALIKES)


def _is_invisible(letter: str) -> bool:
    return letter > "\x7f" and unicodedata.category(letter) in ("Mn", "Me", "Cf")


def umlaut_spellings(text: str) -> tuple[str, ...]:
    """The text, and where it has umlauts the text as written without them: "Müller" and "Mueller"."""
    if text.isascii():
        return (text,)
    expanded = unicodedata.normalize("NFC", text).translate(_UMLAUTS)
    return (text,) if expanded == text else (text, expanded)


def fold_spellings(word: str) -> tuple[str, ...]:
    """The folded word, with umlauts dropped and with umlauts spelt out."""
    return tuple(dict.fromkeys(map(fold_letters, umlaut_spellings(word))))


def read_marks(text: str) -> str:
    """``j@yden`` as ``jayden``: signs between letters that stand for a letter. Possessive endings are cut."""
    return _POSSESSIVE.sub("", _MARK_AS_LETTER.sub(lambda mark: _MARKS[mark.group()], text))


def leet_readings(word: str, *, keep_ends: bool = False) -> tuple[str, ...]:
    """The words a folded word may stand for when its digits are read as letters; itself when it has none.

    Digits at the ends are years and numbers and are cut, unless ``keep_ends``; reading them too comes second.
    """
    if word.isalpha() or word.isdigit():
        return (word,)
    readings: dict[str, None] = {}
    bare = word if keep_ends else word.strip("0123456789")
    for candidate in (bare, word):
        for table in (_LEET, _LEET_L):
            readings[candidate.translate(table)] = None
    return tuple(readings)
