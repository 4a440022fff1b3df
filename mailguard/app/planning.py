"""Which reports and notices T1 adds to the outbox for a case that was opened or joined.

One report a case and role; what joins later is told in the report's thread, gathered for some seconds. An
approved channel's cases are gathered for minutes, and those of a first pass over old mail are one list.
Source: DECISIONS.md, rules 1 and 3; issue "Quarantine and outbox".
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from email.utils import parseaddr
from typing import Any

from mailguard.app.case_opening import Joined
from mailguard.app.effects_settings import EffectsSettings
from mailguard.app.escalation import epoch_of, report_key, second_channel, without_reader
from mailguard.app.gathered_report import WHY_BACKLOG, WHY_CHANNEL
from mailguard.app.ports_store import EffectRecord, MessageRecord, NewEffect, RecipientRecord, Transaction
from mailguard.app.report import Purpose
from mailguard.app.staff_notice import may_be_told
from mailguard.domain.case import CaseState, EffectKind, EffectState, Mode, RecipientState
from mailguard.domain.words import Level, ReportWhen, Role

_CHANNEL_ROW = "D2a"
_NOTICE_SECONDS = 60
_HELD = frozenset({RecipientState.HELD, RecipientState.TAKE_OUT_PENDING})


@dataclass(frozen=True, slots=True)
class ReportPlanner:
    """``casebook.PlanEffects``. Adds nothing itself, save that it may amend what waits already."""

    settings: EffectsSettings

    def __call__(self, joined: Joined, transaction: Transaction) -> list[NewEffect]:
        if joined.case.mode is Mode.SHADOW:
            return []
        return [*self._reports(joined, transaction), *self._staff_notices(joined, transaction)]

    def _reports(self, joined: Joined, transaction: Transaction) -> list[NewEffect]:
        case = joined.case
        # The same bytes in another envelope can be graver: the message keeps its first decision, the case the graver.
        decision = joined.message.decision if joined.is_new_message else case.decision
        if decision.report_when is not ReportWhen.NOW or not _tells_something_new(joined, transaction):
            return []
        if case.is_backlog:
            return self._gathered(joined, transaction, why=WHY_BACKLOG, seconds=self.settings.backlog_seconds)
        if case.decision.row == _CHANNEL_ROW:
            return self._gathered(joined, transaction, why=WHY_CHANNEL, seconds=self.settings.channel_seconds)
        is_reopened = joined.before is not None and (
            joined.before.state is CaseState.DECIDED and case.state is CaseState.NEW
        )
        sent = transaction.effects.matching(case_id=case.id, kinds={EffectKind.REPORT})
        epoch = joined.recipients[0].id if is_reopened else _epoch(sent)
        told = {effect.role for effect in sent if epoch_of(effect) == epoch}
        planned: list[NewEffect] = []
        if not case.decision.report_roles:
            # Closed to everybody it could go to: the escalation looks further, and alarms when nobody is left.
            planned.append(without_reader(case, epoch=epoch, now=joined.now))
        for role in case.decision.report_roles:
            if role.value in told:
                planned += self._follow_up(joined, role, sent, epoch, transaction)
            else:
                planned.append(_first(joined, role, epoch))
        if self.settings.has_second_channel and case.decision.level is Level.EMERGENCY:
            channels = (
                second_channel(case, role, epoch=epoch, now=joined.now) for role in case.decision.report_roles
            )
            planned += [channel for channel in channels if channel is not None]
        return planned

    def _follow_up(
        self, joined: Joined, role: Role, sent: Sequence[EffectRecord], epoch: str, transaction: Transaction
    ) -> list[NewEffect]:
        """A report not yet begun tells it all; else one follow-up for everything within the window."""
        own = [effect for effect in sent if effect.role == role and epoch_of(effect) == epoch]
        waiting = [effect for effect in own if effect.state is EffectState.PENDING and not effect.attempts]
        if any(effect.payload.get("purpose") != Purpose.FOLLOW_UP for effect in waiting):
            return []
        assert joined.before is not None
        is_graver = joined.case.decision.level > joined.before.decision.level
        due_at = joined.now + timedelta(seconds=0 if is_graver else self.settings.follow_up_seconds)
        new = [recipient.id for recipient in joined.recipients]
        for effect in waiting:
            payload = {**effect.payload, "recipients": [*effect.payload.get("recipients", ()), *new]}
            if transaction.effects.amend(effect.id, payload=payload, due_at=min(effect.due_at, due_at)):
                return []
        return [
            NewEffect(
                kind=EffectKind.REPORT,
                key=report_key(joined.case.id, role, mark=f"{epoch}:follow-up:{new[0]}"),
                due_at=due_at,
                case_id=joined.case.id,
                role=role,
                payload={
                    "purpose": Purpose.FOLLOW_UP,
                    "recipients": new,
                    "epoch": epoch,
                    "delay_seconds": (due_at - joined.now).total_seconds(),
                },
            )
        ]

    def _gathered(
        self, joined: Joined, transaction: Transaction, *, why: str, seconds: float
    ) -> list[NewEffect]:
        """One mail for all cases of a window.

        The window does not grow: the first case decides when it is sent.
        """
        planned: list[NewEffect] = []
        for role in joined.case.decision.report_roles:
            base = f"gathered:{why}:{role.value}"
            pointer = transaction.ledger.state(base)
            open_effect = transaction.effects.find(pointer) if pointer else None
            if open_effect is not None:
                cases = list(dict.fromkeys([*open_effect.payload.get("cases", ()), joined.case.id]))
                payload: dict[str, Any] = {**open_effect.payload, "cases": cases}
                if transaction.effects.amend(open_effect.id, payload=payload, due_at=open_effect.due_at):
                    continue
            added = transaction.effects.add(
                NewEffect(
                    kind=EffectKind.REPORT,
                    key=f"{base}:{joined.case.id}:{joined.recipients[0].id}",
                    due_at=joined.now + timedelta(seconds=seconds),
                    role=role,
                    payload={
                        "purpose": Purpose.GATHERED,
                        "why": why,
                        "cases": [joined.case.id],
                        "delay_seconds": seconds,
                    },
                )
            )
            if added is not None:
                transaction.ledger.put_state(base, added.id)
        return planned

    def _staff_notices(self, joined: Joined, transaction: Transaction) -> list[NewEffect]:
        if not self.settings.staff_notices or joined.case.is_backlog:
            return []
        planned = []
        for recipient in joined.recipients:
            if recipient.state not in _HELD:
                continue
            if not may_be_told(recipient, joined.message.decision, joined.case.decision):
                continue
            day = joined.now.astimezone(self.settings.hours.zone).date()
            notice = _notice(recipient, joined.message, day, joined.now)
            known = transaction.effects.by_key(notice.key)
            if known is None:
                planned.append(notice)
            else:
                # Once a day and sender: what comes after that day's notice has gone out is not told again.
                held = [*known.payload.get("recipients", ()), recipient.id]
                transaction.effects.amend(known.id, payload={"recipients": held}, due_at=known.due_at)
        return planned


def _first(joined: Joined, role: Role, epoch: str) -> NewEffect:
    return NewEffect(
        kind=EffectKind.REPORT,
        key=report_key(joined.case.id, role, mark=epoch),
        due_at=joined.now,
        case_id=joined.case.id,
        role=role,
        payload={"purpose": Purpose.FIRST, "epoch": epoch},
    )


def _notice(recipient: RecipientRecord, message: MessageRecord, day: date, now: datetime) -> NewEffect:
    """One for all that a sender has held for somebody on a day. ``day``: local."""
    sender = parseaddr(message.sender)[1] or message.mail_from or message.sender
    return NewEffect(
        kind=EffectKind.STAFF_NOTICE,
        key=f"staff-notice:{recipient.address.lower()}:{day.isoformat()}:{sender.lower()}",
        due_at=now + timedelta(seconds=_NOTICE_SECONDS),
        case_id=recipient.case_id,
        recipient_id=recipient.id,
        address=recipient.address,
        payload={"recipients": [recipient.id]},
    )


def _epoch(sent: Sequence[EffectRecord]) -> str:
    """The epoch of the newest report, "" when there is none."""
    return epoch_of(max(sent, key=lambda effect: effect.created_at)) if sent else ""


def _tells_something_new(joined: Joined, transaction: Transaction) -> bool:
    """False for the same message to the same person again (seen by relay and mailbox, or with other trace
    lines).
    """
    if joined.before is None or joined.before.decision.gravity < joined.case.decision.gravity:
        return True
    known = {recipient.address.lower() for recipient in joined.known_recipients}
    if any(recipient.address.lower() not in known for recipient in joined.recipients):
        return True
    others = (each for each in transaction.cases.messages(joined.case.id) if each.id != joined.message.id)
    is_known = not joined.is_new_message or any(
        each.content_key == joined.message.content_key for each in others
    )
    return bool(joined.recipients) and not is_known
