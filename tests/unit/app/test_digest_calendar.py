"""When a digest comes: school days, weeks, holidays, and the days on which the clock is changed."""

from datetime import UTC, date, datetime, time, timedelta

import pytest

from mailguard.app.digest_calendar import (
    DigestPlan,
    Frequency,
    digest_moment,
    is_digest_day,
    latest_digest_day,
    next_digest_at,
)
from mailguard.app.school_time import DayRange, SchoolHours

HALF_TERM = DayRange(date(2026, 10, 26), date(2026, 10, 30))
CHRISTMAS = DayRange(date(2026, 12, 19), date(2027, 1, 3))
HOURS = SchoolHours(breaks=(HALF_TERM, CHRISTMAS))
PLAN = DigestPlan()
DAILY, WEEKLY = Frequency.DAILY, Frequency.WEEKLY


def days(first: date, count: int, frequency: Frequency, plan: DigestPlan = PLAN) -> list[date]:
    all_days = (first + timedelta(days=number) for number in range(count))
    return [day for day in all_days if is_digest_day(day, frequency, plan, HOURS)]


def test_daily_means_every_school_day_of_the_week() -> None:
    assert days(date(2026, 9, 28), 7, DAILY) == [date(2026, 9, 28) + timedelta(days=n) for n in range(5)]


def test_no_daily_digest_on_a_bank_holiday() -> None:
    # Monday 4 May 2026 is the early May bank holiday.
    assert days(date(2026, 5, 4), 7, DAILY) == [date(2026, 5, 5) + timedelta(days=n) for n in range(4)]


def test_a_week_without_a_school_day_still_has_one_digest() -> None:
    for frequency in Frequency:
        assert days(date(2026, 10, 26), 7, frequency) == [date(2026, 10, 26)]


def test_the_holiday_digest_comes_on_the_weekly_day_even_when_that_is_a_bank_holiday() -> None:
    # 25 December 2026 is a Friday, and the 28th is its week's bank holiday in lieu of Boxing Day.
    assert days(date(2026, 12, 21), 14, DAILY) == [date(2026, 12, 21), date(2026, 12, 28)]


def test_a_school_may_want_no_digest_in_holidays() -> None:
    assert days(date(2026, 10, 26), 7, DAILY, DigestPlan(comes_in_holidays=False)) == []


@pytest.mark.parametrize(
    ("week", "weekly_on", "expected"),
    [
        (date(2026, 9, 28), 0, date(2026, 9, 28)),
        (date(2026, 9, 28), 2, date(2026, 9, 30)),
        (date(2026, 5, 4), 0, date(2026, 5, 5)),  # the Monday is a bank holiday
        (date(2026, 3, 30), 4, date(2026, 4, 2)),  # Good Friday: the last school day before it
    ],
)
def test_a_weekly_digest_comes_once_on_a_school_day(week: date, weekly_on: int, expected: date) -> None:
    assert days(week, 7, WEEKLY, DigestPlan(weekly_on=weekly_on)) == [expected]


def test_every_week_of_three_years_has_one_weekly_digest() -> None:
    monday = date(2026, 1, 5)
    for number in range(156):
        assert len(days(monday + timedelta(weeks=number), 7, WEEKLY)) == 1


def test_the_hour_follows_the_clock_over_the_end_of_summer_time() -> None:
    assert digest_moment(date(2026, 10, 23), PLAN, HOURS) == datetime(2026, 10, 23, 6, 0, tzinfo=UTC)
    assert digest_moment(date(2026, 11, 2), PLAN, HOURS) == datetime(2026, 11, 2, 7, 0, tzinfo=UTC)


def test_an_hour_that_the_clock_repeats_or_skips_gives_one_moment() -> None:
    plan = DigestPlan(at=time(1, 30))
    assert digest_moment(date(2026, 10, 25), plan, HOURS) == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    assert digest_moment(date(2026, 3, 29), plan, HOURS) == datetime(2026, 3, 29, 1, 30, tzinfo=UTC)


def test_before_its_hour_the_latest_digest_is_that_of_the_day_before() -> None:
    tuesday = datetime(2026, 9, 29, 5, 59, tzinfo=UTC)
    assert latest_digest_day(tuesday, DAILY, PLAN, HOURS) == date(2026, 9, 28)
    assert latest_digest_day(tuesday + timedelta(minutes=1), DAILY, PLAN, HOURS) == date(2026, 9, 29)


def test_a_digest_missed_on_friday_is_due_on_saturday_still() -> None:
    saturday = datetime(2026, 10, 3, 12, 0, tzinfo=UTC)
    assert latest_digest_day(saturday, DAILY, PLAN, HOURS) == date(2026, 10, 2)


def test_after_the_last_day_of_term_the_next_digest_is_the_holidays() -> None:
    friday = datetime(2026, 10, 23, 6, 0, tzinfo=UTC)
    assert next_digest_at(friday, DAILY, PLAN, HOURS) == datetime(2026, 10, 26, 7, 0, tzinfo=UTC)
    assert next_digest_at(friday, DAILY, DigestPlan(comes_in_holidays=False), HOURS) == datetime(
        2026, 11, 2, 7, 0, tzinfo=UTC
    )


def test_a_calendar_that_has_run_out_has_no_next_digest_unless_holidays_have_one() -> None:
    over = SchoolHours(terms=(DayRange(date(2020, 1, 1), date(2020, 2, 1)),))
    now = datetime(2026, 9, 29, 6, 0, tzinfo=UTC)
    assert next_digest_at(now, DAILY, DigestPlan(comes_in_holidays=False), over) is None
    assert next_digest_at(now, DAILY, PLAN, over) == datetime(2026, 10, 5, 6, 0, tzinfo=UTC)
