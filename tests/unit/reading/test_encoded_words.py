from __future__ import annotations

import pytest

from mailguard.reading.encoded_words import decode_words
from mailguard.reading.fields import read_parameters


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("plain", "plain"),
        ("=?utf-8?q?caf=C3=A9?=", "café"),
        ("=?UTF-8?B?Y2Fmw6k=?=", "café"),
        ("=?utf-8?B?Y2Fmw6k?=", "café"),
        ("=?iso-8859-1?q?caf=E9?= au lait", "café au lait"),
        ("=?utf-8?q?a?= =?utf-8?q?b?=", "ab"),
        ("=?utf-8?q?caf=C3?=\r\n =?utf-8?q?=A9?=", "café"),
        ("=?utf-8?q?a?= and =?utf-8?q?b?=", "a and b"),
        ("=?utf-8*en?q?a?=", "a"),
        ("=?no-such-charset?q?caf=C3=A9?=", "café"),
        ("=?utf-8?q?Are you there??=", "Are you there?"),
        ("=?utf-8?B?!!!!?= two", " two"),
        ("=?utf-8?x?abc?=", "=?utf-8?x?abc?="),
        ("=?utf-8?q?unfinished", "=?utf-8?q?unfinished"),
        ("=?utf-8?q?a=0D=0ABcc:_b?=", "a Bcc: b"),
        ("=?utf-7?q?+AGEAYg-?=", "ab"),
    ],
)
def test_encoded_words_are_decoded_as_programs_show_them(value: str, expected: str) -> None:
    assert decode_words(value) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ('attachment; filename="a;b.txt"', "a;b.txt"),
        ("attachment; filename=a.txt; x=y", "a.txt"),
        ('attachment; filename="a\\"b.txt"', 'a"b.txt'),
        ("attachment; filename*=utf-8''caf%C3%A9.txt", "café.txt"),
        ("attachment; filename*0=one; filename*1=two.txt", "onetwo.txt"),
        ("attachment; filename*0*=utf-8''caf%C3; filename*1*=%A9.txt", "café.txt"),
        ('attachment; filename="=?utf-8?q?caf=C3=A9.txt?="', "café.txt"),
        ('attachment; filename="open; x=y', "open"),
        ("attachment; filename", ""),
        ("attachment; filename*=nonsense", "nonsense"),
    ],
)
def test_parameters_are_read_however_broken(value: str, expected: str) -> None:
    assert read_parameters(value).names.get("filename", "") == expected


@pytest.mark.timeout(10)
def test_hostile_values_take_linear_time() -> None:
    read_parameters("x" + ';a="' * 20_000)
    read_parameters("x" + "; filename*0*=" * 5_000)
    decode_words("=?a?q?" * 20_000)
