"""The table of contents of an evidence pack, and the school's signature over it.

The seal is a signed note by the school's audit key; its first line tells it from a checkpoint of the trail.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from mailguard.domain.audit import (
    Sign,
    SignatureCheck,
    VerifierKey,
    open_note,
    sign_note,
    time_from_text,
    time_text,
)

MANIFEST_FORMAT = "mailguard-evidence-1"


@dataclass(frozen=True, slots=True)
class PackedFile:
    """One file of a pack; ``sha256`` hex over its bytes."""

    name: str
    size_bytes: int
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """``form``: whether sealed parts are withheld. ``files``: all but the manifest and its seal, by name."""

    case_id: str
    form: str
    export_id: str
    made_at: datetime
    files: tuple[PackedFile, ...]


def manifest_of(
    files: Mapping[str, bytes], *, case_id: str, form: str, export_id: str, made_at: datetime
) -> Manifest:
    packed = tuple(
        PackedFile(name=name, size_bytes=len(content), sha256=hashlib.sha256(content).hexdigest())
        for name, content in sorted(files.items())
    )
    return Manifest(case_id=case_id, form=form, export_id=export_id, made_at=made_at, files=packed)


def write_manifest(manifest: Manifest) -> bytes:
    value: dict[str, Any] = {
        "format": MANIFEST_FORMAT,
        "case_id": manifest.case_id,
        "form": manifest.form,
        "export": manifest.export_id,
        "made_at": time_text(manifest.made_at),
        "files": [
            {"name": each.name, "size_bytes": each.size_bytes, "sha256": each.sha256}
            for each in manifest.files
        ],
    }
    return (json.dumps(value, indent=1, ensure_ascii=False) + "\n").encode()


def read_manifest(content: bytes) -> Manifest:
    """Raises ValueError when it is not a manifest as ``write_manifest`` writes it."""
    try:
        value = json.loads(content)
        if value["format"] != MANIFEST_FORMAT:
            raise ValueError(f"format is not {MANIFEST_FORMAT}")
        manifest = Manifest(
            case_id=value["case_id"],
            form=value["form"],
            export_id=value["export"],
            made_at=time_from_text(value["made_at"]),
            files=tuple(PackedFile(**each) for each in value["files"]),
        )
        is_same = write_manifest(manifest) == content
    except (KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ValueError(f"not a manifest: {error}") from None
    if not is_same:
        raise ValueError("not a manifest as mailguard writes it")
    return manifest


def seal_manifest(content: bytes, manifest: Manifest, *, key: VerifierKey, sign: Sign) -> str:
    """The signed note over a manifest's bytes."""
    return sign_note(_seal_body(content, manifest, key), key=key, sign=sign)


def is_sealed(
    note: str, content: bytes, manifest: Manifest, *, key: VerifierKey, is_genuine: SignatureCheck
) -> bool:
    """Whether ``note`` is the school's seal on exactly this manifest."""
    try:
        return open_note(note, key=key, is_genuine=is_genuine) == _seal_body(content, manifest, key)
    except ValueError:
        return False


def _seal_body(content: bytes, manifest: Manifest, key: VerifierKey) -> str:
    name = key.name.removesuffix("/audit") + "/evidence"
    digest = hashlib.sha256(content).hexdigest()
    return f"{name}\n{manifest.case_id}\nsha256 {digest}\ntime {time_text(manifest.made_at)}\n"
