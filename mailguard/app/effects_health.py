"""How the outbox is: for doctor, the digest and the watchdog."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from mailguard.app.effects_settings import EffectsSettings
from mailguard.app.ports_store import AuditFilter, CaseFilter, EffectRecord, Transaction
from mailguard.app.report_test import CONTACTS_WANTED, contacts_tested
from mailguard.domain.audit import AuditTag, time_from_text, time_text
from mailguard.domain.case import CaseState, EffectKind, EffectState, RecipientState
from mailguard.domain.words import ReportWhen, Role

OVERDUE_SECONDS = 60
_RECENT = timedelta(days=7)
_LAST_REPORT = "last-report-delivered"
_NEWEST_REPORTS = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class EffectsHealth:
    """``overdue``: pending and due for over a minute.

    ``failed_*``: given up, and not made good since; ``retrying_*``: with an error now.
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

    def problems(self) -> tuple[tuple[str, str], ...]:
        """What does not go out, gravest first, each with its fix."""
        found = []
        if self.failed_reports:
            says = f"{_counted(self.failed_reports, 'report')} could not be delivered"
            found.append((says, "Run: mailguard report test"))
        if self.retrying_reports:
            says = f"{_counted(self.retrying_reports, 'report')} being tried again"
            found.append((says, "See that the outgoing server runs: mailguard doctor"))
        if self.retrying_channels:
            says = f"{_counted(self.retrying_channels, 'notice')} by the second channel being tried again"
            found.append((says, "See that [second_channel] answers."))
        if self.overdue:
            says = f"{_counted(self.overdue, 'effect')} overdue"
            found.append((says, "See that the daemon runs; its log names what it waits for."))
        if self.failed_releases:
            says = f"{_counted(self.failed_releases, 'release')} could not be delivered"
            found.append((says, "Correct the recipient's address at the mail server, then release again."))
        return tuple(found)


def note_report_delivered(transaction: Transaction) -> None:
    transaction.ledger.put_state(_LAST_REPORT, time_text(transaction.now))


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def effects_health(
    transaction: Transaction, settings: EffectsSettings, *, may_know: Callable[[str], bool] | None = None
) -> EffectsHealth:
    """From one consistent state of the store.

    ``may_know``: of a case's id, whether whoever reads it may know of the case: what it tells of others is left out. None
    for what a machine reads.
    """
    effects = transaction.effects

    def is_told(effect: EffectRecord) -> bool:
        return may_know is None or not effect.case_id or may_know(effect.case_id)

    pending = [
        effect
        for effect in effects.matching(
            kinds={EffectKind.REPORT, EffectKind.SECOND_CHANNEL}, states={EffectState.PENDING}
        )
        if is_told(effect)
    ]
    failed = [
        effect
        for effect in effects.matching(
            kinds={EffectKind.REPORT, EffectKind.RELEASE}, states={EffectState.FAILED}
        )
        if is_told(effect) and _still_matters(effect, transaction)
    ]
    overdue_before = transaction.now - timedelta(seconds=OVERDUE_SECONDS)
    if may_know is None:
        last = transaction.ledger.state(_LAST_REPORT)
        last_report_at = time_from_text(last) if last else None
        overdue = effects.overdue(before=overdue_before)
    else:
        last_report_at = _last_report_told(transaction, may_know)
        late = effects.matching(states={EffectState.PENDING})
        overdue = sum(effect.due_at < overdue_before and is_told(effect) for effect in late)
    tested = contacts_tested(transaction, settings)
    retrying = [effect.kind for effect in pending if effect.last_error]
    waiting = CaseFilter(states={CaseState.NEW}, report_when=ReportWhen.NOW)
    return EffectsHealth(
        overdue=overdue,
        oldest_due=effects.oldest_due(),
        last_report_at=last_report_at,
        failed_reports=sum(1 for effect in failed if effect.kind is EffectKind.REPORT),
        failed_releases=sum(1 for effect in failed if effect.kind is EffectKind.RELEASE),
        retrying_reports=retrying.count(EffectKind.REPORT),
        retrying_channels=retrying.count(EffectKind.SECOND_CHANNEL),
        reports_not_acknowledged=transaction.cases.count(waiting),
        tested=tested,
        untested=frozenset(settings.contacts) - tested,
    )


def _last_report_told(transaction: Transaction, may_know: Callable[[str], bool]) -> datetime | None:
    """Among the newest: further back it says nothing of today."""
    newest = transaction.audit.newest(AuditFilter(tag_start=AuditTag.REPORT_SENT, limit=_NEWEST_REPORTS))
    told = (
        event.at
        for event in newest
        if all(map(may_know, (event.case_id, *map(str, event.detail.get("cases") or ()))))
    )
    return next(told, None)


def _still_matters(failed: EffectRecord, transaction: Transaction) -> bool:
    """A report until its case was acknowledged, and a week in any case; a release until the copy went out."""
    if failed.kind is EffectKind.RELEASE:
        recipient = transaction.cases.recipient(failed.recipient_id)
        return recipient is not None and recipient.state is RecipientState.RELEASE_PENDING
    if failed.finished_at is not None and transaction.now - failed.finished_at < _RECENT:
        return True
    case = transaction.cases.find(failed.case_id) if failed.case_id else None
    return case is not None and case.state is CaseState.NEW
