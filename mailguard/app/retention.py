"""What is kept for how long, by class, and its end by itself when the time is over.

Of a case only the messages' bytes go: their keys are dropped, and nobody can read them again; the case, its decisions, its
hashes and the trail stay. Never destroyed: an open case, one with something on its way, one on legal hold. What is new again
counts from its next decision. A period of 0 days means never: the school decides, and two people destroy by hand.
FAILURE: each case is on the record before its first key goes; killed in between, the next look drops the rest and writes
nothing twice. Source: SAFEGUARDING.md, "Retention".
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from mailguard.app.case_destruction import Shredder, is_on_legal_hold
from mailguard.app.failpoints import reach
from mailguard.app.ports import Clock
from mailguard.app.ports_store import AuditEntry, CaseFilter, CaseRecord, MessageRecord, Store, Transaction
from mailguard.app.schedule import Job
from mailguard.domain import concern
from mailguard.domain.case import CaseDecision, CaseState, EffectState
from mailguard.domain.signal import SignalCode
from mailguard.domain.words import Level, Nature

TAG_DESTROYED = "retention:case:messages-destroyed"
ACTOR = "retention"
_STATE = "retention-last-day"
_SECONDS = 3600.0
_PAGE = 500
_LET_GO = frozenset({CaseDecision.DISMISS, CaseDecision.RELEASE})
_ACCUSED = frozenset({SignalCode.ACCUSED_NAMED.code, SignalCode.ACCUSED_UNNAMED.code})


class CaseClass(StrEnum):
    """The first that fits. ``clutter``: dismissed or released, of level 2 or less."""

    CONCERNS = "concerns"
    ALLEGATIONS = "allegations"
    CONFIRMED = "confirmed"
    CLUTTER = "clutter"
    DISMISSED = "dismissed"


CLASS_WORDS: Mapping[CaseClass, str] = {
    CaseClass.CONCERNS: "Concerns that a person wrote down",
    CaseClass.ALLEGATIONS: "Cases that may accuse a member of staff, however they were decided",
    CaseClass.CONFIRMED: "Confirmed cases",
    CaseClass.CLUTTER: "Dismissed or released, level 2 or less: platform mail and the like",
    CaseClass.DISMISSED: "Dismissed or released, level 3 or more",
}


_MAYBE_CONFIRMED = (CaseClass.CONFIRMED, CaseClass.ALLEGATIONS, CaseClass.CONCERNS)


@dataclass(frozen=True, slots=True, kw_only=True)
class DueCase:
    """``kept``: why it stays though its time is over, "" when nothing forbids its end."""

    case: CaseRecord
    case_class: CaseClass
    due_at: datetime
    kept: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Retention:
    """``days`` for every class; 0 for never."""

    store: Store
    blobs: Shredder
    days: Mapping[CaseClass, int]
    clock: Clock

    def job(self) -> Job:
        return Job(name="retention", seconds=_SECONDS, call=self.daily)

    def daily(self) -> None:
        """Once a day, ended or not: what was killed is taken up again. Raises TemporaryFailure."""
        day = self.clock.now().date().isoformat()
        with self.store.reading() as transaction:
            if transaction.ledger.state(_STATE) == day:
                return
        self.run()
        with self.store.transaction() as transaction:
            transaction.ledger.put_state(_STATE, day)

    def run(self) -> int:
        """End everything whose time is over; how many cases. Raises TemporaryFailure."""
        with self.store.reading() as transaction:
            due = self.due(transaction, at=self.clock.now())
        return sum(self._end(each.case.id) for each in due if not each.kept)

    def due(
        self, transaction: Transaction, *, at: datetime, may_know: Callable[[CaseRecord], bool] | None = None
    ) -> tuple[DueCase, ...]:
        """What is over by ``at``, longest decided first. ``may_know``: of which cases whoever looks may know."""
        periods = [days for days in self.days.values() if days]
        if not periods:
            return ()
        found: list[DueCase] = []
        ends_confirmed = any(self.days[each] for each in _MAYBE_CONFIRMED)
        before, after_id = at - timedelta(days=min(periods)), ""
        while True:
            wanted = CaseFilter(
                states={CaseState.DECIDED},
                decided_before=before,
                # Confirmed cases may be many, and mostly stay.
                decided_as=None if ends_confirmed else _LET_GO,
                has_bytes=True,
                is_oldest_first=True,
                after_id=after_id,
                limit=_PAGE,
            )
            page = transaction.cases.matching(wanted)
            for case in page:
                due_at = self._due_at(case)
                if due_at is None or due_at > at or not (may_know is None or may_know(case)):
                    continue
                kept = _why_kept(case, transaction)
                found.append(DueCase(case=case, case_class=class_of(case), due_at=due_at, kept=kept))
            if len(page) < _PAGE:
                return tuple(sorted(found, key=lambda each: (each.due_at, each.case.id)))
            after_id = page[-1].id

    def last_day(self, transaction: Transaction) -> str:
        """The day (UTC) of the last look that came to its end, "" before the first."""
        return transaction.ledger.state(_STATE) or ""

    def _due_at(self, case: CaseRecord) -> datetime | None:
        days = self.days[class_of(case)]
        if not days or case.decided_at is None:
            return None
        return case.decided_at + timedelta(days=days)

    def _end(self, case_id: str) -> bool:
        """False when it may not end after all: somebody took it up since."""
        with self.store.transaction() as transaction:
            case = transaction.cases.find(case_id)
            due_at = self._due_at(case) if case is not None else None
            if case is None or due_at is None or due_at > transaction.now or _why_kept(case, transaction):
                return False
            messages = transaction.cases.messages(case_id)
            _record_once(case, messages, self.days[class_of(case)], transaction)
        reach("retention-recorded")
        for message in messages:
            self.blobs.shred(message.blob_id)
            reach("retention-shredded")
        return True


def class_of(case: CaseRecord) -> CaseClass:
    decision = case.decision
    codes = {str(signal.get("code", "")) for signal in decision.signals}
    if decision.row == concern.ROW:
        return CaseClass.CONCERNS
    if decision.nature == Nature.ALLEGATION.value or codes & _ACCUSED:
        return CaseClass.ALLEGATIONS
    if case.decided_as is CaseDecision.CONFIRM or case.decided_as is None:
        return CaseClass.CONFIRMED
    return CaseClass.CLUTTER if decision.level <= Level.DIGEST else CaseClass.DISMISSED


def _why_kept(case: CaseRecord, transaction: Transaction) -> str:
    if case.state is not CaseState.DECIDED:
        return "it is not decided"
    if is_on_legal_hold(case.id, transaction):
        return "it is on legal hold"
    if transaction.effects.matching(case_id=case.id, states={EffectState.PENDING}):
        return "something of it is on its way"
    return ""


def _record_once(
    case: CaseRecord, messages: tuple[MessageRecord, ...], days: int, transaction: Transaction
) -> None:
    named = [{"id": each.id, "sha256": each.sha256} for each in messages]
    for event in transaction.audit.events(case_id=case.id):
        if event.tag == TAG_DESTROYED and list(event.detail["messages"]) == named:
            return
    detail = {"class": class_of(case).value, "days": days, "messages": named}
    transaction.audit.append(AuditEntry(tag=TAG_DESTROYED, actor=ACTOR, case_id=case.id, detail=detail))
