"""Line ends on the wire."""

import email

from hypothesis import given
from hypothesis import strategies as st

from mailguard.app.newlines import has_bare_newline, to_crlf

LINES = st.lists(st.sampled_from([b"\r", b"\n", b"\r\n", b"a", b": ", b"B", b" "]), max_size=30).map(b"".join)


def test_a_message_with_crlf_only_is_left_as_the_same_object() -> None:
    raw = b"a\r\n\r\nb\r\n"
    assert to_crlf(raw) is raw


@given(raw=LINES)
def test_every_cr_lf_and_crlf_ends_one_line(raw: bytes) -> None:
    wire = to_crlf(raw)
    assert not has_bare_newline(wire)
    assert to_crlf(wire) is wire
    assert wire.splitlines() == raw.splitlines()


@given(raw=LINES)
def test_a_reader_sees_the_same_header_in_what_was_received_and_in_what_is_delivered(raw: bytes) -> None:
    received, delivered = email.message_from_bytes(raw), email.message_from_bytes(to_crlf(raw))
    assert [(name, value.split()) for name, value in received.items()] == [
        (name, value.split()) for name, value in delivered.items()
    ]
