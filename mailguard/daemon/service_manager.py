"""Between the process and what started it: ready, alive, and told to end."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable

import structlog

from mailguard.adapters.sd_notify import notify, watchdog_seconds
from mailguard.app.ports_store import Store
from mailguard.app.schedule import Job

log = structlog.get_logger(__name__)

END_SIGNALS = (signal.SIGTERM, signal.SIGINT)


def tell_ready() -> None:
    log.info("ready")
    notify("READY=1")


def on_end_signals(act: Callable[[], None]) -> None:
    for number in END_SIGNALS:
        signal.signal(number, lambda _number, _frame: act())


def wait_for_end(stopping: threading.Event) -> None:
    """Ready from here on; returns when told to end."""
    on_end_signals(stopping.set)
    tell_ready()
    stopping.wait()


def watchdog_jobs(store: Store) -> list[Job]:
    """The sign of life where systemd waits for one, else none."""

    def sign_of_life() -> None:
        """Only a process whose store answers is alive."""
        with store.reading() as transaction:
            transaction.audit.head()
        notify("WATCHDOG=1")

    pause = watchdog_seconds()
    return [Job(name="watchdog", seconds=pause, call=sign_of_life)] if pause > 0 else []
