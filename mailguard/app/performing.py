"""What performing one effect comes to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Protocol

from mailguard.app.ports_store import EffectRecord, NewEffect

_NOTHING: Mapping[str, Any] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class Performed:
    """The outside world said yes, or (``is_needed`` False) there was nothing to do.

    ``detail`` goes into the audit trail: ids and reply codes, no content. ``then``: what follows, added in
    T2. ``alarm``: an event for the admin, "" for none.
    """

    detail: Mapping[str, Any] = field(default_factory=lambda: _NOTHING)
    then: tuple[NewEffect, ...] = ()
    is_needed: bool = True
    alarm: str = ""


class Performer(Protocol):
    def perform(self, effect: EffectRecord) -> Performed:
        """Blocking. Raises TemporaryFailure (try again) or PermanentFailure (never again)."""
        ...


def not_needed(reason: str, *, then: tuple[NewEffect, ...] = (), alarm: str = "") -> Performed:
    return Performed(detail={"not_needed": reason}, then=then, is_needed=False, alarm=alarm)
