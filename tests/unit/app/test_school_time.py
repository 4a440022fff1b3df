"""Deadlines in school time."""

from datetime import UTC, date, datetime, timedelta

import pytest

from mailguard.app.school_time import DayRange, SchoolHours, acknowledge_by
from mailguard.domain.words import Level

HOURS = SchoolHours()


def utc(year: int, month: int, day: int, hour: int = 0, minute: int = 0) -> datetime:
    return datetime(year, month, day, hour, minute, tzinfo=UTC)


def test_level_5_counts_fifteen_minutes_of_clock_time_on_a_sunday_night() -> None:
    sent = utc(2026, 9, 27, 22, 0)
    assert acknowledge_by(Level.EMERGENCY, sent, HOURS) == sent + timedelta(minutes=15)


def test_level_4_counts_one_school_hour_across_a_weekend() -> None:
    friday_1630 = utc(2026, 9, 25, 15, 30)
    assert acknowledge_by(Level.URGENT, friday_1630, HOURS) == utc(2026, 9, 28, 7, 30)


def test_level_3_ends_with_the_school_day() -> None:
    assert acknowledge_by(Level.NOW, utc(2026, 9, 28, 9, 0), HOURS) == utc(2026, 9, 28, 16, 0)


def test_level_3_late_in_the_evening_ends_with_the_next_school_day() -> None:
    assert acknowledge_by(Level.NOW, utc(2026, 9, 28, 22, 40), HOURS) == utc(2026, 9, 29, 16, 0)


def test_level_3_a_minute_before_closing_leaves_more_than_a_minute() -> None:
    assert acknowledge_by(Level.NOW, utc(2026, 9, 28, 15, 59), HOURS) == utc(2026, 9, 29, 16, 0)


def test_bank_holidays_and_breaks_are_no_school_days() -> None:
    hours = SchoolHours(breaks=(DayRange(date(2026, 10, 26), date(2026, 10, 30)),))
    assert not hours.is_school_day(date(2026, 12, 25))
    assert not hours.is_school_day(date(2026, 10, 28))
    assert hours.is_school_day(date(2026, 11, 2))


def test_a_bank_holiday_of_scotland_is_a_school_day_in_england() -> None:
    scots = SchoolHours(region="SCT")
    assert not scots.is_school_day(date(2026, 11, 30))
    assert HOURS.is_school_day(date(2026, 11, 30))


def test_with_term_dates_only_days_in_a_term_count() -> None:
    hours = SchoolHours(terms=(DayRange(date(2026, 9, 1), date(2026, 12, 18)),))
    assert not hours.is_school_day(date(2026, 8, 31))
    assert hours.is_school_day(date(2026, 9, 1))


@pytest.mark.parametrize("level", [Level.LEDGER, Level.COUNT, Level.DIGEST])
def test_below_level_3_nothing_has_to_be_acknowledged(level: Level) -> None:
    assert acknowledge_by(level, utc(2026, 9, 28), HOURS) is None


def test_a_calendar_without_school_days_still_gives_a_deadline() -> None:
    never = SchoolHours(terms=(DayRange(date(2020, 1, 1), date(2020, 1, 2)),))
    assert acknowledge_by(Level.URGENT, utc(2026, 9, 28), never) == utc(2026, 9, 28, 1, 0)
    assert acknowledge_by(Level.NOW, utc(2026, 9, 28), never) == utc(2026, 9, 29)


def test_school_time_stays_right_over_the_end_of_summer_time() -> None:
    saturday = utc(2026, 10, 24, 12, 0)
    assert HOURS.after_school_time(saturday, timedelta(hours=1)) == utc(2026, 10, 26, 9, 0)
