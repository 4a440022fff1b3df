"""A model is used only when a trusted key signed exactly these files; otherwise it is dark and says why."""

import json
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from mailguard.classifier import artefact
from mailguard.classifier.artefact import DarkClassifier, model_status, open_classifier, write_model
from mailguard.classifier.features import FEATURES_VERSION, KNOWN_BITS
from mailguard.classifier.heads import COLUMNS, GRAVE, HEADS
from mailguard.classifier.predict import LinearClassifier, Thresholds
from mailguard.classifier.weights import WIDTH, pack
from mailguard.domain.message import MessageFacts
from mailguard.domain.scores import Scores

_KEY = Ed25519PrivateKey.generate()
_PUBLIC = _KEY.public_key().public_bytes_raw()
_NOW = datetime(2026, 11, 24, tzinfo=UTC)
_MESSAGE = MessageFacts(sha256="", content_sha256="", size_bytes=0, own_text="hello")


@pytest.fixture(scope="module")
def weights() -> bytes:
    return pack(
        table=np.zeros((WIDTH, COLUMNS)),
        idf=np.ones(WIDTH, dtype=np.float32),
        intercepts=np.zeros(COLUMNS),
        calibration={head: np.eye(len(words)) for head, words in HEADS.items()},
        bias={head: np.zeros(len(words)) for head, words in HEADS.items()},
        known=np.zeros((1 << KNOWN_BITS) // 8, dtype=np.uint8),
    )


def _manifest(**changes: object) -> dict[str, object]:
    bounds = dict.fromkeys(GRAVE, 0.5)
    thresholds = Thresholds(child_voice=0.9, likely_child=0.8, nature_of_child=bounds, nature_of_adult=bounds)
    return {
        "features_version": FEATURES_VERSION,
        "heads": {head: list(words) for head, words in HEADS.items()},
        "thresholds": thresholds.as_dict(),
        **changes,
    }


def _write(folder: Path, weights: bytes, *, key: Ed25519PrivateKey = _KEY, **changes: object) -> str:
    return write_model(folder, weights=weights, manifest=_manifest(**changes), key=key, signed_at=_NOW)


def _is_dark(folder: Path, says: str) -> None:
    model = open_classifier(folder, school_key=_PUBLIC)
    assert isinstance(model, DarkClassifier)
    assert says in model.reason
    assert model.predict(_MESSAGE) == Scores()
    assert model.model_id == ""
    assert says in model_status(folder, school_key=_PUBLIC).problem


def test_a_signed_model_is_used(tmp_path: Path, weights: bytes):
    model_id = _write(tmp_path, weights)
    model = open_classifier(tmp_path, school_key=_PUBLIC)
    assert isinstance(model, LinearClassifier)
    assert model.predict(_MESSAGE).model_id == model_id == model_status(tmp_path, school_key=_PUBLIC).model_id


def test_equal_training_gives_the_same_id_whenever_it_is_signed(tmp_path: Path, weights: bytes):
    first = _write(tmp_path, weights)
    later = write_model(
        tmp_path,
        weights=weights,
        manifest=_manifest(),
        key=Ed25519PrivateKey.generate(),
        signed_at=_NOW.replace(year=2027),
    )
    assert first == later


def test_a_foreign_key_goes_dark(tmp_path: Path, weights: bytes):
    _write(tmp_path, weights, key=Ed25519PrivateKey.generate())
    _is_dark(tmp_path, "does not trust")


def test_an_altered_manifest_goes_dark(tmp_path: Path, weights: bytes):
    _write(tmp_path, weights)
    path = tmp_path / artefact.MANIFEST
    manifest = json.loads(path.read_text())
    manifest["thresholds"]["child_voice"] = 1.0
    path.write_text(json.dumps(manifest))
    _is_dark(tmp_path, "altered")


def test_altered_weights_go_dark_unopened(tmp_path: Path, weights: bytes):
    _write(tmp_path, weights)
    (tmp_path / artefact.WEIGHTS).write_bytes(b"PK not what was signed")
    _is_dark(tmp_path, "not the file that was signed")


@pytest.mark.parametrize("name", [artefact.MANIFEST, artefact.SIGNATURE, artefact.WEIGHTS])
def test_a_missing_file_goes_dark(tmp_path: Path, weights: bytes, name: str):
    _write(tmp_path, weights)
    (tmp_path / name).unlink()
    _is_dark(tmp_path, name)


def test_another_features_version_goes_dark(tmp_path: Path, weights: bytes):
    _write(tmp_path, weights, features_version="another")
    _is_dark(tmp_path, "retrain")


def test_signed_but_senseless_thresholds_go_dark(tmp_path: Path, weights: bytes):
    _write(tmp_path, weights, thresholds={"child_voice": 2})
    _is_dark(tmp_path, "thresholds")


def test_signed_arrays_of_another_shape_go_dark(tmp_path: Path):
    _write(tmp_path, b"\x00 no arrays")
    _is_dark(tmp_path, "cannot be read as arrays")


def test_the_shipped_model_is_signed_by_the_pinned_key():
    assert model_status().problem == ""
