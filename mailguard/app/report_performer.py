"""Performs REPORT: from the stored case to the server's yes.

FAILURE: killed before the server's reply, or between it and T2, the report is sent again with the same
Message-ID. A report never waits for its enclosures: when the message cannot be fetched the facts go without
it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from mailguard.app.acknowledge import ACKNOWLEDGE, covers_key
from mailguard.app.effects_settings import DirectoryNow, EffectsSettings
from mailguard.app.escalation import (
    REASON_ABSENT,
    REASON_NOT_ACKNOWLEDGED,
    REASON_UNDECIDED,
    REASON_UNDELIVERABLE,
    REASON_WITHHELD,
    because_undeliverable,
    gathered_timer,
    next_step,
    timer,
)
from mailguard.app.failpoints import reach
from mailguard.app.gathered_report import WHY_CHANNEL, compose_gathered
from mailguard.app.own_mail import Enclosure, OwnMail, outgoing
from mailguard.app.performing import Performed, not_needed
from mailguard.app.ports import BlobStore, Clock, Courier, PermanentFailure, TemporaryFailure
from mailguard.app.ports_store import (
    CaseRecord,
    EffectRecord,
    MessageRecord,
    NewEffect,
    Store,
    Transaction,
)
from mailguard.app.readers import Reader, Readers, readers_now
from mailguard.app.report import Purpose, ReportContent, ReportMaterial, compose, is_urgent
from mailguard.app.report_attachment import ReadMessage, enclosure_for, may_have_original
from mailguard.app.report_html import write_html
from mailguard.app.report_text import write_text
from mailguard.domain.audit import AuditTag
from mailguard.domain.case import CaseState
from mailguard.domain.words import Role

_CODE_DAYS = 30
_ENCLOSED_MESSAGES = 3
# Leased so often and never given back: the process died over it, perhaps over the message's parts.
_DEATHS_BEFORE_BARE = 3


class ReportPerformer:
    """``read``: bytes to facts (``reading.message.read``)."""

    def __init__(
        self,
        *,
        store: Store,
        blobs: BlobStore,
        courier: Courier,
        settings: EffectsSettings,
        directory: DirectoryNow,
        read: ReadMessage,
        clock: Clock,
    ) -> None:
        self._store = store
        self._blobs = blobs
        self._courier = courier
        self._settings = settings
        self._directory = directory
        self._read = read
        self._clock = clock

    def perform(self, effect: EffectRecord) -> Performed:
        """Raises TemporaryFailure, PermanentFailure."""
        if effect.payload.get("purpose") == Purpose.GATHERED:
            return self._perform_gathered(effect)
        readers = self._readers()
        with self._store.transaction() as transaction:
            case = transaction.cases.find(effect.case_id)
            if case is None:
                raise PermanentFailure(f"effect {effect.id}: case {effect.case_id} is not in the store")
            reader = self._reader_or_next(effect, case, readers, transaction)
            if isinstance(reader, Performed):
                return reader
            material = self._material(effect, case, reader, transaction)
        if effect.attempts > _DEATHS_BEFORE_BARE and not effect.last_error:
            enclosures: list[Enclosure] = []
            attached = ["The message could not be attached; see the case."]
        else:
            enclosures, attached = self._enclosures(material)
        content = compose(replace(material, attached=tuple(attached)), self._settings, readers.directory)
        reply = self._send(effect, reader, content, thread=case.thread_message_id, enclosures=enclosures)
        following = timer(case, effect, sent_at=self._clock.now(), hours=self._settings.hours)
        return Performed(
            detail={"reply": reply[:80], "purpose": material.purpose, "is_acting": bool(reader.absent_name)},
            then=(following,) if following is not None else (),
        )

    def undeliverable_at(self, effect: EffectRecord) -> datetime:
        """From when on the next in the chain is told although this report is still tried."""
        # A retry moves the due time, so when trying began is told by when it was planned for.
        began = effect.created_at + timedelta(seconds=float(effect.payload.get("delay_seconds", 0)))
        return began + timedelta(seconds=self._settings.undeliverable_seconds)

    def after_failure(self, effect: EffectRecord, *, is_permanent: bool) -> tuple[NewEffect, ...]:
        """What follows when a report could not be delivered.

        At level 3 and above the next in the chain, now.
        """
        now = self._clock.now()
        if not is_permanent and now < self.undeliverable_at(effect):
            return ()
        with self._store.reading() as transaction:
            ids = (
                [effect.case_id]
                if effect.case_id
                else [str(each) for each in effect.payload.get("cases", ())]
            )
            cases = [case for case_id in ids if (case := transaction.cases.find(case_id)) is not None]
        if any(is_urgent(case.decision.level) and case.state is CaseState.NEW for case in cases):
            return (because_undeliverable(effect, now=now),)
        return ()

    def _readers(self) -> Readers:
        return readers_now(self._store, self._settings, self._directory)

    def _reader_or_next(
        self, effect: EffectRecord, case: CaseRecord, readers: Readers, transaction: Transaction
    ) -> Reader | Performed:
        """Who reads it for this role today; or what is done instead."""
        role = Role(effect.role)
        day = transaction.now.astimezone(self._settings.hours.zone).date()
        reader = readers.reader(role, case.decision, day)
        if reader is not None:
            return reader
        holder = readers.holder(role, case.decision)
        if holder is not None and effect.payload.get("purpose") in {Purpose.FOLLOW_UP, Purpose.AGAIN}:
            return holder
        reason = REASON_ABSENT if holder is not None else REASON_WITHHELD
        step = next_step(
            effect,
            case,
            transaction,
            readers,
            reason=reason,
            has_second_channel=self._settings.has_second_channel,
        )
        if step.told is not None:
            return not_needed(f"{reason}: {step.told.value} is told instead", then=step.effects)
        if holder is not None:
            return holder
        return not_needed(f"{reason}: nobody else may be told", alarm="report_has_no_reader")

    def _material(
        self, effect: EffectRecord, case: CaseRecord, reader: Reader, transaction: Transaction
    ) -> ReportMaterial:
        purpose = Purpose(effect.payload.get("purpose", Purpose.FIRST))
        messages = transaction.cases.messages(case.id)
        recipients = transaction.cases.recipients(case.id)
        if purpose is Purpose.FOLLOW_UP:
            chosen = {str(each) for each in effect.payload.get("recipients", ())}
            recipients = tuple(each for each in recipients if each.id in chosen) or recipients
            wanted = {each.message_id for each in recipients}
            messages = tuple(message for message in messages if message.id in wanted) or messages
        code = ""
        if case.state is CaseState.NEW and is_urgent(case.decision.level):
            code = transaction.ledger.issue_code(
                case_id=case.id,
                role=reader.role,
                action=ACKNOWLEDGE,
                expires_at=transaction.now + timedelta(days=_CODE_DAYS),
            )
        return ReportMaterial(
            case=case,
            messages=_distinct(messages),
            recipients=recipients,
            reader=reader,
            purpose=purpose,
            code=code,
            event_seq=_opening_event(case.id, transaction),
            head=transaction.audit.head(),
            because=self._because(effect),
            is_undecided=effect.payload.get("reason") == REASON_UNDECIDED,
            is_late=effect.payload.get("reason") == REASON_NOT_ACKNOWLEDGED,
        )

    def _because(self, effect: EffectRecord) -> str:
        after = str(effect.payload.get("after", ""))
        title = self._settings.title(Role(after)) if after in set(Role) else "the person told before you"
        return {
            REASON_NOT_ACKNOWLEDGED: "The report was sent before and nobody has acknowledged it in time.",
            REASON_UNDELIVERABLE: f"The report to the {title} could not be delivered.",
            REASON_ABSENT: f"The {title} is away and nobody is acting.",
            REASON_UNDECIDED: "A parent's letter is held, and nobody has decided in time what becomes of it.",
        }.get(str(effect.payload.get("reason", "")), "")

    def _enclosures(self, material: ReportMaterial) -> tuple[list[Enclosure], list[str]]:
        """For head and deputy: the messages, or what may be sent of them."""
        role = material.reader.role
        if role is Role.LADO:
            return [], []
        if not may_have_original(role):
            return [], ["The message is in the case; it is not sent to this address."]
        enclosures: list[Enclosure] = []
        sentences: list[str] = []
        for number, message in enumerate(material.messages[:_ENCLOSED_MESSAGES]):
            try:
                raw = self._blobs.get(message.blob_id)
            except (PermanentFailure, TemporaryFailure):
                sentences.append("The message could not be fetched from the store just now; see the case.")
                continue
            enclosure, sentence = enclosure_for(message, raw, self._read, number=number)
            enclosures.append(enclosure)
            sentences.append(sentence)
        if len(material.messages) > _ENCLOSED_MESSAGES:
            sentences.append(f"{len(material.messages) - _ENCLOSED_MESSAGES} more messages are in the case.")
        return enclosures, sentences

    def _perform_gathered(self, effect: EffectRecord) -> Performed:
        readers = self._readers()
        role = Role(effect.role)
        with self._store.transaction() as transaction:
            day = transaction.now.astimezone(self._settings.hours.zone).date()
            found = [transaction.cases.find(str(case_id)) for case_id in effect.payload.get("cases", ())]
            cases = [case for case in found if case is not None]
            mine = [case for case in cases if role not in readers.withheld_roles(case.decision)]
            # A case that has come to concern this reader since goes its own way.
            others = [case for case in cases if case not in mine]
            then = [_single(case, effect, readers, transaction) for case in others]
            following = tuple(each for each in then if each is not None)
            if not mine:
                return not_needed("no case that this reader may be told", then=following)
            reader = readers.reader(role, mine[0].decision, day) or readers.holder(role, mine[0].decision)
            if reader is None:
                raise PermanentFailure(f"effect {effect.id}: role {role.value} has no address")
            waiting = [case for case in mine if case.state is CaseState.NEW]
            code = ""
            if waiting:
                code = transaction.ledger.issue_code(
                    case_id=waiting[0].id,
                    role=role,
                    action=ACKNOWLEDGE,
                    expires_at=transaction.now + timedelta(days=_CODE_DAYS),
                )
                transaction.ledger.put_state(covers_key(code), " ".join(case.id for case in waiting))
            listed = [
                (case, transaction.cases.messages(case.id), transaction.cases.recipients(case.id))
                for case in mine
            ]
            head = transaction.audit.head()
        content = compose_gathered(
            listed,
            reader=reader,
            why=str(effect.payload.get("why", "")),
            code=code,
            head=head,
            settings=self._settings,
            directory=readers.directory,
        )
        reply = self._send(effect, reader, content, thread="", enclosures=[])
        sent_at = self._clock.now()
        # An old message is no reason to ring round a school: the digest keeps asking for the backlog.
        if effect.payload.get("why") == WHY_CHANNEL:
            escalation = gathered_timer(waiting, effect, sent_at=sent_at, hours=self._settings.hours)
            following += (escalation,) if escalation is not None else ()
        return Performed(detail={"reply": reply[:80], "cases": [case.id for case in mine]}, then=following)

    def _send(
        self,
        effect: EffectRecord,
        reader: Reader,
        content: ReportContent,
        *,
        thread: str,
        enclosures: Sequence[Enclosure],
    ) -> str:
        mail = OwnMail(
            to_address=reader.address,
            to_name=reader.name,
            subject=content.subject,
            text=write_text(content),
            html=write_html(content),
            header_message_id=effect.header_message_id,
            thread_message_id=thread,
            enclosures=enclosures,
        )
        message = outgoing(mail, self._settings, now=self._clock.now())
        reach("report-before-send")
        reply = self._courier.send(message)
        reach("report-sent")
        return reply


def _single(
    case: CaseRecord, effect: EffectRecord, readers: Readers, transaction: Transaction
) -> NewEffect | None:
    step = next_step(effect, case, transaction, readers, reason=REASON_WITHHELD, has_second_channel=False)
    return step.effects[0] if step.effects else None


def _distinct(messages: Sequence[MessageRecord]) -> tuple[MessageRecord, ...]:
    """One row for each content: the same message with other trace lines is not sent twice."""
    return tuple({message.content_key: message for message in reversed(messages)}.values())[::-1]


def _opening_event(case_id: str, transaction: Transaction) -> int:
    for event in transaction.audit.events(case_id=case_id):
        if event.tag == AuditTag.CASE_OPENED:
            return event.seq
    return 0
