"""What a model is made of, and its one file: ``weights.npz``, plain arrays, read without pickles.

Weights are kept as one byte each with a scale a column and block, which costs no measurable accuracy and keeps the file small.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from mailguard.classifier.encoder import PREFIX, Encoder, EncoderRefused, encoder_of
from mailguard.classifier.features import CHAR_BITS, CONCEPT_BITS, KNOWN_BITS, STRUCTURE_SIZE, WORD_BITS
from mailguard.classifier.heads import COLUMNS, HEADS, columns

SIZES = (1 << CHAR_BITS, 1 << WORD_BITS, 1 << CONCEPT_BITS, STRUCTURE_SIZE)
OFFSETS = tuple(sum(SIZES[:place]) for place in range(len(SIZES)))
WIDTH = sum(SIZES)
# What each block's unit length counts beside the others.
BLOCK_WEIGHTS = (1.0, 1.0, 0.5, 0.35)
# Of a margin's hundreds of weights the roundings cancel out; fewer steps pack to a smaller file, which may not be over 20 MB.
_STEPS = 47

Floats = NDArray[np.float32]
_ARRAYS = frozenset(
    {"weights", "scales", "intercepts", "idf", "known", "blend"}
    | {f"{part}_{head}" for head in HEADS for part in ("calibration", "bias")}
)
_BLEND_ABROAD = "blend_abroad"  # a school's older model has none


class WeightsRefused(ValueError):
    """The bytes are no weights of this version; says what was wrong."""


@dataclass(frozen=True, slots=True)
class Weights:
    """``table`` (WIDTH, COLUMNS), times its block's ``scales`` (blocks, COLUMNS), has idf and block weights folded in; ``squares``
    are idf squared, for a block's length.

    A message's margins m become logits ``calibration @ m + bias``: (COLUMNS, COLUMNS), each head a block of its own. Where
    ``encoder`` has read the message too, its margins e come in: ``blend[0] * logits + blend[1] * e + blend[2]``, a column each; of
    a text that is not in English with ``blend_abroad``.
    ``known`` says of each word's number (1 << KNOWN_BITS) whether it was seen in training.
    """

    table: NDArray[np.int8]
    scales: Floats
    squares: Floats
    intercepts: Floats
    calibration: Floats
    bias: Floats
    known: NDArray[np.bool_]
    blend: Floats = field(default_factory=lambda: linear_alone())
    blend_abroad: Floats = field(default_factory=lambda: linear_alone())
    encoder: Encoder | None = None


def linear_alone() -> Floats:
    """A blend that leaves the linear model's logits as they are."""
    return np.repeat(np.array([[1.0], [0.0], [0.0]], dtype=np.float32), COLUMNS, axis=1)


def pack(
    *,
    table: NDArray[np.float64],
    idf: Floats,
    intercepts: NDArray[np.float64],
    calibration: Mapping[str, NDArray[np.float64]],
    bias: Mapping[str, NDArray[np.float64]],
    known: NDArray[np.uint8],
    blends: tuple[NDArray[np.float64], NDArray[np.float64]] | None = None,
    encoder: Mapping[str, NDArray[np.generic]] | None = None,
) -> bytes:
    """The file's bytes, the same for the same numbers. ``table`` is as trained, without idf and block weights.

    ``blends``: of texts in English, of others. ``encoder``: its arrays as ``encoder.encoder_of`` reads them; None: the linear model
    serves alone.
    """
    at_home, abroad = blends or (linear_alone(), linear_alone())
    quantised = np.zeros((WIDTH, COLUMNS), dtype=np.int8)
    scales = np.zeros((len(SIZES), COLUMNS), dtype=np.float32)
    for place, (offset, size, weight) in enumerate(zip(OFFSETS, SIZES, BLOCK_WEIGHTS, strict=True)):
        part = table[offset : offset + size] * idf[offset : offset + size, None] * weight
        largest = np.abs(part).max(axis=0)
        scales[place] = np.where(largest > 0, largest, 1.0) / _STEPS
        quantised[offset : offset + size] = np.rint(part / scales[place])
    file = io.BytesIO()
    arrays: dict[str, NDArray[np.generic]] = {
        "weights": quantised,
        "scales": scales,
        "intercepts": intercepts.astype(np.float32),
        "idf": idf.astype(np.float16),
        "known": known,
        "blend": at_home.astype(np.float32),
        _BLEND_ABROAD: abroad.astype(np.float32),
        **{f"{PREFIX}{name}": array for name, array in (encoder or {}).items()},
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
            own = {name for name in stored.files if not name.startswith(PREFIX)}
            if own - {_BLEND_ABROAD} != _ARRAYS:
                raise WeightsRefused(f"holds {sorted(own)}, not {sorted(_ARRAYS)}")
            arrays = {name: stored[name] for name in stored.files}
    except (OSError, ValueError, EOFError, KeyError) as error:
        raise WeightsRefused(f"cannot be read as arrays: {error}") from error
    arrays.setdefault(_BLEND_ABROAD, arrays["blend"])
    read = encoder_arrays(arrays)
    try:
        encoder = encoder_of(read, columns=COLUMNS) if read else None
    except EncoderRefused as error:
        raise WeightsRefused(f"its encoder {error}") from error
    wanted = {
        "weights": (WIDTH, COLUMNS),
        "scales": (len(SIZES), COLUMNS),
        "intercepts": (COLUMNS,),
        "idf": (WIDTH,),
        "known": ((1 << KNOWN_BITS) // 8,),
        "blend": (3, COLUMNS),
        _BLEND_ABROAD: (3, COLUMNS),
        **{f"calibration_{head}": (len(words), len(words)) for head, words in HEADS.items()},
        **{f"bias_{head}": (len(words),) for head, words in HEADS.items()},
    }
    for name, shape in wanted.items():
        if arrays[name].shape != shape:
            raise WeightsRefused(f"{name} has shape {arrays[name].shape}, not {shape}")
    return Weights(
        table=np.ascontiguousarray(arrays["weights"].astype(np.int8)),
        scales=arrays["scales"].astype(np.float32),
        squares=np.square(arrays["idf"].astype(np.float32)),
        intercepts=arrays["intercepts"].astype(np.float32),
        calibration=_in_blocks({head: arrays[f"calibration_{head}"] for head in HEADS}),
        bias=np.concatenate([arrays[f"bias_{head}"] for head in HEADS]).astype(np.float32),
        known=np.unpackbits(arrays["known"].astype(np.uint8)).astype(np.bool_),
        blend=arrays["blend"].astype(np.float32),
        blend_abroad=arrays[_BLEND_ABROAD].astype(np.float32),
        encoder=encoder,
    )


def _in_blocks(calibration: Mapping[str, NDArray[np.generic]]) -> Floats:
    whole = np.zeros((COLUMNS, COLUMNS), dtype=np.float32)
    for head, block in calibration.items():
        whole[columns(head), columns(head)] = block
    return whole


def encoder_arrays(arrays: Mapping[str, NDArray[np.generic]]) -> dict[str, NDArray[np.generic]]:
    """The encoder's among a file's arrays, under their own names; empty where there is none."""
    return {name.removeprefix(PREFIX): array for name, array in arrays.items() if name.startswith(PREFIX)}


def encoder_of_file(content: bytes) -> dict[str, NDArray[np.generic]]:
    """The encoder's arrays of a trusted ``weights.npz``, to train another linear model beside the same encoder."""
    with np.load(io.BytesIO(content), allow_pickle=False) as stored:
        return encoder_arrays({name: stored[name] for name in stored.files})
