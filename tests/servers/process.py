"""What every private server needs: a free port, a folder other users may enter, and a death by pid.

FAILURE: a test run that is killed with SIGKILL leaves its servers behind; each lives in its own
``/tmp/mg-*`` folder, whose pid files say what to end.
"""

import contextlib
import fcntl
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

HOST = "127.0.0.1"
_PORT_LOCKS = Path(tempfile.gettempdir()) / "mg-ports"
# Below the kernel's ephemeral range, so no outgoing connection takes the port between choosing and binding.
_PORTS = range(20000, 32000)
_held_locks: list[IO[str]] = []


class ServerMissing(RuntimeError):
    """A server's program or user is not on this machine. An error on purpose: nothing is skipped."""


class ServerFailed(RuntimeError):
    """A server did not start, stop or answer in time; the text carries its log."""


def free_port() -> int:
    """A loopback port that nobody listens on and no other test process will choose while this one lives."""
    _PORT_LOCKS.mkdir(mode=0o777, exist_ok=True)
    start = (os.getpid() * 97 + len(_held_locks)) % len(_PORTS)
    for offset in range(len(_PORTS)):
        port = _PORTS[(start + offset) % len(_PORTS)]
        lock = (_PORT_LOCKS / str(port)).open("a")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            with socket.socket() as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                probe.bind((HOST, port))
        except OSError:
            lock.close()
            continue
        _held_locks.append(lock)
        return port
    raise ServerFailed("no free port between 20000 and 31999")


def require_program(path: str) -> str:
    """`path` when it can be run; otherwise ServerMissing, which says how to get it."""
    if not os.access(path, os.X_OK):
        raise ServerMissing(
            f"{path} is not installed: `make test` installs it (or `make test-packages` as root)"
        )
    return path


def require_root(program: str) -> None:
    """Postfix, Dovecot and initdb change users, which only root can."""
    if os.geteuid() != 0:
        raise ServerMissing(f"{program} starts as root only: run `make test` as root, or in a container")


@contextlib.contextmanager
def server_folder(kind: str) -> Iterator[Path]:
    """A folder of our own, with a path short enough for unix sockets (108 bytes), removed afterwards.

    Servers drop to their own users, who must be able to walk in; pytest's tmp_path is closed to them.
    """
    folder = Path(tempfile.mkdtemp(prefix=f"mg-{kind}-", dir="/tmp"))
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def is_running(pid: int) -> bool:
    """Whether `pid` lives. A zombie does not, though it still takes signal 0."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return False
    return fields[0] not in "ZX"


def wait_until(condition: Callable[[], object], what: str, seconds: float = 10.0) -> None:
    """Return as soon as `condition()` is true; ServerFailed after `seconds`."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise ServerFailed(f"after {seconds:g} s still not: {what}")
        time.sleep(0.01)


def is_listening(port: int) -> bool:
    """Whether the kernel accepts connections there; the server itself may still be starting."""
    try:
        socket.create_connection((HOST, port), timeout=1).close()
    except OSError:
        return False
    return True


def is_greeting(port: int) -> bool:
    """Whether a server there says its first line, as SMTP, LMTP and IMAP servers do when they are ready."""
    try:
        with socket.create_connection((HOST, port), timeout=5) as connection:
            return bool(connection.recv(1))
    except OSError:
        return False


def wait_until_ready(
    process: subprocess.Popen[bytes], is_ready: Callable[[], bool], log: Callable[[], str]
) -> None:
    """Wait until `is_ready()`; ServerFailed with the log when `process` ends or takes too long."""

    def is_up_or_dead() -> bool:
        return process.poll() is not None or is_ready()

    try:
        wait_until(is_up_or_dead, "ready", seconds=20)
    except ServerFailed as failure:
        raise ServerFailed(f"{failure}\n{log()}") from None
    if process.poll() is not None:
        raise ServerFailed(f"{process.args!r} ended with status {process.returncode}\n{log()}")


def stop_process(
    process: subprocess.Popen[bytes], pid: int | None = None, how: signal.Signals = signal.SIGTERM
) -> None:
    """Ask `pid` (default: the process itself) to end and wait for the process; SIGKILL after 10 s."""
    target = process.pid if pid is None else pid
    if process.poll() is None and is_running(target):
        os.kill(target, how)
    try:
        process.wait(timeout=10)
    except subprocess.TimeoutExpired:
        for stubborn in {target, process.pid}:
            if is_running(stubborn):
                os.kill(stubborn, signal.SIGKILL)
        process.wait(timeout=5)
