"""Where people decided otherwise than mailguard, and whether that becomes more: what it says of model and lists.

Only cases that exist for the reader are counted. A dismissal or a release says that nothing was amiss; a
confirmation that something was. Nothing learns from this by itself.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from mailguard.app.ports_store import CaseFilter, CaseRecord, Transaction
from mailguard.domain import concern
from mailguard.domain.case import CaseDecision, CaseState
from mailguard.domain.words import Level

RECENT_DAYS = 30
BEFORE_DAYS = 90
_MOST_READ = 3_000
_MOST_LISTED = 50
# Fewer decisions than this say nothing about a tendency.
_FEWEST = 20
_CLEAR_CHANGE = 0.1


@dataclass(frozen=True, slots=True)
class RowAgreement:
    """Of one row of the table, in the recent days."""

    row: str
    decided: int
    overruled: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Disagreements:
    """``listed``: the newest cases of level 2 and above that were dismissed or released. ``drift``: in words."""

    recent: int
    recent_overruled: int
    before: int
    before_overruled: int
    rows: tuple[RowAgreement, ...]
    listed: tuple[CaseRecord, ...]
    drift: str


def disagreements(
    transaction: Transaction, is_open: Callable[[str], bool], *, now: datetime
) -> Disagreements:
    """Over the last 120 days, at most 3,000 decided cases."""
    begin, turn = now - timedelta(days=RECENT_DAYS + BEFORE_DAYS), now - timedelta(days=RECENT_DAYS)
    wanted = CaseFilter(states={CaseState.DECIDED}, decided_from=begin, limit=_MOST_READ)
    cases = [
        case
        for case in transaction.cases.matching(wanted)
        # A person's own word in row M is no judgement of mailguard's.
        if case.decided_at is not None and case.decision.row != concern.ROW and is_open(case.id)
    ]
    recent = [case for case in cases if case.decided_at is not None and case.decided_at >= turn]
    before = [case for case in cases if case.decided_at is not None and case.decided_at < turn]
    overruled = [case for case in recent if _is_overruled(case)]
    counts: dict[str, list[bool]] = {}
    for case in recent:
        counts.setdefault(case.decision.row, []).append(_is_overruled(case))
    rows = [RowAgreement(row, len(each), sum(each)) for row, each in counts.items()]
    newest = sorted(overruled, key=lambda case: case.decided_at or now, reverse=True)
    before_overruled = sum(map(_is_overruled, before))
    return Disagreements(
        recent=len(recent),
        recent_overruled=len(overruled),
        before=len(before),
        before_overruled=before_overruled,
        rows=tuple(sorted(rows, key=lambda each: (-each.overruled, each.row))),
        listed=tuple(case for case in newest if case.decision.level >= Level.DIGEST)[:_MOST_LISTED],
        drift=drift_words(len(recent), len(overruled), len(before), before_overruled),
    )


def drift_words(recent: int, recent_overruled: int, before: int, before_overruled: int) -> str:
    """Whether false alarms become more, as far as so many decisions can tell."""
    if recent < _FEWEST or before < _FEWEST:
        return "Too few decisions yet to say whether it is getting better or worse."
    change = recent_overruled / recent - before_overruled / before
    if change > _CLEAR_CHANGE:
        return (
            "More is let go than before. Often a list is out of date, or a service the school works with is not "
            "among the approved platforms; if not, the model should be trained anew."
        )
    if change < -_CLEAR_CHANGE:
        return "Less is let go than before: it fits the school better."
    return "About as much is let go as before."


def _is_overruled(case: CaseRecord) -> bool:
    return case.decided_as in {CaseDecision.DISMISS, CaseDecision.RELEASE}
