"""A parent's letter that is held and that nobody decides: it goes to the next in the chain, and so on.

The wait is counted in school hours, so that a weekend is nobody's fault, and in days of the calendar besides,
so that no holiday keeps a letter: whichever ends first. Each round is one idempotent row, counted from the
round before; when nobody is left in the chain the last reader is told again, at growing intervals.
Source: issue "Digest": "undecided after a set time: escalated, holidays counted, never silently kept".
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from mailguard.app.effects_settings import EffectsSettings
from mailguard.app.escalation import REASON_UNDECIDED, NextStep, epoch_of, report_key, told_roles
from mailguard.app.ports_store import (
    CaseFilter,
    CaseRecord,
    EffectRecord,
    NewEffect,
    RecipientRecord,
    Transaction,
)
from mailguard.app.readers import Readers
from mailguard.app.report import Purpose
from mailguard.domain.case import CaseState, EffectKind, EffectState, Mode
from mailguard.domain.words import Direction, Initiator, Role

UNDECIDED_STATES = frozenset({CaseState.NEW, CaseState.ACKNOWLEDGED})
# As many rounds as there are readers in a school; after them the wait doubles, up to this many times.
_ROUNDS_AT_ONE_PACE = 3
_MOST_DOUBLINGS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldLetter:
    """``next_at``: when round ``next_round`` falls due. ``first_held_id``: of the recipient held longest."""

    case: CaseRecord
    held_since: datetime
    first_held_id: str
    next_round: int
    next_at: datetime


def is_parent_letter(case: CaseRecord) -> bool:
    """What a parent wrote to the school; not what a platform tells of a parent, nor what went out to one."""
    decision = case.decision
    return (
        decision.initiator == Initiator.PARENT.value
        and decision.platform is None
        and decision.direction != Direction.OUTBOUND.value
        and case.mode is not Mode.SHADOW
    )


def held_letter(
    case: CaseRecord,
    recipients: Sequence[RecipientRecord],
    transaction: Transaction,
    settings: EffectsSettings,
) -> HeldLetter | None:
    """None when the case is decided, no parent's letter, or nobody's copy is held."""
    held = [recipient for recipient in recipients if recipient.state.is_held]
    if case.state not in UNDECIDED_STATES or not held or not is_parent_letter(case):
        return None
    first = min(held, key=lambda recipient: recipient.receipt.received_at)
    since, number = first.receipt.received_at, 1
    while (known := transaction.effects.by_key(_round_key(case.id, first.id, number))) is not None:
        since, number = known.created_at, number + 1
    return HeldLetter(
        case=case,
        held_since=first.receipt.received_at,
        first_held_id=first.id,
        next_round=number,
        next_at=letter_deadline(since, settings, round_number=number),
    )


def letter_deadline(since: datetime, settings: EffectsSettings, *, round_number: int = 1) -> datetime:
    """When a letter that waits since ``since`` goes on to the next. Aware UTC."""
    growth = 2 ** max(0, min(round_number - _ROUNDS_AT_ONE_PACE, _MOST_DOUBLINGS))
    in_school_time = timedelta(hours=settings.parent_letter_school_hours * growth)
    in_days = timedelta(days=settings.parent_letter_days * growth)
    return min(settings.hours.after_school_time(since, in_school_time), since + in_days)


def add_due_escalations(transaction: Transaction, settings: EffectsSettings) -> bool:
    """Add the round that has fallen due of each held letter; whether anything was added."""
    has_added = False
    for case in transaction.cases.matching(CaseFilter(states=UNDECIDED_STATES, is_oldest_first=True)):
        if not is_parent_letter(case):
            continue
        letter = held_letter(case, transaction.cases.recipients(case.id), transaction, settings)
        if letter is None or letter.next_at > transaction.now:
            continue
        effect = NewEffect(
            kind=EffectKind.ESCALATE,
            key=_round_key(case.id, letter.first_held_id, letter.next_round),
            due_at=transaction.now,
            case_id=case.id,
            payload={"reason": REASON_UNDECIDED, "round": letter.next_round},
        )
        has_added |= transaction.effects.add(effect) is not None
    return has_added


def undecided_step(
    cause: EffectRecord, case: CaseRecord, transaction: Transaction, readers: Readers
) -> NextStep:
    """Who is told of a letter that nobody decided. The first reader has it in every digest. Its caller commits."""
    sent = transaction.effects.matching(case_id=case.id, kinds={EffectKind.REPORT})
    epoch = epoch_of(max(sent, key=lambda effect: effect.created_at)) if sent else ""
    withheld = readers.withheld_roles(case.decision)
    first = next((role for role in Role if role in readers.settings.contacts and role not in withheld), None)
    told = told_roles(sent, epoch=epoch) | ({first} if first is not None else frozenset())
    day = transaction.now.astimezone(readers.settings.hours.zone).date()
    role = readers.next_role(told, case.decision, day)
    is_exhausted = role is None
    if role is None:
        role = _last_reached(sent, withheld) or first
    if role is None:
        return NextStep(effects=(), told=None, is_exhausted=True)
    number = int(cause.payload.get("round", 1))
    report = NewEffect(
        kind=EffectKind.REPORT,
        key=report_key(case.id, role, mark=f"{epoch}:undecided:{cause.id}"),
        due_at=transaction.now,
        case_id=case.id,
        role=role,
        payload={
            "purpose": Purpose.AGAIN if is_exhausted else Purpose.ESCALATED,
            "reason": REASON_UNDECIDED,
            "round": number,
            "epoch": epoch,
        },
    )
    return NextStep(effects=(report,), told=None if is_exhausted else role, is_exhausted=is_exhausted)


def _last_reached(sent: Sequence[EffectRecord], withheld: frozenset[Role]) -> Role | None:
    """The school's reader whom the newest report reached."""
    reached = [
        Role(effect.role)
        for effect in sorted(sent, key=lambda effect: effect.created_at)
        if effect.state is EffectState.DONE and effect.role
    ]
    return next((role for role in reversed(reached) if role is not Role.LADO and role not in withheld), None)


def _round_key(case_id: str, recipient_id: str, number: int) -> str:
    return f"escalate:undecided:{case_id}:{recipient_id}:{number}"
