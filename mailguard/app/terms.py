"""School terms by name, from the settings or, where none are set, from the calendar."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from mailguard.app.school_time import DayRange

_NAME = re.compile(r"(\d{4})-(autumn|spring|summer)")


class Season(StrEnum):
    SPRING = "spring"
    SUMMER = "summer"
    AUTUMN = "autumn"


_CALENDAR = {
    Season.SPRING: ((1, 1), (3, 31)),
    Season.SUMMER: ((4, 1), (8, 31)),
    Season.AUTUMN: ((9, 1), (12, 31)),
}


@dataclass(frozen=True, slots=True)
class Term:
    """Both days included. ``name``: "2026-autumn"."""

    year: int
    season: Season
    days: DayRange

    @property
    def name(self) -> str:
        return f"{self.year}-{self.season.value}"

    @property
    def title(self) -> str:
        return f"{self.season.value.capitalize()} term {self.year}"


def term_named(name: str, configured: Sequence[DayRange]) -> Term:
    """Raises ValueError for a name of another form."""
    found = _NAME.fullmatch(name.strip().lower())
    if found is None:
        raise ValueError(f"{name!r} is no term; want a year and a season, such as 2026-autumn")
    return _term(int(found.group(1)), Season(found.group(2)), configured)


def term_of(day: date, configured: Sequence[DayRange]) -> Term:
    """The term in which ``day`` lies, or, in holidays, the one that ended last."""
    terms = terms_around(day, configured)
    return max((term for term in terms if term.days.first_day <= day), key=lambda term: term.days.first_day)


def term_before(term: Term, configured: Sequence[DayRange]) -> Term:
    seasons = list(Season)
    place = seasons.index(term.season)
    year = term.year if place else term.year - 1
    return _term(year, seasons[place - 1], configured)


def last_ended(day: date, configured: Sequence[DayRange]) -> Term:
    """The term that ended last before ``day``."""
    ended = (term for term in terms_around(day, configured) if term.days.last_day < day)
    return max(ended, key=lambda term: term.days.last_day)


def terms_around(day: date, configured: Sequence[DayRange]) -> list[Term]:
    """Those of the year before, this year and the next."""
    return [
        _term(year, season, configured) for year in range(day.year - 1, day.year + 2) for season in Season
    ]


def _term(year: int, season: Season, configured: Sequence[DayRange]) -> Term:
    """Half terms of one season are one term."""
    mine = [days for days in configured if (days.first_day.year, _season(days.first_day)) == (year, season)]
    if mine:
        days = DayRange(min(each.first_day for each in mine), max(each.last_day for each in mine))
    else:
        first, last = _CALENDAR[season]
        days = DayRange(date(year, *first), date(year, *last))
    return Term(year=year, season=season, days=days)


def _season(day: date) -> Season:
    """By the month in which a (half) term begins: the summer term begins after Easter, the autumn's in August."""
    if day.month >= 8:
        return Season.AUTUMN
    return Season.SUMMER if day.month > 4 or (day.month == 4 and day.day >= 5) else Season.SPRING
