"""The notice to a member of staff that mail was held for them: by which clause, and what to do.

Once a day at most for each sender. It goes to recipients, never to somebody whom the case accuses, and not at
level 4 and above, where a notice could warn somebody or send a colleague to a child before the Head has read it.
It names neither the sender nor what the mail says.
Source: issue "Staff notice"; DECISIONS.md, rule 3; SAFEGUARDING.md, "Staff privacy".
"""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass

from mailguard.app.effects_settings import DirectoryNow, EffectsSettings
from mailguard.app.own_mail import OwnMail, outgoing
from mailguard.app.performing import Performed, not_needed
from mailguard.app.ports import Clock, Courier
from mailguard.app.ports_store import DecisionRecord, EffectRecord, RecipientRecord, Store
from mailguard.app.readers import readers_now
from mailguard.app.report import local_time
from mailguard.domain.signal import SignalCode
from mailguard.domain.words import Level, Nature, Role

# Rows about somebody's own conduct: the mail is theirs, or about them.
_CONDUCT_ROWS = frozenset({"P5", "P6", "O1", "O2", "O3", "O4", "O5", "D4", "D4i"})
_ACCUSED = frozenset({SignalCode.ACCUSED_NAMED.code, SignalCode.ACCUSED_UNNAMED.code})
_WIDTH = 78
_MOST_LISTED = 12


def may_be_told(recipient: RecipientRecord, *decisions: DecisionRecord) -> bool:
    """``decisions``: the message's and its case's. False when one may accuse the recipient, is evidence of what
    they did, or is of level 4 or 5.
    """
    if recipient.row in _CONDUCT_ROWS:
        return False
    return not any(decision.level >= Level.URGENT or _accuses(decision) for decision in decisions)


def _accuses(decision: DecisionRecord) -> bool:
    codes = {str(signal.get("code", "")) for signal in decision.signals}
    return decision.nature == Nature.ALLEGATION.value or bool(codes & _ACCUSED)


@dataclass(frozen=True, slots=True)
class _Held:
    """One copy that is told of, and the clause of its message; ``decision`` the case's."""

    recipient: RecipientRecord
    clause: str
    decision: DecisionRecord


class StaffNoticePerformer:
    """Performs STAFF_NOTICE."""

    def __init__(
        self,
        *,
        store: Store,
        courier: Courier,
        settings: EffectsSettings,
        directory: DirectoryNow,
        clock: Clock,
    ) -> None:
        self._store = store
        self._courier = courier
        self._settings = settings
        self._directory = directory
        self._clock = clock

    def perform(self, effect: EffectRecord) -> Performed:
        """Raises TemporaryFailure, PermanentFailure."""
        ids = [str(each) for each in effect.payload.get("recipients", ())] or [effect.recipient_id]
        told = self._still_held(ids)
        if not told:
            return not_needed("nothing is held any more, or the recipient may not be told")
        mail = OwnMail(
            to_address=effect.address,
            to_name="",
            subject="[mailguard] Mail to you was held",
            text=self._text(effect.address, told),
            header_message_id=effect.header_message_id,
            list_name="notices",
        )
        reply = self._courier.send(outgoing(mail, self._settings, now=self._clock.now()))
        return Performed(detail={"reply": reply[:80], "held": len(told)})

    def _still_held(self, recipient_ids: Sequence[str]) -> list[_Held]:
        """What is held still; a case may have become an allegation since the notice was planned."""
        told = []
        with self._store.reading() as transaction:
            for recipient_id in recipient_ids:
                recipient = transaction.cases.recipient(recipient_id)
                case = transaction.cases.find(recipient.case_id) if recipient is not None else None
                message = transaction.cases.message(recipient.message_id) if recipient is not None else None
                if recipient is None or case is None or message is None or not recipient.state.is_held:
                    continue
                if may_be_told(recipient, message.decision, case.decision):
                    told.append(_Held(recipient, message.decision.clause, case.decision))
        return told

    def _text(self, address: str, told: Sequence[_Held]) -> str:
        settings = self._settings
        what = "Mail that was sent to you was" if len(told) > 1 else "A message that was sent to you was"
        paragraphs = [
            f"{what} held under the school's social networking policy. You have done nothing wrong by "
            "receiving it."
        ]
        listed = [self._line(each) for each in told[:_MOST_LISTED]]
        if len(told) > _MOST_LISTED:
            listed.append(f"- and {len(told) - _MOST_LISTED} more")
        asked = self._whom_to_ask(address, told)
        paragraphs += [
            "\n".join(listed),
            "What to do: nothing, unless you expected it or it concerns school work. Then ask the "
            f"{asked}, who can read it and release it to you. Nothing is lost.",
            "Please do not get in touch with whoever may have sent it about this in the meantime. You are told "
            "of the same sender once a day at most.",
            f"If a child may be in danger, ring {settings.emergency.police} and tell the {asked} at once.",
            settings.school_name,
        ]
        return "\n\n".join(each if each.startswith("- ") else _filled(each) for each in paragraphs) + "\n"

    def _line(self, held: _Held) -> str:
        at = local_time(held.recipient.receipt.received_at, self._settings)
        clauses = [clause.strip() for clause in held.clause.split(",") if clause.strip()]
        words = " ".join(
            f'{clause}: "{self._settings.clauses[clause]}"' if clause in self._settings.clauses else clause
            for clause in clauses
        )
        return _filled(f"- held {at}, clause {words}", rest="  ")

    def _whom_to_ask(self, address: str, told: Sequence[_Held]) -> str:
        """The first in the school's chain whom none of it is closed to, and who is not asked about their own mail."""
        readers = readers_now(self._store, self._settings, self._directory)
        closed: set[Role] = set()
        for each in told:
            closed |= readers.withheld_roles(each.decision)
        for role in (Role.HEAD, Role.DEPUTY, Role.CHAIR):
            is_own = address.lower() in readers.addresses_of(role)
            if role in self._settings.contacts and role not in closed and not is_own:
                return self._settings.title(role)
        return "Designated Child Protection Officer"


def _filled(text: str, *, rest: str = "") -> str:
    return textwrap.fill(text, _WIDTH, subsequent_indent=rest, break_long_words=False, break_on_hyphens=False)
