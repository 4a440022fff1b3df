"""End of data and dot transparency."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailguard.adapters.smtp_data import DataDecoder, encode_data

LINES = st.lists(
    st.sampled_from([b"", b".", b"..", b". ", b"a", b".a", b"a.", b"\r", b"\n", b"\0", b".\r", b".\n"]),
    max_size=12,
).map(lambda lines: b"".join(line + b"\r\n" for line in lines))


def decode(pieces: list[bytes]) -> tuple[bytes, bytes | None]:
    decoder, message = DataDecoder(), b""
    for number, piece in enumerate(pieces):
        decoded, rest = decoder.feed(piece)
        message += decoded
        if rest is not None:
            return message, rest + b"".join(pieces[number + 1 :])
    return message, None


@given(message=LINES, cuts=st.lists(st.integers(0, 80), max_size=8), part=st.integers(0, 80))
def test_what_is_encoded_is_decoded_however_it_is_cut(message: bytes, cuts: list[int], part: int) -> None:
    wire = b"".join(encode_data([message[:part], message[part:]])) + b"QUIT\r\n"
    edges = [0, *sorted(cuts), len(wire)]
    pieces = [wire[start:end] for start, end in itertools.pairwise(edges)]
    assert decode(pieces) == (message, b"QUIT\r\n")


@pytest.mark.parametrize(
    "wire", [b"a\n.\nb", b"a\r.\rb", b"a\r\n.\rb\n", b"a\n.\r\nb", b"a\r.\r\nb", b".\n", b".\r"]
)
def test_look_alikes_do_not_end_the_data(wire: bytes) -> None:
    assert decode([wire])[1] is None
    assert decode([bytes([byte]) for byte in wire])[1] is None


def test_a_dot_at_once_is_an_empty_message() -> None:
    assert decode([b".\r\n"]) == (b"", b"")
    assert decode([b".", b"\r", b"\nNOOP\r\n"]) == (b"", b"NOOP\r\n")
    assert b"".join(encode_data([b"", b""])) == b".\r\n"


def test_a_leading_dot_is_undone_even_when_it_was_not_doubled() -> None:
    assert decode([b".a\r\n.\r\n"]) == (b"a\r\n", b"")


def test_large_messages_are_encoded_in_bounded_pieces() -> None:
    pieces = list(encode_data([b".\r\n" * 1_000_000]))
    assert max(map(len, pieces)) < 600_000
    assert b"".join(pieces) == b"..\r\n" * 1_000_000 + b".\r\n"
