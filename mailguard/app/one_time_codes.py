"""Six-digit codes of an authenticator app (RFC 6238: SHA-1, 30 s, six digits, what every app reads)."""

from __future__ import annotations

import hmac
from datetime import datetime

import pyotp

_STEP_SECONDS = 30
_STEPS_EITHER_SIDE = 1


def new_totp_secret() -> str:
    """160 random bits in base32."""
    return pyotp.random_base32()


def totp_address(secret: str, *, account: str, school: str) -> str:
    """What the QR code says: an otpauth:// address with the school's name and the account's."""
    return pyotp.TOTP(secret).provisioning_uri(name=account, issuer_name=school.replace(":", " "))


def matching_step(secret: str, code: str, now: datetime) -> int | None:
    """The time step that ``code`` belongs to: this one or one either side, for clocks that differ a little.

    SECURITY: takes the same time whichever step it is, and for none.
    """
    digits = "".join(letter for letter in code if letter.isdigit() and letter.isascii())
    if len(digits) != 6 or not secret:
        return None
    this_step = int(now.timestamp()) // _STEP_SECONDS
    totp = pyotp.TOTP(secret)
    found = None
    for step in range(this_step - _STEPS_EITHER_SIDE, this_step + _STEPS_EITHER_SIDE + 1):
        if hmac.compare_digest(totp.generate_otp(step), digits):
            found = step
    return found


def current_code(secret: str, now: datetime) -> str:
    """What the app shows now: for the demo and for tests, which have no telephone."""
    return pyotp.TOTP(secret).generate_otp(int(now.timestamp()) // _STEP_SECONDS)


def grouped(secret: str) -> str:
    """For people who type it: groups of four."""
    return " ".join(secret[start : start + 4] for start in range(0, len(secret), 4))
