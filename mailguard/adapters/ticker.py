"""The clock that calls: APScheduler with a memory store, and nothing kept in it.

What it fires must be idempotent: a local time that comes twice at the end of summer time fires twice.
FAILURE: a job that raises is logged and comes again at its next time; a job missed while the machine slept runs once.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import time

import structlog
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.cron import CronTrigger
from apscheduler.triggers.interval import IntervalTrigger

log = structlog.get_logger(__name__)

_LATE_SECONDS = 6 * 3600


class Ticker:
    """``timezone``: of daily times."""

    def __init__(self, *, timezone: str) -> None:
        self._timezone = timezone
        self._scheduler = BackgroundScheduler(
            timezone=timezone,
            job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": _LATE_SECONDS},
        )

    def every(self, seconds: float, call: Callable[[], object], *, name: str) -> None:
        self._scheduler.add_job(_guarded(call, name), IntervalTrigger(seconds=seconds), name=name)

    def daily(self, at: time, call: Callable[[], object], *, name: str) -> None:
        trigger = CronTrigger(hour=at.hour, minute=at.minute, timezone=self._timezone)
        self._scheduler.add_job(_guarded(call, name), trigger, name=name)

    def start(self) -> None:
        self._scheduler.start()

    def stop(self) -> None:
        self._scheduler.shutdown(wait=True)


def _guarded(call: Callable[[], object], name: str) -> Callable[[], None]:
    def run() -> None:
        try:
            call()
        except Exception as problem:
            log.error("scheduled_job_failed", job=name, error=type(problem).__name__)

    return run
