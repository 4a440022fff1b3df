"""How the outbox is: for doctor, the digest and the watchdog."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from mailguard.app.effects_settings import EffectsSettings
from mailguard.app.ports_store import CaseFilter, Transaction
from mailguard.app.report_test import CONTACTS_WANTED, contacts_tested
from mailguard.domain.audit import time_from_text, time_text
from mailguard.domain.case import CaseState, EffectKind, EffectState
from mailguard.domain.words import ReportWhen, Role

OVERDUE_SECONDS = 60
_LAST_REPORT = "last-report-delivered"


@dataclass(frozen=True, slots=True, kw_only=True)
class EffectsHealth:
    """``overdue``: pending and due for over a minute.

    ``failed_*``: given up; ``retrying_channels``: with an error now.
    """

    overdue: int
    oldest_due: datetime | None
    last_report_at: datetime | None
    failed_reports: int
    failed_releases: int
    retrying_reports: int
    retrying_channels: int
    reports_not_acknowledged: int
    tested: frozenset[Role]
    untested: frozenset[Role]

    @property
    def has_tested_contacts(self) -> bool:
        return len(self.tested) >= min(CONTACTS_WANTED, len(self.tested) + len(self.untested))

    def problems(self) -> tuple[str, ...]:
        """In words, gravest first; empty when all is well."""
        found = []
        if self.failed_reports:
            found.append(f"{self.failed_reports} reports could not be delivered: run mailguard report test")
        if self.retrying_reports:
            found.append(f"{self.retrying_reports} reports are being tried again")
        if self.retrying_channels:
            found.append(f"{self.retrying_channels} notices by the second channel are being tried again")
        if self.overdue:
            found.append(f"{self.overdue} effects are overdue")
        if self.failed_releases:
            found.append(f"{self.failed_releases} releases could not be delivered")
        if not self.has_tested_contacts:
            found.append("fewer than two contacts have been tested: run mailguard report test")
        return tuple(found)


def note_report_delivered(transaction: Transaction) -> None:
    transaction.ledger.put_state(_LAST_REPORT, time_text(transaction.now))


def effects_health(transaction: Transaction, settings: EffectsSettings) -> EffectsHealth:
    """From one consistent state of the store."""
    effects = transaction.effects
    pending = effects.matching(
        kinds={EffectKind.REPORT, EffectKind.SECOND_CHANNEL}, states={EffectState.PENDING}
    )
    failed = effects.matching(kinds={EffectKind.REPORT, EffectKind.RELEASE}, states={EffectState.FAILED})
    last = transaction.ledger.state(_LAST_REPORT)
    tested = contacts_tested(transaction, settings)
    retrying = [effect.kind for effect in pending if effect.last_error]
    waiting = CaseFilter(states={CaseState.NEW}, report_when=ReportWhen.NOW)
    return EffectsHealth(
        overdue=effects.overdue(before=transaction.now - timedelta(seconds=OVERDUE_SECONDS)),
        oldest_due=effects.oldest_due(),
        last_report_at=time_from_text(last) if last else None,
        failed_reports=sum(1 for effect in failed if effect.kind is EffectKind.REPORT),
        failed_releases=sum(1 for effect in failed if effect.kind is EffectKind.RELEASE),
        retrying_reports=retrying.count(EffectKind.REPORT),
        retrying_channels=retrying.count(EffectKind.SECOND_CHANNEL),
        reports_not_acknowledged=transaction.cases.count(waiting),
        tested=tested,
        untested=frozenset(settings.contacts) - tested,
    )
