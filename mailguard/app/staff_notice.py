"""The notice to a member of staff that mail was held for them, and by which clause.

It goes to recipients, never to somebody whom the case accuses, and names neither the sender nor what the mail
says.
Source: DECISIONS.md, rule 3; SAFEGUARDING.md, "Staff privacy".
"""

from __future__ import annotations

from collections.abc import Sequence

from mailguard.app.effects_settings import EffectsSettings
from mailguard.app.own_mail import OwnMail, outgoing
from mailguard.app.performing import Performed, not_needed
from mailguard.app.ports import Clock, Courier, OutgoingMessage
from mailguard.app.ports_store import DecisionRecord, EffectRecord, RecipientRecord, Store
from mailguard.app.report import local_time
from mailguard.domain.signal import SignalCode
from mailguard.domain.words import Nature, Role

# Rows about somebody's own conduct: the mail is theirs, or about them.
_CONDUCT_ROWS = frozenset({"P5", "P6", "O1", "O2", "O3", "O4", "O5", "D4", "D4i"})
_ACCUSED = frozenset({SignalCode.ACCUSED_NAMED.code, SignalCode.ACCUSED_UNNAMED.code})


def may_be_told(recipient: RecipientRecord, decision: DecisionRecord) -> bool:
    """False when the mail may accuse its recipient, or is evidence of what they did."""
    codes = {str(signal.get("code", "")) for signal in decision.signals}
    is_accusation = decision.nature == Nature.ALLEGATION.value or bool(codes & _ACCUSED)
    return recipient.row not in _CONDUCT_ROWS and not is_accusation


class StaffNoticePerformer:
    """Performs STAFF_NOTICE."""

    def __init__(self, *, store: Store, courier: Courier, settings: EffectsSettings, clock: Clock) -> None:
        self._store = store
        self._courier = courier
        self._settings = settings
        self._clock = clock

    def perform(self, effect: EffectRecord) -> Performed:
        """Raises TemporaryFailure, PermanentFailure."""
        ids = [str(each) for each in effect.payload.get("recipients", ())] or [effect.recipient_id]
        told: list[RecipientRecord] = []
        clause_of: dict[str, str] = {}
        with self._store.reading() as transaction:
            for recipient_id in ids:
                recipient = transaction.cases.recipient(recipient_id)
                case = transaction.cases.find(recipient.case_id) if recipient is not None else None
                message = transaction.cases.message(recipient.message_id) if recipient is not None else None
                if recipient is None or case is None or message is None or not recipient.state.is_held:
                    continue
                # The case may have become an allegation since the notice was planned.
                if may_be_told(recipient, message.decision) and may_be_told(recipient, case.decision):
                    told.append(recipient)
                    clause_of[recipient.id] = message.decision.clause
        if not told:
            return not_needed("nothing is held any more, or the recipient may not be told")
        message_out = self._message(effect, told, clause_of)
        reply = self._courier.send(message_out)
        return Performed(detail={"reply": reply[:80], "held": len(told)})

    def _message(
        self, effect: EffectRecord, told: Sequence[RecipientRecord], clause_of: dict[str, str]
    ) -> OutgoingMessage:
        settings = self._settings
        lines = [
            "Mail that was sent to you was held under the school's social networking policy."
            if len(told) > 1
            else "A message that was sent to you was held under the school's social networking policy.",
            "You have done nothing wrong by receiving it, and need not do anything.",
            "",
        ]
        for recipient in told:
            clause = clause_of[recipient.id]
            words = settings.clauses.get(clause.partition(",")[0].strip(), "")
            lines.append(
                f"- held {local_time(recipient.receipt.received_at, settings)}, clause {clause}"
                + (f': "{words}"' if words else "")
            )
        head = settings.contacts.get(Role.HEAD)
        is_about_head = head is not None and effect.address.lower() == head.address.lower()
        asked = Role.CHAIR if is_about_head and Role.CHAIR in settings.contacts else Role.HEAD
        lines += [
            "",
            "Nothing is lost. If you expected this message, or it concerns school work, ask the",
            f"{settings.title(asked)}, who can read and release it.",
            "Please do not get in touch with the sender about it in the meantime.",
            f"If a child may be in danger, ring {settings.emergency.police} and tell the "
            "Designated Child Protection Officer.",
            "",
        ]
        mail = OwnMail(
            to_address=effect.address,
            to_name="",
            subject="[mailguard] Mail to you was held",
            text="\n".join(lines),
            header_message_id=effect.header_message_id,
            list_name="notices",
        )
        return outgoing(mail, settings, now=self._clock.now())
