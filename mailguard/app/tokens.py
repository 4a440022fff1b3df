"""What people and browsers hold to prove themselves: made here at random, kept by the store as hashes only.

Tokens of browsers have 256 bits; what a person types has at least 80 and the letters survive a telephone.
Neither needs a salt or a slow hash.
"""

from __future__ import annotations

import base64
import hashlib
import secrets

_GROUP_LETTERS = 4
_ONE_TIME_GROUPS = 5
_RECOVERY_GROUPS = 4
RECOVERY_CODES = 10


def new_token() -> str:
    """256 random bits for a cookie."""
    return secrets.token_urlsafe(32)


def token_hash(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def new_id(kind: str) -> str:
    """An id that nothing can be told from, such as acc-1f2e3d4c5b6a7988."""
    return f"{kind}-{secrets.token_hex(8)}"


def new_one_time_password() -> str:
    """100 bits in five groups of four letters: base32 has neither 0 nor 1."""
    return _letters(_ONE_TIME_GROUPS)


def new_recovery_codes() -> tuple[str, ...]:
    """80 bits each, in four groups of four letters."""
    return tuple(_letters(_RECOVERY_GROUPS) for _ in range(RECOVERY_CODES))


def code_hash(code: str) -> str:
    """Of a one-time password or recovery code, however it was typed: case, blanks and hyphens do not matter."""
    letters = "".join(letter for letter in code.lower() if letter.isalnum())
    return hashlib.sha256(letters.encode("utf-8", "surrogatepass")).hexdigest()


def _letters(groups: int) -> str:
    count = groups * _GROUP_LETTERS
    letters = base64.b32encode(secrets.token_bytes(-(-count * 5 // 8))).decode().lower()[:count]
    return "-".join(letters[start : start + _GROUP_LETTERS] for start in range(0, count, _GROUP_LETTERS))
