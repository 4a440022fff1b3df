from __future__ import annotations

import pytest

from mailguard.reading.charset import clean, decode, evasions


@pytest.mark.parametrize(
    ("data", "charset", "expected"),
    [
        (b"plain", "us-ascii", "plain"),
        ("café".encode(), "utf-8", "café"),
        ("café".encode(), "us-ascii", "café"),
        ("café".encode(), "iso-8859-1", "café"),
        (b"caf\xe9", "utf-8", "café"),
        (b"caf\xe9", "", "café"),
        (b"caf\xe9 \x80", "iso-8859-1", "café €"),
        (b"caf\xe9", "no-such", "café"),
        (b"caf\xe9", "rot13", "café"),
        (b"caf\xe9", "idna", "café"),
        (b"x", "utf-8\0", "x"),
        (b"+AGEAYg-", "utf-7", "ab"),
        ("日本".encode("iso2022_jp"), "iso-2022-jp", "日本"),
        ("日本".encode("shift_jis"), "Shift_JIS", "日本"),
        ("привет".encode("koi8-r"), "koi8-r", "привет"),
        ("中文".encode("gb18030"), "gb2312", "中文"),
        ("café".encode("utf-16"), "", "café"),
        ("日本".encode("utf-16"), "utf-16", "日本"),
        (b"\xff\xfe <x@y.example>", "", "ÿþ <x@y.example>"),
        (b"\xfe\xffplease help me", "utf-8", "þÿplease help me"),
        (b"\xef\xbb\xbfcaf\xc3\xa9", "windows-1252", "café"),
    ],
)
def test_text_comes_out_whatever_the_charset_says(data: bytes, charset: str, expected: str) -> None:
    assert decode(data, charset) == expected


def test_cleaning_removes_what_shows_nothing_and_composes() -> None:
    assert clean("sn\u200bap\u00ad ca\u0065\u0301\u202e x\0\x07\r\ny") == "snap caé x\ny"


def test_invisible_characters_inside_words_are_noted_and_joiners_between_emoji_are_not() -> None:
    assert evasions("sn\u200bap ch\u200bat") == ["zero-width"]
    assert evasions("👩\u200d👧 👩\u200d👧 a\u202eb") == ["bidi-override"]
    assert evasions("plain") == []
