"""Keys: the key-encryption key of the installation, and each school's keys wrapped under it.

The key-encryption key comes from systemd (LoadCredential=mailguard-kek) or lies in DIR/keys/kek, made at
the first start. Its file holds Fernet keys, one a line: the first wraps, all unwrap, so rotation is a new
first line and a rewrap. A school has three keys in the store, wrapped: content (AES-256-GCM), blind
(HMAC-SHA-256), audit (Ed25519). SECURITY: who reads this file and the database reads everything; nothing
here is logged or shown. FAILURE: without the key-encryption key every held message is lost for good; the
StoreProblem says so.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from pathlib import Path

from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from mailguard.app.ports_store import StoreProblem

CREDENTIAL_NAME = "mailguard-kek"
_FORMAT = b"\x01"
_NONCE_BYTES = 12
_READABLE_BY_OTHERS = 0o077


class WrongKey(Exception):
    """What was to be opened was wrapped or sealed under another key, or altered."""


class KeyEncryptionKey:
    """Wraps and unwraps other keys. ``path`` is where it was read, for error words."""

    def __init__(self, fernets: MultiFernet, path: Path) -> None:
        self._fernets = fernets
        self.path = path

    def wrap(self, key: bytes) -> bytes:
        return self._fernets.encrypt(key)

    def unwrap(self, wrapped: bytes) -> bytes:
        """Raises WrongKey."""
        try:
            return self._fernets.decrypt(wrapped)
        except InvalidToken:
            raise WrongKey(str(self.path)) from None

    def rewrap(self, wrapped: bytes) -> bytes:
        """The same key under the first line of the file. Raises WrongKey."""
        try:
            return self._fernets.rotate(wrapped)
        except InvalidToken:
            raise WrongKey(str(self.path)) from None


def key_path(state_folder: Path) -> Path:
    """Where the key-encryption key is looked for:

    systemd's credential when there is one, else DIR/keys/kek.
    """
    credentials = os.environ.get("CREDENTIALS_DIRECTORY", "")
    if credentials and (Path(credentials) / CREDENTIAL_NAME).exists():
        return Path(credentials) / CREDENTIAL_NAME
    return state_folder / "keys" / "kek"


def load_key_encryption_key(state_folder: Path, *, may_make: bool) -> KeyEncryptionKey:
    """Read it, or make it where ``may_make`` (a store with no keys yet). Raises StoreProblem."""
    path = key_path(state_folder)
    if not path.exists():
        if not may_make:
            raise StoreProblem(
                file=str(path),
                key="key-encryption key",
                value="is missing, and the store holds data encrypted under it",
                fix="Put the file back from the backup of the keys; without it no held message opens again.",
            )
        _make(path)
    try:
        mode = path.stat().st_mode
        lines = [line.strip() for line in path.read_text("ascii").splitlines() if line.strip()]
        fernets = [Fernet(line) for line in lines]
    except OSError as error:
        raise StoreProblem(
            file=str(path),
            key="key-encryption key",
            value=f"cannot be read ({error.strerror})",
            fix="Give it to the user that mailguard runs as, mode 0600.",
        ) from None
    except ValueError:
        fernets = []
    if not fernets:
        raise StoreProblem(
            file=str(path),
            key="key-encryption key",
            value="is damaged: each line must be 32 bytes in URL-safe base64",
            fix="Put the file back from the backup of the keys.",
        )
    # systemd opens a credential to its service by an ACL, whose mask shows as group bits: its folder is
    # private.
    if mode & _READABLE_BY_OTHERS and path.name != CREDENTIAL_NAME:
        raise StoreProblem(
            file=str(path),
            key="mode",
            value=f"{mode & 0o777:04o} lets other users read the key",
            fix=f"Run: chmod 600 {path}",
        )
    return KeyEncryptionKey(MultiFernet(fernets), path)


def _make(path: Path) -> None:
    """Write a fresh key so that the name never stands for a half-written file, whoever else does the same."""
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            os.write(descriptor, Fernet.generate_key() + b"\n")
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        try:
            os.link(draft, path)
        except FileExistsError:
            # Another process of the first start was faster: its key is the key.
            return
        finally:
            os.unlink(draft)
        fsync_folder(path.parent)
    except OSError as error:
        raise StoreProblem(
            file=str(path),
            key="key-encryption key",
            value=f"cannot be made ({error.strerror})",
            fix="Let the user that mailguard runs as write to this folder.",
        ) from None


def fsync_folder(folder: Path) -> None:
    """Make names made or removed in ``folder`` durable."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


class SchoolKeys:
    """One school's keys, unwrapped, and what is done with them. Thread-safe."""

    PURPOSES = ("content", "blind", "audit")

    def __init__(self, *, content: bytes, blind: bytes, audit: bytes) -> None:
        self._content = AESGCM(content)
        self._blind = blind
        self._audit = Ed25519PrivateKey.from_private_bytes(audit)
        self.public_key = self._audit.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)

    @staticmethod
    def fresh() -> dict[str, bytes]:
        """New secrets by purpose, 32 bytes each."""
        return {purpose: secrets.token_bytes(32) for purpose in SchoolKeys.PURPOSES}

    def seal(self, content: bytes, *, place: str) -> bytes:
        """Encrypt for one place (table, column, row); elsewhere it does not open."""
        nonce = secrets.token_bytes(_NONCE_BYTES)
        return _FORMAT + nonce + self._content.encrypt(nonce, content, place.encode())

    def open(self, sealed: bytes, *, place: str) -> bytes:
        """Raises WrongKey when it was altered or moved."""
        if sealed[:1] != _FORMAT:
            raise WrongKey(place)
        nonce = sealed[1 : 1 + _NONCE_BYTES]
        try:
            return self._content.decrypt(nonce, sealed[1 + _NONCE_BYTES :], place.encode())
        except (InvalidTag, ValueError):
            # ValueError: cut so short that there is not even a nonce.
            raise WrongKey(place) from None

    def blind(self, kind: str, text: str) -> str:
        """Hex; equal texts of a kind give equal values, and nothing else can be told from them."""
        message = kind.encode() + b"\0" + text.encode("utf-8", "surrogatepass")
        return hmac.new(self._blind, message, hashlib.sha256).hexdigest()

    def derived(self, purpose: str) -> bytes:
        """32 bytes for another HMAC (the X-Mailguard mark), independent of the blind index."""
        derivation = HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=purpose.encode())
        return derivation.derive(self._blind)

    def sign(self, message: bytes) -> bytes:
        """Ed25519 with the audit key."""
        return self._audit.sign(message)

    @property
    def mark_key(self) -> bytes:
        """Of the mark on mail that has been judged (``app.mark``): 32 bytes."""
        return self.derived("mark")

    @property
    def model_key(self) -> Ed25519PrivateKey:
        """Signs this school's own models, and nothing else: what it signs can never pass for a checkpoint."""
        return Ed25519PrivateKey.from_private_bytes(self.derived("model-signing"))


def public_key_of(audit_secret: bytes) -> bytes:
    """The 32 public bytes of an Ed25519 secret."""
    key = Ed25519PrivateKey.from_private_bytes(audit_secret).public_key()
    return key.public_bytes(Encoding.Raw, PublicFormat.Raw)


def is_genuine_signature(public_key: bytes, signature: bytes, message: bytes) -> bool:
    """Whether an Ed25519 signature fits; a malformed one does not."""
    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True
