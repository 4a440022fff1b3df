"""A small transformer that reads a text as a whole, in numpy: what a bag of words cannot tell (who does what to whom).

Weights are one byte each with a scale a row, in ``weights.npz``; arithmetic is float32. A text of n pieces costs about
n x 10 million multiplications. Who made it, from what, and how to make another: models/encoder/README.md.
Total: every text gives numbers. Raises EncoderRefused for a file that is none.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from mailguard.classifier.wordpiece import WordPieces

Floats = NDArray[np.float32]
Bytes = NDArray[np.int8]

PREFIX: Final = "encoder."  # of its arrays in weights.npz
HEADS_COUNT: Final = 12
MOST_PIECES: Final = 160
SUBJECT_PIECES: Final = 24
TAIL_PIECES: Final = 50
_BODY_PIECES = 2000
_EPSILON = 1e-12
_MOST_STEPS = 127
_MATRICES = ("query_key_value", "attention_out", "wide", "narrow")
_VECTORS = ("query_key_value_bias", "attention_out_bias", "wide_bias", "narrow_bias")
_NORMS = ("attention_norm", "output_norm")


class EncoderRefused(ValueError):
    """The bytes are no encoder of this version; says what was wrong."""


@dataclass(frozen=True, slots=True)
class _Layer:
    """Matrices are (in, out); norms are (2, width): scale and shift."""

    query_key_value: Floats
    query_key_value_bias: Floats
    attention_out: Floats
    attention_out_bias: Floats
    attention_norm: Floats
    wide: Floats
    wide_bias: Floats
    narrow: Floats
    narrow_bias: Floats
    output_norm: Floats


@dataclass(frozen=True, slots=True)
class Encoder:
    """``embeddings`` stay one byte each (pieces, width) with ``embedding_scales`` (pieces,); ``head`` is (2 x width, columns)."""

    pieces: WordPieces
    start: int
    separator: int
    embeddings: Bytes
    embedding_scales: Floats
    positions: Floats
    embedding_norm: Floats
    layers: tuple[_Layer, ...]
    head: Floats
    head_bias: Floats

    def numbers(self, subject: str, body: str) -> NDArray[np.int64]:
        """The pieces of a message: subject, then the body's beginning and, of a long one, its end."""
        first, own = self.cut(
            self.pieces.numbers(subject, most=SUBJECT_PIECES), self.pieces.numbers(body, most=_BODY_PIECES)
        )
        return np.array([self.start, *first, self.separator, *own, self.separator], dtype=np.int64)

    def cut(self, subject: list[int], body: list[int]) -> tuple[list[int], list[int]]:
        """Something about each piece of subject and body, for those pieces that are read."""
        first, own = subject[:SUBJECT_PIECES], body[:_BODY_PIECES]
        room = MOST_PIECES - 3 - len(first)
        return first, own if len(own) <= room else own[: room - TAIL_PIECES] + own[-TAIL_PIECES:]

    def margins(self, subject: str, body: str) -> Floats:
        """One margin a column of ``heads``."""
        return self.margins_of(self.states(self.numbers(subject, body)))

    def margins_of(self, states: Floats) -> Floats:
        """One margin a column, of mean and largest of each dimension over the pieces' ``states``."""
        return np.concatenate([states.mean(axis=0), states.max(axis=0)]) @ self.head + self.head_bias

    def states(self, numbers: NDArray[np.int64]) -> Floats:
        """(pieces, width): what the last layer makes of each piece among the others."""
        state = (
            self.embeddings[numbers] * self.embedding_scales[numbers, None] + self.positions[: len(numbers)]
        )
        state = _normed(state, self.embedding_norm)
        for layer in self.layers:
            state = _normed(state + _attended(state, layer), layer.attention_norm)
            wide = _gelu(state @ layer.wide + layer.wide_bias)
            state = _normed(state + wide @ layer.narrow + layer.narrow_bias, layer.output_norm)
        return state

    def shares(self, states: Floats, column: int) -> Floats:
        """(pieces,): what each piece adds to a column's margin. Exact: the head sums over means and largest values."""
        width = states.shape[1]
        added: Floats = states @ self.head[:width, column] / np.float32(len(states))
        np.add.at(added, states.argmax(axis=0), states.max(axis=0) * self.head[width:, column])
        return added


def _attended(state: Floats, layer: _Layer) -> Floats:
    count, width = state.shape
    each = width // HEADS_COUNT
    mixed = state @ layer.query_key_value + layer.query_key_value_bias
    query, key, value = mixed.reshape(count, 3, HEADS_COUNT, each).transpose(1, 2, 0, 3)
    scores = query @ key.transpose(0, 2, 1) * np.float32(each**-0.5)
    scores -= scores.max(axis=-1, keepdims=True)
    np.exp(scores, out=scores)
    scores /= scores.sum(axis=-1, keepdims=True)
    heard = (scores @ value).transpose(1, 0, 2).reshape(count, width)
    answer: Floats = heard @ layer.attention_out + layer.attention_out_bias
    return answer


def _normed(state: Floats, norm: Floats) -> Floats:
    state = state - state.mean(axis=-1, keepdims=True)
    state /= np.sqrt(np.square(state).mean(axis=-1, keepdims=True) + np.float32(_EPSILON))
    answer: Floats = state * norm[0] + norm[1]
    return answer


def _gelu(value: Floats) -> Floats:
    inner = np.float32(0.7978845608) * (value + np.float32(0.044715) * value * value * value)
    answer: Floats = np.float32(0.5) * value * (1 + np.tanh(inner))
    return answer


def quantised(matrix: Floats, *, per_deviation: float) -> tuple[Bytes, Floats]:
    """One byte each and a scale a row: `per_deviation` steps to its standard deviation, fewer where its largest number needs them.

    Fewer steps make a smaller file once it is packed. A share of the row's largest number would be too coarse a step for all the
    others of a row with one large one.
    """
    least = np.abs(matrix).max(axis=1) / _MOST_STEPS
    scales = np.maximum(matrix.std(axis=1) / per_deviation, least)
    scales = np.where(scales > 0, scales, 1.0).astype(np.float32)
    return np.clip(np.rint(matrix / scales[:, None]), -_MOST_STEPS, _MOST_STEPS).astype(np.int8), scales


def encoder_of(arrays: Mapping[str, NDArray[np.generic]], *, columns: int) -> Encoder:
    """An encoder from the arrays of a file whose hash the caller has checked. Raises EncoderRefused."""
    try:
        vocabulary = {
            piece: number
            for number, piece in enumerate(arrays["vocabulary"].tobytes().decode("utf-8").split("\n"))
        }
        encoder = Encoder(
            pieces=WordPieces(vocabulary, unknown=vocabulary["[UNK]"]),
            start=vocabulary["[CLS]"],
            separator=vocabulary["[SEP]"],
            embeddings=arrays["embeddings"].astype(np.int8),
            embedding_scales=arrays["embedding_scales"].astype(np.float32),
            positions=arrays["positions"].astype(np.float32),
            embedding_norm=arrays["embedding_norm"].astype(np.float32),
            layers=tuple(_layer(arrays, number) for number in range(int(arrays["layers"]))),
            head=arrays["head"].astype(np.float32),
            head_bias=arrays["head_bias"].astype(np.float32),
        )
    except (ValueError, KeyError, TypeError, UnicodeDecodeError) as error:
        raise EncoderRefused(f"cannot be read: {error}") from error
    width = encoder.embeddings.shape[1]
    wanted = {
        "head": (encoder.head.shape, (2 * width, columns)),
        "head_bias": (encoder.head_bias.shape, (columns,)),
        "embeddings": (encoder.embeddings.shape, (len(vocabulary), width)),
        "positions": (encoder.positions.shape, (MOST_PIECES, width)),
    }
    for name, (shape, right) in wanted.items():
        if shape != right:
            raise EncoderRefused(f"has {name} of shape {shape}, not {right}")
    return encoder


def _layer(arrays: Mapping[str, NDArray[np.generic]], number: int) -> _Layer:
    def matrix(name: str) -> Floats:
        rows = arrays[f"{number}.{name}"].astype(np.float32)
        # Stored (out, in) with a scale for each output.
        return np.ascontiguousarray((rows * arrays[f"{number}.{name}.scales"].astype(np.float32)[:, None]).T)

    def vector(name: str) -> Floats:
        return arrays[f"{number}.{name}"].astype(np.float32)

    return _Layer(
        **{name: matrix(name) for name in _MATRICES},
        **{name: vector(name) for name in (*_VECTORS, *_NORMS)},
    )
