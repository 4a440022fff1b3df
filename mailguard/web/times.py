"""Times as people read them: "3 h ago", with the full local time in the element's title."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from markupsafe import Markup

_MINUTE, _HOUR, _DAY = 60, 3_600, 86_400


def full_time(at: datetime, zone: ZoneInfo) -> str:
    """Mon 28 Sep 2026, 23:40."""
    local = at.astimezone(zone)
    return f"{local:%a} {local.day} {local:%b %Y, %H:%M}"


def local_day(day: date) -> str:
    """Mon 28 Sep 2026."""
    return f"{day:%a} {day.day} {day:%b %Y}"


def distance(at: datetime, now: datetime) -> str:
    """From ``now``: "just now", "12 min ago", "3 h ago", "2 days ago", "in 20 min".

    What was is full units; what will be is the nearest, so four hours allowed a moment ago end "in 4 h".
    """
    seconds = (now - at).total_seconds()
    size = abs(seconds)
    if seconds < 0:
        unit = next((each for each in (_DAY, _HOUR, _MINUTE) if size >= each - each / 120), 1)
        size = (size + unit / 2) // unit * unit
    if size < _MINUTE:
        return "just now" if seconds >= 0 else "in a moment"
    if size < _HOUR:
        words = f"{int(size // _MINUTE)} min"
    elif size < _DAY:
        words = f"{int(size // _HOUR)} h"
    else:
        days = int(size // _DAY)
        words = "1 day" if days == 1 else f"{days} days"
    return f"{words} ago" if seconds >= 0 else f"in {words}"


def time_element(at: datetime, now: datetime, zone: ZoneInfo) -> Markup:
    """<time> with the distance as its words and the full local time as its title."""
    return _element(at, zone, distance(at, now))


def full_time_element(at: datetime, now: datetime, zone: ZoneInfo) -> Markup:
    """<time> with the full local time as its words, and the distance behind it."""
    return _element(at, zone, f"{full_time(at, zone)} ({distance(at, now)})")


def _element(at: datetime, zone: ZoneInfo, words: str) -> Markup:
    machine = at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    title = f"{full_time(at, zone)} ({zone.key})"
    return Markup('<time datetime="{}" title="{}">{}</time>').format(machine, title, words)
