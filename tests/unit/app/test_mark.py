"""The X-Mailguard mark."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailguard.app import mark

KEY = b"k" * 32
NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
RAW = b"From: a@b.test\r\nSubject: x\r\n\r\nHello.\r\n"
VALUE = mark.make(
    key=KEY,
    mark_id="abc",
    body_digest=mark.body_sha256(RAW),
    recipients=["Teacher@School.test", "other@school.test"],
    expires_at=NOW + timedelta(days=1),
)


def is_valid(
    value: str = VALUE,
    *,
    key: bytes = KEY,
    raw: bytes = RAW,
    recipient: str = "teacher@school.test",
    now: datetime = NOW,
) -> bool:
    return mark.is_valid_for(
        value, key=key, body_digest=mark.body_sha256(raw), recipients=[recipient], now=now
    )


def test_a_mark_is_valid_for_each_of_its_recipients_whatever_the_case() -> None:
    assert is_valid()
    assert is_valid(recipient="OTHER@school.test")


def test_a_mark_is_valid_in_the_folded_header_field_too() -> None:
    field = mark.header_field(VALUE)
    assert field.startswith(b"X-Mailguard: v1 id=abc e=")
    assert field.endswith(b"\r\n")
    assert all(len(line) < 78 for line in field.split(b"\r\n"))
    assert is_valid(field.decode().partition(":")[2])


def test_a_mark_is_not_valid_for_anything_else() -> None:
    assert not is_valid(recipient="third@school.test")
    assert not is_valid(key=b"K" * 32)
    assert not is_valid(raw=RAW.replace(b"Hello", b"hello"))
    assert not is_valid(now=NOW + timedelta(days=1))
    assert not is_valid(VALUE.replace("id=abc", "id=abd"))
    expiry = VALUE.split("e=")[1].split()[0]
    assert not is_valid(VALUE.replace(expiry, str(int(expiry) + 1)))


@pytest.mark.parametrize(
    "value",
    ["", "v1", "v2" + VALUE[2:], VALUE + " x=1", VALUE.partition(" h=")[0], "v1 id=a e=1 h=", "\0" * 99],
)
def test_malformed_marks_are_not_valid(value: str) -> None:
    assert not is_valid(value)


def test_a_mark_says_nothing_but_id_expiry_and_macs() -> None:
    words = VALUE.split()
    assert [word.partition("=")[0] for word in words] == ["v1", "id", "e", "h", "h"]
    assert words[3:] == sorted(words[3:])


@pytest.mark.parametrize(
    "copy",
    [
        b"Received: by x\r\nX-Mailguard: v1\r\n" + RAW,
        RAW + b"\r\n\r\n",
        RAW.replace(b"\r\n", b"\n"),
        RAW.removesuffix(b"\r\n"),
    ],
)
def test_trace_fields_line_ends_and_empty_lines_at_the_end_do_not_matter(copy: bytes) -> None:
    assert is_valid(raw=copy)


def test_messages_without_header_or_body_have_a_digest() -> None:
    assert mark.body_sha256(b"") == mark.body_sha256(b"Subject: x\r\n") == mark.body_sha256(b"\r\n\r\n")
    assert mark.body_sha256(b"\r\nbody") == mark.body_sha256(b"A: b\r\n\r\nbody")
    assert mark.body_sha256(b"A: b\r\n\r\nx" + b"\r\n" * 200_000) == mark.body_sha256(b"\r\nx")


@given(value=st.text(max_size=200), raw=st.binary(max_size=200))
def test_no_bytes_and_no_value_raise(value: str, raw: bytes) -> None:
    assert not is_valid(value, raw=raw)
