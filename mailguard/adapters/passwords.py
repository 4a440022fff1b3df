"""Passwords as Argon2id hashes.

SECURITY: each hash takes 64 MiB and about 0.2 s, so at most two are computed at a time; who cannot get a turn within
some seconds is asked to come again, rather than every thread of the site waiting for strangers.
"""

from __future__ import annotations

import base64
import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from mailguard.app.ports import TemporaryFailure

_TURN_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Argon2Cost:
    """RFC 9106's second recommendation (64 MiB, three passes), with one lane for two cores."""

    memory_kib: int = 65_536
    passes: int = 3
    lanes: int = 1
    at_once: int = 2


class Argon2Passwords:
    """``app.ports_accounts.PasswordHasher``."""

    def __init__(self, cost: Argon2Cost | None = None) -> None:
        cost = cost or Argon2Cost()
        self._hasher = PasswordHasher(
            time_cost=cost.passes, memory_cost=cost.memory_kib, parallelism=cost.lanes
        )
        self._turns = threading.BoundedSemaphore(cost.at_once)
        # No password is known to have this hash; to find that out costs what every other costs.
        self.nobodys = (
            f"$argon2id$v=19$m={cost.memory_kib},t={cost.passes},p={cost.lanes}${_random(16)}${_random(32)}"
        )

    def hash(self, password: str) -> str:
        with self._turn():
            return self._hasher.hash(password)

    def is_match(self, password_hash: str, password: str) -> bool:
        """``password_hash`` "" for somebody who has none: False, after the same time as for anybody else."""
        with self._turn():
            try:
                self._hasher.verify(password_hash or self.nobodys, password)
            except (VerificationError, InvalidHashError):
                return False
            return bool(password_hash)

    @contextmanager
    def _turn(self) -> Iterator[None]:
        if not self._turns.acquire(timeout=_TURN_SECONDS):
            raise TemporaryFailure("sign-in: too many at a time")
        try:
            yield
        finally:
            self._turns.release()


def _random(count: int) -> str:
    """So many bytes in base64 as Argon2's encoding wants it: without padding."""
    return base64.b64encode(secrets.token_bytes(count)).decode().rstrip("=")
