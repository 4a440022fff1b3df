"""The end of a case's messages: destroyed on two people's word, with their hashes left; and the hold that forbids it.

The bytes cannot be read again by anybody, because their keys are gone; the case, its decisions and the trail
stay. An undecided case, a copy that waits for its release, and a case on legal hold are never destroyed.
FAILURE: the act is on the record before the first key goes; killed in between, the same command ends it.
Source: SAFEGUARDING.md, "Retention".
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from mailguard.app.export_making import Maker, OpenCases
from mailguard.app.ports_store import AuditEntry, CaseRecord, Store, Transaction
from mailguard.domain.case import CaseState, EffectState

TAG_HELD = "review:case:legal-hold-set"
TAG_LIFTED = "review:case:legal-hold-lifted"
TAG_DESTROYED = "review:case:messages-destroyed"


class Authority(StrEnum):
    """By what right messages are destroyed."""

    RETENTION_SCHEDULE = "retention-schedule"
    COURT_ORDER = "court-order"
    ERASURE_REQUEST = "erasure-request"


class DestructionRefused(Exception):
    """Nothing was destroyed; says why."""


class Shredder(Protocol):
    """``adapters.blobs.BlobFiles``."""

    def shred(self, blob_id: str) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Destruction:
    """``messages``: how many have lost their bytes."""

    case: CaseRecord
    messages: int


@dataclass(frozen=True, slots=True)
class CaseDestruction:
    store: Store
    blobs: Shredder
    open_cases: OpenCases

    def set_legal_hold(self, case_id: str, *, by: Maker, is_held: bool) -> bool:
        """Whether anything changed. Raises UnknownCase, TemporaryFailure."""
        with self.store.transaction() as transaction:
            self.open_cases.find(case_id, by, transaction)
            if is_on_legal_hold(case_id, transaction) == is_held:
                return False
            transaction.ledger.put_state(_key(case_id), "held" if is_held else "")
            tag = TAG_HELD if is_held else TAG_LIFTED
            transaction.audit.append(AuditEntry(tag=tag, actor=by.actor, case_id=case_id))
            return True

    def destroy(self, case_id: str, *, by: Maker, approved_by: Maker, authority: Authority) -> Destruction:
        """Raises UnknownCase, DestructionRefused, TemporaryFailure."""
        if by.address.lower() == approved_by.address.lower():
            raise DestructionRefused("it takes two people: whoever approves must be somebody else")
        with self.store.transaction() as transaction:
            case = self.open_cases.find(case_id, by, transaction)
            self.open_cases.find(case_id, approved_by, transaction)
            _refuse_unless_over(case, transaction)
            messages = transaction.cases.messages(case_id)
            detail = {
                "approved_by": approved_by.actor,
                "authority": authority.value,
                "messages": [{"id": each.id, "sha256": each.sha256} for each in messages],
            }
            transaction.audit.append(
                AuditEntry(tag=TAG_DESTROYED, actor=by.actor, case_id=case_id, detail=detail)
            )
        for message in messages:
            self.blobs.shred(message.blob_id)
        return Destruction(case=case, messages=len(messages))


def is_on_legal_hold(case_id: str, transaction: Transaction) -> bool:
    return bool(transaction.ledger.state(_key(case_id)))


def _refuse_unless_over(case: CaseRecord, transaction: Transaction) -> None:
    if is_on_legal_hold(case.id, transaction):
        raise DestructionRefused("it is on legal hold: lift that first")
    if case.state is not CaseState.DECIDED:
        raise DestructionRefused("it is not decided: an open case is never destroyed")
    if transaction.effects.matching(case_id=case.id, states={EffectState.PENDING}):
        raise DestructionRefused("something of it is still on its way; wait until that is done")


def _key(case_id: str) -> str:
    return f"legal-hold:{case_id}"
