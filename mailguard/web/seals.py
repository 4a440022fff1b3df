"""Signatures on what a browser keeps for the site: CSRF tokens, flash words, the mark of a known browser.

Keys are derived from the school's own (``SchoolKeys.derived``), one a purpose.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Callable
from typing import Any


class Seals:
    """``derived(purpose)`` gives 32 bytes."""

    def __init__(self, derived: Callable[[str], bytes]) -> None:
        self._csrf_key = derived("review-csrf")
        self._cookie_key = derived("review-cookie")

    def csrf_token(self, binding: str) -> str:
        """For forms shown to whoever holds ``binding``: a session's token hash, or a visitor's cookie."""
        return hmac.new(self._csrf_key, binding.encode(), hashlib.sha256).hexdigest()

    def is_csrf_token(self, token: str, binding: str) -> bool:
        return bool(binding) and hmac.compare_digest(self.csrf_token(binding).encode(), token.encode())

    def wrap(self, kind: str, value: Any) -> str:
        """JSON with its signature, for a cookie. Readable by its holder, not writable."""
        encoded = base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")
        return f"{encoded}.{self._signature(kind, encoded)}"

    def unwrap(self, kind: str, text: str) -> Any:
        """None when it is not one of ours."""
        encoded, _, signature = text.partition(".")
        if not hmac.compare_digest(self._signature(kind, encoded).encode(), signature.encode()):
            return None
        try:
            return json.loads(base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4)))
        except (ValueError, binascii.Error):
            return None

    def _signature(self, kind: str, encoded: str) -> str:
        message = f"{kind}\0{encoded}".encode()
        return hmac.new(self._cookie_key, message, hashlib.sha256).hexdigest()
