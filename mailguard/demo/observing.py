"""What became of a demo message: what explain says, what the store says, when each reader had the report."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mailguard.adapters.blobs import BlobFiles
from mailguard.adapters.store.sql_store import SqlStore
from mailguard.app.explain import explanation
from mailguard.app.inspect import Inspector
from mailguard.app.ports_store import CaseFilter, CaseRecord, EffectRecord, RecipientRecord
from mailguard.demo.letters import Copy, DemoMessage, Via
from mailguard.demo.next_hop import Delivered
from mailguard.demo.sending import Sent
from mailguard.demo.servers import MailServers
from mailguard.domain.case import EffectKind, RecipientState
from mailguard.domain.message import Envelope
from mailguard.domain.words import ReportWhen, Role

LONGEST_REPORT_SECONDS = 60.0
_POLL_SECONDS = 0.03
_FOLLOW_UPS = frozenset({"follow-up"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """``explained``: the contract's object for each copy. ``recipients`` by address, ``reports`` by role.

    ``report_seconds``: from the first command of the sending to the report in that reader's mailbox.
    """

    message: DemoMessage
    sent: tuple[Sent, ...]
    explained: tuple[Mapping[str, Any], ...]
    case: CaseRecord | None
    recipients: Mapping[str, RecipientRecord]
    reports: Mapping[Role, tuple[Delivered, ...]]
    report_seconds: Mapping[Role, float]

    @property
    def slowest_report(self) -> float | None:
        return max(self.report_seconds.values(), default=None)


class Observer:
    """Reads the school's store beside the running daemon; changes nothing."""

    def __init__(
        self,
        *,
        store: SqlStore,
        blobs: BlobFiles,
        inspector: Inspector,
        servers: MailServers,
        readers: Mapping[Role, str],
    ) -> None:
        self._store = store
        self._blobs = blobs
        self._inspector = inspector
        self._servers = servers
        self._readers = readers

    def explain(self, message: DemoMessage) -> tuple[Mapping[str, Any], ...]:
        """As ``mailguard explain`` answers, for each copy with its own envelope."""
        return tuple(self._explain(message, copy) for copy in message.copies)

    def wait_for(self, message: DemoMessage, sent: list[Sent]) -> Outcome:
        """Look until everybody to be told at once was told and what is to be taken out was, at most a minute long."""
        deadline = time.monotonic() + LONGEST_REPORT_SECONDS
        case = self._case(message.copies[0])
        # By relay the case is there before the reply.
        while (
            message.via is Via.MAILBOX and message.has_case and case is None and time.monotonic() < deadline
        ):
            time.sleep(_POLL_SECONDS)
            case = self._case(message.copies[0])
        if case is not None and message.report is ReportWhen.NOW:
            self._wait_for_reports(case, message, deadline)
        if case is not None and message.via is Via.MAILBOX:
            while self._is_being_taken_out(case) and time.monotonic() < deadline:
                time.sleep(_POLL_SECONDS)
        return self.outcome(message, sent)

    def outcome(self, message: DemoMessage, sent: list[Sent]) -> Outcome:
        """Everything as it is now."""
        case = self._case(message.copies[0])
        recipients: dict[str, RecipientRecord] = {}
        reports: dict[Role, tuple[Delivered, ...]] = {}
        if case is not None:
            with self._store.reading() as transaction:
                recipients = {each.address.lower(): each for each in transaction.cases.recipients(case.id)}
            for role, ids in self._first_reports(case).items():
                reports[role] = tuple(
                    each
                    for each in self._servers.next_hop.delivered
                    if each.message_id in ids and each.address == self._readers[role]
                )
        started_at = min((each.started_at for each in sent), default=0.0)
        return Outcome(
            message=message,
            sent=tuple(sent),
            explained=self.explain(message),
            case=case,
            recipients=recipients,
            reports=reports,
            report_seconds={
                role: min(each.at for each in arrived) - started_at
                for role, arrived in reports.items()
                if arrived
            },
        )

    def held_bytes(self, outcome: Outcome, address: str) -> bytes | None:
        """What the store keeps for that recipient. Raises PermanentFailure when it cannot be opened."""
        recipient = outcome.recipients.get(address)
        if recipient is None:
            return None
        with self._store.reading() as transaction:
            message = transaction.cases.message(recipient.message_id)
        return None if message is None else self._blobs.get(message.blob_id)

    def case_count(self) -> int:
        with self._store.reading() as transaction:
            return transaction.cases.count(CaseFilter())

    def opening_event(self, case_id: str) -> int:
        """Number of the audit event that opened the case."""
        with self._store.reading() as transaction:
            return next(event.seq for event in transaction.audit.events(case_id=case_id))

    def _explain(self, message: DemoMessage, copy: Copy) -> Mapping[str, Any]:
        envelope = Envelope(
            mail_from=message.mail_from, rcpt_tos=(copy.rcpt_to,), received_via=message.via.value
        )
        return explanation(self._inspector.inspect(copy.raw, envelope), path=copy.message_id)

    def _case(self, copy: Copy) -> CaseRecord | None:
        with self._store.reading() as transaction:
            found = transaction.cases.matching(CaseFilter(header_message_id=copy.message_id, limit=1))
        return found[0] if found else None

    def _first_reports(self, case: CaseRecord) -> dict[Role, set[str]]:
        """Message-IDs of the case's reports to each role, follow-ups apart."""
        with self._store.reading() as transaction:
            effects = transaction.effects.matching(case_id=case.id, kinds={EffectKind.REPORT})
        ids: dict[Role, set[str]] = {}
        for effect in effects:
            if not _is_follow_up(effect):
                ids.setdefault(Role(effect.role), set()).add(effect.header_message_id)
        return ids

    def _wait_for_reports(self, case: CaseRecord, message: DemoMessage, deadline: float) -> None:
        ids = self._first_reports(case)
        wanted = {(self._readers[role], each) for role in message.told for each in ids.get(role, ())}
        self._servers.next_hop.wait_for(
            lambda delivered: wanted <= {(each.address, each.message_id) for each in delivered},
            seconds=max(0.0, deadline - time.monotonic()),
        )

    def _is_being_taken_out(self, case: CaseRecord) -> bool:
        with self._store.reading() as transaction:
            return any(
                each.state is RecipientState.TAKE_OUT_PENDING
                for each in transaction.cases.recipients(case.id)
            )


def _is_follow_up(effect: EffectRecord) -> bool:
    return effect.payload.get("purpose") in _FOLLOW_UPS
