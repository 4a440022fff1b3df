"""Opening, joining and deciding cases: T1, T2 and T3 of DESIGN's "The way of a message".

Each public method is one committed transaction or nothing. What a case wants done outside is added to the
outbox in the same transaction; who plans reports and notices hands in a function. Moves out of mailboxes
are planned here. FAILURE: a death before T1's commit leaves a blob that nothing refers to, and the sender
(or the mailbox) still has the message; after it, a retry finds every delivery key known and changes
nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from mailguard.app.case_deciding import (
    Changed,
    Decided,
    TakenUp,
    decide_case,
    found_case,
    undo_decision,
)
from mailguard.app.case_opening import (
    Opened,
    Opening,
    PlanEffects,
    blob_of_same_bytes,
    case_of_known_deliveries,
    record_opening,
)
from mailguard.app.learning import learn_from_case, unlearn_case
from mailguard.app.ports import BlobStore
from mailguard.app.ports_learning import Withdrawn
from mailguard.app.ports_store import (
    AuditEntry,
    EffectRecord,
    NewEffect,
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
from mailguard.domain.label import Said
from mailguard.domain.words import Event, Nature

_DONE_TAGS = {
    EffectKind.REPORT: AuditTag.REPORT_SENT,
    EffectKind.RELEASE: AuditTag.MESSAGE_RELEASED,
    EffectKind.MOVE: AuditTag.MESSAGE_MOVED,
    EffectKind.DIGEST: AuditTag.DIGEST_SENT,
    EffectKind.ESCALATE: AuditTag.CASE_ESCALATED,
}
_DONE_STATES = {EffectKind.RELEASE: RecipientState.RELEASED, EffectKind.MOVE: RecipientState.TAKEN_OUT}


class Casebook:
    """``zone``: the school's, for the year in a case id. ``release_delay``: before a release begins, for an undo."""

    def __init__(
        self, store: Store, blobs: BlobStore, *, zone: ZoneInfo, release_delay: timedelta = timedelta(0)
    ) -> None:
        self._store = store
        self._blobs = blobs
        self._zone = zone
        self._release_delay = release_delay

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
        self,
        case_id: str,
        *,
        by: str,
        reason: str = "",
        label: str = "",
        release_to: Collection[str] = (),
        outcome: Outcome | None = None,
    ) -> Changed:
        """T3: it is a contact. What is held stays held, but for the recipient ids in ``release_to``."""
        decided = Decided(
            decision=CaseDecision.CONFIRM,
            by=by,
            reason=reason,
            label=label,
            release_to=release_to,
            outcome=outcome,
        )
        return self.decide(case_id, decided)

    def release(
        self,
        case_id: str,
        *,
        by: str,
        reason: str = "",
        label: str = "",
        release_to: Collection[str] | None = None,
        outcome: Outcome | None = None,
    ) -> Changed:
        """T3: let the recipients have it (None: all for whom it is held). A decided case may be released too.

        They are "released" only when the effect is done.
        """
        decided = Decided(
            decision=CaseDecision.RELEASE,
            by=by,
            reason=reason,
            label=label,
            release_to=release_to,
            outcome=outcome,
        )
        return self.decide(case_id, decided)

    def dismiss(
        self, case_id: str, *, by: str, reason: str = "", label: str = "", outcome: Outcome | None = None
    ) -> Changed:
        """T3: not a contact; so whoever it is held for gets it."""
        decided = Decided(decision=CaseDecision.DISMISS, by=by, reason=reason, label=label, outcome=outcome)
        return self.decide(case_id, decided)

    def decide(self, case_id: str, decided: Decided) -> Changed:
        """T3, whichever it is."""
        with self._store.transaction() as transaction:
            return decide_case(case_id, decided, transaction, delay=self._release_delay)

    def undo(self, case_id: str, *, by: str) -> Changed:
        """T3 backwards, as long as nothing has happened outside; unchanged when it is too late."""
        try:
            with self._store.transaction() as transaction:
                return undo_decision(case_id, transaction, by=by)
        except TakenUp:
            with self._store.reading() as transaction:
                return Changed(case=found_case(case_id, transaction), is_changed=False)

    def teach(
        self,
        case_id: str,
        *,
        by: str,
        label: str,
        natures: frozenset[Nature] | None = None,
        event: Event | None = None,
    ) -> Changed:
        """Say what a decided case's message was, for the model to learn from, in place of what was said before.

        It changes nothing else. Unchanged when the case waits for a decision.
        """
        said = Said(word=label, natures=natures, event=event)
        with self._store.transaction() as transaction:
            case = found_case(case_id, transaction)
            is_labelled = case.state is CaseState.DECIDED and transaction.cases.label_review(case_id, label)
            if not is_labelled:
                return Changed(case=case, is_changed=False)
            before = transaction.learning.of_case(case_id)
            learned = learn_from_case(transaction, case, said=said, by=by)
            detail = {
                "label": label,
                **({"learned": learned.as_dict()} if learned is not None else {}),
                **({"before": before.label.as_dict()} if before is not None else {}),
            }
            _audit(transaction, AuditTag.CASE_LABELLED, by, case_id, detail)
            return Changed(case=case, is_changed=True)

    def unteach(self, case_id: str, *, by: str) -> Changed:
        """What was said of the case's message was a mistake: it teaches no longer. Unchanged when nothing was said."""
        with self._store.transaction() as transaction:
            case = found_case(case_id, transaction)
            before = transaction.learning.of_case(case_id)
            if not unlearn_case(transaction, case_id, why=Withdrawn.BY_HAND):
                return Changed(case=case, is_changed=False)
            transaction.cases.label_review(case_id, "")
            detail = {"before": before.label.as_dict()} if before is not None else {}
            _audit(transaction, AuditTag.CASE_UNLABELLED, by, case_id, detail)
            return Changed(case=case, is_changed=True)

    def set_outcome(self, case_id: str, outcome: Outcome, *, by: str, reason: str = "") -> Changed:
        """How it ended, in the words of allegation management.

        It may be set again, and each time is on the record.
        """
        with self._store.transaction() as transaction:
            case = found_case(case_id, transaction)
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


def acknowledge_case(
    transaction: Transaction, case_id: str, *, by: str, role: str = "", through: str = ""
) -> Changed:
    """``Casebook.acknowledge`` inside a transaction that does more (spends a code)."""
    case = found_case(case_id, transaction)
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
