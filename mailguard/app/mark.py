"""The X-Mailguard mark: proof that mailguard itself let this body go to this recipient.

Value: ``v1 id=<opaque> e=<unix expiry> h=<mac> [h=<mac> ...]``, one ``h`` for each recipient of the copy.
The mark says nothing of a verdict; the id is random. Mailbox scanning honours a valid mark for its own
address (judged at the relay, or released by a person), so that nothing is judged or held twice. The relay
never honours one.

SECURITY: the value comes from outside. A forger without the key cannot make one; someone who was sent a
marked message can replay it only with the same body, to the same recipient, until it expires.
Source: DESIGN.md "The way of a message"; HMAC: RFC 2104, truncated to 128 bits as RFC 2104 5 allows.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from mailguard.app.newlines import to_crlf

HEADER_NAME = "X-Mailguard"
TAG_HEADER_NAME = "X-Mailguard-Tag"

_MAC_BYTES = 16
_BLOCK_BYTES = 65_536
_LONGEST_VALUE = 65_536
_VALUE = re.compile(r"v1 id=([A-Za-z0-9_-]{1,64}) e=([0-9]{1,12})((?: h=[A-Za-z0-9_-]{22})+)")


def body_sha256(raw: bytes) -> bytes:
    """The digest a mark is bound to: of all after the first empty line, without empty lines at the end.

    Line ends count as CRLF, so that a copy read back from a mailbox has the digest of the copy sent.
    """
    wire = to_crlf(raw)
    if wire.startswith(b"\r\n"):
        start = 2
    else:
        empty_line = wire.find(b"\r\n\r\n")
        start = len(wire) if empty_line < 0 else empty_line + 4
    end = len(wire)
    while end > start:
        block_start = max(start, end - _BLOCK_BYTES)
        kept = len(wire[block_start:end].rstrip(b"\r\n"))
        if kept:
            end = block_start + kept
            break
        end = block_start
    return hashlib.sha256(memoryview(wire)[start:end]).digest()


def make(
    *, key: bytes, mark_id: str, body_digest: bytes, recipients: Sequence[str], expires_at: datetime
) -> str:
    """The header's value for one copy. ``expires_at`` is aware; the macs' order says nothing."""
    expiry = int(expires_at.timestamp())
    macs = sorted({_mac(key, mark_id, expiry, body_digest, address) for address in recipients})
    return " ".join([f"v1 id={mark_id} e={expiry}", *(f"h={mac}" for mac in macs)])


def header_field(value: str) -> bytes:
    """The whole field with CRLF, folded before each mac (RFC 5322 2.2.3)."""
    return f"{HEADER_NAME}: {value.replace(' h=', chr(13) + chr(10) + ' h=')}\r\n".encode("ascii")


def is_valid_for(
    value: str, *, key: bytes, body_digest: bytes, recipients: Iterable[str], now: datetime
) -> bool:
    """True when ``value`` (folded or not) is our unexpired mark for this body and one of ``recipients``."""
    if len(value) > _LONGEST_VALUE:
        return False
    found = _VALUE.fullmatch(" ".join(value.split()))
    if found is None:
        return False
    mark_id, expiry, macs = found.group(1), int(found.group(2)), found.group(3).replace(" h=", " ").split()
    if now.astimezone(UTC).timestamp() >= expiry:
        return False
    wanted = [_mac(key, mark_id, expiry, body_digest, address) for address in recipients]
    return any(hmac.compare_digest(ours, theirs) for ours in wanted for theirs in macs)


def _mac(key: bytes, mark_id: str, expiry: int, body_digest: bytes, recipient: str) -> str:
    words = f"mailguard-mark-v1\0{mark_id}\0{expiry}\0{recipient.casefold()}\0".encode(
        "utf-8", "surrogateescape"
    )
    digest = hmac.new(key, words + body_digest, hashlib.sha256).digest()[:_MAC_BYTES]
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode("ascii")
