"""Closing many cases of platform clutter at once: notifications that name nobody.

Never a child's contact, whatever the page asked for: each case is looked at again inside the transaction that
closes it. Source: issue "review page", screen 2 ("no bulk release of children's contacts").

The newest such act of each person is kept, by case numbers alone, so that it can be taken back as a whole, from any
browser of theirs, for as long as each of its decisions could be taken back by itself.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from mailguard.app.account_records import Account
from mailguard.app.case_deciding import Decided, TakenUp, decide_case, undo_decision, undo_until
from mailguard.app.ports_store import CaseRecord, Store, Transaction
from mailguard.app.review_queue import CLUTTER_ROWS, CaseQueue
from mailguard.app.tokens import new_id
from mailguard.domain.audit import time_from_text, time_text
from mailguard.domain.case import CaseDecision, CaseState, EffectKind, Mode
from mailguard.domain.words import Level, PersonList, ReportWhen

MOST_AT_ONCE = 200


@dataclass(frozen=True, slots=True)
class Closed:
    """``skipped``: cases that were decided meanwhile, or are no clutter."""

    closed: tuple[str, ...]
    skipped: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ClosingAct:
    """What one person closed together. ``decided_at`` by case id. ``until``: all of it can be taken back before."""

    id: str
    decision: CaseDecision
    decided_at: Mapping[str, datetime]
    until: datetime


@dataclass(frozen=True, slots=True)
class TakenBack:
    """``too_late``: cases whose message has gone, or that somebody has decided since."""

    taken_back: tuple[str, ...]
    too_late: tuple[str, ...]


def is_clutter(case: CaseRecord) -> bool:
    """An undecided platform notification of low level that names nobody on the lists."""
    decision = case.decision
    names_somebody = any(
        person.get("list") in {PersonList.PUPILS.value, PersonList.PARENTS.value}
        for person in decision.persons
    )
    return (
        decision.row in CLUTTER_ROWS
        and decision.level <= Level.DIGEST
        and decision.report_when is not ReportWhen.NOW
        and decision.platform is not None
        and case.state is not CaseState.DECIDED
        and case.mode is Mode.ENFORCE
        and not names_somebody
    )


class ClutterClosing:
    """``delay``: before what is released leaves, for an undo."""

    def __init__(self, store: Store, queue: CaseQueue, *, delay: timedelta) -> None:
        self._store = store
        self._queue = queue
        self._delay = delay

    def close(
        self, case_ids: Sequence[str], decision: CaseDecision, account: Account, *, reason: str
    ) -> Closed:
        """Dismiss (whoever it is held for gets it) or confirm (it stays held); one transaction each."""
        if decision is CaseDecision.RELEASE:
            raise ValueError("clutter is dismissed or confirmed")
        closed: dict[str, datetime] = {}
        skipped: list[str] = []
        until: datetime | None = None
        for case_id in list(dict.fromkeys(case_ids))[:MOST_AT_ONCE]:
            done = self._close(case_id, decision, account, reason)
            if done is None:
                skipped.append(case_id)
                continue
            closed[case_id], ends = done
            until = ends if until is None else min(until, ends)
        if until is not None:
            act = ClosingAct(id=new_id("act"), decision=decision, decided_at=closed, until=until)
            with self._store.transaction() as transaction:
                transaction.ledger.put_state(_key(account), _act_json(act))
        return Closed(closed=tuple(closed), skipped=tuple(skipped))

    def newest(self, account: Account) -> ClosingAct | None:
        """What this person closed together last, while it can be taken back."""
        with self._store.reading() as transaction:
            act = _act(transaction.ledger.state(_key(account)))
            return act if act is not None and transaction.now < act.until else None

    def take_back(self, act_id: str, account: Account) -> TakenBack:
        """All of that act, each case for which it is not too late; everything is too late for another act's id."""
        with self._store.reading() as transaction:
            act = _act(transaction.ledger.state(_key(account)))
        if act is None or act.id != act_id:
            return TakenBack(taken_back=(), too_late=())
        taken_back: list[str] = []
        too_late: list[str] = []
        for case_id, decided_at in act.decided_at.items():
            is_undone = self._take_back(case_id, decided_at, account)
            (taken_back if is_undone else too_late).append(case_id)
        with self._store.transaction() as transaction:
            transaction.ledger.put_state(_key(account), "")
        return TakenBack(taken_back=tuple(taken_back), too_late=tuple(too_late))

    def _take_back(self, case_id: str, decided_at: datetime, account: Account) -> bool:
        try:
            with self._store.transaction() as transaction:
                case = transaction.cases.find(case_id)
                is_own = case is not None and (case.decided_by, case.decided_at) == (account.id, decided_at)
                if not is_own or not self._queue.is_open_to(case_id, account, transaction):
                    return False
                return undo_decision(case_id, transaction, by=account.id).is_changed
        except TakenUp:
            return False

    def _close(
        self, case_id: str, decision: CaseDecision, account: Account, reason: str
    ) -> tuple[datetime, datetime] | None:
        """When it was decided, and until when that can be taken back; None when it was left alone."""
        with self._store.transaction() as transaction:
            case = transaction.cases.find(case_id)
            if (
                case is None
                or not is_clutter(case)
                or not self._queue.is_open_to(case_id, account, transaction)
            ):
                return None
            decided = Decided(
                decision=decision,
                by=account.id,
                reason=reason,
                release_to=None if decision is CaseDecision.DISMISS else (),
            )
            if not decide_case(case_id, decided, transaction, delay=self._delay).is_changed:
                return None
            return transaction.now, _ends(case_id, transaction)


def _ends(case_id: str, transaction: Transaction) -> datetime:
    releases = transaction.effects.matching(case_id=case_id, kinds={EffectKind.RELEASE})
    return undo_until(transaction.cases.reviews(case_id), releases) or transaction.now


def _key(account: Account) -> str:
    return f"clutter-closed:{account.id}"


def _act_json(act: ClosingAct) -> str:
    return json.dumps(
        {
            "id": act.id,
            "decision": act.decision.value,
            "decided_at": {case_id: time_text(at) for case_id, at in act.decided_at.items()},
            "until": time_text(act.until),
        }
    )


def _act(stored: str | None) -> ClosingAct | None:
    """None when none was stored, or it was taken back."""
    if not stored:
        return None
    value = json.loads(stored)
    return ClosingAct(
        id=value["id"],
        decision=CaseDecision(value["decision"]),
        decided_at={case_id: time_from_text(at) for case_id, at in value["decided_at"].items()},
        until=time_from_text(value["until"]),
    )
