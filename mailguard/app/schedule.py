"""What the clock fires: idempotent rows in the store. Firing twice, late, or in two processes adds nothing
twice.

A digest is due from its hour on; when nobody was running then, it is added at the next look, be that days
later. Of several that were missed the newest is sent: it tells everything since the last one that went out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from mailguard.app.digest_calendar import ADMIN, digest_key, latest_digest_day
from mailguard.app.effects_settings import EffectsSettings
from mailguard.app.parent_letters import add_due_escalations
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


def parent_letters_job(store: Store, settings: EffectsSettings, wake: Callable[[], None]) -> Job:
    def fire() -> None:
        """Raises TemporaryFailure; the next look comes in ten minutes."""
        with store.transaction() as transaction:
            has_added = add_due_escalations(transaction, settings)
        if has_added:
            wake()

    return Job(name="parent-letters", seconds=600, call=fire)


def add_due_digests(transaction: Transaction, settings: EffectsSettings) -> bool:
    """Add each reader's newest digest that has fallen due, unless it is there; whether anything was added."""
    now, plan, hours = transaction.now, settings.digest, settings.hours
    local = now.astimezone(hours.zone)
    stored = transaction.ledger.state(_SINCE)
    if stored is None:
        # On the day of installation there is nothing yet to look back on.
        first = local.date() + timedelta(days=1 if local.time() >= plan.at else 0)
        transaction.ledger.put_state(_SINCE, first.isoformat())
        stored = first.isoformat()
    since = date.fromisoformat(stored)
    has_added = False
    for reader in digest_readers(settings):
        day = latest_digest_day(now, plan.frequency(reader), plan, hours)
        if day is None or day < since:
            continue
        has_added |= transaction.effects.add(digest_effect(day, reader, due_at=now)) is not None
    return has_added


def digest_readers(settings: EffectsSettings) -> Iterator[str]:
    """Roles as words, and ``ADMIN`` where somebody has been named."""
    yield from (role.value for role in _DIGEST_ROLES if role in settings.contacts)
    if settings.digest.admin_address:
        yield ADMIN


def digest_effect(day: date, reader: str, *, due_at: datetime) -> NewEffect:
    """``reader``: a role's word, or ``ADMIN``."""
    return NewEffect(
        kind=EffectKind.DIGEST,
        key=digest_key(day, reader),
        due_at=due_at,
        role=reader,
        payload={"day": day.isoformat()},
    )
