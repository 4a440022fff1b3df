"""The running system's life from start to end.

Order of start: settings and policy proved, store opened, then effects (reports of the last life go out first), mailboxes,
and the relay last, whose open port says that everything behind it is ready. Order of end: the relay stops taking mail,
mailboxes finish the message at hand, effects finish theirs, counters are written.
FAILURE: every part may be killed at any point; what it had promised is in the store, the rest comes again.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from mailguard.adapters.imap_supervisor import MailboxSupervisor
from mailguard.adapters.logs import configure_logs
from mailguard.adapters.scheduler import Clockwork
from mailguard.adapters.sd_notify import notify
from mailguard.config import LoadedConfig
from mailguard.daemon.jobs import daemon_jobs, judging_jobs
from mailguard.daemon.mailboxes import start_mailboxes
from mailguard.daemon.parts import make_running
from mailguard.daemon.relay import serve_as_worker, serve_relay
from mailguard.daemon.service_manager import wait_for_end
from mailguard.daemon.telling import keep_lists, record, tell_alarm, tell_start
from mailguard.domain.audit import AuditTag
from mailguard.model_wiring import registry_of

if TYPE_CHECKING:
    from mailguard.web.serving import ReviewServer

PART_NAMES = ("relay", "mailboxes", "effects", "web")


def run(
    loaded: LoadedConfig, state_folder: Path, part_names: frozenset[str], *, worker_command: list[str]
) -> None:
    """Run the named parts until SIGTERM or SIGINT. ``worker_command`` starts one relay process of several."""
    configure_logs()
    running = make_running(loaded, state_folder)
    stopping = threading.Event()
    threads: list[threading.Thread] = []
    supervisor: MailboxSupervisor | None = None
    clockwork = Clockwork(
        daemon_jobs(running, part_names, lambda: supervisor.statuses() if supervisor is not None else ()),
        on_alarm=tell_alarm,
    )
    review: ReviewServer | None = None
    store = running.opened.store
    running.opened.part_locks.hold(part_names)
    tell_start(
        store,
        running.settings,
        part_names=part_names,
        policy=running.parts.policy.version,
        lists=running.lists.lists.version,
        model=running.model,
    )
    keep_lists(running.editing)
    running.lists.start()
    running.model.start()
    if "effects" in part_names:
        for worker in running.workers:
            threads.append(_thread("effects", partial(worker.run, stopping)))
    if "mailboxes" in part_names:
        supervisor = start_mailboxes(running)
    if "web" in part_names:
        # Here, because relay workers and a daemon without the page do without its libraries.
        from mailguard.daemon.review import start_beside

        review = start_beside(
            running.loaded,
            running.parts,
            running.opened,
            effects=running.settings,
            directory=lambda: running.lists.lists,
            models=registry_of(loaded, state_folder, store.keys),
        )
    clockwork.start()
    try:
        if "relay" in part_names:
            serve_relay(running, stopping, worker_command)
        else:
            wait_for_end(stopping)
    finally:
        notify("STOPPING=1")
        stopping.set()
        running.wake_effects()
        if review is not None:
            review.stop()
        if supervisor is not None:
            supervisor.stop()
        clockwork.stop()
        running.lists.stop()
        running.model.stop()
        for thread in threads:
            thread.join(timeout=10.0)
        running.gate.flush_counts()
        running.watch.flush()
        record(store, AuditTag.DAEMON_STOPPED, {"parts": sorted(part_names)})
        running.opened.part_locks.release()
        store.close()


def run_relay_worker(loaded: LoadedConfig, state_folder: Path) -> None:
    """One of several relay processes: its own store connection, the parent's listening socket."""
    configure_logs()
    running = make_running(loaded, state_folder, is_worker=True)
    running.lists.start()
    running.model.start()
    clockwork = Clockwork(judging_jobs(running), on_alarm=tell_alarm)
    clockwork.start()
    try:
        serve_as_worker(running)
    finally:
        clockwork.stop()
        running.lists.stop()
        running.model.stop()
        running.gate.flush_counts()
        running.watch.flush()
        running.opened.store.close()


def _thread(name: str, target: Callable[[], None]) -> threading.Thread:
    thread = threading.Thread(target=target, name=name, daemon=True)
    thread.start()
    return thread
