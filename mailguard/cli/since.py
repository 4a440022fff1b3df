"""How far back: "30d", "12h", "2026-09-01" or "2026-09-01T08:00"."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import click

_SPAN = re.compile(r"(\d{1,4})([dh])")


class SinceType(click.ParamType[str]):
    """Refuses what :func:`since_time` cannot read; the value stays text, because a day needs the school's time zone."""

    name = "TIME"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        if not _SPAN.fullmatch(value):
            try:
                datetime.fromisoformat(value)
            except ValueError:
                self.fail(f"{value!r} is no time: write 30d, 12h, 2026-09-01 or 2026-09-01T08:00", param, ctx)
        return value


def since_time(value: str, *, now: datetime, zone: ZoneInfo) -> datetime:
    """`value` as an aware time; a day begins at midnight in `zone`. ``now`` aware UTC. Raises ValueError."""
    span = _SPAN.fullmatch(value)
    if span:
        number = int(span.group(1))
        return now - (timedelta(days=number) if span.group(2) == "d" else timedelta(hours=number))
    at = datetime.fromisoformat(value)
    return at if at.tzinfo is not None else at.replace(tzinfo=zone)
