"""Which words moved the encoder: exact shares, put together to phrases that a person can read."""

import numpy as np
import pytest

from mailguard.classifier.encoder import MOST_PIECES, Encoder
from mailguard.classifier.encoder_reasons import phrases, words_read
from mailguard.classifier.heads import COLUMNS
from mailguard.classifier.registry import open_classifier
from mailguard.domain.message import MessageFacts
from tests.unit.classifier.test_encoder import encoder_of_chance


@pytest.fixture(scope="module")
def encoder() -> Encoder:
    return encoder_of_chance()


def test_the_shares_of_all_pieces_are_the_whole_answer(encoder: Encoder):
    states = encoder.states(encoder.numbers("homework", "where is my homework sir?"))
    margins = encoder.margins_of(states)
    for column in range(COLUMNS):
        total = encoder.shares(states, column).sum() + encoder.head_bias[column]
        assert total == pytest.approx(margins[column], abs=1e-4)


@pytest.mark.parametrize("body", ["where is my homework sir?", "", f"where {'is ' * 500} homework ?"])
def test_every_piece_that_is_read_belongs_to_a_word(encoder: Encoder, body: str):
    words, places, _ = words_read(encoder, "homework", body)
    numbers = encoder.numbers("homework", body)
    assert len(places) == len(numbers) <= MOST_PIECES
    for place, number in zip(places, numbers.tolist(), strict=True):
        if place >= 0:
            assert number in encoder.pieces.numbers(words[place], most=MOST_PIECES)


def test_words_that_stand_together_become_a_phrase_and_are_said_once():
    words = ["he", "locks", "me", "in,", "every", "day"]
    shares = np.array([0, 0.5, 2.0, 2.0, 2.0, 0.1, 0.2, 0], dtype=np.float32)
    found = phrases(words, [-1, 0, 1, 2, 3, 4, 5, -1], shares, ends=frozenset(), most=2)
    assert found == ("locks me in",)
    assert phrases([], [], np.zeros(0, dtype=np.float32), ends=frozenset({-1}), most=3) == ()


def test_no_phrase_goes_on_over_a_full_stop_or_from_the_subject_into_the_text(encoder: Encoder):
    words, _, ends = words_read(encoder, "maths", "hiya sir. he hits me and so on all day long")
    assert words[:6] == ["maths", "hiya", "sir.", "he", "hits", "me"]
    assert ends == {0, 2}
    shares = np.array([3.0] * 5 + [0.0] * (len(words) - 5), dtype=np.float32)
    found = phrases(words, list(range(len(words))), shares, ends=ends, most=3)
    assert set(found) == {"maths", "hiya sir", "he hits"}


def test_the_shipped_model_says_the_words_of_a_disclosure():
    text = "Miss I dont want to go home tonight. My stepdad locks me in the shed when mum works late and im scared."
    scores = open_classifier().predict(
        MessageFacts(sha256="", content_sha256="", size_bytes=0, own_text=text)
    )
    said = " ".join(scores.reasons["nature.disclosure"])
    assert any(word in said for word in ("stepdad", "locks", "scared", "home"))
