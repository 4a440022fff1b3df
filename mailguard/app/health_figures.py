"""How much there is to do, how quickly it is done, and how often it was nothing: numbers for the Health page.

Counts alone, no case; and cases that are closed to whoever looks are in none of them.
Source: issue screen 7; SAFEGUARDING.md, "Cost of a miss and of a false hold".
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from mailguard.app.acknowledged import LevelAcknowledged, ReportTimes, acknowledged_by_level
from mailguard.app.ports_queue import CaseTimes, QueueFilter, ReaderKeys
from mailguard.app.ports_store import Transaction
from mailguard.app.school_time import SchoolHours
from mailguard.domain.case import CaseDecision, Mode
from mailguard.domain.words import ReportWhen

VOLUME_DAYS = 28
WEEKS = 12
_WEEK = timedelta(days=7)


@dataclass(frozen=True, slots=True, kw_only=True)
class DayVolume:
    """``routine``: messages that were counted only; ``reported`` and ``listed``: cases, at once and in the digest."""

    day: date
    is_school_day: bool
    routine: int
    reported: int
    listed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WeekDecided:
    """What people decided in the week from ``monday``."""

    monday: date
    confirmed: int
    released: int
    dismissed: int

    @property
    def count(self) -> int:
        return self.confirmed + self.released + self.dismissed

    @property
    def mistaken(self) -> int:
        """Held or reported, and not kept: released or dismissed."""
        return self.released + self.dismissed


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthFigures:
    """Days and weeks in order, the newest last; ``acknowledged`` gravest first, levels with a report only."""

    days: tuple[DayVolume, ...]
    acknowledged: tuple[LevelAcknowledged, ...]
    weeks: tuple[WeekDecided, ...]

    @property
    def decided(self) -> int:
        return sum(week.count for week in self.weeks)

    @property
    def mistaken(self) -> int:
        return sum(week.mistaken for week in self.weeks)


def health_figures(
    transaction: Transaction,
    *,
    closed_to: ReaderKeys,
    routine_rows: Collection[str],
    hours: SchoolHours,
) -> HealthFigures:
    """``routine_rows``: of the policy, those that open no case: their counters tell of no person."""
    today = transaction.now.astimezone(hours.zone).date()
    first_monday = today - timedelta(days=today.weekday()) - (WEEKS - 1) * _WEEK
    first_day = today - timedelta(days=VOLUME_DAYS - 1)
    start = datetime.combine(min(first_monday, first_day), time(0), hours.zone)
    times = [
        each
        for each in transaction.queue.times(QueueFilter(closed_to=closed_to, opened_from=start))
        if each.mode is not Mode.SHADOW
    ]
    routine: dict[date, int] = {}
    for counter in transaction.ledger.counts(first_day=first_day, last_day=today):
        if counter.row in routine_rows:
            routine[counter.day] = routine.get(counter.day, 0) + counter.count
    days = tuple(first_day + timedelta(days=number) for number in range(VOLUME_DAYS))
    return HealthFigures(
        days=tuple(_volume(day, times, routine, hours) for day in days),
        acknowledged=_acknowledged(times, hours, transaction.now),
        weeks=tuple(_decided(first_monday + number * _WEEK, times, hours) for number in range(WEEKS)),
    )


def _volume(day: date, times: Sequence[CaseTimes], routine: dict[date, int], hours: SchoolHours) -> DayVolume:
    opened = [each.report_when for each in times if each.opened_at.astimezone(hours.zone).date() == day]
    return DayVolume(
        day=day,
        is_school_day=hours.is_school_day(day),
        routine=routine.get(day, 0),
        reported=opened.count(ReportWhen.NOW),
        listed=len(opened) - opened.count(ReportWhen.NOW),
    )


def _acknowledged(
    times: Iterable[CaseTimes], hours: SchoolHours, now: datetime
) -> tuple[LevelAcknowledged, ...]:
    reports = (
        ReportTimes(level=each.level, opened_at=each.opened_at, acknowledged_at=each.acknowledged_at)
        for each in times
        if each.report_when is ReportWhen.NOW
    )
    return acknowledged_by_level(reports, hours, now=now)


def _decided(monday: date, times: Iterable[CaseTimes], hours: SchoolHours) -> WeekDecided:
    words = [
        each.decided_as
        for each in times
        if each.decided_at is not None
        and monday <= each.decided_at.astimezone(hours.zone).date() < monday + _WEEK
    ]
    return WeekDecided(
        monday=monday,
        confirmed=words.count(CaseDecision.CONFIRM),
        released=words.count(CaseDecision.RELEASE),
        dismissed=words.count(CaseDecision.DISMISS),
    )
