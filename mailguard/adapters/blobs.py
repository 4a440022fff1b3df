"""Raw messages as files, encrypted chunk by chunk, each under its own key.

DIR/blobs/ab/cdef…: a format mark, then chunks of 64 KiB, each AES-256-GCM with the blob id, the chunk's
number and whether it is the last as associated data: a chunk changed, moved, dropped or cut off is noticed.
The nonce is the chunk's number, which is safe because a key serves one blob. The wrapped key lies in the
store; dropping it shreds the blob. FAILURE: a death before ``put`` returns leaves at most a file that
nothing refers to; ``sweep`` removes it.
"""

from __future__ import annotations

import hashlib
import os
import re
import secrets
import shutil
from datetime import datetime
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from mailguard.adapters.keys import KeyEncryptionKey, WrongKey, fsync_folder
from mailguard.app.failpoints import reach
from mailguard.app.ports import PermanentFailure, TemporaryFailure
from mailguard.app.ports_store import BlobKeys

CHUNK_BYTES = 64 * 1024
_TAG_BYTES = 16
_MARK = b"MGB1"
_BLOB_ID = re.compile(r"[0-9a-f]{32}")


class BlobFiles:
    """The blob store on a folder. Thread-safe; any number of processes may share it."""

    def __init__(
        self, folder: Path, *, keys: BlobKeys, key_encryption_key: KeyEncryptionKey, min_free_bytes: int = 0
    ) -> None:
        self._folder = folder
        self._keys = keys
        self._kek = key_encryption_key
        self._min_free_bytes = min_free_bytes

    def put(self, raw: bytes) -> str:
        """Store.

        On return file, folder and key are durable. Raises TemporaryFailure when the disk is full or fails.
        """
        blob_id = secrets.token_hex(16)
        data_key = AESGCM.generate_key(bit_length=256)
        try:
            self._refuse_when_nearly_full(len(raw))
            self._write(blob_id, raw, AESGCM(data_key))
        except OSError as error:
            raise TemporaryFailure(f"blob {blob_id} could not be written: {error.strerror}") from error
        self._keys.put_blob_key(
            blob_id,
            wrapped_key=self._kek.wrap(data_key),
            sha256=hashlib.sha256(raw).hexdigest(),
            size_bytes=len(raw),
        )
        return blob_id

    def get(self, blob_id: str) -> bytes:
        """Raises PermanentFailure when missing, altered or shredded, TemporaryFailure when unreadable now."""
        known = self._keys.blob_key(blob_id)
        if known is None:
            raise PermanentFailure(f"blob {blob_id} is unknown or was shredded")
        wrapped_key, sha256 = known
        try:
            sealed = self._path(blob_id).read_bytes()
        except FileNotFoundError:
            raise PermanentFailure(f"blob {blob_id}: its file is missing") from None
        except OSError as error:
            raise TemporaryFailure(f"blob {blob_id} could not be read: {error.strerror}") from error
        try:
            raw = _opened(sealed, blob_id, AESGCM(self._kek.unwrap(wrapped_key)))
        except WrongKey:
            raise PermanentFailure(
                f"blob {blob_id}: its key was wrapped under another key-encryption key"
            ) from None
        except InvalidTag:
            raise PermanentFailure(f"blob {blob_id}: its file was altered or cut off") from None
        if hashlib.sha256(raw).hexdigest() != sha256:
            raise PermanentFailure(f"blob {blob_id}: its bytes are not those that were put")
        return raw

    def shred(self, blob_id: str) -> None:
        """Drop the key, then the file. The hash stays in the store."""
        self._keys.drop_blob_key(blob_id)
        self._path(blob_id).unlink(missing_ok=True)

    def sweep(self, *, before: datetime) -> int:
        """Shred what was put before that time and no message refers to; how many."""
        unused = self._keys.unused_blobs(before=before)
        for blob_id in unused:
            self.shred(blob_id)
        return len(unused)

    def _path(self, blob_id: str) -> Path:
        # SECURITY: a blob id becomes a path, so nothing but our own form is looked at.
        if not _BLOB_ID.fullmatch(blob_id):
            raise PermanentFailure(f"{blob_id!r} is not a blob id")
        return self._folder / blob_id[:2] / blob_id[2:]

    def _refuse_when_nearly_full(self, size_bytes: int) -> None:
        if not self._min_free_bytes:
            return
        free_bytes = shutil.disk_usage(self._folder.parent).free
        if free_bytes - size_bytes < self._min_free_bytes:
            raise TemporaryFailure(
                f"{self._folder}: {free_bytes} bytes free, {self._min_free_bytes} must stay free"
            )

    def _write(self, blob_id: str, raw: bytes, cipher: AESGCM) -> None:
        path = self._path(blob_id)
        if not path.parent.is_dir():
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            fsync_folder(self._folder)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(_MARK)
                for chunk in _sealed_chunks(raw, blob_id, cipher):
                    file.write(chunk)
                file.flush()
                reach("blob-written")
                os.fsync(file.fileno())
            fsync_folder(path.parent)
        except OSError:
            path.unlink(missing_ok=True)
            raise
        reach("blob-fsynced")


def _associated(blob_id: str, number: int, is_last: bool) -> bytes:
    return bytes.fromhex(blob_id) + number.to_bytes(8, "big") + (b"\x01" if is_last else b"\x00")


def _nonce(number: int) -> bytes:
    return number.to_bytes(12, "big")


def _sealed_chunks(raw: bytes, blob_id: str, cipher: AESGCM) -> list[bytes]:
    """An empty message is one empty last chunk."""
    count = max(1, -(-len(raw) // CHUNK_BYTES))
    view = memoryview(raw)
    return [
        cipher.encrypt(
            _nonce(number),
            view[number * CHUNK_BYTES : (number + 1) * CHUNK_BYTES],
            _associated(blob_id, number, number == count - 1),
        )
        for number in range(count)
    ]


def _opened(sealed: bytes, blob_id: str, cipher: AESGCM) -> bytes:
    """Raises InvalidTag on any difference from what was written."""
    view = memoryview(sealed)[len(_MARK) :]
    step = CHUNK_BYTES + _TAG_BYTES
    count = -(-len(view) // step)
    if sealed[: len(_MARK)] != _MARK or count == 0:
        raise InvalidTag
    return b"".join(
        cipher.decrypt(
            _nonce(number),
            view[number * step : (number + 1) * step],
            _associated(blob_id, number, number == count - 1),
        )
        for number in range(count)
    )
