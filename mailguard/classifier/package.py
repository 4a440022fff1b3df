"""A model as one file, to carry from one machine to another: a zip of exactly its three files, stored as they are.

SECURITY: the file may come from anybody. It is never unpacked to disk under names of its own: three names are wanted, once
each, and every other content refuses the whole. What is read is bounded whatever the archive's directory says, and nothing is
parsed as weights before hash and signature are right.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import zipfile
from collections.abc import Mapping
from pathlib import Path

from mailguard.classifier.artefact import (
    MANIFEST,
    MOST_WEIGHTS_BYTES,
    SIGNATURE,
    WEIGHTS,
    ModelRefused,
    replace_file,
)

_NAMES = (MANIFEST, SIGNATURE, WEIGHTS)
_MOST = {MANIFEST: 1_000_000, SIGNATURE: 10_000, WEIGHTS: MOST_WEIGHTS_BYTES}
_MOST_PACKAGE_BYTES = 25_000_000
# The same files give the same package: zip knows no time before 1980.
_NO_TIME = (1980, 1, 1, 0, 0, 0)


def write_package(folder: Path, target: Path) -> str:
    """The three files of a model's folder as `target`; its SHA-256. Raises OSError."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as package:
        for name in _NAMES:
            package.writestr(zipfile.ZipInfo(name, _NO_TIME), (folder / name).read_bytes())
    content = file.getvalue()
    replace_file(target, content)
    os.chmod(target, 0o644)
    return hashlib.sha256(content).hexdigest()


def read_package(path: Path) -> dict[str, bytes]:
    """The three files by name, unverified but bounded, with the weights' hash as the manifest says. Raises ModelRefused."""
    try:
        with path.open("rb") as file:
            content = file.read(_MOST_PACKAGE_BYTES + 1)
    except OSError as error:
        raise ModelRefused(f"{path}: cannot be read ({error.strerror})") from error
    if len(content) > _MOST_PACKAGE_BYTES:
        raise ModelRefused(f"{path.name} is larger than {_MOST_PACKAGE_BYTES} bytes: it is no exported model")
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as package:
            names = [entry.filename for entry in package.infolist()]
            if sorted(names) != sorted(_NAMES):
                raise ModelRefused(f"{path.name} is no exported model: it holds {_shown(names)}")
            files = {name: _member(package, name) for name in _NAMES}
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, OSError, ValueError) as error:
        raise ModelRefused(f"{path.name} cannot be read as an exported model ({error})") from error
    _check_hash(files)
    return files


def _member(package: zipfile.ZipFile, name: str) -> bytes:
    entry = package.getinfo(name)
    if entry.compress_type != zipfile.ZIP_STORED or entry.flag_bits & 1:
        raise ModelRefused(f"{name} is compressed or encrypted: an exported model never is")
    with package.open(entry) as member:
        content = member.read(_MOST[name] + 1)
    if len(content) > _MOST[name]:
        raise ModelRefused(f"{name} is larger than {_MOST[name]} bytes")
    return content


def _check_hash(files: Mapping[str, bytes]) -> None:
    try:
        stated = json.loads(files[MANIFEST])["weights_sha256"]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise ModelRefused(f"{MANIFEST} cannot be read ({type(error).__name__})") from error
    if stated != hashlib.sha256(files[WEIGHTS]).hexdigest():
        raise ModelRefused(f"{WEIGHTS} is not the file that {MANIFEST} describes")


def _shown(names: list[str]) -> str:
    return ", ".join(repr(name[:60]) for name in names[:5]) or "nothing"
