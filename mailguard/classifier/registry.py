"""A school's models: versions under signed manifests, and the signed pointer that says which one is in force.

::

    FOLDER/versions/<model id>/   manifest.json signature.json weights.npz   (never rewritten; renamed into place whole)
    FOLDER/promoted.json          the pointer, replaced at once, signed with the school's key
    FOLDER/trusted.json           keys of others that a person has confirmed, signed with the school's key
    FOLDER/lock                   held by whoever writes

The model that comes with mailguard is always there under the name ``shipped``, and in force until another is promoted.
What the pointer names is in force when it verifies, and otherwise nothing is: the model goes dark and says why. It never
falls back to another version by itself, because nobody decided that one; a person rolls back.
SECURITY: whoever can write the folder may be hostile. Nothing of a version is opened before a trusted key has signed it,
and neither pointer nor trusted keys count without the school's signature.
FAILURE: a death while a version is written leaves a folder under a draft's name, which the next writer removes; a death
while the pointer is written leaves the old pointer.
"""

from __future__ import annotations

import base64
import contextlib
import fcntl
import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterator, Mapping, Set
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from mailguard.app.ports import Classifier, TemporaryFailure
from mailguard.classifier.artefact import (
    MANIFEST,
    SIGNATURE,
    WEIGHTS,
    DarkClassifier,
    ModelRefused,
    canonical,
    load_model,
    open_classifier,
    replace_file,
    signing_key,
    trusted,
    verified_manifest,
    write_model,
)
from mailguard.classifier.versions import (
    MODEL_ID,
    SHIPPED,
    Pointer,
    TrustedKey,
    Version,
    VersionState,
    fingerprint,
    is_version_name,
)
from mailguard.shipped import ShippedFileMissing, shipped_path

POINTER, TRUSTED, LOCK, VERSIONS = "promoted.json", "trusted.json", "lock", "versions"
_POINTER_CONTEXT = b"mailguard promoted model v1\n"
_TRUSTED_CONTEXT = b"mailguard trusted model keys v1\n"
_DRAFT = ".draft-"
THIS_SCHOOL = "this school"
_MOST_BYTES = 1_000_000


class ModelRegistry:
    """``public_key``: the school's, None where its keys are not at hand: then only the shipped model can be used."""

    def __init__(self, folder: Path, *, public_key: bytes | None, shipped: Path | None = None) -> None:
        self.folder = folder
        self._public_key = public_key
        self._shipped = shipped

    # Reading

    @property
    def has_school_key(self) -> bool:
        return self._public_key is not None

    def pointer(self) -> Pointer:
        """What is in force; the shipped model where nothing was promoted yet. Raises ModelRefused when it is not genuine."""
        try:
            content = _small_file(self.folder / POINTER)
        except FileNotFoundError:
            return Pointer()
        return self.read_pointer(content)

    def read_pointer(self, content: bytes) -> Pointer:
        """Raises ModelRefused when it is not signed with the school's key."""
        value = self._signed_value(content, _POINTER_CONTEXT, POINTER)
        try:
            before = {
                "previous": tuple(value["previous"]),
                "rolled_back": tuple(value.get("rolled_back", ())),
            }
            pointer = Pointer(**{**value, **before})
            names = (pointer.promoted, *pointer.previous, *pointer.rolled_back)
            if type(pointer.serial) is not int or not all(map(is_version_name, names)):
                raise ValueError("names no versions")
        except (TypeError, KeyError, ValueError) as error:
            raise ModelRefused(f"{POINTER} cannot be read ({error})") from error
        return pointer

    def classifier(self) -> Classifier:
        """The model in force, or dark. Never raises."""
        try:
            name = self.pointer().promoted
        except ModelRefused as error:
            return DarkClassifier(reason=f"which model is in force cannot be told: {error}")
        return self.open(name)

    def open(self, name: str) -> Classifier:
        """The version of that name, or dark. Never raises."""
        if name == SHIPPED:
            return open_classifier(self._shipped)
        try:
            return self.load(name)
        except ModelRefused as error:
            return DarkClassifier(reason=f"model {name} is not used: {error}")

    def load(self, name: str) -> Classifier:
        """Raises ModelRefused."""
        folder = self.folder_of(name)
        model = load_model(folder, trusted_keys=self.trusted_keys())
        self._check_name(name, model.model_id)
        return model

    def folder_of(self, name: str) -> Path:
        """Where a version's three files are. Raises ModelRefused for what is no name of a version, or not there."""
        if name == SHIPPED:
            try:
                return self._shipped if self._shipped is not None else shipped_path("models")
            except ShippedFileMissing as error:
                raise ModelRefused(str(error)) from error
        if not is_version_name(name):
            raise ModelRefused(f"{name!r} is no model id; see: mailguard model status")
        folder = self.folder / VERSIONS / name
        if not folder.is_dir():
            raise ModelRefused(f"there is no model {name} here; see: mailguard model status")
        return folder

    def find(self, name: str) -> Version:
        """What is known of a version; never raises for a broken one. Raises ModelRefused when there is none."""
        found = self.described(name)
        if found.problem:
            return found
        try:
            load_model(self.folder_of(name), trusted_keys=self.trusted_keys())
        except ModelRefused as error:
            return replace(found, problem=str(error))
        return found

    def described(self, name: str) -> Version:
        """As ``find`` by manifest and signature alone: whether the weights are whole was not looked at."""
        folder = self.folder_of(name)
        state = self._state_of(name)
        try:
            manifest, model_id, signed_at = verified_manifest(folder, self.trusted_keys())
            signed_by = self._signer(signing_key(folder))
            if name != SHIPPED:
                self._check_name(name, model_id)
        except ModelRefused as error:
            return Version(name, state, "", "", "", str(error), {})
        return Version(name, state, model_id, signed_at, signed_by, "", manifest)

    def versions(self) -> tuple[Version, ...]:
        """The shipped model, then the others, newest first."""
        found = [self.find(name) for name in self._names()]
        found.sort(key=lambda version: (version.signed_at, version.name), reverse=True)
        return (self.find(SHIPPED), *found)

    def trusted_keys(self) -> frozenset[bytes]:
        """Raw public keys. A list of confirmed keys that is not genuine adds none."""
        keys = set(trusted(self._public_key))
        with contextlib.suppress(ModelRefused, ValueError):
            keys |= {base64.b64decode(key.public_key, validate=True) for key in self.confirmed_keys()}
        return frozenset(keys)

    def confirmed_keys(self) -> tuple[TrustedKey, ...]:
        """Keys of others. Raises ModelRefused when the list is not genuine."""
        try:
            content = _small_file(self.folder / TRUSTED)
        except FileNotFoundError:
            return ()
        value = self._signed_value(content, _TRUSTED_CONTEXT, TRUSTED)
        try:
            return tuple(TrustedKey(**entry) for entry in value["keys"])
        except (TypeError, KeyError) as error:
            raise ModelRefused(f"{TRUSTED} cannot be read ({error})") from error

    def signed_at(self) -> datetime | None:
        """When the model in force was signed; None for none."""
        try:
            folder = self.folder_of(self.pointer().promoted)
            at = datetime.fromisoformat(verified_manifest(folder, self.trusted_keys())[2])
        except (ModelRefused, ValueError):
            return None
        return at if at.tzinfo is not None else at.replace(tzinfo=UTC)

    def stamp(self) -> str:
        """Changes whenever what is in force may have changed: hashes of the pointer, the keys and the model's files."""
        hasher = hashlib.sha256()
        places = [self.folder / POINTER, self.folder / TRUSTED]
        with contextlib.suppress(ModelRefused):
            folder = self.folder_of(self.pointer().promoted)
            places += [folder / MANIFEST, folder / SIGNATURE, folder / WEIGHTS]
        for place in places:
            try:
                hasher.update(hashlib.sha256(place.read_bytes()).digest())
            except OSError:
                hasher.update(b"-")
        return hasher.hexdigest()

    # Writing

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """One writer at a time on this machine. Raises OSError when the folder cannot be written."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(self.folder / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)

    def add(
        self,
        *,
        weights: bytes,
        manifest: Mapping[str, object],
        key: Ed25519PrivateKey,
        signed_at: datetime,
    ) -> str:
        """A new candidate, and its id. One of equal content that is there already stays as it is."""

        def write(draft: Path) -> str:
            return write_model(draft, weights=weights, manifest=manifest, key=key, signed_at=signed_at)

        return self._place(write)

    def take_in(self, files: Mapping[str, bytes]) -> str:
        """A version from its three files, checked whole under the trusted keys first. Raises ModelRefused."""

        def write(draft: Path) -> str:
            for name in (WEIGHTS, SIGNATURE, MANIFEST):
                replace_file(draft / name, files[name])
            return load_model(draft, trusted_keys=self.trusted_keys()).model_id

        return self._place(write)

    def _place(self, write: Callable[[Path], str]) -> str:
        versions = self.folder / VERSIONS
        with self.locked():
            versions.mkdir(mode=0o700, exist_ok=True)
            for left in versions.glob(f"{_DRAFT}*"):
                shutil.rmtree(left)
            draft = versions / f"{_DRAFT}{os.getpid()}"
            draft.mkdir(mode=0o700)
            try:
                model_id = write(draft)
                place = versions / model_id
                if place.exists() and self.find(model_id).problem:
                    shutil.rmtree(place)
                if not place.exists():
                    _fsync_folder(draft)
                    draft.rename(place)
                    _fsync_folder(versions)
                else:
                    # It has come again: ``prune`` goes by when one came.
                    os.utime(place)
            finally:
                if draft.exists():
                    shutil.rmtree(draft)
        return model_id

    def signed_pointer(self, pointer: Pointer, key: Ed25519PrivateKey) -> bytes:
        """The file's bytes."""
        return _with_signature(asdict(pointer), _POINTER_CONTEXT, key)

    def publish(self, content: bytes) -> None:
        """Put a signed pointer in force at once. Raises ModelRefused when it is not genuine, OSError."""
        self.read_pointer(content)
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        replace_file(self.folder / POINTER, content)
        _fsync_folder(self.folder)

    def trust(self, public_key: bytes, *, by: str, at: datetime, key: Ed25519PrivateKey) -> None:
        """From now on models signed with ``public_key`` may be used: a person has compared its fingerprint."""
        with self.locked():
            entry = TrustedKey(
                base64.b64encode(public_key).decode(), by=by, at=at.isoformat(timespec="seconds")
            )
            others = tuple(known for known in self.confirmed_keys() if known.public_key != entry.public_key)
            value = {"keys": [asdict(known) for known in (*others, entry)]}
            replace_file(self.folder / TRUSTED, _with_signature(value, _TRUSTED_CONTEXT, key))

    def prune(
        self, keep: int, *, fresh: str = "", also_safe: Callable[[], Set[str]] = frozenset
    ) -> tuple[str, ...]:
        """Remove those that came first, until ``keep`` of one's own are left. Names of the removed.

        Never what is or was in force, nor ``fresh``, which has just come; nor anything while it cannot be told what is in force.
        The shipped one does not count. ``also_safe`` is asked under the lock for what the store knows: where there is one, use
        ``Promoter.prune``.
        """
        with self.locked():
            try:
                safe = self.pointer().was_in_force | {fresh} | also_safe()
            except (ModelRefused, TemporaryFailure):
                return ()
            names = sorted(self._names(), key=self._came)
            surplus = max(len(names) - max(keep, 1), 0)
            removed = tuple([name for name in names if name not in safe][:surplus])
            for name in removed:
                shutil.rmtree(self.folder / VERSIONS / name)
        return removed

    def _came(self, name: str) -> tuple[int, str, str]:
        """When a version came here, which for an imported one is later than its signing; the signing decides between equals."""
        try:
            place = self.folder / VERSIONS / name
            return place.stat().st_mtime_ns, self.described(name).signed_at, name
        except (OSError, ModelRefused):
            return 0, "", name

    def _names(self) -> list[str]:
        try:
            return [
                entry.name for entry in (self.folder / VERSIONS).iterdir() if MODEL_ID.fullmatch(entry.name)
            ]
        except OSError:
            return []

    def _state_of(self, name: str) -> VersionState:
        try:
            pointer = self.pointer()
        except ModelRefused:
            pointer = Pointer(promoted="")
        if name == pointer.promoted:
            return VersionState.PROMOTED
        if name == SHIPPED:
            return VersionState.SHIPPED
        if name in pointer.previous:
            return VersionState.PREVIOUS
        return VersionState.ROLLED_BACK if name in pointer.rolled_back else VersionState.CANDIDATE

    def _check_name(self, name: str, model_id: str) -> None:
        # A candidate's files under the promoted one's name would be genuine, and nobody promoted them.
        if name != model_id:
            raise ModelRefused(f"its folder holds another model, {model_id}")

    def _signer(self, public_key: bytes) -> str:
        if public_key == self._public_key:
            return THIS_SCHOOL
        if public_key in trusted(None):
            return "mailguard's makers"
        return fingerprint(public_key)

    def _signed_value(self, content: bytes, context: bytes, name: str) -> dict[str, Any]:
        if self._public_key is None:
            raise ModelRefused(f"{name} cannot be checked: the school's keys are not at hand")
        try:
            value = json.loads(content)
            if canonical(value) != content:
                raise ValueError("not as it was written")
            mark = base64.b64decode(value.pop("signature"), validate=True)
            Ed25519PublicKey.from_public_bytes(self._public_key).verify(mark, context + canonical(value))
        except (InvalidSignature, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise ModelRefused(f"{name} is not signed with this school's key, or was altered") from error
        found: dict[str, Any] = value
        return found


def _with_signature(value: dict[str, Any], context: bytes, key: Ed25519PrivateKey) -> bytes:
    mark = key.sign(context + canonical(value))
    return canonical({**value, "signature": base64.b64encode(mark).decode()})


def _small_file(path: Path) -> bytes:
    """Raises FileNotFoundError, and ModelRefused for what cannot be read or is too large."""
    try:
        with path.open("rb") as file:
            content = file.read(_MOST_BYTES + 1)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise ModelRefused(f"{path.name} cannot be read ({error.strerror})") from error
    if len(content) > _MOST_BYTES:
        raise ModelRefused(f"{path.name} is larger than {_MOST_BYTES} bytes")
    return content


def _fsync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


__all__ = [
    "MANIFEST",
    "SHIPPED",
    "SIGNATURE",
    "THIS_SCHOOL",
    "WEIGHTS",
    "DarkClassifier",
    "ModelRefused",
    "ModelRegistry",
    "Pointer",
    "TrustedKey",
    "Version",
    "VersionState",
    "fingerprint",
    "is_version_name",
    "open_classifier",
    "write_model",
]
