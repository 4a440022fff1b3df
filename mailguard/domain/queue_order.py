"""Where a case stands in the review queue: one text that sorts as people should meet the cases.

Pure. Reports that nobody has acknowledged come first, the gravest on top; then acknowledged reports that wait
for a decision; then everything else that waits, oldest first; then what shadow mode would have held; then
decided cases, newest first. Source: UX.md, "review page"; issue "review page", screen 1.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from enum import StrEnum

from mailguard.domain.case import CaseState, Mode
from mailguard.domain.words import Level, ReportWhen

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_LARGEST = 10**17 - 1


class QueueGroup(StrEnum):
    """First letter of a place. What is not DECIDED waits for somebody."""

    UNACKNOWLEDGED = "0"
    ACKNOWLEDGED = "1"
    WAITING = "2"
    SHADOW = "3"
    DECIDED = "9"


def queue_group(*, state: CaseState, mode: Mode, report_when: ReportWhen) -> QueueGroup:
    if state is CaseState.DECIDED:
        return QueueGroup.DECIDED
    if mode is Mode.SHADOW:
        return QueueGroup.SHADOW
    if report_when is not ReportWhen.NOW:
        return QueueGroup.WAITING
    return QueueGroup.UNACKNOWLEDGED if state is CaseState.NEW else QueueGroup.ACKNOWLEDGED


def queue_place(
    *,
    state: CaseState,
    mode: Mode,
    report_when: ReportWhen,
    level: Level,
    opened_at: datetime,
    decided_at: datetime | None,
) -> str:
    """19 digits: group, gravity of a report (0 the gravest), and the time, for decided cases turned round."""
    group = queue_group(state=state, mode=mode, report_when=report_when)
    is_report = group in {QueueGroup.UNACKNOWLEDGED, QueueGroup.ACKNOWLEDGED}
    gravity = 9 - int(level) if is_report else 0
    if group is QueueGroup.DECIDED:
        time = _LARGEST - _microseconds(decided_at or opened_at)
    else:
        time = _microseconds(opened_at)
    return f"{group.value}{gravity}{time:017d}"


def _microseconds(at: datetime) -> int:
    return min(max((at - _EPOCH) // _MICROSECOND, 0), _LARGEST)
