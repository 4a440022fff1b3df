from datetime import date

import pytest

from mailguard.app.school_time import DayRange
from mailguard.app.terms import last_ended, term_before, term_named, term_of

HALF_TERMS = (
    DayRange(date(2026, 9, 2), date(2026, 10, 23)),
    DayRange(date(2026, 11, 2), date(2026, 12, 18)),
    DayRange(date(2027, 1, 4), date(2027, 3, 25)),
    DayRange(date(2027, 4, 12), date(2027, 5, 28)),
    DayRange(date(2027, 6, 7), date(2027, 7, 21)),
)


def test_half_terms_of_one_season_are_one_term():
    assert term_named("2026-autumn", HALF_TERMS).days == DayRange(date(2026, 9, 2), date(2026, 12, 18))
    assert term_named("2027-summer", HALF_TERMS).days == DayRange(date(2027, 4, 12), date(2027, 7, 21))


def test_without_settings_the_calendar_gives_the_terms():
    assert term_named("2027-Spring", ()).days == DayRange(date(2027, 1, 1), date(2027, 3, 31))


def test_a_day_in_the_holidays_belongs_to_the_term_before():
    assert term_of(date(2026, 12, 27), HALF_TERMS).name == "2026-autumn"
    assert term_of(date(2026, 10, 27), HALF_TERMS).name == "2026-autumn"
    assert term_of(date(2027, 4, 12), HALF_TERMS).name == "2027-summer"


def test_the_term_before_the_spring_is_last_years_autumn():
    assert term_before(term_named("2027-spring", HALF_TERMS), HALF_TERMS).name == "2026-autumn"


def test_a_term_has_ended_from_the_day_after_its_last():
    assert last_ended(date(2026, 12, 18), HALF_TERMS).name == "2026-summer"
    assert last_ended(date(2026, 12, 19), HALF_TERMS).name == "2026-autumn"


@pytest.mark.parametrize("name", ["autumn", "2026", "2026-winter", "26-autumn", ""])
def test_a_name_of_another_form_is_refused(name: str):
    with pytest.raises(ValueError, match="no term"):
        term_named(name, ())
