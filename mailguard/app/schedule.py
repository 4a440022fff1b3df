"""What the clock fires: idempotent rows in the store. Firing twice, late, or in two processes adds nothing
twice.

A day's digest is due from its hour on; when nobody was running then, it is added at the next look.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from mailguard.app.effects_settings import EffectsSettings
from mailguard.app.ports_store import NewEffect, Store, Transaction
from mailguard.domain.case import EffectKind
from mailguard.domain.words import Role

_SINCE = "digest-since"
_DIGEST_ROLES = (Role.HEAD, Role.DEPUTY, Role.CHAIR)


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """``call`` every ``seconds``, the first time at once."""

    name: str
    seconds: float
    call: Callable[[], None]


def digest_job(store: Store, settings: EffectsSettings, wake: Callable[[], None]) -> Job:
    def fire() -> None:
        """Raises TemporaryFailure; the next look comes in a minute."""
        with store.transaction() as transaction:
            has_added = add_due_digests(transaction, settings)
        if has_added:
            wake()

    return Job(name="digest", seconds=60, call=fire)


def add_due_digests(transaction: Transaction, settings: EffectsSettings) -> bool:
    """Add today's digest once its hour has come; whether anything was added."""
    local = transaction.now.astimezone(settings.hours.zone)
    has_passed = local.time() >= settings.digest_at
    since = transaction.ledger.state(_SINCE)
    if since is None:
        # On the day of installation there is nothing yet to look back on.
        first = local.date() + timedelta(days=1 if has_passed else 0)
        transaction.ledger.put_state(_SINCE, first.isoformat())
        since = first.isoformat()
    if not has_passed or local.date() < date.fromisoformat(since):
        return False
    effects = [
        transaction.effects.add(digest_effect(local.date(), role, due_at=transaction.now))
        for role in _DIGEST_ROLES
        if role in settings.contacts
    ]
    return any(effect is not None for effect in effects)


def digest_effect(day: date, role: Role, *, due_at: datetime) -> NewEffect:
    return NewEffect(
        kind=EffectKind.DIGEST,
        key=f"digest:{day.isoformat()}:{role.value}",
        due_at=due_at,
        role=role,
        payload={"day": day.isoformat()},
    )
