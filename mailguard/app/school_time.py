"""When the school is open: school days, school hours, and the deadlines counted in them.

Source: DECISIONS.md, "Level": 5 by clock time, 4 by a school hour, 3 by the end of the school day.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import holidays

from mailguard.domain.words import Level

LEVEL_5_MINUTES = 15
_SCHOOL_HOUR = timedelta(hours=1)
# Longer than any holiday; a calendar without a school day in it is a mistake, and a deadline must still come.
_LONGEST_BREAK_DAYS = 100


@dataclass(frozen=True, slots=True)
class DayRange:
    """Both days included."""

    first_day: date
    last_day: date

    def __contains__(self, day: date) -> bool:
        return self.first_day <= day <= self.last_day


@dataclass(frozen=True, slots=True, kw_only=True)
class SchoolHours:
    """Local opening times, Monday to Friday.

    ``terms``: when given, only days inside one of them are school days; ``region``: of the bank holidays
    (ENG, WLS, SCT, NIR).
    """

    opens: time = time(8, 0)
    closes: time = time(17, 0)
    terms: tuple[DayRange, ...] = ()
    breaks: tuple[DayRange, ...] = ()
    region: str = "ENG"
    timezone: str = "Europe/London"

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.timezone)

    def is_school_day(self, day: date) -> bool:
        """Not a weekend, a bank holiday or a break, and within a term where terms are known."""
        if day.weekday() >= 5 or day in _bank_holidays(self.region, day.year):
            return False
        if any(day in each for each in self.breaks):
            return False
        return not self.terms or any(day in term for term in self.terms)

    def next_school_day(self, after: date) -> date | None:
        """The first school day later than ``after``. None when the calendar has none within reach."""
        days = (after + timedelta(days=number) for number in range(1, _LONGEST_BREAK_DAYS))
        return next((day for day in days if self.is_school_day(day)), None)

    @property
    def day_length(self) -> timedelta:
        """How long a school day is."""
        return timedelta(
            hours=self.closes.hour - self.opens.hour, minutes=self.closes.minute - self.opens.minute
        )

    def after_school_time(self, start: datetime, amount: timedelta) -> datetime:
        """The moment at which ``amount`` of school time has passed since ``start``. Aware UTC."""
        left = amount
        for opens, closes in self._days_from(start):
            begins = max(opens, start)
            if begins >= closes:
                continue
            if begins + left <= closes:
                return begins + left
            left -= closes - begins
        return start + amount

    def end_of_school_day(self, start: datetime) -> datetime:
        """When the school closes next, with at least one school hour until then. Aware UTC."""
        for opens, closes in self._days_from(start):
            if closes - max(opens, start) >= _SCHOOL_HOUR:
                return closes
        return start + timedelta(days=1)

    def _days_from(self, start: datetime) -> Iterator[tuple[datetime, datetime]]:
        first = start.astimezone(self.zone).date()
        for number in range(_LONGEST_BREAK_DAYS):
            day = first + timedelta(days=number)
            if self.is_school_day(day):
                opens = datetime.combine(day, self.opens, self.zone).astimezone(UTC)
                yield opens, datetime.combine(day, self.closes, self.zone).astimezone(UTC)


def acknowledge_by(level: Level, sent_at: datetime, hours: SchoolHours) -> datetime | None:
    """When a report that nobody has acknowledged goes on to the next in the chain. None below level 3."""
    match level:
        case Level.EMERGENCY:
            return sent_at + timedelta(minutes=LEVEL_5_MINUTES)
        case Level.URGENT:
            return hours.after_school_time(sent_at, _SCHOOL_HOUR)
        case Level.NOW:
            return hours.end_of_school_day(sent_at)
        case _:
            return None


@lru_cache(maxsize=64)
def _bank_holidays(region: str, year: int) -> frozenset[date]:
    return frozenset(holidays.country_holidays("GB", subdiv=region, years=year))
