"""The clock that fires jobs."""

import threading

from mailguard.adapters.scheduler import Clockwork
from mailguard.app.schedule import Job


def test_a_job_is_called_at_once_and_again() -> None:
    called = threading.Semaphore(0)
    clockwork = Clockwork([Job(name="j", seconds=0.1, call=called.release)], on_alarm=lambda *_: None)
    clockwork.start()
    assert called.acquire(timeout=5)
    assert called.acquire(timeout=5)
    clockwork.stop()


def test_a_job_that_raises_alarms_and_comes_again() -> None:
    alarms: list[tuple[str, str]] = []
    has_alarmed = threading.Semaphore(0)

    def fails() -> None:
        raise OSError("no")

    def alarm(event: str, subject: str) -> None:
        alarms.append((event, subject))
        has_alarmed.release()

    clockwork = Clockwork([Job(name="digest", seconds=0.1, call=fails)], on_alarm=alarm)
    clockwork.start()
    assert has_alarmed.acquire(timeout=5)
    assert has_alarmed.acquire(timeout=5)
    clockwork.stop()
    assert alarms[0] == ("scheduled_job_failed", "digest OSError")


def test_stopping_twice_or_before_the_start_is_harmless() -> None:
    clockwork = Clockwork([], on_alarm=lambda *_: None)
    clockwork.stop()
    clockwork.start()
    clockwork.stop()
    clockwork.stop()
