"""On which days a digest comes, and at what moment.

Daily means each school day; weekly one school day of each week. A week without a school day still has one, so
that nothing waits in silence through a holiday. Pure.
Source: issue "Digest"; DESIGN promise 9.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from types import MappingProxyType

from mailguard.app.school_time import SchoolHours

ADMIN = "admin"
"""The reader of the health-only digest: no role of the chain, and sees no case."""

# Longer than any holiday, and than any time without a daemon that anybody would want a digest about.
_LOOK_DAYS = 120
_WEEK = 7


class Frequency(StrEnum):
    """``WHEN_NEEDED``: on the days of a daily digest, but only when something waits that is closed to the Head."""

    DAILY = "daily"
    WEEKLY = "weekly"
    WHEN_NEEDED = "when-needed"


_DEFAULT: Mapping[str, Frequency] = MappingProxyType(
    {
        "head": Frequency.DAILY,
        "deputy": Frequency.WHEN_NEEDED,
        "chair": Frequency.WHEN_NEEDED,
        ADMIN: Frequency.DAILY,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class DigestPlan:
    """``at``: local time. ``weekly_on``: 0 for Monday. ``frequencies``: by role, and for ``ADMIN``.

    ``admin_address`` "" when nobody gets the health-only digest.
    """

    at: time = time(7, 0)
    frequencies: Mapping[str, Frequency] = field(default_factory=lambda: _DEFAULT)
    weekly_on: int = 0
    comes_in_holidays: bool = True
    admin_address: str = ""

    def frequency(self, reader: str) -> Frequency:
        return self.frequencies.get(reader, Frequency.DAILY)


def digest_key(day: date, reader: str) -> str:
    """Of the effect: one a day and reader (a role's word, or ``ADMIN``)."""
    return f"digest:{day.isoformat()}:{reader}"


def is_digest_day(day: date, frequency: Frequency, plan: DigestPlan, hours: SchoolHours) -> bool:
    """Whether a digest of that frequency comes on ``day``."""
    monday = day - timedelta(days=day.weekday())
    school_days = [
        each for number in range(_WEEK) if hours.is_school_day(each := monday + timedelta(days=number))
    ]
    wanted = monday + timedelta(days=plan.weekly_on)
    if not school_days:
        return plan.comes_in_holidays and day == wanted
    if frequency is not Frequency.WEEKLY:
        return day in school_days
    # The wanted day, or the next school day of that week, or the last when the week ends before it.
    return day == next((each for each in school_days if each >= wanted), school_days[-1])


def digest_moment(day: date, plan: DigestPlan, hours: SchoolHours) -> datetime:
    """Aware UTC. An hour that the clock skips or repeats gives one moment."""
    return datetime.combine(day, plan.at, hours.zone).astimezone(UTC)


def latest_digest_day(
    now: datetime, frequency: Frequency, plan: DigestPlan, hours: SchoolHours
) -> date | None:
    """The newest day whose digest has fallen due by ``now``, however long ago. None: there was none."""
    today = now.astimezone(hours.zone).date()
    for number in range(_LOOK_DAYS):
        day = today - timedelta(days=number)
        if digest_moment(day, plan, hours) <= now and is_digest_day(day, frequency, plan, hours):
            return day
    return None


def next_digest_at(
    after: datetime, frequency: Frequency, plan: DigestPlan, hours: SchoolHours
) -> datetime | None:
    """The first moment later than ``after`` at which a digest of that frequency comes. Aware UTC."""
    today = after.astimezone(hours.zone).date()
    for number in range(_LOOK_DAYS):
        day = today + timedelta(days=number)
        if (moment := digest_moment(day, plan, hours)) > after and is_digest_day(day, frequency, plan, hours):
            return moment
    return None
