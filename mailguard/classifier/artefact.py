"""Artefacts on disk: a model's weights under a signed manifest, checked before anything is opened; otherwise dark.

A model folder holds ``manifest.json`` (what it is: hashes, corpus, thresholds, figures), ``signature.json`` (Ed25519 over
manifest and time) and ``weights.npz``. The shipped model's key is pinned in ``shipped_key``; a school's own retraining signs
with the school's key. A model that is missing, foreign, stale or altered goes dark: ``DarkClassifier`` answers nothing and
says why, and the lists go on deciding.

SECURITY: whoever can write the folder may be hostile; without a trusted signature no byte of the weights is parsed.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from mailguard.app.ports import Classifier
from mailguard.classifier.features import FEATURES_VERSION
from mailguard.classifier.heads import HEADS
from mailguard.classifier.predict import LinearClassifier, Thresholds
from mailguard.classifier.shipped_key import SHIPPED_PUBLIC_KEY
from mailguard.classifier.weights import WeightsRefused, unpack
from mailguard.domain.message import MessageFacts
from mailguard.domain.scores import Scores
from mailguard.shipped import ShippedFileMissing, shipped_path

MANIFEST, SIGNATURE, WEIGHTS = "manifest.json", "signature.json", "weights.npz"
_CONTEXT = b"mailguard model v1\n"
_MOST_MANIFEST_BYTES = 1_000_000
MOST_WEIGHTS_BYTES = 20_000_000
_LARGE = 0.998


class ModelRefused(Exception):
    """A model that must not be used; says why in words for the admin."""


@dataclass(frozen=True, slots=True)
class DarkClassifier:
    """No usable model: every answer is empty, decisions rest on the lists. ``reason`` is for doctor and the alarm."""

    reason: str

    @property
    def model_id(self) -> str:
        return ""

    def predict(self, facts: MessageFacts) -> Scores:
        return Scores()


@dataclass(frozen=True, slots=True)
class ModelStatus:
    """What is known of a model folder. ``problem`` is "" when it is usable; ``manifest`` only of a verified one."""

    model_id: str
    signed_at: str
    problem: str
    manifest: Mapping[str, object]


def write_model(
    folder: Path,
    *,
    weights: bytes,
    manifest: Mapping[str, object],
    key: Ed25519PrivateKey,
    signed_at: datetime,
) -> str:
    """Write the three files and return the model's id. The manifest is the same for equal training; only the signature has a time.

    ``signed_at`` aware UTC. The manifest is written last: a half-written folder is refused, never used. Raises ModelRefused for
    weights that nobody would read.
    """
    check_size(weights)
    complete = {**manifest, "weights_sha256": hashlib.sha256(weights).hexdigest()}
    content = canonical(complete)
    time = signed_at.isoformat(timespec="seconds")
    signature = _signature(key.public_key().public_bytes_raw(), key.sign(_signed(content, time)), time)
    folder.mkdir(parents=True, exist_ok=True)
    replace_file(folder / WEIGHTS, weights)
    replace_file(folder / SIGNATURE, canonical(signature))
    replace_file(folder / MANIFEST, content)
    return model_id_of(content)


def check_size(weights: bytes) -> None:
    """Raises ModelRefused for weights that would be dark wherever they are put."""
    if len(weights) > MOST_WEIGHTS_BYTES:
        raise ModelRefused(
            f"its weights are {len(weights):,} bytes, and no more than {MOST_WEIGHTS_BYTES:,} are ever read: train on fewer texts"
        )


def size_warning(count: int) -> str:
    """ "" while there is room; ``count``: bytes of the weights."""
    if count <= _LARGE * MOST_WEIGHTS_BYTES:
        return ""
    return (
        f"Its weights are {count / 1e6:.2f} MB, and {MOST_WEIGHTS_BYTES / 1e6:.2f} MB are the most that is read: a training on "
        "many more texts may be refused."
    )


def _signature(public_key: bytes, mark: bytes, time: str) -> dict[str, object]:
    return {
        "algorithm": "ed25519",
        "public_key": base64.b64encode(public_key).decode(),
        "signed_at": time,
        "signature": base64.b64encode(mark).decode(),
    }


def canonical(value: Mapping[str, object]) -> bytes:
    """JSON with sorted keys, readable by people, the same for equal values."""
    return (json.dumps(value, sort_keys=True, indent=1, ensure_ascii=False) + "\n").encode()


def model_id_of(manifest: bytes) -> str:
    return hashlib.sha256(manifest).hexdigest()[:16]


def _signed(manifest: bytes, time: str) -> bytes:
    return _CONTEXT + time.encode() + b"\n" + manifest


def replace_file(path: Path, content: bytes) -> None:
    """At once and durably: whoever reads sees the old file or the new one."""
    beside = path.with_name(path.name + ".new")
    with beside.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)


def verified_manifest(folder: Path, trusted_keys: frozenset[bytes]) -> tuple[dict[str, object], str, str]:
    """(manifest, model id, signing time) when a trusted key signed it. Raises ModelRefused."""
    files = {name: _bytes_of(folder / name, _MOST_MANIFEST_BYTES) for name in (MANIFEST, SIGNATURE)}
    return verified_files(files, trusted_keys)


def verified_files(
    files: Mapping[str, bytes], trusted_keys: frozenset[bytes]
) -> tuple[dict[str, object], str, str]:
    """The same of the files' bytes."""
    content = files[MANIFEST]
    try:
        signature = json.loads(files[SIGNATURE])
        public = base64.b64decode(signature["public_key"], validate=True)
        mark = base64.b64decode(signature["signature"], validate=True)
        time = str(signature["signed_at"])
        as_written = canonical(_signature(public, mark, time))
    except (ValueError, KeyError, TypeError, RecursionError, binascii.Error) as error:
        raise ModelRefused(f"{SIGNATURE} cannot be read ({error})") from error
    if as_written != files[SIGNATURE]:
        raise ModelRefused(f"{SIGNATURE} was altered")
    if public not in trusted_keys:
        raise ModelRefused("it is signed with a key that this installation does not trust")
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(mark, _signed(content, time))
    except (InvalidSignature, ValueError) as error:
        raise ModelRefused(f"the signature does not fit {MANIFEST}: it was altered") from error
    try:
        manifest = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise ModelRefused(f"{MANIFEST} cannot be read ({error})") from error
    if not isinstance(manifest, dict):
        raise ModelRefused(f"{MANIFEST} is not an object")
    return manifest, model_id_of(content), time


def signing_key(folder: Path) -> bytes:
    """The raw public key that a folder's signature names, trusted or not. Raises ModelRefused."""
    return key_of_signature(_bytes_of(folder / SIGNATURE, _MOST_MANIFEST_BYTES))


def key_of_signature(signature: bytes) -> bytes:
    """The same of the file's bytes."""
    try:
        stated = json.loads(signature)["public_key"]
        return base64.b64decode(stated, validate=True)
    except (ValueError, KeyError, TypeError, RecursionError, binascii.Error) as error:
        raise ModelRefused(f"{SIGNATURE} cannot be read ({error})") from error


def load_model(folder: Path, *, trusted_keys: frozenset[bytes]) -> LinearClassifier:
    """The model in `folder`, after signature, versions and hash are right. Raises ModelRefused."""
    manifest, model_id, _ = verified_manifest(folder, trusted_keys)
    if manifest.get("features_version") != FEATURES_VERSION:
        raise ModelRefused(
            f"it was made for features version {manifest.get('features_version')}, this program has {FEATURES_VERSION}: retrain"
        )
    if manifest.get("heads") != {head: list(words) for head, words in HEADS.items()}:
        raise ModelRefused("it says other words than this program knows: retrain")
    content = _bytes_of(folder / WEIGHTS, MOST_WEIGHTS_BYTES)
    if hashlib.sha256(content).hexdigest() != manifest.get("weights_sha256"):
        raise ModelRefused(f"{WEIGHTS} is not the file that was signed")
    try:
        return LinearClassifier(
            model_id=model_id,
            weights=unpack(content),
            thresholds=Thresholds.from_dict(manifest.get("thresholds")),
        )
    except (WeightsRefused, ValueError) as error:
        raise ModelRefused(f"it cannot be used: {error}") from error


def _bytes_of(path: Path, most: int) -> bytes:
    try:
        if path.stat().st_size > most:
            raise ModelRefused(f"{path.name} is larger than {most} bytes")
        return path.read_bytes()
    except OSError as error:
        raise ModelRefused(f"{path.name} cannot be read ({error.strerror})") from error


def open_classifier(folder: Path | None = None, *, school_key: bytes | None = None) -> Classifier:
    """The model in `folder` (None: the shipped one), or a ``DarkClassifier``. Never raises.

    ``school_key``: the raw Ed25519 public key of local retraining; the shipped key is always trusted.
    """
    try:
        place = folder if folder is not None else shipped_path("models")
        return load_model(place, trusted_keys=trusted(school_key))
    except ShippedFileMissing as error:
        return DarkClassifier(reason=str(error))
    except ModelRefused as error:
        return DarkClassifier(reason=f"the model is not used: {error}")


def model_status(folder: Path | None = None, *, school_key: bytes | None = None) -> ModelStatus:
    """For ``mailguard model status`` and doctor. Never raises."""
    try:
        place = folder if folder is not None else shipped_path("models")
        manifest, model_id, time = verified_manifest(place, trusted(school_key))
        load_model(place, trusted_keys=trusted(school_key))
    except (ShippedFileMissing, ModelRefused) as error:
        return ModelStatus(model_id="", signed_at="", problem=str(error), manifest={})
    return ModelStatus(model_id=model_id, signed_at=time, problem="", manifest=manifest)


def trusted(school_key: bytes | None) -> frozenset[bytes]:
    return frozenset({SHIPPED_PUBLIC_KEY} | ({school_key} if school_key else set()))
