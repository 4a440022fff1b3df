"""Words for a school's models: which are there, in what state each is, and the pointer that says which one is in force."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from mailguard.classifier.artefact import ModelRefused

SHIPPED = "shipped"
MODEL_ID = re.compile(r"[0-9a-f]{16}")
_MOST_PREVIOUS = 50


class VersionState(StrEnum):
    """``previous``: was in force before; ``rolled-back``: was, until a person went back from it; ``candidate``: never was."""

    PROMOTED = "promoted"
    PREVIOUS = "previous"
    ROLLED_BACK = "rolled-back"
    CANDIDATE = "candidate"
    SHIPPED = "shipped"


@dataclass(frozen=True, slots=True)
class Pointer:
    """Which model is in force, since when, by whom and why. ``serial`` grows with each.

    ``previous``: what a rollback goes back to, newest first; ``rolled_back``: what was in force until a person went back from it,
    newest first. All are model ids or ``shipped``. ``at`` is ISO 8601, UTC.
    """

    serial: int = 0
    promoted: str = SHIPPED
    previous: tuple[str, ...] = ()
    by: str = ""
    reason: str = ""
    at: str = ""
    rolled_back: tuple[str, ...] = ()

    @property
    def was_in_force(self) -> frozenset[str]:
        """Whatever is or was in force, as far back as is remembered."""
        return frozenset({self.promoted, *self.previous, *self.rolled_back})

    def moved(self, to: str, *, by: str, reason: str, at: datetime) -> Pointer:
        """After a promotion of ``to``."""
        return Pointer(
            serial=self.serial + 1,
            promoted=to,
            previous=(self.promoted, *self.previous)[:_MOST_PREVIOUS],
            by=by,
            reason=reason,
            at=at.isoformat(timespec="seconds"),
            rolled_back=tuple(name for name in self.rolled_back if name != to),
        )

    def back(self, *, by: str, reason: str, at: datetime) -> Pointer:
        """After a rollback to the previous one, which then is no previous one. Raises ModelRefused when there is none."""
        if not self.previous:
            raise ModelRefused("no model was in force before this one")
        return Pointer(
            serial=self.serial + 1,
            promoted=self.previous[0],
            previous=self.previous[1:],
            by=by,
            reason=reason,
            at=at.isoformat(timespec="seconds"),
            rolled_back=tuple(dict.fromkeys((self.promoted, *self.rolled_back)))[:_MOST_PREVIOUS],
        )


@dataclass(frozen=True, slots=True)
class Version:
    """One model of the registry. ``problem`` "" when it could be used; ``manifest`` only of a verified one."""

    name: str
    state: VersionState
    model_id: str
    signed_at: str
    signed_by: str
    problem: str
    manifest: Mapping[str, Any]

    @property
    def needs_no_gates(self) -> bool:
        """What a rollback could put in force anyway, and the shipped one. One that a person went back from is measured again."""
        return self.name == SHIPPED or self.state in (VersionState.PROMOTED, VersionState.PREVIOUS)


@dataclass(frozen=True, slots=True)
class TrustedKey:
    """Another's key that a person confirmed by its fingerprint."""

    public_key: str
    by: str
    at: str


def fingerprint(public_key: bytes) -> str:
    """For reading aloud and comparing: eight groups of four hex digits of the key's SHA-256."""
    digest = hashlib.sha256(public_key).hexdigest()[:32]
    return "-".join(digest[start : start + 4] for start in range(0, len(digest), 4))


def is_version_name(name: object) -> bool:
    return isinstance(name, str) and (name == SHIPPED or MODEL_ID.fullmatch(name) is not None)
