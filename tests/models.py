"""Small signed models for tests of their life: real weights of the real shape, that say the same of every message."""

from collections.abc import Sequence
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import numpy as np
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from mailguard.classifier.features import FEATURES_VERSION, KNOWN_BITS
from mailguard.classifier.heads import COLUMNS, GRAVE, HEADS
from mailguard.classifier.predict import Thresholds
from mailguard.classifier.registry import ModelRegistry
from mailguard.classifier.weights import WIDTH, pack

SIGNED_AT = datetime(2026, 11, 24, tzinfo=UTC)
PASSED = ({"name": "kind-right", "set": "test", "pass": True},)


@cache
def flat_weights(bias: float = 0.0) -> bytes:
    """Weights.npz of a model without an opinion; another ``bias`` gives another model."""
    return pack(
        table=np.zeros((WIDTH, COLUMNS)),
        idf=np.ones(WIDTH, dtype=np.float32),
        intercepts=np.full(COLUMNS, bias),
        calibration={head: np.eye(len(words)) for head, words in HEADS.items()},
        bias={head: np.zeros(len(words)) for head, words in HEADS.items()},
        known=np.zeros((1 << KNOWN_BITS) // 8, dtype=np.uint8),
    )


def manifest(*, gates: Sequence[dict[str, object]] = PASSED, **changes: object) -> dict[str, object]:
    bounds = dict.fromkeys(GRAVE, 0.99)
    thresholds = Thresholds(
        child_voice=0.99, likely_child=0.98, nature_of_child=bounds, nature_of_adult=bounds
    )
    return {
        "features_version": FEATURES_VERSION,
        "heads": {head: list(words) for head, words in HEADS.items()},
        "thresholds": thresholds.as_dict(),
        "gates": [
            {"says": "", "value": 1.0, "before": None, "bound": 0.5, "is_at_least": True, **row}
            for row in gates
        ],
        **changes,
    }


def add_candidate(
    registry: ModelRegistry,
    key: Ed25519PrivateKey,
    *,
    bias: float = 0.0,
    gates: Sequence[dict[str, object]] = PASSED,
    signed_at: datetime = SIGNED_AT,
    **changes: object,
) -> str:
    return registry.add(
        weights=flat_weights(bias),
        manifest=manifest(gates=gates, bias=bias, **changes),
        key=key,
        signed_at=signed_at,
    )


def alter(path: Path, place: float) -> None:
    """Turn one bit of a file at that share of its length."""
    content = bytearray(path.read_bytes())
    content[min(int(place * len(content)), len(content) - 1)] ^= 0x01
    path.write_bytes(bytes(content))
