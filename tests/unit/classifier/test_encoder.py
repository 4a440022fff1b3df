"""The encoder reads subject and words within its bounds, refuses what does not fit, and is asked only where it may matter."""

from dataclasses import dataclass, field, replace

import numpy as np
import pytest

from mailguard.classifier.artefact import open_classifier
from mailguard.classifier.encoder import (
    HEADS_COUNT,
    MOST_PIECES,
    Encoder,
    EncoderRefused,
    encoder_of,
    quantised,
)
from mailguard.classifier.encoder_reasons import words_read
from mailguard.classifier.heads import COLUMNS
from mailguard.classifier.predict import LinearClassifier
from mailguard.domain.message import MessageFacts

_WIDTH = 2 * HEADS_COUNT
_PIECES = ("[UNK]", "[CLS]", "[SEP]", "home", "##work", "sir", "where", "is", "my", ".", "?")


def _arrays(**changes: np.ndarray) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(7)

    def some(*shape: int) -> np.ndarray:
        return rng.normal(scale=0.2, size=shape).astype(np.float32)

    embeddings, scales = quantised(some(len(_PIECES), _WIDTH), per_deviation=6.0)
    arrays = {
        "vocabulary": np.frombuffer("\n".join(_PIECES).encode(), dtype=np.uint8),
        "layers": np.array(2),
        "embeddings": embeddings,
        "embedding_scales": scales,
        "positions": some(MOST_PIECES, _WIDTH),
        "embedding_norm": np.stack([np.ones(_WIDTH), np.zeros(_WIDTH)]).astype(np.float32),
        "head": some(2 * _WIDTH, COLUMNS),
        "head_bias": some(COLUMNS),
    }
    for layer in range(2):
        for name, (out, into) in {
            "query_key_value": (3 * _WIDTH, _WIDTH),
            "attention_out": (_WIDTH, _WIDTH),
            "wide": (4 * _WIDTH, _WIDTH),
            "narrow": (_WIDTH, 4 * _WIDTH),
        }.items():
            arrays[f"{layer}.{name}"], arrays[f"{layer}.{name}.scales"] = quantised(
                some(out, into), per_deviation=13.0
            )
            arrays[f"{layer}.{name}_bias"] = some(out)
        for name in ("attention_norm", "output_norm"):
            arrays[f"{layer}.{name}"] = np.stack([np.ones(_WIDTH), np.zeros(_WIDTH)]).astype(np.float32)
    return {**arrays, **changes}


def encoder_of_chance() -> Encoder:
    """Two layers of random numbers over a vocabulary of a few words."""
    return encoder_of(_arrays(), columns=COLUMNS)


@pytest.fixture(scope="module")
def encoder() -> Encoder:
    return encoder_of_chance()


def _by_hand(encoder: Encoder, numbers: np.ndarray) -> np.ndarray:
    """The same arithmetic piece by piece and head by head, in double precision."""

    def normed(row: np.ndarray, norm: np.ndarray) -> np.ndarray:
        said: np.ndarray = (row - row.mean()) / np.sqrt(row.var() + 1e-12) * norm[0] + norm[1]
        return said

    rows = [
        normed(
            encoder.embeddings[number].astype(float) * encoder.embedding_scales[number]
            + encoder.positions[place],
            encoder.embedding_norm,
        )
        for place, number in enumerate(numbers)
    ]
    each = _WIDTH // HEADS_COUNT
    for layer in encoder.layers:
        mixed = [row @ layer.query_key_value + layer.query_key_value_bias for row in rows]
        after = []
        for place, row in enumerate(rows):
            heard = np.zeros(_WIDTH)
            for head in range(HEADS_COUNT):
                part = slice(head * each, (head + 1) * each)
                query = mixed[place][:_WIDTH][part]
                scores = np.array([query @ other[_WIDTH : 2 * _WIDTH][part] / each**0.5 for other in mixed])
                shares = np.exp(scores - scores.max())
                shares /= shares.sum()
                heard[part] = sum(
                    share * other[2 * _WIDTH :][part] for share, other in zip(shares, mixed, strict=True)
                )
            state = normed(row + heard @ layer.attention_out + layer.attention_out_bias, layer.attention_norm)
            wide = state @ layer.wide + layer.wide_bias
            wide = 0.5 * wide * (1 + np.tanh(np.sqrt(2 / np.pi) * (wide + 0.044715 * wide**3)))
            after.append(normed(state + wide @ layer.narrow + layer.narrow_bias, layer.output_norm))
        rows = after
    table = np.array(rows)
    said: np.ndarray = (
        np.concatenate([table.mean(axis=0), table.max(axis=0)]) @ encoder.head + encoder.head_bias
    )
    return said


def test_margins_are_those_of_the_plain_arithmetic(encoder: Encoder):
    numbers = encoder.numbers("homework", "where is my homework sir?")
    expected = _by_hand(encoder, numbers)
    assert encoder.margins("homework", "where is my homework sir?") == pytest.approx(expected, abs=1e-4)


def test_an_empty_message_has_margins_too(encoder: Encoder):
    assert np.isfinite(encoder.margins("", "")).all()


def test_a_long_text_is_read_at_its_beginning_and_its_end(encoder: Encoder):
    numbers = encoder.numbers("sir", f"where {'is ' * 500} homework ?")
    assert len(numbers) == MOST_PIECES
    assert numbers[3] == _PIECES.index("where")
    assert numbers[-2] == _PIECES.index("?")


@pytest.mark.parametrize("per_deviation", [4.0, 13.0, 500.0])
def test_a_rounded_weight_is_within_half_a_step(per_deviation: float):
    matrix = np.random.default_rng(3).normal(size=(20, 300)).astype(np.float32)
    matrix[4] = 0.0
    matrix[5, 7] = 40.0
    rounded, scales = quantised(matrix, per_deviation=per_deviation)
    assert (np.abs(rounded * scales[:, None] - matrix).max(axis=1) <= scales / 2 + 1e-5).all()


def test_one_large_weight_does_not_make_the_others_coarse():
    matrix = np.random.default_rng(3).normal(size=(2, 384)).astype(np.float32)
    matrix[1, 7] = 20.0
    _, scales = quantised(matrix, per_deviation=6.0)
    assert 1 / 7 < scales[0] < 1 / 5
    assert scales[1] < 1 / 4


@pytest.mark.parametrize(
    "changes",
    [
        {"head": np.zeros((3, COLUMNS), dtype=np.float32)},
        {"positions": np.zeros((5, _WIDTH), dtype=np.float32)},
        {"vocabulary": np.frombuffer(b"[UNK]\n[CLS]", dtype=np.uint8)},
        {"layers": np.array(3)},
    ],
    ids=("head", "positions", "vocabulary", "layers"),
)
def test_arrays_that_do_not_fit_are_refused(changes: dict[str, np.ndarray]):
    with pytest.raises(EncoderRefused):
        encoder_of(_arrays(**changes), columns=COLUMNS)


@dataclass(frozen=True, slots=True)
class _Counting:
    """The shipped encoder, counting what it is asked."""

    within: Encoder
    asked: list[str] = field(default_factory=list)

    def numbers(self, subject: str, body: str) -> np.ndarray:
        self.asked.append(body)
        return self.within.numbers(subject, body)

    def __getattr__(self, name: str) -> object:
        return getattr(self.within, name)


@pytest.mark.parametrize(
    ("text", "is_read"),
    [
        (
            "Please find attached the invoice for last month's toner delivery. Payment is due within 30 days. "
            "Regards, Accounts",
            False,
        ),
        ("sir please dont tell anyone but can we meet at the park on saturday", True),
        ("He hit me again last night and I am scared to go home", True),
    ],
)
def test_the_encoder_reads_only_what_may_matter(text: str, is_read: bool):
    model = open_classifier()
    assert isinstance(model, LinearClassifier)
    assert model.weights.encoder is not None
    counting = _Counting(model.weights.encoder)
    asked = replace(model, weights=replace(model.weights, encoder=counting))  # type: ignore[arg-type]
    scores = asked.predict(
        MessageFacts(sha256="", content_sha256="", size_bytes=0, subject="", own_text=text)
    )
    assert bool(counting.asked) == is_read
    assert not asked.faults
    assert scores.model_id == model.model_id


@pytest.mark.parametrize("text", ["스티해 도와주세요", "ﷺ ﷺ help me he hits me", "한국어로 " * 100, "é" * 59])
def test_every_piece_read_belongs_to_a_word_or_a_mark(text: str):
    model = open_classifier()
    assert isinstance(model, LinearClassifier)
    encoder = model.weights.encoder
    assert encoder is not None
    _, places, _ = words_read(encoder, text, text)
    assert len(places) == len(encoder.numbers(text, text))
