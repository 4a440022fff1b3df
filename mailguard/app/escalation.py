"""When nobody acknowledges, or nobody can be reached: who is told next, and when.

Each role is told once of a case (the key ``report:<case>:<role>``). A role that is away passes at once to the
next; an undeliverable report goes on to the next while the first is still tried. When the chain is exhausted
the last reader inside the school is told again, at growing intervals, and the admin is alarmed.
Source: DECISIONS.md, "Level"; SAFEGUARDING.md, "Reporting".
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from mailguard.app.ports_store import CaseRecord, EffectRecord, NewEffect, Transaction
from mailguard.app.readers import Readers
from mailguard.app.report import Purpose
from mailguard.app.school_time import SchoolHours, acknowledge_by
from mailguard.domain.case import CaseState, EffectKind, EffectState
from mailguard.domain.words import Level, Role

REASON_NOT_ACKNOWLEDGED = "not-acknowledged"
REASON_UNDELIVERABLE = "undeliverable"
REASON_ABSENT = "absent"
REASON_WITHHELD = "withheld"
REASON_UNDECIDED = "undecided"  # a held parent's letter: read perhaps, but not decided
_LONGEST_WAIT = timedelta(hours=24)


def report_key(case_id: str, role: Role, *, mark: str = "") -> str:
    """``mark`` tells later reports to the same role from the first.

    A follow-up, a reopening, a repetition.
    """
    return f"report:{case_id}:{role.value}" + (f":{mark}" if mark else "")


def epoch_of(effect: EffectRecord) -> str:
    """ "" from a case's opening on; a reopened case begins another epoch, in which everybody is told anew."""
    return str(effect.payload.get("epoch", ""))


def told_roles(effects: Sequence[EffectRecord], *, epoch: str) -> frozenset[Role]:
    """The roles for which a report of this case exists, sent or not."""
    return frozenset(
        Role(effect.role)
        for effect in effects
        if effect.kind is EffectKind.REPORT and effect.role and epoch_of(effect) == epoch
    )


def told_before(cause: EffectRecord) -> frozenset[Role]:
    """Whom a gathered report was sent to before, its own reader included."""
    named = [str(each) for each in cause.payload.get("told", ())]
    return frozenset(Role(each) for each in [*named, cause.role] if each)


def gathered_timer(
    cases: Sequence[CaseRecord], report: EffectRecord, *, sent_at: datetime, hours: SchoolHours
) -> NewEffect | None:
    """One escalation for all cases of a gathered report, by the gravest's level."""
    waiting = [case for case in cases if case.state is CaseState.NEW]
    gravest = max((case.decision.level for case in waiting), default=Level.LEDGER)
    due_at = acknowledge_by(gravest, sent_at, hours)
    if due_at is None:
        return None
    return NewEffect(
        kind=EffectKind.ESCALATE,
        key=f"escalate:gathered:{report.id}",
        due_at=due_at,
        role=report.role,
        payload={**_gathered_payload(report), "reason": REASON_NOT_ACKNOWLEDGED},
    )


def _gathered_payload(report: EffectRecord) -> dict[str, Any]:
    return {
        "cases": list(report.payload.get("cases", ())),
        "told": sorted(told_before(report)),
        "why": report.payload.get("why", ""),
    }


def next_gathered(
    escalation: EffectRecord, cases: Sequence[CaseRecord], readers: Readers, *, now: datetime
) -> NextStep:
    """The cases of a gathered report that still wait, in one mail to the next in the chain."""
    told = told_before(escalation)
    day = now.astimezone(readers.settings.hours.zone).date()
    by_role: dict[Role, list[str]] = {}
    is_exhausted = False
    for case in cases:
        role = readers.next_role(told, case.decision, day)
        if role is None:
            is_exhausted = True
        else:
            by_role.setdefault(role, []).append(case.id)
    effects = tuple(
        NewEffect(
            kind=EffectKind.REPORT,
            key=f"gathered:after:{escalation.id}:{role.value}",
            due_at=now,
            role=role,
            payload={
                "purpose": Purpose.GATHERED,
                "why": escalation.payload.get("why", ""),
                "cases": case_ids,
                "told": sorted(told),
            },
        )
        for role, case_ids in by_role.items()
    )
    return NextStep(effects=effects, told=next(iter(by_role), None), is_exhausted=is_exhausted)


def timer(
    case: CaseRecord, report: EffectRecord, *, sent_at: datetime, hours: SchoolHours
) -> NewEffect | None:
    """The escalation that follows a report when nobody acknowledges in time; one for all reports of a round.

    Repetitions come at intervals that double up to a day: insistent, but no flood.
    """
    due_at = acknowledge_by(case.decision.level, sent_at, hours)
    if due_at is None or case.state is not CaseState.NEW:
        return None
    epoch, round_number = epoch_of(report), int(report.payload.get("round", 1))
    wait = due_at - sent_at
    if report.payload.get("purpose") == Purpose.AGAIN:
        growth = 2 ** min(int(report.payload.get("repeated", 1)), 10)
        wait = max(wait, min(wait * growth, _LONGEST_WAIT))
    return NewEffect(
        kind=EffectKind.ESCALATE,
        key=f"escalate:{case.id}:{epoch}:{int(case.decision.level)}:{round_number}",
        due_at=sent_at + wait,
        case_id=case.id,
        payload={
            "reason": REASON_NOT_ACKNOWLEDGED,
            "round": round_number,
            "epoch": epoch,
            "repeated": int(report.payload.get("repeated", 0)),
        },
    )


def because_undeliverable(effect: EffectRecord, *, now: datetime) -> NewEffect:
    """Go on to the next reader now. Once for each report, however often it is tried."""
    return NewEffect(
        kind=EffectKind.ESCALATE,
        key=f"escalate:undeliverable:{effect.id}",
        due_at=now,
        case_id=effect.case_id,
        role=effect.role,
        payload={
            "reason": REASON_UNDELIVERABLE,
            "round": int(effect.payload.get("round", 1)),
            "epoch": epoch_of(effect),
            **_gathered_payload(effect),
        },
    )


def without_reader(case: CaseRecord, *, epoch: str, now: datetime) -> NewEffect:
    """For a case whose decision names nobody to tell."""
    return NewEffect(
        kind=EffectKind.ESCALATE,
        key=f"escalate:{case.id}:{epoch}:without-reader",
        due_at=now,
        case_id=case.id,
        payload={"reason": REASON_WITHHELD, "epoch": epoch},
    )


@dataclass(frozen=True, slots=True)
class NextStep:
    """``effects`` to add. ``told`` is the role told next, None when nobody new is left.

    ``is_exhausted``: the admin is to be alarmed.
    """

    effects: tuple[NewEffect, ...]
    told: Role | None
    is_exhausted: bool = False


def next_step(
    cause: EffectRecord,
    case: CaseRecord,
    transaction: Transaction,
    readers: Readers,
    *,
    reason: str,
    has_second_channel: bool,
) -> NextStep:
    """What follows an escalation that has fallen due, or a report that its reader cannot get.

    Its caller commits.
    """
    epoch = epoch_of(cause)
    # Somebody who stands in is told in the same round: the clock of the round runs on.
    round_number = int(cause.payload.get("round", 1)) + (1 if reason == REASON_NOT_ACKNOWLEDGED else 0)
    effects = transaction.effects.matching(case_id=case.id, kinds={EffectKind.REPORT})
    day = transaction.now.astimezone(readers.settings.hours.zone).date()
    told = told_roles(effects, epoch=epoch) | told_before(cause)
    role = readers.next_role(told, case.decision, day)
    if role is not None:
        report = NewEffect(
            kind=EffectKind.REPORT,
            key=report_key(case.id, role, mark=epoch),
            due_at=transaction.now,
            case_id=case.id,
            role=role,
            payload={
                "purpose": Purpose.ESCALATED,
                "reason": reason,
                "after": cause.role,
                "round": round_number,
                "epoch": epoch,
            },
        )
        channel = second_channel(case, role, epoch=epoch, now=transaction.now) if has_second_channel else None
        return NextStep(effects=(report, *([channel] if channel else [])), told=role)
    if reason != REASON_NOT_ACKNOWLEDGED:
        return NextStep(effects=(), told=None, is_exhausted=True)
    again = _again(cause, case, effects, readers, now=transaction.now, round_number=round_number)
    return NextStep(effects=again, told=None, is_exhausted=True)


def _again(
    cause: EffectRecord,
    case: CaseRecord,
    effects: Sequence[EffectRecord],
    readers: Readers,
    *,
    now: datetime,
    round_number: int,
) -> tuple[NewEffect, ...]:
    """The last school contact who could be reached, once more; failing that, the last who was tried."""
    withheld = readers.withheld_roles(case.decision)
    tried = [
        effect
        for effect in sorted(effects, key=lambda effect: effect.created_at)
        if effect.role and Role(effect.role) is not Role.LADO and Role(effect.role) not in withheld
    ]
    if not tried:
        return ()
    last = next((each for each in reversed(tried) if each.state is EffectState.DONE), tried[-1])
    epoch = epoch_of(cause)
    role = Role(last.role)
    report = NewEffect(
        kind=EffectKind.REPORT,
        key=report_key(case.id, role, mark=f"{epoch}:again:{round_number}"),
        due_at=now,
        case_id=case.id,
        role=role,
        payload={
            "purpose": Purpose.AGAIN,
            "round": round_number,
            "epoch": epoch,
            "repeated": int(cause.payload.get("repeated", 0)) + 1,
        },
    )
    return (report,)


def second_channel(case: CaseRecord, role: Role, *, epoch: str, now: datetime) -> NewEffect | None:
    """Level 5 also goes by a way that does not share the mail server's fate."""
    if case.decision.level is not Level.EMERGENCY:
        return None
    return NewEffect(
        kind=EffectKind.SECOND_CHANNEL,
        key=f"second:{case.id}:{epoch}:{role.value}",
        due_at=now,
        case_id=case.id,
        role=role,
    )
