"""The gate's porter: an answer to a report, sent to mailguard's own address, acknowledges; everything else goes to the gate.

Only mail from a role's own address that carries a code is taken as an answer; a child who writes to this address is a child
who writes to a representative, and is reported like any other.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from mailguard.app.acknowledge import AnswerReader, has_code
from mailguard.app.gate import Judged, PolicyGate
from mailguard.app.ports import Judgement, Receipt, RecipientOutcome, Recorded
from mailguard.domain.message import Authentication, Envelope, MessageFacts
from mailguard.domain.parties import SENDER_HEADERS
from mailguard.domain.words import Disposition

ANSWER_ROW = "answer"
ReadMessage = Callable[[bytes], MessageFacts]


@dataclass(frozen=True, slots=True)
class JudgedAnswer:
    """An answer to a report. ``others``: the same message for its other recipients, None when there are none."""

    envelope: Envelope
    facts: MessageFacts
    authentication: Authentication
    own_recipients: tuple[str, ...]
    others: Judged | None

    @property
    def recipients(self) -> tuple[RecipientOutcome, ...]:
        """Taken here: nothing of it goes on to the next hop for our own address."""
        taken = {
            address: RecipientOutcome(address=address, disposition=Disposition.HOLD, row=ANSWER_ROW)
            for address in self.own_recipients
        }
        known = (
            {outcome.address: outcome for outcome in self.others.recipients}
            if self.others is not None
            else {}
        )
        return tuple({**known, **taken}[address] for address in self.envelope.rcpt_tos)

    @property
    def must_record(self) -> bool:
        return True

    @property
    def is_outbound(self) -> bool:
        return self.others is not None and self.others.is_outbound


class OwnAddressGate:
    """Implements ``ports.Gate`` around the policy's gate. ``read``: bytes to facts, as the inspector reads."""

    def __init__(
        self,
        inner: PolicyGate,
        *,
        answers: AnswerReader,
        read: ReadMessage,
        is_role_address: Callable[[str], bool],
    ) -> None:
        self._inner = inner
        self._answers = answers
        self._read = read
        self._is_role_address = is_role_address

    def judge(
        self, raw: bytes, envelope: Envelope, receipt: Receipt, *, verified: Authentication | None = None
    ) -> Judged | JudgedAnswer:
        """Raises TemporaryFailure as the inner gate does."""
        own = tuple(address for address in envelope.rcpt_tos if self._answers.is_for_us(address))
        if own and self._is_role_address(envelope.mail_from):
            facts = self._read(raw)
            if has_code(facts) and self._is_from_roles_only(facts):
                rest = tuple(address for address in envelope.rcpt_tos if address not in own)
                others = (
                    self._inner.judge(raw, replace(envelope, rcpt_tos=rest), receipt, verified=verified)
                    if rest
                    else None
                )
                return JudgedAnswer(
                    envelope=envelope,
                    facts=facts,
                    authentication=verified if verified is not None else facts.authentication,
                    own_recipients=own,
                    others=others,
                )
        return self._inner.judge(raw, envelope, receipt, verified=verified)

    def _is_from_roles_only(self, facts: MessageFacts) -> bool:
        """MAIL FROM is a claim like any other: whoever else the header names as its sender makes it mail for the gate."""
        senders = facts.named(*SENDER_HEADERS)
        return bool(facts.named("From")) and all(
            self._is_role_address(mailbox.address) for mailbox in senders
        )

    def judge_unread(self, raw: bytes, envelope: Envelope, receipt: Receipt) -> Judged:
        return self._inner.judge_unread(raw, envelope, receipt)

    def record(self, judgement: Judgement) -> Recorded:
        """Spend the code, or record the message. Raises TemporaryFailure; a retry finds the code spent and changes nothing."""
        if not isinstance(judgement, JudgedAnswer):
            return self._inner.record(judgement)
        answer = self._answers.take(
            judgement.facts,
            mail_from=judgement.envelope.mail_from,
            authentication=judgement.authentication.overall,
        )
        if judgement.others is not None:
            if judgement.others.must_record:
                self._inner.record(judgement.others)
            else:
                self._inner.count(judgement.others)
        return Recorded(case_id=answer.case_ids[0] if answer.case_ids else "", newly=bool(answer.case_ids))

    def count(self, judgement: Judgement) -> None:
        if not isinstance(judgement, JudgedAnswer):
            self._inner.count(judgement)
