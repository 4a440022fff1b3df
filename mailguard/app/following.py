"""What is in force follows files on a disk: a thread watches their folders, another looks at intervals.

Watched are folders, because a watched file is lost at its first atomic replacement; the look at intervals compares
stamps, because a network share may send no events and inotify watches may run out.
FAILURE: what fails in a thread is told and tried again at the next look; a thread that died would be silence.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

from watchfiles import watch

POLL_SECONDS = 30.0
SETTLE_SECONDS = 0.3
_SETTLE_TRIES = 20
_DEBOUNCE_MILLISECONDS = 300
_WAKE_MILLISECONDS = 1000

News = TypeVar("News")


@dataclass(frozen=True, slots=True, kw_only=True)
class Followed:
    """What is followed. ``name`` names the threads.

    ``folders``: where to watch, asked anew at each try; ``is_ours``: whether a path there is one of the files;
    ``stamp``: another value when what is on the disk is another; ``load``: take what is there, adding to the news.
    """

    name: str
    folders: Callable[[], Iterable[Path]]
    is_recursive: bool
    is_ours: Callable[[Path], bool]
    stamp: Callable[[], object]
    load: Callable[[], None]


class Follower(Generic[News]):
    """Loads when the stamp has changed, and tells ``listener`` the news, one at a time and again until it took them.

    ``on_fault`` gets in words what a thread met: an error of the watch, of loading, or of the listener.
    """

    def __init__(
        self,
        followed: Followed,
        listener: Callable[[News], None],
        *,
        on_fault: Callable[[str], None],
        poll_seconds: float = POLL_SECONDS,
        settle_seconds: float = SETTLE_SECONDS,
    ) -> None:
        self._followed = followed
        self._listener = listener
        self._on_fault = on_fault
        self._poll_seconds = poll_seconds
        self._settle_seconds = settle_seconds
        self._stopping = threading.Event()
        self._looking = threading.Lock()
        self._threads: list[threading.Thread] = []
        self._stamp = followed.stamp()
        self.news: deque[News] = deque()

    def look(self) -> None:
        """Load when something has changed, waiting while it is still being written; then tell the news.

        Raises what loading and the listener raise.
        """
        with self._looking:
            stamp = self._followed.stamp()
            if stamp != self._stamp:
                self._stamp = self._settled(stamp)
                self._followed.load()
            while self.news:
                self._listener(self.news[0])
                self.news.popleft()

    def start(self) -> None:
        """Watch and poll in two threads until :meth:`stop`."""
        for name, run in (("watch", self._watch), ("poll", self._poll)):
            thread = threading.Thread(target=run, name=f"{self._followed.name}-{name}", daemon=True)
            thread.start()
            self._threads.append(thread)

    def stop(self) -> None:
        """End both threads; returns when they have ended, within about a second."""
        self._stopping.set()
        for thread in self._threads:
            thread.join(timeout=5)
        self._threads.clear()

    def _settled(self, stamp: object) -> object:
        """The stamp once it has stayed the same for a moment: files may be copied in slowly."""
        for _ in range(_SETTLE_TRIES):
            if self._stopping.wait(self._settle_seconds):
                break
            again = self._followed.stamp()
            if again == stamp:
                break
            stamp = again
        return stamp

    def _poll(self) -> None:
        while not self._stopping.wait(self._poll_seconds):
            self._look_in_thread()

    def _watch(self) -> None:
        while not self._stopping.is_set():
            folders = [folder for folder in self._followed.folders() if folder.is_dir()]
            if not folders:
                # The poll sees what comes when the folder does.
                self._stopping.wait(1.0)
                continue
            try:
                changes = watch(
                    *folders,
                    watch_filter=lambda _, path: self._followed.is_ours(Path(path)),
                    debounce=_DEBOUNCE_MILLISECONDS,
                    rust_timeout=_WAKE_MILLISECONDS,
                    stop_event=self._stopping,
                    recursive=self._followed.is_recursive,
                    raise_interrupt=False,
                )
                for _ in changes:
                    self._look_in_thread()
            except (OSError, RuntimeError) as error:
                # No inotify watches left, or the folder is gone: the poll goes on.
                self._on_fault(f"cannot be watched ({error})")
                self._stopping.wait(self._poll_seconds)

    def _look_in_thread(self) -> None:
        try:
            self.look()
        except Exception as error:
            self._on_fault(f"could not be reloaded ({type(error).__name__}: {error})")
