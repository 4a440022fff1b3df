import errno
import os
from pathlib import Path

import pytest
from cryptography.fernet import Fernet, MultiFernet

from mailguard.adapters.blobs import CHUNK_BYTES, BlobFiles
from mailguard.adapters.keys import KeyEncryptionKey
from mailguard.app.ports import PermanentFailure, TemporaryFailure


class KeysInMemory:
    """``BlobKeys`` without a database."""

    def __init__(self) -> None:
        self.keys: dict[str, tuple[bytes, str]] = {}

    def put_blob_key(self, blob_id, *, wrapped_key, sha256, size_bytes):
        self.keys[blob_id] = (wrapped_key, sha256)

    def blob_key(self, blob_id):
        return self.keys.get(blob_id)

    def drop_blob_key(self, blob_id):
        self.keys.pop(blob_id, None)

    def unused_blobs(self, *, before):
        return tuple(self.keys)


@pytest.fixture
def blobs(tmp_path: Path) -> BlobFiles:
    kek = KeyEncryptionKey(MultiFernet([Fernet(Fernet.generate_key())]), tmp_path / "kek")
    (tmp_path / "blobs").mkdir()
    return BlobFiles(tmp_path / "blobs", keys=KeysInMemory(), key_encryption_key=kek)


def file_of(blobs: BlobFiles, blob_id: str) -> Path:
    return blobs._folder / blob_id[:2] / blob_id[2:]


@pytest.mark.parametrize(
    "size", [0, 1, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, 3 * CHUNK_BYTES, 1_000_003]
)
def test_what_was_put_comes_back_byte_for_byte(blobs: BlobFiles, size: int):
    raw = os.urandom(size)
    blob_id = blobs.put(raw)
    assert blobs.get(blob_id) == raw
    path = file_of(blobs, blob_id)
    assert path.stat().st_mode & 0o777 == 0o600
    assert size < 100 or raw[:100] not in path.read_bytes()


def test_equal_bytes_put_twice_have_nothing_in_common(blobs: BlobFiles):
    first, second = blobs.put(b"same"), blobs.put(b"same")
    assert first != second
    assert file_of(blobs, first).read_bytes() != file_of(blobs, second).read_bytes()


STEP = CHUNK_BYTES + 16


@pytest.mark.parametrize(
    "tamper",
    [
        lambda octets: octets[:10] + bytes([octets[10] ^ 1]) + octets[11:],
        lambda octets: octets[:-1],
        lambda octets: octets[: 4 + 2 * STEP],
        lambda octets: octets[:4] + octets[4 + STEP :],
        lambda octets: (
            octets[:4] + octets[4 + STEP : 4 + 2 * STEP] + octets[4 : 4 + STEP] + octets[4 + 2 * STEP :]
        ),
        lambda octets: octets + b"x",
        lambda octets: b"",
        lambda octets: octets[:4],
    ],
    ids=["bit", "short", "last chunk cut", "first chunk cut", "swapped", "longer", "empty", "head only"],
)
def test_tampering_with_the_file_is_found(blobs: BlobFiles, tamper):
    blob_id = blobs.put(os.urandom(2 * CHUNK_BYTES + 100))
    path = file_of(blobs, blob_id)
    path.write_bytes(tamper(path.read_bytes()))
    with pytest.raises(PermanentFailure, match="altered or cut off"):
        blobs.get(blob_id)


def test_one_blob_in_the_place_of_another_is_found(blobs: BlobFiles):
    first, second = blobs.put(b"first"), blobs.put(b"other")
    file_of(blobs, first).write_bytes(file_of(blobs, second).read_bytes())
    with pytest.raises(PermanentFailure):
        blobs.get(first)


def test_a_shredded_missing_or_unknown_blob_is_a_permanent_failure(blobs: BlobFiles):
    shredded, missing = blobs.put(b"x"), blobs.put(b"y")
    blobs.shred(shredded)
    blobs.shred(shredded)
    file_of(blobs, missing).unlink()
    for blob_id in (shredded, missing, "0" * 32, "../../etc/passwd", ""):
        with pytest.raises(PermanentFailure):
            blobs.get(blob_id)
    assert not file_of(blobs, shredded).exists()


def test_a_disk_that_fails_at_fsync_is_a_temporary_failure_and_leaves_nothing(
    blobs: BlobFiles, monkeypatch: pytest.MonkeyPatch
):
    def full(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(TemporaryFailure, match="No space left"):
        blobs.put(b"x" * 100)
    assert [path for path in blobs._folder.rglob("*") if path.is_file()] == []
