"""Several relay processes over one listening socket, and the parent that keeps them alive.

The socket is systemd's (``LISTEN_FDS``) or the parent's own; each worker is a fresh process that inherits
it, so connections waiting to be accepted outlive any worker. (With SO_REUSEPORT each worker would have a
queue of its own, and take it along when it dies.) Fresh processes rather than forks: the parent has threads.

FAILURE: a dead worker loses only the transactions it had in hand; their clients keep the mail. When the
parent dies, its workers see the end of their life line, finish what they have in hand and go.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import structlog

from mailguard.adapters.smtp_in import RelayServer

log = structlog.get_logger(__name__)

SOCKET_VARIABLE = "MAILGUARD_RELAY_FD"
LIFE_LINE_VARIABLE = "MAILGUARD_LIFE_LINE_FD"

_SYSTEMD_FIRST_FD = 3
_POLL_SECONDS = 0.1
# Beyond the time that workers give their clients.
_GRACE_SECONDS = 5.0
_FIRST_PAUSE_SECONDS = 0.5
_LONGEST_PAUSE_SECONDS = 30.0
# A worker that lived this long did not die of its start.
_HEALTHY_SECONDS = 30.0


def inherited_socket(environment: Mapping[str, str], *, pid: int) -> socket.socket | None:
    """The listening socket that systemd or the parent has handed over, None when there is none.

    Raises ValueError when the variables are malformed, OSError when the descriptor is no socket.
    Source: sd_listen_fds(3).
    """
    if own := environment.get(SOCKET_VARIABLE):
        return socket.socket(fileno=int(own))
    if environment.get("LISTEN_PID") == str(pid) and int(environment.get("LISTEN_FDS", "0")) >= 1:
        return socket.socket(fileno=_SYSTEMD_FIRST_FD)
    return None


async def run_worker(server: RelayServer, environment: Mapping[str, str]) -> None:
    """A worker's life: serve the inherited socket until SIGTERM, SIGINT or the parent's death, then drain."""
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    if life_line := environment.get(LIFE_LINE_VARIABLE):
        # Nobody ever writes: readable means that the other end is closed.
        loop.add_reader(int(life_line), stopping.set)
    await server.start(inherited_socket(environment, pid=os.getpid()))
    await stopping.wait()
    await server.stop()


@dataclass(slots=True)
class _Slot:
    """One worker's place: who is in it, and when the next may start (monotonic seconds)."""

    process: subprocess.Popen[bytes] | None = None
    started_at: float = 0.0
    not_before: float = 0.0
    pause_seconds: float = field(default=_FIRST_PAUSE_SECONDS)


class RelayWorkers:
    """The parent. ``command`` starts one worker, which must call :func:`run_worker`."""

    def __init__(
        self,
        command: Sequence[str],
        *,
        count: int,
        listening: socket.socket,
        drain_seconds: float,
    ) -> None:
        self._command = list(command)
        self._listening = listening
        self._drain_seconds = drain_seconds
        self._slots = [_Slot() for _ in range(count)]

    @property
    def pids(self) -> tuple[int, ...]:
        """Of the workers that are running now."""
        # Each read once: the thread that tends the slots may empty one at any moment.
        processes = [slot.process for slot in self._slots]
        return tuple(process.pid for process in processes if process is not None and process.poll() is None)

    def run(self, stopping: threading.Event) -> None:
        """Keep all workers running until ``stopping`` is set, then drain them. Blocks: give it a thread."""
        watched, life_line = os.pipe()
        try:
            while not stopping.wait(_POLL_SECONDS):
                for slot in self._slots:
                    self._tend(slot, watched)
        finally:
            os.close(life_line)
            self._end_all()
            os.close(watched)

    def _tend(self, slot: _Slot, watched: int) -> None:
        """Start a worker where there is none, note one that died."""
        now = time.monotonic()
        if slot.process is not None:
            status = slot.process.poll()
            if status is None:
                return
            is_early = now - slot.started_at < _HEALTHY_SECONDS
            slot.pause_seconds = (
                min(slot.pause_seconds * 2, _LONGEST_PAUSE_SECONDS) if is_early else _FIRST_PAUSE_SECONDS
            )
            slot.not_before = now + slot.pause_seconds
            slot.process = None
            log.error("relay_worker_died", status=status, restarts_in_seconds=slot.pause_seconds)
        if now < slot.not_before:
            return
        descriptor = self._listening.fileno()
        slot.process = subprocess.Popen(
            self._command,
            pass_fds=(descriptor, watched),
            env={
                **os.environ,
                SOCKET_VARIABLE: str(descriptor),
                LIFE_LINE_VARIABLE: str(watched),
            },
            stdin=subprocess.DEVNULL,
        )
        slot.started_at = now
        log.info("relay_worker_started", pid=slot.process.pid)

    def _end_all(self) -> None:
        running = [slot.process for slot in self._slots if slot.process is not None]
        for process in running:
            with contextlib.suppress(ProcessLookupError):
                process.send_signal(signal.SIGTERM)
        deadline = time.monotonic() + self._drain_seconds + _GRACE_SECONDS
        for process in running:
            try:
                process.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                log.error("relay_worker_killed", pid=process.pid)
                process.kill()
                process.wait()
