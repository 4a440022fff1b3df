"""T3: what a person decides about a case, and taking it back while nothing has happened outside yet.

Each function works inside the caller's transaction. A release is begun after ``delay``: until then, and until a
worker has taken it up, the decision can be undone as if it had not been made, save that the trail has both.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from mailguard.app.learning import learn_from_case, unlearn_case
from mailguard.app.ports_store import (
    AuditEntry,
    CaseRecord,
    EffectRecord,
    NewEffect,
    RecipientRecord,
    ReviewRecord,
    Transaction,
)
from mailguard.domain.audit import AuditTag
from mailguard.domain.case import (
    CaseDecision,
    CaseState,
    EffectKind,
    EffectState,
    Outcome,
    RecipientState,
    states_before,
)
from mailguard.domain.label import Said
from mailguard.domain.words import Event, Nature

DECISION_TAGS = {
    CaseDecision.CONFIRM: AuditTag.CASE_CONFIRMED,
    CaseDecision.RELEASE: AuditTag.CASE_RELEASED,
    CaseDecision.DISMISS: AuditTag.CASE_DISMISSED,
}
# How long a decision without any effect outside may be taken back.
UNDO_WITHOUT_EFFECT = timedelta(hours=1)


class UnknownCase(LookupError):
    """No case has that id."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed:
    """``case`` as it is now; ``is_changed`` False when somebody was first: the case says who and when."""

    case: CaseRecord
    is_changed: bool
    effects: tuple[EffectRecord, ...] = field(default=())


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """What a person decides. ``release_to``: recipient ids, None for all for whom it is held.

    ``label``, ``natures``, ``event``: what the model may learn from it (``domain.label.Said``), "" for nothing.
    ``as_of``: the case's ``updated_at`` when the person looked; a case that changed since is not decided.
    """

    decision: CaseDecision
    by: str
    reason: str = ""
    label: str = ""
    natures: frozenset[Nature] | None = None
    event: Event | None = None
    release_to: Collection[str] | None = None
    outcome: Outcome | None = None
    as_of: datetime | None = None


def found_case(case_id: str, transaction: Transaction) -> CaseRecord:
    """Raises UnknownCase."""
    case = transaction.cases.find(case_id)
    if case is None:
        raise UnknownCase(case_id)
    return case


def decide_case(
    case_id: str, decided: Decided, transaction: Transaction, *, delay: timedelta = timedelta(0)
) -> Changed:
    """Compare and set: only the first decision counts, but a release of what is still held may follow."""
    now = transaction.now
    case = found_case(case_id, transaction)
    if decided.as_of is not None and case.updated_at != decided.as_of:
        return Changed(case=case, is_changed=False)
    after = replace(
        case,
        state=CaseState.DECIDED,
        acknowledged_by=case.acknowledged_by or decided.by,
        acknowledged_at=case.acknowledged_at or now,
        decided_by=decided.by,
        decided_at=now,
        decided_as=decided.decision,
        outcome=decided.outcome or case.outcome,
        updated_at=now,
    )
    is_first = transaction.cases.replace(after, expected=states_before(CaseState.DECIDED))
    released: list[str] = []
    effects: list[EffectRecord] = []
    if is_first or decided.decision is CaseDecision.RELEASE:
        released, effects = _release_held(case_id, decided.release_to, transaction, delay=delay)
    if not is_first and not released:
        return Changed(case=case, is_changed=False)
    transaction.effects.cancel(case_id=case_id, kinds={EffectKind.ESCALATE})
    transaction.cases.add_review(
        ReviewRecord(
            case_id=case_id,
            at=now,
            by=decided.by,
            decision=decided.decision,
            label=decided.label,
            reason=decided.reason,
        )
    )
    learned = None
    if decided.label:
        said = Said(word=decided.label, natures=decided.natures, event=decided.event)
        learned = learn_from_case(transaction, case, said=said, by=decided.by)
    detail = {
        "released_to": released,
        "label": decided.label,
        **({"learned": learned.as_dict()} if learned is not None else {}),
        "has_reason": bool(decided.reason),
        **({"outcome": decided.outcome} if decided.outcome is not None else {}),
    }
    transaction.audit.append(
        AuditEntry(tag=DECISION_TAGS[decided.decision], actor=decided.by, case_id=case_id, detail=detail)
    )
    return Changed(case=after if is_first else case, is_changed=True, effects=tuple(effects))


def undo_until(reviews: Sequence[ReviewRecord], releases: Sequence[EffectRecord]) -> datetime | None:
    """Until when the newest of a case's decisions can be taken back; None when it cannot.

    ``releases``: the case's release effects. One that a worker has taken up, or that was done, ends it.
    """
    if not reviews:
        return None
    newest = reviews[-1]
    own = _releases_of(newest, releases)
    if any(effect.state is not EffectState.PENDING or effect.attempts for effect in own):
        return None
    return min((effect.due_at for effect in own), default=newest.at + UNDO_WITHOUT_EFFECT)


def undo_decision(case_id: str, transaction: Transaction, *, by: str) -> Changed:
    """What was about to go out is held again, and the case waits again, acknowledged. False when it is too late.

    Raises TakenUp when a worker began a release meanwhile: the caller's transaction must not commit then.
    """
    case = found_case(case_id, transaction)
    reviews = transaction.cases.reviews(case_id)
    releases = transaction.effects.matching(case_id=case_id, kinds={EffectKind.RELEASE})
    until = undo_until(reviews, releases)
    if case.state is not CaseState.DECIDED or until is None or transaction.now >= until:
        return Changed(case=case, is_changed=False)
    newest = reviews[-1]
    cancelled = transaction.effects.cancel(case_id=case_id, kinds={EffectKind.RELEASE})
    if {effect.id for effect in cancelled} != {effect.id for effect in _releases_of(newest, releases)}:
        raise TakenUp(case_id)
    held_again = [effect.recipient_id for effect in cancelled]
    for recipient_id in held_again:
        recipient = transaction.cases.recipient(recipient_id)
        if recipient is not None:
            transaction.cases.hold_again(recipient)
    # A release after the decision does not make the case wait again when it is taken back.
    after = _waiting_again(case, transaction.now) if newest.at == case.decided_at else case
    transaction.cases.replace(after, expected={CaseState.DECIDED})
    transaction.cases.withdraw_review(case_id)
    unlearn_case(transaction, case_id)
    detail = {"was": newest.decision, "was_by": newest.by, "held_again": held_again}
    transaction.audit.append(AuditEntry(tag=AuditTag.CASE_UNDONE, actor=by, case_id=case_id, detail=detail))
    return Changed(case=after, is_changed=True)


class TakenUp(Exception):
    """A worker took a release up between the look and the cancelling."""


def _waiting_again(case: CaseRecord, now: datetime) -> CaseRecord:
    return replace(
        case,
        state=CaseState.ACKNOWLEDGED,
        decided_by="",
        decided_at=None,
        decided_as=None,
        outcome=None,
        updated_at=now,
    )


def _releases_of(review: ReviewRecord, releases: Sequence[EffectRecord]) -> list[EffectRecord]:
    return [
        effect
        for effect in releases
        if effect.state is not EffectState.CANCELLED and effect.created_at >= review.at
    ]


def _release_held(
    case_id: str,
    release_to: Collection[str] | None,
    transaction: Transaction,
    *,
    delay: timedelta,
) -> tuple[list[str], list[EffectRecord]]:
    """Begin to release: ids of the recipients it concerns, and the effects added for them."""
    released: list[str] = []
    effects: list[EffectRecord] = []
    for recipient in transaction.cases.recipients(case_id):
        if not recipient.state.is_held or (release_to is not None and recipient.id not in release_to):
            continue
        released.append(recipient.id)
        due_at = transaction.now + delay
        if recipient.state is RecipientState.TAKE_OUT_PENDING:
            cancelled = transaction.effects.cancel(recipient_id=recipient.id, kinds={EffectKind.MOVE})
            if cancelled and all(move.attempts == 0 for move in cancelled):
                # Nobody has begun to take it out: it is where the recipient reads it.
                transaction.cases.move_recipient(recipient.id, RecipientState.DELIVERED)
                continue
            due_at = max([due_at, *_lease_ends(recipient.id, transaction)])
        transaction.cases.move_recipient(recipient.id, RecipientState.RELEASE_PENDING)
        effect = transaction.effects.add(_release_of(recipient, due_at, transaction))
        if effect is not None:
            effects.append(effect)
    return released, effects


def _release_of(recipient: RecipientRecord, due_at: datetime, transaction: Transaction) -> NewEffect:
    """Its key is new for each time that a release was decided anew after an undo."""
    before = transaction.effects.matching(recipient_id=recipient.id, kinds={EffectKind.RELEASE})
    again = f":{len(before)}" if before else ""
    return NewEffect(
        kind=EffectKind.RELEASE,
        key=f"release:{recipient.delivery_key}{again}",
        due_at=due_at,
        case_id=recipient.case_id,
        message_id=recipient.message_id,
        recipient_id=recipient.id,
        address=recipient.address,
    )


def _lease_ends(recipient_id: str, transaction: Transaction) -> list[datetime]:
    """Just after a move that somebody is performing now must have ended."""
    moves = transaction.effects.matching(recipient_id=recipient_id, kinds={EffectKind.MOVE})
    return [move.lease_until + timedelta(seconds=1) for move in moves if move.lease_until is not None]
