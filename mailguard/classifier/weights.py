"""What a model is made of, and its one file: ``weights.npz``, plain arrays, read without pickles.

Weights are kept as one byte each with a scale a column and block, which costs no measurable accuracy and keeps the file small.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mailguard.classifier.features import CHAR_BITS, CONCEPT_BITS, KNOWN_BITS, STRUCTURE_SIZE, WORD_BITS
from mailguard.classifier.heads import COLUMNS, HEADS

SIZES = (1 << CHAR_BITS, 1 << WORD_BITS, 1 << CONCEPT_BITS, STRUCTURE_SIZE)
OFFSETS = tuple(sum(SIZES[:place]) for place in range(len(SIZES)))
WIDTH = sum(SIZES)
# What each block's unit length counts beside the others.
BLOCK_WEIGHTS = (1.0, 1.0, 0.5, 0.35)

Floats = NDArray[np.float32]
_ARRAYS = frozenset(
    {"weights", "scales", "intercepts", "idf", "known"}
    | {f"{part}_{head}" for head in HEADS for part in ("calibration", "bias")}
)


class WeightsRefused(ValueError):
    """The bytes are no weights of this version; says what was wrong."""


@dataclass(frozen=True, slots=True)
class Weights:
    """``table`` (WIDTH, COLUMNS) has idf and block weights folded in; ``squares`` are idf squared, for a block's length.

    A head's margins m become ``calibration @ m + bias``, then probabilities. ``known`` is a bitmap of words seen in training.
    """

    table: Floats
    squares: Floats
    intercepts: Floats
    calibration: Mapping[str, Floats]
    bias: Mapping[str, Floats]
    known: NDArray[np.uint8]


def pack(
    *,
    table: NDArray[np.float64],
    idf: Floats,
    intercepts: NDArray[np.float64],
    calibration: Mapping[str, NDArray[np.float64]],
    bias: Mapping[str, NDArray[np.float64]],
    known: NDArray[np.uint8],
) -> bytes:
    """The file's bytes, the same for the same numbers. ``table`` is as trained, without idf and block weights."""
    quantised = np.zeros((WIDTH, COLUMNS), dtype=np.int8)
    scales = np.zeros((len(SIZES), COLUMNS), dtype=np.float32)
    for place, (offset, size, weight) in enumerate(zip(OFFSETS, SIZES, BLOCK_WEIGHTS, strict=True)):
        part = table[offset : offset + size] * idf[offset : offset + size, None] * weight
        largest = np.abs(part).max(axis=0)
        scales[place] = np.where(largest > 0, largest, 1.0) / 127
        quantised[offset : offset + size] = np.rint(part / scales[place])
    file = io.BytesIO()
    arrays: dict[str, NDArray[np.generic]] = {
        "weights": quantised,
        "scales": scales,
        "intercepts": intercepts.astype(np.float32),
        "idf": idf.astype(np.float16),
        "known": known,
    }
    for head in HEADS:
        arrays[f"calibration_{head}"] = calibration[head].astype(np.float32)
        arrays[f"bias_{head}"] = bias[head].astype(np.float32)
    np.savez_compressed(file, allow_pickle=False, **arrays)
    return file.getvalue()


def unpack(content: bytes) -> Weights:
    """Weights from a file's bytes, whose hash the caller has checked. Raises WeightsRefused."""
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as stored:
            if set(stored.files) != _ARRAYS:
                raise WeightsRefused(f"holds {sorted(stored.files)}, not {sorted(_ARRAYS)}")
            arrays = {name: stored[name] for name in stored.files}
    except (OSError, ValueError, EOFError, KeyError) as error:
        raise WeightsRefused(f"cannot be read as arrays: {error}") from error
    wanted = {
        "weights": (WIDTH, COLUMNS),
        "scales": (len(SIZES), COLUMNS),
        "intercepts": (COLUMNS,),
        "idf": (WIDTH,),
        "known": ((1 << KNOWN_BITS) // 8,),
        **{f"calibration_{head}": (len(words), len(words)) for head, words in HEADS.items()},
        **{f"bias_{head}": (len(words),) for head, words in HEADS.items()},
    }
    for name, shape in wanted.items():
        if arrays[name].shape != shape:
            raise WeightsRefused(f"{name} has shape {arrays[name].shape}, not {shape}")
    table = np.empty((WIDTH, COLUMNS), dtype=np.float32)
    for place, (offset, size) in enumerate(zip(OFFSETS, SIZES, strict=True)):
        table[offset : offset + size] = arrays["weights"][offset : offset + size] * arrays["scales"][place]
    return Weights(
        table=table,
        squares=np.square(arrays["idf"].astype(np.float32)),
        intercepts=arrays["intercepts"].astype(np.float32),
        calibration={head: arrays[f"calibration_{head}"].astype(np.float32) for head in HEADS},
        bias={head: arrays[f"bias_{head}"].astype(np.float32) for head in HEADS},
        known=arrays["known"].astype(np.uint8),
    )
