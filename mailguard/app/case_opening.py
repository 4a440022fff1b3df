"""T1: a judged message becomes a case, or joins one, with its recipients, effects and audit event.

One message is one case (by content key); the same notification or words to many people are one case (by
cluster key). Who plans reports and notices hands in a function; moves out of mailboxes are planned here.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from mailguard.app.ports import Receipt
from mailguard.app.ports_store import (
    AuditEntry,
    CaseRecord,
    DecisionRecord,
    MessageRecord,
    NewEffect,
    RecipientRecord,
    Transaction,
)
from mailguard.app.sender_check import TRAIL_FIELD, check_hash
from mailguard.domain.audit import AuditTag
from mailguard.domain.case import CaseState, EffectKind, Mode, RecipientState
from mailguard.domain.words import Disposition, ReportWhen, Role

_ACTOR = "gate"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewRecipient:
    """One envelope recipient of a message to be recorded. ``person_id`` "" when on no list."""

    delivery_key: str
    address: str
    disposition: Disposition
    row: str
    person_id: str = ""
    tag: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """A judged message to be recorded.

    ``recipients`` has at least one. ``cluster_key`` "" joins by content only.
    """

    raw: bytes
    content_key: str
    sha256: str
    receipt: Receipt
    decision: DecisionRecord
    recipients: tuple[NewRecipient, ...]
    header_message_id: str = ""
    subject: str = ""
    sender: str = ""
    mail_from: str = ""
    addresses: tuple[str, ...] = ()
    authentication_results: tuple[str, ...] = ()
    sender_check: Mapping[str, Any] | None = None
    is_outbound: bool = False
    cluster_key: str = ""
    mode: Mode = Mode.ENFORCE


@dataclass(frozen=True, slots=True, kw_only=True)
class Joined:
    """What T1 is about to commit, for planning effects.

    ``before``: the case as it was, None when it is new. ``recipients``: the new ones; ``known_recipients``:
    those of the case before. ``message`` is the one at hand, new to the case or not.
    """

    case: CaseRecord
    before: CaseRecord | None
    message: MessageRecord
    is_new_message: bool
    recipients: tuple[RecipientRecord, ...]
    known_recipients: tuple[RecipientRecord, ...]
    now: datetime


PlanEffects = Callable[[Joined, Transaction], Sequence[NewEffect]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """``newly`` is False when every delivery key was known (a retry): nothing was changed."""

    case_id: str
    newly: bool
    is_new_case: bool = False


def record_opening(
    opening: Opening, blob_id: str, plan_effects: PlanEffects, transaction: Transaction, *, zone: ZoneInfo
) -> Opened:
    """What T1 writes, its blob being durable already."""
    before = _case_to_join(opening, transaction)
    known_recipients = () if before is None else transaction.cases.recipients(before.id)
    if before is None:
        case = _new_case(opening, transaction, zone=zone)
    else:
        case = _joined_case(before, opening, transaction)
    message, is_new_message = _message_of(opening, case, blob_id, transaction)
    recipients = _add_recipients(opening, case, message, transaction)
    joined = Joined(
        case=case,
        before=before,
        message=message,
        is_new_message=is_new_message,
        recipients=recipients,
        known_recipients=known_recipients,
        now=transaction.now,
    )
    for effect in [*_moves(recipients, transaction.now), *plan_effects(joined, transaction)]:
        transaction.effects.add(effect)
    tag = AuditTag.CASE_OPENED if before is None else AuditTag.CASE_JOINED
    detail = _joined_detail(joined, opening)
    transaction.audit.append(AuditEntry(tag=tag, actor=_ACTOR, case_id=case.id, detail=detail))
    return Opened(case_id=case.id, newly=True, is_new_case=before is None)


def case_of_known_deliveries(opening: Opening, transaction: Transaction) -> str | None:
    """The case id when every delivery is known, else None."""
    known = [transaction.cases.by_delivery_key(each.delivery_key) for each in opening.recipients]
    first = known[0]
    return None if first is None or None in known else first.case_id


def blob_of_same_bytes(opening: Opening, transaction: Transaction) -> str | None:
    """The blob that holds these very bytes for their case already, else None."""
    case = transaction.cases.by_content_key(opening.content_key)
    messages = () if case is None else transaction.cases.messages(case.id)
    return next((each.blob_id for each in messages if each.sha256 == opening.sha256), None)


def merged_decision(first: DecisionRecord, second: DecisionRecord) -> DecisionRecord:
    """The graver of two, closed to the subjects of both (DECISIONS, rule 3).

    Its report has a reader in every case.
    """
    graver, other = (second, first) if second.gravity > first.gravity else (first, second)
    subjects = tuple(dict.fromkeys([*graver.subjects, *other.subjects]))
    withheld = tuple(role for role in Role if role in {*graver.withheld_roles, *other.withheld_roles})
    roles = tuple(role for role in graver.report_roles if role not in withheld)
    if graver.report_roles and not roles:
        roles = tuple(role for role in other.report_roles if role not in withheld)
        roles = roles or tuple(role for role in Role if role not in withheld)[:1]
    return replace(graver, subjects=subjects, withheld_roles=withheld, report_roles=roles)


def _new_case(opening: Opening, transaction: Transaction, *, zone: ZoneInfo) -> CaseRecord:
    case = CaseRecord(
        id=transaction.cases.next_id(transaction.now.astimezone(zone).year),
        state=CaseState.NEW,
        mode=opening.mode,
        opened_at=transaction.now,
        updated_at=transaction.now,
        via=opening.receipt.via,
        is_backlog=opening.receipt.is_backlog,
        decision=opening.decision,
    )
    transaction.cases.add(case, content_key=opening.content_key, cluster_key=_cluster_key(opening))
    return case


def _cluster_key(opening: Opening) -> str:
    # What shadow mode would have done and what was done never share a case by likeness alone.
    return f"{opening.mode}:{opening.cluster_key}" if opening.cluster_key else ""


def _case_to_join(opening: Opening, transaction: Transaction) -> CaseRecord | None:
    case = transaction.cases.by_content_key(opening.content_key)
    if case is not None or not opening.cluster_key:
        return case
    alike = transaction.cases.by_cluster_key(_cluster_key(opening))
    if alike is None:
        return None
    if alike.state is CaseState.DECIDED:
        # Likeness does not reopen what a person has decided: it is a new case, and the next alike joins
        # that one.
        return None
    transaction.cases.point_content(opening.content_key, alike.id)
    return alike


def _joined_case(before: CaseRecord, opening: Opening, transaction: Transaction) -> CaseRecord:
    is_reopened = before.state is CaseState.DECIDED and (
        opening.decision.report_when is not ReportWhen.NONE
        or any(each.disposition is Disposition.HOLD for each in opening.recipients)
    )
    case = replace(
        before,
        updated_at=transaction.now,
        mode=Mode.ENFORCE if Mode.ENFORCE in {before.mode, opening.mode} else Mode.SHADOW,
        is_backlog=before.is_backlog and opening.receipt.is_backlog,
        decision=merged_decision(before.decision, opening.decision),
    )
    if is_reopened:
        case = replace(
            case,
            state=CaseState.NEW,
            acknowledged_by="",
            acknowledged_at=None,
            decided_by="",
            decided_at=None,
            decided_as=None,
        )
        transaction.audit.append(
            AuditEntry(
                tag=AuditTag.CASE_REOPENED, actor=_ACTOR, case_id=case.id, detail={"was": before.decided_as}
            )
        )
    transaction.cases.replace(case)
    return case


def _message_of(
    opening: Opening, case: CaseRecord, blob_id: str, transaction: Transaction
) -> tuple[MessageRecord, bool]:
    """The message row of these very bytes, and whether it is new.

    Other trace lines make another row: held byte for byte.
    """
    for known in transaction.cases.messages(case.id):
        if known.sha256 == opening.sha256:
            return known, False
    message = MessageRecord(
        id=secrets.token_hex(16),
        case_id=case.id,
        content_key=opening.content_key,
        sha256=opening.sha256,
        size_bytes=len(opening.raw),
        blob_id=blob_id,
        received_at=opening.receipt.received_at,
        header_message_id=opening.header_message_id,
        subject=opening.subject,
        sender=opening.sender,
        mail_from=opening.mail_from,
        decision=opening.decision,
        addresses=opening.addresses,
        authentication_results=opening.authentication_results,
        sender_check=opening.sender_check,
        is_outbound=opening.is_outbound,
    )
    transaction.cases.add_message(message)
    return message, True


def _add_recipients(
    opening: Opening, case: CaseRecord, message: MessageRecord, transaction: Transaction
) -> tuple[RecipientRecord, ...]:
    """Those that are new."""
    records = [
        RecipientRecord(
            id=secrets.token_hex(16),
            case_id=case.id,
            message_id=message.id,
            delivery_key=each.delivery_key,
            address=each.address,
            person_id=each.person_id,
            disposition=each.disposition,
            row=each.row,
            state=_first_state(each, opening),
            receipt=opening.receipt,
            updated_at=transaction.now,
            tag=each.tag,
        )
        for each in opening.recipients
    ]
    return tuple(record for record in records if transaction.cases.add_recipient(record))


def _first_state(recipient: NewRecipient, opening: Opening) -> RecipientState:
    if recipient.disposition is Disposition.DELIVER:
        return RecipientState.DELIVERED
    if opening.mode is Mode.SHADOW:
        return RecipientState.WOULD_HOLD
    return RecipientState.HELD if opening.receipt.imap is None else RecipientState.TAKE_OUT_PENDING


def _moves(recipients: Sequence[RecipientRecord], now: datetime) -> list[NewEffect]:
    return [
        NewEffect(
            kind=EffectKind.MOVE,
            key=f"move:{recipient.delivery_key}",
            due_at=now,
            case_id=recipient.case_id,
            message_id=recipient.message_id,
            recipient_id=recipient.id,
            address=recipient.address,
        )
        for recipient in recipients
        if recipient.state is RecipientState.TAKE_OUT_PENDING
    ]


def _joined_detail(joined: Joined, opening: Opening) -> dict[str, Any]:
    decision, check = opening.decision, joined.message.sender_check
    return {
        "message": joined.message.id,
        "sha256": opening.sha256,
        **({TRAIL_FIELD: check_hash(check)} if check is not None else {}),
        "via": opening.receipt.via,
        "mode": opening.mode,
        "verdict": decision.verdict,
        "row": decision.row,
        "clause": decision.clause,
        "level": int(decision.level),
        "disposition": decision.disposition,
        "report": decision.report_when,
        "report_to": list(decision.report_roles),
        "withheld_from": list(decision.withheld_roles),
        "subjects": list(decision.subjects),
        "versions": {
            "policy": decision.versions.policy,
            "lists": decision.versions.lists,
            "model": decision.versions.model,
        },
        "recipients": [
            {"id": each.id, "person": each.person_id, "row": each.row, "state": each.state}
            for each in joined.recipients
        ],
    }
