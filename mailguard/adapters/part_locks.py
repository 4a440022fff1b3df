"""Which parts of the daemon run: each process holds locks on files of the state folder for as long as it lives.

The kernel gives a lock back when its process ends, however it ends: this is exact at once, where the sign of life in the
store is known to be missing after minutes only. FAILURE: no mail hangs on it, only what doctor and the Health page say.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterable
from pathlib import Path

import structlog

log = structlog.get_logger(__name__)


# Nothing that another user may have laid there is followed, or waited for.
_FLAGS = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
_TRIES, _PAUSE_SECONDS = 5, 0.05


def _lock_shared(file: int) -> None:
    """Shared: two processes may run the same part. A look by doctor holds it for a moment only. Raises OSError."""
    for _ in range(_TRIES):
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(_PAUSE_SECONDS)
        else:
            return
    fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)


class PartLocks:
    """``is_shared``: processes on other machines may use the same store; then nothing is known of who runs."""

    def __init__(self, state_folder: Path, *, is_shared: bool) -> None:
        self._folder = state_folder / "running"
        self._is_shared = is_shared
        self._held: list[int] = []

    def hold(self, parts: Iterable[str]) -> None:
        """Until ``release`` or the end of the process. What cannot be locked is logged, and is no reason not to run."""
        for part in sorted(parts):
            try:
                self._folder.mkdir(mode=0o700, exist_ok=True)
                file = os.open(self._folder / part, os.O_CREAT | _FLAGS, 0o600)
                self._held.append(file)
                if os.geteuid() == 0:
                    # A start by hand as root must not keep the service's own user out for ever.
                    owner = self._folder.parent.stat()
                    os.chown(self._folder, owner.st_uid, owner.st_gid, follow_symlinks=False)
                    os.fchown(file, owner.st_uid, owner.st_gid)
                _lock_shared(file)
            except OSError as error:
                log.warning("part_not_locked", part=part, errno=error.errno)

    def release(self) -> None:
        while self._held:
            os.close(self._held.pop())

    def is_held(self, part: str) -> bool | None:
        """Whether a process runs the part now; None when that cannot be known here."""
        if self._is_shared:
            return None
        try:
            file = os.open(self._folder / part, _FLAGS)
        except OSError:
            return None
        try:
            if os.fstat(file).st_uid != self._folder.parent.stat().st_uid:
                # Made by somebody else: the daemon's own user may not have been able to lock it.
                return None
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        except OSError:
            return None
        finally:
            os.close(file)
        return False
