"""mailguard as a process that need not import everything anew: forked from one that has.

Such a process has its own pid, environment, log and exit status, and is killed like any other. What it does not prove, that
a bare interpreter finds all it needs, is proved by the tests that ask for a bare one and by `make prove`, where all are bare.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Protocol

from tests.tables import IS_PROVING

_CONTEXT = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload(["tests.warm", "tests.warmed"])


class Process(Protocol):
    """What tests ask of a running mailguard; `subprocess.Popen` has it."""

    @property
    def pid(self) -> int: ...
    @property
    def returncode(self) -> int | None: ...
    def poll(self) -> int | None: ...
    def wait(self, timeout: float | None = None) -> int: ...
    def send_signal(self, sig: int) -> None: ...


class ForkedProcess:
    """A fork of the warm process, with Popen's words for it."""

    def __init__(self, process: ForkServerProcess) -> None:
        process.start()
        self._process = process
        assert process.pid is not None
        self.pid = process.pid

    @property
    def returncode(self) -> int | None:
        return self._process.exitcode

    def poll(self) -> int | None:
        return self._process.exitcode

    def wait(self, timeout: float | None = None) -> int:
        self._process.join(timeout)
        if (status := self._process.exitcode) is None:
            raise subprocess.TimeoutExpired("mailguard", timeout or 0.0)
        return status

    def send_signal(self, sig: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, sig)


def start(
    words: Sequence[str],
    *,
    out: Path,
    err: Path,
    environment: Mapping[str, str] | None = None,
    is_bare: bool = False,
) -> Process:
    """``mailguard WORDS``, running; ``out`` and ``err`` may be one file. ``environment`` comes on top of the test's own."""
    whole = {**os.environ, **(environment or {})}
    if is_bare or IS_PROVING:
        with out.open("ab") as out_file, err.open("ab") as err_file:
            return subprocess.Popen(
                [sys.executable, "-m", "mailguard", *words],
                stdin=subprocess.DEVNULL,
                stdout=out_file,
                stderr=err_file,
                env=whole,
            )
    return ForkedProcess(
        _CONTEXT.Process(target=_be_mailguard, args=(tuple(words), whole, str(out), str(err)))
    )


def command(
    words: Sequence[str], *, timeout_seconds: float = 60.0, is_bare: bool = False
) -> subprocess.CompletedProcess[str]:
    """``mailguard WORDS``, to its end."""
    with tempfile.TemporaryDirectory() as folder:
        out, err = Path(folder, "out"), Path(folder, "err")
        process = start(words, out=out, err=err, is_bare=is_bare)
        try:
            status = process.wait(timeout_seconds)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            process.wait(10)
            raise
        return subprocess.CompletedProcess(
            ["mailguard", *words], status, out.read_text("utf-8"), err.read_text("utf-8")
        )


def _be_mailguard(words: tuple[str, ...], environment: dict[str, str], out: str, err: str) -> None:
    """In the fork: the same as ``python -m mailguard WORDS`` from here on."""
    import importlib

    from mailguard.app import failpoints
    from mailguard.cli import main

    for path, descriptor in ((out, 1), (err, 2)):
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        os.dup2(file, descriptor)
        os.close(file)
    os.environ.clear()
    os.environ.update(environment)
    # It reads the environment when it is imported.
    importlib.reload(failpoints)
    sys.argv = ["mailguard", *words]
    main()
