"""Opening, joining and deciding cases: T1, T2 and T3 of DESIGN's "The way of a message".

Each public method is one committed transaction or nothing. What a case wants done outside is added to the
outbox in the same transaction; who plans reports and notices hands in a function. Moves out of mailboxes
are planned here. FAILURE: a death before T1's commit leaves a blob that nothing refers to, and the sender
(or the mailbox) still has the message; after it, a retry finds every delivery key known and changes
nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from mailguard.app.case_opening import (
    Opened,
    Opening,
    PlanEffects,
    blob_of_same_bytes,
    case_of_known_deliveries,
    record_opening,
)
from mailguard.app.ports import BlobStore
from mailguard.app.ports_store import (
    AuditEntry,
    CaseRecord,
    EffectRecord,
    NewEffect,
    ReviewRecord,
    Store,
    Transaction,
)
from mailguard.domain.audit import AuditTag
from mailguard.domain.case import (
    CaseDecision,
    CaseState,
    EffectKind,
    Outcome,
    RecipientState,
    states_before,
)

_DECISION_TAGS = {
    CaseDecision.CONFIRM: AuditTag.CASE_CONFIRMED,
    CaseDecision.RELEASE: AuditTag.CASE_RELEASED,
    CaseDecision.DISMISS: AuditTag.CASE_DISMISSED,
}
_DONE_TAGS = {
    EffectKind.REPORT: AuditTag.REPORT_SENT,
    EffectKind.RELEASE: AuditTag.MESSAGE_RELEASED,
    EffectKind.MOVE: AuditTag.MESSAGE_MOVED,
    EffectKind.DIGEST: AuditTag.DIGEST_SENT,
    EffectKind.ESCALATE: AuditTag.CASE_ESCALATED,
}
_DONE_STATES = {EffectKind.RELEASE: RecipientState.RELEASED, EffectKind.MOVE: RecipientState.TAKEN_OUT}


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed:
    """``case`` as it is now; ``is_changed`` False when somebody was first: the case says who and when."""

    case: CaseRecord
    is_changed: bool
    effects: tuple[EffectRecord, ...] = field(default=())


class UnknownCase(LookupError):
    """No case has that id."""


class Casebook:
    """``zone``: the school's, for the year in a case id."""

    def __init__(self, store: Store, blobs: BlobStore, *, zone: ZoneInfo) -> None:
        self._store = store
        self._blobs = blobs
        self._zone = zone

    def open_or_join(self, opening: Opening, plan_effects: PlanEffects) -> Opened:
        """T1: blob durable, then {case, message, recipients, effects, audit} committed.

        Idempotent by delivery key. Raises TemporaryFailure when it could not be made durable: then nothing
        was promised.
        """
        if not opening.recipients:
            raise ValueError("a message to record has at least one recipient")
        with self._store.reading() as transaction:
            known_case_id = case_of_known_deliveries(opening, transaction)
            blob_id = blob_of_same_bytes(opening, transaction)
        if known_case_id is not None:
            return Opened(case_id=known_case_id, newly=False)
        if blob_id is None:
            blob_id = self._blobs.put(opening.raw)
        # A blob that lost a race stays until the sweep: dropping it here could meet another that has begun
        # to use it.
        with self._store.transaction("t1") as transaction:
            known_case_id = case_of_known_deliveries(opening, transaction)
            if known_case_id is not None:
                return Opened(case_id=known_case_id, newly=False)
            return record_opening(opening, blob_id, plan_effects, transaction, zone=self._zone)

    def acknowledge(self, case_id: str, *, by: str, role: str = "", through: str = "") -> Changed:
        """T3: new → acknowledged; escalations that wait are cancelled. ``through``: cli, reply, review."""
        with self._store.transaction() as transaction:
            return acknowledge_case(transaction, case_id, by=by, role=role, through=through)

    def confirm(
        self, case_id: str, *, by: str, reason: str = "", label: str = "", release_to: Collection[str] = ()
    ) -> Changed:
        """T3: it is a contact. What is held stays held, but for the recipient ids in ``release_to``."""
        return self._decide(CaseDecision.CONFIRM, case_id, by, reason, label, release_to)

    def release(
        self,
        case_id: str,
        *,
        by: str,
        reason: str = "",
        label: str = "",
        release_to: Collection[str] | None = None,
    ) -> Changed:
        """T3: let the recipients have it (None: all for whom it is held). A decided case may be released too.

        They are "released" only when the effect is done.
        """
        return self._decide(CaseDecision.RELEASE, case_id, by, reason, label, release_to)

    def dismiss(self, case_id: str, *, by: str, reason: str = "", label: str = "") -> Changed:
        """T3: not a contact; so whoever it is held for gets it."""
        return self._decide(CaseDecision.DISMISS, case_id, by, reason, label, None)

    def set_outcome(self, case_id: str, outcome: Outcome, *, by: str, reason: str = "") -> Changed:
        """How it ended, in the words of allegation management.

        It may be set again, and each time is on the record.
        """
        with self._store.transaction() as transaction:
            case = _case(case_id, transaction)
            closed = replace(case, outcome=outcome, updated_at=transaction.now)
            transaction.cases.replace(closed)
            detail = {"outcome": outcome, "before": case.outcome, "has_reason": bool(reason)}
            _audit(transaction, AuditTag.CASE_OUTCOME_SET, by, case_id, detail)
            return Changed(case=closed, is_changed=True)

    def effect_done(
        self,
        effect: EffectRecord,
        *,
        by: str = "effects",
        detail: Mapping[str, Any] | None = None,
        then: Sequence[NewEffect] = (),
    ) -> bool:
        """T2, after the outside world said yes: {effect done, recipient's state, audit}, and what follows.

        False when another worker has this effect or has done it: nothing is written. ``detail``: ids and
        reply codes.
        """
        with self._store.transaction("t2") as transaction:
            if not transaction.effects.finish(effect):
                return False
            if effect.kind in _DONE_STATES and effect.recipient_id:
                transaction.cases.move_recipient(effect.recipient_id, _DONE_STATES[effect.kind])
            if effect.kind is EffectKind.REPORT and effect.case_id:
                _begin_thread(effect, transaction)
            for follower in then:
                transaction.effects.add(follower)
            tag = _DONE_TAGS.get(effect.kind, AuditTag.EFFECT_DONE)
            _audit(transaction, tag, by, effect.case_id, _effect_detail(effect, detail))
            return True

    def effect_retry(self, effect: EffectRecord, *, due_at: datetime, error: str) -> bool:
        """It may succeed later. False when another worker has it."""
        with self._store.transaction() as transaction:
            return transaction.effects.retry(effect, due_at=due_at, error=error)

    def effect_failed(
        self,
        effect: EffectRecord,
        *,
        error: str,
        by: str = "effects",
        detail: Mapping[str, Any] | None = None,
        then: Sequence[NewEffect] = (),
    ) -> bool:
        """It will not succeed: {effect failed, audit} and what follows (the next in the chain)."""
        with self._store.transaction("t2") as transaction:
            if not transaction.effects.fail(effect, error=error):
                return False
            for follower in then:
                transaction.effects.add(follower)
            tag = AuditTag.REPORT_FAILED if effect.kind is EffectKind.REPORT else AuditTag.EFFECT_FAILED
            _audit(transaction, tag, by, effect.case_id, _effect_detail(effect, detail))
            return True

    def _decide(
        self,
        decision: CaseDecision,
        case_id: str,
        by: str,
        reason: str,
        label: str,
        release_to: Collection[str] | None,
    ) -> Changed:
        with self._store.transaction() as transaction:
            now = transaction.now
            case = _case(case_id, transaction)
            decided = replace(
                case,
                state=CaseState.DECIDED,
                acknowledged_by=case.acknowledged_by or by,
                acknowledged_at=case.acknowledged_at or now,
                decided_by=by,
                decided_at=now,
                decided_as=decision,
                updated_at=now,
            )
            is_first = transaction.cases.replace(decided, expected=states_before(CaseState.DECIDED))
            released: list[str] = []
            effects: list[EffectRecord] = []
            if is_first or decision is CaseDecision.RELEASE:
                released, effects = _release_held(case_id, release_to, transaction)
            if not is_first and not released:
                return Changed(case=case, is_changed=False)
            transaction.effects.cancel(case_id=case_id, kinds={EffectKind.ESCALATE})
            review = ReviewRecord(
                case_id=case_id, at=now, by=by, decision=decision, label=label, reason=reason
            )
            transaction.cases.add_review(review)
            detail = {"released_to": released, "label": label, "has_reason": bool(reason)}
            _audit(transaction, _DECISION_TAGS[decision], by, case_id, detail)
            current = decided if is_first else case
            return Changed(case=current, is_changed=True, effects=tuple(effects))


def acknowledge_case(
    transaction: Transaction, case_id: str, *, by: str, role: str = "", through: str = ""
) -> Changed:
    """``Casebook.acknowledge`` inside a transaction that does more (spends a code)."""
    case = _case(case_id, transaction)
    acknowledged = replace(
        case,
        state=CaseState.ACKNOWLEDGED,
        acknowledged_by=by,
        acknowledged_at=transaction.now,
        updated_at=transaction.now,
    )
    if not transaction.cases.replace(acknowledged, expected=states_before(CaseState.ACKNOWLEDGED)):
        return Changed(case=case, is_changed=False)
    cancelled = transaction.effects.cancel(case_id=case_id, kinds={EffectKind.ESCALATE})
    detail = {"role": role, "through": through, "escalations_cancelled": len(cancelled)}
    _audit(transaction, AuditTag.CASE_ACKNOWLEDGED, by, case_id, detail)
    return Changed(case=acknowledged, is_changed=True)


def _case(case_id: str, transaction: Transaction) -> CaseRecord:
    case = transaction.cases.find(case_id)
    if case is None:
        raise UnknownCase(case_id)
    return case


def _release_held(
    case_id: str, release_to: Collection[str] | None, transaction: Transaction
) -> tuple[list[str], list[EffectRecord]]:
    """Begin to release: ids of the recipients it concerns, and the effects added for them."""
    released: list[str] = []
    effects: list[EffectRecord] = []
    for recipient in transaction.cases.recipients(case_id):
        if not recipient.state.is_held or (release_to is not None and recipient.id not in release_to):
            continue
        released.append(recipient.id)
        due_at = transaction.now
        if recipient.state is RecipientState.TAKE_OUT_PENDING:
            cancelled = transaction.effects.cancel(recipient_id=recipient.id, kinds={EffectKind.MOVE})
            if cancelled and all(move.attempts == 0 for move in cancelled):
                # Nobody has begun to take it out: it is where the recipient reads it.
                transaction.cases.move_recipient(recipient.id, RecipientState.DELIVERED)
                continue
            due_at = max([due_at, *_lease_ends(recipient.id, transaction)])
        transaction.cases.move_recipient(recipient.id, RecipientState.RELEASE_PENDING)
        effect = transaction.effects.add(
            NewEffect(
                kind=EffectKind.RELEASE,
                key=f"release:{recipient.delivery_key}",
                due_at=due_at,
                case_id=case_id,
                message_id=recipient.message_id,
                recipient_id=recipient.id,
                address=recipient.address,
            )
        )
        if effect is not None:
            effects.append(effect)
    return released, effects


def _lease_ends(recipient_id: str, transaction: Transaction) -> list[datetime]:
    """Just after a move that somebody is performing now must have ended."""
    moves = transaction.effects.matching(recipient_id=recipient_id, kinds={EffectKind.MOVE})
    return [move.lease_until + timedelta(seconds=1) for move in moves if move.lease_until is not None]


def _begin_thread(effect: EffectRecord, transaction: Transaction) -> None:
    case = transaction.cases.find(effect.case_id)
    if case is not None and not case.thread_message_id:
        transaction.cases.replace(replace(case, thread_message_id=effect.header_message_id))


def _effect_detail(effect: EffectRecord, detail: Mapping[str, Any] | None) -> dict[str, Any]:
    return {
        "effect": effect.id,
        "kind": effect.kind,
        "role": effect.role,
        "recipient": effect.recipient_id,
        "header_message_id": effect.header_message_id,
        "attempts": effect.attempts,
        **(detail or {}),
    }


def _audit(
    transaction: Transaction, tag: AuditTag, actor: str, case_id: str, detail: Mapping[str, Any]
) -> None:
    transaction.audit.append(AuditEntry(tag=tag, actor=actor, case_id=case_id, detail=detail))
