"""APScheduler as the clock.

It calls jobs, and keeps nothing. What a job adds is an idempotent row in the store.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler

from mailguard.adapters.clock import SystemClock
from mailguard.app.schedule import Job


class Clockwork:
    """Runs jobs in one thread of its own, each never twice at a time.

    Intervals are in UTC: no hour comes twice.
    """

    def __init__(self, jobs: Sequence[Job], *, on_alarm: Callable[[str, str], None]) -> None:
        """``on_alarm`` gets an event and the job's name when a job raises.

        The job comes again at its next time.
        """
        self._on_alarm = on_alarm
        self._scheduler = BackgroundScheduler(
            timezone=UTC,
            executors={"default": ThreadPoolExecutor(1)},
            # The default forgets a job that is one second late.
            job_defaults={"misfire_grace_time": None, "coalesce": True, "max_instances": 1},
        )
        for job in jobs:
            self._scheduler.add_job(
                self._guarded(job),
                "interval",
                seconds=job.seconds,
                id=job.name,
                next_run_time=SystemClock().now(),
            )

    def start(self) -> None:
        self._scheduler.start()

    def stop(self) -> None:
        """Waits for the job at hand."""
        if self._scheduler.running:
            self._scheduler.shutdown(wait=True)

    def _guarded(self, job: Job) -> Callable[[], None]:
        def call() -> None:
            try:
                job.call()
            except Exception as problem:
                self._on_alarm("scheduled_job_failed", f"{job.name} {type(problem).__name__}")

        return call
