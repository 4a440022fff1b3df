"""Past messages from the store: every message kept in a case, deliveries apart, as they were judged.

A message that came in several transactions (a queue hands over one recipient at a time) was judged once for each; so it is
again. Reading changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from mailguard.app.ports import BlobStore, PermanentFailure, TemporaryFailure
from mailguard.app.ports_store import CaseFilter, CaseRecord, MessageRecord, RecipientRecord, Store
from mailguard.app.replay import Outcome, PastMessage
from mailguard.domain import concern
from mailguard.domain.message import Authentication, AuthenticationResult, Envelope
from mailguard.domain.policy import Policy
from mailguard.domain.words import Disposition

_PAGE = 200


@dataclass(frozen=True, slots=True)
class Unread:
    """A message that cannot be decided again: shredded, altered, or its file is missing."""

    label: str
    why: str


@dataclass(frozen=True, slots=True)
class StoredMessages:
    """``since``: aware UTC; messages that came then or later. ``policy``: what the rows that were kept mean."""

    store: Store
    blobs: BlobStore
    since: datetime
    policy: Policy

    def count(self) -> int:
        """How many deliveries there are to decide again."""
        return sum(len(_deliveries(message, recipients)) for _, message, recipients in self._messages())

    def __iter__(self) -> Iterator[PastMessage | Unread]:
        """By case, oldest first. Raises TemporaryFailure when the store does not answer."""
        for case, message, recipients in self._messages():
            try:
                raw = self.blobs.get(message.blob_id)
            except (PermanentFailure, TemporaryFailure) as problem:
                yield Unread(case.id, str(problem))
                continue
            for place, delivery in enumerate(_deliveries(message, recipients)):
                yield self._past_message(case, message, delivery, raw, is_first=place == 0)

    def _messages(self) -> Iterator[tuple[CaseRecord, MessageRecord, tuple[RecipientRecord, ...]]]:
        after = ""
        while True:
            # A transaction a page: the store may be written while a long replay runs.
            with self.store.reading() as transaction:
                cases = transaction.cases.matching(
                    CaseFilter(is_oldest_first=True, after_id=after, limit=_PAGE)
                )
                page = [
                    (case, transaction.cases.messages(case.id), transaction.cases.recipients(case.id))
                    for case in cases
                ]
            for case, messages, recipients in page:
                if case.decision.row == concern.ROW:
                    # A person's word decided it, not the table: there is nothing to decide again.
                    continue
                for message in messages:
                    if message.received_at >= self.since:
                        yield case, message, recipients
            if len(cases) < _PAGE:
                return
            after = cases[-1].id

    def _past_message(
        self,
        case: CaseRecord,
        message: MessageRecord,
        delivery: Sequence[RecipientRecord],
        raw: bytes,
        *,
        is_first: bool,
    ) -> PastMessage:
        receipt = delivery[0].receipt
        # The message's record tells what its first delivery came to; of later ones their rows are kept.
        stored = _stored_outcome(message, delivery)
        return PastMessage(
            label=case.id,
            message_id=message.id,
            raw=raw,
            envelope=Envelope(
                mail_from=message.mail_from,
                rcpt_tos=tuple(recipient.address for recipient in delivery),
                received_via=receipt.via,
                mailbox_address=delivery[0].address if receipt.imap is not None else "",
                is_sent_folder=receipt.imap is not None and message.is_outbound,
            ),
            came_at=receipt.received_at,
            authentication=_authentication(message),
            stored=stored if is_first else self._by_rows(stored),
            stored_versions=message.decision.versions,
        )

    def _by_rows(self, first: Outcome) -> Outcome:
        """A further delivery's outcome as its rows say; its recipients' gravest is the headline."""
        rows = {row.code: row for row in self.policy.rows}
        known = [(disposition, rows[code]) for disposition, code in first.recipients if code in rows]
        if not known:
            return replace(first, is_partly_known=True)
        disposition, row = max(
            known,
            key=lambda entry: (
                entry[1].consequence.report.urgency,
                int(entry[1].consequence.level),
                entry[0] is Disposition.HOLD,
            ),
        )
        is_same = row.code == first.row
        return replace(
            first,
            row=row.code,
            disposition=disposition,
            verdict=first.verdict if is_same else next(iter(row.verdicts.values())),
            report=first.report if is_same else row.consequence.report,
            level=first.level if is_same else row.consequence.level,
            is_partly_known=True,
        )


def _deliveries(
    message: MessageRecord, recipients: Sequence[RecipientRecord]
) -> list[tuple[RecipientRecord, ...]]:
    """The recipients of each transaction in which these bytes came, the first one first."""
    found: dict[tuple[object, ...], list[RecipientRecord]] = {}
    for recipient in recipients:
        if recipient.message_id == message.id:
            receipt = recipient.receipt
            key = (receipt.received_at, receipt.queue_id, receipt.client_ip, receipt.imap)
            found.setdefault(key, []).append(recipient)
    return [tuple(group) for group in found.values()]


def _authentication(message: MessageRecord) -> Authentication | None:
    """What was known of the sender when it came: where mailguard verified itself, the message does not say it."""
    word = str(message.decision.further.get("authentication") or "")
    known = {result.value for result in AuthenticationResult}
    return Authentication(overall=AuthenticationResult(word)) if word in known else None


def _stored_outcome(message: MessageRecord, delivery: Sequence[RecipientRecord]) -> Outcome:
    decision = message.decision
    platform = decision.platform
    return Outcome(
        verdict=decision.verdict,
        row=decision.row,
        disposition=decision.disposition,
        report=decision.report_when,
        level=decision.level,
        to=decision.report_roles,
        withheld_from=decision.withheld_roles,
        recipients=tuple((recipient.disposition, recipient.row) for recipient in delivery),
        initiator=decision.initiator,
        nature=decision.nature or "",
        persons=tuple(sorted({str(person.get("id", "")) for person in decision.persons})),
        platform=f"{platform.get('id')} {platform.get('event')}" if platform is not None else "",
        signals=frozenset(str(signal.get("code", "")) for signal in decision.signals),
    )
