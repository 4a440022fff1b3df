"""An answer to a report acknowledges its case: a single-use code, from the address of the role it was sent
to.

SECURITY: the answer comes by mail, and From is a claim. The code has 128 bits, is stored hashed, works once,
for its case and its role only, and only from that role's own (or acting) address; authentication that fails
is refused, and so is a machine's answer, which may quote a report that nobody has read. Nobody is told why an
answer was refused; the trail is.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from enum import StrEnum

from mailguard.app.casebook import acknowledge_case
from mailguard.app.effects_settings import DirectoryNow, EffectsSettings
from mailguard.app.ports_store import AuditEntry, CodeGrant, Store, Transaction
from mailguard.app.readers import readers_within
from mailguard.domain.message import AuthenticationResult, AutomaticMark, MessageFacts
from mailguard.domain.words import Role
from mailguard.reading.automatic import has_auto_reply_marks

ACKNOWLEDGE = "acknowledge"
TAG_REFUSED = "effects:answer:refused"
_CODE = re.compile(r"(?<![a-z0-9])(?:[a-z2-7]{4}-){6}[a-z2-7]{2}(?![a-z0-9])", re.IGNORECASE)
# In words of the reader's own: then a code in the quoted report counts.
_SAYS_SO = re.compile(r"\back(?:nowledge(?:d|s)?)?\b|\bread and understood\b|\breceived\b", re.IGNORECASE)
_MOST_CODES = 5


class AnswerResult(StrEnum):
    ACKNOWLEDGED = "acknowledged"
    ALREADY = "already"  # genuine, but somebody was first
    REFUSED = "refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """``reason``: why it was refused, for the log and the trail; it is never sent to anybody."""

    result: AnswerResult
    case_ids: tuple[str, ...] = ()
    reason: str = ""


class _Refused(Exception):
    """Rolls the transaction back, so that the code is not spent."""


def covers_key(code: str) -> str:
    """The named state that lists the cases a gathered report's code is for."""
    plain = code.replace("-", "").strip().lower()
    return f"covers:{hashlib.sha256(plain.encode()).hexdigest()[:40]}"


class AnswerReader:
    """Takes mail to ``settings.from_address``."""

    def __init__(self, *, store: Store, settings: EffectsSettings, directory: DirectoryNow) -> None:
        self._store = store
        self._settings = settings
        self._directory = directory

    def is_for_us(self, address: str) -> bool:
        return address.lower() == self._settings.from_address.lower()

    def take(self, facts: MessageFacts, *, mail_from: str, authentication: AuthenticationResult) -> Answer:
        """Acknowledge what the answer's code is for.

        Raises TemporaryFailure when the store does not answer.
        """
        codes = _codes_of(facts)
        reason = self._objection(facts, mail_from, authentication) or ("" if codes else "no code")
        if reason:
            return self._refused(reason)
        (sender,) = facts.named("From")
        for code in codes:
            try:
                with self._store.transaction() as transaction:
                    return self._spend(code, sender.address, transaction)
            except _Refused as refusal:
                reason = str(refusal)
        return self._refused(reason)

    def _objection(self, facts: MessageFacts, mail_from: str, authentication: AuthenticationResult) -> str:
        if len(facts.named("From")) != 1:
            return "not from one address"
        if not mail_from or facts.automatic is not AutomaticMark.NONE or has_auto_reply_marks(facts):
            return "a machine's answer"
        if authentication is AuthenticationResult.FAIL:
            return "authentication failed"
        return ""

    def _spend(self, code: str, sender_address: str, transaction: Transaction) -> Answer:
        grant = transaction.ledger.use_code(code, action=ACKNOWLEDGE)
        if grant is None:
            raise _Refused("unknown, spent or expired code")
        readers = readers_within(transaction, self._settings, self._directory())
        role = Role(grant.role)
        if sender_address.lower() not in readers.addresses_of(role):
            raise _Refused("not from the address the code was sent to")
        by = next(iter(sorted(readers.person_ids(sender_address))), role.value)
        covered = _covered(code, grant, transaction)
        changed = []
        for case_id in covered:
            case = transaction.cases.find(case_id)
            # A case may have come to concern this reader after the report was sent.
            if case is None or role in readers.withheld_roles(case.decision):
                continue
            if acknowledge_case(transaction, case_id, by=by, role=role.value, through="reply").is_changed:
                changed.append(case_id)
        result = AnswerResult.ACKNOWLEDGED if changed else AnswerResult.ALREADY
        return Answer(result=result, case_ids=tuple(changed) or covered)

    def _refused(self, reason: str) -> Answer:
        with self._store.transaction() as transaction:
            entry = AuditEntry(tag=TAG_REFUSED, actor="answer", detail={"reason": reason})
            transaction.audit.append(entry)
        return Answer(result=AnswerResult.REFUSED, reason=reason)


def has_code(facts: MessageFacts) -> bool:
    """Whether an acknowledgement code stands in it, own or quoted."""
    return bool(_codes_of(facts))


def _covered(code: str, grant: CodeGrant, transaction: Transaction) -> tuple[str, ...]:
    listed = transaction.ledger.state(covers_key(code))
    return tuple(listed.split()) if listed else (grant.case_id,)


def _codes_of(facts: MessageFacts) -> tuple[str, ...]:
    """Codes that the reader wrote, or (when their own words say that they acknowledge) that the quoted report
    carries.
    """
    own = f"{facts.own_text}\n{facts.signature_text}"
    found = _CODE.findall(own)
    if _SAYS_SO.search(facts.own_text):
        found += _CODE.findall(facts.quoted_text)
    return tuple(dict.fromkeys(code.lower() for code in found))[:_MOST_CODES]
