"""How quickly reports were acknowledged, level by level: the same count for the Health page and for the governors."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median

from mailguard.app.school_time import SchoolHours, acknowledge_by
from mailguard.domain.words import Level


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportTimes:
    """Of one case that was reported at once. ``acknowledged_at`` None: not yet."""

    level: Level
    opened_at: datetime
    acknowledged_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LevelAcknowledged:
    """Reports of one level. ``in_time``: before the next in the chain was due; ``waiting``: not yet acknowledged,
    of which ``overdue`` should have been by now. ``middle`` and ``longest`` of the waits that have ended.
    """

    level: Level
    reports: int
    in_time: int
    late: int
    waiting: int
    overdue: int
    middle: timedelta | None
    longest: timedelta | None


def acknowledged_by_level(
    reports: Iterable[ReportTimes], hours: SchoolHours, *, now: datetime
) -> tuple[LevelAcknowledged, ...]:
    """Gravest first, levels with a report only."""
    by_level: dict[Level, list[ReportTimes]] = {}
    for each in reports:
        by_level.setdefault(each.level, []).append(each)
    return tuple(_of_level(level, by_level[level], hours, now) for level in sorted(by_level, reverse=True))


def _of_level(
    level: Level, reports: Sequence[ReportTimes], hours: SchoolHours, now: datetime
) -> LevelAcknowledged:
    waits = [each.acknowledged_at - each.opened_at for each in reports if each.acknowledged_at is not None]
    in_time = sum(_is_in_time(each, hours) for each in reports)
    return LevelAcknowledged(
        level=level,
        reports=len(reports),
        in_time=in_time,
        late=len(waits) - in_time,
        waiting=len(reports) - len(waits),
        overdue=sum(_is_overdue(each, hours, now) for each in reports),
        middle=_middle(waits),
        longest=max(waits, default=None),
    )


def _is_in_time(each: ReportTimes, hours: SchoolHours) -> bool:
    deadline = acknowledge_by(each.level, each.opened_at, hours)
    return each.acknowledged_at is not None and (deadline is None or each.acknowledged_at <= deadline)


def _is_overdue(each: ReportTimes, hours: SchoolHours, now: datetime) -> bool:
    deadline = acknowledge_by(each.level, each.opened_at, hours)
    return each.acknowledged_at is None and deadline is not None and deadline < now


def _middle(waits: Sequence[timedelta]) -> timedelta | None:
    """The median; None where nothing was waited for."""
    return timedelta(seconds=median(wait.total_seconds() for wait in waits)) if waits else None
