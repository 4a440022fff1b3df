"""Words are cut into the longest known pieces; what cannot be cut is one unknown."""

import pytest

from mailguard.classifier.wordpiece import WordPieces

_VOCABULARY = {
    piece: number
    for number, piece in enumerate(
        ["[UNK]", "home", "##work", "##w", "##ork", "h", "##o", "cafe", "?", "!", "'", "s"]
    )
}


@pytest.fixture
def pieces() -> WordPieces:
    return WordPieces(_VOCABULARY, unknown=0)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("homework", ["home", "##work"]),
        ("ho", ["h", "##o"]),
        ("home?!", ["home", "?", "!"]),
        ("home's", ["home", "'", "s"]),
        ("café", ["cafe"]),
        ("zzz home", ["[UNK]", "home"]),
        ("", []),
        (" \n\t ", []),
    ],
)
def test_the_longest_piece_comes_first(pieces: WordPieces, text: str, expected: list[str]):
    assert pieces.numbers(text, most=50) == [_VOCABULARY[piece] for piece in expected]


def test_no_more_pieces_than_asked_for(pieces: WordPieces):
    assert len(pieces.numbers("homework " * 100, most=7)) == 7


def test_an_absurdly_long_word_is_one_unknown(pieces: WordPieces):
    assert pieces.numbers("home" * 10_000, most=50) == [0]


def test_control_characters_are_not_seen(pieces: WordPieces):
    assert pieces.numbers("ho\u200bme\u0000work", most=50) == pieces.numbers("homework", most=50)
