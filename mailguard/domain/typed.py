"""What people type where a number or a day belongs: bounded before anything counts with it.

``int`` refuses thousands of digits with an error of its own, a database numbers beyond its own bounds, and a day of the
year 1 or 9999 has no midnight in UTC. Total: whatever else is typed gives None.
"""

from __future__ import annotations

from datetime import date

MOST = 2_147_483_647  # what every database's integer holds
_FIRST_YEAR = 1900
_LAST_YEAR = 2199


def whole_number(text: str, *, most: int = MOST) -> int | None:
    """Of the digits 0 to 9 alone, from 0 to ``most``."""
    is_number = text.isascii() and text.isdigit() and len(text) <= len(str(most))
    number = int(text) if is_number else -1
    return number if 0 <= number <= most else None


def calendar_day(text: str) -> date | None:
    """Written like 2026-09-28, of a year in which a school's papers may lie."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if _FIRST_YEAR <= day.year <= _LAST_YEAR else None
