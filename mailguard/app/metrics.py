"""Figures for a monitoring system: how old, how many, how late. Numbers only: no name, no address, no case id.

Source: ENGINEERING "Digest stopped and nobody noticed: heartbeat; doctor and metric for its age".
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from mailguard.app.drift_words import drift_figures
from mailguard.app.effects_settings import EffectsSettings
from mailguard.app.health import Health, State, health
from mailguard.app.ports_store import CaseFilter, Transaction
from mailguard.app.sightings import EFFECTS, RELAY
from mailguard.domain.case import CaseState


@dataclass(frozen=True, slots=True)
class Figure:
    """One gauge. ``name`` without the prefix, ended by its unit; ``label`` and ``value_of`` "" for none."""

    name: str
    says: str
    value: float
    label: str = ""
    value_of: str = ""


def figures(transaction: Transaction, settings: EffectsSettings) -> tuple[Figure, ...]:
    """From one consistent state of the store. An age that is not known yet is left out."""
    found = health(transaction, settings)
    return tuple(_of(found, transaction))


def _of(found: Health, transaction: Transaction) -> Iterator[Figure]:
    now, effects, seen = found.at, found.effects, found.sightings
    states = [finding.state for finding in found.findings]
    for state in State:
        yield Figure(
            "health_rows", "Rows of mailguard doctor by state.", states.count(state), "state", state.value
        )
    yield from _age("daemon_seen_seconds", "Since the daemon was last at work.", seen.seen.get(EFFECTS), now)
    yield from _age("relay_seen_seconds", "Since the relay was last at work.", seen.seen.get(RELAY), now)
    newest = max(seen.newest_mail.values(), default=None)
    yield from _age("newest_mail_seconds", "Since the newest mail was judged.", newest, now)
    yield Figure("mailboxes", "Mailboxes that are watched.", found.mailboxes)
    yield Figure("mailboxes_silent", "Mailboxes not read for a quarter of an hour.", found.mailboxes_silent)
    yield from _age("digest_age_seconds", "Since the Head's digest last went out.", found.last_digest_at, now)
    yield from _age(
        "checkpoint_age_seconds", "Since the audit trail was signed.", found.newest_checkpoint_at, now
    )
    yield from _age("last_report_seconds", "Since a report was last delivered.", effects.last_report_at, now)
    yield Figure("effects_overdue", "Effects due for over a minute.", effects.overdue)
    yield Figure("reports_failed", "Reports given up and not made good.", effects.failed_reports)
    yield Figure("reports_retrying", "Reports being tried again.", effects.retrying_reports)
    yield Figure("releases_failed", "Releases given up.", effects.failed_releases)
    yield Figure(
        "reports_not_acknowledged", "Reports nobody has acknowledged.", effects.reports_not_acknowledged
    )
    for case_state in CaseState:
        count = transaction.cases.count(CaseFilter(states={case_state}))
        yield Figure("cases", "Cases by state.", count, "state", case_state.value)
    for name, says, value, label, value_of in drift_figures(found.drift):
        yield Figure(name, says, value, label, value_of)
    running = seen.running
    if running is not None:
        yield Figure(
            "model_in_use", "1 while a model is in use, 0 while it is dark.", float(bool(running.model))
        )
        yield from _age("model_age_seconds", "Since the model was signed.", running.model_signed_at, now)
        yield from _age(
            "lists_age_seconds", "Since the pupils' list was written.", running.lists_changed_at, now
        )


def _age(name: str, says: str, at: datetime | None, now: datetime) -> Iterator[Figure]:
    if at is not None:
        yield Figure(name, says, max(0.0, (now - at).total_seconds()))
