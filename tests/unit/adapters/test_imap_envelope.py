"""What a stored message still tells of its envelope, and our own mark on it."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailguard.adapters.imap_envelope import envelope_of, has_own_mark, header_of, seen_key
from mailguard.adapters.imap_settings import ImapAccount, SecretPlace
from mailguard.app import mark

ANN = ImapAccount(
    address="ann@school.test",
    host="imap.school.test",
    password=SecretPlace(environment="X"),
    aliases=("a.smith@school.test",),
)
KEY = b"k" * 32
NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
BODY = b"\r\nHello\r\n"


@pytest.mark.parametrize(
    ("header", "mail_from"),
    [
        (b"Return-Path: <a@x.test>\r\nReturn-Path: <b@x.test>\r\nFrom: c@x.test\r\n", "a@x.test"),
        (b"Return-Path: <>\r\nFrom: c@x.test\r\n", ""),
        (b'Return-Path: ""\r\nFrom: c@x.test\r\n', ""),
        (b"Sender: s@x.test\r\nFrom: c@x.test\r\n", "s@x.test"),
        (b"From: Cee\r\n <c@x.test>\r\n", "c@x.test"),
        (b"From: c@x.test\nTo: ann@school.test\n", "c@x.test"),
        (b"Subject: nobody\r\n", ""),
    ],
)
def test_mail_from_is_return_path_else_sender_else_from(header: bytes, mail_from: str) -> None:
    envelope = envelope_of(header_of(header + BODY), ANN, is_sent_folder=False)
    assert envelope.mail_from == mail_from
    assert envelope.rcpt_tos == ("ann@school.test",)


def test_sent_message_without_recipients_still_has_one() -> None:
    envelope = envelope_of(header_of(b"From: ann@school.test\r\n" + BODY), ANN, is_sent_folder=True)
    assert envelope.rcpt_tos == ("ann@school.test",)


@pytest.mark.parametrize(
    ("recipient", "arrived_at", "is_own"),
    [
        ("ann@school.test", NOW, True),
        ("a.smith@school.test", NOW, True),
        ("bob@school.test", NOW, False),
        ("ann@school.test", NOW + timedelta(days=2), False),
    ],
)
def test_mark_counts_for_own_addresses_until_it_expires(
    recipient: str, arrived_at: datetime, is_own: bool
) -> None:
    raw = b"From: c@x.test\r\n" + BODY
    value = mark.make(
        key=KEY,
        mark_id="m",
        body_digest=mark.body_sha256(raw),
        recipients=[recipient],
        expires_at=NOW + timedelta(days=1),
    )
    marked = b"Received: by x\r\n" + mark.header_field(value) + raw
    assert has_own_mark(header_of(marked), marked, ANN, key=KEY, arrived_at=arrived_at) is is_own
    changed = marked + b"and more\r\n"
    assert not has_own_mark(header_of(changed), changed, ANN, key=KEY, arrived_at=arrived_at)


def test_seen_key_is_the_same_under_other_trace_headers() -> None:
    raw = b"Message-ID: <1@x.test>\r\nFrom: c@x.test\r\n" + BODY
    traced = b"Return-Path: <c@x.test>\r\nReceived: by x\r\n" + raw
    assert seen_key(header_of(raw), raw) == seen_key(header_of(traced), traced)
    other = raw.replace(b"<1@", b"<2@")
    assert seen_key(header_of(raw), raw) != seen_key(header_of(other), other)


@given(st.binary(max_size=400))
def test_no_bytes_make_it_raise(raw: bytes) -> None:
    header = header_of(raw)
    envelope_of(header, ANN, is_sent_folder=False)
    envelope_of(header, ANN, is_sent_folder=True)
    has_own_mark(header, raw, ANN, key=KEY, arrived_at=NOW)
    seen_key(header, raw)
